//! Where the files are that say what may be done: the same arguments and variables for every call that reads them.

use crate::files::Files;
use std::path::PathBuf;

/// Folders and files; the environment has them too, as for `serve`.
#[derive(clap::Args)]
pub(super) struct Paths {
    /// The folder of command files.
    #[arg(long, env = "WRASSE_COMMANDS", default_value = "commands", value_name = "FOLDER")]
    commands: PathBuf,
    /// The folder of policy files.
    #[arg(long, env = "WRASSE_POLICIES", default_value = "policies", value_name = "FOLDER")]
    policies: PathBuf,
    /// The inventory file.
    #[arg(long, env = "WRASSE_INVENTORY", default_value = "inventory.yaml", value_name = "FILE")]
    inventory: PathBuf,
}

impl Paths {
    pub(super) fn files(&self) -> Files {
        let Self { commands, policies, inventory } = self;
        Files { commands: commands.clone(), policies: policies.clone(), inventory: inventory.clone() }
    }
}
