//! Process configuration: data with history (service configuration is
//! elsewhere). What the desk judges by is drafted, reviewed by a second
//! person, and published as a numbered version that never changes; an item
//! keeps the version it was judged by, so that yesterday's verdict can be
//! reproduced in ten years.
//!
//! One life cycle serves every kind: [`Configuration`] over a [`Content`]. The
//! first kinds are the [`PriorityMatrix`] and the [`CategoryTree`]; calendars,
//! policies, rules and workflows follow the same pattern.

mod aggregate;
mod category_tree;
mod command;
mod error;
mod event;
mod priority_matrix;
#[cfg(test)]
mod tests;

pub use aggregate::{Configuration, Content, Draft, Version, Versions};
pub use category_tree::{Category, CategoryTree};
pub use command::Command;
pub use error::{ContentProblem, Error};
pub use event::Event;
pub use priority_matrix::{Level, PriorityMatrix};
