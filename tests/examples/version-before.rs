//! Records what this version relies on in the schema, for the test that holds
//! the next one's migrations against it: runs a command, such as the tests,
//! beside the server that `DOCKET_TEST_POSTGRES_URL` names, and takes from the
//! server's log the statements that the programs have sent meanwhile, those
//! that are put together while they run included.

#![expect(
    clippy::print_stderr,
    reason = "what was recorded is said to whoever asked for it"
)]

use std::collections::BTreeSet;
use std::process::{Command, ExitCode};

use anyhow::{Context, ensure};
use serde_json::Value;
use sqlx::postgres::PgConnection;
use sqlx::{Connection, Executor};
use tests::postgres::TestDatabase;
use tests::version_before::{FILE, Reliance};

/// Stands before each entry of the server's log: what no statement contains.
const MARK: &str = "|docket-entry|";

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    let command = arguments
        .next()
        .context("usage: version-before COMMAND...")?;
    let database = TestDatabase::create().await;
    let mut administrator = database.administrator().await;
    // What the server was started with goes before its configuration file, and
    // what is said for a role before both. The tests have the same login.
    for setting in [
        "alter role current_user set log_statement = 'all'",
        "alter role current_user set log_min_messages = 'log'",
        "alter role current_user set log_parameter_max_length = 0",
        "alter system set log_line_prefix = '|docket-entry|%a|'",
    ] {
        administrator.execute(setting).await?;
    }
    administrator.execute("select pg_reload_conf()").await?;
    let status = Command::new(command).args(arguments).status()?;
    ensure!(status.success(), "the command has failed: {status}");

    let statements = telling(checked()?, sent(&mut administrator).await?);
    event_store::migrate(&database.url().parse()?).await?;
    let (reliance, unknown) = Reliance::on(&mut administrator, statements).await?;
    administrator.close().await?;
    let record = serde_json::to_string_pretty(&reliance)? + "\n";
    std::fs::write(FILE, record)?;
    for text in unknown {
        eprintln!("left out, since it is on a table of a moment:\n{text}\n");
    }
    eprintln!("{FILE}: {} statements", reliance.statements());
    Ok(ExitCode::SUCCESS)
}

/// All statements that the compiler has checked, and of those that are put
/// together while the programs run the ones that say something new: a run of
/// three words that no other has. A filter adds its own words so, and not its
/// combination with every other one.
fn telling(checked: BTreeSet<String>, sent: BTreeSet<String>) -> BTreeSet<String> {
    let mut known: BTreeSet<String> = checked.iter().flat_map(|text| runs(text)).collect();
    let mut kept = checked;
    let mut sent: Vec<String> = sent.into_iter().collect();
    sent.sort_by_key(String::len);
    for text in sent {
        let before = known.len();
        known.extend(runs(&text));
        if known.len() > before {
            kept.insert(text);
        }
    }
    kept
}

/// The runs of three words in a statement, whatever numbers its parameters
/// have.
fn runs(text: &str) -> Vec<String> {
    let words = text.replace(|letter: char| letter.is_ascii_digit(), "");
    let words: Vec<&str> = words.split(' ').collect();
    words.windows(3).map(|run| run.join(" ")).collect()
}

/// The statements that the compiler has checked, whether or not a test sends
/// them.
fn checked() -> anyhow::Result<BTreeSet<String>> {
    let mut statements = BTreeSet::new();
    for file in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.sqlx"))? {
        let query: Value = serde_json::from_str(&std::fs::read_to_string(file?.path())?)?;
        let text = query["query"].as_str().context("a query has its text")?;
        statements.insert(on_one_line(text));
    }
    Ok(statements)
}

/// A statement on one line: none has comments, or texts of several lines.
fn on_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The statements that the programs have prepared and sent, each once.
async fn sent(administrator: &mut PgConnection) -> anyhow::Result<BTreeSet<String>> {
    /// How much of the log is read at a time.
    const PIECE: i64 = 64 << 20;
    let mut statements = BTreeSet::new();
    let (mut offset, mut rest) = (0, Vec::new());
    loop {
        let asked = sqlx::query_scalar("select pg_read_binary_file('server.log', $1, $2)");
        let asked = asked.bind(offset).bind(PIECE);
        let piece: Vec<u8> = asked.fetch_one(&mut *administrator).await?;
        offset += i64::try_from(piece.len())?;
        let is_last = piece.is_empty();
        rest.extend(piece);
        // The last entry of a piece may go on in the next one.
        let last = rest
            .windows(MARK.len())
            .rposition(|window| window == MARK.as_bytes());
        let end = if is_last {
            rest.len()
        } else {
            last.unwrap_or(0)
        };
        let whole: Vec<u8> = rest.drain(..end).collect();
        let whole = String::from_utf8_lossy(&whole);
        statements.extend(whole.split(MARK).filter_map(statement_of));
        if is_last {
            return Ok(statements);
        }
    }
}

/// The statement in an entry of the log, if the entry is of one that a program
/// has prepared: `docket|LOG:  execute sqlx_s_7: select 1`.
fn statement_of(entry: &str) -> Option<String> {
    let (program, rest) = entry.split_once('|')?;
    let (_, rest) = rest.split_once("execute ")?;
    let (_, text) = rest.split_once(": ")?;
    (program == "docket").then(|| on_one_line(text))
}
