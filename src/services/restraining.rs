//! Lines that stop things in one place: freezes, holds, the blacklist; and lines that end them.
//!
//! Who may is said by the channel's policies, as of commands: `freeze`, `hold` and `blacklist`, each for its end too.
//! Deliberately absent: what a brake keeps from starting, which is admission's.

use super::brakes::{By, ended};
use super::lines::{MISUNDERSTOOD, Speaker};
use super::undone::left_undone;
use super::world::World;
use super::{cancelling, messages, presses};
use crate::admission::{self, BlacklistLevel, Brake, BrakeKind, Coverage, Known, Ledger};
use crate::authorization::{Authorized, Question};
use crate::conversation::message::Message;
use crate::conversation::{self, Affected, AffectedRequest, PutOn, Tense};
use crate::domain::braking::{Braked, Braking, Kept};
use crate::domain::command::{CommandName, CommandSpec, Impact, Priority, Targets, WaveRule, WaveSize};
use crate::domain::identity::GroupName;
use crate::domain::ids::{BrakeId, Fingerprint, RequestId};
use crate::domain::intent::{Moment, Selector, Spanned};
use crate::domain::limits::HELD_MAX_SERVERS;
use crate::domain::place::ChannelId;
use crate::domain::server::{Server, ServerId};
use crate::domain::time::Timestamp;
use crate::fleet::{self, Snapshot};
use crate::ports::store::Write;
use crate::ports::{Ids, Rulebook, Store, StoreFault};
use crate::workflow::request::Request;
use crate::workflow::run::{Run, RunStage};
use std::time::Duration;

/// Who puts brakes on or takes them off, in the chat or in a shell, and what is known then.
#[derive(Clone, Copy)]
pub struct Braker<'a> {
    /// What is durable.
    pub store: &'a dyn Store,
    /// What is in force.
    pub rulebook: &'a Rulebook,
    /// Where new ids come from.
    pub ids: &'a dyn Ids,
    /// The time.
    pub now: Timestamp,
    /// Who, for the record.
    pub by: By<'a>,
    /// The normalised line.
    pub line: &'a str,
    /// Where trouble is told.
    pub incidents: Option<&'a ChannelId>,
    /// Whether it is done, or only told.
    pub tense: Tense,
    /// Who says whether they may.
    pub right: Right<'a>,
}

/// Who says whether somebody may put brakes on.
#[derive(Clone, Copy)]
pub enum Right<'a> {
    /// Nobody: whoever can write the database file may.
    OfTheFile,
    /// The policies of the channel where it was said.
    OfTheChannel(Said<'a>),
}

/// Who said it, and where.
#[derive(Clone, Copy)]
pub struct Said<'a> {
    pub(super) world: &'a World,
    pub(super) speaker: &'a Speaker,
}

/// What a line comes to that puts brakes on or takes them off.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Came {
    /// What whoever sent it reads.
    pub message: Message,
    /// What is written.
    pub writes: Vec<Write>,
    /// For the record.
    pub note: String,
    /// Whether it was carried out.
    pub to: CameTo,
}

/// Whether a line was carried out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CameTo {
    /// It was, or it was so before.
    Done,
    /// It was understood and not carried out.
    Refused,
    /// It says something that is not there.
    Misunderstood,
}

impl Came {
    /// Nothing is written.
    pub(super) fn told(to: CameTo, message: Message, note: impl Into<String>) -> Self {
        Self { message, writes: Vec::new(), note: note.into(), to }
    }

    pub(super) fn done(message: Message, writes: Vec<Write>, note: impl Into<String>) -> Self {
        Self { message, writes, note: note.into(), to: CameTo::Done }
    }
}

/// Something put on for a time: where, until when, why.
struct ForATime<'a> {
    on: &'a Braked,
    until: &'a Moment,
    because: &'a str,
}

/// What policies look at: the verb as a command of that impact.
pub(super) fn right(name: &str, impact: Impact) -> CommandSpec {
    CommandSpec {
        name: CommandName::new(name),
        summary: String::new(),
        impact,
        owner: GroupName::new(""),
        targets: Targets::Servers { types: Vec::new(), from: Vec::new(), max: u32::MAX },
        parameters: Vec::new(),
        waves: WaveRule { canary: 0, then: WaveSize::All, soak: Duration::ZERO, stop_when_failures_exceed: 0 },
        site_concurrency: None,
        priority: Priority::Safety,
        remediates: false,
        approvals: None,
        steps: Vec::new(),
        examples: Vec::new(),
        hash: Fingerprint::of(name.as_bytes()),
    }
}

/// A value, or what whoever sent the line reads instead.
pub(super) type Checked<T> = Result<T, Box<Came>>;

/// What such a line comes to; `None` is the stop of everything or its end, which are carried out elsewhere.
///
/// # Errors
/// The store does not answer.
pub async fn restrain(braker: Braker<'_>, braking: &Braking) -> Result<Option<Came>, StoreFault> {
    let came = match braking {
        Braking::Stop { .. } | Braking::Resume { .. } => return Ok(None),
        Braking::Freeze { on, until, because } => freeze(braker, ForATime { on, until, because }).await,
        Braking::Thaw { on } => thaw(braker, on).await,
        Braking::Hold { on, because } => hold(braker, on, because).await,
        Braking::Release { on } => release(braker, on).await,
        Braking::Blacklist { on, command, until, level, because } => {
            blacklist(braker, ForATime { on, until, because }, (command.as_ref(), *level)).await
        }
        Braking::Unblacklist { on, command } => unblacklist(braker, on, command.as_ref()).await,
    };
    let mut came = came?;
    if braker.tense == Tense::Would {
        came.writes.clear();
    }
    Ok(Some(came))
}

impl Braker<'_> {
    /// The servers that a selector means now.
    pub(super) async fn servers(
        self,
        selector: &Spanned<Selector>,
        ledger: &Ledger,
    ) -> Result<Checked<Vec<Server>>, StoreFault> {
        let undone = left_undone(self.store, Some(selector)).await?;
        let inventory = &self.rulebook.inventory;
        let snapshot = Snapshot { inventory, states: &|server| ledger.state(server), undone: &undone };
        Ok(fleet::resolve(selector, snapshot, self.line).map_err(|told| {
            Box::new(Came::told(CameTo::Misunderstood, conversation::misunderstood(&told), MISUNDERSTOOD))
        }))
    }

    /// Whether this person may do that here on these servers.
    fn may(self, name: &str, servers: &[Server]) -> Checked<()> {
        // It changes something and takes no capacity.
        self.authorized(name, Impact::Config, servers).map(drop)
    }

    /// That this person may do that here on these servers; nothing where no policy is asked.
    pub(super) fn authorized(self, name: &str, impact: Impact, servers: &[Server]) -> Checked<Option<Authorized>> {
        let Right::OfTheChannel(Said { speaker, .. }) = self.right else { return Ok(None) };
        let (spec, Speaker { person, channel, .. }) = (right(name, impact), speaker);
        let question = Question { person, channel, command: &spec, servers, sites: &[] };
        self.rulebook.policies.decide(&question).map(Some).map_err(|refusal| {
            let told = conversation::refused(&refusal, &spec, speaker.channel_name(), servers.len());
            Box::new(Came::told(CameTo::Refused, told, "refused: not allowed"))
        })
    }

    /// Where it counts: the selector as it is printed, or the servers' names where it says what a request left.
    async fn coverage(self, right: &str, on: &Braked, ledger: &Ledger) -> Result<Checked<Coverage>, StoreFault> {
        let Braked::Selected(selector) = on else {
            return Ok(self.may(right, self.rulebook.inventory.servers()).map(|()| Coverage::everything()));
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
        let By { actor, name } = self.by;
        let id = BrakeId::new(self.ids.handle().as_str());
        let until = until.map(|moment| moment.at);
        let (by, name, why) = (actor.id().clone(), name.to_owned(), why.to_owned());
        Brake { id, kind, by, name, since: self.now, why, until }
    }

    /// What these brakes, each by itself, keep from starting or find at work, and how many servers they cover.
    async fn affected(self, brakes: &[Brake], ledger: &Ledger) -> Result<Affected, StoreFault> {
        let known = self.rulebook.known(ledger, self.now);
        let servers = self.rulebook.inventory.servers();
        let is_covered = |server: &Server| brakes.iter().any(|brake| covers(brake, server, known));
        let covered = servers.iter().filter(|server| is_covered(server)).collect::<Vec<_>>();
        let is_one = |id: &ServerId| covered.iter().any(|server| server.id == *id);
        let mut affected = Affected { covered: covered.len(), requests: Vec::new() };
        for request in self.store.open_requests().await? {
            let runs = self.store.runs(request.id()).await?;
            let about = |run: &Run| {
                let subject = (request.id(), &run.subject, request.spec.as_ref());
                brakes.iter().any(|brake| admission::stands_in_the_way(brake, subject, known))
            };
            let waiting = runs.iter().filter(|run| run.stage == RunStage::Waiting && about(run)).count();
            let is_busy = |run: &&Run| run.is_active() && run.subject.server().is_some_and(|server| is_one(&server.id));
            let at_work = match request.spec.only_looks() {
                true => 0,
                false => runs.iter().filter(is_busy).count(),
            };
            if waiting + at_work > 0 {
                affected.requests.push(AffectedRequest { id: request.id().clone(), waiting, at_work });
            }
        }
        Ok(affected)
    }

    /// Puts it on, in place of what was put on the same before.
    async fn put_on(self, kind: BrakeKind, time: &ForATime<'_>, ledger: &Ledger) -> Result<Came, StoreFault> {
        let brake = self.brake(kind, Some(time.until), time.because);
        let mut before = ledger.brakes.iter().filter(|before| before.is_on(self.now));
        if let Some(stronger) = before.find(|before| is_same(&before.kind, &brake.kind) && outlasts(before, &brake)) {
            return Ok(Came::told(
                CameTo::Refused,
                conversation::braked_already(stronger),
                "answered: braked for longer",
            ));
        }
        let affected = self.affected(std::slice::from_ref(&brake), ledger).await?;
        let mut writes = self.off(ledger.brakes.iter().filter(|before| is_same(&before.kind, &brake.kind)), "renewed");
        let put_on = PutOn { tense: self.tense, affected: &affected, line: self.line };
        let told = conversation::brake_took_hold(&brake, put_on);
        writes.push(Write::BrakeOn(brake));
        Ok(Came::done(told, writes, "put on a brake"))
    }

    fn off<'b>(self, brakes: impl Iterator<Item = &'b Brake>, why: &str) -> Vec<Write> {
        let on = brakes.filter(|brake| brake.is_on(self.now));
        on.map(|brake| Write::BrakeOff { id: brake.id.clone(), end: ended(self.by, self.now, why) }).collect()
    }

    /// Takes off what was put on so; tells what there is instead if nothing was.
    async fn take_off(self, kind: &BrakeKind, ledger: &Ledger) -> Result<Came, StoreFault> {
        let on = ledger.brakes.iter().filter(|brake| brake.is_on(self.now)).collect::<Vec<_>>();
        let so = on.iter().copied().filter(|brake| is_same(&brake.kind, kind)).collect::<Vec<_>>();
        if so.is_empty() {
            // Something said in other words may cover the same: then it is not as it was asked.
            let alike = on.iter().any(|brake| std::mem::discriminant(&brake.kind) == std::mem::discriminant(kind));
            let to = if alike { CameTo::Refused } else { CameTo::Done };
            return Ok(Came::told(to, conversation::no_such_brake(kind, &on), "answered: nothing was put on so"));
        }
        if let Some(look) = self.looked_at(&so, ledger).await? {
            return Ok(look);
        }
        let writes = self.off(so.into_iter(), "");
        Ok(Came::done(conversation::brake_is_off(kind), writes, "took off a brake"))
    }

    /// What would go on if these were taken off, where that is only looked at.
    async fn looked_at(self, brakes: &[&Brake], ledger: &Ledger) -> Result<Option<Came>, StoreFault> {
        if self.tense == Tense::Is || brakes.is_empty() {
            return Ok(None);
        }
        let brakes = brakes.iter().map(|brake| (*brake).clone()).collect::<Vec<_>>();
        let affected = self.affected(&brakes, ledger).await?;
        let told = conversation::brakes_would_be_off(&brakes, &affected, self.line);
        Ok(Some(Came::done(told, Vec::new(), "answered: a plan")))
    }
}

/// Whether a brake covers that server.
fn covers(brake: &Brake, server: &Server, known: Known<'_>) -> bool {
    match &brake.kind {
        BrakeKind::Freeze { on } | BrakeKind::Blacklist { on, .. } => on.covers(server, known),
        BrakeKind::Hold { server: held, .. } => server.id == *held,
        BrakeKind::Stop { .. } | BrakeKind::Pause { .. } => false,
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

/// Whether the one would still stand in the way where the other does not any more: nobody takes that away by saying less.
fn outlasts(before: &Brake, brake: &Brake) -> bool {
    let level = |brake: &Brake| match &brake.kind {
        BrakeKind::Blacklist { level, .. } => Some(*level),
        BrakeKind::Stop { .. } | BrakeKind::Freeze { .. } | BrakeKind::Hold { .. } | BrakeKind::Pause { .. } => None,
    };
    let ends_later = match (before.until, brake.until) {
        (None, until) => until.is_some(),
        (Some(before), Some(until)) => before > until,
        (Some(_), None) => false,
    };
    ends_later || level(before) > level(brake)
}

async fn freeze(braker: Braker<'_>, time: ForATime<'_>) -> Result<Came, StoreFault> {
    let ledger = braker.store.ledger().await?;
    match braker.coverage("freeze", time.on, &ledger).await? {
        Err(told) => Ok(*told),
        Ok(on) => braker.put_on(BrakeKind::Freeze { on }, &time, &ledger).await,
    }
}

async fn thaw(braker: Braker<'_>, on: &Braked) -> Result<Came, StoreFault> {
    let ledger = braker.store.ledger().await?;
    match braker.coverage("freeze", on, &ledger).await? {
        Err(told) => Ok(*told),
        Ok(on) => braker.take_off(&BrakeKind::Freeze { on }, &ledger).await,
    }
}

async fn blacklist(
    braker: Braker<'_>,
    time: ForATime<'_>,
    (command, level): (Option<&CommandName>, BlacklistLevel),
) -> Result<Came, StoreFault> {
    let ledger = braker.store.ledger().await?;
    match braker.coverage("blacklist", time.on, &ledger).await? {
        Err(told) => Ok(*told),
        Ok(on) => {
            let kind = BrakeKind::Blacklist { on, command: command.cloned(), level };
            braker.put_on(kind, &time, &ledger).await
        }
    }
}

async fn unblacklist(braker: Braker<'_>, on: &Braked, command: Option<&CommandName>) -> Result<Came, StoreFault> {
    let ledger = braker.store.ledger().await?;
    match braker.coverage("blacklist", on, &ledger).await? {
        Err(told) => Ok(*told),
        Ok(on) => {
            let level = BlacklistLevel::Block;
            braker.take_off(&BrakeKind::Blacklist { on, command: command.cloned(), level }, &ledger).await
        }
    }
}

async fn hold(braker: Braker<'_>, on: &Kept, because: &str) -> Result<Came, StoreFault> {
    let selector = match on {
        Kept::Request(id) => return pause(braker, id, because).await,
        Kept::Servers(selector) => selector,
    };
    let ledger = braker.store.ledger().await?;
    let servers = match braker.servers(selector, &ledger).await? {
        Ok(servers) => servers,
        Err(told) => return Ok(*told),
    };
    if servers.len() > HELD_MAX_SERVERS {
        let max = u32::try_from(HELD_MAX_SERVERS).unwrap_or(u32::MAX);
        let told = conversation::too_many(servers.len(), "server", max);
        return Ok(Came::told(CameTo::Refused, told, "refused: too many servers"));
    }
    if let Err(told) = braker.may("hold", &servers) {
        return Ok(*told);
    }
    let (held, free): (Vec<_>, Vec<_>) = servers.iter().partition(|server| holding(server, &ledger).is_some());
    let names = |servers: &[&Server]| servers.iter().map(|server| server.name.clone()).collect::<Vec<_>>();
    let brakes = free.iter().map(|server| {
        let kind = BrakeKind::Hold { server: server.id.clone(), name: server.name.clone() };
        braker.brake(kind, None, because)
    });
    let brakes = brakes.collect::<Vec<_>>();
    let affected = braker.affected(&brakes, &ledger).await?;
    let put_on = PutOn { tense: braker.tense, affected: &affected, line: braker.line };
    let by = held.first().and_then(|server| holding(server, &ledger));
    let told = conversation::held(&names(&free), (&names(&held), by), put_on);
    let writes = brakes.into_iter().map(Write::BrakeOn).collect();
    Ok(Came::done(told, writes, format!("held {} servers", free.len())))
}

fn holding<'a>(server: &'a Server, ledger: &'a Ledger) -> Option<&'a Brake> {
    holds(server, ledger).next()
}

fn holds<'a>(server: &'a Server, ledger: &'a Ledger) -> impl Iterator<Item = &'a Brake> {
    let is_it = move |brake: &&Brake| matches!(&brake.kind, BrakeKind::Hold { server: held, .. } if *held == server.id);
    ledger.brakes.iter().filter(is_it)
}

async fn release(braker: Braker<'_>, on: &Kept) -> Result<Came, StoreFault> {
    let selector = match on {
        Kept::Request(id) => return unpause(braker, id).await,
        Kept::Servers(selector) => selector,
    };
    let ledger = braker.store.ledger().await?;
    let servers = match braker.servers(selector, &ledger).await? {
        Ok(servers) => servers,
        Err(told) => return Ok(*told),
    };
    if let Err(told) = braker.may("hold", &servers) {
        return Ok(*told);
    }
    // The bot itself may hold a server beside a person: all of it is let go.
    let brakes = servers.iter().flat_map(|server| holds(server, &ledger)).collect::<Vec<_>>();
    if let Some(look) = braker.looked_at(&brakes, &ledger).await? {
        return Ok(look);
    }
    let is_held = |server: &&Server| holding(server, &ledger).is_some();
    let names = servers.iter().filter(is_held).map(|server| server.name.clone()).collect::<Vec<_>>();
    let writes = braker.off(brakes.into_iter(), "");
    Ok(Came::done(conversation::released(&names), writes, format!("released {} servers", names.len())))
}

/// A request is held and released by whoever may end it, as long as it lasts.
async fn not_theirs(braker: Braker<'_>, request: &Request) -> Result<Option<Came>, StoreFault> {
    if cancelling::is_over(request) {
        let told = conversation::cancelled_already(request, braker.now);
        let note = format!("answered: {} is over or stopping", request.id());
        return Ok(Some(Came::told(CameTo::Refused, told, note)));
    }
    let Right::OfTheChannel(Said { world, speaker }) = braker.right else { return Ok(None) };
    let refused = presses::no_cancel(world, &speaker.person, request).await?;
    Ok(refused.map(|(_, note)| Came::told(CameTo::Refused, conversation::may_not_hold(request), note)))
}

fn unknown(id: &RequestId) -> Came {
    Came::told(CameTo::Refused, conversation::no_such_request(id), "answered: no such request")
}

async fn pause(braker: Braker<'_>, id: &RequestId, because: &str) -> Result<Came, StoreFault> {
    let Some(request) = braker.store.request(id).await? else { return Ok(unknown(id)) };
    if let Some(came) = not_theirs(braker, &request).await? {
        return Ok(came);
    }
    let ledger = braker.store.ledger().await?;
    if let Some(before) = pausing(id, &ledger) {
        return Ok(Came::told(CameTo::Done, conversation::paused_already(id, before), "answered: held already"));
    }
    let brake = braker.brake(BrakeKind::Pause { request: id.clone() }, None, because);
    let runs = braker.store.runs(id).await?;
    let waiting = runs.iter().filter(|run| run.stage == RunStage::Waiting).count();
    let at_work = runs.iter().filter(|run| run.is_active()).count();
    let requests = vec![AffectedRequest { id: id.clone(), waiting, at_work }];
    let affected = Affected { covered: 0, requests };
    let told = conversation::paused(&request, PutOn { tense: braker.tense, affected: &affected, line: braker.line });
    let writes = vec![Write::BrakeOn(brake), messages::card(id)];
    Ok(Came::done(told, writes, format!("held {id}")))
}

async fn unpause(braker: Braker<'_>, id: &RequestId) -> Result<Came, StoreFault> {
    let Some(request) = braker.store.request(id).await? else { return Ok(unknown(id)) };
    if let Some(came) = not_theirs(braker, &request).await? {
        return Ok(came);
    }
    let ledger = braker.store.ledger().await?;
    if let Some(look) = braker.looked_at(pausing(id, &ledger).as_slice(), &ledger).await? {
        return Ok(look);
    }
    let mut writes = braker.off(pausing(id, &ledger).into_iter(), "");
    let told = if writes.is_empty() { conversation::not_paused(id) } else { conversation::unpaused(id) };
    writes.push(messages::card(id));
    Ok(Came::done(told, writes, format!("released {id}")))
}

/// What holds that request.
pub(super) fn pausing<'a>(id: &RequestId, ledger: &'a Ledger) -> Option<&'a Brake> {
    ledger.brakes.iter().find(|brake| matches!(&brake.kind, BrakeKind::Pause { request } if request == id))
}
