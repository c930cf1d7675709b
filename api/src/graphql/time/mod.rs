//! The desk at another time: what a question may say of when it is about, what
//! changed between two points, and every step that led from one to the other.
//!
//! Lists, counts and single objects as they were known come from the read
//! models, which keep every version with where it was valid. Single objects as
//! they were in the world come from their own stream, folded in the order in
//! which its steps were so.

mod as_of;
mod diff;
mod object;
mod queries;

pub(super) use as_of::{AsOfInput, Basis, Then, recorded, then};
pub(super) use object::{Fields, fields_of, steps};
pub(super) use queries::TimeQueries;
