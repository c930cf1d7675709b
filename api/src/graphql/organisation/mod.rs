//! Teams and tokens in the API.

mod mutations;
mod queries;
mod token;
mod types;

use async_graphql::{ID, Result};
use domain::ids::{PersonId, TeamId};

use super::ids::{self, Kind};
use super::input::optional;

pub(super) use mutations::OrganisationMutations;
pub(super) use queries::OrganisationQueries;
pub(super) use token::ApiToken;
pub(super) use types::Team;

/// The team, and perhaps the person in it, that an item is to go to.
pub(super) fn assignee(team: &ID, person: Option<&str>) -> Result<(TeamId, Option<PersonId>)> {
    let team = TeamId(ids::decode_as(Kind::Team, team, "teamId")?);
    let person = optional(person, "person", PersonId::new)?;
    Ok((team, person))
}
