//! The parameters that a command declares.

use super::command::is_name;
use super::fault::Source;
use super::fields::{Faults, Fields, entries, word};
use super::keys::{self, Key, Mapping};
use crate::domain::command::{Need, ParameterSpec, TEXT_LENGTH_MAX_CHARS, ValueKind};
use crate::domain::intent::{Attribute, ParameterName, Value};
use crate::domain::time::{DURATION_MAX, DURATION_MIN, duration_of, exact};
use crate::yaml::Node;
use std::time::Duration;

/// Words of selectors, besides the attributes.
const SELECTOR_WORDS: [&str; 3] = ["name", "tag", "failed"];
/// Words of the line itself.
const LINE_WORDS: [&str; 3] = ["at", "in", "because"];

/// What no parameter may be called; a line must mean one thing.
pub(super) fn taken_names() -> Vec<&'static str> {
    Attribute::ALL.map(Attribute::word).into_iter().chain(SELECTOR_WORDS).chain(LINE_WORDS).collect()
}

/// Why a name would be read as something else.
fn taken(name: &str) -> Option<&'static str> {
    let is_taken = taken_names().contains(&name);
    let is_of_lines = LINE_WORDS.contains(&name);
    is_taken.then_some(if is_of_lines {
        "lines use that word themselves"
    } else {
        "selectors use that word for servers"
    })
}

/// Reads `parameters: { name: { type: …, … } }`.
pub(super) fn read(node: &Node, source: &Source, faults: &mut Faults) -> Vec<ParameterSpec> {
    let Some(declared) = entries(node, &node.span, source, faults) else { return Vec::new() };
    let mut parameters: Vec<ParameterSpec> = Vec::new();
    for (name, span, value) in declared {
        if !is_name(name) {
            let what = format!("`{name}` is not a parameter's name");
            faults.push(source.fault(span, what, "use lower-case letters, digits and dashes, a letter first"));
            continue;
        }
        if let Some(why) = taken(name) {
            let what = format!("a parameter cannot be called `{name}`: {why}");
            faults.push(source.fault(span, what, "give it another name"));
            continue;
        }
        let Some(own) = Fields::of(value, (&keys::PARAMETER, span.clone()), source, faults) else { continue };
        let Some(parameter) = parameter(name, own, faults) else { continue };
        if parameter.asked_as_because && parameters.iter().any(|other| other.asked_as_because) {
            faults.push(source.fault(span, "two parameters are asked as because", "let the other have a --name"));
        }
        parameters.push(parameter);
    }
    parameters
}

#[derive(Clone, Copy)]
enum Kind {
    Text,
    Integer,
    Percentage,
    Duration,
    Choice,
    Boolean,
    Time,
    Server,
    Selector,
    User,
    Channel,
    Version,
    Url,
}

const KINDS: [(&str, Kind); 13] = [
    ("text", Kind::Text),
    ("integer", Kind::Integer),
    ("percentage", Kind::Percentage),
    ("duration", Kind::Duration),
    ("choice", Kind::Choice),
    ("boolean", Kind::Boolean),
    ("time", Kind::Time),
    ("server", Kind::Server),
    ("selector", Kind::Selector),
    ("user", Kind::User),
    ("channel", Kind::Channel),
    ("version", Kind::Version),
    ("url", Kind::Url),
];
const ASKED_AS: [(&str, ()); 1] = [("because", ())];
const SHARES: [(&str, ()); 1] = [("request", ())];

/// The words of `type`.
pub(super) fn types() -> Vec<&'static str> {
    KINDS.iter().map(|(word, _)| *word).collect()
}

/// The words of `type` whose parameters have nothing but `required`.
pub(super) fn types_without_default() -> Vec<&'static str> {
    let others = KINDS.iter().filter(|(_, kind)| std::ptr::eq(keys_of(*kind), &keys::OTHER_PARAMETER));
    others.map(|(word, _)| *word).collect()
}

/// The words of `asked-as`.
pub(super) fn asked_as() -> Vec<&'static str> {
    ASKED_AS.iter().map(|(word, ())| *word).collect()
}

/// The words of `of`.
pub(super) fn shares() -> Vec<&'static str> {
    SHARES.iter().map(|(word, ())| *word).collect()
}

fn keys_of(kind: Kind) -> &'static Mapping {
    match kind {
        Kind::Text => &keys::TEXT_PARAMETER,
        Kind::Integer => &keys::INTEGER_PARAMETER,
        Kind::Percentage => &keys::PERCENTAGE_PARAMETER,
        Kind::Duration => &keys::DURATION_PARAMETER,
        Kind::Choice => &keys::CHOICE_PARAMETER,
        Kind::Boolean => &keys::BOOLEAN_PARAMETER,
        Kind::Time | Kind::Server | Kind::Selector | Kind::User | Kind::Channel | Kind::Version | Kind::Url => {
            &keys::OTHER_PARAMETER
        }
    }
}

fn parameter(name: &str, mut fields: Fields<'_>, faults: &mut Faults) -> Option<ParameterSpec> {
    let source = fields.source();
    let Some(kind) = fields.one_of(&keys::TYPE, &KINDS, faults) else {
        fields.forget();
        return None;
    };
    let mut fields = fields.narrowed(keys_of(kind));
    fields.refuse(&keys::ASKED_AS, "what follows because is text", "write `type: text`", faults);
    let instead = "leave `default` out: a parameter of this type has none";
    fields.refuse(&keys::DEFAULT, "what is meant by it is said anew in each line", instead, faults);
    let value_kind = value_kind(kind, &mut fields, faults);
    let is_required = fields.flag(&keys::REQUIRED, faults);
    let default_node = if fields.has(&keys::DEFAULT) { fields.take(&keys::DEFAULT, faults) } else { None };
    let is_asked_as = fields.has(&keys::ASKED_AS);
    let asked = if is_asked_as { fields.one_of(&keys::ASKED_AS, &ASKED_AS, faults) } else { None };
    if let (Some(node), true) = (default_node, is_required) {
        let what = "a parameter with a default is never missing";
        faults.push(source.fault(node.span.clone(), what, "leave out `required` or `default`"));
    }
    let default = match (default_node, &value_kind) {
        (Some(node), Some(kind)) => value(node, kind, source, faults),
        _ => None,
    };
    fields.end(faults);
    Some(ParameterSpec {
        name: ParameterName::new(name),
        kind: value_kind?,
        default,
        need: if is_required { Need::Required } else { Need::Optional },
        asked_as_because: asked.is_some(),
    })
}

/// The type with the keys that only it has.
fn value_kind(kind: Kind, fields: &mut Fields<'_>, faults: &mut Faults) -> Option<ValueKind> {
    let source = fields.source();
    match kind {
        Kind::Text => {
            let length = fields.number(&keys::LENGTH, faults);
            Some(ValueKind::Text { length_max: length.unwrap_or(TEXT_LENGTH_MAX_CHARS) })
        }
        Kind::Duration => {
            let (min, max) = bounds(
                fields,
                (&keys::DURATION_MIN, &keys::DURATION_MAX),
                (DURATION_MIN, DURATION_MAX),
                duration,
                faults,
            );
            Some(ValueKind::Duration { min, max })
        }
        Kind::Boolean => Some(ValueKind::Boolean),
        Kind::Time => Some(ValueKind::Time),
        Kind::Server => Some(ValueKind::Server),
        Kind::Selector => Some(ValueKind::Selector),
        Kind::User => Some(ValueKind::User),
        Kind::Channel => Some(ValueKind::Channel),
        Kind::Version => Some(ValueKind::Version),
        Kind::Url => Some(ValueKind::Url),
        Kind::Percentage => {
            fields.one_of(&keys::OF, &SHARES, faults)?;
            let (min, max) =
                bounds(fields, (&keys::PERCENTAGE_MIN, &keys::PERCENTAGE_MAX), (1, 100), percentage, faults);
            Some(ValueKind::Percentage { min, max })
        }
        Kind::Integer => {
            let is_whole = fields.has(&keys::INTEGER_MIN) && fields.has(&keys::INTEGER_MAX);
            let (min, max) =
                bounds(fields, (&keys::INTEGER_MIN, &keys::INTEGER_MAX), (i64::MIN, i64::MAX), integer, faults);
            is_whole.then_some(ValueKind::Integer { min, max })
        }
        Kind::Choice => {
            let items = fields.list(&keys::ONE_OF, faults);
            Some(ValueKind::Choice(
                items.iter().filter_map(|item| word(item, source, faults)).map(str::to_owned).collect(),
            ))
        }
    }
}

/// `min` and `max`, each as far as it goes where the file does not say.
fn bounds<T: Copy + PartialOrd>(
    fields: &mut Fields<'_>,
    (min_key, max_key): (&Key, &Key),
    (least, most): (T, T),
    read: fn(&Node, &Source, &mut Faults) -> Option<T>,
    faults: &mut Faults,
) -> (T, T) {
    let source = fields.source();
    let (min_node, max_node) = (fields.take(min_key, faults), fields.take(max_key, faults));
    let min = min_node.and_then(|node| read(node, source, faults)).unwrap_or(least);
    let max = max_node.and_then(|node| read(node, source, faults)).unwrap_or(most);
    if let (true, Some(node), Some(least)) = (max < min, max_node, min_node.and_then(Node::word)) {
        faults.push(source.fault(node.span.clone(), "`max` lies below `min`", format!("write {least} or more")));
    }
    (min, max)
}

fn integer(node: &Node, source: &Source, faults: &mut Faults) -> Option<i64> {
    let number = word(node, source, faults)?.parse().ok();
    if number.is_none() {
        faults.push(source.fault(node.span.clone(), "a whole number belongs here", "write digits"));
    }
    number
}

fn percentage(node: &Node, source: &Source, faults: &mut Faults) -> Option<u8> {
    let percent = percent_of(word(node, source, faults)?);
    if percent.is_none() {
        faults.push(source.fault(node.span.clone(), "a percentage belongs here", "write 1% to 100%"));
    }
    percent
}

fn percent_of(written: &str) -> Option<u8> {
    let percent = written.strip_suffix('%').and_then(|digits| digits.parse().ok());
    percent.filter(|percent| (1..=100).contains(percent))
}

fn duration(node: &Node, source: &Source, faults: &mut Faults) -> Option<Duration> {
    let length = duration_of(word(node, source, faults)?);
    if length.is_none() {
        faults.push(source.fault(node.span.clone(), "a length of time belongs here", "write 90s, 5m or 2h"));
    }
    length
}

fn value(node: &Node, kind: &ValueKind, source: &Source, faults: &mut Faults) -> Option<Value> {
    let written = word(node, source, faults)?;
    let value = match kind {
        ValueKind::Text { .. } => Some(Value::Text(written.to_owned())),
        ValueKind::Integer { .. } => written.parse().ok().map(Value::Integer),
        ValueKind::Percentage { .. } => percent_of(written).map(Value::Percentage),
        ValueKind::Duration { .. } => duration_of(written).map(Value::Duration),
        ValueKind::Choice(_) => Some(Value::Choice(written.to_owned())),
        ValueKind::Boolean => match written {
            "yes" | "true" => Some(Value::Boolean(true)),
            "no" | "false" => Some(Value::Boolean(false)),
            _ => None,
        },
        // What is meant by these stands in no file: it is said anew each time.
        ValueKind::Time
        | ValueKind::Server
        | ValueKind::Selector
        | ValueKind::User
        | ValueKind::Channel
        | ValueKind::Version
        | ValueKind::Url => None,
    };
    let value = value.filter(|value| kind.admits(value));
    if value.is_none() {
        let instead = match kind {
            ValueKind::Text { length_max } => format!("write at most {length_max} characters"),
            ValueKind::Integer { min, max } => format!("write a whole number from {min} to {max}"),
            ValueKind::Percentage { min, max } => format!("write {min}% to {max}%"),
            ValueKind::Duration { min, max } if (*min, *max) == (DURATION_MIN, DURATION_MAX) => {
                "write 90s, 5m or 2h".to_owned()
            }
            ValueKind::Duration { min, max } => format!("write {} to {}", exact(*min), exact(*max)),
            ValueKind::Choice(words) => format!("write one of {}", words.join(", ")),
            ValueKind::Boolean => "write yes or no".to_owned(),
            ValueKind::Time
            | ValueKind::Server
            | ValueKind::Selector
            | ValueKind::User
            | ValueKind::Channel
            | ValueKind::Version
            | ValueKind::Url => "leave `default` out: a parameter of this type has none".to_owned(),
        };
        faults.push(source.fault(node.span.clone(), format!("`{written}` is no value of this parameter"), instead));
    }
    value
}
