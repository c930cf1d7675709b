//! How many items there are, by status, team and priority.

use std::collections::HashMap;

use sqlx::{Postgres, QueryBuilder};
use uuid::Uuid;

use super::kept::{block_end, last_block_end, push_groups};
use super::{LAYOUT, PAST, PRACTICES, WorkItemFilter, WorkQueue};
use crate::validity::{Found, push_valid, push_versions};
use crate::{AsOf, ReadError};

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
        self.push_counted(&mut query, filter)?;
        query.push(format!(" group by {column} order by {column}"));
        let mut counts: Counts = query.build_query_as().fetch_all(&self.pool).await?;
        // A group stays where it was once, when its last item has left.
        counts.retain(|count| count.items > 0);
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
        self.push_counted(&mut query, filter)?;
        Ok(query.build_query_scalar().fetch_one(&self.pool).await?)
    }

    /// A team is called what it was called when it last got an item.
    async fn name_teams(&self, counts: &mut Counts) -> Result<(), ReadError> {
        let teams: Vec<Uuid> = counts.iter().filter_map(|count| count.team_id).collect();
        let mut query = QueryBuilder::<Postgres>::new(
            "select distinct on (k.team_id) k.team_id, k.team_name from ",
        );
        match self.as_of {
            AsOf::Now => {
                query.push("work_queue_count");
            }
            AsOf::Position(position) => push_groups(&mut query, block_end(position)),
        }
        query.push(" k where k.team_name is not null and k.team_id = any (");
        query.push_bind(teams);
        query.push(") order by k.team_id, k.position desc");
        let names: Vec<(Uuid, String)> = query.build_query_as().fetch_all(&self.pool).await?;
        let names: HashMap<Uuid, String> = names.into_iter().collect();
        for count in counts {
            count.team_name = count.team_id.and_then(|id| names.get(&id).cloned());
        }
        Ok(())
    }

    /// Counts from the kept counts where they know enough, else from the queue.
    fn push_counted(
        &self,
        query: &mut QueryBuilder<'_, Postgres>,
        filter: &WorkItemFilter,
    ) -> Result<(), ReadError> {
        const KEPT: &str = "coalesce(sum(q.items), 0)::bigint as items from ";
        match self.as_of {
            AsOf::Now if filter.is_counted() => {
                query.push(KEPT).push("work_queue_count q");
            }
            AsOf::Position(position) if filter.is_counted() => {
                query.push(KEPT);
                push_counts_at(query, position);
            }
            as_of => {
                query.push("count(*) as items from ");
                push_versions(query, (&LAYOUT, &PAST), as_of);
                query.push(" where true");
                push_valid(query, as_of, Found::ByStab);
                return filter.push(query, as_of);
            }
        }
        query.push(" where true");
        filter.push(query, self.as_of)
    }
}

/// Adds the counts as of a position, as `q`: those kept at the end of the last
/// block, and of each item that an event touched since, that it was counted
/// there and is counted here.
fn push_counts_at(query: &mut QueryBuilder<'_, Postgres>, position: i64) {
    const GROUP: &str = "practice, team_id, status, priority";
    let end = last_block_end(position);
    query.push(format!("(select {GROUP}, items from "));
    push_groups(query, end);
    query.push(format!(
        " k union all select {GROUP}, side.items from \
         (select distinct e.aggregate_id::uuid as item_id from events e where e.position > "
    ));
    query.push_bind(end);
    query.push(" and e.position <= ").push_bind(position);
    query.push(" and e.aggregate_type = any (");
    query.push_bind(PRACTICES.map(str::to_owned).to_vec());
    query.push(")) touched cross join (values (");
    query.push_bind(end);
    query.push("::bigint, -1), (");
    query.push_bind(position);
    query.push(format!(
        ", 1)) side (position, items) cross join lateral (\
         select {GROUP} from work_queue w \
         where w.item_id = touched.item_id and w.position <= side.position \
         union all select {GROUP} from work_queue_past w \
         where w.item_id = touched.item_id and w.position <= side.position \
         and w.valid_to > side.position) version) q"
    ));
}
