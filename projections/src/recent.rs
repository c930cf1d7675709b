//! What to keep in memory when not everything can be kept.

use std::collections::HashMap;
use std::hash::Hash;

/// The position behind which half of what is held was last used; of nothing,
/// the start of the log.
pub(crate) fn median(positions: impl Iterator<Item = i64>) -> i64 {
    let mut positions: Vec<i64> = positions.collect();
    if positions.is_empty() {
        return 0;
    }
    let half = positions.len() / 2;
    let (_, median, _) = positions.select_nth_unstable(half);
    *median
}

/// Lets go of what was used longest ago where there is more than so much: down to
/// half of that, so that this happens rarely.
pub(crate) fn keep_most_recent<K: Eq + Hash, V>(
    kept: &mut HashMap<K, V>,
    most: usize,
    position: impl Fn(&V) -> i64,
) {
    if kept.len() <= most {
        return;
    }
    let mut positions: Vec<i64> = kept.values().map(&position).collect();
    let place = positions.len() - most / 2;
    let (_, first, _) = positions.select_nth_unstable(place);
    let first = *first;
    kept.retain(|_, value| position(value) >= first);
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::{keep_most_recent, median};

    #[test]
    fn what_was_used_last_is_kept() {
        let mut kept: HashMap<i64, i64> = (0..10).map(|place| (place, 100 - place)).collect();
        keep_most_recent(&mut kept, 10, |position| *position);
        assert_eq!(kept.len(), 10);
        kept.insert(10, 500);
        keep_most_recent(&mut kept, 10, |position| *position);
        let mut positions: Vec<i64> = kept.into_values().collect();
        positions.sort_unstable();
        assert_eq!(positions, [97, 98, 99, 100, 500]);
    }

    #[test]
    fn half_lies_behind_the_median() {
        assert_eq!(median([5, 1, 4, 2, 3].into_iter()), 3);
        assert_eq!(median([7].into_iter()), 7);
        assert_eq!(median([].into_iter()), 0);
    }
}
