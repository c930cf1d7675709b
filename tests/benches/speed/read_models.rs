//! Reading the log, and building the read models from it: from the start, and
//! from behind.

use event_store::Log;
use futures_util::TryStreamExt;
use projections::{ProjectionName, rebuild as projecting};
use strum::IntoEnumIterator;
use tokio::time::Instant;

use crate::history::History;
use crate::pace::median;
use crate::report::Figure;
use crate::yardstick::{Yardstick, beside};
use crate::{Bench, say};

/// Measures how fast the log is read from its start.
pub(crate) async fn scan(bench: &mut Bench, history: &History) -> anyhow::Result<()> {
    const MOST: i64 = 2_000_000;
    let upto = history.log.head().await?.position.min(MOST);
    let (mut rates, mut copies) = (Vec::new(), Vec::new());
    for round in 1..=bench.sizes.rounds {
        say(&format!("scan: round {round} of {}", bench.sizes.rounds));
        copies.push(bench.yardsticks.measure(Yardstick::Copy).await?);
        let started = Instant::now();
        let mut chunks = history.log.scan(0, upto);
        let mut events = 0;
        while let Some(chunk) = chunks.try_next().await? {
            events += chunk.len();
        }
        anyhow::ensure!(
            i64::try_from(events)? == upto,
            "{events} events were read instead of {upto}"
        );
        rates.push(rate(upto, started));
    }
    let name = "reading the log from the start: events";
    let figure = Figure::a_second(name, median(rates)).at_least(300_000.0);
    bench
        .report
        .add(figure.beside(beside(Yardstick::Copy, copies)));
    Ok(())
}

/// Builds every projection from the whole log, and measures how fast.
pub(crate) async fn rebuild(bench: &mut Bench, history: &History) -> anyhow::Result<()> {
    for name in ProjectionName::iter() {
        let copies = bench.yardsticks.measure(Yardstick::Copy).await?;
        bench.server.settle().await?;
        let started = Instant::now();
        let rebuilt =
            projecting::rebuild(&history.log, &history.database, name, &|_, _| ()).await?;
        let name = format!("rebuilding {}: events", name.as_ref());
        let figure = Figure::a_second(name, rate(rebuilt.position, started)).at_least(200_000.0);
        bench
            .report
            .add(figure.beside(beside(Yardstick::Copy, vec![copies])));
    }
    Ok(())
}

/// Appends more, and measures how fast the projector of each projection takes
/// that into the tables that are there.
pub(crate) async fn catch_up(bench: &mut Bench, history: &mut History) -> anyhow::Result<()> {
    let before = history.log.head().await?.position;
    history.go_on(bench.sizes.late_incidents).await?;
    let missing = head(&history.log).await? - before;
    for name in ProjectionName::iter() {
        let copies = bench.yardsticks.measure(Yardstick::Copy).await?;
        bench.server.settle().await?;
        let started = Instant::now();
        projections::catch_up(&history.log, history.database.pool(), name).await?;
        let name = format!("catching up with {}: events", name.as_ref());
        let figure = Figure::a_second(name, rate(missing, started)).at_least(50_000.0);
        bench
            .report
            .add(figure.beside(beside(Yardstick::Copy, vec![copies])));
    }
    Ok(())
}

async fn head(log: &Log) -> anyhow::Result<i64> {
    Ok(log.head().await?.position)
}

fn rate(events: i64, started: Instant) -> f64 {
    events as f64 / started.elapsed().as_secs_f64()
}
