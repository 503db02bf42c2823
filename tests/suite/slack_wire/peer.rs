//! A server that answers what a test told it to. It speaks HTTP and sockets, and knows nothing of channels or people.

use axum::Router;
use axum::body::Bytes;
use axum::extract::ws::{Message as WsMessage, WebSocket, WebSocketUpgrade};
use axum::extract::{Path, RawQuery, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use secrecy::SecretString;
use serde_json::{Value, json};
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use wrasse::adapters::clock::SystemClock;
use wrasse::adapters::slack::{Slack, SlackFault, SlackSettings};
use wrasse::ports::Clock;

type Answer = (u16, Value, Option<&'static str>);

#[derive(Default)]
pub(super) struct Script {
    answers: Mutex<HashMap<String, VecDeque<Answer>>>,
    pub(super) calls: Mutex<Vec<(String, Value)>>,
    sockets: Mutex<Vec<Option<mpsc::UnboundedSender<String>>>>,
    acks: Mutex<Vec<(usize, Value)>>,
    base: Mutex<String>,
}

/// Any server that a test wants Slack to be.
pub(super) struct Peer {
    pub(super) script: Arc<Script>,
    pub(super) base: String,
    pub(super) tasks: JoinSet<()>,
}

impl Peer {
    pub(super) async fn start() -> Self {
        let script = Arc::new(Script::default());
        let router = Router::new()
            .route("/api/{method}", any(answer))
            .route("/socket", any(socket))
            .with_state(Arc::clone(&script));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("127.0.0.1:{}", listener.local_addr().unwrap().port());
        *script.base.lock().unwrap() = base.clone();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { script, base: format!("http://{base}/api"), tasks }
    }

    /// The next call of that method gets this answer; later ones the default again.
    pub(super) fn answers(&self, method: &str, status: u16, body: Value) {
        self.script.answers.lock().unwrap().entry(method.to_owned()).or_default().push_back((status, body, None));
    }

    pub(super) fn slows_down(&self, method: &str, seconds: &'static str) {
        let answer = (429, json!({"ok": false, "error": "ratelimited"}), Some(seconds));
        self.script.answers.lock().unwrap().entry(method.to_owned()).or_default().push_back(answer);
    }

    pub(super) fn calls(&self, method: &str) -> Vec<Value> {
        let calls = self.script.calls.lock().unwrap();
        calls.iter().filter(|(name, _)| name == method).map(|(_, body)| body.clone()).collect()
    }

    pub(super) fn sends(&self, socket: usize, frame: &str) {
        let sockets = self.script.sockets.lock().unwrap();
        sockets[socket].as_ref().expect("the socket is open").send(frame.to_owned()).unwrap();
    }

    pub(super) fn hangs_up(&self, socket: usize) {
        self.script.sockets.lock().unwrap()[socket] = None;
    }

    pub(super) fn acks(&self) -> Vec<(usize, String)> {
        let acks = self.script.acks.lock().unwrap();
        acks.iter().map(|(socket, ack)| (*socket, ack["envelope_id"].as_str().unwrap_or_default().to_owned())).collect()
    }

    pub(super) fn sockets(&self) -> usize {
        self.script.sockets.lock().unwrap().len()
    }

    fn settings(&self, app_token: &str, bot_token: &str) -> SlackSettings {
        SlackSettings {
            api_base: Some(self.base.clone()),
            app_token: SecretString::from(app_token.to_owned()),
            bot_token: SecretString::from(bot_token.to_owned()),
            sockets: 2,
        }
    }

    pub(super) async fn slack(&self) -> Slack {
        self.slack_by(Arc::new(SystemClock)).await
    }

    pub(super) async fn slack_by(&self, clock: Arc<dyn Clock>) -> Slack {
        let settings = self.settings("xapp-1-A0WRASSE-1", "xoxb-1");
        Slack::connect(settings, clock).await.expect("the tokens are good")
    }

    pub(super) async fn refusal(&self, app_token: &str, bot_token: &str) -> SlackFault {
        Slack::connect(self.settings(app_token, bot_token), Arc::new(SystemClock))
            .await
            .err()
            .expect("a token is no good")
    }
}

async fn answer(
    State(script): State<Arc<Script>>,
    Path(method): Path<String>,
    RawQuery(query): RawQuery,
    body: Bytes,
) -> Response {
    let said = serde_json::from_slice(&body).unwrap_or_else(|_| json!({"query": query}));
    script.calls.lock().unwrap().push((method.clone(), said));
    let told = script.answers.lock().unwrap().get_mut(&method).and_then(VecDeque::pop_front);
    let (status, body, retry_after) = told.unwrap_or_else(|| (200, usual(&method, &script), None));
    let mut headers = HeaderMap::new();
    headers.insert("content-type", "application/json; charset=utf-8".parse().unwrap());
    if let Some(seconds) = retry_after {
        headers.insert("retry-after", seconds.parse().unwrap());
    }
    if let Some(scopes) = body["scopes"].as_str() {
        headers.insert("x-oauth-scopes", scopes.parse().unwrap());
    }
    (axum::http::StatusCode::from_u16(status).unwrap(), headers, body.to_string()).into_response()
}

fn usual(method: &str, script: &Script) -> Value {
    match method {
        "auth.test" => json!({"ok": true, "team_id": "T0WRASSE", "user_id": "U0WRASSE", "bot_id": "B0WRASSE"}),
        "apps.connections.open" => json!({"ok": true, "url": format!("ws://{}/socket", script.base.lock().unwrap())}),
        "chat.postMessage" => json!({"ok": true, "channel": "C0NOC", "ts": "1764511500.000100"}),
        "conversations.history" | "conversations.replies" => json!({"ok": true, "messages": [], "has_more": false}),
        "usergroups.list" => json!({"ok": true, "usergroups": [
            {"id": "S0SRE", "handle": "sre", "users": ["U0BOB", "U0OLD"]}, {"id": "S0NOC", "handle": "noc", "users": ["U0ANA"]}]}),
        "users.info" => json!({"ok": true, "user": {"id": "U0BOB", "team_id": "T0WRASSE", "name": "bob"}}),
        _ => json!({"ok": true}),
    }
}

async fn socket(State(script): State<Arc<Script>>, upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(move |socket| converse(script, socket))
}

async fn converse(script: Arc<Script>, mut socket: WebSocket) {
    let (sender, mut frames) = mpsc::unbounded_channel();
    let hello = json!({"type": "hello", "num_connections": 1, "connection_info": {"app_id": "A0WRASSE"}}).to_string();
    socket.send(WsMessage::Text(hello.into())).await.unwrap();
    let number = {
        let mut sockets = script.sockets.lock().unwrap();
        sockets.push(Some(sender));
        sockets.len() - 1
    };
    loop {
        tokio::select! {
            frame = frames.recv() => match frame {
                Some(frame) => socket.send(WsMessage::Text(frame.into())).await.unwrap(),
                None => break,
            },
            heard = socket.recv() => match heard {
                Some(Ok(WsMessage::Text(ack))) => {
                    let ack = serde_json::from_str(&ack).unwrap();
                    script.acks.lock().unwrap().push((number, ack));
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => break,
            },
        }
    }
}
