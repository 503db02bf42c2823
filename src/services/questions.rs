//! Lines that ask what policies say: `can-i` and `who-can`.

use super::access;
use super::doubling::OpenRuns;
use super::explaining;
use super::lines::{Line, Reply, Speaker};
use super::planning::Asking;
use super::safety::Around;
use super::undone::left_undone;
use super::verdict::{Verdict, WhoMay};
use super::world::World;
use crate::authorization::WhoCan;
use crate::conversation;
use crate::domain::command::CommandName;
use crate::domain::identity::{PersonId, UserId};
use crate::domain::intent::{Selector, Spanned, WorkIntent};
use crate::domain::place::Origin;
use crate::ports::StoreFault;

/// Whether whoever asks may send that line here.
pub(super) async fn can_i(
    world: &World,
    line: Line<'_>,
    speaker: &Speaker,
    work: &WorkIntent,
) -> Result<Reply, StoreFault> {
    let ledger = world.store.ledger().await?;
    let undone = left_undone(world.store.as_ref(), work.selector.as_ref()).await?;
    let looked_up = world.looked_up();
    let asking = Asking { outside: looked_up.outside(), ..speaker.asking(world.now(), &ledger, &undone, line.text) };
    Ok(match asking.verdict(work) {
        Err(answer) => answer.into(),
        Ok(Verdict::General { is_allowed, who }) => {
            let people = names(world, &who, line.origin).await;
            let told = conversation::may_in_general(&who.spec, is_allowed, &who.view(&people, None));
            Reply::said(told, "answered: whether in general")
        }
        Ok(Verdict::Exact(exact)) => {
            let (open, id) = (world.store.open_requests().await?, world.ids.request());
            let paces = explaining::run_paces(world.store.as_ref(), &ledger, &work.command).await?;
            let safety = exact.safety(asking, Around { id: &id, open: &open, runs: &OpenRuns::new(), paces: &paces });
            let message = exact.told(&safety);
            match &exact.allowed {
                Err(refusal) if access::can_be_asked_for(refusal, &speaker.channel) => {
                    let (note, also) = ("answered: not allowed".to_owned(), Vec::new());
                    Reply::Refused { message, line: exact.line, note, also }
                }
                Err(_) => Reply::said(message, "answered: not allowed"),
                Ok(_) => Reply::said(message, "answered: allowed"),
            }
        }
    })
}

/// Who may use a command here.
pub(super) async fn who_can(
    world: &World,
    line: Line<'_>,
    speaker: &Speaker,
    (command, selector): (&CommandName, Option<&Spanned<Selector>>),
) -> Result<Reply, StoreFault> {
    let ledger = world.store.ledger().await?;
    let undone = left_undone(world.store.as_ref(), selector).await?;
    Ok(match speaker.asking(world.now(), &ledger, &undone, line.text).who_can(command, selector) {
        Err(answer) => answer.into(),
        Ok(who) => {
            let people = names(world, &who, line.origin).await;
            Reply::said(conversation::who_can(who.view(&people, Some(who.asker))), "answered: who can")
        }
    })
}

/// How the people whom policies name are called; somebody whom the directory does not tell goes by their id.
async fn names(world: &World, who: &WhoMay, origin: &Origin) -> Vec<String> {
    let Ok(WhoCan::Some { people, .. }) = &who.who else { return Vec::new() };
    let mut names = Vec::new();
    for user in people {
        names.push(name(world, user, origin).await);
    }
    names
}

async fn name(world: &World, user: &UserId, origin: &Origin) -> String {
    let person = PersonId { team: origin.person.team.clone(), user: user.clone() };
    world.directory.person(&person).await.map_or_else(|_| user.to_string(), |profile| profile.name)
}
