//! What the tour does and sees: the control API, as any outside program would use it.

use crate::cli::output;
use serde_json::{Value, json};
use std::fmt::Display;
use std::time::Duration;
use tokio::time::Instant;

/// How often something that must come true is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(100);

pub(super) const NOC: &str = "C0NOC";
pub(super) const WEB: &str = "C0WEB";
pub(super) const INCIDENTS: &str = "C0INCIDENTS";
pub(super) const ANA: &str = "U0ANA";
pub(super) const BOB: &str = "U0BOB";

/// What did not happen as it should.
#[derive(Debug)]
pub(super) struct Missed(String);

impl Missed {
    pub(super) fn new(what: impl Into<String>) -> Self {
        Self(what.into())
    }
}

impl Display for Missed {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl From<reqwest::Error> for Missed {
    fn from(fault: reqwest::Error) -> Self {
        Self(format!("the sandbox did not answer: {fault}"))
    }
}

/// Fails the scene unless it holds.
pub(super) fn ensure(holds: bool, what: impl FnOnce() -> String) -> Result<(), Missed> {
    if holds { Ok(()) } else { Err(Missed(what())) }
}

/// One message as somebody sees it.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) ts: String,
    /// All of it as text: summary, blocks, labels of buttons.
    pub(super) all: String,
    pub(super) json: Value,
    pub(super) private: bool,
}

/// One server of the fleet, as it truly is.
#[derive(Clone, Debug)]
pub(super) struct Truth {
    pub(super) name: String,
    pub(super) reboots: u64,
    pub(super) drained: bool,
    pub(super) phase: String,
}

/// The tour's hands.
pub(super) struct Hands {
    root: String,
    web: reqwest::Client,
    began: Instant,
}

impl Hands {
    pub(super) fn new(page: &str) -> Self {
        let began = Instant::now();
        Self { root: page.trim_end_matches('/').to_owned(), web: reqwest::Client::new(), began }
    }

    /// Seconds since the tour began.
    pub(super) fn seconds(&self) -> f64 {
        self.began.elapsed().as_secs_f64()
    }

    /// Tells a fact that was just seen.
    pub(super) fn tell(&self, fact: impl Display) {
        output::say(&format!("    {fact}"));
    }

    pub(super) async fn get(&self, path: &str) -> Result<Value, Missed> {
        Ok(self.web.get(format!("{}{path}", self.root)).send().await?.error_for_status()?.json().await?)
    }

    pub(super) async fn post(&self, path: &str, body: &Value) -> Result<Value, Missed> {
        let answer = self.web.post(format!("{}{path}", self.root)).json(body).send().await?;
        let status = answer.status();
        let body: Value = answer.json().await?;
        if status.is_success() { Ok(body) } else { Err(Missed(format!("{path} answered {status}: {body}"))) }
    }

    /// Looks until something is there.
    pub(super) async fn until<T, F>(&self, within_s: u64, what: &str, mut look: impl FnMut() -> F) -> Result<T, Missed>
    where
        F: Future<Output = Result<Option<T>, Missed>>,
    {
        let mut every = tokio::time::interval(LOOK_EVERY);
        let end = self.seconds() + Duration::from_secs(within_s).as_secs_f64();
        loop {
            every.tick().await;
            if let Some(found) = look().await? {
                return Ok(found);
            }
            if self.seconds() > end {
                return Err(Missed(format!("{what}: not within {within_s} s")));
            }
        }
    }

    /// Types `/fleet …`.
    pub(super) async fn slash(&self, user: &str, channel: &str, text: &str) -> Result<(), Missed> {
        output::say(&format!("    {} types /fleet {text}", name(user)));
        let body = json!({ "user": user, "channel": channel, "command": "/fleet", "text": text });
        let answer = self.post("/sandbox/slash", &body).await?;
        ensure(at(&answer, "acked") == true, || format!("the bot did not acknowledge the line: {answer}"))
    }

    /// Says something, in a thread or not.
    pub(super) async fn say(
        &self,
        user: &str,
        channel: &str,
        text: &str,
        thread: Option<&str>,
    ) -> Result<String, Missed> {
        output::say(&format!("    {} says {text}", name(user)));
        let mut body = json!({ "user": user, "channel": channel, "text": text });
        if let (Some(thread), Some(body)) = (thread, body.as_object_mut()) {
            body.insert("thread_ts".into(), json!(thread));
        }
        let answer = self.post("/sandbox/say", &body).await?;
        Ok(at(&answer, "ts").as_str().unwrap_or_default().to_owned())
    }

    /// Presses a button.
    pub(super) async fn press(&self, user: &str, channel: &str, ts: &str, label: &str) -> Result<(), Missed> {
        output::say(&format!("    {} presses [{label}]", name(user)));
        let body = json!({ "user": user, "channel": channel, "ts": ts, "label": label });
        let answer = self.post("/sandbox/press", &body).await?;
        ensure(at(&answer, "acked") == true, || format!("the bot did not acknowledge the press: {answer}"))
    }

    /// What somebody sees in a channel, or in a thread, oldest first.
    pub(super) async fn messages(
        &self,
        channel: &str,
        thread: Option<&str>,
        viewer: &str,
    ) -> Result<Vec<Seen>, Missed> {
        let thread = thread.map_or(String::new(), |thread| format!("&thread_ts={thread}"));
        let answer = self.get(&format!("/sandbox/messages?channel={channel}&as={viewer}{thread}")).await?;
        let messages = at(&answer, "messages").as_array().cloned().unwrap_or_default();
        Ok(messages.into_iter().map(seen).collect())
    }

    /// The bot's newest message that fits, once it is there.
    pub(super) async fn message(
        &self,
        place: Place<'_>,
        what: &str,
        fits: impl Fn(&Seen) -> bool + Sync,
    ) -> Result<Seen, Missed> {
        let fits = &fits;
        self.until(place.within_s, what, || async move {
            let messages = self.messages(place.channel, place.thread, place.viewer).await?;
            Ok(messages.into_iter().rev().find(|message| fits(message)))
        })
        .await
    }

    /// Servers as they truly are.
    pub(super) async fn fleet(&self, select: &str) -> Result<Vec<Truth>, Missed> {
        let answer = self.get(&format!("/sandbox/fleet?select={select}")).await?;
        let servers = at(&answer, "servers").as_array().or(answer.as_array()).cloned().unwrap_or_default();
        Ok(servers.iter().map(truth).collect())
    }

    /// The fleet's own log: every reboot that really happened, as server names.
    pub(super) async fn reboots(&self) -> Result<Vec<String>, Missed> {
        let answer = self.get("/sandbox/fleet/log").await?;
        let lines = at(&answer, "log").as_array().or(answer.as_array()).cloned().unwrap_or_default();
        let counted = lines.iter().filter(|line| at(line, "counts_as_reboot") == true);
        Ok(counted.filter_map(|line| at(line, "server").as_str().map(str::to_owned)).collect())
    }

    /// How often a server rebooted, by the fleet's own log.
    pub(super) async fn reboots_of(&self, server: &str) -> Result<usize, Missed> {
        Ok(self.reboots().await?.iter().filter(|name| *name == server).count())
    }

    pub(super) async fn trouble(&self, server: &str, kind: &str) -> Result<(), Missed> {
        self.tell(format!("trouble: {server} {}", kind.replace('_', " ")));
        self.post(&format!("/sandbox/fleet/{server}/fault"), &json!({ "kind": kind })).await.map(|_| ())
    }

    /// From now on that share of its capacity comes to a site.
    pub(super) async fn traffic(&self, site: &str, share: f64) -> Result<(), Missed> {
        self.tell(format!("{site} gets {:.0} % of what its servers can carry", share * 100.0));
        self.post("/sandbox/traffic", &json!({ "site": site, "level": share })).await.map(|_| ())
    }

    pub(super) async fn repair(&self, server: &str) -> Result<(), Missed> {
        self.tell(format!("{server} is repaired"));
        self.post(&format!("/sandbox/fleet/{server}/repair"), &json!({})).await.map(|_| ())
    }

    /// Kills the bot as `kill -9` does, and starts it again.
    pub(super) async fn kill_and_start_bot(&self, when: &str) -> Result<(), Missed> {
        self.post("/sandbox/demo/bot", &json!({ "action": "kill" })).await?;
        self.tell(format!("kill -9 of the bot, {when}"));
        self.post("/sandbox/demo/bot", &json!({ "action": "start" })).await.map(|_| ())
    }

    /// The request that was accepted last: its id and card.
    pub(super) async fn card(&self, channel: &str, after: &str) -> Result<(String, Seen), Missed> {
        let place = Place { channel, thread: None, viewer: ANA, within_s: 10 };
        let card = self
            .message(place, "a card", |seen| !seen.private && *seen.ts > *after && seen.all.contains(" · req-"))
            .await?;
        let id = id_in(&card.all).ok_or_else(|| Missed::new("the card has no id"))?;
        Ok((id, card))
    }

    /// The card as it is now.
    pub(super) async fn card_now(&self, channel: &str, ts: &str) -> Result<Seen, Missed> {
        let messages = self.messages(channel, None, ANA).await?;
        messages.into_iter().find(|seen| seen.ts == ts).ok_or_else(|| Missed::new("the card is gone"))
    }

    /// Waits until the card shows a word.
    pub(super) async fn card_shows(&self, card: &Seen, word: &str, within_s: u64) -> Result<Seen, Missed> {
        let what = format!("the card shows \"{word}\"");
        self.until(within_s, &what, || async move {
            let now = self.card_now(NOC, &card.ts).await?;
            Ok(now.all.contains(word).then_some(now))
        })
        .await
    }

    /// The newest message's place in a channel, so that later ones can be told from earlier ones.
    pub(super) async fn newest(&self, channel: &str) -> Result<String, Missed> {
        let messages = self.messages(channel, None, ANA).await?;
        Ok(messages.last().map_or_else(|| "0".to_owned(), |seen| seen.ts.clone()))
    }

    /// Bob presses Review on the card and records a yes.
    pub(super) async fn bob_approves(&self, card: &Seen) -> Result<(), Missed> {
        self.press(BOB, NOC, &card.ts, "Review").await?;
        let form = self
            .until(3, "the review form opens", || async {
                let views = self.get(&format!("/sandbox/views?user={BOB}")).await?;
                Ok(at(&views, "views").as_array().and_then(|views| views.last().cloned()))
            })
            .await?;
        let form_text = text_of(&form);
        ensure(form_text.contains("servers"), || format!("the form does not show the servers: {form_text}"))?;
        self.tell("bob chooses Approve and records it");
        let values = json!({ "decision": "approve", "why": "looks right" });
        let id = at(&form, "id").as_str().unwrap_or_default();
        self.post("/sandbox/submit", &json!({ "user": BOB, "view_id": id, "values": values })).await?;
        Ok(())
    }
}

/// Where a message is looked for.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) channel: &'a str,
    pub(super) thread: Option<&'a str>,
    pub(super) viewer: &'a str,
    pub(super) within_s: u64,
}

/// A member of an object; null where there is none.
pub(super) fn at<'a>(json: &'a Value, key: &str) -> &'a Value {
    json.get(key).unwrap_or(&Value::Null)
}

fn name(user: &str) -> String {
    user.trim_start_matches("U0").to_lowercase()
}

fn seen(json: Value) -> Seen {
    let private = !at(&json, "only_for").is_null();
    let ts = at(&json, "ts").as_str().unwrap_or_default().to_owned();
    Seen { ts, all: text_of(&json), json, private }
}

fn truth(json: &Value) -> Truth {
    let text = |key: &str| json[key].as_str().unwrap_or_default().to_owned();
    Truth {
        name: text("name"),
        reboots: at(json, "reboots").as_u64().unwrap_or_default(),
        drained: at(json, "drained") == true,
        phase: text("phase"),
    }
}

/// Every text in a message or view, in order.
pub(super) fn text_of(json: &Value) -> String {
    match json {
        Value::String(text) => format!("{text}\n"),
        Value::Array(items) => items.iter().map(text_of).collect(),
        Value::Object(members) => members
            .iter()
            .filter(|(key, _)| {
                matches!(
                    key.as_str(),
                    "text" | "blocks" | "elements" | "title" | "label" | "url" | "accessory" | "fields"
                )
            })
            .map(|(_, value)| text_of(value))
            .collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => String::new(),
    }
}

/// The first request id in a text.
pub(super) fn id_in(text: &str) -> Option<String> {
    let from = text.find("req-")?;
    let id = text.get(from..)?.chars().take_while(|letter| letter.is_ascii_alphanumeric() || *letter == '-');
    Some(id.collect())
}
