//! How an incident ends: resolution, the requester's answer, closing, and the
//! way back from there.

use chrono::Duration;

use super::decide::Decision;
use super::{ClosedBy, Error, Event, Incident, Review, ReviewCause, Status};
use crate::Context;
use crate::configuration::Level;
use crate::context::{Channel, Role};
use crate::ids::ArticleId;
use crate::text::{Line, Text};
use crate::work_item::SupportLine;

impl Incident {
    pub(super) fn resolve(
        &self,
        code: &Line,
        cause: Option<&Text>,
        solution: &Text,
        knowledge: Option<&ArticleId>,
        context: &Context,
    ) -> Decision {
        self.work.working(context)?;
        let event = self.resolved(code, cause, solution, knowledge, false, context);
        Ok(self.with_review(event, context))
    }

    pub(super) fn resolve_at_contact(
        &self,
        code: &Line,
        solution: &Text,
        knowledge: Option<&ArticleId>,
        context: &Context,
    ) -> Decision {
        self.check_first_line(context)?;
        let event = self.resolved(code, None, solution, knowledge, true, context);
        Ok(self.with_review(event, context))
    }

    pub(super) fn confirm(&self, context: &Context) -> Decision {
        self.work.concerned(context)?;
        self.check_reviewed()?;
        let closed = self.closed(ClosedBy::Requester, None, context);
        Ok(vec![Event::ResolutionConfirmed {}, closed])
    }

    pub(super) fn reject(&self, reason: &Text, context: &Context) -> Decision {
        self.work.concerned(context)?;
        Ok(vec![Event::ResolutionRejected {
            reason: reason.clone(),
        }])
    }

    pub(super) fn close(&self, no_feedback_reason: Option<&Text>, context: &Context) -> Decision {
        Self::check_staff(context)?;
        self.check_reviewed()?;
        if !self.work.feedback_given && no_feedback_reason.is_none() {
            return Err(Error::FeedbackMissing);
        }
        let closed = self.closed(ClosedBy::Desk, no_feedback_reason, context);
        Ok(vec![closed])
    }

    pub(super) fn close_unanswered(&self, reason: &Text, context: &Context) -> Decision {
        Self::check_staff(context)?;
        self.check_reviewed()?;
        match self.confirm_by {
            Some(confirm_by) if context.effective_at < confirm_by => {
                Err(Error::StillAwaitingAnswer { confirm_by })
            }
            _ => Ok(vec![self.closed(ClosedBy::Timeout, Some(reason), context)]),
        }
    }

    pub(super) fn reopen(&self, reason: &Text, context: &Context) -> Decision {
        self.work.concerned(context)?;
        match self.reopen_until {
            Some(until) if context.effective_at > until => Err(Error::ReopenWindowPassed { until }),
            _ => Ok(vec![Event::Reopened {
                reason: reason.clone(),
                cycle: self.cycle + 1,
            }]),
        }
    }

    /// The one who asked may take it back while nobody works on it.
    pub(super) fn cancel(&self, reason: &Text, context: &Context) -> Decision {
        if context.actor.role == Role::Requester && self.status == Status::New {
            self.work.concerned(context)?;
        } else {
            self.work.working(context)?;
        }
        Ok(vec![Event::Cancelled {
            reason: reason.clone(),
        }])
    }

    fn resolved(
        &self,
        code: &Line,
        cause: Option<&Text>,
        solution: &Text,
        knowledge: Option<&ArticleId>,
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

    fn closed(&self, by: ClosedBy, no_feedback_reason: Option<&Text>, context: &Context) -> Event {
        Event::Closed {
            by,
            no_feedback_reason: no_feedback_reason.cloned(),
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
}
