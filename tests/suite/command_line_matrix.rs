//! The matrix of who may where, on the surface that is a shell: `wrasse can-i --as … --in …` looks people and channels up in the
//! workspace and answers by the same policies as a line there; and nothing that a shell asks starts anything.

use crate::command_line::{complaint, inventory_in, out};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Output;
use std::sync::Arc;
use tokio::task::JoinSet;
use wrasse::adapters::clock::SystemClock;
use wrasse::sandbox::workspace::{Workspace, WorkspaceSettings};

const KINDS: [(&str, &str); 7] = [
    ("Member", "U0ANA"),
    ("Approver", "U0BOB"),
    ("Guest", "U0GUS"),
    ("Stranger", "U0ZOE"),
    ("Deactivated", "U0EVE"),
    ("Bot", "U0WRASSE"),
    ("Nobody", "U0NOBODY"),
];
/// A direct message is the asker's own.
const PLACES: [(&str, &str); 6] = [
    ("Public", "noc"),
    ("Private", "private"),
    ("Shared", "vendors"),
    ("Direct", "direct"),
    ("NoRules", "norules"),
    ("NoBot", "nobot"),
];
const CHANNELS: &str = "\
channels: { noc: C0NOC, private: C0PRIVATE, vendors: C0SHARED, norules: C0NORULES, nobot: C0NOBOT,
  incidents: C0INCIDENTS }
reach: { shared: read-only, private: everything, direct: read-only }
";

/// The shipped policies but for channels, where in four of them the NOC may reboot.
fn policies(folder: &Path) {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies");
    std::fs::create_dir_all(folder.join("channels")).unwrap();
    for name in ["schema.cedarschema", "global.cedar", "groups.yaml"] {
        std::fs::copy(shipped.join(name), folder.join(name)).unwrap();
    }
    std::fs::write(folder.join("channels.yaml"), CHANNELS).unwrap();
    for name in ["noc", "private", "vendors", "nobot"] {
        let rules = format!(
            "allow:\n  - {{ id: {name}-reboots, who: noc, commands: reboot, at-most: 2, reason: the NOC reboots }}\n"
        );
        std::fs::write(folder.join(format!("channels/{name}.yaml")), rules).unwrap();
    }
}

/// A workspace with everybody and every channel of the matrix, and the folder that calls are made in.
struct Desk {
    workspace: Workspace,
    folder: tempfile::TempDir,
    _tasks: JoinSet<()>,
}

impl Desk {
    async fn new() -> Self {
        let _installed_before = rustls::crypto::ring::default_provider().install_default();
        let mut tasks = JoinSet::new();
        // Forty calls within seconds are more than the workspace would answer.
        let settings = WorkspaceSettings { rate_limits: false, ..WorkspaceSettings::demo() };
        let workspace = Workspace::start(settings, Arc::new(SystemClock), &mut tasks).await.unwrap();
        let address = Workspace::serve(workspace.control_router(), 0, &mut tasks).await.unwrap();
        let http = reqwest::Client::new();
        for (what, body) in [
            ("people", json!({ "name": "eve", "id": "U0EVE", "groups": ["noc"], "deactivated": true })),
            ("channels", json!({ "name": "private", "id": "C0PRIVATE", "private": true })),
            ("channels", json!({ "name": "norules", "id": "C0NORULES" })),
            ("channels", json!({ "name": "nobot", "id": "C0NOBOT", "bot": false })),
        ] {
            let sent = http.post(format!("http://{address}/sandbox/{what}")).json(&body).send().await.unwrap();
            assert!(sent.status().is_success(), "{what} {body}");
        }
        let folder = tempfile::tempdir().unwrap();
        policies(&folder.path().join("policies"));
        Self { workspace, folder, _tasks: tasks }
    }

    /// One call, with the workspace's tokens in its environment.
    async fn call(&self, arguments: &[&str]) -> Output {
        let folder = self.folder.path();
        let mut program = tokio::process::Command::new(env!("CARGO_BIN_EXE_wrasse"));
        program.args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).env_clear();
        program.env("WRASSE_INVENTORY", inventory_in(folder)).env("WRASSE_POLICIES", folder.join("policies"));
        program.env("WRASSE_DATABASE", folder.join("none.db")).env("SLACK_API_BASE", &self.workspace.api_base);
        program.env("SLACK_APP_TOKEN", &self.workspace.app_token).env("SLACK_BOT_TOKEN", &self.workspace.bot_token);
        program.output().await.unwrap()
    }

    /// What that person may do there, by the word that an answer in the chat would be recorded with; and how the call ended.
    async fn cell(&self, person: &str, place: &str) -> String {
        let direct = format!("D0{}", person.trim_start_matches("U0"));
        let place = if place == "direct" { direct.as_str() } else { place };
        let told =
            self.call(&["can-i", "--as", person, "--in", place, "--json", "reboot edge-lax-001 because matrix"]).await;
        let Ok(answer) = serde_json::from_str::<Value>(&out(&told)) else {
            assert_eq!(told.status.code(), Some(1), "{person} {place}: {}", complaint(&told));
            return match complaint(&told) {
                told if told.contains("the bot is not in #") => "bot-not-here".to_owned(),
                told if told.contains("U0NOBODY is not known") => "not-known".to_owned(),
                told => told,
            };
        };
        let verdict = answer["verdict"].as_str().unwrap();
        assert_eq!(answer["allowed"], verdict == "allowed", "{person} {place}");
        assert_eq!(told.status.code(), Some(if verdict == "allowed" { 0 } else { 3 }), "{person} {place}");
        verdict.to_owned()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_may_where_by_a_shell() {
    let desk = Desk::new().await;
    let mut table = vec![format!("{:13}{}", "", PLACES.map(|(name, _)| name).join(" | "))];
    for (kind, person) in KINDS {
        let mut row = Vec::new();
        for (_, place) in PLACES {
            row.push(desk.cell(person, place).await);
        }
        table.push(format!("{kind:12} {}", row.join(" | ")));
    }
    insta::assert_snapshot!(table.join("\n"), @"
                 Public | Private | Shared | Direct | NoRules | NoBot
    Member       allowed | allowed | ceiling | ceiling | no-policy | bot-not-here
    Approver     nothing-allowed | nothing-allowed | ceiling | ceiling | no-policy | bot-not-here
    Guest        standing | standing | standing | standing | standing | bot-not-here
    Stranger     standing | standing | standing | standing | standing | bot-not-here
    Deactivated  standing | standing | standing | standing | standing | bot-not-here
    Bot          standing | standing | standing | bot-not-here | standing | bot-not-here
    Nobody       not-known | not-known | not-known | not-known | not-known | not-known
    ");
    assert!(!desk.folder.path().join("none.db").exists(), "a question leaves nothing behind");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shell_starts_nothing_in_anybodys_name() {
    let desk = Desk::new().await;
    let may = desk.call(&["plan", "--as", "U0ANA", "--in", "noc", "reboot edge-lax-001 because matrix"]).await;
    assert_eq!(may.status.code(), Some(0), "{}", complaint(&may));
    let not = desk.call(&["plan", "--as", "U0BOB", "--in", "noc", "reboot edge-lax-001 because matrix"]).await;
    assert!(out(&not).contains("would be refused: reboot is not allowed in #noc"), "{}", out(&not));
    assert!(!desk.folder.path().join("none.db").exists(), "a look before leaves nothing behind");
    // There is no verb that carries work out, and what carries out something takes no name.
    for words in [
        ["reboot", "edge-lax-001", "because matrix"].as_slice(),
        &["serve", "reboot edge-lax-001"],
        &["freeze", "--as", "U0BOB", "site=lax for 2h because matrix"],
        &["hold", "--as", "U0BOB", "edge-lax-001 because matrix"],
        &["stop-everything", "--as", "U0BOB"],
        &["close-breaker", "--as", "U0BOB", "reboot", "because matrix"],
    ] {
        let told = desk.call(words).await;
        assert_eq!(told.status.code(), Some(2), "{words:?}: {} {}", out(&told), complaint(&told));
        assert!(
            complaint(&told).contains("unexpected argument") || complaint(&told).contains("unrecognized subcommand")
        );
    }
    assert!(!desk.folder.path().join("none.db").exists());
}
