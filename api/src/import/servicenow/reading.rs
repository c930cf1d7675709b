//! How the cells of a file are read where they leave that open.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::state_words::StateWords;
use super::time::{self, Moment};
use crate::import::DateOrder;

/// What holds for all cells of a file.
#[derive(Debug, Clone)]
pub(super) struct Reading {
    /// The zone of times that name none.
    pub(super) zone: Tz,
    /// Whether somebody named it.
    pub(super) zone_is_given: bool,
    /// What comes first in a date that has its year last; nothing while that
    /// is not known.
    pub(super) order: Option<DateOrder>,
    /// What the words for states mean.
    pub(super) states: Arc<StateWords>,
    /// Nothing in the file can have happened after this.
    pub(super) latest: DateTime<Utc>,
}

impl Reading {
    /// The moment that a text names.
    pub(super) fn moment(&self, text: &str) -> Option<Moment> {
        time::written(text)?.moment(self.zone, self.order)
    }
}
