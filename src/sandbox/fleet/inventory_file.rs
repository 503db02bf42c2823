//! The inventory of the simulated fleet as files: what a bot needs to reach it, and nothing else.

use super::model::{self, ServerView};
use super::{FleetFault, SimulatedFleet, redfish_face, ssh_face};
use crate::domain::ids::Fingerprint;
use crate::domain::server::ServerType;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Where the files are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InventoryPaths {
    /// The inventory.
    pub inventory: PathBuf,
    /// The client's private SSH key.
    pub private_key: PathBuf,
    /// The controllers' password.
    pub bmc_password: PathBuf,
}

const PRIVATE_KEY_FILE: &str = "fleet_ed25519";
const PASSWORD_FILE: &str = "bmc_password";

pub(super) fn password_of(secret: &[u8; 32]) -> String {
    let seed: Vec<u8> = secret.iter().copied().chain(*b"controllers").collect();
    Fingerprint::of(&seed).hex().chars().take(32).collect()
}

impl SimulatedFleet {
    /// Writes the inventory with its credential files into a folder; nobody else may read the secrets.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn write_inventory(&self, folder: &Path) -> Result<InventoryPaths, FleetFault> {
        let paths = InventoryPaths {
            inventory: folder.join("inventory.yaml"),
            private_key: folder.join(PRIVATE_KEY_FILE),
            bmc_password: folder.join(PASSWORD_FILE),
        };
        let key = ssh_face::client_key(&self.secret);
        let key = key.to_openssh(russh::keys::ssh_key::LineEnding::LF).expect("an unencrypted Ed25519 key has a text");
        write(&paths.private_key, key.as_bytes())?;
        write(&paths.bmc_password, format!("{}\n", self.bmc_password).as_bytes())?;
        write(&paths.inventory, self.inventory_text().as_bytes())?;
        Ok(paths)
    }

    fn inventory_text(&self) -> String {
        let views = self.shared.fleet().views(self.shared.now());
        let mut pools: Vec<_> =
            views.iter().filter_map(|view| Some((view.spec.pool.clone()?, &view.spec.site))).collect();
        pools.sort();
        pools.dedup();
        let mut text = String::new();
        let mut line = |words: String| writeln!(text, "{words}").expect("writing into a text cannot fail");
        line("sites:".to_owned());
        for site in self.balancer_ports.keys() {
            let zone = model::zone_of(site).map(|zone| format!(", zone: {zone}")).unwrap_or_default();
            line(format!("  {site}: {{ owner: {}{zone} }}", model::OWNER));
        }
        line("types:".to_owned());
        let types: BTreeSet<&ServerType> = views.iter().map(|view| &view.spec.server_type).collect();
        types.into_iter().for_each(|name| line(format!("  {name}: {{ owner: {} }}", model::OWNER)));
        if views.iter().any(|view| !view.spec.tags.is_empty()) {
            line("groups:".to_owned());
            line(format!("  canaries: tag:{}=yes", model::CANARY));
        }
        line("credentials:".to_owned());
        line(format!("  fleet-ssh: {{ private_key_file: {PRIVATE_KEY_FILE} }}"));
        line(format!("  fleet-bmc: {{ username: {}, password_file: {PASSWORD_FILE} }}", redfish_face::USERNAME));
        if !pools.is_empty() {
            line("pools:".to_owned());
        }
        for (pool, site) in pools {
            let port = self.balancer_ports.get(site).copied().unwrap_or_default();
            line(format!(
                "  - {{ name: {pool}, load_balancer: {{ address: \"127.0.0.1:{port}\", backend: {pool} }} }}"
            ));
        }
        line("servers:".to_owned());
        for view in &views {
            line(self.server_text(view));
        }
        text
    }

    fn server_text(&self, view: &ServerView) -> String {
        let spec = &view.spec;
        let pool = spec.pool.as_ref().map(|pool| format!("pool: {pool}, ")).unwrap_or_default();
        let tags: Vec<String> = spec.tags.iter().map(|(tag, value)| format!("{tag}: \"{value}\"")).collect();
        let tags = if tags.is_empty() { String::new() } else { format!("tags: {{ {} }}, ", tags.join(", ")) };
        let port = self.ssh_ports.get(&spec.name).copied().unwrap_or_default();
        let host_key = ssh_face::host_key(&self.secret, &spec.name);
        let host_key = host_key.public_key().to_openssh().expect("an Ed25519 key has a text");
        format!(
            "  - {{ id: {id}, name: {name}, type: {kind}, site: {site}, rack: {rack}, {pool}state: {state}, {tags}\
             ssh: {{ address: \"127.0.0.1:{port}\", user: {user}, host_key: \"{host_key}\", credential: fleet-ssh }}, \
             bmc: {{ url: \"{redfish}/Systems/{id}\", credential: fleet-bmc, uuid: {id} }} }}",
            id = spec.id,
            name = spec.name,
            kind = spec.server_type,
            site = spec.site,
            rack = spec.rack,
            state = spec.initial_state.word(),
            user = ssh_face::USER,
            redfish = self.redfish_url,
        )
    }
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), FleetFault> {
    let fault = |source| FleetFault::Write { path: path.to_owned(), source };
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(path).map_err(fault)?;
    file.write_all(bytes).map_err(fault)
}
