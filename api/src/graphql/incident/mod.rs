//! The incident practice in the API: its type, its queries, its mutations, and
//! the incident as it was in the world at another time.

mod mutations;
mod past;
pub(super) mod payload;
mod queries;
pub(super) mod types;

pub(super) use mutations::IncidentMutations;
pub(super) use queries::IncidentQueries;
pub(super) use types::Incident;
