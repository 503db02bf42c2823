//! What people see, in the story of ana's reboot in lax: every message in each of its states, within its budget.

mod absorbing;
mod answers;
mod before;
mod ending;
mod floors;
mod forms;
mod helping;
mod home;
mod instead;
mod matters;
mod meaning;
mod missing;
mod overriding;
mod preview;
mod reloading;
mod running;
mod soaking;
mod suspect;
mod traffic;

use super::message::{Block, Button, Message, Piece, Rich};
use super::{RequestView, plain};
use crate::admission::{PoolCount, PoolImpact};
use crate::domain::command::{CommandName, CommandSpec, PowerPath};
use crate::domain::consent::Quota;
use crate::domain::effect::BootId;
use crate::domain::identity::{Actor, GroupName, PersonId};
use crate::domain::ids::{Epoch, Fingerprint, Handle, RequestId};
use crate::domain::intent::{ParameterName, Value};
use crate::domain::place::{ChannelId, MessageRef, MessageTs, Origin, ReplyPath};
use crate::domain::plan::{Plan, PlanParts, PlannedServer, Subject};
use crate::domain::server::{PoolName, ProductionState, RackName, ServerId, ServerName, ServerType, SiteName};
use crate::domain::time::Timestamp;
use crate::workflow::Admission;
use crate::workflow::request::{
    Accepted, Approval, ApprovalNeed, Blocker, ControlVerb, Halt, HaltCause, OutServer, Request, RequestEvent,
    RequestOutcome,
};
use crate::workflow::run::{Failure, FailureKind, Run, RunEvent, RunOutcome, StepIntent};
use std::sync::Arc;
use std::time::Duration;

/// How much room a message has: lines, blocks, buttons.
#[derive(Clone, Copy)]
struct Budget(usize, usize, usize);

const CARD: Budget = Budget(8, 5, 3);
const PRIVATE: Budget = Budget(7, 4, 2);
/// Details are asked for and read: who agreed is one line more.
const DETAILS: Budget = Budget(8, 4, 2);
const REPLY: Budget = Budget(6, 4, 3);
const INCIDENT: Budget = Budget(7, 4, 3);
/// Help is read, not glanced at: it has a line for each task.
const HELP: Budget = Budget(10, 4, 2);

/// The one way by which tests look at a message: it fits, has no unfit word, and reads like this.
fn shown(message: &Message, Budget(lines, blocks, buttons): Budget) -> String {
    let text = plain::render(message);
    let fences = text.matches("```").count();
    assert!(text.lines().count() - fences <= lines, "more than {lines} lines:\n{text}");
    assert!(message.blocks.len() <= blocks, "more than {blocks} blocks:\n{text}");
    let made = buttons_of(message);
    assert!(made.len() <= buttons, "more than {buttons} buttons:\n{text}");
    assert!(made.iter().all(|button| button.label.chars().count() <= 14), "a label wraps:\n{text}");
    let length = message.summary.chars().count();
    assert!((1..=110).contains(&length), "a lock screen cuts: {}", message.summary);
    assert!(!message.summary.contains('\n'));
    words_fit(&every_text(message));
    format!("{}\n----\n{text}", message.summary)
}

fn buttons_of(message: &Message) -> Vec<&Button> {
    let rows = message.blocks.iter().filter_map(|block| match block {
        Block::Actions(buttons) => Some(buttons),
        Block::Section(_) | Block::Context(_) | Block::Steps { .. } => None,
    });
    rows.flatten().collect()
}

/// What we say ourselves: everything but literals, which may repeat what people and servers said.
fn every_text(message: &Message) -> Vec<String> {
    let mut texts = vec![message.summary.clone()];
    for block in &message.blocks {
        match block {
            Block::Section(text) | Block::Context(text) => texts.extend(own_words(text)),
            Block::Actions(buttons) => {
                for button in buttons {
                    texts.push(button.label.clone());
                    if let Some(confirm) = &button.confirm {
                        assert!(confirm.title.chars().count() <= 100 && confirm.text.chars().count() <= 300);
                        assert!(confirm.yes.chars().count() <= 30 && confirm.no.chars().count() <= 30);
                        texts.extend([&confirm.title, &confirm.text, &confirm.yes, &confirm.no].map(Clone::clone));
                    }
                }
            }
            Block::Steps { title, steps } => {
                texts.push(title.clone());
                texts.extend(steps.iter().map(|step| step.word.clone()));
            }
        }
    }
    texts
}

fn own_words(text: &Rich) -> Vec<String> {
    let said = text.iter().filter_map(|piece| match piece {
        Piece::Text(text) | Piece::Bold(text) => Some(text.clone()),
        Piece::Link { label, .. } => Some(label.clone()),
        Piece::Code(_) | Piece::Preformatted(_) | Piece::Person(_) | Piece::Group(_) | Piece::Time(_) => None,
    });
    said.collect()
}

fn words_fit(texts: &[String]) {
    const UNFIT: [&str; 9] = ["error", "invalid", "oops", "please", "successfully", "job", "task", "host", "node"];
    for text in texts {
        assert!(!text.contains('!'), "an exclamation mark in: {text}");
        assert!(!text.contains(" ago"), "not a clock time in: {text}");
        for word in text.to_lowercase().split(|letter: char| !letter.is_alphabetic()) {
            let singular = word.strip_suffix('s').unwrap_or(word);
            assert!(!UNFIT.contains(&word) && !UNFIT.contains(&singular), "{word} in: {text}");
        }
    }
}

fn at(hour: i64, minute: i64) -> Timestamp {
    const MIDNIGHT_S: i64 = 1_764_460_800;
    Timestamp::from_millis((MIDNIGHT_S + hour * 3600 + minute * 60) * 1000)
}

fn person(user: &str) -> PersonId {
    PersonId::new("T0WRASSE", user)
}

fn id() -> RequestId {
    RequestId::parse("req-2mq9").unwrap()
}

fn other_id() -> RequestId {
    RequestId::parse("req-2mk4").unwrap()
}

fn name(number: u32) -> ServerName {
    ServerName::new(format!("edge-lax-{number:03}"))
}

/// The commands that ship with the program.
fn command(verb: &str) -> Arc<CommandSpec> {
    let files = [
        ("announce.yaml", include_str!("../../../commands/announce.yaml")),
        ("drain.yaml", include_str!("../../../commands/drain.yaml")),
        ("reboot.yaml", include_str!("../../../commands/reboot.yaml")),
        ("undrain.yaml", include_str!("../../../commands/undrain.yaml")),
    ];
    let files = files.map(|(name, text)| (name.to_owned(), text.to_owned()));
    let catalog = crate::catalog::load(&files).unwrap();
    Arc::clone(catalog.command(&CommandName::new(verb)).unwrap())
}

/// What ana asked for, step by step; every step is an event of the real machine.
struct Story {
    events: Vec<RequestEvent>,
    runs: Vec<Run>,
    impacts: Vec<PoolImpact>,
    now: Timestamp,
}

/// The plan's hash covers the definition, which may be edited; the story's plan is always 9f3a in snapshots.
fn stable(text: &str, request: &Request) -> String {
    text.replace(&format!("plan {}", request.plan.hash().short()), "plan 9f3a")
}

impl Story {
    /// ana asks for 20 of the 40 servers of edge-lax; the card is up and one of sre must approve.
    fn asked() -> Self {
        Self::of(&command("reboot"), 20, &[1, 4, 4, 4, 4, 3], "kernel update")
    }

    fn of(spec: &Arc<CommandSpec>, servers: u32, waves: &[u32], because: &str) -> Self {
        let subjects = if servers == 0 { vec![Subject::Nothing] } else { (1..=servers).map(subject).collect() };
        let mut parameters = std::collections::BTreeMap::new();
        for parameter in &spec.parameters {
            let value =
                if parameter.asked_as_because { Some(Value::Text(because.into())) } else { parameter.default.clone() };
            parameters.extend(value.map(|value| (parameter.name.clone(), value)));
        }
        parameters.entry(ParameterName::new("wave")).and_modify(|wave| *wave = Value::Percentage(20));
        let parts = PlanParts {
            request: id(),
            command: spec.name.clone(),
            definition: spec.hash.clone(),
            parameters,
            subjects: subjects.clone(),
            waves: waves.to_vec(),
            soak: Duration::from_secs(300),
            requester: person("U0ANA"),
            channel: ChannelId::new("C0NOC"),
            not_before: None,
            expires_at: at(23, 0),
        };
        let need = (servers > 10).then(|| ApprovalNeed {
            quotas: vec![Quota::of(GroupName::new("sre"), 1)],
            until: at(15, 2),
            within: std::time::Duration::from_secs(3600),
            remind_at: None,
            escalation: None,
        });
        let accepted = Accepted {
            plan: Plan::new(parts).unwrap(),
            spec: Arc::clone(spec),
            origin: Origin {
                person: Actor::recalled(person("U0ANA")),
                channel: ChannelId::new("C0NOC"),
                thread: None,
                reply: ReplyPath::Private { thread: None },
            },
            requester_name: "ana".into(),
            allowed_by: vec!["noc-reboot".into()],
            at: at(14, 2),
            need,
            controls: ControlVerb::ALL.into_iter().map(|verb| (verb, Handle::new(verb.word()))).collect(),
            retry_of: None,
        };
        let mut wave_of =
            waves.iter().enumerate().flat_map(|(wave, size)| vec![u32::try_from(wave).unwrap(); *size as usize]);
        let runs = subjects.into_iter().zip(1..).map(|(subject, number)| {
            let planned = RunEvent::Planned { subject, wave: wave_of.next().unwrap() };
            Run::replay(id().run(number), Epoch(1), &[planned]).unwrap()
        });
        let card = MessageRef { channel: ChannelId::new("C0NOC"), ts: MessageTs::new("1.1") };
        Self {
            events: vec![RequestEvent::Accepted(Box::new(accepted)), RequestEvent::CardPosted { card }],
            runs: runs.collect(),
            impacts: if servers == 0 { Vec::new() } else { vec![impact(pool(40, Vec::new()), 4)] },
            now: at(14, 2),
        }
    }

    fn then(mut self, event: RequestEvent) -> Self {
        self.events.push(event);
        self
    }

    fn now(self, hour: i64, minute: i64) -> Self {
        Self { now: at(hour, minute), ..self }
    }

    fn approved(self) -> Self {
        let plan = self.request().plan.hash().clone();
        self.then(approval("U0BOB", "bob", plan))
    }

    fn started(self) -> Self {
        self.then(RequestEvent::Started { at: at(14, 24) })
    }

    fn blocked(self, blockers: Vec<Blocker>) -> Self {
        self.then(RequestEvent::Blocked { at: at(14, 5), blockers })
    }

    fn cancelled(self, hour: i64, minute: i64) -> Self {
        let (by, name) = (person("U0ANA"), "ana".to_owned());
        self.then(RequestEvent::CancelAsked { by: Actor::recalled(by), name, at: at(hour, minute) }).now(hour, minute)
    }

    fn halted(self, failures: u32) -> Self {
        self.then(RequestEvent::Halted(Halt { at: at(14, 40), cause: HaltCause::Failures(failures) }))
    }

    fn ended(self, outcome: RequestOutcome) -> Self {
        self.then(RequestEvent::Ended { at: at(14, 57), outcome }).now(14, 57)
    }

    /// Moves the runs of those numbers.
    fn runs(mut self, numbers: impl IntoIterator<Item = usize>, events: &[RunEvent]) -> Self {
        for number in numbers {
            let run = events.iter().try_fold(self.runs[number - 1].clone(), |run, event| run.apply(event));
            self.runs[number - 1] = run.unwrap();
        }
        self
    }

    fn request(&self) -> Request {
        Request::replay(&self.events).unwrap()
    }

    /// What a message about the whole request says.
    fn see(&self, budget: Budget, say: impl Fn(RequestView<'_>) -> Message) -> String {
        let request = self.request();
        let view = RequestView { request: &request, runs: &self.runs, impacts: &self.impacts, now: self.now };
        stable(&shown(&say(view), budget), &request)
    }

    /// What a message about one run says.
    fn see_run(&self, number: usize, say: impl Fn(RequestView<'_>, &Run) -> Message) -> String {
        self.see(REPLY, |view| say(view, &self.runs[number - 1]))
    }
}

fn approval(user: &str, name: &str, plan: Fingerprint) -> RequestEvent {
    RequestEvent::Approved(Approval {
        by: Actor::recalled(person(user)),
        name: name.into(),
        at: at(14, 4),
        plan,
        why: String::new(),
        groups: None,
        shown: None,
    })
}

fn subject(number: u32) -> Subject {
    Subject::Server(PlannedServer {
        id: ServerId::new(format!("srv-{number}")),
        name: name(number),
        server_type: ServerType::new("edge-cache"),
        site: SiteName::new("lax"),
        rack: RackName::new(format!("lax-r{:02}", number / 4)),
        pool: Some(PoolName::new("edge-lax")),
    })
}

fn pool(serving: u32, out: Vec<OutServer>) -> PoolCount {
    let pool = PoolName::new("edge-lax");
    let (unknown_since, in_repair) = (None, Vec::new());
    PoolCount {
        pool,
        total: 40,
        serving,
        promised: 0,
        unknown: 0,
        unknown_since,
        floor: 36,
        out,
        in_repair,
        on_standby: Vec::new(),
    }
}

fn impact(now: PoolCount, out_at_once: u32) -> PoolImpact {
    PoolImpact { lowest: now.serving - out_at_once, now, out_at_once }
}

fn out(numbers: impl IntoIterator<Item = u32>, holder: Option<&RequestId>, why: &str) -> Vec<OutServer> {
    let made = numbers.into_iter().map(|number| OutServer {
        name: name(number),
        holder: holder.cloned(),
        why: why.into(),
        said_by: None,
    });
    made.collect()
}

// The journals of runs.

fn admitted() -> RunEvent {
    RunEvent::Admitted(Admission::noted(at(14, 24), ProductionState::Production, true))
}

fn begun(step: usize, way: Option<PowerPath>) -> RunEvent {
    let intent = StepIntent {
        attempt: 1,
        at: at(14, 31),
        way,
        boot_before: way.map(|_| BootId::new("boot-1")),
        not_after: None,
        until: at(14, 46),
    };
    RunEvent::StepBegun { step, intent }
}

fn proved(step: usize, state: ProductionState, note: &str) -> RunEvent {
    RunEvent::StepSucceeded {
        step,
        at: at(14, 33),
        state,
        note: note.into(),
        outputs: std::collections::BTreeMap::new(),
    }
}

fn draining() -> Vec<RunEvent> {
    vec![admitted(), begun(0, None)]
}

fn rebooting() -> Vec<RunEvent> {
    let drained = proved(0, ProductionState::Drained, "out of rotation, 0 connections left");
    let mut events = draining();
    events.extend([drained, proved(1, ProductionState::Drained, "still safe"), begun(2, Some(PowerPath::Ssh))]);
    events
}

fn done() -> Vec<RunEvent> {
    let mut events = rebooting();
    events.extend([
        proved(2, ProductionState::Drained, "its boot id changed"),
        proved(3, ProductionState::Drained, "services, mounts, kernel, clock hold"),
        begun(4, None),
        proved(4, ProductionState::Production, "in rotation, and its health check answers"),
        RunEvent::Ended { at: at(14, 36), outcome: RunOutcome::Done },
    ]);
    events
}

fn failure(step: usize, kind: FailureKind, note: &str) -> RunEvent {
    RunEvent::StepFailed(Failure { step, at: at(14, 46), kind, note: note.into() })
}

fn not_back() -> Vec<RunEvent> {
    let mut events = rebooting();
    let note = "No answer for 15 min; Redfish says power on";
    events.push(failure(2, FailureKind::DidNotComeBack, note));
    events.push(RunEvent::Ended { at: at(14, 46), outcome: RunOutcome::Failed });
    events
}

fn unknown() -> Vec<RunEvent> {
    let mut events = rebooting();
    let why = "the answer to the restart was lost, and it has not answered for 15 min; power on".to_owned();
    events.push(RunEvent::PersonAsked { at: at(14, 46), why });
    events
}

fn over(outcome: RunOutcome) -> Vec<RunEvent> {
    vec![RunEvent::Ended { at: at(14, 50), outcome }]
}
