//! `wrasse policy replay` and `wrasse policy observed`: what other numbers would have made of what was decided, and what policies
//! that are only observed would have made wait. Both only look.

use crate::adapters::clock::SystemClock;
use crate::adapters::storage::sqlite::SqliteStore;
use crate::admission::{Change, Difference, Replay, Said, absorptions_asked_on, admission_rules};
use crate::cli::{lines, output};
use crate::conversation;
use crate::domain::breaker::version_of;
use crate::domain::ids::{Fingerprint, RequestId};
use crate::domain::time::{Timestamp, duration_of, exact};
use crate::ports::store::DecisionRecord;
use crate::ports::{Clock, Store};
use crate::workflow::request::{PolicyName, Request};
use anyhow::{Context, bail};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

/// The word of a pass that came to nothing.
const WAITED: &str = "wait";
/// Decisions read at once.
const PAGE: usize = 200;
/// The most differences of one kind that are shown one by one.
const SHOWN_MAX: usize = 10;

/// Which decisions.
#[derive(clap::Args)]
struct Past {
    /// Only those of that long ago or less, such as 12h or 30d.
    #[arg(long, default_value = "30d", value_parser = length, value_name = "TIME")]
    since: Duration,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// The database; it is only read, also while it is served.
    #[arg(long, env = "WRASSE_DATABASE", default_value = "wrasse.db", value_name = "FILE")]
    database: PathBuf,
}

/// What `policy replay` is called with.
#[derive(clap::Args)]
pub(super) struct ReplayCall {
    /// The numbers to try: a file like policies/admission.yaml.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    past: Past,
}

/// What `policy observed` is called with.
#[derive(clap::Args)]
pub(super) struct Observed {
    #[command(flatten)]
    past: Past,
}

fn length(text: &str) -> Result<Duration, String> {
    duration_of(text).ok_or_else(|| "a time is written as 45m, 2h, 1h30m or 30d".to_owned())
}

impl Past {
    async fn open(&self) -> anyhow::Result<SqliteStore> {
        let path = self.database.display();
        if !self.database.exists() {
            bail!("{path} is not there; say where the database is: --database FILE");
        }
        Ok(SqliteStore::look(&self.database).await?)
    }

    /// Every decision within the time, the oldest first.
    async fn each(
        &self,
        store: &SqliteStore,
        mut take: impl AsyncFnMut(DecisionRecord) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let since = SystemClock.now().minus(self.since);
        let mut after = 0;
        loop {
            let page = store.decided_since(since, after, PAGE).await?;
            let Some((last, _)) = page.last() else { return Ok(()) };
            after = *last;
            for (_, record) in page {
                take(record).await?;
            }
        }
    }
}

impl ReplayCall {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let file = self.file.display().to_string();
        let text = std::fs::read_to_string(&self.file).with_context(|| format!("{file} cannot be read"))?;
        let rules = match admission_rules(&file, &text) {
            Ok(rules) => rules,
            Err(fault) => {
                output::complain(&fault.to_string());
                return Ok(ExitCode::from(lines::NOT_UNDERSTOOD));
            }
        };
        let store = self.past.open().await?;
        let mut told = Told::default();
        let mut requests = BTreeMap::<RequestId, Option<Request>>::new();
        self.past
            .each(&store, async |record| {
                let Some(id) = record.snapshot.as_ref().filter(|_| !record.decided.is_empty()) else {
                    told.left_out += 1;
                    return Ok(());
                };
                if !requests.contains_key(&record.request) {
                    requests.insert(record.request.clone(), store.request(&record.request).await?);
                }
                let request = requests.get(&record.request).and_then(Option::as_ref);
                told.ask(&store, (&record, id, request), &rules).await
            })
            .await?;
        store.close().await?;
        told.requests = requests.len();
        if self.past.json {
            output::say(&told.as_json(&file).to_string());
        } else {
            output::say(&told.words(&self.file, self.past.since));
        }
        Ok(ExitCode::SUCCESS)
    }
}

#[derive(Default)]
struct Told {
    replay: Replay,
    requests: usize,
    /// Decisions whose grounds were not kept.
    left_out: usize,
    /// Decisions that were made with other infrastructure rules, for which something else was kept.
    other_infrastructure: usize,
    /// Decisions of which a floor of a whole site or metro could not be asked.
    without_floors: usize,
    /// Decisions of which it could not be asked who takes over.
    without_absorbers: usize,
}

impl Told {
    async fn ask(
        &mut self,
        store: &SqliteStore,
        (record, id, request): (&DecisionRecord, &Fingerprint, Option<&Request>),
        rules: &crate::admission::Rules,
    ) -> anyhow::Result<()> {
        let (Some(snapshot), Some(request)) = (store.snapshot(id).await?, request) else {
            self.left_out += 1;
            return Ok(());
        };
        self.other_infrastructure += usize::from(snapshot.rules.infrastructure != rules.infrastructure);
        let floors = rules.wider_floors;
        self.without_floors += usize::from(floors.asked_on(snapshot.rules.wider_floors) != floors);
        let absorbed_by = &rules.absorbed_by;
        let asked = absorptions_asked_on(absorbed_by, &snapshot.rules.absorbed_by);
        self.without_absorbers += usize::from(asked != *absorbed_by);
        let version = version_of(&request.plan.parts().parameters);
        let asked = self.replay.ask((&snapshot, &record.decided), (&request.spec, version), rules);
        asked.with_context(|| format!("what {} was decided on at {}", record.request, record.at.date_text()))
    }

    fn words(&self, file: &Path, since: Duration) -> String {
        let replay = &self.replay;
        let same = replay.answers - replay.differences.len();
        let mut lines = vec![
            format!(
                "{} about {} of {} within {}, asked again by {}",
                counted(replay.decisions, "decision"),
                counted(replay.answers, "server"),
                counted(self.requests, "request"),
                exact(since),
                file.display(),
            ),
            format!("  the same: {same}"),
        ];
        for (change, words) in [
            (Change::WouldWait, "started, and would have waited"),
            (Change::WouldStart, "waited, and would have started"),
            (Change::OtherPolicies, "waited, and would have waited for something else"),
            (Change::LeftOut, "left out then or now, and not the other time"),
        ] {
            let (count, by) = replay.tally(change);
            if count == 0 && change != Change::WouldWait && change != Change::WouldStart {
                continue;
            }
            let by = by.iter().map(|(policy, count)| format!("{} {count}", policy.word())).collect::<Vec<_>>();
            let by = if by.is_empty() { String::new() } else { format!(" ({})", by.join(", ")) };
            lines.push(format!("  {words}: {count}{by}"));
            let those = replay.differences.iter().filter(|one| one.change == change);
            lines.extend(those.take(SHOWN_MAX).map(shown));
            if count > SHOWN_MAX {
                lines.push(format!("    and {} more; --json has them all", count - SHOWN_MAX));
            }
        }
        if self.left_out > 0 {
            lines.push(format!("~ {} without what it was decided on", counted(self.left_out, "decision")));
        }
        if self.other_infrastructure > 0 {
            let decisions = counted(self.other_infrastructure, "decision");
            lines.push(format!(
                "~ {decisions} by another infrastructure: what only this one looks at was not kept, and is missed here"
            ));
        }
        if self.without_floors > 0 {
            let decisions = counted(self.without_floors, "decision");
            lines.push(format!(
                "~ {decisions} without that floor of a site or a metro: who else counts there was not kept, and it is not asked"
            ));
        }
        if self.without_absorbers > 0 {
            let decisions = counted(self.without_absorbers, "decision");
            lines.push(format!(
                "~ {decisions} without who takes over from pools of one: how they stood was not kept, and a pool of one waits here"
            ));
        }
        lines.push(
            "~ each is asked on what was known then; what would have followed from another answer is not played".into(),
        );
        lines.join("\n")
    }

    fn as_json(&self, file: &str) -> Value {
        let Replay { decisions, answers, differences } = &self.replay;
        let each = differences.iter().map(|one| {
            json!({
                "at": iso(one.at),
                "at_ms": one.at.millis(),
                "run": one.run.to_string(),
                "server": one.server.as_str(),
                "change": word(one.change),
                "policies": one.policies.iter().map(|policy| policy.word()).collect::<Vec<_>>(),
                "reasons": one.reasons.iter().map(conversation::short_reason).collect::<Vec<_>>(),
            })
        });
        json!({
            "file": file,
            "decisions": decisions,
            "answers": answers,
            "requests": self.requests,
            "left_out": self.left_out,
            "other_infrastructure": self.other_infrastructure,
            "without_floors": self.without_floors,
            "without_absorbers": self.without_absorbers,
            "differences": each.collect::<Vec<_>>(),
        })
    }
}

const fn word(change: Change) -> &'static str {
    match change {
        Change::WouldWait => "would-wait",
        Change::WouldStart => "would-start",
        Change::OtherPolicies => "other-policies",
        Change::LeftOut => "left-out",
    }
}

fn shown(one: &Difference) -> String {
    let reasons = one.reasons.iter().map(conversation::short_reason).collect::<Vec<_>>().join("; ");
    let why = if reasons.is_empty() { String::new() } else { format!(": {reasons}") };
    format!("    {} {} {}{why}", iso(one.at), one.run.request, one.server)
}

/// `2026-11-25T14:05Z`.
fn iso(at: Timestamp) -> String {
    format!("{}Z", at.date_text().replacen(' ', "T", 1))
}

fn counted(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

impl Observed {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let store = self.past.open().await?;
        let mut by = BTreeMap::<PolicyName, (usize, BTreeSet<RequestId>)>::new();
        let mut starts = 0;
        self.past
            .each(&store, async |record| {
                // Of a pass that came to nothing no server started, whatever was said of it.
                for one in record.decided.iter().filter(|_| record.verdict != WAITED) {
                    let Said::Allow { observed, .. } = &one.said else { continue };
                    starts += 1;
                    for policy in observed {
                        let (servers, requests) = by.entry(*policy).or_default();
                        *servers += 1;
                        requests.insert(record.request.clone());
                    }
                }
                Ok(())
            })
            .await?;
        store.close().await?;
        if self.past.json {
            let each = by.iter().map(|(policy, (servers, requests))| {
                let requests = requests.iter().map(ToString::to_string).collect::<Vec<_>>();
                json!({ "policy": policy.word(), "servers": servers, "requests": requests })
            });
            output::say(&json!({ "starts": starts, "observed": each.collect::<Vec<_>>() }).to_string());
            return Ok(ExitCode::SUCCESS);
        }
        output::say(&format!("{} started within {}", counted(starts, "server"), exact(self.past.since)));
        if by.is_empty() {
            output::say("  no policy that was only observed would have made one wait");
        }
        for (policy, (servers, requests)) in &by {
            let ids = requests.iter().take(SHOWN_MAX).map(ToString::to_string).collect::<Vec<_>>().join(", ");
            let more = if requests.len() > SHOWN_MAX {
                format!(" and {} more", requests.len() - SHOWN_MAX)
            } else {
                String::new()
            };
            output::say(&format!(
                "  {} would have made {} wait: {ids}{more}",
                policy.word(),
                counted(*servers, "server")
            ));
        }
        Ok(ExitCode::SUCCESS)
    }
}
