//! `wrasse parse`: the typed intent of a line.

use super::{json, line_of, misunderstood, now};
use crate::cli::output;
use crate::conversation::{self, plain};
use crate::language;
use std::path::PathBuf;
use std::process::ExitCode;

/// What `parse` is called with.
#[derive(clap::Args)]
pub(in crate::cli) struct Parse {
    /// The line, as after `/fleet`; quote it when it holds what your shell would take.
    #[arg(required = true, value_name = "LINE", trailing_var_arg = true, allow_hyphen_values = true)]
    line: Vec<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// The folder of command files.
    #[arg(long, env = "WRASSE_COMMANDS", default_value = "commands", value_name = "FOLDER")]
    commands: PathBuf,
}

impl Parse {
    pub(in crate::cli) fn run(self) -> anyhow::Result<ExitCode> {
        let catalog = crate::files::read_catalog(&self.commands)?;
        let vocabulary = language::Vocabulary { now: now(), ..language::Vocabulary::of(catalog.commands().to_vec()) };
        let line = line_of(&self.line);
        let intent = match language::parse(&line, &vocabulary) {
            Ok(intent) => intent,
            Err(told) => return Ok(misunderstood(&told, self.json)),
        };
        if self.json {
            output::say(&json::intent(&intent).to_string());
            return Ok(ExitCode::SUCCESS);
        }
        let spec = intent.command().and_then(|command| catalog.command(command));
        output::say(&plain::render(&conversation::meaning(&intent, spec.map(AsRef::as_ref))));
        Ok(ExitCode::SUCCESS)
    }
}
