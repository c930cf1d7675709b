//! The import from its beginning to its end.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono_tz::Tz;
use domain::ids::PersonId;
use domain::{Actor, Role};
use encoding_rs::Encoding;
use tokio::sync::mpsc;

use super::lanes::Lanes;
use super::preparation::prepare;
use super::reader::{AuditLog, Entry, find_encoding};
use super::reading::Reading;
use super::state_words::StateWords;
use super::survey::Survey;
use super::time::OrderSigns;
use crate::commands::CommandError;
use crate::desk::Desk;
use crate::import::{
    FileOptions, FileReading, ImportError, Phase, Progress, ProgressEvent, Reconciliation,
};

/// Who writes what the rows say.
pub(super) const IMPORTER: &str = "import:servicenow";

/// Who reviews the category tree that the import drafts: a configuration is
/// published by two.
pub(super) const REVIEWER: &str = "import:reviewer";

/// How many rows go on together: one look into the log for all of them, and
/// one report of progress.
const ROWS_TOGETHER: usize = 512;

/// Takes over the history in a file, and says what became of each of its rows.
/// Repeating it, or going on after it was interrupted, writes nothing twice.
///
/// Nothing is written of a file of which nothing is understood, and of one
/// whose dates nobody can tell.
pub async fn servicenow_audit(
    desk: &Desk,
    path: &Path,
    options: &FileOptions,
    progress: &Progress<'_>,
) -> Result<Reconciliation, ImportError> {
    let mut file = file(path, options).await?;
    let survey = survey(&file, progress).await?;
    if let Some(question) = survey.signs.question()
        && options.date_order.is_none()
    {
        let path = path.to_owned();
        return Err(ImportError::DateOrderUnknown { path, question });
    }
    survey.check(path)?;
    file.reading.order = options.date_order.or(survey.signs.order());
    let mut account = Reconciliation {
        reading: said(&file, options, &survey),
        ..Reconciliation::default()
    };
    let teams = prepare(desk, &survey, &mut account).await?;

    let mut lanes = Lanes::open(desk, teams);
    let mut batches = read(file);
    let mut outcome = Ok(());
    while let Some(batch) = batches.recv().await {
        let passed = match batch {
            Ok(batch) => {
                let event = batch.progress(Phase::Recording);
                account.rows_read += batch.entries.iter().map(Entry::rows).sum::<u64>();
                let passed = lanes.pass(batch.entries, &mut account).await;
                progress(event);
                passed
            }
            Err(error) => Err(error),
        };
        if passed.is_err() {
            outcome = passed;
            break;
        }
    }
    // What is under way is finished in any case, and a lane that broke off
    // says more than the one that could not reach it.
    account.merge(lanes.close().await?);
    outcome?;
    Ok(account.finish())
}

/// A file with how it is to be read.
#[derive(Debug, Clone)]
struct AuditFile {
    path: PathBuf,
    encoding: &'static Encoding,
    reading: Reading,
}

/// Finds out how a file is to be read.
async fn file(path: &Path, options: &FileOptions) -> Result<AuditFile, ImportError> {
    let (path, options) = (path.to_owned(), options.clone());
    let found = tokio::task::spawn_blocking(move || {
        let states = match &options.states {
            Some(words) => StateWords::read(words)?,
            None => StateWords::default(),
        };
        let encoding = match options.encoding {
            Some(encoding) => encoding,
            None => find_encoding(&path)?,
        };
        Ok(AuditFile {
            path,
            encoding,
            reading: Reading {
                zone: options.time_zone.unwrap_or(Tz::UTC),
                zone_is_given: options.time_zone.is_some(),
                order: options.date_order,
                states: Arc::new(states),
                latest: crate::clock::now(),
            },
        })
    });
    found.await?
}

/// What the account says of how the file was read.
fn said(file: &AuditFile, options: &FileOptions, survey: &Survey) -> FileReading {
    FileReading {
        encoding: file.encoding.name().to_owned(),
        delimiter: survey.delimiter,
        time_zone: file.reading.zone.name().to_owned(),
        time_zone_assumed: options.time_zone.is_none() && survey.signs.is_zoneless,
        date_order: file.reading.order,
    }
}

/// A machine of the import. It acts as a coordinator: the history is of every
/// team.
pub(super) fn machine(name: &str) -> Result<Actor, CommandError> {
    Ok(Actor {
        id: PersonId::new(name).map_err(|refused| CommandError::refused(&refused))?,
        role: Role::Coordinator,
        teams: Vec::new(),
    })
}

async fn survey(file: &AuditFile, progress: &Progress<'_>) -> Result<Survey, ImportError> {
    let mut survey = Survey::default();
    let mut batches = read(file.clone());
    while let Some(batch) = batches.recv().await {
        let batch = batch?;
        for entry in &batch.entries {
            survey.see_entry(entry)?;
        }
        progress(batch.progress(Phase::Surveying));
        survey.signs = batch.signs;
        survey.delimiter = batch.delimiter;
    }
    Ok(survey)
}

/// Some entries of the file, and where in it they end.
struct Batch {
    entries: Vec<Entry>,
    rows: u64,
    bytes: (u64, u64),
    signs: OrderSigns,
    delimiter: char,
}

impl Batch {
    fn progress(&self, phase: Phase) -> ProgressEvent {
        let (bytes_read, bytes_total) = self.bytes;
        ProgressEvent {
            phase,
            bytes_read,
            bytes_total,
            rows: self.rows,
        }
    }
}

/// Reads a file on a thread of its own, no further ahead than a few batches.
fn read(file: AuditFile) -> mpsc::Receiver<Result<Batch, ImportError>> {
    let (sender, receiver) = mpsc::channel(4);
    tokio::task::spawn_blocking(move || {
        let read = || -> Result<(), ImportError> {
            let mut rows = 0;
            let mut log = AuditLog::open(&file.path, file.encoding, file.reading)?;
            loop {
                let mut entries = Vec::with_capacity(ROWS_TOGETHER);
                while entries.len() < ROWS_TOGETHER {
                    let Some(entry) = log.read()? else { break };
                    entries.push(entry);
                }
                let is_end = entries.len() < ROWS_TOGETHER;
                rows += entries.iter().map(Entry::rows).sum::<u64>();
                let batch = Batch {
                    entries,
                    rows,
                    bytes: log.bytes(),
                    signs: log.signs().clone(),
                    delimiter: log.delimiter(),
                };
                if sender.blocking_send(Ok(batch)).is_err() || is_end {
                    return Ok(());
                }
            }
        };
        if let Err(error) = read() {
            // Whoever listened no more has an error of its own.
            let _ = sender.blocking_send(Err(error));
        }
    });
    receiver
}
