//! What PostgreSQL does by itself, asked by its own pgbench: it inserts single
//! rows, each durable, or reads fifty of them by an index, with the statement
//! prepared. It decides nothing and checks no version.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection, Executor};
use tokio::process::Command;

use crate::append::TABLE;
use crate::conversation::WORDS;
use crate::server::Server;

const DATABASE: &str = "bench_pgbench";
/// How many rows there are to read from.
const ROWS: u32 = 100_000;

/// Databases of its own, and the scripts that it runs on them.
pub(crate) struct Pgbench {
    program: PathBuf,
    directory: PathBuf,
    options: PgConnectOptions,
}

/// What it is asked to do, again and again.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Script {
    /// Inserts one row.
    Insert,
    /// Reads fifty rows that follow each other.
    Select,
}

impl Script {
    fn file(self) -> &'static str {
        match self {
            Self::Insert => "insert.sql",
            Self::Select => "select.sql",
        }
    }

    fn text(self) -> String {
        match self {
            // pgbench takes a colon before a letter for one of its own variables.
            Self::Insert => format!(
                "insert into events (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata) \
                 values ('conversation', gen_random_uuid()::text, 1, 'CommentAdded', '1.0', \
                 '{{\"from_requester\": false,\"text\":\"{WORDS}\",\"type\":\"CommentAdded\",\"visibility\":\"Public\"}}', \
                 '{{\"actor\":\"li.wei\",\"channel\":\"api\",\"effective_at\":\"2026-03-02T08:30:00.000Z\",\"role\":\"agent\"}}');\n"
            ),
            Self::Select => format!(
                "\\set first random(1, {})\n\
                 select id, number, summary, status, priority, team, person, opened_at \
                 from rows where id >= :first order by id limit 50;\n",
                ROWS - 50
            ),
        }
    }
}

impl Pgbench {
    pub(crate) async fn open(server: &Server, directory: &Path) -> anyhow::Result<Self> {
        let options = server.create(DATABASE).await?;
        let mut connection = options.connect().await?;
        connection.execute(TABLE).await?;
        let rows = format!(
            "create table rows as \
             select i as id, 'INC' || i as number, '打印机卡纸 third floor ' || i as summary, \
                 'InProgress' as status, i % 5 as priority, 'team ' || i % 12 as team, \
                 'person ' || i % 100 as person, now() - i * interval '1 minute' as opened_at \
             from generate_series(1, {ROWS}) i"
        );
        connection.execute(rows.as_str()).await?;
        connection
            .execute("alter table rows add primary key (id)")
            .await?;
        connection.execute("analyze").await?;
        connection.close().await?;
        for script in [Script::Insert, Script::Select] {
            std::fs::write(directory.join(script.file()), script.text())?;
        }
        Ok(Self {
            program: server.program("pgbench").await?,
            directory: directory.to_owned(),
            options,
        })
    }

    /// Runs a script for a while; returns how often a second.
    pub(crate) async fn run(
        &self,
        script: Script,
        clients: u32,
        time: Duration,
    ) -> anyhow::Result<f64> {
        let socket = self
            .options
            .get_socket()
            .context("the server has no socket")?;
        let output = Command::new(&self.program)
            .args(["--no-vacuum", "--protocol=prepared", "--jobs=2"])
            .arg(format!("--client={clients}"))
            .arg(format!("--time={}", time.as_secs().max(1)))
            .arg("--file")
            .arg(self.directory.join(script.file()))
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

    /// Where the rows are that it inserts.
    pub(crate) fn options(&self) -> &PgConnectOptions {
        &self.options
    }

    pub(crate) async fn close(self, server: &Server) -> anyhow::Result<()> {
        server.remove(DATABASE).await
    }
}
