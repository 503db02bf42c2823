//! `wrasse can-i` and `wrasse who-can`: what policies say, against the files and the database.

use super::scene::{At, By, Scene, known_how};
use super::{answered, json, line_of, misunderstood};
use crate::adapters::ids::RandomIds;
use crate::authorization::WhoCan as Found;
use crate::cli::output;
use crate::conversation::{self, IsAllowed, plain};
use crate::domain::intent::{BuiltInVerb, Intent, Planned};
use crate::domain::misunderstanding::Misunderstanding;
use crate::language::{self, Vocabulary};
use crate::ports::Ids;
use crate::services::planning::Answer;
use crate::services::verdict::{Verdict, WhoMay};
use anyhow::bail;
use std::process::ExitCode;

/// What `can-i` ends with when the answer is no.
const NOT_ALLOWED: u8 = 3;

/// What `can-i` is called with.
#[derive(clap::Args)]
pub(in crate::cli) struct CanI {
    /// The line, as after `/fleet`; it may lack its reason, and its servers.
    #[arg(required = true, value_name = "LINE", trailing_var_arg = true, allow_hyphen_values = true)]
    line: Vec<String>,
    #[command(flatten)]
    by: By,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    at: At,
}

/// What `who-can` is called with.
#[derive(clap::Args)]
pub(in crate::cli) struct WhoCan {
    /// The command, and perhaps `on` which servers.
    #[arg(required = true, value_name = "COMMAND [on SERVERS]", trailing_var_arg = true)]
    words: Vec<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    at: At,
}

impl CanI {
    pub(in crate::cli) async fn run(self) -> anyhow::Result<ExitCode> {
        let scene = Scene::of(&self.by, &self.at).await?;
        let (line, intent) = match understood(BuiltInVerb::CanI, &self.line, &scene.vocabulary()) {
            Ok(understood) => understood,
            Err(told) => return Ok(misunderstood(&told, self.json)),
        };
        let Intent::CanI(Planned::Work(work)) = intent else {
            bail!("who may cancel depends on the request; type `{line}` in the chat");
        };
        let stored = self.at.stored(work.selector.as_ref(), Some(&work.command)).await?;
        let asking = scene.asking(&stored, &line);
        let verdict = match asking.verdict(&work) {
            Ok(verdict) => verdict,
            Err(Answer::Misunderstood(told)) => return Ok(misunderstood(&told, self.json)),
            Err(Answer::Told { message, .. }) => return Ok(answered(&message, self.json)),
        };
        let id = RandomIds.request();
        let safety = match &verdict {
            Verdict::Exact(exact) if exact.allowed.is_ok() => Some(exact.safety(asking, stored.around(&id))),
            Verdict::Exact(_) | Verdict::General { .. } => None,
        };
        let (is_allowed, message) = match &verdict {
            Verdict::Exact(exact) => (exact.allowed.is_ok(), exact.told(&safety.clone().unwrap_or_default())),
            Verdict::General { is_allowed, who } => {
                let told = conversation::may_in_general(&who.spec, *is_allowed, &who.view(&people(who), None));
                (*is_allowed == IsAllowed::Yes, told)
            }
        };
        let words = plain::render(&message);
        if self.json {
            output::say(&json::verdict(&verdict, safety.as_ref(), &words, scene.source).to_string());
        } else {
            output::say(&words);
            // Of a no nothing else was looked at.
            output::say(&match safety {
                Some(_) => known_how(scene.source, stored.is_there),
                None => format!("~ person and groups: {}", scene.source),
            });
        }
        Ok(if is_allowed { ExitCode::SUCCESS } else { ExitCode::from(NOT_ALLOWED) })
    }
}

impl WhoCan {
    pub(in crate::cli) async fn run(self) -> anyhow::Result<ExitCode> {
        let scene = Scene::of_nobody(&self.at)?;
        let vocabulary = Vocabulary::of(scene.rulebook.catalog.commands().to_vec());
        let (line, intent) = match understood(BuiltInVerb::WhoCan, &self.words, &vocabulary) {
            Ok(understood) => understood,
            Err(told) => return Ok(misunderstood(&told, self.json)),
        };
        let Intent::WhoCan { command, selector } = intent else {
            bail!("`{line}` asks for no command");
        };
        let stored = self.at.stored(selector.as_ref(), None).await?;
        let who = match scene.asking(&stored, &line).who_can(&command, selector.as_ref()) {
            Ok(who) => who,
            Err(Answer::Misunderstood(told)) => return Ok(misunderstood(&told, self.json)),
            Err(Answer::Told { message, .. }) => return Ok(answered(&message, self.json)),
        };
        let words = plain::render(&conversation::who_can(who.view(&people(&who), None)));
        output::say(&if self.json { json::who_may(&who, &words).to_string() } else { words });
        Ok(ExitCode::SUCCESS)
    }
}

/// The words of the call behind their verb.
fn understood(
    verb: BuiltInVerb,
    words: &[String],
    vocabulary: &Vocabulary,
) -> Result<(String, Intent), Misunderstanding> {
    let line = language::normalise(&format!("{} {}", verb.word(), line_of(words)))?;
    let intent = language::parse(&line, vocabulary)?;
    Ok((line, intent))
}

/// The people whom policies name, by their ids: nobody is looked up.
fn people(who: &WhoMay) -> Vec<String> {
    match &who.who {
        Ok(Found::Some { people, .. }) => people.iter().map(ToString::to_string).collect(),
        Ok(Found::Everyone) | Err(_) => Vec::new(),
    }
}
