//! The suite.

#[cfg(test)]
mod drivers_wire;
#[cfg(test)]
mod real_peers;
