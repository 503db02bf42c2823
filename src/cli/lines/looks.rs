//! `wrasse why`, `queue`, `out` and `status`: what is told in the chat, from the files and the database, without touching them.
//!
//! They look also while `serve` runs, and while it does not.

use super::{answered, decisions, line_of, looks_json, misunderstood, now};
use crate::adapters::storage::sqlite::SqliteStore;
use crate::admission::Outside;
use crate::cli::output;
use crate::cli::paths::Paths;
use crate::conversation::message::Message;
use crate::conversation::{self, plain};
use crate::domain::asked::WhyOf;
use crate::domain::intent::{BuiltInVerb, Intent, Selector, Spanned};
use crate::domain::misunderstanding::Misunderstanding;
use crate::domain::server::Server;
use crate::domain::time::Timestamp;
use crate::fleet::{self, Snapshot};
use crate::language::{self, Vocabulary};
use crate::ports::Store;
use crate::services::Rulebook;
use crate::services::explaining::{self, Found};
use crate::services::queues::{self, Queued};
use crate::services::standings::{Whole, standings};
use crate::services::undone::left_undone;
use anyhow::bail;
use serde_json::Value;
use std::path::PathBuf;
use std::process::ExitCode;

/// By which files, and where the database is.
#[derive(clap::Args)]
struct There {
    #[command(flatten)]
    paths: Paths,
    /// The database that the bot serves.
    #[arg(long, env = "WRASSE_DATABASE", default_value = "wrasse.db", value_name = "FILE")]
    database: PathBuf,
}

/// What `why` is called with.
#[derive(clap::Args)]
pub(in crate::cli) struct Why {
    /// A request, a run or a server: req-2mq9, run-2mq9.17, edge-lax-001.
    #[arg(required = true, value_name = "REQUEST or RUN or SERVER")]
    of: Vec<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// Tell every decision on that request, and whether it would be the same if it were asked again.
    #[arg(long)]
    decisions: bool,
    #[command(flatten)]
    there: There,
}

/// What `queue`, `out` and `status` are called with.
#[derive(clap::Args)]
pub(in crate::cli) struct Look {
    /// Only these servers; else all of them.
    #[arg(value_name = "SERVERS")]
    servers: Vec<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    there: There,
}

/// The files and the database, opened to look.
struct Open {
    rulebook: Rulebook,
    store: SqliteStore,
    now: Timestamp,
}

impl There {
    async fn open(&self) -> anyhow::Result<Open> {
        let rulebook = self.paths.files().read(None, now()).map_err(|faults| anyhow::anyhow!("{faults}"))?.rulebook;
        if !self.database.exists() {
            let path = self.database.display();
            bail!("there is no database {path}: `wrasse serve` makes it; name another with --database FILE");
        }
        Ok(Open { rulebook, store: SqliteStore::look(&self.database).await?, now: now() })
    }
}

impl Why {
    pub(in crate::cli) async fn run(self) -> anyhow::Result<ExitCode> {
        let (line, intent) = match understood(BuiltInVerb::Why, &self.of) {
            Ok(understood) => understood,
            Err(told) => return Ok(misunderstood(&told, self.json)),
        };
        let Intent::Why(of) = intent else { bail!("`{line}` asks about nothing") };
        let open = self.there.open().await?;
        let found = match open.found(&of, &line).await? {
            Ok(found) => found,
            Err(Unfound::Misunderstood(told)) => return Ok(misunderstood(&told, self.json)),
            Err(Unfound::Told(message)) => return Ok(answered(&message, self.json)),
        };
        if self.decisions {
            let request = match &found {
                Found::Request(why) => &why.request,
                Found::Run(ran) => &ran.request,
                Found::Server(_) => bail!("decisions are kept by request: `wrasse why --decisions req-2mq9`"),
            };
            decisions::tell(&open.store, request, self.json).await?;
            open.store.close().await?;
            return Ok(ExitCode::SUCCESS);
        }
        let words = plain::render(&found.told(None));
        open.store.close().await?;
        output::say(&if self.json { looks_json::found(&found, &words).to_string() } else { words });
        Ok(ExitCode::SUCCESS)
    }
}

/// Why nothing is found.
enum Unfound {
    Misunderstood(Box<Misunderstanding>),
    Told(Message),
}

impl Open {
    async fn found(&self, of: &WhyOf, line: &str) -> anyhow::Result<Result<Found, Unfound>> {
        // What traffic and alerts keep from starting is told as the bot saw it last.
        let (store, on, now) = (&self.store, (&self.rulebook, Outside::NOT_ASKED), self.now);
        let unfound = |message| Ok(Err(Unfound::Told(message)));
        match of {
            WhyOf::Here | WhyOf::Consent => unfound(conversation::no_request_here(&[])),
            WhyOf::Request(id) => match store.request(id).await? {
                Some(request) => Ok(Ok(Found::Request(Box::new(explaining::why(store, on, request, now).await?)))),
                None => unfound(conversation::no_such_request(id)),
            },
            WhyOf::Run(id) => match explaining::of_run(store, on, id, now).await? {
                Some(found) => Ok(Ok(found)),
                None => unfound(conversation::no_such_run(id)),
            },
            WhyOf::Server(selector) => {
                let servers = match self.servers(selector, line).await? {
                    Ok(servers) => servers,
                    Err(told) => return Ok(Err(Unfound::Misunderstood(told))),
                };
                let [server] = servers.as_slice() else {
                    let names = servers.iter().map(|server| server.name.clone()).collect::<Vec<_>>();
                    return unfound(conversation::ask_about_one(&names));
                };
                Ok(Ok(explaining::of_server(store, on, server, now).await?))
            }
        }
    }

    async fn servers(
        &self,
        selector: &Spanned<Selector>,
        line: &str,
    ) -> anyhow::Result<Result<Vec<Server>, Box<Misunderstanding>>> {
        let ledger = self.store.ledger().await?;
        let undone = left_undone(&self.store, Some(selector)).await?;
        let states = |server: &Server| ledger.state(server);
        let snapshot = Snapshot { inventory: &self.rulebook.inventory, states: &states, undone: &undone };
        Ok(fleet::resolve(selector, snapshot, line).map_err(Box::new))
    }
}

impl Look {
    pub(in crate::cli) async fn run(self, verb: BuiltInVerb) -> anyhow::Result<ExitCode> {
        let (line, intent) = match understood(verb, &self.servers) {
            Ok(understood) => understood,
            Err(told) => return Ok(misunderstood(&told, self.json)),
        };
        let (Intent::Queue(selector) | Intent::Out(selector) | Intent::Status { selector }) = &intent else {
            bail!("`{line}` looks at nothing")
        };
        let open = self.there.open().await?;
        let (servers, whole) = match selector {
            None => (open.rulebook.inventory.servers().to_vec(), Whole::Fleet),
            Some(selector) => match open.servers(selector, &line).await? {
                Ok(servers) => (servers, Whole::Part),
                Err(told) => return Ok(misunderstood(&told, self.json)),
            },
        };
        let (message, json) = open.look(&intent, (&servers, whole)).await?;
        open.store.close().await?;
        output::say(&if self.json { json.to_string() } else { plain::render(&message) });
        Ok(ExitCode::SUCCESS)
    }
}

impl Open {
    async fn look(&self, intent: &Intent, (servers, whole): (&[Server], Whole)) -> anyhow::Result<(Message, Value)> {
        let (store, rulebook, now) = (&self.store, &self.rulebook, self.now);
        if matches!(intent, Intent::Queue(_)) {
            let scope = Some(servers).filter(|_| whole == Whole::Part);
            let queue = queues::queue(store, (rulebook, Outside::NOT_ASKED), scope, now).await?;
            let views = queue.iter().map(Queued::view).collect::<Vec<_>>();
            return Ok((conversation::queue(&views, now), looks_json::queue(&queue)));
        }
        if matches!(intent, Intent::Out(_)) {
            let groups = queues::outs(store, rulebook, servers, now).await?;
            return Ok((conversation::out(&groups, servers.len(), now), looks_json::outs(&groups)));
        }
        let standings = standings(store, rulebook, (servers, whole), now).await?;
        Ok((conversation::status(&standings.view()), looks_json::standings(&standings)))
    }
}

/// The words of a call behind their verb; commands have no part in it.
fn understood(verb: BuiltInVerb, words: &[String]) -> Result<(String, Intent), Misunderstanding> {
    let line = language::normalise(&format!("{} {}", verb.word(), line_of(words)))?;
    let intent = language::parse(&line, &Vocabulary::default())?;
    Ok((line, intent))
}
