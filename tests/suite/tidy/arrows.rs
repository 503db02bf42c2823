//! Which way the arrows point: `src/ARCHITECTURE.md` says it, the code is held to it.

use super::none;
use super::source::{code, files, inner_paths, module, names_crate, read, words};
use std::collections::BTreeSet;

/// One row of the table.
struct Row {
    module: String,
    is: String,
    /// `None` is everything.
    modules: Option<BTreeSet<String>>,
    crates: BTreeSet<String>,
}

/// The table under "Which way the arrows point".
fn table() -> Vec<Row> {
    let page = read("src/ARCHITECTURE.md");
    let part = page.split("\n# ").find(|part| part.starts_with("Which way the arrows point"));
    let rows = part.expect("the page has that part").lines().filter(|line| line.starts_with("| `"));
    let rows: Vec<Row> = rows.map(row).collect();
    assert!(rows.len() > 10, "the table was not understood");
    rows
}

fn row(line: &str) -> Row {
    let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
    let [module, is, modules, crates] = cells[..] else { panic!("four cells: {line}") };
    let names = |cell: &str| -> BTreeSet<String> {
        let names = cell.split(',').map(str::trim).filter(|name| *name != "nothing");
        names
            .map(|name| {
                let inside = name.strip_prefix('`').and_then(|name| name.strip_suffix('`'));
                inside.unwrap_or_else(|| panic!("`{name}` is no name in backticks: {line}")).to_owned()
            })
            .collect()
    };
    Row {
        module: module.trim_matches('`').to_owned(),
        is: is.to_owned(),
        modules: (modules != "everything").then(|| names(modules)),
        crates: names(crates),
    }
}

/// The row of a path of names; the longest wins.
fn row_of<'a>(table: &'a [Row], path: &[String]) -> Option<&'a Row> {
    let long = path.iter().take(2).map(String::as_str).collect::<Vec<_>>().join("/");
    let short = path.first()?;
    table.iter().find(|row| row.module == long).or_else(|| table.iter().find(|row| row.module == *short))
}

/// What a row may not name and the code names all the same.
fn reversed(table: &[Row], own: &Row, path: &str, code: &str) -> Vec<String> {
    let mut found = BTreeSet::new();
    for named in inner_paths(code, &module(path)) {
        let Some(target) = row_of(table, &named) else { continue };
        let is_inside = target.module == own.module || own.module.starts_with(&format!("{}/", target.module));
        let holds = own.modules.as_ref().is_none_or(|may| may.contains(&target.module));
        // A folder may name the parts it is made of.
        let is_part = target.module.starts_with(&format!("{}/", own.module));
        if !is_inside && !is_part && !holds {
            found.insert(format!("{path}: {} -> {}", own.module, target.module));
        }
    }
    found.into_iter().collect()
}

/// The crates under `[dependencies]`, as `Cargo.toml` writes them.
fn dependencies() -> Vec<String> {
    let manifest = read("Cargo.toml");
    let part = manifest.split("\n[").find(|part| part.starts_with("dependencies]")).expect("there are dependencies");
    let names = part.lines().skip(1).filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(" = "));
    names.map(|(name, _)| name.to_owned()).collect()
}

/// Every Rust file below `src/` that belongs to a row, with its row and its code.
fn each_file(table: &[Row], mut look: impl FnMut(&Row, &str, &str)) {
    let mut seen = 0;
    for file in files().iter().filter(|file| file.is_in("src") && file.extension() == "rs") {
        if matches!(file.path.as_str(), "src/lib.rs" | "src/main.rs") {
            continue;
        }
        let row = row_of(table, &module(&file.path));
        let row = row.unwrap_or_else(|| panic!("{}: the table of ARCHITECTURE.md has no row for it", file.path));
        seen += 1;
        look(row, &file.path, &code(&file.text));
    }
    assert!(seen > 100, "the files were not found: {seen}");
}

#[test]
fn no_arrow_is_reversed() {
    let table = table();
    let mut found = Vec::new();
    each_file(&table, |row, path, code| found.extend(reversed(&table, row, path, code)));
    none(&found, "change the code, or the table of src/ARCHITECTURE.md with a decision that says why");
}

#[test]
fn each_module_uses_its_own_crates_only() {
    let table = table();
    let dependencies = dependencies();
    let mut found = Vec::new();
    each_file(&table, |row, path, code| {
        for name in &dependencies {
            if !row.crates.contains(name) && names_crate(code, &name.replace('-', "_")) {
                found.push(format!("{path}: {} uses {name}", row.module));
            }
        }
    });
    none(&found, "a crate is a debt: name it in the table of src/ARCHITECTURE.md, with a reason in the commit");
}

#[test]
fn the_table_allows_nothing_that_nobody_uses() {
    let table = table();
    let dependencies = dependencies();
    let mut used: BTreeSet<(String, String)> = BTreeSet::new();
    each_file(&table, |row, path, code| {
        let targets = inner_paths(code, &module(path)).into_iter().filter_map(|named| row_of(&table, &named));
        used.extend(targets.map(|target| (row.module.clone(), target.module.clone())));
        let crates = dependencies.iter().filter(|name| names_crate(code, &name.replace('-', "_")));
        used.extend(crates.map(|name| (row.module.clone(), name.clone())));
    });
    let mut found = Vec::new();
    for row in &table {
        for name in row.modules.iter().flatten().chain(&row.crates) {
            if !used.contains(&(row.module.clone(), name.clone())) {
                found.push(format!("{}: {name}", row.module));
            }
        }
    }
    none(&found, "the table of src/ARCHITECTURE.md names what is not used");
}

#[test]
fn pure_modules_wait_for_nothing_and_look_at_nothing() {
    let table = table();
    let pure: Vec<&str> = table.iter().filter(|row| row.is == "pure").map(|row| row.module.as_str()).collect();
    assert_eq!(pure.len(), 11, "{pure:?}");
    let outside =
        ["std::fs", "std::net", "std::env", "std::thread", "std::process", "std::io", "SystemTime", "Instant"];
    let mut found = Vec::new();
    each_file(&table, |row, path, code| {
        let is_test = path.contains("/tests/") || path.ends_with("tests.rs");
        if row.is != "pure" || is_test {
            return;
        }
        for word in ["async", "await"].iter().chain(&outside) {
            if words(code, word).next().is_some() {
                found.push(format!("{path}: {word}"));
            }
        }
    });
    none(&found, "values in, values out: no waiting, no clock, no files");
}

#[test]
fn the_rules_see_what_they_are_for() {
    let table = table();
    let check = |path: &str, text: &str| {
        let row = row_of(&table, &module(path)).expect("there is a row");
        reversed(&table, row, path, &code(text))
    };
    let backwards = "use crate::{domain::ids::RunId, services::{World, runner}};";
    assert_eq!(check("src/fleet/print.rs", backwards), ["src/fleet/print.rs: fleet -> services"]);
    assert_eq!(check("src/ports/chat.rs", "fn f(x: crate::adapters::slack::Slack) {}").len(), 1);
    assert_eq!(check("src/adapters/slack/wire.rs", "use crate::adapters::storage::SqliteStore;").len(), 1);
    assert_eq!(check("src/workflow/run.rs", "use super::super::admission::Known;").len(), 1);
    assert!(check("src/adapters/slack/tests/mod.rs", "use super::super::wire::Us; use super::waiting;").is_empty());
    assert!(check("src/fleet/print.rs", "// crate::services\nconst X: &str = \"crate::services\";").is_empty());
    assert!(names_crate("use tokio::time;", "tokio") && names_crate("#[tokio::test]", "tokio"));
    assert!(!names_crate("self::tokio::x; my_tokio::y; tokio_util::z", "tokio"));
}
