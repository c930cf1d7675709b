//! What the read models showed, shown again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::ids::CiId;
use domain::work_item::{DetailField, SupportLine, WorkCommand};
use event_store::Filter;
use projections::incident_detail::IncidentDetail;
use projections::rebuild::rebuild;
use projections::work_item_history::HistoryRow;
use projections::work_item_link::WorkItemLink;
use projections::work_queue::{
    Counts, Direction, GroupBy, Order, OrderBy, WorkItemFilter, WorkQueueRow,
};
use projections::{AsOf, Decoded, ProjectionName, ReadModels};
use strum::IntoEnumIterator;
use uuid::Uuid;

use crate::desk::{Desk, external, intake, line, person, team, text, to_team};
use crate::journey::live;
use crate::paging::{all, filters, orders, questions, walk, walked_questions};

/// Everything that the read models answer at one moment.
#[derive(Debug, PartialEq)]
struct Answers {
    lists: Vec<Vec<WorkQueueRow>>,
    totals: Vec<i64>,
    counts: Vec<Counts>,
    details: Vec<IncidentDetail>,
    links: Vec<WorkItemLink>,
    history: Vec<HistoryRow>,
    comments: Vec<HistoryRow>,
    events: Vec<i64>,
}

async fn answers(read: &ReadModels, items: &[Uuid]) -> Answers {
    let queue = read.work_queue();
    let (mut lists, mut totals, mut counts) = (Vec::new(), Vec::new(), Vec::new());
    for (filter, order) in walked_questions() {
        lists.push(all(&queue, &filter, order).await);
    }
    for filter in filters() {
        totals.push(queue.total(&filter).await.unwrap());
        for by in [GroupBy::Status, GroupBy::Team, GroupBy::Priority] {
            counts.push(queue.counts(&filter, by).await.unwrap());
        }
    }
    let mut details = read.incident_detail().by_ids(items).await.unwrap();
    details.sort_by_key(|detail| detail.item_id);
    let history = read.work_item_history();
    Answers {
        lists,
        totals,
        counts,
        details,
        links: read.work_item_link().links(items).await.unwrap(),
        history: history.history(items, None, 0, 10_000).await.unwrap(),
        comments: history.comments(items, false, 0, 10_000).await.unwrap(),
        events: read
            .event_index()
            .positions(
                &projections::event_index::EventFilter::default(),
                None,
                100_000,
                false,
            )
            .await
            .unwrap(),
    }
}

#[tokio::test]
async fn every_answer_as_of_a_position_is_the_one_that_was_given_there() {
    const ROUNDS: u64 = 12;
    let desk = Desk::open().await;
    let mut items = Vec::new();
    let mut given = Vec::new();
    for round in 0..ROUNDS {
        items.extend(live(&desk, 100 + round, 14, 50).await);
        desk.catch_up().await;
        given.push((
            desk.head().await,
            answers(&desk.read(), &items).await,
            items.clone(),
        ));
    }
    assert!(
        desk.head().await > 2_048,
        "a block of kept counts has ended"
    );
    for (position, then, items) in &given {
        let read = desk.read().as_of(AsOf::Position(*position));
        assert_eq!(answers(&read, items).await, *then, "as of {position}");
    }
    for name in ProjectionName::iter() {
        rebuild(&desk.log, desk.database(), name, &|_, _| ())
            .await
            .unwrap();
    }
    for (position, then, items) in &given {
        let read = desk.read().as_of(AsOf::Position(*position));
        assert_eq!(
            answers(&read, items).await,
            *then,
            "rebuilt, as of {position}"
        );
    }
    desk.close().await;
}

#[tokio::test]
async fn the_versions_within_one_batch_are_all_kept() {
    let desk = Desk::open().await;
    live(&desk, 5, 12, 25).await;
    // The one batch in which everything is applied.
    desk.catch_up().await;
    let events = desk.log.read(0, 100_000, &Filter::default()).await.unwrap();
    let mut rows: BTreeMap<Uuid, Option<WorkQueueRow>> = BTreeMap::new();
    let everything = WorkItemFilter::default();
    let order = Order {
        by: OrderBy::Number,
        direction: Direction::Ascending,
    };
    for event in events {
        let position = event.position;
        let event = Decoded::new(Arc::new(event)).unwrap();
        WorkQueueRow::apply(rows.entry(event.recorded.aggregate_id).or_default(), &event);
        let mut expected: Vec<WorkQueueRow> = rows.values().flatten().cloned().collect();
        expected.sort_by(|one, next| one.number.cmp(&next.number));
        let queue = desk.read().as_of(AsOf::Position(position)).work_queue();
        assert_eq!(
            all(&queue, &everything, order).await,
            expected,
            "as of {position}"
        );
        let total = i64::try_from(expected.len()).unwrap();
        assert_eq!(
            queue.total(&everything).await.unwrap(),
            total,
            "as of {position}"
        );
    }
    desk.close().await;
}

#[tokio::test]
async fn lists_as_of_then_are_paged_forwards_and_backwards() {
    let desk = Desk::open().await;
    live(&desk, 6, 40, 12).await;
    let then = desk.head().await;
    live(&desk, 7, 20, 40).await;
    desk.catch_up().await;
    let queue = desk.read().as_of(AsOf::Position(then)).work_queue();
    for (filter, order) in questions() {
        let whole = all(&queue, &filter, order).await;
        let [forwards, backwards] = walk(&queue, &filter, order).await;
        assert_eq!(forwards, whole, "{order:?} {filter:?}");
        assert_eq!(backwards, whole, "{order:?} {filter:?}");
    }
    desk.close().await;
}

#[tokio::test]
async fn a_requester_sees_of_then_what_is_theirs_today() {
    let desk = Desk::open().await;
    let id = desk.register().await;
    let then = desk.head().await;
    let correction = WorkCommand::CorrectDetails {
        field: DetailField::Requester,
        to: Some(text("zhao.min")),
        reason: text("It was another one who called."),
    };
    desk.coordinator(id, correction).await;
    desk.catch_up().await;
    let queue = desk.read().as_of(AsOf::Position(then)).work_queue();
    for (name, sees) in [("chen.jie", 0), ("zhao.min", 1)] {
        let filter = WorkItemFilter {
            visible_to: Some(person(name).to_string()),
            ..WorkItemFilter::default()
        };
        assert_eq!(queue.total(&filter).await.unwrap(), sees, "{name}");
    }
    let rows = queue.by_ids(&[id]).await.unwrap();
    assert_eq!(
        rows[0].requester.as_deref(),
        Some("chen.jie"),
        "as it was known"
    );
    desk.close().await;
}

#[tokio::test]
async fn what_was_written_down_since_does_not_lie_in_the_way() {
    let desk = Desk::open().await;
    let first = desk.register().await;
    desk.start_work(first, "IT Network").await;
    let then = desk.head().await;
    for _ in 0..20 {
        let id = desk.register().await;
        let to = to_team(team("IT Network", SupportLine::Second));
        desk.coordinator(id, WorkCommand::Assign { to }).await;
    }
    desk.catch_up().await;
    let read = desk.read().as_of(AsOf::Position(then));
    let teams = Some(vec![team("IT Network", SupportLine::Second).id.0]);
    let filter = WorkItemFilter {
        teams,
        ..WorkItemFilter::default()
    };
    for order in orders() {
        let rows = all(&read.work_queue(), &filter, order).await;
        let ids: BTreeSet<Uuid> = rows.iter().map(|row| row.item_id).collect();
        assert_eq!(ids, BTreeSet::from([first]), "{order:?}");
    }
    let nothing = desk.read().as_of(AsOf::Position(0)).work_queue();
    assert_eq!(nothing.total(&filter).await.unwrap(), 0);
    desk.close().await;
}

/// Words that change in lower case beyond ASCII, and words that do not; of
/// columns, of lists and of the organisation's own fields.
#[tokio::test]
async fn inc_26_short_texts_of_then_are_found_in_any_case() {
    const SUMMARIES: [&str; 4] = ["VPN 无法连接", "ÄRGER mit VPN", "ΣΟΦΟΣ", "ＶＰＮ"];
    let desk = Desk::open().await;
    let mut ids = Vec::new();
    for summary in SUMMARIES {
        let mut intake = intake(desk.next_number());
        intake.summary = line(summary);
        let id = desk.register_as(intake).await;
        let ci = CiId::new("FW-Shanghai-01").unwrap();
        desk.coordinator(id, WorkCommand::LinkCi { ci }).await;
        let external = external("Hotline", "REQ-Ω");
        desk.coordinator(id, WorkCommand::AddExternalReference { external })
            .await;
        let field = WorkCommand::SetCustomField {
            name: line("Policy"),
            value: Some(text("P-ÉTÉ")),
        };
        ids.push(id);
        if summary == "ΣΟΦΟΣ" {
            desk.coordinator(id, field).await;
        }
    }
    let then = desk.head().await;
    let found = async |read: ReadModels| {
        let mut found = Vec::new();
        for text in [
            "vpn 无",
            "ärger",
            "Ärger MIT",
            "σοφος",
            "ΣΟΦΟΣ",
            "ｖｐｎ",
            "无法",
            "fw-SHANGHAI",
            "req-ω",
            "hotline REQ",
            "policy",
            "p-été",
            "inc0000",
            "CHEN.jie",
            "remote-",
            "nothing of it",
        ] {
            let filter = WorkItemFilter {
                text: Some(text.to_owned()),
                ..WorkItemFilter::default()
            };
            let order = orders().next().unwrap();
            let rows = all(&read.work_queue(), &filter, order).await;
            let ids: BTreeSet<Uuid> = rows.iter().map(|row| row.item_id).collect();
            found.push((text, ids));
        }
        found
    };
    desk.catch_up().await;
    let at_that_time = found(desk.read()).await;
    let sizes: Vec<usize> = at_that_time.iter().map(|(_, ids)| ids.len()).collect();
    assert_eq!(sizes, [1, 1, 1, 1, 1, 1, 1, 4, 4, 4, 1, 1, 4, 4, 4, 0]);
    for id in ids {
        let correction = WorkCommand::CorrectDetails {
            field: DetailField::Summary,
            to: Some(text("printer")),
            reason: text("It was another device."),
        };
        desk.coordinator(id, correction).await;
        let ci = CiId::new("FW-Shanghai-01").unwrap();
        desk.coordinator(id, WorkCommand::UnlinkCi { ci }).await;
    }
    desk.catch_up().await;
    let read = desk.read().as_of(AsOf::Position(then));
    assert_eq!(found(read).await, at_that_time);
    assert_ne!(found(desk.read()).await, at_that_time);
    desk.close().await;
}
