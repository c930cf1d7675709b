//! Bulk forms: one command for many items, each decided by itself and with a
//! result of its own. Nothing is rolled back where some are refused.

use std::collections::HashSet;

use async_graphql::{Context, Error, ID, InputObject, Object, Result, SimpleObject};
use domain::ids::{CategoryCode, DESK_NAMESPACE};
use domain::incident::{self, Command, IncidentAction};
use domain::text::{Line, Text};
use domain::work_item::{WorkAction, WorkCommand};
use futures_util::stream::{self, StreamExt};
use uuid::Uuid;

use super::WorkItem;
use crate::auth::policy::Action;
use crate::commands::{Assigning, CommandError, Deciding, Decision, Envelope};
use crate::desk::Desk;
use crate::error::{at_field, code, of_command, of_store};
use crate::graphql::access::{Done, run, work_item_id};
use crate::graphql::enums::{Impact, Urgency, Visibility};
use crate::graphql::ids::{self, Kind};
use crate::graphql::incident::Incident;
use crate::graphql::input::{CommandInput, farewell, optional, required};
use crate::graphql::organisation::assignee;
use crate::graphql::scalars::Long;
use crate::graphql::viewer::desk;

/// The most items that one bulk command takes.
const MAX_ITEMS: usize = 500;

/// What a bulk command waits for its turn as: one under one id at a time.
const BULK: &str = "bulk";

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
    /// The bulk command's id; each item's command derives its own from it
    /// and from the item's place. It stands for the whole: sent again with other
    /// items or content, all of it is refused with `COMMAND_ID_REUSED`.
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
    /// Who was told: of each incident, one of those whom it concerns.
    #[graphql(default)]
    told: Vec<String>,
    /// Why none of those could be told, where that is so.
    no_feedback_reason: Option<String>,
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
        #[graphql(desc = "What the command says.")] input: WorkItemBulkAssignInput,
    ) -> Result<BulkPayload> {
        let to = assignee(&input.team_id, input.person.as_deref())?;
        let action = Action::Work(WorkAction::Assign);
        bulk(ctx, input.command, input.ids, action, |id| {
            let assign = |to| WorkCommand::Assign { to }.into();
            let decision = Assigning::new(to.0, to.1.clone(), assign);
            Ok((work_item_id(id, "id")?, decision))
        })
        .await
    }

    /// 批量留言: says something about many items.
    async fn work_item_bulk_comment(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What the command says.")] input: WorkItemBulkCommentInput,
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
        #[graphql(desc = "What the command says.")] input: WorkItemBulkClassifyInput,
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
        #[graphql(desc = "What the command says.")] input: WorkItemBulkPrioritiseInput,
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
        #[graphql(desc = "What the command says.")] input: WorkItemBulkInput,
    ) -> Result<BulkPayload> {
        bulk_work(ctx, input.command, input.ids, WorkCommand::Archive).await
    }

    /// 批量解决: resolves many incidents, say those of one outage.
    async fn incident_bulk_resolve(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What the command says.")] input: IncidentBulkResolveInput,
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
        #[graphql(desc = "What the command says.")] input: IncidentBulkCloseInput,
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
        #[graphql(desc = "What the command says.")] input: IncidentBulkCancelInput,
    ) -> Result<BulkPayload> {
        let reason = required(&input.reason, "reason", Text::new)?;
        let farewell = farewell(&input.told, input.no_feedback_reason.as_deref())?;
        let command = Command::Cancel { reason, farewell };
        bulk_incident(ctx, input.command, input.ids, command).await
    }
}

async fn bulk_work(
    ctx: &Context<'_>,
    input: CommandInput,
    ids: Vec<ID>,
    command: WorkCommand,
) -> Result<BulkPayload> {
    let action = Action::Work(WorkAction::from(&command));
    bulk(ctx, input, ids, action, |id| {
        let item = work_item_id(id, "id")?;
        Ok((item, Deciding(command.clone().into())))
    })
    .await
}

async fn bulk_incident(
    ctx: &Context<'_>,
    input: CommandInput,
    ids: Vec<ID>,
    command: Command,
) -> Result<BulkPayload> {
    let action = Action::Incident(IncidentAction::from(&command));
    bulk(ctx, input, ids, action, |id| {
        let item = ids::decode_as(Kind::Incident, id, "id")?;
        Ok((item, Deciding(command.clone())))
    })
    .await
}

/// Carries out a decision on each of many items, some at a time.
async fn bulk<D: Decision<incident::Incident>>(
    ctx: &Context<'_>,
    input: CommandInput,
    ids: Vec<ID>,
    action: Action,
    decision: impl Fn(&ID) -> Result<(Uuid, D)>,
) -> Result<BulkPayload> {
    let envelope = bulk_envelope(ctx, &input, &ids, action)?;
    let desk = desk(ctx)?;
    let _turn = desk.turns().wait(BULK, envelope.command_id).await;
    check_not_reused(desk, &envelope).await?;
    let results = stream::iter(ids.into_iter().enumerate())
        .map(|(place, id)| {
            let (envelope, decision) = (of_item(&envelope, place), decision(&id));
            let input = &input;
            async move {
                let done = match decision {
                    Ok((item, decision)) => run(desk, item, input, decision, &envelope).await,
                    Err(error) => Err(error),
                };
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
    let mut seen = HashSet::new();
    if let Some(twice) = ids.iter().find(|id| !seen.insert(*id)) {
        let message = format!(
            "a bulk command names each item once; {} is there twice",
            twice.as_str()
        );
        return Err(at_field(code::INPUT_INVALID, message, "ids"));
    }
    if input.expected_version.is_some() {
        let message = "a bulk command has no one version to expect";
        return Err(at_field(code::INPUT_INVALID, message, "expectedVersion"));
    }
    input.envelope(ctx, action)
}

/// The id of a bulk command stands for the whole of it: where one of its items'
/// commands is known with another content, none is carried out.
async fn check_not_reused(desk: &Desk, envelope: &Envelope) -> Result<()> {
    let places = (0..MAX_ITEMS).map(|place| of_item(envelope, place).command_id);
    let commands: Vec<Uuid> = places.chain([envelope.command_id]).collect();
    let reused = desk.log().any_reused(&commands, envelope.request_hash);
    if reused.await.map_err(|error| of_store(&error))? {
        return Err(of_command(&CommandError::CommandIdReused));
    }
    Ok(())
}

/// The envelope of one item's command: its id derives from the bulk command's
/// and the item's place in it.
fn of_item(envelope: &Envelope, place: usize) -> Envelope {
    let name = format!("{}:{place}", envelope.command_id);
    Envelope {
        command_id: Uuid::new_v5(&DESK_NAMESPACE, name.as_bytes()),
        correlation_id: Some(envelope.command_id.to_string()),
        ..envelope.clone()
    }
}
