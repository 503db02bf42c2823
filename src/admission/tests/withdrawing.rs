//! Which requests for servers on standby are taken back: those of which something waits, where it is known to be calm.

use super::explaining::runs;
use super::waves::request_of;
use super::*;
use crate::admission::traffic::{Doubt, Measured, Snapshot, StandbyRules, Withdrawal, withdrawal};
use crate::domain::identity::{Actor, AutomationName, PersonId};
use crate::domain::place::{ChannelId, ChannelName, MessageRef, MessageTs};
use crate::workflow::Admission;
use crate::workflow::request::{Halt, HaltCause, Request, RequestEvent, RequestOutcome};
use crate::workflow::run::{Run, RunEvent, RunOutcome};

const MINUTE: Duration = Duration::from_secs(60);

/// Ten serve and four stand by. That much came until so many minutes ago, and that much since.
fn fleet(units: f64, since: u32, now: f64) -> Fleet {
    let before = vec![(NOW.minus(MINUTE * 119), units), (NOW.minus(MINUTE * (since + 1)), units)];
    let after = (0..since).rev().map(|minutes| (NOW.minus(MINUTE * minutes), now));
    let before = before.into_iter().chain(after).collect();
    let measured = Measured { units: now, seen_at: NOW, before, usual: None, ahead: Vec::new() };
    let mut fleet = Fleet::of(14).all(10..14, |fleet, number| fleet.in_state(number, Standby));
    fleet.traffic = seen(Ok(measured));
    fleet.rules.traffic.standby = Some(StandbyRules {
        automation: AutomationName::new("standby"),
        command: CommandName::new("undrain"),
        channel: ChannelName::new("noc"),
        again_after: MINUTE * 30,
        calm_percent: 50,
        calm_for: MINUTE * 60,
    });
    fleet
}

fn seen(measured: Result<Measured, Doubt>) -> Traffic {
    Traffic::Seen(Snapshot { pools: [(PoolName::new("edge-lax"), measured)].into(), silent: None })
}

fn applied(request: Request, events: &[RequestEvent]) -> Request {
    events.iter().fold(request, |request, event| request.apply(event).expect("it fits"))
}

fn card() -> RequestEvent {
    RequestEvent::CardPosted { card: MessageRef { channel: ChannelId::new("C0"), ts: MessageTs::new("1.0") } }
}

/// A request for those that stand by, the newest of the fleet, and its runs.
fn asked(events: &[RequestEvent]) -> (Request, Vec<Run>) {
    let all = request_of("2mq9", reboot(), NOW.minus(MINUTE * 70), &[14]);
    let runs = runs(&all).split_off(10);
    (applied(all, events), runs)
}

fn then(run: &Run, events: &[RunEvent]) -> Run {
    events.iter().fold(run.clone(), |run, event| run.apply(event).expect("it fits"))
}

fn check(fleet: &Fleet, (request, runs): &(Request, Vec<Run>)) -> Option<Withdrawal> {
    withdrawal(request, runs, fleet.known(&fleet.inventory()))
}

#[test]
fn it_is_taken_back_once_it_has_been_calm_for_long_enough() {
    // What came before, since how many minutes that is over, what comes now.
    let cases = [
        (9.1, 61, 4.2, true),
        (9.1, 59, 4.2, false),
        (9.1, 100, 5.0, false),
        (9.1, 0, 9.1, false),
        (4.0, 61, 4.0, true),
    ];
    for (units, since, now, expected) in cases {
        let found = check(&fleet(units, since, now), &asked(&[card()]));
        assert_eq!(found, expected.then_some(Withdrawal::Whole), "{units} until {since} minutes ago, {now} since");
    }
}

#[test]
fn what_is_not_known_takes_nothing_back() {
    let doubt = Doubt { why: "no answer".into(), since: NOW };
    let calm = fleet(9.1, 61, 4.2);
    let stale = |traffic: &Traffic| {
        let Traffic::Seen(snapshot) = traffic else { panic!("it is seen") };
        let measured = snapshot.pools.values().next().cloned().expect("one pool").expect("it is known");
        seen(Ok(Measured { seen_at: NOW.minus(SECOND * 91), ..measured }))
    };
    let short = || Measured {
        units: 4.2,
        seen_at: NOW,
        before: vec![(NOW.minus(MINUTE * 50), 4.2)],
        usual: None,
        ahead: Vec::new(),
    };
    let unknown = [
        Traffic::NotAsked,
        Traffic::NotConfigured,
        Traffic::Pending,
        Traffic::Silent { why: "no answer in time".into(), since: NOW },
        Traffic::Seen(Snapshot::default()),
        seen(Err(doubt)),
        stale(&calm.traffic),
        seen(Ok(short())),
    ];
    for traffic in unknown {
        assert_eq!(check(&Fleet { traffic: traffic.clone(), ..calm.clone() }, &asked(&[card()])), None, "{traffic:?}");
    }
    let mut gone = calm.clone();
    gone.servers.pop();
    assert_eq!(check(&gone, &asked(&[card()])), None, "a server that is in no inventory any more");
    let mut elsewhere = calm.clone();
    elsewhere.servers[13].pool = Some(PoolName::new("origin-lax"));
    assert_eq!(check(&elsewhere, &asked(&[card()])), None, "a server of another pool, of which nothing is known");
    let mut nobody = calm;
    nobody.rules.traffic.standby = None;
    assert_eq!(check(&nobody, &asked(&[card()])), None, "nobody says what is calm");
}

#[test]
fn only_what_waits_is_taken_back_and_only_once() {
    let calm = fleet(9.1, 61, 4.2);
    let at = NOW.minus(MINUTE);
    let started = || RequestEvent::Started { at };
    let (by, name) = (Actor::recalled(PersonId::new("T0", "U0ANA")), "ana".to_owned());
    let halted = |cause| RequestEvent::Halted(Halt { at, cause });
    let outcome = RequestOutcome::Done;
    let stages: [(&str, Vec<RequestEvent>, Option<Withdrawal>); 7] = [
        ("its card is not up", vec![], Some(Withdrawal::Whole)),
        ("queued", vec![card()], Some(Withdrawal::Whole)),
        ("running", vec![card(), started()], Some(Withdrawal::Rest)),
        ("halted", vec![card(), started(), halted(HaltCause::Failures(1))], None),
        ("taken back", vec![card(), started(), halted(HaltCause::NotNeeded("calm".into()))], None),
        ("cancelled", vec![card(), RequestEvent::CancelAsked { by, name, at }], None),
        ("over", vec![card(), RequestEvent::Ended { at, outcome }], None),
    ];
    for (what, events, expected) in stages {
        assert_eq!(check(&calm, &asked(&events)), expected, "{what}");
    }
    let (request, all) = asked(&[card(), started()]);
    let admitted = RunEvent::Admitted(Admission::noted(at, Standby, true));
    let done = RunEvent::Ended { at, outcome: RunOutcome::Done };
    let mut some = all.clone();
    some[0] = then(&all[0], &[admitted.clone(), done]);
    some[1] = then(&all[1], std::slice::from_ref(&admitted));
    assert_eq!(check(&calm, &(request.clone(), some)), Some(Withdrawal::Rest), "two wait");
    let at_work = all.iter().map(|run| then(run, std::slice::from_ref(&admitted))).collect();
    assert_eq!(check(&calm, &(request, at_work)), None, "nothing waits");
}

/// One that serves by now, whoever put it there, is counted as what would be lost.
#[test]
fn it_is_not_calm_where_what_waits_is_needed() {
    let busy = fleet(6.9, 61, 6.9)
        .all(10..14, |fleet, number| fleet.in_state(number, Production).seen(number, Health::Serving, 0));
    assert_eq!(check(&busy, &asked(&[card()])), None, "49 % of fourteen, and 69 % of the ten");
}
