//! `wrasse retry` and `override`: what lets work start, asked for in the name of whose account it is.
//!
//! On the database itself, by the files; what it takes beside the right to write that file, `services::shell` says.

use super::brakes::{Place, REFUSED, account, commit, said};
use super::lines::{line_of, misunderstood, now};
use super::paths::Paths;
use super::restraints::{told, understood};
use crate::adapters::ids::RandomIds;
use crate::conversation::{self, Tense};
use crate::domain::identity::Actor;
use crate::domain::ids::RequestId;
use crate::domain::intent::{BuiltInVerb, Intent};
use crate::ports::Rulebook;
use crate::services::restraining::Came;
use crate::services::shell::{self, Shell, ToOverride};
use anyhow::{Context, bail};
use std::process::ExitCode;
use std::sync::Arc;

/// What `retry` and `override` are called with.
#[derive(clap::Args)]
pub(super) struct Asked {
    /// The line behind its verb, as in the chat.
    #[arg(required = true, value_name = "LINE")]
    words: Vec<String>,
    /// Only tell what it would come to.
    #[arg(long)]
    plan: bool,
    #[command(flatten)]
    at: At,
}

/// What `override` is called with.
#[derive(clap::Args)]
pub(super) struct Overridden {
    /// Why; the same as `because …` at the end of the line.
    #[arg(long, value_name = "TEXT")]
    because: Option<String>,
    #[command(flatten)]
    asked: Asked,
}

/// The files and the database.
#[derive(clap::Args)]
struct At {
    #[command(flatten)]
    paths: Paths,
    #[command(flatten)]
    place: Place,
}

impl Asked {
    pub(super) async fn retry(self) -> anyhow::Result<ExitCode> {
        self.carry_out(BuiltInVerb::Retry, None).await
    }

    async fn carry_out(self, verb: BuiltInVerb, because: Option<&str>) -> anyhow::Result<ExitCode> {
        let rulebook = self.at.rulebook()?;
        let words = match because {
            Some(text) => format!("{} because {text}", line_of(&self.words)),
            None => line_of(&self.words),
        };
        let (intent, line) = match understood(&rulebook, verb, &words) {
            Ok(understood) => understood,
            Err(told) => return Ok(misunderstood(&told, false)),
        };
        let tense = if self.plan { Tense::Would } else { Tense::Is };
        let what = if let Intent::Retry { request } = &intent {
            What::Retry(request)
        } else if let Intent::Override { policy, request, why } = &intent {
            What::Override(ToOverride { line: &line, policy, request, why })
        } else {
            bail!("`{line}` is no line for this call")
        };
        self.at.carry_out(&rulebook, tense, (what, &line)).await
    }
}

impl Overridden {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        self.asked.carry_out(BuiltInVerb::Override, self.because.as_deref()).await
    }
}

/// What is asked of the service.
#[derive(Clone, Copy)]
enum What<'a> {
    Retry(&'a RequestId),
    Override(ToOverride<'a>),
}

impl At {
    fn rulebook(&self) -> anyhow::Result<Arc<Rulebook>> {
        let files = self.paths.files().read(None, now()).map_err(|faults| anyhow::anyhow!("{faults}"))?;
        Ok(Arc::new(files.rulebook))
    }

    async fn carry_out(
        &self,
        rulebook: &Arc<Rulebook>,
        tense: Tense,
        (what, line): (What<'_>, &str),
    ) -> anyhow::Result<ExitCode> {
        only_real_accounts()?;
        let (account, incidents) = (account()?, self.place.channel());
        let Some(owner) = account.user.as_str().parse().ok().and_then(|uid| rulebook.policies.owner_of_account(uid))
        else {
            said(&conversation::account_of_nobody(&account, line));
            return Ok(ExitCode::from(REFUSED));
        };
        let owner = Actor::of_account(owner.clone());
        let store = self.place.open().await?;
        let shell = Shell {
            store: &store,
            rulebook,
            ids: &RandomIds,
            now: now(),
            account: &account,
            owner: &owner,
            incidents: incidents.as_ref(),
            tense,
        };
        let Came { message, writes, to, .. } = match what {
            What::Retry(request) => shell::retry(shell, request).await?,
            What::Override(what) => shell::override_policy(shell, what).await?,
        };
        if !writes.is_empty() {
            commit(&store, writes).await?;
        }
        store.close().await?;
        Ok(told(to, &message))
    }
}

/// Refuses a namespace in which accounts are what whoever made it says they are.
fn only_real_accounts() -> anyhow::Result<()> {
    let map = std::fs::read_to_string("/proc/self/uid_map").context("the accounts of this host cannot be told")?;
    let is_real = map.split_whitespace().eq(["0", "0", "4294967295"]);
    anyhow::ensure!(
        is_real,
        "this shell runs where accounts stand for others (a user namespace, such as a rootless container): nothing is let start from \
         here; send the line in the chat"
    );
    Ok(())
}
