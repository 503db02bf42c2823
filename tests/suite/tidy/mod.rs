//! The project holds to its own rules: who may use whom, what a file looks like, which crates stay out.
//!
//! Facts live once: the table of arrows is read from `src/ARCHITECTURE.md`. Deliberately absent: what rustc, clippy and
//! rustfmt check already.

mod arrows;
mod proofs;
mod source;

use source::{code, files, read, words};

/// No file is longer.
const FILE_LENGTH_MAX_LINES: usize = 500;
/// Longer ones, each with why.
const LONG_FILES: [(&str, &str); 0] = [];
/// Where code may name the foreign thing.
const MAY_NAME_SLACK: [&str; 7] = [
    "src/adapters/slack/",
    "src/adapters/mod.rs",
    "src/sandbox/workspace/",
    "src/sandbox/page/",
    "src/cli/",
    "src/app.rs",
    "src/settings.rs",
];
/// Crates that must not come in, by whatever way, each with why.
const BANNED_CRATES: [(&str, &str); 10] = [
    ("aws-lc-rs", "a second TLS provider beside ring makes every connector panic"),
    ("aws-lc-sys", "a second TLS provider beside ring makes every connector panic"),
    ("openssl-sys", "TLS is rustls with ring, alone"),
    ("native-tls", "TLS is rustls with ring, alone"),
    ("minijinja", "there is no template engine over what people or servers say"),
    ("tera", "there is no template engine over what people or servers say"),
    ("handlebars", "there is no template engine over what people or servers say"),
    ("liquid", "there is no template engine over what people or servers say"),
    ("serde_yaml", "YAML is read by serde-saphyr, which knows lines"),
    ("serde_yml", "YAML is read by serde-saphyr, which knows lines"),
];
/// Crates of which two versions would not fit together.
const ONE_VERSION: [&str; 8] = ["axum", "hyper", "reqwest", "ring", "russh", "rustls", "sqlx", "tokio"];

/// Fails with everything that was found, not with the first.
fn none(found: &[String], rule: &str) {
    assert!(found.is_empty(), "{rule}\n  {}", found.join("\n  "));
}

/// A mark that this very file must not contain in one piece.
fn mark(parts: &[&str]) -> String {
    parts.concat()
}

#[test]
fn every_rust_file_opens_with_what_lives_there() {
    let opens =
        |text: &str| text.starts_with("//! ") || text.starts_with("#![doc = include_str!(\"ARCHITECTURE.md\")]");
    let silent = files().into_iter().filter(|file| file.extension() == "rs" && !opens(&file.text));
    none(
        &silent.map(|file| file.path).collect::<Vec<_>>(),
        "a file opens with `//!`: what lives here, and what does not",
    );
}

#[test]
fn no_file_is_longer_than_a_stranger_reads() {
    let mut found = Vec::new();
    for file in files().iter().filter(|file| matches!(file.extension(), "rs" | "js" | "mjs" | "css" | "html" | "py")) {
        let lines = file.text.lines().count();
        let is_excused = LONG_FILES.iter().any(|(path, _)| *path == file.path);
        if lines > FILE_LENGTH_MAX_LINES && !is_excused {
            found.push(format!("{}: {lines} lines", file.path));
        }
    }
    none(&found, "split a file along a noun, or give it a reason in LONG_FILES");
}

#[test]
fn only_its_adapter_and_its_double_name_slack() {
    let mut found = Vec::new();
    for file in files().iter().filter(|file| file.is_in("src") && file.extension() != "md") {
        let code = if file.extension() == "rs" { code_and_texts(&file.text) } else { file.text.clone() };
        let may = MAY_NAME_SLACK.iter().any(|path| file.path.starts_with(path));
        if !may && code.to_lowercase().contains("slack") {
            found.push(file.path.clone());
        }
    }
    none(&found, "only the Slack adapter, the sandbox and what starts them name Slack");
}

/// Rust without its comment lines; texts stay, because people read those.
fn code_and_texts(text: &str) -> String {
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

#[test]
fn nothing_unfinished_is_here() {
    let marks = [mark(&["TO", "DO"]), mark(&["FIX", "ME"]), mark(&["HA", "CK"]), mark(&["XX", "X:"])];
    let macros = ["todo", "unimplemented", "dbg"];
    let attributes = ["#[ignore", "#[should_panic", "#[allow", "#![allow"];
    let mut found = Vec::new();
    for file in files().iter().filter(|file| file.is_in("src") || file.is_in("tests") || !file.path.contains('/')) {
        for (number, line) in (1..).zip(file.text.lines()) {
            found.extend(
                marks.iter().filter(|mark| words(line, mark).next().is_some()).map(|mark| at(&file.path, number, mark)),
            );
        }
        let code = if file.extension() == "rs" { code(&file.text) } else { continue };
        for (number, line) in (1..).zip(code.lines()) {
            let calls = |name: &&&str| words(line, name).any(|at| line[at + name.len()..].starts_with('!'));
            found.extend(macros.iter().filter(calls).map(|name| at(&file.path, number, name)));
            let has = attributes.iter().filter(|attribute| line.contains(**attribute));
            found.extend(has.map(|attribute| at(&file.path, number, attribute)));
        }
    }
    none(&found, "unfinished work, and lints or tests that are switched off, do not reach main");
}

fn at(path: &str, line: usize, what: &str) -> String {
    format!("{path}:{line}: {what}")
}

#[test]
fn no_test_sleeps() {
    let is_test = |path: &str| path.starts_with("tests/") || path.contains("/tests/") || path.ends_with("/tests.rs");
    let mut found = Vec::new();
    for file in files().iter().filter(|file| is_test(&file.path)) {
        let (code, naps): (String, &[&str]) = match file.extension() {
            "rs" => (code(&file.text), &["sleep", "sleep_until"]),
            "js" | "mjs" => (file.text.clone(), &["waitForTimeout"]),
            "py" => (file.text.clone(), &["sleep"]),
            _ => continue,
        };
        for (number, line) in (1..).zip(code.lines()) {
            let naps = naps.iter().filter(|nap| words(line, nap).any(|at| line[at + nap.len()..].starts_with('(')));
            found.extend(naps.map(|nap| at(&file.path, number, nap)));
        }
    }
    none(&found, "a test waits for a condition, with a bound, never for time to pass");
}

#[test]
fn no_text_tells_of_the_machine_it_was_written_on() {
    let marks = [mark(&["/wo", "rk/"]), mark(&["/tmp/", "brief"]), mark(&["/ho", "me/"]), mark(&["/ro", "ot/"])];
    let mut found = Vec::new();
    for file in files() {
        for (number, line) in (1..).zip(file.text.lines()) {
            found.extend(marks.iter().filter(|mark| line.contains(*mark)).map(|mark| at(&file.path, number, mark)));
        }
    }
    none(&found, "a path of one machine means nothing on another");
}

#[test]
fn every_command_file_shows_two_lines() {
    let mut seen = 0;
    let mut found = Vec::new();
    let is_command = |text: &str| text.lines().any(|line| line.starts_with("command:"));
    for file in files().iter().filter(|file| file.extension() == "yaml" && is_command(&file.text)) {
        seen += 1;
        let examples = file.text.lines().skip_while(|line| *line != "examples:").skip(1);
        let examples = examples.take_while(|line| line.starts_with("  - ")).count();
        if examples < 2 {
            found.push(format!("{}: {examples}", file.path));
        }
    }
    assert!(seen >= 4, "the command files were not found: {seen}");
    none(&found, "each command carries at least two example lines");
}

#[test]
fn scripts_stop_at_the_first_failure() {
    let is_script = |file: &&source::File| {
        file.text.lines().next().is_some_and(|line| line.starts_with("#!") && line.contains("bash"))
    };
    let scripts = files();
    let scripts: Vec<_> = scripts.iter().filter(is_script).collect();
    assert!(scripts.len() >= 4, "the scripts were not found");
    let careless = scripts.iter().filter(|file| !file.text.contains("\nset -euo pipefail\n"));
    none(&careless.map(|file| file.path.clone()).collect::<Vec<_>>(), "a script says `set -euo pipefail`");
}

#[test]
fn clocks_randomness_and_waiting_are_disallowed_by_lint() {
    let lints = read(".clippy.toml");
    let methods = [
        "std::time::SystemTime::now",
        "std::time::Instant::now",
        "tokio::spawn",
        "tokio::time::sleep",
        "std::env::var",
        "chrono::Utc::now",
    ];
    let missing = methods.iter().filter(|method| !lints.contains(&format!("path = \"{method}\"")));
    none(&missing.map(|method| (*method).to_owned()).collect::<Vec<_>>(), ".clippy.toml disallows these methods");
}

/// The name and version of every package that Cargo.lock holds.
fn locked() -> Vec<(String, String)> {
    let lock = read("Cargo.lock");
    let value =
        |line: &str, key: &str| Some(line.strip_prefix(key)?.strip_prefix(" = \"")?.strip_suffix('"')?.to_owned());
    let packages = lock.split("[[package]]").skip(1).map(|package| {
        let of =
            |key: &str| package.lines().find_map(|line| value(line, key)).expect("a package has a name and a version");
        (of("name"), of("version"))
    });
    packages.collect()
}

#[test]
fn crates_that_must_stay_out_are_out() {
    let locked = locked();
    let is_in = |name: &str| locked.iter().any(|(locked, _)| locked == name);
    let found = BANNED_CRATES.iter().filter(|(name, _)| is_in(name)).map(|(name, why)| format!("{name}: {why}"));
    none(&found.collect::<Vec<_>>(), "Cargo.lock holds a crate that must stay out");
}

#[test]
fn crates_that_must_agree_are_there_once() {
    let locked = locked();
    let mut found = Vec::new();
    for name in ONE_VERSION {
        let versions: Vec<&str> =
            locked.iter().filter(|(locked, _)| locked == name).map(|(_, version)| version.as_str()).collect();
        if versions.len() != 1 {
            found.push(format!("{name}: {versions:?}"));
        }
    }
    none(&found, "Cargo.lock holds exactly one version of each of these");
}
