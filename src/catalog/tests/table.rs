//! The table of keys against the reader: neither knows a key that the other does not.

use super::{ANNOUNCE, DRAIN, REBOOT, files};
use crate::catalog::keys::{self, Mapping, Shape};
use crate::catalog::load;

/// Settings that the other files do not have.
const UNDRAIN: &str = "\
command: undrain
summary: Put servers back
impact: config
owner: sre
priority: safety
remediates: true
targets: { types: [edge-cache], from: [drained], max: 10 }
parameters:
  reason: { type: text, length: 80, asked-as: because }
steps:
  - restore-state: { timeout: 5m }
  - undrain: { timeout: 5m }
examples: [undrain a-1, undrain a-2]
";
const WIPE: &str = "\
command: wipe
summary: Wipe the caches of sites
impact: config
owner: sre
targets: { sites: 5 }
approvals: { above: 2, from: sre, count: 1, within: 60m, owners: [site], escalate: { to: lead, after: 30m } }
steps:
  - http: { method: POST, url: \"https://cdn.example.com/wipe\", send: [site], expect: 200, timeout: 20s }
examples: [wipe riga, wipe lax]
";

fn names(mapping: &Mapping, into: &mut Vec<(&'static str, &'static str)>) {
    for key in mapping.keys {
        into.push((mapping.about, key.name));
        below(&key.shape, into);
    }
}

fn below(shape: &Shape, into: &mut Vec<(&'static str, &'static str)>) {
    match shape {
        Shape::Map(mapping) => names(mapping, into),
        Shape::Named { kinds, .. } => kinds.iter().for_each(|mapping| names(mapping, into)),
        Shape::Either(shapes) => shapes.iter().for_each(|shape| below(shape, into)),
        Shape::List { of, .. } | Shape::Input(of) => below(of, into),
        Shape::Word
        | Shape::Line { .. }
        | Shape::Name
        | Shape::NewName { .. }
        | Shape::Words(_)
        | Shape::Number { .. }
        | Shape::Integer
        | Shape::Percentage
        | Shape::Duration
        | Shape::Flag
        | Shape::Acknowledged
        | Shape::Boolean
        | Shape::WaveSize
        | Shape::Condition
        | Shape::Address => {}
    }
}

/// A key that the reader takes without its being in the table fails in `take`; one that it never takes is refused
/// where it stands. So files that are read without a fault and have every key prove both.
#[test]
fn every_key_of_the_table_is_read() {
    let texts = [("a", ANNOUNCE), ("d", DRAIN), ("r", REBOOT), ("u", UNDRAIN), ("w", WIPE)];
    if let Err(faults) = load(&files(&texts)) {
        panic!("{faults}");
    }
    let mut known = Vec::new();
    names(&keys::FILE, &mut known);
    assert!(known.len() > 50, "{known:?}");
    let all = texts.map(|(_, text)| text).concat();
    for (mapping, name) in known {
        assert!(all.contains(&format!("{name}:")), "no file here has `{name}` of {mapping:?}");
    }
}
