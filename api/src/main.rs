//! `docket`: the service desk whose record cannot be altered.

use std::process::ExitCode;

use api::command_line::Docket;
use clap::Parser;

/// A command is many small pieces that are made on one thread and let go on
/// another: this allocator is made for that.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    api::command_line::run(Docket::parse())
}
