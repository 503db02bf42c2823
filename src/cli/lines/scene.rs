//! Who asks, and where: looked up in the workspace, or as the call says.

use super::now;
use crate::adapters::clock::SystemClock;
use crate::adapters::slack::{Slack, SlackSettings};
use crate::admission::Traffic;
use crate::app::{Stored, read_stored};
use crate::authorization::automation_word;
use crate::cli::paths::Paths;
use crate::domain::command::CommandName;
use crate::domain::identity::{AutomationName, GroupName, PersonId, Profile, Standing};
use crate::domain::intent::{Selector, Spanned};
use crate::domain::place::{ChannelFacts, ChannelId, ChannelName, Membership, Reach};
use crate::files::workspace;
use crate::language::Vocabulary;
use crate::ports::Directory;
use crate::services::Rulebook;
use crate::services::planning::Asking;
use crate::settings::Settings;
use anyhow::Context;
use std::path::PathBuf;
use std::sync::Arc;

/// The workspace of a person who was not looked up.
const ASSUMED_TEAM: &str = "assumed";

/// Who asks.
#[derive(clap::Args)]
pub(super) struct By {
    /// Who would send it: a member's id, such as U0ANA, or `automation:NAME` of automations.yaml.
    #[arg(long = "as", value_name = "USER")]
    person: String,
    /// A group that the person is taken to be in; may be given again. Then nobody is looked up.
    #[arg(long, value_name = "GROUP")]
    group: Vec<String>,
}

/// Where, and by which files.
#[derive(clap::Args)]
pub(super) struct At {
    /// Where: a channel's name in channels.yaml, or its id.
    #[arg(long = "in", value_name = "CHANNEL")]
    channel: String,
    #[command(flatten)]
    paths: Paths,
    /// The database with locks, states and health; without that file nothing is known of them.
    #[arg(long, env = "WRASSE_DATABASE", default_value = "wrasse.db", value_name = "FILE")]
    database: PathBuf,
}

impl At {
    pub(super) async fn stored(
        &self,
        selector: Option<&Spanned<Selector>>,
        command: Option<&CommandName>,
    ) -> anyhow::Result<Stored> {
        read_stored(&self.database, (selector, command)).await
    }

    /// The channel's name and id, as far as channels.yaml tells.
    fn channel(&self, rulebook: &Rulebook) -> (ChannelId, ChannelName) {
        let wanted = self.channel.trim_start_matches('#');
        let known = rulebook.policies.channels().find(|(id, name)| name.as_str() == wanted || id.as_str() == wanted);
        known
            .map_or_else(|| (ChannelId::new(wanted), ChannelName::new(wanted)), |(id, name)| (id.clone(), name.clone()))
    }
}

/// The files, and who asks where.
pub(super) struct Scene {
    pub(super) rulebook: Rulebook,
    person: Profile,
    channel: ChannelFacts,
    /// How the two are known.
    pub(super) source: &'static str,
}

impl Scene {
    pub(super) async fn of(by: &By, at: &At) -> anyhow::Result<Self> {
        if let Some(name) = automation_word(&by.person) {
            anyhow::ensure!(by.group.is_empty(), "an automation is in no group: leave `--group` out");
            return Self::of_automation(&name, at);
        }
        if !by.group.is_empty() {
            return Self::assumed(&by.person, &by.group, at);
        }
        let slack = connect().await?;
        let files = at.paths.files();
        let people = workspace(&slack, files.mentioned_people()).await;
        let people = people.context("the people of the workspace cannot be looked up")?;
        let rulebook = files.read(Some(people), now()).map_err(|faults| anyhow::anyhow!("{faults}"))?.rulebook;
        let person = PersonId::new(slack.bot().team.as_str(), by.person.trim_start_matches('@'));
        let person = slack.person(&person).await.with_context(|| format!("{} is not known", by.person))?;
        let (id, name) = at.channel(&rulebook);
        let channel = slack.channel(&id).await.with_context(|| format!("#{name} is not known"))?;
        anyhow::ensure!(
            channel.bot == Membership::Inside,
            "the bot is not in #{name}, and reads no line there: invite it with `/invite`"
        );
        Ok(Self { rulebook, person, channel, source: "as the workspace has them" })
    }

    /// An automation, which nobody has to look up: what it may is said by the files alone.
    fn of_automation(name: &AutomationName, at: &At) -> anyhow::Result<Self> {
        let scene = Self::assumed("", &[], at)?;
        scene.rulebook.policies.check_automation(name).map_err(anyhow::Error::msg)?;
        Ok(Self { person: Profile::automation(name), ..scene })
    }

    /// Nobody asks: only what the files say counts.
    pub(super) fn of_nobody(at: &At) -> anyhow::Result<Self> {
        Self::assumed("", &[], at)
    }

    fn assumed(person: &str, groups: &[String], at: &At) -> anyhow::Result<Self> {
        let rulebook = at.paths.files().read(None, now()).map_err(|faults| anyhow::anyhow!("{faults}"))?.rulebook;
        let mut groups = groups.iter().map(|group| GroupName::new(group.trim_start_matches('@'))).collect::<Vec<_>>();
        groups.sort();
        let id = PersonId::new(ASSUMED_TEAM, person);
        let person = Profile { id, name: person.to_owned(), standing: Standing::Member, groups, zone: None };
        let (id, name) = at.channel(&rulebook);
        let channel = ChannelFacts { id, name: Some(name), bot: Membership::Inside, reach: Reach::OwnWorkspace };
        Ok(Self { rulebook, person, channel, source: "as this call says" })
    }

    pub(super) fn vocabulary(&self) -> Vocabulary {
        let commands = self.rulebook.catalog.commands().to_vec();
        let usable =
            self.rulebook.policies.commands_for(&self.person, &self.channel, commands.iter().map(AsRef::as_ref));
        Vocabulary { commands, usable, zone: self.person.zone.clone(), now: now() }
    }

    pub(super) fn asking<'a>(&'a self, stored: &'a Stored, line: &'a str) -> Asking<'a> {
        let Self { rulebook, person, channel, .. } = self;
        let Stored { ledger, undone, .. } = stored;
        let traffic = &Traffic::NotAsked;
        Asking { rulebook, ledger, traffic, undone, person, channel, line, now: now() }
    }
}

/// How what an answer relies on is known.
pub(super) fn known_how(source: &str, is_stored: bool) -> String {
    let states = if is_stored { "as the database has them" } else { "unknown: there is no database" };
    format!("~ person and groups: {source} · locks, states and health: {states} · traffic: as told last")
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
