//! Who does a step: somebody of a team, somebody who asks, or monitoring.

use domain::ids::PersonId;
use domain::text::TextRefused;
use domain::work_item::{Assignee, TeamRef};
use domain::{Actor, Role};

use super::organisation::{MONITORING, Member, REQUESTERS, Requester, TeamKey};

/// Somebody of the sample desk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Who {
    /// A member of a team, by their place in it.
    Member(TeamKey, usize),
    /// One of [`REQUESTERS`].
    Requester(usize),
    /// The machines that watch the machines.
    Monitoring,
}

impl Who {
    /// How they act: in their role, for their team.
    pub(super) fn actor(self) -> Result<Actor, TextRefused> {
        let (role, teams) = match self {
            Self::Member(team, _) => (self.role(), vec![team.team().id()]),
            Self::Requester(_) | Self::Monitoring => (self.role(), Vec::new()),
        };
        Ok(Actor {
            id: self.id()?,
            role,
            teams,
        })
    }

    /// By which the directory knows them.
    pub(super) fn id(self) -> Result<PersonId, TextRefused> {
        PersonId::new(match self {
            Self::Member(team, index) => member(team, index).login,
            Self::Requester(index) => requester(index).login,
            Self::Monitoring => MONITORING,
        })
    }

    fn role(self) -> Role {
        match self {
            Self::Member(team, index) => member(team, index).role,
            Self::Requester(_) => Role::Requester,
            Self::Monitoring => Role::Agent,
        }
    }
}

/// A member of a team.
pub(super) fn member(team: TeamKey, index: usize) -> &'static Member {
    &team.team().members[index]
}

/// One of those who ask.
pub(super) fn requester(index: usize) -> &'static Requester {
    &REQUESTERS[index]
}

/// Where an item is to go, with the facts that an assignment needs.
pub(super) fn assignee(to: TeamKey, person: Option<Who>) -> Result<Assignee, TextRefused> {
    let team = to.team();
    Ok(Assignee {
        team: TeamRef {
            id: team.id(),
            name: team.name.to_owned(),
            line: team.line,
            department: team.department.to_owned(),
        },
        team_is_active: true,
        person_is_member: person.is_some(),
        person: person.map(Who::id).transpose()?,
    })
}
