//! Relay's paging arguments: forwards with `first` and `after`, backwards with
//! `last` and `before`.

use async_graphql::{Error, Result};

use crate::error::{at_field, code};

/// The longest page.
pub(crate) const MAX_PAGE: i32 = 100;

/// The page where nothing is said.
pub(crate) const DEFAULT_PAGE: i32 = 20;

/// What the arguments ask for.
pub(crate) enum Wanted {
    /// The first so many, after a cursor.
    First(u16, Option<String>),
    /// The last so many, before a cursor.
    Last(u16, Option<String>),
}

/// Checks the arguments against each other and against the longest page.
pub(crate) fn wanted(
    first: Option<i32>,
    after: Option<String>,
    last: Option<i32>,
    before: Option<String>,
) -> Result<Wanted> {
    if last.is_some() || before.is_some() {
        if first.is_some() || after.is_some() {
            return Err(contradiction());
        }
        return Ok(Wanted::Last(length(last, "last")?, before));
    }
    Ok(Wanted::First(length(first, "first")?, after))
}

fn contradiction() -> Error {
    at_field(
        code::PAGE_INVALID,
        "a page is asked for either with first and after or with last and before",
        "first",
    )
}

/// A page's length, checked.
pub(crate) fn length(asked: Option<i32>, field: &str) -> Result<u16> {
    match asked.unwrap_or(DEFAULT_PAGE) {
        length @ 0..=MAX_PAGE => Ok(u16::try_from(length).unwrap_or_default()),
        _ => Err(at_field(
            code::PAGE_INVALID,
            format!("{field} is between 0 and {MAX_PAGE}"),
            field,
        )),
    }
}
