//! What can go wrong at the boundary of this crate.

use std::path::PathBuf;

use cqrs_es::persist::PersistenceError;
use uuid::Uuid;

/// Why a commit has no place in the log.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AppendError {
    /// The stream has moved on since the decision was made; nothing was stored.
    #[error("the stream is at version {current}, not at the one that was decided on")]
    Conflict {
        /// The version that the stream is at.
        current: i64,
    },
    /// The command's id belongs to another command; nothing was stored.
    #[error("the command id was already used for another command")]
    CommandIdReused,
    /// Another aggregate holds a key that the commit claims; nothing was stored.
    #[error("the key {key:?} of {scope} is taken")]
    KeyTaken {
        /// What kind of key it is.
        scope: String,
        /// The key.
        key: String,
        /// The aggregate that holds it.
        holder: Uuid,
    },
    /// The commit was sent, and no answer came within the time limit: it may
    /// be stored or not. Sending it again under the same command id settles it.
    #[error("no answer from the log in time: the command may have been stored or not")]
    Unknown(#[source] StoreError),
    /// The log is shutting down and takes nothing more; nothing was stored.
    #[error("the log is closed")]
    Closed,
    /// The log could not take the commit; nothing was stored.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why the event store could not do its work.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// PostgreSQL refused or could not be reached.
    #[error("the database failed: {0}")]
    Database(#[from] sqlx::Error),
    /// A migration could not be applied.
    #[error("the database could not be migrated: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// The database lacks migrations that this program was built with.
    #[error(
        "the database is not up to date ({missing} migrations are missing): run `docket migrate`"
    )]
    SchemaBehind {
        /// How many migrations are missing.
        missing: usize,
    },
    /// The database has been migrated by a newer program.
    #[error("the database was migrated by a newer version of this program (migration {version})")]
    SchemaAhead {
        /// The newest migration of the database.
        version: i64,
    },
    /// A migration was edited after it had been applied.
    #[error("migration {version} was applied with other content than this program has")]
    SchemaDiffers {
        /// The migration that differs.
        version: i64,
    },
    /// The login of the database may not act as the service's role.
    #[error(
        "the database login {login:?} may not act as the role \"docket_app\"; \
         as a superuser, run once: create role docket_app nologin; grant docket_app to \"{login}\";"
    )]
    RoleMissing {
        /// The login that was used.
        login: String,
    },
    /// A row of the log does not hold what the log writes.
    #[error("position {position} of the log cannot be read: {problem}")]
    Corrupt {
        /// Where in the log.
        position: i64,
        /// What is wrong there.
        problem: String,
    },
    /// An event does not have the shape that its reader expects.
    #[error("event {sequence} of {aggregate_type} {aggregate_id} cannot be decoded: {detail}")]
    Decode {
        /// The kind of aggregate.
        aggregate_type: String,
        /// The aggregate.
        aggregate_id: String,
        /// Which of its events.
        sequence: i64,
        /// What the decoder says.
        detail: String,
    },
    /// A value cannot be written as JSON.
    #[error("a value cannot be written as JSON: {0}")]
    Encode(#[source] serde_json::Error),
    /// A stream could not be read through postgres-es.
    #[error("a stream could not be read: {0}")]
    Stream(#[from] PersistenceError),
    /// A commit has a number that would be sealed as another one.
    #[error(
        "the number {number} is not between -9007199254740991 and 9007199254740991, the numbers \
         that JSON holds exactly"
    )]
    InexactNumber {
        /// The number.
        number: String,
    },
    /// A commit without events was handed in: there is nothing to append.
    #[error("a commit needs at least one event")]
    EmptyCommit,
    /// A commit has more events than one command may cause.
    #[error("a commit of {events} events is too large")]
    CommitTooLarge {
        /// How many it has.
        events: usize,
    },
    /// The queue of the log had no room until the time limit.
    #[error("the log is too busy; nothing was stored")]
    TimedOut,
    /// The database could not be reached, or did not answer.
    #[error("the database gave no answer: {detail}")]
    NoAnswer {
        /// How the last attempt ended.
        detail: String,
    },
    /// The log has been shut down.
    #[error("the log is closed")]
    Closed,
    /// No PostgreSQL was found on the machine.
    #[error(
        "no PostgreSQL{wanted} was found on this machine (looked in {looked}); \
         install it with `apt-get install {package}`, or set DATABASE_URL to a server"
    )]
    NoPostgres {
        /// The version that is needed, with a space before it, or nothing.
        wanted: String,
        /// The Debian package that brings it.
        package: String,
        /// Where it was looked for.
        looked: String,
    },
    /// PostgreSQL does not run as root, and no other account can be used.
    #[error(
        "PostgreSQL refuses to run as root, and this machine has neither a `postgres` nor a `nobody` account"
    )]
    NoAccount,
    /// The account that PostgreSQL runs as cannot enter the data directory.
    #[error(
        "PostgreSQL runs as the account {account:?}, which cannot enter {path}; \
         choose a data directory that it can reach, such as /var/lib/docket"
    )]
    Unreachable {
        /// The account.
        account: String,
        /// The directory that it cannot enter.
        path: PathBuf,
    },
    /// The private server could not be made or started.
    #[error("the private PostgreSQL in {path} could not {step}: {detail}")]
    LocalServer {
        /// Its data directory.
        path: PathBuf,
        /// What it was to do.
        step: &'static str,
        /// What it said.
        detail: String,
    },
    /// Another process serves the data directory.
    #[error("{path} is already being served by process {pid}")]
    AlreadyServing {
        /// The data directory.
        path: PathBuf,
        /// The process that serves it.
        pid: u32,
    },
    /// A file of the data directory could not be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
}

/// Whether an error, or one that caused it, says that PostgreSQL cannot be
/// reached or takes nobody in at present: the same request may succeed later.
pub fn is_out_of_reach(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut link = Some(error);
    while let Some(error) = link {
        if let Some(error) = error.downcast_ref::<sqlx::Error>() {
            return passes(error);
        }
        if let Some(
            PersistenceError::ConnectionError(inner) | PersistenceError::UnknownError(inner),
        ) = error.downcast_ref::<PersistenceError>()
        {
            return inner.downcast_ref::<sqlx::Error>().is_some_and(passes);
        }
        link = error.source();
    }
    false
}

/// Whether a failure of the database passes by itself.
fn passes(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => true,
        sqlx::Error::Database(database) => {
            let code = database.code().unwrap_or_default();
            // Connections, resources, an operator who intervenes (a server that
            // stops or starts), and a server that is a standby by now.
            let is_of_operation = matches!(code.get(..2), Some("08" | "53" | "57"));
            (is_of_operation && code != "57014") || code == "25006"
        }
        _ => false,
    }
}

impl StoreError {
    /// Wraps an error of the file system with the path it concerns.
    pub(crate) fn io(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, source }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_by_itself_is_told_from_what_does_not() {
        let refused = || std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
        let read_through_postgres_es =
            PersistenceError::UnknownError(Box::new(sqlx::Error::Io(refused())));
        for error in [
            StoreError::Database(sqlx::Error::Io(refused())),
            StoreError::Database(sqlx::Error::PoolTimedOut),
            StoreError::Stream(read_through_postgres_es),
        ] {
            assert!(is_out_of_reach(&error), "{error}");
            assert!(is_out_of_reach(&AppendError::Store(error)));
        }
        for error in [
            StoreError::Database(sqlx::Error::RowNotFound),
            StoreError::EmptyCommit,
            StoreError::io("/file")(refused()),
        ] {
            assert!(!is_out_of_reach(&error), "{error}");
        }
    }
}
