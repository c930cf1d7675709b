//! The binary under test.

use std::process::Stdio;

use serde_json::Value;
use tokio::process::Command;

/// What a run of the binary left behind.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    /// Standard output as one JSON value.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Standard output as a JSON value a line.
    pub(crate) fn json_lines(&self) -> Vec<Value> {
        let lines = self.stdout.lines();
        lines
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}

/// The binary with nothing in its environment that could mislead it.
pub(crate) fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_docket-replay"));
    command
        .args(arguments)
        .stdin(Stdio::null())
        .kill_on_drop(true);
    for variable in ["DATABASE_URL", "DOCKET_DATA_DIR"] {
        command.env_remove(variable);
    }
    command
}

/// Runs the binary to its end.
pub(crate) async fn run(arguments: &[&str]) -> Ran {
    ran(program(arguments)).await
}

pub(crate) async fn ran(mut command: Command) -> Ran {
    let output = command.output().await.unwrap();
    Ran {
        code: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}
