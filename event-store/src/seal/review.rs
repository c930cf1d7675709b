//! The review: goes through the whole sealed log in the background, a tile at a
//! time and from the beginning again, and holds every event and every hash
//! against what was signed. What was altered long ago is found by it while the
//! desk runs, and not only when somebody verifies.
//!
//! How far it is, and what it has found, is kept in a file beside the last
//! signed head: a restart neither begins anew nor forgets.

use std::path::PathBuf;
use std::time::Duration;

use sqlx::PgConnection;

use super::kept::KeptHeads;
use super::sealed::{SealError, grown};
use super::storage::{self, StoredCheckpoint};
use super::tile::{TILE_WIDTH, TileId};
use super::tree::{Hash, root_of};

/// How the sealed log is gone through in the background.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReviewSettings {
    /// How long one pass through the log may take, where the rate allows it.
    pub pass: Duration,
    /// How many events are read a second at most: what the review costs.
    pub events_per_second: u32,
}

impl Default for ReviewSettings {
    fn default() -> Self {
        Self {
            pass: Duration::from_secs(24 * 60 * 60),
            events_per_second: 5_000,
        }
    }
}

/// A pass through the log.
pub(super) struct Review {
    settings: ReviewSettings,
    file: PathBuf,
    /// The number of the full tile of level 0 that is looked at next.
    next: u64,
}

impl Review {
    /// Of a short log no tile waits longer than this.
    const LONGEST_PAUSE: Duration = Duration::from_secs(10);

    /// Goes on where the review of a log stood. Where it had found something,
    /// that is looked at again.
    pub(super) fn resume(settings: ReviewSettings, kept: &KeptHeads, origin: &str) -> Self {
        let file = kept.review_of(origin);
        // A file that is not there, or says nothing, is a pass from the start.
        let next = std::fs::read_to_string(&file)
            .ok()
            .and_then(|text| text.trim().parse().ok())
            .unwrap_or(0);
        Self {
            settings,
            file,
            next,
        }
    }

    /// Up to which position the present pass has come.
    pub(super) fn position(&self) -> i64 {
        i64::try_from(self.next * TILE_WIDTH as u64).unwrap_or(i64::MAX)
    }

    /// How long to wait until the next tile.
    pub(super) fn pause(&self, sealed: i64) -> Duration {
        // One look more than there are tiles: at the edge of the tree.
        let looks = u32::try_from(full_tiles(sealed) + 1).unwrap_or(u32::MAX);
        let least = Duration::from_secs(TILE_WIDTH as u64)
            .checked_div(self.settings.events_per_second)
            .unwrap_or(Self::LONGEST_PAUSE);
        (self.settings.pass / looks)
            .min(Self::LONGEST_PAUSE)
            .max(least)
    }

    /// Looks at the next tile. Returns whether a pass has come to its end.
    pub(super) async fn look(
        &mut self,
        connection: &mut PgConnection,
        last: &StoredCheckpoint,
    ) -> Result<bool, SealError> {
        let is_at_end = self.next >= full_tiles(last.size);
        if is_at_end {
            at_edge(connection, last).await?;
            self.next = 0;
        } else {
            // It stays where it is when something is found: that is what is
            // looked at first from then on.
            at_tile(connection, self.next).await?;
            self.next += 1;
        }
        // Without the file a restart begins a pass anew, which harms nothing.
        if let Err(error) = tokio::fs::write(&self.file, format!("{}\n", self.next)).await {
            tracing::warn!(%error, "how far the review of the log is could not be kept");
        }
        Ok(is_at_end)
    }
}

/// How many tiles of level 0 are full in a log of a size.
fn full_tiles(size: i64) -> u64 {
    u64::try_from(size).unwrap_or_default() / TILE_WIDTH as u64
}

/// The events under a full tile of level 0 have its hashes; and the tiles of
/// which it is the last child have those of theirs.
async fn at_tile(connection: &mut PgConnection, number: u64) -> Result<(), SealError> {
    let mut tile = TileId::new(0, number);
    let mut hashes = storage::partial_tile(connection, tile).await?;
    loop {
        holds(connection, tile, &hashes).await?;
        if !(tile.number + 1).is_multiple_of(TILE_WIDTH as u64) {
            return Ok(());
        }
        tile = TileId::new(tile.level + 1, tile.number / TILE_WIDTH as u64);
        hashes = storage::partial_tile(connection, tile).await?;
    }
}

/// A stored tile has these hashes, and the root over them.
async fn holds(
    connection: &mut PgConnection,
    tile: TileId,
    hashes: &[Hash],
) -> Result<(), SealError> {
    let width = (TILE_WIDTH as u64).saturating_pow(u32::from(tile.level));
    let first = tile.number * TILE_WIDTH as u64 * width;
    let position = |place: usize| {
        let before = first + u64::try_from(place).unwrap_or_default() * width;
        i64::try_from(before).map_or(i64::MAX, |before| before + 1)
    };
    let Some(stored) = storage::full_tiles(&mut *connection, &[tile]).await?.pop() else {
        return Err(SealError::broken(
            position(0),
            format!("the tile {tile} of hashes is missing"),
        ));
    };
    let differs = hashes
        .iter()
        .zip(&stored.hashes)
        .position(|(one, other)| one != other);
    if let Some(place) = differs {
        let at = position(place);
        let problem = if tile.level == 0 {
            format!("the event at position {at} is not the one that was sealed")
        } else {
            format!("the tile {tile} does not have the hashes of the tiles below it")
        };
        return Err(SealError::broken(at, problem));
    }
    if root_of(hashes) != stored.root {
        return Err(SealError::broken(
            position(0),
            format!("the hash over the tile {tile} is another one"),
        ));
    }
    Ok(())
}

/// The edge of the tree, over all tiles, has the root that was signed.
async fn at_edge(connection: &mut PgConnection, last: &StoredCheckpoint) -> Result<(), SealError> {
    let size = u64::try_from(last.size).unwrap_or_default();
    if grown(connection, size).await?.root() == last.root {
        return Ok(());
    }
    let problem = format!(
        "the events up to position {size} and the tiles over them do not have the root that was \
         signed"
    );
    Err(SealError::broken(0, problem))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pass_takes_its_time_and_no_more_than_its_cost() {
        let directory = tempfile::tempdir().unwrap();
        let kept = KeptHeads::new(directory.path().to_owned());
        let pause = |sealed, pass, events_per_second| {
            let settings = ReviewSettings {
                pass: Duration::from_secs(pass),
                events_per_second,
            };
            Review::resume(settings, &kept, "desk.example/log").pause(sealed)
        };
        // A short log is not looked at once a day only.
        assert_eq!(pause(3, 86_400, 5_000), Duration::from_secs(10));
        // A million events in a day: 3,906 tiles.
        let a_day = pause(1_000_000, 86_400, 5_000);
        assert!(a_day > Duration::from_secs(9), "{a_day:?}");
        // In a minute: as fast as is allowed.
        let a_minute = pause(1_000_000, 60, 5_000);
        assert_eq!(a_minute, Duration::from_micros(51_200));
    }
}
