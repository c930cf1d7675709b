//! Queries on the seals.

use async_graphql::connection::{Connection, Edge};
use async_graphql::{Context, Error, Object, Result};
use event_store::seal::{SealError, SealedTree, entry_of, leaf_hash};
use event_store::{Filter, StoreError};

use super::types::{
    ConsistencyProof, InclusionProof, LogCheckpoint, LogKey, WitnessedCheckpoint, base64,
};
use crate::auth::policy::Action;
use crate::error::{at_field, code, coded, internal, of_store};
use crate::graphql::limits::page_cost;
use crate::graphql::log::position;
use crate::graphql::scalars::Long;
use crate::graphql::viewer::{authorised, desk};
use crate::graphql::work_item::paging::length;

/// Queries on the seals of the log.
#[derive(Default)]
pub(crate) struct SealQueries;

#[Object]
impl SealQueries {
    /// The last signed head of the log; null while it was never sealed. Has no
    /// `asOf`: a head is signed after the events that it covers, and is found
    /// by its size in `logCheckpoints`.
    async fn log_checkpoint(&self, ctx: &Context<'_>) -> Result<Option<LogCheckpoint>> {
        let latest = tree(ctx)?.latest().await.map_err(|error| failed(&error))?;
        Ok(latest.map(LogCheckpoint::from))
    }

    /// The signed heads of the log, the smallest first. Has no `asOf`: each
    /// says what it covers and when it was signed, and none is ever taken away.
    #[graphql(complexity = "page_cost(first, child_complexity)")]
    async fn log_checkpoints(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The first so many: 20 if not said, 100 at most.")] first: Option<i32>,
        #[graphql(desc = "The cursor that they follow.")] after: Option<String>,
    ) -> Result<Connection<String, LogCheckpoint>> {
        let tree = tree(ctx)?;
        let length = length(first, "first")?;
        let after = after.as_deref().map(position).transpose()?;
        let mut heads = tree
            .checkpoints(after.unwrap_or(0), i64::from(length) + 1)
            .await
            .map_err(|error| failed(&error))?;
        let shown = usize::from(length);
        let mut connection = Connection::new(after.is_some(), heads.len() > shown);
        heads.truncate(shown);
        connection.edges = heads
            .into_iter()
            .map(|head| Edge::new(head.size.to_string(), head.into()))
            .collect();
        Ok(connection)
    }

    /// The keys that sign the heads, in the order in which they came. Has no
    /// `asOf`: what the log records of them is asked of their object, by
    /// `nodeAsOf`, `timeline` and `diff`.
    async fn log_keys(&self, ctx: &Context<'_>) -> Result<Vec<LogKey>> {
        let keys = tree(ctx)?.keys().await.map_err(|error| failed(&error))?;
        Ok(keys.into_iter().map(LogKey::from).collect())
    }

    /// The last head that each outsider has seen. Has no `asOf`: what others
    /// have seen stands beside the log, and only the last of it is kept.
    async fn witnessed_checkpoints(&self, ctx: &Context<'_>) -> Result<Vec<WitnessedCheckpoint>> {
        let tree = tree(ctx)?;
        let seen = tree.witnessed().await.map_err(|error| failed(&error))?;
        Ok(seen.into_iter().map(WitnessedCheckpoint::from).collect())
    }

    /// The proof that the event at a position is in the log: of a size, or of
    /// the last signed head. Has no `asOf`: `size` is the log as of a position.
    #[graphql(complexity = "100 + child_complexity")]
    async fn inclusion_proof(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The event's position.")] position: Long,
        #[graphql(desc = "Of a log of this size, if not the last head's.")] size: Option<Long>,
    ) -> Result<InclusionProof> {
        let tree = tree(ctx)?;
        let size = sized(&tree, size).await?;
        let hashes = tree
            .inclusion_proof(position.0, size)
            .await
            .map_err(|error| failed_at(&error, "position"))?;
        let root = tree.root(size).await.map_err(|error| failed(&error))?;
        let events = desk(ctx)?
            .log()
            .read(position.0 - 1, 1, &Filter::default())
            .await
            .map_err(|error| of_store(&error))?;
        let event = events.first().ok_or_else(|| {
            let position = position.0;
            internal(&StoreError::Corrupt {
                position,
                problem: "it is missing".to_owned(),
            })
        })?;
        let entry = entry_of(event);
        Ok(InclusionProof {
            position,
            size: Long(size),
            leaf_hash: leaf_hash(entry.as_bytes()).to_base64(),
            entry,
            hashes: base64(&hashes),
            root_hash: root.to_base64(),
        })
    }

    /// The proof that the log of one size is the beginning of the log of
    /// another one, or of the last signed head. Has no `asOf`: its sizes are
    /// the log as of two positions.
    #[graphql(complexity = "100 + child_complexity")]
    async fn consistency_proof(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The smaller size.")] from_size: Long,
        #[graphql(desc = "The larger size, if not the last head's.")] to_size: Option<Long>,
    ) -> Result<ConsistencyProof> {
        let tree = tree(ctx)?;
        let to_size = sized(&tree, to_size).await?;
        let hashes = tree
            .consistency_proof(from_size.0, to_size)
            .await
            .map_err(|error| failed_at(&error, "fromSize"))?;
        let from = tree.root(from_size.0).await;
        let to = tree.root(to_size).await;
        Ok(ConsistencyProof {
            from_size,
            to_size: Long(to_size),
            hashes: base64(&hashes),
            from_root_hash: from.map_err(|error| failed(&error))?.to_base64(),
            to_root_hash: to.map_err(|error| failed(&error))?.to_base64(),
        })
    }
}

/// The tree, for those who may read the log.
fn tree(ctx: &Context<'_>) -> Result<SealedTree> {
    authorised(ctx, Action::ReadLog)?;
    Ok(SealedTree::new(desk(ctx)?.database().pool().clone()))
}

/// The size that was asked for, or that of the last signed head.
async fn sized(tree: &SealedTree, size: Option<Long>) -> Result<i64> {
    if let Some(size) = size {
        return Ok(size.0);
    }
    let latest = tree.latest().await.map_err(|error| failed(&error))?;
    latest
        .map(|latest| latest.size)
        .ok_or_else(|| coded(code::NOT_SEALED, "the log is not sealed yet"))
}

/// What a client reads of a seal that could not be had.
fn failed(error: &SealError) -> Error {
    failed_at(error, "size")
}

/// The same where an argument may be to blame for it.
fn failed_at(error: &SealError, field: &str) -> Error {
    match error {
        SealError::NotSealed { .. } => coded(code::NOT_SEALED, error.to_string()),
        SealError::NoProof(problem) => at_field(code::INPUT_INVALID, *problem, field),
        SealError::Store(error) => of_store(error),
        error => internal(error),
    }
}
