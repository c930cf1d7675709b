//! Teams and tokens in the API.

mod mutations;
mod queries;
mod types;

use async_graphql::{Context, ID, Result};
use domain::ids::{PersonId, TeamId};
use domain::work_item::Assignee;

use super::ids::{self, Kind};
use super::input::optional;
use super::viewer::desk;
use crate::error::{at_field, code};

pub(super) use mutations::OrganisationMutations;
pub(super) use queries::OrganisationQueries;
pub(super) use types::Team;

/// The facts that an assignment to a team, and perhaps a person in it, needs.
pub(super) fn assignee(ctx: &Context<'_>, team: &ID, person: Option<&str>) -> Result<Assignee> {
    let id = TeamId(ids::decode_as(Kind::Team, team, "teamId")?);
    let person = optional(person, "person", PersonId::new)?;
    desk(ctx)?
        .directory()
        .assignee(id, person)
        .ok_or_else(|| at_field(code::NOT_FOUND, "there is no such team", "teamId"))
}
