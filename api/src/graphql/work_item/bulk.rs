//! Bulk forms: one command for many items, each decided by itself and with a
//! result of its own. Nothing is rolled back where some are refused.

use async_graphql::{Context, Error, ID, InputObject, Object, Result, SimpleObject};
use domain::ids::{CategoryCode, DESK_NAMESPACE};
use domain::incident::{Command, IncidentAction};
use domain::text::{Line, Text};
use domain::work_item::{WorkAction, WorkCommand};
use futures_util::stream::{self, StreamExt};
use uuid::Uuid;

use super::WorkItem;
use crate::auth::policy::Action;
use crate::commands::Envelope;
use crate::error::{at_field, code};
use crate::graphql::access::{Done, run_incident_with, run_work_with};
use crate::graphql::enums::{Impact, Urgency, Visibility};
use crate::graphql::incident::Incident;
use crate::graphql::input::{CommandInput, optional, required};
use crate::graphql::organisation::assignee;
use crate::graphql::scalars::Long;
use crate::graphql::viewer::desk;

/// The most items that one bulk command takes.
const MAX_ITEMS: usize = 500;

/// How many of them are carried out at once.
const CONCURRENT: usize = 32;

/// What became of one item of a bulk command.
pub(crate) struct BulkResult {
    id: ID,
    done: Result<Done>,
}

/// What became of one item of a bulk command.
#[Object]
impl BulkResult {
    /// The item, as it was named.
    async fn id(&self) -> &ID {
        &self.id
    }

    /// The position of the command's last event; null if it was refused.
    async fn position(&self) -> Option<Long> {
        self.done
            .as_ref()
            .ok()
            .map(|done| Long(done.outcome.position))
    }

    /// Why it was refused; null if it was not.
    async fn error(&self) -> Option<BulkError> {
        self.done.as_ref().err().map(BulkError::of)
    }

    /// The item after the command; null if it was refused.
    async fn work_item(&self, ctx: &Context<'_>) -> Result<Option<WorkItem>> {
        let Ok(done) = &self.done else {
            return Ok(None);
        };
        let incident = Incident::after(ctx, done.outcome.id, done.outcome.position).await?;
        Ok(Some(WorkItem::Incident(Box::new(incident))))
    }
}

/// Why a bulk command was refused for one item.
#[derive(SimpleObject)]
pub(crate) struct BulkError {
    /// The stable code.
    code: String,
    /// The reason in words.
    message: String,
    /// The input field at fault, where there is one.
    field: Option<String>,
}

impl BulkError {
    fn of(error: &Error) -> Self {
        let text = |name: &str| match error.extensions.as_ref().and_then(|all| all.get(name)) {
            Some(async_graphql::Value::String(text)) => Some(text.clone()),
            _ => None,
        };
        Self {
            code: text("code").unwrap_or_else(|| code::INTERNAL.to_owned()),
            message: error.message.clone(),
            field: text("field"),
        }
    }
}

/// What a bulk mutation did.
#[derive(SimpleObject)]
pub(crate) struct BulkPayload {
    /// What the input said.
    client_mutation_id: Option<String>,
    /// The bulk command's id; each item's command derives its own from it.
    command_id: Uuid,
    /// One result an item, in the order of the input.
    results: Vec<BulkResult>,
}

/// What `workItemBulkAssign` takes.
#[derive(InputObject, Debug)]
pub(crate) struct WorkItemBulkAssignInput {
    #[graphql(flatten)]
    command: CommandInput,
    /// The items, at most 500.
    ids: Vec<ID>,
    /// The team.
    team_id: ID,
    /// The person in it.
    person: Option<String>,
}

/// What `workItemBulkComment` takes.
#[derive(InputObject, Debug)]
pub(crate) struct WorkItemBulkCommentInput {
    #[graphql(flatten)]
    command: CommandInput,
    /// The items, at most 500.
    ids: Vec<ID>,
    /// Who may read it.
    visibility: Visibility,
    /// What.
    text: String,
}

/// What `workItemBulkClassify` takes.
#[derive(InputObject, Debug)]
pub(crate) struct WorkItemBulkClassifyInput {
    #[graphql(flatten)]
    command: CommandInput,
    /// The items, at most 500.
    ids: Vec<ID>,
    /// The category's code.
    category: String,
}

/// What `workItemBulkPrioritise` takes.
#[derive(InputObject, Debug)]
pub(crate) struct WorkItemBulkPrioritiseInput {
    #[graphql(flatten)]
    command: CommandInput,
    /// The items, at most 500.
    ids: Vec<ID>,
    /// How much of the business is affected.
    impact: Impact,
    /// How soon a solution is needed.
    urgency: Urgency,
}

/// What bulk mutations take that need nothing but the items.
#[derive(InputObject, Debug)]
pub(crate) struct WorkItemBulkInput {
    #[graphql(flatten)]
    command: CommandInput,
    /// The items, at most 500.
    ids: Vec<ID>,
}

/// What `incidentBulkResolve` takes.
#[derive(InputObject, Debug)]
pub(crate) struct IncidentBulkResolveInput {
    #[graphql(flatten)]
    command: CommandInput,
    /// The incidents, at most 500.
    ids: Vec<ID>,
    /// How they ended.
    code: String,
    /// What caused them.
    cause: Option<String>,
    /// What ended them; the requesters read this.
    solution: String,
}

/// What `incidentBulkClose` takes.
#[derive(InputObject, Debug)]
pub(crate) struct IncidentBulkCloseInput {
    #[graphql(flatten)]
    command: CommandInput,
    /// The incidents, at most 500.
    ids: Vec<ID>,
    /// Why the requesters have heard nothing, where that is so.
    no_feedback_reason: Option<String>,
}

/// What `incidentBulkCancel` takes.
#[derive(InputObject, Debug)]
pub(crate) struct IncidentBulkCancelInput {
    #[graphql(flatten)]
    command: CommandInput,
    /// The incidents, at most 500.
    ids: Vec<ID>,
    /// Why.
    reason: String,
}

/// Bulk forms of the mutations.
#[derive(Default)]
pub(crate) struct BulkMutations;

#[Object]
impl BulkMutations {
    /// 批量分派: gives many items to a team.
    async fn work_item_bulk_assign(
        &self,
        ctx: &Context<'_>,
        input: WorkItemBulkAssignInput,
    ) -> Result<BulkPayload> {
        let to = assignee(ctx, &input.team_id, input.person.as_deref())?;
        bulk_work(ctx, input.command, input.ids, WorkCommand::Assign { to }).await
    }

    /// 批量留言: says something about many items.
    async fn work_item_bulk_comment(
        &self,
        ctx: &Context<'_>,
        input: WorkItemBulkCommentInput,
    ) -> Result<BulkPayload> {
        let text = required(&input.text, "text", Text::new)?;
        let command = WorkCommand::Comment {
            visibility: input.visibility.into(),
            text,
        };
        bulk_work(ctx, input.command, input.ids, command).await
    }

    /// 批量分类: files many items under a category.
    async fn work_item_bulk_classify(
        &self,
        ctx: &Context<'_>,
        input: WorkItemBulkClassifyInput,
    ) -> Result<BulkPayload> {
        let category = required(&input.category, "category", CategoryCode::new)?;
        bulk_work(
            ctx,
            input.command,
            input.ids,
            WorkCommand::Classify { category },
        )
        .await
    }

    /// 批量定级: judges impact and urgency of many items.
    async fn work_item_bulk_prioritise(
        &self,
        ctx: &Context<'_>,
        input: WorkItemBulkPrioritiseInput,
    ) -> Result<BulkPayload> {
        let command = WorkCommand::Prioritise {
            impact: input.impact.into(),
            urgency: input.urgency.into(),
        };
        bulk_work(ctx, input.command, input.ids, command).await
    }

    /// 批量归档: makes many items read-only for good.
    async fn work_item_bulk_archive(
        &self,
        ctx: &Context<'_>,
        input: WorkItemBulkInput,
    ) -> Result<BulkPayload> {
        bulk_work(ctx, input.command, input.ids, WorkCommand::Archive).await
    }

    /// 批量解决: resolves many incidents, say those of one outage.
    async fn incident_bulk_resolve(
        &self,
        ctx: &Context<'_>,
        input: IncidentBulkResolveInput,
    ) -> Result<BulkPayload> {
        let command = Command::Resolve {
            code: required(&input.code, "code", Line::new)?,
            cause: optional(input.cause.as_deref(), "cause", Text::new)?,
            solution: required(&input.solution, "solution", Text::new)?,
            knowledge: None,
        };
        bulk_incident(ctx, input.command, input.ids, command).await
    }

    /// 批量关闭: closes many resolved incidents.
    async fn incident_bulk_close(
        &self,
        ctx: &Context<'_>,
        input: IncidentBulkCloseInput,
    ) -> Result<BulkPayload> {
        let no_feedback_reason = optional(
            input.no_feedback_reason.as_deref(),
            "noFeedbackReason",
            Text::new,
        )?;
        bulk_incident(
            ctx,
            input.command,
            input.ids,
            Command::Close { no_feedback_reason },
        )
        .await
    }

    /// 批量取消: ends many that were no incidents.
    async fn incident_bulk_cancel(
        &self,
        ctx: &Context<'_>,
        input: IncidentBulkCancelInput,
    ) -> Result<BulkPayload> {
        let reason = required(&input.reason, "reason", Text::new)?;
        bulk_incident(ctx, input.command, input.ids, Command::Cancel { reason }).await
    }
}

async fn bulk_work(
    ctx: &Context<'_>,
    input: CommandInput,
    ids: Vec<ID>,
    command: WorkCommand,
) -> Result<BulkPayload> {
    let envelope = bulk_envelope(ctx, &input, &ids, Action::Work(WorkAction::from(&command)))?;
    let desk = desk(ctx)?;
    let results = stream::iter(ids)
        .map(|id| {
            let (envelope, command) = (of_item(&envelope, &id), command.clone());
            let input = &input;
            async move {
                let done = run_work_with(desk, &id, input, command, &envelope).await;
                BulkResult { id, done }
            }
        })
        .buffered(CONCURRENT)
        .collect()
        .await;
    Ok(BulkPayload {
        client_mutation_id: input.client_mutation_id,
        command_id: envelope.command_id,
        results,
    })
}

async fn bulk_incident(
    ctx: &Context<'_>,
    input: CommandInput,
    ids: Vec<ID>,
    command: Command,
) -> Result<BulkPayload> {
    let envelope = bulk_envelope(
        ctx,
        &input,
        &ids,
        Action::Incident(IncidentAction::from(&command)),
    )?;
    let desk = desk(ctx)?;
    let results = stream::iter(ids)
        .map(|id| {
            let envelope = of_item(&envelope, &id);
            let (input, command) = (&input, &command);
            async move {
                let done = run_incident_with(desk, &id, input, command, &envelope).await;
                BulkResult { id, done }
            }
        })
        .buffered(CONCURRENT)
        .collect()
        .await;
    Ok(BulkPayload {
        client_mutation_id: input.client_mutation_id,
        command_id: envelope.command_id,
        results,
    })
}

fn bulk_envelope(
    ctx: &Context<'_>,
    input: &CommandInput,
    ids: &[ID],
    action: Action,
) -> Result<Envelope> {
    if ids.len() > MAX_ITEMS {
        let message = format!("a bulk command takes at most {MAX_ITEMS} items");
        return Err(at_field(code::INPUT_INVALID, message, "ids"));
    }
    if input.expected_version.is_some() {
        let message = "a bulk command has no one version to expect";
        return Err(at_field(code::INPUT_INVALID, message, "expectedVersion"));
    }
    input.envelope(ctx, action)
}

/// The envelope of one item's command: its id derives from the bulk command's.
fn of_item(envelope: &Envelope, id: &ID) -> Envelope {
    let name = format!("{}:{}", envelope.command_id, id.as_str());
    Envelope {
        command_id: Uuid::new_v5(&DESK_NAMESPACE, name.as_bytes()),
        correlation_id: Some(envelope.command_id.to_string()),
        ..envelope.clone()
    }
}
