//! What a new desk starts with, so that the first incident can be registered
//! on it: a priority matrix and a category tree, published by ordinary
//! commands. A desk that has its own is left alone.

use chrono::DateTime;
use domain::configuration::{CategoryTree, PriorityMatrix};
use domain::configuration::{Command, Configuration, Content};
use domain::{Actor, Channel, Role};
use uuid::Uuid;

use crate::commands::{CommandError, Envelope, execute};
use crate::desk::{Desk, Keeps};

/// The machine that drafts, and the one that reviews: the draft is part of
/// the product, and the desk that takes it over is the second pair of eyes.
const AUTHOR: &str = "docket:product";
const REVIEWER: &str = "docket:setup";

/// Publishes the initial configuration where none was ever published.
pub(crate) async fn publish_initial_configuration(desk: &Desk) -> Result<(), CommandError> {
    publish(desk, PriorityMatrix::initial()).await?;
    publish(desk, CategoryTree::initial()).await
}

async fn publish<C: Content>(desk: &Desk, content: C) -> Result<(), CommandError>
where
    Desk: Keeps<Configuration<C>>,
{
    let id: Uuid = Configuration::<C>::id();
    let loaded = desk.store().load(id).await?;
    if loaded.state.versions().latest().is_some() || loaded.state.draft().is_some() {
        return Ok(());
    }
    let steps = [
        (AUTHOR, "draft", Command::SaveDraft(content)),
        (REVIEWER, "review", Command::PassReview),
        (
            REVIEWER,
            "publish",
            Command::Publish {
                effective_from: DateTime::UNIX_EPOCH,
            },
        ),
    ];
    for (actor, step, command) in steps {
        let envelope = Envelope::new(machine(actor)?, Channel::Process, crate::clock::now())
            .named(&format!("setup:{}:{step}", C::TYPE));
        execute::<Configuration<C>>(desk, id, &command, &envelope).await?;
    }
    Ok(())
}

/// A machine of the desk's own, acting as an administrator.
fn machine(name: &str) -> Result<Actor, CommandError> {
    Ok(Actor {
        id: domain::ids::PersonId::new(name).map_err(|refused| CommandError::refused(&refused))?,
        role: Role::Administrator,
        teams: Vec::new(),
    })
}
