//! Pages of the queue, found by key and never by counting rows off: the
//! thousandth page costs what the first one does.

use strum::{EnumIter, EnumString};

use super::span::Spans;
use super::walks::PageParts;
use super::{Cursor, OrderBy, WorkItemFilter, WorkQueue, WorkQueueRow};
use crate::{AsOf, ReadError};

/// Which end of the order comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumIter, EnumString)]
pub enum Direction {
    /// The smallest or earliest.
    Ascending,
    /// The greatest or latest.
    Descending,
}

/// How a list of items is ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    /// By what.
    pub by: OrderBy,
    /// Which end comes first.
    pub direction: Direction,
}

/// Which part of a list is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Keyset {
    /// The first items, or the first ones after a place.
    First {
        /// How many.
        limit: u16,
        /// After which place.
        after: Option<Cursor>,
    },
    /// The last items, or the last ones before a place; in the same order.
    Last {
        /// How many.
        limit: u16,
        /// Before which place.
        before: Option<Cursor>,
    },
}

/// A part of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The items, in the order asked for.
    pub rows: Vec<WorkQueueRow>,
    /// Whether items follow.
    pub has_next: bool,
    /// Whether items precede.
    pub has_previous: bool,
}

impl WorkQueue {
    /// A page of the items that the filter lets through.
    pub async fn page(
        &self,
        filter: &WorkItemFilter,
        order: Order,
        keyset: &Keyset,
    ) -> Result<Page, ReadError> {
        let (limit, place, forwards) = match keyset {
            Keyset::First { limit, after } => (*limit, after.as_ref(), true),
            Keyset::Last { limit, before } => (*limit, before.as_ref(), false),
        };
        if place.is_some_and(|place| !place.is_of(order.by)) {
            return Err(ReadError::CursorInvalid);
        }
        // Backwards is forwards in the opposite order, turned round at the end.
        let ascending = (order.direction == Direction::Ascending) == forwards;
        let one_more = i64::from(limit) + 1;
        let spans = match self.as_of {
            AsOf::Now => Spans::default(),
            AsOf::Position(position) => self.spans(position).await?,
        };
        let parts = PageParts {
            filter,
            by: order.by,
            keys: order.by.keys(),
            ascending,
            place,
            limit: one_more,
            as_of: self.as_of,
            spans: spans.within(filter),
        };
        let mut query = parts.query()?;
        let mut rows: Vec<WorkQueueRow> = query.build_query_as().fetch_all(&self.pool).await?;

        let has_more = rows.len() > usize::from(limit);
        rows.truncate(usize::from(limit));
        if !forwards {
            rows.reverse();
        }
        let came_from_somewhere = place.is_some();
        Ok(Page {
            rows,
            has_next: if forwards {
                has_more
            } else {
                came_from_somewhere
            },
            has_previous: if forwards {
                came_from_somewhere
            } else {
                has_more
            },
        })
    }
}
