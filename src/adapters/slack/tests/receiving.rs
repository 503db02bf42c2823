//! From the socket's frames to arrivals, odd payloads included.

use super::super::envelope::{ENVELOPE_MAX_BYTES, Frame, frame};
use super::super::text::{escaped, typed, without_quotes};
use super::super::wire::{Us, read};
use crate::domain::identity::{Actor, PersonId};
use crate::domain::ids::{EnvelopeKey, Handle};
use crate::domain::place::{ChannelId, MessageRef, MessageTs, ReplyPath};
use crate::domain::time::Timestamp;
use crate::ports::chat::{Arrival, Envelope, TriggerId, ViewId};
use proptest::prelude::*;
use serde_json::{Value, json};

const RECEIVED: Timestamp = Timestamp::from_millis(1_764_511_600_000);

fn us() -> Us {
    Us {
        team: "T0WRASSE".to_owned(),
        enterprise: Some("E0ORG".to_owned()),
        user: "U0WRASSE".to_owned(),
        bot: Some("B0WRASSE".to_owned()),
        app: Some("A0WRASSE".to_owned()),
    }
}

fn delivered(body: &Value) -> (String, Arrival, Value) {
    let Frame::Delivery(delivery) = frame(body.to_string()) else {
        panic!("not a delivery: {body}");
    };
    let envelope = Envelope { key: EnvelopeKey::new(&*delivery.key), raw: delivery.raw, received_at: RECEIVED };
    (delivery.key, read(&us(), &envelope), serde_json::from_str(&delivery.ack).expect("an acknowledgement is JSON"))
}

fn arrival(kind: &str, payload: impl Into<Value>) -> Arrival {
    let payload: Value = payload.into();
    delivered(&json!({"type": kind, "envelope_id": "env-1", "payload": payload})).1
}

fn key(kind: &str, payload: impl Into<Value>) -> String {
    let payload: Value = payload.into();
    delivered(&json!({"type": kind, "envelope_id": "env-1", "payload": payload})).0
}

fn slash(changes: &[(&str, Value)]) -> Value {
    let mut payload = json!({
        "command": "/fleet", "text": "reboot edge-lax-001 because test", "user_id": "U0ANA", "user_name": "ana",
        "team_id": "T0WRASSE", "channel_id": "C0NOC", "channel_name": "noc", "api_app_id": "A0WRASSE",
        "trigger_id": "13.37.aa", "response_url": "https://hooks.slack.com/commands/1",
    });
    change(&mut payload, changes);
    payload
}

fn event(changes: &[(&str, Value)]) -> Value {
    let mut event = json!({
        "type": "app_mention", "user": "U0ANA", "team": "T0WRASSE", "channel": "C0NOC",
        "text": "<@U0WRASSE> reboot edge-lax-001 because test", "ts": "1764511500.000100", "event_ts": "1764511500.000100",
    });
    change(&mut event, changes);
    json!({"type": "event_callback", "event_id": "Ev1", "team_id": "T0WRASSE", "api_app_id": "A0WRASSE", "event": event})
}

fn change(value: &mut Value, changes: &[(&str, Value)]) {
    let object = value.as_object_mut().expect("payloads are objects");
    for (name, new) in changes {
        if *new == json!("(missing)") {
            object.remove(*name);
        } else {
            object.insert((*name).to_owned(), new.clone());
        }
    }
}

fn because(arrival: &Arrival) -> &str {
    let Arrival::Nothing { because } = arrival else { panic!("acted on: {arrival:?}") };
    because
}

#[test]
fn text_is_what_the_person_saw() {
    let check = |wire: &str, line: &str| assert_eq!(typed(wire, "U0WRASSE").line, line, "{wire}");
    check("reboot edge-lax-001", "reboot edge-lax-001");
    check("<@U0WRASSE> reboot", "reboot");
    check("<@U0WRASSE|wrasse>: reboot", "reboot");
    check("reboot <@U0WRASSE> now", "reboot now");
    check("ask <@U123|bob> or <@U124>", "ask <@U123|bob> or <@U124>");
    check("in <#C1|noc> and <#C2> and <#C3|>", "in <#C1|noc> and <#C2> and <#C3|>");
    check("<#C1|#noc> <@U1|@ana> <@U2|two words> <#C4|a\u{202e}b>", "<#C1|noc> <@U1|ana> <@U2> <#C4>");
    check("<!subteam^S1|@sre> <!subteam^S2>", "@sre <!subteam^S2>");
    check("<!here> <!channel|@channel> <!date^1^{time}|14:05>", "@here @channel 14:05");
    check("reboot <http://edge-lax-001.example|edge-lax-001.example>", "reboot edge-lax-001.example");
    check("<https://a.example/> <https://a.example/|a.example>", "https://a.example/ a.example");
    check("<mailto:ana@x.example|ana@x.example>", "ana@x.example");
    check("load &gt; 5 &amp;&amp; x &lt; 3", "load > 5 && x < 3");
    check("a < b and <unclosed", "a < b and <unclosed");
    check("<<@U123>> <>", "<<@U123>> <>");
    check("because \"the <@U0WRASSE>\"", "because \"the \"");
}

/// A link may not show one server and mean another: it stays raw, and the language refuses it.
#[test]
fn a_link_that_says_something_else_stays_raw() {
    let line = typed("reboot <http://db-prod-001.example|edge-lax-001.example>", "U0WRASSE").line;
    assert_eq!(line, "reboot <http://db-prod-001.example|edge-lax-001.example>");
}

#[test]
fn entities_are_decoded_once() {
    assert_eq!(typed("&amp;lt;@U0WRASSE&amp;gt; &amp;amp; &quot;", "U0WRASSE").line, "&lt;@U0WRASSE&gt; &amp; &quot;");
    assert!(!typed("&lt;@U0WRASSE&gt; reboot", "U0WRASSE").mentions_us, "a mention that was typed as text is none");
}

proptest! {
    #[test]
    fn any_text_survives_the_way_out_and_in(text in ".*") {
        prop_assert_eq!(typed(&escaped(&text), "U0WRASSE").line, text.trim());
    }

    #[test]
    fn no_text_is_too_odd_to_read(text in "[<>@#!|&;a-zU0-9^ \n]*") {
        let line = typed(&without_quotes(&text), "U0WRASSE").line;
        prop_assert!(line.len() <= text.len());
    }

    #[test]
    fn no_frame_is_too_odd_to_read(body in ".*") {
        prop_assert!(!matches!(frame(body), Frame::Delivery(_)), "nothing here could be acknowledged");
    }
}

#[test]
fn a_slash_command_is_a_line() {
    let (key, arrival, ack) = delivered(
        &json!({"type": "slash_commands", "envelope_id": "env-1", "accepts_response_payload": true, "payload": slash(&[])}),
    );
    assert_eq!(key, "trigger:13.37.aa");
    assert_eq!(ack, json!({"envelope_id": "env-1"}));
    let Arrival::Line { origin, line, sent_at, trigger } = arrival else { panic!("no line: {arrival:?}") };
    assert_eq!(origin.person, PersonId::new("T0WRASSE", "U0ANA"));
    assert_eq!(origin.channel, ChannelId::new("C0NOC"));
    assert_eq!(origin.thread, None);
    assert_eq!(origin.reply, ReplyPath::ResponseAddress("https://hooks.slack.com/commands/1".to_owned()));
    assert_eq!(line, "reboot edge-lax-001 because test");
    assert_eq!(sent_at, RECEIVED);
    assert_eq!(trigger, Some(TriggerId::new("13.37.aa")));
}

/// Shapes that really occur: empty answer addresses, no team in organisation-wide installations, nothing at all.
#[test]
fn a_slash_command_with_odd_fields_is_still_read() {
    let reply_of = |payload: Value| {
        let Arrival::Line { origin, line, .. } = arrival("slash_commands", payload) else { panic!("no line") };
        (origin.reply, origin.person.team.to_string(), line)
    };
    let private = ReplyPath::Private { thread: None };
    let odd = slash(&[("response_url", json!("")), ("team_id", Value::Null), ("text", Value::Null)]);
    assert_eq!(reply_of(odd), (private.clone(), "T0WRASSE".to_owned(), String::new()));
    let odd = slash(&[("response_url", json!(17)), ("team_id", json!("E0ORG")), ("trigger_id", json!(""))]);
    assert_eq!(reply_of(odd.clone()).1, "T0WRASSE");
    assert_eq!(key("slash_commands", odd), "envelope:env-1");
    assert_eq!(because(&arrival("slash_commands", json!({}))), "a slash command without person or channel");
    assert_eq!(because(&arrival("slash_commands", json!([1, 2]))), "a slash command without person or channel");
    assert_eq!(
        because(&arrival("slash_commands", slash(&[("api_app_id", json!("A0OTHER"))]))),
        "meant for another app"
    );
}

#[test]
fn a_mention_is_a_line_with_a_private_answer() {
    let Arrival::Line { origin, line, sent_at, trigger } = arrival("events_api", event(&[])) else { panic!("no line") };
    assert_eq!(line, "reboot edge-lax-001 because test");
    assert_eq!(origin.reply, ReplyPath::Private { thread: None });
    assert_eq!(sent_at, Timestamp::from_millis(1_764_511_500_000));
    assert_eq!(trigger, None);
    let in_thread = event(&[("thread_ts", json!("1764511400.000900"))]);
    let Arrival::Line { origin, .. } = arrival("events_api", in_thread) else { panic!("no line") };
    let thread = Some(MessageTs::new("1764511400.000900"));
    assert_eq!((origin.thread.clone(), origin.reply), (thread.clone(), ReplyPath::Private { thread }));
}

/// One message with a mention arrives as two events, in any order; both have one key.
#[test]
fn both_events_of_one_mention_are_one_envelope() {
    let as_message = event(&[("type", json!("message")), ("channel_type", json!("channel"))]);
    assert_eq!(key("events_api", event(&[])), "message:C0NOC:1764511500.000100");
    assert_eq!(key("events_api", as_message.clone()), "message:C0NOC:1764511500.000100");
    assert!(matches!(arrival("events_api", as_message), Arrival::Line { .. }));
}

#[test]
fn a_direct_message_is_a_line_without_a_mention() {
    let direct = event(&[
        ("type", json!("message")),
        ("channel_type", json!("im")),
        ("channel", json!("D0ANA")),
        ("text", json!("help")),
    ]);
    let Arrival::Line { origin, line, .. } = arrival("events_api", direct) else { panic!("no line") };
    assert_eq!((origin.reply, line.as_str()), (ReplyPath::Direct, "help"));
}

#[test]
fn what_nobody_wrote_to_us_is_nothing() {
    let check = |changes: &[(&str, Value)], reason: &str| {
        assert_eq!(because(&arrival("events_api", event(changes))), reason, "{changes:?}");
    };
    let message = ("type", json!("message"));
    check(&[message.clone(), ("text", json!("lunch?"))], "a message that does not mention us");
    check(&[("bot_id", json!("B0OTHER"))], "a message of an app");
    check(&[("user", json!("U0WRASSE"))], "a message of an app");
    check(&[("user", json!("(missing)"))], "a message without a person");
    check(&[("ts", Value::Null)], "a message without channel or time");
    check(&[message.clone(), ("subtype", json!("thread_broadcast"))], "a message of the kind thread_broadcast");
    check(&[message.clone(), ("subtype", json!("message_deleted"))], "a message of the kind message_deleted");
    check(&[message.clone(), ("subtype", json!("file_share"))], "a message of the kind file_share");
    check(&[("hidden", json!(true))], "a hidden or forwarded message");
    check(&[("attachments", json!([{"is_share": true, "text": "reboot"}]))], "a hidden or forwarded message");
    check(
        &[("text", json!("&gt; <@U0WRASSE> reboot edge-lax-001\nlook at this"))],
        "a message that does not mention us",
    );
    check(&[("text", json!("look:\n&gt;&gt;&gt; a\n<@U0WRASSE> reboot"))], "a message that does not mention us");
    check(&[message, ("channel_type", json!("im")), ("text", json!("&gt; reboot"))], "only quoted text");
    assert_eq!(
        because(&arrival("events_api", json!({"event_id": "Ev2", "event": {"type": "reaction_added"}}))),
        "an event of a kind that is not used"
    );
    assert_eq!(key("events_api", json!({"event_id": "Ev2", "event": {"type": "app_home_opened"}})), "event:Ev2");
    assert_eq!(because(&arrival("events_api", Value::Null)), "an event of a kind that is not used");
    assert_eq!(because(&arrival("weather", json!({}))), "an envelope of a kind that is not used");
}

#[test]
fn an_opened_home_is_told_apart_from_its_other_tab() {
    let opened =
        |event: Value| arrival("events_api", json!({"event_id": "Ev3", "team_id": "T0WRASSE", "event": event}));
    let home = json!({"type": "app_home_opened", "user": "U0ANA", "channel": "D0ANA", "tab": "home"});
    assert_eq!(
        opened(home.clone()),
        Arrival::HomeOpened { person: Actor::recalled(PersonId::new("T0WRASSE", "U0ANA")) }
    );
    let changed = |key: &str, value: Value| {
        let mut home = home.clone();
        home[key] = value;
        because(&opened(home)).to_owned()
    };
    assert_eq!(changed("tab", json!("messages")), "another tab than the home");
    assert_eq!(changed("tab", Value::Null), "another tab than the home");
    assert_eq!(changed("user", json!(7)), "a home without a person");
}

fn edited(before: &str, after: &str) -> Value {
    json!({"event_id": "Ev9", "team_id": "T0WRASSE", "event": {
        "type": "message", "subtype": "message_changed", "hidden": true, "channel": "C0NOC", "ts": "1764511599.000300",
        "message": {"user": "U0ANA", "text": after, "ts": "1764511500.000100", "edited": {"user": "U0ANA", "ts": "1764511599.0"}},
        "previous_message": {"user": "U0ANA", "text": before, "ts": "1764511500.000100"},
    }})
}

#[test]
fn an_edited_line_is_told_once_and_never_acted_on() {
    let change = edited("<@U0WRASSE> reboot edge-lax-001", "<@U0WRASSE> reboot edge-lax-002");
    assert_eq!(key("events_api", change.clone()), "edit:C0NOC:1764511500.000100");
    assert!(matches!(arrival("events_api", change), Arrival::Edited { .. }));
    let added = edited("reboot edge-lax-001", "<@U0WRASSE> reboot edge-lax-001");
    assert!(matches!(arrival("events_api", added), Arrival::Edited { .. }));
    let mention_of_edit = event(&[("edited", json!({"user": "U0ANA", "ts": "1764511599.0"}))]);
    assert_eq!(key("events_api", mention_of_edit.clone()), "edit:C0NOC:1764511500.000100");
    assert!(matches!(arrival("events_api", mention_of_edit), Arrival::Edited { .. }));
}

#[test]
fn a_change_that_nobody_made_is_no_edit() {
    let unfolded = edited("<@U0WRASSE> help", "<@U0WRASSE> help");
    assert_eq!(key("events_api", unfolded.clone()), "event:Ev9");
    assert_eq!(because(&arrival("events_api", unfolded)), "a message of the kind message_changed");
    let other = edited("lunch?", "lunch!");
    assert_eq!(because(&arrival("events_api", other)), "an edited message that was not for us");
}

fn pressed(changes: &[(&str, Value)]) -> Value {
    let mut payload = json!({
        "type": "block_actions", "api_app_id": "A0WRASSE", "trigger_id": "t.1", "response_url": "https://hooks.slack.com/actions/1",
        "user": {"id": "U0BOB", "team_id": "T0WRASSE"}, "team": {"id": "T0WRASSE"}, "channel": {"id": "C0NOC"},
        "container": {"type": "message", "message_ts": "1764511500.000100", "channel_id": "C0NOC", "is_ephemeral": false},
        "message": {"ts": "1764511500.000100", "thread_ts": "1764511500.000100", "app_id": "A0WRASSE"},
        "actions": [{"type": "button", "action_id": "request.review", "block_id": "b3", "value": "h_1"}],
    });
    change(&mut payload, changes);
    payload
}

#[test]
fn a_press_on_a_card_is_answered_beside_it() {
    let Arrival::Press { origin, handle, at, trigger, view } = arrival("interactive", pressed(&[])) else {
        panic!("no press")
    };
    assert_eq!(key("interactive", pressed(&[])), "trigger:t.1");
    assert_eq!(origin.person, PersonId::new("T0WRASSE", "U0BOB"));
    assert_eq!(handle, Handle::new("h_1"));
    assert_eq!(at, Some(MessageRef { channel: ChannelId::new("C0NOC"), ts: MessageTs::new("1764511500.000100") }));
    assert_eq!((trigger, view), (Some(TriggerId::new("t.1")), None));
    assert_eq!(
        (origin.thread, origin.reply),
        (None, ReplyPath::Private { thread: None }),
        "the address could replace the card"
    );
}

#[test]
fn a_press_in_a_thread_is_answered_in_the_thread() {
    let container = json!({"message_ts": "1764511600.000100", "channel_id": "C0NOC", "thread_ts": "1764511500.000100"});
    let payload = pressed(&[("container", container), ("message", json!({"metadata": {"event_payload": {"n": 17}}}))]);
    let Arrival::Press { origin, .. } = arrival("interactive", payload) else { panic!("no press") };
    assert_eq!(origin.reply, ReplyPath::Private { thread: Some(MessageTs::new("1764511500.000100")) });
}

#[test]
fn a_press_on_a_private_answer_is_answered_in_its_place() {
    let container = json!({"message_ts": "1764511600.000100", "channel_id": "C0NOC", "is_ephemeral": true});
    let payload = pressed(&[("container", container), ("message", Value::Null), ("team", Value::Null)]);
    let Arrival::Press { origin, at, .. } = arrival("interactive", payload) else { panic!("no press") };
    assert_eq!((at, origin.reply), (None, ReplyPath::ResponseAddress("https://hooks.slack.com/actions/1".to_owned())));
}

#[test]
fn a_press_in_a_form_names_the_form() {
    let view = json!({"id": "V1", "private_metadata": "h_9"});
    let payload = pressed(&[
        ("container", json!({"type": "view", "view_id": "V1"})),
        ("view", view),
        ("channel", Value::Null),
        ("message", Value::Null),
    ]);
    let Arrival::Press { origin, at, view, .. } = arrival("interactive", payload) else { panic!("no press") };
    assert_eq!((origin.channel.as_str(), at, view), ("", None, Some(ViewId::new("V1"))));
}

#[test]
fn presses_of_others_and_link_buttons_are_nothing() {
    let check = |changes: &[(&str, Value)], reason: &str| {
        assert_eq!(because(&arrival("interactive", pressed(changes))), reason, "{changes:?}");
    };
    check(
        &[("actions", json!([{"type": "button", "action_id": "open", "url": "https://x.example"}]))],
        "a press that carries nothing",
    );
    check(&[("actions", json!([]))], "a press that carries nothing");
    check(&[("user", Value::Null)], "a press without a person");
    check(&[("message", json!({"app_id": "A0OTHER"}))], "a button of another app");
    check(&[("type", json!("shortcut"))], "an interaction of a kind that is not used");
}

#[test]
fn a_stranger_keeps_the_team_of_their_own() {
    let payload = pressed(&[("user", json!({"id": "U0ZOE", "team_id": "T0OTHER"}))]);
    let Arrival::Press { origin, .. } = arrival("interactive", payload) else { panic!("no press") };
    assert_eq!(origin.person, PersonId::new("T0OTHER", "U0ZOE"));
    let Arrival::Line { origin, .. } = arrival("events_api", event(&[("user_team", json!("T0OTHER"))])) else {
        panic!("no line")
    };
    assert_eq!(origin.person.team.as_str(), "T0OTHER");
}

#[test]
fn a_submitted_form_stays_open_and_says_recording() {
    let payload = json!({"type": "view_submission", "trigger_id": "t.2", "team": Value::Null, "user": {"id": "U0BOB"}, "view": {
        "id": "V1", "private_metadata": "h_9", "callback_id": "wrasse.form", "title": {"type": "plain_text", "text": "Review req-2mq9"},
        "state": {"values": {
            "decision": {"decision": {"type": "radio_buttons", "selected_option": {"value": "approve"}}},
            "why": {"why": {"type": "plain_text_input", "value": Value::Null}},
            "count": {"count": {"type": "plain_text_input", "value": "20"}},
        }},
    }});
    let body =
        json!({"type": "interactive", "envelope_id": "env-1", "accepts_response_payload": true, "payload": payload});
    let (key, arrival, ack) = delivered(&body);
    assert_eq!(key, "trigger:t.2");
    let Arrival::Submission { person, handle, view, values } = arrival else { panic!("no submission: {arrival:?}") };
    assert_eq!(
        (person.id().clone(), handle, view),
        (PersonId::new("T0WRASSE", "U0BOB"), Handle::new("h_9"), ViewId::new("V1"))
    );
    assert_eq!(
        values.into_iter().collect::<Vec<_>>(),
        [("count".to_owned(), "20".to_owned()), ("decision".to_owned(), "approve".to_owned())]
    );
    assert_eq!(ack.pointer("/payload/response_action"), Some(&json!("update")));
    assert_eq!(ack.pointer("/payload/view/title/text"), Some(&json!("Review req-2mq9")));
    assert_eq!(ack.pointer("/payload/view/private_metadata"), Some(&json!("h_9")));
    let without = json!({"type": "interactive", "envelope_id": "env-1", "accepts_response_payload": false, "payload": body["payload"]});
    assert_eq!(delivered(&without).2, json!({"envelope_id": "env-1"}));
}

#[test]
fn frames_that_are_no_delivery() {
    assert_eq!(
        frame(json!({"type": "hello", "connection_info": {"app_id": "A1"}}).to_string()),
        Frame::Hello { app: Some("A1".to_owned()) }
    );
    assert_eq!(
        frame(json!({"type": "disconnect", "reason": "warning"}).to_string()),
        Frame::Disconnect { reason: "warning".to_owned() }
    );
    assert_eq!(frame("{".to_owned()), Frame::Unreadable("not a JSON object"));
    assert_eq!(frame("[]".to_owned()), Frame::Unreadable("no envelope id"));
    assert_eq!(frame(json!({"type": "events_api"}).to_string()), Frame::Unreadable("no envelope id"));
    let (key, arrival, ack) = delivered(&json!({"type": 7, "envelope_id": "env-1", "payload": "?"}));
    assert_eq!(
        (key.as_str(), because(&arrival), ack),
        ("envelope:env-1", "an envelope without a kind", json!({"envelope_id": "env-1"}))
    );
}

#[test]
fn an_envelope_too_large_is_kept_in_part_and_acknowledged() {
    let text = "é".repeat(ENVELOPE_MAX_BYTES);
    let body = json!({"type": "slash_commands", "envelope_id": "env-1", "payload": slash(&[("text", json!(text))])})
        .to_string();
    let Frame::Delivery(delivery) = frame(body) else { panic!("not kept") };
    assert!(delivery.raw.len() < 64 * 1024);
    assert_eq!((delivery.key.as_str(), delivery.ack.as_str()), ("trigger:13.37.aa", r#"{"envelope_id":"env-1"}"#));
    let envelope = Envelope { key: EnvelopeKey::new("k"), raw: delivery.raw, received_at: RECEIVED };
    assert_eq!(because(&read(&us(), &envelope)), "too large");
}
