//! How do work items stand to each other: for whoever looks at one of them, and
//! for the decision whether a further link would close a circle.

use std::collections::BTreeMap;

use domain::incident::Event;
use domain::work_item::WorkEvent;
use futures_util::FutureExt;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::projection::{Projection, Step};
use crate::{Decoded, DeskEvent, ReadError};

pub(crate) const VERSION: i32 = 1;
pub(crate) const TABLES: &[&str] = &["work_item_link"];

/// A link as it is seen from one of its two items.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct WorkItemLink {
    /// The item from which it is seen.
    pub item_id: Uuid,
    /// How the item that holds the link stands to the other, such as
    /// `DuplicateOf`.
    pub relation: String,
    /// Whether this item holds the link; otherwise the other one does, and the
    /// relation is to be read from there.
    pub is_source: bool,
    /// The other item.
    pub other: Uuid,
    /// The other item's number.
    pub other_number: String,
    /// The event that made the link.
    pub position: i64,
}

/// The links, to be asked.
#[derive(Debug, Clone)]
pub struct WorkItemLinks {
    pool: PgPool,
}

impl WorkItemLinks {
    pub(crate) fn new(pool: PgPool) -> Self {
        Self { pool }
    }

    /// The links of some items, from either end; of each item in the order in
    /// which they were made.
    pub async fn links(&self, items: &[Uuid]) -> Result<Vec<WorkItemLink>, ReadError> {
        let links = sqlx::query_as!(
            WorkItemLink,
            r#"
            select
                l.source as "item_id!", l.relation as "relation!", true as "is_source!",
                l.target as "other!", l.target_number as "other_number!", l.position as "position!"
            from work_item_link l
            where l.source = any ($1)
            union all
            select
                l.target, l.relation, false, l.source, coalesce(q.number, ''), l.position
            from work_item_link l
            left join work_queue q on q.item_id = l.source
            where l.target = any ($1)
            order by 1, 6, 3
            "#,
            items,
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(links)
    }

    /// Whether an item stands above another one in the hierarchy of parents.
    pub async fn is_ancestor(&self, of: Uuid, candidate: Uuid) -> Result<bool, ReadError> {
        let found = sqlx::query_scalar!(
            r#"
            with recursive above (item_id) as (
                select l.source from work_item_link l where l.target = $1 and l.relation = 'ParentOf'
                union
                select l.source
                from above a
                join work_item_link l on l.target = a.item_id and l.relation = 'ParentOf'
            )
            select exists (select from above where item_id = $2) as "found!"
            "#,
            of,
            candidate,
        )
        .fetch_one(&self.pool)
        .await?;
        Ok(found)
    }
}

/// Whether events of this name change a link.
pub(crate) fn concerns(event_type: &str) -> bool {
    matches!(event_type, "WorkLinked" | "WorkUnlinked")
}

/// A link as the item that holds it knows it.
type Key = (Uuid, String, Uuid);

/// Keeps the links. Of each link the last event of a batch decides.
#[derive(Default)]
pub(crate) struct Projector {
    changes: BTreeMap<Key, Option<Made>>,
}

/// How a link was made.
struct Made {
    target_number: String,
    position: i64,
}

impl Projection for Projector {
    fn prepare<'a>(&'a mut self, _: &'a mut PgConnection) -> Step<'a> {
        async { Ok(()) }.boxed()
    }

    fn take<'a>(&'a mut self, _: &'a mut PgConnection, events: &'a [Decoded]) -> Step<'a> {
        for event in events {
            self.change(event);
        }
        async { Ok(()) }.boxed()
    }

    fn is_full(&self) -> bool {
        const LIMIT: usize = 50_000;
        self.changes.len() > LIMIT
    }

    fn write<'a>(&'a mut self, connection: &'a mut PgConnection) -> Step<'a> {
        async move {
            let changes = std::mem::take(&mut self.changes);
            if changes.is_empty() {
                return Ok(());
            }
            let mut columns = Columns::default();
            for ((source, relation, target), made) in changes {
                columns.is_there.push(made.is_some());
                let (target_number, position) = made.map_or((String::new(), 0), |made| {
                    (made.target_number, made.position)
                });
                columns.sources.push(source);
                columns.relations.push(relation);
                columns.targets.push(target);
                columns.target_numbers.push(target_number);
                columns.positions.push(position);
            }
            columns.write(connection).await?;
            Ok(())
        }
        .boxed()
    }

    fn forget(&mut self) {
        self.changes.clear();
    }
}

impl Projector {
    fn change(&mut self, event: &Decoded) {
        let DeskEvent::Incident(Event::Work(work)) = &event.event else {
            return;
        };
        let source = event.recorded.aggregate_id;
        match work {
            WorkEvent::WorkLinked {
                relation,
                target,
                target_number,
            } => {
                let made = Made {
                    target_number: target_number.clone(),
                    position: event.recorded.position,
                };
                self.changes
                    .insert((source, relation.as_ref().to_owned(), target.0), Some(made));
            }
            WorkEvent::WorkUnlinked { relation, target } => {
                self.changes
                    .insert((source, relation.as_ref().to_owned(), target.0), None);
            }
            _ => {}
        }
    }
}

/// Changes, column by column, as statements take them.
#[derive(Default)]
struct Columns {
    sources: Vec<Uuid>,
    relations: Vec<String>,
    targets: Vec<Uuid>,
    target_numbers: Vec<String>,
    positions: Vec<i64>,
    is_there: Vec<bool>,
}

impl Columns {
    async fn write(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        sqlx::query!(
            "
            delete from work_item_link l
            using unnest($1::uuid[], $2::text[], $3::uuid[], $4::boolean[])
                as c (source, relation, target, is_there)
            where l.source = c.source and l.relation = c.relation and l.target = c.target
                and not c.is_there
            ",
            &self.sources,
            &self.relations,
            &self.targets,
            &self.is_there,
        )
        .execute(&mut *connection)
        .await?;
        sqlx::query!(
            "
            insert into work_item_link (source, relation, target, target_number, position)
            select c.source, c.relation, c.target, c.target_number, c.position
            from unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::bigint[], $6::boolean[])
                as c (source, relation, target, target_number, position, is_there)
            where c.is_there
            on conflict (source, relation, target)
                do update set target_number = excluded.target_number, position = excluded.position
            ",
            &self.sources,
            &self.relations,
            &self.targets,
            &self.target_numbers,
            &self.positions,
            &self.is_there,
        )
        .execute(connection)
        .await?;
        Ok(())
    }
}
