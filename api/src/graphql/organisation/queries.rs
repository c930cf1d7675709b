//! Who there is, and who is asking.

use async_graphql::{Context, ID, Object, Result, SimpleObject};

use super::Team;
use crate::auth::policy::Action;
use crate::error::{code, coded};
use crate::graphql::enums::Role;
use crate::graphql::ids::{self, Kind};
use crate::graphql::time::{AsOfInput, Basis, then};
use crate::graphql::viewer::{Viewer, authorised, desk};

/// The one who asks.
#[derive(SimpleObject)]
#[graphql(name = "Viewer")]
pub(crate) struct ViewerInfo {
    /// The name that stands in the log.
    name: String,
    /// What they may do.
    role: Role,
    /// The teams they are a member of.
    teams: Vec<Team>,
}

/// Queries on teams and on who is asking.
#[derive(Default)]
pub(crate) struct OrganisationQueries;

#[Object]
impl OrganisationQueries {
    /// The one who asks. Has no `asOf`: it is about the request itself.
    async fn viewer(&self, ctx: &Context<'_>) -> Result<ViewerInfo> {
        let actor = ctx
            .data_opt::<Viewer>()
            .ok_or_else(|| coded(code::UNAUTHENTICATED, "a valid token is needed"))?
            .actor();
        let directory = desk(ctx)?.directory();
        Ok(ViewerInfo {
            name: actor.id.to_string(),
            role: actor.role.into(),
            teams: actor
                .teams
                .iter()
                .filter_map(|id| directory.team(*id))
                .map(Team)
                .collect(),
        })
    }

    /// The team with this id, now or as of another time.
    async fn team(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The team's global id.")] id: ID,
        #[graphql(desc = "When, if not now.")] as_of: Option<AsOfInput>,
        #[graphql(default, desc = "Which of an event's two times counts.")] basis: Basis,
    ) -> Result<Option<Team>> {
        authorised(ctx, Action::ReadConfiguration)?;
        let id = ids::decode_as(Kind::Team, &id, "id")?;
        Team::find(ctx, id, then(ctx, as_of, basis).await?).await
    }

    /// Every team, now or as of another time, by its code.
    async fn teams(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "When, if not now.")] as_of: Option<AsOfInput>,
        #[graphql(default, desc = "Which of an event's two times counts.")] basis: Basis,
    ) -> Result<Vec<Team>> {
        authorised(ctx, Action::ReadConfiguration)?;
        if let Some(then) = then(ctx, as_of, basis).await? {
            return Team::all(ctx, &then).await;
        }
        Ok(desk(ctx)?
            .directory()
            .teams()
            .into_iter()
            .map(Team)
            .collect())
    }
}
