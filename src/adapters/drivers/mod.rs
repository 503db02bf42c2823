//! How servers are reached: ssh, redfish, haproxy, http. Configured by the inventory, and by nothing else.
//!
//! Each driver answers [`Begun::NeverSent`] only where no byte that could carry the change was ever handed to a
//! connection; whatever ends badly after that is [`Begun::Unknown`]. Deliberately absent: retries, which are the
//! engine's decision.

mod haproxy;
mod http;
mod redfish;
pub mod ssh;

use crate::adapters::inventory::Endpoints;
use crate::adapters::web::{self, NoWebClient};
use crate::domain::effect::{Act, Begun, Probe, Seen};
use crate::domain::server::ServerName;
use crate::mandate::Mandate;
use crate::ports::Drivers;
use async_trait::async_trait;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

/// The drivers of a real fleet.
pub struct RealDrivers {
    endpoints: RwLock<Arc<Endpoints>>,
    web: reqwest::Client,
}

impl RealDrivers {
    /// Drivers of the servers of those endpoints.
    ///
    /// # Errors
    /// When this machine's TLS settings do not allow an HTTP client.
    pub fn new(endpoints: Arc<Endpoints>) -> Result<Self, NoWebClient> {
        // No idle connections: a request that was lost on a stale one could not be told from one that arrived.
        let web = web::client(|client| client.pool_max_idle_per_host(0))?;
        Ok(Self { endpoints: RwLock::new(endpoints), web })
    }

    /// From now on servers are reached as those endpoints say; calls under way end as they began.
    pub fn follow(&self, endpoints: Arc<Endpoints>) {
        *self.endpoints.write().unwrap_or_else(PoisonError::into_inner) = endpoints;
    }

    fn endpoints(&self) -> Arc<Endpoints> {
        Arc::clone(&self.endpoints.read().unwrap_or_else(PoisonError::into_inner))
    }
}

#[async_trait]
impl Drivers for RealDrivers {
    async fn begin(&self, mandate: &Mandate, deadline: Duration) -> Begun {
        let endpoints = self.endpoints();
        let of = |server: &ServerName| endpoints.of(server);
        match mandate.act() {
            Act::Drain(server) => self.rotate(server, haproxy::Rotation::Drain, deadline).await,
            Act::Undrain(server) => self.rotate(server, haproxy::Rotation::Ready, deadline).await,
            Act::RebootOverSsh { server, not_after } => {
                let Some(endpoint) = of(server).and_then(|reached| reached.ssh.as_ref()) else {
                    return Begun::NeverSent(format!("the inventory has no SSH address for {server}"));
                };
                ssh::reboot(endpoint, *not_after, deadline).await
            }
            Act::RestartOverRedfish(server) => match of(server).and_then(|reached| reached.bmc.as_ref()) {
                Some(endpoint) => redfish::restart(&self.web, endpoint, deadline).await,
                None => Begun::NeverSent(format!("the inventory has no management controller for {server}")),
            },
            Act::Http { method, url, send, expect, key, call } => {
                let call = http::Call { method: *method, url, send, expect: *expect, key, number: *call };
                http::call(&self.web, &call, deadline).await
            }
        }
    }

    async fn observe(&self, probe: &Probe, deadline: Duration) -> Seen {
        let endpoints = self.endpoints();
        let of = |server: &ServerName| endpoints.of(server);
        match probe {
            Probe::Boot(server) => match of(server).and_then(|reached| reached.ssh.as_ref()) {
                Some(endpoint) => ssh::boot_facts(endpoint, deadline).await,
                None => Seen::NoAnswer(format!("the inventory has no SSH address for {server}")),
            },
            Probe::Checks(server, checks) => match of(server).and_then(|reached| reached.ssh.as_ref()) {
                Some(endpoint) => ssh::failed_checks(endpoint, checks, deadline).await,
                None => Seen::NoAnswer(format!("the inventory has no SSH address for {server}")),
            },
            Probe::Balancer(server) => match of(server).and_then(|reached| reached.balancer.as_ref()) {
                Some(endpoint) => haproxy::line(endpoint, server, deadline).await,
                None => Seen::NoAnswer(format!("{server} is behind no load balancer")),
            },
            Probe::Pool(pool) => match endpoints.pool(pool) {
                Some(endpoint) => haproxy::pool(endpoint, deadline).await,
                None => Seen::NoAnswer(format!("the inventory has no load balancer for {pool}")),
            },
            Probe::Power(server) => match of(server).and_then(|reached| reached.bmc.as_ref()) {
                Some(endpoint) => redfish::power(&self.web, endpoint, deadline).await,
                None => Seen::NoAnswer(format!("the inventory has no management controller for {server}")),
            },
        }
    }
}

impl RealDrivers {
    async fn rotate(&self, server: &ServerName, to: haproxy::Rotation, deadline: Duration) -> Begun {
        let endpoints = self.endpoints();
        match endpoints.of(server).and_then(|reached| reached.balancer.as_ref()) {
            Some(endpoint) => haproxy::rotate(endpoint, server, to, deadline).await,
            None => Begun::Refused(format!("{server} is behind no load balancer")),
        }
    }
}

/// A foreign text as one short printable line.
fn one_line(text: &str) -> String {
    const LENGTH_MAX_CHARS: usize = 200;
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    words.chars().filter(|character| !character.is_control()).take(LENGTH_MAX_CHARS).collect()
}
