//! Every file in `commands/` loads, and every example in it is a line that means that command.

use std::path::Path;
use wrasse::catalog::{Catalog, CatalogFaults, load};
use wrasse::domain::intent::Intent;
use wrasse::language::{Vocabulary, parse};

fn catalog() -> Result<Catalog, CatalogFaults> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("commands");
    let mut files: Vec<(String, String)> = std::fs::read_dir(folder)
        .expect("the folder is part of the project")
        .map(|entry| entry.expect("entries can be read").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .map(|path| {
            let name = path.file_name().expect("a file has a name").to_string_lossy().into_owned();
            (name, std::fs::read_to_string(&path).expect("the file is text"))
        })
        .collect();
    files.sort();
    load(&files)
}

#[test]
fn every_example_is_a_line_of_its_command() {
    let catalog = catalog().unwrap_or_else(|faults| panic!("{faults}"));
    let vocabulary = Vocabulary::of(catalog.commands().to_vec());
    let mut understood = 0;
    for spec in catalog.commands() {
        for example in &spec.examples {
            match parse(example, &vocabulary) {
                Ok(Intent::Work(work)) => assert_eq!(work.command, spec.name, "{example}"),
                other => panic!("{example}: {other:?}"),
            }
            understood += 1;
        }
    }
    assert!(understood >= 8, "{understood} examples");
}

#[test]
fn the_commands_of_the_readme_are_there() {
    let catalog = catalog().unwrap_or_else(|faults| panic!("{faults}"));
    let names: Vec<String> = catalog.commands().iter().map(|spec| spec.name.to_string()).collect();
    assert_eq!(names, ["announce", "drain", "reboot", "undrain"]);
}
