//! `docket seal`.

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};
use domain::ids::PersonId;
use domain::text::Text;
use domain::{Actor, Role};
use event_store::seal::{KeptHeads, ReviewSettings, SealedTree, SignerSource};
use event_store::{Access, Database, DatabaseSource, LocalPostgres, PoolSettings};

use super::DatabaseArgs;
use crate::seals::{Outsider, SealSettings, accept_loss, duration, rotate};

/// Where the private key is.
#[derive(Debug, Clone, Args)]
#[expect(clippy::struct_field_names, reason = "the options bear these names")]
pub(super) struct KeyArgs {
    /// The directory of the private keys that seal the log, which is made, with
    /// a first key, when a log is first served. Default: `seal-keys` in the
    /// data directory, or in the user's where the database is elsewhere.
    #[arg(long, value_name = "DIR", env = "DOCKET_SEAL_KEYS")]
    seal_keys: Option<PathBuf>,

    /// A command that has the private key instead, such as one that asks a
    /// security module: with the argument `public-key` it prints the verifier
    /// key, with `sign` it prints the base64 of the Ed25519 signature of what
    /// it reads from standard input.
    #[arg(
        long,
        value_name = "COMMAND",
        env = "DOCKET_SEAL_KEY_COMMAND",
        conflicts_with = "seal_keys"
    )]
    seal_key_command: Option<PathBuf>,

    /// The directory in which the last signed head is kept, out of reach of
    /// those who administer the database: by it the desk finds out that its
    /// seals were emptied or brought back from an older state. Default: the
    /// directory of the private keys; with a command, the one that is the
    /// default for them.
    #[arg(long, value_name = "DIR", env = "DOCKET_SEAL_HEADS")]
    seal_heads: Option<PathBuf>,
}

impl KeyArgs {
    fn source(&self, database: &DatabaseSource) -> SignerSource {
        match (&self.seal_key_command, &self.seal_keys) {
            (Some(command), _) => SignerSource::Command(command.clone()),
            (None, Some(directory)) => SignerSource::Directory(directory.clone()),
            (None, None) => SealSettings::beside(database).source,
        }
    }

    fn kept(&self, database: &DatabaseSource) -> KeptHeads {
        match self.seal_heads.as_ref().or(self.seal_keys.as_ref()) {
            Some(directory) => KeptHeads::new(directory.clone()),
            None => SealSettings::beside(database).kept,
        }
    }
}

/// How the log is sealed, and who is shown its heads.
#[derive(Debug, Clone, Args)]
pub(super) struct SealArgs {
    #[command(flatten)]
    key: KeyArgs,

    /// What a log that was never sealed is to be called in its heads: a URL
    /// without its scheme, such as desk.example.cn/log. Default: a name that is
    /// drawn.
    #[arg(long, value_name = "NAME", env = "DOCKET_SEAL_ORIGIN")]
    seal_origin: Option<String>,

    /// How long one pass of the review through the sealed log may take, such as
    /// `12h`: in the background, the desk holds every event against its seal.
    #[arg(
        long,
        value_name = "TIME",
        default_value = "1d",
        env = "DOCKET_SEAL_REVIEW_PASS",
        value_parser = time
    )]
    seal_review_pass: Duration,

    /// How many events the review reads a second at most; a pass takes longer
    /// where that asks for it.
    #[arg(
        long,
        value_name = "EVENTS",
        default_value_t = ReviewSettings::default().events_per_second,
        env = "DOCKET_SEAL_REVIEW_RATE",
        value_parser = clap::value_parser!(u32).range(1..)
    )]
    seal_review_rate: u32,

    /// Somebody outside who is shown the signed heads: `URL VERIFIER-KEY` for a
    /// witness that signs them (C2SP tlog-witness), `mailto:ADDRESS`, or
    /// `file:/PATH`; before it a shortest time such as `10m`. May be repeated;
    /// in the environment they are separated by semicolons.
    #[arg(
        long,
        value_name = "OUTSIDER",
        env = "DOCKET_WITNESSES",
        value_delimiter = ';'
    )]
    witness: Vec<Outsider>,

    /// The server that takes mail, such as `smtp://mail.internal:25`.
    #[arg(
        long,
        value_name = "URL",
        env = "DOCKET_SMTP_URL",
        hide_env_values = true
    )]
    smtp_url: Option<String>,

    /// Who mail is from.
    #[arg(
        long,
        value_name = "ADDRESS",
        default_value = "docket@localhost",
        env = "DOCKET_MAIL_FROM"
    )]
    mail_from: String,
}

/// A time such as `30s`, `10m`, `6h` or `1d`.
fn time(text: &str) -> Result<Duration, String> {
    duration(text).ok_or_else(|| "a time is a number and s, m, h or d, such as 12h".to_owned())
}

impl SealArgs {
    pub(super) fn settings(&self, database: &DatabaseSource) -> SealSettings {
        SealSettings {
            source: self.key.source(database),
            origin: self.seal_origin.clone(),
            kept: self.key.kept(database),
            review: ReviewSettings {
                pass: self.seal_review_pass,
                events_per_second: self.seal_review_rate,
            },
            outsiders: self.witness.clone(),
            smtp_url: self.smtp_url.clone(),
            mail_from: self.mail_from.clone(),
        }
    }
}

#[derive(Debug, Subcommand)]
pub(super) enum SealCommand {
    /// Prints the public keys of the log, one a line, the present one last:
    /// what auditors and witnesses are given.
    Keys {
        #[command(flatten)]
        database: DatabaseArgs,
    },
    /// Prints the last signed head.
    Checkpoint {
        #[command(flatten)]
        database: DatabaseArgs,
    },
    /// Hands the log over to a new key, which the present one endorses, and
    /// prints the new public key. A running service takes it up by itself.
    RotateKey {
        /// The command that has the new key; without it, a key is made in the
        /// directory of the keys.
        #[arg(long, value_name = "COMMAND", env = "DOCKET_SEAL_TO_COMMAND")]
        to_command: Option<PathBuf>,
        /// Who does it: the name that stands in the log.
        #[arg(
            long,
            value_name = "NAME",
            default_value = "docket:command-line",
            env = "DOCKET_BY"
        )]
        by: String,
        #[command(flatten)]
        key: KeyArgs,
        #[command(flatten)]
        database: DatabaseArgs,
    },
    /// Goes on with a log that was brought back from a backup and lacks its
    /// last sealed events, which are nowhere to be found: records the loss in
    /// the log, and puts the kept head of those events aside. Without this, the
    /// desk does not seal such a log.
    AcceptLoss {
        /// Why the events are lost: it stands in the log.
        #[arg(long, value_name = "TEXT", env = "DOCKET_SEAL_LOSS_REASON")]
        reason: String,
        /// Who accepts it: the name that stands in the log.
        #[arg(
            long,
            value_name = "NAME",
            default_value = "docket:command-line",
            env = "DOCKET_BY"
        )]
        by: String,
        #[command(flatten)]
        key: KeyArgs,
        #[command(flatten)]
        database: DatabaseArgs,
    },
}

/// A person's name as that of an administrator at the command line.
fn administrator(name: &str) -> anyhow::Result<Actor> {
    Ok(Actor {
        id: PersonId::new(name)?,
        role: Role::Administrator,
        teams: Vec::new(),
    })
}

pub(super) async fn run(command: SealCommand) -> anyhow::Result<()> {
    match command {
        SealCommand::Keys { database } => {
            let database = looked_at(&database.source()).await?;
            let keys = tree(&database).keys().await;
            database.close().await;
            for key in keys? {
                writeln!(std::io::stdout(), "{}", key.verifier_key)?;
            }
            Ok(())
        }
        SealCommand::Checkpoint { database } => {
            let database = looked_at(&database.source()).await?;
            let latest = tree(&database).latest().await;
            database.close().await;
            let latest = latest?.ok_or_else(|| anyhow::anyhow!("the log is not sealed yet"))?;
            write!(std::io::stdout(), "{}", latest.note)?;
            Ok(())
        }
        SealCommand::RotateKey {
            to_command,
            by,
            key,
            database,
        } => {
            let old = key.source(&database.source());
            let new = match to_command {
                Some(command) => SignerSource::Command(command),
                None => match &old {
                    SignerSource::Directory(_) => old.clone(),
                    SignerSource::Command(_) => SealSettings::beside(&database.source()).source,
                },
            };
            let kept = key.kept(&database.source());
            let actor = administrator(&by)?;
            let desk = database.open().await?;
            let rotated = rotate(&desk, &old, &new, &kept, actor).await;
            desk.close().await;
            writeln!(std::io::stdout(), "{}", rotated?)?;
            Ok(())
        }
        SealCommand::AcceptLoss {
            reason,
            by,
            key,
            database,
        } => {
            let kept = key.kept(&database.source());
            let (actor, reason) = (administrator(&by)?, Text::new(&reason)?);
            let desk = database.open().await?;
            let accepted = accept_loss(&desk, &kept, reason, actor).await;
            desk.close().await;
            let (loss, aside) = accepted?;
            writeln!(
                std::io::stdout(),
                "The log goes on from position {}. The head of {} events that was signed before \
                 is now in {}: give it to the auditor. Start `docket serve` again.",
                loss.sealed,
                loss.kept.size(),
                aside.display()
            )?;
            Ok(())
        }
    }
}

/// A database that is there, opened for reading: whoever only looks makes no
/// desk and changes none.
async fn looked_at(source: &DatabaseSource) -> anyhow::Result<Database> {
    if let DatabaseSource::DataDir(directory) = source {
        anyhow::ensure!(
            LocalPostgres::exists(directory),
            "there is no desk in {}; name the directory that `docket serve` uses with --data-dir, \
             or a server with --database-url",
            directory.display()
        );
    }
    let settings = PoolSettings {
        max_connections: 2,
        access: Access::ReadOnly,
        ..PoolSettings::default()
    };
    Ok(Database::open(source, settings).await?)
}

fn tree(database: &Database) -> SealedTree {
    SealedTree::new(database.pool().clone())
}
