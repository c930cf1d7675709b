//! How often something happened, and how long it took each time.

use std::time::Duration;

use hdrhistogram::Histogram;

/// How long something took, each time that it happened.
#[derive(Debug, Clone)]
pub(crate) struct Latencies(Histogram<u64>);

impl Default for Latencies {
    fn default() -> Self {
        /// In microseconds; what takes longer counts as this.
        const A_MINUTE: u64 = 60_000_000;
        const DIGITS: u8 = 3;
        match Histogram::new_with_max(A_MINUTE, DIGITS) {
            Ok(histogram) => Self(histogram),
            Err(error) => unreachable!("bounds that are in order: {error}"),
        }
    }
}

impl Latencies {
    /// It happened once more.
    pub(crate) fn record(&mut self, took: Duration) {
        self.0
            .saturating_record(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
    }

    /// Takes in what somebody else has collected.
    pub(crate) fn add(&mut self, others: &Self) {
        if let Err(error) = self.0.add(&others.0) {
            unreachable!("all have the same bounds: {error}");
        }
    }

    /// How often it happened.
    pub(crate) fn count(&self) -> u64 {
        self.0.len()
    }

    /// What a share of them stays under, in milliseconds.
    pub(crate) fn milliseconds(&self, share: f64) -> f64 {
        self.0.value_at_quantile(share) as f64 / 1_000.0
    }
}

/// How something went over a while.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    /// How often a second.
    pub(crate) per_second: f64,
    /// What half of them stay under, in milliseconds.
    pub(crate) p50: f64,
    /// What 99 of 100 stay under, in milliseconds.
    pub(crate) p99: f64,
}

impl Pace {
    /// The pace of what happened within a time.
    pub(crate) fn of(latencies: &Latencies, time: Duration) -> Self {
        Self {
            per_second: latencies.count() as f64 / time.as_secs_f64(),
            p50: latencies.milliseconds(0.5),
            p99: latencies.milliseconds(0.99),
        }
    }

    /// The median of several rounds, each figure by itself.
    pub(crate) fn median(rounds: &[Self]) -> Self {
        Self {
            per_second: median(rounds.iter().map(|pace| pace.per_second)),
            p50: median(rounds.iter().map(|pace| pace.p50)),
            p99: median(rounds.iter().map(|pace| pace.p99)),
        }
    }
}

/// The one in the middle.
pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
