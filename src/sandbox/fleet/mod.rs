//! A simulated fleet: one pure model, and its faces.
//!
//! Deliberately absent: anything of the program that is tested against it, besides the words of its ports.

pub mod model;
pub mod ports_face;
