//! `wrasse manifest`: what Slack is told when the app is made there, from the commands in use.
//!
//! Deliberately absent: calling Slack. A person pastes what is printed, so a person sees which scopes are asked for.

use super::output;
use crate::catalog::Catalog;
use crate::domain::command::Targets;
use serde_json::json;
use std::path::Path;

/// How the app and its bot are called.
const NAME: &str = "wrasse";
/// The one slash command; everything else is words behind it.
const SLASH_COMMAND: &str = "/fleet";
/// What happens in the workspace and is delivered: homes that are opened, mentions, and lines in direct messages.
const EVENTS: [&str; 3] = ["app_home_opened", "app_mention", "message.im"];
/// What the bot's token must permit, each with what it is for.
const SCOPES: [(&str, &str); 13] = [
    ("app_mentions:read", "lines that mention the bot"),
    ("channels:history", "finding a message again whose answer was lost, in public channels"),
    ("channels:read", "whether the bot is in a public channel, and who shares it"),
    ("chat:write", "cards, threads and private answers"),
    ("commands", "lines behind the slash command"),
    ("groups:history", "finding a message again, in private channels"),
    ("groups:read", "whether the bot is in a private channel"),
    ("im:history", "lines in direct messages"),
    ("im:read", "what a direct message is, before its line is read"),
    ("im:write", "telling whoever asked for a request in person that it needs them"),
    ("metadata.message:read", "the delivery key of a message that is looked for"),
    ("usergroups:read", "the groups that policies name"),
    ("users:read", "whether somebody is a member, a guest, a stranger or a bot"),
];

/// Prints the manifest for the command files of a folder.
pub(super) fn run(commands: &Path) -> anyhow::Result<()> {
    let catalog = crate::files::read_catalog(commands)?;
    output::say(&manifest(&catalog));
    Ok(())
}

/// The app manifest, as JSON that Slack takes.
#[must_use]
pub(super) fn manifest(commands: &Catalog) -> String {
    let scopes = SCOPES.map(|(scope, _)| scope);
    let whole = json!({
        "_metadata": { "major_version": 2, "minor_version": 1 },
        "display_information": {
            "name": NAME,
            "description": "Safe server work from chat",
        },
        "features": {
            "app_home": {
                "home_tab_enabled": true,
                "messages_tab_enabled": true,
                "messages_tab_read_only_enabled": false,
            },
            "bot_user": { "display_name": NAME, "always_online": false },
            "slash_commands": [{
                "command": SLASH_COMMAND,
                "description": description(commands),
                "usage_hint": usage_hint(commands),
                "should_escape": true,
            }],
        },
        "oauth_config": { "scopes": { "bot": scopes } },
        "settings": {
            "event_subscriptions": { "bot_events": EVENTS },
            "interactivity": { "is_enabled": true },
            "org_deploy_enabled": false,
            "socket_mode_enabled": true,
            "token_rotation_enabled": false,
        },
    });
    format!("{whole:#}")
}

/// The words that people may type first.
fn description(commands: &Catalog) -> String {
    let names = commands.commands().iter().map(|spec| spec.name.to_string());
    names.chain(["status", "cancel", "help"].map(str::to_owned)).collect::<Vec<_>>().join(", ")
}

/// The first example of the first command that works on servers, or else of the first there is.
fn usage_hint(commands: &Catalog) -> String {
    let all = commands.commands();
    let on_servers = all.iter().filter(|spec| matches!(spec.targets, Targets::Servers { .. }));
    on_servers.chain(all).find_map(|spec| spec.examples.first().cloned()).unwrap_or_else(|| "help".to_owned())
}

#[cfg(test)]
mod tests {
    use super::{SCOPES, manifest};
    use crate::catalog::{Catalog, load};

    fn shipped() -> Catalog {
        let files = [
            ("announce.yaml", include_str!("../../commands/announce.yaml")),
            ("drain.yaml", include_str!("../../commands/drain.yaml")),
            ("reboot.yaml", include_str!("../../commands/reboot.yaml")),
        ];
        let catalog = load(&files.map(|(name, text)| (name.to_owned(), text.to_owned())));
        catalog.unwrap_or_else(|faults| panic!("{faults}"))
    }

    #[test]
    fn the_manifest_asks_for_what_is_used() {
        insta::assert_snapshot!(manifest(&shipped()), @r#"
        {
          "_metadata": {
            "major_version": 2,
            "minor_version": 1
          },
          "display_information": {
            "name": "wrasse",
            "description": "Safe server work from chat"
          },
          "features": {
            "app_home": {
              "home_tab_enabled": true,
              "messages_tab_enabled": true,
              "messages_tab_read_only_enabled": false
            },
            "bot_user": {
              "display_name": "wrasse",
              "always_online": false
            },
            "slash_commands": [
              {
                "command": "/fleet",
                "description": "announce, drain, reboot, status, cancel, help",
                "usage_hint": "drain edge-lax-001 because fan noise",
                "should_escape": true
              }
            ]
          },
          "oauth_config": {
            "scopes": {
              "bot": [
                "app_mentions:read",
                "channels:history",
                "channels:read",
                "chat:write",
                "commands",
                "groups:history",
                "groups:read",
                "im:history",
                "im:read",
                "im:write",
                "metadata.message:read",
                "usergroups:read",
                "users:read"
              ]
            }
          },
          "settings": {
            "event_subscriptions": {
              "bot_events": [
                "app_home_opened",
                "app_mention",
                "message.im"
              ]
            },
            "interactivity": {
              "is_enabled": true
            },
            "org_deploy_enabled": false,
            "socket_mode_enabled": true,
            "token_rotation_enabled": false
          }
        }
        "#);
    }

    /// The bot refuses to start without some scopes; the manifest must ask for each of them.
    #[test]
    fn every_scope_that_the_bot_insists_on_is_asked_for() {
        let adapter = include_str!("../adapters/slack/credentials.rs");
        let line =
            adapter.lines().find(|line| line.starts_with("const SCOPES_NEEDED")).expect("the adapter lists them");
        let needed: Vec<&str> = line.split('"').skip(1).step_by(2).collect();
        assert!(needed.len() >= 5, "{line}");
        for scope in needed {
            assert!(SCOPES.iter().any(|(asked, _)| *asked == scope), "{scope}");
        }
    }
    #[test]
    fn the_readme_says_what_each_scope_is_for() {
        let readme = include_str!("../../README.md");
        let table = readme.split("| scope | what for |").nth(1).and_then(|rest| rest.split("\n\n").next());
        let rows = table.expect("it has a table of scopes").lines().filter(|line| line.contains("| `"));
        let cells = rows.filter_map(|row| row.split('|').nth(1));
        let mut told: Vec<&str> = cells.flat_map(|cell| cell.split('`').skip(1).step_by(2)).collect();
        told.sort_unstable();
        assert_eq!(told, SCOPES.map(|(scope, _)| scope));
    }
}
