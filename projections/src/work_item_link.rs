//! How do work items stand to each other: for whoever looks at one of them.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use domain::incident::Event;
use domain::work_item::WorkEvent;
use futures_util::FutureExt;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::copy::{Layout, Row, Rows};
use crate::projection::{Projection, Step, Tables};
use crate::writes::{Write, Writes, Writing};
use crate::{AsOf, Decoded, DeskEvent, ReadError};

pub(crate) const VERSION: i32 = 2;
pub(crate) const TABLES: &[&str] = &["work_item_link", "work_item_link_past"];

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
    as_of: AsOf,
}

impl WorkItemLinks {
    pub(crate) fn new(pool: PgPool, as_of: AsOf) -> Self {
        Self { pool, as_of }
    }

    /// The links of some items, from either end; of each item in the order in
    /// which they were made.
    pub async fn links(&self, items: &[Uuid]) -> Result<Vec<WorkItemLink>, ReadError> {
        let links = sqlx::query_as!(
            WorkItemLink,
            r#"
            with link as (
                select source, relation, target, target_number, position
                from work_item_link
                where (source = any ($1) or target = any ($1)) and position <= $2
                union all
                select source, relation, target, target_number, position
                from work_item_link_past
                where (source = any ($1) or target = any ($1)) and position <= $2 and valid_to > $2
            )
            select
                l.source as "item_id!", l.relation as "relation!", true as "is_source!",
                l.target as "other!", l.target_number as "other_number!", l.position as "position!"
            from link l
            where l.source = any ($1)
            union all
            select
                l.target, l.relation, false, l.source, coalesce(q.number, ''), l.position
            from link l
            left join work_queue q on q.item_id = l.source
            where l.target = any ($1)
            order by 1, 6, 3
            "#,
            items,
            self.as_of.position(),
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(links)
    }
}

/// Whether events of this name change a link.
pub(crate) fn concerns(event_type: &str) -> bool {
    matches!(event_type, "WorkLinked" | "WorkUnlinked")
}

/// A link as the item that holds it knows it.
type Key = (Uuid, String, Uuid);

const LAYOUT: Layout = Layout {
    table: "work_item_link",
    columns: &["source", "relation", "target", "target_number", "position"],
    key: 3,
    validity: &[],
    implied: &[],
};

const PAST: Layout = Layout {
    table: "work_item_link_past",
    columns: &[
        "source",
        "relation",
        "target",
        "target_number",
        "position",
        "valid_to",
    ],
    key: 3,
    validity: &[],
    implied: &[],
};

/// Keeps the links, and those that there were.
pub(crate) struct Projector {
    changes: BTreeMap<Key, Change>,
    /// Links that were both made and taken away since the last write.
    past: Rows,
}

/// What has become of a link.
struct Change {
    /// The first event that concerned it: what the table has was valid until
    /// then.
    first: i64,
    /// How it stands after the last one; nothing where it was taken away.
    made: Option<Made>,
}

/// How a link was made.
struct Made {
    target_number: String,
    position: i64,
}

impl Default for Projector {
    fn default() -> Self {
        Self {
            changes: BTreeMap::new(),
            past: Rows::new(&PAST),
        }
    }
}

impl Projection for Projector {
    fn take<'a>(&'a mut self, _: &'a mut dyn Tables, events: &'a [Decoded]) -> Step<'a> {
        for event in events {
            self.change(event);
        }
        async { Ok(()) }.boxed()
    }

    fn overflow(&mut self) -> Writes {
        const LIMIT: usize = 20_000;
        if self.changes.len() > LIMIT {
            self.drain()
        } else {
            Writes::default()
        }
    }

    fn drain(&mut self) -> Writes {
        let mut writes = Writes::default();
        let changes = std::mem::take(&mut self.changes);
        if changes.is_empty() {
            return writes;
        }
        let mut ended = Ended::default();
        let mut added = Rows::new(&LAYOUT);
        for (key, change) in &changes {
            ended.push(key, change.first);
            if let Some(made) = &change.made {
                made.write(key, &mut added.row());
            }
        }
        writes.push(ended);
        writes.add(added);
        writes.add(self.past.take());
        writes
    }

    fn forget(&mut self) {
        self.changes.clear();
        self.past.clear();
    }
}

impl Projector {
    fn change(&mut self, event: &Decoded) {
        let DeskEvent::Incident(Event::Work(work)) = &event.event else {
            return;
        };
        let (source, position) = (event.recorded.aggregate_id, event.recorded.position);
        let (relation, target, made) = match work {
            WorkEvent::WorkLinked {
                relation,
                target,
                target_number,
            } => {
                let made = Made {
                    target_number: target_number.clone(),
                    position,
                };
                (relation, target, Some(made))
            }
            WorkEvent::WorkUnlinked { relation, target } => (relation, target, None),
            _ => return,
        };
        let key = (source, relation.as_ref().to_owned(), target.0);
        match self.changes.entry(key) {
            Entry::Vacant(entry) => {
                entry.insert(Change {
                    first: position,
                    made,
                });
            }
            Entry::Occupied(mut entry) => {
                if let Some(before) = &entry.get().made {
                    let mut row = self.past.row();
                    before.write(entry.key(), &mut row);
                    row.bigint(position);
                }
                entry.get_mut().made = made;
            }
        }
    }
}

impl Made {
    /// Writes the link in the order of the layouts.
    fn write(&self, (source, relation, target): &Key, row: &mut Row<'_>) {
        row.uuid(*source);
        row.text(relation);
        row.uuid(*target);
        row.text(&self.target_number);
        row.bigint(self.position);
    }
}

/// Links of which what the table has is to end, each with the position at
/// which it does.
#[derive(Default)]
struct Ended {
    sources: Vec<Uuid>,
    relations: Vec<String>,
    targets: Vec<Uuid>,
    ends: Vec<i64>,
}

impl Ended {
    fn push(&mut self, (source, relation, target): &Key, end: i64) {
        self.sources.push(*source);
        self.relations.push(relation.clone());
        self.targets.push(*target);
        self.ends.push(end);
    }
}

impl Write for Ended {
    fn searched(&self) -> Option<&'static str> {
        Some(LAYOUT.table)
    }

    fn write(self: Box<Self>, connection: &mut PgConnection) -> Writing<'_> {
        async move {
            sqlx::query!(
                "
                with ended as (
                    delete from work_item_link l
                    using unnest($1::uuid[], $2::text[], $3::uuid[], $4::bigint[])
                        as c (source, relation, target, valid_to)
                    where l.source = c.source and l.relation = c.relation and l.target = c.target
                    returning l.source, l.relation, l.target, l.target_number, l.position, c.valid_to
                )
                insert into work_item_link_past
                    (source, relation, target, target_number, position, valid_to)
                select source, relation, target, target_number, position, valid_to
                from ended
                ",
                &self.sources,
                &self.relations,
                &self.targets,
                &self.ends,
            )
            .execute(connection)
            .await?;
            Ok(())
        }
        .boxed()
    }
}
