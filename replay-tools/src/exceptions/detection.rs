//! What is found in one stream: every event is asked by itself, in the light
//! of those before it, and the item as it stands at the end.

use chrono::{DateTime, TimeDelta, Utc};
use domain::configuration::Content;
use domain::configuration::{CategoryTree, PriorityMatrix};
use domain::organisation::{TeamEvent, TokenEvent};
use domain::work_item::GapKind;
use projections::incident_detail::IncidentDetail;
use projections::work_item_history::HistoryRow;
use projections::work_queue::WorkQueueRow;
use projections::{Decoded, DeskEvent};
use serde_json::Value;

use super::approvals::Approvals;
use super::exception::{Exception, Kind, Object};
use super::leavers::Leavers;
use super::{rules, stages};
use crate::difference::{Difference, differences};

/// What is asked of the log.
#[derive(Debug, Clone)]
pub(super) struct Question {
    /// The first position.
    pub(super) from: i64,
    /// The last one.
    pub(super) upto: i64,
    /// When the last one was recorded: the moment at which items stand.
    pub(super) at: DateTime<Utc>,
    /// Which kinds; all where there is none.
    pub(super) kinds: Vec<Kind>,
    /// How late an entry is late.
    pub(super) late_after: TimeDelta,
    /// Whether what was taken over from another desk may be late.
    pub(super) with_imports: bool,
    /// Whether items that are closed are asked for their stages.
    pub(super) with_closed: bool,
    /// Who has left which team, as of the last position.
    pub(super) leavers: Leavers,
}

/// What was found in a stream.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// In the order of the log.
    pub(super) exceptions: Vec<Exception>,
    /// How many late entries of an import were left out.
    pub(super) late_imports: i64,
}

/// Looks through a stream.
pub(super) fn look(stream: &[Decoded], question: &Question) -> Found {
    let mut found = Found::default();
    let mut looking = Looking::default();
    let object = object(stream);
    for event in stream {
        let noted = looking.take(event, &object, question);
        let is_asked = event.recorded.position >= question.from;
        if is_asked {
            found.exceptions.extend(noted);
            found.late_imports += i64::from(is_late_import(event, question));
        }
    }
    found
        .exceptions
        .extend(looking.skipped_stages(&object, question));
    found
        .exceptions
        .extend(looking.left_alone(&object, question));
    if !question.kinds.is_empty() {
        let is_wanted = |one: &Exception| question.kinds.contains(&one.kind);
        found.exceptions.retain(is_wanted);
    }
    found
}

fn is_late_import(event: &Decoded, question: &Question) -> bool {
    !question.with_imports
        && rules::is_imported(event)
        && rules::late(event, question.late_after).is_some()
}

/// The object of a stream, by the name that it has at the end.
fn object(stream: &[Decoded]) -> Object {
    let named = stream.iter().rev().find_map(|event| match &event.event {
        DeskEvent::Team(TeamEvent::TeamFounded { name, .. }) => Some(name.to_string()),
        DeskEvent::ApiToken(TokenEvent::TokenIssued { name, .. }) => Some(name.to_string()),
        DeskEvent::PriorityMatrix(_) => Some(PriorityMatrix::TYPE.to_owned()),
        DeskEvent::CategoryTree(_) => Some(CategoryTree::TYPE.to_owned()),
        event => match event.work() {
            Some(domain::work_item::WorkEvent::Registered { number, .. }) => Some(number.clone()),
            _ => None,
        },
    });
    let id = stream
        .first()
        .map(|first| first.recorded.aggregate_id)
        .unwrap_or_default();
    Object {
        kind: stream
            .first()
            .map(|first| first.recorded.aggregate_type.to_string())
            .unwrap_or_default(),
        id,
        name: named.unwrap_or_else(|| id.to_string()),
    }
}

/// What the events before say about the next one.
#[derive(Default)]
struct Looking {
    approvals: Approvals,
    status: Option<String>,
    /// The versions that were published and not withdrawn since.
    published: Vec<(u32, Value)>,
    row: Option<WorkQueueRow>,
    detail: Option<IncidentDetail>,
    last: Option<Decoded>,
}

impl Looking {
    fn take(&mut self, event: &Decoded, object: &Object, question: &Question) -> Vec<Exception> {
        let mut noted = Vec::new();
        let changes = self.changes(event);
        let is_excused = rules::is_imported(event) && !question.with_imports;
        if let Some(delay) = rules::late(event, question.late_after).filter(|_| !is_excused) {
            let description = format!(
                "It became known {} after it was so.",
                rules::in_words(delay)
            );
            noted.push(Exception::of(event, object, Kind::LateEntry, description));
        }
        if let Some((kind, description)) = rules::by_name(event) {
            noted.push(Exception {
                differences: changes,
                ..Exception::of(event, object, kind, description)
            });
        }
        if let Some(description) = self.approvals.take(event) {
            noted.push(Exception::of(
                event,
                object,
                Kind::SelfApproval,
                description,
            ));
        }
        noted.extend(self.published(event, object));
        noted.extend(self.withdrawn(event, object));
        WorkQueueRow::apply(&mut self.row, event);
        IncidentDetail::apply(&mut self.detail, event);
        if self.row.is_some() {
            self.last = Some(event.clone());
        }
        noted
    }

    /// What an event of a work item changed, as its history tells it.
    fn changes(&mut self, event: &Decoded) -> Vec<Difference> {
        let Some(step) = HistoryRow::from_event(event, self.status.as_deref()) else {
            return Vec::new();
        };
        self.status = Some(step.status);
        let side = |text: Option<String>| text.map(Value::String);
        step.changes
            .into_iter()
            .map(|change| Difference {
                field: change.field,
                before: side(change.before),
                after: side(change.after),
            })
            .collect()
    }

    /// A new version of a configuration, with what differs from the one
    /// before; the first one differs from nothing.
    fn published(&mut self, event: &Decoded, object: &Object) -> Option<Exception> {
        let version = rules::published(&event.event)?;
        let payload: Value = serde_json::from_str(&event.recorded.payload).ok()?;
        let content = payload.get("content")?.clone();
        let from = payload.get("effective_from").and_then(Value::as_str);
        let before = self.published.last();
        let changed = before.map(|(_, before)| differences(before, &content));
        self.published.push((version, content));
        let description = match &changed {
            None => format!("Version {version}, the first, holds from {}.", from?),
            Some(changed) => format!(
                "Version {version} holds from {}; it differs from the one before in {}.",
                from?,
                crate::output::count(i64::try_from(changed.len()).unwrap_or(i64::MAX), "place")
            ),
        };
        Some(Exception {
            differences: changed.unwrap_or_default(),
            ..Exception::of(event, object, Kind::Configuration, description)
        })
    }

    /// A version that was taken back before it held.
    fn withdrawn(&mut self, event: &Decoded, object: &Object) -> Option<Exception> {
        let version = rules::withdrawn(&event.event)?;
        self.published.retain(|(known, _)| *known != version);
        let description = format!("Version {version} was withdrawn before it held.");
        Some(Exception::of(
            event,
            object,
            Kind::Configuration,
            description,
        ))
    }

    /// The stages that the item has skipped or lacks where it stands now.
    fn skipped_stages(&self, object: &Object, question: &Question) -> Option<Exception> {
        let (row, last) = (self.row.as_ref()?, self.last.as_ref()?);
        if !row.is_open && !question.with_closed {
            return None;
        }
        let gaps = row.gaps(question.at);
        if gaps.is_empty() {
            return None;
        }
        let no_feedback = self
            .detail
            .as_ref()
            .and_then(|detail| detail.no_feedback_reason.clone());
        let exception = Exception::of(
            last,
            object,
            Kind::SkippedStage,
            stages::described(row, &gaps),
        );
        Some(Exception {
            reason: no_feedback,
            skipped_stages: stages::of_kind(&gaps, GapKind::Skipped),
            lacking_stages: stages::of_kind(&gaps, GapKind::Lacking),
            ..exception
        })
    }

    /// That nobody takes care of the item where it stands now.
    fn left_alone(&self, object: &Object, question: &Question) -> Option<Exception> {
        let (row, last) = (self.row.as_ref()?, self.last.as_ref()?);
        let description = row.is_open.then(|| question.leavers.of(row)).flatten()?;
        Some(Exception::of(last, object, Kind::Leaver, description))
    }
}
