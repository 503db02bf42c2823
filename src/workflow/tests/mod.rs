//! Runs and requests through their front doors: what is decided after a journal, and what may follow what.
//!
//! Deliberately absent: stores, drivers and real time. `world` holds a small model of them for the properties.

mod gate;
mod halting;
mod outputs;
mod overrides;
mod request;
mod restart;
mod steps;
mod world;

use super::{Admission, Decision, Errand, Input, Orders, Run, RunEvent, Situation, decide};
use crate::domain::command::{
    CommandName, CommandSpec, GateCheck, HostCheck, HttpMethod, HttpSpec, Impact, PowerPath, Priority, RebootSpec,
    Sent, StepSpec, Targets, WaveRule, WaveSize,
};
use crate::domain::effect::{Act, BalancerLine, BalancerStanding, Begun, BootFacts, BootId, Probe, Seen};
use crate::domain::identity::{Actor, GroupName, PersonId};
use crate::domain::ids::{Epoch, Fingerprint, RequestId, RunId};
use crate::domain::intent::{ParameterName, Value};
use crate::domain::plan::{PlannedServer, Subject};
use crate::domain::server::{PoolName, ProductionState, RackName, ServerId, ServerName, ServerType, SiteName};
use crate::domain::time::Timestamp;
use crate::workflow::run::{Answer, Failure, FailureKind, RunOutcome, RunStage, StepIntent};
use std::collections::BTreeMap;
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(86_400);

/// Our clock when the story begins.
const START: Timestamp = Timestamp::from_millis(1_764_511_500_000);

fn after(seconds: u64) -> Timestamp {
    START.plus(Duration::from_secs(seconds))
}

fn admitted(found: ProductionState) -> RunEvent {
    RunEvent::Admitted(Admission::noted(START, found, true))
}

fn run_id() -> RunId {
    RequestId::from_tail("2mq9").expect("a tail of the alphabet").run(1)
}

fn name() -> ServerName {
    ServerName::new("edge-lax-001")
}

fn server(pool: Option<&str>) -> PlannedServer {
    PlannedServer {
        id: ServerId::new("s1"),
        name: name(),
        server_type: ServerType::new("edge-cache"),
        site: SiteName::new("lax"),
        rack: RackName::new("lax-r01"),
        pool: pool.map(PoolName::new),
    }
}

fn command(steps: Vec<StepSpec>) -> CommandSpec {
    CommandSpec {
        name: CommandName::new("reboot"),
        summary: String::new(),
        impact: Impact::PowerCycle,
        owner: GroupName::new("sre"),
        targets: Targets::Servers {
            types: vec![ServerType::new("edge-cache")],
            from: vec![ProductionState::Production, ProductionState::Standby, ProductionState::Drained],
            max: 500,
        },
        parameters: Vec::new(),
        waves: WaveRule { canary: 1, then: WaveSize::Percent(20), soak: MINUTE, stop_when_failures_exceed: 1 },
        site_concurrency: Some(4),
        priority: Priority::default(),
        remediates: false,
        approvals: None,
        steps,
        examples: Vec::new(),
        hash: Fingerprint::of(b"reboot"),
    }
}

fn drain_step() -> StepSpec {
    StepSpec::Drain { timeout: (10 * MINUTE).into(), connections_max: 5.into() }
}

fn gate_step() -> StepSpec {
    StepSpec::Gate(vec![GateCheck::DrainStillHolds, GateCheck::Capacity])
}

fn reboot_step(via: PowerPath, otherwise: Option<PowerPath>) -> StepSpec {
    StepSpec::Reboot(RebootSpec {
        via,
        otherwise,
        timeout: (15 * MINUTE).into(),
        grace: Duration::from_secs(90).into(),
    })
}

fn check_step() -> StepSpec {
    StepSpec::Check { checks: vec![HostCheck::Services, HostCheck::Kernel], timeout: (2 * MINUTE).into() }
}

fn http_step() -> StepSpec {
    StepSpec::Http(HttpSpec {
        method: HttpMethod::Post,
        url: "https://status.example.com/api".into(),
        send: vec![Sent::Parameter(ParameterName::new("message"))],
        expect: 201,
        timeout: Duration::from_secs(20).into(),
    })
}

fn restore_step() -> StepSpec {
    StepSpec::RestoreState { timeout: (5 * MINUTE).into() }
}

/// drain, gate, reboot over SSH or else Redfish, check, return.
fn reboot_command() -> CommandSpec {
    reboot_by(PowerPath::Ssh, Some(PowerPath::Redfish))
}

fn reboot_by(via: PowerPath, otherwise: Option<PowerPath>) -> CommandSpec {
    command(vec![drain_step(), gate_step(), reboot_step(via, otherwise), check_step(), restore_step()])
}

/// The places of the steps in [`reboot_command`].
const DRAIN: usize = 0;
const GATE: usize = 1;
const REBOOT: usize = 2;
const CHECK: usize = 3;
const RESTORE: usize = 4;

/// A run with its journal, ready to decide.
#[derive(Clone)]
struct Story {
    spec: CommandSpec,
    /// The values of its plan.
    values: BTreeMap<ParameterName, Value>,
    journal: Vec<RunEvent>,
    orders: Orders,
    now: Timestamp,
}

impl Story {
    fn new(spec: CommandSpec, subject: Subject) -> Self {
        let values = BTreeMap::new();
        Self { spec, values, journal: vec![RunEvent::Planned { subject, wave: 0 }], orders: Orders::GoOn, now: START }
    }

    fn pooled(spec: CommandSpec) -> Self {
        Self::new(spec, Subject::Server(server(Some("edge-lax"))))
    }

    /// Admitted, with the steps before `step` done.
    fn at_step(spec: CommandSpec, found: ProductionState, step: usize) -> Self {
        let mut story = Self::pooled(spec).with(admitted(found));
        let mut state = found;
        for done in 0..step {
            if matches!(story.spec.steps[done], StepSpec::Drain { .. }) {
                state = ProductionState::Drained;
            }
            story = story.with(proved(done, START, state));
        }
        story
    }

    fn with(mut self, event: RunEvent) -> Self {
        self.journal.push(event);
        self
    }

    fn begun(self, step: usize, intent: StepIntent) -> Self {
        self.with(RunEvent::StepBegun { step, intent })
    }

    fn answered(self, answer: Begun) -> Self {
        self.with(RunEvent::ActAnswered { answer })
    }

    fn at(mut self, now: Timestamp) -> Self {
        self.now = now;
        self
    }

    fn stopped(mut self) -> Self {
        self.orders = Orders::Stop;
        self
    }

    fn run(&self) -> Run {
        Run::replay(run_id(), Epoch(1), &self.journal).expect("the journal of a story is legal")
    }

    /// The one way in. What is committed must apply, and a replayed journal must decide the same.
    fn check(&self, input: &Input) -> Decision {
        let decision = self.decide(&self.run(), input);
        assert_eq!(decision, self.decide(&self.run(), input), "a replayed journal decides the same");
        if let Decision::Commit(commit) = &decision {
            let run = commit.events.iter().try_fold(self.run(), |run, event| run.apply(event));
            run.expect("every event that is decided applies");
        }
        decision
    }

    fn decide(&self, run: &Run, input: &Input) -> Decision {
        let parameters = BTreeMap::from([(ParameterName::new("message"), "all is well".to_owned())]);
        let steps = self.spec.steps_for(&self.values).expect("the values of a story are whole");
        let (impact, orders, now) = (self.spec.impact, self.orders, self.now);
        decide(Situation { steps: &steps, impact, run, input, orders, parameters: &parameters, now })
    }

    /// Decides, and takes in what is committed. Gives what is begun afterwards.
    fn commits(&mut self, input: &Input) -> Option<Act> {
        let decision = self.check(input);
        let Decision::Commit(commit) = decision else { panic!("something is committed, not {decision:?}") };
        self.journal.extend(commit.events);
        commit.then.map(|errand| errand.act().clone())
    }

    /// How the run ends by what is committed now.
    fn ends(&self, input: &Input) -> (Option<FailureKind>, Option<RunOutcome>) {
        let mut story = self.clone();
        story.commits(input);
        let run = story.run();
        let returning = match &run.stage {
            RunStage::Returning { outcome, .. } => Some(*outcome),
            RunStage::Waiting
            | RunStage::Ready { .. }
            | RunStage::Acting { .. }
            | RunStage::NeedsPerson { .. }
            | RunStage::Ended { .. } => None,
        };
        let outcome = returning.or(run.outcome());
        (run.failure.map(|Failure { kind, .. }| kind), outcome)
    }

    fn asks_a_person(&self, input: &Input) -> bool {
        matches!(self.check(input), Decision::Commit(commit)
            if matches!(commit.events.as_slice(), [RunEvent::PersonAsked { .. }]) && commit.then.is_none())
    }
}

fn restart_intent(way: PowerPath, boot_before: Option<&str>) -> StepIntent {
    StepIntent {
        attempt: 1,
        at: START,
        way: Some(way),
        boot_before: boot_before.map(BootId::new),
        not_after: (way == PowerPath::Ssh).then(|| after(30)),
        until: START.plus(15 * MINUTE),
    }
}

fn plain_intent(timeout: Duration) -> StepIntent {
    StepIntent { attempt: 1, at: START, way: None, boot_before: None, not_after: None, until: START.plus(timeout) }
}

fn boot(id: &str, booted_at: Timestamp, server_clock: Timestamp) -> Input {
    Input::Seen(Seen::Boot(BootFacts { boot_id: BootId::new(id), booted_at, server_clock }))
}

fn balancer(standing: BalancerStanding, connections: u64) -> Input {
    Input::Seen(Seen::Balancer(BalancerLine { standing, connections }))
}

fn no_answer() -> Input {
    Input::Seen(Seen::NoAnswer("the SSH port is closed".into()))
}

fn looks_at_boot() -> Decision {
    Decision::Observe(Probe::Boot(name()))
}

/// Whether it is safe, for a run that takes a place of its server's pool or none.
fn asks(takes: bool) -> Decision {
    Decision::AskSafety { takes }
}

fn looks_at_balancer() -> Decision {
    Decision::Observe(Probe::Balancer(name()))
}

fn is_restart(act: &Act) -> bool {
    matches!(act, Act::RebootOverSsh { .. } | Act::RestartOverRedfish(_))
}

/// Whether a restart is begun by this decision.
fn restarts(decision: &Decision) -> bool {
    match decision {
        Decision::Begin(errand) => is_restart(errand.act()),
        Decision::Commit(commit) => commit.then.as_ref().map(Errand::act).is_some_and(is_restart),
        Decision::Observe(_) | Decision::AskSafety { .. } | Decision::Wait(_) | Decision::Settled => false,
    }
}

/// A step that succeeded and told nothing.
fn proved(step: usize, at: Timestamp, state: ProductionState) -> RunEvent {
    RunEvent::StepSucceeded { step, at, state, note: "as the story has it".into(), outputs: BTreeMap::new() }
}

fn person_said(answer: Answer, at: Timestamp) -> RunEvent {
    let until = at.plus(Duration::from_secs(30));
    RunEvent::PersonAnswered {
        by: Actor::recalled(PersonId::new("T0", "U0BOB")),
        name: "bob".into(),
        at,
        answer,
        until,
    }
}
