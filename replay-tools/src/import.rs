//! `docket-replay import`: a log brought back from an export of all of it:
//! into an empty database, the same events at the same positions with the same
//! times, under the same signed head.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, bail};
use clap::Args;
use domain::audit::ExportFormat;
use event_store::seal::{Entry, KeyRow};
use event_store::{Claim, Database, DatabaseSource, Migrate, PoolSettings, RecordedEvent, Restore};
use projections::{ReadModels, decode};
use serde_json::json;

use crate::Verdict;
use crate::output::{Output, count};
use crate::package::{EVENTS_PARQUET, Package, ParquetEvents};
use crate::verify::trusted_key;

/// Which export.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The directory of the export.
    export: PathBuf,

    /// The public key that the head must be signed by, or one that has handed
    /// over to it; or a file with it. Without it, the key that comes with the
    /// export is believed.
    #[arg(long, value_name = "KEY|FILE", env = "DOCKET_REPLAY_KEY")]
    key: Option<String>,
}

/// How many events go into the database at once.
const BATCH: usize = 1_000;

/// Brings a log back.
pub(crate) async fn run(
    source: &DatabaseSource,
    arguments: &Arguments,
    output: &mut Output,
) -> anyhow::Result<Verdict> {
    let package = Package::open(&arguments.export)?;
    check(&package, arguments)?;
    let settings = PoolSettings {
        max_connections: 2,
        migrate: Migrate::Yes,
        ..PoolSettings::default()
    };
    let database = Database::open(source, settings).await?;
    let brought = bring(&database, &package, output).await;
    database.close().await;
    let events = brought?;
    if output.is_json() {
        output.json(&json!({
            "events": events,
            "rootHash": package.head.root().to_base64(),
        }))?;
    } else {
        output.line(format_args!(
            "{} brought back, with the root {} that was signed. To go on sealing, `docket serve` \
             needs the private key of this log, which is in no export.",
            count(events, "event"),
            package.head.root().to_base64()
        ))?;
    }
    Ok(Verdict::Well)
}

/// What can be known before anything is written.
fn check(package: &Package, arguments: &Arguments) -> anyhow::Result<()> {
    if !package.manifest.complete {
        bail!("this export has a part of a log; a log is brought back from all of it");
    }
    if let Some(wrong) = package.manifest.first_wrong_file(&package.directory, &[])? {
        bail!("{wrong}");
    }
    let chain = package.chain()?;
    let key = arguments.key.as_deref().map(trusted_key).transpose()?;
    if let Some(key) = key
        && !chain.leads_from(&key)
    {
        bail!("the log of this export is sealed by other keys than {key}");
    }
    chain.verify(&package.head.note, package.head.size()?)?;
    Ok(())
}

async fn bring(database: &Database, package: &Package, output: &mut Output) -> anyhow::Result<i64> {
    let mut restore = Restore::begin(database.owner_options()).await?;
    let length = u64::try_from(package.manifest.events)?;
    let bar = output.progress("bringing back", length);
    let mut batch = Vec::with_capacity(BATCH);
    for event in events(package)? {
        batch.push(with_claim(event?)?);
        if batch.len() >= BATCH {
            bar.inc(BATCH as u64);
            restore.add(&batch).await?;
            batch.clear();
        }
    }
    restore.add(&batch).await?;
    let keys: Vec<KeyRow> = package.keys.iter().cloned().map(Into::into).collect();
    let size = restore.finish(&keys, &package.head.note).await?;
    bar.finish_and_clear();
    ReadModels::new(database.pool().clone())
        .numbers()
        .go_on_behind_taken()
        .await?;
    Ok(size)
}

fn with_claim(event: RecordedEvent) -> anyhow::Result<(RecordedEvent, Vec<Claim>)> {
    let claim = decode(&event)?.claim();
    let claims = claim.map(|(scope, key)| Claim { scope, key });
    Ok((event, claims.into_iter().collect()))
}

type Events = Box<dyn Iterator<Item = anyhow::Result<RecordedEvent>>>;

/// The events of an export, one by one, in bounded memory.
fn events(package: &Package) -> anyhow::Result<Events> {
    if package.manifest.format == ExportFormat::Parquet {
        let path = package.directory.join(EVENTS_PARQUET);
        return Ok(Box::new(ParquetEvents::open(&path)?));
    }
    let mut lines = package.lines()?;
    let blocks = std::iter::from_fn(move || lines.next_block().transpose());
    let mut number = 0_u64;
    Ok(Box::new(blocks.flat_map(move |block| -> Events {
        let block = match block.and_then(|block| Ok(Arc::<str>::from(String::from_utf8(block)?))) {
            Ok(block) => block,
            Err(error) => return Box::new(std::iter::once(Err(error))),
        };
        let read: Vec<_> = block
            .lines()
            .map(|line| {
                number += 1;
                Entry::read(line.trim_start_matches('\u{feff}').trim_end())
                    .with_context(|| format!("line {number} of the events"))
            })
            .collect();
        Box::new(read.into_iter())
    })))
}
