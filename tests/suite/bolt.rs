//! Two unmodified Bolt apps, one in JavaScript and one in Python, against the sandbox's workspace. `tests/bolt/install` brings
//! what they need; without it these tests fail.

use reqwest::Client;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinSet;
use wrasse::adapters::clock::SystemClock;
use wrasse::sandbox::workspace::{Workspace, WorkspaceSettings};

/// How long anything may take, an interpreter's start on a busy machine included.
const PATIENCE: Duration = Duration::from_secs(60);

/// A Bolt app at work in a workspace. Dropping it ends the app.
struct Peer {
    control: String,
    http: Client,
    _app: Child,
    _tasks: JoinSet<()>,
}

fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn javascript() -> Command {
    let modules = project().join("target/peers/bolt-js");
    let mut node = Command::new("node");
    node.arg(project().join("tests/bolt/js/app.js")).env("BOLT_MODULES", modules);
    node
}

fn python() -> Command {
    let interpreter: PathBuf = project().join("target/peers/bolt-venv/bin/python");
    let mut python = Command::new(interpreter);
    python.arg(project().join("tests/bolt/python/app.py"));
    python
}

impl Peer {
    async fn start(mut app: Command) -> Self {
        let _installed_before = rustls::crypto::ring::default_provider().install_default();
        let mut tasks = JoinSet::new();
        let clock = Arc::new(SystemClock);
        let workspace = Workspace::start(WorkspaceSettings::demo(), clock, &mut tasks).await.unwrap();
        let address = Workspace::serve(workspace.control_router(), 0, &mut tasks).await.unwrap();
        let mut child = app
            .env("SLACK_API_URL", format!("{}/", workspace.api_base))
            .env("SLACK_BOT_TOKEN", &workspace.bot_token)
            .env("SLACK_APP_TOKEN", &workspace.app_token)
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the Bolt app starts; tests/bolt/install brings what it needs");
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let running = async {
            while let Some(line) = lines.next_line().await.unwrap() {
                if line == "running" {
                    return;
                }
            }
            panic!("the Bolt app ended before it was running; has tests/bolt/install been run?");
        };
        tokio::time::timeout(PATIENCE, running).await.expect("the Bolt app says that it is running");
        let control = format!("http://{address}/sandbox");
        let peer = Self { control, http: Client::new(), _app: child, _tasks: tasks };
        peer.until("a socket is open", async || peer.get("envelopes").await["sockets"].as_u64() >= Some(1)).await;
        peer
    }

    async fn post(&self, what: &str, body: Value) -> Value {
        self.http.post(format!("{}/{what}", self.control)).json(&body).send().await.unwrap().json().await.unwrap()
    }

    async fn get(&self, what: &str) -> Value {
        self.http.get(format!("{}/{what}", self.control)).send().await.unwrap().json().await.unwrap()
    }

    /// Asks until it is so.
    async fn until(&self, what: &str, is_so: impl AsyncFn() -> bool) {
        let asking = async {
            let mut pause = tokio::time::interval(Duration::from_millis(20));
            while !is_so().await {
                pause.tick().await;
            }
        };
        let ended = tokio::time::timeout(PATIENCE, asking).await;
        assert!(ended.is_ok(), "waited in vain until {what}");
    }

    /// The first message of that channel with those words, as ana sees it.
    async fn message(&self, query: &str, words: &str) -> Value {
        let find = async || {
            let seen = self.get(&format!("messages?as=ana&channel={query}")).await;
            let all = seen["messages"].as_array().cloned().unwrap_or_default();
            all.into_iter().find(|message| message["text"].as_str().is_some_and(|text| text.contains(words)))
        };
        self.until(&format!("{query} says {words:?}"), async || find().await.is_some()).await;
        find().await.unwrap()
    }

    async fn types(&self, line: &str) -> Value {
        let typed = json!({ "user": "ana", "channel": "noc", "command": "/fleet", "text": line });
        self.post("slash", typed).await
    }

    async fn answers_a_slash_command(&self) {
        let typed = self.types("one").await;
        assert_eq!(typed["acked"], true, "{typed}");
        let answer = self.message("noc", "heard one").await;
        assert_eq!(answer["only_for"], "U0ANA");
    }

    async fn answers_a_mention_in_its_thread(&self) {
        let said = self.post("say", json!({ "user": "ana", "channel": "noc", "text": "@wrasse hello" })).await;
        let thread = format!("noc&thread_ts={}", said["ts"].as_str().unwrap());
        let answer = self.message(&thread, "hello <@U0ANA>").await;
        assert_eq!(answer["thread_ts"], said["ts"]);
    }

    async fn updates_a_card_when_its_button_is_pressed(&self) {
        self.types("card").await;
        let card = self.message("noc", "card").await;
        let press = json!({ "user": "bob", "channel": "noc", "ts": card["ts"], "label": "Press" });
        let pressed = self.post("press", press).await;
        assert_eq!(pressed["acked"], true, "{pressed}");
        let updated = self.message("noc", "pressed by bob").await;
        assert_eq!(updated["ts"], card["ts"]);
        assert_eq!(updated["blocks"], json!([]));
        assert!(updated["edited"].is_string());
    }

    async fn opens_a_form_refuses_it_and_takes_it(&self) {
        self.types("form").await;
        let open = async || self.get("views?user=ana").await["views"].as_array().cloned().unwrap_or_default();
        self.until("the form is open", async || !open().await.is_empty()).await;
        let view_id = open().await[0]["id"].clone();
        let none = json!({ "user": "ana", "view_id": view_id, "values": { "Why": "none" } });
        assert_eq!(self.post("submit", none).await["errors"], json!({ "why": "A reason is needed" }));
        let good = json!({ "user": "ana", "view_id": view_id, "values": { "reason": "kernel update" } });
        let submitted = self.post("submit", good).await;
        assert_eq!(submitted["acked"], true, "{submitted}");
        self.message("D0ANA", "reason: kernel update").await;
        assert_eq!(open().await, Vec::<Value>::new());
    }

    /// Every socket that was open is told to go; what is typed afterwards is heard on a new one.
    async fn comes_back_after_a_disconnect(&self) {
        let before = newest_socket(&self.get("envelopes").await);
        let trouble = json!({ "disconnect": "refresh_requested", "disconnect_grace_ms": 500 });
        assert_eq!(self.post("slack-faults", trouble).await["ok"], true);
        self.until("a command is heard on a new socket", async || {
            let typed = self.types("again").await;
            typed["acked"] == true && newest_socket(&self.get("envelopes").await) > before
        })
        .await;
        self.message("noc", "heard again").await;
    }
}

/// The socket that the last envelope left by.
fn newest_socket(envelopes: &Value) -> u64 {
    let all = envelopes["envelopes"].as_array().unwrap();
    let deliveries = all.iter().flat_map(|envelope| envelope["deliveries"].as_array().unwrap());
    deliveries.filter_map(|delivery| delivery["socket"].as_u64()).max().unwrap_or(0)
}

async fn does_all_that_a_bot_does(app: Command) {
    let peer = Peer::start(app).await;
    peer.answers_a_slash_command().await;
    peer.answers_a_mention_in_its_thread().await;
    peer.updates_a_card_when_its_button_is_pressed().await;
    peer.opens_a_form_refuses_it_and_takes_it().await;
    peer.comes_back_after_a_disconnect().await;
}

#[tokio::test]
async fn bolt_for_javascript_works_unmodified() {
    does_all_that_a_bot_does(javascript()).await;
}

#[tokio::test]
async fn bolt_for_python_works_unmodified() {
    does_all_that_a_bot_does(python()).await;
}
