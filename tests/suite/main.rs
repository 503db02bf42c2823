//! The suite.

mod command_files;
