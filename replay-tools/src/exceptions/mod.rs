//! `docket-replay exceptions`: what happened that is allowed and still not the
//! ordinary way: entries made late, rules overruled, records put right, work
//! that somebody approved of themselves, stages left out, rights given and
//! taken, rules changed, work that nobody takes care of.
//!
//! A report and no check: what it lists may all be right, and its exit code
//! does not depend on it. It reads the log stream by stream, holds one object
//! at a time, and prints what it finds as it goes.

mod approvals;
mod detection;
mod exception;
mod leavers;
mod rules;
mod stages;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use anyhow::bail;
use chrono::{DateTime, TimeDelta, Utc};
use clap::Args;
use clap::builder::FalseyValueParser;
use event_store::Audit;

use crate::Verdict;
use crate::log_streams::LogStreams;
use crate::mark::Mark;
use crate::output::{Output, count, one_line, shown, time};
use detection::{Found, Question, look};
use exception::{Exception, Kind};
use leavers::Leavers;

/// Which part of the log, and which kinds.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The first position, or the time from which it was recorded on.
    #[arg(long, value_name = "POSITION|TIME", env = "DOCKET_REPLAY_FROM")]
    from: Option<Mark>,

    /// The last position, or the time until which it was recorded. Items are
    /// asked for their stages as they stood then. Default: the end of the log.
    #[arg(long, value_name = "POSITION|TIME", env = "DOCKET_REPLAY_TO")]
    to: Option<Mark>,

    /// Only this kind; may be given more than once. Default: every kind.
    #[arg(long, value_enum, value_delimiter = ',', env = "DOCKET_REPLAY_KIND")]
    kind: Vec<Kind>,

    /// How long after it was so something becomes known late: 90m, 24h, 7d.
    #[arg(
        long,
        value_name = "TIME",
        default_value = "24h",
        value_parser = length_of_time,
        env = "DOCKET_REPLAY_LATE_AFTER"
    )]
    late_after: TimeDelta,

    /// Lists late entries also where a history was taken over from another
    /// desk: that was all known long after.
    #[arg(long, env = "DOCKET_REPLAY_WITH_IMPORTS", value_parser = FalseyValueParser::new())]
    with_imports: bool,

    /// Asks closed items for their stages, too, and not the open ones alone.
    #[arg(long, env = "DOCKET_REPLAY_WITH_CLOSED", value_parser = FalseyValueParser::new())]
    with_closed: bool,
}

/// Prints the report.
pub(crate) async fn run(
    audit: &Audit,
    arguments: &Arguments,
    output: &mut Output,
) -> anyhow::Result<Verdict> {
    let question = asked(audit, arguments).await?;
    let length = u64::try_from(question.upto).unwrap_or_default();
    let bar = output.progress("looking", length);
    let mut streams = LogStreams::read(audit, question.upto);
    let mut report = Report::default();
    while let Some(stream) = streams.next().await? {
        let found = look(&stream, &question);
        bar.suspend(|| report.tell(&found, output))?;
        bar.inc(stream.len() as u64);
    }
    bar.finish_and_clear();
    if !output.is_json() {
        report.summary(&question, output)?;
    }
    Ok(Verdict::Well)
}

async fn asked(audit: &Audit, arguments: &Arguments) -> anyhow::Result<Question> {
    let head = audit.head().await?.position;
    let from = match arguments.from {
        Some(mark) => mark.first(audit, head).await?,
        None => 1,
    };
    let upto = match arguments.to {
        Some(mark) => mark.position(audit, head).await?,
        None => head,
    };
    if upto < from && arguments.from.is_some() && arguments.to.is_some() {
        bail!("nothing lies between position {from} and {upto}; exchange --from and --to");
    }
    let at = match audit.event(upto).await? {
        Some(last) => last.recorded_at,
        None => DateTime::<Utc>::UNIX_EPOCH,
    };
    Ok(Question {
        from,
        upto,
        at,
        kinds: arguments.kind.clone(),
        late_after: arguments.late_after,
        with_imports: arguments.with_imports,
        with_closed: arguments.with_closed,
        leavers: Leavers::read(audit, upto).await?,
    })
}

/// Reads a length of time as people write it.
fn length_of_time(text: &str) -> Result<TimeDelta, String> {
    let how = "write it like 90m, 24h or 7d";
    let unit = text.trim().chars().last().unwrap_or_default();
    let number = text.trim().strip_suffix(unit).unwrap_or_default();
    let number: i64 = number.parse().map_err(|_| how.to_owned())?;
    let length = match unit {
        's' => TimeDelta::try_seconds(number),
        'm' => TimeDelta::try_minutes(number),
        'h' => TimeDelta::try_hours(number),
        'd' => TimeDelta::try_days(number),
        _ => return Err(how.to_owned()),
    };
    length
        .filter(|length| *length >= TimeDelta::zero())
        .ok_or_else(|| how.to_owned())
}

/// What has been told so far.
#[derive(Debug, Default)]
struct Report {
    counts: BTreeMap<Kind, i64>,
    late_imports: i64,
}

impl Report {
    /// Tells what was found in a stream.
    fn tell(&mut self, found: &Found, output: &mut Output) -> anyhow::Result<()> {
        self.late_imports += found.late_imports;
        for exception in &found.exceptions {
            *self.counts.entry(exception.kind).or_default() += 1;
        }
        if output.is_json() {
            return found
                .exceptions
                .iter()
                .try_for_each(|exception| output.json(exception));
        }
        let Some(first) = found.exceptions.first() else {
            return Ok(());
        };
        output.line(format_args!(
            "{} ({} {})",
            shown(&first.object.name),
            shown(&first.object.kind),
            first.object.id
        ))?;
        found
            .exceptions
            .iter()
            .try_for_each(|exception| print(exception, output))?;
        output.line("")
    }

    fn summary(&self, question: &Question, output: &mut Output) -> anyhow::Result<()> {
        let total = self.counts.values().sum();
        output.line(format_args!(
            "{} from position {} to {}, recorded until {}.",
            count(total, "exception"),
            question.from,
            question.upto,
            time(question.at)
        ))?;
        for (kind, number) in &self.counts {
            let name: &'static str = kind.into();
            output.line(format_args!("  {name:<14} {number:>8}"))?;
        }
        let late_is_asked = question.kinds.is_empty() || question.kinds.contains(&Kind::LateEntry);
        if self.late_imports > 0 && late_is_asked {
            output.line(format_args!(
                "{} of histories that were taken over became known late, too; --with-imports \
                 lists them.",
                count(self.late_imports, "event")
            ))?;
        }
        Ok(())
    }
}

fn print(exception: &Exception, output: &mut Output) -> anyhow::Result<()> {
    let kind: &'static str = exception.kind.into();
    output.line(format_args!(
        "  {kind:<14} {:>9}  {}  {}, by {}",
        exception.position,
        time(exception.effective_at),
        shown(&exception.event),
        actor(exception)
    ))?;
    let mut say = |text: &str| output.line(format_args!("{:>26}  {}", "", one_line(text)));
    say(&exception.description)?;
    if exception.kind == Kind::LateEntry {
        say(&format!("recorded: {}", time(exception.recorded_at)))?;
    }
    if let Some(reason) = &exception.reason {
        say(&format!("reason: {reason}"))?;
    }
    exception
        .differences
        .iter()
        .try_for_each(|difference| say(&difference.to_string()))
}

fn actor(exception: &Exception) -> String {
    let mut about = Vec::new();
    about.extend(exception.role.clone());
    about.extend(
        exception
            .on_behalf_of
            .as_ref()
            .map(|person| format!("for {person}")),
    );
    if about.is_empty() {
        shown(&exception.actor)
    } else {
        shown(&format!("{} ({})", exception.actor, about.join(", ")))
    }
}
