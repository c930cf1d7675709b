//! What is recorded about the record itself: which keys seal it, and who took
//! evidence away. An auditor's acts and those upon the seals are facts of the
//! log like all others.

mod log_export;
mod seal_key;

#[cfg(test)]
mod tests;

pub use log_export::{
    ExportFormat, ExportRefusal, Exported, LogExport, LogExportCommand, LogExportEvent,
};
pub use seal_key::{SealKeys, SealKeysCommand, SealKeysEvent, SealKeysRefusal};
