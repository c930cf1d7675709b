//! The real programs, as a user calls them.

use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::Value;

/// One of the project's programs, built beside the tests.
pub fn program(name: &str) -> Command {
    let mut directory = std::env::current_exe().expect("the test has a path");
    directory.pop();
    if directory.ends_with("deps") {
        directory.pop();
    }
    let path: PathBuf = directory.join(name);
    assert!(
        path.exists(),
        "{} is not built: run cargo build --workspace --bins",
        path.display()
    );
    let mut command = Command::new(path);
    command
        .env_remove("DATABASE_URL")
        .env_remove("DOCKET_DATA_DIR");
    command
}

/// Runs a program to its end.
pub fn run(name: &str, arguments: &[&str]) -> Output {
    program(name)
        .args(arguments)
        .output()
        .expect("the program runs")
}

/// What a program printed.
pub fn printed(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("the output is UTF-8")
}

/// What a program complained of.
pub fn complained(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("the output is UTF-8")
}

/// The last line that a program printed, as JSON.
pub fn last_json(output: &Output) -> Value {
    let text = printed(output);
    let last = text.lines().last().unwrap_or_default();
    serde_json::from_str(last)
        .unwrap_or_else(|error| panic!("{error}: {text}\n{}", complained(output)))
}
