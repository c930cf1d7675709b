//! From where to where in the log a row was so.
//!
//! A folded row is valid from its position on. The event that supersedes it
//! sends the version before into a table of past versions: that one was valid
//! up to the event, and not at it. The live table has what is valid still, so
//! that as of a position a row is the one of the two tables that was valid
//! there. Both are only ever asked together, in one statement and so as of one
//! state of the database.
//!
//! A version is found by its key, or by a stab: all that were valid at a
//! position. For the stab each past version is registered under one number of
//! its interval, the one with the most trailing zeros in binary, which is where
//! the interval forks off the path from the root of a binary tree over all
//! positions (the relational interval tree of Kriegel, Pötke and Seidl). What
//! contains a position is registered on the position's own path, one number a
//! level; and what is registered under one number was valid there at the same
//! time, so that a stab costs what was open then, however long the log.

use sqlx::{Postgres, QueryBuilder};

use crate::copy::Layout;

/// The point of the log that a question is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum AsOf {
    /// As far as the read model has come.
    #[default]
    Now,
    /// After the event at a position, and before the next one.
    Position(i64),
}

impl AsOf {
    /// The last position that counts.
    pub fn position(self) -> i64 {
        match self {
            Self::Now => i64::MAX,
            Self::Position(position) => position,
        }
    }
}

/// The number under which an interval of positions is registered, from its
/// first position up to but not including its end.
pub(crate) fn fork_node(from: i64, to: i64) -> i64 {
    let last = (to - 1).max(from);
    // Above the highest bit in which the two ends differ they agree, and the
    // last number that changes there is zero below.
    let differ = (from - 1) ^ last;
    let level = differ.checked_ilog2().unwrap_or_default();
    last >> level << level
}

/// The numbers under which an interval that contains a position can be
/// registered: the position's path in the tree, leaf first.
pub(crate) fn path(position: i64) -> Vec<i64> {
    const LEVELS: u32 = i64::BITS - 2;
    let level = |level: u32| {
        let below = position & ((1 << (level + 1)) - 1);
        // At the border between two subtrees it is the node above that counts.
        (below != 0).then(|| (position - below) + (1 << level))
    };
    (0..LEVELS).filter_map(level).collect()
}

/// How the versions of a question are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// By what else the question says, such as the item.
    ByKey,
    /// By a stab.
    ByStab,
}

/// Adds the versions that a question may be about, as `q`: those of the live
/// table, or all that there ever were, whose validity [`push_valid`] asks for.
///
/// The conditions stand outside of the union, where PostgreSQL takes the two
/// tables for parts of one: it walks along an index of each at the same time,
/// and looks rows up by their key in both. What it knows of one of the parts
/// alone, it leaves out of that part's conditions.
pub(crate) fn push_versions(
    query: &mut QueryBuilder<'_, Postgres>,
    (live, past): (&Layout, &Layout),
    as_of: AsOf,
) {
    if as_of == AsOf::Now {
        query.push(live.table).push(" q");
        return;
    }
    let columns = live.columns.join(", w.");
    query.push(format!(
        "(select w.{columns}, true as is_live, {} as valid_to, 0::bigint as fork_node from {} w \
         union all select w.{columns}, false, w.valid_to, w.fork_node from {} w) q",
        i64::MAX,
        live.table,
        past.table,
    ));
}

/// Adds the conditions that a version `q` was valid at a point, each after an
/// `and`.
pub(crate) fn push_valid(query: &mut QueryBuilder<'_, Postgres>, as_of: AsOf, found: Found) {
    let AsOf::Position(position) = as_of else {
        return;
    };
    query.push(" and q.position <= ").push_bind(position);
    query.push(" and q.valid_to > ").push_bind(position);
    if found == Found::ByStab {
        query.push(" and (q.is_live or q.fork_node = any (");
        query.push_bind(path(position)).push("))");
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{fork_node, path};

    /// Positions of small logs, where intervals touch, and of huge ones.
    fn positions() -> impl Strategy<Value = i64> {
        prop_oneof![1..70_i64, 1..5_000_000_i64, 1..1_i64 << 60]
    }

    proptest! {
        #[test]
        fn a_stab_finds_exactly_the_intervals_that_contain_the_position(
            from in positions(),
            length in positions(),
            position in positions(),
        ) {
            let to = from + length;
            let node = fork_node(from, to);
            prop_assert!(from <= node && node < to, "{node} lies in the interval");
            for inside in [from, to - 1, node, from + length / 2] {
                prop_assert!(path(inside).contains(&node), "{inside} of {from}..{to}");
            }
            // What is found besides is sorted out by its two ends.
            let is_found = path(position).contains(&node) && from <= position && position < to;
            prop_assert_eq!(is_found, (from..to).contains(&position));
        }

        #[test]
        fn a_path_has_one_number_a_level(position in positions()) {
            let path = path(position);
            prop_assert!(path.len() <= 62);
            prop_assert!(path.is_sorted_by_key(|node| node.trailing_zeros()));
        }
    }

    #[test]
    fn before_the_first_event_nothing_is_valid() {
        assert_eq!(path(0), Vec::<i64>::new());
    }
}
