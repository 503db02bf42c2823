//! The workspace without any wire: calls and time go in, effects come out.

use super::deliveries::Outcome;
use super::edges::TRIGGER_LIFE;
use super::transcript::Look;
use super::typed::{CommandLine, Line, Typed};
use super::{Effect, Model, Now, Seat};
use crate::domain::time::Timestamp;
use crate::sandbox::workspace::settings::WorkspaceSettings;
use crate::sandbox::workspace::web_api::{Arguments, Call, answer};
use serde_json::{Value, json};
use std::time::Duration;

fn seat<'a>(user: &'a str, channel: &'a str) -> Seat<'a> {
    Seat { user, channel }
}

struct Stage {
    model: Model,
    now: Now,
}

impl Stage {
    fn new() -> Self {
        let now = Now { at: Timestamp::from_millis(1_764_511_500_000), fine_ms: 0.0 };
        Self { model: Model::new(WorkspaceSettings::demo(), "http://127.0.0.1:1", now), now }
    }

    fn later(&mut self, by: Duration) {
        self.now.at = self.now.at.plus(by);
        self.model.tick(self.now);
    }

    fn call(&mut self, method: &str, arguments: Value) -> Value {
        let token = Some(self.model.settings.bot_token.clone());
        let call = Call { method: method.to_owned(), arguments: Arguments::from_value(arguments), token };
        answer(&mut self.model, &call, self.now).body
    }

    /// The frames that left since the last look.
    fn frames(&mut self) -> Vec<Value> {
        let effects = self.model.take_effects();
        let frames = effects.iter().filter_map(|effect| match effect {
            Effect::Frame { frame, .. } => serde_json::from_str(frame).ok(),
            Effect::Close { .. } | Effect::Page { .. } | Effect::Settled { .. } => None,
        });
        frames.collect()
    }

    fn outcomes(&mut self) -> Vec<Outcome> {
        let effects = self.model.take_effects();
        let told = effects.into_iter().filter_map(|effect| match effect {
            Effect::Settled { outcome, .. } => Some(outcome),
            Effect::Close { .. } | Effect::Page { .. } | Effect::Frame { .. } => None,
        });
        told.collect()
    }

    fn transcript(&self, channel: &str, viewer: &str) -> String {
        let look = Look { channel: channel.to_owned(), thread_ts: None, viewer: Some(viewer.to_owned()) };
        self.model.transcript(&look)
    }
}

#[test]
fn an_unacked_event_comes_again_at_once_after_a_minute_and_after_five() {
    let mut stage = Stage::new();
    stage.model.socket_opened(stage.now);
    stage.frames();
    stage.model.say(seat("ana", "D0ANA"), Line { text: "status", thread_ts: None }, stage.now).unwrap();
    let mut seen = vec![stage.frames().len()];
    for seconds in [3, 3, 59, 1, 3, 299, 1, 600] {
        stage.later(Duration::from_secs(seconds));
        seen.push(stage.frames().len());
    }
    // Sent; again at once; that one times out; a minute later; that one too; five minutes later; never again.
    assert_eq!(seen, [1, 1, 0, 0, 1, 0, 0, 1, 0]);
}

#[test]
fn an_ack_after_the_time_out_does_not_count() {
    let mut stage = Stage::new();
    stage.model.socket_opened(stage.now);
    stage.frames();
    let typed =
        stage.model.slash(seat("ana", "noc"), CommandLine { command: "/fleet", text: "help" }, stage.now).unwrap();
    assert!(matches!(typed, Typed::Sent { .. }));
    let envelope = stage.frames().remove(0);
    stage.later(Duration::from_millis(3001));
    assert_eq!(stage.outcomes(), [Outcome::TimedOut]);
    let late = json!({ "envelope_id": envelope["envelope_id"], "payload": { "text": "too late" } });
    stage.model.frame_came(&late.to_string(), stage.now);
    assert_eq!(stage.outcomes(), []);
    assert!(!stage.transcript("C0NOC", "U0ANA").contains("too late"));
}

#[test]
fn payloads_go_round_over_the_sockets_that_stay() {
    let mut stage = Stage::new();
    let sockets: Vec<u64> = (0..3).map(|_| stage.model.socket_opened(stage.now)).collect();
    stage.model.take_effects();
    let mut used = Vec::new();
    for _ in 0..6 {
        stage.model.slash(seat("ana", "noc"), CommandLine { command: "/fleet", text: "help" }, stage.now).unwrap();
        used.extend(stage.model.take_effects().into_iter().filter_map(|effect| match effect {
            Effect::Frame { socket, .. } => Some(socket),
            Effect::Close { .. } | Effect::Page { .. } | Effect::Settled { .. } => None,
        }));
    }
    assert_eq!(used[..3], sockets[..]);
    assert_eq!(used[3..], sockets[..]);
}

#[test]
fn an_eleventh_socket_is_sent_away() {
    let mut stage = Stage::new();
    for _ in 0..10 {
        stage.model.socket_opened(stage.now);
    }
    stage.frames();
    stage.model.socket_opened(stage.now);
    let frames = stage.frames();
    assert_eq!(frames.last().map(|frame| frame["reason"].clone()), Some(json!("too_many_websockets")));
}

#[test]
fn a_trigger_dies_after_three_seconds() {
    let mut stage = Stage::new();
    let view = json!({ "type": "modal", "title": { "type": "plain_text", "text": "T" }, "blocks": [] });
    let Typed::Sent { trigger_id, .. } =
        stage.model.slash(seat("ana", "noc"), CommandLine { command: "/fleet", text: "" }, stage.now).unwrap()
    else {
        panic!("the command is the app's");
    };
    stage.now.at = stage.now.at.plus(TRIGGER_LIFE + Duration::from_millis(1));
    let refused = stage.call("views.open", json!({ "trigger_id": trigger_id, "view": view }));
    assert_eq!(refused["error"], "expired_trigger_id");
}

#[test]
fn updates_are_fifty_a_minute_for_the_whole_workspace() {
    let mut stage = Stage::new();
    let one = stage.call("chat.postMessage", json!({ "channel": "C0NOC", "text": "a" }));
    let other = stage.call("chat.postMessage", json!({ "channel": "C0WEB", "text": "b" }));
    let mut refused = 0;
    for number in 0..60 {
        let place = if number % 2 == 0 { (&one, "C0NOC") } else { (&other, "C0WEB") };
        let body = stage.call("chat.update", json!({ "channel": place.1, "ts": place.0["ts"], "text": "c" }));
        refused += usize::from(body["error"] == "ratelimited");
    }
    assert_eq!(refused, 10);
    stage.later(Duration::from_secs(2));
    assert_eq!(stage.call("chat.update", json!({ "channel": "C0NOC", "ts": one["ts"], "text": "d" }))["ok"], true);
}

#[test]
fn an_update_answers_with_the_whole_message_and_keeps_what_was_left_out() {
    let mut stage = Stage::new();
    let section = json!({ "type": "section", "text": { "type": "mrkdwn", "text": "*card*" } });
    let posted = stage.call("chat.postMessage", json!({ "channel": "C0NOC", "text": "a", "blocks": [section] }));
    let updated = stage.call("chat.update", json!({ "channel": "C0NOC", "ts": posted["ts"], "text": "b" }));
    assert_eq!(updated["text"], "b");
    assert_eq!(updated["message"]["blocks"][0]["text"]["text"], "*card*");
    assert_eq!(updated["message"]["bot_id"], "B0WRASSE");
    assert!(updated["message"]["edited"]["ts"].is_string());
}

#[test]
fn layouts_beyond_the_limits_are_refused_with_the_place() {
    let words = |length: usize| json!({ "type": "plain_text", "text": "x".repeat(length) });
    let button = |length: usize| json!({ "type": "button", "action_id": "a", "text": words(length) });
    let actions = |elements: Value| json!({ "type": "actions", "elements": elements });
    let many: Vec<Value> =
        (0..26).map(|number| json!({ "type": "button", "action_id": number.to_string(), "text": words(1) })).collect();
    let task = |status: &str| json!({ "type": "task_card", "task_id": "1", "title": "drain", "status": status });
    let table = [
        (
            json!({ "type": "section", "text": words(3001) }),
            "must be less than 3001 characters [json-pointer:/blocks/0/text/text]",
        ),
        (json!({ "type": "section" }), "missing required field: text [json-pointer:/blocks/0]"),
        (
            json!({ "type": "header", "text": words(151) }),
            "must be less than 151 characters [json-pointer:/blocks/0/text/text]",
        ),
        (json!({ "type": "nonsense" }), "unsupported type: nonsense [json-pointer:/blocks/0/type]"),
        (json!({ "type": "alert", "text": words(3) }), "unsupported type: alert [json-pointer:/blocks/0/type]"),
        (actions(json!([button(76)])), "must be less than 76 characters [json-pointer:/blocks/0/elements/0/text/text]"),
        (actions(json!(many)), "no more than 25 items allowed [json-pointer:/blocks/0/elements]"),
        (actions(json!([button(1), button(1)])), "`action_id` already exists [json-pointer:/blocks/0/elements]"),
        (task("completed"), "invalid status: completed [json-pointer:/blocks/0/status]"),
        (json!("text"), "must be an object [json-pointer:/blocks/0]"),
    ];
    for (block, what) in table {
        let mut stage = Stage::new();
        let refused = stage.call("chat.postMessage", json!({ "channel": "C0NOC", "text": "t", "blocks": [block] }));
        assert_eq!(refused["error"], "invalid_blocks", "{block}");
        assert_eq!(refused["response_metadata"]["messages"], json!([format!("[ERROR] {what}")]));
    }
    let mut stage = Stage::new();
    let sound = json!([{ "type": "section", "text": words(3000) }, actions(json!([button(75)])), task("complete")]);
    assert_eq!(stage.call("chat.postMessage", json!({ "channel": "C0NOC", "text": "t", "blocks": sound }))["ok"], true);
}

#[test]
fn an_edit_that_adds_a_mention_says_that_it_is_an_edit() {
    let mut stage = Stage::new();
    stage.model.socket_opened(stage.now);
    let ts = stage.model.say(seat("ana", "noc"), Line { text: "hello", thread_ts: None }, stage.now).unwrap();
    stage.frames();
    stage.model.edit(seat("ana", "noc"), (&ts, "@wrasse reboot"), stage.now).unwrap();
    let frames = stage.frames();
    let kinds: Vec<&str> = frames.iter().filter_map(|frame| frame["payload"]["event"]["type"].as_str()).collect();
    assert_eq!(kinds, ["message", "app_mention"]);
    assert_eq!(frames[0]["payload"]["event"]["subtype"], "message_changed");
    assert!(frames[1]["payload"]["event"]["edited"]["ts"].is_string());
}

#[test]
fn typed_names_and_hosts_become_entities_and_the_rest_is_escaped() {
    let mut stage = Stage::new();
    let table = [
        ("@wrasse hi", "<@U0WRASSE> hi"),
        ("ask @sre, now", "ask <!subteam^S0SRE|@sre>, now"),
        ("see #noc", "see <#C0NOC|noc>"),
        ("a<b & c>d", "a&lt;b &amp; c&gt;d"),
        ("<@U0BOB> and mail@ana", "<@U0BOB> and mail@ana"),
        ("reboot web-1.example.com.", "reboot <http://web-1.example.com|web-1.example.com>."),
        ("1 < 2 > ☃", "1 &lt; 2 &gt; ☃"),
    ];
    for (typed, sent) in table {
        let ts = stage.model.say(seat("ana", "noc"), Line { text: typed, thread_ts: None }, stage.now).unwrap();
        assert_eq!(stage.model.channels["C0NOC"].messages[&ts].text, sent);
    }
}

#[test]
fn a_transcript_shows_cards_buttons_private_answers_and_presses() {
    let mut stage = Stage::new();
    stage
        .model
        .slash(
            seat("ana", "noc"),
            CommandLine { command: "/fleet", text: "reboot edge-lax-[01-03] because kernel update" },
            stage.now,
        )
        .unwrap();
    let blocks = json!([
        { "type": "section", "text": { "type": "mrkdwn", "text": "*Reboot 3 servers in lax* · req-2mq9\n🙋 needs approval · 1 of `sre`" } },
        { "type": "context", "elements": [{ "type": "mrkdwn", "text": "<@U0ANA> · by <!date^1764513660^{time}|14:41 UTC>" }] },
        { "type": "actions", "elements": [
            { "type": "button", "action_id": "a", "text": { "type": "plain_text", "text": "Review" } },
            { "type": "button", "action_id": "b", "text": { "type": "plain_text", "text": "Details" } } ] },
    ]);
    let card = stage.call("chat.postMessage", json!({ "channel": "C0NOC", "text": "t", "blocks": blocks }));
    let ts = card["ts"].as_str().unwrap().to_owned();
    let place = super::pressing::Place::Message { channel: "noc".to_owned(), ts };
    let press = super::pressing::Press {
        user: "ana".to_owned(),
        place,
        block: None,
        control: "Review".to_owned(),
        value: None,
    };
    stage.model.press(&press, stage.now).unwrap();
    let private = json!({ "channel": "C0NOC", "user": "U0ANA", "text": "Someone else of sre must decide." });
    stage.call("chat.postEphemeral", private);
    insta::assert_snapshot!(stage.transcript("C0NOC", "U0ANA"), @r#"
    ana   /fleet reboot edge-lax-[01-03] because kernel update
    slackbot (only ana) /fleet failed with the error "dispatch_failed"
    bot   Reboot 3 servers in lax · req-2mq9
          🙋 needs approval · 1 of sre
          ~ @ana · by 14:41 UTC   [Review] [Details]
    ana   presses [Review]
    bot   (only ana) Someone else of sre must decide.
    "#);
    assert!(!stage.transcript("C0NOC", "U0BOB").contains("must decide"));
}

#[test]
fn replies_form_a_thread_that_the_channel_does_not_repeat() {
    let mut stage = Stage::new();
    let head = stage.call("chat.postMessage", json!({ "channel": "C0NOC", "text": "card" }));
    let reply = json!({ "channel": "C0NOC", "text": "log", "thread_ts": head["ts"] });
    stage.call("chat.postMessage", reply);
    let history = stage.call("conversations.history", json!({ "channel": "C0NOC" }));
    assert_eq!(history["messages"].as_array().unwrap().len(), 1);
    assert_eq!(history["messages"][0]["reply_count"], 1);
    let replies = stage.call("conversations.replies", json!({ "channel": "C0NOC", "ts": head["ts"] }));
    let words: Vec<&str> =
        replies["messages"].as_array().unwrap().iter().filter_map(|one| one["text"].as_str()).collect();
    assert_eq!(words, ["card", "log"]);
}
