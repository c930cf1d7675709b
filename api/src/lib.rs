//! The service: one GraphQL API over the desk, its process managers, its
//! imports, and the command line that runs it all.

pub mod auth;
pub mod clock;
pub mod command_line;
pub mod commands;
pub mod desk;
pub mod directory;
mod error;
pub mod graphql;
pub mod http;
pub mod import;
pub mod processes;
pub mod sample;
pub mod seals;
pub mod serve;
mod setup;
pub mod telemetry;
mod turns;
pub mod witness;
