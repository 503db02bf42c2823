//! `wrasse select`: which servers a selector means, by the inventory and the states that the store knows.

use super::{line_of, misunderstood};
use crate::cli::output;
use crate::domain::server::Server;
use crate::fleet::{self, Snapshot};
use crate::language;
use serde_json::json;
use std::path::PathBuf;
use std::process::ExitCode;

/// What `select` is called with.
#[derive(clap::Args)]
pub(in crate::cli) struct Select {
    /// The selector, quoted for your shell: 'edge-lax-[001-020]', 'site=lax & type=edge-cache'.
    #[arg(required = true, value_name = "SELECTOR")]
    selector: Vec<String>,
    /// Print one name a line instead of the folded set.
    #[arg(long, conflicts_with = "json")]
    expand: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// The inventory file.
    #[arg(long, env = "WRASSE_INVENTORY", default_value = "inventory.yaml", value_name = "FILE")]
    inventory: PathBuf,
    /// The database with the servers' production states; without that file they are as the inventory says.
    #[arg(long, env = "WRASSE_DATABASE", default_value = "wrasse.db", value_name = "FILE")]
    database: PathBuf,
}

impl Select {
    pub(in crate::cli) async fn run(self) -> anyhow::Result<ExitCode> {
        let inventory = crate::files::read_inventory(&self.inventory, super::now())?;
        let line = match language::normalise(&line_of(&self.selector)) {
            Ok(line) => line,
            Err(told) => return Ok(misunderstood(&told, self.json)),
        };
        let selector = match fleet::parse_whole_selector(&line) {
            Ok(selector) => selector,
            Err(told) => return Ok(misunderstood(&told, self.json)),
        };
        let stored = crate::app::read_stored(&self.database, (Some(&selector), None)).await?;
        let states = |server: &Server| stored.ledger.state(server);
        let snapshot = Snapshot { inventory: &inventory, states: &states, undone: &stored.undone };
        let servers = match fleet::resolve(&selector, snapshot, &line) {
            Ok(servers) => servers,
            Err(told) => return Ok(misunderstood(&told, self.json)),
        };
        let names = servers.iter().map(|server| server.name.clone()).collect::<Vec<_>>();
        if self.json {
            let names = names.iter().map(ToString::to_string).collect::<Vec<_>>();
            output::say(&json!({ "count": names.len(), "servers": names }).to_string());
        } else if self.expand {
            names.iter().for_each(|name| output::say(name.as_str()));
        } else {
            output::say(&fleet::fold(&names).join(","));
        }
        Ok(ExitCode::SUCCESS)
    }
}
