//! `wrasse demo --tour`.

use std::path::Path;

pub(super) async fn run(port: u16, files: Option<&Path>, scenes: &[u8]) -> anyhow::Result<()> {
    let _ = (port, files, scenes);
    anyhow::bail!("not yet")
}
