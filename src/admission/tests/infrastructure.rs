//! Which parts of what is redundant may be out at once.

use super::*;
use crate::admission::infrastructure::{DomainRule, Within, still_redundant, strangers};
use crate::domain::command::StepSpec;
use crate::domain::server::{MetroName, TagName, TagValue};
use crate::workflow::request::{Contended, OutDomain, OutServer, RedundantGroup};
use proptest::prelude::*;
use std::collections::BTreeSet;

fn feeds(within: Within, at_once: u32) -> DomainRule {
    DomainRule { tag: TagName::new("feed"), within, at_once }
}

impl Fleet {
    /// Everything may be out as far as other policies are concerned.
    fn redundant(mut self, rule: DomainRule) -> Self {
        (self.rules.pool_out_max_percent, self.rules.unknown_max_percent) = (100, 100);
        self.rules.infrastructure.domains = vec![rule];
        self
    }

    fn on_feed(mut self, number: usize, feed: &str) -> Self {
        self.servers[number].tags.insert(TagName::new("feed"), TagValue::new(feed));
        self
    }

    /// Servers with even numbers hang on feed a, the others on feed b.
    fn on_two_feeds(total: usize) -> Self {
        let fleet = Self::of(total).redundant(feeds(Within::Site, 1));
        fleet.all(0..total, |fleet, number| fleet.on_feed(number, if number % 2 == 0 { "a" } else { "b" }))
    }

    /// The last servers stand in another site, of the same metro.
    fn in_a_metro(total: usize, from: usize) -> Self {
        let mut fleet = Self::of(total).redundant(feeds(Within::Site, 1));
        for server in &mut fleet.servers[from..] {
            (server.site, server.pool) = (SiteName::new("sfo"), Some(PoolName::new("edge-sfo")));
        }
        let facts = SiteFacts { metro: Some(MetroName::new("west")), ..SiteFacts::default() };
        fleet.places = ["lax", "sfo"].map(|site| (SiteName::new(site), facts.clone())).into();
        fleet
    }
}

#[test]
fn one_domain_of_a_group_at_a_time() {
    let fleet = Fleet::on_two_feeds(8);
    assert!(fleet.is_allowed(0) && fleet.is_allowed(1), "nothing is out");
    type Change = fn(Fleet) -> Fleet;
    let outs: [(&str, Change); 8] = [
        ("drained", |fleet| fleet.in_state(2, Drained)),
        ("in maintenance", |fleet| fleet.in_state(2, ProductionState::Maintenance)),
        ("under work", |fleet| fleet.locked(2, "bbbb", LockStanding::Working)),
        ("parked", |fleet| fleet.locked(2, "bbbb", LockStanding::Parked)),
        ("left behind", |fleet| fleet.locked(2, "bbbb", LockStanding::LeftBehind)),
        ("failing by itself", |fleet| fleet.seen(2, Health::Failing, 0)),
        ("taken out by somebody else", |fleet| fleet.seen(2, Health::OutOfRotation, 0)),
        ("not known to serve", |fleet| fleet.unseen(2)),
    ];
    for (what, out) in outs {
        let fleet = out(fleet.clone());
        assert!(fleet.is_allowed(0), "{what}: more of the same feed may be out");
        assert_eq!(fleet.blocks(1), ["domain"], "{what}: feed a has servers out");
        assert_eq!(fleet.clone().in_state(1, Drained).blocks(1), ["allow"], "{what}: what is out takes nothing");
        assert_eq!(fleet.clone().seen(1, Health::Failing, 0).blocks(1), ["allow"], "{what}: nor what fails");
        let both = fleet.in_state(3, Drained);
        assert_eq!((both.blocks(0), both.blocks(1)), (vec!["domain"], vec!["domain"]), "{what}: both have");
    }
    assert!(fleet.in_state(2, Standby).is_allowed(1), "what is on standby was not there to begin with");
}

#[test]
fn as_many_domains_as_may_be_out_are() {
    let fleet = Fleet::of(8).redundant(feeds(Within::Site, 2));
    let fleet = ["a", "b", "c", "d"]
        .iter()
        .enumerate()
        .fold(fleet, |fleet, (number, feed)| fleet.on_feed(number, feed).on_feed(number + 4, feed));
    let fleet = fleet.in_state(4, Drained);
    assert!(fleet.is_allowed(1), "two may");
    let fleet = fleet.in_state(5, Drained);
    assert!(fleet.is_allowed(0) && fleet.is_allowed(1), "they are among the two");
    assert_eq!(fleet.blocks(2), ["domain"]);
}

#[test]
fn what_is_in_no_domain_or_gives_back_is_not_asked() {
    let mut fleet = Fleet::on_two_feeds(8).in_state(2, Drained);
    fleet.servers[1].tags.clear();
    assert!(fleet.is_allowed(1), "it has no such tag");
    assert_eq!(fleet.blocks(3), ["domain"]);
    fleet.spec.steps = vec![StepSpec::Undrain { timeout: SECOND.into() }];
    assert!(fleet.is_allowed(3), "it takes no capacity");
    let mut none = Fleet::on_two_feeds(8).in_state(2, Drained);
    none.rules.infrastructure.domains.clear();
    assert!(none.is_allowed(3), "no domain is named");
}

#[test]
fn a_group_ends_where_its_site_or_its_pool_does() {
    let elsewhere = |fleet: &Fleet, site: &str, pool: &str| {
        let mut fleet = fleet.clone();
        (fleet.servers[2].site, fleet.servers[2].pool) = (SiteName::new(site), Some(PoolName::new(pool)));
        fleet
    };
    let fleet = Fleet::on_two_feeds(8).in_state(2, Drained);
    assert!(elsewhere(&fleet, "sfo", "edge-sfo").is_allowed(1));
    assert_eq!(elsewhere(&fleet, "lax", "log-lax").blocks(1), ["domain"], "the feed is the site's");
    let mut pools = fleet;
    pools.rules.infrastructure.domains = vec![feeds(Within::Pool, 1)];
    assert_eq!(pools.blocks(1), ["domain"]);
    assert!(elsewhere(&pools, "lax", "log-lax").is_allowed(1), "another pool");
    pools.servers[1].pool = None;
    assert!(pools.is_allowed(1), "it is in no pool");
}

#[test]
fn a_rack_is_a_domain_by_its_name() {
    let rule = DomainRule { tag: TagName::new("rack"), within: Within::Site, at_once: 1 };
    let mut fleet = Fleet::of(4).redundant(rule).in_state(2, Drained);
    assert!(fleet.is_allowed(1));
    fleet.servers[1].rack = RackName::new("lax-r02");
    assert_eq!(fleet.blocks(1), ["domain"]);
}

#[test]
fn one_site_of_a_metro_at_a_time() {
    let mut fleet = Fleet::in_a_metro(8, 4).in_state(0, Drained);
    assert!(fleet.is_allowed(1));
    assert_eq!(fleet.blocks(5), ["domain"]);
    fleet.rules.infrastructure.metro_sites_at_once = 2;
    assert!(fleet.is_allowed(5));
    fleet.rules.infrastructure.metro_sites_at_once = 1;
    fleet.places.clear();
    assert!(fleet.is_allowed(5), "without metros there is nothing to ask about");
    let alone = Fleet::in_a_metro(8, 4).in_state(0, Standby);
    assert!(alone.is_allowed(5));
}

#[test]
fn a_reason_says_which_servers_whose_and_since_when() {
    let fleet = Fleet::on_two_feeds(8).locked(2, "bbbb", LockStanding::Working).in_state(4, Drained);
    let fleet = fleet.seen(4, Health::OutOfRotation, 0);
    let Verdict::Wait(blockers) = fleet.check(1) else { panic!("it waits") };
    let out = |number: usize, tail: &str, why: &str| OutServer {
        name: fleet.servers[number].name.clone(),
        holder: Some(run_of(tail, 1).request),
        why: why.to_owned(),
        said_by: None,
    };
    let group = RedundantGroup::OfSite { tag: TagName::new("feed"), site: SiteName::new("lax") };
    let domains =
        vec![OutDomain { name: "a".to_owned(), out: vec![out(2, "bbbb", "under work"), out(4, "aaaa", "drained")] }];
    let told = Blocker::Domain { group: group.clone(), domains, at_once: 1, since: Some(NOW) };
    assert_eq!(blockers, std::slice::from_ref(&told).to_vec());
    assert_eq!(told.contended(), Some(vec![Contended::Group(group)]));
    assert_eq!(told.overridable(), Some(PolicyName::Infrastructure));
}

#[test]
fn a_run_goes_on_while_what_stands_in_for_its_server_is_there() {
    let fleet = Fleet::on_two_feeds(8).locked(1, "2mq9", LockStanding::Working).in_state(1, Drained);
    let gate = |fleet: &Fleet, passed: &[PolicyName]| {
        let inventory = fleet.inventory();
        still_redundant(&planned(&fleet.servers[1]), fleet.known(&inventory), passed).is_ok()
    };
    assert!(gate(&fleet, &[]));
    assert!(gate(&fleet.clone().in_state(3, Drained), &[]), "its own feed");
    let failing = fleet.seen(2, Health::Failing, 0);
    assert!(!gate(&failing, &[]), "the other feed has a server that fails");
    assert!(gate(&failing, &[PolicyName::Infrastructure]), "it has passed that by an override");
}

#[test]
fn an_override_lets_a_server_pass_it() {
    let fleet = Fleet::on_two_feeds(8).in_state(2, Drained);
    let (inventory, run, server) = (fleet.inventory(), run_of("2mq9", 1), planned(&fleet.servers[1]));
    let passes = [PolicyName::Infrastructure].into_iter().collect();
    let candidate =
        Candidate { run: &run, server: &server, spec: &fleet.spec, version: None, asked_by: Asker::Person, passes };
    let Verdict::Allow(admitted) = evaluate(candidate, fleet.known(&inventory)) else { panic!("it passes") };
    assert_eq!(admitted.overridden(), [PolicyName::Infrastructure]);
}

/// Whoever has waited too long for the turn of its feed gets it.
#[test]
fn nothing_later_takes_the_turn_of_a_domain() {
    let fleet = Fleet::on_two_feeds(8);
    let over = Contended::Group(RedundantGroup::OfSite { tag: TagName::new("feed"), site: SiteName::new("lax") });
    let before = Precedence {
        request: run_of("bbbb", 1).request,
        command: CommandName::new("reboot"),
        sites: BTreeSet::from([SiteName::new("lax")]),
        since: NOW,
        over: BTreeSet::from([over]),
    };
    let (inventory, run) = (fleet.inventory(), run_of("2mq9", 1));
    let blocked = |fleet: &Fleet, number: usize| {
        let server = planned(&fleet.servers[number]);
        let candidate = Candidate {
            run: &run,
            server: &server,
            spec: &fleet.spec,
            version: None,
            asked_by: Asker::Person,
            passes: PolicySet::NONE,
        };
        let known = fleet.known(&inventory).after(std::slice::from_ref(&before));
        matches!(evaluate(candidate, known), Verdict::Wait(blockers) if blockers.iter().any(|one| word(one) == "behind"))
    };
    assert!(blocked(&fleet, 0));
    assert!(!blocked(&fleet.clone().in_state(0, Drained), 0), "what is out takes nothing from anybody");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// In any pass: what was counted once is what each is told that is asked alone, no admission takes out a server of one
    /// domain more than may be, and asked again on what was kept of it the answers are the same.
    #[test]
    fn no_admission_takes_a_second_domain(
        feeds_of in prop::collection::vec(prop::option::weighted(0.9, 0_usize..3), 16),
        out in prop::collection::vec((0_usize..16, 0_usize..4), 0..4),
        asked in prop::collection::vec(0_usize..16, 1..9),
        at_once in 1_u32..3,
        is_by_pool in any::<bool>(),
        metro_sites in 1_u32..3,
    ) {
        let mut fleet = Fleet::in_a_metro(16, 10);
        let within = if is_by_pool { Within::Pool } else { Within::Site };
        fleet.rules.infrastructure.domains = vec![feeds(within, at_once)];
        fleet.rules.infrastructure.metro_sites_at_once = metro_sites;
        for (number, feed) in feeds_of.iter().enumerate() {
            if let Some(feed) = feed {
                fleet = fleet.on_feed(number, ["a", "b", "c"][*feed]);
            }
        }
        for (number, how) in out {
            fleet = match how {
                0 => fleet.in_state(number, Drained),
                1 => fleet.seen(number, Health::Failing, 0),
                2 => fleet.locked(number, "bbbb", LockStanding::LeftBehind),
                3 => fleet.locked(number, "bbbb", LockStanding::Parked),
                _ => fleet.locked(number, "bbbb", LockStanding::Working),
            };
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
        let mut truth = fleet.clone();
        for ((candidate, verdict), number) in passed.iter().zip(&asked) {
            prop_assert_eq!(verdict, &evaluate(*candidate, known.with_ledger(&truth.ledger)));
            let Verdict::Allow(admitted) = verdict else { continue };
            let serves = |number: usize| {
                let server = &truth.servers[number];
                let answers = truth.ledger.health.get(&id(number)).unwrap().health == Health::Serving;
                answers && truth.ledger.state(server) == Production && truth.ledger.lock(&server.id).is_none()
            };
            if serves(*number) {
                let others_out = |domain: &dyn Fn(usize) -> Option<String>, alike: &dyn Fn(usize) -> bool| {
                    let own = domain(*number)?;
                    let out = (0..16).filter(|other| alike(*other) && !serves(*other)).filter_map(domain);
                    Some(out.filter(|name| *name != own).collect::<BTreeSet<_>>().len())
                };
                let site = |other: usize| truth.servers[other].site.to_string();
                // A pool of this fleet is all of its site.
                let feed = |other: usize| feeds_of[other].map(|feed| feed.to_string());
                let on_feeds = others_out(&feed, &|other| site(other) == site(*number));
                prop_assert!(on_feeds.is_none_or(|others| others < at_once as usize), "{:?}", on_feeds);
                let in_metro = others_out(&|other| Some(site(other)), &|_| true);
                prop_assert!(in_metro.is_none_or(|others| others < metro_sites as usize), "{:?}", in_metro);
            }
            let lock = admitted.lock(*candidate, NOW);
            truth.ledger.locks.insert(candidate.server.id.clone(), lock);
        }
        let said = decided(&passed);
        let kept = crate::admission::Snapshot::of(&servers, known, &Fingerprint::of(b"files"));
        let again = kept.ask_again(&said, (&fleet.spec, None)).expect("they make an inventory");
        prop_assert_eq!(again, said.iter().map(|one| one.said.clone()).collect::<Vec<_>>());
    }
}

#[test]
fn the_file_says_what_is_redundant_and_what_it_does_not_take() {
    let read = |text: &str| admission_rules("admission.yaml", &format!("infrastructure: {{ {text} }}"));
    let shipped = include_str!("../../../policies/admission.yaml");
    let shipped = admission_rules("admission.yaml", shipped).map(|rules| rules.infrastructure);
    assert_eq!(shipped, Ok(InfrastructureRules::default()), "it shows the defaults");
    let text = "domains: [{ tag: feed }, { tag: tor, within: pool, at-once: 2 }], metro-sites-at-once: 3";
    let rules = read(text).expect("they are good").infrastructure;
    let tor = DomainRule { tag: TagName::new("tor"), within: Within::Pool, at_once: 2 };
    assert_eq!(rules.domains, [feeds(Within::Site, 1), tor]);
    assert_eq!(rules.metro_sites_at_once, 3);
    let cases = [
        ("domains: [{ tag: ' ' }]", "infrastructure.domains.tag is ``; it takes the name of a tag, such as feed"),
        ("domains: [{ tag: feed, within: row }]", "infrastructure.domains.within is `row`; it takes site or pool"),
        ("domains: [{ tag: feed, at-once: 0 }]", "infrastructure.domains.at-once is `0`; it takes 1 to 1000 domains"),
        ("domains: [{ tag: feed }, { tag: feed }]", "infrastructure.domains names `feed` twice within the same"),
        ("metro-sites-at-once: 0", "infrastructure.metro-sites-at-once is `0`; it takes 1 to 1000 sites"),
    ];
    for (text, told) in cases {
        assert_eq!(read(text).expect_err(text).what, told);
    }
    assert!(read("domain: []").expect_err("unknown").to_string().contains("domain"));
}

#[test]
fn a_tag_that_nobody_has_protects_nothing_and_is_told() {
    let fleet = Fleet::on_two_feeds(2);
    let mut rules = fleet.rules.infrastructure.clone();
    let told = |rules: &InfrastructureRules| {
        let found = strangers(rules, &fleet.inventory()).into_iter();
        found
            .map(|misnomer| {
                misnomer.placed("admission.yaml", "infrastructure:\n  domains:\n    - { tag: fed }\n").to_string()
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(told(&rules), Vec::<String>::new());
    rules.domains[0].tag = TagName::new("fed");
    let words = "admission.yaml:3:14: infrastructure.domains names the tag `fed`, and no server has it\n      - { tag: fed }\n               ^^^";
    assert_eq!(told(&rules), [words]);
}
