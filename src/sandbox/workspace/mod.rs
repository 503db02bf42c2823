//! A Slack-compatible workspace.
