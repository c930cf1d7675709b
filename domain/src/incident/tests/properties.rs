//! What holds after any run of commands, whoever gives them and whenever.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use cqrs_es::{Aggregate, DomainEvent};
use proptest::prelude::{Strategy, any, proptest};
use proptest::test_runner::Config;
use strum::{IntoEnumIterator, VariantNames};

use super::dice::{Dice, PEOPLE};
use super::onlooker::Seen;
use crate::Decider;
use crate::context::Context;
use crate::fixtures::at;
use crate::incident::{Command, Event, Incident, IncidentAction, Status};
use crate::work_item::{WorkAction, WorkEvent};

/// The steps that only the desk's machines take, which nobody is offered.
const NOT_ON_OFFER: [IncidentAction; 5] = [
    IncidentAction::Register,
    IncidentAction::Work,
    IncidentAction::EndHold,
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
    times: Vec<DateTime<Utc>>,
    now: DateTime<Utc>,
    seen: Seen,
}

impl Run {
    /// Registers an incident and gives one command a seed.
    fn of(seeds: &[u64]) -> Self {
        let mut run = Self {
            incident: Incident::default(),
            events: Vec::new(),
            times: Vec::new(),
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
            self.incident.apply_at(event.clone(), by.effective_at);
            self.events.push(event);
            self.times.push(by.effective_at);
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
        for (event, at) in run.events.iter().zip(&run.times) {
            let stored = serde_json::to_string(event).unwrap();
            folded.apply_at(serde_json::from_str(&stored).unwrap(), *at);
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
