//! Queries on how an object came to what it is.

use async_graphql::connection::{Connection, Edge, EmptyFields};
use async_graphql::{Context, ID, Object, Result};

use super::diff::{ObjectDiff, diff};
use super::object::{Told, steps};
use super::{AsOfInput, Basis, then};
use crate::auth::policy::Action;
use crate::graphql::ids::{self, Kind};
use crate::graphql::incident::Incident;
use crate::graphql::limits::page_cost;
use crate::graphql::viewer::{authorised, desk};
use crate::graphql::work_item::history::{HistoryEntry, behind, history, place};
use crate::graphql::work_item::paging::length;

/// Queries on how an object came to what it is.
#[derive(Default)]
pub(crate) struct TimeQueries;

#[Object]
impl TimeQueries {
    /// What changed in any object between two points, field by field, with who
    /// changed it, when and why, and the steps between the two; null where it
    /// did not exist at the second point. Has no `asOf`: its two points say
    /// when it is about.
    async fn diff(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The object's global id.")] id: ID,
        #[graphql(desc = "The first point.")] from: AsOfInput,
        #[graphql(desc = "The second point; it may lie before the first.")] to: AsOfInput,
        #[graphql(default, desc = "Which of an event's two times counts.")] basis: Basis,
    ) -> Result<Option<ObjectDiff>> {
        let (kind, id) = ids::decode(&id, "id")?;
        authorised(
            ctx,
            match kind {
                // It shows every step, also what the desk says among itself.
                Kind::Incident => Action::ReadInternal,
                kind => kind.read(),
            },
        )?;
        diff(desk(ctx)?, (kind, id), (from, to), basis).await
    }

    /// Every step of any object, oldest first: what happened, when it was so
    /// and when it was recorded, who did it, by which door and why, and what it
    /// changed; all steps, or those up to another time. Null where there is no
    /// such object that the one who asks may see.
    #[graphql(complexity = "page_cost(first, child_complexity) / 4")]
    async fn timeline(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The object's global id.")] id: ID,
        #[graphql(desc = "When, if not now.")] as_of: Option<AsOfInput>,
        #[graphql(default, desc = "Which of an event's two times counts.")] basis: Basis,
        #[graphql(desc = "The first so many: 20 if not said, 100 at most.")] first: Option<i32>,
        #[graphql(desc = "The cursor of the step that they follow.")] after: Option<String>,
    ) -> Result<Option<Connection<String, HistoryEntry, EmptyFields, EmptyFields>>> {
        let (kind, id) = ids::decode(&id, "id")?;
        authorised(ctx, kind.read())?;
        let then = then(ctx, as_of, basis).await?;
        let after = after.as_deref();
        if kind == Kind::Incident {
            return match Incident::find(ctx, id, then).await? {
                Some(incident) => history(ctx, &incident, first, after).await.map(Some),
                None => Ok(None),
            };
        }
        let told = Told::fold(kind, &steps(desk(ctx)?, kind, id, then.as_ref()).await?)?;
        if told.entries.is_empty() {
            return Ok(None);
        }
        page(told.entries, first, after).map(Some)
    }
}

/// A page of steps that are all there.
fn page(
    entries: Vec<HistoryEntry>,
    first: Option<i32>,
    after: Option<&str>,
) -> Result<Connection<String, HistoryEntry, EmptyFields, EmptyFields>> {
    let length = usize::from(length(first, "first")?);
    let mut entries = behind(entries, place(after)?, |entry| entry.position.0)?;
    let mut page = Connection::new(false, entries.len() > length);
    entries.truncate(length);
    let edge = |entry: HistoryEntry| Edge::new(entry.position.0.to_string(), entry);
    page.edges = entries.into_iter().map(edge).collect();
    Ok(page)
}
