//! What an item is connected with: configuration items, other items, files, articles, other systems.

use async_graphql::{Context, ID, InputObject, Object, Result};
use domain::ids::{ArticleId, CiId};
use domain::text::{Line, Text};
use domain::work_item::{Attachment, ByteCount, ExternalReference, WorkAction, WorkCommand};

use crate::error::{at_field, code};
use crate::graphql::access::{run_connecting, run_unlinking, run_work};
use crate::graphql::enums::Relation;
use crate::graphql::input::{CommandInput, farewell, required};
use crate::graphql::scalars::Long;
use crate::graphql::work_item::WorkItemPayload;

/// What `workItemLinkCi` takes.
#[derive(InputObject, Debug)]
pub(crate) struct WorkItemLinkCiInput {
    #[graphql(flatten)]
    command: CommandInput,
    /// The work item.
    id: ID,
    /// Its identity key.
    configuration_item: String,
}

/// What `workItemUnlinkCi` takes.
#[derive(InputObject, Debug)]
pub(crate) struct WorkItemUnlinkCiInput {
    #[graphql(flatten)]
    command: CommandInput,
    /// The work item.
    id: ID,
    /// Its identity key.
    configuration_item: String,
}

/// What `workItemLink` takes.
#[derive(InputObject, Debug)]
pub(crate) struct WorkItemLinkInput {
    #[graphql(flatten)]
    command: CommandInput,
    /// The work item.
    id: ID,
    /// How this item stands to the other.
    relation: Relation,
    /// The other item.
    target_id: ID,
}

/// What `workItemUnlink` takes.
#[derive(InputObject, Debug)]
pub(crate) struct WorkItemUnlinkInput {
    #[graphql(flatten)]
    command: CommandInput,
    /// The work item.
    id: ID,
    /// How the item that holds the link stood to the other.
    relation: Relation,
    /// The other item.
    target_id: ID,
    /// Whether this item holds the link, as `links` shows it. A symmetrical
    /// relation (`RELATES_TO`) is ended from either side without it.
    #[graphql(default = true)]
    outgoing: bool,
}

/// What `workItemAttach` takes.
#[derive(InputObject, Debug)]
pub(crate) struct WorkItemAttachInput {
    #[graphql(flatten)]
    command: CommandInput,
    /// The work item.
    id: ID,
    /// The file's name.
    name: String,
    /// Its media type, such as `image/png`.
    media_type: String,
    /// Its length.
    size_bytes: Long,
    /// The SHA-256 of its bytes, 64 lower-case hexadecimal digits.
    sha256: String,
}

/// What `workItemAddExternalReference` takes.
#[derive(InputObject, Debug)]
pub(crate) struct WorkItemAddExternalReferenceInput {
    #[graphql(flatten)]
    command: CommandInput,
    /// The work item.
    id: ID,
    /// The other system.
    system: String,
    /// The item's number there.
    reference: String,
}

/// What `workItemApplyKnowledge` takes.
#[derive(InputObject, Debug)]
pub(crate) struct WorkItemApplyKnowledgeInput {
    #[graphql(flatten)]
    command: CommandInput,
    /// The work item.
    id: ID,
    /// The article's number.
    article: String,
}

/// What `workItemMergeInto` takes.
#[derive(InputObject, Debug)]
pub(crate) struct WorkItemMergeIntoInput {
    #[graphql(flatten)]
    command: CommandInput,
    /// The work item.
    id: ID,
    /// The other item.
    target_id: ID,
    /// Why.
    reason: String,
    /// Who was told, one of those whom it concerns among them.
    #[graphql(default)]
    told: Vec<String>,
    /// Why none of those could be told, where that is so.
    no_feedback_reason: Option<String>,
}

/// Mutations on what an item is connected with.
#[derive(Default)]
pub(crate) struct ConnectionMutations;

#[Object]
impl ConnectionMutations {
    /// 关联配置项: names a configuration item concerned.
    #[graphql(name = "workItemLinkCi")]
    async fn link_ci(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What the command says.")] input: WorkItemLinkCiInput,
    ) -> Result<WorkItemPayload> {
        let ci = required(&input.configuration_item, "configurationItem", CiId::new)?;
        let command = WorkCommand::LinkCi { ci };
        run_work(ctx, &input.id, &input.command, command)
            .await
            .map(WorkItemPayload::from)
    }

    /// 取消关联配置项.
    #[graphql(name = "workItemUnlinkCi")]
    async fn unlink_ci(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What the command says.")] input: WorkItemUnlinkCiInput,
    ) -> Result<WorkItemPayload> {
        let ci = required(&input.configuration_item, "configurationItem", CiId::new)?;
        let command = WorkCommand::UnlinkCi { ci };
        run_work(ctx, &input.id, &input.command, command)
            .await
            .map(WorkItemPayload::from)
    }

    /// 关联工作项: connects the item with another. Both may have ended. Links of
    /// one relation never run in a circle; a symmetrical one stands once.
    #[graphql(name = "workItemLink")]
    async fn link(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What the command says.")] input: WorkItemLinkInput,
    ) -> Result<WorkItemPayload> {
        let relation = input.relation.into();
        run_connecting(
            ctx,
            (&input.id, &input.target_id),
            &input.command,
            WorkAction::Link,
            Some(relation),
            |target| WorkCommand::Link { relation, target },
        )
        .await
        .map(WorkItemPayload::from)
    }

    /// 取消关联工作项: ends a link, from either of its ends.
    #[graphql(name = "workItemUnlink")]
    async fn unlink(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What the command says.")] input: WorkItemUnlinkInput,
    ) -> Result<WorkItemPayload> {
        run_unlinking(
            ctx,
            (&input.id, &input.target_id),
            &input.command,
            input.relation.into(),
            input.outgoing,
        )
        .await
        .map(WorkItemPayload::from)
    }

    /// 附件: adds a file by the hash of its bytes, which live outside the log.
    #[graphql(name = "workItemAttach")]
    async fn attach(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What the command says.")] input: WorkItemAttachInput,
    ) -> Result<WorkItemPayload> {
        let attachment = Attachment {
            name: required(&input.name, "name", Line::new)?,
            media_type: required(&input.media_type, "mediaType", Line::new)?,
            size_bytes: u64::try_from(input.size_bytes.0)
                .ok()
                .and_then(ByteCount::new)
                .ok_or_else(|| {
                    let message = format!("sizeBytes must be from 0 to {}", ByteCount::MAX);
                    at_field(code::INPUT_INVALID, message, "sizeBytes")
                })?,
            sha256: input.sha256.clone(),
        };
        let command = WorkCommand::Attach { attachment };
        run_work(ctx, &input.id, &input.command, command)
            .await
            .map(WorkItemPayload::from)
    }

    /// 外部编号: names the item's number in another system.
    #[graphql(name = "workItemAddExternalReference")]
    async fn add_external_reference(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What the command says.")] input: WorkItemAddExternalReferenceInput,
    ) -> Result<WorkItemPayload> {
        let external = ExternalReference {
            system: required(&input.system, "system", Line::new)?,
            reference: required(&input.reference, "reference", Line::new)?,
        };
        let command = WorkCommand::AddExternalReference { external };
        run_work(ctx, &input.id, &input.command, command)
            .await
            .map(WorkItemPayload::from)
    }

    /// 引用知识: writes down that an article was used.
    #[graphql(name = "workItemApplyKnowledge")]
    async fn apply_knowledge(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What the command says.")] input: WorkItemApplyKnowledgeInput,
    ) -> Result<WorkItemPayload> {
        let article = required(&input.article, "article", ArticleId::new)?;
        let command = WorkCommand::ApplyKnowledge { article };
        run_work(ctx, &input.id, &input.command, command)
            .await
            .map(WorkItemPayload::from)
    }

    /// 合并: lets the item go on as another one that is still open. Those whom
    /// it concerns are told, or a reason says why they could not be.
    #[graphql(name = "workItemMergeInto")]
    async fn merge_into(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What the command says.")] input: WorkItemMergeIntoInput,
    ) -> Result<WorkItemPayload> {
        let reason = required(&input.reason, "reason", Text::new)?;
        let farewell = farewell(&input.told, input.no_feedback_reason.as_deref())?;
        run_connecting(
            ctx,
            (&input.id, &input.target_id),
            &input.command,
            WorkAction::MergeInto,
            None,
            |target| WorkCommand::MergeInto {
                target,
                reason: reason.clone(),
                farewell: farewell.clone(),
            },
        )
        .await
        .map(WorkItemPayload::from)
    }
}
