//! Journeys through the doors of the desk, each on a database of its own. A
//! test that shows a requirement begins with its id.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on says so by panicking"
)]

mod access;
mod architecture;
mod arguments;
mod auto_close;
mod backup;
mod bad_input;
mod bulk;
mod configuration;
mod every_mutation;
mod front_page;
mod guards;
mod holds;
mod hostile;
mod idempotency;
mod import;
mod incident;
mod key_command;
mod merging;
mod names;
mod operations;
mod outage;
mod paging;
mod queue;
mod races;
mod rights;
mod rolling_upgrade;
mod running;
mod sample;
mod schema;
mod seals;
mod service_desk;
mod settings;
mod statements;
mod stopping;
mod subscriptions;
mod teams;
mod time_travel;
mod websocket;
mod windows;
