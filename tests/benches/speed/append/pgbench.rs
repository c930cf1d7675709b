//! What PostgreSQL does by itself: pgbench inserts single rows, each durable,
//! with the statement prepared. It loads nothing, decides nothing and checks
//! no version.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection, Executor};
use tokio::process::Command;

use super::postgres_es::TABLE;
use crate::conversation::WORDS;
use crate::server::Server;

const DATABASE: &str = "bench_pgbench";

/// A table of its own, and the script that fills it.
pub(super) struct Pgbench {
    program: PathBuf,
    script: PathBuf,
    options: PgConnectOptions,
}

impl Pgbench {
    pub(super) async fn open(server: &Server, directory: &Path) -> anyhow::Result<Self> {
        let options = server.create(DATABASE).await?;
        let mut connection = options.connect().await?;
        connection.execute(TABLE).await?;
        connection.close().await?;
        let script = directory.join("insert.sql");
        // pgbench takes a colon before a letter for one of its own variables.
        let insert = format!(
            "insert into events (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata) \
             values ('conversation', gen_random_uuid()::text, 1, 'CommentAdded', '1.0', \
             '{{\"from_requester\": false,\"text\":\"{WORDS}\",\"type\":\"CommentAdded\",\"visibility\":\"Public\"}}', \
             '{{\"actor\":\"li.wei\",\"channel\":\"api\",\"effective_at\":\"2026-03-02T08:30:00.000Z\",\"role\":\"agent\"}}');\n"
        );
        std::fs::write(&script, insert)?;
        Ok(Self {
            program: server.program("pgbench").await?,
            script,
            options,
        })
    }

    /// Inserts for a while; returns how many rows a second.
    pub(super) async fn run(&self, clients: u32, time: Duration) -> anyhow::Result<f64> {
        let socket = self
            .options
            .get_socket()
            .context("the server has no socket")?;
        let output = Command::new(&self.program)
            .args(["--no-vacuum", "--protocol=prepared", "--jobs=2"])
            .arg(format!("--client={clients}"))
            .arg(format!("--time={}", time.as_secs().max(1)))
            .arg("--file")
            .arg(&self.script)
            .arg("--host")
            .arg(socket)
            .arg(format!("--port={}", self.options.get_port()))
            .arg(format!("--username={}", self.options.get_username()))
            .arg(DATABASE)
            .output()
            .await
            .with_context(|| self.program.display().to_string())?;
        let text = String::from_utf8_lossy(&output.stdout);
        if !output.status.success() {
            bail!("pgbench: {}", String::from_utf8_lossy(&output.stderr));
        }
        let tps = text.lines().find_map(|line| line.strip_prefix("tps = "));
        let tps = tps.and_then(|rest| rest.split_whitespace().next());
        tps.context("pgbench did not say how fast it was")?
            .parse()
            .context("pgbench")
    }

    pub(super) async fn close(self, server: &Server) -> anyhow::Result<()> {
        server.remove(DATABASE).await
    }
}
