//! Building a projection anew from the log, beside the one that is served: to
//! take its place, or to prove that the log gives the same rows again.

mod compare;
mod deferred;
mod schema;
mod shadow;
mod writer;

use event_store::{Database, Log};
use sqlx::postgres::PgConnectOptions;

use crate::{ProjectionError, ProjectionName};
use schema::Persistence;
use shadow::Shadow;

/// Hears how far a rebuild is: the position reached, and the one aimed at.
pub type ProgressFn<'a> = &'a (dyn Fn(i64, i64) + Sync);

/// A projection that was built anew and is served now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rebuilt {
    /// How many rows its tables have.
    pub rows: i64,
    /// The position that it stands at.
    pub position: i64,
}

/// A projection that was compared with one built anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// How many rows its tables have.
    pub rows: i64,
    /// How many rows are missing, differ, or should not be there.
    pub differences: i64,
    /// The first of them, in words.
    pub first_differences: Vec<String>,
    /// The position at which they were compared.
    pub position: i64,
}

/// Builds a projection aside, from the start of the log, and swaps it in. The
/// live one is served until then, and kept up by its projector; readers wait
/// for a moment at most.
pub async fn rebuild(
    log: &Log,
    database: &Database,
    name: ProjectionName,
    progress: ProgressFn<'_>,
) -> Result<Rebuilt, ProjectionError> {
    replace(log, &database.pool().connect_options(), name, progress).await
}

/// Builds a projection aside up to where the live one stands, compares the two
/// row by row, and removes the copy. Neither the projector nor readers wait:
/// the comparison sees both as of one moment.
pub async fn check(
    log: &Log,
    database: &Database,
    name: ProjectionName,
    progress: ProgressFn<'_>,
) -> Result<Checked, ProjectionError> {
    let options = database.pool().connect_options();
    let mut shadow = Shadow::create(log, &options, name, Persistence::Unlogged).await?;
    let checked = compare_with_live(&mut shadow, progress).await;
    shadow.remove().await?;
    checked
}

/// How near to the head the last step begins.
const NEAR: i64 = 1_000;

async fn compare_with_live(
    shadow: &mut Shadow,
    progress: ProgressFn<'_>,
) -> Result<Checked, ProjectionError> {
    loop {
        let live = shadow.live_position().await?;
        if live - shadow.position() <= NEAR {
            break;
        }
        shadow.load(live, progress).await?;
    }
    shadow.make_keys().await?;
    shadow.compare(progress).await
}

pub(crate) async fn replace(
    log: &Log,
    options: &PgConnectOptions,
    name: ProjectionName,
    progress: ProgressFn<'_>,
) -> Result<Rebuilt, ProjectionError> {
    let mut shadow = Shadow::create(log, options, name, Persistence::Logged).await?;
    let rebuilt = build_and_swap(&mut shadow, log, progress).await;
    if rebuilt.is_err() {
        // The reason that counts is the first one; what is left behind is
        // removed by the next rebuild.
        let _removed = shadow.remove().await;
        return rebuilt;
    }
    shadow.close().await;
    rebuilt
}

async fn build_and_swap(
    shadow: &mut Shadow,
    log: &Log,
    progress: ProgressFn<'_>,
) -> Result<Rebuilt, ProjectionError> {
    /// How often the swap is tried before readers count as never ending.
    const ATTEMPTS: usize = 100;
    let head = log.head().await?.position;
    shadow.load(head, progress).await?;
    shadow.complete().await?;
    for _ in 0..ATTEMPTS {
        // What came meanwhile, so that little is left for the moment in which
        // everybody waits.
        loop {
            let head = log.head().await?.position;
            if head - shadow.position() <= NEAR {
                break;
            }
            shadow.load(head, progress).await?;
        }
        if let Some(rebuilt) = shadow.swap(progress).await? {
            return Ok(rebuilt);
        }
    }
    Err(ProjectionError::NeverFree(shadow.name()))
}
