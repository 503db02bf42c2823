//! When calls may go out, when sockets open and close, and that TLS can be built at all.

use super::super::limits::{Limits, Turn};
use super::super::sockets::{Sockets, Step};
use super::super::web_api::https;
use crate::domain::time::Timestamp;
use std::time::Duration;

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(1_764_511_500_000 + millis)
}

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

#[test]
fn posts_have_a_small_burst_and_then_one_a_second_in_each_channel() {
    let mut limits = Limits::default();
    let mut turns = |channel: &str, now: i64| limits.take("chat.postMessage", channel, at(now));
    for _ in 0..3 {
        assert_eq!(turns("C1", 0), Turn::After(Duration::ZERO));
    }
    assert_eq!(turns("C1", 0), Turn::After(ms(1_000)));
    assert_eq!(turns("C1", 0), Turn::ComeBack(ms(2_000)));
    assert_eq!(turns("C2", 0), Turn::After(Duration::ZERO), "another channel has an allowance of its own");
    assert_eq!(turns("C1", 2_000), Turn::After(Duration::ZERO), "what was refused was not taken");
}

#[test]
fn edits_never_exceed_fifty_in_any_minute_of_the_whole_workspace() {
    let mut limits = Limits::default();
    let mut sent: Vec<i64> = Vec::new();
    for now in (0..240_000).step_by(100) {
        if let Turn::After(wait) = limits.take("chat.update", &format!("C{}", now % 7), at(now)) {
            sent.push(now + i64::try_from(wait.as_millis()).unwrap());
        }
    }
    let most =
        sent.iter().map(|start| sent.iter().filter(|one| (*start..*start + 60_000).contains(*one)).count()).max();
    assert!((40..=50).contains(&most.unwrap()), "{most:?}");
}

#[test]
fn silence_is_kept_by_method_and_channel() {
    let mut limits = Limits::default();
    limits.silence("chat.postMessage", "C1", at(30_000));
    assert_eq!(limits.take("chat.postMessage", "C1", at(0)), Turn::ComeBack(ms(30_000)));
    assert_eq!(limits.take("chat.postMessage", "C2", at(0)), Turn::After(Duration::ZERO));
    assert_eq!(limits.take("chat.postMessage", "C1", at(30_000)), Turn::After(Duration::ZERO));
}

fn two_ready() -> Sockets {
    let mut sockets = Sockets::new(2);
    assert_eq!(sockets.steps(at(0)), [Step::Open(0), Step::Open(1)]);
    assert!(!sockets.is_ready());
    sockets.said_hello(0, at(100));
    sockets.said_hello(1, at(100));
    assert!(sockets.is_ready());
    assert_eq!(sockets.steps(at(200)), []);
    sockets
}

#[test]
fn an_announced_close_makes_before_it_breaks() {
    let mut sockets = two_ready();
    sockets.will_close(0, "warning", at(60_000));
    assert_eq!(sockets.steps(at(60_000)), [Step::Open(2)], "the old one goes on being read");
    assert!(sockets.is_ready());
    sockets.said_hello(2, at(60_500));
    sockets.closed(0, at(70_000));
    sockets.closed(0, at(70_001));
    assert_eq!(sockets.steps(at(70_100)), [Step::Close(0)]);
    assert_eq!(sockets.steps(at(70_200)), []);
}

#[test]
fn an_announced_close_that_never_comes_is_done_by_us() {
    let mut sockets = two_ready();
    sockets.will_close(1, "refresh_requested", at(60_000));
    assert_eq!(sockets.steps(at(60_000)), [Step::Open(2)]);
    sockets.said_hello(2, at(60_500));
    assert_eq!(sockets.steps(at(120_000)), [Step::Close(1)]);
}

#[test]
fn a_socket_that_dies_is_replaced_at_once_and_one_that_dies_young_a_little_later() {
    let mut sockets = two_ready();
    sockets.closed(0, at(60_000));
    assert_eq!(sockets.steps(at(60_000)), [Step::Close(0), Step::Open(2)]);
    sockets.said_hello(2, at(60_100));
    sockets.closed(2, at(60_200));
    assert_eq!(sockets.steps(at(60_300)), [Step::Close(2)]);
    assert_eq!(sockets.steps(at(61_200)), [Step::Open(3)]);
    sockets.closed(3, at(61_300));
    assert_eq!(sockets.steps(at(62_300)), [Step::Close(3)]);
    assert_eq!(sockets.steps(at(63_300)), [Step::Open(4)], "the pause doubles");
}

#[test]
fn a_socket_without_hello_is_replaced() {
    let mut sockets = Sockets::new(1);
    assert_eq!(sockets.steps(at(0)), [Step::Open(0)]);
    assert_eq!(sockets.steps(at(14_999)), []);
    assert_eq!(sockets.steps(at(15_000)), [Step::Close(0), Step::Open(1)]);
    sockets.said_hello(0, at(15_100));
    assert!(!sockets.is_ready(), "the one that was given up does not count");
}

#[test]
fn nothing_is_opened_after_socket_mode_was_switched_off() {
    let mut sockets = two_ready();
    sockets.will_close(0, "link_disabled", at(60_000));
    sockets.closed(0, at(60_100));
    sockets.closed(1, at(60_100));
    assert_eq!(sockets.steps(at(200_000)), [Step::Close(0), Step::Close(1)]);
    assert!(sockets.is_cut_off() && !sockets.is_ready());
}

/// Two TLS providers in one program make the library panic here, at the first call to the real Slack.
#[test]
fn the_production_connector_can_be_built() {
    assert!(https(None).is_ok());
    assert!(https(Some("http://127.0.0.1:1/api")).is_ok());
}
