//! The event store on a real PostgreSQL.

mod aggregates;
mod appending;
mod faults;
mod fixture;
mod following;
mod local_postgres;
mod reading;
mod rights;
