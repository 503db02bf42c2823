//! The tour can fail: each scene is broken through the demo's own files, and the tour ends with a status that says so.
//!
//! The whole tour itself is played by `tests/run`, alone on the machine, because it measures real time.

use std::path::Path;
use std::process::Stdio;
use tempfile::TempDir;
use tokio::process::Command;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn shipped(name: &str) -> String {
    std::fs::read_to_string(Path::new(ROOT).join(name)).unwrap()
}

fn write(folder: &TempDir, name: &str, text: &str) {
    let path = folder.path().join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn changed(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "there is no `{from}` to change");
    text.replace(from, to)
}

/// Plays one scene with those files in place of the demo's own: it must begin, and must not hold.
async fn breaks(scene: u8, folder: TempDir) {
    let mut tour = Command::new(env!("CARGO_BIN_EXE_wrasse"));
    tour.args(["demo", "--tour", "--scene", &scene.to_string(), "--files"]).arg(folder.path());
    let output = tour.stdin(Stdio::null()).kill_on_drop(true).output().await.unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains(&format!("\n{scene} · ")), "the scene did not begin:\n{said}\n{complained}");
    assert!(said.contains("  ✗ "), "the scene held in spite of being broken:\n{said}");
    assert_eq!(output.status.code(), Some(1), "{said}\n{complained}");
}

fn demo_reboot() -> String {
    shipped("src/cli/demo/files/commands/reboot.yaml")
}

/// A `reboot` that only drains and returns: nothing is ever restarted.
fn reboot_that_restarts_nothing(folder: &TempDir) {
    let text = demo_reboot();
    let (head, rest) = text.split_once("steps:").unwrap();
    let (_, examples) = rest.split_once("examples:").unwrap();
    write(folder, "commands/reboot.yaml", &format!("{head}steps:\n  - drain\n  - restore-state\nexamples:{examples}"));
}

#[tokio::test]
async fn without_an_approval_rule_the_first_scene_fails() {
    let folder = TempDir::new().unwrap();
    let text = demo_reboot();
    let rule = text.lines().find(|line| line.starts_with("approvals:")).unwrap();
    write(&folder, "commands/reboot.yaml", &changed(&text, rule, ""));
    breaks(1, folder).await;
}

#[tokio::test]
async fn where_everybody_may_reboot_everywhere_the_refusal_fails() {
    let folder = TempDir::new().unwrap();
    let noc = shipped("policies/channels/noc.yaml");
    write(&folder, "policies/channels/web.yaml", &changed(&noc, "id: noc", "id: web"));
    breaks(2, folder).await;
}

#[tokio::test]
async fn where_reboot_is_no_command_the_misunderstanding_fails() {
    let folder = TempDir::new().unwrap();
    write(&folder, "commands/reboot.yaml", &changed(&demo_reboot(), "reboot", "restart"));
    // The step keeps its name; only the command is called something else.
    let renamed = std::fs::read_to_string(folder.path().join("commands/reboot.yaml")).unwrap();
    write(&folder, "commands/reboot.yaml", &changed(&renamed, "- restart:", "- reboot:"));
    let commands =
        [("noc.yaml", "[reboot,"), ("web.yaml", "commands: reboot"), ("incidents.cedar", "Action::\"reboot\"")];
    for (file, word) in commands {
        let name = format!("policies/channels/{file}");
        write(&folder, &name, &changed(&shipped(&name), word, &word.replace("reboot", "restart")));
    }
    breaks(3, folder).await;
}

#[tokio::test]
async fn where_nothing_restarts_no_server_stays_away_and_that_scene_fails() {
    let folder = TempDir::new().unwrap();
    reboot_that_restarts_nothing(&folder);
    breaks(4, folder).await;
}

#[tokio::test]
async fn where_nothing_restarts_there_is_nothing_to_kill_the_bot_over() {
    let folder = TempDir::new().unwrap();
    reboot_that_restarts_nothing(&folder);
    breaks(5, folder).await;
}

#[tokio::test]
async fn where_nothing_restarts_the_cancel_comes_too_early() {
    let folder = TempDir::new().unwrap();
    reboot_that_restarts_nothing(&folder);
    breaks(6, folder).await;
}

#[tokio::test]
async fn without_a_floor_nothing_waits_at_it() {
    let folder = TempDir::new().unwrap();
    let text = shipped("policies/admission.yaml");
    write(&folder, "policies/admission.yaml", &changed(&text, "out-max: 10%", "out-max: 100%"));
    breaks(7, folder).await;
}

#[tokio::test]
async fn where_the_status_page_is_elsewhere_its_scene_fails() {
    let folder = TempDir::new().unwrap();
    let text = shipped("src/cli/demo/files/commands/announce.yaml");
    write(&folder, "commands/announce.yaml", &changed(&text, "/sandbox/status-page", "/sandbox/nowhere"));
    breaks(8, folder).await;
}

#[tokio::test]
async fn where_no_traffic_is_too_much_a_surge_halts_nothing() {
    let folder = TempDir::new().unwrap();
    let text = shipped("src/cli/demo/files/policies/admission.yaml");
    let limits = "traffic:\n  load-max: 100%\n  relief: 1000%\n  surge: 1000%\n  rise: 1000%\n";
    let text = changed(&text, "traffic:\n", limits);
    write(&folder, "policies/admission.yaml", &text);
    breaks(9, folder).await;
}

#[tokio::test]
async fn where_no_failures_are_too_many_nothing_stops_a_site() {
    let folder = TempDir::new().unwrap();
    let text = shipped("src/cli/demo/files/policies/admission.yaml");
    let none = "failure-rate: { in-a-row: 1000, share: { failures: 40 }, cohort: { times: none } }\ntraffic:\n";
    write(&folder, "policies/admission.yaml", &changed(&text, "traffic:\n", none));
    breaks(10, folder).await;
}

#[tokio::test]
async fn a_scene_that_does_not_exist_is_said_so() {
    let mut tour = Command::new(env!("CARGO_BIN_EXE_wrasse"));
    let output = tour.args(["demo", "--tour", "--scene", "99"]).kill_on_drop(true).output().await.unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("there is no scene 99"));
}
