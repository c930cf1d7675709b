//! How long it takes from the acknowledgement of a command until the read
//! model shows it, while so many commands a second come in whatever the desk
//! does (an open loop, so that a slow moment is not hidden by fewer requests).

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use api::commands::{Envelope, execute};
use api::desk::{Desk, Projecting};
use domain::ids::PersonId;
use domain::incident::{Command, Incident};
use domain::text::Text;
use domain::work_item::{Visibility, WorkCommand};
use domain::{Actor, Channel, Role};
use event_store::PoolSettings;
use projections::{ProjectionName, Projectors};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval};
use uuid::Uuid;

use crate::conversation::WORDS;
use crate::history;
use crate::pace::{Latencies, Pace};
use crate::report::Figure;
use crate::server::source;
use crate::yardstick::{Yardstick, beside};
use crate::{Bench, say};

const DATABASE: &str = "bench_freshness";
const INCIDENTS: u64 = 4_000;
const LIMIT: Duration = Duration::from_secs(30);
/// Every so many commands the row itself is looked at.
const LOOK_EVERY: u64 = 100;

/// What one command took: to be acknowledged, and from then on to be visible.
type Took = (Duration, Duration);

/// Measures it.
pub(crate) async fn measure(bench: &mut Bench) -> anyhow::Result<()> {
    let source = source(&bench.server.create(DATABASE).await?);
    let desk = Desk::open(&source, PoolSettings::default(), Projecting::Yes).await?;
    let desks = history::Desks::open(&source).await?;
    history::append(desk.log(), &desks, 0..INCIDENTS).await?;
    let projectors = desk
        .projectors()
        .context("the desk keeps no read models")?
        .clone();
    let head = desk.log().head().await?.position;
    projectors
        .wait_for(&[ProjectionName::WorkQueue], head, LIMIT)
        .await?;
    bench.server.settle().await?;

    let rate = bench.sizes.freshness_rate;
    say(&format!("freshness: {rate} commands a second"));
    open_loop(&desk, &projectors, rate, bench.sizes.warm_up).await?;
    let (mut acknowledged, mut visible, mut inserts) = (Vec::new(), Vec::new(), Vec::new());
    for round in 1..=bench.sizes.rounds {
        say(&format!(
            "freshness: round {round} of {}",
            bench.sizes.rounds
        ));
        inserts.push(bench.yardsticks.measure(Yardstick::Inserts).await?);
        bench.server.settle().await?;
        let pace = open_loop(&desk, &projectors, rate, bench.sizes.load_time).await?;
        acknowledged.push(pace.0);
        visible.push(pace.1);
    }
    desks.close().await;
    desk.close().await;
    bench.server.remove(DATABASE).await?;

    let (acknowledged, visible) = (Pace::median(&acknowledged), Pace::median(&visible));
    let name = format!("freshness under {rate} commands a second");
    let reached = Figure::a_second(
        format!("{name}: commands acknowledged"),
        acknowledged.per_second,
    );
    // A rate that was not kept up proves nothing about it.
    bench.report.add(reached.at_least(rate as f64 * 0.98));
    bench.report.add(Figure::milliseconds(
        format!("{name}: acknowledgement, p99"),
        acknowledged.p99,
    ));
    bench
        .report
        .add(Figure::milliseconds(format!("{name}, p50"), visible.p50));
    let p99 = Figure::milliseconds(format!("{name}, p99"), visible.p99).at_most(25.0);
    bench
        .report
        .add(p99.beside(beside(Yardstick::Inserts, inserts)));
    Ok(())
}

/// Sends commands at a rate; returns how they were acknowledged, and how long
/// it took from then until they were visible.
async fn open_loop(
    desk: &Desk,
    projectors: &Projectors,
    rate: u64,
    time: Duration,
) -> anyhow::Result<(Pace, Pace)> {
    const TICK: Duration = Duration::from_millis(1);
    let actor = Actor {
        id: PersonId::new("li.wei")?,
        role: Role::Coordinator,
        teams: Vec::new(),
    };
    // Among themselves people also talk of what is closed.
    let comment = WorkCommand::Comment {
        visibility: Visibility::Internal,
        text: Text::new(WORDS)?,
    };
    let comment = Arc::new(Command::from(comment));
    let mut commands = JoinSet::new();
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let started = Instant::now();
    let (mut sent, mut tick) = (0, 0);
    while started.elapsed() < time {
        ticks.tick().await;
        tick += 1;
        while sent < tick * rate / 1_000 {
            let envelope = Envelope::new(actor.clone(), Channel::Api, api::clock::now());
            let id = history::incident_id(sent % INCIDENTS);
            let (desk, projectors, comment) =
                (desk.clone(), projectors.clone(), Arc::clone(&comment));
            let look = sent % LOOK_EVERY == 0;
            commands
                .spawn(async move { one(&desk, &projectors, id, &comment, &envelope, look).await });
            sent += 1;
        }
    }
    let (mut acknowledged, mut visible) = (Latencies::default(), Latencies::default());
    let mut last = started.elapsed();
    while let Some(command) = commands.join_next().await {
        let (until_acknowledged, until_visible) = command??;
        acknowledged.record(until_acknowledged);
        visible.record(until_visible);
        last = started.elapsed();
    }
    // Up to the last one visible: what piled up counts against the rate.
    Ok((Pace::of(&acknowledged, last), Pace::of(&visible, last)))
}

async fn one(
    desk: &Desk,
    projectors: &Projectors,
    id: Uuid,
    command: &Command,
    envelope: &Envelope,
    look: bool,
) -> anyhow::Result<Took> {
    let sent = Instant::now();
    let outcome = execute::<Incident>(desk, id, command, envelope).await?;
    let acknowledged = Instant::now();
    projectors
        .wait_for(&[ProjectionName::WorkQueue], outcome.position, LIMIT)
        .await?;
    let visible = acknowledged.elapsed();
    if look {
        let rows = desk.read().work_queue().by_ids(&[id]).await?;
        let version = rows.first().map(|row| row.version);
        ensure!(
            version >= Some(outcome.version),
            "the row is at {version:?}, not yet at {}",
            outcome.version
        );
    }
    Ok((acknowledged - sent, visible))
}
