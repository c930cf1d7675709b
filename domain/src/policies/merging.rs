//! When an item is merged into another one, the other one says what came; and
//! when that one had been merged on meanwhile, so does the next.

use crate::ids::WorkItemId;
use crate::incident::{Event, Incident};
use crate::work_item::{MergedItem, WorkCommand, WorkEvent};

/// The rule and its version, as they stand in the log beside what it does.
pub const RULE: &str = "merging@1";

/// The names of the events that are answered.
pub const EVENTS: &[&str] = &["MergedInto", "MergedFrom"];

/// What follows when an event has happened to an item: which items another one
/// takes in, and which one that is. The item is as it stands now.
pub fn on_event(
    event: &Event,
    id: WorkItemId,
    item: &Incident,
) -> Option<(WorkItemId, Vec<MergedItem>)> {
    match event {
        // What had gone on as this item goes on with it.
        Event::Work(WorkEvent::MergedInto { target, .. }) => {
            let before = item.work().merged.values().cloned();
            let own = item.work().as_merged(id);
            Some((*target, std::iter::once(own).chain(before).collect()))
        }
        // It came when this item had gone on already.
        Event::Work(WorkEvent::MergedFrom { source, .. }) => {
            let (target, _) = item.work().merged_into.as_ref()?;
            let came = item.work().merged.get(source)?;
            Some((*target, vec![came.clone()]))
        }
        _ => None,
    }
}

/// What the other item is asked to do about one of them.
pub fn on_due(item: MergedItem) -> WorkCommand {
    WorkCommand::TakeIn { item }
}

#[cfg(test)]
mod tests {
    use cqrs_es::Aggregate;

    use super::*;
    use crate::fixtures::{item, merged, other, person, registered, taken_in};

    fn after(events: Vec<Event>) -> Incident {
        let mut incident = Incident::default();
        for event in events {
            incident.apply(event);
        }
        incident
    }

    #[test]
    fn what_an_item_had_taken_in_goes_on_with_it() {
        let mut events = registered();
        events.push(taken_in());
        events.extend(merged().pop());
        let into = events.last().cloned();
        let (target, items) = on_event(&into.unwrap(), item(1), &after(events)).unwrap();
        assert_eq!(target, other().id);
        let ids: Vec<_> = items.iter().map(|item| item.id).collect();
        assert_eq!(ids, [item(1), other().id]);
        assert_eq!(items[1].people, [person("zhao.lei")]);
    }

    #[test]
    fn what_comes_to_an_item_that_has_gone_on_follows_it() {
        let mut events = merged();
        assert_eq!(on_event(&taken_in(), item(1), &after(registered())), None);
        events.push(taken_in());
        let (target, items) = on_event(&taken_in(), item(1), &after(events)).unwrap();
        assert_eq!((target, items.len()), (other().id, 1));
    }
}
