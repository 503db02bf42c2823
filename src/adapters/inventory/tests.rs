//! The inventory file through its front door.

use super::{BmcIdentity, NotProven, SaidIdentity, load};
use crate::domain::identity::GroupName;
use crate::domain::server::{MetroName, ProductionState, ServerName, ServerType, SiteFacts, SiteName};
use crate::domain::time::Timestamp;
use miette::Diagnostic;

const HOST_KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILM+rvN+ot98qgEN796jTiQfZfG1KaT0PtFDJ/XFSqti";

const GOOD: &str = "\
sites: [lax]
credentials:
  bmc: { username: wrasse, password_file: secret }
pools:
  - { name: edge-lax, load_balancer: { address: \"10.0.0.1:9999\", backend: edge } }
servers:
  - { id: a, name: edge-lax-001, type: edge-cache, site: lax, rack: lax-r01, pool: edge-lax, state: standby,
      bmc: { url: \"https://10.0.2.1/redfish/v1/Systems/1\", credential: bmc } }
  - { id: b, name: log-lax-01, type: log, site: lax, rack: lax-r01 }
";

fn faults(text: &str) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    std::fs::write(folder.path().join("secret"), "hunter2\n").expect("the folder is writable");
    let path = folder.path().join("inventory.yaml");
    std::fs::write(&path, text).expect("the folder is writable");
    let Err(found) = load(&path, Timestamp::default()) else { return Vec::new() };
    let count = found.related().map_or(0, Iterator::count);
    assert_eq!(count, found.faults.len(), "every fault is shown with its place");
    found.faults.iter().map(|fault| format!("{}: {}", fault.line, fault.message)).collect()
}

#[test]
fn a_good_file_is_servers_and_endpoints() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    std::fs::write(folder.path().join("secret"), "hunter2\n").expect("the folder is writable");
    let path = folder.path().join("inventory.yaml");
    std::fs::write(&path, GOOD).expect("the folder is writable");
    let loaded = load(&path, Timestamp::default()).expect("the file is good");
    assert_eq!(loaded.inventory.servers().len(), 2);
    let edge = ServerName::new("edge-lax-001");
    assert_eq!(loaded.inventory.by_name(&edge).expect("it is listed").initial_state, ProductionState::Standby);
    let reached = loaded.endpoints.of(&edge).expect("it is listed");
    assert_eq!(reached.balancer.as_ref().expect("it is in a pool").backend, "edge");
    assert!(reached.bmc.is_some() && reached.ssh.is_none());
    assert!(!format!("{reached:?}").contains("hunter2"), "a password is never printed");
}

#[test]
fn every_fault_is_told_with_its_line() {
    let text = GOOD
        .replace(
            "site: lax, rack: lax-r01, pool: edge-lax, state: standby",
            "site: fra, rack: r, pool: edge, state: asleep",
        )
        .replace("10.0.0.1:9999", "10.0.0.1")
        .replace("https://10.0.2.1", "ftp://10.0.2.1")
        .replace("id: b, name: log-lax-01", "id: a, name: edge-lax-001");
    assert_eq!(
        faults(&text),
        [
            "5: an address is `host:port`",
            "7: there is no site called fra",
            "7: there is no pool called edge",
            "7: `asleep` is no production state; they are production, draining, drained, undraining, standby, maintenance, repair",
            "8: this is no http or https address",
            "9: there is another server with the id a",
            "9: there is another server called edge-lax-001",
        ]
    );
}

#[test]
fn credentials_are_checked_before_anybody_needs_them() {
    let ssh = format!(
        "  - {{ id: c, name: log-lax-02, type: log, site: lax, rack: r, \
         ssh: {{ address: \"h:22\", user: ops, host_key: \"{HOST_KEY}\", credential: bmc }} }}\n"
    );
    assert_eq!(faults(&format!("{GOOD}{ssh}")), ["10: the credential bmc has no private key"]);
    let keyless = ssh.replace(HOST_KEY, "ssh-ed25519 nonsense").replace("credential: bmc", "credential: none");
    let words = "10: this is no OpenSSH public key; copy the line of the server's /etc/ssh/ssh_host_ed25519_key.pub";
    assert_eq!(faults(&format!("{GOOD}{keyless}")), [words, "10: there is no credential called none"]);
    let gone = GOOD.replace("password_file: secret", "password_file: gone");
    let told = faults(&gone);
    assert!(told.len() == 1 && told[0].starts_with("3: the password file cannot be read"), "{told:?}");
    let half = GOOD.replace(", password_file: secret", "");
    assert_eq!(faults(&half), ["3: a credential is either `private_key_file`, or `username` with `password_file`"]);
}

const LABELLED: &str = "\
sites:
  lax: { owner: edge-team, zone: America/Los_Angeles, metro: west }
  riga:
types:
  log: { owner: data-team }
tags:
  - { servers: \"site=lax\", tags: { os: trixie } }
  - { servers: \"edge-*-001\", tags: { canary: yes } }
groups:
  canaries: tag:canary=yes
  careful: \"@canaries, type=log\"
servers:
  - { id: a, name: edge-lax-001, type: edge-cache, site: lax, rack: r, tags: { os: bookworm } }
  - { id: b, name: log-riga-01, type: log, site: riga, rack: r }
";

#[test]
fn sites_types_tags_and_groups_are_read() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let path = folder.path().join("inventory.yaml");
    std::fs::write(&path, LABELLED).expect("the folder is writable");
    let inventory = load(&path, Timestamp::default()).expect("the file is good").inventory;
    let lax = inventory.site(&SiteName::new("lax"));
    assert_eq!(lax.owner, Some(GroupName::new("edge-team")));
    assert_eq!(lax.zone.expect("it has one").as_str(), "America/Los_Angeles");
    assert_eq!(inventory.metro(&SiteName::new("lax")), Some(&MetroName::new("west")));
    assert_eq!(inventory.site(&SiteName::new("riga")), SiteFacts::default());
    assert_eq!(inventory.type_owner(&ServerType::new("log")), Some(&GroupName::new("data-team")));
    let edge = inventory.by_name(&ServerName::new("edge-lax-001")).expect("it is listed");
    let tags = edge.tags.iter().map(|(tag, value)| format!("{tag}={value}")).collect::<Vec<_>>();
    assert_eq!(tags, ["canary=yes", "os=bookworm"], "a server's own tag stands");
    assert_eq!(inventory.groups().len(), 2);
}

#[test]
fn faults_of_sites_types_tags_and_groups_are_told_together() {
    let text = LABELLED
        .replace("America/Los_Angeles", "America/Los_Angels")
        .replace("  log: {", "  lag: {")
        .replace("servers: \"site=lax\"", "servers: \"site=lux\"")
        .replace("canary: yes", "canary: Yes!")
        .replace("canaries: tag:canary=yes", "canaries: \"@careful\"")
        .replace("os: bookworm", "OS: bookworm");
    assert_eq!(
        faults(&text),
        [
            "2: there is no time zone America/Los_Angels; write it as in Europe/Riga",
            "5: no server has the type lag",
            "7: No server has the site lux (at `lux`). Did you mean lax?",
            "8: `Yes!` is no value of a tag: lower-case letters, digits, dashes, dots and underscores, at most 63",
            "10: @canaries: it leads back to itself: @canaries -> @careful -> @canaries",
            "11: @careful: it leads back to itself: @careful -> @canaries -> @careful",
            "13: `OS` is no name of a tag: lower-case letters, digits, dashes, dots and underscores, at most 63",
        ]
    );
    let twice = LABELLED.replace(
        "groups:",
        "  - { servers: \"type=log\", tags: { os: a } }\n  - { servers: \"log-*\", tags: { os: b } }\ngroups:",
    );
    assert_eq!(faults(&twice), ["10: log-riga-01 gets tag:os=b here and tag:os=a before"]);
    let unknown = LABELLED.replace("zone: A", "colour: red, zone: A");
    assert!(faults(&unknown).concat().contains("colour"));
}

#[test]
fn a_key_that_nobody_knows_is_refused() {
    let told = faults(&GOOD.replace("type: log,", "type: log, colour: red,"));
    assert!(told.len() == 1 && told[0].starts_with("9: ") && told[0].contains("colour"), "{told:?}");
}

#[test]
fn an_empty_fleet_is_a_broken_inventory() {
    assert_eq!(faults("sites: []\nservers: []\n"), ["2: the inventory has no server"]);
    assert_eq!(faults("sites: [lax]\nservers:\n  - { id: a, name: Edge, type: t, site: lax, rack: r }\n").len(), 1);
}

#[test]
fn a_file_that_is_not_there_is_one_fault() {
    let found = load(std::path::Path::new("/nonexistent/inventory.yaml"), Timestamp::default());
    assert_eq!(found.expect_err("there is no such file").faults.len(), 1);
}

fn identified(identity: &str) -> String {
    GOOD.replace("credential: bmc }", &format!("credential: bmc, {identity} }}"))
}

#[test]
fn what_is_stated_of_a_machine_is_told_wrong_with_its_line() {
    const UUID: &str = "4C4C4544-0046-5110-8034-c7c04f583133";
    assert_eq!(faults(&identified(&format!("uuid: {UUID}, serial: \" 7FQ4X13 \""))), Vec::<String>::new());
    let no_uuid =
        "8: this is no UUID; it is 8-4-4-4-12 hexadecimal digits, as the controller says it, and not all 0 or all f";
    for text in ["7FQ4X13", "4c4c4544-0046-5110-8034-c7c04f58313", "00000000-0000-0000-0000-000000000000", "\"\""] {
        assert_eq!(faults(&identified(&format!("uuid: {text}"))), [no_uuid], "{text}");
    }
    let filler = UUID.replace(|character: char| character.is_ascii_alphanumeric(), "F");
    assert_eq!(faults(&identified(&format!("uuid: {filler}"))), [no_uuid]);
    let empty =
        "8: a serial number is not empty, nor what many boards say alike; leave `serial:` out if it is not known";
    for text in ["\"  \"", "\"To Be Filled By O.E.M.\"", "Default string", "\"0000000\""] {
        assert_eq!(faults(&identified(&format!("serial: {text}"))), [empty], "{text}");
    }
    let twice = format!(
        "{}  - {{ id: c, name: log-lax-02, type: log, site: lax, rack: r, \
         bmc: {{ url: \"https://h/1\", credential: bmc, uuid: {}, serial: 7FQ4X13 }} }}\n",
        identified(&format!("uuid: {UUID}, serial: 7FQ4X13")),
        UUID.to_lowercase()
    );
    assert_eq!(
        faults(&twice),
        [
            "10: there is another server with the UUID 4c4c4544-0046-5110-8034-c7c04f583133",
            "10: there is another server with the serial number 7FQ4X13",
        ]
    );
}

#[test]
fn a_controller_is_proven_by_all_that_is_stated_and_refuted_by_any_of_it() {
    const OURS: &str = "4c4c4544-0046-5110-8034-c7c04f583133";
    const THEIRS: &str = "4c4c4544-0046-5110-8034-c7c04f583134";
    let stated = |uuid: Option<&str>, serial: Option<&str>| BmcIdentity {
        uuid: uuid.map(str::to_owned),
        serial: serial.map(str::to_owned),
    };
    let both = stated(Some(OURS), Some("7FQ4X13"));
    let said = |uuid, serial| SaidIdentity { uuid, serial, sku: None };
    let large = OURS.to_uppercase();
    for (identity, uuid, serial) in [
        (&both, Some(OURS), Some("7FQ4X13")),
        (&both, Some(large.as_str()), Some("  7FQ4X13 ")),
        (&stated(Some(OURS), None), Some(OURS), Some("another")),
        (&stated(None, Some("7FQ4X13")), Some(THEIRS), Some("7FQ4X13")),
        (&stated(None, None), None, None),
        (&stated(None, None), Some(THEIRS), Some("another")),
    ] {
        assert_eq!(identity.check(said(uuid, serial)), Ok(()), "{identity:?} {uuid:?} {serial:?}");
    }
    let another = |found: &Result<(), NotProven>| matches!(found, Err(NotProven::Another(_)));
    for (uuid, serial) in
        [(Some(THEIRS), Some("7FQ4X13")), (Some(OURS), Some("7fq4x13")), (Some(THEIRS), None), (None, Some("7FQ4X1"))]
    {
        assert!(another(&both.check(said(uuid, serial))), "{uuid:?} {serial:?}");
    }
    let untold = |found: &Result<(), NotProven>| matches!(found, Err(NotProven::Untold(_)));
    let nil = "00000000-0000-0000-0000-000000000000";
    for (uuid, serial) in [
        (None, Some("7FQ4X13")),
        (Some(OURS), Some("Default string")),
        (Some("03000200-0400-0500-0006-000700080009"), Some("7FQ4X13")),
        (Some(OURS), None),
        (Some(OURS), Some("  ")),
        (Some(nil), Some("7FQ4X13")),
        (Some("To be filled"), Some("7FQ4X13")),
        (None, None),
    ] {
        assert!(untold(&both.check(said(uuid, serial))), "{uuid:?} {serial:?}");
    }
}
