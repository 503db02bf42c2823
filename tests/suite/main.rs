//! The suite.

mod slack_wire;
