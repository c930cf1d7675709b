//! The mark that every row leaves on its incident: which update of the source
//! it was, of when, and what was odd about it. So every row gives an event,
//! and what comes next is compared with the mark and not with a memory of the
//! file.

use std::fmt::Write;

use chrono::{DateTime, Utc};

use super::correction::Correction;
use super::row::in_words;

/// The custom field that holds it.
pub(super) const FIELD: &str = "servicenow.update";

/// The last update of the source that an incident has taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark {
    /// How the source counts it.
    pub(super) update: u32,
    /// When it was made.
    pub(super) at: DateTime<Utc>,
}

impl Mark {
    /// Reads what [`Mark::write`] wrote.
    pub(super) fn read(text: &str) -> Option<Self> {
        let (update, rest) = text.split_once(" at ")?;
        let at = rest.split_once("; ").map_or(rest, |(at, _)| at);
        Some(Self {
            update: update.parse().ok()?,
            at: DateTime::parse_from_rfc3339(at).ok()?.with_timezone(&Utc),
        })
    }

    /// The mark with what was odd about the update.
    pub(super) fn write(self, corrections: &[Correction]) -> String {
        let mut text = format!("{} at {}", self.update, in_words(self.at));
        for remark in corrections.iter().filter_map(|c| c.remark.as_deref()) {
            // Writing to a string cannot fail.
            let _ = write!(text, "; {remark}");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::servicenow::correction::Kind;

    #[test]
    fn a_mark_is_read_as_it_was_written() {
        let mark = Mark {
            update: 7,
            at: "2016-02-29T01:16:00Z".parse().unwrap(),
        };
        let odd = Correction {
            kind: Kind::EqualTimes,
            remark: Some("at the time of update 6".to_owned()),
        };
        let text = mark.write(&[odd]);
        assert_eq!(text, "7 at 2016-02-29T01:16:00Z; at the time of update 6");
        assert_eq!(Mark::read(&text), Some(mark));
        assert_eq!(Mark::read(&mark.write(&[])), Some(mark));
        assert_eq!(Mark::read("what a person wrote"), None);
    }
}
