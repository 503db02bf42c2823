//! The suite.
mod bolt;
mod workspace_wire;
