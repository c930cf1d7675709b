//! What does the page of one incident show beyond its row in the queue: for
//! those who work on it, and for the one who asked.

use std::sync::LazyLock;

use chrono::{DateTime, Utc};
use domain::incident::{Event, Review};
use domain::work_item::{DetailField, WorkEvent};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde::Serialize;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::copy::{Layout, Row, stored_time};
use crate::fold::{Fold, ItemRow};
use crate::projection::{Projection, Step};
use crate::status::incident_status_after;
use crate::{Decoded, DeskEvent, ReadError};

pub(crate) const VERSION: i32 = 1;
pub(crate) const TABLES: &[&str] = &["incident_detail"];

const LAYOUT: Layout = Layout {
    table: "incident_detail",
    columns: &[
        "item_id",
        "description",
        "diagnosing",
        "hypothesis",
        "last_finding",
        "workaround",
        "expected_basis",
        "expected_reason",
        "hold_reason",
        "hold_text",
        "hold_until",
        "resolution_code",
        "resolution_cause",
        "resolution_solution",
        "resolution_knowledge",
        "resolved_at_first_contact",
        "confirm_by",
        "closed_by",
        "no_feedback_reason",
        "reopen_until",
        "reopen_reason",
        "cancel_reason",
        "major_leader",
        "major_reason",
        "review",
        "review_cause",
        "review_text",
        "merged_into",
        "merged_into_number",
        "correction_count",
    ],
    key: 1,
};

/// What an incident has beyond what the queue shows of every work item. Names
/// of reasons and the like are those of the domain's enums.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct IncidentDetail {
    /// The incident.
    pub item_id: Uuid,
    /// What it is about, in full.
    pub description: Option<String>,
    /// Whether somebody looks for the cause.
    pub diagnosing: bool,
    /// What was last suspected.
    pub hypothesis: Option<String>,
    /// What was last found out.
    pub last_finding: Option<String>,
    /// How the effect was last lessened.
    pub workaround: Option<String>,
    /// What the expected time rests on: `Computed` or `Adjusted`.
    pub expected_basis: Option<String>,
    /// Why the expected time was adjusted.
    pub expected_reason: Option<String>,
    /// What it waits for, while it is on hold.
    pub hold_reason: Option<String>,
    /// The same in somebody's words.
    pub hold_text: Option<String>,
    /// Until when it waits.
    pub hold_until: Option<DateTime<Utc>>,
    /// How it ended.
    pub resolution_code: Option<String>,
    /// What caused it.
    pub resolution_cause: Option<String>,
    /// What ended it.
    pub resolution_solution: Option<String>,
    /// The article that helped.
    pub resolution_knowledge: Option<String>,
    /// Whether the first line resolved it at the first contact.
    pub resolved_at_first_contact: bool,
    /// Until when the requester may answer, while it is resolved.
    pub confirm_by: Option<DateTime<Utc>>,
    /// Who closed it: `Requester`, `Desk` or `Timeout`.
    pub closed_by: Option<String>,
    /// Why the requester has heard nothing, where that is so.
    pub no_feedback_reason: Option<String>,
    /// Until when it may be reopened.
    pub reopen_until: Option<DateTime<Utc>>,
    /// Why it was last reopened.
    pub reopen_reason: Option<String>,
    /// Why it was cancelled.
    pub cancel_reason: Option<String>,
    /// Who leads it while it is a major incident.
    pub major_leader: Option<String>,
    /// Why it was last declared a major incident, or stood down.
    pub major_reason: Option<String>,
    /// Whether a review is asked for: `None`, `Due` or `Completed`.
    pub review: String,
    /// What last asked for a review.
    pub review_cause: Option<String>,
    /// What the last review taught.
    pub review_text: Option<String>,
    /// The item that it goes on as.
    pub merged_into: Option<Uuid>,
    /// That item's number.
    pub merged_into_number: Option<String>,
    /// How many steps of a history taken over the process forbids.
    pub correction_count: i32,
}

/// The details of incidents, to be asked.
#[derive(Debug, Clone)]
pub struct IncidentDetails {
    pool: PgPool,
}

impl IncidentDetails {
    pub(crate) fn new(pool: PgPool) -> Self {
        Self { pool }
    }

    /// The details of some incidents, in no order; those that do not exist
    /// are left out.
    pub async fn by_ids(&self, items: &[Uuid]) -> Result<Vec<IncidentDetail>, ReadError> {
        let mut connection = self.pool.acquire().await?;
        Ok(load(&mut connection, items).await?)
    }
}

static SELECT: LazyLock<String> = LazyLock::new(|| {
    let columns = LAYOUT.columns.join(", ");
    format!("select {columns} from incident_detail where item_id = any ($1)")
});

async fn load(
    connection: &mut PgConnection,
    items: &[Uuid],
) -> Result<Vec<IncidentDetail>, sqlx::Error> {
    if items.is_empty() {
        return Ok(Vec::new());
    }
    sqlx::query_as(&SELECT)
        .bind(items)
        .fetch_all(connection)
        .await
}

/// Whether events of this name change a detail of an incident.
pub(crate) fn concerns(event_type: &str) -> bool {
    !matches!(
        event_type,
        "Classified"
            | "PrioritySet"
            | "PriorityOverridden"
            | "ForwardedOutside"
            | "EscalatedFunctionally"
            | "EscalatedHierarchically"
            | "WatcherAdded"
            | "WatcherRemoved"
            | "CommentAdded"
            | "StageResultNotified"
            | "RequesterContacted"
            | "Urged"
            | "CiLinked"
            | "CiUnlinked"
            | "WorkLinked"
            | "WorkUnlinked"
            | "AttachmentAdded"
            | "EffortLogged"
            | "ExternalReferenceAdded"
            | "KnowledgeApplied"
            | "CustomFieldSet"
            | "Archived"
            | "ServiceRestored"
    )
}

fn review_name(review: Review) -> &'static str {
    match review {
        Review::None => "None",
        Review::Due => "Due",
        Review::Completed => "Completed",
    }
}

fn owned<T: ToString>(value: Option<&T>) -> Option<String> {
    value.map(ToString::to_string)
}

impl IncidentDetail {
    /// Changes the details by an event of the incident. The registration makes
    /// them; what concerns no incident changes nothing.
    ///
    /// Pure, like [`WorkQueueRow::apply`](crate::work_queue::WorkQueueRow::apply).
    pub fn apply(detail: &mut Option<Self>, decoded: &Decoded) {
        let DeskEvent::Incident(event) = &decoded.event else {
            return;
        };
        if let Event::Work(WorkEvent::Registered { description, .. }) = event {
            *detail = Some(Self::registered(
                decoded.recorded.aggregate_id,
                owned(description.as_ref()),
            ));
            return;
        }
        let Some(detail) = detail else { return };
        if incident_status_after(event).is_some() {
            detail.leave_status();
        }
        match event {
            Event::Work(event) => detail.apply_work(event),
            event => detail.apply_incident(event),
        }
    }

    fn registered(item_id: Uuid, description: Option<String>) -> Self {
        Self {
            item_id,
            description,
            diagnosing: false,
            hypothesis: None,
            last_finding: None,
            workaround: None,
            expected_basis: None,
            expected_reason: None,
            hold_reason: None,
            hold_text: None,
            hold_until: None,
            resolution_code: None,
            resolution_cause: None,
            resolution_solution: None,
            resolution_knowledge: None,
            resolved_at_first_contact: false,
            confirm_by: None,
            closed_by: None,
            no_feedback_reason: None,
            reopen_until: None,
            reopen_reason: None,
            cancel_reason: None,
            major_leader: None,
            major_reason: None,
            review: review_name(Review::None).to_owned(),
            review_cause: None,
            review_text: None,
            merged_into: None,
            merged_into_number: None,
            correction_count: 0,
        }
    }

    /// What holds only in the status that is being left.
    fn leave_status(&mut self) {
        self.hold_reason = None;
        self.hold_text = None;
        self.hold_until = None;
        self.confirm_by = None;
    }

    fn apply_work(&mut self, event: &WorkEvent) {
        match event {
            WorkEvent::DetailsCorrected {
                field: DetailField::Description,
                to,
                ..
            } => self.description.clone_from(to),
            WorkEvent::MergedInto {
                target,
                target_number,
                ..
            } => {
                self.merged_into = Some(target.0);
                self.merged_into_number = Some(target_number.clone());
            }
            _ => {}
        }
    }

    fn apply_incident(&mut self, event: &Event) {
        match event {
            Event::DiagnosisStarted { hypothesis } => {
                self.diagnosing = true;
                self.hypothesis = owned(hypothesis.as_ref());
            }
            Event::FindingRecorded { text } => self.last_finding = Some(text.to_string()),
            Event::ExpectedResolutionSet { basis, reason, .. } => {
                self.expected_basis = Some(basis.as_ref().to_owned());
                self.expected_reason = owned(reason.as_ref());
            }
            Event::PutOnHold {
                reason,
                text,
                until,
            } => {
                self.hold_reason = Some(reason.as_ref().to_owned());
                self.hold_text = owned(text.as_ref());
                self.hold_until = until.map(stored_time);
            }
            Event::WorkaroundApplied { text } => self.workaround = Some(text.to_string()),
            Event::Resumed { .. } => self.diagnosing = false,
            Event::ResolutionRejected { .. } => self.go_on(),
            Event::Reopened { reason, .. } => {
                self.go_on();
                self.reopen_reason = Some(reason.to_string());
            }
            Event::Cancelled { reason } => self.cancel_reason = Some(reason.to_string()),
            Event::StatusCorrected { .. } => {
                self.diagnosing = false;
                self.correction_count = self.correction_count.saturating_add(1);
            }
            event => self.apply_ending(event),
        }
    }

    /// The events of an incident's end, and of what is learnt from it.
    fn apply_ending(&mut self, event: &Event) {
        match event {
            Event::Resolved {
                code,
                cause,
                solution,
                knowledge,
                at_first_contact,
                confirm_by,
            } => {
                self.resolution_code = Some(code.to_string());
                self.resolution_cause = owned(cause.as_ref());
                self.resolution_solution = Some(solution.to_string());
                self.resolution_knowledge = owned(knowledge.as_ref());
                self.resolved_at_first_contact = *at_first_contact;
                self.confirm_by = confirm_by.map(stored_time);
            }
            Event::Closed {
                by,
                no_feedback_reason,
                reopen_until,
            } => {
                self.closed_by = Some(by.as_ref().to_owned());
                self.no_feedback_reason = owned(no_feedback_reason.as_ref());
                self.reopen_until = reopen_until.map(stored_time);
            }
            Event::MajorDeclared { reason, leader } => {
                self.major_reason = Some(reason.to_string());
                self.major_leader = owned(leader.as_ref());
            }
            Event::MajorStoodDown { reason } => {
                self.major_reason = Some(reason.to_string());
                self.major_leader = None;
            }
            Event::ReviewRequired { cause } => {
                self.review_cause = Some(cause.as_ref().to_owned());
                review_name(Review::Due).clone_into(&mut self.review);
            }
            Event::ReviewCompleted { text } => {
                self.review_text = Some(text.to_string());
                review_name(Review::Completed).clone_into(&mut self.review);
            }
            _ => {}
        }
    }

    /// The resolution was none, or the closing was not the end: they are in
    /// the history, and no longer what the incident says of itself.
    fn go_on(&mut self) {
        self.diagnosing = false;
        self.resolution_code = None;
        self.resolution_cause = None;
        self.resolution_solution = None;
        self.resolution_knowledge = None;
        self.resolved_at_first_contact = false;
        self.closed_by = None;
        self.no_feedback_reason = None;
        self.reopen_until = None;
    }
}

impl ItemRow for IncidentDetail {
    const LAYOUT: Layout = LAYOUT;

    fn apply(row: &mut Option<Self>, event: &Decoded) {
        Self::apply(row, event);
    }

    fn write(&self, row: &mut Row<'_>) {
        row.uuid(self.item_id);
        row.optional_text(self.description.as_deref());
        row.boolean(self.diagnosing);
        row.optional_text(self.hypothesis.as_deref());
        row.optional_text(self.last_finding.as_deref());
        row.optional_text(self.workaround.as_deref());
        row.optional_text(self.expected_basis.as_deref());
        row.optional_text(self.expected_reason.as_deref());
        row.optional_text(self.hold_reason.as_deref());
        row.optional_text(self.hold_text.as_deref());
        row.optional_time(self.hold_until);
        row.optional_text(self.resolution_code.as_deref());
        row.optional_text(self.resolution_cause.as_deref());
        row.optional_text(self.resolution_solution.as_deref());
        row.optional_text(self.resolution_knowledge.as_deref());
        row.boolean(self.resolved_at_first_contact);
        row.optional_time(self.confirm_by);
        row.optional_text(self.closed_by.as_deref());
        row.optional_text(self.no_feedback_reason.as_deref());
        row.optional_time(self.reopen_until);
        row.optional_text(self.reopen_reason.as_deref());
        row.optional_text(self.cancel_reason.as_deref());
        row.optional_text(self.major_leader.as_deref());
        row.optional_text(self.major_reason.as_deref());
        row.text(&self.review);
        row.optional_text(self.review_cause.as_deref());
        row.optional_text(self.review_text.as_deref());
        row.optional(self.merged_into, Row::uuid);
        row.optional_text(self.merged_into_number.as_deref());
        row.integer(self.correction_count);
    }

    fn item_id(&self) -> Uuid {
        self.item_id
    }

    fn load<'a>(
        connection: &'a mut PgConnection,
        items: &'a [Uuid],
    ) -> BoxFuture<'a, Result<Vec<Self>, sqlx::Error>> {
        load(connection, items).boxed()
    }
}

/// Keeps the details of incidents.
#[derive(Default)]
pub(crate) struct Projector {
    rows: Fold<IncidentDetail>,
}

impl Projection for Projector {
    fn prepare<'a>(&'a mut self, connection: &'a mut PgConnection) -> Step<'a> {
        async { Ok(self.rows.prepare(connection).await?) }.boxed()
    }

    fn take<'a>(&'a mut self, connection: &'a mut PgConnection, events: &'a [Decoded]) -> Step<'a> {
        async move {
            self.rows.load(connection, events).await?;
            for event in events {
                self.rows.apply(event, |_| ());
            }
            Ok(())
        }
        .boxed()
    }

    fn is_full(&self) -> bool {
        self.rows.is_full()
    }

    fn write<'a>(&'a mut self, connection: &'a mut PgConnection) -> Step<'a> {
        async { Ok(self.rows.write(connection).await?) }.boxed()
    }

    fn forget(&mut self) {
        self.rows.forget();
    }
}
