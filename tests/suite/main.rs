//! The suite.

mod command_files;
#[cfg(test)]
mod drivers_wire;
