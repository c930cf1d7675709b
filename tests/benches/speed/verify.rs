//! Verifying an export without the desk: how many events a second
//! `docket-replay verify --export` holds against the signed head.

use anyhow::{Context, bail};
use event_store::{Database, Log, LogSettings, PoolSettings};
use tests::program::program;
use tests::served::{Served, call, free_port};
use tokio::process::Command;
use tokio::time::{Instant, sleep};

use crate::history::{self, Desks};
use crate::pace::median;
use crate::report::Figure;
use crate::server::source;
use crate::yardstick::{Yardstick, beside};
use crate::{Bench, PATIENCE, say};

const DATABASE: &str = "bench_verify";

/// Measures it.
pub(crate) async fn measure(bench: &mut Bench) -> anyhow::Result<()> {
    let database = bench.server.create(DATABASE).await?;
    let source = source(&database);
    let served = Served::start(&source, free_port()?, &bench.log_file(), PATIENCE).await?;
    let own = Database::open(&source, PoolSettings::default()).await?;
    let log = Log::open(own.pool().clone(), LogSettings::default()).await?;
    let desks = Desks::open(&source).await?;
    let incidents = u64::try_from(bench.sizes.memory_events)? / history::EVENTS_AN_INCIDENT;
    history::append(&log, &desks, 0..incidents).await?;
    let events = log.head().await?.position;
    until_sealed(&served, events).await?;
    desks.close().await;
    log.shutdown().await;
    own.close().await;

    let directory = bench.directory.path().join("evidence");
    let output = directory.to_str().context("the directory is no text")?;
    let arguments = ["export", "--output", output, "--by", "bench", "--quiet"];
    finish(call("docket-replay", &arguments, &source), "export").await?;
    served.stop().await?;
    let (mut rates, mut hashes) = (Vec::new(), Vec::new());
    for round in 1..=bench.sizes.rounds {
        say(&format!("verify: round {round} of {}", bench.sizes.rounds));
        hashes.push(bench.yardsticks.measure(Yardstick::Sha256).await?);
        let mut verify = Command::from(program("docket-replay"));
        verify.args(["verify", "--quiet", "--export", output]);
        let started = Instant::now();
        finish(verify, "verify").await?;
        rates.push(events as f64 / started.elapsed().as_secs_f64());
    }
    std::fs::remove_dir_all(&directory)?;
    bench.server.remove(DATABASE).await?;
    let name = format!("verifying an export of {events} events: events");
    let figure = Figure::a_second(name, median(rates)).at_least(500_000.0);
    bench
        .report
        .add(figure.beside(beside(Yardstick::Sha256, hashes)));
    Ok(())
}

async fn finish(mut command: Command, what: &str) -> anyhow::Result<()> {
    let output = command.output().await?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("docket-replay {what}: {said}");
    }
    Ok(())
}

/// Waits until the signed head is as long as the log.
async fn until_sealed(served: &Served, position: i64) -> anyhow::Result<()> {
    let url = format!("http://{}/log/checkpoint", served.address());
    let deadline = Instant::now() + PATIENCE * 5;
    loop {
        let head = reqwest::get(&url).await?.text().await?;
        let size = head
            .lines()
            .nth(1)
            .and_then(|line| line.parse::<i64>().ok());
        if size >= Some(position) {
            return Ok(());
        }
        if Instant::now() > deadline {
            bail!("the log is not sealed: {head}");
        }
        sleep(std::time::Duration::from_millis(100)).await;
    }
}
