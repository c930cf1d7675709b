//! The import without a database: a file is read, and its rows are taken over
//! by the domain in memory.

mod fixture;
mod memory;
mod reading;
mod samples;
mod steps;
