//! Pages of the queue.

use projections::ReadError;
use projections::work_queue::{
    Cursor, Direction, Keyset, Order, OrderBy, WorkItemFilter, WorkQueue, WorkQueueRow,
};
use strum::IntoEnumIterator;

use crate::desk::{Desk, team};
use crate::journey::live;

pub(crate) fn orders() -> impl Iterator<Item = Order> {
    OrderBy::iter().flat_map(|by| Direction::iter().map(move |direction| Order { by, direction }))
}

/// The orders that have walks of their own, and those that are much asked for.
fn walked(order: Order) -> bool {
    matches!(
        order.by,
        OrderBy::OpenedAt
            | OrderBy::UpdatedAt
            | OrderBy::Priority
            | OrderBy::Number
            | OrderBy::Status
    )
}

/// Every filter in the orders that are walked, and the filters in turn in all
/// others.
fn questions_in(orders: impl Iterator<Item = Order>) -> Vec<(WorkItemFilter, Order)> {
    let filters = filters();
    let mut questions = Vec::new();
    for (turn, order) in orders.enumerate() {
        if walked(order) {
            questions.extend(filters.iter().map(|filter| (filter.clone(), order)));
        } else {
            questions.push((filters[turn % filters.len()].clone(), order));
        }
    }
    questions
}

/// What is asked in every order.
pub(crate) fn questions() -> Vec<(WorkItemFilter, Order)> {
    questions_in(orders())
}

/// What is asked in the orders that are walked.
pub(crate) fn walked_questions() -> Vec<(WorkItemFilter, Order)> {
    questions_in(orders().filter(|order| walked(*order)))
}

const OLDEST_FIRST: Order = Order {
    by: OrderBy::OpenedAt,
    direction: Direction::Ascending,
};

pub(crate) async fn all(
    queue: &WorkQueue,
    filter: &WorkItemFilter,
    order: Order,
) -> Vec<WorkQueueRow> {
    let everything = Keyset::First {
        limit: u16::MAX,
        after: None,
    };
    let page = queue.page(filter, order, &everything).await.unwrap();
    assert!(!page.has_next && !page.has_previous);
    page.rows
}

/// Walks pages of a few rows to the end, and back to the beginning.
pub(crate) async fn walk(
    queue: &WorkQueue,
    filter: &WorkItemFilter,
    order: Order,
) -> [Vec<WorkQueueRow>; 2] {
    const LIMIT: u16 = 7;
    let mut forwards = Vec::new();
    let mut after = None;
    loop {
        let keyset = Keyset::First {
            limit: LIMIT,
            after: after.clone(),
        };
        let page = queue.page(filter, order, &keyset).await.unwrap();
        assert_eq!(page.has_previous, after.is_some());
        after = page.rows.last().map(|row| Cursor::of(row, order.by));
        forwards.extend(page.rows);
        if !page.has_next {
            break;
        }
    }
    let mut backwards: Vec<WorkQueueRow> = Vec::new();
    let mut before = None;
    loop {
        let keyset = Keyset::Last {
            limit: LIMIT,
            before: before.clone(),
        };
        let page = queue.page(filter, order, &keyset).await.unwrap();
        assert_eq!(page.has_next, before.is_some());
        // As the reader holds it.
        before = page
            .rows
            .first()
            .map(|row| Cursor::decode(&Cursor::of(row, order.by).encode()).unwrap());
        backwards.splice(0..0, page.rows);
        if !page.has_previous {
            break;
        }
    }
    [forwards, backwards]
}

pub(crate) fn filters() -> Vec<WorkItemFilter> {
    let none = WorkItemFilter::default;
    let names = |names: &[&str]| Some(names.iter().map(ToString::to_string).collect::<Vec<_>>());
    let teams = ["IT Network", "Finance Systems"]
        .map(|name| team(name, domain::work_item::SupportLine::Second).id.0);
    vec![
        none(),
        WorkItemFilter {
            teams: Some(teams.to_vec()),
            ..none()
        },
        WorkItemFilter {
            teams: Some(teams.to_vec()),
            unassigned: Some(true),
            statuses: names(&["New", "InProgress", "Closed"]),
            ..none()
        },
        WorkItemFilter {
            is_open: Some(true),
            ..none()
        },
        WorkItemFilter {
            statuses: names(&["Assigned", "OnHold"]),
            priorities: Some(vec![3, 5]),
            ..none()
        },
        WorkItemFilter {
            persons: names(&["li.wei", "li.wei"]),
            ..none()
        },
        WorkItemFilter {
            requesters: names(&["chen.jie", "müller"]),
            is_open: Some(false),
            ..none()
        },
        WorkItemFilter {
            visible_to: Some("chen.jie".to_owned()),
            ..none()
        },
        WorkItemFilter {
            text: Some("RESTARTED the".to_owned()),
            ..none()
        },
    ]
}

#[tokio::test]
async fn walking_pages_forwards_and_backwards_gives_the_whole_list_in_every_order() {
    let desk = Desk::open().await;
    live(&desk, 3, 60, 15).await;
    desk.catch_up().await;
    let queue = desk.read().work_queue();
    for (filter, order) in questions() {
        let whole = all(&queue, &filter, order).await;
        assert!(!whole.is_empty(), "{filter:?}");
        let [forwards, backwards] = walk(&queue, &filter, order).await;
        assert_eq!(forwards, whole, "{order:?} {filter:?}");
        assert_eq!(backwards, whole, "{order:?} {filter:?}");
        assert_eq!(
            queue.total(&filter).await.unwrap(),
            i64::try_from(whole.len()).unwrap()
        );
        let sorted = whole.is_sorted_by(|one, next| in_order(one, next, order));
        assert!(sorted, "{order:?} {filter:?}");
    }
    desk.close().await;
}

fn in_order(one: &WorkQueueRow, next: &WorkQueueRow, order: Order) -> bool {
    let ordering = match order.by {
        OrderBy::OpenedAt => one.opened_at.cmp(&next.opened_at),
        OrderBy::UpdatedAt => one.updated_at.cmp(&next.updated_at),
        OrderBy::Priority => (one.priority, one.opened_at).cmp(&(next.priority, next.opened_at)),
        OrderBy::Number => one.number.cmp(&next.number),
        OrderBy::Status => one.status.cmp(&next.status),
        // What the others say is shown of the API, column by column.
        _ => return true,
    }
    .then(one.item_id.cmp(&next.item_id));
    match order.direction {
        Direction::Ascending => ordering.is_lt(),
        Direction::Descending => ordering.is_gt(),
    }
}

#[tokio::test]
async fn the_filters_let_through_what_they_say() {
    let desk = Desk::open().await;
    live(&desk, 4, 60, 15).await;
    desk.catch_up().await;
    let queue = desk.read().work_queue();
    let everything = all(&queue, &WorkItemFilter::default(), OLDEST_FIRST).await;
    let kept: [fn(&WorkQueueRow) -> bool; 9] = [
        |_| true,
        |row| {
            matches!(
                row.team_name.as_deref(),
                Some("IT Network" | "Finance Systems")
            )
        },
        |row| {
            matches!(
                row.team_name.as_deref(),
                Some("IT Network" | "Finance Systems") | None
            ) && matches!(row.status.as_str(), "New" | "InProgress" | "Closed")
        },
        |row| row.is_open,
        |row| matches!(row.status.as_str(), "Assigned" | "OnHold") && matches!(row.priority, 3 | 5),
        |row| row.person.as_deref() == Some("li.wei"),
        |row| matches!(row.requester.as_deref(), Some("chen.jie" | "müller")) && !row.is_open,
        |row| {
            row.requester.as_deref() == Some("chen.jie")
                || row.affected_person.as_deref() == Some("chen.jie")
        },
        |_| true,
    ];
    for (filter, is_kept) in filters()
        .iter()
        .zip(kept)
        .filter(|(filter, _)| filter.text.is_none())
    {
        let expected: Vec<_> = everything
            .iter()
            .filter(|row| is_kept(row))
            .cloned()
            .collect();
        assert_eq!(
            all(&queue, filter, OLDEST_FIRST).await,
            expected,
            "{filter:?}"
        );
    }
    desk.close().await;
}

#[tokio::test]
async fn a_cursor_that_was_tampered_with_or_is_for_another_order_is_refused() {
    let desk = Desk::open().await;
    desk.register().await;
    desk.catch_up().await;
    let queue = desk.read().work_queue();
    let row = all(&queue, &WorkItemFilter::default(), OLDEST_FIRST)
        .await
        .remove(0);
    let cursor = Cursor::of(&row, OrderBy::OpenedAt).encode();
    assert!(Cursor::decode(&cursor).is_ok());
    for place in 0..cursor.len() {
        let mut changed = cursor.clone().into_bytes();
        changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).unwrap();
        assert!(
            matches!(Cursor::decode(&changed), Err(ReadError::CursorInvalid)),
            "{place}"
        );
    }
    for nonsense in [
        "",
        "A",
        "=",
        "💥",
        &cursor[1..],
        &cursor[..cursor.len() - 1],
        &"A".repeat(100_000),
    ] {
        assert!(matches!(
            Cursor::decode(nonsense),
            Err(ReadError::CursorInvalid)
        ));
    }
    let after = Some(Cursor::of(&row, OrderBy::Number));
    let refused = queue
        .page(
            &WorkItemFilter::default(),
            OLDEST_FIRST,
            &Keyset::First { limit: 5, after },
        )
        .await;
    assert!(matches!(refused, Err(ReadError::CursorInvalid)));
    desk.close().await;
}
