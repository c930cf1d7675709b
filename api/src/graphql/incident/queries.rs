//! Queries on incidents: now and at another time.

use async_graphql::connection::Connection;
use async_graphql::{Context, ID, Object, Result};
use cqrs_es::Aggregate;

use super::Incident;
use super::item::by_number;
use crate::auth::policy::Action;
use crate::error::{at_field, code};
use crate::graphql::ids::{self, Kind};
use crate::graphql::limits::page_cost;
use crate::graphql::time::{AsOfInput, Basis, recorded, then};
use crate::graphql::viewer::authorised;
use crate::graphql::work_item::filter::WorkItemFilterInput;
use crate::graphql::work_item::order::{WorkItemOrderInput, order};
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
        #[graphql(desc = "Its global id, if not its number.")] id: Option<ID>,
        #[graphql(desc = "Its number, if not its id.")] number: Option<String>,
        #[graphql(desc = "When, if not now.")] as_of: Option<AsOfInput>,
        #[graphql(default, desc = "Which of an event's two times counts.")] basis: Basis,
    ) -> Result<Option<Incident>> {
        authorised(ctx, Action::ReadWorkItems)?;
        let item = match (id, number) {
            (Some(id), None) => Some(ids::decode_as(Kind::Incident, &id, "id")?),
            (None, Some(number)) => by_number(ctx, &number).await?.map(|row| row.item_id),
            _ => {
                let message = "an incident is asked for by either its id or its number";
                return Err(at_field(code::INPUT_INVALID, message, "id"));
            }
        };
        let then = then(ctx, as_of, basis).await?;
        match item {
            Some(item) => Incident::find(ctx, item, then).await,
            None => Ok(None),
        }
    }

    /// Incidents, newest first unless ordered otherwise, now or as they were
    /// known at another time.
    #[graphql(complexity = "page_cost(first.or(last), child_complexity)")]
    #[expect(clippy::too_many_arguments, reason = "Relay's paging arguments")]
    async fn incidents(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which are wanted, if not all.")] filter: Option<WorkItemFilterInput>,
        #[graphql(desc = "The order, if not newest first.")] order_by: Option<WorkItemOrderInput>,
        #[graphql(desc = "When, if not now.")] as_of: Option<AsOfInput>,
        #[graphql(desc = "The first so many: 20 if not said, 100 at most.")] first: Option<i32>,
        #[graphql(desc = "The cursor that they follow.")] after: Option<String>,
        #[graphql(desc = "The last so many: 100 at most.")] last: Option<i32>,
        #[graphql(desc = "The cursor that they precede.")] before: Option<String>,
    ) -> Result<Connection<String, Incident, ListFields>> {
        let viewer = authorised(ctx, Action::ReadWorkItems)?;
        let mut filter = filter.unwrap_or_default().build(viewer)?;
        let own = domain::incident::Incident::TYPE;
        if filter.practice.get_or_insert_with(|| own.to_owned()) != own {
            filter.item_ids = Some(Vec::new());
        }
        page(
            ctx,
            filter,
            order(order_by, viewer)?,
            recorded(ctx, as_of).await?,
            wanted(first, after, last, before)?,
            |incident| incident,
        )
        .await
    }
}
