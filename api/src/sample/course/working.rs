//! The work on an incident: what its holder finds out, asks, waits for and
//! writes down.

use domain::incident::{Command, HoldReason};
use domain::text::{Line, TextRefused};
use domain::work_item::{ContactChannel, ForwardTo, SupportLine, Visibility, WorkCommand};

use super::{Course, doing, work};
use crate::sample::arrivals::Ending;
use crate::sample::cast::{Who, assignee};
use crate::sample::organisation::TeamKey;
use crate::sample::phrases::{self, Phrases};
use crate::sample::plan::Doing;

/// Something that happens while an incident is worked on. Those of one course
/// happen in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Beat {
    Diagnose,
    Expect,
    FirstFinding,
    Internal,
    Correct,
    Ask,
    Attach,
    LinkCi,
    Progress,
    Watch,
    Colleague,
    Developers,
    Supplier,
    Workaround,
    Urged,
    Override,
    Management,
    Adjust,
    SecondFinding,
    Approval,
    Change,
    Problem,
    Notice,
    Reference,
    Field,
    Knowledge,
    Restore,
    Effort,
}

/// How often each happens, in a hundred incidents.
const BEATS: [(Beat, u32); 28] = [
    (Beat::Diagnose, 92),
    (Beat::Expect, 30),
    (Beat::FirstFinding, 90),
    (Beat::Internal, 45),
    (Beat::Correct, 7),
    (Beat::Ask, 22),
    (Beat::Attach, 14),
    (Beat::LinkCi, 40),
    (Beat::Progress, 48),
    (Beat::Watch, 14),
    (Beat::Colleague, 7),
    (Beat::Developers, 12),
    (Beat::Supplier, 12),
    (Beat::Workaround, 60),
    (Beat::Urged, 14),
    (Beat::Override, 4),
    (Beat::Management, 6),
    (Beat::Adjust, 9),
    (Beat::SecondFinding, 72),
    (Beat::Approval, 4),
    (Beat::Change, 5),
    (Beat::Problem, 2),
    (Beat::Notice, 14),
    (Beat::Reference, 8),
    (Beat::Field, 22),
    (Beat::Knowledge, 26),
    (Beat::Restore, 42),
    (Beat::Effort, 66),
];

impl Course<'_> {
    /// Works on it. False where the work is not over.
    pub(super) fn work(&mut self) -> Result<bool, TextRefused> {
        let stops = matches!(self.arrival.ending, Ending::InProgress | Ending::OnHold(_));
        let mut beats: Vec<Beat> = Vec::new();
        for (beat, percent) in BEATS {
            if self.draw.chance(percent) {
                beats.push(beat);
            }
        }
        if stops {
            let most = u32::try_from(beats.len()).unwrap_or_default() / 2;
            let some = self.draw.number(1..=most.max(2));
            beats.truncate(usize::try_from(some).unwrap_or_default());
        }
        for beat in beats {
            self.beat(beat)?;
        }
        if let Ending::OnHold(reason) = self.arrival.ending {
            self.wait_for(reason)?;
        }
        Ok(!stops)
    }

    fn beat(&mut self, beat: Beat) -> Result<(), TextRefused> {
        match beat {
            Beat::Diagnose => self.diagnose(),
            Beat::Expect => self.expect(&phrases::EXPECTED),
            Beat::Adjust => self.expect(&phrases::ADJUSTED),
            Beat::FirstFinding => self.find(self.story.findings[0]),
            Beat::SecondFinding => self.find(self.story.findings[1]),
            Beat::Internal => self.say(Visibility::Internal, self.story.internal),
            Beat::Progress => self.say(Visibility::Public, self.story.progress),
            Beat::Correct => self.correct(),
            Beat::Ask => self.ask(),
            Beat::Attach => self.attach(self.holder),
            Beat::LinkCi => self.link_ci(),
            Beat::Watch => self.watch(),
            Beat::Colleague => self.pass_to_a_colleague(),
            Beat::Developers => self.ask_the_developers(),
            Beat::Supplier => self.wait_and_go_on(HoldReason::Supplier, 120..=900),
            Beat::Approval => self.wait_and_go_on(HoldReason::Approval, 60..=480),
            Beat::Change => self.wait_and_go_on(HoldReason::Change, 480..=1440),
            Beat::Problem => self.wait_and_go_on(HoldReason::Problem, 960..=2400),
            Beat::Workaround => self.work_around(),
            Beat::Urged => self.urge(),
            Beat::Override => self.override_priority(),
            Beat::Management => self.tell_management(),
            Beat::Notice => self.notify(),
            Beat::Reference => self.refer(),
            Beat::Field => self.fill_a_field(),
            Beat::Knowledge => self.apply_knowledge(),
            Beat::Restore => {
                self.restore();
                Ok(())
            }
            Beat::Effort => self.log_effort(),
        }
    }

    pub(super) fn diagnose(&mut self) -> Result<(), TextRefused> {
        if self.diagnosing {
            return Ok(());
        }
        self.diagnosing = true;
        let hypothesis = if self.solved_before {
            None
        } else {
            Some(self.text(self.story.hypothesis)?)
        };
        self.then(
            2..=12,
            self.holder,
            doing(Command::StartDiagnosis { hypothesis }),
        );
        Ok(())
    }

    pub(super) fn find(&mut self, finding: &str) -> Result<(), TextRefused> {
        let text = self.text(finding)?;
        self.then(12..=60, self.holder, doing(Command::RecordFinding { text }));
        Ok(())
    }

    fn expect(&mut self, why: &Phrases) -> Result<(), TextRefused> {
        let reason = self.phrase(why)?;
        let expect = Doing::Expect {
            within_seconds: self.draw.number(2..=16) * 1800,
            reason,
        };
        self.then(1..=8, self.holder, expect);
        Ok(())
    }

    pub(super) fn say(
        &mut self,
        visibility: Visibility,
        template: &str,
    ) -> Result<(), TextRefused> {
        let to_nobody = visibility == Visibility::Public && self.asking.is_none();
        if template.is_empty() || to_nobody {
            return Ok(());
        }
        let text = self.text(template)?;
        let comment = WorkCommand::Comment { visibility, text };
        self.then(4..=30, self.holder, work(comment));
        Ok(())
    }

    /// Asks the requester, who answers after a while.
    fn ask(&mut self) -> Result<(), TextRefused> {
        let Some(asking) = self.asking else {
            return Ok(());
        };
        self.wait_for(HoldReason::Requester)?;
        let text = self.text(self.story.answer)?;
        if self.draw.chance(80) {
            let visibility = Visibility::Public;
            let answer = WorkCommand::Comment { visibility, text };
            self.then(20..=240, Who::Requester(asking), work(answer));
        } else {
            let contact_channel = ContactChannel::Phone;
            let answer = WorkCommand::RecordContact {
                contact_channel,
                text,
            };
            self.then(60..=300, self.holder, work(answer));
            self.then(0..=2, self.holder, doing(Command::Resume));
        }
        Ok(())
    }

    /// Puts it on hold.
    fn wait_for(&mut self, reason: HoldReason) -> Result<(), TextRefused> {
        let (text, hours) = match reason {
            HoldReason::Requester => {
                self.say(Visibility::Public, self.story.question)?;
                (self.phrase(&phrases::HOLD_REQUESTER)?, Some(16))
            }
            HoldReason::Supplier => {
                self.forward_outside()?;
                (self.phrase(&phrases::HOLD_SUPPLIER)?, Some(24))
            }
            HoldReason::Change => (self.phrase(&phrases::HOLD_CHANGE)?, Some(32)),
            HoldReason::Problem => (self.phrase(&phrases::HOLD_PROBLEM)?, None),
            HoldReason::Approval => (self.phrase(&phrases::HOLD_APPROVAL)?, Some(8)),
        };
        let hold = Doing::Hold {
            reason,
            text,
            seconds: hours.map(|hours: u32| hours * 3600),
        };
        self.then(1..=6, self.holder, hold);
        Ok(())
    }

    fn wait_and_go_on(
        &mut self,
        reason: HoldReason,
        minutes: std::ops::RangeInclusive<u32>,
    ) -> Result<(), TextRefused> {
        if self.arrival.is_awaited || self.team.team().line == SupportLine::First {
            return Ok(());
        }
        self.wait_for(reason)?;
        self.then(minutes, self.holder, doing(Command::Resume));
        let text = self.phrase(&phrases::RESUMED)?;
        let visibility = Visibility::Internal;
        self.then(
            1..=10,
            self.holder,
            work(WorkCommand::Comment { visibility, text }),
        );
        Ok(())
    }

    /// Asks another organisation, where the story knows one.
    fn forward_outside(&mut self) -> Result<(), TextRefused> {
        let Some((platform, prefix)) = self.story.outside else {
            return Ok(());
        };
        let reference = format!("{prefix}-{:06}", self.draw.number(100_000..=999_999));
        let to = ForwardTo::Platform {
            platform: Line::new(platform)?,
            reference: Line::new(&reference)?,
        };
        let reason = Some(self.phrase(&phrases::FORWARD_OUTSIDE)?);
        self.then(
            5..=25,
            self.holder,
            work(WorkCommand::Forward { to, reason }),
        );
        Ok(())
    }

    /// At the end of a shift a colleague of the same team goes on.
    fn pass_to_a_colleague(&mut self) -> Result<(), TextRefused> {
        let (by, team) = (self.holder, self.team);
        let colleague = loop {
            let colleague = self.somebody_of(team);
            if colleague != by {
                break colleague;
            }
        };
        let to = assignee(team, Some(colleague))?;
        self.then(5..=30, by, work(WorkCommand::Assign { to }));
        self.accept(team, Some(colleague));
        Ok(())
    }

    fn ask_the_developers(&mut self) -> Result<(), TextRefused> {
        let developers = match self.team {
            TeamKey::Core | TeamKey::Claims | TeamKey::Databases => TeamKey::CoreDevelopment,
            TeamKey::Office => TeamKey::ChannelDevelopment,
            _ => return Ok(()),
        };
        let accepted = self.ask_deeper(developers)?;
        if accepted {
            self.diagnose()?;
        }
        Ok(())
    }

    fn work_around(&mut self) -> Result<(), TextRefused> {
        if let Some(workaround) = self.story.workaround {
            let text = self.text(workaround)?;
            self.then(
                10..=45,
                self.holder,
                doing(Command::ApplyWorkaround { text }),
            );
        }
        Ok(())
    }

    fn restore(&mut self) {
        if !self.restored {
            self.restored = true;
            self.then(8..=40, self.holder, doing(Command::RestoreService));
        }
    }
}
