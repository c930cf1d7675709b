//! How long like incidents took, looked up for the incident whose expected
//! time is computed (INC-08).

use async_graphql::{Context, ID, Result};
use chrono::{DateTime, Utc};
use cqrs_es::Aggregate;
use domain::incident::{Estimate, EstimateMethod, Incident, LEAST_COMPARED, MOST_COMPARED};
use projections::work_queue::Like;

use crate::desk::Keeps;
use crate::error::{internal, of_store};
use crate::graphql::ids::{self, Kind};
use crate::graphql::viewer::desk;

/// What the history says of an incident: by its category and priority, or by
/// its priority alone where too few are of the same category. None where too
/// few are of that either, or there is no such incident.
pub(super) async fn estimate(
    ctx: &Context<'_>,
    id: &ID,
    effective_at: Option<DateTime<Utc>>,
) -> Result<Option<Estimate>> {
    let desk = desk(ctx)?;
    let item = ids::decode_as(Kind::Incident, id, "id")?;
    let store: &event_store::AggregateStore<Incident> = desk.store();
    let loaded = store.load(item).await.map_err(|error| of_store(&error))?;
    let work = loaded.state.work();
    let (Some(category), Some(judged)) = (&work.category, work.priority) else {
        return Ok(None);
    };
    let at = effective_at.unwrap_or_else(crate::clock::now);
    for method in [
        EstimateMethod::MedianOfCategoryAndPriority,
        EstimateMethod::MedianOfPriority,
    ] {
        let like = Like {
            item,
            practice: Incident::TYPE,
            priority: judged.priority,
            category: (method == EstimateMethod::MedianOfCategoryAndPriority)
                .then(|| category.code.as_str()),
            longer_than: at - work.opened_at,
            most: MOST_COMPARED,
        };
        let durations = desk.read().work_queue().durations(&like).await;
        let durations = durations.map_err(|error| internal(&error))?;
        let sample = u32::try_from(durations.sample).unwrap_or(u32::MAX);
        if let Some(minutes) = minutes(durations.median_seconds)
            && sample >= LEAST_COMPARED
        {
            return Ok(Some(Estimate {
                method,
                category: category.code.clone(),
                priority: judged.priority,
                sample,
                minutes,
                as_of: durations.as_of,
            }));
        }
    }
    Ok(None)
}

/// Whole minutes, rounded up; none for what no incident takes.
fn minutes(seconds: Option<f64>) -> Option<u32> {
    /// A thousand years.
    const MOST: f64 = 525_600_000.0;
    let minutes = (seconds? / 60.0).ceil();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the range is checked"
    )]
    (0.0..=MOST).contains(&minutes).then_some(minutes as u32)
}
