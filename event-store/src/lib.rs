//! The append-only log on PostgreSQL: append, read, follow, seal.
//!
//! One table holds every event in one total order. Positions start at 1, have
//! no gaps and become visible in order, so whoever stands at position *n*
//! misses nothing by asking for what is greater than *n*. One appender a
//! process commits all waiting commands together; each of them is judged by
//! itself, against the version of its stream and the id of its command.
//!
//! The crate knows PostgreSQL and the vocabulary of cqrs-es, and nothing of
//! service desks.

mod aggregate_store;
mod appender;
mod audit;
mod batch;
mod canonical;
mod commit;
mod cqrs;
mod database;
mod database_url;
mod error;
mod event;
mod follow;
mod lease;
pub mod local_postgres;
mod log;
mod metadata;
mod reading;
mod restore;
mod scan;
mod schema;
pub mod seal;
mod tail;
mod time;

pub use aggregate_store::{AggregateStore, CommandEnvelope, Loaded};
pub use audit::{Audit, Checkpoint, Claimed, Ends, TypeCount};
pub use canonical::{MAX_EXACT_INTEGER, canonical_json, content_hash, inexact_number};
pub use commit::{Appended, Commit, KnownCommand, NewEvent, Reservation, StreamVersion};
pub use cqrs::StoredContext;
pub use database::{Access, Database, DatabaseSource, Migrate, PoolSettings};
pub use error::{AppendError, StoreError, is_out_of_reach};
pub use event::{Filter, RecordedEvent};
pub use follow::Follower;
pub use lease::{Lease, lease, try_lease};
pub use local_postgres::LocalPostgres;
pub use log::{Head, Log, LogSettings};
pub use metadata::Metadata;
pub use restore::{Claim, Restore, RestoreError};
pub use schema::{MIGRATOR, migrate};
