//! Tiles: 256 neighbouring hashes of one level, the unit in which a tree is
//! kept and handed out (C2SP tlog-tiles).

use std::fmt;
use std::str::FromStr;

/// How many hashes a full tile has.
pub const TILE_WIDTH: usize = 256;
const WIDTH: u64 = TILE_WIDTH as u64;

/// Which tile, and how much of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TileId {
    /// 0 for the hashes of leaves; each level above has the roots of the full
    /// tiles below.
    pub level: u8,
    /// Which one of its level, from 0.
    pub number: u64,
    /// How many of its hashes there are: 1 to 256.
    pub width: u16,
}

/// Why a path names no tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no path of a tile, such as 0/x001/234 or 0/x001/235.p/17")]
pub struct TilePathError;

impl TileId {
    /// A full tile.
    pub fn new(level: u8, number: u64) -> Self {
        Self {
            level,
            number,
            width: 256,
        }
    }

    /// Whether it has all its hashes.
    pub fn is_full(self) -> bool {
        usize::from(self.width) == TILE_WIDTH
    }

    /// How many leaves a tree must have for the tile to exist; nothing where
    /// no tree can have so many.
    pub fn needs_leaves(self) -> Option<u64> {
        let nodes = self
            .number
            .checked_mul(WIDTH)?
            .checked_add(u64::from(self.width))?;
        nodes.checked_mul(Self::leaves_a_hash(self.level)?)
    }

    /// How many leaves stand under one hash of a level.
    fn leaves_a_hash(level: u8) -> Option<u64> {
        WIDTH.checked_pow(u32::from(level))
    }

    /// How many hashes the partial tile of each level has in a tree of this
    /// size, up to the highest level that has any hash at all.
    pub(crate) fn edge_widths(size: u64) -> Vec<usize> {
        let mut widths = Vec::new();
        let mut nodes = size;
        while nodes > 0 {
            widths.push(usize::try_from(nodes % WIDTH).unwrap_or_default());
            nodes /= WIDTH;
        }
        widths
    }

    /// The partial tiles at the right edge of a tree of this size, those
    /// without a hash left out.
    pub fn edge(size: u64) -> Vec<Self> {
        let mut tiles = Vec::new();
        let mut nodes = size;
        for level in 0.. {
            if nodes == 0 {
                break;
            }
            let width = u16::try_from(nodes % WIDTH).unwrap_or_default();
            if width > 0 {
                tiles.push(Self {
                    level,
                    number: nodes / WIDTH,
                    width,
                });
            }
            nodes /= WIDTH;
        }
        tiles
    }

    /// The tile that holds the roots of subtrees of this height, and which of
    /// its hashes stand under one such subtree; as a tree of this size has it.
    pub(crate) fn of_subtree(height: u32, index: u64, size: u64) -> Option<(Self, u64, u64)> {
        let level = u8::try_from(height / 8).ok()?;
        let count = 1_u64 << (height % 8);
        let first = index.checked_mul(count)?;
        let number = first / WIDTH;
        let nodes = size / Self::leaves_a_hash(level)?;
        let there = nodes.checked_sub(number * WIDTH)?.min(WIDTH);
        let offset = first % WIDTH;
        let tile = Self {
            level,
            number,
            width: u16::try_from(there).ok()?,
        };
        (offset + count <= there).then_some((tile, offset, count))
    }

    /// The number as the specification writes it: groups of three digits, all
    /// but the last behind an `x`.
    fn number_path(self) -> String {
        let digits = self.number.to_string();
        let missing = (3 - digits.len() % 3) % 3;
        let padded = format!("{}{digits}", "0".repeat(missing));
        let groups = padded.len() / 3;
        let mut path = String::with_capacity(padded.len() + 2 * groups);
        for (group, start) in (1..).zip((0..padded.len()).step_by(3)) {
            if group < groups {
                path.push('x');
            }
            path.push_str(&padded[start..start + 3]);
            if group < groups {
                path.push('/');
            }
        }
        path
    }

    /// Reads a path without its level: `x001/234` or `x001/235.p/17`.
    pub fn parse_number(level: u8, path: &str) -> Result<Self, TilePathError> {
        let (number, width) = match path.split_once(".p/") {
            None => (path, 256),
            Some((number, width)) => {
                let width: u16 = decimal(width).ok_or(TilePathError)?;
                if !(1..256).contains(&width) {
                    return Err(TilePathError);
                }
                (number, width)
            }
        };
        let mut digits = String::new();
        let groups: Vec<&str> = number.split('/').collect();
        for (place, group) in (1..).zip(&groups) {
            let group = if place < groups.len() {
                group.strip_prefix('x').ok_or(TilePathError)?
            } else {
                group
            };
            if group.len() != 3 || !group.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(TilePathError);
            }
            digits.push_str(group);
        }
        let tile = Self {
            level,
            number: digits.parse().map_err(|_| TilePathError)?,
            width,
        };
        // One tile has one path: no further zeros in front.
        if tile.number_path() == number {
            Ok(tile)
        } else {
            Err(TilePathError)
        }
    }
}

/// A decimal number without zeros in front.
fn decimal<N: FromStr + ToString>(text: &str) -> Option<N> {
    let number: N = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

impl FromStr for TileId {
    type Err = TilePathError;

    /// Reads a path such as `0/x001/x234/067.p/8`.
    fn from_str(path: &str) -> Result<Self, TilePathError> {
        let (level, rest) = path.split_once('/').ok_or(TilePathError)?;
        let level: u8 = decimal(level).ok_or(TilePathError)?;
        if level > 63 {
            return Err(TilePathError);
        }
        Self::parse_number(level, rest)
    }
}

impl fmt::Display for TileId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.level, self.number_path())?;
        if !self.is_full() {
            write!(formatter, ".p/{}", self.width)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_those_of_the_specification() {
        let tile = TileId::new(0, 1_234_067);
        assert_eq!(tile.to_string(), "0/x001/x234/067");
        assert_eq!("0/x001/x234/067".parse(), Ok(tile));
        let partial = TileId {
            level: 1,
            number: 0,
            width: 17,
        };
        assert_eq!(partial.to_string(), "1/000.p/17");
        assert_eq!("1/000.p/17".parse(), Ok(partial));
        for wrong in [
            "0/0",
            "0/x000/000",
            "00/000",
            "64/000",
            "0/000.p/0",
            "0/000.p/256",
            "0/000.p/017",
            "0/001/000",
            "0/x001/x000",
            "0/-01",
            "/000",
            "0/",
            "0/000.p/",
            "0/٠٠٠",
        ] {
            assert_eq!(wrong.parse::<TileId>(), Err(TilePathError), "{wrong}");
        }
    }

    #[test]
    fn the_edge_of_a_tree_is_that_of_the_specification() {
        let edge: Vec<String> = TileId::edge(70_000).iter().map(TileId::to_string).collect();
        assert_eq!(edge, ["0/273.p/112", "1/001.p/17", "2/000.p/1"]);
        let edge: Vec<String> = TileId::edge(256).iter().map(TileId::to_string).collect();
        assert_eq!(edge, ["1/000.p/1"]);
        assert_eq!(TileId::edge(0), []);
    }

    #[test]
    fn a_tile_needs_the_leaves_under_its_hashes() {
        assert_eq!(TileId::new(0, 0).needs_leaves(), Some(256));
        assert_eq!(
            "1/001.p/17".parse::<TileId>().unwrap().needs_leaves(),
            Some(273 * 256)
        );
        assert_eq!(TileId::new(63, 5).needs_leaves(), None);
    }
}
