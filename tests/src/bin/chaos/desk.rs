//! The desk that is tried: its service, its PostgreSQL, and who may use it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, ensure};
use event_store::DatabaseSource;
use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};
use tests::served::{Served, free_port, token};
use tokio::time::{Instant, sleep};

use crate::clients::ask;

/// How long the service may take to be ready, PostgreSQL's recovery included.
const PATIENCE: Duration = Duration::from_secs(60);

/// The desk of a data directory.
pub(crate) struct Desk {
    directory: PathBuf,
    database: DatabaseSource,
    log: PathBuf,
    port: u16,
    served: Option<Served>,
}

/// Who uses it, by their tokens, and the teams that they give work to.
#[derive(Debug, Clone)]
pub(crate) struct People {
    pub(crate) coordinator: String,
    pub(crate) auditor: String,
    pub(crate) teams: Vec<String>,
}

impl Desk {
    /// A desk that is not there yet.
    pub(crate) fn new(directory: &Path) -> anyhow::Result<Self> {
        let data = directory.join("desk");
        Ok(Self {
            database: DatabaseSource::DataDir(data.clone()),
            directory: data,
            log: directory.join("docket.log"),
            port: free_port()?,
            served: None,
        })
    }

    pub(crate) fn database(&self) -> &DatabaseSource {
        &self.database
    }

    /// Where it answers GraphQL.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/graphql", self.port)
    }

    /// Starts the service, if it does not run, and waits until it is ready.
    pub(crate) async fn start(&mut self) -> anyhow::Result<()> {
        if let Some(served) = &mut self.served {
            served.until_ready(PATIENCE).await
        } else {
            self.served =
                Some(Served::start(&self.database, self.port, &self.log, PATIENCE).await?);
            Ok(())
        }
    }

    /// Makes tokens and founds teams.
    pub(crate) async fn people(&self) -> anyhow::Result<People> {
        let administrator = token("chaos-administrator", "administrator", &self.database).await?;
        let client = reqwest::Client::new();
        let mut teams = Vec::new();
        for code in ["desk", "network"] {
            let query =
                "mutation($input: TeamFoundInput!) { teamFound(input: $input) { team { id } } }";
            let input =
                json!({ "code": code, "name": code, "line": "FIRST", "department": "head office" });
            let answer = ask(
                &client,
                &self.url(),
                &administrator,
                query,
                &json!({ "input": input }),
            )
            .await?;
            let id = answer["data"]["teamFound"]["team"]["id"].as_str();
            teams.push(
                id.with_context(|| format!("a team could not be founded: {answer}"))?
                    .to_owned(),
            );
        }
        Ok(People {
            coordinator: token("chaos-coordinator", "coordinator", &self.database).await?,
            auditor: token("chaos-auditor", "auditor", &self.database).await?,
            teams,
        })
    }

    /// Kills the service.
    pub(crate) async fn kill_service(&mut self) -> anyhow::Result<()> {
        self.served
            .take()
            .context("the service does not run")?
            .kill()
            .await
    }

    /// Kills PostgreSQL's first process, whose others end when they notice.
    pub(crate) async fn kill_postgres(&self) -> anyhow::Result<()> {
        let pid = self.postgres().context("PostgreSQL does not run")?;
        kill(pid, Signal::SIGKILL).context("PostgreSQL could not be killed")?;
        let deadline = Instant::now() + PATIENCE;
        while is_running(pid) {
            ensure!(Instant::now() < deadline, "PostgreSQL is still there");
            sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }

    /// Stops the service as its operator does; its PostgreSQL must go with it.
    pub(crate) async fn stop(&mut self) -> anyhow::Result<()> {
        self.served
            .take()
            .context("the service does not run")?
            .stop()
            .await?;
        ensure!(
            self.postgres().is_none(),
            "the service has left its PostgreSQL behind"
        );
        Ok(())
    }

    /// Leaves nothing running, however the run went.
    pub(crate) async fn end(&mut self) {
        if let Some(served) = self.served.take() {
            let _killed = served.kill().await;
        }
        if let Some(pid) = self.postgres() {
            // The immediate shutdown: nobody needs this database any more.
            let _gone = kill(pid, Signal::SIGQUIT);
            let deadline = Instant::now() + PATIENCE;
            while is_running(pid) && Instant::now() < deadline {
                sleep(Duration::from_millis(20)).await;
            }
        }
    }

    /// PostgreSQL's first process, if it runs.
    fn postgres(&self) -> Option<Pid> {
        let file = fs::read_to_string(self.directory.join("postgres/postmaster.pid")).ok()?;
        let pid = Pid::from_raw(file.lines().next()?.trim().parse().ok()?);
        is_running(pid).then_some(pid)
    }
}

/// Whether a process is there, and does not merely wait to be taken note of.
fn is_running(pid: Pid) -> bool {
    if kill(pid, None) == Err(Errno::ESRCH) {
        return false;
    }
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(')')
        .is_none_or(|(_, rest)| !rest.trim_start().starts_with('Z'))
}

/// The code of an answer's first error.
pub(crate) fn code(answer: &Value) -> Option<&str> {
    answer["errors"][0]["extensions"]["code"].as_str()
}
