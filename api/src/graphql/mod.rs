//! The GraphQL API: queries over the read models, one mutation a command, and
//! subscriptions that follow the log. A folder a practice; the kernel's
//! mutations stand once, in `work_item`, for every practice.

mod access;
mod arguments;
mod configuration;
mod enums;
mod ids;
mod incident;
mod input;
pub(crate) mod limits;
mod loaders;
mod log;
mod organisation;
mod scalars;
mod schema;
mod seal;
mod time;
mod viewer;
mod work_item;

pub use limits::{LIMITS, Limits};
pub use loaders::Loaders;
pub use schema::{DeskSchema, build, sdl};
pub use viewer::Viewer;
