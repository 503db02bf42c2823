//! `wrasse schema`: the JSON Schema of command files, for editors.

use super::output;

pub(super) fn run() -> anyhow::Result<()> {
    output::say(&serde_json::to_string_pretty(&crate::catalog::schema())?);
    Ok(())
}
