//! What every practice shares in the API: the interface `WorkItem`, the one
//! queue over all practices, and the kernel's mutations.

mod bulk;
pub(super) mod filter;
pub(super) mod history;
pub(super) mod links;
mod mutations;
mod notices;
pub(super) mod order;
pub(super) mod paging;
mod payload;
pub(super) mod queries;
mod subscriptions;
pub(super) mod types;

pub(super) use bulk::BulkMutations;
pub(super) use mutations::WorkItemMutations;
pub(super) use notices::{Notice, NoticeQueries};
pub(super) use payload::WorkItemPayload;
pub(super) use queries::WorkItemQueries;
pub(super) use subscriptions::WorkItemSubscriptions;
pub(super) use types::WorkItem;
