//! An incident at one time: a row of the queue, and where what belongs to it
//! is loaded from when it is asked for.

use std::sync::Arc;

use async_graphql::{Context, Result};
use chrono::{DateTime, Utc};
use projections::AsOf;
use projections::incident_detail::IncidentDetail;
use projections::work_queue::WorkQueueRow;
use uuid::Uuid;

use super::past::Past;
use crate::error::{code, coded, internal};
use crate::graphql::loaders::{At, Loaders};
use crate::graphql::time::{Basis, Then};
use crate::graphql::viewer::{Viewer, desk};

/// 事件: an unplanned interruption of a service, or a fall in its quality.
#[derive(Clone)]
pub(crate) struct Incident {
    pub(crate) row: Arc<WorkQueueRow>,
    /// The position that must be visible in whatever else is loaded.
    seen: i64,
    /// When it is shown; whatever else is loaded is shown then, too.
    when: When,
}

/// When an incident is shown.
#[derive(Clone)]
enum When {
    /// As it is now.
    Now,
    /// As it was known then.
    Recorded(Then),
    /// As it was in the world then.
    Effective(Arc<Past>),
}

impl Incident {
    /// An incident as it is now.
    pub(crate) fn now(row: impl Into<Arc<WorkQueueRow>>) -> Self {
        let row = row.into();
        // Whatever else is loaded is no older than the row.
        let seen = row.position;
        Self {
            row,
            seen,
            when: When::Now,
        }
    }

    /// The same, with whatever else is loaded no older than a position.
    pub(crate) fn at_least_of(self, position: i64) -> Self {
        Self {
            seen: position,
            ..self
        }
    }

    /// An incident as it was known at another time.
    pub(crate) fn then(row: impl Into<Arc<WorkQueueRow>>, then: Then) -> Self {
        Self {
            row: row.into(),
            seen: then.position,
            when: When::Recorded(then),
        }
    }

    /// An incident now or then, if there is one that the one who asks may see.
    /// Rights are today's, also for what is read of another time.
    pub(crate) async fn find(
        ctx: &Context<'_>,
        item: Uuid,
        then: Option<Then>,
    ) -> Result<Option<Self>> {
        let items = &ctx.data::<Loaders>()?.items;
        let now = items.load_one(At::now(item, 0)).await?.map(Self::now);
        let viewer = ctx.data::<Viewer>()?;
        let Some(now) = now.filter(|incident| incident.is_visible_to(viewer)) else {
            return Ok(None);
        };
        match then {
            None => Ok(Some(now)),
            Some(then) if then.basis == Basis::Effective => {
                let past = Past::load(desk(ctx)?, item, then).await?;
                Ok(past.map(Self::in_the_world))
            }
            Some(then) => {
                let row = items.load_one(At::then(item, &then)).await?;
                Ok(row.map(|row| Self::then(row, then)))
            }
        }
    }

    fn in_the_world(past: Past) -> Self {
        Self {
            row: Arc::clone(&past.row),
            seen: 0,
            when: When::Effective(Arc::new(past)),
        }
    }

    /// The incident after a command of the one who asks.
    pub(crate) async fn after(ctx: &Context<'_>, id: Uuid, position: i64) -> Result<Self> {
        let row = ctx
            .data::<Loaders>()?
            .items
            .load_one(At::now(id, position))
            .await?;
        let row = row.ok_or_else(|| coded(code::NOT_FOUND, "there is no such incident"))?;
        Ok(Self {
            row,
            seen: position,
            when: When::Now,
        })
    }

    pub(crate) fn at(&self) -> At {
        At {
            item: self.row.item_id,
            position: self.seen,
            as_of: match &self.when {
                When::Recorded(then) => then.as_of(),
                When::Now | When::Effective(_) => AsOf::Now,
            },
        }
    }

    /// Whether it is shown as it is now.
    pub(super) fn is_now(&self) -> bool {
        matches!(self.when, When::Now)
    }

    /// The incident as it was in the world, where that was asked for.
    pub(crate) fn past(&self) -> Option<&Past> {
        match &self.when {
            When::Effective(past) => Some(past),
            When::Now | When::Recorded(_) => None,
        }
    }

    /// The point as of which it is shown, where that is not now.
    pub(super) fn shown_as_of(&self) -> Option<Then> {
        match &self.when {
            When::Now => None,
            When::Recorded(then) => Some(*then),
            When::Effective(past) => Some(past.then),
        }
    }

    /// The moment at which it is shown.
    pub(super) fn shown_at(&self) -> DateTime<Utc> {
        match &self.when {
            When::Now => crate::clock::now(),
            When::Recorded(then) => then.at,
            When::Effective(past) => past.then.at,
        }
    }

    /// Whether the one who asks may see it: everybody at the desk, those whom
    /// it is about, and those whose own items go on as it.
    pub(crate) fn is_visible_to(&self, viewer: &Viewer) -> bool {
        viewer.sees_only().is_none_or(|person| {
            let about = [&self.row.requester, &self.row.affected_person];
            let mut merged = self.row.merged_people.iter();
            about.iter().any(|p| p.as_deref() == Some(person)) || merged.any(|p| p == person)
        })
    }

    pub(super) async fn detail(&self, ctx: &Context<'_>) -> Result<Arc<IncidentDetail>> {
        if let Some(past) = self.past() {
            return Ok(Arc::clone(&past.detail));
        }
        let detail = ctx.data::<Loaders>()?.details.load_one(self.at()).await?;
        detail.ok_or_else(|| {
            coded(
                code::READ_MODEL_BEHIND,
                "the incident's details cannot be shown yet",
            )
        })
    }
}

/// The incident with this number.
pub(crate) async fn by_number(ctx: &Context<'_>, number: &str) -> Result<Option<WorkQueueRow>> {
    let read = desk(ctx)?.read();
    read.work_queue()
        .by_number("incident", number)
        .await
        .map_err(|error| internal(&error))
}
