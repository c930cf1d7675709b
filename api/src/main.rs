//! `docket`: the service desk whose record cannot be altered.

use std::process::ExitCode;

use api::command_line::Docket;
use clap::Parser;

fn main() -> ExitCode {
    api::command_line::run(Docket::parse())
}
