//! The event store on a real PostgreSQL.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that panics has failed, in its helpers too"
)]

mod aggregates;
mod appending;
mod auditing;
mod faults;
mod fixture;
mod following;
mod local_postgres;
mod oracles;
mod reading;
mod rights;
mod sealing;
mod vectors;
