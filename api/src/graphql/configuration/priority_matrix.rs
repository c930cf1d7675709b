//! 优先级矩阵 in the API.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use domain::configuration::{self as model, Command, Configuration};

use super::life_cycle::{
    ConfigurationPublishInput, ConfigurationStepInput, ConfigurationWithdrawInput, load, step,
};
use crate::auth::policy::Action;
use crate::error::{at_field, code};
use crate::graphql::access::Done;
use crate::graphql::enums::Priority;
use crate::graphql::ids::{self, Kind};
use crate::graphql::input::{CommandInput, whole};
use crate::graphql::scalars::Long;
use crate::graphql::time::{AsOfInput, Basis, Then, then};
use crate::graphql::viewer::authorised;

/// What a priority matrix says.
#[derive(SimpleObject)]
pub(crate) struct PriorityMatrixContent {
    /// One row an impact from high to low, in it one priority an urgency from
    /// high to low.
    rows: Vec<Vec<Priority>>,
    /// What each priority is called and asks for.
    levels: Vec<PriorityLevel>,
}

/// One priority: its name and what it asks of an item's closing.
#[derive(SimpleObject)]
pub(crate) struct PriorityLevel {
    /// The priority described.
    priority: Priority,
    /// Its name in Chinese.
    name_zh: String,
    /// Its name in English.
    name_en: String,
    /// How long the requester has to confirm or reject a resolution.
    confirm_within_hours: u32,
    /// How long after its closing an item may be reopened.
    reopen_within_hours: u32,
    /// Whether a post-incident review must be completed before the closing.
    review_required: bool,
}

/// A version of the priority matrix. Once published it never changes.
#[derive(SimpleObject)]
pub(crate) struct PriorityMatrixVersion {
    /// Counted from 1.
    version: u32,
    /// From when it holds.
    effective_from: DateTime<Utc>,
    /// Whether it was withdrawn before it held, and so never holds.
    withdrawn: bool,
    /// What it says.
    content: PriorityMatrixContent,
}

/// A draft of the priority matrix, not in force.
#[derive(SimpleObject)]
pub(crate) struct PriorityMatrixDraft {
    /// Who wrote it.
    drafted_by: String,
    /// Who found it right, if anybody has.
    reviewed_by: Option<String>,
    /// What it says.
    content: PriorityMatrixContent,
}

/// 优先级矩阵: the desk's priority matrix, its draft and every version ever published.
pub(crate) struct PriorityMatrix {
    state: std::sync::Arc<Configuration<model::PriorityMatrix>>,
    version: i64,
    /// When it is shown, if not now.
    then: Option<Then>,
}

impl PriorityMatrix {
    /// The desk's priority matrix, now or then.
    pub(crate) async fn load(ctx: &Context<'_>, then: Option<Then>) -> Result<Self> {
        let loaded = load::<model::PriorityMatrix>(ctx, then.as_ref()).await?;
        Ok(Self {
            state: loaded.state,
            version: loaded.version,
            then,
        })
    }
}

/// 优先级矩阵: the desk's priority matrix, its draft and every version ever published.
#[Object]
impl PriorityMatrix {
    /// Its global id.
    pub(crate) async fn id(&self) -> ID {
        ids::encode(
            Kind::PriorityMatrix,
            Configuration::<model::PriorityMatrix>::id(),
        )
    }

    /// The version of its stream, for `expectedVersion`.
    async fn version(&self) -> Long {
        Long(self.version)
    }

    /// The version that holds at a time, or else at the time that is shown.
    async fn in_force(
        &self,
        #[graphql(desc = "When, if not at the time that is shown.")] at: Option<DateTime<Utc>>,
    ) -> Option<PriorityMatrixVersion> {
        let shown = || self.then.map_or_else(crate::clock::now, |then| then.at);
        let at = at.unwrap_or_else(shown);
        self.state
            .versions()
            .in_force_at(at)
            .map(PriorityMatrixVersion::of)
    }

    /// Every version, oldest first, those that were withdrawn included.
    async fn versions(&self) -> Vec<PriorityMatrixVersion> {
        self.state
            .versions()
            .iter()
            .map(PriorityMatrixVersion::of)
            .collect()
    }

    /// What is being prepared, if anything is.
    async fn draft(&self) -> Option<PriorityMatrixDraft> {
        let draft = self.state.draft()?;
        Some(PriorityMatrixDraft {
            drafted_by: draft.drafted_by.to_string(),
            reviewed_by: draft.reviewed_by.as_ref().map(ToString::to_string),
            content: PriorityMatrixContent::of(&draft.content),
        })
    }
}

impl PriorityMatrixVersion {
    fn of(version: &model::Version<model::PriorityMatrix>) -> Self {
        Self {
            version: version.version,
            effective_from: version.effective_from,
            withdrawn: version.withdrawn,
            content: PriorityMatrixContent::of(&version.content),
        }
    }
}

impl PriorityMatrixContent {
    fn of(content: &model::PriorityMatrix) -> Self {
        let row = |row: &[domain::priority::Priority; 3]| row.iter().map(|p| (*p).into()).collect();
        let level = |level: &model::Level| PriorityLevel {
            priority: level.priority.into(),
            name_zh: level.name_zh.clone(),
            name_en: level.name_en.clone(),
            confirm_within_hours: level.confirm_within_hours,
            reopen_within_hours: level.reopen_within_hours,
            review_required: level.review_required,
        };
        Self {
            rows: content.rows.iter().map(row).collect(),
            levels: content.levels.iter().map(level).collect(),
        }
    }
}

/// What `priorityMatrixSaveDraft` takes.
#[derive(InputObject, Debug)]
pub(crate) struct PriorityMatrixSaveDraftInput {
    #[graphql(flatten)]
    command: CommandInput,
    /// Three rows, one an impact from high to low, of three priorities, one an
    /// urgency from high to low.
    rows: Vec<Vec<Priority>>,
    /// What each of the five priorities is called and asks for.
    levels: Vec<PriorityLevelInput>,
}

/// One priority: its name and what it asks of an item's closing.
#[derive(InputObject, Debug)]
pub(crate) struct PriorityLevelInput {
    /// The priority described.
    priority: Priority,
    /// Its name in Chinese.
    name_zh: String,
    /// Its name in English.
    name_en: String,
    /// How long the requester has to confirm or reject a resolution.
    confirm_within_hours: i32,
    /// How long after its closing an item may be reopened.
    reopen_within_hours: i32,
    /// Whether a post-incident review must be completed before the closing.
    review_required: bool,
}

fn content(input: &PriorityMatrixSaveDraftInput) -> Result<model::PriorityMatrix> {
    let row = |row: &Vec<Priority>| -> Option<[domain::priority::Priority; 3]> {
        let row: Vec<domain::priority::Priority> = row.iter().map(|p| (*p).into()).collect();
        row.try_into().ok()
    };
    let rows: Option<Vec<_>> = input.rows.iter().map(row).collect();
    let rows = rows.and_then(|rows| rows.try_into().ok()).ok_or_else(|| {
        at_field(
            code::INPUT_INVALID,
            "rows must be three rows of three priorities",
            "rows",
        )
    })?;
    let level = |level: &PriorityLevelInput| -> Result<model::Level> {
        Ok(model::Level {
            priority: level.priority.into(),
            name_zh: level.name_zh.clone(),
            name_en: level.name_en.clone(),
            confirm_within_hours: whole(level.confirm_within_hours, "levels.confirmWithinHours")?,
            reopen_within_hours: whole(level.reopen_within_hours, "levels.reopenWithinHours")?,
            review_required: level.review_required,
        })
    };
    Ok(model::PriorityMatrix {
        rows,
        levels: input.levels.iter().map(level).collect::<Result<_>>()?,
    })
}

/// What a mutation of the priority matrix did.
pub(crate) struct PriorityMatrixPayload(Done);

/// What a mutation of the priority matrix did.
#[Object]
impl PriorityMatrixPayload {
    /// What the input said.
    async fn client_mutation_id(&self) -> Option<&str> {
        self.0.client_mutation_id.as_deref()
    }

    /// The command's id, given or made.
    async fn command_id(&self) -> uuid::Uuid {
        self.0.command_id
    }

    /// The position of the command's last event in the log.
    async fn position(&self) -> Long {
        Long(self.0.outcome.position)
    }

    /// The priority matrix after the command.
    async fn priority_matrix(&self, ctx: &Context<'_>) -> Result<PriorityMatrix> {
        PriorityMatrix::load(ctx, None).await
    }
}

/// Queries on the priority matrix.
#[derive(Default)]
pub(crate) struct PriorityMatrixQueries;

#[Object]
impl PriorityMatrixQueries {
    /// 优先级矩阵: the desk's priority matrix, now or as of another time.
    async fn priority_matrix(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "When, if not now.")] as_of: Option<AsOfInput>,
        #[graphql(default, desc = "Which of an event's two times counts.")] basis: Basis,
    ) -> Result<PriorityMatrix> {
        PriorityMatrix::load(ctx, then(ctx, as_of, basis).await?).await
    }
}

/// Mutations of the priority matrix.
#[derive(Default)]
pub(crate) struct PriorityMatrixMutations;

#[Object]
impl PriorityMatrixMutations {
    /// Writes a draft, replacing the one there is and its review.
    #[graphql(name = "priorityMatrixSaveDraft")]
    async fn save_draft(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What the command says.")] input: PriorityMatrixSaveDraftInput,
    ) -> Result<PriorityMatrixPayload> {
        authorised(ctx, Action::Configure)?;
        let content = content(&input)?;
        step(ctx, &input.command, Command::SaveDraft(content))
            .await
            .map(PriorityMatrixPayload)
    }

    /// A second person finds the draft right.
    #[graphql(name = "priorityMatrixPassReview")]
    async fn pass_review(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What the command says.")] input: ConfigurationStepInput,
    ) -> Result<PriorityMatrixPayload> {
        step::<model::PriorityMatrix>(ctx, &input.command, Command::PassReview)
            .await
            .map(PriorityMatrixPayload)
    }

    /// Makes the reviewed draft the next version.
    #[graphql(name = "priorityMatrixPublish")]
    async fn publish(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What the command says.")] input: ConfigurationPublishInput,
    ) -> Result<PriorityMatrixPayload> {
        let command = Command::Publish {
            effective_from: input.effective_from(),
        };
        step::<model::PriorityMatrix>(ctx, &input.command, command)
            .await
            .map(PriorityMatrixPayload)
    }

    /// Withdraws the draft.
    #[graphql(name = "priorityMatrixDiscardDraft")]
    async fn discard_draft(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What the command says.")] input: ConfigurationStepInput,
    ) -> Result<PriorityMatrixPayload> {
        step::<model::PriorityMatrix>(ctx, &input.command, Command::DiscardDraft)
            .await
            .map(PriorityMatrixPayload)
    }

    /// Withdraws a published version that does not hold yet. It never holds,
    /// and its number is not given again.
    #[graphql(name = "priorityMatrixWithdraw")]
    async fn withdraw(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What the command says.")] input: ConfigurationWithdrawInput,
    ) -> Result<PriorityMatrixPayload> {
        authorised(ctx, Action::Configure)?;
        let command = input.command::<model::PriorityMatrix>()?;
        step(ctx, &input.command, command)
            .await
            .map(PriorityMatrixPayload)
    }
}
