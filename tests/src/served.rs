//! The service as a process of its own, for those who measure it or kill it.

use std::ffi::OsString;
use std::fs::OpenOptions;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, bail};
use event_store::DatabaseSource;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep};

use crate::program::program;

/// A call of one of the project's programs on a database: a subcommand and its
/// arguments. Dropped, it is killed.
pub fn call(name: &str, arguments: &[&str], database: &DatabaseSource) -> Command {
    let (option, value) = match database {
        DatabaseSource::DataDir(directory) => ("--data-dir", directory.as_os_str().to_owned()),
        DatabaseSource::Url(url) => ("--database-url", OsString::from(url)),
    };
    let mut command = Command::from(program(name));
    command
        .args(arguments)
        .arg(option)
        .arg(value)
        .env_remove("DOCKET_LISTEN")
        .env_remove("DOCKET_LOAD")
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command
}

/// Makes a token with `docket token create`.
pub async fn token(name: &str, role: &str, database: &DatabaseSource) -> anyhow::Result<String> {
    let arguments = ["token", "create", "--name", name, "--role", role];
    let output = call("docket", &arguments, database).output().await?;
    if !output.status.success() {
        bail!(
            "docket token create: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

/// A port that nobody listens on at present.
pub fn free_port() -> std::io::Result<u16> {
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?.port())
}

/// Asks again, with short pauses, until there is an answer. Returns nothing
/// when there is none in time.
pub async fn eventually<T>(
    patience: Duration,
    mut ask: impl AsyncFnMut() -> Option<T>,
) -> Option<T> {
    let deadline = Instant::now() + patience;
    loop {
        if let Some(answer) = ask().await {
            return Some(answer);
        }
        if Instant::now() > deadline {
            return None;
        }
        sleep(Served::PAUSE).await;
    }
}

/// The option that keeps the keys of a database that is elsewhere beside what the
/// service says, in a directory for each database: in the user's own directory
/// the head of one log would keep the next log from beginning.
fn keys_beside(log: &Path, database: &DatabaseSource) -> Vec<OsString> {
    let DatabaseSource::Url(url) = database else {
        return Vec::new();
    };
    let address = url.split('?').next().unwrap_or(url);
    let name = address.rsplit('/').next().unwrap_or_default();
    let directory = log.with_file_name(format!("{name}.seal-keys"));
    vec!["--seal-keys".into(), directory.into()]
}

/// A running `docket serve`.
#[derive(Debug)]
pub struct Served {
    child: Child,
    address: SocketAddr,
}

impl Served {
    const PAUSE: Duration = Duration::from_millis(20);
    /// How long a graceful stop may take.
    const STOP_PATIENCE: Duration = Duration::from_secs(60);

    /// Starts the service and waits until it is ready. What it says is added
    /// to a file, beside which it keeps its keys where the database is elsewhere.
    pub async fn start(
        database: &DatabaseSource,
        port: u16,
        log: &Path,
        patience: Duration,
    ) -> anyhow::Result<Self> {
        let mut served = Self::begin(database, port, log, &[])?;
        served.until_ready(patience).await?;
        Ok(served)
    }

    /// Starts the service, with further arguments, and waits for nothing.
    pub fn begin(
        database: &DatabaseSource,
        port: u16,
        log: &Path,
        arguments: &[&str],
    ) -> anyhow::Result<Self> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let output = OpenOptions::new().append(true).create(true).open(log)?;
        let child = call(
            "docket",
            &["serve", "--listen", &address.to_string()],
            database,
        )
        .args(keys_beside(log, database))
        .args(arguments)
        .stdout(output.try_clone()?)
        .stderr(output)
        .spawn()
        .context("docket serve")?;
        Ok(Self { child, address })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its process, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// Waits until it says that it is ready.
    pub async fn until_ready(&mut self, patience: Duration) -> anyhow::Result<()> {
        let client = reqwest::Client::builder()
            .timeout(Duration::from_secs(5))
            .build()?;
        let url = format!("http://{}/health/ready", self.address);
        let deadline = Instant::now() + patience;
        loop {
            if let Some(status) = self.child.try_wait()? {
                bail!("docket serve ended by itself: {status}");
            }
            let answer = client.get(&url).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(());
            }
            if Instant::now() > deadline {
                bail!("docket serve is not ready after {} s", patience.as_secs());
            }
            sleep(Self::PAUSE).await;
        }
    }

    /// Kills it, so that it can finish nothing.
    pub async fn kill(mut self) -> anyhow::Result<()> {
        self.child
            .kill()
            .await
            .context("docket serve could not be killed")
    }

    /// Asks it to stop.
    pub fn ask_to_stop(&self) -> anyhow::Result<()> {
        if let Some(pid) = self.child.id() {
            kill(Pid::from_raw(i32::try_from(pid)?), Signal::SIGTERM)?;
        }
        Ok(())
    }

    /// Asks it to stop, and waits until it has.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        self.ask_to_stop()?;
        let status = tokio::time::timeout(Self::STOP_PATIENCE, self.child.wait()).await;
        match status.context("docket serve does not stop")?? {
            status if status.success() => Ok(()),
            status => bail!("docket serve did not stop well: {status}"),
        }
    }
}
