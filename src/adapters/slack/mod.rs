//! Slack: the chat and the directory of the production bot, and of the local workspace, over the same wire.
//!
//! Receiving is `socket_mode` (sockets), `envelope` (frames) and `wire` (meaning); sending is `delivery` over
//! `web_api`, with `blocks`, `views` and `mrkdwn` for the form. Deliberately absent: any decision about requests,
//! any wording, any retry. In this version only Slack's base blocks are used.
//!
//! What the rest of the program may rely on:
//! - A press on a message everybody sees is answered privately in its thread, never through Slack's address for
//!   that message, which could replace the card. A press on a private message is answered through its address.
//! - A press inside a form or a home names no channel: its origin stands nowhere, and the stored control knows.
//! - Tokens, payloads and what people typed are never logged here. The library underneath does log
//!   payloads below `warn` and single-use addresses at `error`, so its target (`slack_morphism`) must stay off.

mod blocks;
mod credentials;
mod delivery;
mod directory;
mod envelope;
mod limits;
mod mrkdwn;
mod socket_mode;
mod sockets;
#[cfg(test)]
mod tests;
pub mod text;
mod views;
mod web_api;
mod wire;

pub use credentials::SlackFault;
pub use socket_mode::Listening;

use crate::conversation::message::{Form, Message};
use crate::domain::identity::{GroupName, PersonId, Profile};
use crate::domain::ids::DeliveryKey;
use crate::domain::place::{ChannelFacts, ChannelId, MessageRef};
use crate::domain::time::Timestamp;
use crate::ports::chat::{Arrival, Chat, Delivery, Envelope, Found, Inbox, PostTo, PrivateTo, TriggerId, ViewId};
use crate::ports::directory::DirectoryFault;
use crate::ports::{self, Clock};
use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};
use slack_morphism::SlackApiToken;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, OnceLock};
use tokio::task::JoinSet;
use web_api::WebApi;
use wire::Us;

/// The fewest and the most sockets; Slack allows ten per app.
const SOCKETS: std::ops::RangeInclusive<u8> = 1..=10;

/// How to reach a workspace.
#[derive(Clone, Debug)]
pub struct SlackSettings {
    /// The Web API's address with `/api` and no last slash; `None` is the real Slack.
    pub api_base: Option<String>,
    /// The app-level token (`xapp-…`), which opens sockets.
    pub app_token: SecretString,
    /// The bot token (`xoxb-…`), which does everything else.
    pub bot_token: SecretString,
    /// How many sockets are held open; two or more survive the loss of one.
    pub sockets: u8,
}

/// A workspace we belong to.
pub struct Slack {
    web: WebApi,
    directory: directory::Directory,
    us: Us,
    /// Learnt from the first socket where the start did not tell.
    app: Arc<OnceLock<String>>,
    api_base: Option<String>,
    app_token: SlackApiToken,
    sockets: usize,
    clock: Arc<dyn Clock>,
    /// Counts renderings, so that no two give a block the same id.
    renderings: AtomicU64,
}

impl Slack {
    /// Checks both tokens with Slack itself and learns who we are there.
    pub async fn connect(settings: SlackSettings, clock: Arc<dyn Clock>) -> Result<Self, SlackFault> {
        let SlackSettings { api_base, app_token, bot_token, sockets } = settings;
        let api_base = api_base.map(|base| base.trim_end_matches('/').to_owned());
        credentials::check_kinds(&app_token, &bot_token)?;
        let us = credentials::introduce(api_base.as_deref(), &app_token, &bot_token).await?;
        let web = WebApi::new(api_base.as_deref(), token(&bot_token), Arc::clone(&clock)).map_err(SlackFault::Tls)?;
        let app = Arc::new(us.app.clone().map_or_else(OnceLock::new, OnceLock::from));
        tracing::info!(slack.team = %us.team, slack.user = %us.user, "slack accepts our tokens");
        Ok(Self {
            web,
            directory: directory::Directory::default(),
            us,
            app,
            api_base,
            app_token: token(&app_token),
            sockets: usize::from(sockets.clamp(*SOCKETS.start(), *SOCKETS.end())),
            clock,
            renderings: AtomicU64::new(0),
        })
    }

    /// Starts receiving: each envelope is kept by the inbox before Slack is told that it arrived.
    pub fn listen(&self, inbox: Arc<dyn Inbox>, tasks: &mut JoinSet<()>) -> Listening {
        let setup = socket_mode::Setup {
            client: Arc::clone(&self.web.client),
            app_token: self.app_token.clone(),
            sockets: self.sockets,
            app: Arc::clone(&self.app),
            clock: Arc::clone(&self.clock),
        };
        socket_mode::start(setup, inbox, tasks)
    }

    /// Our own person in the workspace: the bot.
    #[must_use]
    pub fn bot(&self) -> PersonId {
        PersonId::new(self.us.team.clone(), self.us.user.clone())
    }

    fn us(&self) -> Us {
        Us { app: self.app.get().cloned(), ..self.us.clone() }
    }
}

fn token(secret: &SecretString) -> SlackApiToken {
    SlackApiToken::new(secret.expose_secret().to_owned().into())
}

#[async_trait]
impl Chat for Slack {
    fn read(&self, envelope: &Envelope) -> Arrival {
        wire::read(&self.us(), envelope)
    }

    async fn post(&self, to: &PostTo, message: &Message, key: &DeliveryKey) -> Delivery {
        self.post_message(to, message, key).await
    }

    async fn find(&self, to: &PostTo, key: &DeliveryKey, since: Timestamp) -> Found {
        self.search(to, key, since).await
    }

    async fn edit(&self, at: &MessageRef, message: &Message) -> Delivery {
        self.edit_message(at, message).await
    }

    async fn tell(&self, to: &PrivateTo, message: &Message) -> Delivery {
        self.tell_person(to, message).await
    }

    async fn open_form(&self, trigger: &TriggerId, form: &Form) -> Delivery {
        self.open_view(trigger.as_str(), form).await
    }

    async fn update_form(&self, view: &ViewId, form: &Form) -> Delivery {
        self.update_view(view.as_str(), form).await
    }

    async fn show_home(&self, person: &PersonId, home: &Message) -> Delivery {
        self.publish_home(person.user.as_str(), home).await
    }

    async fn direct_channel(&self, person: &PersonId) -> Result<ChannelId, Delivery> {
        self.open_direct(person.user.as_str()).await
    }

    async fn link_to(&self, at: &MessageRef) -> Option<String> {
        self.permalink(at).await
    }
}

#[async_trait]
impl ports::Directory for Slack {
    async fn person(&self, id: &PersonId) -> Result<Profile, DirectoryFault> {
        self.directory.person(&self.web, &self.us, id).await
    }

    async fn channel(&self, id: &ChannelId) -> Result<ChannelFacts, DirectoryFault> {
        self.directory.channel(&self.web, id).await
    }

    async fn channels_of(&self, person: &PersonId) -> Result<Vec<ChannelId>, DirectoryFault> {
        self.directory.channels_of(&self.web, person).await
    }

    async fn members(&self, group: &GroupName) -> Result<Vec<Profile>, DirectoryFault> {
        self.directory.members(&self.web, &self.us, group).await
    }

    async fn groups(&self) -> Result<Vec<GroupName>, DirectoryFault> {
        self.directory.names(&self.web).await
    }
}
