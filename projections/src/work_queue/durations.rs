//! How long like items took, from which the time of the next one is computed
//! (INC-08).

use chrono::TimeDelta;
use domain::priority::Priority;
use uuid::Uuid;

use super::WorkQueue;
use super::fold::priority_number;
use crate::{AsOf, ReadError};

/// Which items are like another one.
#[derive(Debug, Clone, Copy)]
pub struct Like<'a> {
    /// The one that the others are like; it is left out itself.
    pub item: Uuid,
    /// Its practice.
    pub practice: &'a str,
    /// Only items of this priority.
    pub priority: Priority,
    /// Only items of this category.
    pub category: Option<&'a str>,
    /// Only items that took longer than this.
    pub longer_than: TimeDelta,
    /// At most so many, those that were opened last.
    pub most: u32,
}

/// How long like items took.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Durations {
    /// How many there are.
    pub sample: i64,
    /// The median of the seconds from the first contact to the resolution;
    /// none where there is no item.
    pub median_seconds: Option<f64>,
    /// The position up to which they are known.
    pub as_of: i64,
}

impl WorkQueue {
    /// How long the items took that are resolved or closed and like another
    /// one. Asked of the items as they are now.
    pub async fn durations(&self, like: &Like<'_>) -> Result<Durations, ReadError> {
        debug_assert_eq!(self.as_of, AsOf::Now, "durations are asked of now");
        Ok(sqlx::query_as!(
            Durations,
            r#"
            select
                count(*) as "sample!",
                percentile_cont(0.5) within group (order by q.seconds) as median_seconds,
                coalesce((
                    select c.position
                    from checkpoints c
                    where c.name = 'work_queue'
                    order by c.version desc
                    limit 1
                ), 0) as "as_of!"
            from (
                select extract(epoch from q.resolved_at - q.opened_at)::float8 as seconds
                from work_queue q
                where q.practice = $1
                    and q.priority = $2
                    and ($3::text is null or q.category_code = $3)
                    and q.resolved_at is not null
                    and q.stage in ('Resolved', 'Closed')
                    and q.resolved_at - q.opened_at > make_interval(secs => $4)
                    and q.item_id <> $5
                order by q.opened_at desc
                limit $6
            ) q
            "#,
            like.practice,
            priority_number(like.priority),
            like.category,
            like.longer_than.as_seconds_f64(),
            like.item,
            i64::from(like.most),
        )
        .fetch_one(&self.pool)
        .await?)
    }
}
