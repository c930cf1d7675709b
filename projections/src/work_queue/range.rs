//! Stretches of times and numbers that a column is to lie in.

use chrono::{DateTime, Utc};
use sqlx::{Postgres, QueryBuilder};

use super::{LAYOUT, PAST, WorkItemFilter};
use crate::AsOf;

/// A span of time: from its start on, and up to but not including its end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TimeRange {
    /// From when on.
    pub from: Option<DateTime<Utc>>,
    /// Until when, exclusive.
    pub to: Option<DateTime<Utc>>,
}

/// A stretch of whole numbers, both ends included.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NumberRange {
    /// The least number.
    pub at_least: Option<i64>,
    /// The greatest number.
    pub at_most: Option<i64>,
}

/// Adds the conditions on times, each after an `and`.
pub(super) fn push_times(filter: &WorkItemFilter, query: &mut QueryBuilder<'_, Postgres>) {
    let ranges = [
        ("q.opened_at", filter.opened),
        ("q.updated_at", filter.updated),
        ("q.registered_at", filter.registered),
        ("q.expected_at", filter.expected),
        ("q.assigned_at", filter.assigned),
        ("q.accepted_at", filter.accepted),
        ("q.resolved_at", filter.resolved),
        ("q.restored_at", filter.restored),
        ("q.closed_at", filter.closed),
        ("q.last_contact_at", filter.last_contact),
        ("q.hold_until", filter.hold_until),
    ];
    for (column, range) in ranges {
        if let Some(from) = range.from {
            query.push(format!(" and {column} >= ")).push_bind(from);
        }
        if let Some(to) = range.to {
            query.push(format!(" and {column} < ")).push_bind(to);
        }
    }
}

/// Adds the conditions on numbers, each after an `and`.
pub(super) fn push_numbers(
    filter: &WorkItemFilter,
    query: &mut QueryBuilder<'_, Postgres>,
    as_of: AsOf,
) {
    let layout = match as_of {
        AsOf::Now => &LAYOUT,
        AsOf::Position(_) => &PAST,
    };
    let ranges = [
        ("hand_over_count", filter.hand_overs),
        ("cross_department_count", filter.cross_departments),
        ("urge_count", filter.urges),
        ("cycle", filter.cycles),
        ("escalation_level", filter.escalation_levels),
        ("comment_count", filter.comments),
        ("effort_minutes", filter.effort_minutes),
        ("version", filter.versions),
        ("position", filter.positions),
    ];
    for (column, range) in ranges {
        let value = layout.value(column);
        if let Some(least) = range.at_least {
            query.push(format!(" and {value} >= ")).push_bind(least);
        }
        if let Some(most) = range.at_most {
            query.push(format!(" and {value} <= ")).push_bind(most);
        }
    }
}
