//! What every kind of configuration shares: loading it, and the steps of its
//! life cycle.

use std::sync::Arc;

use async_graphql::{Context, InputObject, Result};
use chrono::{DateTime, Utc};
use cqrs_es::Aggregate;
use domain::configuration::{Command, Configuration, Content};
use domain::text::Text;
use uuid::Uuid;

use crate::auth::policy::Action;
use crate::commands::execute;
use crate::desk::{Desk, Keeps};
use crate::error::{internal, of_store};
use crate::graphql::access::{Done, done};
use crate::graphql::ids::Kind;
use crate::graphql::input::{CommandInput, required, whole};
use crate::graphql::time::{Then, steps};
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
    /// before it, and at most two years ahead.
    pub(super) effective_from: Option<DateTime<Utc>>,
}

impl ConfigurationPublishInput {
    pub(super) fn effective_from(&self) -> DateTime<Utc> {
        self.effective_from.unwrap_or_else(crate::clock::now)
    }
}

/// What withdrawing a version takes.
#[derive(InputObject, Debug)]
pub(super) struct ConfigurationWithdrawInput {
    #[graphql(flatten)]
    pub(super) command: CommandInput,
    /// The version that is not to hold.
    version: i32,
    /// Why.
    reason: String,
}

impl ConfigurationWithdrawInput {
    pub(super) fn command<C>(&self) -> Result<Command<C>> {
        Ok(Command::Withdraw {
            version: whole(self.version, "version")?,
            reason: required(&self.reason, "reason", Text::new)?,
        })
    }
}

/// A configuration and the version of its stream.
pub(super) struct Known<C: Content> {
    pub(super) state: Arc<Configuration<C>>,
    pub(super) version: i64,
}

/// The desk's one configuration of a kind, now or then, for an actor who may
/// see it.
pub(super) async fn load<C: Content>(ctx: &Context<'_>, then: Option<&Then>) -> Result<Known<C>>
where
    Desk: Keeps<Configuration<C>>,
{
    authorised(ctx, Action::ReadConfiguration)?;
    let (desk, id) = (desk(ctx)?, Configuration::<C>::id());
    if let Some(then) = then {
        return load_then(desk, id, then).await;
    }
    let loaded = desk.store().load(id).await;
    let loaded = loaded.map_err(|error| of_store(&error))?;
    Ok(Known {
        state: loaded.state,
        version: loaded.version,
    })
}

async fn load_then<C: Content>(desk: &Desk, id: Uuid, then: &Then) -> Result<Known<C>> {
    let mut known = Known {
        state: Arc::default(),
        version: 0,
    };
    let Some(kind) = Kind::of_aggregate(C::TYPE) else {
        return Ok(known);
    };
    let state = Arc::make_mut(&mut known.state);
    for step in steps(desk, kind, id, Some(then)).await? {
        // The step has been decoded, and so has its content a shape that this
        // program knows.
        let event = serde_json::from_str(&step.recorded.payload);
        state.apply(event.map_err(|error| internal(&error))?);
        known.version = step.recorded.sequence;
    }
    Ok(known)
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
