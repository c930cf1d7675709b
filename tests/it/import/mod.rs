//! Another desk's history, taken over by the program: the project's own
//! fixture, which has the oddities of real logs, and a real log where the
//! samples are at hand.

mod broken;
mod interrupted;
mod options;
mod process_log;
mod samples;
mod taken_over;

use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;
use tests::postgres::TestDatabase;
use tests::program::{complained, last_json, program};

/// A `ServiceNow` audit log written for the project.
const FIXTURE: &str = include_str!("../../../api/src/import/servicenow/fixtures/audit.csv");

/// The lines of the fixture that are no rows: a time, a number, fields that
/// are missing, a name that is too long.
const REFUSED_LINES: [usize; 4] = [36, 41, 42, 43];

/// The fixture without the lines that are no rows.
fn fixture() -> String {
    let lines = (1..).zip(FIXTURE.lines());
    let good = lines.filter(|(line, _)| !REFUSED_LINES.contains(line));
    good.flat_map(|(_, text)| [text, "\n"]).collect()
}

/// Some rows of the fixture, each with what stands there instead.
fn rows(count: usize, changes: &[(&str, &str)]) -> String {
    let mut text: String = fixture()
        .lines()
        .take(count + 1)
        .flat_map(|line| [line, "\n"])
        .collect();
    for (from, to) in changes {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    }
    text
}

/// A file in a directory of its own.
struct Files(TempDir);

impl Files {
    fn new() -> Self {
        Self(TempDir::new().expect("a temporary directory"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, content).expect("the file is written");
        path
    }
}

/// What an import said, and how it ended.
#[derive(Debug)]
struct Ran {
    code: Option<i32>,
    account: Option<Value>,
    complaint: String,
}

impl Ran {
    /// The account, of which every import holds that each row is in it once.
    fn account(&self) -> &Value {
        let account = self.account.as_ref();
        let account = account.unwrap_or_else(|| panic!("{}", self.complaint));
        let number = |name: &str| account[name].as_u64().unwrap();
        let in_doubt = account["inDoubt"].as_array().unwrap().iter();
        let in_doubt: u64 = in_doubt.map(|lines| lines["rows"].as_u64().unwrap()).sum();
        let refused = account["refused"].as_array().unwrap().len() as u64;
        assert_eq!(
            number("rowsRead"),
            number("rowsTaken") + number("alreadyImported") + refused + in_doubt,
            "{account}"
        );
        account
    }
}

/// Imports a file.
fn import(database: &TestDatabase, file: &Path, options: &[&str]) -> Ran {
    let output = program("docket")
        .args(["import", "servicenow-audit", file.to_str().unwrap()])
        .args(["--json", "--database-url", &database.url()])
        .args(options)
        .output()
        .expect("the program runs");
    Ran {
        code: output.status.code(),
        account: (!output.stdout.is_empty()).then(|| last_json(&output)),
        complaint: complained(&output),
    }
}

/// How many events the log has.
async fn events(database: &TestDatabase) -> i64 {
    database.number("select count(*) from events").await
}
