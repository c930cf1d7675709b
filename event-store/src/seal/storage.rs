//! The tables of the seals: keys, full tiles, checkpoints, and what outsiders
//! have signed of them.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgExecutor};

use super::keys::KeyRow;
use super::tile::{TILE_WIDTH, TileId};
use super::tree::{FullTile, Hash};
use super::{SealError, leaf_of};
use crate::lease::lock_key;
use crate::{Filter, StoreError, reading};

/// A head that was signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCheckpoint {
    /// How many events it covers.
    pub size: i64,
    /// The root over them.
    pub root: Hash,
    /// The signed note.
    pub note: String,
    /// The hashes of the last events that it is the first to cover, as far as
    /// no full tile holds them.
    pub leaves: Vec<Hash>,
    /// The size of the head that was signed before this one, 0 for the first;
    /// nothing where that is not known, as in a log that was brought back.
    pub previous: Option<i64>,
    /// When it was signed.
    pub signed_at: DateTime<Utc>,
}

/// That an outsider has seen a head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cosignature {
    /// Who: the name of its key, an address, or a file.
    pub witness: String,
    /// Which head.
    pub size: i64,
    /// Its signature line; empty where it signs nothing.
    pub line: String,
    /// Since when that is known.
    pub received_at: DateTime<Utc>,
}

struct CheckpointRow {
    size: i64,
    root: Vec<u8>,
    note: String,
    leaves: Vec<u8>,
    previous: Option<i64>,
    signed_at: DateTime<Utc>,
}

impl TryFrom<CheckpointRow> for StoredCheckpoint {
    type Error = SealError;

    fn try_from(row: CheckpointRow) -> Result<Self, SealError> {
        Ok(Self {
            size: row.size,
            root: stored_hash(&row.root)?,
            note: row.note,
            leaves: hashes_of(&row.leaves)?,
            previous: row.previous,
            signed_at: row.signed_at,
        })
    }
}

fn stored_hash(bytes: &[u8]) -> Result<Hash, SealError> {
    Hash::try_from(bytes).map_err(|_| SealError::broken(0, "a stored hash does not have 32 bytes"))
}

/// The keys of the log, in their order.
pub(crate) async fn keys(executor: impl PgExecutor<'_>) -> Result<Vec<KeyRow>, StoreError> {
    let keys = sqlx::query_as!(
        KeyRow,
        "select number, verifier_key, from_size, endorsement, adopted_at from seal_keys order by number"
    )
    .fetch_all(executor)
    .await?;
    Ok(keys)
}

/// The position of an event of a kind of aggregate, if there is one: of the
/// first in its stream.
pub(crate) async fn first_event_of(
    executor: impl PgExecutor<'_>,
    aggregate_type: &str,
) -> Result<Option<i64>, StoreError> {
    // In the order of the index of streams: the log is not gone through.
    let position = sqlx::query_scalar!(
        "
        select position from events where aggregate_type = $1
        order by aggregate_type, aggregate_id, sequence
        limit 1
        ",
        aggregate_type,
    )
    .fetch_optional(executor)
    .await?;
    Ok(position)
}

/// Waits until nobody else signs a head or hands over to another key, and
/// keeps them from it until the transaction ends.
pub(crate) async fn lock_head(connection: &mut PgConnection) -> Result<(), StoreError> {
    let key = lock_key(connection, "seal head").await?;
    sqlx::query!("select pg_advisory_xact_lock($1)", key)
        .execute(connection)
        .await?;
    Ok(())
}

/// Adds a key.
pub(crate) async fn add_key(executor: impl PgExecutor<'_>, row: &KeyRow) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into seal_keys (number, verifier_key, from_size, endorsement) values ($1, $2, $3, $4)",
        row.number,
        row.verifier_key,
        row.from_size,
        row.endorsement,
    )
    .execute(executor)
    .await?;
    Ok(())
}

/// The last head that was signed.
pub(crate) async fn last_checkpoint(
    executor: impl PgExecutor<'_>,
) -> Result<Option<StoredCheckpoint>, SealError> {
    let row = sqlx::query_as!(
        CheckpointRow,
        "select size, root, note, leaves, previous, signed_at from seal_checkpoints order by size desc limit 1"
    )
    .fetch_optional(executor)
    .await
    .map_err(StoreError::from)?;
    row.map(StoredCheckpoint::try_from).transpose()
}

/// Heads behind a size, in order.
pub(crate) async fn checkpoints(
    executor: impl PgExecutor<'_>,
    after: i64,
    limit: i64,
) -> Result<Vec<StoredCheckpoint>, SealError> {
    let rows = sqlx::query_as!(
        CheckpointRow,
        "select size, root, note, leaves, previous, signed_at from seal_checkpoints where size > $1 order by size limit $2",
        after,
        limit,
    )
    .fetch_all(executor)
    .await
    .map_err(StoreError::from)?;
    rows.into_iter().map(StoredCheckpoint::try_from).collect()
}

/// Adds a head.
pub(crate) async fn add_checkpoint(
    executor: impl PgExecutor<'_>,
    size: i64,
    root: Hash,
    note: &str,
    leaves: &[Hash],
    previous: Option<i64>,
) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into seal_checkpoints (size, root, note, leaves, previous) values ($1, $2, $3, $4, $5)",
        size,
        root.0.as_slice(),
        note,
        bytes_of(leaves),
        previous,
    )
    .execute(executor)
    .await?;
    Ok(())
}

/// Adds tiles that have become full.
pub(crate) async fn add_tiles(
    executor: impl PgExecutor<'_>,
    tiles: &[FullTile],
) -> Result<(), StoreError> {
    if tiles.is_empty() {
        return Ok(());
    }
    let levels: Vec<i16> = tiles.iter().map(|tile| i16::from(tile.id.level)).collect();
    let numbers: Vec<i64> = tiles.iter().map(|tile| signed(tile.id.number)).collect();
    let roots: Vec<&[u8]> = tiles.iter().map(|tile| tile.root.0.as_slice()).collect();
    let hashes: Vec<Vec<u8>> = tiles.iter().map(|tile| bytes_of(&tile.hashes)).collect();
    sqlx::query!(
        "
        insert into seal_tiles (level, number, root, hashes)
        select * from unnest($1::smallint[], $2::bigint[], $3::bytea[], $4::bytea[])
        ",
        &levels,
        &numbers,
        &roots as &[&[u8]],
        &hashes,
    )
    .execute(executor)
    .await?;
    Ok(())
}

/// The hashes of some full tiles; those that are not there are left out.
pub(crate) async fn full_tiles(
    executor: impl PgExecutor<'_>,
    tiles: &[TileId],
) -> Result<Vec<FullTile>, SealError> {
    if tiles.is_empty() {
        return Ok(Vec::new());
    }
    let levels: Vec<i16> = tiles.iter().map(|tile| i16::from(tile.level)).collect();
    let numbers: Vec<i64> = tiles.iter().map(|tile| signed(tile.number)).collect();
    let rows = sqlx::query!(
        "
        select t.level, t.number, t.root, t.hashes
        from unnest($1::smallint[], $2::bigint[]) as wanted (level, number)
        join seal_tiles t on t.level = wanted.level and t.number = wanted.number
        ",
        &levels,
        &numbers,
    )
    .fetch_all(executor)
    .await
    .map_err(StoreError::from)?;
    rows.into_iter()
        .map(|row| {
            let level = u8::try_from(row.level).unwrap_or(u8::MAX);
            Ok(FullTile {
                id: TileId::new(level, u64::try_from(row.number).unwrap_or_default()),
                root: stored_hash(&row.root)?,
                hashes: hashes_of(&row.hashes)?,
            })
        })
        .collect()
}

/// The hashes of a partial tile: of events, or the roots of full tiles.
pub(crate) async fn partial_tile(
    connection: &mut PgConnection,
    tile: TileId,
) -> Result<Vec<Hash>, SealError> {
    let first = signed(tile.number) * signed(TILE_WIDTH as u64);
    let width = i64::from(tile.width);
    let Some(below) = tile.level.checked_sub(1) else {
        return leaves(connection, first, width).await;
    };
    let roots = sqlx::query_scalar!(
        "select root from seal_tiles where level = $1 and number >= $2 and number < $3 order by number",
        i16::from(below),
        first,
        first + width,
    )
    .fetch_all(connection)
    .await
    .map_err(StoreError::from)?;
    let hashes = roots
        .iter()
        .map(|root| stored_hash(root))
        .collect::<Result<Vec<_>, _>>()?;
    if hashes.len() == usize::from(tile.width) {
        return Ok(hashes);
    }
    let problem = format!("a tile is missing below {tile}");
    Err(SealError::broken(0, problem))
}

/// The hashes of some events, read and computed anew.
async fn leaves(
    connection: &mut PgConnection,
    after: i64,
    count: i64,
) -> Result<Vec<Hash>, SealError> {
    let events = reading::page(connection, after, count, &Filter::default()).await?;
    for (event, expected) in events.iter().zip(after + 1..) {
        if event.position != expected {
            return Err(SealError::broken(expected, "the event is missing"));
        }
    }
    let found = signed(events.len() as u64);
    if found < count {
        return Err(SealError::broken(after + found + 1, "the event is missing"));
    }
    Ok(events.iter().map(leaf_of).collect())
}

/// Writes down that an outsider has seen a head. A second time changes nothing.
pub(crate) async fn add_cosignature(
    executor: impl PgExecutor<'_>,
    witness: &str,
    size: i64,
    line: &str,
) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into seal_cosignatures (witness, size, line) values ($1, $2, $3) on conflict do nothing",
        witness,
        size,
        line,
    )
    .execute(executor)
    .await?;
    Ok(())
}

/// The last head that each outsider has seen.
pub(crate) async fn last_cosignatures(
    executor: impl PgExecutor<'_>,
) -> Result<Vec<Cosignature>, StoreError> {
    let rows = sqlx::query_as!(
        Cosignature,
        "
        select distinct on (witness) witness, size, line, received_at
        from seal_cosignatures
        order by witness, size desc
        "
    )
    .fetch_all(executor)
    .await?;
    Ok(rows)
}

/// What outsiders have signed of a head.
pub(crate) async fn cosignatures(
    executor: impl PgExecutor<'_>,
    size: i64,
) -> Result<Vec<Cosignature>, StoreError> {
    let rows = sqlx::query_as!(
        Cosignature,
        "select witness, size, line, received_at from seal_cosignatures where size = $1 order by witness",
        size,
    )
    .fetch_all(executor)
    .await?;
    Ok(rows)
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn bytes_of(hashes: &[Hash]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| hash.0).collect()
}

fn hashes_of(bytes: &[u8]) -> Result<Vec<Hash>, SealError> {
    bytes.chunks(32).map(stored_hash).collect()
}
