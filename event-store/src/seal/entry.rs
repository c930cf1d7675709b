//! An event as a leaf of the tree and as a line of an export: CloudEvents 1.0
//! in the JSON format, canonical (RFC 8785), so that the same event always has
//! the same bytes.
//!
//! Payload and envelope are canonical JSON already, and the names of the
//! attributes never change their order: the form is written by putting the
//! stored texts together, and nothing is parsed for it.

use std::borrow::Cow;
use std::sync::{Arc, LazyLock};

use chrono::{DateTime, Datelike, SecondsFormat, Timelike, Utc};
use memchr::memmem::{Finder, FinderRev};
use serde::Deserialize;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::tree::{Hash, leaf_hash};
use crate::RecordedEvent;
use crate::time::parse_time;

/// The form of an event of which its leaf is the hash.
pub fn entry_of(event: &RecordedEvent) -> String {
    let mut text = String::with_capacity(512 + event.payload.len() + event.metadata.len());
    write_entry(event, &mut text);
    text
}

/// The leaf of an event: the hash of its form.
pub fn leaf_of(event: &RecordedEvent) -> Hash {
    leaf_hash(entry_of(event).as_bytes())
}

/// Adds the form of an event to a text.
pub(crate) fn write_entry(event: &RecordedEvent, text: &mut String) {
    let mut id = Uuid::encode_buffer();
    text.push_str(r#"{"commandid":""#);
    text.push_str(event.command_id.hyphenated().encode_lower(&mut id));
    text.push_str(r#"","commandindex":"#);
    push_number(text, i64::from(event.command_index));
    text.push_str(r#","data":{"metadata":"#);
    text.push_str(&event.metadata);
    text.push_str(r#","payload":"#);
    text.push_str(&event.payload);
    text.push_str(r#"},"datacontenttype":"application/json","eventversion":"#);
    push_string(text, &[&event.event_version]);
    text.push_str(r#","id":""#);
    push_number(text, event.position);
    text.push('"');
    if let Some(hash) = &event.request_hash {
        text.push_str(r#","requesthash":""#);
        push_hex(text, hash);
        text.push('"');
    }
    text.push_str(r#","sequence":""#);
    push_number(text, event.sequence);
    text.push_str(r#"","source":"#);
    push_string(text, &[SOURCE, &event.aggregate_type]);
    text.push_str(r#","specversion":"1.0","subject":""#);
    text.push_str(event.aggregate_id.hyphenated().encode_lower(&mut id));
    text.push_str(r#"","time":""#);
    push_time(text, event.recorded_at);
    text.push_str(r#"","type":"#);
    push_string(text, &[TYPE, &event.aggregate_type, ".", &event.event_type]);
    text.push('}');
}

/// What stands before the kind of aggregate in `source`, and in `type`.
const SOURCE: &str = "/docket/";
const TYPE: &str = "docket.";

fn push_number(text: &mut String, number: i64) {
    let mut digits = itoa::Buffer::new();
    text.push_str(digits.format(number));
}

/// A string in quotes. Names are plain words; what is none is escaped as
/// RFC 8785 wants it, which is how `serde_json` does.
fn push_string(text: &mut String, parts: &[&str]) {
    let is_plain = |part: &&str| {
        part.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-' | b'/'))
    };
    if parts.iter().all(is_plain) {
        text.push('"');
        text.extend(parts.iter().copied());
        text.push('"');
    } else {
        text.push_str(&serde_json::Value::String(parts.concat()).to_string());
    }
}

fn push_hex(text: &mut String, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
}

/// To the microsecond, which is as fine as the log's own clock, and in UTC.
fn push_time(text: &mut String, time: DateTime<Utc>) {
    let year = u32::try_from(time.year()).unwrap_or(u32::MAX);
    if year > 9_999 {
        text.push_str(&time.to_rfc3339_opts(SecondsFormat::Micros, true));
        return;
    }
    push_digits(text, year, 4);
    for (before, number) in [
        ('-', time.month()),
        ('-', time.day()),
        ('T', time.hour()),
        (':', time.minute()),
        (':', time.second()),
    ] {
        text.push(before);
        push_digits(text, number, 2);
    }
    text.push('.');
    push_digits(text, time.nanosecond() / 1_000 % 1_000_000, 6);
    text.push('Z');
}

fn push_digits(text: &mut String, number: u32, width: u32) {
    for place in (0..width).rev() {
        let digit = number / 10_u32.pow(place) % 10;
        text.push(char::from_digit(digit, 10).unwrap_or('0'));
    }
}

/// Why a line is not the form of an event.
#[derive(Debug, thiserror::Error)]
pub enum EntryError {
    /// It is no JSON object with these attributes.
    #[error("it is not an event as the log writes it: {0}")]
    Json(#[from] serde_json::Error),
    /// An attribute does not hold what the log writes.
    #[error("its attribute {attribute} is not as the log writes it")]
    Attribute {
        /// Which one.
        attribute: &'static str,
    },
    /// It says the same in another form than the canonical one.
    #[error("it is not in canonical form (RFC 8785)")]
    NotCanonical,
}

/// A line of an export, read.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry<'a> {
    commandid: Uuid,
    commandindex: i16,
    #[serde(borrow)]
    data: EntryData<'a>,
    datacontenttype: &'a str,
    #[serde(borrow)]
    eventversion: Cow<'a, str>,
    id: &'a str,
    requesthash: Option<&'a str>,
    sequence: &'a str,
    #[serde(borrow)]
    source: Cow<'a, str>,
    specversion: &'a str,
    subject: Uuid,
    time: &'a str,
    #[serde(borrow, rename = "type")]
    event_type: Cow<'a, str>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct EntryData<'a> {
    #[serde(borrow)]
    metadata: &'a RawValue,
    #[serde(borrow)]
    payload: &'a RawValue,
}

impl<'a> Entry<'a> {
    /// Reads the form of an event back. What is returned has exactly these
    /// bytes again; a line of which that is not so is refused.
    pub fn read(line: &'a str) -> Result<RecordedEvent, EntryError> {
        if let Some(event) = Self::of_canonical(line)
            && is_form_of(&event, line)
        {
            return Ok(event);
        }
        // Says what is wrong, or reads a name that is no plain word.
        let entry: Self = serde_json::from_str(line)?;
        let event = entry.event()?;
        if is_form_of(&event, line) {
            Ok(event)
        } else {
            Err(EntryError::NotCanonical)
        }
    }

    /// Reads a line by the places at which the canonical form has its parts,
    /// without parsing what was put between them: several times as fast.
    /// Nothing where the line has another form. Between the parts stand quotes
    /// that no JSON string can hold, so they cannot be mistaken for content;
    /// and whoever decodes payload and envelope sees whether each is whole.
    fn of_canonical(line: &'a str) -> Option<RecordedEvent> {
        let (command, rest) = value(line.strip_prefix(r#"{"commandid":""#)?)?;
        let rest = rest.strip_prefix(r#","commandindex":"#)?;
        let (index, rest) = cut(rest, b',')?;
        let rest = rest.strip_prefix(r#""data":{"metadata":"#)?;
        let data_ends = TAIL.rfind(rest.as_bytes())?;
        let (data, tail) = (&rest[..data_ends], &rest[data_ends + TAIL.needle().len()..]);
        let payload_at = PAYLOAD.find(data.as_bytes())?;
        let (metadata, payload) = (
            &data[..payload_at],
            &data[payload_at + PAYLOAD.needle().len()..],
        );
        let (version, rest) = value(tail)?;
        let (id, rest) = value(rest.strip_prefix(r#","id":""#)?)?;
        let (hash, rest) = match rest.strip_prefix(r#","requesthash":""#) {
            Some(rest) => value(rest).map(|(hash, rest)| (Some(hash), rest))?,
            None => (None, rest),
        };
        let (sequence, rest) = value(rest.strip_prefix(r#","sequence":""#)?)?;
        let (kind, rest) = value(rest.strip_prefix(r#","source":"/docket/"#)?)?;
        let (subject, rest) = value(rest.strip_prefix(r#","specversion":"1.0","subject":""#)?)?;
        let (time, rest) = value(rest.strip_prefix(r#","time":""#)?)?;
        let name = rest
            .strip_prefix(r#","type":"docket."#)?
            .strip_suffix(r#""}"#)?
            .strip_prefix(kind)?
            .strip_prefix('.')?;
        Some(RecordedEvent {
            position: id.parse().ok()?,
            aggregate_type: Arc::from(kind),
            aggregate_id: subject.parse().ok()?,
            sequence: sequence.parse().ok()?,
            event_type: name.to_owned(),
            event_version: version.to_owned(),
            payload: Box::from(payload),
            metadata: Box::from(metadata),
            command_id: command.parse().ok()?,
            command_index: index.parse().ok()?,
            request_hash: match hash {
                Some(hash) => Some(from_hex(hash)?),
                None => None,
            },
            recorded_at: parse_time(time)?,
        })
    }

    fn event(&self) -> Result<RecordedEvent, EntryError> {
        let wrong = |attribute| EntryError::Attribute { attribute };
        if self.specversion != "1.0" {
            return Err(wrong("specversion"));
        }
        if self.datacontenttype != "application/json" {
            return Err(wrong("datacontenttype"));
        }
        let aggregate_type = self
            .source
            .strip_prefix(SOURCE)
            .ok_or_else(|| wrong("source"))?;
        let event_type = self
            .event_type
            .strip_prefix(TYPE)
            .and_then(|rest| rest.strip_prefix(aggregate_type))
            .and_then(|rest| rest.strip_prefix('.'))
            .ok_or_else(|| wrong("type"))?;
        Ok(RecordedEvent {
            position: self.id.parse().map_err(|_| wrong("id"))?,
            aggregate_type: Arc::from(aggregate_type),
            aggregate_id: self.subject,
            sequence: self.sequence.parse().map_err(|_| wrong("sequence"))?,
            event_type: event_type.to_owned(),
            event_version: self.eventversion.clone().into_owned(),
            payload: Box::from(self.data.payload.get()),
            metadata: Box::from(self.data.metadata.get()),
            command_id: self.commandid,
            command_index: self.commandindex,
            request_hash: self
                .requesthash
                .map(|text| from_hex(text).ok_or_else(|| wrong("requesthash")))
                .transpose()?,
            recorded_at: parse_time(self.time).ok_or_else(|| wrong("time"))?,
        })
    }
}

/// What stands between the envelope and the payload.
static PAYLOAD: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(r#","payload":"#));
/// What stands behind the payload, up to the version of the event.
static TAIL: LazyLock<FinderRev<'static>> =
    LazyLock::new(|| FinderRev::new(r#"},"datacontenttype":"application/json","eventversion":""#));

/// The text up to a byte, and what follows it.
fn cut(text: &str, byte: u8) -> Option<(&str, &str)> {
    let at = memchr::memchr(byte, text.as_bytes())?;
    Some((&text[..at], &text[at + 1..]))
}

/// A string up to its closing quote, and what follows it.
fn value(text: &str) -> Option<(&str, &str)> {
    cut(text, b'"')
}

/// Whether an event has exactly this form.
fn is_form_of(event: &RecordedEvent, line: &str) -> bool {
    let mut again = String::with_capacity(line.len());
    write_entry(event, &mut again);
    again == line
}

fn from_hex(text: &str) -> Option<[u8; 16]> {
    let mut bytes = [0; 16];
    if text.len() != 32 || !text.is_ascii() {
        return None;
    }
    for (byte, place) in bytes.iter_mut().zip((0..32).step_by(2)) {
        *byte = u8::from_str_radix(&text[place..place + 2], 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event() -> RecordedEvent {
        RecordedEvent {
            position: 42,
            aggregate_type: "incident".into(),
            aggregate_id: "01a201c4-a493-71ba-9c83-8a9f8f696a5c".parse().unwrap(),
            sequence: 3,
            event_type: "CommentAdded".to_owned(),
            event_version: "1.0".to_owned(),
            payload: r#"{"text":"VPN 无法连接\n","type":"CommentAdded"}"#.into(),
            metadata: r#"{"actor":"li.wei","effective_at":"2026-03-01T09:00:00.000Z"}"#.into(),
            command_id: Uuid::nil(),
            command_index: 0,
            request_hash: Some([0xab; 16]),
            recorded_at: "2026-03-01T09:00:00.000120Z".parse().unwrap(),
        }
    }

    #[test]
    fn the_form_is_what_auditors_are_told() {
        assert_eq!(
            entry_of(&event()),
            concat!(
                r#"{"commandid":"00000000-0000-0000-0000-000000000000","commandindex":0,"#,
                r#""data":{"metadata":{"actor":"li.wei","effective_at":"2026-03-01T09:00:00.000Z"},"#,
                r#""payload":{"text":"VPN 无法连接\n","type":"CommentAdded"}},"#,
                r#""datacontenttype":"application/json","eventversion":"1.0","id":"42","#,
                r#""requesthash":"abababababababababababababababab","sequence":"3","#,
                r#""source":"/docket/incident","specversion":"1.0","#,
                r#""subject":"01a201c4-a493-71ba-9c83-8a9f8f696a5c","#,
                r#""time":"2026-03-01T09:00:00.000120Z","type":"docket.incident.CommentAdded"}"#,
            )
        );
    }

    #[test]
    fn the_form_is_canonical_and_can_be_read_back() {
        let strange = RecordedEvent {
            event_type: "A \"thing\"\u{1f}\u{7f}é".to_owned(),
            request_hash: None,
            command_index: 3,
            ..event()
        };
        for event in [event(), strange] {
            let text = entry_of(&event);
            let value: serde_json::Value = serde_json::from_str(&text).unwrap();
            assert_eq!(&*crate::canonical_json(&value).unwrap(), text);
            assert_eq!(Entry::read(&text).unwrap(), event);
        }
    }

    #[test]
    fn what_is_not_the_form_is_refused() {
        let text = entry_of(&event());
        let spaced = text.replace(r#""id":"42""#, r#""id": "42""#);
        assert!(matches!(
            Entry::read(&spaced),
            Err(EntryError::NotCanonical)
        ));
        let later = text.replace("000120Z", "00012Z");
        assert!(matches!(Entry::read(&later), Err(EntryError::NotCanonical)));
        let more = text.replace(r#""id":"#, r#""idea":"x","id":"#);
        assert!(matches!(Entry::read(&more), Err(EntryError::Json(_))));
        let other = text.replace("docket.incident.", "docket.problem.");
        assert!(matches!(
            Entry::read(&other),
            Err(EntryError::Attribute { attribute: "type" })
        ));
        assert!(Entry::read("").is_err());
    }
}
