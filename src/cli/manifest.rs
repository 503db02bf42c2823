//! `wrasse manifest`.

use std::path::Path;

pub(super) fn run(commands: &Path) -> anyhow::Result<()> {
    anyhow::bail!("not yet {}", commands.display())
}
