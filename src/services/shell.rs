//! What lets work start, asked for in a shell of the bot's own host: in the name of whose account it is.
//!
//! A shell has no directory of people, and may be shown other files than the bot's. It goes by what was last known of the person, so
//! nothing starts by its word alone: before the first run of a retry the bot looks them up again and asks its own files whether all
//! is as they say (`rechecks`), and an override takes somebody else, in the chat (`seconding`). What a shell stores of a person is
//! no knowledge of them, or it would renew itself for ever. Deliberately absent: brakes and
//! cancel, which whoever may write the database file may.

use super::accepting::{Asked, Desk};
use super::lines::{Reply, Speaker};
use super::outage::{last_known_channel, member_then};
use super::overrides::{self, Asking, Commander, Untaken};
use super::records::{self, about};
use super::restraining::{Came, CameTo};
use super::retrying;
use crate::admission::Outside;
use crate::authorization::AuthorizationRecord;
use crate::conversation::message::Message;
use crate::conversation::{self, NoOverride, RequestView, Tense};
use crate::domain::identity::{Actor, PersonId, Profile};
use crate::domain::ids::RequestId;
use crate::domain::intent::Spanned;
use crate::domain::place::{ChannelId, Origin, Reach, ReplyPath};
use crate::domain::time::Timestamp;
use crate::ports::authorizations::Occasion;
use crate::ports::store::Write;
use crate::ports::{Ids, Rulebook, Store, StoreFault};
use crate::workflow::request::Request;
use std::sync::Arc;
use std::time::Duration;

/// So long what the directory said of somebody counts where there is none.
const KNOWN_FOR: Duration = Duration::from_hours(7 * 24);

/// Who asks in a shell, and with what.
#[derive(Clone, Copy)]
pub struct Shell<'a> {
    /// The database itself.
    pub store: &'a dyn Store,
    /// What the files say.
    pub rulebook: &'a Arc<Rulebook>,
    /// Randomness.
    pub ids: &'a dyn Ids,
    /// The time.
    pub now: Timestamp,
    /// The account that calls.
    pub account: &'a Actor,
    /// Whose it is, as the files say.
    pub owner: &'a Actor,
    /// Where trouble is told.
    pub incidents: Option<&'a ChannelId>,
    /// Whether it is done, or only told what it would come to.
    pub tense: Tense,
}

impl Shell<'_> {
    /// Whoever calls.
    async fn person(&self) -> Result<Result<Profile, Came>, StoreFault> {
        Ok(self.known(self.owner).await?.ok_or_else(|| {
            let told = conversation::not_known_lately(self.owner, self.account);
            refused(told, format!("refused: nothing is known of {}", self.owner))
        }))
    }

    /// Somebody as last known, with the groups that the files make, unless that is too long ago or they were no member.
    async fn known(&self, person: &PersonId) -> Result<Option<Profile>, StoreFault> {
        let last = self.store.last_known(person).await?;
        let last = last.filter(|last| self.now.since(last.at) <= KNOWN_FOR);
        let member = last.and_then(|last| member_then(person, last.record));
        Ok(member.map(|member| self.rulebook.policies.complete(member)))
    }

    /// An answer about an override that they asked for.
    fn kept(&self, verdict: &str, person: &Profile, request: &Request) -> Write {
        let record = AuthorizationRecord::of_member(verdict, person, &self.rulebook.policies);
        let occasion = Occasion::Override;
        not_looked_up(records::kept_at(self.now, occasion, Some(request.id()), about(request, record)))
    }

    /// How the person is called in what is told to others.
    fn name(&self, person: &Profile) -> String {
        format!("{} ({})", person.name, self.account)
    }
}

fn refused(message: Message, note: impl Into<String>) -> Came {
    Came::told(CameTo::Refused, message, note)
}

/// What `retry` comes to in a shell.
///
/// # Errors
/// The store does not answer.
pub async fn retry(shell: Shell<'_>, id: &RequestId) -> Result<Came, StoreFault> {
    let person = match shell.person().await? {
        Ok(person) => person,
        Err(came) => return Ok(came),
    };
    let left = match retrying::left(shell.store, id, shell.now).await? {
        Ok(left) => left,
        Err((message, note)) => return Ok(refused(message, note)),
    };
    let channel = last_known_channel(shell.store, &left.request).await?;
    // In the chat whoever speaks in a private channel is in there; here nobody knows that but of whoever asked first.
    let is_open_to = |reach: Reach| {
        let is_private = matches!(reach, Reach::Direct | Reach::Private);
        !is_private || left.request.origin.person == *shell.owner
    };
    let Some(channel) = channel.filter(|channel| is_open_to(channel.reach)) else {
        return Ok(refused(conversation::no_place_for_a_retry(id), "refused: the channel is not known, or not theirs"));
    };
    let origin = Origin {
        person: shell.owner.clone(),
        channel: channel.id.clone(),
        thread: left.request.origin.thread.clone(),
        reply: ReplyPath::Shell { account: shell.account.to_string() },
    };
    let speaker = Speaker::known_before(person, channel, Arc::clone(shell.rulebook));
    let text = left.line(&speaker);
    let desk = Desk { store: shell.store, ids: shell.ids, chat: None, now: shell.now };
    let asked = Asked { origin: &origin, text: &text };
    let reply = retrying::anew(desk, asked, (&speaker, &left), shell.incidents).await?;
    Ok(came(shell, speaker.channel_name(), reply))
}

/// A reply as a shell tells it. A look writes nothing.
fn came(shell: Shell<'_>, channel: &str, reply: Reply) -> Came {
    let came = told(shell, channel, reply);
    Came { writes: came.writes.into_iter().map(not_looked_up).collect(), ..came }
}

/// The same, where it stores an answer about somebody whom nobody has looked up.
fn not_looked_up(write: Write) -> Write {
    let mut write = write;
    if let Write::Authorization(kept) = &mut write {
        kept.record.standing.clear();
    }
    write
}

fn told(shell: Shell<'_>, channel: &str, reply: Reply) -> Came {
    match reply {
        Reply::Accepted { id, writes, note } => {
            let Some(request) = made(&id, &writes) else {
                return refused(conversation::no_such_request(&id), "rejected: a request that cannot be made");
            };
            let view = RequestView { request: &request, runs: &[], impacts: &[], now: shell.now };
            let told = conversation::asked_in_a_shell(view, channel, shell.tense);
            match shell.tense {
                Tense::Is => Came::done(told, writes, note),
                Tense::Would => Came::done(told, Vec::new(), "answered: a plan"),
            }
        }
        Reply::Said { message, note, also } | Reply::Refused { message, note, also, .. } => {
            let writes = if shell.tense == Tense::Is { also } else { Vec::new() };
            Came { message, writes, note, to: CameTo::Refused }
        }
        Reply::Misunderstood(told) => {
            Came::told(CameTo::Misunderstood, conversation::misunderstood(&told), "answered: a misunderstanding")
        }
        Reply::Silent { note, .. } => refused(conversation::nothing_came_of_it(), note),
    }
}

/// The request that these writes make.
fn made(id: &RequestId, writes: &[Write]) -> Option<Request> {
    let events = writes.iter().find_map(|write| {
        let Write::RequestEvents { id: made, events, .. } = write else { return None };
        (made == id).then_some(events)
    })?;
    Request::replay(events).ok()
}

/// What `override` asks for in a shell.
#[derive(Clone, Copy)]
pub struct ToOverride<'a> {
    /// The line, as it was read.
    pub line: &'a str,
    /// The word of a policy.
    pub policy: &'a Spanned<String>,
    /// Of which request.
    pub request: &'a RequestId,
    /// Why.
    pub why: &'a str,
}

/// What `override` comes to in a shell: somebody else must agree, in the chat.
///
/// # Errors
/// The store does not answer.
pub async fn override_policy(shell: Shell<'_>, what: ToOverride<'_>) -> Result<Came, StoreFault> {
    let person = match shell.person().await? {
        Ok(person) => person,
        Err(came) => return Ok(came),
    };
    let ledger = shell.store.ledger().await?;
    // Nothing is looked up outside: what the bot found there last stands in the request.
    let known = shell.rulebook.known(&ledger, shell.now).with_outside(Outside::LEFT_OUT);
    let name = shell.name(&person);
    let commander = Commander { person: &person, by: shell.owner, name, shell: Some(shell.account) };
    let asking = Asking { policy: what.policy, request: what.request, why: what.why };
    let (request, asked, _) = match overrides::asked(shell.store, (what.line, asking), &commander, known).await? {
        Ok(asked) => asked,
        Err(Untaken::Misunderstood(told)) => {
            let told = conversation::misunderstood(&told);
            return Ok(Came::told(CameTo::Misunderstood, told, "answered: a misunderstanding"));
        }
        Err(Untaken::Told(message, note)) => return Ok(refused(message, note)),
        Err(Untaken::NotTheirs(request, policy)) => {
            let kept = shell.kept("not-in-group", &person, &request);
            let groups = shell.rulebook.rules.overrides.by.clone();
            let told = conversation::no_override(&NoOverride::NotYou { groups, people: Vec::new() }, policy, &request);
            let came = refused(told, format!("refused: may not override on {}", request.id()));
            return Ok(Came { writes: if shell.tense == Tense::Is { vec![kept] } else { Vec::new() }, ..came });
        }
    };
    let told = conversation::override_asked_in_a_shell(&asked, &request, shell.tense);
    let note = format!("override of {} on {}, {} servers", asked.policy.word(), request.id(), asked.servers.len());
    Ok(match shell.tense {
        Tense::Is => {
            let mut writes = overrides::taken(&request, asked, shell.incidents);
            writes.push(shell.kept(AuthorizationRecord::ALLOWED, &person, &request));
            Came::done(told, writes, note)
        }
        Tense::Would => Came::done(told, Vec::new(), "answered: a plan"),
    })
}
