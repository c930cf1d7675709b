//! How a mutation reaches its aggregate: one path for the kernel's commands,
//! whatever the practice, and one for the incident's own.

use async_graphql::{Context, ID, Result};
use domain::incident::{Command, Incident, IncidentAction};
use domain::work_item::{LinkTarget, WorkAction, WorkCommand};
use uuid::Uuid;

use super::ids::{self, Kind};
use super::input::CommandInput;
use super::viewer::desk;
use crate::auth::policy::Action;
use crate::commands::{Envelope, Outcome, execute};
use crate::desk::{Desk, Keeps};
use crate::error::{at_field, code, internal, of_command, of_store};

/// What a mutation did, for its payload.
#[derive(Debug, Clone)]
pub(super) struct Done {
    pub(super) client_mutation_id: Option<String>,
    pub(super) command_id: Uuid,
    pub(super) outcome: Outcome,
}

/// Carries out a kernel command on a work item of any practice.
pub(super) async fn run_work(
    ctx: &Context<'_>,
    id: &ID,
    input: &CommandInput,
    command: WorkCommand,
) -> Result<Done> {
    let envelope = input.envelope(ctx, Action::Work(WorkAction::from(&command)))?;
    run_work_with(desk(ctx)?, id, input, command, &envelope).await
}

/// The same with an envelope that is there already: for bulk forms.
pub(super) async fn run_work_with(
    desk: &Desk,
    id: &ID,
    input: &CommandInput,
    command: WorkCommand,
    envelope: &Envelope,
) -> Result<Done> {
    let item = work_item_id(id, "id")?;
    let outcome = execute::<Incident>(desk, item, &command.into(), envelope).await;
    done(input, envelope, outcome)
}

/// Carries out a command of the incident's own.
pub(super) async fn run_incident(
    ctx: &Context<'_>,
    id: &ID,
    input: &CommandInput,
    command: &Command,
) -> Result<Done> {
    let envelope = input.envelope(ctx, Action::Incident(IncidentAction::from(command)))?;
    run_incident_with(desk(ctx)?, id, input, command, &envelope).await
}

/// The same with an envelope that is there already: for bulk forms.
pub(super) async fn run_incident_with(
    desk: &Desk,
    id: &ID,
    input: &CommandInput,
    command: &Command,
    envelope: &Envelope,
) -> Result<Done> {
    let item = ids::decode_as(Kind::Incident, id, "id")?;
    let outcome = execute::<Incident>(desk, item, command, envelope).await;
    done(input, envelope, outcome)
}

pub(super) fn done(
    input: &CommandInput,
    envelope: &Envelope,
    outcome: std::result::Result<Outcome, crate::commands::CommandError>,
) -> Result<Done> {
    Ok(Done {
        client_mutation_id: input.client_mutation_id.clone(),
        command_id: envelope.command_id,
        outcome: outcome.map_err(|error| of_command(&error))?,
    })
}

/// The identity in the global id of a work item. Incidents are the first
/// practice; each further one adds its kind here.
pub(super) fn work_item_id(id: &str, field: &str) -> Result<Uuid> {
    match ids::decode(id, field)? {
        (Kind::Incident, id) => Ok(id),
        (kind, _) => Err(at_field(
            code::ID_INVALID,
            format!(
                "{field} must be the id of a work item, not of a {}",
                kind.as_ref()
            ),
            field,
        )),
    }
}

/// The other end of a link, with the facts that deciding about it needs.
pub(super) async fn link_target(ctx: &Context<'_>, id: &ID, target: &ID) -> Result<LinkTarget> {
    let desk = desk(ctx)?;
    let item = work_item_id(id, "id")?;
    let target = work_item_id(target, "targetId")?;
    let store: &event_store::AggregateStore<Incident> = desk.store();
    let loaded = store.load(target).await.map_err(|error| of_store(&error))?;
    if !loaded.state.exists() {
        return Err(at_field(
            code::NOT_FOUND,
            "there is no such work item",
            "targetId",
        ));
    }
    let is_ancestor = desk
        .read()
        .work_item_link()
        .is_ancestor(item, target)
        .await
        .map_err(|error| internal(&error))?;
    Ok(LinkTarget {
        id: domain::ids::WorkItemId(target),
        number: loaded.state.work().number.clone(),
        is_ancestor,
        is_open: loaded.state.is_open(),
    })
}

/// The mutations that an actor could send about an incident now, by name.
pub(super) fn available_actions(incident: &Incident, context: &domain::Context) -> Vec<String> {
    let role = context.actor.role;
    let work = incident
        .available_work_actions(context)
        .into_iter()
        .map(Action::Work);
    let own = incident
        .available_actions(context)
        .into_iter()
        .map(Action::Incident);
    work.chain(own)
        .filter(|action| crate::auth::policy::permits(role, *action))
        .map(Action::name)
        .collect()
}
