//! Major incidents and post-incident reviews.

use async_graphql::{Context, ID, InputObject, Object, Result};
use domain::ids::PersonId;
use domain::incident::Command;
use domain::text::Text;

use crate::graphql::access::run_incident;
use crate::graphql::incident::payload::IncidentPayload;
use crate::graphql::input::{CommandInput, optional, required};

/// What `incidentDeclareMajor` takes.
#[derive(InputObject, Debug)]
pub(crate) struct IncidentDeclareMajorInput {
    #[graphql(flatten)]
    command: CommandInput,
    /// The incident.
    id: ID,
    /// Why.
    reason: String,
    /// Who leads.
    leader: Option<String>,
}

/// What `incidentStandDownMajor` takes.
#[derive(InputObject, Debug)]
pub(crate) struct IncidentStandDownMajorInput {
    #[graphql(flatten)]
    command: CommandInput,
    /// The incident.
    id: ID,
    /// Why.
    reason: String,
}

/// What `incidentRequireReview` takes.
#[derive(InputObject, Debug)]
pub(crate) struct IncidentRequireReviewInput {
    #[graphql(flatten)]
    command: CommandInput,
    /// The incident.
    id: ID,
}

/// What `incidentCompleteReview` takes.
#[derive(InputObject, Debug)]
pub(crate) struct IncidentCompleteReviewInput {
    #[graphql(flatten)]
    command: CommandInput,
    /// The incident.
    id: ID,
    /// What was learnt.
    text: String,
}

/// Mutations on major incidents and reviews.
#[derive(Default)]
pub(crate) struct MajorMutations;

#[Object]
impl MajorMutations {
    /// 宣布重大事件: a review becomes due with it.
    #[graphql(name = "incidentDeclareMajor")]
    async fn declare_major(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What the command says.")] input: IncidentDeclareMajorInput,
    ) -> Result<IncidentPayload> {
        let reason = required(&input.reason, "reason", Text::new)?;
        let leader = optional(input.leader.as_deref(), "leader", PersonId::new)?;
        let command = Command::DeclareMajor { reason, leader };
        run_incident(ctx, &input.id, &input.command, &command)
            .await
            .map(IncidentPayload::from)
    }

    /// 解除重大事件.
    #[graphql(name = "incidentStandDownMajor")]
    async fn stand_down_major(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What the command says.")] input: IncidentStandDownMajorInput,
    ) -> Result<IncidentPayload> {
        let reason = required(&input.reason, "reason", Text::new)?;
        let command = Command::StandDownMajor { reason };
        run_incident(ctx, &input.id, &input.command, &command)
            .await
            .map(IncidentPayload::from)
    }

    /// 要求事后回顾: the incident cannot be closed before the review is completed.
    #[graphql(name = "incidentRequireReview")]
    async fn require_review(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What the command says.")] input: IncidentRequireReviewInput,
    ) -> Result<IncidentPayload> {
        let command = Command::RequireReview;
        run_incident(ctx, &input.id, &input.command, &command)
            .await
            .map(IncidentPayload::from)
    }

    /// 完成事后回顾.
    #[graphql(name = "incidentCompleteReview")]
    async fn complete_review(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What the command says.")] input: IncidentCompleteReviewInput,
    ) -> Result<IncidentPayload> {
        let text = required(&input.text, "text", Text::new)?;
        let command = Command::CompleteReview { text };
        run_incident(ctx, &input.id, &input.command, &command)
            .await
            .map(IncidentPayload::from)
    }
}
