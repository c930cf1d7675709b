//! What the log itself says of its seals: the events of its keys. They stand
//! among all others, so that whoever empties or replaces the tables of the
//! seals is contradicted by the log.

use domain::audit::{SealKeys, SealKeysEvent};
use event_store::RecordedEvent;
use event_store::seal::KeyRow;
use projections::{DeskEvent, decode};

use super::Finding;

/// The keys that the events name, in their order.
#[derive(Debug, Default)]
pub(super) struct KeyEvents {
    named: Vec<(i64, Named)>,
}

#[derive(Debug)]
struct Named {
    verifier_key: String,
    /// How many events the key before had sealed; 0 for the first key.
    from_size: i64,
}

impl KeyEvents {
    /// Goes on to the next event of the log.
    pub(super) fn take(&mut self, event: &RecordedEvent) {
        if &*event.aggregate_type != <SealKeys as cqrs_es::Aggregate>::TYPE {
            return;
        }
        // An event that cannot be read is named by who reads all of them.
        let named = match decode(event) {
            Ok(DeskEvent::SealKeys(SealKeysEvent::SealKeyAdopted { verifier_key })) => Named {
                verifier_key,
                from_size: 0,
            },
            Ok(DeskEvent::SealKeys(SealKeysEvent::SealKeyRotated { to, from_size, .. })) => Named {
                verifier_key: to,
                from_size,
            },
            _ => return,
        };
        self.named.push((event.position, named));
    }

    /// What the keys and heads that are stored do not have of it. A key may be
    /// stored already whose event has not been appended yet.
    pub(super) fn contradiction(&self, keys: &[KeyRow], is_sealed: bool) -> Option<Finding> {
        for (place, (position, named)) in self.named.iter().enumerate() {
            let is_stored = keys.get(place).is_some_and(|key| {
                key.verifier_key == named.verifier_key && key.from_size == named.from_size
            });
            if !is_stored {
                let problem = format!(
                    "the event at position {position} says that the log was sealed by the key {}, \
                     which is not among its keys",
                    named.verifier_key
                );
                return Some(Finding::new(*position, problem));
            }
        }
        let (position, _) = self.named.first().filter(|_| !is_sealed)?;
        let problem = format!(
            "the event at position {position} says that the log was sealed, and none of its \
             signed heads is there"
        );
        Some(Finding::new(*position, problem))
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn event(position: i64, payload: &str) -> RecordedEvent {
        let value: serde_json::Value = serde_json::from_str(payload).unwrap();
        RecordedEvent {
            position,
            aggregate_type: "seal_keys".into(),
            aggregate_id: Uuid::nil(),
            sequence: position,
            event_type: value["type"].as_str().unwrap().to_owned(),
            event_version: "1.0".to_owned(),
            payload: payload.into(),
            metadata: r#"{"actor":"li.wei","effective_at":"2026-03-01T09:00:00.000Z"}"#.into(),
            command_id: Uuid::nil(),
            command_index: 0,
            request_hash: Some([0; 16]),
            recorded_at: "2026-03-01T09:00:00Z".parse().unwrap(),
        }
    }

    fn key(number: i32, verifier_key: &str, from_size: i64) -> KeyRow {
        KeyRow {
            number,
            verifier_key: verifier_key.to_owned(),
            from_size,
            endorsement: None,
            adopted_at: chrono::DateTime::UNIX_EPOCH,
        }
    }

    #[test]
    fn the_events_of_the_keys_contradict_other_keys_and_missing_heads() {
        let mut events = KeyEvents::default();
        assert_eq!(events.contradiction(&[], false), None);
        events.take(&event(
            9,
            r#"{"type":"SealKeyAdopted","verifier_key":"log+1+A"}"#,
        ));
        let keys = [key(1, "log+1+A", 0), key(2, "log+2+B", 20)];
        assert_eq!(events.contradiction(&keys, true), None);
        let found = events.contradiction(&keys, false).unwrap();
        assert_eq!(found.position, 9);
        assert!(found.problem.contains("none of its signed heads"));
        events.take(&event(
            21,
            r#"{"from":"log+1+A","from_size":20,"to":"log+2+B","type":"SealKeyRotated"}"#,
        ));
        assert_eq!(events.contradiction(&keys, true), None);
        for (keys, position) in [
            (&keys[..1], 21),
            (&[], 9),
            (&[key(1, "log+9+X", 0)][..], 9),
            (&[key(1, "log+1+A", 0), key(2, "log+2+B", 19)][..], 21),
        ] {
            let found = events.contradiction(keys, true).unwrap();
            assert_eq!(found.position, position, "{found:?}");
        }
    }
}
