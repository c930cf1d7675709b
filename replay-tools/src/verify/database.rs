//! The log in its database, whole: two readers go through it at the same time,
//! each with bounded memory. One goes by position and sees gaps, times that run
//! backwards, torn commands, events that are not what they were when they were
//! written, and leaves that are not those that were sealed. The other goes
//! stream by stream, sees sequences with gaps, and folds every aggregate. Both
//! stop at the head that the log had at the start, so that the service may go
//! on meanwhile.

use std::num::NonZero;

use anyhow::bail;
use event_store::seal::{Hash, KeyChain, leaf_of};
use event_store::{Audit, Claimed, Ends, RecordedEvent};
use futures_util::TryStreamExt;
use indicatif::ProgressBar;

use super::key_events::KeyEvents;
use super::order::Order;
use super::seals::Seals;
use super::streams::Streams;
use super::trust::Trust;
use super::{Checked, Finding, content};
use crate::output::Output;

/// Checks the log up to its present head.
pub(super) async fn check(
    audit: &Audit,
    mut trust: Trust,
    output: &mut Output,
) -> anyhow::Result<Checked> {
    // The seals first: what is sealed is in the log that is looked at next.
    let sealed = audit.seals().latest().await?.map_or(0, |last| last.size);
    let ends = audit.ends().await?;
    let head = ends.head.map_or(ends.last.position, |head| head.position);
    let mut blind_spots = trust.blind_spots();
    let keys = audit.seals().keys().await?;
    let chain = match KeyChain::check(&keys) {
        Ok(chain) => chain,
        Err(error) => {
            let problem = format!("the keys of the log do not follow from each other: {error}");
            return Ok(Checked::broken(head, Finding::new(1, problem)));
        }
    };
    let unusable = trust.keep_those_of(&chain);
    let untrusted = trust.contradiction(&chain);
    let seals = Seals::stored(chain, audit.seals(), sealed, trust.witnessed);

    let steps = u64::try_from(head).unwrap_or_default();
    let bar = output.progress("verifying", steps * 2);
    let found = tokio::try_join!(
        by_position(audit, head, seals, &bar),
        by_stream(audit, head, &bar),
        commands(audit, head),
    );
    bar.finish_and_clear();
    let (by_position, (streams, in_streams), commands) = found?;
    let ByPosition {
        found: positions,
        seals,
        key_events,
    } = by_position;
    // A log that was being sealed for the first time when this began has its
    // first head by now, if it says that it has one.
    let is_sealed = sealed > 0 || audit.seals().latest().await?.is_some();
    let findings = [
        at_the_end(&ends),
        positions,
        in_streams,
        commands,
        key_events.contradiction(&keys, is_sealed),
        untrusted,
    ];
    let first = findings.into_iter().fold(None, Finding::first);
    if let (None, Some(problem)) = (&first, unusable) {
        bail!(problem);
    }
    if sealed < head {
        blind_spots.push(if sealed == 0 {
            "The log is not sealed yet: let `docket serve` run for a moment.".to_owned()
        } else {
            format!("What stands behind position {sealed} is not sealed yet.")
        });
    }
    Ok(Checked {
        head,
        sealed,
        events: head,
        is_part: false,
        streams,
        recorded_at: ends.last.recorded_at,
        root: (seals.size() == head && head > 0).then(|| seals.root()),
        first,
        blind_spots,
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

/// What one reader makes of a chunk of events.
struct Read {
    chunk: Vec<RecordedEvent>,
    leaves: Vec<Hash>,
    wrong: Option<Finding>,
    claims: Vec<Claimed>,
}

fn read(chunk: Vec<RecordedEvent>) -> Read {
    let (wrong, claims) = content::look(&chunk);
    Read {
        leaves: chunk.iter().map(leaf_of).collect(),
        wrong,
        claims,
        chunk,
    }
}

/// What the reader by position has come to.
struct ByPosition {
    found: Option<Finding>,
    seals: Seals,
    key_events: KeyEvents,
}

/// Reads in the order of positions, up to the first thing that is wrong.
async fn by_position(
    audit: &Audit,
    head: i64,
    mut seals: Seals,
    bar: &ProgressBar,
) -> anyhow::Result<ByPosition> {
    let workers = std::thread::available_parallelism().map_or(1, NonZero::get);
    let mut chunks = audit
        .scan(head)
        .map_err(anyhow::Error::from)
        .map_ok(|chunk| async move {
            let reading = tokio::task::spawn_blocking(move || read(chunk));
            Ok(reading.await?)
        })
        .try_buffered(workers);
    let mut order = Order::default();
    let mut key_events = KeyEvents::default();
    let found = loop {
        let Read {
            chunk,
            leaves,
            wrong,
            claims,
        } = match chunks.try_next().await {
            Ok(Some(read)) => read,
            Ok(None) => {
                let cut = seals.finish().await?;
                break Finding::first(order.finish(head), cut);
            }
            Err(error) => break Some(Finding::from_error(error.downcast()?)?),
        };
        for event in &chunk {
            key_events.take(event);
        }
        let in_order = chunk.iter().find_map(|event| order.take(event).err());
        let sealed = seals.take(&leaves).await?;
        let mut first = Finding::first(Finding::first(in_order, wrong), sealed);
        if !claims.is_empty()
            && let Some(position) = audit.first_claim_not_held(&claims).await?
        {
            let problem = format!(
                "the key that the event at position {position} claims is not reserved for its object"
            );
            first = Finding::first(first, Some(Finding::new(position, problem)));
        }
        if first.is_some() {
            break first;
        }
        bar.inc(chunk.len() as u64);
    };
    Ok(ByPosition {
        found,
        seals,
        key_events,
    })
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

/// What the readers do not see: the hash of each command's request, commands
/// that stand in the log twice, and keys that are reserved for nobody.
async fn commands(audit: &Audit, head: i64) -> anyhow::Result<Option<Finding>> {
    /// How many positions one statement looks at; none holds a snapshot long.
    const RANGE: i64 = 500_000;
    let repeated = audit.first_repeated_command(head).await?.map(|position| {
        Finding::new(
            position,
            format!("the command of the event at position {position} stands in the log already"),
        )
    });
    if let Some((scope, key)) = audit.first_key_of_nobody().await? {
        let problem =
            format!("the key {key:?} of {scope} is reserved for an object without events");
        return Ok(Finding::first(repeated, Some(Finding::new(0, problem))));
    }
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
