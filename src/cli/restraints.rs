//! `wrasse freeze`, `thaw`, `hold`, `release`, `blacklist`, `unblacklist`, `close-breaker`, `state` and `cancel`: on the database
//! itself.
//!
//! The same line, read and carried out as in the chat. Whoever may write the database file may, so no policy is asked.

use super::brakes::{Place, REFUSED, account, commit, said};
use super::lines::{NOT_UNDERSTOOD, line_of, misunderstood, now};
use super::output;
use super::paths::Paths;
use crate::adapters::ids::RandomIds;
use crate::conversation::message::Message;
use crate::conversation::{Tense, plain};
use crate::domain::intent::{BuiltInVerb, Intent};
use crate::domain::misunderstanding::Misunderstanding;
use crate::language::{self, Vocabulary};
use crate::ports::Rulebook;
use crate::services::brakes::By;
use crate::services::restraining::{self, Braker, CameTo, Right};
use crate::services::{cancelling, closing, declaring};
use anyhow::bail;
use std::process::ExitCode;

/// The line, and where it counts.
#[derive(clap::Args)]
struct Line {
    /// The line behind its verb, as in the chat.
    #[arg(required = true, value_name = "LINE")]
    words: Vec<String>,
    #[command(flatten)]
    paths: Paths,
    #[command(flatten)]
    place: Place,
}

/// What puts a brake on, closes a breaker, or says how servers are, is called with.
#[derive(clap::Args)]
pub(super) struct Reasoned {
    /// Why; the same as `because …` at the end of the line.
    #[arg(long, value_name = "TEXT")]
    because: Option<String>,
    /// Only tell what it would come to.
    #[arg(long)]
    plan: bool,
    #[command(flatten)]
    line: Line,
}

/// What ends a brake or a request is called with.
#[derive(clap::Args)]
pub(super) struct Ending {
    /// Only tell what it would come to.
    #[arg(long)]
    plan: bool,
    #[command(flatten)]
    line: Line,
}

impl Ending {
    pub(super) async fn run(self, verb: BuiltInVerb) -> anyhow::Result<ExitCode> {
        let beside = Beside { level: "", because: None, tense: tense(self.plan) };
        self.line.carry_out(verb, beside).await
    }
}

/// What `blacklist` is called with.
#[derive(clap::Args)]
pub(super) struct Blacklist {
    /// What it covers is left out, and nobody can override that.
    #[arg(long)]
    absolute: bool,
    #[command(flatten)]
    reasoned: Reasoned,
}

impl Blacklist {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let Reasoned { because, plan, line } = self.reasoned;
        let level = if self.absolute { "--absolute" } else { "" };
        line.carry_out(BuiltInVerb::Blacklist, Beside { level, because: because.as_deref(), tense: tense(plan) }).await
    }
}

impl Reasoned {
    pub(super) async fn run(self, verb: BuiltInVerb) -> anyhow::Result<ExitCode> {
        let because = self.because.as_deref();
        self.line.carry_out(verb, Beside { level: "", because, tense: tense(self.plan) }).await
    }
}

impl Line {
    async fn carry_out(self, verb: BuiltInVerb, beside: Beside<'_>) -> anyhow::Result<ExitCode> {
        let files = self.paths.files().read(None, now()).map_err(|faults| anyhow::anyhow!("{faults}"))?;
        let rulebook = files.rulebook;
        let words = whole(&line_of(&self.words), beside);
        let (intent, line) = match understood(&rulebook, verb, &words) {
            Ok(understood) => understood,
            Err(told) => return Ok(misunderstood(&told, false)),
        };
        let (account, channel) = (account()?, self.place.channel());
        let name = account.to_string();
        let store = self.place.open().await?;
        let braker = Braker {
            store: &store,
            rulebook: &rulebook,
            ids: &RandomIds,
            now: now(),
            by: By { actor: &account, name: &name },
            line: &line,
            incidents: channel.as_ref(),
            tense: beside.tense,
            right: Right::OfTheFile,
        };
        let came = if let Intent::Cancel { request } = &intent {
            Some(cancelling::cancel(braker, request).await?)
        } else if let Intent::CloseBreaker { scope, why } = &intent {
            Some(closing::close(braker, (scope, why)).await?)
        } else if let Intent::Declare(declaration) = &intent {
            Some(declaring::declare(braker, declaration).await?)
        } else if let Intent::Brake(braking) = &intent {
            restraining::restrain(braker, braking).await?
        } else {
            None
        };
        let Some(came) = came else { bail!("`{line}` is no line for this call") };
        if !came.writes.is_empty() {
            commit(&store, came.writes).await?;
        }
        store.close().await?;
        Ok(told(came.to, &came.message))
    }
}

/// The line behind that verb, read by the files.
pub(super) fn understood(
    rulebook: &Rulebook,
    verb: BuiltInVerb,
    words: &str,
) -> Result<(Intent, String), Misunderstanding> {
    let vocabulary = Vocabulary { now: now(), ..Vocabulary::of(rulebook.catalog.commands().to_vec()) };
    let line = language::normalise(&format!("{} {words}", verb.word()))?;
    Ok((language::parse(&line, &vocabulary)?, line))
}

/// Prints what came of a line, and with what the call ends.
pub(super) fn told(to: CameTo, message: &Message) -> ExitCode {
    match to {
        CameTo::Done => {
            said(message);
            ExitCode::SUCCESS
        }
        CameTo::Refused => {
            said(message);
            ExitCode::from(REFUSED)
        }
        CameTo::Misunderstood => {
            output::complain(&plain::render(message));
            ExitCode::from(NOT_UNDERSTOOD)
        }
    }
}

/// What a call says beside its line.
#[derive(Clone, Copy)]
struct Beside<'a> {
    level: &'a str,
    because: Option<&'a str>,
    tense: Tense,
}

const fn tense(plan: bool) -> Tense {
    if plan { Tense::Would } else { Tense::Is }
}

/// The line with what was said beside it: the level stands before the reason, which is the rest of the line.
fn whole(words: &str, Beside { level, because, .. }: Beside<'_>) -> String {
    let reason = because.map(|text| format!("because {text}"));
    let at = words.split(' ').take_while(|word| !word.eq_ignore_ascii_case("because")).collect::<Vec<_>>().join(" ");
    let rest = words.get(at.len()..).unwrap_or_default().trim();
    let parts = [at.as_str(), level, rest, reason.as_deref().unwrap_or_default()];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}
