//! The history of an item, or of any other object, and an item's comments:
//! steps of the log in the words of the desk.

use std::sync::Arc;

use async_graphql::connection::{Connection, Edge, EmptyFields};
use async_graphql::{Context, Result, SimpleObject};
use chrono::{DateTime, Duration, Utc};
use projections::Decoded;
use projections::work_item_history::HistoryRow;
use uuid::Uuid;

use super::paging::length;
use crate::error::{at_field, code};
use crate::graphql::enums::Visibility;
use crate::graphql::incident::Incident;
use crate::graphql::loaders::{Kind, Loaders, Stretch};
use crate::graphql::scalars::Long;
use crate::graphql::viewer::Viewer;

/// From when on a step counts as recorded late.
const LATE: Duration = Duration::minutes(15);

/// What changed in one field.
#[derive(SimpleObject, Clone)]
pub(crate) struct FieldChange {
    /// The field.
    pub(crate) field: String,
    /// What it said.
    pub(crate) before: Option<String>,
    /// What it says.
    pub(crate) after: Option<String>,
}

impl FieldChange {
    pub(crate) fn new(field: &str, before: Option<String>, after: Option<String>) -> Self {
        Self {
            field: field.to_owned(),
            before,
            after,
        }
    }
}

/// One step of an object's history.
#[derive(SimpleObject, Clone)]
pub(crate) struct HistoryEntry {
    /// The event's position in the log.
    pub(crate) position: Long,
    /// The event's place in the object's stream, from 1.
    sequence: Long,
    /// What happened, by its name in the past tense.
    event_type: String,
    /// When it was so in the world.
    effective_at: DateTime<Utc>,
    /// When the desk recorded it.
    recorded_at: DateTime<Utc>,
    /// Whether it was recorded late: more than a quarter of an hour after it
    /// was so.
    recorded_late: bool,
    /// Who did it: a person's login, or a machine such as `docket:auto-close`.
    actor: String,
    /// The role in which they did it.
    role: Option<String>,
    /// For whom, where that is somebody else.
    on_behalf_of: Option<String>,
    /// The door it came through.
    channel: Option<String>,
    /// The rule by which a machine did it.
    rule: Option<String>,
    /// The command that caused it.
    command_id: Uuid,
    /// Why.
    reason: Option<String>,
    /// What was said or written down.
    text: Option<String>,
    /// The status before, where it changed.
    status_before: Option<String>,
    /// The status after, where it changed.
    status_after: Option<String>,
    /// What changed, field by field.
    changes: Vec<FieldChange>,
}

/// Something that was said about an item.
#[derive(SimpleObject)]
pub(crate) struct Comment {
    /// The event's position in the log.
    position: Long,
    /// Who said it.
    author: String,
    /// When.
    commented_at: DateTime<Utc>,
    /// When the desk recorded it.
    recorded_at: DateTime<Utc>,
    /// Who may read it.
    visibility: Visibility,
    /// Whether the one who asked for the item said it.
    from_requester: bool,
    /// What.
    text: String,
}

impl HistoryEntry {
    pub(crate) fn of(row: &HistoryRow) -> Self {
        Self {
            position: Long(row.position),
            sequence: Long(row.sequence),
            event_type: row.event_type.clone(),
            effective_at: row.effective_at,
            recorded_at: row.recorded_at,
            recorded_late: is_late(row.effective_at, row.recorded_at),
            actor: row.actor.clone(),
            role: row.role.clone(),
            on_behalf_of: row.on_behalf_of.clone(),
            channel: row.channel.clone(),
            rule: row.rule.clone(),
            command_id: row.command_id,
            reason: row.reason.clone(),
            text: row.text.clone(),
            status_before: row.status_before.clone(),
            status_after: row.status_after().map(ToOwned::to_owned),
            changes: row
                .changes
                .iter()
                .map(|change| FieldChange {
                    field: change.field.clone(),
                    before: change.before.clone(),
                    after: change.after.clone(),
                })
                .collect(),
        }
    }
}

fn is_late(effective_at: DateTime<Utc>, recorded_at: DateTime<Utc>) -> bool {
    recorded_at - effective_at > LATE
}

impl HistoryEntry {
    /// A step of an object that is no work item, and what it changed.
    pub(crate) fn of_step(step: &Decoded, changes: Vec<FieldChange>) -> Self {
        let (recorded, metadata) = (&step.recorded, step.metadata.clone());
        Self {
            position: Long(recorded.position),
            sequence: Long(recorded.sequence),
            event_type: recorded.event_type.clone(),
            effective_at: metadata.effective_at,
            recorded_at: recorded.recorded_at,
            recorded_late: is_late(metadata.effective_at, recorded.recorded_at),
            actor: metadata.actor,
            role: metadata.role,
            on_behalf_of: metadata.on_behalf_of,
            channel: metadata.channel,
            rule: metadata.rule,
            command_id: recorded.command_id,
            reason: metadata.reason,
            text: None,
            status_before: None,
            status_after: None,
            changes,
        }
    }
}

impl Comment {
    fn of(row: &HistoryRow) -> Self {
        Self {
            position: Long(row.position),
            author: row.actor.clone(),
            commented_at: row.effective_at,
            recorded_at: row.recorded_at,
            visibility: match row.visibility.as_deref() {
                Some("Public") => Visibility::Public,
                _ => Visibility::Internal,
            },
            from_requester: row.from_requester.unwrap_or_default(),
            text: row.text.clone().unwrap_or_default(),
        }
    }
}

/// The steps that a requester may see, besides public comments: nothing of
/// what the desk says and weighs among itself.
pub(crate) const PUBLIC_STEPS: [&str; 25] = [
    "Registered",
    "Classified",
    "PrioritySet",
    "Assigned",
    "AssignmentAccepted",
    "Forwarded",
    "Urged",
    "StageResultNotified",
    "RequesterContacted",
    "AttachmentAdded",
    "PutOnHold",
    "Resumed",
    "ServiceRestored",
    "WorkaroundApplied",
    "InitialSupportGiven",
    "ExpectedResolutionSet",
    "Resolved",
    "ResolutionConfirmed",
    "ResolutionRejected",
    "Closed",
    "Reopened",
    "Cancelled",
    "MergedInto",
    "ConfirmationAwaited",
    "Archived",
];

/// The steps that a requester may not see, but whose effect stands in what
/// they see of the item.
const STEPS_WITH_PUBLIC_EFFECT: [&str; 8] = [
    "PriorityOverridden",
    "Returned",
    "EscalatedFunctionally",
    "DetailsCorrected",
    "MajorDeclared",
    "MajorStoodDown",
    "MergedFrom",
    "StatusCorrected",
];

/// Whether a requester may see a step: it is a public one, and is not told to
/// others.
fn is_public_to(person: &str, row: &HistoryRow) -> bool {
    match row.event_type.as_str() {
        "StageResultNotified" => row
            .changes
            .iter()
            .any(|change| change.field == "recipient" && change.after.as_deref() == Some(person)),
        _ => is_public(row),
    }
}

/// Whether requesters may see steps like this one.
fn is_public(row: &HistoryRow) -> bool {
    PUBLIC_STEPS.contains(&&*row.event_type) || is_public_comment(row)
}

/// Whether an event changes anything that a requester may see of its item.
pub(super) fn changes_for(person: &str, event: &Decoded) -> bool {
    STEPS_WITH_PUBLIC_EFFECT.contains(&&*event.recorded.event_type)
        || HistoryRow::from_event(event, None).is_some_and(|row| is_public_to(person, &row))
}

fn is_public_comment(row: &HistoryRow) -> bool {
    row.event_type == "CommentAdded" && row.visibility.as_deref() == Some("Public")
}

/// Whether what was written with a step that a requester may see was written for
/// them.
fn is_for_requesters(event_type: &str) -> bool {
    matches!(
        event_type,
        "CommentAdded"
            | "StageResultNotified"
            | "RequesterContacted"
            | "Urged"
            | "WorkaroundApplied"
            | "InitialSupportGiven"
            | "Resolved"
            | "ResolutionRejected"
            | "Reopened"
            | "Cancelled"
            | "MergedInto"
    )
}

/// What changes with steps that a requester may see, and is not for them.
const INTERNAL_CHANGES: [&str; 1] = ["resolution_cause"];

impl HistoryEntry {
    /// The step as a requester sees it.
    fn of_public(row: &HistoryRow) -> Self {
        let mut entry = Self::of(row);
        if !is_for_requesters(&entry.event_type) {
            (entry.text, entry.reason) = (None, None);
        }
        entry
            .changes
            .retain(|change| !INTERNAL_CHANGES.contains(&change.field.as_str()));
        entry
    }
}

type Page<T> = Connection<String, T, EmptyFields, EmptyFields>;

/// A page of an item's history.
pub(crate) async fn history(
    ctx: &Context<'_>,
    incident: &Incident,
    first: Option<i32>,
    after: Option<&str>,
) -> Result<Page<HistoryEntry>> {
    let viewer = ctx.data::<Viewer>()?;
    let list = (incident, first, after);
    if viewer.sees_internal() {
        return page(ctx, list, Kind::Steps, |_| true, HistoryEntry::of).await;
    }
    let person = viewer.name();
    let is_public = |row: &HistoryRow| is_public_to(person, row);
    page(
        ctx,
        list,
        Kind::PublicSteps,
        is_public,
        HistoryEntry::of_public,
    )
    .await
}

/// How many comments of an incident everybody may read.
pub(crate) async fn count_public_comments(ctx: &Context<'_>, incident: &Incident) -> Result<i32> {
    if let Some(past) = incident.past() {
        let count = past.history.iter().filter(|row| is_public_comment(row));
        return Ok(i32::try_from(count.count()).unwrap_or(i32::MAX));
    }
    let comments = &ctx.data::<Loaders>()?.public_comments;
    Ok(comments.load_one(incident.at()).await?.unwrap_or_default())
}

/// A page of what was said.
pub(crate) async fn comments(
    ctx: &Context<'_>,
    incident: &Incident,
    first: Option<i32>,
    after: Option<&str>,
) -> Result<Page<Comment>> {
    let kind = if ctx.data::<Viewer>()?.sees_internal() {
        Kind::Comments
    } else {
        Kind::PublicComments
    };
    page(ctx, (incident, first, after), kind, |_| true, Comment::of).await
}

/// The first steps after a cursor: from the read model, or from the past that
/// the incident was asked for.
async fn rows(
    ctx: &Context<'_>,
    incident: &Incident,
    kind: Kind,
    after: i64,
    limit: usize,
) -> Result<Arc<Vec<HistoryRow>>> {
    if let Some(past) = incident.past() {
        let is_wanted = |row: &&HistoryRow| match kind {
            Kind::Steps => true,
            Kind::PublicSteps => is_public(row),
            Kind::Comments => row.event_type == "CommentAdded",
            Kind::PublicComments => is_public_comment(row),
        };
        let rows = past.history.iter().filter(is_wanted).collect();
        let rows = behind(rows, after, |row| row.position)?.into_iter();
        return Ok(Arc::new(rows.take(limit).cloned().collect()));
    }
    let stretch = Stretch {
        at: incident.at(),
        kind,
        after,
        limit: i64::try_from(limit).unwrap_or(i64::MAX),
    };
    let rows = ctx.data::<Loaders>()?.history.load_one(stretch).await?;
    Ok(rows.unwrap_or_default())
}

/// The steps of a list behind the one at a position; all where it is 0. The
/// list may be in the order in which its steps were so, which is not that of
/// their positions.
pub(crate) fn behind<T>(
    mut steps: Vec<T>,
    after: i64,
    position: impl Fn(&T) -> i64,
) -> Result<Vec<T>> {
    if after == 0 {
        return Ok(steps);
    }
    let last = steps.iter().position(|step| position(step) == after);
    let last = last.ok_or_else(cursor_invalid)?;
    Ok(steps.split_off(last + 1))
}

fn cursor_invalid() -> async_graphql::Error {
    let message = "after is no cursor of this list";
    at_field(code::CURSOR_INVALID, message, "after")
}

/// The position that a cursor of a history stands for; the start without one.
pub(crate) fn place(after: Option<&str>) -> Result<i64> {
    let Some(cursor) = after else { return Ok(0) };
    let position = cursor.parse().ok().filter(|position| *position >= 0);
    position.ok_or_else(cursor_invalid)
}

/// How many steps are read at once where those read first were not shown.
const STRETCH: usize = 400;

/// A page of what is shown of a kind of steps: it is full, or it is the last
/// one, however many steps are not shown.
async fn page<T: async_graphql::OutputType>(
    ctx: &Context<'_>,
    (incident, first, after): (&Incident, Option<i32>, Option<&str>),
    kind: Kind,
    is_shown: impl Fn(&HistoryRow) -> bool,
    node: impl Fn(&HistoryRow) -> T,
) -> Result<Page<T>> {
    let (length, mut after) = (usize::from(length(first, "first")?), place(after)?);
    // One more than the page tells whether another follows.
    let (wanted, mut limit) = (length + 1, length + 1);
    let mut edges = Vec::new();
    loop {
        let rows = rows(ctx, incident, kind, after, limit).await?;
        let shown = rows.iter().filter(|row| is_shown(row));
        let shown = shown.take(wanted - edges.len());
        edges.extend(shown.map(|row| Edge::new(row.position.to_string(), node(row))));
        match rows.last() {
            Some(last) if rows.len() == limit && edges.len() < wanted => {
                (after, limit) = (last.position, STRETCH);
            }
            _ => break,
        }
    }
    let mut page = Connection::new(false, edges.len() > length);
    edges.truncate(length);
    page.edges = edges;
    Ok(page)
}
