//! `docket-replay process-log`: the log in the forms that process mining
//! reads: OCEL 2.0, as JSON or SQLite, with every kind of object at once, and
//! XES for the cases of one kind.
//!
//! The log is read once, stream by stream. What is held in memory is one
//! stream, the identities of the work items, and the objects that are none:
//! people, teams, categories, configuration items.

mod attributes;
mod item_fold;
mod mapping;
mod model;
mod ocel_json;
mod ocel_sqlite;
mod others;
mod relations;
mod selection;
mod xes;

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use chrono::{DateTime, Utc};
use clap::{Args, ValueEnum};
use domain::audit::{ExportFormat, Exported};
use event_store::{Audit, Database};
use serde_json::json;
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;
use uuid::Uuid;

use crate::Verdict;
use crate::as_of::moment;
use crate::log_streams::{LogStreams, decoded};
use crate::output::{Output, count};
use crate::record_export::{self, Record};
use mapping::Mapping;
use model::Sink;
use ocel_json::OcelJson;
use ocel_sqlite::OcelSqlite;
use relations::PRACTICES;
use selection::{Basis, Selection};
use xes::Xes;

/// In which form, where to, and which part of the log.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The form.
    #[arg(long, value_enum, env = "DOCKET_REPLAY_FORMAT")]
    format: Format,

    /// The file to write, which must not be there yet. Readers tell the form
    /// by the ending: .json, .sqlite, .xes.
    #[arg(long, value_name = "FILE", env = "DOCKET_REPLAY_OUTPUT")]
    output: PathBuf,

    /// Who takes it away: the name that stands in the log.
    #[arg(long, value_name = "NAME", env = "DOCKET_REPLAY_BY")]
    by: String,

    /// For XES: what a case is.
    #[arg(long, value_enum, default_value_t, env = "DOCKET_REPLAY_OBJECT")]
    object: Case,

    /// Which of its two times an event has in the process log. The other one
    /// is kept as an attribute.
    #[arg(long, value_enum, default_value_t, env = "DOCKET_REPLAY_TIME")]
    time: Basis,

    /// The first position.
    #[arg(
        long,
        value_name = "N",
        default_value_t = 1,
        value_parser = clap::value_parser!(i64).range(1..),
        env = "DOCKET_REPLAY_FROM_POSITION"
    )]
    from_position: i64,

    /// The last position. Default: the end of the log.
    #[arg(
        long,
        value_name = "N",
        value_parser = clap::value_parser!(i64).range(1..),
        env = "DOCKET_REPLAY_TO_POSITION"
    )]
    to_position: Option<i64>,

    /// Only events at or after this time, by the time that --time chooses.
    #[arg(long, value_name = "TIME", value_parser = moment, env = "DOCKET_REPLAY_SINCE")]
    since: Option<DateTime<Utc>>,

    /// Only events at or before this time.
    #[arg(long, value_name = "TIME", value_parser = moment, env = "DOCKET_REPLAY_UNTIL")]
    until: Option<DateTime<Utc>>,
}

/// The forms of a process log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// OCEL 2.0 as JSON.
    OcelJson,
    /// OCEL 2.0 as a SQLite file.
    OcelSqlite,
    /// XES, IEEE 1849-2016.
    Xes,
}

/// What a case of XES is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Case {
    /// An incident, from its registration on.
    #[default]
    Incident,
    /// All that a team had to do with.
    Team,
    /// All that a person had to do with.
    Person,
}

impl Case {
    fn kind(self) -> &'static str {
        match self {
            Self::Incident => "incident",
            Self::Team => "team",
            Self::Person => "person",
        }
    }
}

/// Writes the file.
pub(crate) async fn run(
    database: &Database,
    arguments: &Arguments,
    output: &mut Output,
) -> anyhow::Result<Verdict> {
    let audit = &Audit::new(database.pool().clone());
    let selection = chosen(audit, arguments).await?;
    let path = &arguments.output;
    if path.exists() {
        bail!(
            "{} is there already; remove it, or name another file with --output",
            path.display()
        );
    }
    let unfinished = unfinished(path)?;
    let sink = sink(arguments, unfinished.path())
        .with_context(|| format!("{} cannot be written", path.display()))?;
    let (events, objects) = write(audit, selection, sink, output).await?;
    let record = Record {
        id: Uuid::now_v7(),
        by: &arguments.by,
        at: record_export::now(),
        exported: exported(arguments, selection, events, unfinished.path())?,
    };
    record_export::record(database, record).await?;
    unfinished
        .persist_noclobber(path)
        .with_context(|| format!("{} cannot be written", path.display()))?;
    if output.is_json() {
        output.json(&json!({
            "output": path,
            "events": events,
            "objects": objects,
            "fromPosition": selection.from,
            "toPosition": selection.upto,
        }))?;
    } else {
        output.line(format_args!(
            "{}: {} about {}, up to position {}",
            path.display(),
            count(events, "event"),
            count(objects, "object"),
            selection.upto
        ))?;
    }
    Ok(Verdict::Well)
}

/// What the log is told of the file.
fn exported(
    arguments: &Arguments,
    selection: Selection,
    events: i64,
    file: &Path,
) -> anyhow::Result<Exported> {
    let mut hasher = Sha256::new();
    std::io::copy(&mut std::fs::File::open(file)?, &mut hasher)?;
    Ok(Exported {
        format: match arguments.format {
            Format::OcelJson => ExportFormat::OcelJson,
            Format::OcelSqlite => ExportFormat::OcelSqlite,
            Format::Xes => ExportFormat::Xes,
        },
        from_position: selection.from,
        to_position: selection.upto,
        aggregate_types: Vec::new(),
        aggregate_id: None,
        event_types: Vec::new(),
        recorded_from: selection.since,
        recorded_to: selection.until,
        events,
        sha256: format!("{:x}", hasher.finalize()),
        checkpoint_size: None,
    })
}

async fn chosen(audit: &Audit, arguments: &Arguments) -> anyhow::Result<Selection> {
    let head = audit.head().await?.position;
    let upto = arguments.to_position.unwrap_or(head);
    if upto > head {
        bail!("there is no position {upto} yet: the log ends at {head}");
    }
    Ok(Selection {
        basis: arguments.time,
        from: arguments.from_position,
        upto,
        since: arguments.since,
        until: arguments.until,
    })
}

/// A file beside the wanted one, which takes its place when it is complete and
/// is gone when it is not. Its owner alone may read it: it names people.
fn unfinished(path: &Path) -> anyhow::Result<NamedTempFile> {
    let directory = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    NamedTempFile::new_in(directory).with_context(|| {
        format!(
            "{} cannot be written; check the directory and the right to write into it",
            path.display()
        )
    })
}

fn sink(arguments: &Arguments, path: &Path) -> anyhow::Result<Box<dyn Sink>> {
    let file = || std::fs::OpenOptions::new().write(true).open(path);
    Ok(match arguments.format {
        Format::OcelJson => Box::new(OcelJson::new(file()?)?),
        Format::OcelSqlite => Box::new(OcelSqlite::new(path)?),
        Format::Xes => Box::new(Xes::new(file()?, arguments.object.kind())?),
    })
}

/// Reads the log and hands it on; says how many events and objects there were.
async fn write(
    audit: &Audit,
    selection: Selection,
    sink: Box<dyn Sink>,
    output: &Output,
) -> anyhow::Result<(i64, i64)> {
    let length = u64::try_from(selection.upto).unwrap_or_default();
    let bar = output.progress("writing", length);
    let mut streams = LogStreams::read(audit, selection.upto);
    let mut mapping = Mapping::new(selection, sink);
    while let Some(stream) = streams.next().await? {
        mapping.take(&stream)?;
        bar.inc(stream.len() as u64);
    }
    for id in mapping.missing() {
        let mut recorded = Vec::new();
        for practice in PRACTICES {
            recorded.extend(audit.stream(practice, id, Some(selection.upto)).await?);
        }
        let stream: Vec<_> = recorded
            .into_iter()
            .map(decoded)
            .collect::<anyhow::Result<_>>()?;
        mapping.take_missing(id, &stream)?;
    }
    bar.finish_and_clear();
    mapping.finish()
}
