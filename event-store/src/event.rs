//! An event as it stands in the log, and the choice of some of them.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use cqrs_es::persist::{EventUpcaster, SerializedEvent};
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::{Metadata, StoreError, canonical_json};

/// An event of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedEvent {
    /// Place in the one order of the log, from 1, without a gap.
    pub position: i64,
    /// The kind of aggregate that it belongs to.
    pub aggregate_type: Arc<str>,
    /// The aggregate that it belongs to.
    pub aggregate_id: Uuid,
    /// Place in the aggregate's stream, from 1, without a gap.
    pub sequence: i64,
    /// What happened, as a name.
    pub event_type: String,
    /// The version of the payload's shape.
    pub event_version: String,
    /// What happened, as canonical JSON.
    pub payload: Box<str>,
    /// Who, why and effective when, as canonical JSON.
    pub metadata: Box<str>,
    /// The command that caused it.
    pub command_id: Uuid,
    /// Place among the events of its command, from 0.
    pub command_index: i16,
    /// Hash of the command's content, on the command's first event.
    pub request_hash: Option<[u8; 16]>,
    /// When the log knew.
    pub recorded_at: DateTime<Utc>,
}

impl RecordedEvent {
    /// The envelope, decoded.
    pub fn metadata(&self) -> Result<Metadata, serde_json::Error> {
        Metadata::parse(&self.metadata)
    }

    /// The event in the shape that today's code reads: old versions pass
    /// through the upcasters that know them, in their order.
    pub fn upcast(self, upcasters: &[Box<dyn EventUpcaster>]) -> Result<Self, StoreError> {
        if !upcasters
            .iter()
            .any(|upcaster| upcaster.can_upcast(&self.event_type, &self.event_version))
        {
            return Ok(self);
        }
        let serialized = SerializedEvent {
            aggregate_id: self.aggregate_id.to_string(),
            sequence: usize::try_from(self.sequence).unwrap_or_default(),
            aggregate_type: self.aggregate_type.to_string(),
            payload: self.decode(&self.payload)?,
            metadata: self.decode(&self.metadata)?,
            event_type: self.event_type.clone(),
            event_version: self.event_version.clone(),
        };
        let current = upcast(serialized, upcasters);
        Ok(Self {
            event_type: current.event_type,
            event_version: current.event_version,
            payload: canonical_json(&current.payload).map_err(StoreError::Encode)?,
            metadata: canonical_json(&current.metadata).map_err(StoreError::Encode)?,
            ..self
        })
    }

    /// The content of an event of today's version.
    pub(crate) fn content<E: DeserializeOwned>(&self) -> Result<E, StoreError> {
        self.decode(&self.payload)
    }

    /// About how much memory the event takes.
    pub(crate) fn weight(&self) -> usize {
        size_of::<Self>() + self.payload.len() + self.metadata.len() + self.event_type.len() + 16
    }

    fn decode<T: DeserializeOwned>(&self, json: &str) -> Result<T, StoreError> {
        serde_json::from_str(json).map_err(|error| StoreError::Decode {
            aggregate_type: self.aggregate_type.to_string(),
            aggregate_id: self.aggregate_id.to_string(),
            sequence: self.sequence,
            detail: error.to_string(),
        })
    }
}

/// Brings one stored event to its current version.
pub(crate) fn upcast(
    event: SerializedEvent,
    upcasters: &[Box<dyn EventUpcaster>],
) -> SerializedEvent {
    upcasters.iter().fold(event, |event, upcaster| {
        if upcaster.can_upcast(&event.event_type, &event.event_version) {
            upcaster.upcast(event)
        } else {
            event
        }
    })
}

/// Which events somebody wants to see. All conditions that are set must hold;
/// the default is everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only events of these kinds of aggregates.
    pub aggregate_types: Option<Vec<String>>,
    /// Only events of this aggregate.
    pub aggregate_id: Option<Uuid>,
    /// Only events of these names.
    pub event_types: Option<Vec<String>>,
    /// Only events of this actor.
    pub actor: Option<String>,
}

impl Filter {
    /// Whether an event is one of those wanted; for live tails, which have
    /// the event at hand. Reads push the same conditions into SQL.
    pub fn matches(&self, event: &RecordedEvent) -> bool {
        let named = |names: &Option<Vec<String>>, name: &str| {
            names
                .as_ref()
                .is_none_or(|names| names.iter().any(|wanted| wanted == name))
        };
        named(&self.aggregate_types, &event.aggregate_type)
            && named(&self.event_types, &event.event_type)
            && self.aggregate_id.is_none_or(|id| id == event.aggregate_id)
            && self.actor.as_ref().is_none_or(|actor| {
                serde_json::from_str::<Acting>(&event.metadata)
                    .is_ok_and(|acting| acting.actor == *actor)
            })
    }
}

/// The one field of the envelope that a filter looks at.
#[derive(serde::Deserialize)]
struct Acting<'a> {
    #[serde(borrow)]
    actor: std::borrow::Cow<'a, str>,
}
