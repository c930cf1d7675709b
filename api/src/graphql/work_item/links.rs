//! The items that an item is connected with.

use std::sync::Arc;

use async_graphql::{Context, ID, Result, SimpleObject};

use crate::error::{code, coded};
use crate::graphql::enums::Relation;
use crate::graphql::ids::{self, Kind};
use crate::graphql::incident::Incident;
use crate::graphql::loaders::{At, Loaders};
use crate::graphql::viewer::Viewer;

/// A link between two work items.
#[derive(SimpleObject, Clone)]
pub(crate) struct WorkItemLink {
    /// How the item that holds the link stands to the other.
    relation: Relation,
    /// Whether this item holds the link; otherwise the other one does, and the
    /// relation reads from there to here.
    outgoing: bool,
    #[graphql(skip)]
    other: uuid::Uuid,
    /// The other item's id.
    other_id: ID,
    /// The other item's number.
    other_number: String,
}

/// Every link of an item, in both directions, to items that the one who asks may
/// see.
pub(crate) async fn links(ctx: &Context<'_>, incident: &Incident) -> Result<Vec<WorkItemLink>> {
    let links = all_links(ctx, incident).await?;
    let viewer = ctx.data::<Viewer>()?;
    if viewer.sees_only().is_none() {
        return Ok(links);
    }
    let others = links.iter().map(|link| At::now(link.other, 0));
    let others = ctx.data::<Loaders>()?.items.load_many(others).await?;
    let is_visible = |link: &WorkItemLink| {
        let other = others.get(&At::now(link.other, 0));
        other.is_some_and(|row| Incident::now(Arc::clone(row)).is_visible_to(viewer))
    };
    Ok(links.into_iter().filter(is_visible).collect())
}

async fn all_links(ctx: &Context<'_>, incident: &Incident) -> Result<Vec<WorkItemLink>> {
    if let Some(past) = incident.past() {
        return Ok(past.links.clone());
    }
    let rows = ctx
        .data::<Loaders>()?
        .links
        .load_one(incident.at())
        .await?
        .unwrap_or_default();
    rows.iter()
        .map(|row| {
            let relation: domain::work_item::Relation = row
                .relation
                .parse()
                .map_err(|_| coded(code::INTERNAL, "something went wrong on our side"))?;
            Ok(WorkItemLink::new(
                relation,
                row.is_source,
                row.other,
                row.other_number.clone(),
            ))
        })
        .collect()
}

impl WorkItemLink {
    pub(crate) fn new(
        relation: domain::work_item::Relation,
        outgoing: bool,
        other: uuid::Uuid,
        other_number: String,
    ) -> Self {
        Self {
            relation: relation.into(),
            outgoing,
            other,
            other_id: ids::encode(Kind::Incident, other),
            other_number,
        }
    }

    /// Whether this is the outgoing link that an event took away.
    pub(crate) fn is(&self, relation: domain::work_item::Relation, other: uuid::Uuid) -> bool {
        self.outgoing && self.relation == relation.into() && self.other == other
    }
}
