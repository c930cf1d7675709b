//! What an event changed, field by field, in words that a history can show.

use std::fmt::Display;

use chrono::{DateTime, SecondsFormat, Utc};
use domain::ids::PersonId;
use domain::incident::Event;
use domain::work_item::{TeamRef, WorkEvent};
use serde::{Deserialize, Serialize};
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgTypeInfo, PgValueRef};
use sqlx::{Decode, Postgres, Type};

/// A field before and after an event; nothing where it was, or is, empty, or
/// where the event does not say what it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Which field.
    pub field: String,
    /// What it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// What it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

/// Changes as the table has them: JSON in a column of text.
pub(super) struct StoredChanges(pub(super) Vec<Change>);

impl Type<Postgres> for StoredChanges {
    fn type_info() -> PgTypeInfo {
        <&str as Type<Postgres>>::type_info()
    }

    fn compatible(found: &PgTypeInfo) -> bool {
        <&str as Type<Postgres>>::compatible(found)
    }
}

impl<'r> Decode<'r, Postgres> for StoredChanges {
    fn decode(value: PgValueRef<'r>) -> Result<Self, BoxDynError> {
        let text = <&str as Decode<Postgres>>::decode(value)?;
        Ok(Self(serde_json::from_str(text)?))
    }
}

/// Changes in the making.
struct Changes(Vec<Change>);

impl Changes {
    fn add(&mut self, field: &str, before: Option<String>, after: Option<String>) {
        if before != after {
            self.0.push(Change {
                field: field.to_owned(),
                before,
                after,
            });
        }
    }

    fn set(&mut self, field: &str, after: impl Display) {
        self.add(field, None, Some(after.to_string()));
    }

    fn team(&mut self, from: Option<&TeamRef>, to: Option<&TeamRef>) {
        let name = |team: Option<&TeamRef>| team.map(|team| team.name.clone());
        let line = |team: Option<&TeamRef>| team.map(|team| team.line.as_ref().to_owned());
        let department = |team: Option<&TeamRef>| team.map(|team| team.department.clone());
        self.add("team", name(from), name(to));
        self.add("line", line(from), line(to));
        self.add("department", department(from), department(to));
    }
}

fn text<T: Display>(value: Option<&T>) -> Option<String> {
    value.map(ToString::to_string)
}

fn time(value: DateTime<Utc>) -> String {
    value.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// What an event changed, the status first.
pub(super) fn changes(event: &Event, status_before: Option<&str>, status: &str) -> Vec<Change> {
    let mut changes = Changes(Vec::new());
    let is_first = matches!(event, Event::Work(WorkEvent::Registered { .. }));
    if is_first || status_before.is_some() {
        let before = status_before.map(ToOwned::to_owned);
        changes.add("status", before, Some(status.to_owned()));
    }
    match event {
        Event::Work(event) => judged(event, &mut changes),
        event => incident(event, &mut changes),
    }
    changes.0
}

/// Registration, classification, priority and assignment.
fn judged(event: &WorkEvent, changes: &mut Changes) {
    match event {
        WorkEvent::Registered {
            number,
            summary,
            description,
            requester,
            affected_person,
            contact_channel,
            service,
            opened_at,
        } => {
            changes.set("number", number);
            changes.set("summary", summary);
            changes.add("description", None, text(description.as_ref()));
            changes.add("requester", None, text(requester.as_ref()));
            changes.add("affected_person", None, text(affected_person.as_ref()));
            changes.set("contact_channel", contact_channel.as_ref());
            changes.add("service", None, text(service.as_ref()));
            changes.set("opened_at", time(*opened_at));
        }
        WorkEvent::Classified { from, to } => {
            let before = from.as_ref().map(|from| from.code.to_string());
            changes.add("category", before, Some(to.code.to_string()));
            let before = from.as_ref().map(|from| from.tree_version.to_string());
            changes.add(
                "category_tree_version",
                before,
                Some(to.tree_version.to_string()),
            );
        }
        WorkEvent::PrioritySet {
            from,
            impact,
            urgency,
            priority,
            matrix_version,
        } => {
            changes.set("impact", impact.as_ref());
            changes.set("urgency", urgency.as_ref());
            let before = from.map(|from| from.as_ref().to_owned());
            changes.add("priority", before, Some(priority.as_ref().to_owned()));
            changes.set("matrix_version", matrix_version);
        }
        WorkEvent::PriorityOverridden { from, to, .. } => changes.add(
            "priority",
            Some(from.as_ref().to_owned()),
            Some(to.as_ref().to_owned()),
        ),
        WorkEvent::Assigned {
            from,
            to,
            from_person,
            person,
        } => {
            changes.team(from.as_ref(), Some(to));
            changes.add("person", text(from_person.as_ref()), text(person.as_ref()));
        }
        WorkEvent::AssignmentAccepted { person } => changes.set("person", person),
        WorkEvent::Returned { from, to, .. } => changes.team(Some(from), to.as_ref()),
        WorkEvent::Forwarded {
            from, to, person, ..
        } => {
            changes.team(Some(from), Some(to));
            changes.add("person", None, text(person.as_ref()));
        }
        WorkEvent::EscalatedFunctionally { from, to, .. } => changes.add(
            "line",
            Some(from.as_ref().to_owned()),
            Some(to.as_ref().to_owned()),
        ),
        WorkEvent::EscalatedHierarchically {
            from_level,
            level,
            person,
            ..
        } => {
            changes.add(
                "escalation_level",
                Some(from_level.to_string()),
                Some(level.to_string()),
            );
            changes.add("told", None, text(person.as_ref()));
        }
        event => connected(event, changes),
    }
}

/// People in one line; none where there are none.
fn people(people: &[PersonId]) -> Option<String> {
    let names: Vec<&str> = people.iter().map(PersonId::as_str).collect();
    (!names.is_empty()).then(|| names.join(", "))
}

/// What the item is connected with, and what is written down about it.
fn connected(event: &WorkEvent, changes: &mut Changes) {
    match event {
        WorkEvent::WatcherAdded { person } => changes.set("watcher", person),
        WorkEvent::WatcherRemoved { person } => {
            changes.add("watcher", Some(person.to_string()), None);
        }
        WorkEvent::StageResultNotified { recipients, .. } => {
            for recipient in recipients {
                changes.set("recipient", recipient);
            }
        }
        WorkEvent::RequesterContacted {
            contact_channel, ..
        } => changes.set("contact_channel", contact_channel.as_ref()),
        WorkEvent::Urged {
            count, notified, ..
        } => {
            changes.add(
                "urge_count",
                Some(count.saturating_sub(1).to_string()),
                Some(count.to_string()),
            );
            changes.add("told", None, people(notified));
        }
        WorkEvent::CiLinked { ci } => changes.set("ci", ci),
        WorkEvent::CiUnlinked { ci } => changes.add("ci", Some(ci.to_string()), None),
        WorkEvent::WorkLinked {
            relation,
            target_number,
            ..
        } => changes.set("link", format!("{} {target_number}", relation.as_ref())),
        WorkEvent::WorkUnlinked { relation, target } => {
            changes.add(
                "link",
                Some(format!("{} {target}", relation.as_ref())),
                None,
            );
        }
        WorkEvent::AttachmentAdded { attachment } => {
            changes.set("attachment", &attachment.name);
            changes.set("attachment_sha256", &attachment.sha256);
        }
        WorkEvent::EffortLogged { minutes, .. } => changes.set("effort_minutes", minutes),
        WorkEvent::ExternalReferenceAdded { external }
        | WorkEvent::ForwardedOutside { to: external, .. } => changes.set(
            "external_reference",
            format!("{} {}", external.system, external.reference),
        ),
        WorkEvent::KnowledgeApplied { article } => changes.set("knowledge", article),
        WorkEvent::CustomFieldSet { name, from, to } => {
            changes.add(name.as_str(), text(from.as_ref()), text(to.as_ref()));
        }
        WorkEvent::DetailsCorrected {
            field, from, to, ..
        } => changes.add(field.as_ref(), from.clone(), to.clone()),
        WorkEvent::MergedInto {
            target_number,
            told,
            ..
        } => {
            changes.set("merged_into", target_number);
            changes.add("told", None, people(told));
        }
        WorkEvent::MergedFrom { source_number, .. } => changes.set("merged_from", source_number),
        WorkEvent::Archived {} => {
            changes.add("archived", Some(false.to_string()), Some(true.to_string()));
        }
        _ => {}
    }
}

/// An incident's own fields.
fn incident(event: &Event, changes: &mut Changes) {
    match event {
        Event::ExpectedResolutionSet {
            from,
            to,
            basis,
            estimate,
            ..
        } => {
            changes.add("expected_at", from.map(time), Some(time(*to)));
            changes.set("expected_basis", basis.as_ref());
            if let Some(estimate) = estimate {
                changes.set("expected_method", estimate.method.as_ref());
                changes.set("expected_sample", estimate.sample);
                changes.set("expected_minutes", estimate.minutes);
                changes.set("expected_as_of", estimate.as_of);
            }
        }
        Event::PutOnHold { reason, until, .. } => {
            changes.set("hold_reason", reason.as_ref());
            changes.add("hold_until", None, until.map(time));
        }
        Event::Resumed { requester_replied } => {
            changes.set("requester_replied", requester_replied);
        }
        Event::Resolved {
            code,
            cause,
            knowledge,
            at_first_contact,
            confirm_by,
            ..
        } => {
            changes.set("resolution_code", code);
            changes.add("resolution_cause", None, text(cause.as_ref()));
            changes.add("knowledge", None, text(knowledge.as_ref()));
            changes.set("resolved_at_first_contact", at_first_contact);
            changes.add("confirm_by", None, confirm_by.map(time));
        }
        Event::InitialSupportGiven {
            article,
            workaround,
            ..
        } => {
            changes.add("knowledge", None, text(article.as_ref()));
            changes.add("workaround", None, text(workaround.as_ref()));
        }
        Event::ConfirmationAwaited { confirm_by } => {
            changes.add("confirm_by", None, Some(time(*confirm_by)));
        }
        Event::Closed {
            by, reopen_until, ..
        } => {
            changes.set("closed_by", by.as_ref());
            changes.add("reopen_until", None, reopen_until.map(time));
        }
        Event::Reopened { cycle, .. } => changes.add(
            "cycle",
            Some(cycle.saturating_sub(1).to_string()),
            Some(cycle.to_string()),
        ),
        Event::MajorDeclared { leader, .. } => {
            changes.add("major", Some(false.to_string()), Some(true.to_string()));
            changes.add("major_leader", None, text(leader.as_ref()));
        }
        Event::MajorStoodDown { .. } => {
            changes.add("major", Some(true.to_string()), Some(false.to_string()));
        }
        Event::Cancelled { told, .. } => changes.add("told", None, people(told)),
        Event::ReviewRequired { cause } => changes.set("review_cause", cause.as_ref()),
        _ => {}
    }
}
