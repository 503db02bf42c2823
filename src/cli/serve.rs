//! `wrasse serve`: the bot, with settings from the environment.

use crate::app;
use crate::settings::Settings;

pub(super) async fn run() -> anyhow::Result<()> {
    let settings = Settings::from_environment()?;
    app::serve(settings, super::asked_to_end()).await
}
