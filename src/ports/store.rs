//! The durable store, as operations and questions in the domain's own words.

/// Why the store did not do something.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreFault {
    /// The outcome is not known: ask again with the same operation id.
    #[error("the store did not answer: {0}")]
    Unavailable(String),
    /// What is stored cannot be read by this version.
    #[error("the store holds something unreadable: {0}")]
    Unreadable(String),
}
