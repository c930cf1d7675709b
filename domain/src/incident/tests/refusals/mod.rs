//! Every rule that forbids a command, each with a case that breaks it. The
//! last tests hold that no rule is without one.

mod assignment;
mod own;
mod records;
mod rights;

use std::collections::BTreeSet;

use strum::VariantNames;

use super::when;
use crate::Refusal;
use crate::context::Context;
use crate::fixtures::{
    NUMBER, agent, at, farewell, file, hotline, intake, line, other, register, text, to, to_member,
};
use crate::incident::{Command, Error, Event, IncidentAction, Status};
use crate::work_item::{
    Assignee, Attachment, ContactChannel, DetailField, Handling, Intake, LinkTarget, Relation,
    Visibility, WorkCommand, WorkRefusal,
};

/// One way of breaking a rule.
struct Case {
    given: Vec<Event>,
    by: Context,
    command: Command,
    refusal: Error,
}

fn case(
    given: Vec<Event>,
    by: Context,
    command: impl Into<Command>,
    refusal: impl Into<Error>,
) -> Case {
    Case {
        given,
        by,
        command: command.into(),
        refusal: refusal.into(),
    }
}

fn reason() -> crate::text::Text {
    text("Because")
}

fn not_possible(status: Status, action: IncidentAction) -> Error {
    Error::ActionNotPossible { status, action }
}

fn work_not_possible(stage: &'static str, handling: Handling) -> WorkRefusal {
    WorkRefusal::NotPossible { stage, handling }
}

fn resolve() -> Command {
    Command::Resolve {
        code: line("Fixed"),
        cause: None,
        solution: text("Renewed it"),
        knowledge: None,
    }
}

fn resolve_at_contact() -> Command {
    Command::ResolveAtContact {
        code: line("Advice"),
        solution: text("Switched it on"),
        knowledge: None,
    }
}

fn close() -> Command {
    Command::Close {
        no_feedback_reason: None,
    }
}

fn declare_major() -> Command {
    Command::DeclareMajor {
        reason: reason(),
        leader: None,
    }
}

fn correct_status(to: Status) -> Command {
    Command::CorrectStatus {
        to,
        reason: reason(),
    }
}

fn expect(minutes: i64) -> Command {
    Command::SetExpectedResolution {
        at: at(minutes),
        reason: reason(),
    }
}

fn assign(to: Assignee) -> WorkCommand {
    WorkCommand::Assign { to }
}

fn comment(visibility: Visibility) -> WorkCommand {
    WorkCommand::Comment {
        visibility,
        text: text("Hello"),
    }
}

fn correct(field: DetailField, to: Option<&str>) -> WorkCommand {
    WorkCommand::CorrectDetails {
        field,
        to: to.map(text),
        reason: reason(),
    }
}

fn effort(minutes: u32) -> WorkCommand {
    WorkCommand::LogEffort {
        minutes,
        text: None,
    }
}

fn attach(sha256: &str) -> WorkCommand {
    WorkCommand::Attach {
        attachment: Attachment {
            sha256: sha256.to_owned(),
            ..file()
        },
    }
}

fn link(relation: Relation, target: LinkTarget) -> WorkCommand {
    WorkCommand::Link { relation, target }
}

fn merge(target: LinkTarget) -> WorkCommand {
    WorkCommand::MergeInto {
        target,
        reason: reason(),
        farewell: farewell(),
    }
}

fn inactive() -> Assignee {
    Assignee {
        team_is_active: false,
        ..to(hotline())
    }
}

fn no_member() -> Assignee {
    Assignee {
        person_is_member: false,
        ..to_member(hotline(), "zhao.lei")
    }
}

fn itself() -> LinkTarget {
    LinkTarget {
        number: NUMBER.to_owned(),
        ..other()
    }
}

fn refuse_all(cases: Vec<Case>) {
    for Case {
        given,
        by,
        command,
        refusal,
    } in cases
    {
        when(given, by, command).then_expect_error(refusal);
    }
}

#[test]
fn the_practice_refuses_what_its_rules_forbid() {
    refuse_all(own::cases());
}

#[test]
fn nobody_does_what_is_not_theirs_or_before_its_time() {
    refuse_all(rights::cases());
}

#[test]
fn no_judgement_and_no_hand_over_breaks_a_rule() {
    refuse_all(assignment::cases());
}

#[test]
fn no_connection_and_no_record_breaks_a_rule() {
    refuse_all(records::cases());
}

#[test]
fn no_rule_is_without_a_case_that_breaks_it() {
    let cases = [
        own::cases(),
        rights::cases(),
        assignment::cases(),
        records::cases(),
    ];
    let tried: BTreeSet<String> = cases.iter().flatten().map(|c| c.refusal.code()).collect();
    let rules = Error::VARIANTS.iter().chain(WorkRefusal::VARIANTS);
    // The last one needs the times of the steps: the requirements on their
    // order try it.
    let elsewhere = ["INCIDENT_WORK", "WORK_ITEM_EFFECTIVE_BEFORE_STEP"];
    let untried: Vec<_> = rules
        .filter(|rule| !elsewhere.contains(rule) && !tried.contains(**rule))
        .collect();
    assert!(untried.is_empty(), "no case breaks {untried:?}");
}

#[test]
fn every_refusal_says_something_to_the_one_who_gave_the_command() {
    let cases = own::cases().into_iter().chain(rights::cases());
    let cases = cases.chain(assignment::cases()).chain(records::cases());
    for case in cases {
        let words = case.refusal.to_string();
        let first = words.chars().next().unwrap();
        assert!(!first.is_uppercase() && !words.ends_with('.'), "{words}");
        assert!(!words.contains("::") && !words.contains('{'), "{words}");
    }
}

#[test]
fn a_machine_needs_no_requester_but_a_person_does() {
    let alert = Intake {
        requester: None,
        contact_channel: ContactChannel::Monitoring,
        ..intake()
    };
    assert!(
        when(vec![], agent(), register(alert))
            .inspect_result()
            .is_ok()
    );
}
