//! The settings: the example file lists them all, every fault is told together, and no secret is ever printed.

use std::collections::BTreeMap;
use wrasse::settings::{Settings, VARIABLES};

fn given(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// `.env.example`, as (variable, the comment above it, value).
fn example() -> Vec<(String, String, String)> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(".env.example");
    let text = std::fs::read_to_string(path).expect("the example is part of the project");
    let mut comment = String::new();
    let mut found = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty()) {
        match line.strip_prefix("# ") {
            Some(words) => comment = words.to_owned(),
            None => {
                let (name, value) = line.split_once('=').unwrap_or_else(|| panic!("no setting: {line}"));
                found.push((name.to_owned(), std::mem::take(&mut comment), value.to_owned()));
            }
        }
    }
    found
}

#[test]
fn the_example_lists_every_variable_and_what_it_is_for() {
    let listed: Vec<(String, String)> = example().into_iter().map(|(name, meaning, _)| (name, meaning)).collect();
    let known = VARIABLES.map(|(name, meaning)| (name.to_owned(), meaning.to_owned()));
    assert_eq!(listed, known);
}

/// Whoever copies the example and puts in two tokens gets what they would get without the rest of it.
#[test]
fn the_example_shows_the_usual_values() {
    let all: BTreeMap<String, String> = example().into_iter().map(|(name, _, value)| (name, value)).collect();
    let tokens = all.iter().filter(|(name, _)| name.starts_with("SLACK_") && name.ends_with("_TOKEN"));
    let tokens: BTreeMap<String, String> = tokens.map(|(name, value)| (name.clone(), value.clone())).collect();
    assert_eq!(tokens.len(), 2);
    let of = |variables| format!("{:?}", Settings::from_variables(variables).expect("two tokens are enough"));
    assert_eq!(of(&all), of(&tokens));
}

#[test]
fn every_fault_is_told_together() {
    let variables =
        given(&[("SLACK_APP_TOKEN", "  "), ("SLACK_BOT_TOKEN_FILE", "no/such/file"), ("WRASSE_SOCKETS", "many")]);
    let faults = Settings::from_variables(&variables).expect_err("three settings are wrong");
    insta::assert_snapshot!(faults, @"
    the environment is not complete (see .env.example):
      SLACK_APP_TOKEN is not set. The app-level token, xapp-…, with connections:write; or SLACK_APP_TOKEN_FILE names a file with it.
      SLACK_BOT_TOKEN_FILE names no/such/file, which cannot be read: No such file or directory (os error 2)
      WRASSE_SOCKETS is `many`; it takes a number from 1 to 10
    ");
}

#[test]
fn alerts_go_to_an_address_and_a_token_alone_is_harmless() {
    let with = |pairs: &[(&str, &str)]| {
        let tokens = [("SLACK_APP_TOKEN", "xapp-1"), ("SLACK_BOT_TOKEN", "xoxb-1")];
        Settings::from_variables(&given(&[&tokens, pairs].concat()))
    };
    assert!(with(&[("WRASSE_ALERTMANAGER_TOKEN", "very-secret")]).unwrap().alertmanager.is_none());
    let both =
        [("WRASSE_ALERTMANAGER_TOKEN", "very-secret"), ("WRASSE_ALERTMANAGER_URL", " http://alertmanager:9093 ")];
    let settings = with(&both).unwrap();
    assert!(!format!("{settings:?}").contains("very-secret"));
    assert_eq!(settings.alertmanager.unwrap().url, "http://alertmanager:9093");
    insta::assert_snapshot!(with(&[("WRASSE_ALERTMANAGER_URL", "alertmanager:9093")]).unwrap_err(), @"
    the environment is not complete (see .env.example):
      WRASSE_ALERTMANAGER_URL is `alertmanager:9093`; it takes an address that begins with http:// or https://, such as http://alertmanager:9093
    ");
}

#[test]
fn owners_are_called_after_a_time_or_never() {
    let with = |value: &str| {
        let tokens =
            [("SLACK_APP_TOKEN", "xapp-1"), ("SLACK_BOT_TOKEN", "xoxb-1"), ("WRASSE_CALL_OWNERS_AFTER", value)];
        Settings::from_variables(&given(&tokens))
            .map(|settings| settings.owners_called_after.map(|after| after.as_secs()))
    };
    assert_eq!(with(""), Ok(Some(900)));
    assert_eq!(with("1h"), Ok(Some(3600)));
    assert_eq!(with("never"), Ok(None));
    insta::assert_snapshot!(with("soon").unwrap_err(), @"
    the environment is not complete (see .env.example):
      WRASSE_CALL_OWNERS_AFTER is `soon`; it takes a time such as 15m or 1h, or never
    ");
}

#[test]
fn requesters_are_told_after_a_time_or_never() {
    let with = |value: &str| {
        let tokens =
            [("SLACK_APP_TOKEN", "xapp-1"), ("SLACK_BOT_TOKEN", "xoxb-1"), ("WRASSE_TELL_REQUESTER_AFTER", value)];
        Settings::from_variables(&given(&tokens))
            .map(|settings| settings.requester_told_after.map(|after| after.as_secs()))
    };
    assert_eq!(with(""), Ok(Some(10)));
    assert_eq!(with("5m"), Ok(Some(300)));
    assert_eq!(with("never"), Ok(None));
    insta::assert_snapshot!(with("soon").unwrap_err(), @"
    the environment is not complete (see .env.example):
      WRASSE_TELL_REQUESTER_AFTER is `soon`; it takes a time such as 10s or 5m, or never
    ");
}

#[test]
fn one_socket_too_many_is_a_fault() {
    for (sockets, is_fine) in [("0", false), ("1", true), ("10", true), ("11", false), ("-1", false)] {
        let tokens = [("SLACK_APP_TOKEN", "xapp-1"), ("SLACK_BOT_TOKEN", "xoxb-1"), ("WRASSE_SOCKETS", sockets)];
        assert_eq!(Settings::from_variables(&given(&tokens)).is_ok(), is_fine, "{sockets}");
    }
}

#[test]
fn a_secret_comes_from_its_file_without_the_last_line_break() {
    use secrecy::ExposeSecret;
    let folder = tempfile::tempdir().expect("a folder can be made");
    let file = folder.path().join("bot-token");
    std::fs::write(&file, "xoxb-from-a-file\n").expect("a file can be written");
    let file = file.to_string_lossy().into_owned();
    let variables = given(&[("SLACK_APP_TOKEN", "xapp-1"), ("SLACK_BOT_TOKEN_FILE", &file)]);
    let settings = Settings::from_variables(&variables).expect("both tokens are there");
    assert_eq!(settings.bot_token.expose_secret(), "xoxb-from-a-file");
}

#[test]
fn no_secret_is_ever_printed() {
    let secrets = [("SLACK_APP_TOKEN", "xapp-very-secret"), ("SLACK_BOT_TOKEN", "xoxb-very-secret")];
    let settings = Settings::from_variables(&given(&secrets)).expect("both tokens are there");
    assert!(!format!("{settings:?} {settings:#?}").contains("very-secret"));
    let with_fault = [secrets[0], secrets[1], ("WRASSE_SOCKETS", "0")];
    let faults = Settings::from_variables(&given(&with_fault)).expect_err("no socket is too few");
    assert!(!format!("{faults} {faults:?}").contains("very-secret"));
}
