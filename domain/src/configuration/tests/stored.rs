//! The stored events of configurations: their JSON is a contract with every
//! log ever written.

use std::collections::BTreeSet;
use std::fmt::Debug;

use cqrs_es::{Aggregate, DomainEvent};
use strum::VariantNames;

use super::published;
use crate::configuration::{CategoryTree, Configuration, Content, Event, PriorityMatrix};
use crate::fixtures::text;

fn every_event<C: Content>(content: &C) -> Vec<Event<C>> {
    let others = vec![
        Event::DraftDiscarded {},
        Event::VersionWithdrawn {
            version: 1,
            reason: text("A slip"),
        },
    ];
    [published(content), others].concat()
}

fn small_tree() -> CategoryTree {
    let mut tree = CategoryTree::initial();
    tree.categories.truncate(2);
    tree
}

/// What was stored reads as what was written, and so does the state.
fn reads_back<C: Content + Debug>(content: &C) {
    let mut configuration = Configuration::<C>::default();
    let mut names = BTreeSet::new();
    for event in every_event(content) {
        let value = serde_json::to_value(&event).unwrap();
        assert_eq!(value["type"], event.event_type());
        assert_eq!(event.event_version(), "1.0");
        assert_eq!(serde_json::from_value::<Event<C>>(value).unwrap(), event);
        let text = serde_json::to_string(&event).unwrap();
        assert_eq!(serde_json::from_str::<Event<C>>(&text).unwrap(), event);
        names.insert(event.event_type());
        configuration.apply(event);
        let kept = serde_json::to_string(&configuration).unwrap();
        let kept: Configuration<C> = serde_json::from_str(&kept).unwrap();
        assert_eq!(kept, configuration);
    }
    let variants = Event::<C>::VARIANTS.iter().map(|&name| name.to_owned());
    assert_eq!(names, variants.collect());
}

#[test]
fn every_event_of_a_matrix_is_stored_like_this() {
    insta::assert_json_snapshot!("matrix", every_event(&PriorityMatrix::initial()));
}

#[test]
fn every_event_of_a_tree_is_stored_like_this() {
    insta::assert_json_snapshot!("tree", every_event(&small_tree()));
}

#[test]
fn what_was_stored_reads_as_what_was_written() {
    reads_back(&PriorityMatrix::initial());
    reads_back(&small_tree());
}
