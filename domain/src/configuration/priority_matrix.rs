//! 优先级矩阵: which priority follows from impact and urgency (INC-05), and
//! what each priority asks of an item's closing.

use serde::{Deserialize, Serialize};
use strum::IntoEnumIterator;

use super::aggregate::check_name;
use super::{Content, ContentProblem};
use crate::priority::{Impact, Priority, Urgency};

/// The matrix and the levels that it leads to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriorityMatrix {
    /// One row an impact from high to low, in it one priority an urgency from
    /// high to low.
    pub rows: [[Priority; 3]; 3],
    /// What each priority is called and asks for.
    pub levels: Vec<Level>,
}

/// One priority: its name and what it asks of an item's closing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Level {
    /// The priority described.
    pub priority: Priority,
    /// Its name in Chinese.
    pub name_zh: String,
    /// Its name in English.
    pub name_en: String,
    /// How long the requester has to confirm or reject a resolution before the
    /// desk closes the item.
    pub confirm_within_hours: u32,
    /// How long after its closing an item may be reopened.
    pub reopen_within_hours: u32,
    /// Whether a post-incident review must be completed before the closing
    /// (INC-34).
    pub review_required: bool,
}

impl Level {
    /// The longest window: ten years. More is a slip of the pen, and further
    /// on there are no calendars.
    pub const MAX_WINDOW_HOURS: u32 = 10 * 365 * 24;

    fn check(&self) -> Result<(), String> {
        check_name(&self.name_zh)?;
        check_name(&self.name_en)?;
        if self.confirm_within_hours.min(self.reopen_within_hours) == 0 {
            return Err("a window has at least one hour".to_owned());
        }
        let longest = self.confirm_within_hours.max(self.reopen_within_hours);
        if longest > Self::MAX_WINDOW_HOURS {
            return Err(format!(
                "a window has at most {} hours",
                Self::MAX_WINDOW_HOURS
            ));
        }
        Ok(())
    }
}

impl PriorityMatrix {
    /// The priority of an impact and an urgency.
    pub fn priority(&self, impact: Impact, urgency: Urgency) -> Priority {
        self.rows[impact as usize][urgency as usize]
    }

    /// What a priority asks for.
    pub fn level(&self, priority: Priority) -> Option<&Level> {
        self.levels.iter().find(|l| l.priority == priority)
    }

    /// The matrix that a new desk starts with: the usual three by three, a
    /// week to confirm and a month to reopen, a review for the first two.
    pub fn initial() -> Self {
        use Priority::{P1, P2, P3, P4, P5};
        let level = |priority, name_zh: &str, name_en: &str, confirm_within_hours| Level {
            priority,
            name_zh: name_zh.to_owned(),
            name_en: name_en.to_owned(),
            confirm_within_hours,
            reopen_within_hours: 30 * 24,
            review_required: priority <= P2,
        };
        Self {
            rows: [[P1, P2, P3], [P2, P3, P4], [P3, P4, P5]],
            levels: vec![
                level(P1, "紧急", "Critical", 3 * 24),
                level(P2, "高", "High", 5 * 24),
                level(P3, "中", "Moderate", 7 * 24),
                level(P4, "低", "Low", 7 * 24),
                level(P5, "计划", "Planned", 7 * 24),
            ],
        }
    }
}

impl Content for PriorityMatrix {
    const TYPE: &'static str = "priority_matrix";

    fn check(&self) -> Result<(), ContentProblem> {
        for priority in Priority::iter() {
            let levels = self.levels.iter().filter(|l| l.priority == priority);
            if levels.count() != 1 {
                return Err(ContentProblem(format!(
                    "priority {} must be described exactly once",
                    priority.as_ref()
                )));
            }
        }
        for level in &self.levels {
            level.check().map_err(|problem| {
                ContentProblem(format!("priority {}: {problem}", level.priority.as_ref()))
            })?;
        }
        Ok(())
    }
}
