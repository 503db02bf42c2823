//! The suite.

#[cfg(test)]
mod drivers_wire;
