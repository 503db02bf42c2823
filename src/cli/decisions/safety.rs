//! `wrasse decisions safety`: what admission said of servers, found by server, site, policy, answer, time and request.
//!
//! Deliberately absent: asking a decision again, which `wrasse why --decisions` does; each answer ends with that line.

use super::{iso, length, request};
use crate::adapters::clock::SystemClock;
use crate::adapters::storage::sqlite::SqliteStore;
use crate::admission::{Answered, Decided};
use crate::cli::{lines, output};
use crate::domain::ids::RequestId;
use crate::domain::server::{ServerName, SiteName};
use crate::fleet;
use crate::ports::decisions::{FoundDecisions, MORE_COUNTED_MAX, SoughtDecisions};
use crate::ports::store::DecisionRecord;
use crate::ports::{Clock, Store};
use crate::workflow::request::PolicyName;
use anyhow::bail;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The most different answers that one line tells of.
const ANSWERS_SHOWN_MAX: usize = 2;
/// The most patterns that servers are folded into.
const PATTERNS_MAX: usize = 3;
/// The most of a text of before answers were kept.
const EVIDENCE_LENGTH_MAX_CHARS: usize = 160;
/// Where the database is if nothing else is said.
const DATABASE: &str = "wrasse.db";

/// What `decisions safety` is called with.
#[derive(clap::Args)]
pub(super) struct Safety {
    /// Only those about this request, such as req-2mq9.
    #[arg(value_parser = request, value_name = "REQUEST")]
    request: Option<RequestId>,
    /// Only those that asked about this server.
    #[arg(long, value_parser = server, value_name = "NAME")]
    server: Option<ServerName>,
    /// Only those that asked about a server of this site.
    #[arg(long, value_parser = site, value_name = "NAME")]
    site: Option<SiteName>,
    /// Only those where this policy made a server wait.
    #[arg(long, value_parser = policy, value_name = "NAME")]
    policy: Option<PolicyName>,
    /// Only those where this was the answer: allow, wait or deny.
    #[arg(long, value_parser = answer, value_name = "ANSWER")]
    answer: Option<Answered>,
    /// Only those of that long ago or less, such as 2h or 1d.
    #[arg(long, value_parser = length, value_name = "TIME")]
    since: Option<Duration>,
    /// Only those of that long ago or more.
    #[arg(long, value_parser = length, value_name = "TIME")]
    until: Option<Duration>,
    /// The newest so many.
    #[arg(long, default_value_t = 100, value_parser = many, value_name = "NUMBER")]
    limit: usize,
    /// Print one line of JSON for each.
    #[arg(long)]
    json: bool,
    /// The database; it is only read, also while it is served.
    #[arg(long, env = "WRASSE_DATABASE", default_value = DATABASE, value_name = "FILE")]
    database: PathBuf,
}

fn server(text: &str) -> Result<ServerName, String> {
    let is_name =
        !text.is_empty() && !text.contains(|letter: char| letter.is_whitespace() || "[],*&|!".contains(letter));
    if is_name {
        Ok(ServerName::new(text))
    } else {
        Err("it takes the name of one server, such as edge-lax-001".to_owned())
    }
}

fn site(text: &str) -> Result<SiteName, String> {
    let is_name = !text.is_empty() && !text.contains(char::is_whitespace);
    if is_name { Ok(SiteName::new(text)) } else { Err("it takes the name of one site, such as lax".to_owned()) }
}

fn policy(text: &str) -> Result<PolicyName, String> {
    let words = PolicyName::ALL.map(PolicyName::word);
    PolicyName::ALL.into_iter().find(|policy| policy.word() == text).ok_or_else(|| {
        let near = fleet::nearest(text, words).map_or_else(String::new, |near| format!("did you mean {near}? "));
        format!("{near}the policies are {}", words.join(", "))
    })
}

fn answer(text: &str) -> Result<Answered, String> {
    let words = Answered::ALL.map(Answered::word).join(", ");
    Answered::ALL.into_iter().find(|answer| answer.word() == text).ok_or_else(|| format!("the answers are {words}"))
}

fn many(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|limit| *limit > 0).ok_or_else(|| "it takes a whole number from 1".to_owned())
}

impl Safety {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let path = self.database.display();
        if let (Some(since), Some(until)) = (self.since, self.until)
            && since < until
        {
            bail!("nothing was both less than --since and more than --until ago; give --since the longer time");
        }
        if !self.database.exists() {
            bail!("{path} is not there; say where the database is: --database FILE");
        }
        let sought = self.sought();
        let store = SqliteStore::look(&self.database).await?;
        let found = store.decided(&sought).await;
        store.close().await?;
        let found = found?;
        if self.json {
            found.records.iter().for_each(|one| output::say(&as_json(one, &sought, &self.database).to_string()));
            if let Some(more) = more(&found) {
                output::complain(&more);
            }
            return Ok(());
        }
        if found.records.is_empty() {
            output::say("no decision is stored of that");
        }
        found.records.iter().for_each(|one| output::say(&told(one, &sought)));
        if let Some(more) = more(&found) {
            output::say(&format!("~ {more}"));
        }
        if let Some(newest) = found.records.last() {
            output::say(&format!(
                "~ to ask again, and see whether it is answered alike: `{}`",
                again(&newest.request, &self.database)
            ));
        }
        Ok(())
    }

    fn sought(&self) -> SoughtDecisions {
        let now = SystemClock.now();
        SoughtDecisions {
            request: self.request.clone(),
            server: self.server.clone(),
            site: self.site.clone(),
            policy: self.policy,
            answered: self.answer,
            since: self.since.map(|length| now.minus(length)),
            until: self.until.map(|length| now.minus(length)),
            limit: self.limit,
        }
    }
}

/// How many more there are, and how they are seen.
fn more(found: &FoundDecisions) -> Option<String> {
    match found.more {
        0 => None,
        MORE_COUNTED_MAX.. => Some(format!("{MORE_COUNTED_MAX} older ones and more; --until and --limit show them")),
        more => Some(format!("{more} more, older; --limit shows them")),
    }
}

/// The line that asks the decisions on a request again.
fn again(request: &RequestId, database: &Path) -> String {
    if database == Path::new(DATABASE) {
        format!("wrasse why --decisions {request}")
    } else {
        format!("wrasse why --decisions {request} --database {}", database.display())
    }
}

/// When, the answer, about which request; and of the servers that are sought, what was said of them.
fn told(record: &DecisionRecord, sought: &SoughtDecisions) -> String {
    let head = format!("{} {} · {}", iso(record.at), output::shown(&record.verdict), record.request);
    if record.decided.is_empty() {
        let evidence = output::shown(&record.evidence).chars().take(EVIDENCE_LENGTH_MAX_CHARS).collect::<String>();
        return format!("{head} · no server was asked about: {evidence}");
    }
    let mut answers: Vec<(String, Vec<ServerName>)> = Vec::new();
    for one in record.decided.iter().filter(|one| sought.is_about(one)) {
        let words = lines::decided_words(one);
        match answers.iter_mut().find(|(said, _)| *said == words) {
            Some((_, servers)) => servers.push(one.server.name.clone()),
            None => answers.push((words, vec![one.server.name.clone()])),
        }
    }
    let shown = answers
        .iter()
        .take(ANSWERS_SHOWN_MAX)
        .map(|(words, servers)| format!("{}: {}", fleet::folded(servers, PATTERNS_MAX), output::shown(words)));
    let hidden = answers.iter().skip(ANSWERS_SHOWN_MAX).map(|(_, servers)| servers.len()).sum::<usize>();
    let rest = if hidden == 0 { String::new() } else { format!(" · {hidden} more servers") };
    format!("{head} · {}{rest}", shown.collect::<Vec<_>>().join(" · "))
}

fn as_json(record: &DecisionRecord, sought: &SoughtDecisions, database: &Path) -> Value {
    let decided = |one: &Decided| {
        json!({
            "run": one.run.to_string(),
            "server": one.server.name.as_str(),
            "site": one.server.site.as_str(),
            "said": one.said.answered().word(),
            "policies": one.said.made_wait_by().into_iter().map(PolicyName::word).collect::<Vec<_>>(),
            "words": lines::decided_words(one),
        })
    };
    json!({
        "at": iso(record.at),
        "at_ms": record.at.millis(),
        "request": record.request.to_string(),
        "verdict": record.verdict,
        "decided": record.decided.iter().filter(|one| sought.is_about(one)).map(decided).collect::<Vec<_>>(),
        "snapshot": record.snapshot.as_ref().map(ToString::to_string),
        "again": again(&record.request, database),
    })
}
