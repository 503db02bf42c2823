//! The suite.

#[cfg(test)]
mod slack_wire;
