//! `wrasse plan`: what a line would do, against the files and the database, without doing it.
//!
//! With the chat's tokens in the environment the person and the channel are looked up there, as for a real line.
//! Without them the call says which groups the person is in, and the answer is only as true as that.

use super::scene::{At, By, Scene, known_how};
use super::{answered, json, line_of, misunderstood};
use crate::adapters::ids::RandomIds;
use crate::cli::output;
use crate::conversation::{self, plain};
use crate::domain::intent::{Intent, Planned};
use crate::language;
use crate::ports::Ids;
use crate::services::planning::{Answer, Preview};
use anyhow::bail;
use std::process::ExitCode;

/// What `plan` is called with.
#[derive(clap::Args)]
pub(in crate::cli) struct Plan {
    /// The line, as after `/fleet`.
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

impl Plan {
    pub(in crate::cli) async fn run(self) -> anyhow::Result<ExitCode> {
        let scene = Scene::of(&self.by, &self.at).await?;
        let vocabulary = scene.vocabulary();
        let line = match language::normalise(&line_of(&self.line)) {
            Ok(line) => line,
            Err(told) => return Ok(misunderstood(&told, self.json)),
        };
        let intent = match language::parse(&line, &vocabulary) {
            Ok(intent) => intent,
            Err(told) => return Ok(misunderstood(&told, self.json)),
        };
        let Some(work) = intent.work() else {
            return match language::parse(&format!("plan {line}"), &vocabulary) {
                Err(told) => Ok(misunderstood(&told, self.json)),
                Ok(Intent::Plan(Planned::Brake(_))) => {
                    bail!("to see what it would stop: `wrasse {line} --plan`; or type `plan {line}` in the chat")
                }
                Ok(_) => bail!("what `{line}` would do depends on the request; type `plan {line}` in the chat"),
            };
        };
        let stored = self.at.stored(work.selector.as_ref(), Some(&work.command)).await?;
        let id = RandomIds.request();
        match scene.asking(&stored, &line).preview(work, stored.around(&id)) {
            Ok(preview) => {
                self.tell(&preview, scene.source, stored.is_there);
                Ok(ExitCode::SUCCESS)
            }
            Err(Answer::Misunderstood(told)) => Ok(misunderstood(&told, self.json)),
            Err(Answer::Told { message, .. }) => Ok(answered(&message, self.json)),
        }
    }

    fn tell(&self, preview: &Preview, source: &str, is_stored: bool) {
        if self.json {
            output::say(&json::preview(preview, source, is_stored).to_string());
            return;
        }
        output::say(&plain::render(&conversation::preview(preview.view())));
        output::say(&known_how(source, is_stored));
    }
}
