//! What can go wrong at the boundary of this crate.

use std::time::Duration;

use event_store::StoreError;

use crate::{DecodeError, ProjectionName};

/// Why a read model could not be asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The database failed.
    #[error("the database failed: {0}")]
    Database(#[from] sqlx::Error),
    /// The cursor is not one that this list gave out, or not for this order.
    #[error("the cursor is not valid")]
    CursorInvalid,
    /// The filter asks for what cannot be.
    #[error("the filter is not valid: {0}")]
    FilterInvalid(String),
}

/// Why a projection stands still.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProjectionError {
    /// The database failed.
    #[error("the database failed: {0}")]
    Database(#[from] sqlx::Error),
    /// The log could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An event cannot be read; everything before it has been applied.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// A newer program keeps this projection in a shape that this one does
    /// not know.
    #[error(
        "{} is kept in version {stored} by a newer program; this one knows version {known}",
        .name.as_ref()
    )]
    NewerVersion {
        /// The projection.
        name: ProjectionName,
        /// The version of the tables.
        stored: i32,
        /// The version of this program.
        known: i32,
    },
    /// Somebody else is rebuilding the same projection.
    #[error("{} is being rebuilt by somebody else", .0.as_ref())]
    BeingRebuilt(ProjectionName),
    /// The rebuilt tables could not take the place of the live ones, because
    /// somebody kept reading those.
    #[error("the rebuilt {} could not be swapped in: the live one was never free", .0.as_ref())]
    NeverFree(ProjectionName),
}

impl ProjectionError {
    /// Whether trying again does not help, as long as neither the log nor the
    /// program changes.
    pub fn is_lasting(&self) -> bool {
        match self {
            Self::Decode(_) | Self::NewerVersion { .. } => true,
            Self::Store(error) => matches!(
                error,
                StoreError::Corrupt { .. } | StoreError::Decode { .. }
            ),
            Self::Database(_) | Self::BeingRebuilt(_) | Self::NeverFree(_) => false,
        }
    }
}

/// Why the read models did not reach a position.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WaitError {
    /// A projection took too long.
    #[error(
        "{} has reached position {reached}, not {wanted}, after {} ms",
        .name.as_ref(), .limit.as_millis()
    )]
    TimedOut {
        /// The projection.
        name: ProjectionName,
        /// How far it is.
        reached: i64,
        /// How far it should be.
        wanted: i64,
        /// How long it was waited for.
        limit: Duration,
    },
    /// A projection stands still.
    #[error("{} stands still: {reason}", .name.as_ref())]
    Failed {
        /// The projection.
        name: ProjectionName,
        /// Why.
        reason: String,
    },
    /// The projectors have been shut down.
    #[error("the projectors are shut down")]
    Closed,
}
