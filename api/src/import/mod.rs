//! Taking over the history of another desk. Each source has a folder that
//! says what its records stand for; what they share is here: how far an import
//! is, and the account that it gives at its end.

pub mod command_line;
mod error;
mod options;
mod progress;
mod reconciliation;
mod servicenow;

pub use error::ImportError;
pub use options::{DateOrder, FileOptions};
pub use progress::{Phase, Progress, ProgressEvent};
pub use reconciliation::{DoubtfulRows, FileReading, Reconciliation, RefusedRow};
pub use servicenow::servicenow_audit;
