//! The seals in the API: signed heads, proofs, keys, and who has seen what.

mod queries;
mod types;

pub(super) use queries::SealQueries;
