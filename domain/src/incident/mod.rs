//! 事件管理 (ITIL 4 incident management): an unplanned interruption of a
//! service, or a fall in its quality, from the first contact to the closing.
//!
//! An incident is registered, classified and given a priority in one step;
//! a team gets it, accepts it or returns it; it is diagnosed, put on hold and
//! resumed, worked around, the service is restored; it is resolved, and closed
//! when the requester confirms or the time to do so runs out. A closed
//! incident may be reopened for a while. A major incident, and one of the
//! first two priorities, needs a review before it is closed, and after it was
//! cancelled or merged; in each cycle anew, and not by whoever ended it.
//!
//! | status | Chinese | next |
//! |---|---|---|
//! | New | 新建 | Assigned, Resolved, Cancelled, Merged |
//! | Assigned | 已分派 | `InProgress`, Returned, Resolved, Cancelled, Merged |
//! | Returned | 已退回 | Assigned, Cancelled, Merged |
//! | `InProgress` | 处理中 | Assigned, Returned, `OnHold`, Resolved, Cancelled, Merged |
//! | `OnHold` | 挂起 | `InProgress`, Resolved, Cancelled, Merged |
//! | Resolved | 已解决 | Closed, `InProgress` |
//! | Closed | 已关闭 | `InProgress` |
//! | Cancelled | 已取消 | - |
//! | Merged | 已合并 | - |

/// What the numbers of incidents are reserved under: none is given twice.
pub const NUMBERS: &str = "incident.number";

mod actions;
mod aggregate;
mod closing;
mod command;
mod decide;
mod error;
mod event;
mod expectation;
mod major;
mod steps;
mod upcast;

#[cfg(test)]
mod tests;

pub use aggregate::{Incident, Review};
pub use command::{Command, IncidentAction};
pub use error::Error;
pub use event::{ClosedBy, Event, ExpectationBasis, HoldReason, ReviewCause, Status};
pub use expectation::{Estimate, EstimateMethod, LEAST_COMPARED, MOST_COMPARED};
pub use upcast::upcasters;
