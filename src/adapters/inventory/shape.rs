//! The inventory file's shape, unknown keys refused.

use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_saphyr::Spanned;
use std::collections::BTreeMap;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct InventoryFile {
    /// Every site that a server may name: a list of names, or a map with what is known of each.
    pub(super) sites: Sites,
    /// Who owns the servers of a type.
    #[serde(default)]
    pub(super) types: BTreeMap<String, Spanned<TypeEntry>>,
    /// Tags for all servers that a selector means.
    #[serde(default)]
    pub(super) tags: Vec<TagBlock>,
    /// Saved groups: a name and the selector it stands for.
    #[serde(default)]
    pub(super) groups: BTreeMap<String, Spanned<String>>,
    /// Every pool that a server may name, with its load balancer.
    #[serde(default)]
    pub(super) pools: Vec<PoolEntry>,
    /// What servers refer to by name.
    #[serde(default)]
    pub(super) credentials: BTreeMap<String, Spanned<CredentialEntry>>,
    pub(super) servers: Spanned<Vec<ServerEntry>>,
}

/// The sites by name.
pub(super) struct Sites(pub(super) BTreeMap<String, SiteEntry>);

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct SiteEntry {
    /// A group of people.
    pub(super) owner: Option<Spanned<String>>,
    /// A time zone of the tz database.
    pub(super) zone: Option<Spanned<String>>,
    /// Sites of one metro take over from each other.
    pub(super) metro: Option<Spanned<String>>,
}

impl<'de> Deserialize<'de> for Sites {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SitesVisitor)
    }
}

struct SitesVisitor;

impl<'de> Visitor<'de> for SitesVisitor {
    type Value = Sites;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("a list of sites, or a map of sites with their `owner`, `zone` and `metro`")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Sites, A::Error> {
        let mut sites = BTreeMap::new();
        while let Some(name) = list.next_element::<String>()? {
            sites.insert(name, SiteEntry::default());
        }
        Ok(Sites(sites))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Sites, A::Error> {
        let mut sites = BTreeMap::new();
        while let Some((name, entry)) = map.next_entry::<String, Option<SiteEntry>>()? {
            sites.insert(name, entry.unwrap_or_default());
        }
        Ok(Sites(sites))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TypeEntry {
    /// A group of people.
    pub(super) owner: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TagBlock {
    /// A selector by names and attributes.
    pub(super) servers: Spanned<String>,
    pub(super) tags: BTreeMap<String, Spanned<String>>,
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
    #[serde(default)]
    pub(super) tags: BTreeMap<String, Spanned<String>>,
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
    /// What the controller must say of the system before it is told to reset it.
    pub(super) uuid: Option<Spanned<String>>,
    /// The same, by the serial number.
    pub(super) serial: Option<Spanned<String>>,
    pub(super) credential: Spanned<String>,
}
