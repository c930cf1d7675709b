//! A desk for the tests of this crate: a few people, teams and items, a clock
//! that stands where a test puts it, and the configuration that a new desk
//! starts with.

use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};
use cqrs_es::Aggregate;
use uuid::Uuid;

use crate::configuration::{
    CategoryTree, Configuration, Content, Event as ConfigurationEvent, PriorityMatrix, Versions,
};
use crate::context::{Actor, Channel, Context, Role};
use crate::ids::{CategoryCode, CiId, PersonId, TeamId, WorkItemId};
use crate::incident::{ClosedBy, Command, Event, HoldReason, ReviewCause};
use crate::priority::{Impact, Priority, Urgency};
use crate::text::{Line, Text};
use crate::work_item::{
    Assignee, Attachment, CategoryRef, ContactChannel, ExternalReference, Farewell, Intake,
    LinkTarget, MergedItem, SupportLine, TeamRef, Visibility, WorkCommand, WorkEvent,
};

/// The number of the incident that the tests are about.
pub(crate) const NUMBER: &str = "INC0000001";

/// So many minutes after the first contact, which is at nine in the morning.
pub(crate) fn at(minutes: i64) -> DateTime<Utc> {
    let first_contact = "2025-03-03T09:00:00Z".parse::<DateTime<Utc>>().unwrap();
    first_contact + Duration::minutes(minutes)
}

pub(crate) fn hours(hours: i64) -> Duration {
    Duration::hours(hours)
}

pub(crate) fn text(words: &str) -> Text {
    Text::new(words).unwrap()
}

pub(crate) fn line(words: &str) -> Line {
    Line::new(words).unwrap()
}

pub(crate) fn person(id: &str) -> PersonId {
    PersonId::new(id).unwrap()
}

pub(crate) fn category(code: &str) -> CategoryCode {
    CategoryCode::new(code).unwrap()
}

pub(crate) fn ci(key: &str) -> CiId {
    CiId::new(key).unwrap()
}

pub(crate) fn team(code: &str, line: SupportLine, department: &str) -> TeamRef {
    TeamRef {
        id: TeamId::from_code(code),
        name: code.to_owned(),
        line,
        department: department.to_owned(),
    }
}

/// First line, in the head office.
pub(crate) fn desk() -> TeamRef {
    team("desk", SupportLine::First, "head office")
}

/// First line as well, in a branch.
pub(crate) fn hotline() -> TeamRef {
    team("hotline", SupportLine::First, "branch")
}

/// Second line.
pub(crate) fn network() -> TeamRef {
    team("network", SupportLine::Second, "head office")
}

/// Third line.
pub(crate) fn vendor() -> TeamRef {
    team("vendor", SupportLine::Third, "outside")
}

/// An active team, and nobody in particular in it.
pub(crate) fn to(team: TeamRef) -> Assignee {
    Assignee {
        team,
        team_is_active: true,
        person: None,
        person_is_member: false,
    }
}

/// An active team, and one of its members.
pub(crate) fn to_member(team: TeamRef, member: &str) -> Assignee {
    Assignee {
        person: Some(person(member)),
        person_is_member: true,
        ..to(team)
    }
}

pub(crate) fn actor(id: &str, role: Role, teams: &[TeamRef]) -> Actor {
    Actor {
        id: person(id),
        role,
        teams: teams.iter().map(|team| team.id).collect(),
    }
}

/// Somebody acts an hour after the first contact.
fn acting(actor: Actor) -> Context {
    let teams = [desk(), hotline(), network(), vendor()].into_iter();
    let own = teams.filter(|team| actor.teams.contains(&team.id));
    Context {
        lines: own.map(|team| team.line).collect(),
        actor,
        effective_at: at(60),
        known_at: at(60),
        channel: Channel::Api,
        matrices: published(&[PriorityMatrix::initial()]),
        categories: published(&[CategoryTree::initial()]),
        closed_teams: Arc::default(),
    }
}

/// Wang Fang, who asked.
pub(crate) fn requester() -> Context {
    acting(actor("wang.fang", Role::Requester, &[]))
}

/// Chen Jie, who suffers.
pub(crate) fn affected() -> Context {
    acting(actor("chen.jie", Role::Requester, &[]))
}

/// Zhao Lei, whom the incident does not concern.
pub(crate) fn stranger() -> Context {
    acting(actor("zhao.lei", Role::Requester, &[]))
}

/// Li Na of the desk, which has the incident unless a test says otherwise.
pub(crate) fn agent() -> Context {
    acting(actor("li.na", Role::Agent, &[desk()]))
}

/// Zhang Wei of the network team.
pub(crate) fn specialist() -> Context {
    acting(actor("zhang.wei", Role::Agent, &[network()]))
}

/// Sun Li, who coordinates.
pub(crate) fn coordinator() -> Context {
    acting(actor("sun.li", Role::Coordinator, &[]))
}

pub(crate) fn auditor() -> Context {
    acting(actor("auditor", Role::Auditor, &[]))
}

pub(crate) fn administrator() -> Context {
    acting(actor("admin", Role::Administrator, &[]))
}

/// A history taken over from another desk.
pub(crate) fn import() -> Context {
    coordinator().through(Channel::Import)
}

impl Context {
    pub(crate) fn when(mut self, effective_at: DateTime<Utc>) -> Self {
        self.effective_at = effective_at;
        self.known_at = effective_at;
        self
    }

    /// The same, written down only then.
    pub(crate) fn recorded(mut self, known_at: DateTime<Utc>) -> Self {
        self.known_at = known_at;
        self
    }

    pub(crate) fn through(mut self, channel: Channel) -> Self {
        self.channel = channel;
        self
    }

    pub(crate) fn with_matrices(mut self, contents: &[PriorityMatrix]) -> Self {
        self.matrices = published(contents);
        self
    }

    pub(crate) fn with_trees(mut self, contents: &[CategoryTree]) -> Self {
        self.categories = published(contents);
        self
    }
}

/// Versions 1, 2 ... of a configuration: the first holds since ever, each
/// further one from a day later than the one before it, counted from the first
/// contact.
pub(crate) fn published<C: Content>(contents: &[C]) -> Arc<Versions<C>> {
    let mut configuration = Configuration::<C>::default();
    for (version, content) in (1..).zip(contents) {
        let effective_from = match version {
            1 => DateTime::UNIX_EPOCH,
            later => at(0) + Duration::days(i64::from(later) - 1),
        };
        configuration.apply(ConfigurationEvent::Published {
            version,
            effective_from,
            content: content.clone(),
        });
    }
    Arc::clone(configuration.versions())
}

/// What Wang Fang tells the desk on the telephone.
pub(crate) fn intake() -> Intake {
    Intake {
        number: NUMBER.to_owned(),
        summary: line("VPN 无法连接"),
        description: Some(text("Since this morning, in the whole branch.")),
        requester: Some(person("wang.fang")),
        affected_person: Some(person("chen.jie")),
        contact_channel: ContactChannel::Phone,
        service: None,
        category: category("network-vpn"),
        impact: Impact::Medium,
        urgency: Urgency::Medium,
        cis: Vec::new(),
        external_references: Vec::new(),
    }
}

/// The command that takes it down.
pub(crate) fn register(intake: Intake) -> Command {
    Command::Register(Box::new(intake))
}

/// What a registration writes.
pub(crate) fn registered() -> Vec<Event> {
    let intake = intake();
    vec![
        Event::Work(WorkEvent::Registered {
            number: intake.number,
            summary: intake.summary,
            description: intake.description,
            requester: intake.requester,
            affected_person: intake.affected_person,
            contact_channel: intake.contact_channel,
            service: intake.service,
            opened_at: at(0),
        }),
        Event::Work(WorkEvent::Classified {
            from: None,
            to: CategoryRef {
                code: intake.category,
                tree_version: 1,
            },
        }),
        judged(Impact::Medium, Urgency::Medium, Priority::P3, None),
    ]
}

pub(crate) fn judged(
    impact: Impact,
    urgency: Urgency,
    priority: Priority,
    from: Option<Priority>,
) -> Event {
    Event::Work(WorkEvent::PrioritySet {
        from,
        impact,
        urgency,
        priority,
        matrix_version: 1,
    })
}

/// The same, and the incident is as important as can be.
pub(crate) fn registered_critical() -> Vec<Event> {
    let (high, now) = (Impact::High, Urgency::High);
    let raised = judged(high, now, Priority::P1, Some(Priority::P3));
    and(registered(), [raised])
}

/// What happened before, and what happened then.
pub(crate) fn and(before: Vec<Event>, then: impl IntoIterator<Item = Event>) -> Vec<Event> {
    before.into_iter().chain(then).collect()
}

pub(crate) fn given_to(team: TeamRef) -> Event {
    Event::Work(WorkEvent::Assigned {
        from: None,
        to: team,
        from_person: None,
        person: None,
    })
}

pub(crate) fn accepted() -> Event {
    Event::Work(WorkEvent::AssignmentAccepted {
        person: person("li.na"),
    })
}

/// The desk has it.
pub(crate) fn assigned() -> Vec<Event> {
    and(registered(), [given_to(desk())])
}

/// The desk has sent it back.
pub(crate) fn returned() -> Vec<Event> {
    let returned = WorkEvent::Returned {
        from: desk(),
        to: None,
        reason: text("Not ours"),
    };
    and(assigned(), [Event::Work(returned)])
}

/// Li Na works on it.
pub(crate) fn in_progress() -> Vec<Event> {
    and(assigned(), [accepted()])
}

/// Li Na waits.
pub(crate) fn on_hold(reason: HoldReason) -> Vec<Event> {
    let held = Event::PutOnHold {
        reason,
        text: None,
        until: None,
    };
    and(in_progress(), [held])
}

/// When the requester of [`resolved`] has to have answered: a week after the
/// resolution, which is what the initial matrix says of the third priority.
pub(crate) fn confirm_by() -> DateTime<Utc> {
    at(60) + hours(7 * 24)
}

/// When [`closed`] may no longer be reopened: thirty days.
pub(crate) fn reopen_until() -> DateTime<Utc> {
    at(60) + hours(30 * 24)
}

pub(crate) fn resolution(confirm_by: Option<DateTime<Utc>>) -> Event {
    Event::Resolved {
        code: line("Fixed"),
        cause: Some(text("An expired certificate")),
        solution: text("Renewed it"),
        knowledge: None,
        at_first_contact: false,
        resolved_by: confirm_by.map(|_| person("li.na")),
        confirm_by,
    }
}

/// Li Na has solved it.
pub(crate) fn resolved() -> Vec<Event> {
    and(in_progress(), [resolution(Some(confirm_by()))])
}

pub(crate) fn major() -> Event {
    Event::MajorDeclared {
        reason: text("The whole branch"),
        leader: Some(person("sun.li")),
    }
}

pub(crate) fn review_required(cause: ReviewCause) -> Event {
    Event::ReviewRequired { cause }
}

/// The requester has heard of it.
pub(crate) fn told() -> Event {
    Event::Work(WorkEvent::CommentAdded {
        visibility: Visibility::Public,
        text: text("It works again."),
        from_requester: false,
    })
}

/// Wang Fang is content.
pub(crate) fn closed() -> Vec<Event> {
    let closed = Event::Closed {
        by: ClosedBy::Requester,
        no_feedback_reason: None,
        reopen_until: Some(reopen_until()),
    };
    and(resolved(), [Event::ResolutionConfirmed {}, closed])
}

pub(crate) fn archived() -> Vec<Event> {
    and(closed(), [Event::Work(WorkEvent::Archived {})])
}

pub(crate) fn cancelled() -> Vec<Event> {
    let cancelled = Event::Cancelled {
        reason: text("A mistake"),
        cancelled_by: Some(person("sun.li")),
        told: Vec::new(),
        no_feedback_reason: Some(text("A machine")),
    };
    and(registered(), [cancelled])
}

pub(crate) fn merged() -> Vec<Event> {
    let other = other();
    let merged = WorkEvent::MergedInto {
        target: other.id,
        target_number: other.number,
        reason: text("The same"),
        merged_by: Some(person("sun.li")),
        told: vec![person("wang.fang")],
        no_feedback_reason: None,
    };
    and(registered(), [Event::Work(merged)])
}

/// Wang Fang was told how it ends.
pub(crate) fn farewell() -> Farewell {
    Farewell {
        told: vec![person("wang.fang")],
        no_feedback_reason: None,
    }
}

pub(crate) fn item(number: u128) -> WorkItemId {
    WorkItemId(Uuid::from_u128(number))
}

/// Another incident.
pub(crate) fn other() -> LinkTarget {
    LinkTarget {
        id: item(2),
        number: "INC0000002".to_owned(),
        leads_back: false,
        is_open: true,
    }
}

/// The other incident goes on as this one.
pub(crate) fn take_in() -> WorkCommand {
    WorkCommand::TakeIn {
        item: MergedItem {
            id: other().id,
            number: other().number,
            people: vec![person("zhao.lei")],
        },
    }
}

/// The same, as it is recorded.
pub(crate) fn taken_in() -> Event {
    Event::Work(WorkEvent::MergedFrom {
        source: other().id,
        source_number: other().number,
        people: vec![person("zhao.lei")],
    })
}

pub(crate) fn file() -> Attachment {
    Attachment {
        name: line("截图.png"),
        media_type: line("image/png"),
        size_bytes: 2048.into(),
        sha256: "ab".repeat(32),
    }
}

/// The vendor's number for it.
pub(crate) fn reference() -> ExternalReference {
    ExternalReference {
        system: line("vendor-desk"),
        reference: line("CASE-77"),
    }
}
