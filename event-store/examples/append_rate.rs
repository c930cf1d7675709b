//! How many durable commands a second the log takes on this machine, and how
//! fast it is read.
//!
//! `cargo run --release -p event-store --example append_rate [URL]`: without a
//! URL on a private server in a temporary directory, which is removed after.

#![expect(
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "prints rates"
)]

use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use event_store::{
    Commit, Database, DatabaseSource, Log, LogSettings, Metadata, Migrate, NewEvent, PoolSettings,
    content_hash,
};
use futures_util::TryStreamExt;
use uuid::Uuid;

const ROUND: Duration = Duration::from_secs(4);

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

#[tokio::main]
async fn main() -> Outcome<()> {
    let directory = tempfile::tempdir()?;
    std::fs::set_permissions(directory.path(), std::fs::Permissions::from_mode(0o755))?;
    let source = match std::env::args().nth(1) {
        Some(url) => DatabaseSource::Url(url),
        None => DatabaseSource::DataDir(directory.path().join("desk")),
    };
    let settings = PoolSettings {
        migrate: Migrate::Yes,
        ..PoolSettings::default()
    };
    let database = Database::open(&source, settings).await?;
    let log = Log::open(database.pool().clone(), LogSettings::default()).await?;

    println!("in flight   commands/s     p50     p99");
    for in_flight in [1, 8, 32, 128, 512] {
        let mut latencies = append_for(&log, in_flight, ROUND).await?;
        latencies.sort_unstable();
        let at = |share: usize| latencies[(latencies.len() - 1) * share / 100].as_secs_f64() * 1e3;
        let rate = latencies.len() as f64 / ROUND.as_secs_f64();
        println!(
            "{in_flight:>9} {rate:>12.0} {:>6.2}ms {:>5.2}ms",
            at(50),
            at(99)
        );
    }

    let head = log.head().await?.position;
    let started = Instant::now();
    let mut scan = log.scan(0, head);
    let mut events = 0;
    while let Some(chunk) = scan.try_next().await? {
        events += chunk.len();
    }
    println!(
        "scanning: {events} events, {:.0}/s",
        events as f64 / started.elapsed().as_secs_f64()
    );

    let started = Instant::now();
    let mut follower = log.follow(0);
    while follower.position() < head {
        follower.next().await?;
    }
    println!(
        "following from the start: {:.0}/s",
        head as f64 / started.elapsed().as_secs_f64()
    );

    log.shutdown().await;
    database.close().await;
    Ok(())
}

/// Keeps so many commands in flight for a while; returns how long each took.
async fn append_for(log: &Log, in_flight: usize, time: Duration) -> Outcome<Vec<Duration>> {
    let end = Instant::now() + time;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..in_flight {
        let log = log.clone();
        tasks.spawn(async move {
            let mut latencies = Vec::new();
            let mut stream = (Uuid::now_v7(), 0);
            while Instant::now() < end {
                let started = Instant::now();
                let appended = log.append(commit(stream)?).await?;
                latencies.push(started.elapsed());
                // Streams are short: an incident has some twenty events.
                stream = match appended.version {
                    20.. => (Uuid::now_v7(), 0),
                    version => (stream.0, version),
                };
            }
            Outcome::Ok(latencies)
        });
    }
    let mut latencies = Vec::new();
    while let Some(done) = tasks.join_next().await {
        latencies.extend(done??);
    }
    Ok(latencies)
}

/// One event of about 300 bytes.
fn commit((aggregate_id, expected_version): (Uuid, i64)) -> Outcome<Commit> {
    let payload = format!(
        r#"{{"body":"{}","type":"Commented","visibility":"public"}}"#,
        "打印机又卡纸了, the paper tray of the printer on the third floor jams. ".repeat(3)
    );
    let metadata = Metadata {
        role: Some("agent".to_owned()),
        channel: Some("portal".to_owned()),
        ..Metadata::new("2026-03-02T08:30:00Z".parse()?, "li.wei")
    };
    Ok(Commit {
        aggregate_type: "incident",
        aggregate_id,
        expected_version,
        command_id: Uuid::now_v7(),
        request_hash: content_hash([payload.as_bytes()]),
        events: vec![NewEvent {
            event_type: "Commented".to_owned(),
            event_version: "1.0".to_owned(),
            payload: payload.into(),
        }],
        metadata: metadata.to_canonical()?,
        reservations: Vec::new(),
        rests_on: Vec::new(),
    })
}
