//! The suite.

mod storage;
