//! `docket-replay verify`: whether the log is whole.
//!
//! Two readers go through the log at the same time, each with bounded memory.
//! One goes by position and sees gaps, times that run backwards, torn commands
//! and events that are not what they were when they were written. The other
//! goes stream by stream, sees sequences with gaps, and folds every aggregate.
//! Both stop at the head that the log had at the start, so that the service
//! may go on meanwhile.

mod content;
mod fold;
mod order;
mod streams;

use std::num::NonZero;
use std::time::Instant;

use event_store::{Audit, Ends, RecordedEvent, StoreError};
use futures_util::TryStreamExt;
use indicatif::ProgressBar;
use serde::Serialize;

use crate::Verdict;
use crate::output::{Output, count, one_line, time};
use order::Order;
use streams::Streams;

/// Something that is wrong with the log.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Finding {
    /// The first position that it concerns.
    position: i64,
    /// What is wrong, in one sentence.
    problem: String,
}

impl Finding {
    fn new(position: i64, problem: impl Into<String>) -> Self {
        Self {
            position,
            problem: problem.into(),
        }
    }

    /// The one of two that comes first in the log.
    fn first(one: Option<Self>, other: Option<Self>) -> Option<Self> {
        one.into_iter()
            .chain(other)
            .min_by_key(|finding| finding.position)
    }

    /// A row that cannot be read is a finding; everything else that keeps a
    /// reader from its work is a failure.
    fn from_error(error: StoreError) -> anyhow::Result<Self> {
        match error {
            StoreError::Corrupt { position, problem } => Ok(Self { position, problem }),
            other => Err(other.into()),
        }
    }
}

/// What scripts rely on.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report<'a> {
    ok: bool,
    head: i64,
    first_bad_position: Option<i64>,
    problem: Option<&'a str>,
}

/// Checks the log up to its present head.
pub(crate) async fn run(audit: &Audit, output: &mut Output) -> anyhow::Result<Verdict> {
    let started = Instant::now();
    let ends = audit.ends().await?;
    let head = ends.head.map_or(ends.last.position, |head| head.position);
    let steps = u64::try_from(head).unwrap_or_default();
    let bar = output.progress("verifying", steps * 2);
    let found = tokio::try_join!(
        by_position(audit, head, &bar),
        by_stream(audit, head, &bar),
        commands(audit, head),
    );
    bar.finish_and_clear();
    let (positions, (streams, in_streams), commands) = found?;
    let findings = [at_the_end(&ends), positions, in_streams, commands];
    let first = findings.into_iter().fold(None, Finding::first);

    if output.is_json() {
        output.json(&Report {
            ok: first.is_none(),
            head,
            first_bad_position: first.as_ref().map(|finding| finding.position),
            problem: first.as_ref().map(|finding| &*finding.problem),
        })?;
    } else {
        match (&first, ends.last.recorded_at) {
            (Some(Finding { position, problem }), _) => output.line(format_args!(
                "The log is altered or broken. First bad position: {position}\n{}",
                one_line(problem)
            ))?,
            (None, None) => output.line("The log is whole: it is empty.")?,
            (None, Some(recorded_at)) => output.line(format_args!(
                "The log is whole: {} in {}, the last at position {head}, recorded at {}. \
                 Checked in {:.1} s.",
                count(head, "event"),
                count(streams, "stream"),
                time(recorded_at),
                started.elapsed().as_secs_f64()
            ))?,
        }
    }
    Ok(match first {
        None => Verdict::Well,
        Some(_) => Verdict::Found,
    })
}

/// Whether the head says what the last event says. A head that is ahead is
/// left to the reader by position, who knows what is missing first.
fn at_the_end(ends: &Ends) -> Option<Finding> {
    let last = ends.last;
    let Some(head) = ends.head else {
        return Some(Finding::new(
            last.position.max(1),
            "the head of the log is gone: the table log_head has no row",
        ));
    };
    if last.position > head.position {
        return Some(Finding::new(
            head.position + 1,
            format!(
                "the log goes on to position {} behind its head, which is at {}",
                last.position, head.position
            ),
        ));
    }
    if last.position == head.position && last.recorded_at != head.recorded_at {
        let said = |time: Option<chrono::DateTime<chrono::Utc>>| {
            time.map_or("never".to_owned(), crate::output::rfc3339)
        };
        return Some(Finding::new(
            head.position.max(1),
            format!(
                "the head of the log was recorded at {}, its last event at {}",
                said(head.recorded_at),
                said(last.recorded_at)
            ),
        ));
    }
    None
}

/// Reads in the order of positions, up to the first thing that is wrong.
async fn by_position(
    audit: &Audit,
    head: i64,
    bar: &ProgressBar,
) -> anyhow::Result<Option<Finding>> {
    let workers = std::thread::available_parallelism().map_or(1, NonZero::get);
    let mut chunks = audit
        .scan(head)
        .map_err(anyhow::Error::from)
        .map_ok(|chunk| async move {
            let checking =
                tokio::task::spawn_blocking(move || (content::first_wrong(&chunk), chunk));
            anyhow::Ok(checking.await?)
        })
        .try_buffered(workers);
    let mut order = Order::default();
    loop {
        let (in_content, chunk): (_, Vec<RecordedEvent>) = match chunks.try_next().await {
            Ok(Some(checked)) => checked,
            Ok(None) => return Ok(order.finish(head)),
            Err(error) => return Finding::from_error(error.downcast()?).map(Some),
        };
        let in_order = chunk.iter().find_map(|event| order.take(event).err());
        let first = Finding::first(in_order, in_content);
        if first.is_some() {
            return Ok(first);
        }
        bar.inc(chunk.len() as u64);
    }
}

/// Reads stream by stream, and counts the streams.
async fn by_stream(
    audit: &Audit,
    head: i64,
    bar: &ProgressBar,
) -> anyhow::Result<(i64, Option<Finding>)> {
    let mut chunks = audit.scan_streams(head);
    let mut streams = Streams::default();
    loop {
        let chunk = match chunks.try_next().await {
            Ok(Some(chunk)) => chunk,
            Ok(None) => break,
            Err(error) => {
                let found = Finding::from_error(error)?;
                return Ok((
                    streams.count(),
                    Finding::first(streams.found(), Some(found)),
                ));
            }
        };
        bar.inc(chunk.len() as u64);
        let folding = tokio::task::spawn_blocking(move || {
            for event in &chunk {
                streams.take(event);
            }
            streams
        });
        streams = folding.await?;
    }
    Ok((streams.count(), streams.found()))
}

/// What the readers do not see: the hash of each command's request, and
/// commands that stand in the log twice.
async fn commands(audit: &Audit, head: i64) -> anyhow::Result<Option<Finding>> {
    /// How many positions one statement looks at; none holds a snapshot long.
    const RANGE: i64 = 500_000;
    let repeated = audit.first_repeated_command(head).await?.map(|position| {
        Finding::new(
            position,
            format!("the command of the event at position {position} stands in the log already"),
        )
    });
    let mut after = 0;
    while after < head {
        let upto = head.min(after + RANGE);
        if let Some(position) = audit.first_wrong_request_hash(after, upto).await? {
            let wrong = Finding::new(
                position,
                format!(
                    "the event at position {position} does not have the hash of its command's \
                     request that the first event of a command has, and no other"
                ),
            );
            return Ok(Finding::first(repeated, Some(wrong)));
        }
        after = upto;
    }
    Ok(repeated)
}

#[cfg(test)]
mod tests {
    use event_store::Head;

    use super::*;

    fn head(position: i64, second: u32) -> Head {
        let recorded_at = format!("2026-03-01T09:00:{second:02}Z").parse().unwrap();
        Head {
            position,
            recorded_at: Some(recorded_at),
        }
    }

    #[test]
    fn the_head_must_say_what_the_last_event_says() {
        let ends = |head, last| at_the_end(&Ends { head, last });
        assert_eq!(ends(Some(head(7, 1)), head(7, 1)), None);
        // The reader by position says what is missing.
        assert_eq!(ends(Some(head(9, 1)), head(7, 1)), None);
        for (found, position) in [
            (ends(Some(head(7, 1)), head(7, 2)), 7),
            (ends(Some(head(5, 1)), head(7, 1)), 6),
            (ends(None, head(7, 1)), 7),
        ] {
            assert_eq!(found.unwrap().position, position);
        }
    }
}
