//! The log as an export, verified with nothing else at hand. Blocks of events
//! are read, hashed and decoded on all processors; one thread takes them in
//! their order, holds them against the seals and folds the aggregates.
//!
//! Each aggregate that is folded takes memory. A long log is folded in several
//! passes, a share of its aggregates at a time, so that memory stays bounded.

use std::collections::VecDeque;
use std::path::Path;

use anyhow::bail;
use chrono::{DateTime, Utc};
use event_store::seal::{Hash, KeyRow};
use indicatif::ProgressBar;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::blocks::{Block, Blocks, Event, Pass};
use super::key_events::KeyEvents;
use super::order::Order;
use super::seals::{Seals, altered};
use super::streams::ManyStreams;
use super::trust::Trust;
use super::{Checked, Finding};
use crate::output::Output;
use crate::package::{EVENTS_NDJSON, LEAVES, Package};

/// How many events are folded in one pass at most.
const EVENTS_PER_PASS: i64 = 4_000_000;

/// Checks an export.
pub(super) async fn check(
    directory: &Path,
    mut trust: Trust,
    output: &mut Output,
) -> anyhow::Result<Checked> {
    let package = Package::open(directory)?;
    let size = package.head.size()?;
    let mut blind_spots = trust.blind_spots();
    let chain = match package.chain() {
        Ok(chain) => chain,
        Err(error) => {
            let problem = format!("the keys of the log do not follow from each other: {error}");
            return Ok(Checked::broken(size, Finding::new(0, problem)));
        }
    };
    let unusable = trust.keep_those_of(&chain);
    let untrusted = trust.contradiction(&chain);
    let seals = Seals::of_export(chain, &package.head, trust.witnessed)?;
    let length = u64::try_from(package.manifest.events).unwrap_or_default();
    let bar = output.progress("verifying", length);
    let is_complete = package.manifest.complete;
    let mut reading = Reading {
        package: &package,
        seals,
        bar: &bar,
        events: 0,
        recorded_at: None,
    };
    let (read, streams) = if is_complete {
        reading.whole().await?
    } else {
        blind_spots.push(
            "Of a part of a log, gaps are no fault, and aggregates cannot be folded.".to_owned(),
        );
        (reading.part().await?, 0)
    };
    let Reading {
        seals,
        events,
        recorded_at,
        ..
    } = reading;
    bar.finish_and_clear();
    let mut first = [read, untrusted].into_iter().fold(None, Finding::first);
    if first.is_none() {
        // Of all events of a log, each leaf was computed and held against the
        // signed root, which says more than the hash of a file.
        let proved = [EVENTS_NDJSON, LEAVES];
        let but = if is_complete { &proved[..] } else { &[] };
        let file = package.manifest.first_wrong_file(&package.directory, but)?;
        first = file.map(|problem| Finding::new(0, problem));
    }
    if first.is_none() && events != package.manifest.events {
        let problem = format!(
            "the manifest says that there are {} events, and there are {events}",
            package.manifest.events
        );
        first = Some(Finding::new(0, problem));
    }
    if let (None, Some(problem)) = (&first, unusable) {
        bail!(problem);
    }
    Ok(Checked {
        head: size,
        sealed: size,
        events,
        is_part: !is_complete,
        streams,
        recorded_at,
        root: (seals.size() == size).then(|| seals.root()),
        first,
        blind_spots,
    })
}

/// An export that is being read.
struct Reading<'p> {
    package: &'p Package,
    seals: Seals,
    bar: &'p ProgressBar,
    events: i64,
    recorded_at: Option<DateTime<Utc>>,
}

impl Reading<'_> {
    /// Reads all events of a log: what holds for each, from one to the next,
    /// and within each stream. Returns how many streams there are.
    async fn whole(&mut self) -> anyhow::Result<(Option<Finding>, i64)> {
        let size = self.package.manifest.events;
        let passes = u64::try_from(size / EVENTS_PER_PASS)? + 1;
        let mut order = Order::default();
        let mut key_events = KeyEvents::default();
        let mut leaves = self.package.leaves()?;
        let mut folding = Folding::start();
        let mut found = None;
        let mut blocks = Blocks::open(self.package, Pass { number: 0, passes })?;
        while let Some(block) = blocks.next().await? {
            let stored = leaves.next(block.leaves.len())?;
            found = differing(&block, &stored);
            for event in &block.events {
                found = Finding::first(found, order.take(&event.recorded).err());
                key_events.take(&event.recorded);
            }
            found = Finding::first(found, self.seals.take(&block.leaves).await?);
            found = Finding::first(found, block.wrong);
            self.count(&block.events);
            folding.take(block.events).await;
            if found.is_some() {
                break;
            }
        }
        let (folded, mut count) = folding.finish().await?;
        found = Finding::first(found, folded);
        if found.is_none() {
            found = self.seals.finish().await?;
        }
        if found.is_none() {
            let keys: Vec<KeyRow> = self.package.keys.iter().cloned().map(Into::into).collect();
            found = key_events.contradiction(&keys, true);
        }
        for number in 1..passes {
            if found.is_some() {
                break;
            }
            let mut folding = Folding::start();
            let mut blocks = Blocks::open(self.package, Pass { number, passes })?;
            while let Some(block) = blocks.next().await? {
                folding.take(block.events).await;
            }
            let (folded, more) = folding.finish().await?;
            found = folded;
            count += more;
        }
        Ok((found, i64::try_from(count)?))
    }

    /// Reads a part of a log: each event must be the one whose hash stands
    /// among the hashes of all, over which the head was signed.
    async fn part(&mut self) -> anyhow::Result<Option<Finding>> {
        const LEAVES: usize = 4_096;
        let mut leaves = self.package.leaves()?;
        let pass = Pass {
            number: 0,
            passes: 1,
        };
        let mut blocks = Blocks::open(self.package, pass)?;
        let mut waiting: VecDeque<(i64, Hash)> = VecDeque::new();
        let mut last = 0;
        loop {
            let stored = leaves.next(LEAVES)?;
            if stored.is_empty() {
                break;
            }
            let first = self.seals.size() + 1;
            let upto = self.seals.size() + i64::try_from(stored.len())?;
            while waiting.back().is_none_or(|(position, _)| *position <= upto) {
                let Some(block) = blocks.next().await? else {
                    break;
                };
                if block.wrong.is_some() {
                    return Ok(block.wrong);
                }
                self.count(&block.events);
                let positions = block.events.iter().map(|event| event.recorded.position);
                waiting.extend(positions.zip(block.leaves));
            }
            while waiting
                .front()
                .is_some_and(|(position, _)| *position <= upto)
            {
                let Some((position, leaf)) = waiting.pop_front() else {
                    break;
                };
                let place = usize::try_from(position - first).ok();
                if position <= last || place.and_then(|place| stored.get(place)) != Some(&leaf) {
                    return Ok(Some(altered(position)));
                }
                last = position;
            }
            if let Some(found) = self.seals.take(&stored).await? {
                return Ok(Some(found));
            }
        }
        if let Some((position, _)) = waiting.front() {
            let problem = format!("the event at position {position} lies behind the signed head");
            return Ok(Some(Finding::new(*position, problem)));
        }
        self.seals.finish().await
    }

    fn count(&mut self, events: &[Event]) {
        self.events += i64::try_from(events.len()).unwrap_or_default();
        self.bar.inc(events.len() as u64);
        if let Some(last) = events.last() {
            self.recorded_at = Some(last.recorded.recorded_at);
        }
    }
}

/// The first event whose hash is not the one that stands among the hashes of
/// all. Those may have been altered, too: whether they are right the head
/// tells.
fn differing(block: &Block, stored: &[Hash]) -> Option<Finding> {
    let place = block
        .leaves
        .iter()
        .zip(stored)
        .position(|(one, other)| one != other)?;
    block
        .events
        .get(place)
        .map(|event| altered(event.recorded.position))
}

/// Folds events on a thread of its own, in their order.
struct Folding {
    events: mpsc::Sender<Vec<Event>>,
    folded: JoinHandle<(Option<Finding>, usize)>,
}

impl Folding {
    fn start() -> Self {
        let (events, mut blocks) = mpsc::channel::<Vec<Event>>(2);
        let folded = tokio::task::spawn_blocking(move || {
            let mut streams = ManyStreams::default();
            let mut found = None;
            while let Some(block) = blocks.blocking_recv() {
                for Event { recorded, decoded } in block {
                    if let Some(decoded) = decoded {
                        found = Finding::first(found, streams.take(&recorded, decoded));
                    }
                }
            }
            (found, streams.count())
        });
        Self { events, folded }
    }

    async fn take(&mut self, events: Vec<Event>) {
        // It takes all until it is finished.
        let _taken = self.events.send(events).await;
    }

    /// What is wrong at the first position, and how many streams there are.
    async fn finish(self) -> anyhow::Result<(Option<Finding>, usize)> {
        drop(self.events);
        Ok(self.folded.await?)
    }
}
