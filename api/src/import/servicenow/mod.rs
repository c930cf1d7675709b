//! The audit log of a `ServiceNow` desk: one row an update of an incident,
//! with all of its fields as they were after it.
//!
//! The file is read twice, and once before to find its encoding. The first pass
//! learns which teams, members and categories the desk needs, and in which order
//! dates are written. What is missing is set up by ordinary commands. The second
//! takes the rows over: those of one incident in their order, those of different
//! ones at the same time. A row is one commit, whose command id is computed from
//! what the row says; so a row is taken over once, however often and from however
//! many files it is read.

mod columns;
mod correction;
mod encoding;
mod importer;
mod lanes;
mod mapping;
mod mark;
mod preparation;
mod reader;
mod reading;
mod records;
mod row;
mod state_words;
mod states;
mod survey;
mod time;

#[cfg(test)]
mod tests;

pub(super) use encoding::named as encoding_named;
pub use importer::servicenow_audit;
