//! The incident practice in the API: its type, its queries, its mutations, and
//! the incident as it was in the world at another time.

mod estimate;
mod fields;
mod item;
mod mutations;
mod past;
pub(super) mod payload;
mod queries;
mod types;

pub(super) use item::Incident;
pub(super) use mutations::IncidentMutations;
pub(super) use queries::IncidentQueries;
