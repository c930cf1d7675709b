//! How an incident ends: resolution, the requester's answer, closing, and the
//! way back from there.

use chrono::{DateTime, Duration, Utc};

use super::decide::Decision;
use super::{ClosedBy, Error, Event, Incident, Review, Status};
use crate::Context;
use crate::configuration::Level;
use crate::context::{Channel, Role};
use crate::ids::ArticleId;
use crate::text::{Line, Text};
use crate::work_item::{Farewell, SupportLine, WorkRefusal};

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
        self.resolved(code, cause, solution, knowledge, false, context)
    }

    pub(super) fn resolve_at_contact(
        &self,
        code: &Line,
        solution: &Text,
        knowledge: Option<&ArticleId>,
        context: &Context,
    ) -> Decision {
        self.check_first_line(context)?;
        self.resolved(code, None, solution, knowledge, true, context)
    }

    /// What the first line could do at once.
    pub(super) fn give_initial_support(
        &self,
        answer: Option<&Text>,
        article: Option<&ArticleId>,
        workaround: Option<&Text>,
        context: &Context,
    ) -> Decision {
        self.check_first_line(context)?;
        if answer.is_none() && article.is_none() && workaround.is_none() {
            return Err(Error::NoSupport);
        }
        Ok(vec![Event::InitialSupportGiven {
            answer: answer.cloned(),
            article: article.cloned(),
            workaround: workaround.cloned(),
        }])
    }

    /// The requester declares it over, or the service desk in their name.
    pub(super) fn confirm(&self, context: &Context) -> Decision {
        self.work.concerned(context)?;
        let is_own = self.work.concerns(&context.actor.id);
        if !is_own && !context.is_service_desk() {
            return Err(Error::NotServiceDesk);
        }
        self.check_reviewed()?;
        // Whoever confirms in the requester's name must have heard from them.
        if !self.work.feedback_given && !is_own {
            return Err(Error::FeedbackMissing);
        }
        let closed = self.closed(ClosedBy::Requester, None, context)?;
        Ok(vec![Event::ResolutionConfirmed {}, closed])
    }

    pub(super) fn reject(&self, reason: &Text, context: &Context) -> Decision {
        self.work.concerned(context)?;
        let rejected = Event::ResolutionRejected {
            reason: reason.clone(),
        };
        Ok(self.begun_anew(rejected, reason, context))
    }

    /// The service desk declares it over; the specialists who resolved it do
    /// not (SD-18).
    pub(super) fn close(&self, no_feedback_reason: Option<&Text>, context: &Context) -> Decision {
        Self::check_staff(context)?;
        if !context.is_service_desk() {
            return Err(Error::NotServiceDesk);
        }
        self.check_reviewed()?;
        if !self.work.feedback_given && no_feedback_reason.is_none() {
            return Err(Error::FeedbackMissing);
        }
        let closed = self.closed(ClosedBy::Desk, no_feedback_reason, context)?;
        Ok(vec![closed])
    }

    pub(super) fn close_unanswered(&self, reason: &Text, context: &Context) -> Decision {
        Self::check_staff(context)?;
        self.check_reviewed()?;
        match self.confirm_by {
            Some(confirm_by) if context.effective_at < confirm_by => {
                Err(Error::StillAwaitingAnswer { confirm_by })
            }
            _ => Ok(vec![self.closed(
                ClosedBy::Timeout,
                Some(reason),
                context,
            )?]),
        }
    }

    /// Within the window that was told at the closing. What another desk opened
    /// again is opened again, whatever window holds here.
    pub(super) fn reopen(&self, reason: &Text, context: &Context) -> Decision {
        self.work.concerned(context)?;
        let is_history = context.channel == Channel::Import;
        match self.reopen_until.filter(|_| !is_history) {
            // Dating it back leads into no window that has ended.
            Some(until) if context.known_at > until => Err(Error::ReopenWindowPassed { until }),
            _ => {
                let reopened = Event::Reopened {
                    reason: reason.clone(),
                    cycle: self.cycle + 1,
                };
                Ok(self.begun_anew(reopened, reason, context))
            }
        }
    }

    /// Work begins anew, by the team that had it if that works still.
    fn begun_anew(&self, event: Event, reason: &Text, context: &Context) -> Vec<Event> {
        let back = self.work.back_to_dispatcher(reason, context);
        std::iter::once(event)
            .chain(back.map(Event::Work))
            .collect()
    }

    /// The desk has answered what the requester said of the resolution: they
    /// have the whole window again.
    pub(super) fn awaits_again(&self, context: &Context) -> Result<Event, Error> {
        let level = self.level(context)?;
        Ok(Event::ConfirmationAwaited {
            confirm_by: hours_after(context.known_at, level.confirm_within_hours),
        })
    }

    /// The one who asked may take it back while nobody works on it.
    pub(super) fn cancel(&self, reason: &Text, farewell: &Farewell, context: &Context) -> Decision {
        if context.actor.role == Role::Requester && self.status == Status::New {
            self.work.concerned(context)?;
        } else {
            self.work.working(context)?;
        }
        let Farewell {
            told,
            no_feedback_reason,
        } = self.work.farewell(farewell, context)?;
        let cancelled = Event::Cancelled {
            reason: reason.clone(),
            cancelled_by: context.person_unless_import(),
            told,
            no_feedback_reason,
        };
        let review = self.review_asked_by_the_end(context)?;
        Ok(std::iter::once(cancelled).chain(review).collect())
    }

    /// The resolution, and the review that it asks for.
    fn resolved(
        &self,
        code: &Line,
        cause: Option<&Text>,
        solution: &Text,
        knowledge: Option<&ArticleId>,
        at_first_contact: bool,
        context: &Context,
    ) -> Decision {
        let level = self.level(context)?;
        // An incident of years ago is neither reviewed nor confirmed now.
        let is_history = context.channel == Channel::Import;
        // The requester has the time from when they could know of it.
        let confirm_by = hours_after(context.known_at, level.confirm_within_hours);
        let resolved = Event::Resolved {
            code: code.clone(),
            cause: cause.cloned(),
            solution: solution.clone(),
            knowledge: knowledge.cloned(),
            at_first_contact,
            resolved_by: context.person_unless_import(),
            confirm_by: (!is_history).then_some(confirm_by),
        };
        let review = self.review_asked_by_the_end(context)?;
        Ok(std::iter::once(resolved).chain(review).collect())
    }

    fn closed(
        &self,
        by: ClosedBy,
        no_feedback_reason: Option<&Text>,
        context: &Context,
    ) -> Result<Event, Error> {
        let level = self.level(context)?;
        let reopen_until = hours_after(context.known_at, level.reopen_within_hours);
        Ok(Event::Closed {
            by,
            no_feedback_reason: no_feedback_reason.cloned(),
            reopen_until: Some(reopen_until),
        })
    }

    /// What the incident's priority asks for, by the version of the matrix
    /// that it was judged by. Without that version nothing is closed: a review
    /// or a window would be passed over in silence.
    pub(super) fn level<'c>(&self, context: &'c Context) -> Result<&'c Level, Error> {
        let level = self.work.priority.and_then(|judged| {
            let matrix = context.matrices.numbered(judged.matrix_version)?;
            matrix.content.level(judged.priority)
        });
        level.ok_or_else(|| {
            let at = context.effective_at;
            WorkRefusal::NoPriorityMatrix { at }.into()
        })
    }

    fn check_first_line(&self, context: &Context) -> Result<(), Error> {
        self.work.working(context)?;
        match &self.work.team {
            Some(team) if team.line != SupportLine::First => Err(Error::NotFirstLine),
            // Specialists who see it before a team has it are no first line.
            _ if !context.is_service_desk() => Err(Error::NotFirstLine),
            _ => Ok(()),
        }
    }

    pub(super) fn check_reviewed(&self) -> Result<(), Error> {
        if self.review == Review::Due {
            Err(Error::ReviewMissing)
        } else {
            Ok(())
        }
    }
}

fn hours_after(at: DateTime<Utc>, hours: u32) -> DateTime<Utc> {
    at.checked_add_signed(Duration::hours(hours.into()))
        .unwrap_or(DateTime::<Utc>::MAX_UTC)
}
