//! Real folders of files, with a fault here and there.

use super::{Files, Workspace};
use crate::conversation::FileFault;
use crate::domain::identity::{GroupName, PersonId, Profile};
use crate::domain::place::{ChannelFacts, ChannelId};
use crate::domain::time::Timestamp;
use crate::ports::Directory;
use crate::ports::directory::DirectoryFault;
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
    for place in ["commands/drain.yaml:4", "inventory.yaml:2", "policies/channels.yaml:1", "policies/admission.yaml:1"]
    {
        assert!(places.iter().any(|found| found == place), "{place} is not in {places:?}");
    }
}

const OWNED: &str = "\
sites:
  lax: { owner: srre }
  riga: { owner: sre }
types:
  edge-cache: { owner: edge-team }
servers:
  - { id: a, name: edge-lax-001, type: edge-cache, site: lax, rack: r }
  - { id: b, name: origin-riga-01, type: origin, site: riga, rack: r }
";

fn workspace(groups: &[&str]) -> Workspace {
    Workspace { groups: groups.iter().map(|name| GroupName::new(*name)).collect(), people: None }
}

/// Known are those that policies and commands name, or all of the workspace where it can be asked.
#[test]
fn an_owner_that_nobody_knows_is_a_fault() {
    let (folder, files) = written(OWNED);
    let told = |groups: Option<&[&str]>| {
        let faults = files.read(groups.map(workspace), Timestamp::from_millis(0)).err().expect("there is a fault");
        let line = |fault: &FileFault| format!("{} {}", fault.place, fault.what);
        faults.faults().iter().map(line).collect::<Vec<_>>()
    };
    assert_eq!(
        told(None),
        [
            "inventory.yaml:2 no group of people is called srre; did you mean sre?",
            "inventory.yaml:5 no group of people is called edge-team; there are incident-commander, noc, sre",
        ]
    );
    let workspace = ["noc", "sre", "incident-commander", "edge-team"];
    assert_eq!(told(Some(&workspace)), ["inventory.yaml:2 no group of people is called srre; did you mean sre?"]);
    // What policies name is told together with it.
    let both = told(Some(&["noc", "sre", "edge-team"]));
    assert!(both.len() > 1 && both.iter().any(|fault| fault.contains("incident-commander")), "{both:?}");
    std::fs::write(folder.path().join("inventory.yaml"), OWNED.replace("srre", "sre")).unwrap();
    assert!(files.read(Some(self::workspace(&workspace)), Timestamp::from_millis(0)).is_ok());
}

const SERVES: &str = "\
sites: [lax]
servers:
  - { id: a, name: edge-lax-001, type: edge-cache, site: lax, rack: r }
  - { id: b, name: origin-lax-01, type: origin, site: lax, rack: r }
";

/// What is only needed when too much comes is checked when it is written.
#[test]
fn whoever_asks_for_servers_on_standby_must_be_there_and_may() {
    let said = |file: &str, from: &str, to: &str| {
        let (folder, files) = written(SERVES);
        let path = folder.path().join("policies").join(file);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{file} says {from:?}");
        std::fs::write(&path, text.replace(from, to)).unwrap();
        match files.read(None, Timestamp::from_millis(0)) {
            Ok(_) => "whole".to_owned(),
            Err(faults) => faults.faults().iter().map(|fault| format!("{}: {}", fault.place, fault.what)).collect(),
        }
    };
    let key = "standby: { as: standby, with: undrain, in: noc }";
    let cases = [
        (key, "whole"),
        ("", "whole"),
        (
            "standby: { as: standbye, with: undrain, in: noc }",
            "policies/admission.yaml:58: traffic.standby: `standbye` is not a known automation: did you mean `standby`?",
        ),
        (
            "standby: { as: standby, with: undrian, in: noc }",
            "policies/admission.yaml:58: traffic.standby names the command `undrian`, and there is none",
        ),
        (
            "standby: { as: standby, with: reboot, in: noc }",
            "policies/admission.yaml:58: traffic.standby names `reboot`; it takes one that puts servers back from standby, does \
             nothing else, and asks for nothing but why",
        ),
        (
            "standby: { as: standby, with: undrain, in: nok }",
            "policies/admission.yaml:58: traffic.standby names the channel `nok`, which channels.yaml does not",
        ),
        (
            "standby: { as: standby, with: undrain, in: web }",
            "policies/admission.yaml:58: traffic.standby: no policy lets standby undrain in #web; allow it in channels/web.yaml: \
             `- { id: web-standby, who: automation:standby, commands: undrain, reason: … }`",
        ),
    ];
    for (written, expected) in cases {
        assert_eq!(said("admission.yaml", key, written), expected, "{written}");
    }
    let told = said("channels/noc.yaml", "who: automation:standby", "who: noc");
    assert!(told.contains("no policy lets standby undrain in #noc"), "{told}");
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
    let policies = ["global.cedar", "channels.yaml", "groups.yaml", "channels/noc.yaml", "channels/incidents.cedar"];
    let policies = policies.map(|name| format!("policies/{name}"));
    for part in policies.iter().map(String::as_str).chain(["commands/drain.yaml", "inventory.yaml"]) {
        let path = folder.path().join(part);
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, format!("{text}\n")).unwrap();
        assert!(!seen.contains(&files.fingerprint()), "{part} was not looked at");
        seen.push(files.fingerprint());
    }
    assert_eq!(files.fingerprint(), *seen.last().unwrap());
}

/// A directory of two groups and one person.
struct Small;

#[async_trait::async_trait]
impl Directory for Small {
    async fn person(&self, id: &PersonId) -> Result<Profile, DirectoryFault> {
        match id.user.as_str() {
            "U0ANA" => {
                let standing = crate::domain::identity::Standing::Member;
                Ok(Profile { id: id.clone(), name: "ana".into(), standing, groups: Vec::new(), zone: None })
            }
            other => Err(DirectoryFault::Unknown(other.to_owned())),
        }
    }

    async fn channel(&self, id: &ChannelId) -> Result<ChannelFacts, DirectoryFault> {
        Err(DirectoryFault::Unknown(id.to_string()))
    }

    async fn channels_of(&self, _: &PersonId) -> Result<Vec<ChannelId>, DirectoryFault> {
        Ok(Vec::new())
    }

    async fn members(&self, group: &GroupName) -> Result<Vec<Profile>, DirectoryFault> {
        Err(DirectoryFault::Unknown(group.to_string()))
    }

    async fn groups(&self) -> Result<Vec<GroupName>, DirectoryFault> {
        Ok(["incident-commander", "noc", "sre"].map(GroupName::new).to_vec())
    }
}

/// Without the workspace a name is taken to exist; with it, groups and people are looked up, and nobody else.
#[tokio::test]
async fn people_and_groups_that_policies_name_are_looked_up_in_the_workspace() {
    let inventory = "sites: [lax]\nservers:\n  - { id: a, name: edge-lax-001, type: edge-cache, site: lax, rack: r1 }\n\
                     \x20 - { id: b, name: origin-lax-001, type: origin, site: lax, rack: r1 }\n";
    let (folder, files) = written(inventory);
    let rules = "allow:\n  - { id: d, who: [\"@U0ANA\", web-team, U0NOBODY], commands: drain, reason: r }\n";
    std::fs::write(folder.path().join("policies/channels/direct.yaml"), rules).unwrap();
    std::fs::write(folder.path().join("policies/groups.yaml"), "web-team: [noc, nok, U0ANA]\n").unwrap();
    let now = Timestamp::from_millis(0);
    assert!(files.read(None, now).is_ok());
    let found = super::workspace(&Small, files.mentioned_people()).await.unwrap();
    let faults = files.read(Some(found), now).err().expect("there are faults");
    let told: Vec<_> = faults.faults().iter().map(|fault| format!("{}: {}", fault.place, fault.what)).collect();
    assert_eq!(
        told,
        [
            "policies/channels/direct.yaml:2: the workspace has no person U0NOBODY",
            "policies/groups.yaml:1: `nok` is not a known group",
        ]
    );
}

/// Whoever may override is named in the file of admission, and must be there like everybody whom policies name.
#[test]
fn a_group_that_may_override_and_that_nobody_knows_is_a_fault() {
    let (folder, files) = written(&OWNED.replace("srre", "sre"));
    let admission = folder.path().join("policies/admission.yaml");
    std::fs::write(&admission, "override:\n  by: [noc, incident-comander]\n").unwrap();
    let groups = workspace(&["noc", "sre", "edge-team", "incident-commander"]);
    let faults = files.read(Some(groups), Timestamp::from_millis(0)).err().expect("there is a fault");
    let told = faults.faults().iter().find(|fault| fault.place == "policies/admission.yaml:2");
    let what = told.map(|fault| fault.what.as_str());
    assert_eq!(what, Some("there is no group incident-comander; did you mean incident-commander?"));
}
