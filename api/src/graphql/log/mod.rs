//! The log itself in the API: events by type, actor, object and time, and the
//! log as it grows.

mod queries;
mod subscriptions;
mod types;

pub(super) use queries::{LogQueries, position};
pub(super) use subscriptions::LogSubscriptions;
pub(super) use types::Event;
