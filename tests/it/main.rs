//! Journeys through the doors of the desk, each on a database of its own. A
//! test that shows a requirement begins with its id.

mod access;
mod architecture;
mod auto_close;
mod configuration;
mod idempotency;
mod incident;
mod paging;
mod service_desk;
mod time_travel;
