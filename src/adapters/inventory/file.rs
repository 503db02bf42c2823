//! The inventory file: YAML in, servers and endpoints out, or every fault with its line.
//!
//! ```yaml
//! sites:                      # or only their names: [lax]
//!   lax: { owner: edge-team, zone: America/Los_Angeles }
//! types:                      # or left out
//!   edge-cache: { owner: edge-team }
//! tags:                       # or left out; servers may also have `tags:` of their own, which win
//!   - { servers: "edge-*-001", tags: { canary: "yes" } }
//! groups:                     # or left out
//!   canaries: tag:canary=yes
//! pools:
//!   - { name: edge-lax, load_balancer: { address: "10.0.0.1:9999", backend: edge } }
//! credentials:
//!   fleet-ssh: { private_key_file: fleet_ed25519 }
//!   fleet-bmc: { username: wrasse, password_file: bmc_password }
//! servers:
//!   - id: 5c1d…
//!     name: edge-lax-001
//!     type: edge-cache
//!     site: lax
//!     rack: lax-r01
//!     pool: edge-lax          # or left out: behind no load balancer
//!     state: production       # or left out
//!     ssh: { address: "10.0.1.1:22", user: ops, host_key: "ssh-ed25519 AAAA…", credential: fleet-ssh }
//!     bmc: { url: "https://10.0.2.1/redfish/v1/Systems/1", credential: fleet-bmc,
//!            uuid: 4c4c4544-…, serial: 7FQ4X13 }   # either, both, or neither: then its controller is believed unproven
//! ```

use super::endpoints::{BalancerEndpoint, BasicCredential, BmcEndpoint, Endpoints, ServerEndpoints, SshEndpoint};
use super::faults::{Collector, InventoryFaults};
use super::identity::{BmcIdentity, serial_of, uuid_of};
use super::labels;
use super::owners::Owners;
use super::shape::{BmcEntry, CredentialEntry, InventoryFile, PoolEntry, ServerEntry, SshEntry};
use crate::domain::server::{PoolName, ProductionState, RackName, Server, ServerId, ServerName, ServerType, SiteName};
use crate::domain::time::Timestamp;
use crate::fleet::Inventory;
use russh::keys::{PrivateKey, PublicKey};
use serde_saphyr::{Location, Spanned};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

/// The longest inventory file that is read.
const FILE_LENGTH_MAX_BYTES: u64 = 64 * 1024 * 1024;

/// What an inventory file says.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The servers.
    pub inventory: Inventory,
    /// How they are reached.
    pub endpoints: Arc<Endpoints>,
    /// Who owns sites and types.
    pub owners: Owners,
}

/// Reads an inventory file and the credential files that it names.
///
/// # Errors
/// Everything that is wrong with it. A fault of the YAML itself hides the faults behind it.
pub fn load(path: &Path, fetched_at: Timestamp) -> Result<Loaded, InventoryFaults> {
    let file = path.display().to_string();
    let text = match read(path) {
        Ok(text) => text,
        Err(why) => {
            let mut faults = Collector::new(&file, "");
            faults.add(Location::UNKNOWN, why);
            return Err(faults.into_faults());
        }
    };
    let mut faults = Collector::new(&file, &text);
    let options = serde_saphyr::options! { with_snippet: false, budget: serde_saphyr::budget! {
        max_events: 10_000_000,
        max_nodes: 10_000_000,
        max_total_scalar_bytes: 64 * 1024 * 1024,
    } };
    match serde_saphyr::from_str_with_options::<InventoryFile>(&text, options) {
        Ok(shape) => check(shape, path.parent().unwrap_or(Path::new(".")), fetched_at, faults),
        Err(fault) => {
            let message = fault.without_snippet().render_with_formatter(&serde_saphyr::UserMessageFormatter);
            faults.add(fault.location().unwrap_or(Location::UNKNOWN), message);
            Err(faults.into_faults())
        }
    }
}

fn read(path: &Path) -> Result<String, String> {
    let length = std::fs::metadata(path).map_err(|fault| format!("cannot be read: {fault}"))?.len();
    if length > FILE_LENGTH_MAX_BYTES {
        return Err(format!("has {length} bytes; at most {FILE_LENGTH_MAX_BYTES} are read"));
    }
    std::fs::read_to_string(path).map_err(|fault| format!("cannot be read: {fault}"))
}

fn check(
    shape: InventoryFile,
    folder: &Path,
    fetched_at: Timestamp,
    mut faults: Collector,
) -> Result<Loaded, InventoryFaults> {
    let servers_at = shape.servers.referenced;
    let owners = Owners::of(&shape, &faults);
    let sites = labels::sites(shape.sites, &mut faults);
    let known = Known {
        sites: sites.keys().map(ToString::to_string).collect(),
        balancers: balancers(shape.pools, &mut faults),
        credentials: credentials(shape.credentials, folder, &mut faults),
    };
    let mut names = BTreeSet::new();
    let mut ids = BTreeSet::new();
    let mut machines = BTreeSet::new();
    let mut servers = Vec::with_capacity(shape.servers.value.len());
    let mut endpoints = BTreeMap::new();
    for entry in shape.servers.value {
        if !names.insert(entry.name.value.clone()) {
            faults.add(entry.name.referenced, format!("there is another server called {}", entry.name.value));
        }
        if !ids.insert(entry.id.value.clone()) {
            faults.add(entry.id.referenced, format!("there is another server with the id {}", entry.id.value));
        }
        check_identity(entry.bmc.as_ref(), &mut machines, &mut faults);
        let (server, reached) = known.server(entry, &mut faults);
        endpoints.insert(server.name.clone(), reached);
        servers.push(server);
    }
    let type_owners = labels::type_owners(shape.types, &servers, &mut faults);
    if !shape.tags.is_empty()
        && let Ok(untagged) = Inventory::new(servers.clone(), fetched_at)
    {
        labels::spread(shape.tags, &mut servers, &untagged, &mut faults);
    }
    let inventory = match Inventory::new(servers, fetched_at) {
        Ok(inventory) => labels::grouped(inventory.with_places(sites, type_owners), shape.groups, &mut faults),
        // Double names and ids have been told with their places.
        Err(_) if !faults.is_empty() => None,
        Err(fault) => {
            faults.add(servers_at, fault.to_string());
            None
        }
    };
    match inventory {
        Some(inventory) if faults.is_empty() => {
            let pools = known.balancers.into_iter().map(|(name, balancer)| (PoolName::new(name), balancer));
            Ok(Loaded { inventory, endpoints: Arc::new(Endpoints::new(endpoints, pools.collect())), owners })
        }
        Some(_) | None => Err(faults.into_faults()),
    }
}

fn balancers(pools: Vec<PoolEntry>, faults: &mut Collector) -> BTreeMap<String, Arc<BalancerEndpoint>> {
    let mut found = BTreeMap::new();
    for pool in pools {
        let PoolEntry { name, load_balancer } = pool;
        check_address(&load_balancer.address, faults);
        if !is_word(&load_balancer.backend.value) {
            faults.add(load_balancer.backend.referenced, "a backend is one word of letters, digits and . _ : -");
        }
        let endpoint = BalancerEndpoint { address: load_balancer.address.value, backend: load_balancer.backend.value };
        if found.insert(name.value.clone(), Arc::new(endpoint)).is_some() {
            faults.add(name.referenced, format!("there is another pool called {}", name.value));
        }
    }
    found
}

enum Credential {
    Key(Arc<PrivateKey>),
    Basic(Arc<BasicCredential>),
    /// It was there and is reported already.
    Faulty,
}

fn credentials(
    entries: BTreeMap<String, Spanned<CredentialEntry>>,
    folder: &Path,
    faults: &mut Collector,
) -> BTreeMap<String, Credential> {
    let mut found = BTreeMap::new();
    for (name, entry) in entries {
        let credential = match (&entry.value.private_key_file, &entry.value.username, &entry.value.password_file) {
            (Some(file), None, None) => match read_key(&folder.join(&file.value)) {
                Ok(key) => Credential::Key(Arc::new(key)),
                Err(why) => {
                    faults.add(file.referenced, why);
                    Credential::Faulty
                }
            },
            (None, Some(username), Some(file)) => match read(&folder.join(&file.value)) {
                Ok(password) => Credential::Basic(Arc::new(BasicCredential {
                    username: username.value.clone(),
                    password: password.trim_end_matches(['\r', '\n']).to_owned().into(),
                })),
                Err(why) => {
                    faults.add(file.referenced, format!("the password file {why}"));
                    Credential::Faulty
                }
            },
            _ => {
                let words = "a credential is either `private_key_file`, or `username` with `password_file`";
                faults.add(entry.referenced, words);
                Credential::Faulty
            }
        };
        found.insert(name, credential);
    }
    found
}

fn read_key(path: &Path) -> Result<PrivateKey, String> {
    let text = read(path).map_err(|why| format!("the private key file {why}"))?;
    let key = PrivateKey::from_openssh(text).map_err(|_| "this file holds no OpenSSH private key".to_owned())?;
    if key.is_encrypted() {
        Err("this private key is encrypted; nobody is there to unlock it".to_owned())
    } else {
        Ok(key)
    }
}

/// What servers may refer to.
struct Known {
    sites: BTreeSet<String>,
    balancers: BTreeMap<String, Arc<BalancerEndpoint>>,
    credentials: BTreeMap<String, Credential>,
}

impl Known {
    fn server(&self, entry: ServerEntry, faults: &mut Collector) -> (Server, ServerEndpoints) {
        if !self.sites.contains(&entry.site.value) {
            faults.add(entry.site.referenced, format!("there is no site called {}", entry.site.value));
        }
        let balancer = entry.pool.as_ref().and_then(|pool| {
            let balancer = self.balancers.get(&pool.value);
            if balancer.is_none() {
                faults.add(pool.referenced, format!("there is no pool called {}", pool.value));
            }
            balancer.cloned()
        });
        let initial_state = entry.state.as_ref().map_or(Some(ProductionState::Production), |state| {
            let known = ProductionState::of_word(&state.value);
            if known.is_none() {
                let words = ProductionState::ALL.map(ProductionState::word).join(", ");
                faults.add(state.referenced, format!("`{}` is no production state; they are {words}", state.value));
            }
            known
        });
        let reached = ServerEndpoints {
            ssh: entry.ssh.and_then(|ssh| self.ssh(ssh, faults)),
            bmc: entry.bmc.as_ref().and_then(|bmc| self.bmc(bmc, faults)),
            balancer,
        };
        let server = Server {
            id: ServerId::new(entry.id.value),
            name: ServerName::new(entry.name.value),
            server_type: ServerType::new(entry.server_type.value),
            site: SiteName::new(entry.site.value),
            rack: RackName::new(entry.rack.value),
            pool: entry.pool.map(|pool| PoolName::new(pool.value)),
            initial_state: initial_state.unwrap_or(ProductionState::Production),
            tags: labels::tags(entry.tags, faults),
        };
        (server, reached)
    }

    fn ssh(&self, entry: SshEntry, faults: &mut Collector) -> Option<SshEndpoint> {
        check_address(&entry.address, faults);
        let host_key = PublicKey::from_openssh(&entry.host_key.value);
        if host_key.is_err() {
            let words =
                "this is no OpenSSH public key; copy the line of the server's /etc/ssh/ssh_host_ed25519_key.pub";
            faults.add(entry.host_key.referenced, words);
        }
        let key = match self.credentials.get(&entry.credential.value) {
            Some(Credential::Key(key)) => Some(Arc::clone(key)),
            Some(Credential::Faulty) => None,
            other => {
                faults
                    .add(entry.credential.referenced, why_not(other.is_some(), &entry.credential.value, "private key"));
                None
            }
        };
        Some(SshEndpoint { address: entry.address.value, user: entry.user, host_key: host_key.ok()?, key: key? })
    }

    fn bmc(&self, entry: &BmcEntry, faults: &mut Collector) -> Option<BmcEndpoint> {
        let url = reqwest::Url::parse(&entry.url.value).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        if url.is_none() {
            faults.add(entry.url.referenced, "this is no http or https address");
        }
        let credential = match self.credentials.get(&entry.credential.value) {
            Some(Credential::Basic(credential)) => Some(Arc::clone(credential)),
            Some(Credential::Faulty) => None,
            other => {
                faults.add(entry.credential.referenced, why_not(other.is_some(), &entry.credential.value, "password"));
                None
            }
        };
        let text = |stated: &Option<Spanned<String>>| stated.as_ref().map(|stated| stated.value.clone());
        let uuid = text(&entry.uuid).and_then(|text| uuid_of(&text));
        let identity = BmcIdentity { uuid, serial: text(&entry.serial).and_then(|text| serial_of(&text)) };
        Some(BmcEndpoint { url: url?, credential: credential?, identity })
    }
}

/// What is stated of a machine is well formed and stated of no other: it is what keeps a reset from the wrong one.
fn check_identity(entry: Option<&BmcEntry>, machines: &mut BTreeSet<(&'static str, String)>, faults: &mut Collector) {
    let Some(entry) = entry else { return };
    let no_uuid =
        "this is no UUID; it is 8-4-4-4-12 hexadecimal digits, as the controller says it, and not all 0 or all f";
    let stated = [
        ("UUID", &entry.uuid, uuid_of as fn(&str) -> Option<String>, no_uuid),
        (
            "serial number",
            &entry.serial,
            serial_of,
            "a serial number is not empty, nor what many boards say alike; leave `serial:` out if it is not known",
        ),
    ];
    for (what, stated, normal, why_not) in stated {
        let Some(stated) = stated else { continue };
        match normal(&stated.value) {
            None => faults.add(stated.referenced, why_not),
            Some(value) if !machines.insert((what, value.clone())) => {
                faults.add(stated.referenced, format!("there is another server with the {what} {value}"));
            }
            Some(_) => {}
        }
    }
}

fn why_not(is_known: bool, name: &str, wanted: &str) -> String {
    if is_known {
        format!("the credential {name} has no {wanted}")
    } else {
        format!("there is no credential called {name}")
    }
}

fn check_address(address: &Spanned<String>, faults: &mut Collector) {
    let is_address = address.value.rsplit_once(':').is_some_and(|(host, port)| {
        !host.is_empty() && !host.contains(char::is_whitespace) && port.parse::<u16>().is_ok_and(|port| port > 0)
    });
    if !is_address {
        faults.add(address.referenced, "an address is `host:port`");
    }
}

/// Whether the text can stand in a load balancer's runtime command.
fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._:-".contains(&byte))
}
