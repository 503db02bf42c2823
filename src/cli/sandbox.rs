//! `wrasse sandbox`: a workspace and a simulated fleet for any Slack client, until it is asked to end.

use super::output;
use crate::adapters::clock::SystemClock;
use crate::ports::Clock;
use crate::sandbox::fleet::{FleetSettings, InventoryPaths, SimulatedFleet};
use crate::sandbox::page;
use crate::sandbox::workspace::{Workspace, WorkspaceSettings};
use anyhow::Context;
use axum::Router;
use serde_json::json;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use tokio::task::JoinSet;

/// A workspace and a fleet that run, with one port for the page and the control API.
pub(super) struct Sandbox {
    pub(super) workspace: Workspace,
    pub(super) inventory: InventoryPaths,
    pub(super) address: SocketAddr,
    redfish: String,
    /// Where the fleet's metrics are.
    pub(super) prometheus: String,
    /// Where its alerts are.
    pub(super) alertmanager: String,
    pub(super) tasks: JoinSet<()>,
}

impl Sandbox {
    /// Starts everything on loopback and writes the inventory into the folder.
    pub(super) async fn start(
        servers: usize,
        port: u16,
        folder: &Path,
        workspace: WorkspaceSettings,
        more: impl FnOnce(&Workspace) -> Router,
    ) -> anyhow::Result<Self> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let mut tasks = JoinSet::new();
        let workspace = Workspace::start(workspace, Arc::clone(&clock), &mut tasks).await?;
        let pages = workspace.clone();
        let mut settings = FleetSettings::of_size(servers)?;
        settings.on_change = Some(Arc::new(move |server| pages.publish("fleet", server)));
        let fleet = SimulatedFleet::start(settings, clock, &mut tasks).await?;
        let inventory = fleet.write_inventory(folder)?;
        let routes =
            workspace.control_router().merge(fleet.control_router()).merge(page::router()).merge(more(&workspace));
        let address = Workspace::serve(routes, port, &mut tasks).await?;
        Ok(Self {
            workspace,
            inventory,
            address,
            redfish: fleet.redfish_url.clone(),
            prometheus: fleet.prometheus_url.clone(),
            alertmanager: fleet.alertmanager_url.clone(),
            tasks,
        })
    }
}

/// A fresh folder that goes when it is dropped.
pub(super) struct Folder(pub(super) std::path::PathBuf);

impl Folder {
    pub(super) fn fresh() -> anyhow::Result<Self> {
        use crate::ports::Ids;
        let name = format!("wrasse-{}", crate::adapters::ids::RandomIds.handle());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).with_context(|| format!("{} cannot be made", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(fault) = std::fs::remove_dir_all(&self.0) {
            tracing::warn!(folder = %self.0.display(), %fault, "a folder is left behind");
        }
    }
}

pub(super) async fn run(servers: usize, port: u16) -> anyhow::Result<()> {
    let folder = Folder::fresh()?;
    let sandbox = Sandbox::start(servers, port, &folder.0, WorkspaceSettings::demo(), |_| Router::new()).await?;
    let Sandbox { workspace, inventory, address, redfish, prometheus, alertmanager, mut tasks } = sandbox;
    let line = json!({
        "page": format!("http://{address}/"),
        "control": format!("http://{address}/sandbox/"),
        "slack_api_base": workspace.api_base,
        "slack_app_token": workspace.app_token,
        "slack_bot_token": workspace.bot_token,
        "team_id": workspace.team_id,
        "bot_user_id": workspace.bot_user_id,
        "redfish": redfish,
        "prometheus": prometheus,
        "alertmanager": alertmanager,
        "inventory": inventory.inventory,
        "ssh_private_key": inventory.private_key,
        "bmc_password_file": inventory.bmc_password,
    });
    output::say(&line.to_string());
    tokio::select! {
        () = super::asked_to_end() => Ok(()),
        ended = tasks.join_next() => Err(anyhow::anyhow!("a part of the sandbox ended by itself: {ended:?}")),
    }
}
