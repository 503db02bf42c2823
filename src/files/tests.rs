//! Real folders of files, with a fault here and there.

use super::Files;
use crate::domain::time::Timestamp;
use std::path::Path;
use tempfile::TempDir;

/// The shipped commands and policies, with an inventory of those lines.
fn written(inventory: &str) -> (TempDir, Files) {
    let folder = tempfile::tempdir().unwrap();
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR"));
    for part in ["commands", "policies", "policies/channels"] {
        std::fs::create_dir(folder.path().join(part)).unwrap();
        for entry in std::fs::read_dir(shipped.join(part)).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                std::fs::copy(&path, folder.path().join(part).join(path.file_name().unwrap())).unwrap();
            }
        }
    }
    std::fs::write(folder.path().join("inventory.yaml"), inventory).unwrap();
    let at = |part| folder.path().join(part);
    let files = Files { commands: at("commands"), policies: at("policies"), inventory: at("inventory.yaml") };
    (folder, files)
}

fn places(files: &Files) -> Vec<String> {
    let faults = files.read(None, Timestamp::from_millis(0)).err().expect("there is a fault");
    faults.faults().iter().map(|fault| fault.place.clone()).collect()
}

#[test]
fn the_faults_of_all_files_are_told_together() {
    let (folder, files) = written("sites: [lax]\nservres: []\n");
    let drain = folder.path().join("commands/drain.yaml");
    let text = std::fs::read_to_string(&drain).unwrap();
    std::fs::write(&drain, text.replace("impact: drain", "impact: drian")).unwrap();
    std::fs::write(folder.path().join("policies/channels.yaml"), "noc: nowhere\n").unwrap();
    std::fs::write(folder.path().join("policies/admission.yaml"), "capacity: { out-max: a lot }\n").unwrap();
    let places = places(&files);
    for place in ["commands/drain.yaml:4", "inventory.yaml:2", "policies/channels.yaml:1", "policies/admission.yaml"] {
        assert!(places.iter().any(|found| found == place), "{place} is not in {places:?}");
    }
}

#[test]
fn a_folder_that_is_not_there_is_one_fault() {
    let (_folder, files) = written("");
    let files = Files { commands: files.commands.join("nowhere"), ..files };
    assert!(places(&files).iter().any(|place| place == "nowhere"));
}

#[test]
fn the_fingerprint_follows_every_file() {
    let (folder, files) = written("sites: [lax]\n");
    let mut seen = vec![files.fingerprint()];
    for part in ["commands/drain.yaml", "policies/global.cedar", "policies/channels.yaml", "inventory.yaml"] {
        let path = folder.path().join(part);
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, format!("{text}\n")).unwrap();
        assert!(!seen.contains(&files.fingerprint()), "{part} was not looked at");
        seen.push(files.fingerprint());
    }
    assert_eq!(files.fingerprint(), *seen.last().unwrap());
}
