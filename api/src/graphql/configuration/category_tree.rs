//! 分类树 in the API.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use domain::configuration::{self as model, Command, Configuration};
use domain::ids::CategoryCode;

use super::life_cycle::{
    ConfigurationPublishInput, ConfigurationStepInput, ConfigurationWithdrawInput, load, step,
};
use crate::auth::policy::Action;
use crate::graphql::access::Done;
use crate::graphql::ids::{self, Kind};
use crate::graphql::input::CommandInput;
use crate::graphql::input::{optional, required};
use crate::graphql::scalars::Long;
use crate::graphql::time::{AsOfInput, Basis, Then, then};
use crate::graphql::viewer::authorised;

/// What a category tree says.
#[derive(SimpleObject)]
pub(crate) struct CategoryTreeContent {
    /// Every category, in the order in which they are shown.
    categories: Vec<Category>,
}

/// One category.
#[derive(SimpleObject)]
pub(crate) struct Category {
    /// Unique in the tree.
    code: String,
    /// The category above, none for the first level.
    parent: Option<String>,
    /// Its name in Chinese.
    name_zh: String,
    /// Its name in English.
    name_en: String,
}

/// A version of the category tree. Once published it never changes.
#[derive(SimpleObject)]
pub(crate) struct CategoryTreeVersion {
    /// Counted from 1.
    version: u32,
    /// From when it holds.
    effective_from: DateTime<Utc>,
    /// Whether it was withdrawn before it held, and so never holds.
    withdrawn: bool,
    /// What it says.
    content: CategoryTreeContent,
}

/// A draft of the category tree, not in force.
#[derive(SimpleObject)]
pub(crate) struct CategoryTreeDraft {
    /// Who wrote it.
    drafted_by: String,
    /// Who found it right, if anybody has.
    reviewed_by: Option<String>,
    /// What it says.
    content: CategoryTreeContent,
}

/// 分类树: the desk's category tree, its draft and every version ever published.
pub(crate) struct CategoryTree {
    state: std::sync::Arc<Configuration<model::CategoryTree>>,
    version: i64,
    /// When it is shown, if not now.
    then: Option<Then>,
}

impl CategoryTree {
    /// The desk's category tree, now or then.
    pub(crate) async fn load(ctx: &Context<'_>, then: Option<Then>) -> Result<Self> {
        let loaded = load::<model::CategoryTree>(ctx, then.as_ref()).await?;
        Ok(Self {
            state: loaded.state,
            version: loaded.version,
            then,
        })
    }
}

/// 分类树: the desk's category tree, its draft and every version ever published.
#[Object]
impl CategoryTree {
    /// Its global id.
    pub(crate) async fn id(&self) -> ID {
        ids::encode(
            Kind::CategoryTree,
            Configuration::<model::CategoryTree>::id(),
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
    ) -> Option<CategoryTreeVersion> {
        let shown = || self.then.map_or_else(crate::clock::now, |then| then.at);
        let at = at.unwrap_or_else(shown);
        self.state
            .versions()
            .in_force_at(at)
            .map(CategoryTreeVersion::of)
    }

    /// Every version, oldest first, those that were withdrawn included.
    async fn versions(&self) -> Vec<CategoryTreeVersion> {
        self.state
            .versions()
            .iter()
            .map(CategoryTreeVersion::of)
            .collect()
    }

    /// What is being prepared, if anything is.
    async fn draft(&self) -> Option<CategoryTreeDraft> {
        let draft = self.state.draft()?;
        Some(CategoryTreeDraft {
            drafted_by: draft.drafted_by.to_string(),
            reviewed_by: draft.reviewed_by.as_ref().map(ToString::to_string),
            content: CategoryTreeContent::of(&draft.content),
        })
    }
}

impl CategoryTreeVersion {
    fn of(version: &model::Version<model::CategoryTree>) -> Self {
        Self {
            version: version.version,
            effective_from: version.effective_from,
            withdrawn: version.withdrawn,
            content: CategoryTreeContent::of(&version.content),
        }
    }
}

impl CategoryTreeContent {
    fn of(content: &model::CategoryTree) -> Self {
        let category = |category: &model::Category| Category {
            code: category.code.to_string(),
            parent: category.parent.as_ref().map(ToString::to_string),
            name_zh: category.name_zh.clone(),
            name_en: category.name_en.clone(),
        };
        Self {
            categories: content.categories.iter().map(category).collect(),
        }
    }
}

/// What `categoryTreeSaveDraft` takes.
#[derive(InputObject, Debug)]
pub(crate) struct CategoryTreeSaveDraftInput {
    #[graphql(flatten)]
    command: CommandInput,
    /// Every category, in the order in which they are shown.
    categories: Vec<CategoryInput>,
}

/// One category.
#[derive(InputObject, Debug)]
pub(crate) struct CategoryInput {
    /// Unique in the tree.
    code: String,
    /// The category above, none for the first level.
    parent: Option<String>,
    /// Its name in Chinese.
    name_zh: String,
    /// Its name in English.
    name_en: String,
}

fn content(input: &CategoryTreeSaveDraftInput) -> Result<model::CategoryTree> {
    let category = |category: &CategoryInput| -> Result<model::Category> {
        Ok(model::Category {
            code: required(&category.code, "categories.code", CategoryCode::new)?,
            parent: optional(
                category.parent.as_deref(),
                "categories.parent",
                CategoryCode::new,
            )?,
            name_zh: category.name_zh.clone(),
            name_en: category.name_en.clone(),
        })
    };
    Ok(model::CategoryTree {
        categories: input
            .categories
            .iter()
            .map(category)
            .collect::<Result<_>>()?,
    })
}

/// What a mutation of the category tree did.
pub(crate) struct CategoryTreePayload(Done);

/// What a mutation of the category tree did.
#[Object]
impl CategoryTreePayload {
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

    /// The category tree after the command.
    async fn category_tree(&self, ctx: &Context<'_>) -> Result<CategoryTree> {
        CategoryTree::load(ctx, None).await
    }
}

/// Queries on the category tree.
#[derive(Default)]
pub(crate) struct CategoryTreeQueries;

#[Object]
impl CategoryTreeQueries {
    /// 分类树: the desk's category tree, now or as of another time.
    async fn category_tree(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "When, if not now.")] as_of: Option<AsOfInput>,
        #[graphql(default, desc = "Which of an event's two times counts.")] basis: Basis,
    ) -> Result<CategoryTree> {
        CategoryTree::load(ctx, then(ctx, as_of, basis).await?).await
    }
}

/// Mutations of the category tree.
#[derive(Default)]
pub(crate) struct CategoryTreeMutations;

#[Object]
impl CategoryTreeMutations {
    /// Writes a draft, replacing the one there is and its review.
    #[graphql(name = "categoryTreeSaveDraft")]
    async fn save_draft(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What the command says.")] input: CategoryTreeSaveDraftInput,
    ) -> Result<CategoryTreePayload> {
        authorised(ctx, Action::Configure)?;
        let content = content(&input)?;
        step(ctx, &input.command, Command::SaveDraft(content))
            .await
            .map(CategoryTreePayload)
    }

    /// A second person finds the draft right.
    #[graphql(name = "categoryTreePassReview")]
    async fn pass_review(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What the command says.")] input: ConfigurationStepInput,
    ) -> Result<CategoryTreePayload> {
        step::<model::CategoryTree>(ctx, &input.command, Command::PassReview)
            .await
            .map(CategoryTreePayload)
    }

    /// Makes the reviewed draft the next version.
    #[graphql(name = "categoryTreePublish")]
    async fn publish(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What the command says.")] input: ConfigurationPublishInput,
    ) -> Result<CategoryTreePayload> {
        let command = Command::Publish {
            effective_from: input.effective_from(),
        };
        step::<model::CategoryTree>(ctx, &input.command, command)
            .await
            .map(CategoryTreePayload)
    }

    /// Withdraws the draft.
    #[graphql(name = "categoryTreeDiscardDraft")]
    async fn discard_draft(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What the command says.")] input: ConfigurationStepInput,
    ) -> Result<CategoryTreePayload> {
        step::<model::CategoryTree>(ctx, &input.command, Command::DiscardDraft)
            .await
            .map(CategoryTreePayload)
    }

    /// Withdraws a published version that does not hold yet. It never holds,
    /// and its number is not given again.
    #[graphql(name = "categoryTreeWithdraw")]
    async fn withdraw(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What the command says.")] input: ConfigurationWithdrawInput,
    ) -> Result<CategoryTreePayload> {
        authorised(ctx, Action::Configure)?;
        let command = input.command::<model::CategoryTree>()?;
        step(ctx, &input.command, command)
            .await
            .map(CategoryTreePayload)
    }
}
