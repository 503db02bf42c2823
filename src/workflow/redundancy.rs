//! What is redundant, which parts of it have servers out, and where alerts say that something is wrong.

use super::blocker::OutServer;
use crate::domain::server::{MetroName, PoolName, RackName, ServerName, SiteName, TagName};

/// Failure domains that stand in for each other: only so many of them may have servers out at once.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum RedundantGroup {
    /// The parts of a site that a tag tells apart, such as its power feeds.
    OfSite {
        /// The tag.
        tag: TagName,
        /// The site.
        site: SiteName,
    },
    /// The parts of a pool that a tag tells apart.
    OfPool {
        /// The tag.
        tag: TagName,
        /// The pool.
        pool: PoolName,
    },
    /// The sites of a metro.
    OfMetro(MetroName),
}

/// A failure domain that has servers out.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct OutDomain {
    /// What the servers of it have in common: the value of their tag, or their site.
    pub name: String,
    /// The servers that are out.
    pub out: Vec<OutServer>,
}

/// Where an alert says that something is wrong.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum AlertPlace {
    /// In the whole fleet.
    Everywhere,
    /// In a site.
    Site(SiteName),
    /// In a pool.
    Pool(PoolName),
    /// In a rack.
    Rack {
        /// Its site; `None` of every rack of that name.
        site: Option<SiteName>,
        /// The rack.
        rack: RackName,
    },
    /// On these servers.
    Servers(Vec<ServerName>),
}
