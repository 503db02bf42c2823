//! What Slack and the way to it can do to a bot, move by move.

use super::peer::Peer;
use super::{Kept, eventually, greeting};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use tokio::task::JoinSet;
use wrasse::adapters::slack::{Listening, Slack, SlackFault};
use wrasse::conversation::message::Form;
use wrasse::domain::identity::{GroupName, PersonId, Standing};
use wrasse::domain::ids::DeliveryKey;
use wrasse::domain::intent::ZoneName;
use wrasse::domain::place::{ChannelId, Membership, MessageRef, MessageTs, ReplyPath};
use wrasse::domain::time::Timestamp;
use wrasse::ports::chat::{Arrival, Chat, Delivery, Found, Inbox, PostTo, PrivateTo, Replaces, Shown, TriggerId};
use wrasse::ports::directory::DirectoryFault;
use wrasse::ports::{Clock, Directory};

struct Conversation {
    peer: Peer,
    slack: Slack,
    kept: Arc<Kept>,
    listening: Listening,
    tasks: JoinSet<()>,
}

async fn conversation() -> Conversation {
    let peer = Peer::start().await;
    let slack = peer.slack().await;
    let kept = Arc::new(Kept::default());
    let mut tasks = JoinSet::new();
    let inbox: Arc<dyn Inbox> = kept.clone();
    let listening = slack.listen(inbox, &mut tasks);
    eventually("two sockets", || peer.sockets() == 2).await;
    let mut ready = listening.ready();
    tokio::time::timeout(Duration::from_secs(10), ready.wait_for(|ready| *ready)).await.unwrap().unwrap();
    Conversation { peer, slack, kept, listening, tasks }
}

fn slash(envelope: &str, trigger: &str) -> String {
    json!({"type": "slash_commands", "envelope_id": envelope, "accepts_response_payload": true, "payload": {
        "command": "/fleet", "text": "status", "user_id": "U0ANA", "team_id": "T0WRASSE", "channel_id": "C0NOC",
        "trigger_id": trigger, "response_url": "", "api_app_id": "A0WRASSE"}})
    .to_string()
}

fn noc() -> PostTo {
    PostTo::channel(ChannelId::new("C0NOC"))
}

#[tokio::test]
async fn tokens_that_are_no_good_are_named_at_once() {
    let peer = Peer::start().await;
    let said = |fault: SlackFault| (fault.to_string(), fault.may_pass());
    let swapped = peer.refusal("xoxb-secret", "xapp-secret").await;
    assert_eq!(
        said(swapped),
        ("SLACK_APP_TOKEN must begin with xapp-: it is the app-level token with connections:write; the value begins with xoxb-".to_owned(), false)
    );
    assert!(peer.script.calls.lock().unwrap().is_empty(), "nothing was sent anywhere");
    for code in ["invalid_auth", "not_authed", "account_inactive", "user_removed_from_team", "team_disabled"] {
        peer.answers("auth.test", 200, json!({"ok": false, "error": code}));
        let fault = peer.refusal("xapp-1", "xoxb-1").await;
        assert_eq!(
            said(fault),
            (format!("Slack does not accept SLACK_BOT_TOKEN: it answers {code} to auth.test"), false)
        );
    }
    peer.answers("apps.connections.open", 200, json!({"ok": false, "error": "not_allowed_token_type"}));
    let fault = peer.refusal("xapp-1", "xoxb-1").await;
    assert_eq!(
        fault.to_string(),
        "Slack does not accept SLACK_APP_TOKEN: it answers not_allowed_token_type to apps.connections.open"
    );
    let auth = json!({"ok": true, "team_id": "T", "user_id": "U", "scopes": "chat:write,users:read,commands"});
    peer.answers("auth.test", 200, auth);
    let fault = peer.refusal("xapp-1", "xoxb-1").await;
    assert_eq!(
        fault.to_string(),
        "the bot token lacks the scopes app_mentions:read, usergroups:read; add them to the app and install it again"
    );
    peer.answers("auth.test", 503, json!({}));
    assert!(peer.refusal("xapp-1", "xoxb-1").await.may_pass());
}

#[tokio::test]
async fn nobody_at_home_may_pass() {
    let mut peer = Peer::start().await;
    peer.tasks.shutdown().await;
    let fault = peer.refusal("xapp-1", "xoxb-1").await;
    assert!(fault.may_pass(), "{fault}");
}

#[tokio::test]
async fn an_envelope_is_kept_before_it_is_acknowledged_and_once() {
    let talk = conversation().await;
    talk.peer.sends(0, &slash("env-1", "t.1"));
    talk.peer.sends(1, &slash("env-2", "t.1"));
    eventually("both deliveries acknowledged", || talk.peer.acks().len() == 2).await;
    assert_eq!(talk.kept.keys(), ["trigger:t.1"], "delivered twice, kept once");
    let envelope = talk.kept.envelopes.lock().unwrap()[0].clone();
    assert!(matches!(talk.slack.read(&envelope), Arrival::Line { line, .. } if line == "status"));
}

#[tokio::test]
async fn what_cannot_be_kept_is_not_acknowledged() {
    let talk = conversation().await;
    talk.kept.is_broken.store(true, Ordering::Release);
    talk.peer.sends(0, &slash("env-1", "t.1"));
    talk.peer.sends(0, "not even JSON");
    eventually("both frames were read", || talk.listening.unreadable_frames() == 1).await;
    talk.kept.is_broken.store(false, Ordering::Release);
    talk.peer.sends(0, &slash("env-2", "t.1"));
    eventually("the second delivery is acknowledged", || !talk.peer.acks().is_empty()).await;
    assert_eq!(talk.peer.acks(), [(0, "env-2".to_owned())]);
    assert_eq!(talk.kept.keys(), ["trigger:t.1"]);
}

#[tokio::test]
async fn odd_envelopes_are_kept_and_acknowledged() {
    let talk = conversation().await;
    talk.peer.sends(0, r#"{"type":"events_api","envelope_id":"env-1","payload":null}"#);
    talk.peer.sends(0, r#"{"type":"tea_time","envelope_id":"env-2"}"#);
    eventually("both are acknowledged", || talk.peer.acks().len() == 2).await;
    assert_eq!(talk.kept.keys(), ["envelope:env-1", "envelope:env-2"]);
}

#[tokio::test]
async fn a_command_right_behind_the_disconnect_warning_is_acknowledged() {
    let talk = conversation().await;
    talk.peer.sends(0, r#"{"type":"disconnect","reason":"warning","debug_info":{"host":"x"}}"#);
    talk.peer.sends(0, &slash("env-1", "t.1"));
    eventually("it is acknowledged", || talk.peer.acks() == [(0, "env-1".to_owned())]).await;
    eventually("a third socket is there before the first is gone", || talk.peer.sockets() == 3).await;
    talk.peer.hangs_up(0);
    talk.peer.sends(2, &slash("env-2", "t.2"));
    eventually("the new socket works", || talk.peer.acks().len() == 2).await;
    assert!(*talk.listening.ready().borrow());
}

#[tokio::test]
async fn a_socket_that_is_cut_is_replaced() {
    let talk = conversation().await;
    talk.peer.hangs_up(0);
    eventually("a third socket", || talk.peer.sockets() == 3).await;
    talk.peer.sends(2, &slash("env-1", "t.1"));
    eventually("it works", || talk.peer.acks() == [(2, "env-1".to_owned())]).await;
}

#[tokio::test]
async fn after_the_stop_nothing_is_kept_and_the_task_ends() {
    let mut talk = conversation().await;
    talk.listening.stop();
    let ended = tokio::time::timeout(Duration::from_secs(10), talk.tasks.join_next()).await.unwrap();
    assert!(ended.is_some_and(|task| task.is_ok()));
    assert!(!*talk.listening.ready().borrow());
    assert_eq!(talk.kept.keys(), Vec::<String>::new());
}

#[tokio::test]
async fn a_post_carries_its_key_and_says_where_it_went() {
    let peer = Peer::start().await;
    let slack = peer.slack().await;
    let to = PostTo { thread: Some(MessageTs::new("1764511400.000900")), ..noc() };
    let at = MessageRef { channel: ChannelId::new("C0NOC"), ts: MessageTs::new("1764511500.000100") };
    assert_eq!(slack.post(&to, &greeting(), &DeliveryKey::new("d-1")).await, Delivery::Done(Some(at)));
    let said = &peer.calls("chat.postMessage")[0];
    assert_eq!(said["metadata"]["event_payload"]["key"], json!("d-1"));
    assert_eq!((&said["thread_ts"], &said["text"]), (&json!("1764511400.000900"), &json!("req-2mq9 understood")));
    assert_eq!(said.get("reply_broadcast"), None, "a reply stays in its thread");
}

/// What got worse notifies whoever reads the channel; a message that is no reply needs no such word.
#[tokio::test]
async fn a_reply_about_what_got_worse_is_shown_in_the_channel_too() {
    let peer = Peer::start().await;
    let slack = peer.slack().await;
    let thread = PostTo::thread(ChannelId::new("C0NOC"), MessageTs::new("1764511400.000900"));
    for to in [PostTo { shown: Shown::InChannelToo, ..thread }, PostTo { shown: Shown::InChannelToo, ..noc() }] {
        slack.post(&to, &greeting(), &DeliveryKey::new("d-1")).await;
    }
    let said = peer.calls("chat.postMessage");
    assert_eq!((&said[0]["thread_ts"], &said[0]["reply_broadcast"]), (&json!("1764511400.000900"), &json!(true)));
    assert_eq!((said[1].get("thread_ts"), said[1].get("reply_broadcast")), (None, None));
}

#[tokio::test]
async fn each_answer_to_a_post_has_its_meaning() {
    let peer = Peer::start().await;
    let slack = peer.slack().await;
    let no = |error: &str| json!({"ok": false, "error": error});
    let cases = [
        (200, no("not_in_channel"), Delivery::NotInChannel),
        (200, no("channel_not_found"), Delivery::NotInChannel),
        (200, no("is_archived"), Delivery::Refused("is_archived".to_owned())),
        (200, no("fatal_error"), Delivery::Unknown("fatal_error".to_owned())),
        (502, json!({}), Delivery::Unknown("HTTP status 502".to_owned())),
        (200, json!({"ok": true}), Delivery::Unknown("posted, but Slack does not say where".to_owned())),
        (200, json!({"surprise": 1}), Delivery::Unknown("an answer that cannot be read".to_owned())),
        (200, no("token_revoked"), Delivery::SlowDown(Duration::from_secs(60))),
    ];
    for (at, (status, body, meaning)) in cases.into_iter().enumerate() {
        peer.answers("chat.postMessage", status, body);
        let to = PostTo::channel(ChannelId::new(format!("C{at}")));
        assert_eq!(slack.post(&to, &greeting(), &DeliveryKey::new("d-1")).await, meaning);
    }
}

#[tokio::test]
async fn slow_down_is_obeyed_without_asking_again() {
    let peer = Peer::start().await;
    let slack = peer.slack().await;
    peer.slows_down("chat.postMessage", "30");
    let key = DeliveryKey::new("d-1");
    assert_eq!(slack.post(&noc(), &greeting(), &key).await, Delivery::SlowDown(Duration::from_secs(30)));
    let Delivery::SlowDown(wait) = slack.post(&noc(), &greeting(), &key).await else { panic!("it was asked again") };
    assert!(wait > Duration::from_secs(25));
    assert_eq!(peer.calls("chat.postMessage").len(), 1);
    let elsewhere = PostTo::channel(ChannelId::new("C0WEB"));
    assert!(matches!(slack.post(&elsewhere, &greeting(), &key).await, Delivery::Done(_)));
}

#[tokio::test]
async fn nothing_was_sent_when_nobody_answers_the_door() {
    let mut peer = Peer::start().await;
    let slack = peer.slack().await;
    peer.tasks.shutdown().await;
    // A connection from before may be cut under the first call; the next one finds the door closed.
    let first = slack.post(&noc(), &greeting(), &DeliveryKey::new("d-1")).await;
    assert!(matches!(first, Delivery::SlowDown(_) | Delivery::Unknown(_)), "{first:?}");
    let second = slack.post(&noc(), &greeting(), &DeliveryKey::new("d-1")).await;
    assert_eq!(second, Delivery::SlowDown(Duration::from_secs(1)));
}

#[tokio::test]
async fn refused_blocks_become_plain_text() {
    let peer = Peer::start().await;
    let slack = peer.slack().await;
    peer.answers("chat.postMessage", 200, json!({"ok": false, "error": "invalid_blocks", "errors": ["bad"]}));
    assert!(matches!(slack.post(&noc(), &greeting(), &DeliveryKey::new("d-1")).await, Delivery::Done(Some(_))));
    let said = peer.calls("chat.postMessage");
    assert_eq!(said[1]["blocks"], json!([{"type": "section", "text": {"type": "plain_text", "text": "Understood."}}]));
    assert_eq!(said[1]["metadata"], said[0]["metadata"]);
}

#[tokio::test]
async fn a_post_of_unknown_outcome_is_found_by_its_key() {
    let peer = Peer::start().await;
    let slack = peer.slack().await;
    let message = |ts: &str, key: &str, bot: &str| json!({"ts": ts, "bot_id": bot, "metadata": {"event_type": "wrasse_delivery", "event_payload": {"key": key}}});
    let page = |messages: Value, cursor: &str| json!({"ok": true, "messages": messages, "has_more": !cursor.is_empty(), "response_metadata": {"next_cursor": cursor}});
    let find =
        async |key: &str| slack.find(&noc(), &DeliveryKey::new(key), Timestamp::from_millis(1_764_511_500_000)).await;
    let others = json!([message("1.1", "d-0", "B0WRASSE"), message("1.2", "d-1", "B0OTHER"), {"ts": "1.3", "metadata": {"event_type": 7}}]);
    peer.answers("conversations.history", 200, page(others.clone(), "next"));
    peer.answers("conversations.history", 200, page(json!([message("1.4", "d-1", "B0WRASSE")]), ""));
    let there = MessageRef { channel: ChannelId::new("C0NOC"), ts: MessageTs::new("1.4") };
    assert_eq!(find("d-1").await, Found::There(there));
    peer.answers("conversations.history", 200, page(others, ""));
    assert_eq!(find("d-1").await, Found::NotThere);
    let cut_short = json!({"ok": true, "messages": [], "has_more": true});
    peer.answers("conversations.history", 200, cut_short);
    assert!(matches!(find("d-1").await, Found::CannotTell(_)));
    peer.answers("conversations.history", 500, json!({}));
    assert!(matches!(find("d-1").await, Found::CannotTell(_)));
    let query = peer.calls("conversations.history")[1]["query"].as_str().unwrap().to_owned();
    assert!(query.contains("include_all_metadata=true") && query.contains("cursor=next"), "{query}");
}

#[tokio::test]
async fn private_answers_go_the_way_the_line_came() {
    let peer = Peer::start().await;
    let slack = peer.slack().await;
    let tell = async |path: ReplyPath, replaces: Replaces| {
        let to =
            PrivateTo { person: PersonId::new("T0WRASSE", "U0ANA"), channel: ChannelId::new("C0NOC"), path, replaces };
        slack.tell(&to, &greeting()).await
    };
    let thread = Some(MessageTs::new("1.1"));
    assert_eq!(tell(ReplyPath::Private { thread }, Replaces::Nothing).await, Delivery::Done(None));
    let said = &peer.calls("chat.postEphemeral")[0];
    assert_eq!((&said["user"], &said["thread_ts"]), (&json!("U0ANA"), &json!("1.1")));
    assert_eq!(tell(ReplyPath::Direct, Replaces::Nothing).await, Delivery::Done(None));
    assert_eq!(peer.calls("chat.postMessage")[0]["channel"], json!("C0NOC"));
    let address = || ReplyPath::ResponseAddress(format!("{}/answer", peer.base));
    assert_eq!(tell(address(), Replaces::Previous).await, Delivery::Done(None));
    let said = &peer.calls("answer")[0];
    assert_eq!((&said["response_type"], &said["replace_original"]), (&json!("ephemeral"), &json!(true)));
    peer.answers("answer", 404, json!("used_url"));
    assert_eq!(tell(address(), Replaces::Nothing).await, Delivery::Refused("HTTP status 404".to_owned()));
    peer.answers("answer", 500, json!({}));
    assert!(matches!(tell(address(), Replaces::Nothing).await, Delivery::Unknown(_)));
    let foreign = ReplyPath::ResponseAddress("http://169.254.169.254/latest".to_owned());
    assert_eq!(tell(foreign, Replaces::Nothing).await, Delivery::Refused("not_an_answer_address".to_owned()));
}

#[tokio::test]
async fn edits_and_forms_tell_how_they_went() {
    let peer = Peer::start().await;
    let slack = peer.slack().await;
    let at = MessageRef { channel: ChannelId::new("C0NOC"), ts: MessageTs::new("1.1") };
    assert_eq!(slack.edit(&at, &greeting()).await, Delivery::Done(Some(at.clone())));
    peer.answers("chat.update", 200, json!({"ok": false, "error": "message_not_found"}));
    assert_eq!(slack.edit(&at, &greeting()).await, Delivery::Refused("message_not_found".to_owned()));
    let ids: Vec<Value> = peer.calls("chat.update").iter().map(|said| said["blocks"][0]["block_id"].clone()).collect();
    assert_ne!(ids[0], ids[1], "each rendering has ids of its own");
    let form =
        Form { title: "Review".to_owned(), submit: None, close: "Close".to_owned(), handle: None, blocks: Vec::new() };
    assert_eq!(slack.open_form(&TriggerId::new("t.1"), &form).await, Delivery::Done(None));
    peer.answers("views.open", 200, json!({"ok": false, "error": "expired_trigger_id"}));
    let late = slack.open_form(&TriggerId::new("t.1"), &form).await;
    assert_eq!(late, Delivery::Refused("expired_trigger_id".to_owned()));
    peer.answers("views.open", 200, json!({"ok": false, "error": "exchanged_trigger_id"}));
    let opened_before = slack.open_form(&TriggerId::new("t.1"), &form).await;
    assert_eq!(opened_before, Delivery::Done(None), "the answer to the first call was lost");
}

#[tokio::test]
async fn the_directory_says_who_may_and_fails_closed() {
    let peer = Peer::start().await;
    let slack = peer.slack().await;
    let person = async |user: &str, facts: Value| {
        peer.answers("users.info", 200, json!({"ok": true, "user": facts}));
        let profile = slack.person(&PersonId::new("T0WRASSE", user)).await.unwrap();
        (profile.name.clone(), profile.standing, profile.groups)
    };
    let ours = json!({"team_id": "T0WRASSE", "name": "bob", "profile": {"display_name": "the boss"}});
    assert_eq!(person("U0BOB", ours).await, ("bob".to_owned(), Standing::Member, vec![GroupName::new("sre")]));
    peer.answers("users.info", 200, json!({"ok": true, "user": {"team_id": "T0WRASSE", "tz": "Europe/Riga"}}));
    let in_riga = slack.person(&PersonId::new("T0WRASSE", "U0RIX")).await.unwrap();
    assert_eq!(in_riga.zone, Some(ZoneName::new("Europe/Riga")));
    assert_eq!(person("U1", json!({"team_id": "T0OTHER", "name": "zoe"})).await.1, Standing::Stranger);
    assert_eq!(person("U2", json!({"team_id": "T0WRASSE", "is_stranger": true})).await.1, Standing::Stranger);
    assert_eq!(person("U3", json!({"name": "nobody"})).await.1, Standing::Stranger);
    assert_eq!(person("U4", json!({"team_id": "T0WRASSE", "is_ultra_restricted": true})).await.1, Standing::Guest);
    assert_eq!(person("U0OLD", json!({"team_id": "T0WRASSE", "deleted": true})).await.1, Standing::Deactivated);
    assert_eq!(person("U6", json!({"team_id": "T0WRASSE", "is_bot": true})).await.1, Standing::Bot);
    assert_eq!(
        person("U7", json!({"team_id": "T0FIRST", "enterprise_user": {"teams": ["T0FIRST", "T0WRASSE"]}})).await.1,
        Standing::Member
    );
    let names: Vec<String> =
        slack.members(&GroupName::new("sre")).await.unwrap().into_iter().map(|one| one.name).collect();
    assert_eq!(names, ["bob"]);
    assert_eq!(peer.calls("usergroups.list").len(), 1, "asked once a minute");
    peer.answers("users.info", 200, json!({"ok": false, "error": "user_not_found"}));
    let nobody = slack.person(&PersonId::new("T0WRASSE", "U8")).await;
    assert!(matches!(nobody, Err(DirectoryFault::Unknown(_))));
    peer.answers("users.info", 500, json!({}));
    let silent = slack.person(&PersonId::new("T0WRASSE", "U9")).await;
    assert!(matches!(silent, Err(DirectoryFault::Unavailable(_))));
    peer.answers("conversations.info", 200, json!({"ok": false, "error": "channel_not_found"}));
    assert_eq!(slack.channel(&ChannelId::new("G1")).await.unwrap().bot, Membership::Outside);
}

/// A clock that goes on when it is told to.
struct Hands(AtomicI64);

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::Acquire))
    }
}

/// Whoever was let go a minute ago is let go here too.
#[tokio::test]
async fn an_answer_of_the_directory_counts_for_a_minute() {
    let peer = Peer::start().await;
    let hands = Arc::new(Hands(AtomicI64::new(1_764_511_500_000)));
    let slack = peer.slack_by(hands.clone()).await;
    let standing = async || slack.person(&PersonId::new("T0WRASSE", "U0BOB")).await.unwrap().standing;
    let is_now = |facts: Value| peer.answers("users.info", 200, json!({"ok": true, "user": facts}));
    is_now(json!({"team_id": "T0WRASSE", "name": "bob"}));
    assert_eq!(standing().await, Standing::Member);
    is_now(json!({"team_id": "T0WRASSE", "name": "bob", "deleted": true}));
    hands.0.fetch_add(59_999, Ordering::AcqRel);
    assert_eq!(standing().await, Standing::Member, "nobody was asked");
    hands.0.fetch_add(1, Ordering::AcqRel);
    assert_eq!(standing().await, Standing::Deactivated);
}
