//! JSON while it is written, straight into one text: a start waits for what it was decided on to be kept, and no tree of values
//! is built for that.
//!
//! Deliberately absent: reading, which is done once and by a library.

use super::Stored;
use std::fmt::{Display, Write as _};

/// One value's text, as far as it is written.
#[derive(Default)]
pub(in crate::adapters::storage) struct Json(String);

impl Json {
    /// All of it.
    pub(super) fn into_text(self) -> String {
        self.0
    }

    pub(super) fn null(&mut self) {
        self.0.push_str("null");
    }

    /// A number, or one of the two truths: what reads the same in Rust and in JSON.
    pub(super) fn plain(&mut self, value: impl Display) {
        write!(self.0, "{value}").expect("a text takes everything");
    }

    pub(super) fn text(&mut self, text: &str) {
        let is_plain = |byte: u8| byte >= b' ' && byte != b'"' && byte != b'\\';
        if text.bytes().all(is_plain) {
            self.0.push('"');
            self.0.push_str(text);
            self.0.push('"');
        } else {
            self.0.push_str(&serde_json::Value::from(text).to_string());
        }
    }

    /// What is told apart by its display.
    pub(super) fn shown(&mut self, value: impl Display) {
        self.text(&value.to_string());
    }

    pub(super) fn list<'a, T: Stored + 'a>(&mut self, items: impl IntoIterator<Item = &'a T>) {
        self.0.push('[');
        for (place, item) in items.into_iter().enumerate() {
            if place > 0 {
                self.0.push(',');
            }
            item.store(self);
        }
        self.0.push(']');
    }

    pub(super) fn pair(&mut self, first: &impl Stored, second: &impl Stored) {
        self.0.push('[');
        first.store(self);
        self.0.push(',');
        second.store(self);
        self.0.push(']');
    }

    /// An object whose members follow.
    pub(super) fn object(&mut self) -> Object<'_> {
        self.0.push('{');
        Object { json: self, is_empty: true }
    }
}

/// An object while its members are written.
#[must_use = "it has to be ended"]
pub(in crate::adapters::storage) struct Object<'a> {
    json: &'a mut Json,
    is_empty: bool,
}

impl Object<'_> {
    /// One more member.
    pub(super) fn with(self, name: &str, value: &impl Stored) -> Self {
        self.member(name, |json| value.store(json))
    }

    /// One more member that is a word of ours.
    pub(super) fn with_word(self, name: &str, word: &str) -> Self {
        self.member(name, |json| json.text(word))
    }

    /// One more member, whose name is a value that is stored as a text.
    pub(super) fn keyed(mut self, key: &impl Stored, value: &impl Stored) -> Self {
        self.comma();
        key.store(self.json);
        self.json.0.push(':');
        value.store(self.json);
        self
    }

    /// The members of another value, which is stored as an object.
    pub(super) fn beside(mut self, other: &impl Stored) -> Self {
        let mut inner = Json::default();
        other.store(&mut inner);
        let members = inner.0.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        if let Some(members) = members.filter(|members| !members.is_empty()) {
            self.comma();
            self.json.0.push_str(members);
        }
        self
    }

    pub(super) fn end(self) {
        self.json.0.push('}');
    }

    fn member(mut self, name: &str, value: impl FnOnce(&mut Json)) -> Self {
        self.comma();
        self.json.text(name);
        self.json.0.push(':');
        value(self.json);
        self
    }

    fn comma(&mut self) {
        if !self.is_empty {
            self.json.0.push(',');
        }
        self.is_empty = false;
    }
}
