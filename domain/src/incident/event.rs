//! What happens to an incident beyond what happens to any work item.

use chrono::{DateTime, Utc};
use cqrs_es::DomainEvent;
use serde::{Deserialize, Serialize};
use strum::{AsRefStr, EnumIter, EnumString, VariantNames};

use crate::ids::{ArticleId, PersonId};
use crate::text::{Line, Text};
use crate::work_item::WorkEvent;

/// A fact about an incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, AsRefStr, VariantNames)]
#[serde(tag = "type")]
pub enum Event {
    /// 开始诊断: somebody looks for the cause.
    DiagnosisStarted {
        /// What they suspect.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        hypothesis: Option<Text>,
    },
    /// 诊断发现: something was found out (INC-09).
    FindingRecorded {
        /// What.
        text: Text,
    },
    /// 预计解决时间: when the incident is expected to be resolved (INC-08).
    ExpectedResolutionSet {
        /// The time expected before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<DateTime<Utc>>,
        /// The time expected now.
        to: DateTime<Utc>,
        /// What it rests on.
        basis: ExpectationBasis,
        /// Why it was adjusted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<Text>,
    },
    /// 挂起: work waits for somebody or something.
    PutOnHold {
        /// For whom or what.
        reason: HoldReason,
        /// In the words of the one who waits.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<Text>,
        /// Until when, if that is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<DateTime<Utc>>,
    },
    /// 恢复处理: work goes on.
    Resumed {
        /// Whether the requester's answer was what it waited for.
        requester_replied: bool,
    },
    /// 临时措施: the effect was lessened without ending the cause.
    WorkaroundApplied {
        /// How.
        text: Text,
    },
    /// 业务恢复: the service works again (INC-30). The effective time is when.
    ServiceRestored {},
    /// 解决: the desk holds the incident for ended.
    Resolved {
        /// How it ended.
        code: Line,
        /// What caused it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cause: Option<Text>,
        /// What ended it; the requester reads this.
        solution: Text,
        /// The article that helped.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        knowledge: Option<ArticleId>,
        /// Whether the first line did it at the first contact (KPI-01).
        at_first_contact: bool,
        /// Until when the requester may confirm or reject; then the desk
        /// closes the incident. None for a history taken over.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        confirm_by: Option<DateTime<Utc>>,
    },
    /// 用户确认: the requester is content.
    ResolutionConfirmed {},
    /// 用户否决: the requester is not.
    ResolutionRejected {
        /// Why.
        reason: Text,
    },
    /// 关闭: over, unless it is reopened.
    Closed {
        /// Who ended it.
        by: ClosedBy,
        /// Why the requester has heard nothing, where nothing is on record
        /// (SD-04).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        no_feedback_reason: Option<Text>,
        /// Until when it may be reopened (INC-29).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reopen_until: Option<DateTime<Utc>>,
    },
    /// 重新打开: it was not over.
    Reopened {
        /// Why.
        reason: Text,
        /// Counted from 2: each cycle is judged anew.
        cycle: u32,
    },
    /// 取消: it was none, or nobody needs it any more.
    Cancelled {
        /// Why.
        reason: Text,
    },
    /// 宣布重大事件.
    MajorDeclared {
        /// Why.
        reason: Text,
        /// Who leads.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        leader: Option<PersonId>,
    },
    /// 解除重大事件.
    MajorStoodDown {
        /// Why.
        reason: Text,
    },
    /// 要求事后回顾 (INC-34).
    ReviewRequired {
        /// What asks for it.
        cause: ReviewCause,
    },
    /// 完成事后回顾.
    ReviewCompleted {
        /// What was learnt.
        text: Text,
    },
    /// 历史更正: a history taken over holds a step that the process forbids;
    /// the status is set to what the source says, and this says so.
    StatusCorrected {
        /// The status before.
        from: Status,
        /// The status that the source gives.
        to: Status,
        /// What the source said.
        reason: Text,
    },
    /// What happens to any work item.
    #[serde(untagged)]
    Work(WorkEvent),
}

impl Event {
    /// The name under which the event is stored.
    pub fn name(&self) -> &str {
        match self {
            Self::Work(event) => event.as_ref(),
            own => own.as_ref(),
        }
    }
}

impl DomainEvent for Event {
    fn event_type(&self) -> String {
        self.name().to_owned()
    }

    fn event_version(&self) -> String {
        match self {
            Self::PutOnHold { .. } => super::upcast::PUT_ON_HOLD_VERSION,
            _ => "1.0",
        }
        .to_owned()
    }
}

impl From<WorkEvent> for Event {
    fn from(event: WorkEvent) -> Self {
        Self::Work(event)
    }
}

/// Where an incident stands. Escalation is a fact and no status: it would
/// double every one of them.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    AsRefStr,
    EnumIter,
    EnumString,
)]
pub enum Status {
    /// 新建: registered, with no team.
    #[default]
    New,
    /// 已分派: a team has it and has not accepted.
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
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, AsRefStr, EnumIter, EnumString,
)]
pub enum HoldReason {
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
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, AsRefStr, EnumIter, EnumString,
)]
pub enum ExpectationBasis {
    /// A policy or the history gave it.
    Computed,
    /// Somebody decided it.
    Adjusted,
}

/// Who ended an incident.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, AsRefStr, EnumIter, EnumString,
)]
pub enum ClosedBy {
    /// The requester, by confirming.
    Requester,
    /// The service desk.
    Desk,
    /// Nobody answered in time.
    Timeout,
}

/// What asks for a review.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, AsRefStr, EnumIter, EnumString,
)]
pub enum ReviewCause {
    /// The incident is of a priority that needs one.
    Priority,
    /// The incident was a major one.
    Major,
    /// Somebody wants one.
    Request,
}
