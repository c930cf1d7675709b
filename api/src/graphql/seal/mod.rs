//! The seals in the API: signed heads, proofs, keys, who has seen what, and who
//! took a part of the log away.

mod objects;
mod queries;
mod types;

pub(super) use objects::{LogExport, SealKeys};
pub(super) use queries::SealQueries;
pub(super) use types::LogCheckpoint;
