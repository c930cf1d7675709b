//! What the kernel remembers of an item: only what decisions read. How the
//! events change it is [`WorkItem::apply`].

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{
    CategoryRef, DetailField, ExternalReference, Handling, MergedItem, Relation, TeamRef,
    Visibility, WorkEvent,
};
use crate::ids::{CiId, PersonId, ServiceCode, WorkItemId};
use crate::priority::{Impact, Priority, Urgency};
use crate::text::Text;

/// The kernel's part of a work item's state.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkItem {
    /// Unique in the practice.
    pub number: String,
    /// When the first contact was made.
    pub opened_at: DateTime<Utc>,
    /// Who asked.
    pub requester: Option<PersonId>,
    /// The other details that can be corrected.
    pub details: BTreeMap<String, String>,
    /// What it is filed under.
    pub category: Option<CategoryRef>,
    /// How important it is.
    pub priority: Option<Prioritised>,
    /// The team that has it.
    pub team: Option<TeamRef>,
    /// The person who has it.
    pub person: Option<PersonId>,
    /// The team it came from, which gets it back when it is returned.
    pub previous_team: Option<TeamRef>,
    /// How far the hand-over has come.
    pub handling: Handling,
    /// How high management has been told.
    pub escalation_level: u8,
    /// How often it has been urged.
    pub urge_count: u32,
    /// Whether it is resolved, closed, cancelled or merged: what the requester
    /// hears of it from here on is feedback.
    pub is_over: bool,
    /// Whether the requester has heard from the desk since it was over (SD-04).
    pub feedback_given: bool,
    /// Who follows it.
    pub watchers: BTreeSet<PersonId>,
    /// The configuration items concerned.
    pub cis: BTreeSet<CiId>,
    /// The items it is connected with.
    pub links: BTreeSet<(Relation, WorkItemId)>,
    /// The hashes of its files.
    pub attachments: BTreeSet<String>,
    /// Its numbers in other systems.
    pub external_references: BTreeSet<ExternalReference>,
    /// The organisation's own fields.
    pub custom_fields: BTreeMap<String, String>,
    /// The item that it goes on as, and that item's number.
    pub merged_into: Option<(WorkItemId, String)>,
    /// The items that go on as this one.
    pub merged: BTreeMap<WorkItemId, MergedItem>,
    /// Whether it is read-only.
    pub archived: bool,
}

/// How important an item is, and by which version of the matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prioritised {
    /// How much of the business is affected.
    pub impact: Impact,
    /// How soon a solution is needed.
    pub urgency: Urgency,
    /// What follows, or what somebody decided instead.
    pub priority: Priority,
    /// The version of the matrix.
    pub matrix_version: u32,
}

/// What a practice's status means for the kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Work can go on.
    Open,
    /// Work waits for something.
    Suspended,
    /// The work is done; somebody has yet to say so.
    Resolved,
    /// Over, unless it is reopened.
    Closed,
    /// Over for good.
    Ended,
}

impl Stage {
    pub(super) fn in_words(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Suspended => "on hold",
            Self::Resolved => "resolved",
            Self::Closed => "closed",
            Self::Ended => "ended",
        }
    }
}

impl WorkItem {
    /// Takes in what happened.
    pub fn apply(&mut self, event: &WorkEvent) {
        match event {
            WorkEvent::Registered {
                number,
                summary,
                description,
                requester,
                affected_person,
                service,
                opened_at,
                ..
            } => {
                self.number.clone_from(number);
                self.opened_at = *opened_at;
                self.requester.clone_from(requester);
                let details = [
                    (DetailField::Summary, Some(summary.as_str())),
                    (
                        DetailField::Description,
                        description.as_ref().map(Text::as_str),
                    ),
                    (
                        DetailField::AffectedPerson,
                        affected_person.as_ref().map(PersonId::as_str),
                    ),
                    (
                        DetailField::Service,
                        service.as_ref().map(ServiceCode::as_str),
                    ),
                ];
                for (field, value) in details {
                    self.set_detail(field, value);
                }
            }
            WorkEvent::DetailsCorrected {
                field: DetailField::Requester,
                to,
                ..
            } => {
                self.requester = to.as_deref().and_then(|p| PersonId::new(p).ok());
            }
            WorkEvent::DetailsCorrected { field, to, .. } => self.set_detail(*field, to.as_deref()),
            WorkEvent::Classified { to, .. } => self.category = Some(to.clone()),
            WorkEvent::PrioritySet {
                impact,
                urgency,
                priority,
                matrix_version,
                ..
            } => {
                self.priority = Some(Prioritised {
                    impact: *impact,
                    urgency: *urgency,
                    priority: *priority,
                    matrix_version: *matrix_version,
                });
            }
            WorkEvent::PriorityOverridden { to, .. } => {
                if let Some(prioritised) = &mut self.priority {
                    prioritised.priority = *to;
                }
            }
            WorkEvent::Assigned {
                from, to, person, ..
            } => self.hand_over(from.as_ref(), to, person.as_ref()),
            WorkEvent::Forwarded {
                from, to, person, ..
            } => self.hand_over(Some(from), to, person.as_ref()),
            WorkEvent::AssignmentAccepted { person } => {
                self.person = Some(person.clone());
                self.handling = Handling::Accepted;
            }
            WorkEvent::Returned { to, .. } => {
                self.team.clone_from(to);
                self.person = None;
                self.previous_team = None;
                self.handling = Handling::Returned;
            }
            _ => self.apply_record(event),
        }
    }

    /// The events that record something and move nothing.
    fn apply_record(&mut self, event: &WorkEvent) {
        match event {
            WorkEvent::EscalatedHierarchically { level, .. } => self.escalation_level = *level,
            WorkEvent::WatcherAdded { person } => {
                self.watchers.insert(person.clone());
            }
            WorkEvent::WatcherRemoved { person } => {
                self.watchers.remove(person);
            }
            WorkEvent::StageResultNotified { recipients, .. } => {
                let has_heard = recipients.iter().any(|person| self.concerns(person));
                self.feedback_given |= self.is_over && has_heard;
            }
            WorkEvent::RequesterContacted { .. } => self.feedback_given |= self.is_over,
            WorkEvent::CommentAdded {
                visibility,
                from_requester,
                ..
            } => {
                self.feedback_given |=
                    self.is_over && *visibility == Visibility::Public && !from_requester;
            }
            WorkEvent::Urged { count, .. } => self.urge_count = *count,
            WorkEvent::CiLinked { ci } => {
                self.cis.insert(ci.clone());
            }
            WorkEvent::CiUnlinked { ci } => {
                self.cis.remove(ci);
            }
            WorkEvent::WorkLinked {
                relation, target, ..
            } => {
                self.links.insert((*relation, *target));
            }
            WorkEvent::WorkUnlinked { relation, target } => {
                self.links.remove(&(*relation, *target));
            }
            WorkEvent::AttachmentAdded { attachment } => {
                self.attachments.insert(attachment.sha256.clone());
            }
            WorkEvent::ExternalReferenceAdded { external }
            | WorkEvent::ForwardedOutside { to: external, .. } => {
                self.external_references.insert(external.clone());
            }
            WorkEvent::CustomFieldSet { name, to, .. } => {
                match to {
                    Some(to) => self.custom_fields.insert(name.to_string(), to.to_string()),
                    None => self.custom_fields.remove(name.as_str()),
                };
            }
            WorkEvent::MergedInto {
                target,
                target_number,
                ..
            } => self.merged_into = Some((*target, target_number.clone())),
            WorkEvent::MergedFrom {
                source,
                source_number,
                people,
            } => {
                let item = MergedItem {
                    id: *source,
                    number: source_number.clone(),
                    people: people.clone(),
                };
                self.merged.insert(*source, item);
            }
            WorkEvent::Archived {} => self.archived = true,
            _ => {}
        }
    }

    /// Takes over how far a hand-over has come when no step of the kernel says
    /// so: a history taken over knows the practice's status alone. Without a
    /// team nothing has been handed over.
    pub fn settle(&mut self, handling: Option<Handling>) {
        if let Some(handling) = handling {
            let needs_team = matches!(handling, Handling::Assigned | Handling::Accepted);
            self.handling = if needs_team && self.team.is_none() {
                Handling::Unassigned
            } else {
                handling
            };
        }
    }

    /// Takes over whether the practice holds the item for over. Each end, and
    /// each beginning anew, asks for feedback of its own; what was told with
    /// the end itself is such.
    pub fn set_over(&mut self, is_over: bool, told: &[PersonId]) {
        if self.is_over != is_over {
            self.is_over = is_over;
            self.feedback_given = false;
        }
        self.feedback_given |= is_over && !told.is_empty();
    }

    fn set_detail(&mut self, field: DetailField, value: Option<&str>) {
        let name = field.as_ref().to_owned();
        match value {
            Some(value) => self.details.insert(name, value.to_owned()),
            None => self.details.remove(&name),
        };
    }

    fn hand_over(&mut self, from: Option<&TeamRef>, to: &TeamRef, person: Option<&PersonId>) {
        if from.is_none_or(|from| from.id != to.id) {
            self.previous_team = from.cloned();
        }
        self.team = Some(to.clone());
        self.person = person.cloned();
        self.handling = Handling::Assigned;
    }
}
