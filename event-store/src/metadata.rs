//! The envelope that every event carries: who, in which role, by which way,
//! why, and effective when.

use std::fmt;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::de::{self, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::StoreError;
use crate::canonical::canonical_json;
use crate::time::parse_time;

/// What stands around an event besides its content.
///
/// Stored as a flat JSON object of strings, because cqrs-es envelopes are
/// maps of strings; what does not apply is left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metadata {
    /// When it was so in the world; the log adds when it knew.
    #[serde(serialize_with = "write_time", deserialize_with = "read_time")]
    pub effective_at: DateTime<Utc>,
    /// Who acts: a person's login, or a machine such as `docket:auto-close`.
    pub actor: String,
    /// The role in which the actor acts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// The person for whom somebody else acts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_behalf_of: Option<String>,
    /// The way by which it came in: portal, telephone, mail, import.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// What ties together all that follows from one cause.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation_id: Option<String>,
    /// The event or command that directly caused this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub causation_id: Option<String>,
    /// Why, in the actor's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The rule by which a machine acts, as `name@version`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
}

impl Metadata {
    /// The least that an event must say: who acts, and effective when.
    pub fn new(effective_at: DateTime<Utc>, actor: impl Into<String>) -> Self {
        Self {
            effective_at,
            actor: actor.into(),
            role: None,
            on_behalf_of: None,
            channel: None,
            correlation_id: None,
            causation_id: None,
            reason: None,
            rule: None,
        }
    }

    /// The text that is stored, byte for byte.
    pub fn to_canonical(&self) -> Result<Box<str>, StoreError> {
        canonical_json(self).map_err(StoreError::Encode)
    }

    /// Reads what [`Metadata::to_canonical`] wrote.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }
}

fn write_time<S: Serializer>(time: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&time.to_rfc3339_opts(SecondsFormat::Millis, true))
}

fn read_time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<DateTime<Utc>, D::Error> {
    struct Time;

    impl Visitor<'_> for Time {
        type Value = DateTime<Utc>;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("a time as RFC 3339 writes it")
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
            parse_time(text).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
        }
    }

    deserializer.deserialize_str(Time)
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;

    use super::*;

    #[test]
    fn what_does_not_apply_is_left_out() {
        let at = Utc.with_ymd_and_hms(2026, 3, 1, 9, 0, 0).unwrap();
        let metadata = Metadata {
            role: Some("agent".into()),
            ..Metadata::new(at, "li.wei")
        };
        let text = metadata.to_canonical().unwrap();
        assert_eq!(
            &*text,
            r#"{"actor":"li.wei","effective_at":"2026-03-01T09:00:00.000Z","role":"agent"}"#
        );
        assert_eq!(Metadata::parse(&text).unwrap(), metadata);
    }
}
