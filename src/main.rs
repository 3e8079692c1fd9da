//! The `ahu` command.
#![forbid(unsafe_code)]

mod cli;

use std::process::ExitCode;

/// Many small strings on all threads: a tenth faster than the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    cli::main()
}
