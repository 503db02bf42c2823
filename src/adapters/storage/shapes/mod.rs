//! What stored values look like: JSON with names of its own, versioned by the `shape` column beside it.
//!
//! Each type is listed once, `field: "stored-name"`, and both directions are made from that list, so that they
//! cannot drift apart and renaming a Rust field never changes stored data. A change of what is stored is a new
//! shape number and a reader for the old one. Deliberately absent: rows and SQL.

mod authorizations;
mod breaker;
mod calendars;
mod command;
mod decisions;
mod infrastructure;
mod json;
mod leaves;
mod messages;
mod outbox;
mod overrides;
mod places;
mod plan;
mod request;
mod run;
mod soak;
#[cfg(test)]
pub(super) mod strategies;
#[cfg(test)]
mod strategies_of_breakers;
#[cfg(test)]
mod strategies_of_calendars;
#[cfg(test)]
mod strategies_of_overrides;
#[cfg(test)]
pub(super) mod strategies_of_requests;
#[cfg(test)]
mod strategies_of_values;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_of_history;
mod traffic;

use crate::ports::StoreFault;
use json::Json;
use serde_json::{Map, Value};

/// The number of the shapes that are written, and the only one that is read so far.
pub(super) const SHAPE: i64 = 1;

/// A value that can be stored and read back.
pub(super) trait Stored: Sized {
    /// Writes it as it is stored.
    fn store(&self, json: &mut Json);

    /// Read back.
    fn restore(value: &Value) -> Result<Self, Misfit>;
}

/// Why stored JSON is not the value that was looked for.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Misfit(String);

impl Misfit {
    fn expected(what: &str, found: &Value) -> Self {
        let found = match found {
            Value::Null => "nothing".to_owned(),
            Value::Array(_) => "a list".to_owned(),
            Value::Object(_) => "an object".to_owned(),
            Value::Bool(_) | Value::Number(_) | Value::String(_) => found.to_string(),
        };
        Self(format!("expected {what}, found {found}"))
    }
}

/// The text to store for a value.
pub(super) fn encode(value: &impl Stored) -> String {
    let mut json = Json::default();
    value.store(&mut json);
    json.into_text()
}

/// Reads a stored text back; `what` names it in the fault.
pub(super) fn decode<T: Stored>(what: &str, shape: i64, body: &str) -> Result<T, StoreFault> {
    if shape != SHAPE {
        return Err(StoreFault::Unreadable(format!("{what} has shape {shape}, this version reads shape {SHAPE}")));
    }
    let value = serde_json::from_str(body)
        .map_err(|fault| StoreFault::Unreadable(format!("{what} does not hold JSON: {fault}")))?;
    T::restore(&value).map_err(|misfit| StoreFault::Unreadable(format!("{what}: {misfit}")))
}

/// The name that tells the variants of a stored enum apart.
const KIND: &str = "kind";
/// The name of a variant's only value.
const VALUE: &str = "value";

/// The members of a stored object.
struct Members<'a>(&'a Map<String, Value>);

impl<'a> Members<'a> {
    fn of(value: &'a Value) -> Result<Self, Misfit> {
        value.as_object().map(Self).ok_or_else(|| Misfit::expected("an object", value))
    }

    /// A member; one that is missing reads as nothing, which only optional values accept.
    fn read<T: Stored>(&self, name: &str) -> Result<T, Misfit> {
        T::restore(self.0.get(name).unwrap_or(&Value::Null)).map_err(|Misfit(why)| Misfit(format!("`{name}`: {why}")))
    }

    /// A member that was not always stored; where it is missing it is what it was meant to be then.
    fn read_or<T: Stored>(&self, name: &str, before: T) -> Result<T, Misfit> {
        if self.0.contains_key(name) { self.read(name) } else { Ok(before) }
    }
}

/// Lists the stored names of a struct's fields.
macro_rules! stored_record {
    ($type:ty; $($field:ident: $name:literal $(or $before:expr)?),* $(,)?) => {
        impl $crate::adapters::storage::shapes::Stored for $type {
            fn store(&self, json: &mut $crate::adapters::storage::shapes::Json) {
                json.object()$( .with($name, &self.$field) )*.end();
            }

            fn restore(
                value: &serde_json::Value,
            ) -> Result<Self, $crate::adapters::storage::shapes::Misfit> {
                let members = $crate::adapters::storage::shapes::Members::of(value)?;
                Ok(Self { $( $field: $crate::adapters::storage::shapes::stored_member!(members, $name $(, $before)?), )* })
            }
        }
    };
}

/// Reads a member; with `or`, one that older rows do not have.
macro_rules! stored_member {
    ($members:ident, $name:literal) => {
        $members.read($name)?
    };
    ($members:ident, $name:literal, $before:expr) => {
        $members.read_or($name, $before)?
    };
}

/// Lists the stored words of an enum's variants, with the stored names of what they hold. The members of a value in
/// brackets stand beside the word.
macro_rules! stored_variants {
    ($type:ty; $(
        $word:literal => $variant:ident $( ( $value:ident ) )? $( [ $flat:ident ] )? $( { $( $field:ident: $name:literal $(or $before:expr)? ),* $(,)? } )?
    ),* $(,)?) => {
        impl $crate::adapters::storage::shapes::Stored for $type {
            fn store(&self, json: &mut $crate::adapters::storage::shapes::Json) {
                use $crate::adapters::storage::shapes::KIND;
                match self {
                    $( Self::$variant $( ( $value ) )? $( ( $flat ) )? $( { $( $field ),* } )? => {
                        let object = json.object().with_word(KIND, $word);
                        $( let object = object.with($crate::adapters::storage::shapes::VALUE, $value); )?
                        $( let object = object.beside($flat); )?
                        $( $( let object = object.with($name, $field); )* )?
                        object.end();
                    } )*
                }
            }

            fn restore(
                value: &serde_json::Value,
            ) -> Result<Self, $crate::adapters::storage::shapes::Misfit> {
                use $crate::adapters::storage::shapes::{KIND, Members, Misfit};
                let members = Members::of(value)?;
                match members.read::<String>(KIND)?.as_str() {
                    $( $word => Ok(Self::$variant
                        $( ({ let $value = members.read($crate::adapters::storage::shapes::VALUE)?; $value }) )?
                        $( ({ let $flat = $crate::adapters::storage::shapes::Stored::restore(value)?; $flat }) )?
                        $( { $( $field: $crate::adapters::storage::shapes::stored_member!(members, $name $(, $before)?), )* } )?
                    ), )*
                    other => Err(Misfit(format!("`{KIND}`: {other:?} is not known to this version"))),
                }
            }
        }
    };
}

/// Lists the stored words of an enum that holds nothing.
macro_rules! stored_words {
    ($type:ty; $( $word:literal => $variant:ident ),* $(,)?) => {
        impl $crate::adapters::storage::shapes::Stored for $type {
            fn store(&self, json: &mut $crate::adapters::storage::shapes::Json) {
                json.text(match self {
                    $( Self::$variant => $word, )*
                });
            }

            fn restore(
                value: &serde_json::Value,
            ) -> Result<Self, $crate::adapters::storage::shapes::Misfit> {
                match value.as_str() {
                    $( Some($word) => Ok(Self::$variant), )*
                    _ => Err($crate::adapters::storage::shapes::Misfit::expected("a known word", value)),
                }
            }
        }
    };
}

use {stored_member, stored_record, stored_variants, stored_words};
