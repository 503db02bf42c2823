//! Values of parameters, by what the command file says they are.

use super::Vocabulary;
use super::clock::{WrittenZone, read_time};
use super::line::Cursor;
use super::mentions::as_seen;
use super::zone::{moment_of, name_of, named};
use crate::domain::command::{ParameterSpec, ValueKind};
use crate::domain::identity::UserId;
use crate::domain::intent::{Named, Value};
use crate::domain::place::ChannelId;
use crate::domain::server::ServerName;
use crate::domain::time::duration_of;
use crate::fleet::{nearest, parse_whole_selector, print};

/// The value, or the right word if one is near.
pub(super) fn read(spec: &ParameterSpec, text: &str, vocabulary: &Vocabulary) -> Result<Value, Option<String>> {
    unbounded(spec, text, vocabulary).and_then(|value| if spec.kind.admits(&value) { Ok(value) } else { Err(None) })
}

/// A value of the right kind, whatever its size.
fn unbounded(spec: &ParameterSpec, text: &str, vocabulary: &Vocabulary) -> Result<Value, Option<String>> {
    match &spec.kind {
        ValueKind::Text { .. } => {
            // `--note …` copied from an answer says nothing yet.
            let says_something = text.chars().any(char::is_alphanumeric);
            if says_something { Ok(Value::Text(as_seen(text))) } else { Err(None) }
        }
        ValueKind::Integer { .. } => text.parse().map(Value::Integer).map_err(|_| None),
        ValueKind::Percentage { .. } => percentage(text).map(Value::Percentage).ok_or(None),
        ValueKind::Duration { .. } => duration_of(text).map(Value::Duration).ok_or(None),
        ValueKind::Choice(words) => match words.iter().find(|word| word.eq_ignore_ascii_case(text)) {
            Some(word) => Ok(Value::Choice(word.clone())),
            None => Err(nearest(text, words.iter().map(String::as_str)).map(str::to_owned)),
        },
        ValueKind::Boolean => boolean(text).map(Value::Boolean).ok_or_else(|| near_boolean(text)),
        ValueKind::Time => time(text, vocabulary),
        ValueKind::Server => server(text).map(Value::Server).ok_or(None),
        ValueKind::Selector => selector(text).map(Value::Selector),
        ValueKind::User => user(text).map(Value::User).ok_or(None),
        ValueKind::Channel => channel(text).map(Value::Channel).ok_or(None),
        ValueKind::Version => version(text).map(Value::Version).ok_or(None),
        ValueKind::Url => url(text).map(Value::Url).ok_or_else(|| secure(text)),
    }
}

/// `10%` or `10`, from 1 to 100.
fn percentage(text: &str) -> Option<u8> {
    let digits = text.strip_suffix('%').unwrap_or(text);
    let is_plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse::<u8>().ok().filter(|percent| is_plain && (1..=100).contains(percent))
}

fn boolean(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "yes" | "true" | "on" => Some(true),
        "no" | "false" | "off" => Some(false),
        _ => None,
    }
}

fn near_boolean(text: &str) -> Option<String> {
    nearest(text, ["yes", "no", "true", "false", "on", "off"]).map(str::to_owned)
}

/// A time with its zone, however far away.
fn time(text: &str, vocabulary: &Vocabulary) -> Result<Value, Option<String>> {
    let cursor = Cursor { line: text };
    let (written, end) = read_time(&cursor, 0).map_err(|told| told.corrected)?;
    if end < text.len() {
        return Err(None);
    }
    let zone = match written.zone {
        WrittenZone::Named(word) => named(word).map(name_of),
        WrittenZone::Own => vocabulary.zone.clone(),
        WrittenZone::Site => None,
    };
    let Some(zone) = zone else { return Err(Some(format!("\"{text} UTC\""))) };
    moment_of(written.wall, &zone, vocabulary.now).map(Value::Time).map_err(|_| None)
}

fn server(text: &str) -> Option<ServerName> {
    let lower = text.to_ascii_lowercase();
    let fits = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || matches!(letter, '-' | '.');
    let is_name = lower.starts_with(|letter: char| letter.is_ascii_alphanumeric()) && lower.chars().all(fits);
    is_name.then(|| ServerName::new(lower))
}

/// The selector as it is printed.
fn selector(text: &str) -> Result<String, Option<String>> {
    parse_whole_selector(text).map(|selector| print(&selector.value)).map_err(|told| told.corrected)
}

/// `<@U123>`, `<@U123|ana>` or `@ana`.
fn user(text: &str) -> Option<Named<UserId>> {
    let named = mentioned(text, '@', ['U', 'W']).map(|id| Named::Id(UserId::new(id)));
    named.or_else(|| name_after(text, '@').map(Named::Name))
}

/// `<#C123>`, `<#C123|noc>` or `#noc`.
fn channel(text: &str) -> Option<Named<ChannelId>> {
    let named = mentioned(text, '#', ['C', 'G']).map(|id| Named::Id(ChannelId::new(id)));
    named.or_else(|| name_after(text, '#').map(Named::Name))
}

/// The id in a mention, which begins with one of these letters.
fn mentioned(text: &str, sign: char, begins: [char; 2]) -> Option<&str> {
    let inside = text.strip_prefix('<')?.strip_suffix('>')?.strip_prefix(sign)?;
    let id = inside.split_once('|').map_or(inside, |(id, _)| id);
    let fits = |letter: char| letter.is_ascii_uppercase() || letter.is_ascii_digit();
    (id.len() > 1 && id.starts_with(begins) && id.chars().all(fits)).then_some(id)
}

fn name_after(text: &str, sign: char) -> Option<String> {
    const NAME_LENGTH_MAX_CHARS: usize = 80;
    let name = text.strip_prefix(sign)?;
    let fits = |letter: char| letter.is_alphanumeric() || matches!(letter, '-' | '_' | '.');
    let is_name = !name.is_empty() && name.chars().count() <= NAME_LENGTH_MAX_CHARS && name.chars().all(fits);
    is_name.then(|| name.to_lowercase())
}

/// `1.2.3`, `v1.2.3-rc.1+build5`: three numbers, perhaps a `v` before and a suffix behind; kept as written.
fn version(text: &str) -> Option<String> {
    let plain = text.strip_prefix(['v', 'V']).unwrap_or(text);
    let (numbers, suffix) = plain.split_at(plain.find(['-', '+']).unwrap_or(plain.len()));
    let is_number = |part: &str| {
        let is_padded = part.len() > 1 && part.starts_with('0');
        !is_padded && (1..=9).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    let parts: Vec<&str> = numbers.split('.').collect();
    let fits = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '+' | '.');
    let is_suffix = suffix.is_empty() || (suffix.len() > 1 && suffix.len() <= 64 && suffix.chars().all(fits));
    (parts.len() == 3 && parts.into_iter().all(is_number) && is_suffix).then(|| text.to_owned())
}

/// An `https` address with a host and without a name or password in it.
fn url(text: &str) -> Option<String> {
    let rest = text.strip_prefix("https://")?;
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let (name, port) = host.split_once(':').unwrap_or((host, "443"));
    let fits = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '.');
    let is_host = name.starts_with(|letter: char| letter.is_ascii_alphanumeric()) && name.chars().all(fits);
    let is_plain =
        text.chars().all(|letter| letter.is_ascii_graphic() && !matches!(letter, '"' | '<' | '>' | '\\' | '`'));
    (is_host && port.parse::<u16>().is_ok_and(|port| port > 0) && is_plain).then(|| text.to_owned())
}

/// The same address over `https`, if it is one.
fn secure(text: &str) -> Option<String> {
    url(&format!("https://{}", text.strip_prefix("http://")?))
}
