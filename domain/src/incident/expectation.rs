//! When an incident is expected to be resolved (INC-08): computed from how long
//! like ones took, and adjusted by somebody who says why.

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};
use strum::{AsRefStr, EnumIter, EnumString};

use super::decide::Decision;
use super::{Error, Event, ExpectationBasis, Incident};
use crate::Context;
use crate::ids::CategoryCode;
use crate::priority::Priority;
use crate::text::Text;

/// How many of the incidents that were opened last are compared at most.
pub const MOST_COMPARED: u32 = 100;

/// Fewer than these say nothing of the next one.
pub const LEAST_COMPARED: u32 = 5;

/// By which method an expected time is computed: the median of the times from
/// the first contact to the resolution of incidents that are resolved or
/// closed, and took longer than this one has taken already.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, AsRefStr, EnumIter, EnumString,
)]
pub enum EstimateMethod {
    /// 同类别同优先级的中位数: of the same category and the same priority.
    MedianOfCategoryAndPriority,
    /// 同优先级的中位数: of the same priority, where there are too few of the
    /// same category.
    MedianOfPriority,
}

/// How long like incidents took: looked up before the decision, and kept with
/// it, so that it can be computed again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Estimate {
    /// By which method.
    pub method: EstimateMethod,
    /// The category that the incident had.
    pub category: CategoryCode,
    /// The priority that it had.
    pub priority: Priority,
    /// How many incidents were compared.
    pub sample: u32,
    /// How many minutes they took, the median, rounded up.
    pub minutes: u32,
    /// The position of the log up to which they were known.
    pub as_of: i64,
}

impl Incident {
    /// The expected time that follows from how long like incidents took,
    /// counted from the first contact.
    pub(super) fn compute_expected(
        &self,
        estimate: Option<&Estimate>,
        context: &Context,
    ) -> Decision {
        self.work.working(context)?;
        let estimate = estimate.ok_or(Error::NothingToCompare)?;
        let category = self.work.category.as_ref().map(|category| &category.code);
        let priority = self.work.priority.map(|judged| judged.priority);
        if category != Some(&estimate.category) || priority != Some(estimate.priority) {
            return Err(Error::ComparedWithOthers);
        }
        let to = self
            .work
            .opened_at
            .checked_add_signed(Duration::minutes(estimate.minutes.into()))
            .unwrap_or(DateTime::<Utc>::MAX_UTC);
        if to < context.effective_at {
            return Err(Error::ExpectationInThePast);
        }
        Ok(vec![Event::ExpectedResolutionSet {
            from: self.expected_at,
            to,
            basis: ExpectationBasis::Computed,
            reason: None,
            estimate: Some(estimate.clone()),
        }])
    }

    /// The expected time that somebody of the team, or a coordinator, holds
    /// for right.
    pub(super) fn adjust_expected(
        &self,
        at: DateTime<Utc>,
        reason: &Text,
        context: &Context,
    ) -> Decision {
        self.work.working(context)?;
        if at < context.effective_at {
            return Err(Error::ExpectationInThePast);
        }
        Ok(vec![Event::ExpectedResolutionSet {
            from: self.expected_at,
            to: at,
            basis: ExpectationBasis::Adjusted,
            reason: Some(reason.clone()),
            estimate: None,
        }])
    }
}
