//! The suite.

#[cfg(test)]
mod storage;
