//! A work item as its events make it, with what each of them changed.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use domain::work_item::WorkEvent;
use projections::Decoded;
use projections::incident_detail::IncidentDetail;
use projections::work_queue::WorkQueueRow;
use uuid::Uuid;

use super::attributes::Item;
use super::model::{ObjectRecord, ObjectRef, Setting};
use super::relations::{aggregate, named};

/// The type under which a relation names a linked item. A process log's
/// relations hold identities alone: the type stands in the item's own record.
pub(super) const WORK_ITEM: &str = "work_item";

/// A work item while its events are read.
#[derive(Default)]
pub(super) struct ItemFold {
    pub(super) item: Item,
    settings: Vec<Setting>,
    links: BTreeSet<(Uuid, String)>,
}

impl ItemFold {
    /// Takes an event in; what it changed holds since then, or from the start.
    pub(super) fn take(&mut self, event: &Decoded, since: Option<DateTime<Utc>>) {
        let before = self.item.attributes();
        WorkQueueRow::apply(&mut self.item.row, event);
        IncidentDetail::apply(&mut self.item.detail, event);
        let after = self.item.attributes();
        if since.is_none() {
            let known = after.into_iter().filter(|(_, value)| value.is_some());
            self.settings = known
                .map(|(name, value)| Setting { name, since, value })
                .collect();
        } else {
            for (name, value) in after {
                let known = before.iter().find(|(known, _)| *known == name);
                if known.is_none_or(|(_, known)| *known != value) {
                    self.settings.push(Setting { name, since, value });
                }
            }
        }
        match event.event.work() {
            Some(WorkEvent::WorkLinked {
                relation, target, ..
            }) => {
                self.links.insert((target.0, in_words(relation.as_ref())));
            }
            Some(WorkEvent::WorkUnlinked { relation, target }) => {
                self.links.remove(&(target.0, in_words(relation.as_ref())));
            }
            Some(WorkEvent::MergedInto { target, .. }) => {
                self.links.insert((target.0, "merged into".to_owned()));
            }
            _ => {}
        }
    }

    /// The item as it is handed on.
    pub(super) fn record(self, object: ObjectRef) -> ObjectRecord {
        let mut relations = BTreeSet::new();
        let row = self.item.row.as_ref();
        if let Some(row) = row {
            let mut relate = |kind: &str, name: Option<&String>, how: &str| {
                relations.extend(name.map(|name| (named(kind, name), how.to_owned())));
            };
            relate("person", row.requester.as_ref(), "requester");
            relate("person", row.affected_person.as_ref(), "affected person");
            relate("category", row.category_code.as_ref(), "category");
            relate("service", row.service.as_ref(), "service");
            for ci in &row.cis {
                relate("configuration_item", Some(ci), "configuration item");
            }
        }
        for (id, how) in self.links {
            relations.insert((aggregate(WORK_ITEM, id), how));
        }
        ObjectRecord {
            name: row.map_or_else(|| object.id.clone(), |row| row.number.clone()),
            object,
            settings: self.settings,
            relations,
        }
    }
}

/// `DuplicateOf` as `duplicate of`.
fn in_words(name: &str) -> String {
    let mut words = String::with_capacity(name.len() + 2);
    for letter in name.chars() {
        if letter.is_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.extend(letter.to_lowercase());
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relation_is_told_in_words() {
        assert_eq!(in_words("DuplicateOf"), "duplicate of");
        assert_eq!(in_words("Fulfils"), "fulfils");
    }
}
