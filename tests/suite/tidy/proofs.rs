//! Values that prove something are made where that is found out, and nowhere else.
//!
//! Most have private fields, so that the compiler sees to it. Those here cross from one module to another, so their
//! constructors are public, and this says who calls them.

use super::none;
use super::source::{code, files};

/// A constructor, the files or folders of the program that may call it, and why those.
const MADE_BY: [(&str, &[&str], &str); 6] = [
    (
        "Admission::noted",
        &["src/mandate/mod.rs", "src/adapters/storage/shapes/run.rs"],
        "a run is let to start by three proofs, or its journal says that it was",
    ),
    ("Actor::of_envelope", &["src/adapters/slack/wire.rs"], "who acts is said by an authenticated envelope"),
    ("Actor::of_automation", &["src/services/standby.rs"], "who acts is said by the files that name an automation"),
    ("Actor::of_account", &["src/cli/shell.rs"], "who acts is said by the files that say whose the account is"),
    ("Actor::of_process", &["src/cli/brakes.rs"], "who acts is said by the operating system"),
    (
        "Actor::recalled",
        &["src/adapters/storage/shapes/places.rs", "src/adapters/storage/sqlite/homes.rs"],
        "who acted then is read back from what was stored of it",
    ),
];

/// Whether a file holds tests or measurements alone, which may make up what they need.
fn is_test(path: &str) -> bool {
    let is_strategy = path.starts_with("src/adapters/storage/shapes/strategies");
    let is_apart = path.starts_with("tests/") || path.starts_with("benches/");
    is_apart || path.contains("/tests/") || path.ends_with("/tests.rs") || is_strategy
}

#[test]
fn what_proves_something_is_made_where_it_is_found_out() {
    let mut found = Vec::new();
    for file in files().iter().filter(|file| file.extension() == "rs" && !is_test(&file.path)) {
        let code = code(&file.text);
        for (constructor, may, why) in MADE_BY {
            if code.contains(constructor) && !may.iter().any(|path| file.path.starts_with(path)) {
                found.push(format!("{}: {constructor}: {why}", file.path));
            }
        }
    }
    none(&found, "a proof is taken from where it is made");
}

/// A rule that nothing follows says nothing.
#[test]
fn every_maker_of_proofs_is_there() {
    let files = files();
    let mut found = Vec::new();
    for (constructor, may, _) in MADE_BY {
        let calls = |path: &&&str| {
            files.iter().any(|file| {
                file.path.starts_with(**path) && code(&file.text).contains(constructor.rsplit("::").next().unwrap())
            })
        };
        found.extend(may.iter().filter(|path| !calls(path)).map(|path| format!("{path}: {constructor}")));
    }
    none(&found, "this file makes that proof no more");
}
