//! What a run took over and has not put back is left behind again, by whoever had left it behind.
//!
//! A run that ends without a look that proves its server back has changed nothing about how that was found: what nobody cared for
//! before needs somebody as before. Deliberately absent: what is told of it, which is `incident`'s.

use super::world::World;
use super::{messages, suspects};
use crate::admission::{Lock, LockStanding};
use crate::ports::StoreFault;
use crate::ports::store::Write;
use crate::workflow::run::{Run, RunEvent, RunOutcome, RunStage};

/// Instead of freeing such a server, gives its lock back, and tells of it again.
pub(super) async fn given_back(world: &World, run: &Run, mut writes: Vec<Write>) -> Result<Vec<Write>, StoreFault> {
    // Whoever is on the way back ends in proof that the server serves; whoever is done has proved what it was to do.
    let is_proved = matches!(run.stage, RunStage::Returning { .. }) || is_done(run, &writes);
    let Some(place) = writes.iter().position(|write| matches!(write, Write::Unlock { .. })).filter(|_| !is_proved)
    else {
        return Ok(writes);
    };
    let Some(server) = run.subject.server() else { return Ok(writes) };
    let ledger = world.store.ledger().await?;
    let held = ledger.lock(&server.id).filter(|lock| lock.run == run.id);
    let Some((held, former)) = held.and_then(|lock| Some((lock, lock.taken_from.clone()?))) else { return Ok(writes) };
    // What cannot be read of the earlier run must not keep this one from its end.
    let request = suspects::readable(world.store.request(&former.request).await)?.ok().flatten();
    let command = request.map_or_else(|| held.command.clone(), |request| request.spec.name.clone());
    let left = suspects::readable(world.store.run(&former).await)?.ok().flatten();
    let since = left.and_then(|run| run.moved_at).unwrap_or(held.since);
    let (server, standing) = (held.server.clone(), LockStanding::LeftBehind);
    let told = world.places.incidents.as_ref().map(|channel| messages::incident(&former.request, channel));
    let lock = Lock { server, run: former, command, since, standing, taken_from: None };
    if let Some(write) = writes.get_mut(place) {
        *write = Write::LockGivenBack { lock, by: run.id.clone() };
    }
    writes.extend(told);
    Ok(writes)
}

fn is_done(run: &Run, writes: &[Write]) -> bool {
    let done = |event: &RunEvent| matches!(event, RunEvent::Ended { outcome: RunOutcome::Done, .. });
    writes
        .iter()
        .any(|write| matches!(write, Write::RunEvents { id, events, .. } if *id == run.id && events.iter().any(done)))
}
