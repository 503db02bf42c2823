//! Which servers a simulated fleet has and how fast they are: the standard 240, more or fewer, or any list.

use crate::domain::server::{
    PoolName, ProductionState, RackName, Server, ServerId, ServerName, ServerType, SiteName, TagName, TagValue,
};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// The six sites, in the order people see them.
pub const SITES: [&str; 6] = ["lax", "fra", "riga", "sin", "gru", "nrt"];

/// The time zone of each of [`SITES`].
const ZONES: [&str; 6] =
    ["America/Los_Angeles", "Europe/Berlin", "Europe/Riga", "Asia/Singapore", "America/Sao_Paulo", "Asia/Tokyo"];

/// The group of people that owns every site and type.
pub const OWNER: &str = "sre";

/// The tag of the servers that go first: the first of each type and site.
pub const CANARY: &str = "canary";

/// The time zone of a standard site.
#[must_use]
pub fn zone_of(site: &SiteName) -> Option<&'static str> {
    SITES.into_iter().zip(ZONES).find(|(name, _)| *name == site.as_str()).map(|(_, zone)| zone)
}

/// Servers of one rack, at most.
const RACK_SERVERS_MAX: usize = 10;

/// How many edge caches the standard fleet has, site by site; the other types have as many everywhere.
const EDGES: [usize; 6] = [40, 40, 24, 24, 16, 24];
const ORIGINS: usize = 6;
const RESOLVERS: usize = 4;
const LOGS: usize = 2;
const STANDARD_SERVERS: usize = 240;

/// A fleet to be built.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FleetSpec {
    /// Decides boot ids, boot times, connections.
    pub seed: u64,
    /// How long things take.
    pub timing: Timing,
    /// The servers.
    pub servers: Vec<ServerSpec>,
}

/// How long things take, in milliseconds; each server has its own times within these.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Timing {
    /// From the command to the end of the old system.
    pub shutdown: RangeInclusive<u64>,
    /// From there to a system that answers.
    pub boot: RangeInclusive<u64>,
    /// From leaving rotation to the last connection's end.
    pub drain: RangeInclusive<u64>,
}

impl Default for Timing {
    fn default() -> Self {
        Self { shutdown: 500..=1000, boot: 2000..=5000, drain: 800..=2000 }
    }
}

/// One server to be built.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ServerSpec {
    /// Its id; also its id in Redfish.
    pub id: ServerId,
    /// Its name.
    pub name: ServerName,
    /// Its type.
    pub server_type: ServerType,
    /// Its site.
    pub site: SiteName,
    /// Its rack.
    pub rack: RackName,
    /// Its pool behind its site's load balancer.
    pub pool: Option<PoolName>,
    /// What the inventory says of it; decides whether it starts in rotation.
    pub initial_state: ProductionState,
    /// Its tags.
    pub tags: BTreeMap<TagName, TagValue>,
}

impl ServerSpec {
    /// A server in production, with an id made of its name; edge caches and origins get their site's pool.
    #[must_use]
    pub fn new(name: &str, server_type: &str, site: &str, rack: &str) -> Self {
        let pool = match server_type {
            "edge-cache" => Some(PoolName::new(format!("edge-{site}"))),
            "origin" => Some(PoolName::new(format!("origin-{site}"))),
            _ => None,
        };
        Self {
            id: ServerId::new(Dice::of(0, &[name, "id"]).uuid()),
            name: ServerName::new(name),
            server_type: ServerType::new(server_type),
            site: SiteName::new(site),
            rack: RackName::new(rack),
            pool,
            initial_state: ProductionState::Production,
            tags: BTreeMap::new(),
        }
    }

    /// What an inventory records of it.
    #[must_use]
    pub fn server(&self) -> Server {
        Server {
            id: self.id.clone(),
            name: self.name.clone(),
            server_type: self.server_type.clone(),
            site: self.site.clone(),
            rack: self.rack.clone(),
            pool: self.pool.clone(),
            initial_state: self.initial_state,
            tags: self.tags.clone(),
        }
    }
}

impl FleetSpec {
    /// The standard 240 servers.
    #[must_use]
    pub fn standard() -> Self {
        Self::scaled(STANDARD_SERVERS)
    }

    /// Exactly that many servers, at least one, in the proportions of the standard fleet.
    #[must_use]
    pub fn scaled(servers: usize) -> Self {
        let servers = servers.max(1);
        let mut counts: Vec<usize> = standard_groups().map(|group| group.count * servers / STANDARD_SERVERS).collect();
        let mut missing = servers.saturating_sub(counts.iter().sum());
        // What rounding left over goes to the first groups: edge caches, site by site.
        while missing > 0 {
            for count in counts.iter_mut().take(missing) {
                *count += 1;
                missing -= 1;
            }
        }
        let mut built = Vec::with_capacity(servers);
        for site in SITES {
            let mut of_site = 0;
            for (group, count) in standard_groups().zip(&counts).filter(|(group, _)| group.site == site) {
                for number in 1..=*count {
                    let name = format!("{}-{site}-{number:0width$}", group.prefix, width = group.digits);
                    let rack = format!("{site}-r{:02}", of_site / RACK_SERVERS_MAX + 1);
                    let mut server = ServerSpec::new(&name, group.server_type, site, &rack);
                    if number == 1 {
                        server.tags.insert(TagName::new(CANARY), TagValue::new("yes"));
                    }
                    built.push(server);
                    of_site += 1;
                }
            }
        }
        Self { seed: 1, timing: Timing::default(), servers: built }
    }

    /// Exactly those servers.
    #[must_use]
    pub fn of(servers: Vec<ServerSpec>) -> Self {
        Self { seed: 1, timing: Timing::default(), servers }
    }

    /// The same fleet with another seed.
    #[must_use]
    pub fn with_seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// The same fleet with other times.
    #[must_use]
    pub fn with_timing(self, timing: Timing) -> Self {
        Self { timing, ..self }
    }
}

struct Group {
    site: &'static str,
    server_type: &'static str,
    prefix: &'static str,
    digits: usize,
    count: usize,
}

fn standard_groups() -> impl Iterator<Item = Group> {
    let edges = SITES.into_iter().zip(EDGES).map(|(site, count)| (site, "edge-cache", "edge", 3, count));
    let others = [("origin", "origin", ORIGINS), ("dns", "dns", RESOLVERS), ("log", "log", LOGS)];
    let others =
        others.into_iter().flat_map(|(kind, prefix, count)| SITES.map(|site| (site, kind, prefix, 2_usize, count)));
    let all = edges.chain(others);
    all.map(|(site, server_type, prefix, digits, count)| Group { site, server_type, prefix, digits, count })
}

/// Pseudo-random numbers that depend on a seed and on what they are for, and on nothing else.
pub(super) struct Dice {
    digest: [u8; 32],
    draws: u64,
}

impl Dice {
    pub(super) fn of(seed: u64, purpose: &[&str]) -> Self {
        let mut hash = Sha256::new();
        hash.update(seed.to_le_bytes());
        for part in purpose {
            hash.update(part.as_bytes());
            hash.update([0]);
        }
        Self { digest: hash.finalize().into(), draws: 0 }
    }

    fn bytes(&mut self) -> [u8; 32] {
        self.draws += 1;
        let mut hash = Sha256::new();
        hash.update(self.digest);
        hash.update(self.draws.to_le_bytes());
        hash.finalize().into()
    }

    /// A number from `low` to `high`, both included.
    pub(super) fn between(&mut self, low: u64, high: u64) -> u64 {
        let drawn = self.bytes().iter().take(8).fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
        low + drawn % (high.saturating_sub(low).saturating_add(1)).max(1)
    }

    /// A duration within a range of milliseconds.
    pub(super) fn duration(&mut self, range: &RangeInclusive<u64>) -> std::time::Duration {
        std::time::Duration::from_millis(self.between(*range.start(), *range.end()))
    }

    /// A random UUID (version 4).
    pub(super) fn uuid(&mut self) -> String {
        let hex: String = self.bytes().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default().to_owned();
        format!("{}-{}-4{}-a{}-{}", part(0, 8), part(8, 12), part(13, 16), part(17, 20), part(20, 32))
    }
}
