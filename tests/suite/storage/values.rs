//! Values that stores are filled with.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use wrasse::admission::{
    BlacklistLevel, Brake, BrakeEnd, BrakeKind, Breaker, Closing, Coverage, Declarer, FailedRun, FinishedAs,
    FinishedRun, FinishedServer, Health, HealthRow, Lock, LockStanding, SetBy, StateChange, StateRow, Tally,
};
use wrasse::authorization::{AuthorizationRecord, RecordedClass};
use wrasse::conversation::message::{Form, Message, text};
use wrasse::domain::breaker::BreakerScope;
use wrasse::domain::command::{CommandName, CommandSpec, Impact, Priority, StepSpec, Targets, WaveRule, WaveSize};
use wrasse::domain::effect::Begun;
use wrasse::domain::identity::{Actor, Asker, GroupName, PersonId};
use wrasse::domain::ids::{BrakeId, DeliveryKey, EnvelopeKey, Epoch, Fingerprint, Handle, RequestId, RunId, Version};
use wrasse::domain::place::{ChannelId, MessageRef, MessageTs, Origin, ReplyPath};
use wrasse::domain::plan::{Plan, PlanParts, Subject};
use wrasse::domain::server::{ProductionState, ServerId, ServerName, ServerType, SiteName};
use wrasse::domain::time::Timestamp;
use wrasse::ports::authorizations::{Authorization, Occasion};
use wrasse::ports::chat::{Envelope, PrivateTo, Replaces};
use wrasse::ports::store::{
    Content, Control, ControlAction, DeclaredRecord, Destination, Lane, Notice, Outgoing, Write,
};
use wrasse::workflow::Admission;
use wrasse::workflow::request::{Accepted, Halt, HaltCause, RequestEvent, RequestOutcome};
use wrasse::workflow::run::{RunEvent, RunOutcome, StepIntent};

pub(crate) fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

pub(crate) fn request_id(tail: &str) -> RequestId {
    RequestId::from_tail(tail).unwrap()
}

pub(crate) fn run_id(number: u32) -> RunId {
    request_id("2mq9").run(number)
}

pub(crate) fn server(name: &str) -> ServerId {
    ServerId::new(name)
}

pub(crate) fn envelope(key: &str, received_at: i64) -> Envelope {
    Envelope { key: EnvelopeKey::new(key), raw: format!("{{\"of\":\"{key}\"}}"), received_at: at(received_at) }
}

pub(crate) fn settled(key: &str) -> Write {
    Write::EnvelopeSettled { key: EnvelopeKey::new(key), outcome: "made a request".into() }
}

pub(crate) fn accepted(id: &RequestId) -> RequestEvent {
    let ana = PersonId::new("T0WRASSE", "U0ANA");
    let channel = ChannelId::new("C0NOC");
    let spec = CommandSpec {
        name: CommandName::new("reboot"),
        summary: "Reboot servers".into(),
        impact: Impact::PowerCycle,
        owner: GroupName::new("sre"),
        targets: Targets::None,
        parameters: Vec::new(),
        waves: WaveRule { canary: 0, then: WaveSize::All, soak: Duration::ZERO, stop_when_failures_exceed: 0 },
        site_concurrency: None,
        priority: Priority::default(),
        remediates: false,
        approvals: None,
        steps: vec![StepSpec::Undrain { timeout: Duration::from_secs(60).into() }],
        examples: Vec::new(),
        hash: Fingerprint::of(b"reboot"),
    };
    let parts = PlanParts {
        request: id.clone(),
        command: spec.name.clone(),
        definition: spec.hash.clone(),
        parameters: BTreeMap::new(),
        subjects: vec![Subject::Nothing],
        waves: vec![1],
        soak: Duration::ZERO,
        requester: ana.clone(),
        channel: channel.clone(),
        not_before: None,
        expires_at: at(86_400_000),
    };
    RequestEvent::Accepted(Box::new(Accepted {
        plan: Plan::new(parts).unwrap(),
        spec: Arc::new(spec),
        origin: Origin { person: Actor::recalled(ana), channel, thread: None, reply: ReplyPath::Direct },
        requester_name: "ana".into(),
        allowed_by: vec!["noc may reboot".into()],
        at: at(1_000),
        need: None,
        controls: BTreeMap::new(),
        retry_of: None,
    }))
}

pub(crate) fn request_events(id: &RequestId, expected: i64, events: Vec<RequestEvent>) -> Write {
    Write::RequestEvents { id: id.clone(), expected: Version(expected), events }
}

pub(crate) fn card_posted(ts: &str) -> RequestEvent {
    RequestEvent::CardPosted { card: message_ref(ts) }
}

pub(crate) fn request_ended(millis: i64) -> RequestEvent {
    RequestEvent::Ended { at: at(millis), outcome: RequestOutcome::Done }
}

pub(crate) fn request_halted(millis: i64) -> RequestEvent {
    RequestEvent::Halted(Halt { at: at(millis), cause: HaltCause::Failures(2) })
}

pub(crate) fn run_events(id: &RunId, guard: (i64, i64), events: Vec<RunEvent>, wake_at: Option<i64>) -> Write {
    let (expected, epoch) = (Version(guard.0), Epoch(guard.1));
    Write::RunEvents { id: id.clone(), expected, epoch, events, wake_at: wake_at.map(at) }
}

pub(crate) fn planned() -> RunEvent {
    RunEvent::Planned { subject: Subject::Nothing, wave: 0 }
}

pub(crate) fn admitted(millis: i64) -> RunEvent {
    RunEvent::Admitted(Admission::noted(at(millis), ProductionState::Production, true))
}

pub(crate) fn step_begun() -> RunEvent {
    let intent = StepIntent { attempt: 1, at: at(1), way: None, boot_before: None, not_after: None, until: at(60_000) };
    RunEvent::StepBegun { step: 0, intent }
}

pub(crate) fn act_answered() -> RunEvent {
    RunEvent::ActAnswered { answer: Begun::Unknown("the connection was cut".into()) }
}

pub(crate) fn person_asked() -> RunEvent {
    RunEvent::PersonAsked { at: at(2), why: "nobody can tell".into() }
}

pub(crate) fn run_ended(millis: i64) -> RunEvent {
    RunEvent::Ended { at: at(millis), outcome: RunOutcome::Done }
}

pub(crate) fn wake(id: &RunId, epoch: i64, wake_at: i64) -> Write {
    Write::RunWake { id: id.clone(), epoch: Epoch(epoch), wake_at: at(wake_at) }
}

pub(crate) fn lock(name: &str, run: &RunId) -> Lock {
    Lock {
        server: server(name),
        run: run.clone(),
        command: CommandName::new("reboot"),
        since: at(5),
        standing: LockStanding::Working,
        taken_from: None,
    }
}

pub(crate) fn state_row(name: &str, run: &RunId, state: ProductionState) -> StateRow {
    StateRow::of_run((&server(name), run), (ProductionState::Production, state), None, at(6))
}

fn declared_row(name: &str, state: ProductionState) -> StateRow {
    let by = Declarer { id: PersonId::new("T0WRASSE", "U0BOB"), name: "bob".into(), why: "its PSU is dead".into() };
    StateRow { server: server(name), state, by: SetBy::Person(by), taken_by: None, since: at(9) }
}

/// A person's word on a server, over the state that it was in.
pub(crate) fn declared(name: &str, state: ProductionState, before: Option<StateRow>) -> DeclaredRecord {
    let change = StateChange { row: declared_row(name, state), before, takes_over: None };
    DeclaredRecord { change, evidence: "edge-lax: 17 of 19 in service, floor 18 → 17".into() }
}

pub(crate) fn health_row(name: &str, health: Health, seen_at: i64) -> HealthRow {
    HealthRow { server: server(name), health, seen_at: at(seen_at) }
}

pub(crate) fn breaker_scope(text: &str) -> BreakerScope {
    BreakerScope::parse(text).unwrap()
}

/// A run that failed at that site, after so many others.
pub(crate) fn finished(number: u32, site: &str, last: i64) -> Write {
    let server = FinishedServer {
        id: server("s-1"),
        name: ServerName::new("edge-lax-01"),
        server_type: ServerType::new("edge-cache"),
    };
    let run = FinishedRun {
        run: run_id(number),
        command: CommandName::new("reboot"),
        site: Some(SiteName::new(site)),
        server: Some(server),
        version: Some("1.2.3".into()),
        asked_by: Asker::Person,
        finished_as: FinishedAs::Failed,
        at: at(7),
    };
    Write::Finished { run, last }
}

/// The same of a run on that server, by whoever asked for it, as it finished then.
pub(crate) fn finished_on(
    name: &str,
    (number, last): (u32, i64),
    (asked_by, finished_as, millis): (Asker, FinishedAs, i64),
) -> Write {
    let Write::Finished { run, last } = finished(number, "lax", last) else { unreachable!("it is one") };
    let (id, server_type) = (server(&format!("id-{name}")), ServerType::new("edge-cache"));
    let server = Some(FinishedServer { id, name: ServerName::new(name), server_type });
    Write::Finished { run: FinishedRun { server, asked_by, finished_as, at: at(millis), ..run }, last }
}

pub(crate) fn breaker(scope: &str, opened_at: i64, version: i64) -> Breaker {
    Breaker {
        scope: breaker_scope(scope),
        opened_at: at(opened_at),
        version: Version(version),
        failures: 3,
        of: 3,
        elsewhere: Some(Tally { failures: 2, of: 400 }),
        examples: vec![FailedRun { run: run_id(1), server: Some(ServerName::new("edge-lax-01")) }],
        canary_from: at(opened_at + 1_800_000),
        canary: None,
        closed: None,
    }
}

pub(crate) fn closing(millis: i64) -> Closing {
    let (name, why) = ("bob".into(), "the cable is replaced".into());
    Closing { by: person("U0BOB"), name, at: at(millis), why, after_canary: true }
}

pub(crate) fn control(handle: &str) -> Control {
    let action = ControlAction::Line(format!("line of {handle}"));
    Control { handle: Handle::new(handle), action, bound: None, used_at: None }
}

pub(crate) fn used(handle: &str, millis: i64) -> Write {
    Write::ControlUsed { handle: Handle::new(handle), at: at(millis) }
}

pub(crate) fn outgoing(key: &str, lane: &str, content: Content) -> Outgoing {
    let to = Destination::Thread(request_id("2mq9"));
    Outgoing { key: DeliveryKey::new(key), lane: Lane::new(lane), to, content }
}

pub(crate) fn person(user: &str) -> PersonId {
    PersonId::new("T0WRASSE", user)
}

/// The same for one person alone.
pub(crate) fn private(key: &str, user: &str, content: Content) -> Outgoing {
    let (channel, path) = (ChannelId::new("C0NOC"), ReplyPath::Private { thread: None });
    let to = PrivateTo { person: person(user), channel, path, replaces: Replaces::Nothing };
    Outgoing { to: Destination::Private(to), ..outgoing(key, key, content) }
}

pub(crate) fn home_opened(user: &str, millis: i64) -> Write {
    Write::HomeOpened { person: Actor::recalled(person(user)), at: at(millis) }
}

pub(crate) fn home_shown(user: &str, words: &str, millis: i64) -> Write {
    Write::HomeShown { person: person(user), shown: Fingerprint::of(words.as_bytes()), at: at(millis) }
}

pub(crate) fn brake(id: &str, kind: BrakeKind, since: i64, until: Option<i64>) -> Brake {
    let (id, by, name, why) = (BrakeId::new(id), person("U0BOB"), "bob".to_owned(), format!("because of {id}"));
    Brake { id, kind, by, name, since: at(since), why, until: until.map(at) }
}

pub(crate) fn brake_end(millis: i64) -> BrakeEnd {
    BrakeEnd { by: person("U0DEE"), name: "dee".to_owned(), at: at(millis), why: "the cause was found".to_owned() }
}

pub(crate) fn brake_off(id: &str, millis: i64) -> Write {
    Write::BrakeOff { id: BrakeId::new(id), end: brake_end(millis) }
}

/// One of each kind.
pub(crate) fn brake_kinds() -> Vec<BrakeKind> {
    let (lax, everything) = (|| Coverage::of_text("site=lax"), Coverage::everything());
    let (command, level) = (Some(CommandName::new("reboot")), BlacklistLevel::Absolute);
    vec![
        BrakeKind::STOP,
        BrakeKind::Freeze { on: everything.clone() },
        BrakeKind::Freeze { on: lax() },
        BrakeKind::Hold { server: server("s-1"), name: ServerName::new("edge-lax-001") },
        BrakeKind::Pause { request: request_id("2mq9") },
        BrakeKind::Blacklist { on: lax(), command, level },
        BrakeKind::Blacklist { on: everything, command: None, level: BlacklistLevel::Block },
        BrakeKind::HARD_STOP,
    ]
}

pub(crate) fn live() -> Content {
    Content::Live(Notice::Card(request_id("2mq9")))
}

pub(crate) fn fixed(words: &str) -> Content {
    Content::Fixed(Message::of_text("a message", vec![text(words)]))
}

pub(crate) fn form(title: &str) -> Content {
    Content::Form(Form { title: title.into(), submit: None, close: "Close".into(), handle: None, blocks: Vec::new() })
}

pub(crate) fn message_ref(ts: &str) -> MessageRef {
    MessageRef { channel: ChannelId::new("C0NOC"), ts: MessageTs::new(ts) }
}

pub(crate) fn delivered(key: &str, revision: i64, ts: Option<&str>) -> Write {
    Write::Delivered { key: DeliveryKey::new(key), revision, at: at(8), message: ts.map(message_ref) }
}

pub(crate) fn postponed(key: &str, until: i64) -> Write {
    Write::Postponed { key: DeliveryKey::new(key), until: at(until) }
}

pub(crate) fn begun(key: &str, millis: i64) -> Write {
    Write::SendBegun { key: DeliveryKey::new(key), at: at(millis) }
}

pub(crate) fn undeliverable(key: &str) -> Write {
    Write::Undeliverable { key: DeliveryKey::new(key), why: "the channel is gone".into() }
}

/// Who was allowed or refused what, for the request of that tail or for none.
pub(crate) fn authorization(tail: Option<&str>, verdict: &str, millis: i64) -> Authorization {
    let class = RecordedClass {
        server_type: "edge-cache".into(),
        site: "lax".into(),
        pool: Some("edge-lax".into()),
        servers: 2,
    };
    let record = AuthorizationRecord {
        verdict: verdict.into(),
        policies: vec!["noc-small".into()],
        reason: "the NOC reboots a few".into(),
        policies_version: Fingerprint::of(b"policies").to_string(),
        team: "T0WRASSE".into(),
        user: "U0ANA".into(),
        name: "ana".into(),
        standing: "member".into(),
        groups: vec!["noc".into()],
        channel: "C0NOC".into(),
        channel_name: Some("noc".into()),
        reach: "own-workspace".into(),
        command: "reboot".into(),
        impact: "power-cycle".into(),
        server_count: 2,
        classes: vec![class],
        sites: Vec::new(),
    };
    Authorization { at: at(millis), occasion: Occasion::Line, request: tail.map(request_id), record }
}

pub(crate) fn authorized(tail: Option<&str>, verdict: &str, millis: i64) -> Write {
    Write::Authorization(Box::new(authorization(tail, verdict, millis)))
}
