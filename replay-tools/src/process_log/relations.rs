//! Which objects an event is about, and which part each of them has in it.

use std::collections::BTreeSet;

use domain::configuration;
use domain::ids::{PersonId, TeamId};
use domain::incident;
use domain::likeness::folded;
use domain::organisation::{TeamEvent, TokenEvent};
use domain::work_item::{DetailField, TeamRef, WorkEvent};
use event_store::Metadata;
use projections::{Decoded, DeskEvent};
use uuid::Uuid;

use super::model::ObjectRef;

/// The practices whose items others may be linked with. A new practice is a
/// word here.
pub(super) const PRACTICES: [&str; 1] = ["incident"];

/// Objects, each with its part.
#[derive(Debug, Default)]
pub(super) struct Relations {
    pub(super) found: BTreeSet<(ObjectRef, &'static str)>,
    /// The work items among them that are linked with the event's own: their
    /// practice stands in their own streams.
    pub(super) linked: Vec<(Uuid, &'static str)>,
}

/// A person. A machine is one that names its rule.
pub(super) fn person(name: &str) -> ObjectRef {
    named("person", &folded(name))
}

/// Who acted: a person, or a machine.
pub(super) fn actor(metadata: &Metadata) -> ObjectRef {
    match metadata.rule {
        Some(_) => named("machine", &metadata.actor),
        None => person(&metadata.actor),
    }
}

/// A team.
pub(super) fn team(id: TeamId) -> ObjectRef {
    aggregate("team", id.0)
}

/// An object that has a stream of its own.
pub(super) fn aggregate(kind: &str, id: Uuid) -> ObjectRef {
    ObjectRef {
        kind: kind.to_owned(),
        id: id.to_string(),
    }
}

/// An object that others know by its name only.
pub(super) fn named(kind: &str, name: &str) -> ObjectRef {
    ObjectRef {
        kind: kind.to_owned(),
        id: format!("{kind}:{name}"),
    }
}

/// What kind of object an event's aggregate is, and its part in the event.
pub(super) fn subject(event: &Decoded) -> (ObjectRef, &'static str) {
    let recorded = &event.recorded;
    let (kind, part) = match &event.event {
        DeskEvent::Incident(_) => (&*recorded.aggregate_type, "item"),
        DeskEvent::Team(_) => ("team", "team"),
        DeskEvent::ApiToken(_) => ("api_token", "token"),
        DeskEvent::PriorityMatrix(_) | DeskEvent::CategoryTree(_) => {
            ("configuration", "configuration")
        }
        DeskEvent::SealKeys(_) | DeskEvent::LogExport(_) | DeskEvent::Unknown => {
            (&*recorded.aggregate_type, "object")
        }
    };
    (aggregate(kind, recorded.aggregate_id), part)
}

impl Relations {
    /// Everything that an event is about but the team that has the item.
    pub(super) fn of(event: &Decoded) -> Self {
        let mut relations = Self::default();
        relations.found.insert(subject(event));
        relations.add(actor(&event.metadata), "actor");
        if let Some(name) = &event.metadata.on_behalf_of {
            relations.add(person(name), "on behalf of");
        }
        match &event.event {
            DeskEvent::Incident(incident::Event::Work(work)) => relations.of_work(work),
            DeskEvent::Incident(incident::Event::MajorDeclared { leader, .. }) => {
                relations.person(leader.as_ref(), "leader");
            }
            DeskEvent::Team(
                TeamEvent::MemberAdded { person, .. } | TeamEvent::MemberRemoved { person },
            ) => relations.person(Some(person), "member"),
            DeskEvent::Team(TeamEvent::TeamLeadNamed { to, .. }) => {
                relations.person(to.as_ref(), "lead");
            }
            DeskEvent::ApiToken(TokenEvent::TokenIssued { name, .. }) => {
                relations.person(Some(name), "bearer");
            }
            DeskEvent::PriorityMatrix(event) => relations.of_configuration(event),
            DeskEvent::CategoryTree(event) => relations.of_configuration(event),
            _ => {}
        }
        relations
    }

    fn add(&mut self, object: ObjectRef, part: &'static str) {
        self.found.insert((object, part));
    }

    fn person(&mut self, who: Option<&PersonId>, part: &'static str) {
        if let Some(who) = who {
            self.add(person(who.as_str()), part);
        }
    }

    fn team(&mut self, which: Option<&TeamRef>, part: &'static str) {
        if let Some(which) = which {
            self.add(team(which.id), part);
        }
    }

    /// What happens to an item of any practice.
    fn of_work(&mut self, event: &WorkEvent) {
        match event {
            WorkEvent::Registered {
                requester,
                affected_person,
                service,
                ..
            } => {
                self.person(requester.as_ref(), "requester");
                self.person(affected_person.as_ref(), "affected person");
                if let Some(service) = service {
                    self.add(named("service", service.as_str()), "service");
                }
            }
            WorkEvent::Classified { from, to } => {
                if let Some(from) = from {
                    self.add(named("category", from.code.as_str()), "from category");
                }
                self.add(named("category", to.code.as_str()), "to category");
            }
            WorkEvent::Assigned {
                from,
                to,
                from_person,
                person,
            } => {
                self.team(from.as_ref(), "from team");
                self.team(Some(to), "to team");
                self.person(from_person.as_ref(), "from assignee");
                self.person(person.as_ref(), "assignee");
            }
            WorkEvent::Forwarded {
                from, to, person, ..
            } => {
                self.team(Some(from), "from team");
                self.team(Some(to), "to team");
                self.person(person.as_ref(), "assignee");
            }
            WorkEvent::Returned { from, to, .. } => {
                self.team(Some(from), "from team");
                self.team(to.as_ref(), "to team");
            }
            WorkEvent::AssignmentAccepted { person } => self.person(Some(person), "assignee"),
            WorkEvent::EscalatedHierarchically { person, .. } => {
                self.person(person.as_ref(), "told");
            }
            event => self.of_record(event),
        }
    }

    /// What is written down about an item.
    fn of_record(&mut self, event: &WorkEvent) {
        match event {
            WorkEvent::WatcherAdded { person } | WorkEvent::WatcherRemoved { person } => {
                self.person(Some(person), "watcher");
            }
            WorkEvent::StageResultNotified { recipients, .. } => {
                for recipient in recipients {
                    self.person(Some(recipient), "recipient");
                }
            }
            WorkEvent::CiLinked { ci } | WorkEvent::CiUnlinked { ci } => {
                let ci = named("configuration_item", ci.as_str());
                self.add(ci, "configuration item");
            }
            WorkEvent::WorkLinked { target, .. } | WorkEvent::WorkUnlinked { target, .. } => {
                self.linked.push((target.0, "linked item"));
            }
            WorkEvent::MergedInto { target, .. } => self.linked.push((target.0, "merged into")),
            WorkEvent::MergedFrom { source, people, .. } => {
                self.linked.push((source.0, "merged from"));
                for who in people {
                    self.person(Some(who), "concerned");
                }
            }
            WorkEvent::DetailsCorrected {
                field, from, to, ..
            } => {
                let part = match field {
                    DetailField::Requester => "requester",
                    DetailField::AffectedPerson => "affected person",
                    _ => return,
                };
                for name in [from, to].into_iter().flatten() {
                    self.add(person(name), part);
                }
            }
            _ => {}
        }
    }

    fn of_configuration<C>(&mut self, event: &configuration::Event<C>) {
        match event {
            configuration::Event::DraftSaved { drafted_by, .. } => {
                self.person(Some(drafted_by), "author");
            }
            configuration::Event::ReviewPassed { reviewed_by } => {
                self.person(Some(reviewed_by), "reviewer");
            }
            configuration::Event::Published { .. }
            | configuration::Event::DraftDiscarded {}
            | configuration::Event::VersionWithdrawn { .. } => {}
        }
    }
}
