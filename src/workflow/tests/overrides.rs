//! Which event of an override may follow, and for which runs, for how long and how often it lets pass.

use super::request::{NOW, accepted, card, person};
use crate::domain::identity::Actor;
use crate::domain::identity::GroupName;
use crate::domain::ids::{Fingerprint, RequestId, RunId};
use crate::domain::server::ServerName;
use crate::workflow::breakglass::{
    Override, OverrideAsked, OverrideEnd, OverrideEvent, Passing, SecondCause, Seconded,
};
use crate::workflow::request::{Halt, HaltCause, PolicyName, Request, RequestEvent, RequestOutcome};

fn run(number: u32) -> RunId {
    RequestId::from_tail("2mq9").expect("a tail of the alphabet").run(number)
}

fn queued() -> Request {
    Request::replay(&[accepted(None), card()]).expect("a request with a card")
}

fn asked(second: Option<SecondCause>) -> OverrideAsked {
    let passing = |number| Passing { run: run(number), server: ServerName::new(format!("edge-lax-00{number}")) };
    OverrideAsked {
        policy: PolicyName::Capacity,
        servers: vec![passing(1), passing(2)],
        by: Actor::recalled(person("U0CID")),
        name: "cid".into(),
        at: NOW,
        until: super::after(3600),
        why: "customers are affected".into(),
        groups: vec![GroupName::new("incident-commander")],
        second,
        plan: queued().plan.hash().clone(),
        account: None,
    }
}

fn then(request: &Request, event: OverrideEvent) -> Option<Request> {
    request.clone().apply(&RequestEvent::Override(event)).ok()
}

fn in_force() -> Request {
    then(&queued(), OverrideEvent::Asked(asked(None))).expect("it may be asked")
}

fn used(runs: &[u32], seconds: u64) -> OverrideEvent {
    OverrideEvent::Used { number: 1, at: super::after(seconds), runs: runs.iter().map(|number| run(*number)).collect() }
}

fn second(user: &str, seen: Fingerprint, seconds: u64) -> OverrideEvent {
    let (by, name, at) = (person(user), user.to_owned(), super::after(seconds));
    let second = Seconded { by: Actor::recalled(by), name, at, why: String::new(), seen, shown: String::new() };
    OverrideEvent::Seconded { number: 1, second }
}

fn passes(request: &Request, number: u32, seconds: u64) -> bool {
    request.passes(&run(number), super::after(seconds)).next().is_some()
}

fn only(request: &Request) -> &Override {
    request.overrides.first().expect("one override")
}

#[test]
fn it_is_for_its_servers_each_once_until_its_time_is_over() {
    let request = in_force();
    assert!(passes(&request, 1, 0) && passes(&request, 2, 3599));
    assert!(!passes(&request, 3, 0), "a server that did not wait then");
    assert!(!passes(&request, 1, 3600), "its time is over");
    let request = then(&request, used(&[1], 60)).expect("the first passes");
    assert!(!passes(&request, 1, 61) && passes(&request, 2, 61));
    assert_eq!(request.passed(&run(1), Some(super::after(60))), [PolicyName::Capacity]);
    assert_eq!(request.passed(&run(1), Some(super::after(3600))), [], "put off, and let in anew once it was over");
    assert_eq!(request.passed(&run(1), None), [], "not let in");
    assert_eq!(then(&request, used(&[1], 61)), None, "twice");
    assert_eq!(then(&request, used(&[3], 61)), None, "another server");
    assert_eq!(then(&request, used(&[2], 3600)), None, "too late");
    let request = then(&request, used(&[2], 62)).expect("the second passes");
    assert_eq!(only(&request).ended, Some((super::after(62), OverrideEnd::UsedUp)));
}

#[test]
fn with_a_second_person_it_is_in_force_once_another_agreed_to_the_same() {
    let waiting = asked(Some(SecondCause::InterruptsProduction));
    let hash = waiting.hash();
    let request = then(&queued(), OverrideEvent::Asked(waiting.clone())).expect("it may be asked");
    assert!(!passes(&request, 1, 0) && only(&request).needs_second());
    assert_eq!(then(&request, used(&[1], 1)), None);
    assert_eq!(then(&request, second("U0CID", hash.clone(), 1)), None, "the same person");
    assert_eq!(then(&request, second("U0DEE", hash.clone(), 3600)), None, "too late");
    for other in [
        OverrideAsked { policy: PolicyName::Concurrency, ..waiting.clone() },
        OverrideAsked { why: "another reason".into(), ..waiting.clone() },
        OverrideAsked { servers: waiting.servers[..1].to_vec(), ..waiting.clone() },
        OverrideAsked { by: Actor::recalled(person("U0EVE")), ..waiting.clone() },
        OverrideAsked { until: super::after(60), ..waiting.clone() },
        OverrideAsked { plan: Fingerprint::of(b"another plan"), ..waiting.clone() },
    ] {
        assert_eq!(then(&request, second("U0DEE", other.hash(), 1)), None, "{other:?}");
    }
    let agreed = then(&request, second("U0DEE", hash.clone(), 1)).expect("somebody else agrees");
    assert!(passes(&agreed, 1, 2));
    assert_eq!(then(&agreed, second("U0EVE", hash, 2)), None, "decided");
}

#[test]
fn a_no_ends_it_and_not_from_whoever_asked() {
    let no = |user: &str| {
        let (by, name, at) = (person(user), user.to_owned(), super::after(1));
        OverrideEvent::Refused { number: 1, by: Actor::recalled(by), name, at, why: "no".into() }
    };
    let waiting = OverrideEvent::Asked(asked(Some(SecondCause::Destructive)));
    let request = then(&queued(), waiting).expect("it may be asked");
    assert_eq!(then(&request, no("U0CID")), None);
    let refused = then(&request, no("U0DEE")).expect("a no counts");
    assert!(matches!(only(&refused).ended, Some((_, OverrideEnd::Refused { .. }))));
    assert_eq!(then(&in_force(), no("U0DEE")), None, "nobody was asked");
}

#[test]
fn it_is_asked_once_at_a_time_and_only_of_what_can_start() {
    assert_eq!(then(&in_force(), OverrideEvent::Asked(asked(None))), None);
    let other = OverrideAsked { policy: PolicyName::Concurrency, ..asked(None) };
    assert_eq!(then(&in_force(), OverrideEvent::Asked(other)).map(|request| request.overrides.len()), Some(2));
    let nothing = OverrideAsked { servers: Vec::new(), ..asked(None) };
    assert_eq!(then(&queued(), OverrideEvent::Asked(nothing)), None);
    let other_plan = OverrideAsked { plan: Fingerprint::of(b"another plan"), ..asked(None) };
    assert_eq!(then(&queued(), OverrideEvent::Asked(other_plan)), None);
    let unready = [vec![accepted(None)], vec![accepted(Some(1)), card()]];
    for events in unready {
        let request = Request::replay(&events).expect("a request");
        assert_eq!(then(&request, OverrideEvent::Asked(asked(None))), None, "{:?}", request.stage);
    }
}

#[test]
fn whatever_ends_the_starts_of_a_request_ends_it() {
    let at = super::after(5);
    let cancelled = RequestEvent::CancelAsked { by: Actor::recalled(person("U0ANA")), name: "ana".into(), at };
    let ended = RequestEvent::Ended { at, outcome: RequestOutcome::Expired };
    let begun = in_force().apply(&RequestEvent::Started { at: NOW }).expect("it starts");
    let halted = RequestEvent::Halted(Halt { at, cause: HaltCause::Failures(2) });
    for (request, event) in [(in_force(), cancelled), (in_force(), ended), (begun, halted)] {
        let over = request.apply(&event).expect("it fits");
        assert_eq!(only(&over).ended, Some((at, OverrideEnd::RequestOver)), "{event:?}");
        assert!(!passes(&over, 1, 6));
        assert_eq!(then(&over, used(&[1], 6)), None);
    }
}

#[test]
fn it_expires_when_its_time_is_over_and_not_before() {
    let expired = |seconds| OverrideEvent::Expired { number: 1, at: super::after(seconds) };
    assert_eq!(then(&in_force(), expired(3599)), None);
    let request = then(&in_force(), expired(3600)).expect("its time is over");
    assert_eq!(then(&request, expired(3601)), None, "once");
    assert_eq!(then(&request, OverrideEvent::Asked(asked(None))).map(|request| request.overrides.len()), Some(2));
}
