//! Who has left which team, and which teams work no longer: what they have open
//! nobody takes care of.

use std::collections::BTreeSet;

use domain::organisation::TeamEvent;
use event_store::Audit;
use projections::DeskEvent;
use projections::work_queue::WorkQueueRow;
use uuid::Uuid;

use crate::log_streams::decoded;

/// Who has left, as of a position.
#[derive(Debug, Clone, Default)]
pub(super) struct Leavers {
    left: BTreeSet<(Uuid, String)>,
    closed: BTreeSet<Uuid>,
}

impl Leavers {
    /// Reads the streams of all teams up to a position.
    pub(super) async fn read(audit: &Audit, upto: i64) -> anyhow::Result<Self> {
        let mut leavers = Self::default();
        for team in audit.find_aggregates("team", "TeamFounded", "").await? {
            for recorded in audit.stream("team", team, Some(upto)).await? {
                if let DeskEvent::Team(event) = decoded(recorded)?.event {
                    leavers.take(team, &event);
                }
            }
        }
        Ok(leavers)
    }

    /// Takes the next event of a team in.
    pub(super) fn take(&mut self, team: Uuid, event: &TeamEvent) {
        match event {
            TeamEvent::TeamFounded { .. } | TeamEvent::TeamLeadNamed { .. } => {}
            TeamEvent::MemberAdded { person, .. } => {
                self.left.remove(&(team, person.to_string()));
            }
            TeamEvent::MemberRemoved { person } => {
                self.left.insert((team, person.to_string()));
            }
            TeamEvent::TeamDeactivated {} => {
                self.closed.insert(team);
            }
            TeamEvent::TeamReactivated {} => {
                self.closed.remove(&team);
            }
        }
    }

    /// Why nobody takes care of an item, in a sentence; nothing where somebody
    /// does.
    pub(super) fn of(&self, row: &WorkQueueRow) -> Option<String> {
        let (team, name) = (row.team_id?, row.team_name.as_deref()?);
        if self.closed.contains(&team) {
            return Some(format!(
                "It is with the team {name}, which works no longer."
            ));
        }
        let person = row.person.clone()?;
        self.left
            .contains(&(team, person.clone()))
            .then(|| format!("It is with {person}, who is no longer in the team {name}."))
    }
}
