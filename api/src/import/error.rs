//! Why an import ends before its file does.

use std::path::PathBuf;

use event_store::StoreError;
use projections::ReadError;

use crate::commands::CommandError;

/// What stops an import. What it has written until then stays, and the same
/// import started again goes on from there.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// The file cannot be opened or read.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file has no content.
    #[error("{path} is empty")]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// The file is something else than a table of comma-separated values.
    #[error("{path} is no table of comma-separated values: {problem}")]
    NotCsv {
        /// The file.
        path: PathBuf,
        /// How that shows.
        problem: String,
    },
    /// The table lacks columns that the import cannot do without.
    #[error("{path} is no ServiceNow audit log: {} missing", columns(.missing))]
    ColumnsMissing {
        /// The file.
        path: PathBuf,
        /// What they are called.
        missing: Vec<&'static str>,
    },
    /// The list of words for states is none.
    #[error("{path} is no list of states: {problem}")]
    StateWords {
        /// The file.
        path: PathBuf,
        /// How that shows.
        problem: String,
    },
    /// Nobody can tell which figure of the file's dates is the day.
    #[error(
        "{path}: {question}. Say which with --date-order day-month or --date-order month-day; \
         rows that have no such date are refused then. Nothing was written"
    )]
    DateOrderUnknown {
        /// The file.
        path: PathBuf,
        /// Which dates leave it open.
        question: String,
    },
    /// Not one row of the file can be taken over.
    #[error("no row of {path} was understood, and nothing was written: {}", .reasons.join("; "))]
    NothingUnderstood {
        /// The file.
        path: PathBuf,
        /// The first lines, each with what is wrong with it.
        reasons: Vec<String>,
    },
    /// Not one row of the file has a state that means something.
    #[error(
        "no state of {path} means anything here, and nothing was written. Its words are {words}; \
         say what they mean with --states FILE"
    )]
    NoStateUnderstood {
        /// The file.
        path: PathBuf,
        /// Some words that it has for states.
        words: String,
    },
    /// New categories are needed, and somebody is drafting the tree.
    #[error(
        "the category tree has a draft by {drafted_by}: publish or discard it first, \
         because the import publishes a version of its own"
    )]
    DraftInTheWay {
        /// Who wrote the draft.
        drafted_by: String,
    },
    /// A command of the import got no answer that it could go on from.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// The log failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No numbers could be had for new incidents.
    #[error("no numbers for new incidents: {0}")]
    Numbers(#[from] ReadError),
    /// A part of the import ended without an answer.
    #[error("a part of the import broke off: {0}")]
    BrokeOff(#[from] tokio::task::JoinError),
}

fn columns(missing: &[&str]) -> String {
    match missing {
        [one] => format!("the column {one} is"),
        several => format!("the columns {} are", several.join(", ")),
    }
}
