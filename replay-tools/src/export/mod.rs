//! `docket-replay export`: a part of the log, or all of it, taken away in a
//! form that others can read and check without us. Streaming: memory does not
//! grow with the log. That it was made, by whom and of what, is an event of
//! the log before the export is complete.

mod page;

use std::fs::File;
use std::io::{BufWriter, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use chrono::{DateTime, Utc};
use clap::{Args, ValueEnum};
use domain::audit::{ExportFormat, Exported};
use event_store::seal::{TILE_WIDTH, TileId, entry_of};
use event_store::{Audit, Database, RecordedEvent};
use futures_util::TryStreamExt;
use indicatif::ProgressBar;
use serde_json::json;
use uuid::Uuid;

use crate::Verdict;
use crate::as_of::moment;
use crate::output::{Output, count};
use crate::package::{
    CHECKPOINT, EVENTS_NDJSON, EVENTS_PARQUET, FileEntry, Head, KEYS, KeyEntry, LEAVES, MANIFEST,
    Manifest, ParquetWriter, Selection, VERIFY,
};
use crate::record_export::{self, Record};

/// What is exported, and where to.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The directory of the export, which must not exist yet.
    #[arg(long, value_name = "DIR", env = "DOCKET_REPLAY_EXPORT_OUTPUT")]
    output: PathBuf,

    /// Who takes it away: the name that stands in the log.
    #[arg(long, value_name = "NAME", env = "DOCKET_REPLAY_BY")]
    by: String,

    /// The form of the events.
    #[arg(long, value_enum, default_value_t, env = "DOCKET_REPLAY_EXPORT_FORMAT")]
    format: Format,

    /// Only from this position on.
    #[arg(
        long,
        value_name = "N",
        value_parser = clap::value_parser!(i64).range(1..),
        env = "DOCKET_REPLAY_EXPORT_FROM"
    )]
    from: Option<i64>,

    /// Only up to this position.
    #[arg(
        long,
        value_name = "N",
        value_parser = clap::value_parser!(i64).range(1..),
        env = "DOCKET_REPLAY_EXPORT_TO"
    )]
    to: Option<i64>,

    /// Only what was recorded from then on, such as 2026-03-01T09:00:00Z.
    #[arg(long, value_name = "TIME", value_parser = moment, env = "DOCKET_REPLAY_EXPORT_SINCE")]
    since: Option<DateTime<Utc>>,

    /// Only what was recorded before then.
    #[arg(long, value_name = "TIME", value_parser = moment, env = "DOCKET_REPLAY_EXPORT_UNTIL")]
    until: Option<DateTime<Utc>>,

    /// Only what happened to these kinds of objects, such as `incident`.
    #[arg(
        long,
        value_name = "TYPE",
        value_delimiter = ',',
        env = "DOCKET_REPLAY_EXPORT_AGGREGATE_TYPE"
    )]
    aggregate_type: Vec<String>,

    /// Only what happened to this object, by its UUID.
    #[arg(long, value_name = "UUID", env = "DOCKET_REPLAY_EXPORT_OBJECT")]
    object: Option<Uuid>,

    /// Only events of these names, such as `Resolved`.
    #[arg(
        long,
        value_name = "NAME",
        value_delimiter = ',',
        env = "DOCKET_REPLAY_EXPORT_EVENT_TYPE"
    )]
    event_type: Vec<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// CloudEvents 1.0, one JSON object a line: what seals are computed over.
    #[default]
    Cloudevents,
    /// Apache Parquet.
    Parquet,
}

impl From<Format> for ExportFormat {
    fn from(format: Format) -> Self {
        match format {
            Format::Cloudevents => Self::CloudEvents,
            Format::Parquet => Self::Parquet,
        }
    }
}

impl Arguments {
    /// What is asked for, of a log that is sealed up to a size.
    fn selection(&self, sealed: i64) -> anyhow::Result<Selection> {
        let to = self.to.unwrap_or(sealed);
        if to > sealed {
            bail!(
                "the log is sealed up to position {sealed}, and --to {to} lies behind it: wait \
                 until a running `docket serve` has sealed it"
            );
        }
        Ok(Selection {
            from_position: self.from.unwrap_or(1),
            to_position: to,
            aggregate_types: self.aggregate_type.clone(),
            aggregate_id: self.object,
            event_types: self.event_type.clone(),
            recorded_from: self.since,
            recorded_to: self.until,
        })
    }
}

/// Exports what is asked for.
pub(crate) async fn run(
    database: &Database,
    arguments: &Arguments,
    output: &mut Output,
) -> anyhow::Result<Verdict> {
    let audit = Audit::new(database.pool().clone());
    let latest = audit
        .seals()
        .latest()
        .await?
        .context("the log is not sealed yet: let `docket serve` run for a moment")?;
    let note = audit.seals().cosigned_note(&latest).await?;
    let head = Head::read(&note)?;
    let selection = arguments.selection(latest.size)?;

    // The events name people: nobody but the one who exports may read them
    // until that one decides otherwise.
    let made = std::fs::DirBuilder::new()
        .mode(0o700)
        .create(&arguments.output);
    made.with_context(|| {
        format!(
            "{} cannot be made; an export goes into a directory of its own",
            arguments.output.display()
        )
    })?;
    let directory = &*arguments.output;
    let made = make(database, &audit, arguments, &head, &note, selection, output).await;
    let manifest = match made {
        Ok(manifest) => manifest,
        Err(error) => {
            // A part of an export looks like evidence, and is none.
            std::fs::remove_dir_all(directory)
                .with_context(|| format!("{} is unfinished", directory.display()))?;
            return Err(error);
        }
    };
    say(&manifest, directory, output)?;
    Ok(Verdict::Well)
}

async fn make(
    database: &Database,
    audit: &Audit,
    arguments: &Arguments,
    head: &Head,
    note: &str,
    selection: Selection,
    output: &mut Output,
) -> anyhow::Result<Manifest> {
    let directory = &*arguments.output;
    let size = head.size()?;
    let events = write_events(audit, arguments.format, &selection, directory, output).await?;
    write_leaves(audit, size, &directory.join(LEAVES)).await?;
    std::fs::write(directory.join(CHECKPOINT), note)?;
    let keys: Vec<KeyEntry> = audit
        .seals()
        .keys()
        .await?
        .into_iter()
        .map(Into::into)
        .collect();
    let key = keys.last().map(|key| key.verifier_key.clone());
    std::fs::write(
        directory.join(KEYS),
        serde_json::to_string_pretty(&keys)? + "\n",
    )?;

    let format = ExportFormat::from(arguments.format);
    let mut manifest = Manifest {
        form: Manifest::form(),
        export_id: Uuid::now_v7(),
        format,
        origin: head.checkpoint.origin.clone(),
        made_at: record_export::now(),
        made_by: arguments.by.clone(),
        complete: selection.is_everything(size),
        selection,
        events,
        checkpoint_size: size,
        root_hash: head.root().to_base64(),
        files: Vec::new(),
    };
    let page = page::text(&manifest, key.as_deref().unwrap_or_default());
    std::fs::write(directory.join(VERIFY), page)?;
    for name in [manifest.events_file(), LEAVES, CHECKPOINT, KEYS, VERIFY] {
        manifest.files.push(FileEntry::of(directory, name)?);
    }
    let record = Record {
        id: manifest.export_id,
        by: &manifest.made_by,
        at: manifest.made_at,
        exported: exported(&manifest),
    };
    record_export::record(database, record).await?;
    let text = serde_json::to_string_pretty(&manifest)? + "\n";
    std::fs::write(directory.join(MANIFEST), text)?;
    Ok(manifest)
}

fn exported(manifest: &Manifest) -> Exported {
    let selection = &manifest.selection;
    let events_file = manifest
        .files
        .iter()
        .find(|file| file.name == manifest.events_file());
    Exported {
        format: manifest.format,
        from_position: selection.from_position,
        to_position: selection.to_position,
        aggregate_types: selection.aggregate_types.clone(),
        aggregate_id: selection.aggregate_id.map(|id| id.to_string()),
        event_types: selection.event_types.clone(),
        recorded_from: selection.recorded_from,
        recorded_to: selection.recorded_to,
        events: manifest.events,
        sha256: events_file.map_or_else(String::new, |file| file.sha256.clone()),
        checkpoint_size: Some(manifest.checkpoint_size),
    }
}

fn say(manifest: &Manifest, directory: &Path, output: &mut Output) -> anyhow::Result<()> {
    if output.is_json() {
        return output.json(&json!({
            "output": directory.display().to_string(),
            "exportId": manifest.export_id,
            "events": manifest.events,
            "complete": manifest.complete,
            "checkpointSize": manifest.checkpoint_size,
            "rootHash": manifest.root_hash,
        }));
    }
    output.line(format_args!(
        "{} in {}, under the head of {} with the root {}.\nThat {} took them away is in the log. \
         {} says how to verify them.",
        count(manifest.events, "event"),
        directory.display(),
        count(manifest.checkpoint_size, "event"),
        manifest.root_hash,
        crate::output::shown(&manifest.made_by),
        directory.join(VERIFY).display(),
    ))
}

/// Where the events go.
enum Sink {
    Lines(BufWriter<File>),
    Parquet(Box<ParquetWriter>),
}

impl Sink {
    fn create(format: Format, directory: &Path) -> anyhow::Result<Self> {
        Ok(match format {
            Format::Cloudevents => {
                let file = File::create_new(directory.join(EVENTS_NDJSON))?;
                Self::Lines(BufWriter::with_capacity(1 << 20, file))
            }
            Format::Parquet => {
                let writer = ParquetWriter::create(&directory.join(EVENTS_PARQUET))?;
                Self::Parquet(Box::new(writer))
            }
        })
    }

    fn write(&mut self, event: RecordedEvent) -> anyhow::Result<()> {
        match self {
            Self::Lines(file) => {
                let mut line = entry_of(&event);
                line.push('\n');
                Ok(file.write_all(line.as_bytes())?)
            }
            Self::Parquet(writer) => writer.write(event),
        }
    }

    fn finish(self) -> anyhow::Result<()> {
        match self {
            Self::Lines(mut file) => Ok(file.flush()?),
            Self::Parquet(writer) => writer.finish(),
        }
    }
}

/// Writes the events that are asked for, and counts them.
async fn write_events(
    audit: &Audit,
    format: Format,
    selection: &Selection,
    directory: &Path,
    output: &mut Output,
) -> anyhow::Result<i64> {
    let mut sink = Sink::create(format, directory)?;
    let mut written = 0;
    let mut write = |event: RecordedEvent, bar: &ProgressBar| {
        bar.inc(1);
        if selection.takes(&event) {
            written += 1;
            sink.write(event)?;
        }
        anyhow::Ok(())
    };
    if let Some(id) = selection.aggregate_id {
        // The stream of one object is found by its index.
        let types = audit.count_by_type().await?;
        let bar = ProgressBar::hidden();
        let mut events = Vec::new();
        for kind in types {
            events.extend(audit.stream(&kind.aggregate_type, id, None).await?);
        }
        events.sort_by_key(|event| event.position);
        for event in events {
            write(event, &bar)?;
        }
    } else {
        let (after, upto) = (selection.from_position - 1, selection.to_position);
        let length = u64::try_from(upto - after).unwrap_or_default();
        let bar = output.progress("exporting", length);
        let mut chunks = audit.scan_range(after, upto);
        while let Some(chunk) = chunks.try_next().await? {
            for event in chunk {
                write(event, &bar)?;
            }
        }
        bar.finish_and_clear();
    }
    sink.finish()?;
    Ok(written)
}

/// Writes the hashes of all sealed events, from the tiles.
async fn write_leaves(audit: &Audit, size: i64, path: &Path) -> anyhow::Result<()> {
    /// How many tiles are read at once.
    const TILES: usize = 64;
    let tree = audit.seals();
    let size = u64::try_from(size)?;
    let mut file = BufWriter::with_capacity(1 << 20, File::create_new(path)?);
    let full: Vec<TileId> = (0..size / TILE_WIDTH as u64)
        .map(|number| TileId::new(0, number))
        .collect();
    for wanted in full.chunks(TILES) {
        let mut tiles = tree.stored_tiles(wanted).await?;
        tiles.sort_by_key(|tile| tile.id.number);
        if tiles.len() != wanted.len() {
            bail!("a tile of hashes is missing: run `docket-replay verify`");
        }
        for hash in tiles.iter().flat_map(|tile| &tile.hashes) {
            file.write_all(&hash.0)?;
        }
    }
    let edge = TileId::edge(size).into_iter().find(|tile| tile.level == 0);
    if let Some(edge) = edge {
        let hashes = tree
            .tile(edge)
            .await?
            .context("the edge of the tree is missing")?;
        for hash in &hashes {
            file.write_all(&hash.0)?;
        }
    }
    file.flush()?;
    Ok(())
}
