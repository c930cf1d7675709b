//! A major incident, and the review after an important one. All of it is
//! possible until the closing.

use super::decide::Decision;
use super::{Error, Event, Incident, Review, ReviewCause};
use crate::Context;
use crate::context::Role;
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

    pub(super) fn complete_review(&self, text: &Text, context: &Context) -> Decision {
        Self::check_staff(context)?;
        match self.review {
            Review::Due => Ok(vec![Event::ReviewCompleted { text: text.clone() }]),
            Review::None | Review::Completed => Err(Error::NoReviewDue),
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
