//! What happens to an incident beyond what happens to any work item.

use chrono::{DateTime, Utc};
use cqrs_es::DomainEvent;
use serde::{Deserialize, Serialize};
use strum::{AsRefStr, EnumIter, EnumString, VariantNames};

use super::Estimate;
use crate::ids::{ArticleId, PersonId};
use crate::text::{Line, Text};
use crate::work_item::{JourneyStage, Standing, WorkEvent};

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
        /// What it was computed from.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        estimate: Option<Estimate>,
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
    /// 初始支持: what the first line gave at the first contact, before anybody
    /// took the incident on (SD-14).
    InitialSupportGiven {
        /// What the requester was told.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        answer: Option<Text>,
        /// The article that was used.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        article: Option<ArticleId>,
        /// How the effect was lessened.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        workaround: Option<Text>,
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
        /// Who resolved it, who does not complete its review (INC-34). None
        /// for a history taken over.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        resolved_by: Option<PersonId>,
        /// Until when the requester may confirm or reject; then the desk
        /// closes the incident. None for a history taken over.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        confirm_by: Option<DateTime<Utc>>,
    },
    /// 用户答复: the requester has said something about the resolution, and has
    /// neither confirmed nor rejected it. The desk answers before anything
    /// else happens: no window runs meanwhile.
    ResolutionAnswered {},
    /// 重新等待确认: the desk has answered, and the window to confirm or reject
    /// begins anew.
    ConfirmationAwaited {
        /// Until when the requester may confirm or reject now.
        confirm_by: DateTime<Utc>,
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
        /// Who cancelled it, who does not complete its review (INC-34). None
        /// for a history taken over.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cancelled_by: Option<PersonId>,
        /// Who was told (SD-04).
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        told: Vec<PersonId>,
        /// Why nobody whom it concerns was told, where that is so (SD-04).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        no_feedback_reason: Option<Text>,
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

impl Status {
    /// Where an incident of this status stands on the way from the first
    /// contact to the closing (SD-03).
    pub fn standing(self) -> Standing {
        match self {
            Self::New => Standing::At(JourneyStage::Accept),
            Self::Assigned | Self::Returned => Standing::At(JourneyStage::Assign),
            Self::InProgress | Self::OnHold => Standing::At(JourneyStage::Process),
            Self::Resolved => Standing::At(JourneyStage::Feedback),
            Self::Closed => Standing::At(JourneyStage::Close),
            Self::Cancelled | Self::Merged => Standing::Ended,
        }
    }
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
    /// The history of like incidents gave it.
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
    /// The service desk: an agent of its first line, or a coordinator.
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
