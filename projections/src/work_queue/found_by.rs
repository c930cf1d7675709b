//! What items are found by that does not stand in their own rows: who is a
//! member of which team, which category lies under which, and numbers in other
//! systems in every way that people write them.
//!
//! Rows are only added, so that each question can be asked as of any position.

use std::collections::HashMap;

use domain::configuration::{self, CategoryTree};
use domain::ids::CategoryCode;
use domain::organisation::TeamEvent;
use domain::work_item::{ExternalReference, WorkEvent};
use sqlx::{Postgres, QueryBuilder};

use crate::copy::{Layout, Rows};
use crate::spelling::ReferenceKey;
use crate::writes::Writes;
use crate::{AsOf, Decoded, DeskEvent};

const MEMBERS: Layout = Layout {
    table: "work_queue_member",
    columns: &["team_id", "person", "position", "is_member"],
    key: 3,
    validity: &[],
    implied: &[],
};

const CATEGORIES: Layout = Layout {
    table: "work_queue_category",
    columns: &["tree_version", "ancestor", "code"],
    key: 3,
    validity: &[],
    implied: &[],
};

const REFERENCES: Layout = Layout {
    table: "work_queue_reference",
    columns: &["key", "item_id", "position"],
    key: 3,
    validity: &[],
    implied: &[],
};

/// The name under which a team itself is its member, while it works.
const TEAM_ITSELF: &str = "";

/// Whether an event brings something that items are found by, although it is
/// none of theirs.
pub(crate) fn concerns(aggregate_type: &str, event_type: &str) -> bool {
    match aggregate_type {
        "team" => true,
        "category_tree" => event_type == "Published",
        _ => false,
    }
}

/// The rows that wait to be written.
#[derive(Debug)]
pub(super) struct FoundBy {
    members: Rows,
    categories: Rows,
    references: Rows,
}

impl Default for FoundBy {
    fn default() -> Self {
        Self {
            members: Rows::new(&MEMBERS),
            categories: Rows::new(&CATEGORIES),
            references: Rows::new(&REFERENCES),
        }
    }
}

impl FoundBy {
    /// Takes an event in.
    pub(super) fn take(&mut self, event: &Decoded) {
        match &event.event {
            DeskEvent::Team(content) => self.team(event, content),
            DeskEvent::CategoryTree(configuration::Event::Published {
                version, content, ..
            }) => self.tree(*version, content),
            content => {
                if let Some(
                    WorkEvent::ExternalReferenceAdded { external }
                    | WorkEvent::ForwardedOutside { to: external, .. },
                ) = content.work()
                {
                    self.reference(event, external);
                }
            }
        }
    }

    fn team(&mut self, event: &Decoded, content: &TeamEvent) {
        let (person, is_member) = match content {
            TeamEvent::TeamFounded { .. } | TeamEvent::TeamReactivated {} => (TEAM_ITSELF, true),
            TeamEvent::TeamDeactivated {} => (TEAM_ITSELF, false),
            TeamEvent::MemberAdded { person, .. } => (person.as_str(), true),
            TeamEvent::MemberRemoved { person } => (person.as_str(), false),
            TeamEvent::TeamLeadNamed { .. } => return,
        };
        let mut row = self.members.row();
        row.uuid(event.recorded.aggregate_id);
        row.text(person);
        row.bigint(event.recorded.position);
        row.boolean(is_member);
    }

    /// Each category under itself and all that it lies under.
    fn tree(&mut self, version: u32, content: &CategoryTree) {
        let version = i32::try_from(version).unwrap_or(i32::MAX);
        let parents: HashMap<&CategoryCode, Option<&CategoryCode>> = content
            .categories
            .iter()
            .map(|category| (&category.code, category.parent.as_ref()))
            .collect();
        for category in &content.categories {
            let mut above = Some(&category.code);
            // A tree has no circles, and is not walked in one.
            for _ in 0..parents.len() {
                let Some(ancestor) = above else { break };
                let mut row = self.categories.row();
                row.integer(version);
                row.text(ancestor.as_str());
                row.text(category.code.as_str());
                above = parents.get(ancestor).copied().flatten();
            }
        }
    }

    fn reference(&mut self, event: &Decoded, external: &ExternalReference) {
        let ExternalReference { system, reference } = external;
        for key in ReferenceKey::all(system.as_str(), reference.as_str()) {
            let mut row = self.references.row();
            row.text(&key);
            row.uuid(event.recorded.aggregate_id);
            row.bigint(event.recorded.position);
        }
    }

    /// Gives away what is too much to be held.
    pub(super) fn overflow(&mut self, writes: &mut Writes) {
        const LIMIT: usize = 4 << 20;
        let all = [&self.members, &self.categories, &self.references];
        if all.iter().any(|rows| rows.bytes() > LIMIT) {
            self.drain(writes);
        }
    }

    /// Gives away everything.
    pub(super) fn drain(&mut self, writes: &mut Writes) {
        writes.add(self.members.take());
        writes.add(self.categories.take());
        writes.add(self.references.take());
    }

    pub(super) fn forget(&mut self) {
        self.members.clear();
        self.categories.clear();
        self.references.clear();
    }
}

/// Adds the condition that the one who has an item `q` is no member of its team
/// any more, or that the team works no longer. Somebody who never was one, such
/// as a coordinator, is not meant.
pub(super) fn push_assignee_inactive(
    query: &mut QueryBuilder<'_, Postgres>,
    wanted: bool,
    as_of: AsOf,
) {
    let push_left = |query: &mut QueryBuilder<'_, Postgres>, who: &str| {
        query.push(format!(
            "({who}) in (select l.team_id, l.person from (\
             select distinct on (m.team_id, m.person) m.team_id, m.person, m.is_member \
             from work_queue_member m where m.position <= "
        ));
        query.push_bind(as_of.position());
        query.push(" order by m.team_id, m.person, m.position desc) l where not l.is_member)");
    };
    query.push(" and (");
    push_left(query, "q.team_id, q.person");
    query.push(" or ");
    push_left(query, "q.team_id, ''");
    query.push(if wanted { ") is true" } else { ") is not true" });
}

/// Adds the condition that an item `q` is filed under one of some categories or
/// under what lies below them, by the tree that it was filed by.
pub(super) fn push_categories_under(query: &mut QueryBuilder<'_, Postgres>, under: &[String]) {
    query.push(
        " and (q.category_tree_version, q.category_code) in (\
         select c.tree_version, c.code from work_queue_category c where c.ancestor = any (",
    );
    query.push_bind(under.to_vec()).push("))");
}

/// Adds the condition that an item `q` has a number in another system, however
/// it is written.
pub(super) fn push_reference(
    query: &mut QueryBuilder<'_, Postgres>,
    (system, reference): (&str, &str),
    as_of: AsOf,
) {
    query.push(" and q.item_id in (select r.item_id from work_queue_reference r where r.key = ");
    query.push_bind(ReferenceKey::wanted(system, reference));
    query
        .push(" and r.position <= ")
        .push_bind(as_of.position());
    query.push(")");
}
