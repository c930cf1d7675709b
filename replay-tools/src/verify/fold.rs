//! Folding each aggregate as the service does. Applying an event never fails;
//! but an event that says what was before must agree with what its aggregate
//! says was before.

use cqrs_es::Aggregate;
use domain::audit::{SealKeys, SealKeysEvent};
use domain::configuration::{self, CategoryTree, Configuration, PriorityMatrix};
use domain::incident::{self, Incident};
use domain::organisation::{ApiToken, Team, TeamEvent, TokenEvent};
use domain::work_item::{TeamRef, WorkEvent};
use event_store::RecordedEvent;
use projections::{DeskEvent, decode};

/// An aggregate as folded so far.
#[derive(Debug, Default)]
pub(super) enum State {
    /// Nothing has happened yet.
    #[default]
    None,
    /// An incident.
    Incident(Box<Incident>),
    /// A team.
    Team(Box<Team>),
    /// An API token.
    ApiToken(ApiToken),
    /// The priority matrix.
    PriorityMatrix(Box<Configuration<PriorityMatrix>>),
    /// The category tree.
    CategoryTree(Box<Configuration<CategoryTree>>),
    /// The keys that seal the log.
    SealKeys(SealKeys),
    /// An export of the log.
    LogExport,
}

impl State {
    /// Takes the next event in, and says what in it contradicts those before.
    /// One that cannot be read is passed over; the reader by position names it.
    pub(super) fn take(&mut self, recorded: &RecordedEvent) -> Option<String> {
        self.take_decoded(recorded, decode(recorded).ok()?)
    }

    /// The same with an event that has been read already.
    pub(super) fn take_decoded(
        &mut self,
        recorded: &RecordedEvent,
        event: DeskEvent,
    ) -> Option<String> {
        match event {
            DeskEvent::Incident(event) => {
                if !matches!(self, Self::Incident(_)) {
                    *self = Self::Incident(Box::default());
                }
                let Self::Incident(incident) = self else {
                    return None;
                };
                let problem = contradiction(incident, &event, recorded);
                incident.apply(event);
                return problem;
            }
            DeskEvent::Team(event) => {
                if let Self::Team(team) = self {
                    team.apply(event);
                } else {
                    *self = Self::Team(Box::new(begun(event)));
                }
            }
            DeskEvent::ApiToken(event) => {
                if let Self::ApiToken(token) = self {
                    token.apply(event);
                } else {
                    *self = Self::ApiToken(begun(event));
                }
            }
            DeskEvent::PriorityMatrix(event) => {
                if let Self::PriorityMatrix(matrix) = self {
                    matrix.apply(event);
                } else {
                    *self = Self::PriorityMatrix(Box::new(begun(event)));
                }
            }
            DeskEvent::CategoryTree(event) => {
                if let Self::CategoryTree(tree) = self {
                    tree.apply(event);
                } else {
                    *self = Self::CategoryTree(Box::new(begun(event)));
                }
            }
            DeskEvent::SealKeys(event) => {
                if let Self::SealKeys(keys) = self {
                    keys.apply(event);
                } else {
                    *self = Self::SealKeys(begun(event));
                }
            }
            DeskEvent::LogExport(_) => *self = Self::LogExport,
            DeskEvent::Unknown => {}
        }
        None
    }
}

fn begun<A: Aggregate>(event: A::Event) -> A {
    let mut aggregate = A::default();
    aggregate.apply(event);
    aggregate
}

/// What is wrong about an event's place in its stream, as the end of a
/// sentence: each stream begins with the event by which its aggregate comes to
/// be, and that happens once.
pub(super) fn out_of_place(event: &DeskEvent, sequence: i64) -> Option<String> {
    let (may_begin, may_follow) = match event {
        DeskEvent::Incident(incident::Event::Work(WorkEvent::Registered { .. }))
        | DeskEvent::Team(TeamEvent::TeamFounded { .. })
        | DeskEvent::ApiToken(TokenEvent::TokenIssued { .. })
        | DeskEvent::SealKeys(SealKeysEvent::SealKeyAdopted { .. })
        | DeskEvent::LogExport(_) => (true, false),
        DeskEvent::PriorityMatrix(event) => (begins(event), true),
        DeskEvent::CategoryTree(event) => (begins(event), true),
        DeskEvent::Incident(_)
        | DeskEvent::Team(_)
        | DeskEvent::ApiToken(_)
        | DeskEvent::SealKeys(_) => (false, true),
        DeskEvent::Unknown => (true, true),
    };
    if sequence == 1 && !may_begin {
        Some("begins a stream, which an event of its kind cannot do".to_owned())
    } else if sequence > 1 && !may_follow {
        Some(format!(
            "may only be the first event of its stream, and is number {sequence}"
        ))
    } else {
        None
    }
}

fn begins<C>(event: &configuration::Event<C>) -> bool {
    matches!(
        event,
        configuration::Event::DraftSaved { .. } | configuration::Event::Published { .. }
    )
}

/// Where an event says what was before, and the incident says otherwise.
fn contradiction(
    incident: &Incident,
    event: &incident::Event,
    recorded: &RecordedEvent,
) -> Option<String> {
    use incident::Event;
    let work = incident.work();
    let team = work.team.as_ref();
    let field = match event {
        Event::StatusCorrected { from, .. } => differs("status", from, &incident.status()),
        Event::Work(event) => match event {
            WorkEvent::Classified { from, .. } => differs("category", from, &work.category),
            WorkEvent::PrioritySet { from, .. } => {
                differs("priority", from, &work.priority.map(|now| now.priority))
            }
            WorkEvent::PriorityOverridden { from, .. } => differs(
                "priority",
                &Some(*from),
                &work.priority.map(|now| now.priority),
            ),
            WorkEvent::Assigned {
                from, from_person, ..
            } => differs("team", &id(from.as_ref()), &id(team))
                .or_else(|| differs("person", from_person, &work.person)),
            WorkEvent::Forwarded { from, .. } | WorkEvent::Returned { from, .. } => {
                differs("team", &id(Some(from)), &id(team))
            }
            WorkEvent::EscalatedHierarchically { from_level, .. } => {
                differs("escalation level", from_level, &work.escalation_level)
            }
            _ => None,
        },
        _ => None,
    };
    field.map(|field| {
        format!(
            "the event at position {} ({}) names another {field} before it than the incident had",
            recorded.position, recorded.event_type
        )
    })
}

fn differs<T: PartialEq>(field: &'static str, said: &T, known: &T) -> Option<&'static str> {
    (said != known).then_some(field)
}

fn id(team: Option<&TeamRef>) -> Option<domain::ids::TeamId> {
    team.map(|team| team.id)
}
