//! Notices on changed files.

use super::{INCIDENT, shown};
use crate::conversation::{FileFault, SetCounts, Shrink, files_faulty, files_in_force, inventory_shrunk};
use crate::domain::ids::Fingerprint;
use insta::assert_snapshot;

fn faults(count: usize) -> Vec<FileFault> {
    let fault = |number: usize| FileFault {
        place: format!("commands/reboot.yaml:{number}"),
        what: "unknown key `tmeout`\nsecond line".to_owned(),
    };
    (1..=count).map(fault).collect()
}

fn read(message: &crate::conversation::message::Message) -> String {
    shown(message, INCIDENT)
}

#[test]
fn one_fault_is_told_with_its_place() {
    assert_snapshot!(read(&files_faulty(&faults(1), &Fingerprint::of(b"before"))), @"
    ✗ 1 fault in changed files, which are not used: commands/reboot.yaml:1
    ----
    ✗ 1 fault in changed files, which are not used
    `commands/reboot.yaml:1` `unknown key 'tmeout'`
    ~ The set 6db7 stays in force. Correct the files; they are read again by themselves.
    ");
}

#[test]
fn of_many_faults_the_first_three_are_told() {
    assert_snapshot!(read(&files_faulty(&faults(5), &Fingerprint::of(b"before"))), @"
    ✗ 5 faults in changed files, which are not used: commands/reboot.yaml:1
    ----
    ✗ 5 faults in changed files, which are not used
    `commands/reboot.yaml:1` `unknown key 'tmeout'`
    `commands/reboot.yaml:2` `unknown key 'tmeout'`
    `commands/reboot.yaml:3` `unknown key 'tmeout'`
    + 2 more in the log
    ~ The set 6db7 stays in force. Correct the files; they are read again by themselves.
    ");
}

#[test]
fn a_shrunken_inventory_is_told_with_the_sites_it_lost() {
    let shrink = Shrink { lost: 40, of: 120, sites: vec!["lax".to_owned()] };
    assert_snapshot!(read(&inventory_shrunk(&shrink, &Fingerprint::of(b"before"))), @"
    ✗ The changed inventory lost 40 of 120 servers; it is not used
    ----
    ✗ The changed inventory lost 40 of 120 servers; it is not used
    1 site gone as a whole: lax
    Put them back, or restart the bot if they are gone for good.
    ~ The set 6db7 stays in force.
    ");
    let shrink = Shrink { sites: Vec::new(), ..shrink };
    assert_snapshot!(read(&inventory_shrunk(&shrink, &Fingerprint::of(b"before"))), @"
    ✗ The changed inventory lost 40 of 120 servers; it is not used
    ----
    ✗ The changed inventory lost 40 of 120 servers; it is not used
    Put them back, or restart the bot if they are gone for good.
    ~ The set 6db7 stays in force.
    ");
}

#[test]
fn a_repair_is_told_with_what_is_in_force() {
    let counts = SetCounts { commands: 4, channels: 1, servers: 120 };
    assert_snapshot!(read(&files_in_force(counts, &Fingerprint::of(b"after"))), @"
    ✅ The changed files are in force (set f395)
    ----
    ✅ The changed files are in force (set f395)
    4 commands, policies of 1 channel, 120 servers
    ");
}
