//! The times of the source. They are given without a zone and taken as UTC,
//! unless they say otherwise.

use chrono::{DateTime, NaiveDateTime, SubsecRound, Utc};

/// The forms in which the log is handed about: the sorted one, and the one of
/// its first publication, which puts the day first.
const FORMS: [&str; 6] = [
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%dT%H:%M",
    "%Y-%m-%d %H:%M",
    "%d/%m/%Y %H:%M",
    "%d/%m/%Y %H:%M:%S",
];

/// Reads a time, in the milliseconds that the log keeps.
pub(super) fn parse(text: &str) -> Option<DateTime<Utc>> {
    let naive = FORMS
        .iter()
        .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())
        .map(|naive| naive.and_utc());
    let time = naive.or_else(|| {
        let with_zone = DateTime::parse_from_rfc3339(text).ok()?;
        Some(with_zone.with_timezone(&Utc))
    })?;
    Some(time.trunc_subsecs(3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_gives_the_same_moment() {
        for text in [
            "2016-02-29T01:16:00",
            "2016-02-29 01:16:00.0004",
            "2016-02-29T01:16",
            "29/2/2016 01:16",
            "29/02/2016 01:16:00",
            "2016-02-29T01:16:00Z",
            "2016-02-29T09:16:00+08:00",
        ] {
            let time = parse(text).map(|time| time.to_rfc3339());
            assert_eq!(time.as_deref(), Some("2016-02-29T01:16:00+00:00"), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in ["", "soon", "2016-02-30T01:16:00", "2016-02-29", "13:00"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
