//! The import from its beginning to its end.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Duration, Utc};
use domain::ids::PersonId;
use domain::{Actor, Role};
use tokio::sync::mpsc;

use super::lanes::Lanes;
use super::preparation::prepare;
use super::reader::{AuditLog, Entry};
use super::survey::Survey;
use crate::commands::CommandError;
use crate::desk::Desk;
use crate::import::{ImportError, Phase, Progress, ProgressEvent, Reconciliation};

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
/// Times that the file gives without a zone are taken as UTC.
pub async fn servicenow_audit(
    desk: &Desk,
    file: &Path,
    progress: &Progress<'_>,
) -> Result<Reconciliation, ImportError> {
    // A clock that runs ahead, in another zone, is no reason to refuse a row.
    let latest = crate::clock::now() + Duration::days(1);
    let mut account = Reconciliation::default();

    let survey = survey(file, latest, progress).await?;
    let teams = prepare(desk, &survey, &mut account).await?;

    let mut lanes = Lanes::open(desk, teams);
    let mut batches = read(file.to_owned(), latest);
    let mut outcome = Ok(());
    while let Some(batch) = batches.recv().await {
        let passed = match batch {
            Ok(batch) => {
                let event = batch.progress(Phase::Recording);
                account.rows_read += batch.entries.len() as u64;
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

/// A machine of the import. It acts as a coordinator: the history is of every
/// team.
pub(super) fn machine(name: &str) -> Result<Actor, CommandError> {
    Ok(Actor {
        id: PersonId::new(name).map_err(|refused| CommandError::refused(&refused))?,
        role: Role::Coordinator,
        teams: Vec::new(),
    })
}

async fn survey(
    file: &Path,
    latest: DateTime<Utc>,
    progress: &Progress<'_>,
) -> Result<Survey, ImportError> {
    let mut survey = Survey::default();
    let mut batches = read(file.to_owned(), latest);
    while let Some(batch) = batches.recv().await {
        let batch = batch?;
        for entry in &batch.entries {
            if let Entry::Row(row) = entry {
                survey
                    .see(row)
                    .map_err(|refused| CommandError::refused(&refused))?;
            }
        }
        progress(batch.progress(Phase::Surveying));
    }
    Ok(survey)
}

/// Some entries of the file, and where in it they end.
struct Batch {
    entries: Vec<Entry>,
    rows: u64,
    bytes: (u64, u64),
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
fn read(file: PathBuf, latest: DateTime<Utc>) -> mpsc::Receiver<Result<Batch, ImportError>> {
    let (sender, receiver) = mpsc::channel(4);
    tokio::task::spawn_blocking(move || {
        let mut rows = 0;
        let mut read = || -> Result<(), ImportError> {
            let mut log = AuditLog::open(&file, latest)?;
            loop {
                let mut entries = Vec::with_capacity(ROWS_TOGETHER);
                while entries.len() < ROWS_TOGETHER {
                    let Some(entry) = log.read()? else { break };
                    entries.push(entry);
                }
                let is_end = entries.len() < ROWS_TOGETHER;
                rows += entries.len() as u64;
                let batch = Batch {
                    entries,
                    rows,
                    bytes: log.bytes(),
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
