//! The bot as a child process: started, killed and started again for real.

use anyhow::Context;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::process::{Child, Command};

/// What the bot logs, in the demo's folder.
pub(super) const LOG_FILE: &str = "bot.log";
/// How long a bot that is asked to end may take.
const END_WITHIN: Duration = Duration::from_secs(3);

/// What the bot is told by its environment.
pub(super) struct BotSettings {
    pub(super) folder: PathBuf,
    pub(super) api_base: String,
    pub(super) app_token: String,
    pub(super) bot_token: String,
    pub(super) inventory: PathBuf,
    pub(super) incident_channel: String,
    pub(super) prometheus: String,
    pub(super) alertmanager: String,
}

/// The bot's process.
#[derive(Default)]
pub(in crate::cli) struct Bot {
    pub(super) settings: Option<BotSettings>,
    child: Option<Child>,
    starts: u32,
}

impl Bot {
    /// Starts the bot; one that runs already is left alone.
    pub(in crate::cli) fn start(&mut self) -> anyhow::Result<()> {
        if self.ended().is_none() && self.child.is_some() {
            return Ok(());
        }
        let settings = self.settings.as_ref().context("the demo is not ready for its bot")?;
        let log = std::fs::OpenOptions::new().create(true).append(true).open(settings.folder.join(LOG_FILE))?;
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("serve").env_clear().stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::from(log));
        command.env("SLACK_API_BASE", &settings.api_base);
        command.env("SLACK_APP_TOKEN", &settings.app_token);
        command.env("SLACK_BOT_TOKEN", &settings.bot_token);
        command.env("WRASSE_DATABASE", settings.folder.join("wrasse.db"));
        command.env("WRASSE_COMMANDS", settings.folder.join("commands"));
        command.env("WRASSE_POLICIES", settings.folder.join("policies"));
        command.env("WRASSE_INVENTORY", &settings.inventory);
        command.env("WRASSE_INCIDENT_CHANNEL", &settings.incident_channel);
        command.env("WRASSE_PROMETHEUS_URL", &settings.prometheus);
        command.env("WRASSE_ALERTS_URL", &settings.alertmanager);
        self.child = Some(command.kill_on_drop(true).spawn().context("the bot cannot be started")?);
        self.starts += 1;
        Ok(())
    }

    /// Kills the bot as `kill -9` does: it gets no chance to store or say anything.
    pub(in crate::cli) async fn kill(&mut self) -> anyhow::Result<()> {
        if let Some(mut child) = self.child.take() {
            child.kill().await.context("the bot cannot be killed")?;
        }
        Ok(())
    }

    /// Asks the bot to end, and kills it if it does not.
    pub(super) async fn stop(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        if let Some(id) = child.id() {
            let asked = Command::new("kill").arg("-TERM").arg(id.to_string()).status().await;
            if asked.is_ok_and(|status| status.success())
                && tokio::time::timeout(END_WITHIN, child.wait()).await.is_ok()
            {
                return;
            }
        }
        if let Err(fault) = child.kill().await {
            tracing::warn!(%fault, "the bot could not be ended");
        }
    }

    /// How the bot ended, if it did by itself.
    pub(super) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.as_mut().and_then(|child| child.try_wait().ok().flatten())
    }

    /// The process id, while it runs.
    pub(super) fn pid(&mut self) -> Option<u32> {
        if self.ended().is_some() { None } else { self.child.as_ref().and_then(Child::id) }
    }

    /// How often it was started.
    pub(super) fn starts(&self) -> u32 {
        self.starts
    }
}
