//! How many items there are, by status, team and priority.

use std::collections::HashMap;

use sqlx::{PgConnection, Postgres, QueryBuilder};
use uuid::Uuid;

use super::{WorkItemFilter, WorkQueue, WorkQueueRow};
use crate::ReadError;

/// What items are counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupBy {
    /// By status.
    Status,
    /// By team.
    Team,
    /// By priority.
    Priority,
}

/// The number of items of one group.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct ItemCount {
    /// The status, when counted by status.
    pub status: Option<String>,
    /// The team, when counted by team; nothing for items that no team has.
    pub team_id: Option<Uuid>,
    /// The team's latest name in the queue, when counted by team.
    pub team_name: Option<String>,
    /// The priority, when counted by priority.
    pub priority: Option<i16>,
    /// How many items.
    pub items: i64,
}

/// The numbers of items of all groups that have any.
pub type Counts = Vec<ItemCount>;

impl WorkQueue {
    /// How many items the filter lets through, by group.
    pub async fn counts(&self, filter: &WorkItemFilter, by: GroupBy) -> Result<Counts, ReadError> {
        let column = match by {
            GroupBy::Status => "q.status",
            GroupBy::Team => "q.team_id",
            GroupBy::Priority => "q.priority",
        };
        let (status, team, priority) = match by {
            GroupBy::Status => ("q.status", "null::uuid", "null::smallint"),
            GroupBy::Team => ("null::text", "q.team_id", "null::smallint"),
            GroupBy::Priority => ("null::text", "null::uuid", "q.priority"),
        };
        let group = format!(
            "{status} as status, {team} as team_id, null::text as team_name, {priority} as priority"
        );
        let mut query = QueryBuilder::<Postgres>::new(format!("select {group}, "));
        push_counted(&mut query, filter)?;
        query
            .push(" group by ")
            .push(column)
            .push(" order by ")
            .push(column);
        let mut counts: Counts = query.build_query_as().fetch_all(&self.pool).await?;
        for count in &mut counts {
            count.team_id = count.team_id.filter(|id| !id.is_nil());
        }
        if by == GroupBy::Team {
            self.name_teams(&mut counts).await?;
        }
        Ok(counts)
    }

    /// How many items the filter lets through.
    pub async fn total(&self, filter: &WorkItemFilter) -> Result<i64, ReadError> {
        let mut query = QueryBuilder::<Postgres>::new("select ");
        push_counted(&mut query, filter)?;
        Ok(query.build_query_scalar().fetch_one(&self.pool).await?)
    }

    /// A team is called what it was called when it last got an item.
    async fn name_teams(&self, counts: &mut Counts) -> Result<(), ReadError> {
        let teams: Vec<Uuid> = counts.iter().filter_map(|count| count.team_id).collect();
        let names = sqlx::query!(
            r#"
            select team.id as "id!", latest.team_name as "name!"
            from unnest($1::uuid[]) as team (id)
            cross join lateral (
                select q.team_name
                from work_queue_count c
                cross join lateral (
                    select w.team_name, w.opened_at
                    from work_queue w
                    where w.team_id = c.team_id and w.status = c.status
                    order by w.opened_at desc
                    limit 1
                ) q
                where c.team_id = team.id
                order by q.opened_at desc
                limit 1
            ) latest
            where latest.team_name is not null
            "#,
            &teams,
        )
        .fetch_all(&self.pool)
        .await?;
        let names: HashMap<Uuid, String> =
            names.into_iter().map(|row| (row.id, row.name)).collect();
        for count in counts {
            count.team_name = count.team_id.and_then(|id| names.get(&id).cloned());
        }
        Ok(())
    }
}

/// Counts from the kept counts where they know enough, else from the queue.
fn push_counted(
    query: &mut QueryBuilder<'_, Postgres>,
    filter: &WorkItemFilter,
) -> Result<(), ReadError> {
    if filter.is_counted() {
        query.push("coalesce(sum(q.items), 0)::bigint as items from work_queue_count q where true");
    } else {
        query.push("count(*) as items from work_queue q where true");
    }
    filter.push(query)
}

/// What the kept counts tell apart.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Key {
    practice: String,
    team_id: Uuid,
    status: String,
    priority: i16,
}

impl Key {
    pub(super) fn of(row: &WorkQueueRow) -> Self {
        Self {
            practice: row.practice.clone(),
            team_id: row.team_id.unwrap_or_default(),
            status: row.status.clone(),
            priority: row.priority,
        }
    }
}

/// What has changed about the counts and is not written yet.
#[derive(Debug, Default)]
pub(super) struct Changes {
    by_key: HashMap<Key, i64>,
}

impl Changes {
    /// An item was counted there and is counted here.
    pub(super) fn add(&mut self, before: Option<Key>, after: Option<Key>) {
        if before == after {
            return;
        }
        if let Some(before) = before {
            *self.by_key.entry(before).or_default() -= 1;
        }
        if let Some(after) = after {
            *self.by_key.entry(after).or_default() += 1;
        }
    }

    pub(super) fn clear(&mut self) {
        self.by_key.clear();
    }

    pub(super) async fn write(&mut self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        self.by_key.retain(|_, change| *change != 0);
        if self.by_key.is_empty() {
            return Ok(());
        }
        let mut practices = Vec::new();
        let mut teams = Vec::new();
        let mut statuses = Vec::new();
        let mut priorities = Vec::new();
        let mut changes = Vec::new();
        for (key, change) in self.by_key.drain() {
            practices.push(key.practice);
            teams.push(key.team_id);
            statuses.push(key.status);
            priorities.push(key.priority);
            changes.push(change);
        }
        let left = sqlx::query_scalar!(
            "
            insert into work_queue_count as c (practice, team_id, status, priority, items)
            select d.practice, d.team_id, d.status, d.priority, d.items
            from unnest($1::text[], $2::uuid[], $3::text[], $4::smallint[], $5::bigint[])
                as d (practice, team_id, status, priority, items)
            on conflict (practice, team_id, status, priority)
                do update set items = c.items + excluded.items
            returning items
            ",
            &practices,
            &teams,
            &statuses,
            &priorities,
            &changes,
        )
        .fetch_all(&mut *connection)
        .await?;
        if left.contains(&0) {
            sqlx::query!("delete from work_queue_count where items = 0")
                .execute(connection)
                .await?;
        }
        Ok(())
    }
}
