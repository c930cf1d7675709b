//! The plan of the sample desk: every command that makes it, before any of
//! them is given. It depends on nothing but the moment at which the three
//! months end, and on that in its times only.

use chrono::{DateTime, Duration, Utc};
use domain::Actor;
use domain::configuration::{CategoryTree, Command as ConfigurationCommand, PriorityMatrix};
use domain::ids::{DESK_NAMESPACE, PersonId, TeamId, WorkItemId};
use domain::incident::{Command, HoldReason};
use domain::organisation::TeamCommand;
use domain::text::{Text, TextRefused};
use domain::work_item::{Farewell, Intake, LinkTarget, Relation, WorkCommand};
use uuid::Uuid;

use super::arrivals::{self, Arrival, Moment};
use super::cast::Who;
use super::course;
use super::setting_up;
use super::working_time::{Pace, on_working_day_before};

/// How many incidents there are.
pub(super) const INCIDENTS: u32 = 400;

/// The desk was set up so long before the three months end.
pub(super) const SET_UP_BEFORE: Duration = Duration::days(100);

/// What is still to be done at `now` stays undone: the last step of an
/// incident lies at least so long before it.
const LAST_STEP_BEFORE: Duration = Duration::seconds(90);

/// Every command of the sample desk.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Plan {
    /// What sets the desk up, in this order.
    pub(super) setting_up: Vec<SettingUp>,
    /// What happens to its incidents. Cases do not touch each other.
    pub(super) cases: Vec<Case>,
}

/// A step that sets the desk up.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct SettingUp {
    /// Unique in the plan, the same each time.
    pub(super) name: String,
    /// When.
    pub(super) at: DateTime<Utc>,
    /// By whom.
    pub(super) actor: Actor,
    /// What.
    pub(super) what: SetUp,
}

/// What sets the desk up.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum SetUp {
    /// A step of a team.
    Team(TeamId, TeamCommand),
    /// A step of the priority matrix.
    Matrix(ConfigurationCommand<PriorityMatrix>),
    /// A step of the category tree.
    Tree(ConfigurationCommand<CategoryTree>),
}

/// One incident, or several that touch each other: what happens to them in
/// the order in which it happens.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Case {
    /// The steps.
    pub(super) steps: Vec<Step>,
}

/// A step of an incident.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Step {
    /// Unique in the plan, the same each time.
    pub(super) name: String,
    /// The story that it belongs to, for whoever finds it refused.
    pub(super) story: &'static str,
    /// Which incident, counted from 1.
    pub(super) incident: u32,
    /// When.
    pub(super) at: DateTime<Utc>,
    /// By whom.
    pub(super) actor: Actor,
    /// What.
    pub(super) action: Action,
}

/// What is done to an incident. What depends on other incidents is looked up
/// when it is done.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Action {
    /// It is registered, under a number drawn when it is done.
    Register(Box<Intake>),
    /// A step that needs nothing else.
    Do(Box<Command>),
    /// It is linked with another incident of the case.
    Link {
        /// How it stands to the other.
        relation: Relation,
        /// The other.
        other: u32,
    },
    /// It goes on as another incident of the case.
    Merge {
        /// The other.
        other: u32,
        /// Why.
        reason: Text,
        /// Who was told, or why nobody was.
        farewell: Farewell,
    },
}

impl Action {
    /// The other incident, where there is one.
    pub(super) fn other(&self) -> Option<u32> {
        match self {
            Self::Link { other, .. } | Self::Merge { other, .. } => Some(*other),
            Self::Register(_) | Self::Do(_) => None,
        }
    }

    /// The command, given the number that was drawn for a registration, or the
    /// facts of the other incident for a link.
    pub(super) fn command(
        &self,
        number: Option<&str>,
        target: Option<LinkTarget>,
    ) -> Option<Command> {
        Some(match self {
            Self::Register(intake) => Command::Register(Box::new(Intake {
                number: number?.to_owned(),
                ..(**intake).clone()
            })),
            Self::Do(command) => (**command).clone(),
            Self::Link { relation, .. } => WorkCommand::Link {
                relation: *relation,
                target: target?,
            }
            .into(),
            Self::Merge {
                reason, farewell, ..
            } => WorkCommand::MergeInto {
                target: target?,
                reason: reason.clone(),
                farewell: farewell.clone(),
            }
            .into(),
        })
    }
}

/// The identity of an incident of the sample desk.
pub(super) fn incident_id(number: u32) -> WorkItemId {
    let name = format!("sample:incident:{number}");
    WorkItemId(Uuid::new_v5(&DESK_NAMESPACE, name.as_bytes()))
}

/// A step as a course has it: so much later than the one before.
#[derive(Debug, Clone)]
pub(super) struct Drafted {
    /// How many seconds of work after the step before.
    pub(super) wait_seconds: u32,
    /// When that work goes on.
    pub(super) pace: Pace,
    /// By whom.
    pub(super) who: Who,
    /// What.
    pub(super) doing: Doing,
}

/// What a course has somebody do.
#[derive(Debug, Clone)]
pub(super) enum Doing {
    /// Registers the incident.
    Register(Box<Intake>),
    /// A step that needs nothing else.
    Do(Box<Command>),
    /// Says in how many seconds of office work the incident will be resolved.
    Expect {
        /// How many.
        within_seconds: u32,
        /// Why.
        reason: Text,
    },
    /// Puts the incident on hold.
    Hold {
        /// For whom or what.
        reason: HoldReason,
        /// In more words.
        text: Text,
        /// For how many seconds of office work.
        seconds: Option<u32>,
    },
    /// Links it with what it is tied to.
    LinkToTie(Relation),
    /// Links what it is tied to with it.
    LinkFromTie(Relation),
    /// Merges it into what it is tied to, for a reason, and tells of it.
    MergeIntoTie(Text, Farewell),
}

/// The whole plan of a desk whose three months end at `now`.
pub(super) fn plan(now: DateTime<Utc>) -> Result<Plan, Misfit> {
    let set_up = setting_up::steps(now - SET_UP_BEFORE);
    let setting_up = set_up.map_err(|refused| Misfit::new("setting-up", 0, refused))?;
    let arrivals = arrivals::arrivals();
    let mut cases: Vec<Case> = Vec::new();
    let mut case_of: Vec<usize> = Vec::new();
    for (index, arrival) in arrivals.iter().enumerate() {
        let incident = u32::try_from(index + 1).unwrap_or(u32::MAX);
        let steps = steps(arrival, incident, now);
        let mut steps = steps.map_err(|refused| Misfit::new(arrival.key(), incident, refused))?;
        if let Some(earlier) = arrival.tied_to {
            let case = case_of[earlier as usize - 1];
            cases[case].steps.append(&mut steps);
            case_of.push(case);
        } else {
            case_of.push(cases.len());
            cases.push(Case { steps });
        }
    }
    for case in &mut cases {
        case.steps.sort_by_key(|step| step.at);
    }
    Ok(Plan { setting_up, cases })
}

/// The steps of one incident, each at its time.
fn steps(arrival: &Arrival, incident: u32, now: DateTime<Utc>) -> Result<Vec<Step>, TextRefused> {
    let drafted = course::unfold(arrival, incident)?;
    let opened_at = match arrival.moment {
        Moment::WorkingDay { before, second } => on_working_day_before(now, before, second),
        Moment::Today { seconds_before } => now - Duration::seconds(seconds_before.into()),
    };
    let mut at = opened_at;
    let mut times: Vec<DateTime<Utc>> = Vec::with_capacity(drafted.len());
    for step in &drafted {
        at = step.pace.after(at, step.wait_seconds);
        times.push(at);
    }
    squeeze(&mut times, opened_at, now - LAST_STEP_BEFORE);
    let mut steps = Vec::with_capacity(drafted.len());
    for (index, (drafted, at)) in drafted.into_iter().zip(times).enumerate() {
        let tie = arrival.tied_to.unwrap_or(incident);
        let of = match drafted.doing {
            Doing::LinkFromTie(_) => tie,
            _ => incident,
        };
        steps.push(Step {
            name: format!("sample:incident:{incident}:{index}"),
            story: arrival.key(),
            incident: of,
            at,
            actor: drafted.who.actor()?,
            action: action(drafted.doing, at, incident, tie),
        });
    }
    Ok(steps)
}

/// Moves the times closer together where the last would lie after the limit:
/// a desk that is loaded on a Monday morning has had no Sunday's work.
fn squeeze(times: &mut [DateTime<Utc>], opened_at: DateTime<Utc>, limit: DateTime<Utc>) {
    let Some(last) = times.last().copied().filter(|last| *last > limit) else {
        return;
    };
    let wanted = (last - opened_at).num_milliseconds().max(1);
    let available = (limit - opened_at).num_milliseconds().max(0);
    for time in times {
        let after = (*time - opened_at).num_milliseconds() * available / wanted;
        *time = opened_at + Duration::milliseconds(after);
    }
}

fn action(doing: Doing, at: DateTime<Utc>, incident: u32, tie: u32) -> Action {
    match doing {
        Doing::Register(intake) => Action::Register(intake),
        Doing::Do(command) => Action::Do(command),
        Doing::Expect {
            within_seconds,
            reason,
        } => Action::Do(Box::new(Command::SetExpectedResolution {
            at: Pace::Office.after(at, within_seconds),
            reason,
        })),
        Doing::Hold {
            reason,
            text,
            seconds,
        } => Action::Do(Box::new(Command::PutOnHold {
            reason,
            text: Some(text),
            until: seconds.map(|seconds| Pace::Office.after(at, seconds)),
        })),
        Doing::LinkToTie(relation) => Action::Link {
            relation,
            other: tie,
        },
        Doing::LinkFromTie(relation) => Action::Link {
            relation,
            other: incident,
        },
        Doing::MergeIntoTie(reason, farewell) => Action::Merge {
            other: tie,
            reason,
            farewell,
        },
    }
}

/// A text of the sample desk that the domain does not take.
#[derive(Debug, thiserror::Error)]
#[error("sample incident {incident} ({story}): {refused}")]
pub(super) struct Misfit {
    story: &'static str,
    incident: u32,
    refused: TextRefused,
}

impl Misfit {
    fn new(story: &'static str, incident: u32, refused: TextRefused) -> Self {
        Self {
            story,
            incident,
            refused,
        }
    }
}

/// Somebody who administers the desk.
pub(super) fn administrator(login: &str) -> Result<Actor, TextRefused> {
    Ok(Actor {
        id: PersonId::new(login)?,
        role: domain::Role::Administrator,
        teams: Vec::new(),
    })
}
