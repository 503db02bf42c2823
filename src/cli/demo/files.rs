//! The demo's own command and policy files: short soaks, and a fleet that boots in seconds. No code knows that it
//! is a demo.

use anyhow::Context;
use std::path::Path;

/// What the address of the demo's page stands for in a file.
const PAGE: &str = "http://127.0.0.1:8080/";

/// Each file with its text.
const FILES: [(&str, &str); 15] = [
    ("commands/reboot.yaml", include_str!("files/commands/reboot.yaml")),
    ("commands/announce.yaml", include_str!("files/commands/announce.yaml")),
    ("commands/drain.yaml", include_str!("files/commands/drain.yaml")),
    ("commands/undrain.yaml", include_str!("files/commands/undrain.yaml")),
    ("commands/command.schema.json", include_str!("../../../commands/command.schema.json")),
    ("policies/admission.yaml", include_str!("files/policies/admission.yaml")),
    ("policies/channels.yaml", include_str!("../../../policies/channels.yaml")),
    ("policies/automations.yaml", include_str!("../../../policies/automations.yaml")),
    ("policies/accounts.yaml", include_str!("../../../policies/accounts.yaml")),
    ("policies/groups.yaml", include_str!("../../../policies/groups.yaml")),
    ("policies/schema.cedarschema", include_str!("../../../policies/schema.cedarschema")),
    ("policies/global.cedar", include_str!("../../../policies/global.cedar")),
    ("policies/channels/noc.yaml", include_str!("../../../policies/channels/noc.yaml")),
    ("policies/channels/web.yaml", include_str!("../../../policies/channels/web.yaml")),
    ("policies/channels/incidents.cedar", include_str!("../../../policies/channels/incidents.cedar")),
];

/// Writes the files; one of the same name in `instead` takes the place of the demo's, and others are added.
pub(super) fn write(folder: &Path, instead: Option<&Path>, page: &str) -> anyhow::Result<()> {
    for (name, text) in FILES {
        let path = folder.join(name);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(&path, text.replace(PAGE, page))
            .with_context(|| format!("{} cannot be written", path.display()))?;
    }
    match instead {
        Some(instead) => {
            copy(&instead.join("commands"), &folder.join("commands"))?;
            copy(&instead.join("policies"), &folder.join("policies"))?;
            copy(&instead.join("policies/channels"), &folder.join("policies/channels"))
        }
        None => Ok(()),
    }
}

fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    if !from.exists() {
        return Ok(());
    }
    for entry in std::fs::read_dir(from)? {
        let path = entry?.path();
        if let (true, Some(name)) = (path.is_file(), path.file_name()) {
            std::fs::copy(&path, to.join(name)).with_context(|| format!("{} cannot be copied", path.display()))?;
        }
    }
    Ok(())
}
