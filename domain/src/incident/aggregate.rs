//! The incident's state machine: one `match` of status and command, every arm
//! a step of the process, the last one refuses.

use chrono::{DateTime, Duration, Utc};
use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use serde::{Deserialize, Serialize};

use super::{ClosedBy, Command, Error, Event, ExpectationBasis, ReviewCause, Status};
use crate::configuration::Level;
use crate::context::{Channel, Role};
use crate::text::{Line, Text};
use crate::work_item::{Stage, SupportLine, WorkEvent, WorkItem};
use crate::{Context, Decider};

type Decision = Result<Vec<Event>, Error>;

/// What an incident's decisions read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incident {
    pub(super) exists: bool,
    pub(super) status: Status,
    pub(super) work: WorkItem,
    pub(super) diagnosing: bool,
    pub(super) waits_for_requester: bool,
    pub(super) restored: bool,
    pub(super) expected_at: Option<DateTime<Utc>>,
    pub(super) confirm_by: Option<DateTime<Utc>>,
    pub(super) reopen_until: Option<DateTime<Utc>>,
    pub(super) cycle: u32,
    pub(super) major: bool,
    pub(super) review: Review,
}

/// Whether a post-incident review is due.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Review {
    /// Nobody has asked for one.
    #[default]
    None,
    /// It must be completed before the closing.
    Due,
    /// It is completed.
    Completed,
}

impl Incident {
    /// Whether the stream has an incident.
    pub fn exists(&self) -> bool {
        self.exists
    }

    /// Where it stands.
    pub fn status(&self) -> Status {
        self.status
    }

    /// The kernel's part.
    pub fn work(&self) -> &WorkItem {
        &self.work
    }

    /// Whether it still accepts work.
    pub fn is_open(&self) -> bool {
        matches!(
            self.stage(),
            Stage::Open | Stage::Suspended | Stage::Resolved
        )
    }

    /// Until when the requester may answer, while the incident is resolved.
    pub fn confirm_by(&self) -> Option<DateTime<Utc>> {
        self.confirm_by
    }

    fn stage(&self) -> Stage {
        match self.status {
            Status::New | Status::Assigned | Status::Returned | Status::InProgress => Stage::Open,
            Status::OnHold => Stage::Suspended,
            Status::Resolved => Stage::Resolved,
            Status::Closed => Stage::Closed,
            Status::Cancelled | Status::Merged => Stage::Ended,
        }
    }

    fn step(&self, command: &Command, context: &Context) -> Decision {
        use Status::{Assigned, Closed, InProgress, New, OnHold, Resolved, Returned};
        match (self.status, command) {
            (_, Command::Register(_)) => Err(Error::AlreadyRegistered),
            (_, Command::Work(command)) => self.kernel_step(command, context),
            (InProgress, Command::StartDiagnosis { hypothesis }) if !self.diagnosing => {
                self.work.working(context)?;
                Ok(vec![Event::DiagnosisStarted {
                    hypothesis: hypothesis.clone(),
                }])
            }
            (InProgress | OnHold, Command::RecordFinding { text }) => {
                self.work.working(context)?;
                Ok(vec![Event::FindingRecorded { text: text.clone() }])
            }
            (
                New | Assigned | Returned | InProgress | OnHold,
                Command::SetExpectedResolution { at, basis, reason },
            ) => self.expect(*at, *basis, reason.as_ref(), context),
            (
                InProgress,
                Command::PutOnHold {
                    reason,
                    text,
                    until,
                },
            ) => {
                self.work.working(context)?;
                if until.is_some_and(|until| until <= context.effective_at) {
                    return Err(Error::HoldEndsBeforeItBegins);
                }
                Ok(vec![Event::PutOnHold {
                    reason: *reason,
                    text: text.clone(),
                    until: *until,
                }])
            }
            (OnHold, Command::Resume) => {
                self.work.working(context)?;
                Ok(vec![Event::Resumed {
                    requester_replied: false,
                }])
            }
            (InProgress | OnHold, Command::ApplyWorkaround { text }) => {
                self.work.working(context)?;
                Ok(vec![Event::WorkaroundApplied { text: text.clone() }])
            }
            (InProgress | OnHold | Resolved, Command::RestoreService) => {
                self.work.working(context)?;
                if self.restored {
                    return Err(Error::AlreadyRestored);
                }
                Ok(vec![Event::ServiceRestored {}])
            }
            (
                InProgress | OnHold,
                Command::Resolve {
                    code,
                    cause,
                    solution,
                    knowledge,
                },
            ) => {
                self.work.working(context)?;
                let event = self.resolved(
                    code,
                    cause.as_ref(),
                    solution,
                    knowledge.as_ref(),
                    false,
                    context,
                );
                Ok(self.with_review(event, context))
            }
            (
                New | Assigned,
                Command::ResolveAtContact {
                    code,
                    solution,
                    knowledge,
                },
            ) => {
                self.check_first_line(context)?;
                let event = self.resolved(code, None, solution, knowledge.as_ref(), true, context);
                Ok(self.with_review(event, context))
            }
            (Resolved, Command::ConfirmResolution) => {
                self.work.concerned(context)?;
                self.check_reviewed()?;
                let closed = self.closed(ClosedBy::Requester, None, context);
                Ok(vec![Event::ResolutionConfirmed {}, closed])
            }
            (Resolved, Command::RejectResolution { reason }) => {
                self.work.concerned(context)?;
                Ok(vec![Event::ResolutionRejected {
                    reason: reason.clone(),
                }])
            }
            (Resolved, Command::Close { no_feedback_reason }) => {
                self.check_staff(context)?;
                self.check_reviewed()?;
                if !self.work.feedback_given && no_feedback_reason.is_none() {
                    return Err(Error::FeedbackMissing);
                }
                Ok(vec![self.closed(
                    ClosedBy::Desk,
                    no_feedback_reason.clone(),
                    context,
                )])
            }
            (Resolved, Command::CloseUnanswered { reason }) => {
                self.check_staff(context)?;
                self.check_reviewed()?;
                match self.confirm_by {
                    Some(confirm_by) if context.effective_at < confirm_by => {
                        Err(Error::StillAwaitingAnswer { confirm_by })
                    }
                    _ => Ok(vec![self.closed(
                        ClosedBy::Timeout,
                        Some(reason.clone()),
                        context,
                    )]),
                }
            }
            (Closed, Command::Reopen { reason }) => {
                self.work.concerned(context)?;
                match self.reopen_until {
                    Some(until) if context.effective_at > until => {
                        Err(Error::ReopenWindowPassed { until })
                    }
                    _ => Ok(vec![Event::Reopened {
                        reason: reason.clone(),
                        cycle: self.cycle + 1,
                    }]),
                }
            }
            (New | Assigned | Returned | InProgress | OnHold, Command::Cancel { reason }) => {
                self.check_may_cancel(context)?;
                Ok(vec![Event::Cancelled {
                    reason: reason.clone(),
                }])
            }
            (New | Assigned | Returned | InProgress | OnHold | Resolved, command) => {
                self.major_step(command, context)
            }
            (_, command) => self.late_step(command, context),
        }
    }

    /// Steps of a major incident and of its review, possible until the closing.
    fn major_step(&self, command: &Command, context: &Context) -> Decision {
        match command {
            Command::DeclareMajor { reason, leader } => {
                check_coordinator(context)?;
                if self.major {
                    return Err(Error::AlreadyMajor);
                }
                let declared = Event::MajorDeclared {
                    reason: reason.clone(),
                    leader: leader.clone(),
                };
                let review = match self.review {
                    Review::Due => None,
                    Review::None | Review::Completed => Some(Event::ReviewRequired {
                        cause: ReviewCause::Major,
                    }),
                };
                Ok(std::iter::once(declared).chain(review).collect())
            }
            Command::StandDownMajor { reason } => {
                check_coordinator(context)?;
                if !self.major {
                    return Err(Error::NotMajor);
                }
                Ok(vec![Event::MajorStoodDown {
                    reason: reason.clone(),
                }])
            }
            command => self.late_step(command, context),
        }
    }

    /// Steps that are possible at any time.
    fn late_step(&self, command: &Command, context: &Context) -> Decision {
        match command {
            Command::RequireReview => {
                self.check_staff(context)?;
                match self.review {
                    Review::Due => Err(Error::ReviewAlreadyDue),
                    Review::None | Review::Completed if self.is_open() => {
                        Ok(vec![Event::ReviewRequired {
                            cause: ReviewCause::Request,
                        }])
                    }
                    Review::None | Review::Completed => Err(self.refuse(command)),
                }
            }
            Command::CompleteReview { text } => {
                self.check_staff(context)?;
                match self.review {
                    Review::Due if self.is_open() => {
                        Ok(vec![Event::ReviewCompleted { text: text.clone() }])
                    }
                    _ => Err(Error::NoReviewDue),
                }
            }
            Command::CorrectStatus { to, reason } => {
                if context.channel != Channel::Import {
                    return Err(Error::NotAnImport);
                }
                if *to == self.status {
                    return Err(Error::StatusUnchanged);
                }
                Ok(vec![Event::StatusCorrected {
                    from: self.status,
                    to: *to,
                    reason: reason.clone(),
                }])
            }
            command => Err(self.refuse(command)),
        }
    }

    fn kernel_step(&self, command: &crate::work_item::WorkCommand, context: &Context) -> Decision {
        let events = self.work.decide(self.stage(), command, context)?;
        let replied = self.waits_for_requester
            && events.iter().any(|e| {
                matches!(
                    e,
                    WorkEvent::CommentAdded {
                        from_requester: true,
                        ..
                    }
                )
            });
        let resumed = replied.then_some(Event::Resumed {
            requester_replied: true,
        });
        Ok(events.into_iter().map(Event::Work).chain(resumed).collect())
    }

    fn expect(
        &self,
        at: DateTime<Utc>,
        basis: ExpectationBasis,
        reason: Option<&Text>,
        context: &Context,
    ) -> Decision {
        self.work.working(context)?;
        if basis == ExpectationBasis::Adjusted && reason.is_none() {
            return Err(Error::ReasonMissing);
        }
        if at < context.effective_at {
            return Err(Error::ExpectationInThePast);
        }
        Ok(vec![Event::ExpectedResolutionSet {
            from: self.expected_at,
            to: at,
            basis,
            reason: reason.cloned(),
        }])
    }

    fn resolved(
        &self,
        code: &Line,
        cause: Option<&Text>,
        solution: &Text,
        knowledge: Option<&crate::ids::ArticleId>,
        at_first_contact: bool,
        context: &Context,
    ) -> Event {
        let confirm_by = match context.channel {
            // The requester of an incident of years ago is not asked.
            Channel::Import => None,
            _ => self.level(context).map(|level| {
                context.effective_at + Duration::hours(i64::from(level.confirm_within_hours))
            }),
        };
        Event::Resolved {
            code: code.clone(),
            cause: cause.cloned(),
            solution: solution.clone(),
            knowledge: knowledge.cloned(),
            at_first_contact,
            confirm_by,
        }
    }

    fn with_review(&self, event: Event, context: &Context) -> Vec<Event> {
        let by_priority = self.review == Review::None
            && context.channel != Channel::Import
            && self
                .level(context)
                .is_some_and(|level| level.review_required);
        let review = by_priority.then_some(Event::ReviewRequired {
            cause: ReviewCause::Priority,
        });
        std::iter::once(event).chain(review).collect()
    }

    fn closed(&self, by: ClosedBy, no_feedback_reason: Option<Text>, context: &Context) -> Event {
        Event::Closed {
            by,
            no_feedback_reason,
            reopen_until: self.level(context).map(|level| {
                context.effective_at + Duration::hours(i64::from(level.reopen_within_hours))
            }),
        }
    }

    /// What the incident's priority asks for, by the version of the matrix
    /// that it was judged by.
    fn level<'c>(&self, context: &'c Context) -> Option<&'c Level> {
        let prioritised = self.work.priority?;
        let matrix = context.matrices.numbered(prioritised.matrix_version)?;
        matrix.content.level(prioritised.priority)
    }

    fn check_first_line(&self, context: &Context) -> Result<(), Error> {
        self.work.working(context)?;
        match &self.work.team {
            Some(team) if team.line != SupportLine::First => Err(Error::NotFirstLine),
            _ => Ok(()),
        }
    }

    fn check_reviewed(&self) -> Result<(), Error> {
        if self.review == Review::Due {
            Err(Error::ReviewMissing)
        } else {
            Ok(())
        }
    }

    fn check_staff(&self, context: &Context) -> Result<(), Error> {
        if context.actor.is_staff() {
            Ok(())
        } else {
            Err(crate::work_item::WorkRefusal::NotStaff.into())
        }
    }

    /// The one who asked may take it back while nobody works on it.
    fn check_may_cancel(&self, context: &Context) -> Result<(), Error> {
        if context.actor.role == Role::Requester && self.status == Status::New {
            return Ok(self.work.concerned(context)?);
        }
        Ok(self.work.working(context)?)
    }

    fn refuse(&self, command: &Command) -> Error {
        Error::ActionNotPossible {
            status: self.status,
            action: command.into(),
        }
    }
}

fn check_coordinator(context: &Context) -> Result<(), Error> {
    if context.actor.role == Role::Coordinator {
        Ok(())
    } else {
        Err(Error::NotCoordinator)
    }
}

impl Decider for Incident {
    fn decide(&self, command: &Command, context: &Context) -> Decision {
        match (self.exists, command) {
            (false, Command::Register(intake)) => Ok(WorkItem::register(intake, context)?
                .into_iter()
                .map(Event::Work)
                .collect()),
            (false, _) => Err(Error::NotFound),
            (true, command) => {
                self.work.check_alive(context)?;
                self.step(command, context)
            }
        }
    }
}

impl Aggregate for Incident {
    const TYPE: &'static str = "incident";
    type Command = Command;
    type Event = Event;
    type Error = Error;
    type Services = Context;

    async fn handle(
        &mut self,
        command: Command,
        context: &Context,
        sink: &EventSink<Self>,
    ) -> Result<(), Error> {
        for event in self.decide(&command, context)? {
            sink.write(event, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: Event) {
        match event {
            Event::Work(event) => self.apply_work(&event),
            Event::DiagnosisStarted { .. } => self.diagnosing = true,
            Event::ExpectedResolutionSet { to, .. } => self.expected_at = Some(to),
            Event::PutOnHold { reason, .. } => {
                self.status = Status::OnHold;
                self.waits_for_requester = reason == super::HoldReason::Requester;
            }
            Event::Resumed { .. } | Event::ResolutionRejected { .. } => self.go_on(),
            Event::ServiceRestored {} => self.restored = true,
            Event::Resolved { confirm_by, .. } => {
                self.status = Status::Resolved;
                self.waits_for_requester = false;
                self.confirm_by = confirm_by;
            }
            Event::Closed { reopen_until, .. } => {
                self.status = Status::Closed;
                self.confirm_by = None;
                self.reopen_until = reopen_until;
            }
            Event::Reopened { cycle, .. } => {
                self.go_on();
                self.cycle = cycle;
                self.restored = false;
            }
            Event::Cancelled { .. } => self.status = Status::Cancelled,
            Event::MajorDeclared { .. } => self.major = true,
            Event::MajorStoodDown { .. } => self.major = false,
            Event::ReviewRequired { .. } => self.review = Review::Due,
            Event::ReviewCompleted { .. } => self.review = Review::Completed,
            Event::StatusCorrected { to, .. } => {
                self.go_on();
                self.status = to;
            }
            Event::FindingRecorded { .. }
            | Event::WorkaroundApplied { .. }
            | Event::ResolutionConfirmed {} => {}
        }
    }
}

impl Incident {
    fn apply_work(&mut self, event: &WorkEvent) {
        self.work.apply(event);
        match event {
            WorkEvent::Registered { .. } => {
                self.exists = true;
                self.cycle = 1;
            }
            WorkEvent::Assigned { .. } | WorkEvent::Forwarded { .. } => {
                self.status = Status::Assigned
            }
            WorkEvent::AssignmentAccepted { .. } => self.status = Status::InProgress,
            WorkEvent::Returned { .. } => self.status = Status::Returned,
            WorkEvent::MergedInto { .. } => self.status = Status::Merged,
            _ => {}
        }
    }

    /// Work goes on with whoever has the incident.
    fn go_on(&mut self) {
        self.status = Status::InProgress;
        self.diagnosing = false;
        self.waits_for_requester = false;
        self.confirm_by = None;
    }
}
