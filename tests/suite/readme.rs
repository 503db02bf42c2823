//! What README.md tells people is what the code does: the lines to type, the lines sent over SSH, the inventory file.

use wrasse::adapters::drivers::ssh::{
    BOOT_FACTS, CHECK_CLOCK, CHECK_KERNEL, CHECK_MOUNTS, CHECK_SERVICES, reboot_command,
};
use wrasse::adapters::inventory;
use wrasse::domain::time::Timestamp;
use wrasse::language::{Vocabulary, parse};

fn path(name: &str) -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn readme() -> String {
    std::fs::read_to_string(path("README.md")).expect("the page is part of the project")
}

/// The part under that heading.
fn part(heading: &str) -> String {
    let page = readme();
    let part = page.split("\n## ").find(|part| part.starts_with(heading));
    part.unwrap_or_else(|| panic!("no part is called {heading}")).to_owned()
}

/// What stands between backticks in the first or second column of a table.
fn quoted(part: &str, column: usize) -> Vec<String> {
    let rows = part.lines().filter(|line| line.starts_with("| "));
    // A pipe inside a cell is written `\|`; it must not end the cell.
    let rows = rows.map(|row| row.replace("\\|", "\u{1}"));
    rows.filter_map(|row| row.split('|').nth(column).map(str::to_owned))
        .flat_map(|cell| {
            let quoted: Vec<String> =
                cell.split('`').skip(1).step_by(2).map(|text| text.replace('\u{1}', "|")).collect();
            quoted
        })
        .collect()
}

#[test]
fn every_line_that_it_shows_is_understood() {
    let mut files: Vec<(String, String)> = std::fs::read_dir(path("commands"))
        .expect("the folder is part of the project")
        .map(|entry| entry.expect("entries can be read"))
        .filter(|entry| entry.path().extension().is_some_and(|extension| extension == "yaml"))
        .map(|entry| {
            let text = std::fs::read_to_string(entry.path()).expect("a command file is text");
            (entry.file_name().to_string_lossy().into_owned(), text)
        })
        .collect();
    files.sort();
    let catalog = wrasse::catalog::load(&files).unwrap_or_else(|faults| panic!("{faults}"));
    let vocabulary = Vocabulary::of(catalog.commands().to_vec());
    let lines = quoted(&part("What people type"), 1);
    assert!(lines.len() >= 9, "{lines:?}");
    for line in lines {
        if let Err(misunderstanding) = parse(&line, &vocabulary) {
            panic!("{line}: {misunderstanding:?}");
        }
    }
}

#[test]
fn it_lists_every_line_that_is_sent_over_ssh() {
    let shown = quoted(&part("A real fleet"), 2);
    let reboot = reboot_command(Timestamp::from_millis(1_234_000)).replace("1234", "NOT_AFTER");
    let sent = [BOOT_FACTS, &reboot, CHECK_SERVICES, CHECK_MOUNTS, CHECK_KERNEL, CHECK_CLOCK];
    assert_eq!(shown, sent);
}

/// Only what nobody can copy is missing: the two files with secrets, and a real host key.
#[test]
fn its_inventory_file_is_one() {
    let part = part("A real fleet");
    let file = part.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("it shows a file");
    let folder = tempfile::tempdir().expect("a folder can be made");
    let inventory = folder.path().join("inventory.yaml");
    std::fs::write(&inventory, file).expect("a file can be written");
    let faults = inventory::load(&inventory, Timestamp::from_millis(0)).expect_err("it names files that are not here");
    let told: Vec<String> = faults.faults.iter().map(|fault| format!("{}: {}", fault.line, fault.message)).collect();
    insta::assert_snapshot!(told.join("\n"), @"
    10: the private key file cannot be read: No such file or directory (os error 2)
    11: the password file cannot be read: No such file or directory (os error 2)
    20: this is no OpenSSH public key; copy the line of the server's /etc/ssh/ssh_host_ed25519_key.pub
    ");
}
