//! Overrides: the line that asks for one, the form of the second person, and the clock that ends it.
//!
//! Deliberately absent: letting servers pass, which the admitter does under the store's lock.

use super::forms;
use super::intake::{Outcome, Who, who};
use super::lately;
use super::lines::{Line, Reply};
use super::messages;
use super::presses::{Press, Submission};
use super::world::World;
use super::{Service, Step};
use crate::admission::{self, Candidate, Known, Verdict};
use crate::conversation::{self, NoOverride, OverrideUnfit, OverrideWord, RequestView};
use crate::domain::breaker::version_of;
use crate::domain::identity::{Asker, GroupName, Profile, Standing};
use crate::domain::ids::{Handle, RequestId};
use crate::domain::intent::{Span, Spanned};
use crate::domain::misunderstanding::{Misunderstanding, MisunderstandingKind as Kind};
use crate::domain::place::ChannelId;
use crate::domain::plan::PlannedServer;
use crate::domain::time::Timestamp;
use crate::fleet::nearest;
use crate::ports::StoreFault;
use crate::ports::store::{Control, ControlAction, Write};
use crate::workflow::breakglass::{Override, OverrideAsked, OverrideEvent, Passing, SecondCause, Seconded};
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
    let policy = match policy(line.text, asking.policy) {
        Ok(policy) => policy,
        Err(told) => return Ok(Reply::Misunderstood(Box::new(told))),
    };
    let Some(request) = world.store.request(asking.request).await? else {
        return Ok(Reply::said(conversation::no_such_request(asking.request), "answered: no such request"));
    };
    let no = |why: &NoOverride, note: &str| {
        Reply::said(conversation::no_override(why, policy, &request), format!("refused: {note} on {}", request.id()))
    };
    let rulebook = world.rulebook();
    let rules = &rulebook.rules.overrides;
    if rules.by.is_empty() {
        return Ok(no(&NoOverride::NobodyMay, "nobody may override"));
    }
    if !rules.allow(&person.groups) {
        let people = members(world, &rules.by).await;
        return Ok(no(&NoOverride::NotYou { groups: rules.by.clone(), people }, "may not override"));
    }
    let now = world.now();
    let runs = world.store.runs(request.id()).await?;
    let ledger = world.store.ledger().await?;
    let looked_up = world.looked_up();
    let known = rulebook.known(&ledger, now).with_outside(looked_up.outside());
    let servers = match passing(&request, &runs, policy, known) {
        Ok(servers) => servers,
        Err(why) => return Ok(no(&why, "nothing to override")),
    };
    let planned = servers.iter().map(|(_, server)| *server).collect::<Vec<_>>();
    let lately = lately::alone(world.store.as_ref(), &person.id, now).await?;
    let asked = OverrideAsked {
        policy,
        servers: servers
            .iter()
            .map(|(run, server)| Passing { run: run.id.clone(), server: server.name.clone() })
            .collect(),
        by: line.origin.person.clone(),
        name: person.name.clone(),
        at: now,
        until: now.plus(rules.life),
        why: asking.why.to_owned(),
        groups: rules.by.clone(),
        second: admission::second_needed(&request.spec, &planned, lately.servers, known),
        plan: request.plan.hash().clone(),
    };
    // Without a place to count it in, somebody else must agree.
    let cause = SecondCause::ManyServers { alone_max: rules.alone_max };
    let second = asked.second.or_else(|| lately.free.is_none().then_some(cause));
    let counted = lately.free.filter(|_| second.is_none());
    Ok(taken(world, line, &request, OverrideAsked { second, ..asked }, counted))
}

/// Which policy a word names.
fn policy(line: &str, written: &Spanned<String>) -> Result<PolicyName, Misunderstanding> {
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
    let waiting = runs.iter().filter(|run| run.stage == RunStage::Waiting);
    let servers = waiting.filter_map(|run| Some((run, run.subject.server()?))).collect::<Vec<_>>();
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
fn taken(world: &World, line: Line<'_>, request: &Request, asked: OverrideAsked, counted: Option<Handle>) -> Reply {
    let id = request.id();
    let number = u32::try_from(request.overrides.len()).unwrap_or(u32::MAX).saturating_add(1);
    let note = format!("override of {} on {id}, {} servers", asked.policy.word(), asked.servers.len());
    let (told, now) = (conversation::override_taken(&asked, request), asked.at);
    let mut writes = vec![event(request, OverrideEvent::Asked(asked))];
    let action = ControlAction::Override { request: id.clone(), number };
    let handle = messages::override_handle(id, number);
    writes.push(Write::Control(Control { handle, action, bound: None, used_at: None }));
    writes.extend(counted.into_iter().flat_map(|handle| lately::counted(handle, id, number, line.origin, now)));
    writes.extend(notices(world.places.incidents.as_ref(), id, number));
    writes.push(messages::answer(&line.envelope.key, line.origin, told));
    Reply::Accepted { id: id.clone(), writes, note }
}

fn event(request: &Request, event: OverrideEvent) -> Write {
    let (id, expected) = (request.id().clone(), request.version);
    Write::RequestEvents { id, expected, events: vec![RequestEvent::Override(event)] }
}

/// Everything that tells of an override, drawn again.
fn notices(incidents: Option<&ChannelId>, id: &RequestId, number: u32) -> Vec<Write> {
    let mut writes = vec![messages::card(id), messages::overridden(id, number)];
    writes.extend(incidents.map(|channel| messages::override_incident(id, number, channel)));
    writes
}

/// Everything that tells of the overrides of a request that last: what happens to it may end them.
pub(super) fn told(incidents: Option<&ChannelId>, request: &Request) -> Vec<Write> {
    let lasting = request.overrides.iter().filter(|one| one.ended.is_none());
    lasting.flat_map(|one| notices(incidents, request.id(), one.number)).collect()
}

/// Whether somebody may agree to that override now.
fn may_second(one: &Override, person: &Profile, groups: &[GroupName], now: Timestamp) -> Result<(), OverrideUnfit> {
    let is_in = groups.iter().any(|group| person.is_in(group));
    if person.standing != Standing::Member || !is_in {
        return Err(OverrideUnfit::NotInGroup(groups.to_vec()));
    }
    if person.id == one.asked.by {
        return Err(OverrideUnfit::IsCommander(groups.to_vec()));
    }
    if !one.needs_second() {
        return Err(OverrideUnfit::Decided);
    }
    if now >= one.asked.until {
        return Err(OverrideUnfit::TooLate(one.asked.until));
    }
    Ok(())
}

/// Opens the form in which a second person decides, or says why they cannot.
pub(super) async fn review(
    world: &World,
    press: &Press<'_>,
    person: &Profile,
    (id, number): (&RequestId, u32),
) -> Result<Outcome, StoreFault> {
    let Some(request) = world.store.request(id).await? else {
        return Ok(press.answered(conversation::old_button(None), "rejected: no such request"));
    };
    let Some(one) = request.override_of(number) else {
        return Ok(press.answered(conversation::old_button(None), "rejected: no such override"));
    };
    let (now, rulebook) = (world.now(), world.rulebook());
    if let Err(unfit) = may_second(one, person, &rulebook.rules.overrides.by, now) {
        let note = format!("refused: {unfit:?} on the override of {id}");
        return Ok(press.answered(conversation::override_unfit(&unfit), note));
    }
    let Some(trigger) = press.trigger.clone() else {
        return Ok(press.answered(conversation::unavailable("the form"), "rejected: a press without a trigger"));
    };
    let handle = world.ids.handle();
    let view = RequestView { request: &request, runs: &[], impacts: &[], now };
    let form = conversation::override_form(view, one, &handle, None);
    let shown = conversation::plain::render_form(&form);
    let action = ControlAction::OverrideReview { request: id.clone(), number, seen: one.asked.hash(), shown };
    let bound = Some(forms::bound(world, press.origin));
    let writes = vec![
        Write::Control(Control { handle, action, bound, used_at: None }),
        messages::open_form(&press.envelope.key, trigger, form),
    ];
    Ok(Outcome { writes, note: format!("opened the review of an override of {id}") })
}

/// What the second person's form comes to.
pub(super) async fn submitted(
    world: &World,
    submission: &Submission<'_>,
    control: Control,
) -> Result<Outcome, StoreFault> {
    let now = world.now();
    let shown = |outcome: Result<OverrideWord, &OverrideUnfit>| {
        let form = conversation::override_recorded(outcome);
        messages::update_form(&submission.envelope.key, submission.view.clone(), form)
    };
    let unfit = |unfit: &OverrideUnfit| Outcome {
        writes: vec![shown(Err(unfit))],
        note: format!("refused: {unfit:?} on an override"),
    };
    let Control {
        action: ControlAction::OverrideReview { request, number, seen, shown: text }, bound, used_at, ..
    } = control
    else {
        return Ok(Outcome::noted("rejected: a form that we did not open"));
    };
    let Some(bound) = bound.filter(|bound| bound.person == *submission.person) else {
        return Ok(Outcome::noted("rejected: somebody else's form"));
    };
    let Some(request) = world.store.request(&request).await? else {
        return Ok(Outcome::noted("rejected: no such request"));
    };
    let Some(one) = request.override_of(number) else {
        return Ok(Outcome::noted("rejected: no such override"));
    };
    let person = match who(world, submission.person).await {
        Who::Is(person) => person,
        Who::NotKnown | Who::NoAnswer(_) => return Ok(unfit(&OverrideUnfit::Unavailable)),
    };
    let rulebook = world.rulebook();
    let groups = &rulebook.rules.overrides.by;
    if used_at.is_some() || now >= bound.until {
        return Ok(unfit(&OverrideUnfit::Decided));
    }
    if let Err(why) = may_second(one, &person, groups, now) {
        return Ok(unfit(&why));
    }
    if seen != one.asked.hash() {
        return Ok(unfit(&OverrideUnfit::Changed));
    }
    let value = |key: &str| submission.values.get(key).map_or("", String::as_str);
    let why = value(conversation::WHY_KEY).trim().to_owned();
    let (word, happened) = match value(conversation::DECISION_KEY) {
        "approve" => {
            if let Some(why) = commander_lost(world, one, groups).await {
                return Ok(match why {
                    Lost::Unknown => unfit(&OverrideUnfit::Unavailable),
                    Lost::Gone(why) => voided(world, &request, number, &why, shown),
                });
            }
            let (by, name) = (submission.person.clone(), person.name.clone());
            let second = Seconded { by, name, at: now, why, seen, shown: text };
            (OverrideWord::Agreed, OverrideEvent::Seconded { number, second })
        }
        "deny" if why.is_empty() => return Ok(again(&request, one, submission, &OverrideUnfit::NeedsReason, now)),
        "deny" => {
            let (by, name) = (submission.person.clone(), person.name.clone());
            (OverrideWord::Refused, OverrideEvent::Refused { number, by, name, at: now, why })
        }
        _ => return Ok(again(&request, one, submission, &OverrideUnfit::NothingChosen, now)),
    };
    let mut writes = vec![shown(Ok(word)), event(&request, happened)];
    writes.push(Write::ControlUsed { handle: submission.handle.clone(), at: now });
    writes.extend(notices(world.places.incidents.as_ref(), request.id(), number));
    if word == OverrideWord::Refused {
        writes.push(messages::override_ended(request.id(), number));
    }
    Ok(Outcome { writes, note: format!("{word:?}: an override of {}", request.id()) })
}

/// Shows the form once more, with what is missing.
fn again(
    request: &Request,
    one: &Override,
    submission: &Submission<'_>,
    missing: &OverrideUnfit,
    now: Timestamp,
) -> Outcome {
    let view = RequestView { request, runs: &[], impacts: &[], now };
    let form = conversation::override_form(view, one, submission.handle, Some(missing));
    let writes = vec![messages::update_form(&submission.envelope.key, submission.view.clone(), form)];
    Outcome { writes, note: "answered: something is missing in the form".to_owned() }
}

enum Lost {
    Unknown,
    Gone(String),
}

/// Whether whoever asked for it may not any more.
async fn commander_lost(world: &World, one: &Override, groups: &[GroupName]) -> Option<Lost> {
    let name = &one.asked.name;
    match who(world, &one.asked.by).await {
        Who::Is(person) if person.standing != Standing::Member => {}
        Who::Is(person) if groups.iter().any(|group| person.is_in(group)) => return None,
        Who::Is(_) => return Some(Lost::Gone(format!("{name}, who asked for it, may not override any more"))),
        Who::NotKnown => {}
        Who::NoAnswer(_) => return Some(Lost::Unknown),
    }
    Some(Lost::Gone(format!("{name}, who asked for it, is no member of the workspace any more")))
}

fn voided(
    world: &World,
    request: &Request,
    number: u32,
    why: &str,
    shown: impl Fn(Result<OverrideWord, &OverrideUnfit>) -> Write,
) -> Outcome {
    let (at, why) = (world.now(), why.to_owned());
    let mut writes = vec![shown(Err(&OverrideUnfit::Voided(why.clone())))];
    writes.push(event(request, OverrideEvent::Voided { number, at, why }));
    writes.extend(notices(world.places.incidents.as_ref(), request.id(), number));
    writes.push(messages::override_ended(request.id(), number));
    Outcome { writes, note: format!("an override of {} is void", request.id()) }
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
