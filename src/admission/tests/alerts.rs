//! Which alerts keep a server from being taken out, and what counts as knowing them.

use super::*;
use crate::admission::infrastructure::{SeenAlerts, judged, still_quiet};
use crate::domain::alert::FiringAlert;
use crate::domain::command::StepSpec;
use crate::workflow::request::AlertPlace;
use proptest::prelude::*;

fn alert(labels: &[(&str, &str)]) -> FiringAlert {
    let labels = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    FiringAlert { labels: labels.collect(), since: NOW.minus(SECOND * 60) }
}

/// A critical one with these labels besides.
fn critical(labels: &[(&str, &str)]) -> FiringAlert {
    alert(&[&[("alertname", "FeedDown"), ("severity", "critical")], labels].concat())
}

fn watchdog() -> FiringAlert {
    alert(&[("alertname", "Watchdog")])
}

fn seen(alerts: Vec<FiringAlert>) -> Firing {
    Firing::Seen(SeenAlerts { at: NOW, alerts, silent: None })
}

impl Fleet {
    fn told(mut self, firing: Firing) -> Self {
        self.rules.pool_out_max_percent = 100;
        self.firing = firing;
        self
    }

    fn place_of(&self, number: usize) -> Option<AlertPlace> {
        let Verdict::Wait(blockers) = self.check(number) else { return None };
        blockers
            .into_iter()
            .find_map(|blocker| if let Blocker::Alert { place, .. } = blocker { Some(place) } else { None })
    }

    fn alerts_doubt(&self, number: usize) -> Option<(String, Option<Timestamp>)> {
        let Verdict::Wait(blockers) = self.check(number) else { return None };
        blockers.into_iter().find_map(|blocker| {
            if let Blocker::AlertsUnknown { why, since } = blocker { Some((why, since)) } else { None }
        })
    }
}

fn lax_server(number: usize) -> AlertPlace {
    AlertPlace::Servers(vec![server(number).name])
}

#[test]
fn an_alert_blocks_where_its_narrowest_label_that_is_ours_says() {
    let (site, pool) = (SiteName::new("lax"), PoolName::new("edge-lax"));
    let rack = RackName::new("lax-r01");
    type Labels = [(&'static str, &'static str)];
    let cases: [(&Labels, Option<AlertPlace>); 14] = [
        (&[("site", "lax")], Some(AlertPlace::Site(site.clone()))),
        (&[("pool", "edge-lax")], Some(AlertPlace::Pool(pool.clone()))),
        (&[("site", "lax"), ("pool", "edge-lax")], Some(AlertPlace::Pool(pool))),
        (&[("rack", "lax-r01")], Some(AlertPlace::Rack { site: None, rack: rack.clone() })),
        (&[("rack", "lax-r01"), ("site", "lax")], Some(AlertPlace::Rack { site: Some(site.clone()), rack })),
        (&[("server", "edge-lax-000"), ("site", "lax")], Some(lax_server(0))),
        (&[("instance", "edge-lax-000:9100")], Some(lax_server(0))),
        (&[("instance", "edge-lax-000.example.com:9100")], Some(lax_server(0))),
        // Another server's.
        (&[("instance", "edge-lax-001:9100"), ("site", "lax")], None),
        // What is no server of ours is something of the site.
        (&[("instance", "router-7"), ("site", "lax")], Some(AlertPlace::Site(site.clone()))),
        (&[("pool", "edge-rio"), ("site", "lax")], Some(AlertPlace::Site(site))),
        (&[("site", "rio")], None),
        (&[("site", " ")], None),
        (&[], None),
    ];
    for (labels, place) in cases {
        let fleet = Fleet::of(10).told(seen(vec![critical(labels)]));
        assert_eq!(fleet.place_of(0), place, "{labels:?}");
        assert_eq!(fleet.is_allowed(0), place.is_none(), "{labels:?}");
    }
}

#[test]
fn only_those_that_are_chosen_block() {
    let at_lax = |labels: &[(&str, &str)]| alert(&[&[("alertname", "FeedDown"), ("site", "lax")], labels].concat());
    let fleet = |one: FiringAlert| Fleet::of(10).told(seen(vec![one]));
    assert!(fleet(at_lax(&[("severity", "warning")])).is_allowed(0));
    assert!(fleet(at_lax(&[])).is_allowed(0), "without the label it is not chosen");
    let mut wider = fleet(at_lax(&[("severity", "warning")]));
    let severities = ["warning", "critical"].map(str::to_owned).to_vec();
    wider.rules.infrastructure.alerts.selector.insert("severity".to_owned(), severities);
    assert_eq!(wider.blocks(0), ["alert"]);
    wider.rules.infrastructure.alerts.selector.insert("team".to_owned(), vec!["power".to_owned()]);
    assert!(wider.is_allowed(0), "every label must be so");

    let global = alert(&[("alertname", "DnsDown"), ("scope", "fleet")]);
    let mut fleet = fleet(global);
    assert!(fleet.is_allowed(0), "what names nothing of ours blocks nothing");
    fleet.rules.infrastructure.alerts.everywhere.insert("scope".to_owned(), vec!["fleet".to_owned()]);
    assert_eq!(fleet.place_of(0), Some(AlertPlace::Everywhere));
}

#[test]
fn what_takes_no_capacity_goes_on_whatever_fires() {
    let fleet = Fleet::of(10).told(seen(vec![critical(&[("site", "lax")])]));
    assert_eq!(fleet.blocks(0), ["alert"]);
    assert!(fleet.clone().in_state(0, Drained).is_allowed(0), "what is out takes nothing");
    assert!(fleet.clone().seen(0, Health::Failing, 0).is_allowed(0), "nor what fails");
    let mut back = fleet;
    back.spec.steps = vec![StepSpec::Undrain { timeout: SECOND.into() }];
    assert!(back.is_allowed(0));
    back.firing = Firing::Unknown { why: "no answer".to_owned(), since: NOW };
    assert!(back.is_allowed(0), "nor does what is not known stand in the way of giving back");
}

/// A cure is not kept from a server by what it is to cure, but by what is wrong around it.
#[test]
fn a_cure_ignores_alerts_about_its_own_servers_alone() {
    let own = critical(&[("server", "edge-lax-000")]);
    let mut fleet = Fleet::of(10).told(seen(vec![own.clone()]));
    assert_eq!((fleet.blocks(0), fleet.blocks(1)), (vec!["alert"], vec!["allow"]));
    fleet.spec.remediates = true;
    assert!(fleet.is_allowed(0));
    assert_eq!(fleet.clone().told(seen(vec![own, critical(&[("site", "lax")])])).blocks(0), ["alert"]);
    let unknown = Firing::Unknown { why: "no answer".to_owned(), since: NOW };
    assert_eq!(fleet.told(unknown).blocks(0), ["alerts unknown"]);
}

#[test]
fn what_is_not_known_waits_and_says_why() {
    let since = NOW.minus(SECOND * 500);
    let aged = |seconds: u32, silent: Option<&str>| {
        let at = NOW.minus(SECOND * seconds);
        Firing::Seen(SeenAlerts { at, alerts: Vec::new(), silent: silent.map(str::to_owned) })
    };
    let cases = [
        (Firing::NotConfigured, None),
        (aged(120, Some("gone")), None),
        (Firing::NotAsked, Some(("not looked at yet", None))),
        (Firing::Pending, Some(("not looked at yet", None))),
        (Firing::Unknown { why: "no answer".to_owned(), since }, Some(("no answer", Some(since)))),
        (aged(121, None), Some(("there is no newer answer", Some(NOW.minus(SECOND * 121))))),
        (aged(121, Some("gone")), Some(("gone", Some(NOW.minus(SECOND * 121))))),
    ];
    for (firing, told) in cases {
        let told = told.map(|(why, since)| (why.to_owned(), since));
        assert_eq!(Fleet::of(10).told(firing.clone()).alerts_doubt(0), told, "{firing:?}");
    }
}

#[test]
fn an_answer_counts_only_with_its_watchdog() {
    let (rules, earlier) = (InfrastructureRules::default().alerts, NOW.minus(SECOND * 30));
    let judge = |answer: Result<Vec<FiringAlert>, &str>, before: &Firing| {
        judged(answer.map_err(str::to_owned), NOW, &rules, before)
    };
    let ours = alert(&[("alertname", "WrasseBreakerOpen"), ("severity", "critical"), ("matter", "m"), ("site", "lax")]);
    let down = critical(&[("site", "lax")]);
    assert_eq!(judge(Ok(vec![watchdog(), ours, down.clone()]), &Firing::Pending), seen(vec![down.clone()]));
    assert_eq!(judge(Ok(vec![watchdog()]), &Firing::Pending), seen(Vec::new()), "nothing is wrong");

    let unknown = |why: &str, since| Firing::Unknown { why: why.to_owned(), since };
    let dead = "the watchdog Watchdog does not fire";
    assert_eq!(judge(Ok(Vec::new()), &Firing::Pending), unknown(dead, NOW), "nothing at all proves nothing");
    assert_eq!(judge(Ok(vec![down.clone()]), &seen(Vec::new())), unknown(dead, NOW));
    assert_eq!(judge(Ok(Vec::new()), &unknown("no answer", earlier)), unknown(dead, earlier), "since it began");
    assert_eq!(judge(Err("no answer"), &Firing::Pending), unknown("no answer", NOW));
    assert_eq!(judge(Err("no answer"), &unknown(dead, earlier)), unknown("no answer", earlier));
    let before = SeenAlerts { at: earlier, alerts: vec![down], silent: None };
    let kept = SeenAlerts { silent: Some("no answer".to_owned()), ..before.clone() };
    assert_eq!(
        judge(Err("no answer"), &Firing::Seen(before)),
        Firing::Seen(kept),
        "the last answer counts for a while"
    );
}

#[test]
fn a_run_goes_on_unless_something_is_wrong_that_it_did_not_do() {
    let fleet = Fleet::of(10).locked(0, "2mq9", LockStanding::Working).in_state(0, Drained);
    let quiet = |alerts: Vec<FiringAlert>, remediates: bool, passed: &[PolicyName]| {
        let mut fleet = fleet.clone().told(seen(alerts));
        fleet.spec.remediates = remediates;
        let inventory = fleet.inventory();
        still_quiet((&planned(&fleet.servers[0]), &fleet.spec), fleet.known(&inventory), passed).is_ok()
    };
    let of_before = critical(&[("server", "edge-lax-000")]);
    let since = FiringAlert { since: NOW, ..of_before.clone() };
    let of_site = FiringAlert { since: NOW, ..critical(&[("site", "lax")]) };
    assert!(quiet(Vec::new(), false, &[]));
    assert!(quiet(vec![since], false, &[]), "a server that is taken out may well cause one");
    assert!(!quiet(vec![of_before.clone()], false, &[]));
    assert!(quiet(vec![of_before], true, &[]), "it is the cure");
    assert!(!quiet(vec![of_site.clone()], true, &[]));
    assert!(quiet(vec![of_site], false, &[PolicyName::Infrastructure]), "it has passed that by an override");
    let unknown = fleet.clone().told(Firing::Pending);
    let inventory = unknown.inventory();
    assert!(still_quiet((&planned(&unknown.servers[0]), &unknown.spec), unknown.known(&inventory), &[]).is_err());
}

/// However many servers an alert is about, it is one reason.
#[test]
fn one_alert_about_many_servers_is_told_once() {
    let about = |number: usize| critical(&[("instance", &format!("edge-lax-{number:03}:9100"))]);
    let fleet = Fleet::of(10).told(seen((0..3).map(about).collect()));
    let (inventory, run) = (fleet.inventory(), run_of("2mq9", 1));
    let servers = fleet.servers.iter().take(4).map(planned).collect::<Vec<_>>();
    let candidates = servers.iter().map(|server| Candidate {
        run: &run,
        server,
        spec: &fleet.spec,
        version: None,
        asked_by: Asker::Person,
        passes: PolicySet::NONE,
    });
    let told = reasons_of_servers(&pass(candidates, fleet.known(&inventory)));
    let place = AlertPlace::Servers(servers.iter().take(3).map(|server| server.name.clone()).collect());
    assert_eq!(told, [Blocker::Alert { name: "FeedDown".to_owned(), place, since: NOW.minus(SECOND * 60) }]);
}

fn any_alert() -> impl Strategy<Value = FiringAlert> {
    let value = |values: &[&'static str]| prop::option::of(prop::sample::select(values.to_vec()));
    let labels = (
        value(&["critical", "critical", "warning"]),
        value(&["lax", "sfo", "rio"]),
        value(&["edge-lax", "edge-sfo", "none"]),
        value(&["edge-lax-001", "edge-lax-012:9100", "router"]),
        value(&["lax-r01", "lax-r02", "none"]),
        0_u32..900,
    );
    labels.prop_map(|(severity, site, pool, instance, rack, ago)| {
        let labels = [("severity", severity), ("site", site), ("pool", pool), ("instance", instance), ("rack", rack)];
        let labels = labels.into_iter().filter_map(|(name, value)| Some((name, value?))).collect::<Vec<_>>();
        FiringAlert { since: NOW.minus(SECOND * ago), ..alert(&labels) }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// What a pass has sorted out once is what each is told that is asked alone, and a decision keeps what has a say.
    #[test]
    fn a_pass_with_alerts_that_is_asked_again_says_the_same(
        alerts in prop::collection::vec(any_alert(), 0..6),
        asked in prop::collection::vec(0_usize..16, 1..9),
        is_stale in any::<bool>(),
    ) {
        let at = NOW.minus(SECOND * if is_stale { 300 } else { 3 });
        let mut fleet = Fleet::of(16).told(Firing::Seen(SeenAlerts { at, alerts, silent: None }));
        for server in &mut fleet.servers[10..] {
            (server.site, server.pool) = (SiteName::new("sfo"), Some(PoolName::new("edge-sfo")));
            server.rack = RackName::new("lax-r02");
        }
        let (inventory, run) = (fleet.inventory(), run_of("2mq9", 1));
        let servers = asked.iter().map(|number| planned(&fleet.servers[*number])).collect::<Vec<_>>();
        let candidates = servers.iter().map(|server| Candidate {
            run: &run,
            server,
            spec: &fleet.spec,
            version: None,
            asked_by: Asker::Person,
            passes: PolicySet::NONE,
        });
        let known = fleet.known(&inventory);
        let passed = pass(candidates, known);
        let mut ledger = fleet.ledger.clone();
        for (candidate, verdict) in &passed {
            prop_assert_eq!(verdict, &evaluate(*candidate, known.with_ledger(&ledger)));
            if let Verdict::Allow(admitted) = verdict {
                prop_assert!(!is_stale, "nothing is taken out where alerts are not known");
                ledger.locks.insert(candidate.server.id.clone(), admitted.lock(*candidate, NOW));
            }
        }
        let said = decided(&passed);
        let kept = crate::admission::Snapshot::of(&servers, known, &Fingerprint::of(b"files"));
        let again = kept.ask_again(&said, (&fleet.spec, None)).expect("they make an inventory");
        prop_assert_eq!(again, said.iter().map(|one| one.said.clone()).collect::<Vec<_>>());
    }
}

#[test]
fn the_file_says_which_alerts_count_and_what_it_does_not_take() {
    let read = |text: &str| admission_rules("admission.yaml", &format!("infrastructure: {{ alerts: {{ {text} }} }}"));
    let text = "selector: { severity: [page], team: [power, net] }, everywhere: { scope: [fleet] }, watchdog: Alive";
    let rules = read(text).expect("they are good").infrastructure.alerts;
    assert_eq!(rules.selector["team"], ["power", "net"]);
    assert_eq!((rules.everywhere.len(), rules.watchdog.as_str()), (1, "Alive"));
    let cases = [
        ("selector: {}", "infrastructure.alerts.selector is `{}`; it takes at least one label with its values"),
        ("selector: { a: [] }", "infrastructure.alerts.selector.a is `[]`; it takes at least one value"),
        ("everywhere: { a: [] }", "infrastructure.alerts.everywhere.a is `[]`; it takes at least one value"),
        ("watchdog: ' '", "infrastructure.alerts.watchdog is ` `; it takes the name of an alert"),
        ("age-max: soon", "infrastructure.alerts.age-max is `soon`; it takes a length of time from 5s to 10m"),
        ("look-every: 10m", "infrastructure.alerts.look-every is `10m`; it takes a length of time from 1s to 5m"),
        ("look-every: 90s", "infrastructure.alerts.look-every is `90s`; it takes at most half of age-max, 60s"),
    ];
    for (text, told) in cases {
        assert_eq!(read(text).expect_err(text).what, told);
    }
    assert!(read("silector: {}").expect_err("unknown").to_string().contains("silector"));
}
