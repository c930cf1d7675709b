//! The events of an export, in blocks that are read ahead, hashed and decoded
//! on all processors, and handed on in their order.

use std::collections::VecDeque;
use std::num::NonZero;

use domain::audit::ExportFormat;
use event_store::RecordedEvent;
use event_store::seal::{Entry, Hash, leaf_hash, leaf_of};
use projections::DeskEvent;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::{Finding, content};
use crate::package::{EVENTS_PARQUET, Lines, Package, ParquetEvents, bare};

/// Which share of the aggregates is folded.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pass {
    pub(super) number: u64,
    pub(super) passes: u64,
}

impl Pass {
    fn folds(self, event: &RecordedEvent) -> bool {
        let (high, low) = event.aggregate_id.as_u64_pair();
        (high ^ low) % self.passes == self.number
    }
}

/// An event, and what it says, where it is folded in this pass.
pub(super) struct Event {
    pub(super) recorded: RecordedEvent,
    pub(super) decoded: Option<DeskEvent>,
}

/// Some neighbouring events, read.
pub(super) struct Block {
    pub(super) events: Vec<Event>,
    pub(super) leaves: Vec<Hash>,
    /// The first that cannot be read, or is not in the form that is sealed.
    pub(super) wrong: Option<Finding>,
}

/// The blocks of an export.
pub(super) struct Blocks {
    raw: mpsc::Receiver<anyhow::Result<Raw>>,
    pass: Pass,
    under_way: VecDeque<JoinHandle<Block>>,
    /// How many are decoded at once, or wait for their turn.
    ahead: usize,
}

enum Source {
    Lines(Lines),
    Parquet(Box<ParquetEvents>),
}

enum Raw {
    Lines(Vec<u8>),
    Events(Vec<RecordedEvent>),
}

impl Blocks {
    pub(super) fn open(package: &Package, pass: Pass) -> anyhow::Result<Self> {
        /// How many blocks are read before somebody decodes them.
        const AHEAD: usize = 2;
        let mut source = if package.manifest.format == ExportFormat::Parquet {
            let path = package.directory.join(EVENTS_PARQUET);
            Source::Parquet(Box::new(ParquetEvents::open(&path)?))
        } else {
            Source::Lines(package.lines()?)
        };
        let (sender, raw) = mpsc::channel(AHEAD);
        tokio::task::spawn_blocking(move || {
            while let Some(block) = source.next().transpose() {
                let is_last = block.is_err();
                if sender.blocking_send(block).is_err() || is_last {
                    return;
                }
            }
        });
        Ok(Self {
            raw,
            pass,
            under_way: VecDeque::new(),
            ahead: std::thread::available_parallelism().map_or(1, NonZero::get) * 3,
        })
    }

    /// The next block; nothing at the end.
    pub(super) async fn next(&mut self) -> anyhow::Result<Option<Block>> {
        while self.under_way.len() < self.ahead {
            let Some(raw) = self.raw.recv().await else {
                break;
            };
            let (raw, pass) = (raw?, self.pass);
            self.under_way
                .push_back(tokio::task::spawn_blocking(move || read(raw, pass)));
        }
        match self.under_way.pop_front() {
            Some(block) => Ok(Some(block.await?)),
            None => Ok(None),
        }
    }
}

impl Source {
    fn next(&mut self) -> anyhow::Result<Option<Raw>> {
        const EVENTS: usize = 2_048;
        match self {
            Self::Lines(lines) => Ok(lines.next_block()?.map(Raw::Lines)),
            Self::Parquet(rows) => {
                let events = rows.take(EVENTS).collect::<anyhow::Result<Vec<_>>>()?;
                Ok((!events.is_empty()).then_some(Raw::Events(events)))
            }
        }
    }
}

fn read(raw: Raw, pass: Pass) -> Block {
    let count = match &raw {
        Raw::Lines(bytes) => memchr::memchr_iter(b'\n', bytes).count(),
        Raw::Events(events) => events.len(),
    };
    let mut block = Block {
        events: Vec::with_capacity(count),
        leaves: Vec::with_capacity(count),
        wrong: None,
    };
    match raw {
        Raw::Lines(bytes) => {
            let mut begin = 0;
            for end in memchr::memchr_iter(b'\n', &bytes) {
                let line = bare(&bytes[begin..end]);
                begin = end + 1;
                if line.is_empty() {
                    continue;
                }
                block.leaves.push(leaf_hash(line));
                let event = std::str::from_utf8(line)
                    .map_err(|error| error.to_string())
                    .and_then(|line| Entry::read(line).map_err(|error| error.to_string()));
                match event {
                    Ok(event) => block.take(event, pass),
                    Err(problem) => {
                        block.unreadable(line, &problem);
                        break;
                    }
                }
            }
        }
        Raw::Events(events) => {
            for event in events {
                block.leaves.push(leaf_of(&event));
                block.take(event, pass);
            }
        }
    }
    block
}

impl Block {
    fn take(&mut self, recorded: RecordedEvent, pass: Pass) {
        let is_first_pass = pass.number == 0;
        let folds = pass.folds(&recorded);
        let decoded = (is_first_pass || folds).then(|| content::readable(&recorded));
        let decoded = match decoded {
            Some(Ok(decoded)) => folds.then_some(decoded),
            Some(Err(problem)) => {
                let position = recorded.position;
                self.wrong.get_or_insert_with(|| {
                    let problem = format!("the event at position {position} {problem}");
                    Finding::new(position, problem)
                });
                None
            }
            None => None,
        };
        self.events.push(Event { recorded, decoded });
    }

    /// A line that cannot be read. What the lines before it say tells where it
    /// stands.
    fn unreadable(&mut self, line: &[u8], problem: &str) {
        let after = self.events.last().map(|event| event.recorded.position);
        let position = after.map_or_else(|| position_of(line), |after| after + 1);
        self.wrong.get_or_insert_with(|| {
            let problem = format!("a line of the events cannot be read: {problem}");
            Finding::new(position, problem)
        });
    }
}

/// The position that a line names, if it can still be made out.
fn position_of(line: &[u8]) -> i64 {
    const ID: &str = r#","id":""#;
    let text = String::from_utf8_lossy(line);
    let number = text
        .rsplit_once(ID)
        .and_then(|(_, rest)| rest.split_once('"'));
    number
        .and_then(|(number, _)| number.parse().ok())
        .unwrap_or(0)
}
