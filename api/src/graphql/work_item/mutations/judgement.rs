//! What an item is and how important: classification and priority.

use async_graphql::{Context, ID, InputObject, Object, Result};
use domain::ids::CategoryCode;
use domain::text::Text;
use domain::work_item::WorkCommand;

use crate::graphql::access::run_work;
use crate::graphql::enums::{Impact, Priority, Urgency};
use crate::graphql::input::{CommandInput, required};
use crate::graphql::work_item::WorkItemPayload;

/// What `workItemClassify` takes.
#[derive(InputObject, Debug)]
pub(crate) struct WorkItemClassifyInput {
    #[graphql(flatten)]
    command: CommandInput,
    /// The work item.
    id: ID,
    /// The category's code.
    category: String,
}

/// What `workItemPrioritise` takes.
#[derive(InputObject, Debug)]
pub(crate) struct WorkItemPrioritiseInput {
    #[graphql(flatten)]
    command: CommandInput,
    /// The work item.
    id: ID,
    /// How much of the business is affected.
    impact: Impact,
    /// How soon a solution is needed.
    urgency: Urgency,
}

/// What `workItemOverridePriority` takes.
#[derive(InputObject, Debug)]
pub(crate) struct WorkItemOverridePriorityInput {
    #[graphql(flatten)]
    command: CommandInput,
    /// The work item.
    id: ID,
    /// The priority wanted.
    priority: Priority,
    /// Why.
    reason: String,
}

/// Mutations on classification and priority.
#[derive(Default)]
pub(crate) struct JudgementMutations;

#[Object]
impl JudgementMutations {
    /// 分类: files the item under a category of the tree that holds at the effective time.
    #[graphql(name = "workItemClassify")]
    async fn classify(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What the command says.")] input: WorkItemClassifyInput,
    ) -> Result<WorkItemPayload> {
        let category = required(&input.category, "category", CategoryCode::new)?;
        let command = WorkCommand::Classify { category };
        run_work(ctx, &input.id, &input.command, command)
            .await
            .map(WorkItemPayload::from)
    }

    /// 定级: judges impact and urgency; the priority follows from the matrix that holds at the effective time.
    #[graphql(name = "workItemPrioritise")]
    async fn prioritise(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What the command says.")] input: WorkItemPrioritiseInput,
    ) -> Result<WorkItemPayload> {
        let command = WorkCommand::Prioritise {
            impact: input.impact.into(),
            urgency: input.urgency.into(),
        };
        run_work(ctx, &input.id, &input.command, command)
            .await
            .map(WorkItemPayload::from)
    }

    /// 调整优先级: overrules the matrix, with a reason.
    #[graphql(name = "workItemOverridePriority")]
    async fn override_priority(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What the command says.")] input: WorkItemOverridePriorityInput,
    ) -> Result<WorkItemPayload> {
        let reason = required(&input.reason, "reason", Text::new)?;
        let command = WorkCommand::OverridePriority {
            priority: input.priority.into(),
            reason,
        };
        run_work(ctx, &input.id, &input.command, command)
            .await
            .map(WorkItemPayload::from)
    }
}
