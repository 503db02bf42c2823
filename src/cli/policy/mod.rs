//! `wrasse policy`: what the rules became, and whether they say what their authors expect. Both only look.

mod replay;

use super::{lines, output};
use crate::authorization::{Difference, TestGround, TestReport, run_tables};
use crate::cli::paths::Paths;
use crate::domain::command::CommandSpec;
use crate::domain::place::ChannelName;
use crate::domain::server::Server;
use crate::fleet::{self, Snapshot, Undone};
use crate::language;
use crate::ports::{Clock, Rulebook};
use anyhow::anyhow;
use std::process::ExitCode;
use std::sync::Arc;

/// What `policy` is called with.
#[derive(clap::Args)]
pub(super) struct Policy {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// Print the Cedar that the rules of a channel, or of all channels, are compiled to.
    Show {
        /// Only this channel, by its name in channels.yaml, or `direct`.
        #[arg(long, value_name = "CHANNEL")]
        channel: Option<String>,
        #[command(flatten)]
        paths: Paths,
    },
    /// Try the tables in policies/tests: every case that is answered otherwise than expected (status 2).
    Test {
        #[command(flatten)]
        paths: Paths,
    },
    /// Ask again whatever was decided, by the numbers of another admission.yaml: what would have waited, and what would not.
    Replay(replay::ReplayCall),
    /// Count what policies that are only observed would have made wait.
    Observed(replay::Observed),
}

impl Policy {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        match self.what {
            What::Replay(call) => call.run().await,
            What::Observed(call) => call.run().await,
            What::Show { channel, paths } => show(channel.as_deref(), &paths),
            What::Test { paths } => test(&paths),
        }
    }
}

fn rulebook(paths: &Paths) -> anyhow::Result<Rulebook> {
    let now = crate::adapters::clock::SystemClock.now();
    Ok(paths.files().read(None, now).map_err(|faults| anyhow!("{faults}"))?.rulebook)
}

fn show(channel: Option<&str>, paths: &Paths) -> anyhow::Result<ExitCode> {
    let policies = rulebook(paths)?.policies;
    let names: Vec<ChannelName> = match channel {
        Some(name) => vec![ChannelName::new(name.trim_start_matches('#'))],
        None => policies.shown_channels().into_iter().cloned().collect(),
    };
    let pages = names.iter().map(|name| policies.shown(name)).collect::<Option<Vec<_>>>();
    let Some(pages) = pages else {
        let known = policies.shown_channels().iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let name = channel.unwrap_or_default();
        output::complain(&format!("#{name} has no policies; those that have are {known}"));
        return Ok(ExitCode::from(lines::NOT_UNDERSTOOD));
    };
    output::say(pages.join("\n").trim_end());
    Ok(ExitCode::SUCCESS)
}

fn test(paths: &Paths) -> anyhow::Result<ExitCode> {
    let rulebook = rulebook(paths)?;
    let tables = paths.files().policy_tests()?;
    let commands: Vec<&CommandSpec> = rulebook.catalog.commands().iter().map(Arc::as_ref).collect();
    let select = |text: &str| selected(text, &rulebook);
    let ground = TestGround { policies: &rulebook.policies, commands: &commands, select: &select };
    let report = match run_tables(&tables, ground) {
        Ok(report) => report,
        Err(faults) => {
            output::complain(&faults.render());
            return Ok(ExitCode::from(lines::NOT_UNDERSTOOD));
        }
    };
    Ok(tell(&report, tables.len()))
}

fn tell(report: &TestReport, files: usize) -> ExitCode {
    let untested = report.untested.iter().map(ToString::to_string).collect::<Vec<_>>();
    let untested = if untested.is_empty() {
        "every policy decides one".to_owned()
    } else {
        format!("these policies decide none: {}", untested.join(", "))
    };
    let cases = format!("{} in {}", counted(report.cases, "case"), counted(files, "file"));
    if report.differences.is_empty() {
        output::say(&format!("as expected: {cases}; {untested}"));
        return ExitCode::SUCCESS;
    }
    let drawn = report.differences.iter().map(drawn).collect::<Vec<_>>().join("\n\n");
    output::say(&drawn);
    output::complain(&format!("{} of {cases} answered otherwise than expected; {untested}", report.differences.len()));
    ExitCode::from(lines::NOT_UNDERSTOOD)
}

fn drawn(difference: &Difference) -> String {
    let Difference { file, line, question, expected, decided, because } = difference;
    let mut lines = vec![format!("{file}:{line}: {question}"), format!("  - {expected}"), format!("  + {decided}")];
    lines.extend(because.iter().map(|because| format!("      {because}")));
    lines.join("\n")
}

fn counted(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

/// What a selector means by the inventory; production states are as it says, since no request is known here.
fn selected(text: &str, rulebook: &Rulebook) -> Result<Vec<Server>, String> {
    let told = |misunderstood: crate::domain::misunderstanding::Misunderstanding| {
        crate::conversation::misunderstood(&misunderstood).summary
    };
    let line = language::normalise(text).map_err(told)?;
    let selector = fleet::parse_whole_selector(&line).map_err(told)?;
    let states = |server: &Server| server.initial_state;
    let snapshot = Snapshot { inventory: &rulebook.inventory, states: &states, undone: &Undone::default() };
    fleet::resolve(&selector, snapshot, &line).map_err(told)
}
