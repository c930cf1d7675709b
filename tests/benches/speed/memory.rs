//! The memory of the service, PostgreSQL apart: idle, under load through its
//! own door, and while it follows a log that grows by a million events. It
//! must stay small, and flat: what it holds must not depend on how much it has
//! seen.

use std::time::Duration;

use anyhow::{Context, bail};
use event_store::{Database, Log, LogSettings, PoolSettings};
use serde_json::Value;
use tests::served::Served;
use tokio::time::{Instant, sleep};

use crate::comments::{Answer, CONNECTIONS, Desk};
use crate::history::{self, Desks};
use crate::report::Figure;
use crate::server::source;
use crate::{Bench, load, say};

const DATABASE: &str = "bench_memory";
const MOST_MIB: f64 = 80.0;
/// How much more the late service may hold than the early one and still be
/// flat.
const FLAT: f64 = 1.15;
/// How often the memory is looked at.
const LOOKS: i64 = 10;
/// How many looks stand for the early and for the late service: memory breathes
/// with how far projections are behind each other at that moment.
const TOGETHER: usize = 3;

/// Measures it.
pub(crate) async fn measure(bench: &mut Bench) -> anyhow::Result<()> {
    let database = bench.server.create(DATABASE).await?;
    let mut desk = Desk::open(bench, &database).await?;
    until_caught_up(&desk.served, 0).await?;
    sleep(Duration::from_secs(2)).await;
    let idle = resident_mib(&desk.served)?;

    desk.register(bench).await?;
    let lists = desk.comments(Answer::Item);
    load::run(&desk.door, &lists, Duration::ZERO, bench.sizes.load_time).await?;
    let loaded = resident_mib(&desk.served)?;

    // The rest is appended by another process, as a replica would, and is
    // followed and projected by the service.
    let own = Database::open(&source(&database), PoolSettings::default()).await?;
    let log = Log::open(own.pool().clone(), LogSettings::default()).await?;
    let desks = Desks::open(&source(&database)).await?;
    let mut held = Vec::new();
    let mut incidents = 0;
    for part in 1..=LOOKS {
        let upto = bench.sizes.memory_events * part / LOOKS;
        while log.head().await?.position < upto {
            let missing = upto - log.head().await?.position;
            let more = u64::try_from(missing)?
                .div_ceil(history::EVENTS_AN_INCIDENT)
                .max(1);
            history::append(&log, &desks, incidents..incidents + more).await?;
            incidents += more;
        }
        until_caught_up(&desk.served, upto).await?;
        held.push(resident_mib(&desk.served)?);
        say(&format!(
            "memory: {:.1} MiB after {upto} events",
            held[held.len() - 1]
        ));
    }
    desks.close().await;
    log.shutdown().await;
    own.close().await;
    desk.served.stop().await?;
    bench.server.remove(DATABASE).await?;

    let early = mean(held.get(1..=TOGETHER).context("too few looks")?);
    let late = mean(&held[held.len() - TOGETHER..]);
    let most = held.iter().copied().fold(0.0, f64::max);
    let events = bench.sizes.memory_events;
    let mib = |name: String, value: f64| Figure::new(name, value, "MiB").at_most(MOST_MIB);
    bench
        .report
        .add(mib("memory of the service, idle".to_owned(), idle));
    bench.report.add(mib(
        format!("memory after a load over {CONNECTIONS} connections"),
        loaded,
    ));
    let last = held.last().copied().unwrap_or_default();
    bench
        .report
        .add(mib(format!("memory after {events} events"), last));
    bench.report.add(mib(
        format!("the most memory of {LOOKS} looks until then"),
        most,
    ));
    let growth = Figure::new(
        "memory, the last three looks against the second to fourth",
        late / early,
        "times",
    );
    bench.report.add(growth.at_most(FLAT));
    Ok(())
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// What the process holds in memory.
fn resident_mib(served: &Served) -> anyhow::Result<f64> {
    let pid = served.pid().context("the service has gone")?;
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line
        .and_then(|rest| rest.split_whitespace().next())
        .context("no VmRSS")?;
    Ok(kib.parse::<f64>()? / 1_024.0)
}

/// Waits until every projection of the service has reached a position.
async fn until_caught_up(served: &Served, position: i64) -> anyhow::Result<()> {
    const PATIENCE: Duration = Duration::from_secs(300);
    let url = format!("http://{}/health/ready", served.address());
    let deadline = Instant::now() + PATIENCE;
    loop {
        let health: Value = serde_json::from_str(&reqwest::get(&url).await?.text().await?)?;
        let projections = health["projections"].as_array().context("no projections")?;
        let is_there = |projection: &Value| {
            projection["position"].as_i64() >= Some(position)
                && projection["lagPositions"].as_i64() == Some(0)
        };
        if projections.iter().all(is_there) {
            return Ok(());
        }
        if Instant::now() > deadline {
            bail!("the projections do not catch up: {projections:?}");
        }
        sleep(Duration::from_millis(50)).await;
    }
}
