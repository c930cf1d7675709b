//! The read models on a real PostgreSQL.

#![expect(
    clippy::unwrap_used,
    reason = "a test that panics has failed, in its helpers too"
)]
#![expect(clippy::too_many_lines, reason = "a test is one story, however long")]

mod as_of;
mod asking;
mod desk;
mod folding;
mod journey;
mod paging;
mod rebuilding;
mod running;
mod server;
mod timing;
