//! An event of the log as the schema shows it.

#![expect(
    clippy::struct_field_names,
    reason = "the names of the log are the names of the schema"
)]

use async_graphql::{Error, ID, InputObject, Json, Result, SimpleObject};
use chrono::{DateTime, Utc};
use event_store::RecordedEvent;
use projections::event_index::EventFilter;
use projections::work_queue::TimeRange;
use uuid::Uuid;

use crate::error::internal;
use crate::graphql::ids::{self, Kind};
use crate::graphql::scalars::Long;
use crate::graphql::work_item::filter::{TimeRangeInput, persons};

/// An event of the log: a fact that never changes.
#[derive(SimpleObject)]
pub(crate) struct Event {
    /// Its place in the one order of the log, from 1 without a gap.
    position: Long,
    /// The kind of object that it happened to, such as `incident`.
    aggregate_type: String,
    /// The object's global id; null for objects that have none.
    object_id: Option<ID>,
    /// The object's identity in the log.
    aggregate_id: Uuid,
    /// Its place in the object's own stream, from 1 without a gap.
    sequence: Long,
    /// What happened, by its name in the past tense.
    event_type: String,
    /// The version of the payload's shape.
    event_version: String,
    /// What happened, exactly as stored.
    payload: Json<serde_json::Value>,
    /// Who, by which door, why and effective when, exactly as stored.
    metadata: Json<serde_json::Value>,
    /// Who did it.
    actor: String,
    /// When it was so in the world.
    effective_at: DateTime<Utc>,
    /// When the desk recorded it.
    recorded_at: DateTime<Utc>,
    /// The command that caused it.
    command_id: Uuid,
    /// Its place among the events of its command, from 0.
    command_index: i16,
}

impl Event {
    pub(super) fn of(event: &RecordedEvent) -> Result<Self> {
        let metadata = event.metadata().map_err(|error| failed(&error))?;
        Ok(Self {
            position: Long(event.position),
            aggregate_type: event.aggregate_type.to_string(),
            object_id: Kind::of_aggregate(&event.aggregate_type)
                .map(|kind| ids::encode(kind, event.aggregate_id)),
            aggregate_id: event.aggregate_id,
            sequence: Long(event.sequence),
            event_type: event.event_type.clone(),
            event_version: event.event_version.clone(),
            payload: Json(serde_json::from_str(&event.payload).map_err(|error| failed(&error))?),
            metadata: Json(serde_json::from_str(&event.metadata).map_err(|error| failed(&error))?),
            actor: metadata.actor,
            effective_at: metadata.effective_at,
            recorded_at: event.recorded_at,
            command_id: event.command_id,
            command_index: event.command_index,
        })
    }
}

fn failed(error: &serde_json::Error) -> Error {
    internal(error)
}

/// Which events are wanted: all conditions that are set must hold, and within
/// a list any of its values.
#[derive(InputObject, Debug, Default)]
pub(crate) struct EventFilterInput {
    /// With one of these names, such as `Resolved`.
    event_types: Option<Vec<String>>,
    /// By one of these actors.
    actors: Option<Vec<String>>,
    /// About one of these kinds of objects, such as `incident`.
    aggregate_types: Option<Vec<String>>,
    /// About this object, by its global id.
    object_id: Option<ID>,
    /// Recorded within this time.
    recorded: Option<TimeRangeInput>,
    /// Effective within this time.
    effective: Option<TimeRangeInput>,
}

impl EventFilterInput {
    pub(super) fn build(self) -> Result<EventFilter> {
        let range = |input: Option<TimeRangeInput>| {
            input.map_or_else(TimeRange::default, |range| TimeRange {
                from: range.from,
                to: range.to,
            })
        };
        let object = self
            .object_id
            .map(|id| ids::decode(&id, "objectId"))
            .transpose()?;
        Ok(EventFilter {
            event_types: self.event_types,
            actors: persons(self.actors, "actors")?,
            aggregate_types: self.aggregate_types,
            aggregate_id: object.map(|(_, id)| id),
            recorded: range(self.recorded),
            effective: range(self.effective),
        })
    }
}
