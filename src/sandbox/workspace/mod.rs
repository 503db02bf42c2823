//! A Slack-compatible workspace in this process: a pure model, the Web API and Socket Mode around it, and a control API for
//! people, pages and tests. Deliberately absent: the bot. It comes over the wire like any other client.

pub mod blocks;
mod control;

pub mod model;
pub mod rates;
pub mod settings;
mod shared;
mod socket_mode;
pub mod web_api;

pub use model::nouns::{Channel, ChannelKind, Group, Person};
pub use settings::{APP, BOT, BOT_USER, OTHER_TEAM, TEAM, WorkspaceSettings};
pub use shared::PageEvent;

use crate::ports::Clock;
use axum::Router;
use axum::serve::ListenerExt;
use model::Model;
use serde_json::Value;
use shared::Shared;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::broadcast;
use tokio::task::JoinSet;

/// Why a workspace did not start.
#[derive(Debug, thiserror::Error)]
pub enum WorkspaceFault {
    /// The port is taken, or loopback is missing.
    #[error("cannot listen on 127.0.0.1:{port}")]
    CannotListen {
        /// Which port.
        port: u16,
        /// What the system said.
        #[source]
        cause: std::io::Error,
    },
}

/// A running workspace.
#[derive(Clone)]
pub struct Workspace {
    shared: Arc<Shared>,
    /// `http://127.0.0.1:PORT/api`.
    pub api_base: String,
    /// Opens sockets.
    pub app_token: String,
    /// Calls everything else.
    pub bot_token: String,
    /// The home team.
    pub team_id: String,
    /// The app.
    pub app_id: String,
    /// The app's user.
    pub bot_user_id: String,
}

impl std::fmt::Debug for Workspace {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Workspace").field("api_base", &self.api_base).finish_non_exhaustive()
    }
}

impl Workspace {
    /// Starts the Web API and the sockets on loopback; their tasks live in the set.
    ///
    /// # Errors
    /// The port cannot be listened on.
    pub async fn start(
        settings: WorkspaceSettings,
        clock: Arc<dyn Clock>,
        tasks: &mut JoinSet<()>,
    ) -> Result<Self, WorkspaceFault> {
        let (listener, address) = listen(settings.port).await?;
        let origin = format!("http://{address}");
        let workspace = Self {
            api_base: format!("{origin}/api"),
            app_token: settings.app_token.clone(),
            bot_token: settings.bot_token.clone(),
            team_id: TEAM.to_owned(),
            app_id: APP.to_owned(),
            bot_user_id: BOT_USER.to_owned(),
            shared: Arc::new(Shared::new(clock, |now| Model::new(settings, &origin, now))),
        };
        let routes = web_api::routes().merge(socket_mode::routes()).with_state(Arc::clone(&workspace.shared));
        tasks.spawn(serve(listener, routes));
        let watched = Arc::clone(&workspace.shared);
        tasks.spawn(async move { watched.watch_clock().await });
        Ok(workspace)
    }

    /// The routes of the control API, to be merged with the fleet's and the page's.
    #[must_use]
    pub fn control_router(&self) -> Router {
        control::routes().with_state(Arc::clone(&self.shared))
    }

    /// Serves any router on loopback and says where; port 0 lets the system choose.
    ///
    /// # Errors
    /// The port cannot be listened on.
    pub async fn serve(router: Router, port: u16, tasks: &mut JoinSet<()>) -> Result<SocketAddr, WorkspaceFault> {
        let (listener, address) = listen(port).await?;
        tasks.spawn(serve(listener, router));
        Ok(address)
    }

    /// Everything that pages are told from now on.
    #[must_use]
    pub fn events(&self) -> broadcast::Receiver<PageEvent> {
        self.shared.page_events()
    }

    /// Tells the open pages something that is not the workspace's own, like the state of the fleet.
    pub fn publish(&self, kind: &str, data: Value) {
        self.shared.publish(PageEvent { kind: kind.to_owned(), data });
    }
}

async fn listen(port: u16) -> Result<(TcpListener, SocketAddr), WorkspaceFault> {
    let listening = async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let address = listener.local_addr()?;
        Ok((listener, address))
    };
    listening.await.map_err(|cause| WorkspaceFault::CannotListen { port, cause })
}

/// Small frames must not wait for one another.
async fn serve(listener: TcpListener, router: Router) {
    let listener = listener.tap_io(|stream| {
        if let Err(fault) = stream.set_nodelay(true) {
            tracing::debug!(%fault, "frames may be delayed");
        }
    });
    if let Err(fault) = axum::serve(listener, router).await {
        tracing::error!(%fault, "the sandbox no longer answers");
    }
}
