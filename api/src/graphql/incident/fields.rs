//! What the schema shows of an incident.

use async_graphql::connection::{Connection, EmptyFields};
use async_graphql::{Context, ID, Object, Result};
use chrono::{DateTime, Utc};
use domain::incident::Incident as Aggregate;
use domain::work_item::GapKind;
use domain::{Channel, Decider};

use super::item::Incident;
use super::types::{
    Closure, CustomField, ExpectationEstimate, Feedback, Hold, IncidentReview, InitialSupport,
    MajorIncident, Resolution, Stages,
};
use crate::desk::Keeps;
use crate::error::{code, coded, of_store};
use crate::graphql::enums::{
    ContactChannel, ExpectationBasis, Handling, Impact, Priority, Urgency, WorkItemStatus,
};
use crate::graphql::ids::{self, Kind};
use crate::graphql::limits::page_cost;
use crate::graphql::scalars::Long;
use crate::graphql::viewer::{Viewer, desk};
use crate::graphql::work_item::history::{
    Comment, HistoryEntry, comments, count_public_comments, history,
};
use crate::graphql::work_item::links::{WorkItemLink, links};
use crate::graphql::work_item::types::{AssignedTeam, CategoryRef};

/// 事件: an unplanned interruption of a service, or a fall in its quality.
#[Object]
impl Incident {
    /// The incident's global id.
    pub(crate) async fn id(&self) -> ID {
        ids::encode(Kind::Incident, self.row.item_id)
    }

    /// The practice: `incident`.
    pub(crate) async fn practice(&self) -> String {
        self.row.practice.clone()
    }

    /// Unique among incidents, shown to people.
    pub(crate) async fn number(&self) -> String {
        self.row.number.clone()
    }

    /// What it is about, in one line.
    pub(crate) async fn summary(&self) -> String {
        self.row.summary.clone()
    }

    /// What it is about, in full.
    pub(crate) async fn description(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        Ok(self.detail(ctx).await?.description.clone())
    }

    /// Where it stands.
    pub(crate) async fn status(&self) -> Result<WorkItemStatus> {
        named::<domain::incident::Status, _>(&self.row.status)
    }

    /// Whether it still accepts work: neither closed, cancelled nor merged.
    pub(crate) async fn is_open(&self) -> bool {
        self.row.is_open
    }

    /// How far the hand-over to its team has come.
    pub(crate) async fn handling(&self) -> Result<Handling> {
        named::<domain::work_item::Handling, _>(&self.row.handling)
    }

    /// How important it is.
    pub(crate) async fn priority(&self) -> Priority {
        priority(self.row.priority)
    }

    /// Whether somebody overruled the matrix. Null for requesters.
    pub(crate) async fn priority_overridden(&self, ctx: &Context<'_>) -> Result<Option<bool>> {
        internal(ctx, self.row.priority_overridden)
    }

    /// How much of the business is affected.
    pub(crate) async fn impact(&self) -> Result<Option<Impact>> {
        named_if::<domain::priority::Impact, _>(self.row.impact.as_deref())
    }

    /// How soon a solution is needed.
    pub(crate) async fn urgency(&self) -> Result<Option<Urgency>> {
        named_if::<domain::priority::Urgency, _>(self.row.urgency.as_deref())
    }

    /// The version of the priority matrix that it was judged by.
    pub(crate) async fn matrix_version(&self) -> Option<i32> {
        self.row.matrix_version
    }

    /// What it is filed under.
    pub(crate) async fn category(&self) -> Option<CategoryRef> {
        CategoryRef::of(&self.row)
    }

    /// The service concerned, by its code.
    pub(crate) async fn service(&self) -> Option<String> {
        self.row.service.clone()
    }

    /// Who asked; none for what a machine reported.
    pub(crate) async fn requester(&self) -> Option<String> {
        self.row.requester.clone()
    }

    /// Who suffers from it, where that is somebody else.
    pub(crate) async fn affected_person(&self) -> Option<String> {
        self.row.affected_person.clone()
    }

    /// How the contact was made.
    pub(crate) async fn contact_channel(&self) -> Result<ContactChannel> {
        named::<domain::work_item::ContactChannel, _>(&self.row.contact_channel)
    }

    /// The team that has it.
    pub(crate) async fn team(&self) -> Option<AssignedTeam> {
        AssignedTeam::of(&self.row)
    }

    /// The person who has it.
    pub(crate) async fn assignee(&self) -> Option<String> {
        self.row.person.clone()
    }

    /// Whether it is a major incident now.
    pub(crate) async fn is_major(&self) -> bool {
        self.row.is_major
    }

    /// What makes it, or made it, a major incident. Null for requesters.
    pub(crate) async fn major(&self, ctx: &Context<'_>) -> Result<Option<MajorIncident>> {
        let detail = self.detail(ctx).await?;
        let major = detail.major_reason.is_some().then(|| MajorIncident {
            reason: detail.major_reason.clone(),
            leader: detail.major_leader.clone(),
        });
        Ok(internal(ctx, major)?.flatten())
    }

    /// How often it went from one team to another.
    pub(crate) async fn hand_over_count(&self) -> i32 {
        self.row.hand_over_count
    }

    /// How often it went from one department to another.
    pub(crate) async fn cross_department_count(&self) -> i32 {
        self.row.cross_department_count
    }

    /// How often it was urged.
    pub(crate) async fn urge_count(&self) -> i32 {
        self.row.urge_count
    }

    /// Counted from 1; each reopening begins another.
    pub(crate) async fn cycle(&self) -> i32 {
        self.row.cycle
    }

    /// How high management has been told, 0 for not at all. Null for
    /// requesters.
    pub(crate) async fn escalation_level(&self, ctx: &Context<'_>) -> Result<Option<i16>> {
        internal(ctx, self.row.escalation_level)
    }

    /// How many comments there are that the one who asks may read.
    pub(crate) async fn comment_count(&self, ctx: &Context<'_>) -> Result<i32> {
        if ctx.data::<Viewer>()?.sees_internal() {
            return Ok(self.row.comment_count);
        }
        count_public_comments(ctx, self).await
    }

    /// How much time was spent on it. Null for requesters.
    pub(crate) async fn effort_minutes(&self, ctx: &Context<'_>) -> Result<Option<Long>> {
        internal(ctx, Long(self.row.effort_minutes))
    }

    /// When the first contact was made, in the world.
    pub(crate) async fn opened_at(&self) -> DateTime<Utc> {
        self.row.opened_at
    }

    /// When the desk recorded it.
    pub(crate) async fn registered_at(&self) -> DateTime<Utc> {
        self.row.registered_at
    }

    /// When something last happened to it, in the world.
    pub(crate) async fn updated_at(&self) -> DateTime<Utc> {
        self.row.updated_at
    }

    /// When it is expected to be resolved. A reopening begins a new cycle, in
    /// which nothing is expected yet.
    pub(crate) async fn expected_resolution_at(&self) -> Option<DateTime<Utc>> {
        self.row.expected_at
    }

    /// What the expected time rests on.
    pub(crate) async fn expected_resolution_basis(
        &self,
        ctx: &Context<'_>,
    ) -> Result<Option<ExpectationBasis>> {
        let detail = self.detail(ctx).await?;
        named_if::<domain::incident::ExpectationBasis, _>(detail.expected_basis.as_deref())
    }

    /// Why the expected time was adjusted; for the desk.
    pub(crate) async fn expected_resolution_reason(
        &self,
        ctx: &Context<'_>,
    ) -> Result<Option<String>> {
        let reason = self.detail(ctx).await?.expected_reason.clone();
        Ok(internal(ctx, reason)?.flatten())
    }

    /// What the expected time was computed from, if it was.
    pub(crate) async fn expected_resolution_estimate(
        &self,
        ctx: &Context<'_>,
    ) -> Result<Option<ExpectationEstimate>> {
        let detail = self.detail(ctx).await?;
        let method =
            named_if::<domain::incident::EstimateMethod, _>(detail.expected_method.as_deref())?;
        Ok(method.map(|method| ExpectationEstimate {
            method,
            sample: detail.expected_sample.unwrap_or_default(),
            minutes: detail.expected_minutes.unwrap_or_default(),
            as_of: Long(detail.expected_as_of.unwrap_or_default()),
        }))
    }

    /// When it was resolved.
    pub(crate) async fn resolved_at(&self) -> Option<DateTime<Utc>> {
        self.row.resolved_at
    }

    /// When the service worked again in this cycle, apart from resolution and
    /// closing.
    pub(crate) async fn restored_at(&self) -> Option<DateTime<Utc>> {
        self.row.restored_at
    }

    /// When it was closed.
    pub(crate) async fn closed_at(&self) -> Option<DateTime<Utc>> {
        self.row.closed_at
    }

    /// When the requester last heard from the desk.
    pub(crate) async fn last_contact_at(&self) -> Option<DateTime<Utc>> {
        self.row.last_contact_at
    }

    /// How long ago that was, in whole minutes; counted from the first contact
    /// where the desk has not answered.
    pub(crate) async fn minutes_since_last_contact(&self) -> Long {
        let last = self.row.last_contact_at.unwrap_or(self.row.opened_at);
        Long((self.shown_at() - last).num_minutes().max(0))
    }

    /// The stages from the first contact to the closing: which were reached,
    /// and which are missing.
    pub(crate) async fn stages(&self) -> Stages {
        let gaps = self.row.gaps(self.shown_at());
        let of_kind = |kind| {
            let gaps = gaps.iter().filter(|gap| gap.kind == kind);
            gaps.map(|gap| gap.stage.into()).collect()
        };
        Stages {
            skipped: of_kind(GapKind::Skipped),
            lacking: of_kind(GapKind::Lacking),
            accepted_at: self.row.opened_at,
            assigned_at: self.row.assigned_at,
            processed_at: self.row.accepted_at,
            tracked_at: self.row.tracked_at,
            feedback_given: self.row.feedback_given,
            closed_at: self.row.closed_at,
        }
    }

    /// Whether the requester has answered the resolution and has had no answer
    /// of the desk's since. The desk closes nothing by itself meanwhile.
    pub(crate) async fn answered_after_resolution(&self) -> bool {
        self.row.answered_after_resolution
    }

    /// Whether it is read-only for good.
    pub(crate) async fn archived(&self) -> bool {
        self.row.archived
    }

    /// Who follows it. Null for requesters.
    pub(crate) async fn watchers(&self, ctx: &Context<'_>) -> Result<Option<Vec<String>>> {
        internal(ctx, self.row.watchers.clone())
    }

    /// The configuration items concerned, by their identity keys.
    pub(crate) async fn configuration_items(&self) -> Vec<String> {
        self.row.cis.clone()
    }

    /// Its numbers in other systems, each as `system reference`.
    pub(crate) async fn external_references(&self) -> Vec<String> {
        self.row.external_references.clone()
    }

    /// The organisation's own fields. Null for requesters.
    pub(crate) async fn custom_fields(
        &self,
        ctx: &Context<'_>,
    ) -> Result<Option<Vec<CustomField>>> {
        let field = |(name, value): (&String, &String)| CustomField {
            name: name.clone(),
            value: value.clone(),
        };
        internal(ctx, self.row.custom_fields.iter().map(field).collect())
    }

    /// The names of its files.
    pub(crate) async fn attachment_names(&self) -> Vec<String> {
        self.row.attachment_names.clone()
    }

    /// What is suspected to be the cause. Null for requesters.
    pub(crate) async fn hypothesis(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        let hypothesis = self.detail(ctx).await?.hypothesis.clone();
        Ok(internal(ctx, hypothesis)?.flatten())
    }

    /// What was last found out. Null for requesters.
    pub(crate) async fn last_finding(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        let last_finding = self.detail(ctx).await?.last_finding.clone();
        Ok(internal(ctx, last_finding)?.flatten())
    }

    /// What lessens the effect.
    pub(crate) async fn workaround(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        Ok(self.detail(ctx).await?.workaround.clone())
    }

    /// What the first line gave at the first contact, if it did.
    pub(crate) async fn initial_support(
        &self,
        ctx: &Context<'_>,
    ) -> Result<Option<InitialSupport>> {
        let detail = self.detail(ctx).await?;
        let support = InitialSupport {
            answer: detail.initial_answer.clone(),
            article: detail.initial_article.clone(),
            workaround: detail.initial_workaround.clone(),
        };
        let parts = [&support.answer, &support.article, &support.workaround];
        let is_given = parts.into_iter().any(Option::is_some);
        Ok(is_given.then_some(support))
    }

    /// Why and until when the work waits, while it does.
    pub(crate) async fn hold(&self, ctx: &Context<'_>) -> Result<Option<Hold>> {
        let detail = self.detail(ctx).await?;
        let reason = named_if::<domain::incident::HoldReason, _>(detail.hold_reason.as_deref())?;
        let text = internal(ctx, detail.hold_text.clone())?.flatten();
        Ok(reason.map(|reason| Hold {
            reason,
            text,
            until: detail.hold_until,
        }))
    }

    /// How it was resolved, if it is.
    pub(crate) async fn resolution(&self, ctx: &Context<'_>) -> Result<Option<Resolution>> {
        let detail = self.detail(ctx).await?;
        let cause = internal(ctx, detail.resolution_cause.clone())?.flatten();
        Ok(detail.resolution_code.clone().map(|code| Resolution {
            code,
            cause,
            solution: detail.resolution_solution.clone(),
            knowledge: detail.resolution_knowledge.clone(),
            at_first_contact: detail.resolved_at_first_contact,
            resolved_at: self.row.resolved_at,
            confirm_by: detail.confirm_by,
        }))
    }

    /// How it was closed, if it is.
    pub(crate) async fn closure(&self, ctx: &Context<'_>) -> Result<Option<Closure>> {
        let detail = self.detail(ctx).await?;
        let by = named_if::<domain::incident::ClosedBy, _>(detail.closed_by.as_deref())?;
        let no_feedback_reason = internal(ctx, detail.no_feedback_reason.clone())?.flatten();
        Ok(by.map(|by| Closure {
            by,
            closed_at: self.row.closed_at,
            no_feedback_reason,
            reopen_until: detail.reopen_until,
        }))
    }

    /// What those whom it concerns heard of its end.
    pub(crate) async fn feedback(&self, ctx: &Context<'_>) -> Result<Feedback> {
        let detail = self.detail(ctx).await?;
        let reason = detail.no_feedback_reason.clone();
        Ok(Feedback {
            given: self.row.feedback_given,
            told: detail.told.clone(),
            no_feedback_reason: internal(ctx, reason)?.flatten(),
        })
    }

    /// Why it was cancelled, if it was.
    pub(crate) async fn cancel_reason(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        Ok(self.detail(ctx).await?.cancel_reason.clone())
    }

    /// Why it was last reopened, if it was.
    pub(crate) async fn reopen_reason(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        Ok(self.detail(ctx).await?.reopen_reason.clone())
    }

    /// The post-incident review, if one was asked for. Null for requesters.
    pub(crate) async fn review(&self, ctx: &Context<'_>) -> Result<Option<IncidentReview>> {
        let detail = self.detail(ctx).await?;
        if detail.review_cause.is_none() {
            return Ok(None);
        }
        let review = IncidentReview {
            completed: detail.is_reviewed(),
            cause: named_if::<domain::incident::ReviewCause, _>(detail.review_cause.as_deref())?,
            text: detail.review_text.clone(),
        };
        internal(ctx, review)
    }

    /// The number of the item that it was merged into, if it was.
    pub(crate) async fn merged_into_number(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        Ok(self.detail(ctx).await?.merged_into_number.clone())
    }

    /// The incidents that go on as this one, in the order in which they came,
    /// each with what was recorded on it: comments, time spent and hand-overs
    /// stay where they were. A requester sees those that concern them.
    #[graphql(complexity = "5 + 10 * child_complexity")]
    pub(crate) async fn merged_items(&self, ctx: &Context<'_>) -> Result<Vec<Self>> {
        let detail = self.detail(ctx).await?;
        let ids = detail.merged_from.iter().filter_map(|id| id.parse().ok());
        let then = self.shown_as_of();
        let found = ids.map(|id| Self::find(ctx, id, then));
        let found = futures_util::future::try_join_all(found).await?;
        Ok(found.into_iter().flatten().collect())
    }

    /// How many corrections of a history taken over it has. Null for
    /// requesters.
    pub(crate) async fn correction_count(&self, ctx: &Context<'_>) -> Result<Option<i32>> {
        internal(ctx, self.detail(ctx).await?.correction_count)
    }

    /// Every step, oldest first, with what was before and after, who, why and
    /// when. A requester sees what was said and done publicly.
    #[graphql(complexity = "page_cost(first, child_complexity) / 4")]
    pub(crate) async fn history(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The first so many: 20 if not said, 100 at most.")] first: Option<i32>,
        #[graphql(desc = "The cursor that they follow.")] after: Option<String>,
    ) -> Result<Connection<String, HistoryEntry, EmptyFields, EmptyFields>> {
        history(ctx, self, first, after.as_deref()).await
    }

    /// What was said, oldest first. A requester sees the public comments.
    #[graphql(complexity = "page_cost(first, child_complexity) / 4")]
    pub(crate) async fn comments(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The first so many: 20 if not said, 100 at most.")] first: Option<i32>,
        #[graphql(desc = "The cursor that they follow.")] after: Option<String>,
    ) -> Result<Connection<String, Comment, EmptyFields, EmptyFields>> {
        comments(ctx, self, first, after.as_deref()).await
    }

    /// The items it is connected with, in both directions.
    pub(crate) async fn links(&self, ctx: &Context<'_>) -> Result<Vec<WorkItemLink>> {
        links(ctx, self).await
    }

    /// The mutations that the one who asks could send now, by name; exactly
    /// those that would not be refused if their own input is well-formed. None
    /// as of another time: to what was, nothing can be done.
    pub(crate) async fn available_actions(&self, ctx: &Context<'_>) -> Result<Vec<String>> {
        if !self.is_now() {
            return Ok(Vec::new());
        }
        let desk = desk(ctx)?;
        let actor = ctx.data::<Viewer>()?.actor();
        let store: &event_store::AggregateStore<Aggregate> = desk.store();
        let loaded = store
            .load(self.row.item_id)
            .await
            .map_err(|error| of_store(&error))?;
        let now = crate::clock::now();
        let at = loaded
            .state
            .last_step_at()
            .map_or(now, |last| now.max(last));
        let context = desk
            .context(actor, Channel::Api, at, at)
            .await
            .map_err(|error| of_store(&error))?;
        Ok(crate::graphql::access::available_actions(
            &loaded.state,
            &context,
        ))
    }

    /// How many events its stream has, for `expectedVersion`.
    pub(crate) async fn version(&self) -> Long {
        Long(self.row.version)
    }

    /// The position of its last event in the log.
    pub(crate) async fn position(&self) -> Long {
        Long(self.row.position)
    }
}

/// What the desk knows and weighs among itself: null for those who may not read
/// it, in the fields as in the history and in searches.
fn internal<T>(ctx: &Context<'_>, value: T) -> Result<Option<T>> {
    Ok(ctx.data::<Viewer>()?.sees_internal().then_some(value))
}

/// A name that a read model holds, as the schema's enum.
fn named<D: std::str::FromStr, G: From<D>>(name: &str) -> Result<G> {
    name.parse::<D>().map(G::from).map_err(|_| {
        tracing::error!(
            name,
            "a read model holds a name that the schema does not know"
        );
        coded(code::INTERNAL, "something went wrong on our side")
    })
}

fn named_if<D: std::str::FromStr, G: From<D>>(name: Option<&str>) -> Result<Option<G>> {
    name.map(named::<D, G>).transpose()
}

fn priority(number: i16) -> Priority {
    match number {
        1 => Priority::P1,
        2 => Priority::P2,
        3 => Priority::P3,
        4 => Priority::P4,
        _ => Priority::P5,
    }
}
