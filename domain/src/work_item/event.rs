//! What happens to any work item. Each event says what was before and what
//! came after, so that a history needs no other event to be read. Time and
//! actor are in the envelope.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use strum::{AsRefStr, EnumIter, EnumString, VariantNames};

use super::{Attachment, DetailField, ExternalReference, Relation, SupportLine, TeamRef};
use crate::ids::{ArticleId, CategoryCode, CiId, PersonId, ServiceCode, WorkItemId};
use crate::priority::{Impact, Priority, Urgency};
use crate::text::{Line, Text};

/// A fact about a work item of any practice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, AsRefStr, VariantNames)]
#[serde(tag = "type")]
pub enum WorkEvent {
    /// 登记: the item exists.
    Registered {
        /// Unique in the practice, shown to people.
        number: String,
        /// What it is about, in one line.
        summary: Line,
        /// What it is about, in full.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        description: Option<Text>,
        /// Who asked; none for an item that a machine reported.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        requester: Option<PersonId>,
        /// Who suffers from it, where that is somebody else.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        affected_person: Option<PersonId>,
        /// How the contact was made.
        contact_channel: ContactChannel,
        /// The service concerned.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        service: Option<ServiceCode>,
        /// When the contact was made; nothing about the item can have
        /// happened before.
        opened_at: DateTime<Utc>,
    },
    /// 分类: the item was filed under a category.
    Classified {
        /// The category before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<CategoryRef>,
        /// The category, and the version of the tree it was taken from.
        to: CategoryRef,
    },
    /// 定级: impact and urgency were judged, and the priority follows.
    PrioritySet {
        /// The priority before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<Priority>,
        /// How much of the business is affected.
        impact: Impact,
        /// How soon a solution is needed.
        urgency: Urgency,
        /// What the matrix says.
        priority: Priority,
        /// The version of the matrix that said it.
        matrix_version: u32,
    },
    /// 调整优先级: somebody overruled the matrix.
    PriorityOverridden {
        /// The priority before.
        from: Priority,
        /// The priority now.
        to: Priority,
        /// Why.
        reason: Text,
    },
    /// 分派: a team, and perhaps a person in it, has the item.
    Assigned {
        /// The team that had it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<TeamRef>,
        /// The team that has it.
        to: TeamRef,
        /// The person who had it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from_person: Option<PersonId>,
        /// The person who has it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        person: Option<PersonId>,
    },
    /// 确认: the team takes the item on.
    AssignmentAccepted {
        /// Who in the team works on it.
        person: PersonId,
    },
    /// 退回: the team sends the item back to where it came from.
    Returned {
        /// The team that sends it back.
        from: TeamRef,
        /// The team that gets it back, none where a dispatcher sent it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<TeamRef>,
        /// Why.
        reason: Text,
    },
    /// 转发: the item goes to a peer team.
    Forwarded {
        /// The team that had it.
        from: TeamRef,
        /// The team that has it.
        to: TeamRef,
        /// The person who has it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        person: Option<PersonId>,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<Text>,
    },
    /// 转发外部平台: another organisation's platform works on it as well.
    ForwardedOutside {
        /// Where it went, and its number there.
        to: ExternalReference,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<Text>,
    },
    /// 职能升级: a deeper support line is asked.
    EscalatedFunctionally {
        /// The line that had it.
        from: SupportLine,
        /// The line that is asked.
        to: SupportLine,
        /// Why.
        reason: Text,
    },
    /// 管理升级: management is told.
    EscalatedHierarchically {
        /// The level before, 0 for none.
        from_level: u8,
        /// The level now.
        level: u8,
        /// Who is told.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        person: Option<PersonId>,
        /// Why.
        reason: Text,
    },
    /// 关注: somebody wants to know what becomes of it.
    WatcherAdded {
        /// Who.
        person: PersonId,
    },
    /// 取消关注.
    WatcherRemoved {
        /// Who.
        person: PersonId,
    },
    /// 留言: somebody said something.
    CommentAdded {
        /// Who may read it.
        visibility: Visibility,
        /// What they said.
        text: Text,
        /// Whether one whom the item is about said it to the desk; anybody
        /// else's public comment is feedback to them.
        from_requester: bool,
    },
    /// 阶段通知: chosen people were told how far things are (INC-22).
    StageResultNotified {
        /// Who was told.
        recipients: Vec<PersonId>,
        /// What they were told.
        text: Text,
    },
    /// 联系用户: the requester was spoken to (SD-22).
    RequesterContacted {
        /// How.
        contact_channel: ContactChannel,
        /// What was said.
        text: Text,
    },
    /// 催办: somebody presses for progress (SD-13).
    Urged {
        /// How often it has been urged, this time included.
        count: u32,
        /// What they said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<Text>,
        /// Who is told: the person who has the item, and who leads their team.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        notified: Vec<PersonId>,
    },
    /// 关联配置项.
    CiLinked {
        /// The configuration item concerned.
        ci: CiId,
    },
    /// 取消关联配置项.
    CiUnlinked {
        /// The configuration item.
        ci: CiId,
    },
    /// 关联工作项.
    WorkLinked {
        /// How this item stands to the other.
        relation: Relation,
        /// The other item.
        target: WorkItemId,
        /// The other item's number.
        target_number: String,
    },
    /// 取消关联工作项.
    WorkUnlinked {
        /// How this item stood to the other.
        relation: Relation,
        /// The other item.
        target: WorkItemId,
    },
    /// 附件.
    AttachmentAdded {
        /// The file, by its hash.
        attachment: Attachment,
    },
    /// 工时: time was spent on it (SLM-11).
    EffortLogged {
        /// How much.
        minutes: u32,
        /// What for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<Text>,
    },
    /// 外部编号.
    ExternalReferenceAdded {
        /// The item's number in another system.
        external: ExternalReference,
    },
    /// 引用知识: an article was used (INC-11).
    KnowledgeApplied {
        /// The article.
        article: ArticleId,
    },
    /// 自定义字段.
    CustomFieldSet {
        /// The field.
        name: Line,
        /// Its value before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<Text>,
        /// Its value now; none empties it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<Text>,
    },
    /// 更正: a detail was wrong and is right now.
    DetailsCorrected {
        /// Which.
        field: DetailField,
        /// What it said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<String>,
        /// What it says.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<String>,
        /// Why.
        reason: Text,
    },
    /// 合并: the item goes on as another one.
    MergedInto {
        /// The other item.
        target: WorkItemId,
        /// The other item's number.
        target_number: String,
        /// Why.
        reason: Text,
        /// Who merged it, who does not complete its review (INC-34). None for
        /// a history taken over.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        merged_by: Option<PersonId>,
        /// Who was told (SD-04).
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        told: Vec<PersonId>,
        /// Why nobody whom it concerns was told, where that is so (SD-04).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        no_feedback_reason: Option<Text>,
    },
    /// 并入: another item goes on as this one.
    MergedFrom {
        /// The other item.
        source: WorkItemId,
        /// The other item's number.
        source_number: String,
        /// Those whom the other item is about: this one's public side is open
        /// to them from here on.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        people: Vec<PersonId>,
    },
    /// 归档: read-only from here on (SD-25).
    Archived {},
}

/// A category, as of a version of the tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CategoryRef {
    /// The category's code.
    pub code: CategoryCode,
    /// The version of the tree that it was taken from (INC-03).
    pub tree_version: u32,
}

/// 受理渠道: how people and machines reach the desk (SD-05 to SD-07).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, AsRefStr, EnumIter, EnumString,
)]
pub enum ContactChannel {
    /// 热线电话.
    Phone,
    /// 电子邮件.
    Email,
    /// 自助门户.
    Portal,
    /// 即时通讯.
    InstantMessage,
    /// 现场口头.
    WalkIn,
    /// 网站.
    Website,
    /// 论坛.
    Forum,
    /// 传真.
    Fax,
    /// OA公文流转.
    OfficeAutomation,
    /// 监控告警.
    Monitoring,
    /// 系统接口.
    Api,
}

/// Who may read a comment (SD-21).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, AsRefStr, EnumIter, EnumString,
)]
pub enum Visibility {
    /// The requester too.
    Public,
    /// Only those who work at the desk.
    Internal,
}
