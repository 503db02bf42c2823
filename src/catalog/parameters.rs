//! The parameters that a command declares.

use super::command::is_name;
use super::fault::Source;
use super::fields::{Faults, Fields, list, one_of, word};
use super::node::Node;
use crate::domain::command::{Need, ParameterSpec, ValueKind};
use crate::domain::intent::{ParameterName, Value};
use crate::domain::time::duration_of;

/// Reads `parameters: { name: { type: …, … } }`.
pub(super) fn read(node: &Node, source: &Source, faults: &mut Faults) -> Vec<ParameterSpec> {
    let Some(mut fields) = Fields::of(node, node.span.clone(), source, faults) else { return Vec::new() };
    let mut parameters: Vec<ParameterSpec> = Vec::new();
    for (name, span, value) in fields.rest() {
        if !is_name(name) {
            let what = format!("`{name}` is not a parameter's name");
            faults.push(source.fault(span, what, "use lower-case letters, digits and dashes, a letter first"));
            continue;
        }
        let Some(own) = Fields::of(value, span.clone(), source, faults) else { continue };
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

fn parameter(name: &str, mut fields: Fields<'_>, faults: &mut Faults) -> Option<ParameterSpec> {
    let source = fields.source();
    let kind = fields.need("type", faults).and_then(|node| one_of(node, &KINDS, source, faults));
    let kind = match kind {
        Some(kind) => value_kind(kind, &mut fields, faults),
        None => {
            fields.rest();
            None
        }
    };
    let is_required = fields.flag("required", faults);
    let default_node = fields.take("default");
    let asked_node = fields.take("asked-as");
    let asked = asked_node.map(|node| one_of(node, &[("because", ())], source, faults));
    if let (Some(node), true) = (default_node, is_required) {
        let what = "a parameter with a default is never missing";
        faults.push(source.fault(node.span.clone(), what, "leave out `required` or `default`"));
    }
    if let (Some(node), Some(kind)) = (asked_node, &kind)
        && *kind != ValueKind::Text
    {
        faults.push(source.fault(node.span.clone(), "what follows because is text", "write `type: text`"));
    }
    let default = match (default_node, &kind) {
        (Some(node), Some(kind)) => value(node, kind, source, faults),
        _ => None,
    };
    fields.end(faults);
    Some(ParameterSpec {
        name: ParameterName::new(name),
        kind: kind?,
        default,
        need: if is_required { Need::Required } else { Need::Optional },
        asked_as_because: asked.is_some(),
    })
}

/// The type with the keys that only it has.
fn value_kind(kind: Kind, fields: &mut Fields<'_>, faults: &mut Faults) -> Option<ValueKind> {
    let source = fields.source();
    match kind {
        Kind::Text => Some(ValueKind::Text),
        Kind::Duration => Some(ValueKind::Duration),
        Kind::Boolean => Some(ValueKind::Boolean),
        Kind::Time => Some(ValueKind::Time),
        Kind::Server => Some(ValueKind::Server),
        Kind::Selector => Some(ValueKind::Selector),
        Kind::User => Some(ValueKind::User),
        Kind::Channel => Some(ValueKind::Channel),
        Kind::Version => Some(ValueKind::Version),
        Kind::Url => Some(ValueKind::Url),
        Kind::Percentage => {
            fields.need("of", faults).and_then(|node| one_of(node, &[("request", ())], source, faults))?;
            Some(ValueKind::Percentage)
        }
        Kind::Integer => {
            let (min_node, max_node) = (fields.need("min", faults), fields.need("max", faults));
            let min = min_node.and_then(|node| integer(node, source, faults))?;
            let max = max_node.and_then(|node| integer(node, source, faults))?;
            if max < min {
                let span = max_node.map_or_else(|| fields.span(), |node| node.span.clone());
                faults.push(source.fault(span, "`max` lies below `min`", format!("write a number from {min} up")));
            }
            Some(ValueKind::Integer { min, max })
        }
        Kind::Choice => {
            let items = fields.need("one-of", faults).map_or(&[][..], |node| list(node, source, faults));
            Some(ValueKind::Choice(
                items.iter().filter_map(|item| word(item, source, faults)).map(str::to_owned).collect(),
            ))
        }
    }
}

fn integer(node: &Node, source: &Source, faults: &mut Faults) -> Option<i64> {
    let number = word(node, source, faults)?.parse().ok();
    if number.is_none() {
        faults.push(source.fault(node.span.clone(), "a whole number belongs here", "write digits"));
    }
    number
}

fn value(node: &Node, kind: &ValueKind, source: &Source, faults: &mut Faults) -> Option<Value> {
    let written = word(node, source, faults)?;
    let value = match kind {
        ValueKind::Text => Some(Value::Text(written.to_owned())),
        ValueKind::Integer { min, max } => {
            written.parse().ok().filter(|number| (*min..=*max).contains(number)).map(Value::Integer)
        }
        ValueKind::Percentage => written
            .strip_suffix('%')
            .and_then(|digits| digits.parse().ok())
            .filter(|percent| (1..=100).contains(percent))
            .map(Value::Percentage),
        ValueKind::Duration => duration_of(written).map(Value::Duration),
        ValueKind::Choice(words) => words.iter().any(|word| word == written).then(|| Value::Choice(written.to_owned())),
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
    if value.is_none() {
        let instead = match kind {
            ValueKind::Text => "write text".to_owned(),
            ValueKind::Integer { min, max } => format!("write a whole number from {min} to {max}"),
            ValueKind::Percentage => "write 1% to 100%".to_owned(),
            ValueKind::Duration => "write 90s, 5m or 2h".to_owned(),
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
