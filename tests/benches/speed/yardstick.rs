//! The machine's own measure: what PostgreSQL, a bare HTTP server and the
//! processor do at this moment with work of the same shape. Each group measures
//! a yardstick in turn with itself, so that a figure of a busy machine can be
//! told from a figure of slow code.

use std::convert::Infallible;
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use sha2::{Digest, Sha256};
use sqlx::{ConnectOptions, Connection, Executor};
use tokio::net::TcpListener;
use tokio::time::Instant;

use crate::load::{self, Door, request};
use crate::pace::median;
use crate::pgbench::{Pgbench, Script};
use crate::server::Server;

/// When [`Yardstick::calm`] was measured, on two cores that did nothing else.
pub(crate) const CALM_RUN: &str = "2026-11-27";

/// Something to hold a figure against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Yardstick {
    /// Rows inserted by pgbench, each durable, with 32 clients.
    Inserts,
    /// Reads of fifty rows by pgbench, with four clients.
    Selects,
    /// Rows of an event's size taken in with COPY.
    Copy,
    /// Requests that a bare hyper server answers with a fixed body, over 64
    /// connections.
    Http,
    /// SHA-256 of an event's size.
    Sha256,
}

impl Yardstick {
    /// What it is called in the table.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Inserts => "inserts",
            Self::Selects => "selects",
            Self::Copy => "copy",
            Self::Http => "http",
            Self::Sha256 => "sha-256",
        }
    }

    /// How often a second it was done in a calm run ([`CALM_RUN`]). Nothing where
    /// no calm run has shown it yet: a figure is then met by its value alone.
    pub(crate) fn calm(self) -> Option<f64> {
        match self {
            Self::Inserts => Some(32_664.0),
            Self::Selects | Self::Copy | Self::Http | Self::Sha256 => None,
        }
    }
}

/// How often a second something was done, beside what is measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Beside {
    pub(crate) yardstick: Yardstick,
    pub(crate) per_second: f64,
}

/// The yardsticks, ready to be measured, and what they have shown.
pub(crate) struct Yardsticks {
    pgbench: Pgbench,
    http: Door,
    time: Duration,
}

impl Yardsticks {
    /// Makes them ready.
    pub(crate) async fn open(pgbench: Pgbench, time: Duration) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let http = Door::new(listener.local_addr()?, "none")?;
        tokio::spawn(serve(listener));
        Ok(Self {
            pgbench,
            http,
            time,
        })
    }

    /// How often a second it is done now.
    pub(crate) async fn measure(&self, yardstick: Yardstick) -> anyhow::Result<f64> {
        let time = self.time;
        Ok(match yardstick {
            Yardstick::Inserts => self.pgbench.run(Script::Insert, 32, time).await?,
            Yardstick::Selects => self.pgbench.run(Script::Select, 4, time).await?,
            Yardstick::Copy => self.copy().await?,
            Yardstick::Http => {
                let lists = vec![vec![request("{ __typename }", &serde_json::json!({}))]; 64];
                let pace = load::run(&self.http, &lists, time / 10, time).await?;
                pace.per_second
            }
            Yardstick::Sha256 => tokio::task::spawn_blocking(move || sha256(time)).await?,
        })
    }

    async fn copy(&self) -> anyhow::Result<f64> {
        const ROWS: usize = 50_000;
        let row = format!(
            "1\tconversation\tCommentAdded\t{}\n",
            crate::conversation::WORDS
        );
        let rows = row.repeat(ROWS);
        let mut connection = self.pgbench.options().connect().await?;
        connection
            .execute("create temporary table taken (a bigint, b text, c text, d text)")
            .await?;
        let (mut copied, started) = (0, Instant::now());
        while started.elapsed() < self.time {
            let mut copy = connection.copy_in_raw("copy taken from stdin").await?;
            copy.send(rows.as_bytes()).await?;
            copy.finish().await?;
            copied += ROWS;
        }
        let took = started.elapsed();
        connection.close().await?;
        Ok(copied as f64 / took.as_secs_f64())
    }

    /// Ends them.
    pub(crate) async fn close(self, server: &Server) -> anyhow::Result<()> {
        self.pgbench.close(server).await
    }
}

/// What a yardstick showed in the rounds of a group: the median.
pub(crate) fn beside(yardstick: Yardstick, shown: Vec<f64>) -> Beside {
    Beside {
        yardstick,
        per_second: median(shown),
    }
}

fn sha256(time: Duration) -> f64 {
    let event = [b'x'; 512];
    let (mut hashed, started) = (0_u32, std::time::Instant::now());
    while started.elapsed() < time {
        for _ in 0..1_000 {
            std::hint::black_box(Sha256::digest(std::hint::black_box(event)));
        }
        hashed += 1_000;
    }
    f64::from(hashed) / started.elapsed().as_secs_f64()
}

/// Answers every request with the same body.
async fn serve(listener: TcpListener) {
    const BODY: &[u8] =
        br#"{"data":{"workItemComment":{"position":1,"clientMutationId":"bench"}}}"#;
    while let Ok((stream, _)) = listener.accept().await {
        let _small = stream.set_nodelay(true);
        let service = service_fn(|request: Request<Incoming>| async move {
            let _read = request.into_body().collect().await;
            Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(BODY))))
        });
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}
