//! `docket-replay verify`: whether the log is whole and unaltered, in its
//! database or as an export, held against its seals and against what the one
//! who asks has from elsewhere.

mod blocks;
mod content;
mod database;
mod export;
mod fold;
mod key_events;
mod order;
mod seals;
mod streams;
mod trust;

use std::path::{Path, PathBuf};
use std::time::Instant;

use chrono::{DateTime, Utc};
use clap::Args;
use event_store::seal::Hash;
use event_store::{Audit, StoreError};
use serde::Serialize;

use crate::Verdict;
use crate::output::{Output, count, one_line, time};
pub(crate) use trust::trusted_key;
use trust::{Trust, TrustArgs};

/// What is verified, and by what.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The directory of an export, which is verified instead of a database:
    /// nothing else is needed.
    #[arg(long, value_name = "DIR", env = "DOCKET_REPLAY_EXPORT")]
    pub(crate) export: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) trust: TrustArgs,
}

/// Something that is wrong with the log.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Finding {
    /// The first position that it concerns; 0 where that cannot be known.
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
            .min_by_key(|finding| match finding.position {
                // What has a place says more than what has none.
                0 => i64::MAX,
                position => position,
            })
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
    /// Up to where the log is sealed.
    sealed: i64,
    /// The root over all events, in base64.
    root_hash: Option<String>,
    /// What this check could not see.
    blind_spots: &'a [String],
}

/// What a check has come to.
struct Checked {
    head: i64,
    sealed: i64,
    events: i64,
    /// Whether these are only some of the log's events.
    is_part: bool,
    streams: i64,
    recorded_at: Option<DateTime<Utc>>,
    root: Option<Hash>,
    first: Option<Finding>,
    blind_spots: Vec<String>,
}

impl Checked {
    /// Something is wrong before anything was read.
    fn broken(head: i64, finding: Finding) -> Self {
        Self {
            head,
            sealed: 0,
            events: 0,
            is_part: false,
            streams: 0,
            recorded_at: None,
            root: None,
            first: Some(finding),
            blind_spots: Vec::new(),
        }
    }
}

/// Checks the log of a database up to its present head.
pub(crate) async fn run(
    audit: &Audit,
    trust: &TrustArgs,
    output: &mut Output,
) -> anyhow::Result<Verdict> {
    let started = Instant::now();
    let trust = Trust::read(trust)?;
    let checked = database::check(audit, trust, output).await?;
    say(&checked, started, output)
}

/// Checks an export, without a database.
pub(crate) async fn run_on_export(
    directory: &Path,
    trust: &TrustArgs,
    output: &mut Output,
) -> anyhow::Result<Verdict> {
    let started = Instant::now();
    let trust = Trust::read(trust)?;
    let checked = export::check(directory, trust, output).await?;
    say(&checked, started, output)
}

fn say(checked: &Checked, started: Instant, output: &mut Output) -> anyhow::Result<Verdict> {
    let first = checked.first.as_ref();
    let position = first
        .map(|finding| finding.position)
        .filter(|position| *position > 0);
    let root_hash = checked.root.map(Hash::to_base64);
    if output.is_json() {
        output.json(&Report {
            ok: first.is_none(),
            head: checked.head,
            first_bad_position: position,
            problem: first.map(|finding| &*finding.problem),
            sealed: checked.sealed,
            root_hash,
            blind_spots: &checked.blind_spots,
        })?;
    } else {
        match (first, checked.recorded_at) {
            (Some(finding), _) => {
                let position = position.map_or("unknown".to_owned(), |at| at.to_string());
                output.line(format_args!(
                    "The log is altered or broken. First bad position: {position}\n{}",
                    one_line(&finding.problem)
                ))?;
            }
            (None, None) if checked.is_part => {
                output.line("This export has no events, and what goes with it is unaltered.")?;
            }
            (None, None) => output.line("The log is whole: it is empty.")?,
            (None, Some(recorded_at)) if checked.is_part => output.line(format_args!(
                "These {} of a log of {} are unaltered, the last recorded at {}. \
                 Checked in {:.1} s.",
                count(checked.events, "event"),
                checked.head,
                time(recorded_at),
                started.elapsed().as_secs_f64()
            ))?,
            (None, Some(recorded_at)) => output.line(format_args!(
                "The log is whole: {} in {}, the last at position {}, recorded at {}. \
                 Checked in {:.1} s.",
                count(checked.events, "event"),
                count(checked.streams, "stream"),
                checked.head,
                time(recorded_at),
                started.elapsed().as_secs_f64()
            ))?,
        }
        if first.is_none() && checked.head > 0 {
            if let Some(root) = &root_hash {
                output.line(format_args!("Root hash over all of it: {root}"))?;
            }
            for blind_spot in &checked.blind_spots {
                output.line(blind_spot)?;
            }
        }
    }
    Ok(match first {
        None => Verdict::Well,
        Some(_) => Verdict::Found,
    })
}
