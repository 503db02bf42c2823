//! `wrasse demo`: workspace and fleet in this process, and the bot as a child that can be killed for real.
//!
//! The child is this very binary's `serve`: it gets an environment and files, and shares no memory with the sandbox.

mod bot;
mod files;
mod routes;

use super::output;
use super::sandbox::{Folder, Sandbox};
use crate::sandbox::workspace::{Workspace, WorkspaceSettings};
use bot::{Bot, BotSettings};
use std::path::Path;
use std::sync::Arc;
use tokio::sync::Mutex;

/// How many servers the demo's fleet has.
const SERVERS: usize = 240;
/// Where the demo's trouble is told.
const INCIDENT_CHANNEL: &str = "C0INCIDENTS";
/// How soon the demo's workspace delivers an event again that nobody took; the real one waits up to five minutes.
const RETRY_DELAYS_MS: [u64; 3] = [200, 1000, 3000];

/// A running demo.
pub(super) struct Demo {
    /// The page and the control API.
    pub(super) page: String,
    /// The bot.
    bot: Arc<Mutex<Bot>>,
    sandbox: Sandbox,
    folder: Folder,
}

impl Demo {
    /// Starts workspace, fleet and bot.
    pub(super) async fn start(port: u16, files: Option<&Path>) -> anyhow::Result<Self> {
        let folder = Folder::fresh()?;
        let bot = Arc::new(Mutex::new(Bot::default()));
        let for_routes = Arc::clone(&bot);
        let more = |workspace: &Workspace| routes::router(for_routes, workspace.clone());
        let sandbox = Sandbox::start(SERVERS, port, &folder.0, WorkspaceSettings::demo(), more).await?;
        let page = format!("http://{}/", sandbox.address);
        files::write(&folder.0, files, &page)?;
        {
            let mut bot = bot.lock().await;
            bot.settings = Some(BotSettings {
                folder: folder.0.clone(),
                api_base: sandbox.workspace.api_base.clone(),
                app_token: sandbox.workspace.app_token.clone(),
                bot_token: sandbox.workspace.bot_token.clone(),
                inventory: sandbox.inventory.inventory.clone(),
                incident_channel: INCIDENT_CHANNEL.to_owned(),
                prometheus: sandbox.prometheus.clone(),
                alertmanager: sandbox.alertmanager.clone(),
            });
            bot.start()?;
        }
        let demo = Self { page, bot, sandbox, folder };
        demo.deliver_soon_again().await?;
        demo.wait_for_sockets().await?;
        Ok(demo)
    }

    /// What the bot has logged so far.
    pub(super) fn bot_log(&self) -> String {
        std::fs::read_to_string(self.folder.0.join(bot::LOG_FILE)).unwrap_or_default()
    }

    /// Ends the bot, so that it can close its database.
    pub(super) async fn end(self) {
        self.bot.lock().await.stop().await;
    }

    async fn deliver_soon_again(&self) -> anyhow::Result<()> {
        let faults = serde_json::json!({ "retry_delays_ms": RETRY_DELAYS_MS });
        let url = format!("{}sandbox/slack-faults", self.page);
        reqwest::Client::new().post(url).json(&faults).send().await?.error_for_status()?;
        Ok(())
    }

    /// The bot is up when it has opened its sockets, or it has ended and its log says why.
    async fn wait_for_sockets(&self) -> anyhow::Result<()> {
        let mut events = self.sandbox.workspace.events();
        loop {
            if let Some(status) = self.bot.lock().await.ended() {
                anyhow::bail!("the bot ended with {status}:\n{}", self.bot_log());
            }
            let waited = tokio::time::timeout(std::time::Duration::from_millis(100), events.recv()).await;
            if let Ok(Ok(event)) = waited
                && event.kind == "bot"
                && event.data.get("sockets").and_then(serde_json::Value::as_u64).is_some_and(|count| count > 0)
            {
                return Ok(());
            }
        }
    }
}

pub(super) async fn run(port: u16, files: Option<&Path>) -> anyhow::Result<()> {
    let mut demo = Demo::start(port, files).await?;
    output::say(&format!("Wrasse's sandbox is open: {}", demo.page));
    output::say("You are ana in #noc. Type: /fleet reboot edge-lax-[001-020] because kernel update");
    output::say("Then be bob (Alt+2) and press Review. Ctrl+C ends everything.");
    tokio::select! {
        () = super::asked_to_end() => {}
        ended = demo.sandbox.tasks.join_next() => anyhow::bail!("a part of the sandbox ended by itself: {ended:?}"),
    }
    demo.end().await;
    Ok(())
}
