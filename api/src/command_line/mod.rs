//! The subcommands of `docket`. Every option is an environment variable too.

mod schema;
mod seal;
mod token;
mod witness;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::builder::FalseyValueParser;
use clap::{Args, Parser, Subcommand, ValueEnum};
use event_store::{DatabaseSource, PoolSettings};

use crate::desk::{Desk, DeskError, Projecting};
use crate::import::FileOptions;
use crate::serve::Load;
use crate::telemetry::{self, LogFormat};

/// 案牍: an IT service desk whose record cannot be altered.
#[derive(Debug, Parser)]
#[command(name = "docket", version, propagate_version = true, after_help = EXAMPLES)]
pub struct Docket {
    #[command(subcommand)]
    command: Command,

    /// How log lines are written to standard error.
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t,
        env = "DOCKET_LOG_FORMAT"
    )]
    log_format: Format,

    /// Which log lines are written, such as `info` or `api=debug,sqlx=info`.
    #[arg(
        long,
        global = true,
        default_value = "info,sqlx=warn",
        env = "DOCKET_LOG"
    )]
    log: String,
}

const EXAMPLES: &str = "\
Examples:
  docket serve                                  a desk with a PostgreSQL of its own
  docket serve --load sample                    the same, with the sample desk in it
  docket token create --name wang.fang --role agent
  docket import servicenow-audit audit.csv.gz   a real desk's history
  docket serve --database-url postgres://docket@db.internal/docket

What docket writes is read by `docket-replay`, the auditor's command line.";

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum Format {
    /// For people.
    #[default]
    Text,
    /// For programs: one JSON object a line.
    Json,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serves the desk: GraphQL at /graphql, seals at /log, /health/live,
    /// /health/ready, /metrics.
    Serve(ServeArgs),
    /// Brings the database to this version's schema.
    Migrate(DatabaseArgs),
    /// Prints the GraphQL schema (SDL).
    Schema,
    /// Takes over the history of another desk.
    #[command(subcommand)]
    Import(ImportCommand),
    /// The seals of the log: its public keys, its last signed head, a new key.
    #[command(subcommand)]
    Seal(seal::SealCommand),
    /// Witnesses the logs of others: signs their heads, and remembers them.
    Witness(witness::WitnessArgs),
    /// Makes and revokes the tokens by which programs act.
    #[command(subcommand)]
    Token(TokenCommand),
}

/// Where the desk's database is.
#[derive(Debug, Clone, Args)]
struct DatabaseArgs {
    /// The directory of the desk's own PostgreSQL, which is started and stopped
    /// as needed. Default: the user's data directory, as root /var/lib/docket.
    #[arg(long, value_name = "DIR", env = "DOCKET_DATA_DIR")]
    data_dir: Option<PathBuf>,

    /// A PostgreSQL server to use instead. The login owns the log; the service
    /// itself runs as the role `docket_app`.
    #[arg(long, value_name = "URL", env = "DATABASE_URL", hide_env_values = true)]
    database_url: Option<String>,
}

impl DatabaseArgs {
    fn source(&self) -> DatabaseSource {
        DatabaseSource::choose(self.data_dir.clone(), self.database_url.clone())
    }

    /// A desk for the duration of a command.
    async fn open(&self) -> Result<Desk, DeskError> {
        self.open_projecting(Projecting::No).await
    }

    /// The same, of which the command may keep the read models.
    async fn open_projecting(&self, projecting: Projecting) -> Result<Desk, DeskError> {
        Desk::open(&self.source(), PoolSettings::default(), projecting).await
    }
}

#[derive(Debug, Args)]
struct ServeArgs {
    #[command(flatten)]
    database: DatabaseArgs,

    /// The address to listen on.
    #[arg(
        long,
        value_name = "HOST:PORT",
        default_value = "127.0.0.1:8080",
        env = "DOCKET_LISTEN"
    )]
    listen: SocketAddr,

    /// Fills an empty desk first: `sample` for the sample desk, or the file of
    /// a `ServiceNow` audit log.
    #[arg(long, value_name = "sample|FILE", env = "DOCKET_LOAD")]
    load: Option<String>,

    #[command(flatten)]
    file: FileOptions,

    #[command(flatten)]
    seal: seal::SealArgs,
}

#[derive(Debug, Subcommand)]
enum ImportCommand {
    /// The audit log of a `ServiceNow` desk: CSV, plain or gzip, one row an
    /// update of an incident. Repeating it writes nothing twice. The exit code
    /// is 1 where rows were refused or are in doubt: the account names them.
    ServicenowAudit {
        /// The file.
        file: PathBuf,
        #[command(flatten)]
        options: FileOptions,
        /// Prints the reconciliation as one JSON object.
        #[arg(long, env = "DOCKET_IMPORT_JSON", value_parser = FalseyValueParser::new())]
        json: bool,
        #[command(flatten)]
        database: DatabaseArgs,
    },
}

#[derive(Debug, Subcommand)]
enum TokenCommand {
    /// Makes a token and prints it, alone, on standard output. It is shown
    /// this once: the log holds its hash.
    Create {
        /// The name that stands in the log when the token acts: a person's
        /// login or a program's name.
        #[arg(long, env = "DOCKET_TOKEN_NAME")]
        name: String,
        /// What it may do: requester, agent, coordinator, auditor, administrator.
        #[arg(long, env = "DOCKET_TOKEN_ROLE")]
        role: String,
        /// After how many days it ends by itself.
        #[arg(long, value_name = "DAYS", env = "DOCKET_TOKEN_EXPIRES_IN_DAYS")]
        expires_in_days: Option<u16>,
        #[command(flatten)]
        database: DatabaseArgs,
    },
    /// Ends a token.
    Revoke {
        /// The token itself.
        #[arg(long, env = "DOCKET_TOKEN", hide_env_values = true)]
        token: String,
        #[command(flatten)]
        database: DatabaseArgs,
    },
}

/// Makes a token as the command line does, without an end.
pub(crate) async fn issue_token(
    desk: &Desk,
    name: domain::ids::PersonId,
    role: domain::Role,
) -> anyhow::Result<String> {
    token::issue(desk, name, role, None).await
}

/// Runs a subcommand. Exit code 0 is success, 1 failure; 2 is a wrong call.
pub fn run(docket: Docket) -> ExitCode {
    let format = match docket.log_format {
        Format::Text => LogFormat::Text,
        Format::Json => LogFormat::Json,
    };
    telemetry::init(&docket.log, format);
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error.into(), format),
    };
    match runtime.block_on(dispatch(docket.command)) {
        Ok(code) => code,
        Err(error) => fail(&error, format),
    }
}

async fn dispatch(command: Command) -> anyhow::Result<ExitCode> {
    let done = match command {
        Command::Serve(args) => {
            let source = args.database.source();
            let seals = args.seal.settings(&source);
            let load = args.load.map(|load| Load {
                what: load,
                options: args.file,
            });
            crate::serve::run(&source, args.listen, load.as_ref(), &seals).await
        }
        Command::Migrate(database) => {
            database.open().await?.close().await;
            Ok(())
        }
        Command::Schema => schema::print(),
        Command::Import(ImportCommand::ServicenowAudit {
            file,
            options,
            json,
            database,
        }) => {
            let desk = database.open_projecting(Projecting::InBulk).await?;
            let result = crate::import::command_line::run(&desk, &file, &options, json).await;
            desk.close().await;
            let is_complete = result?;
            return Ok(ExitCode::from(u8::from(!is_complete)));
        }
        Command::Seal(command) => seal::run(command).await,
        Command::Witness(args) => witness::run(args).await,
        Command::Token(TokenCommand::Create {
            name,
            role,
            expires_in_days,
            database,
        }) => token::create(&database, &name, &role, expires_in_days).await,
        Command::Token(TokenCommand::Revoke { token, database }) => {
            token::revoke(&database, &token).await
        }
    };
    done.map(|()| ExitCode::SUCCESS)
}

#[expect(clippy::print_stderr, reason = "the command line speaks to its user")]
fn fail(error: &anyhow::Error, format: LogFormat) -> ExitCode {
    match format {
        LogFormat::Text => eprintln!("docket: {error:#}"),
        LogFormat::Json => tracing::error!(reason = format!("{error:#}"), "docket has failed"),
    }
    ExitCode::FAILURE
}
