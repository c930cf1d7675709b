//! Who works on an item: assigning, accepting, returning, forwarding, escalating.

use async_graphql::{Context, ID, InputObject, Object, Result};
use domain::ids::PersonId;
use domain::text::{Line, Text};
use domain::work_item::{ForwardTo, WorkAction, WorkCommand};

use crate::auth::policy::Action;
use crate::error::{at_field, code};
use crate::graphql::access::{run_assigning, run_work};
use crate::graphql::input::{CommandInput, optional, required, whole};
use crate::graphql::organisation::assignee;
use crate::graphql::viewer::authorised;
use crate::graphql::work_item::WorkItemPayload;

/// What `workItemAssign` takes.
#[derive(InputObject, Debug)]
pub(crate) struct WorkItemAssignInput {
    #[graphql(flatten)]
    command: CommandInput,
    /// The work item.
    id: ID,
    /// The team.
    team_id: ID,
    /// The person in it.
    person: Option<String>,
}

/// What `workItemAccept` takes.
#[derive(InputObject, Debug)]
pub(crate) struct WorkItemAcceptInput {
    #[graphql(flatten)]
    command: CommandInput,
    /// The work item.
    id: ID,
}

/// What `workItemReturn` takes.
#[derive(InputObject, Debug)]
pub(crate) struct WorkItemReturnInput {
    #[graphql(flatten)]
    command: CommandInput,
    /// The work item.
    id: ID,
    /// Why.
    reason: String,
}

/// What `workItemForward` takes.
#[derive(InputObject, Debug)]
pub(crate) struct WorkItemForwardInput {
    #[graphql(flatten)]
    command: CommandInput,
    /// The work item.
    id: ID,
    /// The peer team.
    team_id: Option<ID>,
    /// The person in it.
    person: Option<String>,
    /// The other organisation's platform.
    platform: Option<String>,
    /// The item's number on that platform.
    reference: Option<String>,
    /// Why.
    reason: Option<String>,
}

/// What `workItemEscalateFunctionally` takes.
#[derive(InputObject, Debug)]
pub(crate) struct WorkItemEscalateFunctionallyInput {
    #[graphql(flatten)]
    command: CommandInput,
    /// The work item.
    id: ID,
    /// The team of that line.
    team_id: ID,
    /// The person in it.
    person: Option<String>,
    /// Why.
    reason: String,
}

/// What `workItemEscalateHierarchically` takes.
#[derive(InputObject, Debug)]
pub(crate) struct WorkItemEscalateHierarchicallyInput {
    #[graphql(flatten)]
    command: CommandInput,
    /// The work item.
    id: ID,
    /// The level, above the one reached so far; the first is 1.
    level: i32,
    /// Who is told.
    person: Option<String>,
    /// Why.
    reason: String,
}

/// Mutations on who works on an item.
#[derive(Default)]
pub(crate) struct AssignmentMutations;

#[Object]
impl AssignmentMutations {
    /// 分派: gives the item to a team, and perhaps to a person in it.
    #[graphql(name = "workItemAssign")]
    async fn assign(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What the command says.")] input: WorkItemAssignInput,
    ) -> Result<WorkItemPayload> {
        let to = assignee(&input.team_id, input.person.as_deref())?;
        let (id, command) = (&input.id, &input.command);
        run_assigning(ctx, id, command, WorkAction::Assign, to, |to| {
            WorkCommand::Assign { to }
        })
        .await
        .map(WorkItemPayload::from)
    }

    /// 确认: the assigned team takes the item on; whoever accepts works on it.
    #[graphql(name = "workItemAccept")]
    async fn accept(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What the command says.")] input: WorkItemAcceptInput,
    ) -> Result<WorkItemPayload> {
        let command = WorkCommand::Accept;
        run_work(ctx, &input.id, &input.command, command)
            .await
            .map(WorkItemPayload::from)
    }

    /// 退回: the assigned team sends the item back to where it came from, with a
    /// reason; to the dispatcher where no team had it or that team works no longer.
    #[graphql(name = "workItemReturn")]
    async fn give_back(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What the command says.")] input: WorkItemReturnInput,
    ) -> Result<WorkItemPayload> {
        let reason = required(&input.reason, "reason", Text::new)?;
        let command = WorkCommand::Return { reason };
        run_work(ctx, &input.id, &input.command, command)
            .await
            .map(WorkItemPayload::from)
    }

    /// 转发: hands the item to a peer team (`teamId`), or to another organisation's platform (`platform` and `reference`).
    #[graphql(name = "workItemForward")]
    async fn forward(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What the command says.")] input: WorkItemForwardInput,
    ) -> Result<WorkItemPayload> {
        authorised(ctx, Action::Work(WorkAction::Forward))?;
        let reason = optional(input.reason.as_deref(), "reason", Text::new)?;
        let (id, command) = (&input.id, &input.command);
        let done = match (&input.team_id, &input.platform, &input.reference) {
            (Some(team), None, None) => {
                let to = assignee(team, input.person.as_deref())?;
                run_assigning(ctx, id, command, WorkAction::Forward, to, |to| {
                    WorkCommand::Forward {
                        to: ForwardTo::Team(to),
                        reason: reason.clone(),
                    }
                })
                .await?
            }
            (None, Some(platform), Some(reference)) => {
                let to = ForwardTo::Platform {
                    platform: required(platform, "platform", Line::new)?,
                    reference: required(reference, "reference", Line::new)?,
                };
                run_work(ctx, id, command, WorkCommand::Forward { to, reason }).await?
            }
            _ => {
                return Err(at_field(
                    code::INPUT_INVALID,
                    "an item is forwarded either to a team or to a platform with a reference",
                    "teamId",
                ));
            }
        };
        Ok(WorkItemPayload::from(done))
    }

    /// 职能升级: asks a team of a deeper support line.
    #[graphql(name = "workItemEscalateFunctionally")]
    async fn escalate_functionally(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What the command says.")] input: WorkItemEscalateFunctionallyInput,
    ) -> Result<WorkItemPayload> {
        let to = assignee(&input.team_id, input.person.as_deref())?;
        let reason = required(&input.reason, "reason", Text::new)?;
        let (id, command) = (&input.id, &input.command);
        run_assigning(
            ctx,
            id,
            command,
            WorkAction::EscalateFunctionally,
            to,
            |to| WorkCommand::EscalateFunctionally {
                to,
                reason: reason.clone(),
            },
        )
        .await
        .map(WorkItemPayload::from)
    }

    /// 管理升级: tells management.
    #[graphql(name = "workItemEscalateHierarchically")]
    async fn escalate_hierarchically(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What the command says.")] input: WorkItemEscalateHierarchicallyInput,
    ) -> Result<WorkItemPayload> {
        let person = optional(input.person.as_deref(), "person", PersonId::new)?;
        let reason = required(&input.reason, "reason", Text::new)?;
        let command = WorkCommand::EscalateHierarchically {
            level: whole(input.level, "level")?,
            person,
            reason,
        };
        run_work(ctx, &input.id, &input.command, command)
            .await
            .map(WorkItemPayload::from)
    }
}
