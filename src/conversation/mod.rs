//! Every word a person reads. Chat-neutral: adapters turn these messages into a chat's own blocks.
//!
//! Deliberately absent: decisions (they come in as values) and delivery (the courier's).

pub mod message;
pub mod misunderstanding;
