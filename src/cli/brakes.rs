//! `wrasse stop-everything` and `wrasse resume-everything`: on the database itself, whether the bot serves or is down.
//!
//! Whoever may write the database file may stop, so no policy is asked. Deliberately absent: the chat; the bot tells people
//! once it serves.

use super::output;
use crate::adapters::clock::SystemClock;
use crate::adapters::ids::RandomIds;
use crate::adapters::storage::sqlite::SqliteStore;
use crate::conversation::message::Message;
use crate::conversation::{self, plain};
use crate::domain::identity::Actor;
use crate::domain::ids::BrakeId;
use crate::domain::place::ChannelId;
use crate::ports::store::{Committed, Operation, Write};
use crate::ports::{Clock, Ids, Store};
use crate::services::brakes::{self, By, Resumed, Stopped};
use anyhow::Context;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::process::ExitCode;

/// What a call ends with that was understood, and not carried out.
pub(super) const REFUSED: u8 = 3;

/// Which database, and where people hear of it.
#[derive(clap::Args)]
pub(super) struct Place {
    /// The database file that the bot serves.
    #[arg(long, env = "WRASSE_DATABASE", default_value = "wrasse.db", value_name = "FILE")]
    database: PathBuf,
    /// The id of the channel where everybody hears of it.
    #[arg(long, env = "WRASSE_INCIDENT_CHANNEL", value_name = "CHANNEL")]
    incidents: Option<String>,
}

/// What `stop-everything` is called with.
#[derive(clap::Args)]
pub(super) struct StopEverything {
    /// Why.
    #[arg(long, value_name = "TEXT", default_value = "")]
    because: String,
    /// Nothing is given back either: what is out stays as it is.
    #[arg(long)]
    hard: bool,
    /// Only tell what it would stop.
    #[arg(long)]
    plan: bool,
    #[command(flatten)]
    place: Place,
}

/// What `resume-everything` is called with.
#[derive(clap::Args)]
pub(super) struct ResumeEverything {
    /// Why.
    #[arg(long, value_name = "TEXT")]
    because: String,
    #[command(flatten)]
    place: Place,
}

/// The local account that calls: `local/1000`.
pub(super) fn account() -> anyhow::Result<Actor> {
    let process = std::fs::metadata("/proc/self").context("the account that calls cannot be told from /proc/self")?;
    Ok(Actor::of_process(process.uid()))
}

impl Place {
    pub(super) async fn open(&self) -> anyhow::Result<SqliteStore> {
        // One that is made here would stop nobody, and a mistyped name would not be noticed.
        anyhow::ensure!(
            self.database.exists(),
            "there is no database {}: name the one that the bot serves, with --database FILE or WRASSE_DATABASE",
            self.database.display()
        );
        Ok(SqliteStore::beside(&self.database).await?)
    }

    pub(super) fn channel(&self) -> Option<ChannelId> {
        self.incidents.as_deref().map(str::trim).filter(|id| !id.is_empty()).map(ChannelId::new)
    }

    /// Says so where nobody else will hear of it.
    pub(super) fn tell_who_hears(&self) {
        if self.incidents.is_none() {
            output::complain(
                "no channel is told: set WRASSE_INCIDENT_CHANNEL or --incidents; cards, status and homes say it",
            );
        }
    }
}

pub(super) fn said(message: &Message) {
    output::say(&plain::render(message));
}

pub(super) async fn commit(store: &SqliteStore, writes: Vec<Write>) -> anyhow::Result<()> {
    let operation = Operation { id: RandomIds.operation(), writes };
    match store.commit(operation).await? {
        Committed::Done | Committed::AlreadyDone => Ok(()),
        Committed::Stale => anyhow::bail!("somebody else was faster; look with `status`, and call again if need be"),
    }
}

impl StopEverything {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let account = account()?;
        let name = account.id().to_string();
        let store = self.place.open().await?;
        let id = BrakeId::new(RandomIds.handle().as_str());
        let by = By { actor: &account, name: &name };
        let asked = (by, SystemClock.now(), self.because.trim().to_owned(), self.hard);
        match brakes::stopped(&store, id, asked, self.place.channel().as_ref()).await? {
            Stopped::Already(stop) => said(&conversation::stopped_already(&stop)),
            Stopped::Now { affected, .. } if self.plan => {
                let line = if self.hard { "stop everything --hard" } else { "stop everything" };
                said(&conversation::stop_would(&affected, line, self.hard));
            }
            Stopped::Now { stop, affected, writes } => {
                commit(&store, writes).await?;
                said(&conversation::stop_took_hold(&stop, &affected));
                self.place.tell_who_hears();
            }
        }
        store.close().await?;
        Ok(ExitCode::SUCCESS)
    }
}

impl ResumeEverything {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let why = self.because.trim();
        anyhow::ensure!(why.chars().any(char::is_alphanumeric), "say why: --because \"the cause was found\"");
        let account = account()?;
        let name = account.id().to_string();
        let (store, now) = (self.place.open().await?, SystemClock.now());
        let asked = (By { actor: &account, name: &name }, now, why);
        let came = match brakes::resumed(&store, asked, self.place.channel().as_ref()).await? {
            Resumed::NotStopped => {
                said(&conversation::not_stopped());
                ExitCode::SUCCESS
            }
            Resumed::NotAlone(stop, from) => {
                said(&conversation::not_alone_yet(&stop, from));
                ExitCode::from(REFUSED)
            }
            Resumed::Now { stop, affected, writes } => {
                commit(&store, writes).await?;
                said(&conversation::go_on(&stop, &affected));
                self.place.tell_who_hears();
                ExitCode::SUCCESS
            }
        };
        store.close().await?;
        Ok(came)
    }
}
