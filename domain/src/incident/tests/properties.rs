//! What holds after any run of commands, whoever gives them and whenever.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use chrono::{DateTime, Utc};
use cqrs_es::{Aggregate, DomainEvent};
use proptest::prelude::{Strategy, any, proptest};
use proptest::test_runner::Config;
use strum::{IntoEnumIterator, VariantNames};

use super::dice::{Dice, PEOPLE};
use super::transitions::written_down;
use crate::context::{Channel, Context, Role};
use crate::fixtures::at;
use crate::incident::{ClosedBy, Command, Event, Incident, IncidentAction, Review, Status};
use crate::policies::auto_close::{self, TimerChange};
use crate::priority::{Impact, Priority, Urgency};
use crate::work_item::{Assignee, ForwardTo, Visibility, WorkAction, WorkCommand, WorkEvent};
use crate::{Actor, Decider};

/// The steps that only the desk's machines take, which nobody is offered.
const NOT_ON_OFFER: [IncidentAction; 4] = [
    IncidentAction::Register,
    IncidentAction::Work,
    IncidentAction::CloseUnanswered,
    IncidentAction::CorrectStatus,
];

/// The steps that move an incident between teams, of which a run needs many.
const HAND_OVERS: [WorkAction; 5] = [
    WorkAction::Assign,
    WorkAction::Accept,
    WorkAction::Return,
    WorkAction::Forward,
    WorkAction::EscalateFunctionally,
];

fn runs(cases: u32) -> Config {
    Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    }
}

fn seeds() -> impl Strategy<Value = Vec<u64>> {
    proptest::collection::vec(any::<u64>(), 1..50)
}

/// One incident and all that ever happened to it.
struct Run {
    incident: Incident,
    events: Vec<Event>,
    now: DateTime<Utc>,
    seen: Seen,
}

/// What an onlooker who reads the events alone knows of the incident.
#[derive(Default)]
struct Seen {
    status: Status,
    requester: Option<String>,
    affected: Option<String>,
    feedback: bool,
    review_due: bool,
    priority: Option<Judged>,
    cycle: u32,
    archived: bool,
    timer: Option<DateTime<Utc>>,
}

struct Judged {
    impact: Impact,
    urgency: Urgency,
    matrix_version: u32,
    overridden: Option<Priority>,
}

impl Run {
    /// Registers an incident and gives one command a seed.
    fn of(seeds: &[u64]) -> Self {
        let mut run = Self {
            incident: Incident::default(),
            events: Vec::new(),
            now: at(0),
            seen: Seen::default(),
        };
        let intake = Dice(seeds[0]).intake();
        let by = PEOPLE[1].clone().when(run.now);
        run.give(&Command::Register(Box::new(intake)), &by);
        for seed in seeds {
            let mut dice = Dice(*seed);
            let by = dice
                .someone()
                .through(dice.channel())
                .when(dice.moment(run.now));
            run.now = run.now.max(by.effective_at);
            let command = run.command(&mut dice, &by);
            run.give(&command, &by);
        }
        run
    }

    /// Mostly a step that is on offer, so that runs lead somewhere; now and
    /// then any step at all.
    fn command(&self, dice: &mut Dice, by: &Context) -> Command {
        if dice.once_in(4) {
            let any = dice.one_of(IncidentAction::iter()).unwrap();
            return dice.command(any, &self.incident, by.effective_at);
        }
        let ends = dice.once_in(10);
        if dice.once_in(2) {
            let mut own = self.incident.available_actions(by);
            own.retain(|action| ends || *action != IncidentAction::Cancel);
            let action = dice.one_of(own).unwrap_or(IncidentAction::Resume);
            return dice.command(action, &self.incident, by.effective_at);
        }
        let mut kernel = self.incident.available_work_actions(by);
        let moves = dice.once_in(2);
        kernel.retain(|action| match action {
            WorkAction::MergeInto | WorkAction::Archive => ends,
            action => HAND_OVERS.contains(action) == moves,
        });
        let action = dice.one_of(kernel).unwrap_or(WorkAction::Comment);
        dice.work_command(action, &self.incident).into()
    }

    fn give(&mut self, command: &Command, by: &Context) {
        let Ok(events) = self.incident.decide(command, by) else {
            return;
        };
        assert!(
            !events.is_empty(),
            "{command:?} was accepted and did nothing"
        );
        if self.incident.exists() {
            assert_on_offer(&self.incident, command, by);
        }
        self.seen.check(command, &events, &self.incident, by);
        for event in events {
            self.seen.see(&event);
            self.incident.apply(event.clone());
            self.events.push(event);
        }
        self.seen.check_after(&self.incident, by);
    }
}

fn assert_on_offer(incident: &Incident, command: &Command, by: &Context) {
    match command {
        Command::Work(command) => {
            let action = WorkAction::from(command.as_ref());
            assert!(
                incident.available_work_actions(by).contains(&action),
                "{command:?} was accepted and {action:?} was not on offer"
            );
        }
        command => {
            let action = IncidentAction::from(command);
            assert!(
                NOT_ON_OFFER.contains(&action) || incident.available_actions(by).contains(&action),
                "{command:?} was accepted and {action:?} was not on offer"
            );
        }
    }
}

/// Steps of the team that has the incident, or of a coordinator.
fn is_work(command: &Command) -> bool {
    match command {
        Command::Work(command) => matches!(
            command.as_ref(),
            WorkCommand::Classify { .. }
                | WorkCommand::Prioritise { .. }
                | WorkCommand::OverridePriority { .. }
                | WorkCommand::Assign { .. }
                | WorkCommand::Accept
                | WorkCommand::Return { .. }
                | WorkCommand::Forward { .. }
                | WorkCommand::EscalateFunctionally { .. }
                | WorkCommand::MergeInto { .. }
        ),
        command => matches!(
            command,
            Command::StartDiagnosis { .. }
                | Command::RecordFinding { .. }
                | Command::SetExpectedResolution { .. }
                | Command::PutOnHold { .. }
                | Command::Resume
                | Command::ApplyWorkaround { .. }
                | Command::RestoreService
                | Command::Resolve { .. }
                | Command::ResolveAtContact { .. }
                | Command::Cancel { .. }
        ),
    }
}

fn assignee(command: &Command) -> Option<&Assignee> {
    let Command::Work(command) = command else {
        return None;
    };
    match command.as_ref() {
        WorkCommand::Assign { to }
        | WorkCommand::EscalateFunctionally { to, .. }
        | WorkCommand::Forward {
            to: ForwardTo::Team(to),
            ..
        } => Some(to),
        _ => None,
    }
}

impl Seen {
    /// What no accepted command may do.
    fn check(&self, command: &Command, events: &[Event], before: &Incident, by: &Context) {
        assert!(!self.archived, "an archived incident changed: {command:?}");
        assert!(
            !before.exists() || by.effective_at >= at(0),
            "{command:?} happened before the first contact"
        );
        assert!(
            !matches!(by.actor.role, Role::Auditor | Role::Administrator)
                || matches!(command, Command::CorrectStatus { .. }),
            "{:?} gave {command:?}",
            by.actor.role
        );
        if is_work(command) {
            self.check_worker(command, before, &by.actor);
        }
        if let Some(to) = assignee(command) {
            assert!(to.team_is_active);
            assert!(to.person.is_none() || to.person_is_member);
        }
        if matches!(
            self.status,
            Status::Closed | Status::Cancelled | Status::Merged
        ) {
            for event in events {
                assert_may_follow_the_end(self.status, event, by.channel);
            }
        }
        for event in events {
            self.check_event(event, by);
        }
    }

    fn check_worker(&self, command: &Command, before: &Incident, actor: &Actor) {
        let may = match &before.work.team {
            Some(team) => actor.works_for(team.id),
            None => actor.is_staff(),
        };
        let takes_it_back = matches!(command, Command::Cancel { .. })
            && self.status == Status::New
            && self.is_about(actor);
        assert!(may || takes_it_back, "{actor:?} gave {command:?}");
    }

    fn check_event(&self, event: &Event, by: &Context) {
        match event {
            Event::Closed {
                by: ended,
                no_feedback_reason,
                ..
            } => {
                assert!(!self.review_due, "closed without its review");
                let confirmed = *ended == ClosedBy::Requester && self.is_about(&by.actor);
                assert!(
                    self.feedback || no_feedback_reason.is_some() || confirmed,
                    "closed without feedback"
                );
                if *ended == ClosedBy::Timeout {
                    assert!(self.timer.is_some_and(|due_at| due_at <= by.effective_at));
                }
            }
            Event::Reopened { reason, cycle } => {
                assert_eq!(*cycle, self.cycle + 1);
                assert!(!reason.as_str().is_empty());
            }
            Event::StatusCorrected { from, to, .. } => {
                assert_eq!(*from, self.status);
                assert_ne!(from, to);
                assert_eq!(by.channel, Channel::Import);
            }
            Event::Work(
                WorkEvent::Returned { reason, .. } | WorkEvent::PriorityOverridden { reason, .. },
            ) => assert!(!reason.as_str().is_empty()),
            _ => {}
        }
    }

    fn check_after(&self, incident: &Incident, by: &Context) {
        assert_eq!(incident.status(), self.status, "the events say otherwise");
        assert_eq!(incident.cycle, self.cycle);
        assert_eq!(incident.review == Review::Due, self.review_due);
        assert_eq!(incident.confirm_by(), self.timer);
        assert!(incident.held_for().is_none() || self.status == Status::OnHold);
        let judged = self.priority.as_ref().unwrap();
        let matrix = by.matrices.numbered(judged.matrix_version).unwrap();
        let expected = matrix.content.priority(judged.impact, judged.urgency);
        let priority = incident.work.priority.unwrap();
        assert_eq!(priority.priority, judged.overridden.unwrap_or(expected));
        assert_eq!(priority.matrix_version, judged.matrix_version);
    }

    fn is_about(&self, actor: &Actor) -> bool {
        let actor = Some(actor.id.to_string());
        actor == self.requester || actor == self.affected
    }

    /// What the event says happened, and whether the step may lead there.
    fn see(&mut self, event: &Event) {
        let from = self.status;
        self.see_status(event);
        let corrected = matches!(event, Event::StatusCorrected { .. });
        let table = LazyLock::force(&TABLE);
        assert!(
            from == self.status || corrected || table[from.as_ref()].contains(self.status.as_ref()),
            "{from:?} became {:?} by {event:?}",
            self.status
        );
        match auto_close::on_event(event) {
            Some(TimerChange::Start { due_at }) => self.timer = Some(due_at),
            Some(TimerChange::Stop) => self.timer = None,
            Some(TimerChange::TryAgain) | None => {}
        }
        match event {
            Event::Reopened { cycle, .. } => self.cycle = *cycle,
            Event::ReviewRequired { .. } => self.review_due = true,
            Event::ReviewCompleted { .. } => self.review_due = false,
            Event::Work(event) => self.see_work(event),
            _ => {}
        }
    }

    fn see_status(&mut self, event: &Event) {
        self.status = match event {
            Event::PutOnHold { .. } => Status::OnHold,
            Event::Resumed { .. } | Event::ResolutionRejected { .. } | Event::Reopened { .. } => {
                Status::InProgress
            }
            Event::Resolved { .. } => Status::Resolved,
            Event::Closed { .. } => Status::Closed,
            Event::Cancelled { .. } => Status::Cancelled,
            Event::StatusCorrected { to, .. } => *to,
            Event::Work(WorkEvent::Assigned { .. } | WorkEvent::Forwarded { .. }) => {
                Status::Assigned
            }
            Event::Work(WorkEvent::AssignmentAccepted { .. }) => Status::InProgress,
            Event::Work(WorkEvent::Returned { .. }) => Status::Returned,
            Event::Work(WorkEvent::MergedInto { .. }) => Status::Merged,
            _ => self.status,
        };
    }

    fn see_work(&mut self, event: &WorkEvent) {
        use crate::work_item::DetailField::{AffectedPerson, Requester};
        match event {
            WorkEvent::Registered {
                requester,
                affected_person,
                ..
            } => {
                self.requester = requester.as_ref().map(ToString::to_string);
                self.affected = affected_person.as_ref().map(ToString::to_string);
                self.cycle = 1;
            }
            WorkEvent::DetailsCorrected {
                field: Requester,
                to,
                ..
            } => {
                self.requester.clone_from(to);
            }
            WorkEvent::DetailsCorrected {
                field: AffectedPerson,
                to,
                ..
            } => {
                self.affected.clone_from(to);
            }
            WorkEvent::PrioritySet {
                impact,
                urgency,
                matrix_version,
                ..
            } => {
                self.priority = Some(Judged {
                    impact: *impact,
                    urgency: *urgency,
                    matrix_version: *matrix_version,
                    overridden: None,
                });
            }
            WorkEvent::PriorityOverridden { to, .. } => {
                self.priority.as_mut().unwrap().overridden = Some(*to);
            }
            WorkEvent::CommentAdded {
                visibility: Visibility::Public,
                from_requester: false,
                ..
            }
            | WorkEvent::RequesterContacted { .. } => self.feedback = true,
            WorkEvent::StageResultNotified { recipients, .. } => {
                let mut told = recipients.iter().map(ToString::to_string);
                self.feedback |= told.any(|person| Some(person) == self.requester);
            }
            WorkEvent::Archived {} => self.archived = true,
            _ => {}
        }
    }
}

static TABLE: LazyLock<BTreeMap<String, BTreeSet<String>>> = LazyLock::new(written_down);

fn assert_may_follow_the_end(status: Status, event: &Event, channel: Channel) {
    let may = match event {
        Event::Work(WorkEvent::CommentAdded { visibility, .. }) => {
            *visibility == Visibility::Internal
        }
        Event::Work(WorkEvent::Archived {}) => true,
        Event::Reopened { .. } => status == Status::Closed,
        // What another desk wrote down about an item that had ended there.
        Event::StatusCorrected { .. }
        | Event::Work(
            WorkEvent::Classified { .. }
            | WorkEvent::PrioritySet { .. }
            | WorkEvent::PriorityOverridden { .. }
            | WorkEvent::CiLinked { .. }
            | WorkEvent::CiUnlinked { .. }
            | WorkEvent::ExternalReferenceAdded { .. }
            | WorkEvent::CustomFieldSet { .. }
            | WorkEvent::DetailsCorrected { .. },
        ) => channel == Channel::Import,
        _ => false,
    };
    assert!(may, "{status:?} and then {event:?}");
}

proptest! {
    #![proptest_config(runs(256))]

    #[test]
    fn no_accepted_command_breaks_an_invariant(seeds in seeds()) {
        Run::of(&seeds);
    }
}

proptest! {
    #![proptest_config(runs(64))]

    #[test]
    fn the_state_folded_from_what_was_stored_is_the_state_that_decided(seeds in seeds()) {
        let run = Run::of(&seeds);
        let mut folded = Incident::default();
        for event in &run.events {
            let stored = serde_json::to_string(event).unwrap();
            folded.apply(serde_json::from_str(&stored).unwrap());
        }
        assert_eq!(folded, run.incident);
        let kept = serde_json::to_string(&run.incident).unwrap();
        assert_eq!(serde_json::from_str::<Incident>(&kept).unwrap(), run.incident);
    }

    #[test]
    fn a_timer_runs_while_a_resolution_waits_for_its_answer_and_never_else(seeds in seeds()) {
        let run = Run::of(&seeds);
        let waits = run.incident.status() == Status::Resolved;
        assert_eq!(run.seen.timer, run.incident.confirm_by());
        assert!(waits || run.seen.timer.is_none());
    }

    #[test]
    fn what_is_not_on_offer_is_refused(seeds in seeds(), probe in any::<u64>()) {
        let Run { incident, now, .. } = Run::of(&seeds);
        let mut dice = Dice(probe);
        for by in PEOPLE.iter() {
            let by = by.clone().through(dice.channel()).when(dice.moment(now));
            let own = incident.available_actions(&by);
            for action in IncidentAction::iter() {
                if NOT_ON_OFFER.contains(&action) || own.contains(&action) {
                    continue;
                }
                for _ in 0..4 {
                    let command = dice.command(action, &incident, by.effective_at);
                    assert!(incident.decide(&command, &by).is_err(), "{by:?}: {command:?}");
                }
            }
            let kernel = incident.available_work_actions(&by);
            for action in WorkAction::iter().filter(|action| !kernel.contains(action)) {
                for _ in 0..4 {
                    let command = Command::from(dice.work_command(action, &incident));
                    assert!(incident.decide(&command, &by).is_err(), "{by:?}: {command:?}");
                }
            }
        }
    }
}

#[test]
fn the_runs_meet_every_status_and_every_event() {
    let mut statuses = BTreeSet::new();
    let mut events = BTreeSet::new();
    for run in 0..100 {
        let seeds: Vec<u64> = (0..50).map(|step| run * 1000 + step).collect();
        let mut incident = Incident::default();
        for event in Run::of(&seeds).events {
            events.insert(event.event_type());
            incident.apply(event);
            statuses.insert(incident.status());
        }
    }
    assert_eq!(statuses, Status::iter().collect());
    let every = Event::VARIANTS.iter().chain(WorkEvent::VARIANTS);
    let missed: Vec<_> = every
        .filter(|name| **name != "Work" && !events.contains(**name))
        .collect();
    assert!(missed.is_empty(), "no run met {missed:?}");
}
