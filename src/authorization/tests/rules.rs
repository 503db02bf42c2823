//! Rules in YAML: what each of their words means, and what is wrong with those that mean nothing.

use super::super::{Channels, Policies, PolicyFile, Question, Requirements};
use super::{
    CHANNELS, GLOBAL, SCHEMA, ana, channel, check, command, decide, edge, known, load, noc_rules, person, servers,
};
use crate::domain::server::SiteName;
use insta::assert_snapshot;
use std::str::FromStr;

/// What #noc answers to a line of somebody in these groups, by those rules.
fn answer(rules: &str, groups: &[&str], line: (&str, &[crate::domain::server::Server])) -> String {
    let policies = noc_rules(rules).unwrap_or_else(|faults| panic!("{}", faults.render()));
    check(&policies, &person("eve", groups), &channel("noc"), line)
}

fn faults(rules: &str) -> String {
    noc_rules(rules).unwrap_err().to_string()
}

fn one(fields: &str) -> String {
    format!("allow:\n  - {{ id: x, reason: r, {fields} }}\n")
}

#[test]
fn who_is_groups_people_by_id_or_everyone() {
    let line = ("drain", &edge(2)[..]);
    let groups = one("who: [noc, sre], commands: drain");
    assert_eq!(answer(&groups, &["sre"], line), "yes: drain on 2 by x");
    assert_eq!(answer(&groups, &["data-centre"], line), "no: NothingAllowed; here [noc, sre]");
    let eve = one("who: [\"@U0EVE\", noc], commands: drain");
    assert_eq!(answer(&eve, &[], line), "yes: drain on 2 by x");
    let ann = one("who: U0ANN, commands: drain");
    assert_eq!(answer(&ann, &[], line), "no: NothingAllowed");
    assert_eq!(answer(&one("who: everyone, commands: drain"), &[], line), "yes: drain on 2 by x");
}

#[test]
fn commands_are_names_impact_classes_or_all() {
    let two = &edge(2)[..];
    let names = one("who: everyone, commands: [drain, reboot]");
    assert_eq!(answer(&names, &[], ("reboot", two)), "yes: reboot on 2 by x");
    assert_eq!(answer(&names, &[], ("undrain", two)), "no: NothingAllowed");
    let class = one("who: everyone, commands: [impact=drain, impact=read-only]");
    assert_eq!(answer(&class, &[], ("undrain", two)), "yes: undrain on 2 by x");
    assert_eq!(answer(&class, &[], ("announce", &[])), "yes: announce on 0 by x");
    assert_eq!(answer(&class, &[], ("reboot", two)), "no: NothingAllowed");
    let both = one("who: everyone, commands: [impact=read-only, reboot]");
    assert_eq!(answer(&both, &[], ("reboot", two)), "yes: reboot on 2 by x");
    assert_eq!(answer(&both, &[], ("drain", two)), "no: NothingAllowed");
    assert_eq!(answer(&one("who: everyone, commands: all"), &[], ("wipe", two)), "yes: wipe on 2 by x");
}

#[test]
fn on_is_all_of_what_is_said_and_none_of_what_is_said_with_not() {
    let ask = |on: &str, kind: &str, site: &str| {
        let rules = one(&format!("who: everyone, commands: all, on: {on}"));
        answer(&rules, &[], ("drain", &servers(kind, site, 1))).starts_with("yes")
    };
    assert!(ask("{ type: [edge-cache, dns] }", "dns", "lax") && !ask("{ type: [edge-cache, dns] }", "origin", "lax"));
    assert!(ask("{ type: dns, site: riga }", "dns", "riga") && !ask("{ type: dns, site: riga }", "dns", "lax"));
    assert!(ask("{ pool: edge-lax }", "edge-cache", "lax") && !ask("{ pool: edge-lax }", "edge-cache", "riga"));
    assert!(ask("{ not-type: [dns] }", "origin", "lax") && !ask("{ not-type: [dns] }", "dns", "lax"));
    assert!(ask("{ not-site: lax }", "dns", "riga") && !ask("{ not-site: lax }", "dns", "lax"));
    assert!(ask("{ not-pool: edge-lax }", "dns", "lax") && !ask("{ not-pool: edge-lax }", "edge-cache", "lax"));
    assert!(ask("{ type: dns, not-site: lax }", "dns", "riga") && !ask("{ type: dns, not-site: lax }", "dns", "lax"));
}

/// A rule about some servers says nothing of whole sites and of commands without servers, not even by a `not-`.
#[test]
fn a_rule_about_servers_speaks_of_nothing_else() {
    let isolate = |on: &str, site: &str| {
        let policies = noc_rules(&one(&format!("who: everyone, commands: all, on: {on}"))).unwrap();
        let sites = [SiteName::new(site)];
        let question = Question {
            person: &ana(),
            channel: &channel("noc"),
            command: &command("isolate"),
            servers: &[],
            sites: &sites,
        };
        policies.decide(&question).is_ok()
    };
    assert!(isolate("{ site: lax }", "lax") && !isolate("{ site: lax }", "riga"));
    assert!(isolate("{ not-site: riga }", "lax") && !isolate("{ not-site: riga }", "riga"));
    assert!(!isolate("{ not-type: dns }", "lax") && !isolate("{ site: lax, not-pool: edge-lax }", "lax"));
    for on in ["{ not-site: lax }", "{ not-type: dns }", "{ site: lax }"] {
        let rules = one(&format!("who: everyone, commands: all, on: {on}"));
        assert_eq!(answer(&rules, &[], ("announce", &[])), "no: NothingAllowed", "{on}");
    }
    assert_eq!(answer(&one("who: everyone, commands: all"), &[], ("announce", &[])), "yes: announce on 0 by x");
}

#[test]
fn a_forbid_beats_an_allow_from_the_number_on_that_it_says() {
    let rules = "\
allow:
  - { id: all, who: everyone, commands: all, reason: r }
forbid:
  - { id: small, commands: reboot, on: { type: edge-cache }, above: 2, reason: small steps }
  - { id: sre-no, who: sre, commands: impact=drain, reason: r }
";
    assert_eq!(answer(rules, &["noc"], ("reboot", &edge(2))), "yes: reboot on 2 by all");
    assert_eq!(answer(rules, &["noc"], ("reboot", &edge(3))), "no: at most 2 by small");
    assert_eq!(answer(rules, &["noc"], ("reboot", &servers("dns", "lax", 3))), "yes: reboot on 3 by all");
    assert_eq!(answer(rules, &["noc", "sre"], ("drain", &edge(1))), "no: forbidden by sre-no (channels/noc.yaml:5)");
}

#[test]
fn a_global_forbid_stands_above_every_rule() {
    let rules = one("who: everyone, commands: all");
    let policies = load(&[("global.cedar", GLOBAL), ("channels/noc.yaml", &rules)]).unwrap();
    assert_eq!(
        check(&policies, &ana(), &channel("noc"), ("wipe", &edge(1))),
        "no: forbidden by global-destructive (global.cedar:3)"
    );
    let far = check(&policies, &ana(), &channel("web"), ("drain", &edge(1)));
    assert_eq!(far, "no: NoPolicy; you in [noc]", "a rule of one channel's file says nothing in another");
}

#[test]
fn rules_and_cedar_of_one_channel_stand_side_by_side() {
    let cedar = "@id(\"not-riga\") @reason(\"riga moves\") forbid (principal, action, resource in Site::\"riga\");";
    let rules = one("who: noc, commands: drain");
    let policies = load(&[("channels/noc.yaml", &rules), ("channels/noc.cedar", cedar)]).unwrap();
    assert_eq!(check(&policies, &ana(), &channel("noc"), ("drain", &edge(1))), "yes: drain on 1 by x");
    assert_eq!(
        check(&policies, &ana(), &channel("noc"), ("drain", &servers("dns", "riga", 1))),
        "no: forbidden by not-riga (channels/noc.cedar:1)"
    );
    let twice = load(&[("channels/noc.yaml", &rules), ("channels/web.yaml", &rules)]).unwrap_err();
    assert_eq!(twice.to_string(), "channels/web.yaml:2: `x` is also the id of the policy at channels/noc.yaml:2");
}

#[test]
fn what_a_rule_requires_comes_with_the_permission() {
    let rules = "\
allow:
  - { id: few, who: noc, commands: reboot, at-most: 2, reason: r }
  - id: many
    who: noc
    commands: reboot
    on: { type: edge-cache }
    requires: { approval: { from: [sre], count: 2 }, reason: yes }
    reason: r
  - id: others
    who: noc
    commands: reboot
    on: { not-type: edge-cache }
    requires: { approval: { from: incident-commander }, quorum: { from: [sre, noc], count: 3 } }
    reason: r
";
    let policies = noc_rules(rules).unwrap_or_else(|faults| panic!("{}", faults.render()));
    let required = |servers: &[crate::domain::server::Server]| {
        let yes = decide(&policies, &ana(), &channel("noc"), ("reboot", servers)).unwrap();
        let Requirements { approval, quorums, reason } = yes.requirements();
        let consent = |of: &super::super::Consent| format!("{} of {:?}", of.count, of.from);
        let approval = approval.as_ref().map_or_else(|| "none".to_owned(), consent);
        format!("{approval}; quorums {:?}; reason {reason:?}", quorums.iter().map(consent).collect::<Vec<_>>())
    };
    assert_snapshot!(required(&edge(2)), @"none; quorums []; reason Free");
    assert_snapshot!(required(&edge(3)), @"2 of {sre}; quorums []; reason Required");
    let mut mixed = edge(3);
    mixed.extend(servers("dns", "lax", 1));
    assert_snapshot!(required(&mixed), @r#"2 of {incident-commander, sre}; quorums ["3 of {noc, sre}"]; reason Required"#);
}

#[test]
fn every_fault_of_a_file_is_told_with_its_place() {
    let rules = "\
allow:
  - id: one
    who: [nok, sre, \"@ana\", everyone]
    comands: drain
    reason: r
  - id: two words
    who: noc
    commands: [drian, power-cycle, impact=destuctive, all]
    on: { type: edge-cach, site: [lax, mars], not-site: lax, rack: r1 }
    at-most: 0
    reason: servers of #web
  - who: []
    commands: reboot
    above: 3
    requires: { approvals: sre, approval: { from: everyone, count: no }, quorum: { count: 2 }, reason: maybe }
  - just words
forbid:
  - id: three
    commands: all
    at-most: 3
    on: {}
    requires: { reason: yes }
    reason: r
alow: []
";
    assert_snapshot!(faults(rules), @r#"
    channels/noc.yaml:2: this rule has no `commands` (name commands, e.g. `commands: [drain, impact=read-only]`, or say `commands: all`)
    channels/noc.yaml:3: `ana` is not a person's id, and names of people can change hands (write a group without `@`, or the id of a person, e.g. "@U0ANA")
    channels/noc.yaml:3: `everyone` leaves nobody to name beside it (write `everyone` alone, or leave it out)
    channels/noc.yaml:3: `nok` is not a known group (did you mean `noc`?)
    channels/noc.yaml:4: a rule has no key `comands` (did you mean `commands`?)
    channels/noc.yaml:6: `two words` is more than one word (give it one word to be quoted by, e.g. `id: web-small`)
    channels/noc.yaml:8: `all` is not a known command (write `all` alone, or leave it out)
    channels/noc.yaml:8: `destuctive` is not an impact class (did you mean `destructive`?)
    channels/noc.yaml:8: `drian` is not a known command (did you mean `drain`?)
    channels/noc.yaml:8: `power-cycle` is not a known command (for the impact class write `impact=power-cycle`)
    channels/noc.yaml:9: `edge-cach` is not a known server type (did you mean `edge-cache`?)
    channels/noc.yaml:9: `lax` stands under `site` and under `not-site` (a rule about nothing never decides: leave one of them out)
    channels/noc.yaml:9: `mars` is not a known site
    channels/noc.yaml:9: `on` has no key `rack` (the keys are type, site, pool, not-type, not-site, not-pool)
    channels/noc.yaml:10: `at-most` is `0` (it takes a whole number from 1 up)
    channels/noc.yaml:11: the sentence ends before `#`: what follows is a comment to YAML (write the sentence in quotes, and comments on lines of their own)
    channels/noc.yaml:12: `who` is an empty list, and takes a word or a list of words (leave `who` out, or say at least one word)
    channels/noc.yaml:12: this rule has no `id` (give it one word to be quoted by, e.g. `id: web-small`)
    channels/noc.yaml:12: this rule has no `reason` (say in one sentence what it is for: people read it when it decides)
    channels/noc.yaml:14: `above` means nothing here (an allow says `at-most`: how many servers one request may have)
    channels/noc.yaml:15: `count` is `no` (it takes a whole number from 1 up)
    channels/noc.yaml:15: `quorum` has no `from` (name the groups, e.g. `{ from: sre, count: 1 }`)
    channels/noc.yaml:15: `requires` has no key `approvals` (did you mean `approval`?)
    channels/noc.yaml:15: consent comes from groups (make a group of those people in groups.yaml)
    channels/noc.yaml:15: whether a reason is required is `yes` or `no` (write `reason: yes`)
    channels/noc.yaml:16: a rule is a word, and takes keys with values (the keys are id, who, commands, on, at-most, above, requires, owner, reason)
    channels/noc.yaml:20: `at-most` means nothing here (a forbid says `above`: it forbids requests with more servers than that)
    channels/noc.yaml:21: `on` says nothing (leave it out, or say e.g. `on: { type: edge-cache, site: [lax, riga] }`)
    channels/noc.yaml:22: a forbid requires nothing: it never allows (leave `requires` out)
    channels/noc.yaml:24: a channel's file has no key `alow` (did you mean `allow`?)
    "#);
    assert_snapshot!(noc_rules("allow:\n  - id: x\n    who: nok\n    commands: drain\n    reason: r\n").unwrap_err().render(), @"
     × `nok` is not a known group
      ╭─[channels/noc.yaml:3:10]
    2 │   - id: x
    3 │     who: nok
      ·          ───
    4 │     commands: drain
      ╰────
     help: did you mean `noc`?
    ");
}

#[test]
fn a_file_that_is_no_yaml_is_told_with_its_place() {
    assert_snapshot!(faults("allow:\n  - id: x\n   who: noc\n"), @"channels/noc.yaml:3: while parsing a block collection, did not find expected '-' indicator (correct the YAML; everything else in this file is read after that)");
    assert_snapshot!(faults("allow:\n  - id: x\n    id: y\n"), @"channels/noc.yaml:3: duplicate mapping key `id` is not allowed here (correct the YAML; everything else in this file is read after that)");
    assert_snapshot!(faults("allow:\n  - { id: x, who: @U0ANA }\n"), @r#"channels/noc.yaml:2: unexpected character: `@' (YAML keeps `@` for itself: write it in quotes, "@U0ANA")"#);
    assert_snapshot!(faults("allow"), @"channels/noc.yaml:1: a channel's file is a word, and takes keys with values (the keys are owner, allow, forbid)");
    for nothing in ["", "# nothing is allowed here\n", "allow:\nforbid: []\n"] {
        let policies = noc_rules(nothing).unwrap_or_else(|faults| panic!("{}", faults.render()));
        assert_eq!(check(&policies, &ana(), &channel("noc"), ("drain", &edge(1))), "no: NothingAllowed");
    }
}

/// Whatever stands in a text, it stays a text: nothing of it becomes policy.
#[test]
fn text_that_looks_like_policy_stays_text() {
    let evil = [
        "\"); permit (principal, action, resource); //",
        "'; permit (principal, action, resource);",
        "x\\\" ) when { true }; permit(principal,action,resource);",
        "ünïcödé — ☃ \u{202e}gnirts\u{202c} \u{0} \n permit (principal, action, resource);",
        "@id(\"y\") permit (principal, action, resource);",
    ];
    for text in evil {
        let quoted = serde_json::to_string(text).unwrap();
        let rules = format!(
            "allow:\n  - {{ id: x, who: noc, commands: drain, reason: {quoted} }}\nforbid:\n  - {{ id: y, commands: reboot, reason: {quoted} }}\n"
        );
        let policies = noc_rules(&rules).unwrap_or_else(|faults| panic!("{}", faults.render()));
        let yes = decide(&policies, &ana(), &channel("noc"), ("drain", &edge(1))).unwrap();
        assert_eq!((yes.allowed_by().len(), yes.allowed_by()[0].reason.as_str()), (1, text.trim()));
        let nobody = person("nil", &[]);
        assert!(check(&policies, &nobody, &channel("noc"), ("drain", &edge(1))).starts_with("no: NothingAllowed"));
        assert!(check(&policies, &ana(), &channel("noc"), ("wipe", &edge(1))).starts_with("no: NothingAllowed"));
        for field in ["who", "commands"] {
            let other = if field == "who" { "commands: drain" } else { "who: noc" };
            let told = faults(&one(&format!("{field}: [{quoted}], {other}")));
            assert!(told.starts_with("channels/noc.yaml:2: "), "{told}");
        }
        for key in ["type", "site", "pool", "not-type", "not-site", "not-pool"] {
            let told = faults(&one(&format!("who: noc, commands: drain, on: {{ {key}: {quoted} }}")));
            assert!(told.contains("is not a known"), "{told}");
        }
        let id = format!("allow:\n  - {{ id: {quoted}, who: noc, commands: drain, reason: r }}\n");
        assert!(noc_rules(&id).is_err(), "an id is one word");
    }
    // An id of one word may hold whatever it likes; it is quoted back as it was written.
    let id = "\");permit(principal,action,resource);//";
    let rules =
        format!("allow:\n  - {{ id: {}, who: noc, commands: drain, reason: r }}\n", serde_json::to_string(id).unwrap());
    assert_eq!(answer(&rules, &["noc"], ("drain", &edge(1))), format!("yes: drain on 1 by {id}"));
    assert!(answer(&rules, &[], ("drain", &edge(1))).starts_with("no: NothingAllowed"));
}

#[test]
fn what_a_rule_became_can_be_read() {
    let rules = "\
allow:
  - id: servers
    who: [noc, \"@U0EVE\"]
    commands: [reboot, impact=read-only]
    on: { type: [edge-cache, origin], not-site: riga }
    at-most: 50
    requires: { reason: yes }
    reason: say \"why\" first
forbid:
  - { id: no-wipe, who: sre, commands: wipe, on: { not-pool: edge-lax }, above: 3, reason: r }
";
    let policies = noc_rules(rules).unwrap();
    let page = policies.shown(&crate::domain::place::ChannelName::new("noc")).unwrap();
    assert_snapshot!(page, @r#"
    // #noc

    // channels/noc.yaml:2, with requirements that Cedar does not see
    @id("servers")
    @reason("say \"why\" first")
    permit(
      principal,
      action,
      resource
    ) when {
      (context.channel == Channel::"noc") && (((principal in [Group::"noc"]) || (principal in [Account::"U0EVE"])) && (((action in [Action::"reboot"]) || [Impact::"read-only"].contains(context.impact)) && ((resource is Server) && ((resource in [ServerType::"edge-cache", ServerType::"origin"]) && ((!(resource in [Site::"riga"])) && (context.server_count <= 50))))))
    };

    // channels/noc.yaml:10
    @id("no-wipe")
    @reason("r")
    forbid(
      principal in Group::"sre",
      action == Action::"wipe",
      resource
    ) when {
      (resource is Server) && ((!(resource in [Pool::"edge-lax"])) && (!(context.server_count <= 3)))
    };
    "#);
    // It is the same policy when it is read back.
    let read = cedar_policy::PolicySet::from_str(&page).unwrap();
    assert_eq!(read.policies().count(), 2);
}

/// Rules are validated too: with a schema that they do not fit, each is a fault at its place.
#[test]
fn a_rule_that_does_not_fit_the_schema_is_told_with_its_place() {
    let schema = SCHEMA.replace("entity User in [Group, Account];", "entity User in [Group];");
    let files = [
        ("schema.cedarschema", schema.as_str()),
        ("channels/noc.yaml", "allow:\n  - id: x\n    who: [\"@U0EVE\"]\n    commands: drain\n    reason: r\n"),
    ];
    let files = files.map(|(name, text)| PolicyFile { name: name.into(), text: text.into() });
    let told = Policies::new(&files, &Channels::parse(CHANNELS).unwrap(), &known()).unwrap_err().to_string();
    assert_snapshot!(told, @"
    channels/noc.yaml:2: for policy `x`, policy is impossible: the policy expression evaluates to false for all valid requests
    schema.cedarschema: entity does not conform to the schema
    ");
}

/// A word that could be read in two ways never gets the wider meaning.
#[test]
fn a_word_with_two_meanings_is_a_fault() {
    let mut known = known();
    known.groups.insert(crate::domain::identity::GroupName::new("everyone"));
    known.commands.insert(crate::domain::command::CommandName::new("all"));
    let files = [("schema.cedarschema", SCHEMA), ("channels/noc.yaml", &one("who: everyone, commands: all"))];
    let files = files.map(|(name, text)| PolicyFile { name: name.into(), text: text.into() });
    let told = Policies::new(&files, &Channels::parse(CHANNELS).unwrap(), &known).unwrap_err().to_string();
    assert_snapshot!(told, @"
    channels/noc.yaml:2: `all` is also the name of a command (give that command another name)
    channels/noc.yaml:2: `everyone` is also the name of a group (give that group another name)
    ");
}

#[test]
fn an_owner_is_one_group_that_exists() {
    let rule = "{ id: x, who: noc, commands: drain, reason: r }";
    assert_snapshot!(faults(&format!("owner: srre\nallow: [{rule}]\n")), @"channels/noc.yaml:1: `srre` is not a known group (did you mean `sre`?)");
    assert_snapshot!(faults(&one("who: noc, commands: drain, owner: [noc, sre]")), @"channels/noc.yaml:2: `owner` is a list, and takes words");
    let owned = "owner: sre\nallow:\n  - { id: x, who: noc, commands: drain, reason: r }\n  - { id: y, who: noc, commands: reboot, owner: noc, reason: r }\n";
    let page = noc_rules(owned).unwrap().shown(&crate::domain::place::ChannelName::new("noc")).unwrap();
    let told: Vec<&str> = page.lines().filter(|line| line.starts_with("//")).collect();
    assert_snapshot!(told.join("\n"), @"
    // #noc, owner sre
    // channels/noc.yaml:3, owner sre
    // channels/noc.yaml:4, owner noc
    ");
}
