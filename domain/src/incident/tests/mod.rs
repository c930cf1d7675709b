//! What an incident does and refuses, as given, when and then. The fixed
//! people, teams and items are those of `fixtures`.

mod actions;
mod dice;
mod onlooker;
mod properties;
mod refusals;
mod requirements;
mod steps;
mod stored;
mod transitions;

use cqrs_es::Aggregate;
use cqrs_es::test::{AggregateResultValidator, TestFramework};

use super::{Command, Event, Incident};
use crate::Context;

/// After these events, somebody gives a command.
fn when(
    given: Vec<Event>,
    context: Context,
    command: impl Into<Command>,
) -> AggregateResultValidator<Incident> {
    TestFramework::with(context)
        .given(given)
        .when(command.into())
}

/// The incident after these events.
fn after(events: Vec<Event>) -> Incident {
    let mut incident = Incident::default();
    for event in events {
        incident.apply(event);
    }
    incident
}
