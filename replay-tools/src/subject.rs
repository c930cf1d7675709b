//! The incident that a command is about, found in the log alone.

use std::sync::Arc;

use anyhow::{Context, bail};
use domain::incident::NUMBERS;
use domain::work_item::WorkEvent;
use event_store::{Audit, RecordedEvent};
use projections::Decoded;
use projections::spelling::{as_written_here, last_digits, means};
use uuid::Uuid;

/// The kind of aggregate that an incident is.
const INCIDENT: &str = "incident";

/// An incident and everything that the log knows of it.
pub(crate) struct Subject {
    /// Its identity.
    pub(crate) id: Uuid,
    /// What people call it.
    pub(crate) number: String,
    /// Its events, in order.
    pub(crate) events: Vec<Decoded>,
}

impl Subject {
    /// Finds the incident that somebody means by a number, a UUID, or a
    /// reference in another system, with or without that system's name.
    pub(crate) async fn find(audit: &Audit, named: &str) -> anyhow::Result<Self> {
        let named = named.trim();
        let mut candidates = candidates(audit, named).await?;
        candidates.dedup();
        let id = match *candidates {
            [id] => id,
            [] => return Err(unknown(named)),
            _ => {
                let ids: Vec<String> = candidates.iter().map(Uuid::to_string).collect();
                bail!(
                    "{named} names more than one incident; use one of the UUIDs {}",
                    ids.join(", ")
                );
            }
        };
        let recorded = audit.stream(INCIDENT, id, None).await?;
        if recorded.is_empty() {
            return Err(unknown(named));
        }
        let events = decode(recorded)?;
        let number = events.iter().find_map(|event| match event.event.work() {
            Some(WorkEvent::Registered { number, .. }) => Some(number.clone()),
            _ => None,
        });
        Ok(Self {
            id,
            number: number.unwrap_or_else(|| id.to_string()),
            events,
        })
    }
}

fn unknown(named: &str) -> anyhow::Error {
    anyhow::anyhow!(
        "the log has no incident {named:?}; name it by its number (INC0000042), its UUID, or its \
         reference in another system"
    )
}

fn decode(recorded: Vec<RecordedEvent>) -> anyhow::Result<Vec<Decoded>> {
    recorded
        .into_iter()
        .map(|event| Decoded::new(Arc::new(event)))
        .collect::<Result<_, _>>()
        .context("the incident's record is damaged; run `docket-replay verify`")
}

/// Whom a name may mean. The surest way of looking comes first, and a later
/// one is gone only if that finds nobody.
async fn candidates(audit: &Audit, named: &str) -> anyhow::Result<Vec<Uuid>> {
    if let Ok(id) = Uuid::try_parse(named) {
        return Ok(vec![id]);
    }
    let number = as_written_here(named);
    if let Some(id) = audit.holder(NUMBERS, &number).await? {
        return Ok(vec![id]);
    }
    // An imported incident may have a number that nobody reserved.
    let piece = format!("\"number\":{}", quoted(&number));
    let found = audit
        .find_aggregates(INCIDENT, "Registered", &piece)
        .await?;
    if !found.is_empty() {
        return Ok(found);
    }
    let mut pieces = vec![format!("\"reference\":{}", quoted(named))];
    if let Some((system, reference)) = named.split_once(char::is_whitespace) {
        let (reference, system) = (quoted(reference.trim_start()), quoted(system));
        pieces.push(format!("{{\"reference\":{reference},\"system\":{system}}}"));
    }
    let mut found = Vec::new();
    for piece in &pieces {
        for event_type in ["ExternalReferenceAdded", "ForwardedOutside"] {
            for id in audit.find_aggregates(INCIDENT, event_type, piece).await? {
                if !found.contains(&id) {
                    found.push(id);
                }
            }
        }
    }
    if found.is_empty() {
        return by_spelling(audit, named).await;
    }
    Ok(found)
}

/// Whom a reference may mean that is written otherwise than it stands in the
/// log. What ends in the same digits is looked at more closely.
async fn by_spelling(audit: &Audit, named: &str) -> anyhow::Result<Vec<Uuid>> {
    let mut found = Vec::new();
    let Some(digits) = last_digits(named) else {
        return Ok(found);
    };
    for event_type in ["ExternalReferenceAdded", "ForwardedOutside"] {
        let piece = format!("{digits}\"");
        for id in audit.find_aggregates(INCIDENT, event_type, &piece).await? {
            let events = decode(audit.stream(INCIDENT, id, None).await?)?;
            let is_meant = events.iter().any(|event| match event.event.work() {
                Some(
                    WorkEvent::ExternalReferenceAdded { external }
                    | WorkEvent::ForwardedOutside { to: external, .. },
                ) => means(named, external.system.as_str(), external.reference.as_str()),
                _ => false,
            });
            if is_meant && !found.contains(&id) {
                found.push(id);
            }
        }
    }
    Ok(found)
}

/// A text as it stands in canonical JSON.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
