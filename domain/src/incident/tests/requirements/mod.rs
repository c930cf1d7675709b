//! The requirements that an incident meets by itself, each by its number.

mod answers;
mod desk;
mod handling;
mod intake;
mod merging;
mod order;

use super::when;
use crate::Decider;
use crate::context::Context;
use crate::fixtures::{farewell, line, other, register, text};
use crate::incident::{Command, Error, Event, Incident};
use crate::work_item::{Intake, Visibility, WorkCommand};

/// An incident that people work on one after the other.
struct Journey {
    incident: Incident,
    events: Vec<Event>,
}

impl Journey {
    fn begun(intake: Intake, by: &Context) -> Self {
        let journey = Self {
            incident: Incident::default(),
            events: Vec::new(),
        };
        journey.then(by, register(intake))
    }

    fn then(mut self, by: &Context, command: impl Into<Command>) -> Self {
        for event in self.incident.decide(&command.into(), by).unwrap() {
            self.incident.apply_at(event.clone(), by.effective_at);
            self.events.push(event);
        }
        self
    }

    fn refuses(&self, by: &Context, command: impl Into<Command>, error: impl Into<Error>) {
        let refused = self.incident.decide(&command.into(), by);
        assert_eq!(refused, Err(error.into()));
    }

    fn names(&self) -> Vec<&str> {
        self.events.iter().map(Event::name).collect()
    }
}

fn events(given: Vec<Event>, by: Context, command: impl Into<Command>) -> Vec<Event> {
    when(given, by, command).inspect_result().unwrap()
}

fn comment(visibility: Visibility, words: &str) -> WorkCommand {
    WorkCommand::Comment {
        visibility,
        text: text(words),
    }
}

fn resolve() -> Command {
    Command::Resolve {
        code: line("Fixed"),
        cause: Some(text("An expired certificate")),
        solution: text("Renewed it"),
        knowledge: None,
    }
}

fn close(no_feedback_reason: Option<&str>) -> Command {
    Command::Close {
        no_feedback_reason: no_feedback_reason.map(text),
    }
}

fn cancel() -> Command {
    Command::Cancel {
        reason: text("A mistake"),
        farewell: farewell(),
    }
}

fn merge() -> WorkCommand {
    WorkCommand::MergeInto {
        target: other(),
        reason: text("The same"),
        farewell: farewell(),
    }
}
