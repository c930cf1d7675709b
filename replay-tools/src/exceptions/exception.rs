//! What an auditor wants to see of a log: what is allowed, and still not the
//! way that things go by themselves.

use chrono::{DateTime, Utc};
use clap::ValueEnum;
use domain::work_item::JourneyStage;
use projections::Decoded;
use serde::Serialize;
use serde_json::Value;
use strum::{EnumIter, IntoStaticStr};
use uuid::Uuid;

use crate::difference::Difference;

/// The kinds of exceptions.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    ValueEnum,
    Serialize,
    EnumIter,
    IntoStaticStr,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub(super) enum Kind {
    /// Something became known long after it was so.
    LateEntry,
    /// Somebody overruled what a rule had said.
    Override,
    /// Time was left out of what is measured.
    Exclusion,
    /// A record was put right.
    Correction,
    /// Somebody found right what they had done themselves.
    SelfApproval,
    /// A work item skipped a stage, or lacks one.
    SkippedStage,
    /// Somebody was given rights, or lost them.
    Privileged,
    /// What the desk judges by is another one now.
    Configuration,
    /// Nobody takes care of an open work item: its person has left the team, or
    /// the team works no longer.
    Leaver,
}

/// The object that an exception is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Object {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) id: Uuid,
    /// What people call it.
    pub(super) name: String,
}

/// An exception: what happened where, by whom and when, and what of it an
/// auditor may want to ask about.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Exception {
    pub(super) kind: Kind,
    pub(super) position: i64,
    pub(super) object: Object,
    pub(super) event: String,
    pub(super) actor: String,
    pub(super) role: Option<String>,
    pub(super) on_behalf_of: Option<String>,
    pub(super) effective_at: DateTime<Utc>,
    pub(super) recorded_at: DateTime<Utc>,
    pub(super) reason: Option<String>,
    /// What it is, in one sentence.
    pub(super) description: String,
    /// The stages that the item has gone past without them, where it is about
    /// that.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) skipped_stages: Vec<JourneyStage>,
    /// The stages at which the item stands without what they ask for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) lacking_stages: Vec<JourneyStage>,
    /// What was before and what is after, where something changed.
    pub(super) differences: Vec<Difference>,
}

impl Exception {
    /// What an event is an exception for.
    pub(super) fn of(event: &Decoded, object: &Object, kind: Kind, description: String) -> Self {
        let (recorded, metadata) = (&event.recorded, &event.metadata);
        Self {
            kind,
            position: recorded.position,
            object: object.clone(),
            event: recorded.event_type.clone(),
            actor: metadata.actor.clone(),
            role: metadata.role.clone(),
            on_behalf_of: metadata.on_behalf_of.clone(),
            effective_at: metadata.effective_at,
            recorded_at: recorded.recorded_at,
            reason: reason(event),
            description,
            skipped_stages: Vec::new(),
            lacking_stages: Vec::new(),
            differences: Vec::new(),
        }
    }
}

/// Why somebody did something: what the event says itself, or its envelope.
fn reason(event: &Decoded) -> Option<String> {
    let payload: Option<Value> = serde_json::from_str(&event.recorded.payload).ok();
    let told = ["reason", "no_feedback_reason"]
        .iter()
        .find_map(|name| payload.as_ref()?.get(name)?.as_str());
    told.map(ToOwned::to_owned)
        .or_else(|| event.metadata.reason.clone())
}
