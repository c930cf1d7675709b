//! Which part of the log is asked for, and which of an event's two times is
//! its time.

use chrono::{DateTime, Utc};
use clap::ValueEnum;
use projections::Decoded;

/// The two times of an event.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Basis {
    /// When it was so in the world.
    #[default]
    Effective,
    /// When the log knew.
    Recorded,
}

/// A part of the log.
#[derive(Debug, Clone, Copy)]
pub(super) struct Selection {
    pub(super) basis: Basis,
    /// The first position.
    pub(super) from: i64,
    /// The last one.
    pub(super) upto: i64,
    pub(super) since: Option<DateTime<Utc>>,
    pub(super) until: Option<DateTime<Utc>>,
}

/// Where an event lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// It came before: how objects stood when the part begins.
    Before,
    /// It is one of those asked for.
    Within,
    /// It came after, and counts for nothing.
    After,
}

impl Selection {
    /// The time of an event.
    pub(super) fn time(&self, event: &Decoded) -> DateTime<Utc> {
        match self.basis {
            Basis::Effective => event.metadata.effective_at,
            Basis::Recorded => event.recorded.recorded_at,
        }
    }

    /// Where an event lies.
    pub(super) fn place(&self, event: &Decoded) -> Place {
        let (position, time) = (event.recorded.position, self.time(event));
        if position > self.upto || self.until.is_some_and(|until| time > until) {
            Place::After
        } else if position < self.from || self.since.is_some_and(|since| time < since) {
            Place::Before
        } else {
            Place::Within
        }
    }
}
