//! The `wrasse` binary: everything is in `cli`.

use std::process::ExitCode;

fn main() -> ExitCode {
    wrasse::cli::main()
}
