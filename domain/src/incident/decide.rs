//! The incident's state machine: one `match` of status and command, every arm
//! a step of the process, the last one refuses. The steps that end an incident
//! stand in `closing`, those of a major one and its review in `major`.

use chrono::{DateTime, Utc};
use cqrs_es::Aggregate;

use super::{Command, Error, Event, HoldReason, Incident, Status};
use crate::context::{Channel, Role};
use crate::text::Text;
use crate::work_item::{Visibility, WorkCommand, WorkEvent, WorkItem, WorkRefusal};
use crate::{Actor, Context, Decider};

pub(super) type Decision = Result<Vec<Event>, Error>;

impl Decider for Incident {
    fn decide(&self, command: &Command, context: &Context) -> Decision {
        match (self.exists(), command) {
            (false, Command::Register(intake)) => Ok(WorkItem::register(intake, context)?
                .into_iter()
                .map(Event::Work)
                .collect()),
            (false, _) => Err(Error::NotFound),
            (true, command) => {
                self.work.check_alive(context)?;
                let events = self.step(command, context)?;
                self.check_order(&events, context)?;
                Ok(events)
            }
        }
    }

    /// A requester knows of what concerns them, and of nothing else.
    fn admits(&self, actor: &Actor) -> Result<(), Error> {
        if actor.role == Role::Requester && self.exists() && !self.work.may_follow(&actor.id) {
            return Err(Error::NotFound);
        }
        Ok(())
    }

    fn apply_at(&mut self, event: Event, effective_at: DateTime<Utc>) {
        self.steps.take(&event, effective_at);
        self.apply(event);
    }

    fn last_step_at(&self) -> Option<DateTime<Utc>> {
        self.exists().then(|| {
            self.steps
                .last()
                .unwrap_or_default()
                .max(self.work.opened_at)
        })
    }
}

impl Incident {
    #[expect(clippy::too_many_lines, reason = "one arm a step of the process")]
    fn step(&self, command: &Command, context: &Context) -> Decision {
        use Command as C;
        use Status::{
            Assigned, Cancelled, Closed, InProgress, Merged, New, OnHold, Resolved, Returned,
        };
        match (self.status, command) {
            (_, C::Register(_)) => Err(Error::AlreadyRegistered),
            (_, C::Work(command)) => self.kernel_step(command, context),

            (InProgress, C::StartDiagnosis { hypothesis }) if !self.diagnosing => {
                self.work.working(context)?;
                Ok(vec![Event::DiagnosisStarted {
                    hypothesis: hypothesis.clone(),
                }])
            }
            (InProgress | OnHold, C::RecordFinding { text }) => {
                self.work.working(context)?;
                Ok(vec![Event::FindingRecorded { text: text.clone() }])
            }
            (
                New | Assigned | Returned | InProgress | OnHold,
                C::ComputeExpectedResolution { estimate },
            ) => self.compute_expected(estimate.as_ref(), context),
            (
                New | Assigned | Returned | InProgress | OnHold,
                C::SetExpectedResolution { at, reason },
            ) => self.adjust_expected(*at, reason, context),
            (
                InProgress,
                C::PutOnHold {
                    reason,
                    text,
                    until,
                },
            ) => self.put_on_hold(*reason, text.as_ref(), *until, context),
            (OnHold, C::Resume) => {
                self.work.working(context)?;
                Ok(vec![Event::Resumed {
                    requester_replied: false,
                }])
            }
            (OnHold, C::EndHold) if self.held_until.is_some() => self.end_of_hold(context),
            (InProgress | OnHold, C::ApplyWorkaround { text }) => {
                self.work.working(context)?;
                Ok(vec![Event::WorkaroundApplied { text: text.clone() }])
            }
            (InProgress | OnHold | Resolved, C::RestoreService) => self.restore(context),

            (
                InProgress | OnHold,
                C::Resolve {
                    code,
                    cause,
                    solution,
                    knowledge,
                },
            ) => self.resolve(code, cause.as_ref(), solution, knowledge.as_ref(), context),
            (
                New | Assigned,
                C::GiveInitialSupport {
                    answer,
                    article,
                    workaround,
                },
            ) => self.give_initial_support(
                answer.as_ref(),
                article.as_ref(),
                workaround.as_ref(),
                context,
            ),
            (
                New | Assigned,
                C::ResolveAtContact {
                    code,
                    solution,
                    knowledge,
                },
            ) => self.resolve_at_contact(code, solution, knowledge.as_ref(), context),
            (Resolved, C::ConfirmResolution) => self.confirm(context),
            (Resolved, C::RejectResolution { reason }) => self.reject(reason, context),
            (Resolved, C::Close { no_feedback_reason }) => {
                self.close(no_feedback_reason.as_ref(), context)
            }
            (Resolved, C::CloseUnanswered { .. }) if self.answered => Err(Error::RequesterAnswered),
            (Resolved, C::CloseUnanswered { reason }) if self.confirm_by.is_some() => {
                self.close_unanswered(reason, context)
            }
            (Closed, C::Reopen { reason }) => self.reopen(reason, context),
            (New | Assigned | Returned | InProgress | OnHold, C::Cancel { reason, farewell }) => {
                self.cancel(reason, farewell, context)
            }

            (
                New | Assigned | Returned | InProgress | OnHold | Resolved,
                C::DeclareMajor { reason, leader },
            ) => self.declare_major(reason, leader.as_ref(), context),
            (
                New | Assigned | Returned | InProgress | OnHold | Resolved,
                C::StandDownMajor { reason },
            ) => self.stand_down_major(reason, context),
            (New | Assigned | Returned | InProgress | OnHold | Resolved, C::RequireReview) => {
                self.require_review(context)
            }
            // It looks back on how the incident ended, by whichever end.
            (Resolved | Cancelled | Merged, C::CompleteReview { text }) => {
                self.complete_review(text, context)
            }

            (_, C::CorrectStatus { to, reason }) => self.correct_status(*to, reason, context),
            (Merged, _) => Err(self.work.not_possible(self.stage()).into()),
            (status, command) => Err(Error::ActionNotPossible {
                status,
                action: command.into(),
            }),
        }
    }

    fn kernel_step(&self, command: &WorkCommand, context: &Context) -> Decision {
        if matches!(command, WorkCommand::Archive) {
            self.check_reviewed()?;
        }
        let events = self.work.decide(self.stage(), command, context)?;
        let follows = self.follows(&events, context)?;
        let is_merged = matches!(command, WorkCommand::MergeInto { .. });
        let review = if is_merged {
            self.review_asked_by_the_end(context)?
        } else {
            None
        };
        let events = events.into_iter().map(Event::Work);
        Ok(events.chain(follows).chain(review).collect())
    }

    /// What it means for the incident that somebody said something: the
    /// requester's answer is what a hold waited for, or what the desk has to
    /// answer before a resolved incident is closed. What was said before the
    /// incident stood so is no answer to it.
    fn follows(&self, events: &[WorkEvent], context: &Context) -> Result<Option<Event>, Error> {
        if !self.stood_at(context.effective_at) {
            return Ok(None);
        }
        let says = |what: fn(&WorkEvent) -> bool| events.iter().any(what);
        let requester_wrote = says(|event| {
            matches!(
                event,
                WorkEvent::CommentAdded {
                    from_requester: true,
                    ..
                }
            )
        }) || says(|event| {
            matches!(event, WorkEvent::AttachmentAdded { .. })
        }) && self.work.may_follow(&context.actor.id);
        match self.status {
            Status::OnHold if self.held_for == Some(HoldReason::Requester) => Ok(requester_wrote
                .then_some(Event::Resumed {
                    requester_replied: true,
                })),
            Status::Resolved if !self.answered => {
                let was_heard = says(|event| {
                    matches!(
                        event,
                        WorkEvent::RequesterContacted { .. } | WorkEvent::Urged { .. }
                    )
                });
                Ok((requester_wrote || was_heard).then_some(Event::ResolutionAnswered {}))
            }
            Status::Resolved if events.iter().any(|event| self.tells_requester(event)) => {
                Ok(Some(self.awaits_again(context)?))
            }
            _ => Ok(None),
        }
    }

    /// Whether an event is a word of the desk's to the requester.
    fn tells_requester(&self, event: &WorkEvent) -> bool {
        match event {
            WorkEvent::CommentAdded {
                visibility,
                from_requester,
                ..
            } => *visibility == Visibility::Public && !from_requester,
            WorkEvent::StageResultNotified { recipients, .. } => recipients
                .iter()
                .any(|person| Some(person) == self.work.requester.as_ref()),
            _ => false,
        }
    }

    /// The time is over for which the work was to wait.
    fn end_of_hold(&self, context: &Context) -> Decision {
        self.work.working(context)?;
        match self.held_until {
            Some(until) if context.effective_at < until => Err(Error::HoldLasts { until }),
            _ => Ok(vec![Event::Resumed {
                requester_replied: false,
            }]),
        }
    }

    fn put_on_hold(
        &self,
        reason: HoldReason,
        text: Option<&Text>,
        until: Option<DateTime<Utc>>,
        context: &Context,
    ) -> Decision {
        self.work.working(context)?;
        if until.is_some_and(|until| until <= context.effective_at) {
            return Err(Error::HoldEndsBeforeItBegins);
        }
        Ok(vec![Event::PutOnHold {
            reason,
            text: text.cloned(),
            until,
        }])
    }

    fn restore(&self, context: &Context) -> Decision {
        self.work.working(context)?;
        if self.restored {
            return Err(Error::AlreadyRestored);
        }
        Ok(vec![Event::ServiceRestored {}])
    }

    /// What another desk's history says and no step of the process explains.
    fn correct_status(&self, to: Status, reason: &Text, context: &Context) -> Decision {
        if context.channel != Channel::Import {
            return Err(Error::NotAnImport);
        }
        if to == self.status {
            return Err(Error::StatusUnchanged);
        }
        Ok(vec![Event::StatusCorrected {
            from: self.status,
            to,
            reason: reason.clone(),
        }])
    }

    pub(super) fn check_staff(context: &Context) -> Result<(), Error> {
        if context.actor.is_staff() {
            Ok(())
        } else {
            Err(WorkRefusal::NotStaff.into())
        }
    }
}
