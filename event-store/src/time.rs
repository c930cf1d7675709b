//! Reading times as the log writes them.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};

/// Reads a time (RFC 3339). The form that the log itself writes is read by its
/// places, which every reader of many events does for each of them.
pub(crate) fn parse_time(text: &str) -> Option<DateTime<Utc>> {
    in_written_form(text.as_bytes()).or_else(|| text.parse().ok())
}

/// `2026-03-01T09:00:00Z`, with any number of digits up to nine behind the
/// seconds.
fn in_written_form(text: &[u8]) -> Option<DateTime<Utc>> {
    const SECONDS_END: usize = 19;
    const NANOSECOND_DIGITS: u32 = 9;
    let (seconds, rest) = text.split_at_checked(SECONDS_END)?;
    let marks = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    if marks.iter().any(|(place, mark)| seconds[*place] != *mark) {
        return None;
    }
    let nanoseconds = match rest.strip_suffix(b"Z")? {
        [] => 0,
        [b'.', digits @ ..] => {
            let missing = NANOSECOND_DIGITS.checked_sub(u32::try_from(digits.len()).ok()?)?;
            if digits.is_empty() {
                return None;
            }
            number(digits)? * 10_u32.pow(missing)
        }
        _ => return None,
    };
    let part = |from: usize, to: usize| number(&seconds[from..to]);
    let date =
        NaiveDate::from_ymd_opt(i32::try_from(part(0, 4)?).ok()?, part(5, 7)?, part(8, 10)?)?;
    let time =
        NaiveTime::from_hms_nano_opt(part(11, 13)?, part(14, 16)?, part(17, 19)?, nanoseconds)?;
    Some(NaiveDateTime::new(date, time).and_utc())
}

/// Up to nine digits as a number.
fn number(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |number, digit| {
        digit
            .is_ascii_digit()
            .then(|| number * 10 + u32::from(digit - b'0'))
    })
}

#[cfg(test)]
mod tests {
    use chrono::SecondsFormat;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_the_log_writes_is_read_as_chrono_reads_it(
            seconds in -62_167_219_200_i64..253_402_300_800,
            nanoseconds in 0..1_000_000_000_u32,
        ) {
            let time = DateTime::from_timestamp(seconds, nanoseconds).unwrap();
            for format in [
                SecondsFormat::Secs,
                SecondsFormat::Millis,
                SecondsFormat::Micros,
                SecondsFormat::Nanos,
                SecondsFormat::AutoSi,
            ] {
                let text = time.to_rfc3339_opts(format, true);
                let read = in_written_form(text.as_bytes());
                prop_assert_eq!(read, text.parse().ok(), "{}", text);
                prop_assert!(read.is_some());
            }
        }

        #[test]
        fn other_texts_are_left_to_chrono(text in "[0-9TZ:.+ -]{0,30}") {
            if let Some(time) = in_written_form(text.as_bytes()) {
                prop_assert_eq!(Some(time), text.parse().ok(), "{}", text);
            }
        }
    }

    #[test]
    fn all_forms_of_rfc_3339_are_read() {
        let time = parse_time("2026-03-01T09:00:00Z");
        assert!(time.is_some());
        for text in [
            "2026-03-01T17:00:00+08:00",
            "2026-03-01T09:00:00.000Z",
            "2026-03-01T09:00:00.000000000Z",
            "2026-03-01t09:00:00z",
        ] {
            assert_eq!(parse_time(text), time, "{text}");
        }
        for text in [
            "",
            "2026-03-01",
            "2026-13-01T09:00:00Z",
            "2026-03-01T09:00:00.Z",
            "2026-03-01T09:00:00",
        ] {
            assert_eq!(parse_time(text), None, "{text}");
        }
    }
}
