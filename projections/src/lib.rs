//! The read models of the desk: what people and programs ask of the log, kept
//! as tables, one model a module.
//!
//! A projection is a set of tables and how events change them. One loop runs
//! it, live and after a crash: lock the checkpoint, apply a batch, move the
//! checkpoint, commit; so each event counts exactly once. The same code builds
//! a projection aside, to swap it in or to prove that the log gives the same
//! rows again.
//!
//! A projection never sends, asks or decides. What it once showed, it can show
//! again: every version of a row is kept with the positions at which it was
//! valid.

mod checkpoint;
mod copy;
mod decode;
pub mod error;
pub mod event_index;
mod feed;
mod fold;
pub mod incident_detail;
mod keeper;
mod latest;
pub mod number;
mod progress;
mod projection;
mod projector;
mod read_models;
pub mod rebuild;
mod recent;
pub mod spelling;
mod status;
pub mod timer;
mod told;
mod validity;
pub mod work_item_history;
pub mod work_item_link;
pub mod work_queue;
mod writes;

pub use decode::{DecodeError, Decoded, DeskEvent, decode};
pub use error::{ProjectionError, ReadError, WaitError};
pub use event_store::{Lease, lease};
pub use keeper::Pace;
pub use number::NextNumbers;
pub use projection::ProjectionName;
pub use projector::{ProjectionStatus, Projectors, catch_up};
pub use read_models::ReadModels;
pub use validity::AsOf;
