//! What people type: messages, edits, slash commands, and what their client makes of the text. What the bot hears is in `talk`.

use super::deliveries::{About, Outcome};
use super::edges::{Origin, ResponseUrl};
use super::nouns::Message;
use super::payloads::{self, Handles};
use super::{Act, Model, Now, Seat, Spot, talk};
use serde_json::{Value, json};

/// Why a person cannot do that; the control API shows both parts.
#[derive(Clone, Debug, PartialEq)]
pub struct CannotDo {
    /// A short code.
    pub code: &'static str,
    /// What exists instead.
    pub hint: String,
}

impl CannotDo {
    /// A code and a hint.
    #[must_use]
    pub fn new(code: &'static str, hint: impl Into<String>) -> Self {
        Self { code, hint: hint.into() }
    }
}

/// A message that a person writes.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    /// As typed.
    pub text: &'a str,
    /// The thread it answers in.
    pub thread_ts: Option<&'a str>,
}

/// A slash command as it is typed.
#[derive(Clone, Copy, Debug)]
pub struct CommandLine<'a> {
    /// `/fleet`.
    pub command: &'a str,
    /// What follows it.
    pub text: &'a str,
}

/// A slash command that is on its way, or was answered at once.
#[derive(Clone, Debug, PartialEq)]
pub enum Typed {
    /// It waits for an acknowledgement under that number.
    Sent {
        /// The number of the delivery.
        delivery: u64,
        /// Opens a modal.
        trigger_id: String,
        /// Posts back.
        response_url: String,
    },
    /// The workspace itself answered, with this private message.
    AnsweredBySlack {
        /// The time stamp of the answer.
        ts: String,
        /// What it says.
        text: String,
    },
}

impl Model {
    /// The person and the channel that somebody names, if that person may speak there.
    ///
    /// # Errors
    /// Which of them is not known, or that the person is not in the channel.
    pub fn speaker(&self, seat: Seat<'_>) -> Result<(String, String), CannotDo> {
        let Seat { user: who, channel: place } = seat;
        let person = self.known_person(who)?;
        let Some(channel) = self.channel(place) else {
            let known: Vec<&str> = self.channels.keys().map(String::as_str).collect();
            return Err(CannotDo::new("channel_not_found", format!("channels are {}", known.join(", "))));
        };
        if !channel.members.contains(&person) {
            let hint = format!("{who} is not in {}", channel.name);
            return Err(CannotDo::new("not_in_channel", hint));
        }
        Ok((person, channel.id.clone()))
    }

    /// The id of the person that somebody names.
    ///
    /// # Errors
    /// That nobody has that name, or that the account is deactivated.
    pub fn known_person(&self, who: &str) -> Result<String, CannotDo> {
        match self.person(who) {
            Some(person) if person.is_deleted => {
                Err(CannotDo::new("account_inactive", format!("the account of {} is deactivated", person.name)))
            }
            Some(person) if !person.is_bot => Ok(person.id.clone()),
            Some(_) | None => {
                let people = self.people.values().filter(|person| !person.is_bot);
                let known: Vec<&str> = people.map(|person| person.name.as_str()).collect();
                Err(CannotDo::new("user_not_found", format!("people are {}", known.join(", "))))
            }
        }
    }

    /// A person writes a message. Its time stamp.
    ///
    /// # Errors
    /// Why they cannot.
    pub fn say(&mut self, seat: Seat<'_>, line: Line<'_>, now: Now) -> Result<String, CannotDo> {
        let (user, channel_id) = self.speaker(seat)?;
        let Line { text: words, thread_ts } = line;
        let place = Seat { user: &user, channel: &channel_id };
        if words.trim().is_empty() {
            return Err(CannotDo::new("no_text", "a message needs text"));
        }
        if let Some(invited) = words.strip_prefix("/invite ") {
            return self.invite(place, invited.trim(), now);
        }
        let head = thread_ts.map(|ts| self.thread_head(&channel_id, ts)).transpose()?;
        if words.starts_with('/') && words.chars().nth(1).is_some_and(char::is_alphabetic) {
            let command = words.split_whitespace().next().unwrap_or_default().to_owned();
            if head.is_some() {
                let answer = format!("{command} is not supported in threads. Sorry!");
                return Ok(self.slackbot_says(place, &answer, now).unwrap_or_default());
            }
            return Err(CannotDo::new("is_a_command", "a line that begins with / goes to POST /sandbox/slash"));
        }
        let text = self.as_sent(words, Entities::Bare);
        let client_msg_id = self.envelope_id();
        let message = Message {
            user: user.clone(),
            text,
            thread_ts: head,
            client_msg_id: Some(client_msg_id),
            ..Message::default()
        };
        let is_outside =
            talk::mentions_bot(&message.text) && self.channels.get(&channel_id).is_some_and(|place| !place.has_bot());
        let backdated = std::mem::take(&mut self.faults.backdate_next_ms);
        let said_at = Now { at: now.at.minus(std::time::Duration::from_millis(backdated)), fine_ms: now.fine_ms };
        let latest = self.last_ts_micros;
        if backdated > 0 {
            self.last_ts_micros = 0;
        }
        let ts = self.post(&channel_id, message, said_at).unwrap_or_default();
        self.last_ts_micros = self.last_ts_micros.max(latest);
        if is_outside {
            let notice =
                "You mentioned <@U0WRASSE>, but they’re not in this channel. Type `/invite @wrasse` to add them.";
            self.slackbot_says(place, notice, now);
        }
        Ok(ts)
    }

    /// The thread that a message belongs to, if one may reply there.
    fn thread_head(&self, channel_id: &str, ts: &str) -> Result<String, CannotDo> {
        let message = self.channels.get(channel_id).and_then(|channel| channel.messages.get(ts));
        match message {
            Some(message) if message.only_for.is_none() => {
                Ok(message.thread_ts.clone().unwrap_or_else(|| message.ts.clone()))
            }
            Some(_) => Err(CannotDo::new("thread_not_found", "nobody can reply to a private answer")),
            None => Err(CannotDo::new("thread_not_found", format!("no message {ts} in that channel"))),
        }
    }

    /// A person changes their own message.
    ///
    /// # Errors
    /// Why they cannot.
    pub fn edit(&mut self, seat: Seat<'_>, (ts, words): (&str, &str), now: Now) -> Result<(), CannotDo> {
        let (user, channel_id) = self.speaker(seat)?;
        let message = self.channels.get(&channel_id).and_then(|channel| channel.messages.get(ts));
        match message {
            None => return Err(CannotDo::new("message_not_found", format!("no message {ts} in that channel"))),
            Some(message) if message.user != user => {
                return Err(CannotDo::new("cant_update_message", "people edit their own messages only"));
            }
            Some(_) => {}
        }
        let content = Message { text: self.as_sent(words, Entities::Bare), ..Message::default() };
        self.rewrite(Spot { channel: &channel_id, ts }, content, now);
        Ok(())
    }

    fn invite(&mut self, by: Seat<'_>, invited: &str, now: Now) -> Result<String, CannotDo> {
        let name = invited.trim_matches(|letter| matches!(letter, '<' | '>' | '@'));
        let Some(guest) = self.person(name).map(|person| person.id.clone()) else {
            return Err(CannotDo::new("user_not_found", format!("nobody is called {invited}")));
        };
        if self.join(Seat { user: &guest, channel: by.channel }, Some(by.user), now) {
            let joined = self.channels.get(by.channel).and_then(|channel| channel.messages.keys().next_back());
            return Ok(joined.cloned().unwrap_or_default());
        }
        let answer = format!("<@{guest}> is already in this channel.");
        Ok(self.slackbot_says(by, &answer, now).unwrap_or_default())
    }

    /// A person types a slash command.
    ///
    /// # Errors
    /// Why they cannot.
    pub fn slash(&mut self, seat: Seat<'_>, line: CommandLine<'_>, now: Now) -> Result<Typed, CannotDo> {
        let (user, channel_id) = self.speaker(seat)?;
        let CommandLine { command, text: words } = line;
        let ts = self.next_ts(now);
        let line = format!("{command} {words}").trim().to_owned();
        self.note(Act {
            ts,
            channel: channel_id.clone(),
            thread_ts: None,
            on: None,
            user: user.clone(),
            text: line.clone(),
        });
        if command == "/invite" {
            let ts = self.invite(Seat { user: &user, channel: &channel_id }, words.trim(), now)?;
            return Ok(Typed::AnsweredBySlack { ts, text: line });
        }
        if !self.settings.commands.iter().any(|known| known == command) {
            let text = format!(
                "{command} is not a valid command. In Slack, all messages that start with the \"/\" character are interpreted as commands."
            );
            let ts = self.slackbot_says(Seat { user: &user, channel: &channel_id }, &text, now).unwrap_or_default();
            return Ok(Typed::AnsweredBySlack { ts, text });
        }
        let trigger_id = self.make_trigger(&user, None, now);
        let origin = Origin { channel: channel_id.clone(), original: None };
        let response_url = self.make_response_url(&user, origin, now);
        let sent = self.as_sent(words.trim(), Entities::Labelled);
        let (Some(person), Some(channel)) = (self.people.get(&user), self.channels.get(&channel_id)) else {
            return Err(CannotDo::new("user_not_found", "nobody has that id"));
        };
        let handles = Handles { trigger_id: &trigger_id, response_url: &response_url };
        let payload = payloads::slash(person, channel, (command, &sent), &handles);
        let token = response_url.rsplit('/').next().unwrap_or_default().to_owned();
        let about = About::Slash { user, channel: channel_id, command: command.to_owned(), response_url: token };
        let delivery = self.deliver(payload, about, now);
        Ok(Typed::Sent { delivery, trigger_id, response_url })
    }

    /// What an outcome means for the person who waits for it.
    pub(super) fn follow_up(&mut self, about: &About, outcome: &Outcome, now: Now) {
        match about {
            About::Slash { user, channel, command, response_url } => {
                let trouble = match outcome {
                    Outcome::Acked { payload: None, .. } => return,
                    Outcome::Acked { payload: Some(payload), .. } => {
                        let place = ResponseUrl::posting_to(channel, user);
                        match self.respond(&place, &as_message(payload), now) {
                            Ok(posted) => {
                                if let Some(ts) = posted {
                                    self.remember_response(response_url, &ts);
                                }
                                return;
                            }
                            Err(refusal) if refusal.code == "no_text" => return,
                            Err(refusal) => refusal.code,
                        }
                    }
                    Outcome::TimedOut => "operation_timeout",
                    Outcome::Undelivered => "dispatch_failed",
                };
                let words = format!("{command} failed with the error \"{trouble}\"");
                self.slackbot_says(Seat { user, channel }, &words, now);
            }
            About::Press { user } => {
                if !matches!(outcome, Outcome::Acked { .. }) {
                    self.page("press_failed", json!({ "user": user }));
                }
            }
            About::Submission { view_id } => self.submission_answered(view_id, outcome, now),
            About::Event | About::Repeat { .. } => {}
        }
    }

    /// The text as a client sends it: special characters escaped, names and addresses made into entities.
    fn as_sent(&self, words: &str, entities: Entities) -> String {
        let mut sent = String::with_capacity(words.len());
        let mut rest = words;
        while let Some(first) = rest.chars().next() {
            if let Some(entity) = whole_entity(rest) {
                sent.push_str(entity);
                rest = rest.get(entity.len()..).unwrap_or_default();
                continue;
            }
            let is_word_start =
                sent.chars().next_back().is_none_or(|before| before.is_whitespace() || "([,:".contains(before));
            // Only at the beginning of a word: a very long word must not be read once for each of its letters.
            let word = if is_word_start { rest } else { "" };
            let word = word.split(|letter: char| letter.is_whitespace() || letter == '<').next().unwrap_or_default();
            let bare = word.trim_end_matches(|letter| ".,;:!?)]".contains(letter));
            match self.entity_for(bare, entities) {
                Some(entity) if !bare.is_empty() => {
                    sent.push_str(&entity);
                    rest = rest.get(bare.len()..).unwrap_or_default();
                }
                Some(_) | None => {
                    match first {
                        '&' => sent.push_str("&amp;"),
                        '<' => sent.push_str("&lt;"),
                        '>' => sent.push_str("&gt;"),
                        other => sent.push(other),
                    }
                    rest = rest.get(first.len_utf8()..).unwrap_or_default();
                }
            }
        }
        sent
    }

    fn entity_for(&self, word: &str, entities: Entities) -> Option<String> {
        if let Some(name) = word.strip_prefix('@') {
            if matches!(name, "here" | "channel" | "everyone") {
                return Some(format!("<!{name}>"));
            }
            if let Some(person) = self.people.values().find(|person| person.name == name) {
                return Some(match entities {
                    Entities::Bare => format!("<@{}>", person.id),
                    Entities::Labelled => format!("<@{}|{}>", person.id, person.name),
                });
            }
            let group = self.groups.values().find(|group| group.handle == name)?;
            return Some(format!("<!subteam^{}|@{}>", group.id, group.handle));
        }
        if let Some(name) = word.strip_prefix('#') {
            let channel = self.channels.values().find(|channel| channel.name == name && !channel.is_direct())?;
            return Some(format!("<#{}|{}>", channel.id, channel.name));
        }
        if word.starts_with("http://") || word.starts_with("https://") {
            return Some(format!("<{}>", word.replace('&', "&amp;")));
        }
        let (host, top) = word.rsplit_once('.')?;
        let is_host = matches!(top, "com" | "net" | "org" | "io" | "dev")
            && host.starts_with(|letter: char| letter.is_ascii_alphanumeric())
            && host.chars().all(|letter| letter.is_ascii_alphanumeric() || "-.".contains(letter));
        is_host.then(|| format!("<http://{word}|{word}>"))
    }
}

/// How names are written as entities.
#[derive(Clone, Copy, Debug)]
enum Entities {
    /// `<@U0ANA>`, as in messages.
    Bare,
    /// `<@U0ANA|ana>`, as in slash commands.
    Labelled,
}

/// An entity at the beginning of the text that was written out by hand.
fn whole_entity(rest: &str) -> Option<&str> {
    let inner = rest.strip_prefix('<')?;
    let end = inner.find(['>', '<', '\n'])?;
    let (inside, after) = inner.split_at_checked(end)?;
    let is_entity = inside.starts_with(['@', '#', '!'])
        || ["http://", "https://", "mailto:"].iter().any(|scheme| inside.starts_with(scheme));
    (after.starts_with('>') && is_entity).then(|| rest.get(..end + 2)).flatten()
}

/// An acknowledgement may carry a bare text.
fn as_message(payload: &Value) -> Value {
    if payload.is_string() { json!({ "text": payload }) } else { payload.clone() }
}

/// The `rich_text` block that a client makes of typed text.
#[must_use]
pub fn rich_text(words: &str) -> Value {
    let mut elements: Vec<Value> = Vec::new();
    let mut rest = words;
    while !rest.is_empty() {
        if let Some(entity) = whole_entity(rest) {
            elements.push(rich_entity(entity));
            rest = rest.get(entity.len()..).unwrap_or_default();
            continue;
        }
        let end = rest.char_indices().skip(1).find(|(_, letter)| *letter == '<').map_or(rest.len(), |(at, _)| at);
        let (plain, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
        let plain = plain.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
        elements.push(json!({ "type": "text", "text": plain }));
        rest = after;
    }
    json!({ "type": "rich_text", "block_id": "typed",
            "elements": [{ "type": "rich_text_section", "elements": elements }] })
}

fn rich_entity(entity: &str) -> Value {
    let inside = entity.trim_matches(|letter| letter == '<' || letter == '>');
    let (target, label) = inside.split_once('|').unwrap_or((inside, ""));
    if let Some(user) = target.strip_prefix('@') {
        json!({ "type": "user", "user_id": user })
    } else if let Some(channel) = target.strip_prefix('#') {
        json!({ "type": "channel", "channel_id": channel })
    } else if let Some(group) = target.strip_prefix("!subteam^") {
        json!({ "type": "usergroup", "usergroup_id": group })
    } else if let Some(range) = target.strip_prefix('!') {
        json!({ "type": "broadcast", "range": range })
    } else if label.is_empty() {
        json!({ "type": "link", "url": target })
    } else {
        json!({ "type": "link", "url": target, "text": label })
    }
}
