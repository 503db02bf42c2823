//! How each server is reached: addresses, pinned host keys, credentials. Nothing here prints a secret.

use super::identity::BmcIdentity;
use crate::domain::server::{PoolName, ServerName};
use reqwest::Url;
use russh::keys::{PrivateKey, PublicKey};
use secrecy::SecretString;
use std::collections::BTreeMap;
use std::sync::Arc;

/// How every server of the inventory is reached.
#[derive(Clone, Debug, Default)]
pub struct Endpoints {
    servers: BTreeMap<ServerName, ServerEndpoints>,
    pools: BTreeMap<PoolName, Arc<BalancerEndpoint>>,
}

/// How one server is reached; what is `None` cannot be done to it.
#[derive(Clone, Debug, Default)]
pub struct ServerEndpoints {
    /// Its SSH daemon.
    pub ssh: Option<SshEndpoint>,
    /// Its management controller.
    pub bmc: Option<BmcEndpoint>,
    /// The load balancer of its pool.
    pub balancer: Option<Arc<BalancerEndpoint>>,
}

/// An SSH daemon.
#[derive(Clone)]
pub struct SshEndpoint {
    /// `host:port`.
    pub address: String,
    /// Whom to log in as.
    pub user: String,
    /// The only host key that is believed.
    pub host_key: PublicKey,
    /// Our key.
    pub key: Arc<PrivateKey>,
}

impl std::fmt::Debug for SshEndpoint {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "SshEndpoint({}@{})", self.user, self.address)
    }
}

/// A management controller's page of one system.
#[derive(Clone, Debug)]
pub struct BmcEndpoint {
    /// The system's resource, e.g. `https://bmc/redfish/v1/Systems/1`.
    pub url: Url,
    /// Our login.
    pub credential: Arc<BasicCredential>,
    /// Which machine must be behind it.
    pub identity: BmcIdentity,
}

/// A name and a password.
#[derive(Debug)]
pub struct BasicCredential {
    /// The name.
    pub username: String,
    /// The password.
    pub password: SecretString,
}

/// A load balancer's runtime socket and the backend that a pool is there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BalancerEndpoint {
    /// `host:port`.
    pub address: String,
    /// The backend.
    pub backend: String,
}

impl Endpoints {
    /// From each server's own, and each pool's.
    #[must_use]
    pub fn new(
        servers: BTreeMap<ServerName, ServerEndpoints>,
        pools: BTreeMap<PoolName, Arc<BalancerEndpoint>>,
    ) -> Self {
        Self { servers, pools }
    }

    /// The load balancer of that pool.
    #[must_use]
    pub fn pool(&self, pool: &PoolName) -> Option<&BalancerEndpoint> {
        self.pools.get(pool).map(Arc::as_ref)
    }

    /// How many servers have a management controller of which nothing is stated by which to know it.
    #[must_use]
    pub fn bmcs_without_identity(&self) -> usize {
        let bmcs = self.servers.values().filter_map(|server| server.bmc.as_ref());
        bmcs.filter(|bmc| !bmc.identity.is_stated()).count()
    }

    /// How that server is reached, if the inventory lists it.
    #[must_use]
    pub fn of(&self, server: &ServerName) -> Option<&ServerEndpoints> {
        self.servers.get(server)
    }
}
