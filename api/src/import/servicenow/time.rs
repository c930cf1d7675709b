//! The times of the source. Most are given without a zone, and in the zone
//! that whoever imports them names; some are given with the day first, some
//! with the month, which the column as a whole tells, or whoever imports it.

use chrono::{DateTime, Duration, NaiveDate, NaiveDateTime, NaiveTime, SubsecRound, TimeZone, Utc};
use chrono_tz::Tz;

use crate::import::DateOrder;

/// When something was, as a text says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Written {
    /// With its zone.
    Zoned(DateTime<Utc>),
    /// As a clock of the source showed it.
    Local(NaiveDateTime),
    /// The same, with two figures before the year: what it is with the day
    /// first, and with the month first, as far as these are days.
    Either {
        day_first: Option<NaiveDateTime>,
        month_first: Option<NaiveDateTime>,
    },
}

/// A moment, and what was odd about how it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment {
    pub(super) at: DateTime<Utc>,
    pub(super) oddity: Option<Oddity>,
}

/// What a change of the clocks makes of a time without a zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Oddity {
    /// The clocks showed it twice; it is taken as the first time.
    Twice,
    /// The clocks never showed it; it is taken by the clock that has not been
    /// changed yet.
    Skipped,
}

/// Reads a text.
pub(super) fn written(text: &str) -> Option<Written> {
    without_zone(text).or_else(|| {
        let zoned = DateTime::parse_from_rfc3339(text).ok()?;
        Some(Written::Zoned(zoned.with_timezone(&Utc)))
    })
}

fn without_zone(text: &str) -> Option<Written> {
    let (date, time) = text.split_once(['T', ' '])?;
    let time = time_of_day(time.trim_start())?;
    let separator = date.find(['-', '/', '.'])?;
    let mut figures = date.split(date[separator..].chars().next()?);
    let (first, second, third) = (figures.next()?, figures.next()?, figures.next()?);
    if figures.next().is_some() {
        return None;
    }
    if first.len() == 4 {
        let date = day(first, second, third)?;
        return Some(Written::Local(date.and_time(time)));
    }
    if third.len() != 4 {
        return None;
    }
    let day_first = day(third, second, first).map(|date| date.and_time(time));
    let month_first = day(third, first, second).map(|date| date.and_time(time));
    (day_first.is_some() || month_first.is_some()).then_some(Written::Either {
        day_first,
        month_first,
    })
}

fn day(year: &str, month: &str, day: &str) -> Option<NaiveDate> {
    let (year, month, day) = (figure(year, 4)?, figure(month, 2)?, figure(day, 2)?);
    NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)
}

/// Hours and minutes, perhaps seconds and parts of one, perhaps by the twelve
/// hours of a dial.
fn time_of_day(text: &str) -> Option<NaiveTime> {
    let half = |ending: &str| {
        let length = text.len().checked_sub(ending.len())?;
        let is_so = text.get(length..)?.eq_ignore_ascii_case(ending);
        is_so.then(|| text[..length].trim_end())
    };
    let (text, noon) = match (half("am"), half("pm")) {
        (Some(rest), _) => (rest, Some(0)),
        (_, Some(rest)) => (rest, Some(12)),
        _ => (text, None),
    };
    let mut figures = text.split(':');
    let (hour, minute) = (figure(figures.next()?, 2)?, figure(figures.next()?, 2)?);
    let (seconds, parts) = match figures.next() {
        Some(seconds) => seconds.split_once('.').unwrap_or((seconds, "0")),
        None => ("0", "0"),
    };
    if figures.next().is_some() || !parts.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let parts = format!("{:0<9}", parts.get(..parts.len().min(9))?);
    let hour = match noon {
        None => hour,
        Some(noon) => (1..=12).contains(&hour).then_some(hour % 12 + noon)?,
    };
    NaiveTime::from_hms_nano_opt(hour, minute, figure(seconds, 2)?, parts.parse().ok()?)
}

fn figure(text: &str, longest: usize) -> Option<u32> {
    let is_figure =
        !text.is_empty() && text.len() <= longest && text.bytes().all(|byte| byte.is_ascii_digit());
    is_figure.then(|| text.parse().ok())?
}

impl Written {
    /// By a clock of the source; nothing where that is no day.
    fn local(self, order: Option<DateOrder>) -> Option<NaiveDateTime> {
        match self {
            Self::Zoned(at) => Some(at.naive_utc()),
            Self::Local(at) => Some(at),
            Self::Either {
                day_first,
                month_first,
            } => match order {
                Some(DateOrder::DayMonth) => day_first,
                Some(DateOrder::MonthDay) => month_first,
                // The earlier one: where that lies in the future, both do.
                None => [day_first, month_first].into_iter().flatten().min(),
            },
        }
    }

    /// When it was, in the milliseconds that the log keeps. While the order is
    /// not known, a day that can be read is one.
    pub(super) fn moment(self, zone: Tz, order: Option<DateOrder>) -> Option<Moment> {
        let local = self.local(order)?;
        let moment = match self {
            Self::Zoned(at) => Moment { at, oddity: None },
            _ => moment(local, zone),
        };
        Some(Moment {
            at: moment.at.trunc_subsecs(3),
            ..moment
        })
    }

    /// The time by which a row is known again, whatever zone and order it is
    /// read with in a later run.
    pub(super) fn name(self) -> Option<DateTime<Utc>> {
        let order = match self {
            Self::Either {
                day_first: Some(_), ..
            } => DateOrder::DayMonth,
            _ => DateOrder::MonthDay,
        };
        Some(self.local(Some(order))?.and_utc().trunc_subsecs(3))
    }
}

fn moment(local: NaiveDateTime, zone: Tz) -> Moment {
    if zone == Tz::UTC {
        return Moment {
            at: local.and_utc(),
            oddity: None,
        };
    }
    match zone.from_local_datetime(&local) {
        chrono::LocalResult::Single(at) => Moment {
            at: at.with_timezone(&Utc),
            oddity: None,
        },
        chrono::LocalResult::Ambiguous(one, other) => Moment {
            at: one.min(other).with_timezone(&Utc),
            oddity: Some(Oddity::Twice),
        },
        chrono::LocalResult::None => {
            // No zone ever passed over more than a day.
            let before = local - Duration::hours(25);
            let clock = zone.from_local_datetime(&before).earliest();
            let shift = clock.map_or(Duration::zero(), |at| before - at.naive_utc());
            Moment {
                at: (local - shift).and_utc(),
                oddity: Some(Oddity::Skipped),
            }
        }
    }
}

/// What the dates of a file say of their own order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct OrderSigns {
    /// The first date that has its day first, and the line that it stands in.
    pub(crate) day_first: Option<(u64, String)>,
    /// The first one that has its month first.
    pub(crate) month_first: Option<(u64, String)>,
    /// The first one that is a day in either order, but not the same day.
    pub(crate) either: Option<(u64, String)>,
    /// Whether any time is without a zone.
    pub(crate) is_zoneless: bool,
}

impl OrderSigns {
    /// Takes a time in.
    pub(super) fn see(&mut self, line: u64, text: &str) {
        let Some(written) = written(text) else { return };
        self.is_zoneless |= !matches!(written, Written::Zoned(_));
        let Written::Either {
            day_first,
            month_first,
        } = written
        else {
            return;
        };
        let sign = match (day_first, month_first) {
            (Some(one), Some(other)) if one == other => return,
            (Some(_), Some(_)) => &mut self.either,
            (Some(_), None) => &mut self.day_first,
            _ => &mut self.month_first,
        };
        if sign.is_none() {
            *sign = Some((line, text.to_owned()));
        }
    }

    /// The order that all dates of the file can have.
    pub(crate) fn order(&self) -> Option<DateOrder> {
        match (&self.day_first, &self.month_first) {
            (Some(_), None) => Some(DateOrder::DayMonth),
            (None, Some(_)) => Some(DateOrder::MonthDay),
            _ => None,
        }
    }

    /// Why nobody can tell in which order the dates are, where that matters.
    pub(crate) fn question(&self) -> Option<String> {
        match (&self.day_first, &self.month_first, &self.either) {
            (Some((line, one)), Some((other_line, other)), _) => Some(format!(
                "{one:?} in line {line} has its day first, and {other:?} in line {other_line} \
                 its month"
            )),
            (None, None, Some((line, text))) => Some(format!(
                "{text:?} in line {line} and all others may have their day first or their month"
            )),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, zone: Tz, order: Option<DateOrder>) -> Option<(String, Option<Oddity>)> {
        let moment = written(text)?.moment(zone, order)?;
        Some((moment.at.to_rfc3339(), moment.oddity))
    }

    #[test]
    fn every_form_gives_the_same_moment() {
        for text in [
            "2016-02-29T01:16:00",
            "2016-02-29 01:16:00.0004",
            "2016-02-29T01:16",
            "2016/2/29 1:16",
            "2016-02-29 01:16:00 AM",
            "29/2/2016 01:16",
            "29/02/2016 01:16:00",
            "29.02.2016 01:16",
            "29-02-2016 01:16:00",
            "2/29/2016 1:16 am",
            "2016-02-29T01:16:00Z",
            "2016-02-29T09:16:00+08:00",
            "2016-02-29 09:16:00+08:00",
        ] {
            let time = read(text, Tz::UTC, None);
            let expected = ("2016-02-29T01:16:00+00:00".to_owned(), None);
            assert_eq!(time, Some(expected), "{text}");
        }
        for (text, expected) in [
            ("2016-02-29 12:16 PM", "2016-02-29T12:16:00+00:00"),
            ("2016-02-29 12:16 AM", "2016-02-29T00:16:00+00:00"),
            ("2016-02-29 11:16:07.25 pm", "2016-02-29T23:16:07.250+00:00"),
        ] {
            let time = read(text, Tz::UTC, None);
            assert_eq!(time, Some((expected.to_owned(), None)), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in [
            "",
            "soon",
            "2016-02-30T01:16:00",
            "2016-02-29",
            "13:00",
            "2016-02-29 24:00",
            "2016-02-29 13:00 PM",
            "2016-02-29 0:00 AM",
            "13/13/2016 01:00",
            "1/2/16 01:00",
            "2016-02-29 01:16:00:00",
            "2016-+2-29 01:16",
            "2016-02-29 01:16 午前",
        ] {
            assert_eq!(read(text, Tz::UTC, None), None, "{text}");
        }
    }

    #[test]
    fn a_time_without_a_zone_is_of_the_zone_that_is_named() {
        let zone = Tz::Europe__Berlin;
        for (text, expected, oddity) in [
            ("2024-01-01 12:00", "2024-01-01T11:00:00+00:00", None),
            ("2024-07-01 12:00", "2024-07-01T10:00:00+00:00", None),
            ("2024-07-01T12:00:00Z", "2024-07-01T12:00:00+00:00", None),
            // The clocks went from two to three: as if they had not yet.
            (
                "2024-03-31 02:30",
                "2024-03-31T01:30:00+00:00",
                Some(Oddity::Skipped),
            ),
            // They went from three to two: the first of both.
            (
                "2024-10-27 02:30",
                "2024-10-27T00:30:00+00:00",
                Some(Oddity::Twice),
            ),
        ] {
            let time = read(text, zone, None);
            assert_eq!(time, Some((expected.to_owned(), oddity)), "{text}");
        }
        // A whole day was left out.
        assert_eq!(
            read("2011-12-30 12:00", Tz::Pacific__Apia, None),
            Some((
                "2011-12-30T22:00:00+00:00".to_owned(),
                Some(Oddity::Skipped)
            ))
        );
    }

    #[test]
    fn the_order_of_a_date_is_the_one_that_is_told() {
        let at = |text, order| read(text, Tz::UTC, order).map(|(time, _)| time[..10].to_owned());
        let (day, month) = (Some(DateOrder::DayMonth), Some(DateOrder::MonthDay));
        assert_eq!(at("3/4/2024 01:00", day).as_deref(), Some("2024-04-03"));
        assert_eq!(at("3/4/2024 01:00", month).as_deref(), Some("2024-03-04"));
        assert_eq!(at("2024/3/4 01:00", day).as_deref(), Some("2024-03-04"));
        assert_eq!(at("13/4/2024 01:00", month), None);
        assert_eq!(at("4/13/2024 01:00", day), None);
    }

    #[test]
    fn the_order_is_known_by_all_dates_together_or_asked_for() {
        let signs = |texts: &[&str]| {
            let mut signs = OrderSigns::default();
            for (line, text) in (2..).zip(texts) {
                signs.see(line, text);
            }
            (signs.order(), signs.question())
        };
        assert_eq!(
            signs(&["3/4/2024 1:00", "13/4/2024 1:00"]),
            (Some(DateOrder::DayMonth), None)
        );
        assert_eq!(
            signs(&["3/4/2024 1:00", "4/13/2024 1:00"]),
            (Some(DateOrder::MonthDay), None)
        );
        assert_eq!(signs(&["4/4/2024 1:00", "2024-03-04 1:00"]), (None, None));
        let (order, question) = signs(&["4/4/2024 1:00", "3/4/2024 1:00"]);
        assert_eq!(order, None);
        assert!(question.unwrap().contains("\"3/4/2024 1:00\" in line 3"));
        let (order, question) = signs(&["13/4/2024 1:00", "4/13/2024 1:00"]);
        assert_eq!(order, None);
        assert!(question.unwrap().contains("in line 3 its month"));
    }

    #[test]
    fn a_row_is_known_again_whatever_it_is_read_with() {
        let name = |text| written(text).unwrap().name().unwrap().to_rfc3339();
        assert_eq!(name("2024-03-31 02:30"), "2024-03-31T02:30:00+00:00");
        assert_eq!(name("3/4/2024 02:30"), "2024-04-03T02:30:00+00:00");
        assert_eq!(
            name("2024-03-31T02:30:00+08:00"),
            "2024-03-30T18:30:00+00:00"
        );
    }
}
