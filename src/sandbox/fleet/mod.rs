//! A simulated fleet: one pure model, and its faces.
//!
//! Everything listens on 127.0.0.1 only. Deliberately absent: anything of the program that is tested against it,
//! besides the words of its ports. Its state lives as long as the process that started it.

pub mod alerts_face;
mod balancer_face;
mod control;
mod inventory_file;
pub mod metrics_face;
pub mod model;
pub mod ports_face;
mod redfish_face;
mod select;
mod shared;
mod ssh_face;
mod traffic_control;

pub use inventory_file::InventoryPaths;
pub use shared::SharedFleet;

use crate::domain::server::{ServerName, SiteName};
use crate::ports::Clock;
use balancer_face::Balancer;
use model::{Fleet, FleetSpec, ServerView};
use serde_json::Value;
use ssh_face::Daemon;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// How often servers are compared with what was last told of them.
const CHANGES_EVERY: Duration = Duration::from_millis(200);

/// Told of each server that changed, as the control API lists it.
pub type OnChange = Arc<dyn Fn(Value) + Send + Sync>;

/// Which fleet to start.
#[derive(Clone)]
pub struct FleetSettings {
    /// The servers.
    pub spec: FleetSpec,
    /// The Redfish service's port; 0 is any free one.
    pub redfish_port: u16,
    /// Who wants to know of changes.
    pub on_change: Option<OnChange>,
}

impl FleetSettings {
    /// That many servers, with a seed of this start's own.
    ///
    /// # Errors
    /// When this machine has no randomness to give.
    pub fn of_size(servers: usize) -> Result<Self, FleetFault> {
        let mut seed = [0; 8];
        getrandom::fill(&mut seed).map_err(FleetFault::NoRandomness)?;
        let spec = FleetSpec::scaled(servers).with_seed(u64::from_le_bytes(seed));
        Ok(Self { spec, redfish_port: 0, on_change: None })
    }
}

/// A simulated fleet cannot start.
#[derive(Debug, thiserror::Error)]
pub enum FleetFault {
    /// No port, or no file descriptor.
    #[error("the simulated fleet cannot listen on 127.0.0.1:{port}")]
    Listen {
        /// The port that was asked for; 0 for any.
        port: u16,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// No keys without it.
    #[error("this machine gives no randomness")]
    NoRandomness(#[source] getrandom::Error),
    /// A file of the inventory cannot be written.
    #[error("{path} cannot be written")]
    Write {
        /// The file.
        path: std::path::PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// A fleet that runs and can be reached.
pub struct SimulatedFleet {
    shared: SharedFleet,
    /// Where the Redfish service is.
    pub redfish_url: String,
    /// Where Prometheus' query API is.
    pub prometheus_url: String,
    /// Where Alertmanager's API is.
    pub alertmanager_url: String,
    /// Each server's SSH port.
    pub ssh_ports: BTreeMap<ServerName, u16>,
    /// Each site's load balancer.
    pub balancer_ports: BTreeMap<SiteName, u16>,
    secret: [u8; 32],
    bmc_password: String,
}

impl SimulatedFleet {
    /// Starts the fleet and all its faces in the task set.
    ///
    /// # Errors
    /// When a port cannot be had.
    pub async fn start(
        settings: FleetSettings,
        clock: Arc<dyn Clock>,
        tasks: &mut JoinSet<()>,
    ) -> Result<Self, FleetFault> {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret).map_err(FleetFault::NoRandomness)?;
        let fleet = Fleet::of(settings.spec, clock.now());
        let servers = fleet.servers();
        let shared = SharedFleet::new(Arc::new(Mutex::new(fleet)), clock);

        let client_key = Arc::new(ssh_face::client_key(&secret).public_key().clone());
        let mut ssh_ports = BTreeMap::new();
        for server in &servers {
            let (listener, port) = listen(0).await?;
            ssh_ports.insert(server.name.clone(), port);
            let daemon = Daemon {
                server: server.name.clone(),
                listener,
                fleet: shared.clone(),
                host_key: ssh_face::host_key(&secret, &server.name),
                client_key: Arc::clone(&client_key),
            };
            tasks.spawn(daemon.run());
        }

        let mut balancer_ports = BTreeMap::new();
        let sites: BTreeSet<&SiteName> = servers.iter().map(|server| &server.site).collect();
        for site in sites {
            let (listener, port) = listen(0).await?;
            balancer_ports.insert(site.clone(), port);
            tasks.spawn(Balancer { site: site.clone(), listener, fleet: shared.clone() }.run());
        }

        let bmc_password = inventory_file::password_of(&secret);
        let (listener, port) = listen(settings.redfish_port).await?;
        let service = redfish_face::router(shared.clone(), &bmc_password);
        tasks.spawn(async move {
            if let Err(fault) = axum::serve(listener, service).await {
                tracing::error!(%fault, "the simulated Redfish service ended");
            }
        });
        let (listener, metrics_port) = listen(0).await?;
        let metrics = metrics_face::router(shared.clone());
        tasks.spawn(async move {
            if let Err(fault) = axum::serve(listener, metrics).await {
                tracing::error!(%fault, "the simulated metrics ended");
            }
        });
        let prometheus_url = format!("http://127.0.0.1:{metrics_port}");
        let (listener, alerts_port) = listen(0).await?;
        let alerts = alerts_face::router(shared.clone());
        tasks.spawn(async move {
            if let Err(fault) = axum::serve(listener, alerts).await {
                tracing::error!(%fault, "the simulated alerts ended");
            }
        });
        let alertmanager_url = format!("http://127.0.0.1:{alerts_port}");
        if let Some(on_change) = settings.on_change {
            tasks.spawn(tell_changes(shared.clone(), on_change));
        }
        let redfish_url = format!("http://127.0.0.1:{port}/redfish/v1");
        Ok(Self {
            shared,
            redfish_url,
            prometheus_url,
            alertmanager_url,
            ssh_ports,
            balancer_ports,
            secret,
            bmc_password,
        })
    }

    /// The model and its clock.
    #[must_use]
    pub fn shared(&self) -> &SharedFleet {
        &self.shared
    }

    /// The calls under `/sandbox/fleet`, `/sandbox/traffic` and `/sandbox/alerts`.
    pub fn control_router(&self) -> axum::Router {
        let shared = || self.shared.clone();
        control::router(shared()).merge(traffic_control::router(shared())).merge(alerts_face::control_router(shared()))
    }
}

async fn listen(port: u16) -> Result<(TcpListener, u16), FleetFault> {
    let fault = |source| FleetFault::Listen { port, source };
    let listener = TcpListener::bind(("127.0.0.1", port)).await.map_err(fault)?;
    let port = listener.local_addr().map_err(fault)?.port();
    Ok((listener, port))
}

async fn tell_changes(shared: SharedFleet, on_change: OnChange) {
    let mut told: BTreeMap<ServerName, ServerView> = BTreeMap::new();
    let mut ticks = tokio::time::interval(CHANGES_EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let views = shared.fleet().views(shared.now());
        for view in views {
            match told.get(&view.spec.name) {
                Some(before) if *before == view => {}
                Some(_) => {
                    on_change(control::server_value(&view));
                    told.insert(view.spec.name.clone(), view);
                }
                // Nobody has seen it change yet: whoever looks now lists the fleet.
                None => {
                    told.insert(view.spec.name.clone(), view);
                }
            }
        }
    }
}
