//! Lets an item say which others go on as it. What follows from what is
//! decided in [`domain::policies::merging`].

use std::sync::Arc;

use cqrs_es::Aggregate;
use domain::ids::{DESK_NAMESPACE, WorkItemId};
use domain::incident::{Command, Incident};
use domain::policies::{TimerChange, merging};
use event_store::{AggregateStore, Filter, StoreError};
use projections::timer::Timer;
use projections::{Decoded, DeskEvent};
use uuid::Uuid;

use super::runner::{Process, envelope};
use crate::commands::{CommandError, execute};
use crate::desk::{Desk, Keeps};

/// Tells the item that goes on.
pub(super) struct Merging;

impl Process for Merging {
    const NAME: &'static str = "merging";
    const VERSION: i32 = 1;
    const ACTOR: &'static str = "docket:merging";
    const RULE: &'static str = merging::RULE;
    const FOLLOWS: (&'static str, &'static [&'static str]) = (Incident::TYPE, merging::EVENTS);

    /// Each of the events is answered at once, and by itself.
    fn on_event(event: &Decoded) -> Vec<(Uuid, TimerChange)> {
        let position = event.recorded.position;
        let key = Uuid::new_v5(&DESK_NAMESPACE, format!("merging:{position}").as_bytes());
        let due_at = event.metadata.effective_at;
        vec![(key, TimerChange::Start { due_at })]
    }

    async fn act(desk: &Desk, timer: &Timer) -> Result<(), CommandError> {
        let event = event_at(desk, timer.source_position).await?;
        let DeskEvent::Incident(content) = &event.event else {
            return Ok(());
        };
        let id = event.recorded.aggregate_id;
        let incidents: &AggregateStore<Incident> = desk.store();
        let item = incidents.load(id).await?;
        let Some((target, items)) = merging::on_event(content, WorkItemId(id), &item.state) else {
            return Ok(());
        };
        let goes_on = incidents.load(target.0).await?;
        // Nothing happens to an item before its own first contact.
        let at = timer.due_at.max(goes_on.state.work().opened_at);
        for item in items {
            let envelope = envelope::<Self>(timer, &item.id.to_string(), at)?;
            let command = Command::from(merging::on_due(item));
            match execute::<Incident>(desk, target.0, &command, &envelope).await {
                // It is archived, or knows it already: nothing is left to say.
                Ok(_) | Err(CommandError::Refused { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// The event that set a timer.
async fn event_at(desk: &Desk, position: i64) -> Result<Decoded, CommandError> {
    let events = desk.log().read(position - 1, 1, &Filter::default()).await?;
    let corrupt = |problem: String| StoreError::Corrupt { position, problem };
    let event = events
        .into_iter()
        .next()
        .ok_or_else(|| corrupt("the event that set a timer is missing".to_owned()))?;
    Ok(Decoded::new(Arc::new(event)).map_err(|error| corrupt(error.to_string()))?)
}
