//! What a step tells the steps after it: measured, kept in the journal, and sent.

use super::*;
use crate::domain::command::Output;

const PRODUCTION: ProductionState = ProductionState::Production;

fn report(outputs: &[Output]) -> StepSpec {
    StepSpec::Http(HttpSpec {
        method: HttpMethod::Post,
        url: "https://log.example.com/".into(),
        send: outputs.iter().copied().map(Sent::Output).collect(),
        expect: 200,
        timeout: Duration::from_secs(20).into(),
    })
}

/// drain, gate, reboot, check, and a call that sends what all of them told.
fn reported() -> CommandSpec {
    let outputs = [Output::ConnectionsLeft, Output::RebootTook, Output::CheckTook, Output::HttpStatus];
    let reboot = reboot_step(PowerPath::Ssh, None);
    command(vec![http_step(), drain_step(), gate_step(), reboot, check_step(), report(&outputs), restore_step()])
}

fn sent(act: Option<Act>) -> Vec<String> {
    let Some(Act::Http { send, .. }) = act else { panic!("a call, not {act:?}") };
    send.iter().map(|(name, text)| format!("{name}={text}")).collect()
}

#[test]
fn a_run_sends_what_its_steps_told() {
    let mut story = Story::pooled(reported()).with(admitted(PRODUCTION));
    story.commits(&Input::Nothing);
    let mut story = story.answered(Begun::Sent);
    story.commits(&Input::Nothing);
    story.commits(&Input::Nothing);
    let mut story = story.at(after(10));
    story.commits(&balancer(BalancerStanding::Drained, 3));
    story.commits(&Input::Safe);
    story.commits(&boot("old", START.minus(HOUR), after(10)));
    let mut story = story.answered(Begun::Sent).at(after(102));
    story.commits(&boot("new", after(60), after(102)));
    story.commits(&Input::Seen(Seen::Checks(vec![(HostCheck::Kernel, "old".into())])));
    let mut story = story.at(after(107));
    story.commits(&Input::Seen(Seen::Checks(Vec::new())));
    let act = story.commits(&Input::Nothing);
    assert_eq!(act, story.clone().call_again(), "after a crash it is the same call");
    assert_eq!(sent(act), ["check.took=5s", "drain.connections-left=3", "http.status=201", "reboot.took=1m32s"]);
}

impl Story {
    /// What is begun when the journal is all that is left.
    fn call_again(self) -> Option<Act> {
        if let Decision::Begin(errand) = self.check(&Input::Nothing) { Some(errand.act().clone()) } else { None }
    }
}

/// A server behind no load balancer has none left, and checks that hold at once took no time.
#[test]
fn what_needs_no_waiting_is_told_too() {
    let spec = command(vec![drain_step(), check_step(), report(&[Output::ConnectionsLeft, Output::CheckTook])]);
    let mut story = Story::new(spec, Subject::Server(server(None)));
    story = story.with(admitted(PRODUCTION));
    story.commits(&Input::Nothing);
    story.commits(&Input::Seen(Seen::Checks(Vec::new())));
    assert_eq!(sent(story.commits(&Input::Nothing)), ["check.took=0s", "drain.connections-left=0"]);
}

/// A journal from before there were outputs, or a person who said that it happened.
#[test]
fn what_nobody_measured_is_left_out() {
    let spec = command(vec![drain_step(), check_step(), report(&[Output::ConnectionsLeft, Output::CheckTook])]);
    let mut story = Story::at_step(spec, PRODUCTION, 2);
    assert_eq!(sent(story.commits(&Input::Nothing)), Vec::<String>::new());
}

/// Of two steps of the same kind the later one counts, even where it told nothing.
#[test]
fn the_last_step_before_is_the_one_that_tells() {
    let told = |step, seconds: Option<u64>| RunEvent::StepSucceeded {
        step,
        at: START,
        state: PRODUCTION,
        note: String::new(),
        outputs: seconds
            .map(|took| (Output::CheckTook, Value::Duration(Duration::from_secs(took))))
            .into_iter()
            .collect(),
    };
    let spec = command(vec![check_step(), check_step(), report(&[Output::CheckTook]), check_step()]);
    for (second, expected) in [(Some(7), vec!["check.took=7s"]), (None, Vec::new())] {
        let story = Story::pooled(spec.clone()).with(admitted(PRODUCTION));
        let mut story = story.with(told(0, Some(5))).with(told(1, second));
        assert_eq!(sent(story.commits(&Input::Nothing)), expected);
    }
}
