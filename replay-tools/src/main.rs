//! `docket-replay`: reads the log and recomputes from it. It shares the rules
//! and the log's format with the service and nothing else of it: it neither
//! asks nor trusts a running one.

mod as_of;
mod difference;
mod exceptions;
mod export;
mod history;
mod import;
mod log_streams;
mod mark;
mod output;
mod package;
mod process_log;
mod prove;
mod rebuild;
mod record_export;
mod session;
mod shell;
mod status;
mod subject;
mod verify;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::builder::FalseyValueParser;
use clap::{Args, Parser, Subcommand};
use event_store::{Access, Audit, DatabaseSource};
use tracing_subscriber::EnvFilter;

use output::Output;
use session::Session;

/// What is read is decoded on one thread and let go on another, millions of
/// small pieces: this allocator is made for that.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Replays the log of a Docket desk: what happened, how it stood then, and
/// whether the record is whole.
#[derive(Debug, Parser)]
#[command(name = "docket-replay", version, propagate_version = true, after_help = GUIDE)]
struct Replay {
    #[command(subcommand)]
    command: Command,

    #[command(flatten)]
    database: DatabaseArgs,

    /// Prints JSON for programs instead of text for people.
    #[arg(long, global = true, env = "DOCKET_REPLAY_JSON", value_parser = FalseyValueParser::new())]
    json: bool,

    /// Shows no progress. Without it, progress is shown on standard error if
    /// that is a terminal.
    #[arg(long, short, global = true, env = "DOCKET_REPLAY_QUIET", value_parser = FalseyValueParser::new())]
    quiet: bool,

    /// Which log lines of its own are written to standard error, such as
    /// `info` or `event_store=debug`.
    #[arg(
        long,
        global = true,
        value_name = "FILTER",
        default_value = "error",
        env = "DOCKET_REPLAY_LOG"
    )]
    log: EnvFilter,
}

const GUIDE: &str = "\
Exit codes:
  0  done; for a check: all is well
  1  a check found something: the log is altered or broken, or a read model
     differs from what the log says
  2  the command could not do its work: wrong arguments, no database, no such
     incident; standard error says what to do

Examples:
  docket-replay status                             of this user's own desk
  docket-replay history INC0000042 --data-dir /srv/desk
  docket-replay as-of INC0000042 --at 2026-03-01T09:00:00Z
  docket-replay verify --key log.key --witness kept-heads.txt
  docket-replay verify --json --database-url postgres://auditor@db.internal/docket
  docket-replay export --output evidence --by chen.audit
  docket-replay verify --export evidence --key log.key
  docket-replay exceptions --from 2026-03-01 --kind override,self-approval
  docket-replay process-log --format ocel-sqlite --output desk.sqlite --by chen.audit
  docket-replay rebuild --check all

A login that may only read is enough for everything but `rebuild`, `export`,
`process-log` and `import`. A private
PostgreSQL is found if it runs, and else started for as long as the command
takes.";

/// Where the desk's database is; the same as for `docket`.
#[derive(Debug, Args)]
struct DatabaseArgs {
    /// The data directory of a desk with a PostgreSQL of its own. Default: the
    /// user's data directory, as root /var/lib/docket.
    #[arg(long, global = true, value_name = "DIR", env = "DOCKET_DATA_DIR")]
    data_dir: Option<PathBuf>,

    /// A PostgreSQL server to use instead.
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "DATABASE_URL",
        hide_env_values = true
    )]
    database_url: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Command {
    #[command(flatten)]
    OnDesk(DeskCommand),
    /// Brings a log back from an export, into an empty database.
    Import(import::Arguments),
}

/// What is asked of a desk that exists.
#[derive(Debug, Subcommand)]
enum DeskCommand {
    /// How long is the log, and how far is each projection?
    Status,
    /// What happened to an incident: each step with both times, actor, reason,
    /// before and after?
    History(history::Arguments),
    /// How did an incident stand then: as it was known, or as it was?
    AsOf(as_of::Arguments),
    /// Is the log whole and unaltered? In its database or as an export; names
    /// the first bad position.
    Verify(verify::Arguments),
    /// Proves to others that an event is in the log, or that the log of one
    /// size is the beginning of that of another one.
    Prove(prove::Arguments),
    /// Takes the log, or a part of it, away in a form that others can read and
    /// verify. That it was done is itself an event.
    Export(export::Arguments),
    /// Writes the log in the forms that process mining reads: OCEL 2.0, XES.
    ProcessLog(process_log::Arguments),
    /// What was done in another than the ordinary way: late, overruled, put
    /// right, approved by oneself, left out; and who changed rights and rules?
    Exceptions(exceptions::Arguments),
    /// Moves through the log event by event, and shows what each changed.
    Shell(shell::Arguments),
    /// Builds projections anew from the log: to replace the live ones, or to
    /// compare with them.
    Rebuild(rebuild::Arguments),
}

/// What a command found, where it looked for something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// Nothing is wrong, or nothing was looked for.
    Well,
    /// Something is wrong, and the command has said what.
    Found,
}

fn main() -> ExitCode {
    let replay = Replay::parse();
    let mut output = Output::new(replay.json, replay.quiet);
    tracing_subscriber::fmt()
        .with_env_filter(replay.log)
        .with_writer(std::io::stderr)
        .init();
    let source = DatabaseSource::choose(replay.database.data_dir, replay.database.database_url);
    match run(&source, replay.command, &mut output) {
        Ok(Verdict::Well) => ExitCode::SUCCESS,
        Ok(Verdict::Found) => ExitCode::from(1),
        Err(error) => {
            output.error(&error);
            ExitCode::from(2)
        }
    }
}

fn run(source: &DatabaseSource, command: Command, output: &mut Output) -> anyhow::Result<Verdict> {
    let runtime = tokio::runtime::Runtime::new().context("the runtime cannot be started")?;
    runtime.block_on(async {
        let command = match command {
            Command::Import(arguments) => return import::run(source, &arguments, output).await,
            // An export is verified with nothing else at hand.
            Command::OnDesk(DeskCommand::Verify(verify::Arguments {
                export: Some(directory),
                trust,
            })) => return verify::run_on_export(&directory, &trust, output).await,
            Command::OnDesk(command) => command,
        };
        let access = match command {
            DeskCommand::Rebuild(_) | DeskCommand::Export(_) | DeskCommand::ProcessLog(_) => {
                Access::Service
            }
            _ => Access::ReadOnly,
        };
        let session = Session::open(source, access).await?;
        let done = tokio::select! {
            done = dispatch(&session, command, output) => done,
            () = session::interruption() => Err(anyhow::anyhow!("interrupted before it was done")),
        };
        // Also after an interruption: a private server that was started for
        // this command ends with it.
        session.close().await;
        done
    })
}

async fn dispatch(
    session: &Session,
    command: DeskCommand,
    output: &mut Output,
) -> anyhow::Result<Verdict> {
    let audit = Audit::new(session.database().pool().clone());
    match command {
        DeskCommand::Status => status::run(&audit, output).await,
        DeskCommand::History(arguments) => history::run(&audit, &arguments, output).await,
        DeskCommand::AsOf(arguments) => as_of::run(&audit, &arguments, output).await,
        DeskCommand::Verify(arguments) => verify::run(&audit, &arguments.trust, output).await,
        DeskCommand::Prove(arguments) => prove::run(&audit, &arguments, output).await,
        DeskCommand::Export(arguments) => export::run(session.database(), &arguments, output).await,
        DeskCommand::ProcessLog(arguments) => {
            process_log::run(session.database(), &arguments, output).await
        }
        DeskCommand::Exceptions(arguments) => exceptions::run(&audit, &arguments, output).await,
        DeskCommand::Shell(arguments) => shell::run(&audit, &arguments, output).await,
        DeskCommand::Rebuild(arguments) => {
            rebuild::run(session.database(), &arguments, output).await
        }
    }
}
