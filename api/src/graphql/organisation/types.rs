//! A team as the schema shows it.

use async_graphql::{ID, Object, SimpleObject};

use crate::directory::TeamEntry;
use crate::graphql::enums::SupportLine;
use crate::graphql::ids::{self, Kind};
use crate::graphql::scalars::Long;

/// 工作组: a team, its support line and department, and who is in it.
pub(crate) struct Team(pub(crate) TeamEntry);

/// A person in a team.
#[derive(SimpleObject)]
pub(crate) struct TeamMember {
    /// Who.
    person: String,
    /// Their name.
    name: String,
}

/// 工作组: a team, its support line and department, and who is in it.
#[Object]
impl Team {
    /// Its global id.
    pub(crate) async fn id(&self) -> ID {
        ids::encode(Kind::Team, self.0.id.0)
    }

    /// Unique on the desk.
    async fn code(&self) -> &str {
        &self.0.code
    }

    /// What people call it.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// Its depth of expertise.
    async fn line(&self) -> SupportLine {
        self.0.line.into()
    }

    /// Its department.
    async fn department(&self) -> &str {
        &self.0.department
    }

    /// Whether it works at present; nothing is assigned to a team that does not.
    async fn active(&self) -> bool {
        self.0.active
    }

    /// Who is in it.
    async fn members(&self) -> Vec<TeamMember> {
        let member = |(person, name): (&domain::ids::PersonId, &String)| TeamMember {
            person: person.to_string(),
            name: name.clone(),
        };
        self.0.members.iter().map(member).collect()
    }

    /// The version of its stream, for `expectedVersion`.
    async fn version(&self) -> Long {
        Long(self.0.version)
    }
}
