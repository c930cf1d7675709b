//! What the desk needs before rows can be taken over: a team for each group,
//! with the people seen in it, and the categories of the source in the tree.

use std::collections::BTreeMap;

use domain::configuration::{CategoryTree, Command, Configuration};
use domain::ids::PersonId;
use domain::organisation::{Team, TeamCommand, TeamRefusal};
use domain::text::{Line, TextRefused};
use domain::work_item::{SupportLine, TeamRef};
use domain::{Channel, Context, Decider};
use event_store::Loaded;
use futures_util::{StreamExt, TryStreamExt, stream};

use super::importer::{IMPORTER, REVIEWER, machine};
use super::mapping::Teams;
use super::row::Group;
use super::survey::Survey;
use crate::commands::{CommandError, Envelope, execute, execute_by};
use crate::desk::{Desk, Keeps};
use crate::import::{ImportError, Reconciliation};

/// The department of teams that are new: the source does not say.
const DEPARTMENT: &str = "ServiceNow import";

/// Sets up what is missing, and returns the teams.
pub(super) async fn prepare(
    desk: &Desk,
    survey: &Survey,
    account: &mut Reconciliation,
) -> Result<Teams, ImportError> {
    let position = set_up_teams(desk, survey, account).await?;
    desk.directory().wait_for(position).await;
    publish_categories(desk, survey, account).await?;

    let teams = survey.groups.keys().filter_map(|group| {
        let team = desk.directory().team(group.team())?;
        let team = TeamRef {
            id: team.id,
            name: team.name,
            line: team.line,
            department: team.department,
        };
        Some((team.id, team))
    });
    Ok(teams.collect())
}

/// Sets up all teams, several at a time, and returns the last position.
async fn set_up_teams(
    desk: &Desk,
    survey: &Survey,
    account: &mut Reconciliation,
) -> Result<i64, ImportError> {
    const TOGETHER: usize = 32;
    let groups = stream::iter(&survey.groups);
    let mut set_up = groups
        .map(|(group, people)| set_up_team(desk, group, people))
        .buffered(TOGETHER);
    let mut last = 0;
    while let Some((position, events)) = set_up.try_next().await? {
        last = last.max(position);
        for name in events {
            account.count_events(&name, 1);
        }
    }
    Ok(last)
}

/// Founds the team and takes its people in, as far as that is new, in one
/// commit. Returns its position, and what has happened.
async fn set_up_team(
    desk: &Desk,
    group: &Group,
    people: &BTreeMap<PersonId, Line>,
) -> Result<(i64, Vec<String>), ImportError> {
    let commands =
        team_commands(group, people).map_err(|refused| CommandError::refused(&refused))?;
    let id = group.team().0;
    let known: Loaded<Team> = desk.store().load(id).await?;
    let envelope = Envelope::new(machine(IMPORTER)?, Channel::Import, crate::clock::now());
    let context = desk
        .context(
            envelope.actor.clone(),
            envelope.channel,
            envelope.effective_at,
            envelope.known_at,
        )
        .await?;
    if what_is_new(&known.state, &commands, &context)?.is_empty() {
        return Ok((0, Vec::new()));
    }
    let mut written = Vec::new();
    let outcome = execute_by::<Team>(desk, id, &envelope, |team, context| {
        let events = what_is_new(team, &commands, context)?;
        written = events
            .iter()
            .map(|event| event.as_ref().to_owned())
            .collect();
        Ok(events)
    })
    .await?;
    Ok((outcome.position, written))
}

fn team_commands(
    group: &Group,
    people: &BTreeMap<PersonId, Line>,
) -> Result<Vec<TeamCommand>, TextRefused> {
    let mut commands = vec![TeamCommand::Found {
        code: group.code.clone(),
        name: group.name.clone(),
        line: SupportLine::Second,
        department: Line::new(DEPARTMENT)?,
    }];
    for (person, name) in people {
        commands.push(TeamCommand::AddMember {
            person: person.clone(),
            name: name.clone(),
        });
    }
    Ok(commands)
}

/// What the commands change. A team that is there and the members that it has
/// are as they should be; one that was deactivated since takes nobody in, and
/// still has the incidents that it had then.
fn what_is_new(
    team: &Team,
    commands: &[TeamCommand],
    context: &Context,
) -> Result<Vec<domain::organisation::TeamEvent>, CommandError> {
    let mut team = team.clone();
    let mut events = Vec::new();
    for command in commands {
        match team.decide(command, context) {
            Ok(new) => {
                for event in new {
                    cqrs_es::Aggregate::apply(&mut team, event.clone());
                    events.push(event);
                }
            }
            Err(
                TeamRefusal::AlreadyFounded | TeamRefusal::AlreadyMember | TeamRefusal::NotActive,
            ) => {}
            Err(refusal) => return Err(CommandError::refused(&refusal)),
        }
    }
    Ok(events)
}

/// Publishes a version of the category tree that has the source's categories,
/// if it lacks any: drafted by the importer, reviewed by a second machine.
async fn publish_categories(
    desk: &Desk,
    survey: &Survey,
    account: &mut Reconciliation,
) -> Result<(), ImportError> {
    let id = Configuration::<CategoryTree>::id();
    let loaded: Loaded<Configuration<CategoryTree>> = desk.store().load(id).await?;
    let latest = loaded.state.versions().latest();
    let Some(tree) = survey.extended(latest.map(|version| &version.content)) else {
        return Ok(());
    };
    if let Some(draft) = loaded.state.draft()
        && draft.drafted_by.as_str() != IMPORTER
    {
        return Err(ImportError::DraftInTheWay {
            drafted_by: draft.drafted_by.to_string(),
        });
    }
    // A version that is to hold one day does not keep the import from its own.
    let now = crate::clock::now();
    let effective_from = match latest {
        Some(latest) if latest.effective_from >= now => {
            latest.effective_from + chrono::Duration::milliseconds(1)
        }
        _ => now,
    };
    let steps = [
        (IMPORTER, "DraftSaved", Command::SaveDraft(tree)),
        (REVIEWER, "ReviewPassed", Command::PassReview),
        (REVIEWER, "Published", Command::Publish { effective_from }),
    ];
    for (actor, event, command) in steps {
        let envelope = Envelope::new(machine(actor)?, Channel::Import, now);
        execute::<Configuration<CategoryTree>>(desk, id, &command, &envelope).await?;
        account.count_events(event, 1);
    }
    Ok(())
}
