//! Queries on incidents: now, at another time, and what changed between two
//! points.

use async_graphql::connection::Connection;
use async_graphql::{Context, ID, Object, Result};

use super::Incident;
use super::as_of::{self, AsOfInput, Basis};
use super::diff::{WorkItemDiff, diff};
use super::types::by_number;
use crate::auth::policy::Action;
use crate::error::{at_field, code};
use crate::graphql::ids::{self, Kind};
use crate::graphql::loaders::{At, Loaders};
use crate::graphql::viewer::{authorised, desk};
use crate::graphql::work_item::filter::{WorkItemFilterInput, WorkItemOrderInput, order};
use crate::graphql::work_item::paging::wanted;
use crate::graphql::work_item::queries::{ListFields, page};

/// Queries on incidents.
#[derive(Default)]
pub(crate) struct IncidentQueries;

#[Object]
impl IncidentQueries {
    /// An incident by its id or its number, now or as of another time; null
    /// where there is none that the one who asks may see.
    async fn incident(
        &self,
        ctx: &Context<'_>,
        id: Option<ID>,
        number: Option<String>,
        as_of: Option<AsOfInput>,
        #[graphql(default)] basis: Basis,
    ) -> Result<Option<Incident>> {
        let viewer = authorised(ctx, Action::ReadWorkItems)?;
        let now = match (id, number) {
            (Some(id), None) => {
                let item = ids::decode_as(Kind::Incident, &id, "id")?;
                let row = ctx
                    .data::<Loaders>()?
                    .items
                    .load_one(At { item, position: 0 })
                    .await?;
                row.map(Incident::now)
            }
            (None, Some(number)) => by_number(ctx, &number).await?.map(Incident::now),
            _ => {
                let message = "an incident is asked for by either its id or its number";
                return Err(at_field(code::INPUT_INVALID, message, "id"));
            }
        };
        // Rights are today's, also for what is read of another time.
        let Some(now) = now.filter(|incident| incident.is_visible_to(viewer)) else {
            return Ok(None);
        };
        match as_of {
            Some(as_of) => as_of::load(ctx, now.row.item_id, as_of, basis).await,
            None => Ok(Some(now)),
        }
    }

    /// Incidents, newest first unless ordered otherwise.
    #[graphql(complexity = "5 + first.or(last).unwrap_or(20).max(0) as usize * child_complexity")]
    #[expect(clippy::too_many_arguments, reason = "Relay's paging arguments")]
    async fn incidents(
        &self,
        ctx: &Context<'_>,
        filter: Option<WorkItemFilterInput>,
        order_by: Option<WorkItemOrderInput>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Connection<String, Incident, ListFields>> {
        let viewer = authorised(ctx, Action::ReadWorkItems)?;
        let mut filter = filter.unwrap_or_default().build(viewer)?;
        filter.practice = Some("incident".to_owned());
        page(
            ctx,
            filter,
            order(order_by),
            wanted(first, after, last, before)?,
            |incident| incident,
        )
        .await
    }

    /// What changed in a work item between two points, field by field, with the
    /// steps that changed it; null where it did not exist at the later one.
    async fn diff(
        &self,
        ctx: &Context<'_>,
        id: ID,
        from: AsOfInput,
        to: AsOfInput,
        #[graphql(default)] basis: Basis,
    ) -> Result<Option<WorkItemDiff>> {
        authorised(ctx, Action::ReadInternal)?;
        let item = ids::decode_as(Kind::Incident, &id, "id")?;
        diff(desk(ctx)?, item, from, to, basis).await
    }
}
