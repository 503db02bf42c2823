//! The sandbox's workspace over its real wires: HTTP for the Web API and the control API, a web socket for envelopes.

use futures::{SinkExt, StreamExt};
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};
use wrasse::adapters::clock::SystemClock;
use wrasse::sandbox::workspace::{Workspace, WorkspaceSettings};

type Socket = WebSocketStream<MaybeTlsStream<tokio::net::TcpStream>>;

/// A workspace with its control API, and a client for both.
struct Stage {
    workspace: Workspace,
    control: String,
    http: Client,
    _tasks: JoinSet<()>,
}

impl Stage {
    async fn start() -> Self {
        let _installed_before = rustls::crypto::ring::default_provider().install_default();
        let mut tasks = JoinSet::new();
        let clock = Arc::new(SystemClock);
        let workspace = Workspace::start(WorkspaceSettings::demo(), clock, &mut tasks).await.unwrap();
        let address = Workspace::serve(workspace.control_router(), 0, &mut tasks).await.unwrap();
        Self { workspace, control: format!("http://{address}/sandbox"), http: Client::new(), _tasks: tasks }
    }

    async fn call(&self, method: &str, arguments: Value) -> Value {
        let url = format!("{}/{method}", self.workspace.api_base);
        let sent = self.http.post(url).bearer_auth(&self.workspace.bot_token).json(&arguments).send().await;
        sent.unwrap().json().await.unwrap()
    }

    async fn post(&self, what: &str, body: Value) -> Value {
        self.http.post(format!("{}/{what}", self.control)).json(&body).send().await.unwrap().json().await.unwrap()
    }

    async fn get(&self, what: &str) -> Value {
        self.http.get(format!("{}/{what}", self.control)).send().await.unwrap().json().await.unwrap()
    }

    async fn transcript(&self, query: &str) -> String {
        let sent = self.http.get(format!("{}/transcript?{query}", self.control)).send().await;
        sent.unwrap().text().await.unwrap()
    }

    async fn socket_address(&self) -> String {
        let url = format!("{}/apps.connections.open", self.workspace.api_base);
        let sent = self.http.post(url).bearer_auth(&self.workspace.app_token).send().await.unwrap();
        sent.json::<Value>().await.unwrap()["url"].as_str().unwrap().to_owned()
    }

    async fn socket(&self) -> Socket {
        let (mut socket, _) = tokio_tungstenite::connect_async(self.socket_address().await).await.unwrap();
        assert_eq!(next(&mut socket).await["type"], "hello");
        socket
    }
}

/// The next text frame.
async fn next(socket: &mut Socket) -> Value {
    let read = async {
        loop {
            if let Message::Text(words) = socket.next().await.unwrap().unwrap() {
                return serde_json::from_str(&words).unwrap();
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(5), read).await.expect("a frame within five seconds")
}

async fn ack(socket: &mut Socket, envelope: &Value, payload: Value) {
    let frame = json!({ "envelope_id": envelope["envelope_id"], "payload": payload });
    socket.send(Message::text(frame.to_string())).await.unwrap();
}

#[tokio::test]
async fn every_method_takes_query_form_and_json() {
    let stage = Stage::start().await;
    let url = format!("{}/users.info", stage.workspace.api_base);
    let token = stage.workspace.bot_token.clone();
    let query = stage.http.get(format!("{url}?user=U0ANA")).bearer_auth(&token).send().await.unwrap();
    let form = stage
        .http
        .post(&url)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(format!("user=U0ANA&token={token}"))
        .send()
        .await
        .unwrap();
    let as_json = stage.call("users.info", json!({ "user": "U0ANA" })).await;
    assert_eq!(query.json::<Value>().await.unwrap(), as_json);
    assert_eq!(form.json::<Value>().await.unwrap(), as_json);
    assert_eq!(as_json["user"]["name"], "ana");
}

#[tokio::test]
async fn refusals_have_slacks_codes() {
    let stage = Stage::start().await;
    let url = format!("{}/auth.test", stage.workspace.api_base);
    let bare: Value = stage.http.post(&url).send().await.unwrap().json().await.unwrap();
    assert_eq!(bare, json!({ "ok": false, "error": "not_authed" }));
    let wrong: Value = stage.http.post(&url).bearer_auth("xoxb-other").send().await.unwrap().json().await.unwrap();
    assert_eq!(wrong["error"], "invalid_auth");
    let table = [
        ("no.such", json!({}), "unknown_method"),
        ("chat.postMessage", json!({ "channel": "C0NOWHERE", "text": "hi" }), "channel_not_found"),
        ("chat.postMessage", json!({ "channel": "C0RANDOM", "text": "hi" }), "not_in_channel"),
        ("chat.postMessage", json!({ "channel": "C0NOC" }), "no_text"),
        ("chat.postMessage", json!({ "channel": "C0NOC", "text": "x", "thread_ts": "1.2" }), "thread_not_found"),
        ("chat.update", json!({ "channel": "C0NOC", "ts": "1.2", "text": "x" }), "message_not_found"),
        ("chat.postEphemeral", json!({ "channel": "C0NOC", "user": "U0ZOE", "text": "x" }), "user_not_in_channel"),
        ("users.info", json!({ "user": "U0NOBODY" }), "user_not_found"),
        ("views.open", json!({ "trigger_id": "1.2.3" }), "invalid_arguments"),
    ];
    for (method, arguments, code) in table {
        assert_eq!(stage.call(method, arguments).await["error"], code, "{method}");
    }
}

#[tokio::test]
async fn a_slash_command_is_acked_and_answered_over_its_response_url() {
    let stage = Stage::start().await;
    let mut socket = stage.socket().await;
    let typed = stage.post(
        "slash",
        json!({ "user": "ana", "channel": "#noc", "command": "/fleet", "text": "status <@U0BOB> & more" }),
    );
    let heard = async {
        let envelope = next(&mut socket).await;
        ack(&mut socket, &envelope, json!({ "text": "Understood" })).await;
        envelope
    };
    let (typed, envelope) = tokio::join!(typed, heard);
    assert_eq!(typed["acked"], true);
    assert_eq!(envelope["type"], "slash_commands");
    assert_eq!(envelope["payload"]["text"], "status <@U0BOB> &amp; more");
    assert_eq!(envelope["payload"]["channel_name"], "noc");
    let url = envelope["payload"]["response_url"].as_str().unwrap();
    let replaced =
        stage.http.post(url).json(&json!({ "text": "Understood: card is up", "replace_original": true })).send();
    assert_eq!(replaced.await.unwrap().status(), StatusCode::OK);
    assert_eq!(
        stage.transcript("channel=noc&as=ana").await,
        "ana   /fleet status <@U0BOB> & more\nbot ~ (only ana) Understood: card is up\n"
    );
    for _ in 0..4 {
        assert_eq!(stage.http.post(url).json(&json!({ "text": "x" })).send().await.unwrap().status(), StatusCode::OK);
    }
    let sixth = stage.http.post(url).json(&json!({ "text": "x" })).send().await.unwrap();
    assert_eq!(sixth.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn without_a_socket_or_an_ack_the_person_is_told() {
    let stage = Stage::start().await;
    let line = json!({ "user": "ana", "channel": "noc", "command": "/fleet", "text": "help" });
    assert_eq!(stage.post("slash", line.clone()).await["error"], "dispatch_failed");
    let _silent = stage.socket().await;
    stage.post("slack-faults", json!({ "ack_timeout_ms": 50 })).await;
    assert_eq!(stage.post("slash", line).await["error"], "operation_timeout");
    let seen = stage.transcript("channel=noc&as=ana").await;
    assert!(seen.contains("(only ana) /fleet failed with the error \"dispatch_failed\""), "{seen}");
    assert!(seen.contains("(only ana) /fleet failed with the error \"operation_timeout\""), "{seen}");
    let unknown = stage.post("slash", json!({ "user": "ana", "channel": "noc", "command": "/flet" })).await;
    assert!(unknown["text"].as_str().unwrap().starts_with("/flet is not a valid command."));
}

#[tokio::test]
async fn a_mention_arrives_twice_and_again_until_it_is_acked() {
    let stage = Stage::start().await;
    let mut socket = stage.socket().await;
    stage.post("slack-faults", json!({ "ack_timeout_ms": 600, "retry_delays_ms": [0, 20, 20] })).await;
    let said = stage.post("say", json!({ "user": "bob", "channel": "noc", "text": "@wrasse status" })).await;
    let mention = next(&mut socket).await;
    let message = next(&mut socket).await;
    ack(&mut socket, &message, Value::Null).await;
    assert_eq!(mention["payload"]["event"]["type"], "app_mention");
    assert_eq!(message["payload"]["event"]["type"], "message");
    assert_eq!(mention["payload"]["event"]["ts"], said["ts"]);
    assert_eq!(mention["payload"]["event"]["text"], "<@U0WRASSE> status");
    assert_eq!(mention["retry_attempt"], 0);
    let again = next(&mut socket).await;
    assert_eq!(again["payload"]["event_id"], mention["payload"]["event_id"]);
    assert_ne!(again["envelope_id"], mention["envelope_id"]);
    assert_eq!((&again["retry_attempt"], &again["retry_reason"]), (&json!(1), &json!("timeout")));
    ack(&mut socket, &again, Value::Null).await;
    let settled = async {
        loop {
            let all = stage.get("envelopes").await;
            let both = all["envelopes"].as_array().unwrap();
            if both.iter().all(|envelope| envelope["state"] == "acked") {
                return both.iter().map(|envelope| envelope["attempts"].as_u64().unwrap()).collect::<Vec<_>>();
            }
        }
    };
    assert_eq!(tokio::time::timeout(Duration::from_secs(5), settled).await.unwrap(), [2, 1]);
}

#[tokio::test]
async fn a_press_opens_a_modal_once_and_its_submission_may_be_refused() {
    let stage = Stage::start().await;
    let mut socket = stage.socket().await;
    let button = json!({ "type": "button", "action_id": "request.review", "value": "h_1",
                         "text": { "type": "plain_text", "text": "Review" } });
    let blocks = json!([
        { "type": "section", "text": { "type": "mrkdwn", "text": "*Reboot 3 servers* · req-2mq9" } },
        { "type": "actions", "elements": [button] },
    ]);
    let card = stage.call("chat.postMessage", json!({ "channel": "C0NOC", "text": "card", "blocks": blocks })).await;
    let own = next(&mut socket).await;
    ack(&mut socket, &own, Value::Null).await;
    let press = stage.post("press", json!({ "user": "bob", "channel": "noc", "ts": card["ts"], "label": "Review" }));
    let heard = async {
        let envelope = next(&mut socket).await;
        ack(&mut socket, &envelope, Value::Null).await;
        envelope
    };
    let (pressed, envelope) = tokio::join!(press, heard);
    assert_eq!(pressed["acked"], true);
    assert_eq!(envelope["payload"]["actions"][0]["value"], "h_1");
    assert_eq!(envelope["payload"]["container"]["message_ts"], card["ts"]);
    let input = json!({ "type": "input", "block_id": "decision", "label": { "type": "plain_text", "text": "Decision" },
        "element": { "type": "radio_buttons", "action_id": "choice", "options": [
            { "text": { "type": "plain_text", "text": "Approve" }, "value": "yes" },
            { "text": { "type": "plain_text", "text": "Deny" }, "value": "no" } ] } });
    let view = json!({ "type": "modal", "title": { "type": "plain_text", "text": "Review" }, "private_metadata": "h_1",
        "submit": { "type": "plain_text", "text": "Record" }, "blocks": [input] });
    let arguments = json!({ "trigger_id": pressed["trigger_id"], "view": view });
    let opened = stage.call("views.open", arguments.clone()).await;
    assert_eq!(opened["ok"], true, "{opened}");
    assert_eq!(stage.call("views.open", arguments).await["error"], "exchanged_trigger_id");
    let view_id = opened["view"]["id"].clone();
    let empty = stage.post("submit", json!({ "user": "bob", "view_id": view_id, "values": {} })).await;
    assert_eq!(empty["error"], "missing_input");
    let submit =
        stage.post("submit", json!({ "user": "bob", "view_id": view_id, "values": { "Decision": "Approve" } }));
    let heard = async {
        let envelope = next(&mut socket).await;
        let refusal = json!({ "response_action": "errors", "errors": { "decision": "decided already" } });
        ack(&mut socket, &envelope, refusal).await;
        envelope
    };
    let (submitted, envelope) = tokio::join!(submit, heard);
    assert_eq!(submitted["errors"]["decision"], "decided already");
    assert_eq!(envelope["accepts_response_payload"], true);
    let values = &envelope["payload"]["view"]["state"]["values"];
    assert_eq!(values["decision"]["choice"]["selected_option"]["value"], "yes");
    assert_eq!(stage.get("views?user=bob").await["views"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_socket_address_works_once_and_a_socket_can_be_told_to_leave() {
    let stage = Stage::start().await;
    let address = stage.socket_address().await;
    let (mut socket, _) = tokio_tungstenite::connect_async(&address).await.unwrap();
    assert_eq!(next(&mut socket).await["num_connections"], 1);
    assert!(tokio_tungstenite::connect_async(&address).await.is_err());
    let mut fresh = stage.socket().await;
    stage.post("slack-faults", json!({ "disconnect": "warning", "disconnect_grace_ms": 30 })).await;
    for socket in [&mut socket, &mut fresh] {
        let frame = next(socket).await;
        assert_eq!((&frame["type"], &frame["reason"]), (&json!("disconnect"), &json!("warning")));
    }
    let closed = async {
        loop {
            match socket.next().await {
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                Some(Ok(_)) => {}
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(5), closed).await.expect("the socket is closed after its grace");
}

#[tokio::test]
async fn too_many_posts_to_a_channel_are_told_to_wait() {
    let stage = Stage::start().await;
    let url = format!("{}/chat.postMessage", stage.workspace.api_base);
    let body = json!({ "channel": "C0NOC", "text": "hi" });
    let mut slowed = None;
    for _ in 0..12 {
        let sent = stage.http.post(&url).bearer_auth(&stage.workspace.bot_token).json(&body).send().await.unwrap();
        if sent.status() == StatusCode::TOO_MANY_REQUESTS {
            slowed = Some(sent);
            break;
        }
    }
    let slowed = slowed.expect("the burst is smaller than twelve");
    assert_eq!(slowed.headers()["retry-after"], "1");
    assert_eq!(slowed.json::<Value>().await.unwrap(), json!({ "ok": false, "error": "ratelimited" }));
    let other = stage.call("chat.postMessage", json!({ "channel": "C0WEB", "text": "hi" })).await;
    assert_eq!(other["ok"], true);
}

#[tokio::test]
async fn trouble_hits_the_calls_it_was_meant_for() {
    let stage = Stage::start().await;
    stage.post("slack-faults", json!({ "answer_5xx": { "method": "auth.test" } })).await;
    stage.post("slack-faults", json!({ "lose_answers": { "method": "chat.postMessage" } })).await;
    let url = format!("{}/auth.test", stage.workspace.api_base);
    let first = stage.http.post(&url).bearer_auth(&stage.workspace.bot_token).send().await.unwrap();
    assert_eq!(first.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(stage.call("auth.test", json!({})).await["ok"], true);
    let lost = stage.call("chat.postMessage", json!({ "channel": "C0NOC", "text": "it did happen" })).await;
    assert_eq!(lost["ok"], false);
    let history = stage.call("conversations.history", json!({ "channel": "C0NOC" })).await;
    assert_eq!(history["messages"][0]["text"], "it did happen");
}

#[tokio::test]
async fn nonsense_to_the_control_api_is_answered_with_a_hint() {
    let stage = Stage::start().await;
    let bodies = [
        ("slash", "", 400, "body_not_understood"),
        ("slash", "[]", 400, "body_not_understood"),
        ("say", r#"{"user":"nobody","channel":"noc","text":"x"}"#, 404, "user_not_found"),
        ("say", r#"{"user":"zoe","channel":"noc","text":"x"}"#, 403, "not_in_channel"),
        ("say", r#"{"user":"ana","channel":"nowhere","text":"x"}"#, 404, "channel_not_found"),
        ("edit", r#"{"user":"ana","channel":"noc","ts":"1.2","text":"x"}"#, 404, "message_not_found"),
        ("press", r#"{"user":"ana","channel":"noc","ts":"1.2","label":"x"}"#, 404, "message_not_found"),
        ("press", r#"{"user":"ana","label":"x"}"#, 400, "body_not_understood"),
        ("submit", r#"{"user":"ana","view_id":"V1","values":7}"#, 404, "view_not_found"),
        ("slack-faults", r#"{"disconnect":"now"}"#, 400, "fault_not_possible"),
        ("slack-faults", r#"{"drop_acks":-1}"#, 400, "body_not_understood"),
        ("people", r#"{"name":"ANA!"}"#, 400, "name_not_possible"),
        ("messages", "{}", 405, "wrong_method"),
    ];
    for (what, body, status, code) in bodies {
        let sent = stage.http.post(format!("{}/{what}", stage.control)).body(body).send().await.unwrap();
        assert_eq!(sent.status().as_u16(), status, "{what} {body}");
        let said: Value = sent.json().await.unwrap();
        assert_eq!((said["ok"].as_bool(), said["error"].as_str()), (Some(false), Some(code)), "{what} {body}");
        assert!(!said["hint"].as_str().unwrap().is_empty());
    }
}

#[tokio::test]
async fn an_invitation_lets_the_bot_in() {
    let stage = Stage::start().await;
    let outside = stage.post("say", json!({ "user": "ana", "channel": "random", "text": "@wrasse help" })).await;
    assert_eq!(outside["ok"], true);
    let seen = stage.transcript("channel=random&as=ana").await;
    assert!(seen.contains("they’re not in this channel"), "{seen}");
    assert!(!stage.transcript("channel=random&as=bob").await.contains("not in this channel"));
    stage.post("say", json!({ "user": "ana", "channel": "random", "text": "/invite @wrasse" })).await;
    let posted = stage.call("chat.postMessage", json!({ "channel": "C0RANDOM", "text": "hello" })).await;
    assert_eq!(posted["ok"], true);
}

#[tokio::test]
async fn pages_hear_live_and_only_their_own_private_answers() {
    let stage = Stage::start().await;
    let mut anas = stage.http.get(format!("{}/events?as=ana", stage.control)).send().await.unwrap();
    let mut bobs = stage.http.get(format!("{}/events?as=bob", stage.control)).send().await.unwrap();
    let private = json!({ "channel": "C0NOC", "user": "U0ANA", "text": "only you" });
    stage.call("chat.postEphemeral", private).await;
    stage.call("chat.postMessage", json!({ "channel": "C0NOC", "text": "for all" })).await;
    let mut heard = Vec::new();
    for page in [&mut anas, &mut bobs] {
        let mut words = String::new();
        let read = async {
            while !words.contains("for all") {
                words.push_str(&String::from_utf8_lossy(&page.chunk().await.unwrap().unwrap()));
            }
        };
        tokio::time::timeout(Duration::from_secs(5), read).await.unwrap();
        heard.push(words);
    }
    assert!(heard[0].contains("only you") && heard[0].contains("event: ephemeral"));
    assert!(!heard[1].contains("only you"));
    assert!(heard[1].contains("event: message\n"));
}

/// The library that the bot is written with parses every answer into its own types.
#[tokio::test]
async fn slack_morphism_understands_the_answers() {
    use slack_morphism::prelude::*;
    let stage = Stage::start().await;
    let https =
        hyper_rustls::HttpsConnectorBuilder::new().with_native_roots().unwrap().https_or_http().enable_http1().build();
    let connector = SlackClientHyperConnector::with_connector(https).with_slack_api_url(&stage.workspace.api_base);
    let client = SlackClient::new(connector);
    let token = SlackApiToken::new(stage.workspace.bot_token.clone().into());
    let session = client.open_session(&token);

    let who = session.auth_test().await.unwrap();
    assert_eq!(who.user_id.to_string(), "U0WRASSE");
    let noc: SlackChannelId = "C0NOC".into();
    let content = SlackMessageContent::new().with_text("card".into());
    let posted = session.chat_post_message(&SlackApiChatPostMessageRequest::new(noc.clone(), content.clone())).await;
    let posted = posted.unwrap();
    let update = SlackApiChatUpdateRequest::new(noc.clone(), content.clone(), posted.ts.clone());
    let updated = session.chat_update(&update).await.unwrap();
    assert_eq!(updated.ts, posted.ts);
    let private = SlackApiChatPostEphemeralRequest::new(noc.clone(), "U0ANA".into(), content);
    session.chat_post_ephemeral(&private).await.unwrap();
    session.chat_get_permalink(&SlackApiChatGetPermalinkRequest::new(noc.clone(), posted.ts.clone())).await.unwrap();
    let history = SlackApiConversationsHistoryRequest::new().with_channel(noc.clone());
    assert_eq!(session.conversations_history(&history).await.unwrap().messages.len(), 1);
    let replies = SlackApiConversationsRepliesRequest::new(noc.clone(), posted.ts.clone());
    assert_eq!(session.conversations_replies(&replies).await.unwrap().messages.len(), 1);
    let info = session.conversations_info(&SlackApiConversationsInfoRequest::new(noc.clone())).await.unwrap();
    assert_eq!(info.channel.flags.is_member, Some(true));
    session.conversations_list(&SlackApiConversationsListRequest::new()).await.unwrap();
    session.conversations_members(&SlackApiConversationsMembersRequest::new().with_channel(noc.clone())).await.unwrap();
    let zoe = session.users_info(&SlackApiUsersInfoRequest::new("U0ZOE".into())).await.unwrap();
    assert_eq!(zoe.user.flags.is_stranger, Some(true));
    session.users_list(&SlackApiUsersListRequest::new()).await.unwrap();
    let groups = session.usergroups_list(&SlackApiUserGroupsListRequest::new().with_include_users(true)).await.unwrap();
    assert_eq!(groups.usergroups.len(), 4);
    session.usergroups_users_list(&SlackApiUserGroupsUsersListRequest::new("S0SRE".into())).await.unwrap();
    let home = SlackView::Home(SlackHomeView::new(vec![]));
    session.views_publish(&SlackApiViewsPublishRequest::new("U0ANA".into(), home)).await.unwrap();
    session.chat_delete(&SlackApiChatDeleteRequest::new(noc, posted.ts)).await.unwrap();
}
