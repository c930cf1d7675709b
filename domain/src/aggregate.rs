//! What every aggregate of the desk has beyond the cqrs-es vocabulary.

use chrono::{DateTime, Utc};
use cqrs_es::Aggregate;

use crate::{Actor, Context};

/// An aggregate whose decisions are pure: the state, a command and a context
/// give either the events that follow or the rule that forbids them.
pub trait Decider: Aggregate<Services = Context, Error: Refusal> + Clone {
    /// Decides what follows from a command. Never changes the state: the
    /// events do, through [`Aggregate::apply`].
    fn decide(
        &self,
        command: &Self::Command,
        context: &Context,
    ) -> Result<Vec<Self::Event>, Self::Error>;

    /// Whether an actor may know of the aggregate at all. This is asked before
    /// anything else is looked at, and the refusal is that of an aggregate that
    /// does not exist: nobody learns by trying that it does.
    fn admits(&self, _: &Actor) -> Result<(), Self::Error> {
        Ok(())
    }

    /// Takes an event in with the time at which it was so in the world, for an
    /// aggregate whose decisions depend on when its steps were taken.
    fn apply_at(&mut self, event: Self::Event, effective_at: DateTime<Utc>) {
        let _ = effective_at;
        self.apply(event);
    }

    /// When the last of the steps was taken that others rest on. A command
    /// that names no time of its own is not taken before it, whatever the
    /// clocks of several services say.
    fn last_step_at(&self) -> Option<DateTime<Utc>> {
        None
    }
}

/// A rule that forbids a command. Its display is written for the person who
/// gave the command; its code is stable and meant for programs.
pub trait Refusal: std::error::Error + PartialEq + Send + Sync + 'static {
    /// The stable code, such as `INCIDENT_REVIEW_MISSING`.
    fn code(&self) -> String;

    /// What else the refusal says, by name, for programs.
    fn facts(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    /// The input field at fault, where one is.
    fn field(&self) -> Option<&'static str> {
        None
    }
}
