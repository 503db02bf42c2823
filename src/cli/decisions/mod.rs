//! `wrasse decisions`: who was allowed or refused what, by which policies, from the database itself; with `safety`, when it was
//! safe.

mod safety;

use super::output;
use crate::adapters::clock::SystemClock;
use crate::adapters::storage::sqlite::SqliteReader;
use crate::authorization::AuthorizationRecord;
use crate::domain::ids::RequestId;
use crate::domain::time::{Timestamp, duration_of};
use crate::ports::Clock;
use crate::ports::authorizations::{Authorization, Sought};
use anyhow::{Context, bail};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::Duration;

/// What `decisions` is called with.
#[derive(clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Decisions {
    #[command(subcommand)]
    of: Option<Of>,
    #[command(flatten)]
    people: People,
}

/// Of what else than people.
#[derive(clap::Subcommand)]
enum Of {
    /// Tell when it was safe to work on a server and when not, by which policies; it is only read.
    Safety(safety::Safety),
}

impl Decisions {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        match self.of {
            Some(Of::Safety(safety)) => safety.run().await,
            None => self.people.run().await,
        }
    }
}

/// Which answers to "may they?".
#[derive(clap::Args)]
struct People {
    /// Only those about this request, such as req-2mq9.
    #[arg(value_parser = request, value_name = "REQUEST")]
    request: Option<RequestId>,
    /// Only those of that long ago or less, such as 2h or 1d.
    #[arg(long, value_parser = length, value_name = "TIME")]
    since: Option<Duration>,
    /// The newest so many.
    #[arg(long, default_value_t = 1_000, value_name = "NUMBER")]
    limit: usize,
    /// Print one line of JSON for each.
    #[arg(long)]
    json: bool,
    /// The database; it is only read, also while it is served.
    #[arg(long, env = "WRASSE_DATABASE", default_value = "wrasse.db", value_name = "FILE")]
    database: PathBuf,
}

fn request(text: &str) -> Result<RequestId, String> {
    RequestId::parse(text).ok_or_else(|| "a request is written as on its card, such as req-2mq9".to_owned())
}

fn length(text: &str) -> Result<Duration, String> {
    duration_of(text).ok_or_else(|| "a time is written as 45m, 2h, 1h30m or 7d".to_owned())
}

impl People {
    async fn run(self) -> anyhow::Result<()> {
        let path = self.database.display();
        if !self.database.exists() {
            bail!("{path} is not there; say where the database is: --database FILE");
        }
        let since = self.since.map(|length| SystemClock.now().minus(length));
        let sought = Sought { request: self.request.clone(), since, limit: self.limit };
        let reader = SqliteReader::open(&self.database).await?;
        let found = reader.authorizations(&sought).await;
        reader.close().await?;
        let found = found.with_context(|| {
            format!("{path} cannot be read; one from before decisions were stored is brought up to date by `serve`")
        })?;
        if self.json {
            found.iter().for_each(|one| output::say(&as_json(one).to_string()));
            return Ok(());
        }
        if found.is_empty() {
            output::say("no decision is stored of that");
        }
        found.iter().for_each(|one| output::say(&told(one)));
        if found.len() == self.limit {
            output::say(&format!("~ the newest {}; --limit shows more", found.len()));
        }
        Ok(())
    }
}

fn as_json(one: &Authorization) -> Value {
    json!({
        "at": iso(one.at),
        "at_ms": one.at.millis(),
        "occasion": one.occasion.word(),
        "request": one.request.as_ref().map(ToString::to_string),
        "decision": one.record,
    })
}

/// `2026-11-25T14:05:09Z`.
fn iso(at: Timestamp) -> String {
    format!("{}:{:02}Z", at.date_text().replacen(' ', "T", 1), at.seconds().rem_euclid(60))
}

/// Who, where, what, the answer and why; the policies below it.
fn told(one: &Authorization) -> String {
    let record = &one.record;
    let who = match record.name.as_str() {
        "" => format!("{}/{}", record.team, record.user),
        name => format!("{} ({}/{})", output::shown(name), record.team, record.user),
    };
    let place = match &record.channel_name {
        Some(name) => format!(" in #{name}"),
        None if record.channel.is_empty() => String::new(),
        None => format!(" in {}", record.channel),
    };
    let about = one.request.as_ref().map_or_else(String::new, |id| format!(" · {id}"));
    let verdict = if record.is_allowed() { "allowed".to_owned() } else { format!("refused: {}", record.verdict) };
    let what = match record.command.as_str() {
        "" => String::new(),
        command => format!(": {command}{}", subjects(record)),
    };
    let occasion = one.occasion.word();
    let mut lines = vec![format!("{} {occasion} · {verdict} · {who}{place}{what}{about}", iso(one.at))];
    if !record.policies.is_empty() {
        let reason = output::shown(&record.reason);
        lines.push(format!("  by {}: {reason}", record.policies.join(", ")));
    }
    let version = record.policies_version.get(..12).unwrap_or(&record.policies_version);
    lines.push(format!("  policies {version}{}", classes(record)));
    lines.join("\n")
}

fn subjects(record: &AuthorizationRecord) -> String {
    match (record.server_count, record.sites.as_slice()) {
        (0, []) => String::new(),
        (0, sites) => format!(" all of {}", sites.join(", ")),
        (1, _) => " 1 server".to_owned(),
        (count, _) => format!(" {count} servers"),
    }
}

fn classes(record: &AuthorizationRecord) -> String {
    const SHOWN_MAX: usize = 4;
    let class = |class: &crate::authorization::RecordedClass| {
        let pool = class.pool.as_ref().map_or_else(String::new, |pool| format!(" ({pool})"));
        format!("{} {} in {}{pool}", class.servers, class.server_type, class.site)
    };
    let shown = record.classes.iter().take(SHOWN_MAX).map(class).collect::<Vec<_>>().join(", ");
    match record.classes.len() {
        0 => String::new(),
        1..=SHOWN_MAX => format!(" · {shown}"),
        all => format!(" · {shown} and {} more kinds", all - SHOWN_MAX),
    }
}
