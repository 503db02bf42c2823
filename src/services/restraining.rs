//! Lines that stop things in one place: freezes, holds, the blacklist; and lines that end them.
//!
//! Who may is said by the channel's policies, as of commands: `freeze`, `hold` and `blacklist`, each for its end too.
//! Deliberately absent: what a brake keeps from starting, which is admission's.

use super::brakes::{By, ended};
use super::intake::Outcome;
use super::lines::{Line, Speaker};
use super::undone::left_undone;
use super::world::World;
use super::{messages, presses};
use crate::admission::{self, BlacklistLevel, Brake, BrakeKind, Coverage, Ledger};
use crate::authorization::Question;
use crate::conversation::message::Message;
use crate::conversation::{self, Affected};
use crate::domain::braking::{Braked, Kept};
use crate::domain::command::{CommandName, CommandSpec, Impact, Priority, Targets, WaveRule, WaveSize};
use crate::domain::identity::GroupName;
use crate::domain::ids::{BrakeId, Fingerprint, RequestId};
use crate::domain::intent::{Moment, Selector, Spanned};
use crate::domain::limits::HELD_MAX_SERVERS;
use crate::domain::server::Server;
use crate::fleet::{self, Snapshot};
use crate::ports::StoreFault;
use crate::ports::store::Write;
use crate::workflow::request::{Request, RequestStage};
use crate::workflow::run::RunStage;
use std::time::Duration;

/// Who says something, where, and all that is known there.
#[derive(Clone, Copy)]
pub(super) struct Saying<'a> {
    pub(super) world: &'a World,
    pub(super) line: Line<'a>,
    pub(super) speaker: &'a Speaker,
}

/// Something put on for a time: where, until when, why.
pub(super) struct ForATime<'a> {
    pub(super) on: &'a Braked,
    pub(super) until: &'a Moment,
    pub(super) because: &'a str,
}

/// What policies look at: the verb as a command that changes something and takes no capacity.
fn right(name: &str) -> CommandSpec {
    CommandSpec {
        name: CommandName::new(name),
        summary: String::new(),
        impact: Impact::Config,
        owner: GroupName::new(""),
        targets: Targets::Servers { types: Vec::new(), from: Vec::new(), max: u32::MAX },
        parameters: Vec::new(),
        waves: WaveRule { canary: 0, then: WaveSize::All, soak: Duration::ZERO, stop_when_failures_exceed: 0 },
        site_concurrency: None,
        priority: Priority::Safety,
        approvals: None,
        steps: Vec::new(),
        examples: Vec::new(),
        hash: Fingerprint::of(name.as_bytes()),
    }
}

type Checked<T> = Result<T, Box<(Message, &'static str)>>;

impl<'a> Saying<'a> {
    fn by(self) -> By<'a> {
        By { actor: &self.line.origin.person, name: &self.speaker.person.name }
    }

    fn told(self, message: Message, note: &str) -> Outcome {
        self.line.answered(message, note)
    }

    /// The servers that a selector means now.
    async fn servers(self, selector: &Spanned<Selector>, ledger: &Ledger) -> Result<Checked<Vec<Server>>, StoreFault> {
        let undone = left_undone(self.world.store.as_ref(), Some(selector)).await?;
        let inventory = &self.speaker.rulebook.inventory;
        let snapshot = Snapshot { inventory, states: &|server| ledger.state(server), undone: &undone };
        Ok(fleet::resolve(selector, snapshot, self.line.text)
            .map_err(|told| Box::new((conversation::misunderstood(&told), super::lines::MISUNDERSTOOD))))
    }

    /// Whether this person may do that here on these servers.
    fn may(self, name: &str, servers: &[Server]) -> Checked<()> {
        let (spec, Speaker { person, channel, rulebook }) = (right(name), self.speaker);
        let question = Question { person, channel, command: &spec, servers, sites: &[] };
        rulebook.policies.decide(&question).map(drop).map_err(|refusal| {
            let told = conversation::refused(&refusal, &spec, self.speaker.channel_name(), servers.len());
            Box::new((told, "refused: not allowed"))
        })
    }

    /// Where it counts: the selector as it is printed, or the servers' names where it says what a request left.
    async fn coverage(self, right: &str, on: &Braked, ledger: &Ledger) -> Result<Checked<Coverage>, StoreFault> {
        let Braked::Selected(selector) = on else {
            return Ok(self.may(right, self.speaker.rulebook.inventory.servers()).map(|()| Coverage::everything()));
        };
        Ok(match self.servers(selector, ledger).await? {
            Err(told) => Err(told),
            Ok(servers) => self.may(right, &servers).map(|()| {
                if fleet::mentioned_requests(&selector.value).is_empty() {
                    return Coverage::of_text(&fleet::print(&selector.value));
                }
                let names = servers.iter().map(|server| server.name.clone()).collect::<Vec<_>>();
                Coverage::of_text(&fleet::folded(&names, usize::MAX))
            }),
        })
    }

    fn brake(self, kind: BrakeKind, until: Option<&Moment>, why: &str) -> Brake {
        let By { actor, name } = self.by();
        let id = BrakeId::new(self.world.ids.handle().as_str());
        let until = until.map(|moment| moment.at);
        let (by, name, why) = (actor.id().clone(), name.to_owned(), why.to_owned());
        Brake { id, kind, by, name, since: self.world.now(), why, until }
    }

    /// How many requests, and servers of them, would have started but for it.
    async fn affected(self, brake: &Brake, ledger: &Ledger) -> Result<Affected, StoreFault> {
        let known = self.speaker.rulebook.known(ledger, self.world.now());
        let mut affected = Affected::default();
        for request in self.world.store.open_requests().await? {
            let runs = self.world.store.runs(request.id()).await?;
            let waiting = runs.iter().filter(|run| run.stage == RunStage::Waiting);
            let about = |subject| (request.id(), subject, request.spec.as_ref());
            let kept = waiting.filter(|run| admission::stands_in_the_way(brake, about(&run.subject), known)).count();
            affected.requests += usize::from(kept > 0);
            affected.waiting += kept;
        }
        Ok(affected)
    }

    /// Puts it on, in place of what was put on the same before.
    async fn put_on(self, kind: BrakeKind, time: &ForATime<'_>, ledger: &Ledger) -> Result<Outcome, StoreFault> {
        let brake = self.brake(kind, Some(time.until), time.because);
        let affected = self.affected(&brake, ledger).await?;
        let mut writes = self.off(ledger.brakes.iter().filter(|before| is_same(&before.kind, &brake.kind)), "renewed");
        let told = conversation::brake_took_hold(&brake, affected);
        writes.extend([Write::BrakeOn(brake), messages::answer(&self.line.envelope.key, self.line.origin, told)]);
        Ok(Outcome { writes, note: "put on a brake".to_owned() })
    }

    fn off<'b>(self, brakes: impl Iterator<Item = &'b Brake>, why: &str) -> Vec<Write> {
        let now = self.world.now();
        let on = brakes.filter(|brake| brake.is_on(now));
        on.map(|brake| Write::BrakeOff { id: brake.id.clone(), end: ended(self.by(), now, why) }).collect()
    }

    /// Takes off what was put on so; tells what there is instead if nothing was.
    fn take_off(self, kind: &BrakeKind, ledger: &Ledger) -> Outcome {
        let now = self.world.now();
        let on = ledger.brakes.iter().filter(|brake| brake.is_on(now)).collect::<Vec<_>>();
        let mut writes = self.off(on.iter().copied().filter(|brake| is_same(&brake.kind, kind)), "");
        if writes.is_empty() {
            return self.told(conversation::no_such_brake(kind, &on), "answered: nothing was put on so");
        }
        let told = conversation::brake_is_off(kind);
        writes.push(messages::answer(&self.line.envelope.key, self.line.origin, told));
        Outcome { writes, note: "took off a brake".to_owned() }
    }
}

/// Whether the one is said as the other was, whatever its time and its level.
fn is_same(one: &BrakeKind, other: &BrakeKind) -> bool {
    match (one, other) {
        (BrakeKind::Freeze { on: one }, BrakeKind::Freeze { on: other }) => one.text() == other.text(),
        (BrakeKind::Blacklist { on, command, .. }, BrakeKind::Blacklist { on: other, command: same, .. }) => {
            on.text() == other.text() && command == same
        }
        _ => false,
    }
}

pub(super) async fn freeze(saying: Saying<'_>, time: ForATime<'_>) -> Result<Outcome, StoreFault> {
    let ledger = saying.world.store.ledger().await?;
    match saying.coverage("freeze", time.on, &ledger).await? {
        Err(told) => Ok(saying.told(told.0, told.1)),
        Ok(on) => saying.put_on(BrakeKind::Freeze { on }, &time, &ledger).await,
    }
}

pub(super) async fn thaw(saying: Saying<'_>, on: &Braked) -> Result<Outcome, StoreFault> {
    let ledger = saying.world.store.ledger().await?;
    Ok(match saying.coverage("freeze", on, &ledger).await? {
        Err(told) => saying.told(told.0, told.1),
        Ok(on) => saying.take_off(&BrakeKind::Freeze { on }, &ledger),
    })
}

pub(super) async fn blacklist(
    saying: Saying<'_>,
    time: ForATime<'_>,
    (command, level): (Option<&CommandName>, BlacklistLevel),
) -> Result<Outcome, StoreFault> {
    let ledger = saying.world.store.ledger().await?;
    match saying.coverage("blacklist", time.on, &ledger).await? {
        Err(told) => Ok(saying.told(told.0, told.1)),
        Ok(on) => {
            let kind = BrakeKind::Blacklist { on, command: command.cloned(), level };
            saying.put_on(kind, &time, &ledger).await
        }
    }
}

pub(super) async fn unblacklist(
    saying: Saying<'_>,
    on: &Braked,
    command: Option<&CommandName>,
) -> Result<Outcome, StoreFault> {
    let ledger = saying.world.store.ledger().await?;
    Ok(match saying.coverage("blacklist", on, &ledger).await? {
        Err(told) => saying.told(told.0, told.1),
        Ok(on) => {
            let level = BlacklistLevel::Block;
            saying.take_off(&BrakeKind::Blacklist { on, command: command.cloned(), level }, &ledger)
        }
    })
}

pub(super) async fn hold(saying: Saying<'_>, on: &Kept, because: &str) -> Result<Outcome, StoreFault> {
    let selector = match on {
        Kept::Request(id) => return pause(saying, id, because).await,
        Kept::Servers(selector) => selector,
    };
    let ledger = saying.world.store.ledger().await?;
    let servers = match saying.servers(selector, &ledger).await? {
        Ok(servers) => servers,
        Err(told) => return Ok(saying.told(told.0, told.1)),
    };
    if servers.len() > HELD_MAX_SERVERS {
        let max = u32::try_from(HELD_MAX_SERVERS).unwrap_or(u32::MAX);
        return Ok(saying.told(conversation::too_many(servers.len(), "server", max), "refused: too many servers"));
    }
    if let Err(told) = saying.may("hold", &servers) {
        return Ok(saying.told(told.0, told.1));
    }
    let (held, free): (Vec<_>, Vec<_>) = servers.iter().partition(|server| holding(server, &ledger).is_some());
    let names = |servers: &[&Server]| servers.iter().map(|server| server.name.clone()).collect::<Vec<_>>();
    let brakes = free.iter().map(|server| {
        let kind = BrakeKind::Hold { server: server.id.clone(), name: server.name.clone() };
        Write::BrakeOn(saying.brake(kind, None, because))
    });
    let mut writes = brakes.collect::<Vec<_>>();
    let by = held.first().and_then(|server| holding(server, &ledger));
    let told = conversation::held(&names(&free), (&names(&held), by));
    writes.push(messages::answer(&saying.line.envelope.key, saying.line.origin, told));
    Ok(Outcome { writes, note: format!("held {} servers", free.len()) })
}

fn holding<'a>(server: &Server, ledger: &'a Ledger) -> Option<&'a Brake> {
    let is_it = |brake: &&Brake| matches!(&brake.kind, BrakeKind::Hold { server: held, .. } if *held == server.id);
    ledger.brakes.iter().find(is_it)
}

pub(super) async fn release(saying: Saying<'_>, on: &Kept) -> Result<Outcome, StoreFault> {
    let selector = match on {
        Kept::Request(id) => return unpause(saying, id).await,
        Kept::Servers(selector) => selector,
    };
    let ledger = saying.world.store.ledger().await?;
    let servers = match saying.servers(selector, &ledger).await? {
        Ok(servers) => servers,
        Err(told) => return Ok(saying.told(told.0, told.1)),
    };
    if let Err(told) = saying.may("hold", &servers) {
        return Ok(saying.told(told.0, told.1));
    }
    let held = servers.iter().filter_map(|server| Some((server.name.clone(), holding(server, &ledger)?)));
    let held = held.collect::<Vec<_>>();
    let names = held.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    let mut writes = saying.off(held.iter().map(|(_, brake)| *brake), "");
    writes.push(messages::answer(&saying.line.envelope.key, saying.line.origin, conversation::released(&names)));
    Ok(Outcome { writes, note: format!("released {} servers", names.len()) })
}

/// A request is held and released by whoever may end it, as long as it lasts.
async fn not_theirs(saying: Saying<'_>, request: &Request) -> Result<Option<Outcome>, StoreFault> {
    let refused = presses::no_cancel(saying.world, &saying.speaker.person, request).await?;
    let Some((told, note)) = refused else { return Ok(None) };
    let is_over = request.is_over() || matches!(request.stage, RequestStage::Stopping { .. });
    let told = if is_over { told } else { conversation::may_not_hold(request) };
    Ok(Some(saying.told(told, &note)))
}

async fn pause(saying: Saying<'_>, id: &RequestId, because: &str) -> Result<Outcome, StoreFault> {
    let Some(request) = saying.world.store.request(id).await? else {
        return Ok(saying.told(conversation::no_such_request(id), "answered: no such request"));
    };
    if let Some(outcome) = not_theirs(saying, &request).await? {
        return Ok(outcome);
    }
    let ledger = saying.world.store.ledger().await?;
    if let Some(before) = pausing(id, &ledger) {
        return Ok(saying.told(conversation::paused_already(id, before), "answered: held already"));
    }
    let brake = saying.brake(BrakeKind::Pause { request: id.clone() }, None, because);
    let told = conversation::paused(&request);
    let answer = messages::answer(&saying.line.envelope.key, saying.line.origin, told);
    Ok(Outcome { writes: vec![Write::BrakeOn(brake), messages::card(id), answer], note: format!("held {id}") })
}

async fn unpause(saying: Saying<'_>, id: &RequestId) -> Result<Outcome, StoreFault> {
    let Some(request) = saying.world.store.request(id).await? else {
        return Ok(saying.told(conversation::no_such_request(id), "answered: no such request"));
    };
    if let Some(outcome) = not_theirs(saying, &request).await? {
        return Ok(outcome);
    }
    let ledger = saying.world.store.ledger().await?;
    let mut writes = saying.off(pausing(id, &ledger).into_iter(), "");
    let told = if writes.is_empty() { conversation::not_paused(id) } else { conversation::unpaused(id) };
    writes.push(messages::card(id));
    writes.push(messages::answer(&saying.line.envelope.key, saying.line.origin, told));
    Ok(Outcome { writes, note: format!("released {id}") })
}

fn pausing<'a>(id: &RequestId, ledger: &'a Ledger) -> Option<&'a Brake> {
    ledger.brakes.iter().find(|brake| matches!(&brake.kind, BrakeKind::Pause { request } if request == id))
}
