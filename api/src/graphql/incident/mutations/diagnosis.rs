//! Finding out what is wrong, and waiting: the work between accepting and resolving.

use async_graphql::{Context, ID, InputObject, Object, Result};
use chrono::{DateTime, Utc};
use domain::incident::Command;
use domain::text::Text;

use crate::graphql::access::run_incident;
use crate::graphql::enums::HoldReason;
use crate::graphql::incident::estimate::estimate;
use crate::graphql::incident::payload::IncidentPayload;
use crate::graphql::input::{CommandInput, optional, required};

/// What `incidentStartDiagnosis` takes.
#[derive(InputObject, Debug)]
pub(crate) struct IncidentStartDiagnosisInput {
    #[graphql(flatten)]
    command: CommandInput,
    /// The incident.
    id: ID,
    /// What is suspected.
    hypothesis: Option<String>,
}

/// What `incidentRecordFinding` takes.
#[derive(InputObject, Debug)]
pub(crate) struct IncidentRecordFindingInput {
    #[graphql(flatten)]
    command: CommandInput,
    /// The incident.
    id: ID,
    /// What.
    text: String,
}

/// What `incidentSetExpectedResolution` takes.
#[derive(InputObject, Debug)]
pub(crate) struct IncidentSetExpectedResolutionInput {
    #[graphql(flatten)]
    command: CommandInput,
    /// The incident.
    id: ID,
    /// When.
    at: DateTime<Utc>,
    /// Why.
    reason: String,
}

/// What `incidentComputeExpectedResolution` takes.
#[derive(InputObject, Debug)]
pub(crate) struct IncidentComputeExpectedResolutionInput {
    #[graphql(flatten)]
    command: CommandInput,
    /// The incident.
    id: ID,
}

/// What `incidentPutOnHold` takes.
#[derive(InputObject, Debug)]
pub(crate) struct IncidentPutOnHoldInput {
    #[graphql(flatten)]
    command: CommandInput,
    /// The incident.
    id: ID,
    /// For whom or what.
    reason: HoldReason,
    /// In more words.
    text: Option<String>,
    /// Until when, if that is known. Then the desk goes on by itself.
    until: Option<DateTime<Utc>>,
}

/// What `incidentResume` takes.
#[derive(InputObject, Debug)]
pub(crate) struct IncidentResumeInput {
    #[graphql(flatten)]
    command: CommandInput,
    /// The incident.
    id: ID,
}

/// What `incidentApplyWorkaround` takes.
#[derive(InputObject, Debug)]
pub(crate) struct IncidentApplyWorkaroundInput {
    #[graphql(flatten)]
    command: CommandInput,
    /// The incident.
    id: ID,
    /// How.
    text: String,
}

/// What `incidentRestoreService` takes.
#[derive(InputObject, Debug)]
pub(crate) struct IncidentRestoreServiceInput {
    #[graphql(flatten)]
    command: CommandInput,
    /// The incident.
    id: ID,
}

/// Mutations on the work between accepting and resolving.
#[derive(Default)]
pub(crate) struct DiagnosisMutations;

#[Object]
impl DiagnosisMutations {
    /// 开始诊断: begins to look for the cause.
    #[graphql(name = "incidentStartDiagnosis")]
    async fn start_diagnosis(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What the command says.")] input: IncidentStartDiagnosisInput,
    ) -> Result<IncidentPayload> {
        let hypothesis = optional(input.hypothesis.as_deref(), "hypothesis", Text::new)?;
        let command = Command::StartDiagnosis { hypothesis };
        run_incident(ctx, &input.id, &input.command, &command)
            .await
            .map(IncidentPayload::from)
    }

    /// 诊断发现: writes down what was found out.
    #[graphql(name = "incidentRecordFinding")]
    async fn record_finding(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What the command says.")] input: IncidentRecordFindingInput,
    ) -> Result<IncidentPayload> {
        let text = required(&input.text, "text", Text::new)?;
        let command = Command::RecordFinding { text };
        run_incident(ctx, &input.id, &input.command, &command)
            .await
            .map(IncidentPayload::from)
    }

    /// 测算预计解决时间: computes when the incident is expected to be resolved, from how long like ones took: the median of the last hundred of the same category and priority that took longer than this one has taken already, or of the same priority where there are fewer than five.
    #[graphql(name = "incidentComputeExpectedResolution")]
    async fn compute_expected_resolution(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What the command says.")] input: IncidentComputeExpectedResolutionInput,
    ) -> Result<IncidentPayload> {
        let estimate = estimate(ctx, &input.id, input.command.effective_at).await?;
        let command = Command::ComputeExpectedResolution { estimate };
        run_incident(ctx, &input.id, &input.command, &command)
            .await
            .map(IncidentPayload::from)
    }

    /// 调整预计解决时间: says when the incident is expected to be resolved, by one's own judgement, and why.
    #[graphql(name = "incidentSetExpectedResolution")]
    async fn set_expected_resolution(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What the command says.")] input: IncidentSetExpectedResolutionInput,
    ) -> Result<IncidentPayload> {
        let reason = required(&input.reason, "reason", Text::new)?;
        let command = Command::SetExpectedResolution {
            at: input.at,
            reason,
        };
        run_incident(ctx, &input.id, &input.command, &command)
            .await
            .map(IncidentPayload::from)
    }

    /// 挂起: lets the work wait for somebody or something.
    #[graphql(name = "incidentPutOnHold")]
    async fn put_on_hold(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What the command says.")] input: IncidentPutOnHoldInput,
    ) -> Result<IncidentPayload> {
        let text = optional(input.text.as_deref(), "text", Text::new)?;
        let command = Command::PutOnHold {
            reason: input.reason.into(),
            text,
            until: input.until,
        };
        run_incident(ctx, &input.id, &input.command, &command)
            .await
            .map(IncidentPayload::from)
    }

    /// 恢复处理: goes on with the work.
    #[graphql(name = "incidentResume")]
    async fn resume(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What the command says.")] input: IncidentResumeInput,
    ) -> Result<IncidentPayload> {
        let command = Command::Resume;
        run_incident(ctx, &input.id, &input.command, &command)
            .await
            .map(IncidentPayload::from)
    }

    /// 临时措施: lessens the effect without ending the cause.
    #[graphql(name = "incidentApplyWorkaround")]
    async fn apply_workaround(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What the command says.")] input: IncidentApplyWorkaroundInput,
    ) -> Result<IncidentPayload> {
        let text = required(&input.text, "text", Text::new)?;
        let command = Command::ApplyWorkaround { text };
        run_incident(ctx, &input.id, &input.command, &command)
            .await
            .map(IncidentPayload::from)
    }

    /// 业务恢复: says that the service works again, at the effective time.
    #[graphql(name = "incidentRestoreService")]
    async fn restore_service(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What the command says.")] input: IncidentRestoreServiceInput,
    ) -> Result<IncidentPayload> {
        let command = Command::RestoreService;
        run_incident(ctx, &input.id, &input.command, &command)
            .await
            .map(IncidentPayload::from)
    }
}
