//! The life cycle that every kind of configuration shares, shown for both.

mod contents;
mod stored;

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use cqrs_es::Aggregate;
use cqrs_es::test::{AggregateResultValidator, TestFramework};
use strum::VariantNames;

use super::{
    CategoryTree, Command, Configuration, Content, ContentProblem, Error, Event, PriorityMatrix,
};
use crate::context::{Channel, Context, Role};
use crate::fixtures::{actor, administrator, agent, at, hours, person, text};
use crate::{Decider, Refusal};

/// The first version of most tests holds from here.
fn from() -> DateTime<Utc> {
    at(120)
}

/// The one who writes drafts.
fn author() -> Context {
    administrator()
}

/// The one who reviews them.
fn reviewer() -> Context {
    let mut context = administrator();
    context.actor = actor("reviewer", Role::Administrator, &[]);
    context
}

fn when<C: Content>(
    given: Vec<Event<C>>,
    by: Context,
    command: Command<C>,
) -> AggregateResultValidator<Configuration<C>> {
    TestFramework::with(by).given(given).when(command)
}

fn drafted<C: Content>(content: &C) -> Vec<Event<C>> {
    vec![Event::DraftSaved {
        drafted_by: person("admin"),
        content: content.clone(),
    }]
}

fn reviewed<C: Content>(content: &C) -> Vec<Event<C>> {
    let passed = Event::ReviewPassed {
        reviewed_by: person("reviewer"),
    };
    [drafted(content), vec![passed]].concat()
}

fn published<C: Content>(content: &C) -> Vec<Event<C>> {
    let version = Event::Published {
        version: 1,
        effective_from: from(),
        content: content.clone(),
    };
    [reviewed(content), vec![version]].concat()
}

fn publish<C>(effective_from: DateTime<Utc>) -> Command<C> {
    Command::Publish { effective_from }
}

fn withdraw<C>(version: u32) -> Command<C> {
    Command::Withdraw {
        version,
        reason: text("A slip"),
    }
}

fn withdrawn<C>() -> Event<C> {
    Event::VersionWithdrawn {
        version: 1,
        reason: text("A slip"),
    }
}

/// Drafted, reviewed by a second person, published, and that once more.
fn lives<C: Content>(content: &C) {
    let save = Command::SaveDraft(content.clone());
    when(vec![], author(), save.clone()).then_expect_events(drafted(content));
    when(drafted(content), reviewer(), Command::PassReview).then_expect_events(vec![
        Event::ReviewPassed {
            reviewed_by: person("reviewer"),
        },
    ]);
    when(reviewed(content), author(), publish(from())).then_expect_events(vec![Event::Published {
        version: 1,
        effective_from: from(),
        content: content.clone(),
    }]);
    when(published(content), author(), save).then_expect_events(drafted(content));
    let again = [published(content), reviewed(content)].concat();
    let later = from() + hours(1);
    when(again, author(), publish(later)).then_expect_events(vec![Event::Published {
        version: 2,
        effective_from: later,
        content: content.clone(),
    }]);
    when(published(content), author(), withdraw(1)).then_expect_events(vec![withdrawn()]);
    // The number of a version that was withdrawn is not given again, and it is
    // in no other version's way.
    let anew = [published(content), vec![withdrawn()], reviewed(content)].concat();
    when(anew, author(), publish(at(1))).then_expect_events(vec![Event::Published {
        version: 2,
        effective_from: at(1),
        content: content.clone(),
    }]);
    let furthest = author().known_at + TimeDelta::days(730);
    when(reviewed(content), author(), publish(furthest)).then_expect_events(vec![
        Event::Published {
            version: 1,
            effective_from: furthest,
            content: content.clone(),
        },
    ]);
    for given in [drafted(content), reviewed(content)] {
        when(given, author(), Command::DiscardDraft)
            .then_expect_events(vec![Event::DraftDiscarded {}]);
    }
}

/// What was before, who gives which command, and which rule forbids it.
type Case<C> = (Vec<Event<C>>, Context, Command<C>, Error);

/// Every way of breaking a rule of the life cycle.
fn cases<C: Content>(content: &C, broken: C) -> Vec<Case<C>> {
    let problem = broken.check().unwrap_err();
    let previous = Error::NotAfterPrevious { previous: from() };
    let again = [published(content), reviewed(content)].concat();
    let save = || Command::SaveDraft(content.clone());
    let discarded = [drafted(content), vec![Event::DraftDiscarded {}]].concat();
    // A new draft has not been reviewed, whatever was before it.
    let written_anew = [reviewed(content), drafted(content)].concat();
    let latest = author().known_at + TimeDelta::days(730);
    let missing = |version| Error::NoSuchVersion { version };
    let taken_back = [published(content), vec![withdrawn()]].concat();
    // Dated back, and known only when the version holds.
    let once_it_holds = Context {
        known_at: from(),
        ..author()
    };
    let holds = Error::HoldsAlready {
        version: 1,
        since: from(),
    };
    vec![
        (vec![], author(), Command::PassReview, Error::NoDraft),
        (vec![], author(), publish(from()), Error::NoDraft),
        (discarded, author(), Command::DiscardDraft, Error::NoDraft),
        (
            published(content),
            author(),
            publish(from()),
            Error::NoDraft,
        ),
        (
            drafted(content),
            author(),
            Command::PassReview,
            Error::OwnReview,
        ),
        (
            reviewed(content),
            reviewer(),
            Command::PassReview,
            Error::AlreadyReviewed,
        ),
        (
            drafted(content),
            author(),
            publish(from()),
            Error::NotReviewed,
        ),
        (written_anew, author(), publish(from()), Error::NotReviewed),
        (again, author(), publish(from()), previous),
        (
            reviewed(content),
            author(),
            publish(latest + TimeDelta::milliseconds(1)),
            Error::TooFarAhead { latest },
        ),
        (published(content), author(), withdraw(2), missing(2)),
        (taken_back, author(), withdraw(1), missing(1)),
        (published(content), once_it_holds, withdraw(1), holds),
        (vec![], agent(), save(), Error::NotAdministrator),
        (
            vec![],
            author(),
            Command::SaveDraft(broken),
            Error::ContentInvalid(problem),
        ),
    ]
}

fn refuses<C: Content>(content: &C, broken: C) {
    for (given, by, command, refusal) in cases(content, broken) {
        when(given, by, command).then_expect_error(refusal);
    }
}

fn no_levels() -> PriorityMatrix {
    PriorityMatrix {
        levels: vec![],
        ..PriorityMatrix::initial()
    }
}

fn no_categories() -> CategoryTree {
    CategoryTree { categories: vec![] }
}

#[test]
fn a_configuration_is_drafted_reviewed_by_a_second_person_and_published() {
    lives(&PriorityMatrix::initial());
    lives(&CategoryTree::initial());
}

#[test]
fn a_configuration_refuses_what_its_rules_forbid() {
    refuses(&PriorityMatrix::initial(), no_levels());
    refuses(&CategoryTree::initial(), no_categories());
}

#[test]
fn no_rule_is_without_a_case_that_breaks_it() {
    let cases = cases(&PriorityMatrix::initial(), no_levels());
    let tried: BTreeSet<String> = cases.iter().map(|(.., refusal)| refusal.code()).collect();
    let rules: BTreeSet<String> = Error::VARIANTS
        .iter()
        .map(|&code| code.to_owned())
        .collect();
    assert_eq!(tried, rules);
}

#[test]
fn an_import_configures_what_it_needs() {
    let by = agent().through(Channel::Import);
    let saved = when(vec![], by, Command::SaveDraft(CategoryTree::initial()));
    assert!(saved.inspect_result().is_ok());
}

#[test]
fn inc_03_what_was_published_holds_until_the_next_version_does_and_stays_to_be_read() {
    let mut matrix = Configuration::<PriorityMatrix>::default();
    let later = from() + hours(24);
    let publishings = [(1, from()), (2, later)].map(|(version, effective_from)| Event::Published {
        version,
        effective_from,
        content: PriorityMatrix::initial(),
    });
    for event in publishings {
        matrix.apply(event);
    }
    let in_force = |when| matrix.versions().in_force_at(when).map(|v| v.version);
    assert_eq!(in_force(from() - hours(1)), None);
    assert_eq!(in_force(from()), Some(1));
    assert_eq!(in_force(later - hours(1)), Some(1));
    assert_eq!(in_force(later), Some(2));
    let numbered = |number| matrix.versions().numbered(number).map(|v| v.effective_from);
    assert_eq!(numbered(1), Some(from()));
    assert_eq!(numbered(2), Some(later));
    assert_eq!(numbered(3), None);
    assert_eq!(matrix.versions().latest().map(|v| v.version), Some(2));
    assert_eq!(matrix.versions().iter().count(), 2);
}

#[test]
fn a8_a_version_that_was_withdrawn_never_holds_and_stays_to_be_read() {
    let mut matrix = Configuration::<PriorityMatrix>::default();
    for event in [published(&PriorityMatrix::initial()), vec![withdrawn()]].concat() {
        matrix.apply(event);
    }
    let versions = matrix.versions();
    assert_eq!(versions.in_force_at(from() + hours(1)), None);
    assert_eq!(versions.latest(), None);
    assert!(versions.numbered(1).unwrap().withdrawn);
    assert_eq!(versions.iter().count(), 1);
}

#[test]
fn publishing_takes_the_draft_away() {
    let mut tree = Configuration::<CategoryTree>::default();
    let content = CategoryTree::initial();
    for event in reviewed(&content) {
        tree.apply(event);
    }
    let draft = tree.draft().unwrap();
    assert_eq!(draft.drafted_by, person("admin"));
    assert_eq!(draft.reviewed_by, Some(person("reviewer")));
    for event in tree.decide(&publish(from()), &author()).unwrap() {
        tree.apply(event);
    }
    assert_eq!(tree.draft(), None);
    assert_eq!(tree.versions().latest().unwrap().content, content);
}

#[test]
fn a_desk_has_one_configuration_of_each_kind() {
    assert_ne!(
        Configuration::<PriorityMatrix>::id(),
        Configuration::<CategoryTree>::id()
    );
}

fn problem(content: &impl Content) -> String {
    let ContentProblem(words) = content.check().unwrap_err();
    words
}
