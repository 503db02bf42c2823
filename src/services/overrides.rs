//! Overrides: the line that asks for one, and the clock that ends it.
//!
//! Deliberately absent: the second person, and letting servers pass, which the admitter does under the store's lock.

use super::lately::{self, Lately};
use super::lines::{Line, Reply};
use super::messages;
use super::records::{self, about};
use super::world::World;
use super::{Service, Step};
use crate::admission::{self, Candidate, Known, Verdict};
use crate::authorization::AuthorizationRecord;
use crate::conversation::message::Message;
use crate::conversation::{self, NoOverride};
use crate::domain::breaker::version_of;
use crate::domain::identity::{Actor, Asker, GroupName, Profile, Standing};
use crate::domain::ids::RequestId;
use crate::domain::intent::{Span, Spanned};
use crate::domain::misunderstanding::{Misunderstanding, MisunderstandingKind as Kind};
use crate::domain::place::ChannelId;
use crate::domain::plan::PlannedServer;
use crate::domain::time::Timestamp;
use crate::fleet::nearest;
use crate::ports::StoreFault;
use crate::ports::authorizations::Occasion;
use crate::ports::store::{Control, ControlAction, Store, Write};
use crate::workflow::breakglass::{OverrideAsked, OverrideEvent, Passing, SecondCause};
use crate::workflow::request::{PolicyName, PolicySet, Request, RequestEvent, RequestStage};
use crate::workflow::run::{Run, RunStage};
use async_trait::async_trait;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Words for what keeps a request waiting and is no policy, so that whoever writes them is told so.
const NEVER: [&str; 10] =
    ["lock", "locks", "locked", "approval", "approvals", "consent", "directory", "people", "state", "production"];

/// What a line asks to override.
#[derive(Clone, Copy)]
pub(super) struct Asking<'a> {
    pub(super) policy: &'a Spanned<String>,
    pub(super) request: &'a RequestId,
    pub(super) why: &'a str,
}

/// What a line comes to that overrides a policy.
pub(super) async fn line(
    world: &World,
    line: Line<'_>,
    person: &Profile,
    asking: Asking<'_>,
) -> Result<Reply, StoreFault> {
    let (now, rulebook, looked_up) = (world.now(), world.rulebook(), world.looked_up());
    let ledger = world.store.ledger().await?;
    let known = rulebook.known(&ledger, now).with_outside(looked_up.outside());
    let commander = Commander { person, by: &line.origin.person, name: person.name.clone(), shell: None };
    let rules = &rulebook.rules.overrides;
    let store = world.store.as_ref();
    let (request, asked, lately) = match asked(store, (line.text, asking), &commander, known).await? {
        Ok(asked) => asked,
        Err(Untaken::Misunderstood(told)) => return Ok(Reply::Misunderstood(told)),
        Err(Untaken::Told(message, note)) => return Ok(Reply::said(message, note)),
        Err(Untaken::NotTheirs(request, policy)) => {
            let why = NoOverride::NotYou { groups: rules.by.clone(), people: members(world, &rules.by).await };
            let note = format!("refused: may not override on {}", request.id());
            let record = about(&request, records::of_member(world, "not-in-group", person));
            let kept = records::kept(world, Occasion::Override, Some(request.id()), record);
            return Ok(Reply::said(conversation::no_override(&why, policy, &request), note).with(kept));
        }
    };
    // Without a place to count it in, somebody else must agree.
    let cause = SecondCause::ManyServers { alone_max: rules.alone_max };
    let second = asked.second.or_else(|| lately.free.is_none().then_some(cause));
    let counted = lately.free.filter(|_| second.is_none());
    let asked = OverrideAsked { second, ..asked };
    let (id, number, told) = (request.id(), number_of(&request), conversation::override_taken(&asked, &request));
    let note = format!("override of {} on {id}, {} servers", asked.policy.word(), asked.servers.len());
    let mut writes = taken(&request, asked, world.places.incidents.as_ref());
    writes.extend(counted.into_iter().flat_map(|handle| lately::counted(handle, id, number, line.origin, now)));
    let record = about(&request, records::of_member(world, AuthorizationRecord::ALLOWED, person));
    writes.push(records::kept(world, Occasion::Override, Some(id), record));
    writes.push(messages::answer(&line.envelope.key, line.origin, told));
    Ok(Reply::Accepted { id: id.clone(), writes, note })
}

/// Who asks for an override.
pub(super) struct Commander<'a> {
    pub(super) person: &'a Profile,
    pub(super) by: &'a Actor,
    /// As it is told.
    pub(super) name: String,
    /// The account where it is asked in a shell, which has no directory and does not look outside.
    pub(super) shell: Option<&'a Actor>,
}

/// Why none is taken.
pub(super) enum Untaken {
    /// The line names what is no policy, or what nobody overrides.
    Misunderstood(Box<Misunderstanding>),
    /// In words, and for the record.
    Told(Message, String),
    /// Somebody else may.
    NotTheirs(Box<Request>, PolicyName),
}

/// What would be asked for, of which request, and what its commander overrode alone lately.
pub(super) async fn asked(
    store: &dyn Store,
    (text, asking): (&str, Asking<'_>),
    commander: &Commander<'_>,
    known: Known<'_>,
) -> Result<Result<(Request, OverrideAsked, Lately), Untaken>, StoreFault> {
    let policy = match policy(text, asking.policy) {
        Ok(policy) => policy,
        Err(told) => return Ok(Err(Untaken::Misunderstood(Box::new(told)))),
    };
    let Some(request) = store.request(asking.request).await? else {
        let told = conversation::no_such_request(asking.request);
        return Ok(Err(Untaken::Told(told, "answered: no such request".to_owned())));
    };
    let no = |why: &NoOverride, note: &str| {
        let told = conversation::no_override(why, policy, &request);
        Ok(Err(Untaken::Told(told, format!("refused: {note} on {}", request.id()))))
    };
    let (rules, now) = (&known.rules.overrides, known.now);
    if rules.by.is_empty() {
        return no(&NoOverride::NobodyMay, "nobody may override");
    }
    if !rules.allow(&commander.person.groups) {
        return Ok(Err(Untaken::NotTheirs(Box::new(request), policy)));
    }
    let runs = store.runs(request.id()).await?;
    let servers = match passing(&request, &runs, policy, known) {
        Ok(servers) => servers,
        // A shell does not look outside: what the bot found last counts there too.
        Err(NoOverride::NotInTheWay(_)) if commander.shell.is_some() && was_in_the_way(&request, policy) => {
            waiting(&runs).collect()
        }
        Err(why) => return no(&why, "nothing to override"),
    };
    let planned = servers.iter().map(|(_, server)| *server).collect::<Vec<_>>();
    let lately = lately::alone(store, &commander.person.id, now).await?;
    let second = admission::second_needed(&request.spec, &planned, lately.servers, known);
    let asked = OverrideAsked {
        policy,
        servers: servers
            .iter()
            .map(|(run, server)| Passing { run: run.id.clone(), server: server.name.clone() })
            .collect(),
        by: commander.by.clone(),
        name: commander.name.clone(),
        at: now,
        until: now.plus(rules.life),
        why: asking.why.to_owned(),
        groups: rules.by.clone(),
        second: second.or_else(|| commander.shell.map(|_| SecondCause::Shell)),
        plan: request.plan.hash().clone(),
        account: commander.shell.map(ToString::to_string),
    };
    Ok(Ok((request, asked, lately)))
}

/// Whether the last look found that policy in the way.
fn was_in_the_way(request: &Request, policy: PolicyName) -> bool {
    request.blockers.iter().any(|blocker| blocker.overridable() == Some(policy))
}

/// The servers of a request that wait.
fn waiting(runs: &[Run]) -> impl Iterator<Item = (&Run, &PlannedServer)> {
    let waiting = runs.iter().filter(|run| run.stage == RunStage::Waiting);
    waiting.filter_map(|run| Some((run, run.subject.server()?)))
}

/// Which policy a word names.
pub(super) fn policy(line: &str, written: &Spanned<String>) -> Result<PolicyName, Misunderstanding> {
    let word = written.value.as_str();
    let span: Span = written.span.clone();
    let named = PolicyName::ALL.into_iter().find(|policy| policy.word() == word);
    if let Some(policy) = named.filter(|policy| policy.can_be_overridden()) {
        return Ok(policy);
    }
    if named.is_some() || NEVER.contains(&word) {
        return Err(Misunderstanding::new(line, span, Kind::NeverOverridden { word: word.to_owned() }));
    }
    let near = nearest(word, PolicyName::OVERRIDABLE.map(PolicyName::word)).map(str::to_owned);
    let kind = Kind::UnknownPolicy { policy: word.to_owned() };
    Err(Misunderstanding::new(line, span, kind).perhaps_suggesting(near))
}

/// The servers of a request that wait, if one of them waits for that policy.
fn passing<'a>(
    request: &Request,
    runs: &'a [Run],
    policy: PolicyName,
    known: Known<'_>,
) -> Result<Vec<(&'a Run, &'a PlannedServer)>, NoOverride> {
    let is_due = request.plan.parts().not_before.as_ref().is_none_or(|moment| known.now >= moment.at);
    let may_start = matches!(request.stage, RequestStage::Queued | RequestStage::Running);
    if !may_start || request.halted.is_some() || !is_due {
        return Err(NoOverride::NotWaiting);
    }
    if let Some(one) = request.open_override(policy) {
        return Err(NoOverride::Already(Box::new(one.clone())));
    }
    let servers = waiting(runs).collect::<Vec<_>>();
    if servers.is_empty() {
        return Err(NoOverride::NothingWaits);
    }
    let cannot = servers.iter().filter(|(_, server)| !admission::can_pass(server, &request.spec, known));
    let cannot = cannot.map(|(_, server)| server.name.clone()).collect::<Vec<_>>();
    if !cannot.is_empty() {
        return Err(NoOverride::InProduction(cannot));
    }
    let mut blockers = Vec::new();
    for (run, server) in &servers {
        let candidate = Candidate {
            run: &run.id,
            server,
            spec: &request.spec,
            version: version_of(&request.plan.parts().parameters),
            asked_by: Asker::of(request.origin.person.id()),
            passes: PolicySet::NONE,
        };
        if let Verdict::Wait(reasons) = admission::evaluate(candidate, known) {
            blockers.extend(reasons);
        }
    }
    if blockers.iter().all(|blocker| blocker.overridable() != Some(policy)) {
        let mut blockers = admission::merged(blockers);
        let others = request.blockers.iter().filter(|blocker| blocker.policy().is_none());
        blockers.extend(others.cloned());
        return Err(NoOverride::NotInTheWay(blockers));
    }
    Ok(servers)
}

/// The names of those who may, as far as the directory tells.
async fn members(world: &World, groups: &[GroupName]) -> Vec<String> {
    let mut names = BTreeSet::new();
    for group in groups {
        let members = world.directory.members(group).await.unwrap_or_default();
        names.extend(members.into_iter().filter(|member| member.standing == Standing::Member).map(|one| one.name));
    }
    names.into_iter().collect()
}

/// It is asked for: stored, and told everywhere, in one commit.
pub(super) fn taken(request: &Request, asked: OverrideAsked, incidents: Option<&ChannelId>) -> Vec<Write> {
    let (id, number) = (request.id(), number_of(request));
    let mut writes = vec![event(request, OverrideEvent::Asked(asked))];
    let action = ControlAction::Override { request: id.clone(), number };
    let handle = messages::override_handle(id, number);
    writes.push(Write::Control(Control { handle, action, bound: None, used_at: None }));
    writes.extend(notices(incidents, id, number));
    writes
}

/// The number that the next one of a request gets.
fn number_of(request: &Request) -> u32 {
    u32::try_from(request.overrides.len()).unwrap_or(u32::MAX).saturating_add(1)
}

pub(super) fn event(request: &Request, event: OverrideEvent) -> Write {
    let (id, expected) = (request.id().clone(), request.version);
    Write::RequestEvents { id, expected, events: vec![RequestEvent::Override(event)] }
}

/// Everything that tells of an override, drawn again.
pub(super) fn notices(incidents: Option<&ChannelId>, id: &RequestId, number: u32) -> Vec<Write> {
    let mut writes = vec![messages::card(id), messages::overridden(id, number)];
    writes.extend(incidents.map(|channel| messages::override_incident(id, number, channel)));
    writes
}

/// Everything that tells of the overrides of a request that last: what happens to it may end them.
pub(super) fn told(incidents: Option<&ChannelId>, request: &Request) -> Vec<Write> {
    let lasting = request.overrides.iter().filter(|one| one.ended.is_none());
    lasting.flat_map(|one| notices(incidents, request.id(), one.number)).collect()
}

/// Ends overrides when their time is over, or nothing of them waits any more.
pub struct Overrides {
    world: Arc<World>,
}

impl Overrides {
    /// A keeper over that world.
    #[must_use]
    pub fn new(world: Arc<World>) -> Self {
        Self { world }
    }

    /// What the first override of a request that is over comes to.
    async fn over(&self, request: &Request, now: Timestamp) -> Result<Option<Vec<Write>>, StoreFault> {
        if request.overrides.iter().all(|one| one.ended.is_some()) {
            return Ok(None);
        }
        let runs = self.world.store.runs(request.id()).await?;
        for one in request.overrides.iter().filter(|one| one.ended.is_none()) {
            let number = one.number;
            let waits = runs.iter().any(|run| run.stage == RunStage::Waiting && one.covers(&run.id));
            let is_over = now >= one.asked.until;
            let changed = one.asked.plan != *request.plan.hash();
            let happened = match (is_over, changed, waits) {
                (_, true, _) => OverrideEvent::Voided { number, at: now, why: "the plan has changed".to_owned() },
                (true, false, true) => OverrideEvent::Expired { number, at: now },
                (_, false, false) => OverrideEvent::Closed { number, at: now },
                (false, false, true) => continue,
            };
            let mut writes = vec![event(request, happened)];
            writes.extend(notices(self.world.places.incidents.as_ref(), request.id(), number));
            if waits {
                writes.push(messages::override_ended(request.id(), number));
            }
            return Ok(Some(writes));
        }
        Ok(None)
    }
}

#[async_trait]
impl Service for Overrides {
    fn name(&self) -> &'static str {
        "overrides"
    }

    async fn step(&mut self) -> Result<Step, StoreFault> {
        let now = self.world.now();
        let open = self.world.store.open_requests().await?;
        let mut made = false;
        for request in &open {
            if let Some(writes) = self.over(request, now).await? {
                self.world.commit(writes).await?;
                made = true;
            }
        }
        if made {
            return Ok(Step::Made);
        }
        let lasting = open.iter().flat_map(|request| &request.overrides).filter(|one| one.ended.is_none());
        let next_wake = lasting.map(|one| one.asked.until).filter(|at| *at > now).min();
        Ok(Step::Idle { next_wake })
    }

    async fn ended(&mut self) {
        std::future::pending().await
    }
}
