//! How far a channel may go, by who can read along.

use super::super::{Channels, Policies, PolicyFile};
use super::{SCHEMA, ana, channel, check, command, edge, known};
use crate::domain::place::{ChannelFacts, ChannelId, Reach};
use crate::domain::server::Server;

const ALL: &str = "allow:\n  - { id: x, who: noc, commands: all, reason: r }\n";
const DIRECT: &str = "allow:\n  - { id: d, who: noc, commands: all, reason: r }\n";

fn policies(channels: &str, files: &[(&str, &str)]) -> Policies {
    let mut all = vec![PolicyFile { name: "schema.cedarschema".into(), text: SCHEMA.into() }];
    all.extend(files.iter().map(|(name, text)| PolicyFile { name: (*name).into(), text: (*text).into() }));
    let channels = Channels::parse(channels).unwrap_or_else(|faults| panic!("{}", faults.render()));
    Policies::new(&all, &channels, &known()).unwrap_or_else(|faults| panic!("{}", faults.render()))
}

fn noc(reach: Reach) -> ChannelFacts {
    ChannelFacts { reach, ..channel("noc") }
}

fn answers(policies: &Policies, place: &ChannelFacts) -> String {
    let ask = |verb: &str, servers: &[Server]| {
        check(policies, &ana(), place, (verb, servers)).trim_end_matches("; you in [noc]").to_owned()
    };
    let (announce, drain, reboot) = (ask("announce", &[]), ask("drain", &edge(1)), ask("reboot", &edge(1)));
    let catalogue = ["announce", "drain", "reboot"].map(command);
    let usable = policies.commands_for(&ana(), place, &catalogue);
    assert_eq!(usable.len(), [&announce, &drain, &reboot].iter().filter(|answer| answer.starts_with("yes")).count());
    [announce, drain, reboot].join("\n")
}

#[test]
fn where_strangers_read_along_only_what_looks_is_allowed() {
    let usual = policies("channels: { noc: C0NOC }", &[("channels/noc.yaml", ALL)]);
    let shared = answers(&usual, &noc(Reach::Shared));
    assert_eq!(shared, "yes: announce on 0 by x\nno: Shared is for UpTo(ReadOnly)\nno: Shared is for UpTo(ReadOnly)");
    let open = answers(&usual, &noc(Reach::Private));
    assert_eq!(open, "yes: announce on 0 by x\nyes: drain on 1 by x\nyes: reboot on 1 by x");
}

#[test]
fn the_file_says_otherwise_for_all_or_for_one() {
    let all =
        policies("channels: { noc: C0NOC }\nreach: { shared: nothing, private: drain }", &[("channels/noc.yaml", ALL)]);
    assert!(answers(&all, &noc(Reach::Shared)).starts_with("no: Shared is for Nothing\n"));
    assert!(answers(&all, &noc(Reach::Private)).ends_with("yes: drain on 1 by x\nno: Private is for UpTo(Drain)"));
    assert!(answers(&all, &noc(Reach::OwnWorkspace)).ends_with("yes: reboot on 1 by x"));
    let one = policies("channels: { noc: { id: C0NOC, at-most: drain } }", &[("channels/noc.yaml", ALL)]);
    for reach in [Reach::OwnWorkspace, Reach::Private, Reach::Shared] {
        assert!(answers(&one, &noc(reach)).contains("\nyes: drain on 1 by x\nno: "), "{reach:?}");
    }
}

#[test]
fn a_direct_conversation_has_rules_of_its_own() {
    let direct = ChannelFacts { id: ChannelId::new("D0ANA"), name: None, reach: Reach::Direct, ..channel("noc") };
    let without = policies("channels: { noc: C0NOC }", &[("channels/noc.yaml", ALL)]);
    let none = answers(&without, &direct);
    assert!(none.starts_with("no: Direct is for Nothing\n"), "{none}");
    let with = policies("channels: { noc: C0NOC }", &[("channels/noc.yaml", ALL), ("channels/direct.yaml", DIRECT)]);
    let some = answers(&with, &direct);
    assert!(some.starts_with("yes: announce on 0 by d\nno: Direct is for UpTo(ReadOnly)\n"), "{some}");
    let far = policies("reach: { direct: drain }", &[("channels/direct.yaml", DIRECT)]);
    assert!(answers(&far, &direct).ends_with("yes: drain on 1 by d\nno: Direct is for UpTo(Drain)"));
}
