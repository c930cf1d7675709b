//! The whole table: what each step makes of an incident in each status.

use std::collections::{BTreeMap, BTreeSet};

use strum::IntoEnumIterator;

use super::after;
use super::transitions::{cancel, merge, resolve};
use crate::Decider;
use crate::fixtures::{
    and, assigned, cancelled, category, ci, closed, confirm_by, coordinator, file, hotline, hours,
    in_progress, intake, item, line, major, merged, network, on_hold, other, person, reference,
    register, registered, resolved, returned, review_required, take_in, text, to, told, vendor,
};
use crate::incident::{Command, Event, HoldReason, ReviewCause, Status};
use crate::priority::{Impact, Priority, Urgency};
use crate::work_item::{
    ContactChannel, DetailField, ForwardTo, Relation, Visibility, WorkCommand, WorkEvent,
};

/// An incident in each status.
pub(super) fn one_of_each() -> Vec<(Status, Vec<Event>)> {
    vec![
        (Status::New, registered()),
        (Status::Assigned, assigned()),
        (Status::Returned, returned()),
        (Status::InProgress, in_progress()),
        (Status::OnHold, on_hold(HoldReason::Requester)),
        (Status::Resolved, resolved()),
        (Status::Closed, closed()),
        (Status::Cancelled, cancelled()),
        (Status::Merged, merged()),
    ]
}

/// One command of each kind, such that nothing but the status speaks against
/// it when a coordinator gives it.
#[expect(clippy::too_many_lines, reason = "one entry a kind of command")]
fn every_command() -> Vec<Command> {
    let reason = || text("Because");
    let kernel = [
        WorkCommand::Classify {
            category: category("network-lan"),
        },
        WorkCommand::Prioritise {
            impact: Impact::Low,
            urgency: Urgency::Low,
        },
        WorkCommand::OverridePriority {
            priority: Priority::P2,
            reason: reason(),
        },
        WorkCommand::Assign { to: to(network()) },
        WorkCommand::Accept,
        WorkCommand::Return { reason: reason() },
        WorkCommand::Forward {
            to: ForwardTo::Team(to(hotline())),
            reason: None,
        },
        WorkCommand::Forward {
            to: ForwardTo::Platform {
                platform: line("vendor-desk"),
                reference: line("CASE-77"),
            },
            reason: None,
        },
        WorkCommand::EscalateFunctionally {
            to: to(vendor()),
            reason: reason(),
        },
        WorkCommand::EscalateHierarchically {
            level: 1,
            person: None,
            reason: reason(),
        },
        WorkCommand::AddWatcher {
            person: person("director"),
        },
        WorkCommand::RemoveWatcher {
            person: person("watcher"),
        },
        WorkCommand::Comment {
            visibility: Visibility::Public,
            text: text("Hello"),
        },
        WorkCommand::Comment {
            visibility: Visibility::Internal,
            text: text("Hm"),
        },
        WorkCommand::NotifyStage {
            recipients: vec![person("director")],
            text: text("Half way"),
        },
        WorkCommand::RecordContact {
            contact_channel: ContactChannel::Phone,
            text: text("Called"),
        },
        WorkCommand::Urge {
            text: None,
            lead: None,
        },
        WorkCommand::LinkCi {
            ci: ci("vpn-gateway-2"),
        },
        WorkCommand::UnlinkCi {
            ci: ci("vpn-gateway-1"),
        },
        WorkCommand::Link {
            relation: Relation::RelatesTo,
            target: other(),
        },
        WorkCommand::Unlink {
            relation: Relation::RelatesTo,
            target: item(3),
        },
        WorkCommand::Attach { attachment: file() },
        WorkCommand::LogEffort {
            minutes: 15,
            text: None,
        },
        WorkCommand::AddExternalReference {
            external: reference(),
        },
        WorkCommand::ApplyKnowledge {
            article: crate::ids::ArticleId::new("KB-9").unwrap(),
        },
        WorkCommand::SetCustomField {
            name: line("floor"),
            value: Some(text("12")),
        },
        WorkCommand::CorrectDetails {
            field: DetailField::Summary,
            to: Some(text("VPN drops")),
            reason: reason(),
        },
        merge(),
        take_in(),
        WorkCommand::Archive,
    ];
    let own = [
        register(intake()),
        Command::StartDiagnosis { hypothesis: None },
        Command::RecordFinding { text: reason() },
        Command::GiveInitialSupport {
            answer: Some(reason()),
            article: None,
            workaround: None,
        },
        Command::SetExpectedResolution {
            at: confirm_by() + hours(1),
            reason: reason(),
        },
        Command::PutOnHold {
            reason: HoldReason::Approval,
            text: None,
            until: None,
        },
        Command::Resume,
        Command::EndHold,
        Command::ApplyWorkaround { text: reason() },
        Command::RestoreService,
        resolve(),
        Command::ResolveAtContact {
            code: line("Advice"),
            solution: text("Switched it on"),
            knowledge: None,
        },
        Command::ConfirmResolution,
        Command::RejectResolution { reason: reason() },
        Command::Close {
            no_feedback_reason: None,
        },
        Command::CloseUnanswered { reason: reason() },
        Command::Reopen { reason: reason() },
        cancel(),
        Command::DeclareMajor {
            reason: reason(),
            leader: None,
        },
        Command::StandDownMajor { reason: reason() },
        Command::RequireReview,
        Command::CompleteReview { text: reason() },
        Command::CorrectStatus {
            to: Status::New,
            reason: reason(),
        },
    ];
    kernel.map(Command::from).into_iter().chain(own).collect()
}

/// What each step makes of an incident in each status, a coordinator giving
/// the command. Steps that need something besides the status have been given
/// it: a watcher, links, feedback, the end of the time to confirm, a review.
fn outcome(given: &[Event], command: &Command) -> Option<Status> {
    let mut ready = vec![
        told(),
        Event::Work(WorkEvent::WatcherAdded {
            person: person("watcher"),
        }),
        Event::Work(WorkEvent::CiLinked {
            ci: ci("vpn-gateway-1"),
        }),
        Event::Work(WorkEvent::WorkLinked {
            relation: Relation::RelatesTo,
            target: item(3),
            target_number: "INC0000003".to_owned(),
        }),
    ];
    if let Command::StandDownMajor { .. } | Command::CompleteReview { .. } = command {
        ready.push(major());
        ready.push(review_required(ReviewCause::Major));
    }
    let given = and(given.to_vec(), ready);
    let context = coordinator().when(confirm_by());
    let events = after(given.clone()).decide(command, &context).ok()?;
    Some(after(and(given, events)).status())
}

fn name(command: &Command) -> String {
    match command {
        Command::Work(command) => match command.as_ref() {
            WorkCommand::Forward { to, .. } => match to {
                ForwardTo::Team(_) => "Forward to a team".to_owned(),
                ForwardTo::Platform { .. } => "Forward outside".to_owned(),
            },
            WorkCommand::Comment { visibility, .. } => format!("Comment {}", visibility.as_ref()),
            command => crate::work_item::WorkAction::from(command)
                .as_ref()
                .to_owned(),
        },
        command => crate::incident::IncidentAction::from(command)
            .as_ref()
            .to_owned(),
    }
}

#[test]
fn every_step_leads_where_the_table_says_and_nowhere_else() {
    let table: Vec<String> = every_command()
        .iter()
        .map(|command| {
            let cells = one_of_each().into_iter().map(|(_, given)| {
                let to = outcome(&given, command);
                format!("{:<11}", to.as_ref().map_or("-", |to| to.as_ref()))
            });
            let cells = cells.collect::<Vec<_>>().concat();
            format!("{:<24}{}", name(command), cells.trim_end())
        })
        .collect();
    let heads = Status::iter().map(|status| format!("{:<11}", status.as_ref()));
    let heads = heads.collect::<Vec<_>>().concat();
    let table = format!("{:<24}{}\n{}", "", heads.trim_end(), table.join("\n"));
    insta::assert_snapshot!("steps", table);
}

/// The column "next" of the table in the module's prose.
pub(super) fn written_down() -> BTreeMap<String, BTreeSet<String>> {
    let cell = |cell: &str| cell.trim().trim_matches('`').to_owned();
    include_str!("../mod.rs")
        .lines()
        .filter_map(|line| line.strip_prefix("//! |"))
        .filter(|line| !line.contains("---") && !line.contains("| next"))
        .map(|line| {
            let cells: Vec<&str> = line.split('|').collect();
            let next = cells[2].split(',').map(cell);
            (cell(cells[0]), next.filter(|next| next != "-").collect())
        })
        .collect()
}

#[test]
fn the_table_in_the_prose_is_the_table_in_the_code() {
    let found = one_of_each().into_iter().map(|(from, given)| {
        let steps = every_command().into_iter();
        let next: BTreeSet<String> = steps
            .filter_map(|step| outcome(&given, &step))
            .filter(|to| *to != from)
            .map(|to| to.as_ref().to_owned())
            .collect();
        (from.as_ref().to_owned(), next)
    });
    assert_eq!(written_down(), found.collect());
}
