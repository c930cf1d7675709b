//! How a mutation reaches its aggregate: one path for the kernel's commands,
//! whatever the practice, and one for the incident's own.

use async_graphql::{Context, ID, Result};
use domain::ids::{PersonId, TeamId, WorkItemId};
use domain::incident::{Command, Incident, IncidentAction};
use domain::work_item::{Assignee, LinkTarget, Relation, WorkAction, WorkCommand};
use uuid::Uuid;

use super::ids::{self, Kind};
use super::input::CommandInput;
use super::viewer::desk;
use crate::auth::policy::Action;
use crate::commands::{
    Assigning, CommandError, Connecting, Deciding, Decision, Envelope, Outcome, Unlinking,
    execute_decision, holder_of,
};
use crate::desk::{Desk, Keeps};
use crate::error::{at_field, code, of_command, of_store};

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
    let item = work_item_id(id, "id")?;
    run(desk(ctx)?, item, input, Deciding(command.into()), &envelope).await
}

/// Carries out a command of the incident's own.
pub(super) async fn run_incident(
    ctx: &Context<'_>,
    id: &ID,
    input: &CommandInput,
    command: &Command,
) -> Result<Done> {
    let envelope = input.envelope(ctx, Action::Incident(IncidentAction::from(command)))?;
    let item = ids::decode_as(Kind::Incident, id, "id")?;
    run(
        desk(ctx)?,
        item,
        input,
        Deciding(command.clone()),
        &envelope,
    )
    .await
}

/// Carries out a kernel command that rests on more than the item itself.
pub(super) async fn run_resting(
    ctx: &Context<'_>,
    id: &ID,
    input: &CommandInput,
    action: WorkAction,
    decision: impl Decision<Incident>,
) -> Result<Done> {
    let envelope = input.envelope(ctx, Action::Work(action))?;
    let item = work_item_id(id, "id")?;
    run(desk(ctx)?, item, input, decision, &envelope).await
}

/// Carries out what is decided about a work item.
pub(super) async fn run(
    desk: &Desk,
    item: Uuid,
    input: &CommandInput,
    decision: impl Decision<Incident>,
    envelope: &Envelope,
) -> Result<Done> {
    let outcome = execute_decision::<Incident>(desk, item, envelope, decision).await;
    done(input, envelope, outcome)
}

pub(super) fn done(
    input: &CommandInput,
    envelope: &Envelope,
    outcome: std::result::Result<Outcome, CommandError>,
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

/// Links an item with another one, or merges it into it.
pub(super) async fn run_connecting(
    ctx: &Context<'_>,
    (id, target): (&ID, &ID),
    input: &CommandInput,
    action: WorkAction,
    relation: Option<Relation>,
    command: impl Fn(LinkTarget) -> WorkCommand + Send + Sync,
) -> Result<Done> {
    let (item, other) = (work_item_id(id, "id")?, work_item_id(target, "targetId")?);
    let command = |target| command(target).into();
    let decision = Connecting::new(item, other, relation, command);
    run_resting(ctx, id, input, action, decision).await
}

/// Gives an item to a team, and perhaps to a person in it.
pub(super) async fn run_assigning(
    ctx: &Context<'_>,
    id: &ID,
    input: &CommandInput,
    action: WorkAction,
    to: (TeamId, Option<PersonId>),
    command: impl Fn(Assignee) -> WorkCommand + Send + Sync,
) -> Result<Done> {
    let decision = Assigning::new(to.0, to.1, |to| command(to).into());
    run_resting(ctx, id, input, action, decision).await
}

/// Ends a link between two items, at whichever of them it is held; the answer
/// is about the item that was named.
pub(super) async fn run_unlinking(
    ctx: &Context<'_>,
    (id, target): (&ID, &ID),
    input: &CommandInput,
    relation: Relation,
    outgoing: bool,
) -> Result<Done> {
    let envelope = input.envelope(ctx, Action::Work(WorkAction::Unlink))?;
    let (named, other) = (work_item_id(id, "id")?, work_item_id(target, "targetId")?);
    let desk = desk(ctx)?;
    let holder = if outgoing {
        let holder = holder_of(desk, named, relation, other).await;
        holder.map_err(|error| of_command(&error))?
    } else {
        other
    };
    let unlink = |target| WorkCommand::Unlink {
        relation,
        target: WorkItemId(target),
    };
    if holder == named {
        return run(
            desk,
            named,
            input,
            Deciding(unlink(other).into()),
            &envelope,
        )
        .await;
    }
    let decision = Unlinking {
        named: (named, envelope.expected_version),
        command: unlink(named).into(),
    };
    let envelope = Envelope {
        expected_version: None,
        ..envelope
    };
    let mut done = run(desk, holder, input, decision, &envelope).await?;
    let store: &event_store::AggregateStore<Incident> = desk.store();
    let named = store.load(named).await.map_err(|error| of_store(&error))?;
    done.outcome.id = named.id;
    done.outcome.version = named.version;
    Ok(done)
}

/// Who leads the team that has an item; none where no team has it, nobody
/// leads it, or there is no such item.
pub(super) async fn team_lead(ctx: &Context<'_>, id: &ID) -> Result<Option<PersonId>> {
    let desk = desk(ctx)?;
    let store: &event_store::AggregateStore<Incident> = desk.store();
    let item = work_item_id(id, "id")?;
    let loaded = store.load(item).await.map_err(|error| of_store(&error))?;
    let team = loaded.state.work().team.as_ref();
    let team = team.and_then(|team| desk.directory().team(team.id));
    Ok(team.and_then(|team| team.lead))
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
