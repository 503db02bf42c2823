//! Tables of expected answers: what holds, what differs, and what is wrong with a table itself.

use super::super::{PolicyFaults, PolicyFile, TestGround, TestReport, run_tables};
use super::{command, edge, noc_rules, shipped};
use crate::authorization::Policies;
use insta::assert_snapshot;

fn run(policies: &Policies, table: &str) -> Result<TestReport, PolicyFaults> {
    let commands = ["reboot", "drain", "announce", "isolate", "wipe"].map(command);
    let commands: Vec<_> = commands.iter().collect();
    let select = |text: &str| match text {
        "edge-lax-[001-003]" => Ok(edge(3)),
        _ => Err(format!("No server is called {text}")),
    };
    let file = PolicyFile { name: "tests/t.yaml".into(), text: table.into() };
    run_tables(&[file], TestGround { policies, commands: &commands, select: &select })
}

fn differences(policies: &Policies, table: &str) -> String {
    let report = run(policies, table).unwrap_or_else(|faults| panic!("{}", faults.render()));
    let told = report.differences.iter().map(|difference| {
        format!("{}: {} - {} + {}", difference.line, difference.question, difference.expected, difference.decided)
    });
    told.collect::<Vec<_>>().join("\n")
}

#[test]
fn every_way_to_expect_an_answer_holds_only_for_that_answer() {
    let held = "\
- { who: noc, in: '#noc', command: reboot, servers: 'edge-lax-[001-003]', expect: allowed }
- { who: noc, in: noc, command: reboot, on: { type: edge-cache, site: lax, pool: edge-lax }, expect: allowed by noc-servers }
- { who: noc, in: noc, command: reboot, on: { type: edge-cache, count: 51 }, expect: refused above 50 }
- { who: noc, in: noc, command: reboot, on: { type: dns }, expect: refused by no policy }
- { who: \"@U0ANA\", in: noc, command: announce, expect: refused }
- { who: incident-commander, in: incidents, command: wipe, on: { type: dns }, expect: refused by no policy }
- { who: [noc, \"@U0ANA\"], in: incidents, command: wipe, on: { type: dns }, expect: refused by global-destructive }
- { who: noc, in: noc, command: isolate, sites: [lax, riga], expect: refused }
- { who: noc, in: direct, command: announce, expect: refused by no policy }
";
    assert_eq!(differences(&shipped(), held), "");
    let report = run(&shipped(), held).unwrap();
    let untested = report.untested.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    assert_eq!(
        untested,
        "global-largest-request incidents-commander incidents-return incidents-take-over noc-announce noc-brakes noc-standby noc-state web-no-reboots web-small"
    );
    let differing = "\
- { who: noc, in: noc, command: reboot, on: { type: edge-cache, site: riga }, expect: refused }
- { who: noc, in: noc, command: reboot, on: { type: edge-cache }, expect: 'allowed by noc-servers, web-small' }
- { who: noc, in: noc, command: reboot, on: { type: edge-cache, count: 51 }, expect: refused above 51 by noc-servers }
- { who: noc, in: noc, command: reboot, on: { type: dns }, expect: refused by web-no-reboots }
- { who: noc, in: web, command: reboot, on: { type: dns }, expect: refused by no policy }
- { who: nobody, in: noc, reach: shared, command: drain, servers: 'edge-lax-[001-003]', expect: allowed }
- { who: \"@U0ANA\", in: direct, command: announce, expect: allowed }
";
    assert_snapshot!(differences(&shipped(), differing), @"
    1: reboot of 1 edge-cache in riga by somebody of noc in #noc - refused + allowed by noc-servers
    2: reboot of 1 edge-cache in lax by somebody of noc in #noc - allowed by noc-servers, web-small + allowed by noc-servers
    3: reboot of 51 edge-cache in lax by somebody of noc in #noc - refused above 51 by noc-servers + refused above 50 by noc-servers
    4: reboot of 1 dns in lax by somebody of noc in #noc - refused by web-no-reboots + refused by no policy: none allows it
    5: reboot of 1 dns in lax by somebody of noc in #web - refused by no policy + refused by web-no-reboots
    6: drain of 3 (`edge-lax-[001-003]`) by somebody in no group in #noc, shared - allowed + refused by no policy: channels.yaml keeps it from such a channel
    7: announce by U0ANA in a direct conversation - allowed + refused by no policy: channels.yaml keeps it from such a channel
    ");
}

/// A table that leaves open which servers are meant holds for all of them.
#[test]
fn a_case_about_a_type_is_tried_for_each_kind_of_its_servers() {
    let rules = "allow:\n  - { id: x, who: noc, commands: drain, on: { not-pool: edge-riga }, reason: r }\n";
    let table = "- { who: noc, in: noc, command: drain, on: { type: edge-cache }, expect: allowed }\n";
    let policies = noc_rules(rules).unwrap();
    assert_snapshot!(differences(&policies, table), @"1: drain of 1 edge-cache in riga by somebody of noc in #noc - allowed + refused by no policy: none allows it");
    assert_eq!(differences(&policies, &table.replace("edge-cache }", "edge-cache, site: lax }")), "");
}

#[test]
fn what_is_wrong_with_a_table_is_told_with_its_place() {
    let table = "\
- { who: [nok, \"@U0ANA\", U0BOB], in: nok, command: rebot, expect: alowed }
- { in: noc, on: { type: dns }, expects: refused }
- { who: noc, in: noc, command: announce, on: { type: dns }, expect: refused }
- { who: noc, in: noc, command: isolate, expect: refused }
- { who: noc, in: noc, command: drain, servers: a, sites: [lax], expect: refused }
- { who: noc, in: noc, command: drain, servers: edge-lax-009, expect: refused by noc-sever }
- { who: noc, in: noc, command: drain, on: { type: dnss }, expect: refused above many }
- { who: noc, in: noc, command: drain, on: { count: 0 }, expect: allowed above 3 }
- { who: noc, in: noc, command: drain, on: { type: dns, count: 100001 }, reach: sharde, expect: refused }
- { who: noc, in: noc, command: isolate, sites: laxx, expect: refused }
- who
";
    assert_snapshot!(run(&shipped(), table).unwrap_err(), @"
    tests/t.yaml:1: `nok` is not a known group (did you mean `noc`?)
    tests/t.yaml:1: `rebot` is not a known command (did you mean `reboot`?)
    tests/t.yaml:1: a case is about one person (write a case for each)
    tests/t.yaml:1: an answer begins with `allowed` or `refused` (e.g. `allowed by noc-servers`, `refused above 50 by noc-servers`, `refused by no policy`, `refused`)
    tests/t.yaml:1: channels.yaml has no channel `nok` (did you mean `noc`?)
    tests/t.yaml:2: a case has no key `expects` (did you mean `expect`?)
    tests/t.yaml:2: this case has no `command` (the command's name)
    tests/t.yaml:2: this case has no `expect` (e.g. `expect: allowed by noc-servers`, or `expect: refused`)
    tests/t.yaml:2: this case has no `who` (e.g. `who: noc`, or `who: nobody` for somebody in no group)
    tests/t.yaml:3: announce works on no server (leave `on`, `servers` and `sites` out)
    tests/t.yaml:4: isolate works on whole sites (say `sites: [lax]`)
    tests/t.yaml:5: drain works on servers (say `on: { type: edge-cache, count: 20 }`, or `servers:` with a selector)
    tests/t.yaml:6: No server is called edge-lax-009 (`wrasse select` tells what a selector means)
    tests/t.yaml:6: there is no policy `noc-sever` (did you mean `noc-servers`?)
    tests/t.yaml:7: no server of the inventory is like that (did you mean `dns`?)
    tests/t.yaml:7: this is no answer (e.g. `allowed by noc-servers`, `refused above 50 by noc-servers`, `refused by no policy`, `refused`)
    tests/t.yaml:8: `count` is `0` (it takes a whole number from 1 up)
    tests/t.yaml:8: this is no answer (e.g. `allowed by noc-servers`, `refused above 50 by noc-servers`, `refused by no policy`, `refused`)
    tests/t.yaml:9: 100001 servers are more than 100000 (say a smaller number)
    tests/t.yaml:9: this is no reach (it takes `shared` or `private`; leave it out for an open channel)
    tests/t.yaml:10: `laxx` is not a known site (did you mean `lax`?)
    tests/t.yaml:11: a case is a word, and takes keys with values (the keys are who, in, reach, command, on, servers, sites, expect)
    ");
}
