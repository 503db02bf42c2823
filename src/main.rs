//! The wrasse binary.
fn main() {}
