//! The suite.

mod command_files;
#[cfg(test)]
mod drivers_wire;
#[cfg(test)]
mod bolt;
#[cfg(test)]
mod workspace_wire;
#[cfg(test)]
mod slack_wire;
mod real_peers;
