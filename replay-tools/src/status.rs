//! `docket-replay status`: how long the log is, and how far everybody is who
//! follows it.

use std::str::FromStr;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use event_store::{Audit, Checkpoint, Head};
use projections::{Decoded, ProjectionName};
use serde::Serialize;
use strum::IntoEnumIterator;

use crate::Verdict;
use crate::output::{Output, count, time};

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    head: HeadStatus,
    events: Vec<TypeStatus>,
    projections: Vec<ProjectionStatus>,
    processes: Vec<FollowerStatus>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct HeadStatus {
    position: i64,
    recorded_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct TypeStatus {
    aggregate_type: String,
    events: i64,
}

/// Somebody who follows the log.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct FollowerStatus {
    name: String,
    /// The version of what is stored; nothing if nothing is.
    version: Option<i32>,
    position: i64,
    lag_positions: i64,
    lag_seconds: f64,
}

#[derive(Debug, Serialize)]
struct ProjectionStatus {
    #[serde(flatten)]
    follower: FollowerStatus,
    /// Why it cannot go on, if that can be seen from here.
    failed: Option<String>,
}

/// Prints how things stand.
pub(crate) async fn run(audit: &Audit, output: &mut Output) -> anyhow::Result<Verdict> {
    let status = look(audit).await?;
    if output.is_json() {
        output.json(&status)?;
    } else {
        print(&status, output)?;
    }
    Ok(Verdict::Well)
}

async fn look(audit: &Audit) -> anyhow::Result<Status> {
    // The checkpoints first: a head taken later is not behind any of them.
    let checkpoints = audit.checkpoints().await?;
    let head = audit.head().await?;
    let mut projections = Vec::new();
    for name in ProjectionName::iter() {
        let stored = checkpoints
            .iter()
            .filter(|checkpoint| checkpoint.name == name.as_ref())
            .max_by_key(|checkpoint| checkpoint.version);
        let follower = follower(name.as_ref(), stored, head);
        let failed = why_it_stands_still(audit, name, &follower).await?;
        projections.push(ProjectionStatus { follower, failed });
    }
    let processes = checkpoints
        .iter()
        .filter(|checkpoint| ProjectionName::from_str(&checkpoint.name).is_err())
        .map(|checkpoint| follower(&checkpoint.name, Some(checkpoint), head))
        .collect();
    let events = audit.count_by_type().await?;
    Ok(Status {
        head: HeadStatus {
            position: head.position,
            recorded_at: head.recorded_at,
        },
        events: events
            .into_iter()
            .map(|one| TypeStatus {
                aggregate_type: one.aggregate_type,
                events: one.events,
            })
            .collect(),
        projections,
        processes,
    })
}

fn follower(name: &str, stored: Option<&Checkpoint>, head: Head) -> FollowerStatus {
    let position = stored.map_or(0, |checkpoint| checkpoint.position);
    FollowerStatus {
        name: name.to_owned(),
        version: stored.map(|checkpoint| checkpoint.version),
        position,
        lag_positions: (head.position - position).max(0),
        lag_seconds: stored
            .and_then(|checkpoint| checkpoint.waiting_seconds)
            .map_or(0.0, |seconds| (seconds.max(0.0) * 1000.0).round() / 1000.0),
    }
}

/// A projection stops before an event that it cannot read, and before tables
/// that a newer program has made; both can be seen without asking the service.
async fn why_it_stands_still(
    audit: &Audit,
    name: ProjectionName,
    follower: &FollowerStatus,
) -> anyhow::Result<Option<String>> {
    let known = name.version();
    if let Some(stored) = follower.version.filter(|stored| *stored > known) {
        return Ok(Some(format!(
            "it is kept in version {stored} by a newer program; this one knows version {known}"
        )));
    }
    if follower.lag_positions == 0 {
        return Ok(None);
    }
    let next = audit.event(follower.position + 1).await?;
    let unreadable = next.and_then(|event| Decoded::new(Arc::new(event)).err());
    Ok(unreadable.map(|error| error.to_string()))
}

fn print(status: &Status, output: &mut Output) -> anyhow::Result<()> {
    match status.head.recorded_at {
        Some(recorded_at) => output.line(format_args!(
            "The log ends at position {}, recorded at {}.",
            status.head.position,
            time(recorded_at)
        ))?,
        None => output.line("The log is empty.")?,
    }
    if !status.events.is_empty() {
        output.line("")?;
        output.line(format_args!("{:<20} {:>12}", "aggregates", "events"))?;
        for one in &status.events {
            output.line(format_args!(
                "{:<20} {:>12}",
                one.aggregate_type, one.events
            ))?;
        }
    }
    output.line("")?;
    header("projection", output)?;
    for one in &status.projections {
        row(&one.follower, one.failed.as_deref(), output)?;
    }
    if !status.processes.is_empty() {
        output.line("")?;
        header("process", output)?;
        for one in &status.processes {
            row(one, None, output)?;
        }
    }
    Ok(())
}

fn header(what: &str, output: &mut Output) -> anyhow::Result<()> {
    output.line(format_args!(
        "{what:<20} {:>7} {:>12}  {}",
        "version", "position", "state"
    ))
}

fn row(one: &FollowerStatus, failed: Option<&str>, output: &mut Output) -> anyhow::Result<()> {
    let version = one
        .version
        .map_or("-".to_owned(), |version| version.to_string());
    let state = match failed {
        Some(reason) => format!("stands still: {reason}"),
        None if one.version.is_none() => "not built yet".to_owned(),
        None if one.lag_positions == 0 => "up to date".to_owned(),
        None => format!(
            "{} behind, for {:.1} s",
            count(one.lag_positions, "event"),
            one.lag_seconds
        ),
    };
    output.line(format_args!(
        "{:<20} {version:>7} {:>12}  {state}",
        one.name, one.position
    ))
}
