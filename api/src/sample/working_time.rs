//! When people work: five days of eight hours in Shanghai for most, always for
//! the hotline. China has had one time zone and no summer time since 1991, so
//! eight hours to the east of UTC is all there is to it. Public holidays are
//! left out: the sample desk is loaded in any season.

use chrono::{
    DateTime, Datelike, Days, Duration, NaiveDate, NaiveDateTime, NaiveTime, Utc, Weekday,
};

/// How far Shanghai is ahead of UTC.
const AHEAD: Duration = Duration::hours(8);

/// The hours of work of a day, in seconds after midnight.
const SHIFTS: [(u32, u32); 2] = [(9 * 3600, 12 * 3600), (13 * 3600, 18 * 3600)];

/// When work on something goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pace {
    /// 5*8: in office hours.
    Office,
    /// 7*24: at once.
    Always,
}

impl Pace {
    /// The moment at which so many seconds of work have passed.
    pub(super) fn after(self, from: DateTime<Utc>, seconds: u32) -> DateTime<Utc> {
        match self {
            Self::Always => from + Duration::seconds(seconds.into()),
            Self::Office => office_after(from, seconds),
        }
    }
}

fn office_after(from: DateTime<Utc>, seconds: u32) -> DateTime<Utc> {
    let mut left = Duration::seconds(seconds.into());
    let mut local = from.naive_utc() + AHEAD;
    loop {
        let (start, end) = next_shift(local);
        let begin = start.max(local);
        if left <= end - begin {
            return (begin + left - AHEAD).and_utc();
        }
        left -= end - begin;
        local = end;
    }
}

/// The shift that a moment lies in, or the next one.
fn next_shift(local: NaiveDateTime) -> (NaiveDateTime, NaiveDateTime) {
    let mut day = local.date();
    loop {
        if is_working_day(day) {
            for (start, end) in SHIFTS {
                if on(day, end) > local {
                    return (on(day, start), on(day, end));
                }
            }
        }
        day = day + Days::new(1);
    }
}

/// A time of the working day that lies so many working days before today.
pub(super) fn on_working_day_before(
    now: DateTime<Utc>,
    days: u32,
    second_of_day: u32,
) -> DateTime<Utc> {
    let mut day = (now.naive_utc() + AHEAD).date();
    let mut left = days;
    while left > 0 {
        day = day - Days::new(1);
        if is_working_day(day) {
            left -= 1;
        }
    }
    (on(day, second_of_day) - AHEAD).and_utc()
}

fn on(day: NaiveDate, second_of_day: u32) -> NaiveDateTime {
    day.and_time(NaiveTime::MIN) + Duration::seconds(second_of_day.into())
}

fn is_working_day(day: NaiveDate) -> bool {
    !matches!(day.weekday(), Weekday::Sat | Weekday::Sun)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        DateTime::parse_from_rfc3339(text).unwrap().to_utc()
    }

    #[test]
    fn office_work_stops_at_noon_at_six_and_over_the_weekend() {
        // 2026-03-06 is a Friday.
        let friday = at("2026-03-06T11:30:00+08:00");
        for (minutes, expected) in [
            (20, "2026-03-06T11:50:00+08:00"),
            (60, "2026-03-06T13:30:00+08:00"),
            (6 * 60, "2026-03-09T09:30:00+08:00"),
        ] {
            assert_eq!(Pace::Office.after(friday, minutes * 60), at(expected));
        }
        assert_eq!(
            Pace::Always.after(friday, 6 * 3600),
            at("2026-03-06T17:30:00+08:00")
        );
    }

    #[test]
    fn working_days_are_counted_back_over_the_weekend() {
        let monday = at("2026-03-09T10:00:00+08:00");
        assert_eq!(
            on_working_day_before(monday, 1, 10 * 3600),
            at("2026-03-06T10:00:00+08:00")
        );
        assert_eq!(
            on_working_day_before(monday, 6, 0),
            at("2026-02-27T00:00:00+08:00")
        );
    }
}
