//! Any object with a global id, folded from its own stream: how it stood after
//! each of its steps, field by field.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::Result;
use cqrs_es::Aggregate;
use domain::configuration::{CategoryTree, Configuration, Content, PriorityMatrix};
use projections::incident_detail::IncidentDetail;
use projections::work_item_history::HistoryRow;
use projections::work_queue::WorkQueueRow;
use projections::{Decoded, DeskEvent};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::Then;
use crate::desk::Desk;
use crate::directory::TeamEntry;
use crate::error::{internal, of_store};
use crate::graphql::ids::Kind;
use crate::graphql::organisation::ApiToken;
use crate::graphql::seal::{LogExport, SealKeys};
use crate::graphql::work_item::history::{FieldChange, HistoryEntry};

/// The fields of an object, by their names in the schema.
pub(crate) type Fields = Map<String, Value>;

/// The steps of an object up to a point, or all of them, in the order in which
/// they count.
pub(crate) async fn steps(
    desk: &Desk,
    kind: Kind,
    id: Uuid,
    then: Option<&Then>,
) -> Result<Vec<Decoded>> {
    let upto = then.map(|then| then.position);
    let stream = desk
        .log()
        .read_stream(kind.aggregate_type(), id, upto)
        .await
        .map_err(|error| of_store(&error))?;
    let decode = |event| Decoded::new(Arc::new(event)).map_err(|error| internal(&error));
    let steps = stream.into_iter().map(decode).collect::<Result<_>>()?;
    Ok(match then {
        Some(then) => then.cut(steps),
        None => steps,
    })
}

/// An object and how it came to what it is.
pub(super) struct Told {
    /// Its fields after the last step; none where there was no such object.
    pub(super) fields: Fields,
    /// Every step.
    pub(super) entries: Vec<HistoryEntry>,
    /// The step that last changed each field.
    pub(super) last_change: HashMap<String, usize>,
}

impl Told {
    /// Folds the steps of an object.
    pub(super) fn fold(kind: Kind, steps: &[Decoded]) -> Result<Self> {
        let mut state = State::new(kind);
        let mut told = Self {
            fields: Fields::new(),
            entries: Vec::new(),
            last_change: HashMap::new(),
        };
        for step in steps {
            let status_before = state.status();
            state.apply(step);
            let fields = state.fields()?;
            let changes = differences(&told.fields, &fields);
            for change in &changes {
                told.last_change
                    .insert(change.field.clone(), told.entries.len());
            }
            told.fields = fields;
            let entry = HistoryRow::from_event(step, status_before.as_deref());
            told.entries.push(match entry {
                Some(row) => HistoryEntry::of(&row),
                None => HistoryEntry::of_step(step, changes),
            });
        }
        Ok(told)
    }
}

/// What is not the same in both, by name.
pub(super) fn differences(old: &Fields, new: &Fields) -> Vec<FieldChange> {
    let mut names: Vec<&String> = old.keys().chain(new.keys()).collect();
    names.sort_unstable();
    names.dedup();
    let of = |fields: &Fields, name: &str| fields.get(name).cloned().unwrap_or_default();
    names
        .into_iter()
        .filter(|name| of(old, name) != of(new, name))
        .map(|name| FieldChange::new(name, in_words(&of(old, name)), in_words(&of(new, name))))
        .collect()
}

/// A value as a history shows it; lists and objects as JSON.
fn in_words(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        value => Some(value.to_string()),
    }
}

/// An object in the course of its steps.
enum State {
    Incident(Option<Box<WorkQueueRow>>, Option<Box<IncidentDetail>>),
    Team(Option<TeamEntry>),
    PriorityMatrix(Configuration<PriorityMatrix>),
    CategoryTree(Configuration<CategoryTree>),
    ApiToken(Option<ApiToken>),
    SealKeys(Option<SealKeys>),
    LogExport(Option<LogExport>),
}

impl State {
    fn new(kind: Kind) -> Self {
        match kind {
            Kind::Incident => Self::Incident(None, None),
            Kind::Team => Self::Team(None),
            Kind::PriorityMatrix => Self::PriorityMatrix(Configuration::default()),
            Kind::CategoryTree => Self::CategoryTree(Configuration::default()),
            Kind::ApiToken => Self::ApiToken(None),
            Kind::SealKeys => Self::SealKeys(None),
            Kind::LogExport => Self::LogExport(None),
        }
    }

    fn status(&self) -> Option<String> {
        match self {
            Self::Incident(row, _) => row.as_ref().map(|row| row.status.clone()),
            _ => None,
        }
    }

    fn apply(&mut self, step: &Decoded) {
        match (self, &step.event) {
            (Self::Incident(row, detail), _) => {
                let (mut new_row, mut new_detail) = (
                    row.take().map(|row| *row),
                    detail.take().map(|detail| *detail),
                );
                WorkQueueRow::apply(&mut new_row, step);
                IncidentDetail::apply(&mut new_detail, step);
                *row = new_row.map(Box::new);
                *detail = new_detail.map(Box::new);
            }
            (Self::Team(team), DeskEvent::Team(event)) => {
                TeamEntry::apply(team, &step.recorded, event);
            }
            (Self::PriorityMatrix(matrix), DeskEvent::PriorityMatrix(event)) => {
                matrix.apply(event.clone());
            }
            (Self::CategoryTree(tree), DeskEvent::CategoryTree(event)) => tree.apply(event.clone()),
            (Self::ApiToken(token), _) => ApiToken::apply(token, step),
            (Self::SealKeys(keys), _) => SealKeys::apply(keys, step),
            (Self::LogExport(export), _) => LogExport::apply(export, step),
            _ => {}
        }
    }

    fn fields(&self) -> Result<Fields> {
        match self {
            Self::Incident(Some(row), Some(detail)) => {
                let mut fields = named(row)?;
                fields.extend(named(detail)?);
                // What merely says which stream it is, and how far, is no
                // field that somebody changes.
                for name in ["itemId", "version", "position", "registeredAt"] {
                    fields.remove(name);
                }
                Ok(fields)
            }
            Self::Team(Some(team)) => team_fields(team),
            Self::PriorityMatrix(matrix) => configuration_fields(matrix),
            Self::CategoryTree(tree) => configuration_fields(tree),
            Self::ApiToken(Some(token)) => Ok(token.fields()),
            Self::SealKeys(Some(keys)) => Ok(keys.fields()),
            Self::LogExport(Some(export)) => Ok(export.fields()),
            Self::Incident(..)
            | Self::Team(None)
            | Self::ApiToken(None)
            | Self::SealKeys(None)
            | Self::LogExport(None) => Ok(Fields::new()),
        }
    }
}

fn team_fields(team: &TeamEntry) -> Result<Fields> {
    let members = serde_json::to_value(&team.members).map_err(|error| internal(&error))?;
    Ok(fields_of(json!({
        "code": team.code,
        "name": team.name,
        "line": team.line.as_ref(),
        "department": team.department,
        "active": team.active,
        "members": members,
    })))
}

fn configuration_fields<C: Content>(configuration: &Configuration<C>) -> Result<Fields> {
    let draft = configuration.draft();
    let latest = configuration.versions().latest();
    let content =
        |content: Option<&C>| serde_json::to_value(content).map_err(|error| internal(&error));
    Ok(fields_of(json!({
        "draftedBy": draft.map(|draft| &draft.drafted_by),
        "reviewedBy": draft.and_then(|draft| draft.reviewed_by.as_ref()),
        "draft": content(draft.map(|draft| &draft.content))?,
        "publishedVersion": latest.map(|version| version.version),
        "effectiveFrom": latest.map(|version| version.effective_from),
        "content": content(latest.map(|version| &version.content))?,
    })))
}

/// Every field of a row, by its name in the schema.
fn named(row: &impl serde::Serialize) -> Result<Fields> {
    let row = serde_json::to_value(row).map_err(|error| internal(&error))?;
    let fields = fields_of(row).into_iter();
    Ok(fields
        .map(|(name, value)| (camel_case(&name), value))
        .collect())
}

/// The fields of what is written as one JSON object.
pub(crate) fn fields_of(value: Value) -> Fields {
    match value {
        Value::Object(fields) => fields,
        _ => Fields::new(),
    }
}

fn camel_case(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |mut text, word| {
        let mut letters = word.chars();
        text.extend(letters.next().map(|letter| letter.to_ascii_uppercase()));
        text.push_str(letters.as_str());
        text
    })
}
