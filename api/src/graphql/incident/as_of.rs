//! The incident at another time: its stream folded up to there by the read
//! models' own folds, so that what was shown then is shown again.
//!
//! On the basis `RECORDED` it is the incident as it was known, on the basis
//! `EFFECTIVE` as it was: steps that were written down later count from when
//! they were so in the world.

use std::sync::Arc;

use async_graphql::{Context, Enum, OneofObject, Result};
use chrono::{DateTime, Utc};
use cqrs_es::Aggregate;
use domain::incident::{self, Event};
use domain::work_item::WorkEvent;
use event_store::RecordedEvent;
use projections::incident_detail::IncidentDetail;
use projections::work_item_history::HistoryRow;
use projections::work_queue::WorkQueueRow;
use projections::{Decoded, DeskEvent};
use uuid::Uuid;

use super::Incident;
use crate::desk::Desk;
use crate::error::{at_field, code, internal, of_store};
use crate::graphql::scalars::Long;
use crate::graphql::viewer::desk;
use crate::graphql::work_item::links::WorkItemLink;

/// A point in the history of the desk.
#[derive(OneofObject, Debug, Clone, Copy)]
pub(crate) enum AsOfInput {
    /// A moment.
    At(DateTime<Utc>),
    /// A position of the log, that event included.
    Position(Long),
}

/// Which of an event's two times counts.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Basis {
    /// When the desk recorded it: what was known.
    #[default]
    Recorded,
    /// When it was so in the world: what was so.
    Effective,
}

/// An incident at another time.
pub(crate) struct Past {
    /// The moment that it is shown at.
    pub(crate) at: DateTime<Utc>,
    pub(crate) row: WorkQueueRow,
    pub(crate) detail: Arc<IncidentDetail>,
    pub(crate) history: Vec<HistoryRow>,
    pub(crate) links: Vec<WorkItemLink>,
}

impl Past {
    /// The incident at a point; none where it did not exist.
    pub(crate) async fn load(
        desk: &Desk,
        id: Uuid,
        as_of: AsOfInput,
        basis: Basis,
    ) -> Result<Option<Self>> {
        let upto = match (as_of, basis) {
            (AsOfInput::Position(position), _) => Some(position.0),
            (AsOfInput::At(at), Basis::Recorded) => Some(
                desk.log()
                    .position_at(at)
                    .await
                    .map_err(|error| of_store(&error))?,
            ),
            (AsOfInput::At(_), Basis::Effective) => None,
        };
        let stream = desk
            .log()
            .read_stream(incident::Incident::TYPE, id, upto)
            .await
            .map_err(|error| of_store(&error))?;
        let mut steps = decoded(stream)?;
        if basis == Basis::Effective {
            if let AsOfInput::At(at) = as_of {
                steps.retain(|step| step.metadata.effective_at <= at);
            }
            // Equal times keep the order in which they were recorded.
            steps.sort_by_key(|step| (step.metadata.effective_at, step.recorded.position));
        }
        Ok(Self::fold(&steps, as_of))
    }

    fn fold(steps: &[Decoded], as_of: AsOfInput) -> Option<Self> {
        let (mut row, mut detail) = (None, None);
        let (mut history, mut links) = (Vec::new(), Vec::new());
        for step in steps {
            let before = row.as_ref().map(|row: &WorkQueueRow| row.status.clone());
            WorkQueueRow::apply(&mut row, step);
            IncidentDetail::apply(&mut detail, step);
            history.extend(HistoryRow::from_event(step, before.as_deref()));
            apply_link(&mut links, step);
        }
        let (row, last) = (row?, steps.last()?);
        let at = match as_of {
            AsOfInput::At(at) => at,
            AsOfInput::Position(_) => last.recorded.recorded_at,
        };
        Some(Self {
            at,
            row,
            detail: Arc::new(detail?),
            history,
            links,
        })
    }

    /// The incident as the schema shows it.
    pub(crate) fn into_incident(self) -> Incident {
        Incident {
            row: Arc::new(self.row.clone()),
            seen: 0,
            past: Some(Arc::new(self)),
        }
    }
}

/// The point that an argument means, checked: nothing is known of the future.
pub(crate) fn checked(as_of: AsOfInput, field: &str) -> Result<AsOfInput> {
    match as_of {
        AsOfInput::At(at) if at > crate::clock::now() + chrono::Duration::seconds(5) => {
            Err(at_field(
                code::INPUT_INVALID,
                format!("{field} lies in the future"),
                field,
            ))
        }
        AsOfInput::Position(position) if position.0 < 0 => Err(at_field(
            code::INPUT_INVALID,
            format!("{field} is no position of the log"),
            field,
        )),
        as_of => Ok(as_of),
    }
}

/// The incident at a point.
pub(super) async fn load(
    ctx: &Context<'_>,
    id: Uuid,
    as_of: AsOfInput,
    basis: Basis,
) -> Result<Option<Incident>> {
    let past = Past::load(desk(ctx)?, id, checked(as_of, "asOf")?, basis).await?;
    Ok(past.map(Past::into_incident))
}

fn decoded(stream: Vec<RecordedEvent>) -> Result<Vec<Decoded>> {
    let decode = |event| Decoded::new(Arc::new(event)).map_err(|error| internal(&error));
    stream.into_iter().map(decode).collect()
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
