//! What to keep in memory when not everything can be kept.

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

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    fn half_lies_behind_the_median() {
        assert_eq!(median([5, 1, 4, 2, 3].into_iter()), 3);
        assert_eq!(median([7].into_iter()), 7);
        assert_eq!(median([].into_iter()), 0);
    }
}
