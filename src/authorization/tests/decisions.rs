//! Each yes with its no.

use super::super::{Question, RefusalKind};
use super::{
    AUTOMATIONS, GLOBAL, NOC, ana, channel, check, command, decide, edge, faults_of, fleet, load, noc_with, person,
    servers, shipped,
};
use crate::domain::identity::{Profile, Standing};
use crate::domain::place::{ChannelFacts, ChannelId, ChannelName, Reach};
use crate::domain::server::{Server, SiteName};
use proptest::prelude::*;

#[test]
fn what_noc_may_is_refused_in_web_and_the_answer_says_where() {
    let policies = shipped();
    let line = ("reboot", &edge(20)[..]);
    assert_eq!(check(&policies, &ana(), &channel("noc"), line), "yes: reboot on 20 by noc-servers");
    assert_eq!(
        check(&policies, &ana(), &channel("web"), line),
        "no: forbidden by web-no-reboots (channels/web.yaml:11); you in [noc]"
    );
    let refusal = decide(&policies, &ana(), &channel("web"), line).unwrap_err();
    assert_eq!(refusal.policy().unwrap().reason, "servers are not rebooted from #web");
    assert_eq!(refusal.channel_name, Some(ChannelName::new("web")));
}

#[test]
fn a_count_above_the_limit_is_refused_with_the_limit() {
    let policies = shipped();
    let web = channel("web");
    assert_eq!(check(&policies, &ana(), &web, ("drain", &edge(10))), "yes: drain on 10 by web-small");
    assert_eq!(check(&policies, &ana(), &web, ("drain", &edge(11))), "no: at most 10 by web-small; you in [noc]");
    assert_eq!(check(&policies, &ana(), &channel("noc"), ("drain", &edge(50))), "yes: drain on 50 by noc-servers");
    assert_eq!(check(&policies, &ana(), &channel("noc"), ("drain", &edge(51))), "no: at most 50 by noc-servers");
    let commander = person("ivo", &["incident-commander"]);
    let incidents = channel("incidents");
    assert_eq!(
        check(&policies, &commander, &incidents, ("reboot", &edge(600))),
        "no: at most 200 by global-largest-request"
    );
    assert_eq!(
        check(&policies, &ana(), &incidents, ("undrain", &edge(51))),
        "no: at most 50 by incidents-return; here [incident-commander]"
    );
}

#[test]
fn one_server_that_is_not_allowed_refuses_the_whole_request() {
    let policies = shipped();
    let mut mixed = edge(3);
    mixed.extend(servers("dns", "lax", 4));
    assert_eq!(
        check(&policies, &ana(), &channel("noc"), ("reboot", &mixed)),
        "no: NothingAllowed; stopped by 4 of 7, e.g. [dns-lax-001, dns-lax-002, dns-lax-003]"
    );
    assert_eq!(check(&policies, &ana(), &channel("noc"), ("reboot", &mixed[..3])), "yes: reboot on 3 by noc-servers");
}

#[test]
fn who_is_in_no_group_is_told_which_groups_could() {
    let policies = shipped();
    let nobody = person("nil", &[]);
    assert_eq!(check(&policies, &nobody, &channel("noc"), ("reboot", &edge(1))), "no: NothingAllowed; here [noc, sre]");
    let both = person("dan", &["data-centre", "noc"]);
    assert_eq!(check(&policies, &both, &channel("noc"), ("reboot", &edge(1))), "yes: reboot on 1 by noc-servers");
}

#[test]
fn standing_and_the_kind_of_channel_come_before_any_policy() {
    let policies = shipped();
    let reaches = [Reach::OwnWorkspace, Reach::Private, Reach::Shared, Reach::Direct];
    let standings = [Standing::Member, Standing::Guest, Standing::Stranger, Standing::Deactivated, Standing::Bot];
    for standing in standings {
        for reach in reaches {
            let who = Profile { standing, ..ana() };
            let place = ChannelFacts { reach, ..channel("noc") };
            let expected = match (standing, reach) {
                (Standing::Member, Reach::OwnWorkspace | Reach::Private) => {
                    "yes: reboot on 1 by noc-servers".to_owned()
                }
                (Standing::Member, Reach::Shared) => "no: Shared is for UpTo(ReadOnly); you in [noc]".to_owned(),
                (Standing::Member, Reach::Direct) => "no: Direct is for Nothing; you in [noc]".to_owned(),
                (other, _) => format!("no: Standing({other:?})"),
            };
            assert_eq!(check(&policies, &who, &place, ("reboot", &edge(1))), expected);
            let reboot = command("reboot");
            let usable = policies.commands_for(&who, &place, [&reboot]);
            assert_eq!(usable.len(), usize::from(expected.starts_with("yes")), "{standing:?} {reach:?}");
        }
    }
}

#[test]
fn a_channel_without_a_policy_file_allows_nothing_whatever_it_is_called() {
    let policies = shipped();
    let random = channel("random");
    assert_eq!(check(&policies, &ana(), &random, ("reboot", &edge(1))), "no: NoPolicy; you in [noc]");
    let namesake = ChannelFacts { name: Some(ChannelName::new("noc")), ..random };
    assert_eq!(check(&policies, &ana(), &namesake, ("reboot", &edge(1))), "no: NoPolicy; you in [noc]");
}

#[test]
fn a_forbid_beats_every_permit() {
    let everything = "@id(\"all\") @reason(\"everything\") permit (principal, action, resource);";
    let noc = |text: &str| load(&[("global.cedar", GLOBAL), ("channels/noc.cedar", text)]).unwrap();
    let who = person("ivo", &["incident-commander"]);
    let wipe = ("wipe", &edge(1)[..]);
    assert_eq!(
        check(&noc(everything), &who, &channel("noc"), wipe),
        "no: forbidden by global-destructive (global.cedar:3)"
    );
    let only_noc = noc_with(everything).unwrap();
    assert_eq!(check(&only_noc, &who, &channel("noc"), wipe), "yes: wipe on 1 by all");
    let riga = "@id(\"not-riga\") @reason(\"riga moves\") forbid (principal, action, resource in Site::\"riga\");";
    let both = noc(&format!("{everything}\n{riga}"));
    assert_eq!(check(&both, &ana(), &channel("noc"), ("drain", &edge(2))), "yes: drain on 2 by all");
    let mut mixed = edge(1);
    mixed.extend(servers("edge-cache", "riga", 1));
    assert_eq!(
        check(&both, &ana(), &channel("noc"), ("drain", &mixed)),
        "no: forbidden by not-riga (channels/noc.cedar:2); stopped by 1 of 2, e.g. [edge-riga-001]"
    );
}

#[test]
fn a_permit_in_one_channels_file_widens_no_other_channel() {
    let everything = "@id(\"all\") @reason(\"everything\") permit (principal, action, resource);";
    let own = [("channels/web.cedar", everything), ("channels/noc.yaml", NOC)];
    let policies = load(&[&[("global.cedar", GLOBAL), ("automations.yaml", AUTOMATIONS)], &own[..]].concat()).unwrap();
    let nobody = person("nil", &[]);
    assert_eq!(check(&policies, &nobody, &channel("web"), ("reboot", &edge(1))), "yes: reboot on 1 by all");
    assert_eq!(
        check(&policies, &nobody, &channel("noc"), ("reboot", &edge(1))),
        "no: NothingAllowed; you in [web]; here [noc, sre]"
    );
    let reaching = "@id(\"x\") @reason(\"r\")\npermit (principal, action, resource)\nwhen { context.channel == Channel::\"web\" };";
    assert_eq!(faults_of(reaching), "channels/noc.cedar:3: `x` speaks of #web in the file of #noc");
    let global = load(&[("global.cedar", everything)]).unwrap_err().to_string();
    assert!(global.starts_with("global.cedar:1: `all` permits in every channel at once"), "{global}");
}

/// The binding is in the policy itself: a set that ended up under another channel's name allows nothing.
#[test]
fn a_set_kept_under_the_wrong_channel_allows_nothing() {
    let mut policies = shipped();
    let line = ("reboot", &edge(1)[..]);
    assert!(check(&policies, &ana(), &channel("noc"), line).starts_with("yes"));
    let mut noc = policies.channels.get(&ChannelId::new("C0NOC")).unwrap().clone();
    noc.name = ChannelName::new("web");
    policies.channels.insert(ChannelId::new("C0WEB"), noc);
    assert!(check(&policies, &ana(), &channel("web"), line).starts_with("no: NothingAllowed"));
}

#[test]
fn subjects_must_fit_the_command() {
    let policies = shipped();
    let noc = channel("noc");
    assert_eq!(check(&policies, &ana(), &noc, ("announce", &[])), "yes: announce on 0 by noc-announce");
    assert_eq!(check(&policies, &ana(), &noc, ("announce", &edge(1))), "no: WrongSubjects");
    assert_eq!(check(&policies, &ana(), &noc, ("reboot", &[])), "no: WrongSubjects");
    assert_eq!(check(&policies, &person("bob", &["sre"]), &noc, ("announce", &[])), "no: NothingAllowed; here [noc]");
}

#[test]
fn permission_covers_exactly_the_servers_of_the_question() {
    let policies = shipped();
    let yes = decide(&policies, &ana(), &channel("noc"), ("reboot", &edge(2))).unwrap();
    assert!(yes.covers(&edge(2)[1].id));
    assert!(!yes.covers(&edge(3)[2].id));
    assert_eq!((yes.person(), yes.channel().as_str(), yes.channel_name().as_str()), (&ana().id, "C0NOC", "noc"));
    assert_eq!(yes.policies_version(), policies.version());
}

#[test]
fn help_lists_only_what_this_person_may_do_here() {
    let policies = shipped();
    let catalogue = ["wipe", "undrain", "reboot", "drain", "announce"].map(command);
    let list = |who: &Profile, place: &str| format!("{:?}", policies.commands_for(who, &channel(place), &catalogue));
    assert_eq!(list(&ana(), "noc"), "[announce, drain, reboot, undrain]");
    assert_eq!(list(&person("bob", &["sre"]), "noc"), "[drain, reboot, undrain]");
    assert_eq!(list(&ana(), "web"), "[drain, undrain]");
    assert_eq!(list(&ana(), "incidents"), "[undrain]");
    assert_eq!(list(&person("nil", &[]), "noc"), "[]");
    assert_eq!(list(&ana(), "random"), "[]");
}

/// Cedar skips a policy that cannot be evaluated, a forbid too: that must never turn into a yes.
#[test]
fn a_policy_that_cannot_be_evaluated_allows_nothing() {
    let text = |count: &str| {
        format!(
            "@id(\"all\") @reason(\"everything\") permit (principal, action, resource);\n\
         @id(\"sum\") @reason(\"too much\") forbid (principal, action, resource) when {{ context.server_count {count} > 9 }};"
        )
    };
    let fine = noc_with(&text("* 2")).unwrap();
    assert_eq!(check(&fine, &ana(), &channel("noc"), ("drain", &edge(1))), "yes: drain on 1 by all");
    let overflowing = noc_with(&text("+ 9223372036854775807")).unwrap();
    let refused = check(&overflowing, &ana(), &channel("noc"), ("drain", &edge(1)));
    assert!(refused.starts_with("no: EvaluationFault"), "{refused}");
    assert!(refused.contains("sum"), "{refused}");
}

#[test]
fn a_command_that_no_policy_file_was_checked_against_is_refused() {
    let unknown = check(&shipped(), &ana(), &channel("noc"), ("defrost", &edge(1)));
    assert!(unknown.starts_with("no: EvaluationFault"), "{unknown}");
}

/// A policy that may look at everything a policy can see of a server, as text.
fn rule(number: usize, (forbid, what, most): &(bool, Option<(u8, u8)>, u8)) -> String {
    let effect = if *forbid { "forbid" } else { "permit" };
    let resource = match what {
        Some((0, which)) => format!("resource in Site::\"{}\"", ["lax", "riga"][usize::from(which % 2)]),
        Some((1, which)) => {
            format!("resource in ServerType::\"{}\"", ["edge-cache", "origin", "dns"][usize::from(which % 3)])
        }
        Some((_, which)) => format!("resource in Pool::\"{}\"", ["edge-lax", "origin-riga"][usize::from(which % 2)]),
        None => "resource".to_owned(),
    };
    let count =
        if *forbid { format!("context.server_count > {most}") } else { format!("context.server_count <= {most}") };
    format!("@id(\"r{number}\") @reason(\"r\") {effect} (principal, action, {resource}) when {{ {count} }};\n")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// One decision per class is the same as one per server, and the order of policies and servers changes nothing.
    #[test]
    fn classes_decide_like_single_servers(
        rules in prop::collection::vec((prop::bool::weighted(0.25), prop::option::of((0_u8..3, 0_u8..6)), 1_u8..12), 1..6),
        picked in prop::sample::subsequence(fleet(), 1..12),
    ) {
        let texts: Vec<String> = rules.iter().enumerate().map(|(number, one)| rule(number, one)).collect();
        let forwards = noc_with(&texts.concat()).unwrap();
        let backwards = noc_with(&texts.iter().rev().cloned().collect::<String>()).unwrap();
        let noc = channel("noc");
        let whole = check(&forwards, &ana(), &noc, ("drain", &picked));
        // The same server as often as the request is large: the count stays, the class is one.
        let alone = |server: &Server| {
            decide(&forwards, &ana(), &noc, ("drain", &vec![server.clone(); picked.len()])).is_ok()
        };
        prop_assert_eq!(whole.starts_with("yes"), picked.iter().all(alone), "{}", whole);
        let mut turned = picked.clone();
        turned.reverse();
        let strip = |text: String| text.split(" (channels").next().unwrap_or_default().to_owned();
        prop_assert_eq!(strip(check(&backwards, &ana(), &noc, ("drain", &turned))), strip(whole));
    }

    /// The count that a refusal names would be allowed, and one more would not.
    #[test]
    fn the_count_of_a_refusal_is_true(most in 1_usize..40, over in 1_usize..40) {
        let policies = noc_with(&format!(
            "@id(\"x\") @reason(\"r\") permit (principal, action, resource) when {{ context.server_count <= {most} }};"
        )).unwrap();
        let refused = check(&policies, &ana(), &channel("noc"), ("drain", &edge(most + over)));
        prop_assert_eq!(refused, format!("no: at most {most} by x"));
        prop_assert!(decide(&policies, &ana(), &channel("noc"), ("drain", &edge(most))).is_ok());
    }
}

#[test]
fn whole_sites_are_decided_one_by_one() {
    let riga = "@id(\"sites\") @reason(\"noc isolates\") permit (principal in Group::\"noc\", \
        action == Action::\"isolate\", resource);\n\
        @id(\"not-riga\") @reason(\"riga moves\") forbid (principal, action, resource == Site::\"riga\");";
    let policies = noc_with(riga).unwrap_or_else(|faults| panic!("{}", faults.render()));
    let ask = |sites: &[&str], servers: &[Server]| {
        let sites = sites.iter().copied().map(SiteName::new).collect::<Vec<_>>();
        let question =
            Question { person: &ana(), channel: &channel("noc"), command: &command("isolate"), servers, sites: &sites };
        policies.decide(&question)
    };
    let yes = ask(&["lax"], &[]).unwrap();
    assert!(yes.covers_site(&SiteName::new("lax")) && !yes.covers_site(&SiteName::new("riga")));
    let no = ask(&["lax", "riga"], &[]).unwrap_err();
    assert_eq!(no.refused_sites, [SiteName::new("riga")]);
    assert_eq!(no.policy().map(|note| note.id.as_str()), Some("not-riga"));
    assert!(matches!(ask(&[], &[]).unwrap_err().kind, RefusalKind::WrongSubjects), "no site");
    assert!(matches!(ask(&["lax"], &edge(1)).unwrap_err().kind, RefusalKind::WrongSubjects), "servers too");
}

#[test]
fn help_can_tell_which_groups_may() {
    let policies = shipped();
    let who = |place: &str, verb: &str| {
        let groups = policies.groups_for(&channel(place), &command(verb));
        groups.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(who("noc", "reboot"), "noc sre");
    assert_eq!(who("noc", "announce"), "noc");
    assert_eq!(who("web", "reboot"), "", "what is forbidden is nobody's");
    assert_eq!(who("incidents", "reboot"), "incident-commander");
}
