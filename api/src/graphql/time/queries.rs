//! Queries on how an object came to what it is.

use async_graphql::connection::{Connection, Edge, EmptyFields};
use async_graphql::{Context, ID, Object, Result};

use super::diff::{ObjectDiff, diff};
use super::object::{Told, steps};
use super::{AsOfInput, Basis};
use crate::auth::policy::Action;
use crate::graphql::ids::{self, Kind};
use crate::graphql::incident::Incident;
use crate::graphql::limits::page_cost;
use crate::graphql::viewer::{authorised, desk};
use crate::graphql::work_item::history::{HistoryEntry, history, place};
use crate::graphql::work_item::paging::length;

/// Queries on how an object came to what it is.
#[derive(Default)]
pub(crate) struct TimeQueries;

#[Object]
impl TimeQueries {
    /// What changed in any object between two points, field by field, with who
    /// changed it, when and why, and the steps between the two; null where it
    /// did not exist at the second point.
    async fn diff(
        &self,
        ctx: &Context<'_>,
        id: ID,
        from: AsOfInput,
        to: AsOfInput,
        #[graphql(default)] basis: Basis,
    ) -> Result<Option<ObjectDiff>> {
        let (kind, id) = ids::decode(&id, "id")?;
        match kind {
            Kind::Incident => authorised(ctx, Action::ReadInternal)?,
            Kind::Team | Kind::PriorityMatrix | Kind::CategoryTree => {
                authorised(ctx, Action::ReadConfiguration)?
            }
            // A token's facts are nobody's to see; keys and exports have no
            // fields, and their steps are in the timeline.
            Kind::ApiToken | Kind::SealKeys | Kind::LogExport => return Ok(None),
        };
        diff(desk(ctx)?, (kind, id), (from, to), basis).await
    }

    /// Every step of any object, oldest first: what happened, when it was so
    /// and when it was recorded, who did it, by which door and why, and what it
    /// changed. Null where there is no such object that the one who asks may
    /// see.
    #[graphql(complexity = "page_cost(first, child_complexity) / 4")]
    async fn timeline(
        &self,
        ctx: &Context<'_>,
        id: ID,
        first: Option<i32>,
        after: Option<String>,
    ) -> Result<Option<Connection<String, HistoryEntry, EmptyFields, EmptyFields>>> {
        let (kind, id) = ids::decode(&id, "id")?;
        let after = after.as_deref();
        match kind {
            Kind::Incident => {
                authorised(ctx, Action::ReadWorkItems)?;
                match Incident::find(ctx, id, None).await? {
                    Some(incident) => history(ctx, &incident, first, after).await.map(Some),
                    None => Ok(None),
                }
            }
            Kind::Team
            | Kind::PriorityMatrix
            | Kind::CategoryTree
            | Kind::SealKeys
            | Kind::LogExport => {
                authorised(
                    ctx,
                    match kind {
                        Kind::SealKeys | Kind::LogExport => Action::ReadLog,
                        _ => Action::ReadConfiguration,
                    },
                )?;
                let told = Told::fold(kind, &steps(desk(ctx)?, kind, id, None).await?)?;
                if told.entries.is_empty() {
                    return Ok(None);
                }
                page(told.entries, first, after).map(Some)
            }
            Kind::ApiToken => Ok(None),
        }
    }
}

/// A page of steps that are all there.
fn page(
    entries: Vec<HistoryEntry>,
    first: Option<i32>,
    after: Option<&str>,
) -> Result<Connection<String, HistoryEntry, EmptyFields, EmptyFields>> {
    let length = usize::from(length(first, "first")?);
    let after = place(after)?;
    let mut entries: Vec<HistoryEntry> = entries
        .into_iter()
        .filter(|entry| entry.position.0 > after)
        .collect();
    let mut page = Connection::new(false, entries.len() > length);
    entries.truncate(length);
    let edge = |entry: HistoryEntry| Edge::new(entry.position.0.to_string(), entry);
    page.edges = entries.into_iter().map(edge).collect();
    Ok(page)
}
