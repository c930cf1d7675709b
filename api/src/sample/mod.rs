//! The sample desk: an insurer that does not exist, with a head office,
//! branches in seven provinces and an office in Hong Kong; 60 people in twelve
//! teams on three support lines; 400 incidents of the last three months in
//! Chinese and English, in every state.
//!
//! Somebody who has just started Docket should find a desk that looks like
//! one. So everything here goes the way of an ordinary command, with the time
//! at which it would have happened, given by the person who would have given
//! it: every rule of the domain holds for it, and a refusal is a mistake in
//! the plan, not in the desk.
//!
//! What is told ([`stories`], [`majors`], [`phrases`], [`organisation`]) is
//! apart from how it unfolds ([`arrivals`], [`course`]), and both from what is
//! done about it: the [`plan`] is made before the first command is given, and
//! is the same each time but for the moment at which its three months end.
//! Commands are named by what they do, so a load that was interrupted goes on
//! where it stopped.

mod arrivals;
mod cast;
mod configuration;
mod course;
mod draw;
mod majors;
mod organisation;
mod phrases;
mod plan;
mod setting_up;
mod stories;
#[cfg(test)]
mod tests;
mod words;
mod working_time;

use std::collections::HashMap;

use chrono::{DateTime, SubsecRound, Utc};
use domain::Channel;
use domain::configuration::{CategoryTree, Configuration, PriorityMatrix};
use domain::incident::Incident;
use domain::organisation::Team;
use domain::work_item::{LinkTarget, Relation};
use event_store::{Filter, Reservation, StoreError};
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::commands::{CommandError, Envelope, command_id, execute};
use crate::desk::{Desk, Keeps};
use organisation::TEAMS;
use plan::{Action, Case, INCIDENTS, Plan, SET_UP_BEFORE, SetUp, SettingUp, Step, incident_id};

/// How many cases are played at the same time.
const CASES_AT_ONCE: usize = 48;

/// What a sample desk holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Loaded {
    /// How many incidents.
    pub incidents: u64,
    /// How many teams.
    pub teams: u64,
    /// How many people in them.
    pub people: u64,
}

/// Whether nothing was ever recorded on the desk but what it starts with: no
/// team and no incident.
pub async fn is_empty(desk: &Desk) -> Result<bool, StoreError> {
    let filter = Filter {
        aggregate_types: Some(vec!["team".to_owned(), "incident".to_owned()]),
        ..Filter::default()
    };
    Ok(desk.log().read(0, 1, &filter).await?.is_empty())
}

/// Whether a load of the sample desk was begun and never finished.
pub async fn is_interrupted(desk: &Desk) -> Result<bool, CommandError> {
    let Some(now) = begun(desk).await? else {
        return Ok(false);
    };
    let plan = planned(now)?;
    Ok(match last_step(&plan) {
        Some(step) => !is_done(desk, &step.name).await?,
        None => false,
    })
}

/// Fills an empty desk with three months that end at `now`; or goes on where
/// an earlier load was interrupted, with the months that it had begun.
/// `progress` hears how many commands of how many are done.
///
/// No process manager may run meanwhile: it would close long-resolved
/// incidents before those who asked have answered.
pub async fn load(
    desk: &Desk,
    now: DateTime<Utc>,
    progress: &(dyn Fn(u64, u64) + Sync),
) -> Result<Loaded, CommandError> {
    let begun = begun(desk).await?;
    if begun.is_none() && !is_empty(desk).await? {
        return Err(CommandError::Refused {
            code: "SAMPLE_DESK_NOT_EMPTY".to_owned(),
            message: "the sample desk is loaded into an empty desk only".to_owned(),
            field: None,
            facts: Vec::new(),
        });
    }
    let plan = planned(begun.unwrap_or(now))?;
    let steps = plan.cases.iter().map(|case| case.steps.len());
    let total = count(plan.setting_up.len() + steps.sum::<usize>());
    let mut done = 0;
    for step in &plan.setting_up {
        set_up(desk, step).await?;
        done += 1;
        progress(done, total);
    }
    let numbers = numbers(desk).await?;
    // The last case is played when all others are: it tells a finished load
    // from an interrupted one.
    let (last, others) = plan.cases.split_last().unzip();
    let others = others.unwrap_or_default().iter();
    let to_play: Vec<_> = others.map(|case| play(desk, case, &numbers)).collect();
    let mut playing = stream::iter(to_play).buffer_unordered(CASES_AT_ONCE);
    while let Some(steps) = playing.try_next().await? {
        done += steps;
        progress(done, total);
    }
    if let Some(last) = last {
        done += play(desk, last, &numbers).await?;
        progress(done, total);
    }
    let people = TEAMS.iter().map(|team| team.members.len());
    Ok(Loaded {
        incidents: INCIDENTS.into(),
        teams: count(TEAMS.len()),
        people: count(people.sum()),
    })
}

/// When the three months end of a load that has begun.
async fn begun(desk: &Desk) -> Result<Option<DateTime<Utc>>, StoreError> {
    let first = desk
        .log()
        .read_stream("team", TEAMS[0].id().0, None)
        .await?;
    let Some(founded) = first.first() else {
        return Ok(None);
    };
    if founded.command_id != command_id(&setting_up::name(0)) {
        return Ok(None);
    }
    let metadata = founded.metadata().map_err(|error| StoreError::Corrupt {
        position: founded.position,
        problem: error.to_string(),
    })?;
    Ok(Some(metadata.effective_at + SET_UP_BEFORE))
}

fn planned(now: DateTime<Utc>) -> Result<Plan, CommandError> {
    plan::plan(now.trunc_subsecs(3)).map_err(|misfit| CommandError::Refused {
        code: "SAMPLE_TEXT_REFUSED".to_owned(),
        message: misfit.to_string(),
        field: None,
        facts: Vec::new(),
    })
}

fn last_step(plan: &Plan) -> Option<&Step> {
    plan.cases.last()?.steps.last()
}

async fn is_done(desk: &Desk, name: &str) -> Result<bool, StoreError> {
    let known = desk.log().find_command(command_id(name)).await?;
    Ok(known.is_some())
}

async fn set_up(desk: &Desk, step: &SettingUp) -> Result<(), CommandError> {
    let envelope = Envelope::new(step.actor.clone(), Channel::Cli, step.at).named(&step.name);
    let outcome = match &step.what {
        SetUp::Team(id, command) => execute::<Team>(desk, id.0, command, &envelope).await,
        SetUp::Matrix(command) => {
            let id = Configuration::<PriorityMatrix>::id();
            execute::<Configuration<PriorityMatrix>>(desk, id, command, &envelope).await
        }
        SetUp::Tree(command) => {
            let id = Configuration::<CategoryTree>::id();
            execute::<Configuration<CategoryTree>>(desk, id, command, &envelope).await
        }
    };
    outcome.map_err(|error| at_step("setting-up", &step.name, error))?;
    Ok(())
}

/// Numbers for those incidents that have none yet, in the order in which they
/// were opened.
async fn numbers(desk: &Desk) -> Result<HashMap<u32, String>, CommandError> {
    let mut missing = Vec::new();
    for incident in 1..=INCIDENTS {
        if !incident_on(desk, incident).await?.exists() {
            missing.push(incident);
        }
    }
    let wanted = u32::try_from(missing.len()).unwrap_or(INCIDENTS);
    let drawn = desk
        .read()
        .numbers()
        .next_numbers("incident", wanted)
        .await?;
    Ok(missing.into_iter().zip(drawn).collect())
}

async fn incident_on(desk: &Desk, incident: u32) -> Result<std::sync::Arc<Incident>, StoreError> {
    let store: &event_store::AggregateStore<Incident> = desk.store();
    Ok(store.load(incident_id(incident).0).await?.state)
}

/// Plays a case to its end. What was played before is passed over.
async fn play(
    desk: &Desk,
    case: &Case,
    numbers: &HashMap<u32, String>,
) -> Result<u64, CommandError> {
    for step in &case.steps {
        // An incident that had a number when the load began may have gone
        // further, too.
        let may_be_done = !numbers.contains_key(&step.incident);
        if may_be_done && is_done(desk, &step.name).await? {
            continue;
        }
        take(desk, step, numbers)
            .await
            .map_err(|error| at_step(step.story, &step.name, error))?;
    }
    Ok(count(case.steps.len()))
}

/// Takes one step of an incident.
async fn take(
    desk: &Desk,
    step: &Step,
    numbers: &HashMap<u32, String>,
) -> Result<(), CommandError> {
    let number = numbers.get(&step.incident).map(String::as_str);
    let target = match step.action.other() {
        Some(other) => Some(link_target(desk, step.incident, other).await?),
        None => None,
    };
    // A registration without a number is one that was done before.
    let Some(command) = step.action.command(number, target) else {
        return Ok(());
    };
    let mut envelope = Envelope::new(step.actor.clone(), Channel::Api, step.at).named(&step.name);
    // The desk has lived through it: its windows began and ended then.
    envelope.known_at = step.at;
    if let (Action::Register(_), Some(number)) = (&step.action, number) {
        envelope.reservations.push(Reservation {
            scope: domain::incident::NUMBERS,
            key: number.to_owned(),
        });
    }
    execute::<Incident>(desk, incident_id(step.incident).0, &command, &envelope).await?;
    Ok(())
}

/// The facts of the other incident that a link needs.
async fn link_target(desk: &Desk, this: u32, other: u32) -> Result<LinkTarget, StoreError> {
    let target = incident_on(desk, other).await?;
    let parent = (Relation::ParentOf, incident_id(this));
    Ok(LinkTarget {
        id: incident_id(other),
        number: target.work().number.clone(),
        leads_back: target.work().links.contains(&parent),
        is_open: target.is_open(),
    })
}

/// Says where in the plan something went wrong.
fn at_step(story: &str, name: &str, error: CommandError) -> CommandError {
    match error {
        CommandError::Refused {
            code,
            message,
            field,
            facts,
        } => CommandError::Refused {
            code,
            message: format!("{name} ({story}): {message}"),
            field,
            facts,
        },
        other => {
            tracing::error!(story, step = name, error = %other, "a step of the sample desk failed");
            other
        }
    }
}

fn count(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}
