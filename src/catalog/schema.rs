//! The table of keys as a JSON Schema, so that editors complete, explain and check command files while they are written.
//!
//! It says what each key may be; what must hold between keys and between files only the reader knows.

use super::keys::{self, Key, Mapping, Need, Shape};
use serde::ser::{Serialize, SerializeMap, Serializer};

const NAME: &str = "[a-z][a-z0-9-]{0,31}";
const PERCENTAGE: &str = "([1-9][0-9]?|100)%";
const DURATION: &str = "([0-9]+[dD])?([0-9]+[hH])?([0-9]+[mM])?([0-9]+[sS])?";
/// `1s`.
const DURATION_LENGTH_MIN_CHARS: u64 = 2;

/// The JSON Schema (draft 7) of one command file; it serialises as such.
#[must_use]
pub fn schema() -> impl Serialize {
    let mut members =
        vec![("$schema", text("http://json-schema.org/draft-07/schema#")), ("title", text("Wrasse command"))];
    members.extend(mapping(&keys::FILE));
    Json::Object(members)
}

/// What a schema is made of, with the members of objects in the order of the table.
enum Json {
    Flag(bool),
    Number(u64),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(&'static str, Json)>),
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Flag(flag) => serializer.serialize_bool(*flag),
            Self::Number(number) => serializer.serialize_u64(*number),
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(items) => serializer.collect_seq(items),
            Self::Object(members) => {
                let mut object = serializer.serialize_map(Some(members.len()))?;
                for (name, value) in members {
                    object.serialize_entry(name, value)?;
                }
                object.end()
            }
        }
    }
}

type Members = Vec<(&'static str, Json)>;

fn text(text: impl Into<String>) -> Json {
    Json::Text(text.into())
}

fn texts(texts: &[&'static str]) -> Json {
    Json::List(texts.iter().map(|one| text(*one)).collect())
}

fn pattern(whole: &str) -> Members {
    vec![("type", text("string")), ("pattern", text(format!("^({whole})$")))]
}

fn any_of(each: impl Iterator<Item = Members>) -> Members {
    vec![("anyOf", Json::List(each.map(Json::Object).collect()))]
}

fn mapping(mapping: &Mapping) -> Members {
    let required = mapping.keys.iter().filter(|key| key.need == Need::Required).map(|key| key.name);
    vec![
        ("description", text(mapping.about)),
        ("type", text("object")),
        ("properties", Json::Object(mapping.keys.iter().map(|key| (key.name, property(key))).collect())),
        ("required", texts(&required.collect::<Vec<_>>())),
        ("additionalProperties", Json::Flag(false)),
    ]
}

fn property(key: &Key) -> Json {
    let mut members = vec![("description", text(key.about))];
    members.extend(shape(&key.shape).into_iter().filter(|(name, _)| *name != "description"));
    Json::Object(members)
}

/// A name of the author's choice, but for those that mean something already.
fn new_name(taken: fn() -> Vec<&'static str>) -> Members {
    let mut members = pattern(NAME);
    members.push(("not", Json::Object(vec![("enum", texts(&taken()))])));
    members
}

fn shape(of: &Shape) -> Members {
    match of {
        Shape::Word => vec![("type", texts(&["string", "number", "boolean"]))],
        Shape::Line { length_max } => {
            let mut members = pattern("[^\\n]*");
            members.push(("maxLength", Json::Number(*length_max as u64)));
            members
        }
        Shape::Name => pattern(NAME),
        Shape::NewName { taken } => new_name(*taken),
        Shape::Words(words) => vec![("enum", texts(&words()))],
        Shape::Number { least, most } => {
            vec![("type", text("integer")), ("minimum", Json::Number(*least)), ("maximum", Json::Number(*most))]
        }
        Shape::Integer => vec![("type", text("integer"))],
        Shape::Percentage => pattern(PERCENTAGE),
        Shape::Duration => {
            let mut members = pattern(DURATION);
            members.push(("minLength", Json::Number(DURATION_LENGTH_MIN_CHARS)));
            members
        }
        Shape::Input(of) => {
            let mut parameter = vec![("description", text("A parameter that is required or has a default."))];
            parameter.extend(pattern(&format!("\\{{{NAME}\\}}")));
            any_of([shape(of), parameter].into_iter())
        }
        Shape::Flag => vec![("type", text("boolean"))],
        Shape::Acknowledged => vec![("enum", Json::List(vec![Json::Flag(true)]))],
        Shape::Boolean => {
            vec![("enum", Json::List(vec![Json::Flag(true), Json::Flag(false), text("yes"), text("no")]))]
        }
        Shape::WaveSize => pattern(&format!("all|{PERCENTAGE}|\\{{{NAME}\\}}")),
        Shape::Condition => pattern("\\s*failures\\s+>\\s+[0-9]+\\s*"),
        Shape::Address => pattern("https?://[^{} @]+"),
        Shape::List { of, least } => {
            vec![("type", text("array")), ("items", Json::Object(shape(of))), ("minItems", Json::Number(*least as u64))]
        }
        Shape::Map(keys) => mapping(keys),
        Shape::Named { taken, kinds } => vec![
            ("type", text("object")),
            ("propertyNames", Json::Object(new_name(*taken))),
            ("additionalProperties", Json::Object(any_of(kinds.iter().map(|kind| mapping(kind))))),
        ],
        Shape::Either(shapes) => any_of(shapes.iter().map(shape)),
    }
}
