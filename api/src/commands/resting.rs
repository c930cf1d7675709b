//! Decisions that rest on more than the aggregate that they are about: an item
//! is connected with another one, or goes to a team. What they read of others is
//! looked up anew for each attempt, and the append checks that it still stands.

use std::collections::HashSet;

use cqrs_es::Aggregate;
use domain::ids::{PersonId, TeamId, WorkItemId};
use domain::incident::{Command, Event, Incident};
use domain::organisation::Team;
use domain::work_item::{Assignee, LinkTarget, Relation};
use domain::{Context, Decider};
use event_store::{AggregateStore, Loaded, StreamVersion};
use uuid::Uuid;

use super::{CommandError, Decision};
use crate::desk::{Desk, Keeps};
use crate::error::code;

/// How many items the links of one relation may lead over before a further one
/// is refused: looking for a circle has to end.
const MOST_LINKED: usize = 10_000;

/// A command that rests on nothing but the incident itself.
pub(crate) struct Deciding(pub(crate) Command);

impl Decision<Incident> for Deciding {
    fn decide(&mut self, state: &Incident, context: &Context) -> Result<Vec<Event>, CommandError> {
        decide(state, &self.0, context)
    }
}

/// Links an item with another one, or merges it into it.
pub(crate) struct Connecting<C> {
    item: Uuid,
    other: Uuid,
    relation: Option<Relation>,
    command: C,
    found: Option<LinkTarget>,
}

impl<C: Fn(LinkTarget) -> Command + Send> Connecting<C> {
    /// A command on an item that needs the facts of another one. With a
    /// relation, one of them is whether links of it lead back to the item.
    pub(crate) fn new(item: Uuid, other: Uuid, relation: Option<Relation>, command: C) -> Self {
        Self {
            item,
            other,
            relation,
            command,
            found: None,
        }
    }
}

impl<C: Fn(LinkTarget) -> Command + Send + Sync> Decision<Incident> for Connecting<C> {
    async fn look_up(&mut self, desk: &Desk) -> Result<Vec<StreamVersion>, CommandError> {
        let store: &AggregateStore<Incident> = desk.store();
        let other = store.load(self.other).await?;
        if !other.state.exists() {
            return Err(not_found("targetId", "there is no such work item"));
        }
        let mut read = vec![AggregateStore::version_of(&other)];
        let leads_back = match self.relation {
            None => false,
            Some(relation) if relation.is_symmetrical() => holds(&other, relation, self.item),
            Some(relation) => leads_to(store, &other, relation, self.item, &mut read).await?,
        };
        self.found = Some(LinkTarget {
            id: WorkItemId(self.other),
            number: other.state.work().number.clone(),
            leads_back,
            is_open: other.state.is_open(),
        });
        Ok(read)
    }

    fn decide(&mut self, state: &Incident, context: &Context) -> Result<Vec<Event>, CommandError> {
        let target = self.found.take().ok_or_else(never_looked_up)?;
        decide(state, &(self.command)(target), context)
    }
}

/// Whether an item holds a link of this relation to another one.
fn holds(item: &Loaded<Incident>, relation: Relation, other: Uuid) -> bool {
    let links = &item.state.work().links;
    links.contains(&(relation, WorkItemId(other)))
}

/// Whether links of a relation lead from one item to another, over any number of
/// others; all that were looked at are named.
async fn leads_to(
    store: &AggregateStore<Incident>,
    from: &Loaded<Incident>,
    relation: Relation,
    to: Uuid,
    read: &mut Vec<StreamVersion>,
) -> Result<bool, CommandError> {
    let mut seen = HashSet::from([from.id]);
    let mut level = vec![from.clone()];
    while !level.is_empty() {
        if level.iter().any(|item| holds(item, relation, to)) {
            return Ok(true);
        }
        let links = level.iter().flat_map(|item| &item.state.work().links);
        let next = links.filter(|(of, _)| *of == relation).map(|(_, id)| id.0);
        let next: Vec<Uuid> = next.filter(|id| seen.insert(*id)).collect();
        if seen.len() > MOST_LINKED {
            return Err(CommandError::Refused {
                code: code::TOO_MANY_LINKED.to_owned(),
                message: format!("links of this relation lead over more than {MOST_LINKED} items"),
                field: Some("targetId"),
                facts: Vec::new(),
            });
        }
        store.load_ahead(&next).await?;
        level.clear();
        for id in next {
            let item = store.load(id).await?;
            read.push(AggregateStore::version_of(&item));
            level.push(item);
        }
    }
    Ok(false)
}

/// Ends a link from the end that does not hold it.
pub(crate) struct Unlinking {
    /// The item that the command names, which is not the one that holds the
    /// link, and the version that was expected of it.
    pub(crate) named: (Uuid, Option<i64>),
    /// What takes the link away from the item that holds it.
    pub(crate) command: Command,
}

impl Decision<Incident> for Unlinking {
    async fn look_up(&mut self, desk: &Desk) -> Result<Vec<StreamVersion>, CommandError> {
        let (named, expected) = self.named;
        let store: &AggregateStore<Incident> = desk.store();
        let named = store.load(named).await?;
        if expected.is_some_and(|expected| expected != named.version) {
            let current = named.version;
            return Err(CommandError::Conflict { current });
        }
        Ok(vec![AggregateStore::version_of(&named)])
    }

    fn decide(&mut self, state: &Incident, context: &Context) -> Result<Vec<Event>, CommandError> {
        decide(state, &self.command, context)
    }
}

/// The item that holds a link between two, seen from one of them: the item
/// itself, unless the relation is symmetrical and the other one holds it.
pub(crate) async fn holder_of(
    desk: &Desk,
    item: Uuid,
    relation: Relation,
    other: Uuid,
) -> Result<Uuid, CommandError> {
    let store: &AggregateStore<Incident> = desk.store();
    store.forget(other);
    let theirs = relation.is_symmetrical() && holds(&store.load(other).await?, relation, item);
    Ok(if theirs { other } else { item })
}

/// Gives an item to a team, and perhaps to a person in it.
pub(crate) struct Assigning<C> {
    team: TeamId,
    person: Option<PersonId>,
    command: C,
    found: Option<Assignee>,
}

impl<C: Fn(Assignee) -> Command + Send> Assigning<C> {
    /// A command that needs the facts of a team, and of a person in it.
    pub(crate) fn new(team: TeamId, person: Option<PersonId>, command: C) -> Self {
        Self {
            team,
            person,
            command,
            found: None,
        }
    }
}

impl<C: Fn(Assignee) -> Command + Send> Decision<Incident> for Assigning<C> {
    async fn look_up(&mut self, desk: &Desk) -> Result<Vec<StreamVersion>, CommandError> {
        let store: &AggregateStore<Team> = desk.store();
        let team = store.load(self.team.0).await?;
        self.found = team.state.as_assignee(self.team, self.person.clone());
        if self.found.is_none() {
            return Err(not_found("teamId", "there is no such team"));
        }
        Ok(vec![AggregateStore::version_of(&team)])
    }

    fn decide(&mut self, state: &Incident, context: &Context) -> Result<Vec<Event>, CommandError> {
        let to = self.found.take().ok_or_else(never_looked_up)?;
        decide(state, &(self.command)(to), context)
    }
}

fn decide<A: Decider>(
    state: &A,
    command: &<A as Aggregate>::Command,
    context: &Context,
) -> Result<Vec<A::Event>, CommandError> {
    state
        .decide(command, context)
        .map_err(|refusal| CommandError::refused(&refusal))
}

fn not_found(field: &'static str, message: &str) -> CommandError {
    CommandError::Refused {
        code: code::NOT_FOUND.to_owned(),
        message: message.to_owned(),
        field: Some(field),
        facts: Vec::new(),
    }
}

/// A decision is only made on what was looked up for it.
fn never_looked_up() -> CommandError {
    CommandError::Conflict { current: 0 }
}
