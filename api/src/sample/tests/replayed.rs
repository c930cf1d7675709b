//! The sample desk without a database: the plan, decided and applied in
//! memory. A refusal is a panic that names the step.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use cqrs_es::DomainEvent;
use domain::configuration::{
    CategoryTree, Command as ConfigurationCommand, Configuration, PriorityMatrix,
};
use domain::incident::{Event, Incident};
use domain::organisation::Team;
use domain::work_item::{LinkTarget, Relation, SupportLine};
use domain::{Actor, Channel, Context, Decider, Refusal};
use uuid::Uuid;

use crate::sample::TEAMS;
use crate::sample::plan::{Plan, SetUp, Step, administrator, incident_id};

/// The desk in memory.
pub(super) struct Replayed {
    matrix: Configuration<PriorityMatrix>,
    tree: Configuration<CategoryTree>,
    pub(super) teams: HashMap<Uuid, Team>,
    pub(super) incidents: BTreeMap<u32, Incident>,
    /// What happened, with the incident that it happened to.
    pub(super) events: Vec<(u32, Event)>,
    /// The names of all that happened to anything.
    pub(super) kinds: BTreeSet<String>,
}

impl Replayed {
    /// A new desk, with what it starts with.
    fn new() -> Self {
        let mut desk = Self {
            matrix: Configuration::default(),
            tree: Configuration::default(),
            teams: HashMap::new(),
            incidents: BTreeMap::new(),
            events: Vec::new(),
            kinds: BTreeSet::new(),
        };
        let effective_from = DateTime::UNIX_EPOCH;
        for (login, step) in [
            ("docket:product", 0),
            ("docket:setup", 1),
            ("docket:setup", 2),
        ] {
            let actor = administrator(login).unwrap();
            let context = desk.context(&actor, Channel::Process, effective_from);
            let (matrix, tree) = match step {
                0 => (
                    ConfigurationCommand::SaveDraft(PriorityMatrix::initial()),
                    ConfigurationCommand::SaveDraft(CategoryTree::initial()),
                ),
                1 => (
                    ConfigurationCommand::PassReview,
                    ConfigurationCommand::PassReview,
                ),
                _ => (
                    ConfigurationCommand::Publish { effective_from },
                    ConfigurationCommand::Publish { effective_from },
                ),
            };
            decide(&mut desk.matrix, &matrix, &context, || {
                "initial matrix".to_owned()
            });
            decide(&mut desk.tree, &tree, &context, || {
                "initial tree".to_owned()
            });
        }
        desk
    }

    /// The desk after a whole plan.
    pub(super) fn of(plan: &Plan) -> Self {
        let mut desk = Self::new();
        for step in &plan.setting_up {
            let context = desk.context(&step.actor, Channel::Cli, step.at);
            let kinds = match &step.what {
                SetUp::Team(id, command) => {
                    let team = desk.teams.entry(id.0).or_default();
                    names(&decide(team, command, &context, || step.name.clone()))
                }
                SetUp::Matrix(command) => {
                    names(&decide(&mut desk.matrix, command, &context, || {
                        step.name.clone()
                    }))
                }
                SetUp::Tree(command) => names(&decide(&mut desk.tree, command, &context, || {
                    step.name.clone()
                })),
            };
            desk.kinds.extend(kinds);
        }
        for step in plan.cases.iter().flat_map(|case| &case.steps) {
            desk.step(step);
        }
        desk
    }

    fn step(&mut self, step: &Step) {
        let context = self.context(&step.actor, Channel::Api, step.at);
        let number = number(step.incident);
        let target = step
            .action
            .other()
            .map(|other| self.target(step.incident, other));
        let command = step.action.command(Some(&number), target).unwrap();
        let incident = self.incidents.entry(step.incident).or_default();
        let place = || format!("{} {} {:?}", step.story, step.name, step.action);
        let events = decide(incident, &command, &context, place);
        self.kinds.extend(names(&events));
        let incident = step.incident;
        self.events
            .extend(events.into_iter().map(|event| (incident, event)));
    }

    fn target(&self, this: u32, other: u32) -> LinkTarget {
        let target = &self.incidents[&other];
        LinkTarget {
            id: incident_id(other),
            number: target.work().number.clone(),
            leads_back: target
                .work()
                .links
                .contains(&(Relation::ParentOf, incident_id(this))),
            is_open: target.is_open(),
        }
    }

    fn context(&self, actor: &Actor, channel: Channel, effective_at: DateTime<Utc>) -> Context {
        Context {
            actor: actor.clone(),
            effective_at,
            known_at: effective_at,
            channel,
            lines: lines_of(actor),
            matrices: Arc::clone(self.matrix.versions()),
            categories: Arc::clone(self.tree.versions()),
            closed_teams: Arc::default(),
        }
    }
}

fn lines_of(actor: &Actor) -> Vec<SupportLine> {
    let own = TEAMS.iter().filter(|team| actor.teams.contains(&team.id()));
    own.map(|team| team.line).collect()
}

fn number(incident: u32) -> String {
    format!("INC{incident:06}")
}

fn decide<A: Decider>(
    aggregate: &mut A,
    command: &A::Command,
    context: &Context,
    place: impl FnOnce() -> String,
) -> Vec<A::Event> {
    let events = match aggregate.decide(command, context) {
        Ok(events) => events,
        Err(refusal) => panic!("{} is refused: {} {refusal}", place(), refusal.code()),
    };
    for event in events.clone() {
        aggregate.apply_at(event, context.effective_at);
    }
    events
}

fn names<E: DomainEvent>(events: &[E]) -> BTreeSet<String> {
    events.iter().map(DomainEvent::event_type).collect()
}
