//! What a service desk decides, and nothing else.
//!
//! Each practice is an aggregate: commands come in, events go out, and the
//! rules between them are pure functions of the aggregate's state, the command
//! and a [`Context`]. Nothing here reads a clock, draws a random number or
//! touches a network, so every decision can be replayed from the log.
//!
//! The practices share one kernel, [`work_item::WorkItem`], by composition:
//! numbering, classification, priority, assignment, comments, links, effort
//! and escalation are decided there once, for all of them.

pub mod audit;
pub mod configuration;
pub mod context;
pub mod ids;
pub mod incident;
pub mod likeness;
pub mod organisation;
pub mod policies;
pub mod priority;
pub mod text;
pub mod work_item;

mod aggregate;
#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod tests;

pub use aggregate::{Decider, Refusal};
pub use context::{Actor, Channel, Context, Role};
