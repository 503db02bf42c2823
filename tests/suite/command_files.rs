//! The files in `commands/` load, examples and all.

use std::path::Path;
use wrasse::catalog::{Catalog, CatalogFaults, load};

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
fn the_commands_of_the_readme_are_there() {
    let catalog = catalog().unwrap_or_else(|faults| panic!("{faults}"));
    let names: Vec<String> = catalog.commands().iter().map(|spec| spec.name.to_string()).collect();
    assert_eq!(names, ["announce", "drain", "reboot", "undrain"]);
}
