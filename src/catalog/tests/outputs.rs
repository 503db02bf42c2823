//! What steps tell the steps after them: known names, and only what comes before.

use super::{ANNOUNCE, DRAIN, REBOOT, check, command};
use crate::domain::command::{Output, Sent, StepSpec};

const RETURN: &str = "  - restore-state\n";

/// A last step that sends those.
fn sending(outputs: &str) -> String {
    format!(
        "{RETURN}  - http: {{ method: POST, url: \"https://log.example.com/\", send: [{outputs}], expect: 200, timeout: 20s }}\n"
    )
}

#[test]
fn a_later_step_sends_what_earlier_ones_told_reused_ones_too() {
    let text = REBOOT.replace(RETURN, &sending("reason, drain.connections-left, reboot.took, check.took"));
    let reboot = command(&[("reboot.yaml", &text), ("drain.yaml", DRAIN)], "reboot");
    let Some(StepSpec::Http(http)) = reboot.steps.last() else { panic!("the last step calls") };
    let outputs = [Output::ConnectionsLeft, Output::RebootTook, Output::CheckTook].map(Sent::Output);
    assert_eq!(http.send[1..], outputs);
    assert!(matches!(&http.send[0], Sent::Parameter(name) if name.as_str() == "reason"));
    let other = REBOOT.replace(RETURN, &sending("reason, drain.connections-left, reboot.took"));
    let other = command(&[("reboot.yaml", &other), ("drain.yaml", DRAIN)], "reboot");
    assert_ne!(reboot.hash, other.hash);
}

#[test]
fn what_no_step_before_tells_is_not_sent() {
    check(
        RETURN,
        &sending("drain.conections-left"),
        "reboot.yaml:27:67 `drain.conections-left` is not known here / did you mean `drain.connections-left`?",
    );
    check(
        RETURN,
        &sending("http.status"),
        "reboot.yaml:27:67 `http.status` is told by the step http, and there is none before this one / put `http` before it, or do not send it",
    );
    check(
        "send: [message]",
        "send: [message, drain.connections-left]",
        "announce.yaml:9:82 `drain.connections-left` is told by the step drain, and there is none before this one / put `drain` before it, or do not send it",
    );
    check(
        "send: [message]",
        "send: [mesage]",
        "announce.yaml:9:73 announce has no parameter `mesage` to send / did you mean `message`?",
    );
    let first = "  - http: { method: POST, url: \"https://log.example.com/\", send: [reboot.took], expect: 200, timeout: 20s }\n  - drain\n";
    check(
        "  - drain\n",
        first,
        "reboot.yaml:19:5 a call of a power-cycle command needs a gate before it, which asks again whether it is still safe / add `- gate: [drain-still-holds, capacity]` before it, with `- drain` before that | reboot.yaml:19:67 `reboot.took` is told by the step reboot, and there is none before this one / put `reboot` before it, or do not send it",
    );
}

#[test]
fn a_second_call_may_send_how_the_first_was_answered() {
    let call = ANNOUNCE.lines().find(|line| line.contains("http")).expect("it calls");
    let again = format!("{call}\n{}", call.replace("[message]", "[message, http.status]"));
    let text = ANNOUNCE.replace(call, &again);
    assert_eq!(command(&[("announce.yaml", &text)], "announce").steps.len(), 2);
}
