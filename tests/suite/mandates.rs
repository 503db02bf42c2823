//! Mandates for tests of drivers: each comes out of `decide`, for a run that was let to start, as all of them do.
//!
//! Deliberately absent: a way around. What no run would decide on, no test can hand to a driver.

use crate::storage::values;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use wrasse::domain::command::{CommandSpec, HttpSpec, PowerPath, RebootSpec, Sent, StepSpec};
use wrasse::domain::effect::{Act, BootFacts, BootId, Power, PowerFacts, Seen};
use wrasse::domain::ids::{Epoch, RequestId};
use wrasse::domain::plan::{Plan, PlanParts, PlannedServer, Subject};
use wrasse::domain::server::{PoolName, ProductionState, RackName, ServerId, ServerName, ServerType, SiteName};
use wrasse::domain::time::Timestamp;
use wrasse::mandate::Mandate;
use wrasse::workflow::request::Accepted;
use wrasse::workflow::{
    Admission, Decision, Errand, Input, Orders, Request, RequestEvent, Run, RunEvent, Situation, decide,
};

/// When everything here happens.
const START: Timestamp = Timestamp::from_millis(1_764_511_500_000);
const MINUTE: Duration = Duration::from_secs(60);
/// How long a reboot command may be under way.
const COMMAND_LIFE: Duration = Duration::from_secs(30);

/// The mandate with which a run does that.
pub(crate) fn mandate(act: &Act) -> Mandate {
    let (request, run, input) = story(act);
    let errand = errand(&request, &run, &input, act);
    assert_eq!(errand.act(), act, "the run decides on just that");
    Mandate::of(&errand, &request, &run).expect("it was let to start")
}

/// A run that does that next, and what it sees before.
fn story(act: &Act) -> (Request, Run, Input) {
    let reboot =
        |via| StepSpec::Reboot(RebootSpec { via, otherwise: None, timeout: MINUTE.into(), grace: MINUTE.into() });
    match act {
        Act::Drain(server) => {
            let step = StepSpec::Drain { timeout: MINUTE.into(), connections_max: 0.into() };
            begun(on(server), vec![step], Input::Nothing)
        }
        Act::Undrain(server) => begun(on(server), vec![StepSpec::Undrain { timeout: MINUTE.into() }], Input::Nothing),
        Act::RebootOverSsh { server, not_after } => {
            let server_clock = not_after.minus(COMMAND_LIFE);
            let facts = BootFacts { boot_id: BootId::new("boot-1"), booted_at: START, server_clock };
            begun(on(server), vec![reboot(PowerPath::Ssh)], Input::Seen(Seen::Boot(facts)))
        }
        Act::RestartOverRedfish(server) => {
            let facts = PowerFacts { power: Power::On, last_reset: None };
            begun(on(server), vec![reboot(PowerPath::Redfish)], Input::Seen(Seen::Power(facts)))
        }
        Act::Http { method, url, send, expect, key, call } => {
            let call_of = HttpSpec {
                method: *method,
                url: url.clone(),
                send: send.keys().cloned().map(Sent::Parameter).collect(),
                expect: *expect,
                timeout: MINUTE.into(),
            };
            assert_eq!(*key, request_id().run(1), "there is one run here");
            begun(Subject::Nothing, vec![StepSpec::Http(call_of); *call], Input::Nothing)
        }
    }
}

fn request_id() -> RequestId {
    values::request_id("2mq9")
}

fn on(server: &ServerName) -> Subject {
    Subject::Server(PlannedServer {
        id: ServerId::new("s1"),
        name: server.clone(),
        server_type: ServerType::new("edge-cache"),
        site: SiteName::new("lax"),
        rack: RackName::new("lax-r01"),
        pool: Some(PoolName::new("edge-lax")),
    })
}

/// A run on that subject which was let to start, before the last of these steps.
fn begun(subject: Subject, steps: Vec<StepSpec>, input: Input) -> (Request, Run, Input) {
    let id = request_id();
    let RequestEvent::Accepted(accepted) = values::accepted(&id) else { panic!("a request begins so") };
    let parts = PlanParts { subjects: vec![subject.clone()], ..accepted.plan.parts().clone() };
    let before = steps.len() - 1;
    let spec = Arc::new(CommandSpec { steps, ..accepted.spec.as_ref().clone() });
    let accepted = Accepted { plan: Plan::new(parts).unwrap(), spec, ..*accepted };
    let request = Request::replay(&[RequestEvent::Accepted(Box::new(accepted))]).unwrap();
    let state = ProductionState::Production;
    let admitted = RunEvent::Admitted(Admission::noted(START, state, true));
    let mut journal = vec![RunEvent::Planned { subject, wave: 0 }, admitted];
    journal.extend((0..before).map(|step| RunEvent::StepSucceeded {
        step,
        at: START,
        state,
        note: "done".to_owned(),
        outputs: BTreeMap::new(),
    }));
    (request, Run::replay(id.run(1), Epoch(1), &journal).unwrap(), input)
}

fn errand(request: &Request, run: &Run, input: &Input, act: &Act) -> Errand {
    let parameters = if let Act::Http { send, .. } = act { send.clone() } else { BTreeMap::new() };
    let (steps, impact, orders) = (&request.steps, request.spec.impact, Orders::GoOn);
    let situation = Situation { steps, impact, run, input, orders, parameters: &parameters, now: START };
    let Decision::Commit(commit) = decide(situation) else { panic!("something is committed") };
    commit.then.expect("something is begun")
}
