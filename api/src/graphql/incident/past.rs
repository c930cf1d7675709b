//! The incident as it was in the world: its stream folded by the read models'
//! own folds, in the order in which its steps were so. Steps that were written
//! down later count from when they happened.

use std::sync::Arc;

use async_graphql::Result;
use domain::incident::Event;
use domain::work_item::WorkEvent;
use projections::incident_detail::IncidentDetail;
use projections::work_item_history::HistoryRow;
use projections::work_queue::WorkQueueRow;
use projections::{Decoded, DeskEvent};
use uuid::Uuid;

use crate::desk::Desk;
use crate::graphql::ids::Kind;
use crate::graphql::time::{Then, steps};
use crate::graphql::work_item::links::WorkItemLink;

/// An incident at another time.
pub(crate) struct Past {
    /// The point that it is shown as of.
    pub(crate) then: Then,
    pub(crate) row: Arc<WorkQueueRow>,
    pub(crate) detail: Arc<IncidentDetail>,
    pub(crate) history: Vec<HistoryRow>,
    /// The links that it holds itself.
    pub(crate) links: Vec<WorkItemLink>,
}

impl Past {
    /// The incident at a point; none where it did not exist.
    pub(super) async fn load(desk: &Desk, id: Uuid, then: Then) -> Result<Option<Self>> {
        let steps = steps(desk, Kind::Incident, id, Some(&then)).await?;
        Ok(Self::fold(&steps, then))
    }

    fn fold(steps: &[Decoded], then: Then) -> Option<Self> {
        let (mut row, mut detail) = (None, None);
        let (mut history, mut links) = (Vec::new(), Vec::new());
        for step in steps {
            let before = row.as_ref().map(|row: &WorkQueueRow| row.status.clone());
            WorkQueueRow::apply(&mut row, step);
            IncidentDetail::apply(&mut detail, step);
            history.extend(HistoryRow::from_event(step, before.as_deref()));
            apply_link(&mut links, step);
        }
        Some(Self {
            then,
            row: Arc::new(row?),
            detail: Arc::new(detail?),
            history,
            links,
        })
    }
}

/// The links that the item itself holds.
fn apply_link(links: &mut Vec<WorkItemLink>, step: &Decoded) {
    match &step.event {
        DeskEvent::Incident(Event::Work(WorkEvent::WorkLinked {
            relation,
            target,
            target_number,
        })) => {
            links.push(WorkItemLink::new(
                *relation,
                true,
                target.0,
                target_number.clone(),
            ));
        }
        DeskEvent::Incident(Event::Work(WorkEvent::WorkUnlinked { relation, target })) => {
            links.retain(|link| !link.is(*relation, target.0));
        }
        _ => {}
    }
}
