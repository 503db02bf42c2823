//! What a line does not say yet: each with what it takes, and the whole line with the places to fill in.
//!
//! What stands in such a place is nothing that could be carried out: sent as it is, the line is asked about again.

use super::values;
use crate::conversation::help::placeholder;
use crate::domain::command::{ParameterSpec, ValueKind};
use crate::domain::misunderstanding::{Missing, MissingPart, Misunderstanding};

/// One thing that a line lacks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Gap {
    /// How it is written: `--wave`, `because`, or `servers`.
    pub name: String,
    /// What it takes, with its bounds.
    pub takes: String,
}

/// Everything that the line lacks, in its order.
#[must_use]
pub fn gaps(told: &Misunderstanding) -> Vec<Gap> {
    let gap_of = |name: &str, takes: &str| Gap { name: name.to_owned(), takes: takes.to_owned() };
    let gap = |missing: &Missing| match &missing.part {
        MissingPart::Servers => gap_of("servers", "names or attributes, such as edge-lax-[001-020] or site=lax"),
        MissingPart::Sites => gap_of("sites", "names, such as riga or riga,lax"),
        MissingPart::Parameter(spec) | MissingPart::Value(spec) => Gap { name: name(spec), takes: values(spec) },
    };
    told.missing.iter().map(gap).collect()
}

/// The whole line, with a word or `…` where something is missing; `None` if nothing is.
#[must_use]
pub fn to_fill_in(told: &Misunderstanding) -> Option<String> {
    if told.missing.is_empty() {
        return None;
    }
    let mut line = String::new();
    let mut put = |text: &str| {
        let is_apart = line.is_empty() || line.ends_with([' ', '=']) || text.is_empty() || text.starts_with(' ');
        line.push_str(if is_apart { "" } else { " " });
        line.push_str(text);
    };
    let mut place = 0;
    for Missing { at, part } in &told.missing {
        put(told.line.get(place..*at)?);
        place = *at;
        put(&match part {
            MissingPart::Servers => "SERVERS".to_owned(),
            MissingPart::Sites => "SITES".to_owned(),
            MissingPart::Parameter(spec) => format!("{} {}", name(spec), blank(spec)),
            MissingPart::Value(spec) => blank(spec),
        });
    }
    put(told.line.get(place..)?);
    Some(line)
}

fn name(spec: &ParameterSpec) -> String {
    if spec.asked_as_because { "because".to_owned() } else { format!("--{}", spec.name) }
}

/// Where any word would do, a word that says what to write there would be taken for it.
fn blank(spec: &ParameterSpec) -> String {
    match &spec.kind {
        ValueKind::Text { .. } | ValueKind::Server => "…".to_owned(),
        ValueKind::Selector => "[…]".to_owned(),
        kind @ (ValueKind::Integer { .. }
        | ValueKind::Percentage { .. }
        | ValueKind::Duration { .. }
        | ValueKind::Choice(_)
        | ValueKind::Boolean
        | ValueKind::Time
        | ValueKind::User
        | ValueKind::Channel
        | ValueKind::Version
        | ValueKind::Url) => placeholder(kind),
    }
}
