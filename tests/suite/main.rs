//! The suite.
#[cfg(test)]
mod bolt;
#[cfg(test)]
mod workspace_wire;
