//! The page in a real browser, at 1,280 and 390 pixels, against the demo with its real bot.

use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

#[tokio::test]
async fn the_page_works_in_a_real_browser_wide_and_on_a_phone() {
    let mut demo = Command::new(env!("CARGO_BIN_EXE_wrasse"));
    demo.arg("demo").stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
    let mut demo = demo.spawn().unwrap();
    let mut lines = BufReader::new(demo.stdout.take().unwrap()).lines();
    let first = lines.next_line().await.unwrap().expect("the demo prints its address");
    let page = first.split_whitespace().find(|word| word.starts_with("http://")).expect("an address").to_owned();
    let mut browser = Command::new("node");
    browser.arg(format!("{ROOT}/tests/browser/page.test.mjs")).arg(format!("{ROOT}/target/page-pictures"));
    let output =
        browser.env("WRASSE_PAGE", &page).kill_on_drop(true).output().await.expect("node runs: tests/browser/install");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("every scene passed"), "{said}");
    let id = demo.id().expect("the demo still runs");
    // Asked to end, it ends its bot too.
    assert!(Command::new("kill").arg("-TERM").arg(id.to_string()).status().await.unwrap().success());
    assert!(demo.wait().await.unwrap().success());
}
