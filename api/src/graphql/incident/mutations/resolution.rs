//! How an incident ends: resolving, confirming, closing, reopening, cancelling.

use async_graphql::{Context, ID, InputObject, Object, Result};
use domain::ids::ArticleId;
use domain::incident::Command;
use domain::text::{Line, Text};

use crate::graphql::access::run_incident;
use crate::graphql::incident::payload::IncidentPayload;
use crate::graphql::input::{CommandInput, farewell, optional, required};

/// What `incidentResolve` takes.
#[derive(InputObject, Debug)]
pub(crate) struct IncidentResolveInput {
    #[graphql(flatten)]
    command: CommandInput,
    /// The incident.
    id: ID,
    /// How it ended, from the desk's list.
    code: String,
    /// What caused it.
    cause: Option<String>,
    /// What ended it; the requester reads this.
    solution: String,
    /// The article that helped.
    knowledge: Option<String>,
}

/// What `incidentResolveAtContact` takes.
#[derive(InputObject, Debug)]
pub(crate) struct IncidentResolveAtContactInput {
    #[graphql(flatten)]
    command: CommandInput,
    /// The incident.
    id: ID,
    /// How it ended.
    code: String,
    /// What ended it.
    solution: String,
    /// The article that helped.
    knowledge: Option<String>,
}

/// What `incidentGiveInitialSupport` takes: at least one of the three.
#[derive(InputObject, Debug)]
pub(crate) struct IncidentGiveInitialSupportInput {
    #[graphql(flatten)]
    command: CommandInput,
    /// The incident.
    id: ID,
    /// What the requester was told.
    answer: Option<String>,
    /// The number of the article that was used.
    article: Option<String>,
    /// How the effect was lessened.
    workaround: Option<String>,
}

/// What `incidentConfirmResolution` takes.
#[derive(InputObject, Debug)]
pub(crate) struct IncidentConfirmResolutionInput {
    #[graphql(flatten)]
    command: CommandInput,
    /// The incident.
    id: ID,
}

/// What `incidentRejectResolution` takes.
#[derive(InputObject, Debug)]
pub(crate) struct IncidentRejectResolutionInput {
    #[graphql(flatten)]
    command: CommandInput,
    /// The incident.
    id: ID,
    /// Why.
    reason: String,
}

/// What `incidentClose` takes.
#[derive(InputObject, Debug)]
pub(crate) struct IncidentCloseInput {
    #[graphql(flatten)]
    command: CommandInput,
    /// The incident.
    id: ID,
    /// Why the requester has heard nothing.
    no_feedback_reason: Option<String>,
}

/// What `incidentReopen` takes.
#[derive(InputObject, Debug)]
pub(crate) struct IncidentReopenInput {
    #[graphql(flatten)]
    command: CommandInput,
    /// The incident.
    id: ID,
    /// Why.
    reason: String,
}

/// What `incidentCancel` takes.
#[derive(InputObject, Debug)]
pub(crate) struct IncidentCancelInput {
    #[graphql(flatten)]
    command: CommandInput,
    /// The incident.
    id: ID,
    /// Why.
    reason: String,
    /// Who was told, one of those whom it concerns among them.
    #[graphql(default)]
    told: Vec<String>,
    /// Why none of those could be told, where that is so.
    no_feedback_reason: Option<String>,
}

/// Mutations on how an incident ends.
#[derive(Default)]
pub(crate) struct ResolutionMutations;

#[Object]
impl ResolutionMutations {
    /// 解决: ends the work; the requester may confirm or reject until the window of the incident's priority ends.
    #[graphql(name = "incidentResolve")]
    async fn resolve(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What the command says.")] input: IncidentResolveInput,
    ) -> Result<IncidentPayload> {
        let command = Command::Resolve {
            code: required(&input.code, "code", Line::new)?,
            cause: optional(input.cause.as_deref(), "cause", Text::new)?,
            solution: required(&input.solution, "solution", Text::new)?,
            knowledge: optional(input.knowledge.as_deref(), "knowledge", ArticleId::new)?,
        };
        run_incident(ctx, &input.id, &input.command, &command)
            .await
            .map(IncidentPayload::from)
    }

    /// 首次联系解决: the first line ends the incident at the first contact.
    #[graphql(name = "incidentResolveAtContact")]
    async fn resolve_at_contact(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What the command says.")] input: IncidentResolveAtContactInput,
    ) -> Result<IncidentPayload> {
        let command = Command::ResolveAtContact {
            code: required(&input.code, "code", Line::new)?,
            solution: required(&input.solution, "solution", Text::new)?,
            knowledge: optional(input.knowledge.as_deref(), "knowledge", ArticleId::new)?,
        };
        run_incident(ctx, &input.id, &input.command, &command)
            .await
            .map(IncidentPayload::from)
    }

    /// 初始支持: writes down what the first line gave at the first contact, before anybody took the incident on.
    #[graphql(name = "incidentGiveInitialSupport")]
    async fn give_initial_support(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What the command says.")] input: IncidentGiveInitialSupportInput,
    ) -> Result<IncidentPayload> {
        let command = Command::GiveInitialSupport {
            answer: optional(input.answer.as_deref(), "answer", Text::new)?,
            article: optional(input.article.as_deref(), "article", ArticleId::new)?,
            workaround: optional(input.workaround.as_deref(), "workaround", Text::new)?,
        };
        run_incident(ctx, &input.id, &input.command, &command)
            .await
            .map(IncidentPayload::from)
    }

    /// 用户确认: the requester is content, and says so or has the service desk write it down; the incident is closed.
    #[graphql(name = "incidentConfirmResolution")]
    async fn confirm_resolution(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What the command says.")] input: IncidentConfirmResolutionInput,
    ) -> Result<IncidentPayload> {
        let command = Command::ConfirmResolution;
        run_incident(ctx, &input.id, &input.command, &command)
            .await
            .map(IncidentPayload::from)
    }

    /// 用户否决: the requester is not content; the work goes on.
    #[graphql(name = "incidentRejectResolution")]
    async fn reject_resolution(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What the command says.")] input: IncidentRejectResolutionInput,
    ) -> Result<IncidentPayload> {
        let reason = required(&input.reason, "reason", Text::new)?;
        let command = Command::RejectResolution { reason };
        run_incident(ctx, &input.id, &input.command, &command)
            .await
            .map(IncidentPayload::from)
    }

    /// 关闭: the service desk, its first line or a coordinator, closes a resolved incident. Where the requester has had no feedback a reason says why none was possible.
    #[graphql(name = "incidentClose")]
    async fn close(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What the command says.")] input: IncidentCloseInput,
    ) -> Result<IncidentPayload> {
        let no_feedback_reason = optional(
            input.no_feedback_reason.as_deref(),
            "noFeedbackReason",
            Text::new,
        )?;
        let command = Command::Close { no_feedback_reason };
        run_incident(ctx, &input.id, &input.command, &command)
            .await
            .map(IncidentPayload::from)
    }

    /// 重新打开: takes a closed incident up again, while its window lasts.
    #[graphql(name = "incidentReopen")]
    async fn reopen(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What the command says.")] input: IncidentReopenInput,
    ) -> Result<IncidentPayload> {
        let reason = required(&input.reason, "reason", Text::new)?;
        let command = Command::Reopen { reason };
        run_incident(ctx, &input.id, &input.command, &command)
            .await
            .map(IncidentPayload::from)
    }

    /// 取消: ends what was no incident. Those whom it concerns are told, or a
    /// reason says why they could not be; whoever takes their own back has
    /// heard of it.
    #[graphql(name = "incidentCancel")]
    async fn cancel(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What the command says.")] input: IncidentCancelInput,
    ) -> Result<IncidentPayload> {
        let reason = required(&input.reason, "reason", Text::new)?;
        let farewell = farewell(&input.told, input.no_feedback_reason.as_deref())?;
        let command = Command::Cancel { reason, farewell };
        run_incident(ctx, &input.id, &input.command, &command)
            .await
            .map(IncidentPayload::from)
    }
}
