//! The nouns everything else speaks in: who, where, which servers, what was asked, what was planned.
//!
//! Deliberately absent: any I/O, any clock, any serialisation. A value that exists here is valid.

pub mod alert;
pub mod asked;
pub mod braking;
pub mod breaker;
pub mod calendar;
pub mod command;
pub mod consent;
pub mod declaration;
pub mod effect;
pub mod identity;
pub mod ids;
pub mod intent;
pub mod limits;
pub mod measure;
pub mod misunderstanding;
pub mod place;
pub mod plan;
pub mod purpose;
pub mod server;
mod step;
#[cfg(test)]
mod tests;
pub mod time;
mod verb;

/// Declares a text newtype that is ordered, hashable and prints as its text.
///
/// A macro, because a dozen names of things would otherwise each repeat the same five impls. A short text lies in the value
/// itself: whoever asks about a whole fleet mostly compares names, and needs not go elsewhere in memory for each.
macro_rules! text_name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(smol_str::SmolStr);

        impl $name {
            /// Wraps the text as it is.
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into().into())
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.pad(&self.0)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(formatter, "{}", self.0)
            }
        }
    };
}
pub(crate) use text_name;
