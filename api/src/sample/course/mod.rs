//! How a story unfolds: who reports it, who gets it, what they find, where
//! they wait, how it ends. What happens is drawn from the incident's own seed;
//! each step is one that the process allows, and every one that it allows
//! happens in some incident.

mod ending;
mod handing_over;
mod noting;
mod opening;
mod working;

use std::ops::RangeInclusive;

use domain::configuration::PriorityMatrix;
use domain::incident::Command;
use domain::priority::Priority;
use domain::text::{Text, TextRefused};
use domain::work_item::WorkCommand;

use super::arrivals::{About, Arrival, Ending};
use super::cast::{Who, member, requester};
use super::configuration::priority_matrix;
use super::draw::Draw;
use super::majors;
use super::organisation::{PLACES, Place, REQUESTERS, TeamKey};
use super::phrases::Phrases;
use super::plan::{Doing, Drafted};
use super::stories::Story;
use super::words::Words;
use super::working_time::Pace;

/// The steps of one incident.
pub(super) fn unfold(arrival: &Arrival, incident: u32) -> Result<Vec<Drafted>, TextRefused> {
    match arrival.about {
        About::Story(story) => Course::new(arrival, story, incident).unfold(),
        About::Major(major) => majors::course(major),
        About::Child(major, child) => majors::child_course(major, &major.children[child]),
    }
}

/// An incident while its course is made up.
struct Course<'a> {
    arrival: &'a Arrival,
    story: &'static Story,
    incident: u32,
    draw: Draw,
    words: Words,
    asking: Option<usize>,
    place: &'static Place,
    /// Who takes the call and hands the incident on.
    desk: Who,
    /// Who has it.
    holder: Who,
    team: TeamKey,
    pace: Pace,
    matrix: PriorityMatrix,
    priority: Priority,
    /// Which way of telling the story was taken.
    telling: usize,
    diagnosing: bool,
    restored: bool,
    /// Whether it was held for solved once already.
    solved_before: bool,
    escalated_to: u8,
    steps: Vec<Drafted>,
}

impl<'a> Course<'a> {
    fn new(arrival: &'a Arrival, story: &'static Story, incident: u32) -> Self {
        let mut draw = Draw::new(arrival.seed);
        let matrix = priority_matrix();
        let asking = (!story.is_alert()).then(|| {
            let speak_it: Vec<usize> = (0..REQUESTERS.len())
                .filter(|index| requester(*index).language == story.language)
                .collect();
            *draw.one_of(&speak_it)
        });
        let place = match asking {
            Some(asking) => requester(asking).place(),
            None => draw.one_of(&PLACES[1..]),
        };
        let priority = matrix.priority(story.impact, story.urgency);
        let desk = one_of_team(TeamKey::Hotline, &mut draw);
        let words = Words::new(story, place, asking.map(requester), &mut draw);
        let mut course = Self {
            arrival,
            story,
            incident,
            words,
            asking,
            place,
            desk,
            holder: desk,
            team: TeamKey::Hotline,
            pace: Pace::Office,
            matrix,
            priority,
            telling: usize::from(draw.chance(50)),
            draw,
            diagnosing: false,
            restored: false,
            solved_before: false,
            escalated_to: 0,
            steps: Vec::new(),
        };
        course.held_by(desk);
        if priority <= Priority::P2 || story.is_alert() {
            course.pace = Pace::Always;
        }
        course
    }

    fn unfold(mut self) -> Result<Vec<Drafted>, TextRefused> {
        self.register()?;
        let goes_on = self.tie()? && self.triage()?;
        if goes_on && !self.ends_at_contact()? && self.hand_over()? && self.work()? {
            self.resolve()?;
            self.wind_up()?;
        }
        Ok(self.steps)
    }

    /// Whether the incident stops here.
    fn ends(&self, ending: Ending) -> bool {
        self.arrival.ending == ending
    }

    /// Somebody has it from here on.
    fn held_by(&mut self, who: Who) {
        self.holder = who;
        if let Who::Member(team, index) = who {
            self.team = team;
            let member = member(team, index);
            self.words
                .set_agent(member.login, member.name, self.story.language);
        }
    }

    /// The team meant, which is the one on the spot where one has to go there.
    fn on_the_spot(&self, team: TeamKey) -> TeamKey {
        match team {
            TeamKey::East | TeamKey::West => self.place.field_team,
            other => other,
        }
    }

    fn somebody_of(&mut self, team: TeamKey) -> Who {
        one_of_team(team, &mut self.draw)
    }

    /// A step, so many minutes of work after the one before.
    fn then(&mut self, minutes: RangeInclusive<u32>, who: Who, doing: Doing) {
        let wait_seconds = self.draw.number(minutes) * 60 + self.draw.number(0..=59);
        self.steps.push(Drafted {
            wait_seconds,
            pace: self.pace,
            who,
            doing,
        });
    }

    /// A step at once, whatever the hour.
    fn at_once(&mut self, minutes: RangeInclusive<u32>, who: Who, doing: Doing) {
        let pace = std::mem::replace(&mut self.pace, Pace::Always);
        self.then(minutes, who, doing);
        self.pace = pace;
    }

    /// A step in office hours, whatever the rest waits for.
    fn in_office_hours(&mut self, minutes: RangeInclusive<u32>, who: Who, doing: Doing) {
        let pace = std::mem::replace(&mut self.pace, Pace::Office);
        self.then(minutes, who, doing);
        self.pace = pace;
    }

    /// A text of the story, filled.
    fn text(&self, template: &str) -> Result<Text, TextRefused> {
        Text::new(&self.words.fill(template))
    }

    /// A phrase in the language of the story, filled.
    fn phrase(&mut self, phrases: &Phrases) -> Result<Text, TextRefused> {
        let phrase = *self.draw.one_of(phrases.of(self.story.language));
        self.text(phrase)
    }
}

fn one_of_team(team: TeamKey, draw: &mut Draw) -> Who {
    let members = u32::try_from(team.team().members.len()).unwrap_or(1);
    let index = draw.number(0..=members - 1);
    Who::Member(team, usize::try_from(index).unwrap_or_default())
}

/// A step that needs nothing else.
pub(super) fn doing(command: impl Into<Command>) -> Doing {
    Doing::Do(Box::new(command.into()))
}

/// A step of the kernel.
fn work(command: WorkCommand) -> Doing {
    doing(command)
}
