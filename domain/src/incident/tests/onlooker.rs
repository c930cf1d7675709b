//! Somebody who reads the events of a run alone, knows the rules by heart and
//! objects when one is broken.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use super::steps::written_down;
use crate::Actor;
use crate::context::{Channel, Context, Role};
use crate::fixtures::at;
use crate::incident::{ClosedBy, Command, Event, Incident, Review, Status};
use crate::policies::{TimerChange, auto_close};
use crate::priority::{Impact, Priority, Urgency};
use crate::work_item::{Assignee, ForwardTo, Visibility, WorkCommand, WorkEvent};
use chrono::{DateTime, Utc};

static TABLE: LazyLock<BTreeMap<String, BTreeSet<String>>> = LazyLock::new(written_down);

/// What an onlooker who reads the events alone knows of the incident.
#[derive(Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "facts that are independent of each other"
)]
pub(super) struct Seen {
    status: Status,
    requester: Option<String>,
    affected: Option<String>,
    over: bool,
    feedback: bool,
    review_due: bool,
    priority: Option<Judged>,
    cycle: u32,
    archived: bool,
    pub(super) timer: Option<DateTime<Utc>>,
}

struct Judged {
    impact: Impact,
    urgency: Urgency,
    matrix_version: u32,
    overridden: Option<Priority>,
}

impl Seen {
    /// What no accepted command may do.
    pub(super) fn check(
        &self,
        command: &Command,
        events: &[Event],
        before: &Incident,
        by: &Context,
    ) {
        assert!(!self.archived, "an archived incident changed: {command:?}");
        assert!(
            !before.exists() || by.effective_at >= at(0),
            "{command:?} happened before the first contact"
        );
        assert!(
            !matches!(by.actor.role, Role::Auditor | Role::Administrator)
                || matches!(command, Command::CorrectStatus { .. }),
            "{:?} gave {command:?}",
            by.actor.role
        );
        if is_work(command) {
            self.check_worker(command, before, &by.actor);
        }
        if let Some(to) = assignee(command) {
            assert!(to.team_is_active);
            assert!(to.person.is_none() || to.person_is_member);
        }
        if matches!(
            self.status,
            Status::Closed | Status::Cancelled | Status::Merged
        ) {
            for event in events {
                assert_may_follow_the_end(self.status, event, by.channel);
            }
        }
        for event in events {
            self.check_event(event, by);
        }
    }

    fn check_worker(&self, command: &Command, before: &Incident, actor: &Actor) {
        let may = match &before.work.team {
            Some(team) => actor.works_for(team.id),
            None => actor.is_staff(),
        };
        let takes_it_back = matches!(command, Command::Cancel { .. })
            && self.status == Status::New
            && self.is_about(actor);
        assert!(may || takes_it_back, "{actor:?} gave {command:?}");
    }

    fn check_event(&self, event: &Event, by: &Context) {
        match event {
            Event::Closed {
                by: ended,
                no_feedback_reason,
                ..
            } => {
                assert!(!self.review_due, "closed without its review");
                let confirmed = *ended == ClosedBy::Requester && self.is_about(&by.actor);
                assert!(
                    self.feedback || no_feedback_reason.is_some() || confirmed,
                    "closed without feedback"
                );
                if *ended == ClosedBy::Timeout {
                    assert!(self.timer.is_some_and(|due_at| due_at <= by.effective_at));
                }
            }
            Event::Cancelled {
                told,
                no_feedback_reason,
                ..
            }
            | Event::Work(WorkEvent::MergedInto {
                told,
                no_feedback_reason,
                ..
            }) => assert!(
                no_feedback_reason.is_some()
                    || self.requester.is_none() && self.affected.is_none() && !told.is_empty()
                    || told.iter().any(|person| {
                        let person = Some(person.to_string());
                        person == self.requester || person == self.affected
                    }),
                "ended and nobody was told"
            ),
            Event::Reopened { reason, cycle } => {
                assert_eq!(*cycle, self.cycle + 1);
                assert!(!reason.as_str().is_empty());
            }
            Event::StatusCorrected { from, to, .. } => {
                assert_eq!(*from, self.status);
                assert_ne!(from, to);
                assert_eq!(by.channel, Channel::Import);
            }
            Event::Work(
                WorkEvent::Returned { reason, .. } | WorkEvent::PriorityOverridden { reason, .. },
            ) => assert!(!reason.as_str().is_empty()),
            _ => {}
        }
    }

    pub(super) fn check_after(&self, incident: &Incident, by: &Context) {
        assert_eq!(incident.status(), self.status, "the events say otherwise");
        assert_eq!(incident.cycle, self.cycle);
        assert_eq!(incident.review == Review::Due, self.review_due);
        assert_eq!(incident.confirm_by(), self.timer);
        assert_eq!(incident.work.feedback_given, self.feedback);
        assert!(incident.held_for().is_none() || self.status == Status::OnHold);
        let judged = self.priority.as_ref().unwrap();
        let matrix = by.matrices.numbered(judged.matrix_version).unwrap();
        let expected = matrix.content.priority(judged.impact, judged.urgency);
        let priority = incident.work.priority.unwrap();
        assert_eq!(priority.priority, judged.overridden.unwrap_or(expected));
        assert_eq!(priority.matrix_version, judged.matrix_version);
    }

    fn is_about(&self, actor: &Actor) -> bool {
        let actor = Some(actor.id.to_string());
        actor == self.requester || actor == self.affected
    }

    /// What the event says happened, and whether the step may lead there.
    pub(super) fn see(&mut self, event: &Event) {
        let from = self.status;
        self.see_status(event);
        let corrected = matches!(event, Event::StatusCorrected { .. });
        let table = LazyLock::force(&TABLE);
        assert!(
            from == self.status || corrected || table[from.as_ref()].contains(self.status.as_ref()),
            "{from:?} became {:?} by {event:?}",
            self.status
        );
        match auto_close::on_event(event) {
            Some(TimerChange::Start { due_at }) => self.timer = Some(due_at),
            Some(TimerChange::Stop) => self.timer = None,
            Some(TimerChange::TryAgain) | None => {}
        }
        let over = matches!(
            self.status,
            Status::Resolved | Status::Closed | Status::Cancelled | Status::Merged
        );
        if over != self.over {
            self.over = over;
            self.feedback = false;
        }
        match event {
            Event::Cancelled { told, .. } => self.feedback = !told.is_empty(),
            Event::Reopened { cycle, .. } => self.cycle = *cycle,
            Event::ReviewRequired { .. } => self.review_due = true,
            Event::ReviewCompleted { .. } => self.review_due = false,
            Event::Work(event) => self.see_work(event),
            _ => {}
        }
    }

    fn see_status(&mut self, event: &Event) {
        self.status = match event {
            Event::PutOnHold { .. } => Status::OnHold,
            Event::Resumed { .. } | Event::ResolutionRejected { .. } | Event::Reopened { .. } => {
                Status::InProgress
            }
            Event::Resolved { .. } => Status::Resolved,
            Event::Closed { .. } => Status::Closed,
            Event::Cancelled { .. } => Status::Cancelled,
            Event::StatusCorrected { to, .. } => *to,
            Event::Work(WorkEvent::Assigned { .. } | WorkEvent::Forwarded { .. }) => {
                Status::Assigned
            }
            Event::Work(WorkEvent::AssignmentAccepted { .. }) => Status::InProgress,
            Event::Work(WorkEvent::Returned { .. }) => Status::Returned,
            Event::Work(WorkEvent::MergedInto { .. }) => Status::Merged,
            _ => self.status,
        };
    }

    fn see_work(&mut self, event: &WorkEvent) {
        use crate::work_item::DetailField::{AffectedPerson, Requester};
        match event {
            WorkEvent::Registered {
                requester,
                affected_person,
                ..
            } => {
                self.requester = requester.as_ref().map(ToString::to_string);
                self.affected = affected_person.as_ref().map(ToString::to_string);
                self.cycle = 1;
            }
            WorkEvent::DetailsCorrected {
                field: Requester,
                to,
                ..
            } => {
                self.requester.clone_from(to);
            }
            WorkEvent::DetailsCorrected {
                field: AffectedPerson,
                to,
                ..
            } => {
                self.affected.clone_from(to);
            }
            WorkEvent::PrioritySet {
                impact,
                urgency,
                matrix_version,
                ..
            } => {
                self.priority = Some(Judged {
                    impact: *impact,
                    urgency: *urgency,
                    matrix_version: *matrix_version,
                    overridden: None,
                });
            }
            WorkEvent::PriorityOverridden { to, .. } => {
                self.priority.as_mut().unwrap().overridden = Some(*to);
            }
            WorkEvent::CommentAdded {
                visibility: Visibility::Public,
                from_requester: false,
                ..
            }
            | WorkEvent::RequesterContacted { .. } => self.feedback |= self.over,
            WorkEvent::StageResultNotified { recipients, .. } => {
                let mut told = recipients.iter().map(|person| Some(person.to_string()));
                let has_heard =
                    told.any(|person| person == self.requester || person == self.affected);
                self.feedback |= self.over && has_heard;
            }
            WorkEvent::MergedInto { told, .. } => self.feedback = !told.is_empty(),
            WorkEvent::Archived {} => self.archived = true,
            _ => {}
        }
    }
}

/// Steps of the team that has the incident, or of a coordinator.
fn is_work(command: &Command) -> bool {
    match command {
        Command::Work(command) => matches!(
            command.as_ref(),
            WorkCommand::Classify { .. }
                | WorkCommand::Prioritise { .. }
                | WorkCommand::OverridePriority { .. }
                | WorkCommand::Assign { .. }
                | WorkCommand::Accept
                | WorkCommand::Return { .. }
                | WorkCommand::Forward { .. }
                | WorkCommand::EscalateFunctionally { .. }
                | WorkCommand::MergeInto { .. }
        ),
        command => matches!(
            command,
            Command::StartDiagnosis { .. }
                | Command::RecordFinding { .. }
                | Command::ComputeExpectedResolution { .. }
                | Command::SetExpectedResolution { .. }
                | Command::PutOnHold { .. }
                | Command::Resume
                | Command::EndHold
                | Command::ApplyWorkaround { .. }
                | Command::RestoreService
                | Command::Resolve { .. }
                | Command::GiveInitialSupport { .. }
                | Command::ResolveAtContact { .. }
                | Command::Cancel { .. }
        ),
    }
}

fn assignee(command: &Command) -> Option<&Assignee> {
    let Command::Work(command) = command else {
        return None;
    };
    match command.as_ref() {
        WorkCommand::Assign { to }
        | WorkCommand::EscalateFunctionally { to, .. }
        | WorkCommand::Forward {
            to: ForwardTo::Team(to),
            ..
        } => Some(to),
        _ => None,
    }
}

fn assert_may_follow_the_end(status: Status, event: &Event, channel: Channel) {
    let may = match event {
        Event::Work(WorkEvent::CommentAdded { visibility, .. }) => {
            *visibility == Visibility::Internal
        }
        // What an item has to do with others is often found out later, and the
        // requester may hear of its end after it.
        Event::Work(
            WorkEvent::Archived {}
            | WorkEvent::WorkLinked { .. }
            | WorkEvent::WorkUnlinked { .. }
            | WorkEvent::StageResultNotified { .. }
            | WorkEvent::RequesterContacted { .. }
            | WorkEvent::MergedFrom { .. },
        ) => true,
        Event::Reopened { .. } => status == Status::Closed,
        Event::ReviewCompleted { .. } => matches!(status, Status::Cancelled | Status::Merged),
        // What another desk wrote down about an item that had ended there.
        Event::StatusCorrected { .. }
        | Event::Work(
            WorkEvent::Classified { .. }
            | WorkEvent::PrioritySet { .. }
            | WorkEvent::PriorityOverridden { .. }
            | WorkEvent::CiLinked { .. }
            | WorkEvent::CiUnlinked { .. }
            | WorkEvent::ExternalReferenceAdded { .. }
            | WorkEvent::CustomFieldSet { .. }
            | WorkEvent::DetailsCorrected { .. },
        ) => channel == Channel::Import,
        _ => false,
    };
    assert!(may, "{status:?} and then {event:?}");
}
