//! The suite.
mod workspace_wire;
