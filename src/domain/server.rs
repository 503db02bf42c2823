//! Servers as the inventory records them, and their production states.

use super::identity::GroupName;
use super::intent::ZoneName;
use super::text_name;
use std::collections::BTreeMap;

text_name! {
    /// A server's id; never reused, unlike its name.
    ServerId
}
text_name! {
    /// A server's name, e.g. `edge-lax-001`. Padding is significant.
    ServerName
}
text_name! {
    /// A site (point of presence), e.g. `lax`.
    SiteName
}
text_name! {
    /// A metro: sites so near to each other that each carries on when another is lost, e.g. `rhine`.
    MetroName
}
text_name! {
    /// A server type of the catalogue, e.g. `edge-cache`.
    ServerType
}
text_name! {
    /// A rack, e.g. `lax-r03`.
    RackName
}
text_name! {
    /// A service pool: the servers of one site that serve the same traffic, e.g. `edge-lax`.
    PoolName
}
text_name! {
    /// What a tag is called, e.g. `canary`.
    TagName
}
text_name! {
    /// What a tag says, e.g. `yes`.
    TagValue
}
text_name! {
    /// A saved group of servers, without its `@`, e.g. `canaries`.
    ServerGroup
}

/// What the inventory records of a site.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SiteFacts {
    /// The group of people that owns the site.
    pub owner: Option<GroupName>,
    /// The time zone that its clocks show.
    pub zone: Option<ZoneName>,
    /// The metro that it lies in.
    pub metro: Option<MetroName>,
}

/// One server of the inventory: what selectors, policies and plans may know of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Server {
    /// The id.
    pub id: ServerId,
    /// The name.
    pub name: ServerName,
    /// The type.
    pub server_type: ServerType,
    /// The site.
    pub site: SiteName,
    /// The rack.
    pub rack: RackName,
    /// The pool it serves in, behind that pool's load balancer; `None` takes no traffic from one.
    pub pool: Option<PoolName>,
    /// The production state that the inventory gives it until the store knows better.
    pub initial_state: ProductionState,
    /// Its tags.
    pub tags: BTreeMap<TagName, TagValue>,
}

/// Who may send traffic to a server, or work on it (FLEET.md 1.2: the states that this version moves between).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ProductionState {
    /// Serves traffic.
    Production,
    /// A run is taking it out.
    Draining,
    /// Out of the load balancer, nothing changed on it.
    Drained,
    /// A run is putting it back.
    Undraining,
    /// Ready to serve, but not in rotation.
    Standby,
    /// People work on it.
    Maintenance,
    /// It is broken, and somebody has taken it on.
    Repair,
}

impl ProductionState {
    /// Every state, in the order people read them.
    pub const ALL: [Self; 7] = [
        Self::Production,
        Self::Draining,
        Self::Drained,
        Self::Undraining,
        Self::Standby,
        Self::Maintenance,
        Self::Repair,
    ];

    /// The word for it, in files, tables and chat.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Production => "production",
            Self::Draining => "draining",
            Self::Drained => "drained",
            Self::Undraining => "undraining",
            Self::Standby => "standby",
            Self::Maintenance => "maintenance",
            Self::Repair => "repair",
        }
    }

    /// The state of a word.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }
}
