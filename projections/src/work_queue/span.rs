//! Within which times the items of a list as of then were opened.
//!
//! What was opened since, and what was written down since, lies in the way of
//! a walk that looks for what was there then: it is in the same indexes. No
//! clock tells how far: histories are taken over years later, and one item
//! may be dated wrongly. The kept counts tell it, since each group knows the
//! earliest and the latest first contact of all that was ever in it.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use sqlx::{Postgres, QueryBuilder};
use uuid::Uuid;

use super::kept::{block_end, push_groups};
use super::{WorkItemFilter, WorkQueue};
use crate::ReadError;

/// The first contacts of all items that a team had in a status until then.
#[derive(Debug, Clone, sqlx::FromRow)]
struct Span {
    team_id: Uuid,
    status: String,
    earliest: DateTime<Utc>,
    latest: DateTime<Utc>,
}

/// The spans of all teams and statuses that had items.
#[derive(Debug, Default)]
pub(super) struct Spans(Vec<Span>);

/// The spans that a filter leaves, as one.
#[derive(Debug, Default)]
pub(super) struct Within {
    /// The teams and statuses that had items.
    pub(super) pairs: HashSet<(Uuid, String)>,
    /// The earliest and the latest first contact; nothing where no item is.
    pub(super) opened: Option<(DateTime<Utc>, DateTime<Utc>)>,
}

impl Spans {
    /// The spans of the teams and statuses that a filter may let through.
    pub(super) fn within(self, filter: &WorkItemFilter) -> Within {
        let mut within = Within::default();
        for span in self.0 {
            if !filter.may_have(span.team_id, &span.status) {
                continue;
            }
            let (earliest, latest) = within.opened.unwrap_or((span.earliest, span.latest));
            within.opened = Some((earliest.min(span.earliest), latest.max(span.latest)));
            within.pairs.insert((span.team_id, span.status));
        }
        within
    }
}

impl WorkQueue {
    /// The spans as of a position. They may reach as far as those of the end
    /// of its block, which takes no item away.
    pub(super) async fn spans(&self, position: i64) -> Result<Spans, ReadError> {
        let mut query = QueryBuilder::<Postgres>::new(
            "select k.team_id, k.status, min(k.earliest_opened_at) as earliest, \
             max(k.latest_opened_at) as latest from ",
        );
        push_groups(&mut query, block_end(position));
        query.push(" k group by k.team_id, k.status");
        Ok(Spans(query.build_query_as().fetch_all(&self.pool).await?))
    }
}
