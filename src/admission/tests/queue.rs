//! The queue: who is looked at first, who goes ahead, and who must not.

use super::waves::request_of;
use super::*;
use crate::domain::command::Priority;
use crate::domain::place::{ChannelId, MessageRef, MessageTs};
use crate::domain::server::{PoolName, SiteName};
use crate::workflow::request::{Contended, LimitScope, Request, RequestEvent};

const MINUTE: Duration = Duration::from_secs(60);

fn minutes_ago(minutes: u32) -> Timestamp {
    Timestamp::from_millis(NOW.millis() - i64::from(minutes) * 60_000)
}

/// A request that is queued since then, of one server.
fn queued(id: &str, priority: Priority, minutes: u32) -> Request {
    let request = request_of(id, CommandSpec { priority, ..reboot() }, minutes_ago(minutes), &[1]);
    let card = MessageRef { channel: ChannelId::new("C0"), ts: MessageTs::new("1.0") };
    request.apply(&RequestEvent::CardPosted { card }).expect("its card comes up once")
}

fn told(request: Request, minutes: u32, blockers: Vec<Blocker>) -> Request {
    request.apply(&RequestEvent::Blocked { at: minutes_ago(minutes), blockers }).expect("it is queued")
}

fn order(requests: &[(&str, Priority, u32)]) -> Vec<String> {
    let open = requests.iter().map(|(id, priority, minutes)| queued(id, *priority, *minutes)).collect::<Vec<_>>();
    let order = in_order(&open, QueueRules::default(), NOW);
    order.iter().map(|request| request.id().to_string().replace("req-", "")).collect()
}

#[test]
fn the_more_urgent_is_first_and_then_whoever_waits_longest() {
    use Priority::{Bulk, Planned, Safety, Security};
    let all =
        [("2222", Bulk, 9), ("2223", Planned, 5), ("2224", Planned, 7), ("2225", Safety, 1), ("2226", Security, 2)];
    assert_eq!(order(&all), ["2225", "2226", "2224", "2223", "2222"]);
    // Waiting for an hour makes one step more urgent, and never as urgent as safety.
    assert_eq!(order(&[("2222", Bulk, 59), ("2223", Planned, 5)]), ["2223", "2222"]);
    assert_eq!(order(&[("2222", Bulk, 60), ("2223", Planned, 5)]), ["2222", "2223"]);
    assert_eq!(order(&[("2222", Planned, 60), ("2223", Security, 5)]), ["2222", "2223"]);
    assert_eq!(order(&[("2222", Bulk, 600), ("2223", Safety, 0)]), ["2223", "2222"]);
    // Of one moment it is the order in which they were accepted.
    assert_eq!(order(&[("2223", Planned, 5), ("2222", Planned, 5)]), ["2223", "2222"]);
}

fn at_floor() -> Blocker {
    Blocker::Capacity {
        scope: CapacityScope::Pool(PoolName::new("edge-lax")),
        serving: 9,
        total: 10,
        floor: 9,
        out: Arc::default(),
    }
}

fn full(scope: LimitScope) -> Blocker {
    Blocker::Concurrency { scope, active: 2, limit: 2, holders: Vec::new() }
}

#[test]
fn whoever_waited_too_long_takes_precedence_over_all_it_waited_for() {
    let starving = queued("2222", Priority::Bulk, 121);
    let starving = told(starving, 100, vec![at_floor()]);
    let starving = told(starving, 30, vec![full(LimitScope::Rack(RackName::new("r01")))]);
    let young = told(queued("2223", Priority::Planned, 119), 110, vec![at_floor()]);
    let found = precedences(&[young, starving.clone()], QueueRules::default(), NOW);
    let over = [
        Contended::Floor(CapacityScope::Pool(PoolName::new("edge-lax"))),
        Contended::Limit(LimitScope::Rack(RackName::new("r01"))),
    ];
    let command = CommandName::new("reboot");
    let (request, sites) = (starving.id().clone(), [SiteName::new("lax")].into());
    let expected = Precedence { request, command, sites, since: minutes_ago(121), over: over.into() };
    assert_eq!(found, [expected]);

    // Once something of it starts it has not waited; what people or missing data hold up gains nothing by going first.
    let none = |request: Request| precedences(&[request], QueueRules::default(), NOW).is_empty();
    assert!(none(starving.clone().apply(&RequestEvent::Started { at: minutes_ago(1) }).expect("it is queued")));
    assert!(none(starving.clone().apply(&RequestEvent::Unblocked { at: minutes_ago(1) }).expect("it is queued")));
    assert!(none(told(starving.clone(), 1, vec![at_floor(), Blocker::NoDirectory])));
    let held = Blocker::Held { servers: Vec::new(), by: "bob".into(), since: minutes_ago(1), why: "wait".into() };
    assert!(none(told(starving, 1, vec![held])));
}

/// What a fleet of ten says of server 1 while another has waited for that.
fn said(change: impl FnOnce(Fleet) -> Fleet, own: &str, over: Contended) -> Vec<&'static str> {
    let fleet = change(Fleet::of(10));
    let inventory = fleet.inventory();
    let request = run_of("2222", 1).request;
    let command = CommandName::new("reboot");
    let sites = [SiteName::new("lax")].into();
    let before = [Precedence { request, command, sites, since: minutes_ago(121), over: [over].into() }];
    let (run, server) = (run_of(own, 1), planned(&fleet.servers[1]));
    let candidate = Candidate {
        run: &run,
        server: &server,
        spec: &fleet.spec,
        version: None,
        asked_by: Asker::Person,
        passes: PolicySet::NONE,
    };
    match evaluate(candidate, fleet.known(&inventory).after(&before)) {
        Verdict::Allow(_) => vec!["allow"],
        Verdict::Deny(_) => vec!["deny"],
        Verdict::Wait(blockers) => blockers.iter().map(word).collect(),
    }
}

#[test]
fn nothing_later_takes_what_it_waits_for() {
    let pool = || Contended::Floor(CapacityScope::Pool(PoolName::new("edge-lax")));
    let same = |fleet: Fleet| fleet;
    assert_eq!(said(same, "2223", pool()), ["behind"]);
    assert_eq!(said(same, "2222", pool()), ["allow"], "itself");
    assert_eq!(
        said(same, "2223", Contended::Floor(CapacityScope::Pool(PoolName::new("origin-lax")))),
        ["allow"],
        "another pool"
    );
    assert_eq!(said(same, "2223", Contended::Server(server(1).name)), ["behind"]);
    assert_eq!(said(same, "2223", Contended::Server(server(2).name)), ["allow"]);
    let site = |name: &str| Contended::Limit(LimitScope::Site(SiteName::new(name)));
    assert_eq!((said(same, "2223", site("lax")), said(same, "2223", site("riga"))), (vec!["behind"], vec!["allow"]));
    assert_eq!(said(same, "2223", Contended::Limit(LimitScope::Fleet)), ["behind"]);
    let rack = || Contended::Limit(LimitScope::Rack(server(1).rack));
    let elsewhere = |mut fleet: Fleet| {
        fleet.servers[1].site = SiteName::new("riga");
        fleet
    };
    assert_eq!((said(same, "2223", rack()), said(elsewhere, "2223", rack())), (vec!["behind"], vec!["allow"]));
    // The cure, safety, and what only looks or gives back are never behind.
    assert_eq!(said(|fleet| fleet.seen(1, Health::Failing, 1), "2223", pool()), ["allow"], "it takes no capacity");
    let urgent = |fleet: Fleet| Fleet { spec: CommandSpec { priority: Priority::Safety, ..reboot() }, ..fleet };
    assert_eq!(said(urgent, "2223", pool()), ["allow"]);
    let gives_back = |fleet: Fleet| {
        let steps = vec![StepSpec::Undrain { timeout: MINUTE.into() }];
        Fleet { spec: CommandSpec { steps, impact: Impact::Config, ..reboot() }, ..fleet }.in_state(1, Drained)
    };
    assert_eq!(said(gives_back, "2223", Contended::Limit(LimitScope::Fleet)), ["allow"]);
}

/// Who began later, and works where it wants to; while it waits only.
#[test]
fn who_went_ahead_is_told() {
    let waits = queued("2222", Priority::Planned, 60);
    let began = |id: &str, minutes: u32| {
        queued(id, Priority::Planned, minutes + 1).apply(&RequestEvent::Started { at: minutes_ago(minutes) }).unwrap()
    };
    let open = [waits.clone(), began("2223", 20), began("2224", 90)];
    let found = overtakers(&waits, &open, QueueRules::default(), NOW);
    assert_eq!(found, [(open[1].id().clone(), minutes_ago(20))]);
    let runs = waits.apply(&RequestEvent::Started { at: minutes_ago(1) }).unwrap();
    assert_eq!(overtakers(&runs, &open, QueueRules::default(), NOW), []);
}

#[test]
fn the_file_says_how_waiting_counts() {
    let read = |text: &str| admission_rules("admission.yaml", text);
    let rules = read("queue: { ageing: 30m, starve-after: 4h }").unwrap().queue;
    assert_eq!(rules, QueueRules { ageing: 30 * MINUTE, starve_after: 240 * MINUTE });
    let fault = |text: &str| read(text).unwrap_err().what;
    let short = "queue.ageing is `30s`; it takes a duration of at least 1m, such as 1h";
    assert_eq!(fault("queue: { ageing: 30s }"), short);
    let never = "queue.starve-after is `never`; it takes a duration of at least 1m, such as 2h";
    assert_eq!(fault("queue: { starve-after: never }"), never);
    let shipped = read(include_str!("../../../policies/admission.yaml")).unwrap().queue;
    assert_eq!(shipped, QueueRules::default());
}
