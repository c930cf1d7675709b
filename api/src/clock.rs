//! The one place of the service that reads the clock. Everything else is told
//! the time.

use chrono::{DateTime, SubsecRound, Utc};
use uuid::Uuid;

/// The present moment, in milliseconds: what an envelope can hold.
#[expect(
    clippy::disallowed_methods,
    reason = "the edge of the service, where time comes in"
)]
pub fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(3)
}

/// A new identity, ordered by the time at which it was made.
pub fn new_id() -> Uuid {
    Uuid::now_v7()
}
