//! `docket-replay as-of`: how an incident stood at a moment, folded from its
//! events: as it was known then, or as it was.

use anyhow::bail;
use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, Utc};
use clap::{Args, ValueEnum};
use event_store::Audit;
use projections::Decoded;
use projections::incident_detail::IncidentDetail;
use projections::work_queue::WorkQueueRow;
use serde_json::{Map, Value, json};

use crate::Verdict;
use crate::output::{Output, count, fields, rfc3339, shown, time};
use crate::subject::Subject;

/// Which incident, and when.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Its number (INC0000042), its UUID, or its reference in another system.
    incident: String,

    /// The moment, such as 2026-03-01T09:00:00Z. UTC where it names no zone;
    /// the start of the day where it names no hour.
    #[arg(
        long,
        value_name = "TIME",
        value_parser = moment,
        required_unless_present = "position",
        conflicts_with = "position",
        env = "DOCKET_REPLAY_AT"
    )]
    at: Option<DateTime<Utc>>,

    /// The moment as a position of the log.
    #[arg(
        long,
        value_name = "N",
        value_parser = clap::value_parser!(i64).range(1..),
        env = "DOCKET_REPLAY_POSITION"
    )]
    position: Option<i64>,

    /// Which of its two times decides whether an event counts.
    #[arg(long, value_enum, default_value_t, env = "DOCKET_REPLAY_BASIS")]
    basis: Basis,
}

/// The two times of an event.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Basis {
    /// When the log knew: the incident as it was known then.
    #[default]
    Recorded,
    /// When it was so in the world: the incident as it was then, by all that
    /// is known today.
    Effective,
}

impl Basis {
    fn name(self) -> &'static str {
        match self {
            Self::Recorded => "recorded",
            Self::Effective => "effective",
        }
    }
}

/// The moment that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moment {
    /// Everything that the log knew up to a position, and the time that was
    /// asked for.
    Known {
        position: i64,
        at: Option<DateTime<Utc>>,
    },
    /// Everything that was so in the world by a time.
    Was(DateTime<Utc>),
}

/// Prints the incident as it stood.
pub(crate) async fn run(
    audit: &Audit,
    arguments: &Arguments,
    output: &mut Output,
) -> anyhow::Result<Verdict> {
    let moment = chosen(audit, arguments).await?;
    let subject = Subject::find(audit, &arguments.incident).await?;
    let then = Then::fold(&subject.events, moment);
    let incident = then.fields()?;
    if output.is_json() {
        let (position, at) = match moment {
            Moment::Known { position, at } => (Some(position), at),
            Moment::Was(at) => (None, Some(at)),
        };
        output.json(&json!({
            "asOf": {
                "basis": arguments.basis.name(),
                "at": at.map(rfc3339),
                "position": position,
            },
            "events": then.events,
            "incident": incident,
        }))?;
    } else {
        print(&subject, moment, &then, incident.as_ref(), output)?;
    }
    Ok(Verdict::Well)
}

async fn chosen(audit: &Audit, arguments: &Arguments) -> anyhow::Result<Moment> {
    match (arguments.at, arguments.position, arguments.basis) {
        (Some(at), _, Basis::Effective) => Ok(Moment::Was(at)),
        (Some(at), _, Basis::Recorded) => Ok(Moment::Known {
            position: audit.position_at(at).await?,
            at: Some(at),
        }),
        (None, Some(position), Basis::Recorded) => {
            let head = audit.head().await?.position;
            if position > head {
                bail!("there is no position {position} yet: the log ends at {head}");
            }
            Ok(Moment::Known { position, at: None })
        }
        (None, Some(_), Basis::Effective) => bail!(
            "a position says what was known, not when it was so; with --basis effective name a \
             time with --at"
        ),
        (None, None, _) => bail!("name a moment with --at or --position"),
    }
}

/// An incident as it stood: nothing where it did not exist.
struct Then {
    row: Option<WorkQueueRow>,
    detail: Option<IncidentDetail>,
    events: i64,
}

impl Then {
    fn fold(events: &[Decoded], moment: Moment) -> Self {
        let mut counted: Vec<&Decoded> = events
            .iter()
            .filter(|event| match moment {
                Moment::Known { position, .. } => event.recorded.position <= position,
                Moment::Was(at) => event.metadata.effective_at <= at,
            })
            .collect();
        if let Moment::Was(_) = moment {
            counted.sort_by_key(|event| (event.metadata.effective_at, event.recorded.position));
        }
        let mut then = Self {
            row: None,
            detail: None,
            events: i64::try_from(counted.len()).unwrap_or(i64::MAX),
        };
        for event in counted {
            WorkQueueRow::apply(&mut then.row, event);
            IncidentDetail::apply(&mut then.detail, event);
        }
        then
    }

    fn fields(&self) -> anyhow::Result<Option<Map<String, Value>>> {
        let Some(row) = &self.row else {
            return Ok(None);
        };
        let mut all = fields(row)?;
        if let Some(detail) = &self.detail {
            all.extend(fields(detail)?);
        }
        Ok(Some(all))
    }
}

fn print(
    subject: &Subject,
    moment: Moment,
    then: &Then,
    incident: Option<&Map<String, Value>>,
    output: &mut Output,
) -> anyhow::Result<()> {
    let when = match moment {
        Moment::Known { position, at: None } => format!("as known at position {position}"),
        Moment::Known {
            position,
            at: Some(at),
        } => format!("as known at {} (position {position})", time(at)),
        Moment::Was(at) => format!("as it was at {}, by all that is known today", time(at)),
    };
    let number = shown(&subject.number);
    let Some(incident) = incident else {
        return output.line(format_args!(
            "{number} {when}: there was no such incident yet"
        ));
    };
    output.line(format_args!(
        "{number} {when}, from {}",
        count(then.events, "event")
    ))?;
    output.line("")?;
    for (name, value) in incident {
        if let Some(text) = in_words(value) {
            let mut lines = text.lines();
            output.line(format_args!(
                "{name:<24}  {}",
                lines.next().unwrap_or_default()
            ))?;
            for line in lines {
                output.line(format_args!("{:<24}  {line}", ""))?;
            }
        }
    }
    Ok(())
}

/// A value for people; nothing for one that says nothing.
pub(crate) fn in_words(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(shown(text)),
        Value::Array(items) if items.is_empty() => None,
        Value::Array(items) => {
            let items: Vec<String> = items.iter().filter_map(in_words).collect();
            Some(items.join(", "))
        }
        Value::Object(fields) if fields.is_empty() => None,
        Value::Object(fields) => {
            let fields: Vec<String> = fields
                .iter()
                .filter_map(|(name, value)| Some(format!("{}: {}", shown(name), in_words(value)?)))
                .collect();
            Some(fields.join(", "))
        }
        Value::Bool(true) => Some("yes".to_owned()),
        Value::Bool(false) => Some("no".to_owned()),
        Value::Number(number) => Some(number.to_string()),
    }
}

/// Reads a time as people write it, of the years that the desk knows.
pub(crate) fn moment(text: &str) -> Result<DateTime<Utc>, String> {
    let time = written_moment(text)?;
    if (1970..=9999).contains(&time.year()) {
        Ok(time)
    } else {
        Err("the desk's times are of the years 1970 to 9999".to_owned())
    }
}

fn written_moment(text: &str) -> Result<DateTime<Utc>, String> {
    const WITHOUT_ZONE: [&str; 4] = [
        "%Y-%m-%dT%H:%M:%S%.f",
        "%Y-%m-%d %H:%M:%S%.f",
        "%Y-%m-%dT%H:%M",
        "%Y-%m-%d %H:%M",
    ];
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Ok(time.to_utc());
    }
    let at_midnight = |day: NaiveDate| day.and_hms_opt(0, 0, 0);
    WITHOUT_ZONE
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
        .or_else(|| text.parse().ok().and_then(at_midnight))
        .map(|time| time.and_utc())
        .ok_or_else(|| "write it like 2026-03-01T09:00:00Z or 2026-03-01 09:00".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_without_a_zone_is_utc() {
        let nine = "2026-03-01T09:00:00Z";
        for text in [
            nine,
            "2026-03-01T17:00:00+08:00",
            "2026-03-01 09:00:00",
            "2026-03-01T09:00",
            "2026-03-01 09:00",
        ] {
            assert_eq!(rfc3339(moment(text).unwrap()), nine, "{text}");
        }
        assert_eq!(
            rfc3339(moment("2026-03-01").unwrap()),
            "2026-03-01T00:00:00Z"
        );
        let precise = "2026-03-01T09:00:00.123456Z".parse().unwrap();
        assert_eq!(moment(&crate::output::time(precise)), Ok(precise));
        assert!(moment("yesterday").is_err());
        assert!(moment("2026-02-30").is_err());
        for year in ["-9999", "1969", "+99999", "+262142"] {
            assert!(
                moment(&format!("{year}-12-31T00:00:00Z")).is_err(),
                "{year}"
            );
            assert!(moment(&format!("{year}-12-31")).is_err(), "{year}");
        }
    }
}
