//! The steps on offer, where a person might expect others. That they are
//! exactly what is accepted, `properties` shows.

use super::{after, when};
use crate::configuration::CategoryTree;
use crate::context::Context;
use crate::fixtures::{
    agent, and, assigned, auditor, coordinator, given_to, hours, import, in_progress, on_hold,
    registered, requester, resolved, specialist, stranger, text, vendor,
};
use crate::incident::{Event, HoldReason, IncidentAction};
use crate::work_item::{WorkAction, WorkEvent};

fn offers(given: Vec<Event>, by: &Context, action: WorkAction) -> bool {
    after(given).available_work_actions(by).contains(&action)
}

#[test]
fn before_the_first_contact_nothing_is_on_offer() {
    assert_eq!(after(vec![]).available_actions(&coordinator()), []);
    assert_eq!(after(vec![]).available_work_actions(&coordinator()), []);
}

#[test]
fn an_auditor_and_a_stranger_are_offered_nothing() {
    for by in [auditor(), stranger()] {
        for given in [registered(), in_progress(), resolved()] {
            assert_eq!(after(given.clone()).available_actions(&by), []);
            assert_eq!(after(given).available_work_actions(&by), []);
        }
    }
}

#[test]
fn a_requester_is_offered_what_concerns_them() {
    let waiting = after(on_hold(HoldReason::Requester));
    assert_eq!(waiting.available_actions(&requester()), []);
    let kernel = [WorkAction::Comment, WorkAction::Urge, WorkAction::Attach];
    assert_eq!(waiting.available_work_actions(&requester()), kernel);
    let answers = [
        IncidentAction::ConfirmResolution,
        IncidentAction::RejectResolution,
    ];
    assert_eq!(after(resolved()).available_actions(&requester()), answers);
    let take_back = [IncidentAction::Cancel];
    assert_eq!(
        after(registered()).available_actions(&requester()),
        take_back
    );
}

#[test]
fn work_on_hold_can_be_forwarded_outside() {
    let held = on_hold(HoldReason::Supplier);
    assert!(offers(held.clone(), &agent(), WorkAction::Forward));
    assert!(!offers(held.clone(), &agent(), WorkAction::Assign));
    assert!(!offers(held, &specialist(), WorkAction::Forward));
}

#[test]
fn beyond_the_third_line_there_is_no_deeper_one() {
    let deep = and(registered(), [given_to(vendor())]);
    assert!(!offers(
        deep,
        &coordinator(),
        WorkAction::EscalateFunctionally
    ));
    assert!(offers(
        assigned(),
        &agent(),
        WorkAction::EscalateFunctionally
    ));
}

#[test]
fn above_the_highest_level_there_is_no_higher_one() {
    let told_everybody = Event::Work(WorkEvent::EscalatedHierarchically {
        from_level: 0,
        level: u8::MAX,
        person: None,
        reason: text("It burns"),
    });
    let given = and(assigned(), [told_everybody]);
    assert!(!offers(given, &agent(), WorkAction::EscalateHierarchically));
}

#[test]
fn a_category_can_be_taken_from_a_newer_tree_even_if_it_is_the_only_one() {
    let mut small = CategoryTree::initial();
    small
        .categories
        .retain(|c| c.code.as_str().starts_with("network"));
    small.categories.truncate(2);
    let mut smaller = small.clone();
    smaller.categories.remove(0);
    smaller.categories[0].parent = None;
    let trees = [small, smaller];
    let on_the_first_day = agent().with_trees(&trees);
    let on_the_second = agent()
        .with_trees(&trees)
        .when(agent().effective_at + hours(24));
    assert!(offers(assigned(), &on_the_first_day, WorkAction::Classify));
    assert!(offers(assigned(), &on_the_second, WorkAction::Classify));
    let filed = when(
        assigned(),
        on_the_second.clone(),
        crate::work_item::WorkCommand::Classify {
            category: crate::fixtures::category("network-vpn"),
        },
    );
    let given = and(assigned(), filed.inspect_result().unwrap());
    assert!(!offers(given, &on_the_second, WorkAction::Classify));
}

#[test]
fn an_import_is_offered_the_categories_of_the_newest_tree() {
    let never = crate::fixtures::at(-100_000_000);
    let by = import().with_trees(&[CategoryTree::initial()]);
    assert!(offers(assigned(), &by, WorkAction::Classify));
    assert!(!offers(assigned(), &by.when(never), WorkAction::Classify));
}

#[test]
fn the_steps_of_machines_are_on_offer_to_nobody() {
    for by in [coordinator(), import()] {
        let offered = after(resolved()).available_actions(&by);
        assert!(!offered.contains(&IncidentAction::CloseUnanswered));
        assert!(!offered.contains(&IncidentAction::CorrectStatus));
    }
}
