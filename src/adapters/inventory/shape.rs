//! The inventory file's shape, unknown keys refused.

use serde::Deserialize;
use serde_saphyr::Spanned;
use std::collections::BTreeMap;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct InventoryFile {
    /// Every site that a server may name.
    pub(super) sites: Vec<Spanned<String>>,
    /// Every pool that a server may name, with its load balancer.
    #[serde(default)]
    pub(super) pools: Vec<PoolEntry>,
    /// What servers refer to by name.
    #[serde(default)]
    pub(super) credentials: BTreeMap<String, Spanned<CredentialEntry>>,
    pub(super) servers: Spanned<Vec<ServerEntry>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PoolEntry {
    pub(super) name: Spanned<String>,
    pub(super) load_balancer: BalancerEntry,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BalancerEntry {
    /// `host:port` of the runtime socket.
    pub(super) address: Spanned<String>,
    pub(super) backend: Spanned<String>,
}

/// Either `private_key_file`, or `username` with `password_file`; files are relative to the inventory's folder.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CredentialEntry {
    pub(super) private_key_file: Option<Spanned<String>>,
    pub(super) username: Option<Spanned<String>>,
    pub(super) password_file: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ServerEntry {
    pub(super) id: Spanned<String>,
    pub(super) name: Spanned<String>,
    #[serde(rename = "type")]
    pub(super) server_type: Spanned<String>,
    pub(super) site: Spanned<String>,
    pub(super) rack: Spanned<String>,
    pub(super) pool: Option<Spanned<String>>,
    /// A production state; `production` if left out.
    pub(super) state: Option<Spanned<String>>,
    pub(super) ssh: Option<SshEntry>,
    pub(super) bmc: Option<BmcEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SshEntry {
    /// `host:port`.
    pub(super) address: Spanned<String>,
    pub(super) user: String,
    /// The line of `/etc/ssh/ssh_host_…_key.pub`.
    pub(super) host_key: Spanned<String>,
    pub(super) credential: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BmcEntry {
    /// The system's resource.
    pub(super) url: Spanned<String>,
    pub(super) credential: Spanned<String>,
}
