//! What a refusal suggests is true: done as it says, the same question is allowed.

use super::super::{Known, Missing, Nearest, Policies, Question, Refusal, ServerClass, WhoCan};
use super::{ana, channel, command, decide, edge, fleet, known, load, noc_rules, person, servers, shipped};
use crate::domain::identity::{GroupName, Profile};
use crate::domain::place::{ChannelFacts, ChannelName};
use crate::domain::server::{Server, SiteName};
use proptest::prelude::*;

fn nearest(policies: &Policies, who: &Profile, place: &str, line: (&str, &[Server])) -> String {
    let refusal = decide(policies, who, &channel(place), line).unwrap_err();
    match refusal.nearest {
        None => "nothing".to_owned(),
        Some(Nearest { by, missing, at_most }) => {
            let most = at_most.map_or_else(String::new, |most| format!(", at most {most}"));
            format!("{missing:?}{most} by {}", by.id)
        }
    }
}

#[test]
fn the_nearest_permit_is_named_with_what_is_missing() {
    let policies = shipped();
    let near = |who: &Profile, place: &str, line: (&str, &[Server])| nearest(&policies, who, place, line);
    assert_eq!(near(&ana(), "noc", ("reboot", &edge(60))), "Size, at most 50 by noc-servers");
    let mut mixed = edge(3);
    mixed.extend(servers("dns", "lax", 4));
    let part = near(&ana(), "noc", ("reboot", &mixed));
    assert!(part.starts_with("Part { classes: {ServerClass { server_type: edge-cache, site: lax"), "{part}");
    assert!(part.ends_with("servers: 3 } by noc-servers"), "{part}");
    let kinds =
        "Kinds([ServerKind { server_type: edge-cache, site: None }, ServerKind { server_type: origin, site: None }])";
    let dns = servers("dns", "lax", 60);
    assert_eq!(near(&ana(), "noc", ("reboot", &dns[..20])), format!("{kinds} by noc-servers"));
    assert_eq!(near(&ana(), "noc", ("reboot", &dns)), format!("{kinds}, at most 50 by noc-servers"));
    assert_eq!(near(&ana(), "web", ("reboot", &edge(2))), "Channel(noc) by noc-servers");
    assert_eq!(near(&ana(), "web", ("reboot", &edge(60))), "Channel(noc), at most 50 by noc-servers");
    assert_eq!(near(&person("nil", &[]), "noc", ("reboot", &edge(2))), "Group(noc) by noc-servers");
    assert_eq!(near(&person("nil", &[]), "noc", ("reboot", &edge(60))), "Group(noc), at most 50 by noc-servers");
    assert_eq!(near(&ana(), "noc", ("wipe", &edge(1))), "nothing");
}

#[test]
fn sites_are_suggested_as_servers_are() {
    let policies =
        noc_rules("allow:\n  - { id: x, who: noc, commands: isolate, on: { site: riga }, reason: r }\n").unwrap();
    let ask = |sites: &[&str]| {
        let sites: Vec<SiteName> = sites.iter().copied().map(SiteName::new).collect();
        let (person, place, command) = (ana(), channel("noc"), command("isolate"));
        let question = Question { person: &person, channel: &place, command: &command, servers: &[], sites: &sites };
        policies.decide(&question).unwrap_err().nearest.map(|nearest| nearest.missing)
    };
    assert_eq!(ask(&["lax"]), Some(Missing::Sites(vec![SiteName::new("riga")])));
    assert_eq!(ask(&["lax", "riga"]), Some(Missing::PartOfSites(vec![SiteName::new("riga")])));
}

#[test]
fn who_can_is_told_for_exactly_these_servers() {
    let policies = shipped();
    let who = |place: &str, verb: &str, servers: &[Server]| {
        format!("{:?}", policies.who_can(&command(verb), (servers, &[]), &channel(place)))
    };
    assert_eq!(who("noc", "reboot", &edge(50)), "Ok(Some { groups: [noc, sre], people: [], automations: [] })");
    assert_eq!(who("noc", "reboot", &edge(51)), "Ok(Some { groups: [], people: [], automations: [] })");
    assert_eq!(
        who("incidents", "reboot", &edge(51)),
        "Ok(Some { groups: [incident-commander], people: [], automations: [] })"
    );
    assert_eq!(who("noc", "reboot", &[]), "Err(WrongSubjects)");
    assert_eq!(who("random", "reboot", &edge(1)), "Err(NoPolicy)");
    let rules = "\
allow:
  - { id: x, who: [\"@U0EVE\", sre], commands: drain, reason: r }
  - { id: y, who: everyone, commands: announce, reason: r }
";
    let policies = noc_rules(rules).unwrap();
    let who = policies.who_can(&command("drain"), (&edge(1), &[]), &channel("noc")).unwrap();
    assert_eq!(format!("{who:?}"), "Some { groups: [sre], people: [U0EVE], automations: [] }");
    assert_eq!(policies.who_can(&command("announce"), (&[], &[]), &channel("noc")), Ok(WhoCan::Everyone));
}

#[test]
fn a_decision_can_be_kept_with_all_it_was_made_from() {
    let policies = shipped();
    let mut mixed = edge(2);
    mixed.extend(servers("origin", "riga", 1));
    let yes = decide(&policies, &ana(), &channel("noc"), ("reboot", &mixed)).unwrap();
    let mut record = yes.record().clone();
    assert_eq!(record.policies_version, policies.version().to_string());
    "the version".clone_into(&mut record.policies_version);
    insta::assert_snapshot!(serde_json::to_string(&record).unwrap(), @r#"{"verdict":"allowed","policies":["noc-servers"],"reason":"noc and sre reboot, drain and return edge caches and origins, up to 50 at a time","policies_version":"the version","team":"T0WRASSE","user":"U0ANA","name":"ana","standing":"member","groups":["noc"],"channel":"C0NOC","channel_name":"noc","reach":"own-workspace","command":"reboot","impact":"power-cycle","server_count":3,"classes":[{"server_type":"edge-cache","site":"lax","pool":"edge-lax","servers":2},{"server_type":"origin","site":"riga","pool":"origin-riga","servers":1}],"sites":[]}"#);
    let no = decide(&policies, &ana(), &channel("web"), ("reboot", &mixed)).unwrap_err();
    assert_eq!((no.record.verdict.as_str(), no.record.policies.join(" ")), ("forbidden", "web-no-reboots".to_owned()));
    let many = decide(&policies, &ana(), &channel("noc"), ("reboot", &edge(51))).unwrap_err();
    assert_eq!((many.record.verdict.as_str(), many.record.policies.join(" ")), ("too-many", "noc-servers".to_owned()));
}

/// A rule of a channel, small enough that many of them meet.
fn rule(number: usize, (forbid, who, verb, on, most): &(bool, u8, u8, u8, u8)) -> String {
    let who = ["noc", "sre", "everyone", "\"@U0ANA\"", "on-call"][usize::from(*who % 5)];
    let verb = ["drain", "reboot", "all", "impact=drain", "[reboot, isolate]"][usize::from(*verb % 5)];
    let on =
        ["{ type: edge-cache }", "{ site: lax }", "{ not-type: dns }", "{ pool: origin-riga }", "{ not-site: lax }"]
            .get(usize::from(*on % 7))
            .map_or_else(String::new, |on| format!(", on: {on}"));
    let limit = match (forbid, most % 4) {
        (_, 0) => String::new(),
        (true, most) => format!(", above: {most}"),
        (false, most) => format!(", at-most: {most}"),
    };
    format!("  - {{ id: r{number}, who: {who}, commands: {verb}{on}{limit}, reason: r }}\n")
}

type Parts = (bool, u8, u8, u8, u8);

fn rules(parts: &[Parts], from: usize) -> String {
    let of = |forbid: bool| {
        let numbered = parts.iter().enumerate().filter(move |(_, part)| part.0 == forbid);
        numbered.map(|(number, part)| rule(from + number, part)).collect::<String>()
    };
    format!("allow:\n{}forbid:\n{}", of(false), of(true))
}

fn parts() -> impl Strategy<Value = Vec<Parts>> {
    prop::collection::vec((prop::bool::weighted(0.2), any::<u8>(), any::<u8>(), any::<u8>(), any::<u8>()), 0..6)
}

/// The question with what was missing put in its place.
fn followed(
    nearest: &Nearest,
    known: &Known,
    refusal: &Refusal,
    asked: &(Profile, ChannelFacts, Vec<Server>, Vec<SiteName>),
) -> (Profile, ChannelFacts, Vec<Server>, Vec<SiteName>) {
    let (mut person, mut place, mut servers, mut sites) = asked.clone();
    let count = refusal.server_count;
    let mut is_exact = true;
    match &nearest.missing {
        Missing::Size => is_exact = false,
        Missing::Part { classes, servers: left } => {
            servers.retain(|server| classes.contains(&ServerClass::of(server)));
            assert_eq!(servers.len(), *left);
        }
        Missing::PartOfSites(some) | Missing::Sites(some) => sites.clone_from(some),
        Missing::Channel(name) => place = channel(name.as_str()),
        Missing::Group(group) => person.groups.push(group.clone()),
        Missing::Kinds(kinds) => {
            // One server of every class that the words cover, and then as many as were asked for.
            let covered = known.classes.iter().filter(|class| {
                kinds.iter().any(|kind| {
                    kind.server_type == class.server_type && kind.site.as_ref().is_none_or(|site| *site == class.site)
                })
            });
            let fleet = fleet();
            let one =
                covered.map(|class| fleet.iter().find(|server| ServerClass::of(server) == *class).unwrap().clone());
            servers = one.cycle().take(count).collect();
        }
    }
    assert!(is_exact || nearest.at_most.is_some());
    if let Some(most) = nearest.at_most {
        assert!(most < count.max(1), "{most} of {count}");
        servers.truncate(most);
    }
    (person, place, servers, sites)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Whatever the rules are: where, who, how many and what is nearest hold when they are asked.
    #[test]
    fn what_a_refusal_says_is_true_when_it_is_asked_again(
        here in parts(),
        there in parts(),
        who in prop::sample::subsequence(vec!["noc", "sre", "data-centre"], 0..3),
        verb in prop::sample::select(vec!["drain", "reboot", "isolate", "wipe"]),
        picked in prop::sample::subsequence(fleet(), 1..9),
        some_sites in prop::sample::subsequence(vec!["lax", "riga"], 1..3),
    ) {
        let (noc, web) = (rules(&here, 0), rules(&there, 100));
        let policies = load(&[
            ("groups.yaml", "on-call: [data-centre, U0EVE]\n"), ("channels/noc.yaml", &noc), ("channels/web.yaml", &web),
        ]).unwrap_or_else(|faults| panic!("{}", faults.render()));
        let is_sites = verb == "isolate";
        let servers = if is_sites { Vec::new() } else { picked };
        let sites: Vec<SiteName> = if is_sites { some_sites.into_iter().map(SiteName::new).collect() } else { Vec::new() };
        let asked = (person("ana", &who), channel("noc"), servers, sites);
        let spec = command(verb);
        let ask = |(person, place, servers, sites): &(Profile, ChannelFacts, Vec<Server>, Vec<SiteName>)| {
            policies.decide(&Question { person, channel: place, command: &spec, servers, sites })
        };
        let (_, _, servers, sites) = &asked;
        let all = |group: &GroupName| Profile { groups: vec![group.clone()], ..person("eve-not", &[]) };
        let known = { let mut known = known(); known.groups.insert(GroupName::new("on-call")); known };
        // Who can is exactly who is answered with a yes.
        match policies.who_can(&spec, (servers, sites), &asked.1).unwrap() {
            WhoCan::Everyone => prop_assert!(ask(&(person("nil", &[]), asked.1.clone(), servers.clone(), sites.clone())).is_ok()),
            WhoCan::Some { groups, people, automations } => {
                prop_assert!(automations.is_empty(), "none is named");
                for group in &known.groups {
                    let may = ask(&(all(group), asked.1.clone(), servers.clone(), sites.clone())).is_ok();
                    prop_assert_eq!(may, groups.contains(group), "{}", group);
                }
                for one in people {
                    let mut somebody = person("nil", &[]);
                    somebody.id.user = one;
                    prop_assert!(ask(&(somebody, asked.1.clone(), servers.clone(), sites.clone())).is_ok());
                }
            }
        }
        let Err(refusal) = ask(&asked) else { return Ok(()) };
        for name in &refusal.could.channels {
            prop_assert!(ask(&(asked.0.clone(), channel(name.as_str()), servers.clone(), sites.clone())).is_ok());
        }
        for group in &refusal.could.groups {
            prop_assert!(ask(&(all(group), asked.1.clone(), servers.clone(), sites.clone())).is_ok());
        }
        if let Some(nearest) = &refusal.nearest {
            let answer = ask(&followed(nearest, &known, &refusal, &asked));
            prop_assert!(answer.is_ok(), "{:?} said {:?}, but {:?}", refusal.kind, nearest, answer);
            // A smaller request, or one for other servers, may leave out those that this policy allows.
            if nearest.at_most.is_none() && !matches!(nearest.missing, Missing::Kinds(_)) {
                prop_assert!(answer.unwrap().allowed_by().contains(&nearest.by));
            }
        } else {
            // A group that could does not help somebody whom another of their groups keeps from it.
            prop_assert!(refusal.could.channels.is_empty(), "{:?}", refusal.could);
        }
    }
}

#[test]
fn other_channels_are_named_by_their_own_names() {
    let refusal = decide(&shipped(), &ana(), &channel("random"), ("reboot", &edge(1))).unwrap_err();
    assert_eq!(refusal.nearest.unwrap().missing, Missing::Channel(ChannelName::new("noc")));
}
