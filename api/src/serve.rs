//! `docket serve`: the desk behind its doors, until somebody asks it to stop.

use std::future::Future;
use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use domain::Role;
use domain::ids::PersonId;
use event_store::local_postgres::ServeLock;
use event_store::{DatabaseSource, PoolSettings};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::desk::{Desk, Projecting};
use crate::http::{Doors, Patience};
use crate::import::FileOptions;
use crate::processes::Processes;
use crate::sample;
use crate::seals::{SealSettings, Seals};

/// How long requests under way may take once the service is asked to stop.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(20);

/// A desk that is being served.
pub struct Serving {
    /// Where it listens.
    pub address: SocketAddr,
    desk: Desk,
    processes: Processes,
    seals: Seals,
    stop: CancellationToken,
    doors: tokio::task::JoinHandle<std::io::Result<()>>,
    work: TaskTracker,
    _lock: Option<ServeLock>,
}

impl Serving {
    /// Opens the desk of a database, fills it where that is asked for, and
    /// begins to serve it.
    pub async fn start(
        source: &DatabaseSource,
        listen: SocketAddr,
        load: Option<&Load>,
        seals: &SealSettings,
    ) -> anyhow::Result<Self> {
        Self::start_with(source, listen, load, seals, Patience::default()).await
    }

    /// The same, with doors that wait as long as they are told.
    pub async fn start_with(
        source: &DatabaseSource,
        listen: SocketAddr,
        load: Option<&Load>,
        seals: &SealSettings,
        patience: Patience,
    ) -> anyhow::Result<Self> {
        let nobody = CancellationToken::new();
        let started = Self::start_unless(&nobody, source, listen, load, seals, patience).await?;
        started.context("the start was called off")
    }

    /// The same, unless it is asked to stop meanwhile: what was begun is then
    /// put away, and nothing is served.
    async fn start_unless(
        asked_to_stop: &CancellationToken,
        source: &DatabaseSource,
        listen: SocketAddr,
        load: Option<&Load>,
        seals: &SealSettings,
        patience: Patience,
    ) -> anyhow::Result<Option<Self>> {
        let lock = match source {
            DatabaseSource::DataDir(dir) => Some(ServeLock::acquire(dir)?),
            DatabaseSource::Url(_) => None,
        };
        let metrics = crate::telemetry::metrics();
        let listener = TcpListener::bind(listen)
            .await
            .with_context(|| format!("cannot listen on {listen}"))?;
        let address = listener.local_addr()?;
        let Some(desk) = open_unless(asked_to_stop, source).await? else {
            return Ok(None);
        };
        // Before the process managers wake: what the history says of an old
        // resolution comes before what the desk makes of its silence.
        if let Some(load) = load {
            let filled = asked_to_stop.run_until_cancelled(fill(&desk, load)).await;
            if !matches!(filled, Some(Ok(()))) {
                desk.close().await;
                return filled.transpose().map(|_| None);
            }
        }
        let seals = match Seals::start(&desk, seals).await {
            Ok(seals) => seals,
            Err(error) => {
                desk.close().await;
                return Err(error);
            }
        };
        let processes = Processes::start(&desk);
        let schema = crate::graphql::build(desk.clone());
        let (work, stop) = (TaskTracker::new(), CancellationToken::new());
        let router = crate::http::router(Doors {
            desk: desk.clone(),
            schema,
            metrics,
            seals: seals.state(),
            patience,
            work: work.clone(),
            stop: stop.clone(),
        });
        let stopped = stop.clone();
        let doors = tokio::spawn(async move {
            axum::serve(listener, router)
                .with_graceful_shutdown(stopped.cancelled_owned())
                .await
        });
        tracing::info!(%address, "the desk is open");
        Ok(Some(Self {
            address,
            desk,
            processes,
            seals,
            stop,
            doors,
            work,
            _lock: lock,
        }))
    }

    /// The desk that is served.
    pub fn desk(&self) -> &Desk {
        &self.desk
    }

    /// Serves until asked to stop, then finishes what is under way.
    pub async fn until(mut self, asked_to_stop: impl Future<Output = ()>) -> anyhow::Result<()> {
        tokio::select! {
            () = asked_to_stop => {}
            ended = &mut self.doors => {
                self.processes.stop().await;
                self.seals.stop().await;
                self.desk.close().await;
                return Ok(ended??);
            }
        }
        self.stop().await;
        Ok(())
    }

    /// Takes no more requests, finishes those under way, and lets go of the
    /// database.
    pub async fn stop(self) {
        tracing::info!("the desk closes: requests under way are finished");
        self.stop.cancel();
        self.work.close();
        let finished = async { tokio::join!(self.doors, self.work.wait()) };
        if tokio::time::timeout(SHUTDOWN_LIMIT, finished)
            .await
            .is_err()
        {
            tracing::warn!("some connections were still open and are cut now");
        }
        self.processes.stop().await;
        self.seals.stop().await;
        self.desk.close().await;
        tracing::info!("the desk is closed");
    }
}

/// Serves until SIGTERM or SIGINT.
pub async fn run(
    source: &DatabaseSource,
    listen: SocketAddr,
    load: Option<&Load>,
    seals: &SealSettings,
) -> anyhow::Result<()> {
    // Listened for from the beginning: a signal during the start is not lost.
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    let mut interrupt = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt())?;
    let asked = CancellationToken::new();
    let asking = asked.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        asking.cancel();
    });
    let started =
        Serving::start_unless(&asked, source, listen, load, seals, Patience::default()).await?;
    let Some(serving) = started else {
        tracing::info!("the desk was asked to stop before it was open");
        return Ok(());
    };
    if load.is_some()
        && let Err(error) = welcome(&serving, source).await
    {
        serving.stop().await;
        return Err(error);
    }
    serving.until(asked.cancelled_owned()).await
}

/// Opens the desk of a database. A private PostgreSQL that is just being made or
/// started is not left to itself when the desk is asked to stop: it is stopped
/// too, unless it takes too long to come up.
async fn open_unless(
    asked_to_stop: &CancellationToken,
    source: &DatabaseSource,
) -> anyhow::Result<Option<Desk>> {
    let opening = Desk::open(source, PoolSettings::default(), Projecting::Yes);
    tokio::pin!(opening);
    if let Some(opened) = asked_to_stop.run_until_cancelled(opening.as_mut()).await {
        return Ok(Some(opened?));
    }
    if let Ok(Ok(desk)) = tokio::time::timeout(SHUTDOWN_LIMIT, opening).await {
        desk.close().await;
    }
    Ok(None)
}

/// What an empty desk is filled with.
#[derive(Debug, Clone)]
pub struct Load {
    /// `sample` for the sample desk, or the file of an audit log.
    pub what: String,
    /// How the file is to be read.
    pub options: FileOptions,
}

/// Fills the desk before anybody is told that it is open. Rows that were not
/// understood do not keep it closed: the account names them.
async fn fill(desk: &Desk, load: &Load) -> anyhow::Result<()> {
    let Load { what, options } = load;
    if what == "sample" {
        if sample::is_empty(desk).await? || sample::is_interrupted(desk).await? {
            sample::load(desk, crate::clock::now(), &|_, _| {}).await?;
        }
        return Ok(());
    }
    if !crate::import::command_line::run(desk, Path::new(what), options, false).await? {
        tracing::warn!("some rows of {what} are not in the log: the account names them");
    }
    Ok(())
}

/// Says where the desk is and how to ask it something.
async fn welcome(serving: &Serving, source: &DatabaseSource) -> anyhow::Result<()> {
    let token = token_for_a_first_look(serving.desk(), source).await?;
    let address = serving.address;
    let mut out = std::io::stdout();
    writeln!(out, "\n案牍 Docket is open.\n")?;
    writeln!(
        out,
        "  GraphQL    http://{address}/graphql   (WebSocket: ws://{address}/graphql)"
    )?;
    writeln!(out, "  Health     http://{address}/health/ready")?;
    writeln!(out, "  Metrics    http://{address}/metrics")?;
    writeln!(out, "  Seals      http://{address}/log/checkpoint\n")?;
    writeln!(out, "Ask it something (the token is a coordinator's):\n")?;
    writeln!(out, "  curl -s http://{address}/graphql \\")?;
    writeln!(out, "    -H 'Authorization: Bearer {token}' \\")?;
    writeln!(out, "    -H 'Content-Type: application/json' \\")?;
    writeln!(
        out,
        "    -d '{{\"query\": \"{{ workItems(first: 5, filter: {{isOpen: true}}, orderBy: {{field: PRIORITY, direction: ASC}}) \
         {{ totalCount nodes {{ number summary status priority team {{ name }} openedAt }} }} }}\"}}'\n"
    )?;
    out.flush()?;
    Ok(())
}

/// A coordinator's token, kept beside the data so that the next start shows
/// the same one.
async fn token_for_a_first_look(desk: &Desk, source: &DatabaseSource) -> anyhow::Result<String> {
    let file = match source {
        DatabaseSource::DataDir(dir) => Some(dir.join("first-look.token")),
        DatabaseSource::Url(_) => None,
    };
    if let Some(file) = &file
        && let Ok(kept) = std::fs::read_to_string(file)
        && crate::auth::find_token(desk, kept.trim()).await?.is_some()
    {
        return Ok(kept.trim().to_owned());
    }
    let name = PersonId::new("first-look")?;
    let secret = crate::command_line::issue_token(desk, name, Role::Coordinator).await?;
    if let Some(file) = &file {
        let _ = std::fs::remove_file(file);
        std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(file)
            .and_then(|mut file| writeln!(file, "{secret}"))
            .with_context(|| format!("cannot keep a token in {}", file.display()))?;
    }
    Ok(secret)
}
