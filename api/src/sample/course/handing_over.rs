//! How an incident finds the team that ends it: directly, through the first
//! line, or by way of a team that it does not belong to.

use domain::incident::Command;
use domain::text::TextRefused;
use domain::work_item::{ForwardTo, SupportLine, Visibility, WorkCommand};

use super::{Course, doing, work};
use crate::sample::arrivals::Ending;
use crate::sample::cast::{Who, assignee};
use crate::sample::organisation::TeamKey;
use crate::sample::phrases;

/// The way to the team.
#[derive(Clone, Copy)]
enum Route {
    /// The desk assigns it.
    Direct,
    /// The first line tries, and asks the second.
    ThroughFirstLine,
    /// A team that it does not belong to sends it back to the desk.
    Returned,
    /// The second line sends it back to the first.
    ReturnedToFirstLine,
    /// A team that it does not belong to hands it to a peer.
    Forwarded,
}

impl Course<'_> {
    /// Hands it over. False where it stops on the way.
    pub(super) fn hand_over(&mut self) -> Result<bool, TextRefused> {
        match self.route() {
            Route::Direct => self.assign_to_the_right_team(),
            Route::ThroughFirstLine => {
                self.first_line_tries()?;
                self.ask_deeper(self.story.team)
            }
            Route::Returned => self.return_to_the_desk(),
            Route::ReturnedToFirstLine => self.return_to_the_first_line(),
            Route::Forwarded => self.forward_to_the_right_team(),
        }
    }

    fn route(&mut self) -> Route {
        let right = self.story.team.team().line;
        let mistaken = self.story.mistaken_for.team().line;
        let is_deep = right > SupportLine::First;
        if self.ends(Ending::Returned) {
            return if is_deep && self.draw.chance(40) {
                Route::ReturnedToFirstLine
            } else {
                Route::Returned
            };
        }
        match self.draw.number(1..=100) {
            1..=32 if is_deep => Route::ThroughFirstLine,
            33..=44 => Route::Returned,
            45..=50 if is_deep => Route::ReturnedToFirstLine,
            51..=62 if right == mistaken => Route::Forwarded,
            _ => Route::Direct,
        }
    }

    fn assign_to_the_right_team(&mut self) -> Result<bool, TextRefused> {
        let team = self.on_the_spot(self.story.team);
        let person = self.draw.chance(40).then(|| self.somebody_of(team));
        self.assign(self.desk, team, person)?;
        self.accept_unless_it_waits(team, person)
    }

    /// The team takes it on, unless it is to wait for that, or turns out to be
    /// nothing.
    fn accept_unless_it_waits(
        &mut self,
        team: TeamKey,
        person: Option<Who>,
    ) -> Result<bool, TextRefused> {
        if self.ends(Ending::Assigned) {
            if self.draw.chance(30) {
                self.urge()?;
            }
            return Ok(false);
        }
        self.accept(team, person);
        if self.ends(Ending::Cancelled) {
            let reason = self.phrase(&phrases::NO_INCIDENT)?;
            let farewell = self.farewell()?;
            let cancel = Command::Cancel { reason, farewell };
            self.then(15..=120, self.holder, doing(cancel));
            return Ok(false);
        }
        Ok(true)
    }

    fn assign(&mut self, by: Who, team: TeamKey, person: Option<Who>) -> Result<(), TextRefused> {
        let to = assignee(team, person)?;
        self.at_once(2..=14, by, work(WorkCommand::Assign { to }));
        Ok(())
    }

    pub(super) fn accept(&mut self, team: TeamKey, person: Option<Who>) {
        let who = match person {
            Some(person) => person,
            None => self.somebody_of(team),
        };
        self.held_by(who);
        self.diagnosing = false;
        self.then(3..=35, who, work(WorkCommand::Accept));
    }

    /// The first line takes it on and finds that it cannot end it.
    fn first_line_tries(&mut self) -> Result<(), TextRefused> {
        let team = if self.draw.chance(60) {
            TeamKey::Hotline
        } else {
            self.place.field_team
        };
        self.assign(self.desk, team, None)?;
        self.accept(team, None);
        if self.draw.chance(60) {
            let text = self.text(self.story.hypothesis)?;
            let comment = WorkCommand::Comment {
                visibility: Visibility::Internal,
                text,
            };
            self.then(5..=25, self.holder, work(comment));
        }
        Ok(())
    }

    /// Whoever has it asks a deeper line. False where it waits there.
    pub(super) fn ask_deeper(&mut self, team: TeamKey) -> Result<bool, TextRefused> {
        let reason = if team.team().line == SupportLine::Third {
            self.phrase(&phrases::ESCALATE_TO_DEVELOPERS)?
        } else {
            self.phrase(&phrases::ESCALATE)?
        };
        let to = assignee(team, None)?;
        let escalate = WorkCommand::EscalateFunctionally { to, reason };
        self.then(5..=30, self.holder, work(escalate));
        self.accept_unless_it_waits(team, None)
    }

    fn return_to_the_desk(&mut self) -> Result<bool, TextRefused> {
        let mistaken = self.on_the_spot(self.story.mistaken_for);
        self.assign(self.desk, mistaken, None)?;
        let by = self.somebody_of(mistaken);
        if self.draw.chance(45) {
            self.accept(mistaken, Some(by));
        }
        self.give_back(by)?;
        if self.ends(Ending::Returned) {
            return Ok(false);
        }
        self.assign_to_the_right_team()
    }

    fn return_to_the_first_line(&mut self) -> Result<bool, TextRefused> {
        self.first_line_tries()?;
        let first = self.holder;
        let mistaken = match self.story.mistaken_for {
            team if team.team().line > SupportLine::First => team,
            _ => self.story.team,
        };
        let reason = self.phrase(&phrases::ESCALATE)?;
        let to = assignee(mistaken, None)?;
        let escalate = WorkCommand::EscalateFunctionally { to, reason };
        self.then(5..=30, first, work(escalate));
        let by = self.somebody_of(mistaken);
        self.give_back(by)?;
        if self.ends(Ending::Returned) {
            return Ok(false);
        }
        let team = self.on_the_spot(self.story.team);
        self.assign(first, team, None)?;
        self.accept_unless_it_waits(team, None)
    }

    fn give_back(&mut self, by: Who) -> Result<(), TextRefused> {
        let reason = self.phrase(&phrases::RETURN)?;
        self.then(8..=40, by, work(WorkCommand::Return { reason }));
        Ok(())
    }

    fn forward_to_the_right_team(&mut self) -> Result<bool, TextRefused> {
        let mistaken = self.on_the_spot(self.story.mistaken_for);
        let right = self.on_the_spot(self.story.team);
        if mistaken == right {
            return self.assign_to_the_right_team();
        }
        self.assign(self.desk, mistaken, None)?;
        self.accept(mistaken, None);
        let forward = WorkCommand::Forward {
            to: ForwardTo::Team(assignee(right, None)?),
            reason: Some(self.phrase(&phrases::FORWARD)?),
        };
        self.then(10..=45, self.holder, work(forward));
        self.accept_unless_it_waits(right, None)
    }
}
