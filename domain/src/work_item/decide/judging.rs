//! What an item is and how important: its category and its priority.

use super::super::{CategoryRef, WorkEvent, WorkItem, WorkRefusal};
use super::Decision;
use crate::Context;
use crate::ids::CategoryCode;
use crate::priority::{Impact, Priority, Urgency};
use crate::text::Text;

impl WorkItem {
    pub(super) fn classify(&self, category: &CategoryCode, context: &Context) -> Decision {
        let tree = context.category_tree().ok_or(WorkRefusal::NoCategoryTree {
            at: context.effective_at,
        })?;
        let Some(category) = tree.content.category(category) else {
            return Err(WorkRefusal::CategoryUnknown {
                code: category.to_string(),
            });
        };
        let to = CategoryRef {
            code: category.code.clone(),
            tree_version: tree.version,
        };
        if self.category.as_ref() == Some(&to) {
            return Err(WorkRefusal::CategoryUnchanged);
        }
        Ok(vec![WorkEvent::Classified {
            from: self.category.clone(),
            to,
        }])
    }

    pub(super) fn prioritise(
        &self,
        impact: Impact,
        urgency: Urgency,
        context: &Context,
    ) -> Decision {
        let matrix = context
            .priority_matrix()
            .ok_or(WorkRefusal::NoPriorityMatrix {
                at: context.effective_at,
            })?;
        let priority = matrix.content.priority(impact, urgency);
        if self.priority.is_some_and(|now| {
            (now.impact, now.urgency, now.priority, now.matrix_version)
                == (impact, urgency, priority, matrix.version)
        }) {
            return Err(WorkRefusal::PriorityUnchanged);
        }
        Ok(vec![WorkEvent::PrioritySet {
            from: self.priority.map(|p| p.priority),
            impact,
            urgency,
            priority,
            matrix_version: matrix.version,
        }])
    }

    /// A person's judgement prevails over the matrix, until impact or urgency
    /// are judged anew (INC-05).
    pub(super) fn override_priority(
        &self,
        to: Priority,
        reason: &Text,
        context: &Context,
    ) -> Decision {
        self.working(context)?;
        match self.priority {
            Some(now) if now.priority == to => Err(WorkRefusal::PriorityUnchanged),
            Some(now) => Ok(vec![WorkEvent::PriorityOverridden {
                from: now.priority,
                to,
                reason: reason.clone(),
            }]),
            None => Err(WorkRefusal::NoPriorityMatrix {
                at: context.effective_at,
            }),
        }
    }
}
