//! How an incident ends: resolution, the requester's answer, the review that
//! an important one needs, the closing, and sometimes the way back.

use domain::ids::ArticleId;
use domain::incident::Command;
use domain::text::{Line, TextRefused};
use domain::work_item::{ContactChannel, Visibility, WorkCommand};

use super::{Course, doing, work};
use crate::sample::arrivals::Ending;
use crate::sample::cast::Who;
use crate::sample::organisation::TeamKey;
use crate::sample::phrases;

/// Incidents closed so many working days ago are archived, some of them.
const ARCHIVED_AFTER_DAYS: u32 = 50;

/// Incidents are opened again if they are so many working days old at least,
/// so that the second cycle can be over too.
const REOPENED_AFTER_DAYS: u32 = 12;

impl Course<'_> {
    pub(super) fn resolve(&mut self) -> Result<(), TextRefused> {
        let knowledge = self.story.article.filter(|_| self.draw.chance(40));
        let resolve = Command::Resolve {
            code: Line::new(self.story.code)?,
            cause: Some(self.text(self.story.cause)?),
            solution: self.text(self.story.solution)?,
            knowledge: knowledge.map(ArticleId::new).transpose()?,
        };
        let minutes = if self.arrival.is_awaited {
            120..=240
        } else {
            10..=70
        };
        self.then(minutes, self.holder, doing(resolve));
        Ok(())
    }

    /// What follows the resolution.
    pub(super) fn wind_up(&mut self) -> Result<(), TextRefused> {
        if self.ends(Ending::Resolved) {
            return Ok(());
        }
        if self.draw.chance(9) {
            self.reject_and_resolve_again()?;
        }
        self.review()?;
        let rating = self.draw.number(1..=100);
        match (self.arrival.ending, self.asking) {
            (Ending::Confirmed, Some(asking)) => self.confirm(asking, rating <= 40)?,
            _ => self.close()?,
        }
        let is_old = self.arrival.days_before() >= REOPENED_AFTER_DAYS;
        if is_old && self.draw.chance(7) {
            self.reopen_and_close_again()?;
        }
        self.after_the_closing()
    }

    fn reject_and_resolve_again(&mut self) -> Result<(), TextRefused> {
        let Some(asking) = self.asking else {
            return Ok(());
        };
        let reason = self.phrase(&phrases::REJECT)?;
        let reject = Command::RejectResolution { reason };
        self.in_office_hours(30..=300, Who::Requester(asking), doing(reject));
        self.begin_anew();
        self.solve_again()
    }

    fn begin_anew(&mut self) {
        self.diagnosing = false;
        self.restored = false;
        self.solved_before = true;
    }

    /// The second attempt, by the one who made the first.
    fn solve_again(&mut self) -> Result<(), TextRefused> {
        self.diagnose()?;
        let text = self.phrase(&phrases::SECOND_FINDING)?;
        self.then(20..=90, self.holder, doing(Command::RecordFinding { text }));
        if self.draw.chance(50) {
            self.log_effort()?;
        }
        let resolve = Command::Resolve {
            code: Line::new(self.story.code)?,
            cause: Some(self.text(self.story.cause)?),
            solution: self.phrase(&phrases::SECOND_SOLUTION)?,
            knowledge: None,
        };
        self.then(30..=240, self.holder, doing(resolve));
        Ok(())
    }

    /// The review that the priority asks for, or that a coordinator wants.
    fn review(&mut self) -> Result<(), TextRefused> {
        if !self.review_is_due() {
            if !self.draw.chance(3) {
                return Ok(());
            }
            let coordinator = Who::Member(TeamKey::Core, 0);
            self.then(30..=120, coordinator, doing(Command::RequireReview));
        }
        self.complete_review()
    }

    fn review_is_due(&self) -> bool {
        let level = self.matrix.level(self.priority);
        level.is_some_and(|level| level.review_required)
    }

    fn complete_review(&mut self) -> Result<(), TextRefused> {
        let text = self.phrase(&phrases::REVIEW)?;
        let complete = Command::CompleteReview { text };
        let reviewer = self.reviewer()?;
        self.in_office_hours(120..=720, reviewer, doing(complete));
        Ok(())
    }

    /// Nobody reviews what they resolved themselves: a coordinator does, and
    /// of what they resolved, another.
    fn reviewer(&self) -> Result<Who, TextRefused> {
        let coordinator = Who::Member(TeamKey::Core, 0);
        let is_holder = self.holder.id()? == coordinator.id()?;
        Ok(if is_holder {
            Who::Member(TeamKey::Hotline, 0)
        } else {
            coordinator
        })
    }

    fn confirm(&mut self, asking: usize, says_thanks: bool) -> Result<(), TextRefused> {
        let who = Who::Requester(asking);
        if says_thanks {
            let text = self.phrase(&phrases::THANKS)?;
            let visibility = Visibility::Public;
            let thanks = WorkCommand::Comment { visibility, text };
            self.in_office_hours(15..=300, who, work(thanks));
            self.in_office_hours(0..=2, who, doing(Command::ConfirmResolution));
        } else {
            self.in_office_hours(20..=900, who, doing(Command::ConfirmResolution));
        }
        Ok(())
    }

    /// The desk closes it, after a call where there is somebody to call.
    fn close(&mut self) -> Result<(), TextRefused> {
        let desk = self.desk;
        let no_feedback_reason = if self.asking.is_some() {
            let called = WorkCommand::RecordContact {
                contact_channel: ContactChannel::Phone,
                text: self.phrase(&phrases::CALLED)?,
            };
            self.in_office_hours(30..=480, desk, work(called));
            None
        } else {
            Some(self.phrase(&phrases::NOBODY_TO_TELL)?)
        };
        self.in_office_hours(1..=30, desk, doing(Command::Close { no_feedback_reason }));
        Ok(())
    }

    fn reopen_and_close_again(&mut self) -> Result<(), TextRefused> {
        let Some(asking) = self.asking else {
            return Ok(());
        };
        let reason = self.phrase(&phrases::REOPEN)?;
        let reopen = Command::Reopen { reason };
        self.in_office_hours(960..=1300, Who::Requester(asking), doing(reopen));
        self.begin_anew();
        self.solve_again()?;
        // Each cycle is looked back on by itself.
        if self.review_is_due() {
            self.complete_review()?;
        }
        self.close()
    }

    fn after_the_closing(&mut self) -> Result<(), TextRefused> {
        if self.draw.chance(6) {
            self.say(Visibility::Internal, self.story.internal)?;
        }
        let is_old = self.arrival.days_before() >= ARCHIVED_AFTER_DAYS;
        if is_old && self.draw.chance(20) {
            self.in_office_hours(1200..=2400, self.desk, work(WorkCommand::Archive));
        }
        Ok(())
    }
}
