//! Events as the domain knows them, read from the rows of the log.
//!
//! An event is decoded once for all that one reader does with it, envelope and
//! content together. Old versions pass through the domain's upcasters; what is
//! of today's version goes straight through.

use std::sync::{Arc, LazyLock};

use cqrs_es::DomainEvent;
use cqrs_es::persist::EventUpcaster;
use domain::audit::{LogExportEvent, SealKeysEvent};
use domain::configuration::{self, CategoryTree, PriorityMatrix};
use domain::incident;
use domain::organisation::{self, TeamEvent, TokenEvent};
use domain::work_item::WorkEvent;
use event_store::{Metadata, RecordedEvent};
use serde::de::DeserializeOwned;
use strum::VariantNames;

/// What happened, as the aggregate that it happened to says it.
#[derive(Debug, Clone, PartialEq)]
pub enum DeskEvent {
    /// Something happened to an incident.
    Incident(incident::Event),
    /// Something happened to a team.
    Team(TeamEvent),
    /// Something happened to an API token.
    ApiToken(TokenEvent),
    /// Something happened to the priority matrix.
    PriorityMatrix(configuration::Event<PriorityMatrix>),
    /// Something happened to the category tree.
    CategoryTree(configuration::Event<CategoryTree>),
    /// Something happened to the keys that seal the log.
    SealKeys(SealKeysEvent),
    /// Somebody took a part of the log away.
    LogExport(LogExportEvent),
    /// Something of another kind, or something whose content nobody asked for.
    Unknown,
}

impl DeskEvent {
    /// The key that the event claims for its object, so that no other object
    /// can have it: what is reserved under, and the key.
    pub fn claim(&self) -> Option<(&'static str, String)> {
        match self {
            Self::Incident(incident::Event::Work(WorkEvent::Registered { number, .. })) => {
                Some((incident::NUMBERS, number.clone()))
            }
            Self::Team(TeamEvent::TeamFounded { code, .. }) => {
                Some((organisation::TEAM_CODES, code.to_string()))
            }
            _ => None,
        }
    }

    /// What happened to a work item of any practice, where it is something
    /// that all practices share.
    pub fn work(&self) -> Option<&WorkEvent> {
        match self {
            Self::Incident(incident::Event::Work(event)) => Some(event),
            _ => None,
        }
    }
}

/// An event with its content and its envelope.
#[derive(Debug, Clone, PartialEq)]
pub struct Decoded {
    /// The event as it stands in the log.
    pub recorded: Arc<RecordedEvent>,
    /// What happened.
    pub event: DeskEvent,
    /// Who, why and effective when.
    pub metadata: Metadata,
}

impl Decoded {
    /// Decodes an event, envelope and content.
    pub fn new(recorded: Arc<RecordedEvent>) -> Result<Self, DecodeError> {
        let event = decode(&recorded)?;
        Self::with(recorded, event)
    }

    /// Decodes the envelope only.
    pub(crate) fn envelope(recorded: Arc<RecordedEvent>) -> Result<Self, DecodeError> {
        Self::with(recorded, DeskEvent::Unknown)
    }

    fn with(recorded: Arc<RecordedEvent>, event: DeskEvent) -> Result<Self, DecodeError> {
        let metadata = recorded
            .metadata()
            .map_err(|error| DecodeError::new(&recorded, &format!("its envelope: {error}")))?;
        Ok(Self {
            recorded,
            event,
            metadata,
        })
    }
}

/// An event of the log that today's code cannot read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the event at position {position} ({event_type} {event_version}) cannot be read: {detail}")]
pub struct DecodeError {
    /// Where in the log.
    pub position: i64,
    /// What it is called.
    pub event_type: String,
    /// In which version.
    pub event_version: String,
    /// What the decoder says.
    pub detail: String,
}

impl DecodeError {
    fn new(recorded: &RecordedEvent, detail: &dyn std::fmt::Display) -> Self {
        Self {
            position: recorded.position,
            event_type: recorded.event_type.clone(),
            event_version: recorded.event_version.clone(),
            detail: detail.to_string(),
        }
    }
}

/// The version that every event has which has never changed its shape.
const FIRST_VERSION: &str = "1.0";

static INCIDENT_UPCASTERS: LazyLock<Vec<Box<dyn EventUpcaster>>> =
    LazyLock::new(incident::upcasters);

/// Decodes the content of an event.
pub fn decode(recorded: &RecordedEvent) -> Result<DeskEvent, DecodeError> {
    match &*recorded.aggregate_type {
        "incident" => incident_event(recorded).map(DeskEvent::Incident),
        "team" => content(recorded).map(DeskEvent::Team),
        "api_token" => content(recorded).map(DeskEvent::ApiToken),
        "priority_matrix" => content(recorded).map(DeskEvent::PriorityMatrix),
        "category_tree" => content(recorded).map(DeskEvent::CategoryTree),
        "seal_keys" => content(recorded).map(DeskEvent::SealKeys),
        "log_export" => content(recorded).map(DeskEvent::LogExport),
        _ => Ok(DeskEvent::Unknown),
    }
}

fn incident_event(recorded: &RecordedEvent) -> Result<incident::Event, DecodeError> {
    let is_old = INCIDENT_UPCASTERS
        .iter()
        .any(|upcaster| upcaster.can_upcast(&recorded.event_type, &recorded.event_version));
    if is_old {
        let current = recorded
            .clone()
            .upcast(&INCIDENT_UPCASTERS)
            .map_err(|error| DecodeError::new(recorded, &error))?;
        return parse(&current);
    }
    // The name tells which of the two enums it is; trying one after the other
    // would read the payload twice.
    if WorkEvent::VARIANTS.contains(&&*recorded.event_type) {
        let event: WorkEvent = parse(recorded)?;
        check_version(recorded, FIRST_VERSION)?;
        Ok(incident::Event::Work(event))
    } else {
        content(recorded)
    }
}

fn content<E: DomainEvent + DeserializeOwned>(recorded: &RecordedEvent) -> Result<E, DecodeError> {
    let event: E = parse(recorded)?;
    if recorded.event_version != FIRST_VERSION {
        check_version(recorded, &event.event_version())?;
    }
    Ok(event)
}

fn parse<E: DeserializeOwned>(recorded: &RecordedEvent) -> Result<E, DecodeError> {
    serde_json::from_str(&recorded.payload).map_err(|error| DecodeError::new(recorded, &error))
}

/// Refuses what a newer program wrote.
fn check_version(recorded: &RecordedEvent, known: &str) -> Result<(), DecodeError> {
    if recorded.event_version == known {
        return Ok(());
    }
    Err(DecodeError::new(
        recorded,
        &format!("this program knows version {known}"),
    ))
}
