//! What is put on record about an item: effort, the organisation's own fields, corrections, the archive.

use async_graphql::{Context, ID, InputObject, Object, Result};
use domain::text::{Line, Text};
use domain::work_item::WorkCommand;

use crate::graphql::access::run_work;
use crate::graphql::enums::DetailField;
use crate::graphql::input::{CommandInput, optional, required, whole};
use crate::graphql::work_item::WorkItemPayload;

/// What `workItemLogEffort` takes.
#[derive(InputObject, Debug)]
pub(crate) struct WorkItemLogEffortInput {
    #[graphql(flatten)]
    command: CommandInput,
    /// The work item.
    id: ID,
    /// How much, 1 to 1440.
    minutes: i32,
    /// What for.
    text: Option<String>,
}

/// What `workItemSetCustomField` takes.
#[derive(InputObject, Debug)]
pub(crate) struct WorkItemSetCustomFieldInput {
    #[graphql(flatten)]
    command: CommandInput,
    /// The work item.
    id: ID,
    /// The field.
    name: String,
    /// Its value; null empties it.
    value: Option<String>,
}

/// What `workItemCorrectDetails` takes.
#[derive(InputObject, Debug)]
pub(crate) struct WorkItemCorrectDetailsInput {
    #[graphql(flatten)]
    command: CommandInput,
    /// The work item.
    id: ID,
    /// Which detail.
    field: DetailField,
    /// What it should say; null empties it where it may be empty.
    to: Option<String>,
    /// Why.
    reason: String,
}

/// What `workItemArchive` takes.
#[derive(InputObject, Debug)]
pub(crate) struct WorkItemArchiveInput {
    #[graphql(flatten)]
    command: CommandInput,
    /// The work item.
    id: ID,
}

/// Mutations on what is put on record.
#[derive(Default)]
pub(crate) struct RecordMutations;

#[Object]
impl RecordMutations {
    /// 工时: writes down time spent.
    #[graphql(name = "workItemLogEffort")]
    async fn log_effort(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What the command says.")] input: WorkItemLogEffortInput,
    ) -> Result<WorkItemPayload> {
        let text = optional(input.text.as_deref(), "text", Text::new)?;
        let command = WorkCommand::LogEffort {
            minutes: whole(input.minutes, "minutes")?,
            text,
        };
        run_work(ctx, &input.id, &input.command, command)
            .await
            .map(WorkItemPayload::from)
    }

    /// 自定义字段: fills or empties a field of the organisation's own.
    #[graphql(name = "workItemSetCustomField")]
    async fn set_custom_field(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What the command says.")] input: WorkItemSetCustomFieldInput,
    ) -> Result<WorkItemPayload> {
        let name = required(&input.name, "name", Line::new)?;
        let value = optional(input.value.as_deref(), "value", Text::new)?;
        let command = WorkCommand::SetCustomField { name, value };
        run_work(ctx, &input.id, &input.command, command)
            .await
            .map(WorkItemPayload::from)
    }

    /// 更正: puts a wrong detail right, with a reason.
    #[graphql(name = "workItemCorrectDetails")]
    async fn correct_details(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What the command says.")] input: WorkItemCorrectDetailsInput,
    ) -> Result<WorkItemPayload> {
        let to = optional(input.to.as_deref(), "to", Text::new)?;
        let reason = required(&input.reason, "reason", Text::new)?;
        let command = WorkCommand::CorrectDetails {
            field: input.field.into(),
            to,
            reason,
        };
        run_work(ctx, &input.id, &input.command, command)
            .await
            .map(WorkItemPayload::from)
    }

    /// 归档: makes a closed, cancelled or merged item read-only for good.
    #[graphql(name = "workItemArchive")]
    async fn archive(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What the command says.")] input: WorkItemArchiveInput,
    ) -> Result<WorkItemPayload> {
        let command = WorkCommand::Archive;
        run_work(ctx, &input.id, &input.command, command)
            .await
            .map(WorkItemPayload::from)
    }
}
