//! A major incident, and the review after an important one, which looks back
//! on its end (INC-34).

use super::decide::Decision;
use super::{Error, Event, Incident, Review, ReviewCause};
use crate::Context;
use crate::context::{Channel, Role};
use crate::ids::PersonId;
use crate::text::Text;

impl Incident {
    pub(super) fn declare_major(
        &self,
        reason: &Text,
        leader: Option<&PersonId>,
        context: &Context,
    ) -> Decision {
        check_coordinator(context)?;
        if self.major {
            return Err(Error::AlreadyMajor);
        }
        let declared = Event::MajorDeclared {
            reason: reason.clone(),
            leader: leader.cloned(),
        };
        let review = match self.review {
            Review::Due => None,
            Review::None | Review::Completed => Some(Event::ReviewRequired {
                cause: ReviewCause::Major,
            }),
        };
        Ok(std::iter::once(declared).chain(review).collect())
    }

    pub(super) fn stand_down_major(&self, reason: &Text, context: &Context) -> Decision {
        check_coordinator(context)?;
        if !self.major {
            return Err(Error::NotMajor);
        }
        Ok(vec![Event::MajorStoodDown {
            reason: reason.clone(),
        }])
    }

    pub(super) fn require_review(&self, context: &Context) -> Decision {
        Self::check_staff(context)?;
        match self.review {
            Review::Due => Err(Error::ReviewAlreadyDue),
            Review::None | Review::Completed => Ok(vec![Event::ReviewRequired {
                cause: ReviewCause::Request,
            }]),
        }
    }

    /// Nobody reviews what they ended themselves.
    pub(super) fn complete_review(&self, text: &Text, context: &Context) -> Decision {
        Self::check_staff(context)?;
        match self.review {
            Review::Due if context.actor.is(self.ended_by.as_ref()) => Err(Error::ReviewerEndedIt),
            Review::Due => Ok(vec![Event::ReviewCompleted { text: text.clone() }]),
            Review::None | Review::Completed => Err(Error::NoReviewDue),
        }
    }

    /// The review that the end of the incident asks for: of one that ever was
    /// a major one, and of one whose priority needs it by the version of the
    /// matrix that judged it. What the matrix says is not overruled with the
    /// priority. None where one is asked for already, and for a history taken
    /// over: an incident of years ago is not reviewed now.
    pub(super) fn review_asked_by_the_end(
        &self,
        context: &Context,
    ) -> Result<Option<Event>, Error> {
        if self.review != Review::None || context.channel == Channel::Import {
            return Ok(None);
        }
        let cause = if self.was_major {
            Some(ReviewCause::Major)
        } else if self.priority_needs_review(context)? {
            Some(ReviewCause::Priority)
        } else {
            None
        };
        Ok(cause.map(|cause| Event::ReviewRequired { cause }))
    }

    fn priority_needs_review(&self, context: &Context) -> Result<bool, Error> {
        if self.level(context)?.review_required {
            return Ok(true);
        }
        let by_matrix = self.work.priority.and_then(|judged| {
            let matrix = &context.matrices.numbered(judged.matrix_version)?.content;
            matrix.level(matrix.priority(judged.impact, judged.urgency))
        });
        Ok(by_matrix.is_some_and(|level| level.review_required))
    }
}

fn check_coordinator(context: &Context) -> Result<(), Error> {
    if context.actor.role == Role::Coordinator {
        Ok(())
    } else {
        Err(Error::NotCoordinator)
    }
}
