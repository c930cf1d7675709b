//! How much is measured: enough for a figure that can be repeated, or so
//! little that it only shows that everything works.

use std::time::Duration;

/// How much of everything.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sizes {
    /// How often short measurements are repeated; the median counts.
    pub(crate) rounds: usize,
    /// How long a yardstick is measured at a time.
    pub(crate) yardstick_time: Duration,
    /// How long commands are appended at a time.
    pub(crate) append_time: Duration,
    /// How long a load runs before it counts.
    pub(crate) warm_up: Duration,
    /// How long a load counts.
    pub(crate) load_time: Duration,
    /// How many incidents are commented on, for each connection.
    pub(crate) incidents_a_connection: usize,
    /// How many incidents the long queue has.
    pub(crate) queue_incidents: u64,
    /// How many more come, for projections to catch up with.
    pub(crate) late_incidents: u64,
    /// How many commands a second keep the read model busy.
    pub(crate) freshness_rate: u64,
    /// How often the sample is put into the longer file.
    pub(crate) import_copies: usize,
    /// How many events the service sees while its memory is looked at.
    pub(crate) memory_events: i64,
}

impl Sizes {
    /// What the table asks for.
    pub(crate) const fn full() -> Self {
        Self {
            rounds: 3,
            yardstick_time: Duration::from_secs(3),
            append_time: Duration::from_secs(4),
            warm_up: Duration::from_secs(3),
            load_time: Duration::from_secs(10),
            incidents_a_connection: 16,
            queue_incidents: 1_000_000,
            late_incidents: 100_000,
            freshness_rate: 5_000,
            import_copies: 17,
            memory_events: 1_000_000,
        }
    }

    /// A smoke run.
    pub(crate) const fn quick() -> Self {
        Self {
            rounds: 1,
            yardstick_time: Duration::from_millis(300),
            append_time: Duration::from_millis(500),
            warm_up: Duration::from_millis(300),
            load_time: Duration::from_secs(1),
            incidents_a_connection: 2,
            queue_incidents: 4_000,
            late_incidents: 2_000,
            freshness_rate: 500,
            import_copies: 2,
            memory_events: 20_000,
        }
    }
}
