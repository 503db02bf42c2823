//! Settings that a parameter may stand for: `timeout: 10m`, or `timeout: "{patience}"`.

use super::command::is_name;
use super::fault::Source;
use super::fields::{Faults, Fields, duration, number};
use super::keys::Key;
use crate::domain::command::{Input, Sent};
use crate::domain::intent::ParameterName;
use crate::yaml::{Content, Node};
use std::ops::Range;
use std::time::Duration;

/// What a step says of other parts of its command; checked once all of them are in place.
#[derive(Clone, Debug)]
pub(super) struct Mention {
    pub(super) what: Mentioned,
    pub(super) span: Range<usize>,
}

/// What is mentioned.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Mentioned {
    /// A parameter that stands for the length of time behind this key.
    Duration { key: &'static str, parameter: ParameterName },
    /// A parameter that stands for the number behind this key, which lies within these bounds.
    Count { key: &'static str, parameter: ParameterName, least: u64, most: u64 },
    /// What is sent.
    Sent(Sent),
}

/// What is collected while the steps of a file are read.
pub(super) struct Reading<'f> {
    pub(super) faults: &'f mut Faults,
    pub(super) mentions: Vec<Mention>,
}

/// What stands where a parameter may.
pub(super) enum Written {
    Parameter(ParameterName),
    /// Something else, to be read as what it is.
    Value,
    /// Meant as a parameter, and told already.
    Faulty,
}

/// Tells `"{name}"` from a value.
pub(super) fn written(node: &Node, key: &Key, source: &Source, faults: &mut Faults) -> Written {
    if let Content::Map(entries) = &node.content {
        // Without quotes, braces are keys with values to YAML.
        if let [(name, Node { content: Content::Empty, .. })] = entries.as_slice()
            && let Some(name) = name.word()
        {
            let instead = format!("write `{}: \"{{{name}}}\"`", key.name);
            faults.push(source.fault(node.span.clone(), "a parameter in braces needs quotes around it", instead));
            return Written::Faulty;
        }
        return Written::Value;
    }
    let Some(inside) = node.word().and_then(|word| word.strip_prefix('{')) else { return Written::Value };
    match inside.strip_suffix('}').filter(|name| is_name(name)) {
        Some(name) => Written::Parameter(ParameterName::new(name)),
        None => {
            let what = "this is no parameter's name in braces";
            faults.push(source.fault(node.span.clone(), what, format!("write `{}: \"{{name}}\"`", key.name)));
            Written::Faulty
        }
    }
}

impl Reading<'_> {
    /// A length of time, or the parameter that stands for it.
    pub(super) fn duration(&mut self, key: &'static Key, fields: &mut Fields<'_>) -> Option<Input<Duration>> {
        let node = fields.take(key, self.faults)?;
        match written(node, key, fields.source(), self.faults) {
            Written::Parameter(parameter) => {
                let what = Mentioned::Duration { key: key.name, parameter: parameter.clone() };
                self.mentions.push(Mention { what, span: node.span.clone() });
                Some(Input::Parameter(parameter))
            }
            Written::Value => duration(node, key, fields.source(), self.faults).map(Input::Literal),
            Written::Faulty => None,
        }
    }

    /// A number, or the parameter that stands for it.
    pub(super) fn count(&mut self, key: &'static Key, fields: &mut Fields<'_>) -> Option<Input<u64>> {
        let node = fields.take(key, self.faults)?;
        match written(node, key, fields.source(), self.faults) {
            Written::Parameter(parameter) => {
                let (least, most) = key.shape.bounds();
                let what = Mentioned::Count { key: key.name, parameter: parameter.clone(), least, most };
                self.mentions.push(Mention { what, span: node.span.clone() });
                Some(Input::Parameter(parameter))
            }
            Written::Value => number(node, key, fields.source(), self.faults).map(Input::Literal),
            Written::Faulty => None,
        }
    }
}
