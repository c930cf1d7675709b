//! What every kind of configuration shares: loading it, and the steps of its
//! life cycle.

use async_graphql::{Context, InputObject, Result};
use chrono::{DateTime, Utc};
use domain::configuration::{Command, Configuration, Content};
use event_store::Loaded;
use uuid::Uuid;

use crate::auth::policy::Action;
use crate::commands::execute;
use crate::desk::{Desk, Keeps};
use crate::error::of_store;
use crate::graphql::access::{Done, done};
use crate::graphql::input::CommandInput;
use crate::graphql::viewer::{authorised, desk};

/// What a step of the life cycle takes that needs nothing else.
#[derive(InputObject, Debug)]
pub(super) struct ConfigurationStepInput {
    #[graphql(flatten)]
    pub(super) command: CommandInput,
}

/// What publishing takes.
#[derive(InputObject, Debug)]
pub(super) struct ConfigurationPublishInput {
    #[graphql(flatten)]
    pub(super) command: CommandInput,
    /// From when the version holds, if not from now; later than the version
    /// before it.
    pub(super) effective_from: Option<DateTime<Utc>>,
}

impl ConfigurationPublishInput {
    pub(super) fn effective_from(&self) -> DateTime<Utc> {
        self.effective_from.unwrap_or_else(crate::clock::now)
    }
}

/// The desk's one configuration of a kind, for an actor who may see it.
pub(super) async fn load<C: Content>(ctx: &Context<'_>) -> Result<Loaded<Configuration<C>>>
where
    Desk: Keeps<Configuration<C>>,
{
    authorised(ctx, Action::ReadConfiguration)?;
    let id: Uuid = Configuration::<C>::id();
    desk(ctx)?
        .store()
        .load(id)
        .await
        .map_err(|error| of_store(&error))
}

/// Takes a step of the life cycle.
pub(super) async fn step<C: Content>(
    ctx: &Context<'_>,
    input: &CommandInput,
    command: Command<C>,
) -> Result<Done>
where
    Desk: Keeps<Configuration<C>>,
{
    let envelope = input.envelope(ctx, Action::Configure)?;
    let id = Configuration::<C>::id();
    let outcome = execute::<Configuration<C>>(desk(ctx)?, id, &command, &envelope).await;
    done(input, &envelope, outcome)
}
