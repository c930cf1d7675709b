//! Choices that look random and are the same each time.
//!
//! A generator of our own (`SplitMix64`, ten lines) because those of `rand` may
//! draw otherwise in another version, and the sample desk would be another
//! one after an update of a library.

use std::ops::RangeInclusive;

/// A sequence of choices that its seed decides.
#[derive(Debug, Clone)]
pub(super) struct Draw(u64);

impl Draw {
    /// The sequence of a seed.
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub(super) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number of a range.
    pub(super) fn number(&mut self, range: RangeInclusive<u32>) -> u32 {
        let width = u64::from(range.end() - range.start()) + 1;
        let offset = u32::try_from(self.bits() % width).unwrap_or_default();
        range.start() + offset
    }

    /// Whether something happens that does so in `percent` of a hundred cases.
    pub(super) fn chance(&mut self, percent: u32) -> bool {
        self.number(1..=100) <= percent
    }

    /// One of several.
    pub(super) fn one_of<'a, T>(&mut self, several: &'a [T]) -> &'a T {
        &several[self.index(several.len())]
    }

    /// One of several, each as likely as its weight says.
    pub(super) fn weighted<'a, T>(
        &mut self,
        several: &'a [T],
        weight: impl Fn(&T) -> u32,
    ) -> &'a T {
        let total: u32 = several.iter().map(&weight).sum();
        let mut left = self.number(1..=total.max(1));
        for one in several {
            match left.checked_sub(weight(one)) {
                Some(rest) if rest > 0 => left = rest,
                _ => return one,
            }
        }
        self.one_of(several)
    }

    fn index(&mut self, len: usize) -> usize {
        let len = u64::try_from(len).unwrap_or(1).max(1);
        usize::try_from(self.bits() % len).unwrap_or_default()
    }
}
