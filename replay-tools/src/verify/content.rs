//! What holds for each event by itself: that it is what was written, and that
//! today's program can read it.

use domain::ids::TeamId;
use domain::organisation::TEAM_CODES;
use event_store::{Claim, Claimed, RecordedEvent, canonical_json};
use projections::{DeskEvent, decode};
use serde_json::Value;

use super::{Finding, fold};

/// Looks at some events: the first with which something is wrong, and the keys
/// that those before it claim.
pub(super) fn look(events: &[RecordedEvent]) -> (Option<Finding>, Vec<Claimed>) {
    let mut claims = Vec::new();
    for event in events {
        let position = event.position;
        match checked(event) {
            Ok(decoded) => claims.extend(claimed(event, &decoded)),
            Err(problem) => {
                let problem = format!("the event at position {position} {problem}");
                return (Some(Finding::new(position, problem)), claims);
            }
        }
    }
    (None, claims)
}

/// The key that has to be reserved for the event's aggregate. That of a team
/// need not be: which team has a code follows from the code.
fn claimed(event: &RecordedEvent, decoded: &DeskEvent) -> Option<Claimed> {
    let (scope, key) = decoded.claim()?;
    if scope == TEAM_CODES && event.aggregate_id == TeamId::from_code(&key).0 {
        return None;
    }
    Some(Claimed {
        position: event.position,
        aggregate_type: event.aggregate_type.clone(),
        aggregate_id: event.aggregate_id,
        claim: Claim { scope, key },
    })
}

/// Reads an event, or says what is wrong with it, as the end of a sentence:
/// all that is asked of one whose bytes were signed.
pub(super) fn readable(event: &RecordedEvent) -> Result<DeskEvent, String> {
    if let Err(error) = event.metadata() {
        return Err(format!("has an envelope that cannot be read: {error}"));
    }
    let decoded = decode(event).map_err(|error| format!("cannot be read: {}", error.detail))?;
    if decoded == DeskEvent::Unknown {
        return Err(format!(
            "belongs to an aggregate of a kind that this program does not know: {:?}",
            event.aggregate_type
        ));
    }
    match fold::out_of_place(&decoded, event.sequence) {
        None => Ok(decoded),
        Some(problem) => Err(problem),
    }
}

/// Reads an event, or says what is wrong with it, as the end of a sentence.
fn checked(event: &RecordedEvent) -> Result<DeskEvent, String> {
    let payload = canonical(&event.payload).map_err(|what| format!("has a payload that {what}"))?;
    canonical(&event.metadata).map_err(|what| format!("has an envelope that {what}"))?;
    let named = payload
        .get("type")
        .and_then(Value::as_str)
        .unwrap_or_default();
    if named != event.event_type {
        return Err(format!(
            "is called {:?}, and its payload says {named:?}",
            event.event_type
        ));
    }
    readable(event)
}

/// Reads JSON that must be in canonical form, byte for byte.
fn canonical(text: &str) -> Result<Value, String> {
    let value: Value =
        serde_json::from_str(text).map_err(|error| format!("is not JSON: {error}"))?;
    match canonical_json(&value) {
        Ok(canonical) if *canonical == *text => Ok(value),
        _ => Err("is not as the log writes it (RFC 8785)".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn event(event_type: &str, payload: &str) -> RecordedEvent {
        RecordedEvent {
            position: 5,
            aggregate_type: "team".into(),
            aggregate_id: Uuid::nil(),
            sequence: 2,
            event_type: event_type.to_owned(),
            event_version: "1.0".to_owned(),
            payload: payload.into(),
            metadata: r#"{"actor":"li.wei","effective_at":"2026-03-01T09:00:00.000Z"}"#.into(),
            command_id: Uuid::nil(),
            command_index: 0,
            request_hash: Some([0; 16]),
            recorded_at: "2026-03-01T09:00:00Z".parse().unwrap(),
        }
    }

    #[test]
    fn what_was_written_is_found_right() {
        let added = event(
            "MemberAdded",
            r#"{"name":"李伟","person":"li.wei","type":"MemberAdded"}"#,
        );
        assert!(checked(&added).is_ok());
    }

    #[test]
    fn each_way_to_be_wrong_is_named() {
        let gone = r#"{"type":"TeamDeactivated"}"#;
        let newer = RecordedEvent {
            event_version: "9.0".to_owned(),
            ..event("TeamDeactivated", gone)
        };
        let unknown = RecordedEvent {
            aggregate_type: "teams".into(),
            ..event("TeamDeactivated", gone)
        };
        let nobody = RecordedEvent {
            metadata: r#"{"effective_at":"2026-03-01T09:00:00.000Z"}"#.into(),
            ..event("TeamDeactivated", gone)
        };
        let spaced = RecordedEvent {
            metadata: r#"{ "actor":"li.wei","effective_at":"2026-03-01T09:00:00.000Z"}"#.into(),
            ..event("TeamDeactivated", gone)
        };
        let founded =
            r#"{"code":"a","department":"IT","line":"First","name":"A","type":"TeamFounded"}"#;
        for (event, expected) in [
            (
                event("TeamDeactivated", r#"{"type": "TeamDeactivated"}"#),
                "payload that is not as the log writes it",
            ),
            (
                event(
                    "TeamDeactivated",
                    r#"{"type":"TeamDeactivated","type":"TeamDeactivated"}"#,
                ),
                "not as the log writes it",
            ),
            (
                event("TeamReactivated", gone),
                "is called \"TeamReactivated\"",
            ),
            (
                event("MemberRemoved", r#"{"type":"MemberRemoved"}"#),
                "cannot be read: missing field",
            ),
            (newer, "this program knows version 1.0"),
            (unknown, "a kind that this program does not know"),
            (
                nobody,
                "an envelope that cannot be read: missing field `actor`",
            ),
            (spaced, "envelope that is not as the log writes it"),
            (event("TeamFounded", founded), "may only be the first event"),
        ] {
            let found = checked(&event).unwrap_err();
            assert!(found.contains(expected), "{found:?} lacks {expected:?}");
        }
    }
}
