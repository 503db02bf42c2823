//! Every word a person reads, chat-neutral: no block, no markup of one chat system.

pub mod misunderstanding;
