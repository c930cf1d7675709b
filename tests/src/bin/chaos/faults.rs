//! The killing: of the service and of PostgreSQL, in an order and at moments
//! that nobody knows before, now and then of both together.

use std::time::Duration;

use anyhow::ensure;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use tokio::time::{Instant, sleep};

use crate::desk::Desk;
use crate::ledger::Ledger;

/// How much is killed, and until when there is time for it.
pub(crate) struct Plan {
    pub(crate) service_kills: usize,
    pub(crate) postgres_kills: usize,
    pub(crate) until: Instant,
}

/// What is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Victim {
    Service,
    Postgres,
}

/// The killing.
pub(crate) struct Faults {
    victims: Vec<Victim>,
    until: Instant,
    started: Instant,
    dice: StdRng,
    /// How long it took in all until the desk was back.
    away: Duration,
}

impl Faults {
    /// How likely another victim follows before the desk is back.
    const TOGETHER: f64 = 0.25;
    /// How long the desk may take to acknowledge commands again.
    const PATIENCE: Duration = Duration::from_secs(60);

    pub(crate) fn new(plan: &Plan, seed: u64, started: Instant) -> Self {
        let mut dice = StdRng::seed_from_u64(seed);
        let mut victims = vec![Victim::Service; plan.service_kills];
        victims.resize(plan.service_kills + plan.postgres_kills, Victim::Postgres);
        victims.shuffle(&mut dice);
        Self {
            victims,
            until: plan.until,
            started,
            dice,
            away: Duration::ZERO,
        }
    }

    /// Kills them one after the other while commands come in.
    pub(crate) async fn run(mut self, desk: &mut Desk, ledger: &Ledger) -> anyhow::Result<()> {
        let all = self.victims.len();
        let mut killed = 0;
        until_acknowledging(ledger, Self::PATIENCE).await?;
        while killed < all {
            ensure!(
                Instant::now() < self.until,
                "only {killed} of {all} kills fitted into the time: the machine is too slow for this many",
            );
            sleep(self.pause(killed)).await;
            let began = Instant::now();
            let first = self.victims[killed];
            self.strike(first, desk).await?;
            killed += 1;
            let mut what = format!("{first:?}");
            if let Some(second) = self
                .victims
                .get(killed)
                .copied()
                .filter(|second| *second != first)
                && self.dice.random_bool(Self::TOGETHER)
            {
                sleep(Duration::from_millis(self.dice.random_range(0..300))).await;
                self.strike(second, desk).await?;
                killed += 1;
                what = format!("{what} and {second:?}");
            }
            desk.start().await?;
            until_acknowledging(ledger, Self::PATIENCE).await?;
            self.away += began.elapsed();
            println!(
                "{:>7.1} s  killed {what} ({killed} of {all}), back after {:.2} s",
                self.started.elapsed().as_secs_f64(),
                began.elapsed().as_secs_f64(),
            );
        }
        Ok(())
    }

    async fn strike(&mut self, victim: Victim, desk: &mut Desk) -> anyhow::Result<()> {
        match victim {
            Victim::Service => desk.kill_service().await?,
            // Just started again, it may not have written down its process.
            Victim::Postgres => desk.kill_postgres().await?,
        }
        Ok(())
    }

    /// How long the desk is left in peace: at random, and so that the time is
    /// enough for those that are still to come.
    fn pause(&mut self, killed: usize) -> Duration {
        const LONGEST: Duration = Duration::from_secs(8);
        const SHORTEST: Duration = Duration::from_millis(100);
        let to_come = u32::try_from(self.victims.len() - killed).unwrap_or(u32::MAX);
        let left = self.until.saturating_duration_since(Instant::now()) / to_come;
        let away = match u32::try_from(killed) {
            Ok(killed) if killed > 0 => self.away / killed,
            _ => Duration::from_secs(2),
        };
        // Twice the average, less something for slower returns.
        let most = (left.saturating_sub(away) * 8 / 5).clamp(SHORTEST * 2, LONGEST);
        self.dice.random_range(SHORTEST..most)
    }
}

/// Waits until commands are acknowledged that were not before.
async fn until_acknowledging(ledger: &Ledger, patience: Duration) -> anyhow::Result<()> {
    const ENOUGH: usize = 10;
    let before = ledger.acknowledged();
    let deadline = Instant::now() + patience;
    while ledger.acknowledged() < before + ENOUGH {
        ensure!(
            Instant::now() < deadline,
            "no commands were acknowledged within {} s",
            patience.as_secs(),
        );
        sleep(Duration::from_millis(10)).await;
    }
    Ok(())
}
