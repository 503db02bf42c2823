//! `wrasse plan`: what a line would do, against the files and the database, without doing it.
//!
//! With the chat's tokens in the environment the person and the channel are looked up there, as for a real line.
//! Without them the call says which groups the person is in, and the answer is only as true as that.

use super::{answered, json, line_of, misunderstood, now};
use crate::adapters::clock::SystemClock;
use crate::adapters::ids::RandomIds;
use crate::adapters::slack::{Slack, SlackSettings};
use crate::cli::output;
use crate::cli::paths::Paths;
use crate::conversation::{self, plain};
use crate::domain::identity::{GroupName, PersonId, Profile, Standing};
use crate::domain::place::{ChannelFacts, ChannelId, Membership, Reach};
use crate::files::workspace;
use crate::language;
use crate::ports::{Directory, Ids};
use crate::services::Rulebook;
use crate::services::planning::{Answer, Asking, Preview};
use crate::settings::Settings;
use anyhow::{Context, bail};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

/// The workspace of a person who was not looked up.
const ASSUMED_TEAM: &str = "assumed";

/// What `plan` is called with.
#[derive(clap::Args)]
pub(in crate::cli) struct Plan {
    /// The line, as after `/fleet`.
    #[arg(required = true, value_name = "LINE", trailing_var_arg = true, allow_hyphen_values = true)]
    line: Vec<String>,
    /// Who would send it: a member's id, such as U0ANA.
    #[arg(long = "as", value_name = "USER")]
    person: String,
    /// Where: a channel's name in channels.yaml, or its id.
    #[arg(long = "in", value_name = "CHANNEL")]
    channel: String,
    /// A group that the person is taken to be in; may be given again. Then nobody is looked up.
    #[arg(long, value_name = "GROUP")]
    group: Vec<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    paths: Paths,
    /// The database with locks, states and health; without that file nothing is known of them.
    #[arg(long, env = "WRASSE_DATABASE", default_value = "wrasse.db", value_name = "FILE")]
    database: PathBuf,
}

/// Who and where.
struct Asker {
    person: Profile,
    channel: ChannelFacts,
    /// How that is known.
    source: &'static str,
}

impl Plan {
    pub(in crate::cli) async fn run(self) -> anyhow::Result<ExitCode> {
        let slack = if self.group.is_empty() { Some(connect().await?) } else { None };
        let files = self.paths.files();
        let workspace = match &slack {
            Some(slack) => {
                let read = workspace(slack, files.mentioned_people()).await;
                Some(read.context("the people of the workspace cannot be looked up")?)
            }
            None => None,
        };
        let rulebook = files.read(workspace, now()).map_err(|faults| anyhow::anyhow!("{faults}"))?.rulebook;
        let asker = self.asker(&rulebook, slack.as_ref()).await?;
        let commands = rulebook.catalog.commands().to_vec();
        let usable = rulebook.policies.commands_for(&asker.person, &asker.channel, commands.iter().map(AsRef::as_ref));
        let vocabulary = language::Vocabulary { commands, usable, zone: asker.person.zone.clone(), now: now() };
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
                Ok(_) => bail!("what `{line}` would do depends on the request; type `plan {line}` in the chat"),
            };
        };
        let stored = crate::app::read_stored(&self.database, work.selector.as_ref()).await?;
        let asking = Asking {
            rulebook: &rulebook,
            ledger: &stored.ledger,
            undone: &stored.undone,
            person: &asker.person,
            channel: &asker.channel,
            line: &line,
            now: now(),
        };
        match asking.preview(&RandomIds.request(), work, &stored.open) {
            Ok(preview) => {
                self.tell(&preview, asker.source, stored.is_there);
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
        let states = if is_stored { "as the database has them" } else { "unknown: there is no database" };
        output::say(&format!("~ person and groups: {source} · locks, states and health: {states}"));
    }

    async fn asker(&self, rulebook: &Rulebook, slack: Option<&Slack>) -> anyhow::Result<Asker> {
        let wanted = self.channel.trim_start_matches('#');
        let known = rulebook.policies.channels().find(|(id, name)| name.as_str() == wanted || id.as_str() == wanted);
        let id = known.map_or_else(|| ChannelId::new(wanted), |(id, _)| id.clone());
        if let Some(slack) = slack {
            let person = PersonId::new(slack.bot().team.as_str(), self.person.trim_start_matches('@'));
            let person = slack.person(&person).await.with_context(|| format!("{} is not known", self.person))?;
            let channel = slack.channel(&id).await.with_context(|| format!("#{wanted} is not known"))?;
            return Ok(Asker { person, channel, source: "as the workspace has them" });
        }
        let mut groups =
            self.group.iter().map(|group| GroupName::new(group.trim_start_matches('@'))).collect::<Vec<_>>();
        groups.sort();
        let person = Profile {
            id: PersonId::new(ASSUMED_TEAM, self.person.as_str()),
            name: self.person.clone(),
            standing: Standing::Member,
            groups,
            zone: None,
        };
        let name = known.map(|(_, name)| name.clone());
        let channel = ChannelFacts { id, name, bot: Membership::Inside, reach: Reach::OwnWorkspace };
        Ok(Asker { person, channel, source: "as this call says" })
    }
}

async fn connect() -> anyhow::Result<Slack> {
    let settings = Settings::from_environment()
        .context("to look the person up, give the chat's tokens; or say `--group NAME` for each of their groups")?;
    let slack = SlackSettings {
        api_base: settings.api_base,
        app_token: settings.app_token,
        bot_token: settings.bot_token,
        sockets: settings.sockets,
    };
    Ok(Slack::connect(slack, Arc::new(SystemClock)).await?)
}
