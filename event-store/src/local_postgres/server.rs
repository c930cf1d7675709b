//! The server process: made, started, found, watched and stopped.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection, PgConnection};
use tokio::process::Command;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::binaries::Binaries;
use super::directory::{Directory, Starting};
use super::preparation::prepare_database;
use crate::StoreError;

const PORT: u16 = 5432;
/// The database and the role that owns it.
pub(super) const NAME: &str = "docket";
const SUPERUSER: &str = "postgres";

/// Durable, and sized for a desk on one machine. While it recovers from an
/// archive it answers nobody: its log would look cut until all of it is back.
const SETTINGS: &[&str] = &[
    "listen_addresses=",
    "port=5432",
    "unix_socket_permissions=0700",
    "max_connections=200",
    "shared_buffers=256MB",
    "fsync=on",
    "synchronous_commit=on",
    "full_page_writes=on",
    "hot_standby=off",
    "max_wal_size=4GB",
    "checkpoint_timeout=15min",
    "random_page_cost=1.1",
    "jit=off",
    "log_destination=stderr",
    "logging_collector=off",
    "log_timezone=UTC",
    "timezone=UTC",
];

/// The server of a data directory, as far as this process knows it.
#[derive(Debug)]
pub(super) struct Server {
    directory: Arc<Directory>,
    process: Option<Process>,
}

#[derive(Debug, Clone)]
enum Process {
    /// Started by us; the token is cancelled when it has exited.
    Child(Pid, CancellationToken),
    /// Started by another process.
    Found(Pid),
}

/// What a connection attempt tells of the server.
enum State {
    Ready(PgConnection),
    /// Starting, recovering or shutting down.
    Busy,
    Absent,
}

impl Server {
    const PATIENCE: Duration = Duration::from_secs(300);
    const STOP_PATIENCE: Duration = Duration::from_secs(60);
    const PAUSE: Duration = Duration::from_millis(20);
    /// How often a start is tried again while processes of a killed server
    /// still hold its memory.
    const ATTEMPTS: u32 = 50;
    const ATTEMPT_PAUSE: Duration = Duration::from_millis(200);

    pub(super) fn new(directory: Arc<Directory>) -> Self {
        Self {
            directory,
            process: None,
        }
    }

    /// How to connect as the owner of the database.
    pub(super) fn owner_options(&self) -> PgConnectOptions {
        self.options(NAME, NAME)
    }

    fn options(&self, role: &str, database: &str) -> PgConnectOptions {
        PgConnectOptions::new_without_pgpass()
            .socket(self.directory.socket_dir())
            .port(PORT)
            .username(role)
            .database(database)
    }

    /// When the server is a child of ours: the token of its exit.
    pub(super) fn exit_of_child(&self) -> Option<CancellationToken> {
        match &self.process {
            Some(Process::Child(_, exited)) if !exited.is_cancelled() => Some(exited.clone()),
            _ => None,
        }
    }

    /// Whether the process is there, without asking the server.
    pub(super) fn is_alive(&self) -> bool {
        match &self.process {
            Some(Process::Child(_, exited)) => !exited.is_cancelled(),
            Some(Process::Found(pid)) => is_running(*pid),
            None => false,
        }
    }

    /// Starts a server that has died, unless another of its users was faster.
    pub(super) async fn start_again(&mut self) -> Result<(), StoreError> {
        let directory = Arc::clone(&self.directory);
        let starting = directory.lock_start().await?;
        self.ensure_running(&starting).await
    }

    /// Finds the server running, or makes and starts it.
    pub(super) async fn ensure_running(&mut self, starting: &Starting) -> Result<(), StoreError> {
        let deadline = Instant::now() + Self::PATIENCE;
        let mut failed_starts = 0;
        loop {
            match self.state().await? {
                State::Ready(connection) => {
                    if !self.is_alive() {
                        self.process = self.pid_in_file().map(Process::Found);
                    }
                    return prepare_database(connection).await;
                }
                State::Busy => {}
                State::Absent if self.is_alive() => {}
                State::Absent => {
                    if let Some(Process::Child(..)) = self.process.take() {
                        failed_starts += 1;
                        if failed_starts >= Self::ATTEMPTS || !self.may_start_later() {
                            return Err(self.failure("start", &self.end_of_log()));
                        }
                        tokio::time::sleep(Self::ATTEMPT_PAUSE).await;
                    }
                    self.start(starting).await?;
                }
            }
            if Instant::now() > deadline {
                let late = "it is not ready after five minutes; if it is recovering, it goes on by \
                            itself, and the next start finds it";
                return Err(self.failure("start", late));
            }
            tokio::time::sleep(Self::PAUSE).await;
        }
    }

    /// Stops the server and waits until it is gone.
    pub(super) async fn stop(&mut self, _starting: &Starting) -> Result<(), StoreError> {
        if !self.is_alive()
            && let State::Ready(connection) = self.state().await?
        {
            // Another user has started it again, and has gone since.
            connection.close().await?;
            self.process = self.pid_in_file().map(Process::Found);
        }
        let Some(process) = self.process.take() else {
            return Ok(());
        };
        let (Process::Child(pid, _) | Process::Found(pid)) = process;
        let gone = || match &process {
            Process::Child(_, exited) => exited.is_cancelled(),
            Process::Found(pid) => !is_running(*pid),
        };
        // Interrupting is the fast shutdown: sessions end, data is flushed.
        // Quitting is the last resort, and costs a recovery at the next start.
        for signal in [Signal::SIGINT, Signal::SIGQUIT] {
            let deadline = Instant::now() + Self::STOP_PATIENCE;
            if !gone() && kill(pid, signal).is_err() {
                break;
            }
            while !gone() && Instant::now() < deadline {
                tokio::time::sleep(Self::PAUSE).await;
            }
            if gone() {
                return Ok(());
            }
        }
        Err(self.failure("stop", "it does not end"))
    }

    async fn state(&self) -> Result<State, StoreError> {
        const CANNOT_CONNECT_NOW: &str = "57P03";
        match self.options(SUPERUSER, SUPERUSER).connect().await {
            Ok(connection) => Ok(State::Ready(connection)),
            Err(sqlx::Error::Database(error))
                if error.code().as_deref() == Some(CANNOT_CONNECT_NOW) =>
            {
                Ok(State::Busy)
            }
            Err(sqlx::Error::Database(error)) => Err(sqlx::Error::Database(error).into()),
            Err(_) => Ok(State::Absent),
        }
    }

    async fn start(&mut self, starting: &Starting) -> Result<(), StoreError> {
        let version = self.directory.cluster_version();
        let binaries = tokio::task::spawn_blocking(move || Binaries::find(version))
            .await
            .map_err(|error| self.failure("start", &error.to_string()))??;
        if version.is_none() {
            self.make_cluster(&binaries, starting).await?;
        }

        let log_path = self.directory.log_file();
        keep_log_short(&log_path)?;
        let log = OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .open(&log_path)
            .map_err(StoreError::io(&log_path))?;
        let same_log = log.try_clone().map_err(StoreError::io(&log_path))?;

        let mut command = self.command(&binaries.postgres());
        command
            .arg("-D")
            .arg(self.directory.cluster())
            // Each batch takes and frees the same memory: it is kept.
            .env("MALLOC_TRIM_THRESHOLD_", "16777216")
            .env("MALLOC_TOP_PAD_", "1048576")
            .stdout(log)
            .stderr(same_log);
        let sockets = format!(
            "unix_socket_directories={}",
            self.directory.socket_dir().display()
        );
        for setting in SETTINGS.iter().copied().chain([sockets.as_str()]) {
            command.args(["-c", setting]);
        }
        let mut child = command
            .spawn()
            .map_err(StoreError::io(binaries.postgres()))?;
        let pid = child
            .id()
            .and_then(|id| i32::try_from(id).ok())
            .ok_or_else(|| self.failure("start", "it has no process id"))?;

        let exited = CancellationToken::new();
        self.process = Some(Process::Child(Pid::from_raw(pid), exited.clone()));
        tokio::spawn(async move {
            let _status = child.wait().await;
            exited.cancel();
        });
        Ok(())
    }

    /// Makes the cluster under another name first: what `initdb` did not
    /// finish is never taken for a cluster.
    async fn make_cluster(
        &self,
        binaries: &Binaries,
        _starting: &Starting,
    ) -> Result<(), StoreError> {
        let unfinished = self.directory.unfinished_cluster();
        let mut said = Vec::new();
        // Names of people are compared in their own letters where the system
        // knows how; not every system does.
        for letters in ["C.UTF-8", "C"] {
            if unfinished.exists() {
                std::fs::remove_dir_all(&unfinished).map_err(StoreError::io(&unfinished))?;
            }
            self.directory.own(&unfinished)?;
            let output = self
                .command(&binaries.initdb())
                .arg("-D")
                .arg(&unfinished)
                .args([
                    "--username",
                    SUPERUSER,
                    "--encoding",
                    "UTF8",
                    "--locale",
                    "C",
                    "--lc-ctype",
                    letters,
                ])
                .args(["--auth-local", "trust", "--auth-host", "reject"])
                .output()
                .await
                .map_err(StoreError::io(binaries.initdb()))?;
            if output.status.success() {
                let cluster = self.directory.cluster();
                return std::fs::rename(&unfinished, &cluster).map_err(StoreError::io(cluster));
            }
            said = output.stderr;
        }
        Err(self.failure("be made", String::from_utf8_lossy(&said).trim()))
    }

    /// A program of PostgreSQL, as the account that it may run as, apart from
    /// the terminal's signals: we stop it when we are done with it.
    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .env("LC_ALL", "C")
            .current_dir("/")
            .stdin(Stdio::null())
            .process_group(0);
        if let Some(account) = &self.directory.account {
            command.uid(account.uid.as_raw()).gid(account.gid.as_raw());
        }
        command
    }

    fn pid_in_file(&self) -> Option<Pid> {
        let text = std::fs::read_to_string(self.directory.cluster().join("postmaster.pid")).ok()?;
        text.lines().next()?.trim().parse().ok().map(Pid::from_raw)
    }

    /// Whether the server only waits for the remains of a killed one.
    fn may_start_later(&self) -> bool {
        let log = self.end_of_log();
        [
            "pre-existing shared memory block",
            "already exists",
            "is still in use",
            "already in use",
        ]
        .iter()
        .any(|sign| log.contains(sign))
    }

    fn end_of_log(&self) -> String {
        const LINES: usize = 8;
        let log = std::fs::read_to_string(self.directory.log_file()).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(LINES)..].join("\n")
    }

    fn failure(&self, step: &'static str, detail: &str) -> StoreError {
        StoreError::LocalServer {
            path: self.directory.root().to_owned(),
            step,
            detail: detail.to_owned(),
        }
    }
}

/// Whether a process is there and not merely waiting to be reaped.
fn is_running(pid: Pid) -> bool {
    if kill(pid, None) == Err(nix::errno::Errno::ESRCH) {
        return false;
    }
    // After the name, which stands in parentheses, comes the state.
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(')')
        .is_none_or(|(_, rest)| !rest.trim_start().starts_with('Z'))
}

/// Sets a long log aside, so that it does not grow for ever.
fn keep_log_short(path: &Path) -> Result<(), StoreError> {
    const LONGEST: u64 = 8 << 20;
    if std::fs::metadata(path).is_ok_and(|log| log.len() > LONGEST) {
        std::fs::rename(path, path.with_extension("log.1")).map_err(StoreError::io(path))?;
    }
    Ok(())
}
