//! The arguments of a call, however they came: query, form or JSON. What they mean is each method's business.

use crate::sandbox::workspace::model::{Refusal, text};
use serde_json::{Map, Value, json};

/// Arguments that forms and queries carry as JSON in a string.
const JSON_ARGUMENTS: [&str; 6] = ["blocks", "attachments", "metadata", "view", "users", "payload"];

/// One object with everything that a call carried.
#[derive(Clone, Debug)]
pub struct Arguments(Value);

impl Arguments {
    /// Reads query and body; the body wins.
    ///
    /// # Errors
    /// `invalid_json`, `json_not_object`, `invalid_form_data`.
    pub fn read(query: Option<&str>, content_type: &str, body: &[u8]) -> Result<Self, Refusal> {
        let mut all = Map::new();
        add_pairs(&mut all, query.unwrap_or_default().as_bytes())?;
        let is_json = content_type.contains("json") || (content_type.is_empty() && body.starts_with(b"{"));
        if is_json && !body.is_empty() {
            let value: Value = serde_json::from_slice(body).map_err(|_| Refusal::new("invalid_json"))?;
            let Value::Object(object) = value else { return Err(Refusal::new("json_not_object")) };
            for (key, value) in object {
                let value = decoded(&key, value);
                all.insert(key, value);
            }
        } else if !body.is_empty() {
            add_pairs(&mut all, body)?;
        }
        Ok(Self(Value::Object(all)))
    }

    /// From an object, for callers inside the program.
    #[must_use]
    pub fn from_value(value: Value) -> Self {
        Self(value)
    }

    /// The whole object.
    #[must_use]
    pub fn value(&self) -> &Value {
        &self.0
    }

    /// A text, or nothing.
    #[must_use]
    pub fn text(&self, key: &str) -> &str {
        text(&self.0, key)
    }

    /// A text, or something else.
    #[must_use]
    pub fn text_or<'a>(&'a self, key: &str, otherwise: &'a str) -> &'a str {
        Some(self.text(key)).filter(|words| !words.is_empty()).unwrap_or(otherwise)
    }

    /// A text that was given and is not empty.
    #[must_use]
    pub fn given(&self, key: &str) -> Option<String> {
        match self.0.get(key) {
            Some(Value::Number(number)) => Some(number.to_string()),
            Some(Value::String(words)) if !words.is_empty() => Some(words.clone()),
            Some(Value::String(_) | Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_)) | None => None,
        }
    }

    /// A yes or no, in any of the ways it is written.
    #[must_use]
    pub fn is_set(&self, key: &str) -> bool {
        self.0.get(key).is_some_and(|value| {
            value.as_bool().unwrap_or_else(|| matches!(value.as_str(), Some("true" | "1")) || value.as_i64() == Some(1))
        })
    }

    /// A whole number, as a number or as text.
    #[must_use]
    pub fn number(&self, key: &str) -> Option<usize> {
        self.given(key).and_then(|words| words.parse().ok())
    }

    /// Several names: a list, or text with commas.
    #[must_use]
    pub fn names(&self, key: &str) -> Vec<String> {
        if let Some(many) = self.0.get(key).and_then(Value::as_array) {
            return many.iter().filter_map(Value::as_str).map(str::to_owned).collect();
        }
        self.text(key).split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
    }
}

fn add_pairs(all: &mut Map<String, Value>, encoded: &[u8]) -> Result<(), Refusal> {
    let words = std::str::from_utf8(encoded).map_err(|_| Refusal::new("invalid_form_data"))?;
    let mut address = reqwest::Url::parse("http://arguments/").map_err(|_| Refusal::new("invalid_form_data"))?;
    address.set_query(Some(words).filter(|words| !words.is_empty()));
    for (key, value) in address.query_pairs() {
        let value = decoded(&key, json!(value));
        all.insert(key.into_owned(), value);
    }
    Ok(())
}

/// Some arguments are JSON inside a string, whatever they came in.
fn decoded(key: &str, value: Value) -> Value {
    let inner =
        value.as_str().filter(|words| JSON_ARGUMENTS.contains(&key) && words.trim_start().starts_with(['{', '[']));
    inner.and_then(|words| serde_json::from_str(words).ok()).unwrap_or(value)
}
