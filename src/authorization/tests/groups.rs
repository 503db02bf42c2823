//! Groups of our own: who is in them, and what is wrong with those that say nothing.

use super::super::{Channels, Known, Mentioned, Policies, PolicyFile, WhoCan};
use super::{CHANNELS, SCHEMA, channel, check, command, edge, known, load, person};
use crate::domain::identity::UserId;
use insta::assert_snapshot;
use std::collections::BTreeSet;

const GROUPS: &str = "\
web-on-call: [U0EVE, edge-team]
edge-team: [noc, \"@U0IVO\"]
";
const RULES: &str = "allow:\n  - { id: x, who: web-on-call, commands: drain, reason: r }\n";

fn with_groups(groups: &str) -> Policies {
    let policies = load(&[("groups.yaml", groups), ("channels/noc.yaml", RULES)]);
    policies.unwrap_or_else(|faults| panic!("{}", faults.render()))
}

fn faults(groups: &str) -> String {
    load(&[("groups.yaml", groups)]).unwrap_err().to_string()
}

#[test]
fn a_member_is_in_every_group_above() {
    let policies = with_groups(GROUPS);
    let groups = |name: &str, of: &[&str]| format!("{:?}", policies.complete(person(name, of)).groups);
    assert_eq!(groups("eve", &[]), "[web-on-call]");
    assert_eq!(groups("ivo", &["sre"]), "[edge-team, sre, web-on-call]");
    assert_eq!(groups("ana", &["noc"]), "[edge-team, noc, web-on-call]");
    assert_eq!(groups("nil", &["sre"]), "[sre]");
    let once = policies.complete(person("ivo", &["sre"]));
    assert_eq!(policies.complete(once.clone()), once, "completing twice changes nothing");
}

#[test]
fn rules_name_them_like_any_other_group() {
    let policies = with_groups(GROUPS);
    let line = ("drain", &edge(1)[..]);
    for (name, of) in [("eve", &[][..]), ("ivo", &[][..]), ("ana", &["noc"][..])] {
        assert_eq!(check(&policies, &person(name, of), &channel("noc"), line), "yes: drain on 1 by x", "{name}");
    }
    let refused = check(&policies, &person("nil", &["sre"]), &channel("noc"), line);
    assert_eq!(refused, "no: NothingAllowed; here [edge-team, noc, web-on-call]");
    let who = policies.who_can(&command("drain"), (&edge(1), &[]), &channel("noc")).unwrap();
    let groups = ["edge-team", "noc", "web-on-call"].map(crate::domain::identity::GroupName::new).to_vec();
    assert_eq!(who, WhoCan::Some { groups, people: Vec::new(), automations: Vec::new() });
}

#[test]
fn what_is_wrong_with_groups_is_told_with_its_place() {
    let many = "\
noc: [U0EVE]
U0ANA: [noc]
everyone: [noc]
two words: [noc]
a: [b, nok]
b: [c]
c: [a, \"@ana\"]
d: d
e: []
f: { who: noc }
";
    assert_snapshot!(faults(many), @r#"
    groups.yaml:1: `noc` is a group of the workspace already (who is in it would not be clear: give this one another name)
    groups.yaml:2: `U0ANA` cannot be a group's name (a name is one word in small letters, e.g. `web-on-call`)
    groups.yaml:3: `everyone` cannot be a group's name (a name is one word in small letters, e.g. `web-on-call`)
    groups.yaml:4: `two words` cannot be a group's name (a name is one word in small letters, e.g. `web-on-call`)
    groups.yaml:5: `a` holds `b`, which holds `a` (a circle of groups says nothing of who is in them: leave one member out)
    groups.yaml:5: `nok` is not a known group (did you mean `noc`?)
    groups.yaml:6: `b` holds `c`, which holds `b` (a circle of groups says nothing of who is in them: leave one member out)
    groups.yaml:7: `ana` is not a person's id, and names of people can change hands (write a group without `@`, or the id of a person, e.g. "@U0ANA")
    groups.yaml:7: `c` holds `a`, which holds `c` (a circle of groups says nothing of who is in them: leave one member out)
    groups.yaml:8: `d` is a member of itself (a circle of groups says nothing of who is in them: leave one member out)
    groups.yaml:9: `e` is an empty list, and takes a word or a list of words (leave `e` out, or say at least one word)
    groups.yaml:10: `f` is keys with values, and takes a word or a list of words (leave `f` out, or say at least one word)
    "#);
    assert_snapshot!(faults("- noc\n"), @r#"groups.yaml:1: groups.yaml takes groups with their members (each line is a group and its members, e.g. `web-on-call: ["@U0ANA", noc]`)"#);
    assert_snapshot!(faults("a: [noc]\na: [sre]\n"), @"groups.yaml:2: duplicate mapping key `a` is not allowed here (correct the YAML; everything else in this file is read after that)");
}

#[test]
fn people_whom_the_workspace_does_not_have_are_told() {
    let with = |files: &[(&str, &str)], people: &[&str]| {
        let mut all = vec![PolicyFile { name: "schema.cedarschema".into(), text: SCHEMA.into() }];
        all.extend(files.iter().map(|(name, text)| PolicyFile { name: (*name).into(), text: (*text).into() }));
        let known: Known = known().with_people(people.iter().copied().map(UserId::new).collect());
        Policies::new(&all, &Channels::parse(CHANNELS).unwrap(), &known)
    };
    let files = [
        ("groups.yaml", "edge-team: [U0EVA]\n"),
        ("channels/noc.yaml", "allow:\n  - { id: x, who: [\"@U0EVE\", U0NOBODY], commands: drain, reason: r }\n"),
        (
            "channels/web.cedar",
            "@id(\"w\")\n@reason(\"r\")\npermit (principal in Account::\"U0EVES\", action, resource);",
        ),
    ];
    assert_snapshot!(with(&files, &["U0EVE"]).unwrap_err(), @"
    channels/noc.yaml:2: the workspace has no person U0NOBODY (a person's id is in their profile: Copy member ID)
    channels/web.cedar:3: `U0EVES` is not a known person (did you mean `U0EVE`?)
    groups.yaml:1: the workspace has no person U0EVA (did you mean `U0EVE`?)
    ");
    assert!(with(&files, &["U0EVE", "U0EVA", "U0NOBODY", "U0EVES"]).is_ok());
}

#[test]
fn what_files_mention_is_known_without_the_directory() {
    let files = [
        ("groups.yaml", GROUPS),
        (
            "channels/noc.yaml",
            "allow:\n  - { id: x, who: [web-on-call, sre, everyone], requires: { approval: { from: dba } } }\n",
        ),
        (
            "channels/web.cedar",
            "permit (principal in Group::\"web\", action, resource) unless { principal in Account::\"U0BOB\" };",
        ),
        ("channels/torn.yaml", "allow: ["),
    ];
    let files: Vec<_> =
        files.iter().map(|(name, text)| PolicyFile { name: (*name).into(), text: (*text).into() }).collect();
    let Mentioned { groups, people, own_groups } = Mentioned::in_files(&files);
    let text = |names: BTreeSet<_>| format!("{names:?}");
    assert_eq!(text(own_groups), "{edge-team, web-on-call}");
    assert_eq!(text(groups), "{dba, noc, sre, web}");
    assert_eq!(format!("{people:?}"), "{U0BOB, U0EVE, U0IVO}");
}
