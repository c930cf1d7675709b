//! What is said about an item, and who follows it.

use async_graphql::{Context, ID, InputObject, Object, Result};
use domain::ids::PersonId;
use domain::text::Text;
use domain::work_item::WorkCommand;

use crate::graphql::access::{run_work, team_lead};
use crate::graphql::enums::{ContactChannel, Visibility};
use crate::graphql::input::{CommandInput, all, optional, required};
use crate::graphql::work_item::WorkItemPayload;

/// What `workItemComment` takes.
#[derive(InputObject, Debug)]
pub(crate) struct WorkItemCommentInput {
    #[graphql(flatten)]
    command: CommandInput,
    /// The work item.
    id: ID,
    /// Who may read it.
    visibility: Visibility,
    /// What, at most 65,536 characters.
    text: String,
}

/// What `workItemNotifyStage` takes.
#[derive(InputObject, Debug)]
pub(crate) struct WorkItemNotifyStageInput {
    #[graphql(flatten)]
    command: CommandInput,
    /// The work item.
    id: ID,
    /// Whom.
    recipients: Vec<String>,
    /// What.
    text: String,
}

/// What `workItemRecordContact` takes.
#[derive(InputObject, Debug)]
pub(crate) struct WorkItemRecordContactInput {
    #[graphql(flatten)]
    command: CommandInput,
    /// The work item.
    id: ID,
    /// How.
    contact_channel: ContactChannel,
    /// What was said.
    text: String,
}

/// What `workItemUrge` takes.
#[derive(InputObject, Debug)]
pub(crate) struct WorkItemUrgeInput {
    #[graphql(flatten)]
    command: CommandInput,
    /// The work item.
    id: ID,
    /// What to say with it.
    text: Option<String>,
}

/// What `workItemAddWatcher` takes.
#[derive(InputObject, Debug)]
pub(crate) struct WorkItemAddWatcherInput {
    #[graphql(flatten)]
    command: CommandInput,
    /// The work item.
    id: ID,
    /// Who.
    person: String,
}

/// What `workItemRemoveWatcher` takes.
#[derive(InputObject, Debug)]
pub(crate) struct WorkItemRemoveWatcherInput {
    #[graphql(flatten)]
    command: CommandInput,
    /// The work item.
    id: ID,
    /// Who.
    person: String,
}

/// Mutations on what is said and who follows.
#[derive(Default)]
pub(crate) struct ConversationMutations;

#[Object]
impl ConversationMutations {
    /// 留言: says something, to everybody (`PUBLIC`) or among those who work at the desk (`INTERNAL`).
    #[graphql(name = "workItemComment")]
    async fn comment(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What the command says.")] input: WorkItemCommentInput,
    ) -> Result<WorkItemPayload> {
        let text = required(&input.text, "text", Text::new)?;
        let command = WorkCommand::Comment {
            visibility: input.visibility.into(),
            text,
        };
        run_work(ctx, &input.id, &input.command, command)
            .await
            .map(WorkItemPayload::from)
    }

    /// 阶段通知: tells chosen people how far things are; any number of times.
    #[graphql(name = "workItemNotifyStage")]
    async fn notify_stage(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What the command says.")] input: WorkItemNotifyStageInput,
    ) -> Result<WorkItemPayload> {
        let recipients = all(&input.recipients, "recipients", PersonId::new)?;
        let text = required(&input.text, "text", Text::new)?;
        let command = WorkCommand::NotifyStage { recipients, text };
        run_work(ctx, &input.id, &input.command, command)
            .await
            .map(WorkItemPayload::from)
    }

    /// 联系用户: writes down that the requester was spoken to.
    #[graphql(name = "workItemRecordContact")]
    async fn record_contact(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What the command says.")] input: WorkItemRecordContactInput,
    ) -> Result<WorkItemPayload> {
        let text = required(&input.text, "text", Text::new)?;
        let command = WorkCommand::RecordContact {
            contact_channel: input.contact_channel.into(),
            text,
        };
        run_work(ctx, &input.id, &input.command, command)
            .await
            .map(WorkItemPayload::from)
    }

    /// 催办: presses for progress. Urges are counted, and the person who has the item and the lead of the team find them among their notices.
    #[graphql(name = "workItemUrge")]
    async fn urge(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What the command says.")] input: WorkItemUrgeInput,
    ) -> Result<WorkItemPayload> {
        let text = optional(input.text.as_deref(), "text", Text::new)?;
        let lead = team_lead(ctx, &input.id).await?;
        let command = WorkCommand::Urge { text, lead };
        run_work(ctx, &input.id, &input.command, command)
            .await
            .map(WorkItemPayload::from)
    }

    /// 关注: lets somebody follow the item.
    #[graphql(name = "workItemAddWatcher")]
    async fn add_watcher(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What the command says.")] input: WorkItemAddWatcherInput,
    ) -> Result<WorkItemPayload> {
        let person = required(&input.person, "person", PersonId::new)?;
        let command = WorkCommand::AddWatcher { person };
        run_work(ctx, &input.id, &input.command, command)
            .await
            .map(WorkItemPayload::from)
    }

    /// 取消关注.
    #[graphql(name = "workItemRemoveWatcher")]
    async fn remove_watcher(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What the command says.")] input: WorkItemRemoveWatcherInput,
    ) -> Result<WorkItemPayload> {
        let person = required(&input.person, "person", PersonId::new)?;
        let command = WorkCommand::RemoveWatcher { person };
        run_work(ctx, &input.id, &input.command, command)
            .await
            .map(WorkItemPayload::from)
    }
}
