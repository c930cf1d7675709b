//! The domain's enums as the schema shows them: mirrored, never derived in the
//! domain, so that a name in the schema changes only when somebody means it.

use async_graphql::Enum;

/// 影响度: how much of the business is affected.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "domain::priority::Impact")]
pub(crate) enum Impact {
    /// A whole service, region or customer group.
    High,
    /// A team, or a service in part.
    Medium,
    /// One person, or a mere nuisance.
    Low,
}

/// 紧急度: how soon a solution is needed.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "domain::priority::Urgency")]
pub(crate) enum Urgency {
    /// The damage grows quickly.
    High,
    /// The damage grows slowly.
    Medium,
    /// It can wait.
    Low,
}

/// 优先级: the order in which items are worked on.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "domain::priority::Priority")]
pub(crate) enum Priority {
    /// Critical.
    P1,
    /// High.
    P2,
    /// Moderate.
    P3,
    /// Low.
    P4,
    /// Planned.
    P5,
}

/// 支持线: the depth of expertise.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "domain::work_item::SupportLine")]
pub(crate) enum SupportLine {
    /// 一线: the service desk.
    First,
    /// 二线: the specialists of an area.
    Second,
    /// 三线: developers, vendors, architects.
    Third,
}

/// 阶段: a stage on an item's way from the first contact to the end (SD-03).
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "domain::work_item::JourneyStage")]
pub(crate) enum JourneyStage {
    /// 受理: the contact was recorded, filed and given a priority.
    Accept,
    /// 分配: a team got it.
    Assign,
    /// 处理: a team took it on.
    Process,
    /// 跟踪: before its end, the requester or chosen people were told how
    /// things stood.
    Track,
    /// 反馈: since its end, the requester has heard from the desk.
    Feedback,
    /// 结束: it was closed.
    Close,
}

/// By which method an expected time was computed: the median of the times from
/// the first contact to the resolution of the last hundred incidents that took
/// longer than the one whose time it is had taken already.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "domain::incident::EstimateMethod")]
pub(crate) enum EstimateMethod {
    /// Of the same category and the same priority.
    MedianOfCategoryAndPriority,
    /// Of the same priority, where there are fewer than five of the same
    /// category.
    MedianOfPriority,
}

/// How far the hand-over to the assigned team has come.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "domain::work_item::Handling")]
pub(crate) enum Handling {
    /// No team has it.
    Unassigned,
    /// A team has it and has not accepted it.
    Assigned,
    /// The team works on it.
    Accepted,
    /// The team has sent it back.
    Returned,
}

/// 受理渠道: how people and machines reach the desk.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "domain::work_item::ContactChannel")]
pub(crate) enum ContactChannel {
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

/// Who may read a comment.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "domain::work_item::Visibility")]
pub(crate) enum Visibility {
    /// The requester too.
    Public,
    /// Only those who work at the desk.
    Internal,
}

/// How one work item stands to another, read from the item that holds the link.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "domain::work_item::Relation")]
pub(crate) enum Relation {
    /// The other item is a part of this one.
    ParentOf,
    /// The other item reports the same.
    DuplicateOf,
    /// The other item, a change, brought this one about.
    CausedBy,
    /// The other item, a problem, is what lies beneath this one.
    SymptomOf,
    /// The other item, a change, ends this one.
    ResolvedBy,
    /// This item does what the other one asks for.
    Fulfils,
    /// The other item, a release, brings this one out.
    ReleasedIn,
    /// The two have to do with each other.
    RelatesTo,
}

/// A detail that carries no meaning for the process and can be put right.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "domain::work_item::DetailField")]
pub(crate) enum DetailField {
    /// The one line.
    Summary,
    /// The full text.
    Description,
    /// Who asked.
    Requester,
    /// Who suffers.
    AffectedPerson,
    /// The service concerned.
    Service,
}

/// Where a work item stands. Each practice has those of its own process.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "domain::incident::Status")]
pub(crate) enum WorkItemStatus {
    /// 新建: registered, with no team.
    New,
    /// 已分派: a team has it and has not accepted it.
    Assigned,
    /// 已退回: the team sent it back.
    Returned,
    /// 处理中: the team works on it.
    InProgress,
    /// 挂起: the work waits.
    OnHold,
    /// 已解决: done, not confirmed.
    Resolved,
    /// 已关闭: over.
    Closed,
    /// 已取消: it was none.
    Cancelled,
    /// 已合并: it goes on as another one.
    Merged,
}

/// What work waits for.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "domain::incident::HoldReason")]
pub(crate) enum HoldReason {
    /// 等待用户.
    Requester,
    /// 等待供应商.
    Supplier,
    /// 等待变更.
    Change,
    /// 等待问题.
    Problem,
    /// 等待审批.
    Approval,
}

/// What an expected time rests on.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "domain::incident::ExpectationBasis")]
pub(crate) enum ExpectationBasis {
    /// The history of like incidents gave it.
    Computed,
    /// Somebody decided it.
    Adjusted,
}

/// Who ended an item.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "domain::incident::ClosedBy")]
pub(crate) enum ClosedBy {
    /// The requester, by confirming.
    Requester,
    /// The service desk: an agent of its first line, or a coordinator.
    Desk,
    /// Nobody answered in time.
    Timeout,
}

/// What asks for a post-incident review.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "domain::incident::ReviewCause")]
pub(crate) enum ReviewCause {
    /// The incident is of a priority that needs one.
    Priority,
    /// The incident was a major one.
    Major,
    /// Somebody wants one.
    Request,
}

/// What an actor may do.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "domain::Role")]
pub(crate) enum Role {
    /// 用户: reports, follows, confirms or rejects what concerns them.
    Requester,
    /// 工程师: works on the items of their teams.
    Agent,
    /// 协调员: works on any item, dispatches, declares major incidents.
    Coordinator,
    /// 审计员: reads everything, changes nothing.
    Auditor,
    /// 管理员: configures the desk.
    Administrator,
}
