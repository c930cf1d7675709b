//! What a decision may know besides the aggregate's own state and the command:
//! who acts, when it was so in the world, and the configuration in force.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use strum::{AsRefStr, EnumIter, EnumString};

use crate::configuration::{CategoryTree, PriorityMatrix, Version, Versions};
use crate::ids::{PersonId, TeamId};
use crate::work_item::SupportLine;

/// What a decision sees of the world.
#[derive(Debug, Clone)]
pub struct Context {
    /// Who acts.
    pub actor: Actor,
    /// When it was so in the world; the log adds when it was recorded.
    pub effective_at: DateTime<Utc>,
    /// When those whom it concerns could know of it at the earliest: the later
    /// of the effective time and the time at which the desk records it. A
    /// history that is taken over was known as it happened.
    pub known_at: DateTime<Utc>,
    /// The support lines of the actor's teams.
    pub lines: Vec<SupportLine>,
    /// The door through which the command came.
    pub channel: Channel,
    /// Every published version of the priority matrix.
    pub matrices: Arc<Versions<PriorityMatrix>>,
    /// Every published version of the category tree.
    pub categories: Arc<Versions<CategoryTree>>,
    /// The teams that work no longer: nothing goes to them.
    pub closed_teams: Arc<BTreeSet<TeamId>>,
}

impl Context {
    /// The matrix by which priorities are judged at the effective time.
    pub fn priority_matrix(&self) -> Option<&Version<PriorityMatrix>> {
        self.matrices.in_force_at(self.effective_at)
    }

    /// Whether the actor acts for the service desk itself, rather than for the
    /// specialists behind it: an agent of the first line, or a coordinator.
    pub fn is_service_desk(&self) -> bool {
        match self.actor.role {
            Role::Coordinator => true,
            Role::Agent => self.lines.contains(&SupportLine::First),
            Role::Requester | Role::Auditor | Role::Administrator => false,
        }
    }

    /// Who ends an item by this step, and so does not judge that end later.
    /// None for a history taken over, in which somebody else did.
    pub fn person_unless_import(&self) -> Option<PersonId> {
        (self.channel != Channel::Import).then(|| self.actor.id.clone())
    }

    /// The tree that items are filed by: the one that holds at the effective
    /// time. A history taken over names categories of its own, which its
    /// import has just published: there it is the newest.
    pub fn category_tree(&self) -> Option<&Version<CategoryTree>> {
        match self.channel {
            Channel::Import => self.categories.latest(),
            Channel::Api | Channel::Cli | Channel::Process => {
                self.categories.in_force_at(self.effective_at)
            }
        }
    }
}

/// Who acts: a person, or a machine that names its rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// The name that stands in the log.
    pub id: PersonId,
    /// What they may do.
    pub role: Role,
    /// The teams they are a member of.
    pub teams: Vec<TeamId>,
}

impl Actor {
    /// Whether this is the person meant.
    pub fn is(&self, person: Option<&PersonId>) -> bool {
        person == Some(&self.id)
    }

    /// Whether the actor works at the desk rather than asking it for help.
    pub fn is_staff(&self) -> bool {
        matches!(self.role, Role::Agent | Role::Coordinator)
    }

    /// Whether the actor may do a team's work: one of its members, or a
    /// coordinator.
    pub fn works_for(&self, team: TeamId) -> bool {
        match self.role {
            Role::Coordinator => true,
            Role::Agent => self.teams.contains(&team),
            Role::Requester | Role::Auditor | Role::Administrator => false,
        }
    }
}

/// What an actor may do. The full table is `auth::policy` in the service.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    AsRefStr,
    EnumIter,
    EnumString,
)]
#[strum(ascii_case_insensitive)]
pub enum Role {
    /// 用户: reports, follows, confirms or rejects what concerns them.
    Requester,
    /// 工程师: works on the items of their teams.
    Agent,
    /// 协调员: works on any item, dispatches, declares major incidents.
    Coordinator,
    /// 审计员: reads everything, changes nothing.
    Auditor,
    /// 管理员: configures the desk; separation of duties keeps tickets out of
    /// their hands.
    Administrator,
}

/// The door through which a command came.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, AsRefStr, EnumIter, EnumString,
)]
#[strum(serialize_all = "snake_case")]
pub enum Channel {
    /// The GraphQL API.
    Api,
    /// The command line.
    Cli,
    /// A history taken over from another desk.
    Import,
    /// A process manager of the desk itself.
    Process,
}
