//! What the read models answer.

use domain::ids::CiId;
use domain::work_item::{Attachment, DetailField, Visibility, WorkCommand};
use projections::event_index::EventFilter;
use projections::work_queue::{
    CustomField, Direction, Keyset, Order, OrderBy, TimeRange, WorkItemFilter,
};
use projections::{AsOf, ReadError};
use uuid::Uuid;

use crate::desk::{Desk, external, intake, line, person, text};
use crate::journey::live;

async fn found(desk: &Desk, filter: WorkItemFilter) -> Vec<Uuid> {
    let order = Order {
        by: OrderBy::OpenedAt,
        direction: Direction::Ascending,
    };
    let keyset = Keyset::First {
        limit: 100,
        after: None,
    };
    let page = desk
        .read()
        .work_queue()
        .page(&filter, order, &keyset)
        .await
        .unwrap();
    page.rows.iter().map(|row| row.item_id).collect()
}

async fn found_text(desk: &Desk, words: &str) -> Vec<Uuid> {
    let filter = WorkItemFilter {
        text: Some(words.to_owned()),
        ..WorkItemFilter::default()
    };
    found(desk, filter).await
}

#[tokio::test]
async fn inc_26_any_text_of_an_item_is_found_in_any_case_and_in_chinese() {
    let desk = Desk::open().await;
    let id = desk.register().await;
    let other = desk.register().await;
    desk.start_work(id, "IT Network").await;
    desk.comment(id, "Der Käufer wartet: 100% _sicher_ \\ ÜBERALL")
        .await;
    let note = WorkCommand::Comment {
        visibility: Visibility::Internal,
        text: text("Rack 七号机柜"),
    };
    desk.coordinator(id, note).await;
    let attach = WorkCommand::Attach {
        attachment: Attachment {
            name: line("错误截图.PNG"),
            media_type: line("image/png"),
            size_bytes: 1.into(),
            sha256: "ab".repeat(32),
        },
    };
    desk.coordinator(id, attach).await;
    let field = WorkCommand::SetCustomField {
        name: line("楼层"),
        value: Some(text("Tower B \"12\"")),
    };
    desk.coordinator(id, field).await;
    desk.coordinator(
        id,
        WorkCommand::AddExternalReference {
            external: external("Jira", "OPS-77"),
        },
    )
    .await;
    desk.coordinator(
        id,
        WorkCommand::LinkCi {
            ci: CiId::new("GW-BJ-01").unwrap(),
        },
    )
    .await;
    desk.coordinator(
        id,
        WorkCommand::AddWatcher {
            person: person("Sun.Li"),
        },
    )
    .await;
    let corrected = WorkCommand::CorrectDetails {
        field: DetailField::Description,
        to: Some(text("隧道 never\nopens")),
        reason: text("a typing error"),
    };
    desk.coordinator(id, corrected).await;
    desk.resolve(id).await;
    desk.catch_up().await;

    let both = vec![id, other];
    for (words, expected) in [
        ("vpn 无法", &both),
        ("连接 😀", &both),
        ("inc00", &both),
        ("CHEN.JIE", &both),
        ("tunnel does", &both),
        ("käufer", &vec![id]),
        ("überall", &vec![id]),
        ("100% _SICHER_ \\", &vec![id]),
        ("七号", &vec![id]),
        ("截图.png", &vec![id]),
        ("tower b \"1", &vec![id]),
        ("楼层", &vec![id]),
        ("jira ops-77", &vec![id]),
        ("gw-bj", &vec![id]),
        ("sun.li", &vec![id]),
        ("隧道 never\nopens", &vec![id]),
        ("typing error", &vec![id]),
        ("certificate RENEWED", &vec![id]),
        ("expired certificate", &vec![id]),
        ("100_", &vec![]),
        ("nowhere", &vec![]),
    ] {
        assert_eq!(&found_text(&desk, words).await, expected, "{words}");
    }

    let as_requester = |words: &str| WorkItemFilter {
        text: Some(words.to_owned()),
        visible_to: Some("chen.jie".to_owned()),
        ..WorkItemFilter::default()
    };
    assert_eq!(found(&desk, as_requester("überall")).await, [id]);
    assert_eq!(
        found(&desk, as_requester("certificate renewed")).await,
        [id]
    );
    assert!(
        found(&desk, as_requester("七号")).await.is_empty(),
        "an internal note"
    );
    assert!(
        found(&desk, as_requester("expired certificate"))
            .await
            .is_empty(),
        "the cause"
    );

    let empty = WorkItemFilter {
        text: Some("  ".to_owned()),
        ..WorkItemFilter::default()
    };
    let refused = desk.read().work_queue().total(&empty).await;
    assert!(matches!(refused, Err(ReadError::FilterInvalid(_))));
    desk.close().await;
}

#[tokio::test]
async fn inc_13_items_are_found_by_what_they_are_about() {
    let desk = Desk::open().await;
    let plain = desk.register().await;
    let mut other = intake(desk.next_number());
    other.affected_person = Some(person("wu.lei"));
    other.cis = vec![CiId::new("vpn-gateway-1").unwrap()];
    other.external_references = vec![external("ServiceNow", "INC42")];
    let number = other.number.clone();
    let rich = desk.register_as(other).await;
    desk.coordinator(
        rich,
        WorkCommand::AddWatcher {
            person: person("Sun.Li"),
        },
    )
    .await;
    let field = WorkCommand::SetCustomField {
        name: line("site"),
        value: Some(text("Beijing")),
    };
    desk.coordinator(rich, field).await;
    desk.catch_up().await;
    let queue = desk.read().work_queue();
    let opened = queue.by_ids(&[rich]).await.unwrap()[0].opened_at;
    let none = WorkItemFilter::default;
    let names = |name: &str| Some(vec![name.to_owned()]);
    for filter in [
        WorkItemFilter {
            item_ids: Some(vec![rich]),
            ..none()
        },
        WorkItemFilter {
            affected_persons: names("wu.lei"),
            ..none()
        },
        WorkItemFilter {
            cis: names("vpn-gateway-1"),
            ..none()
        },
        WorkItemFilter {
            watcher: Some("sun.li".to_owned()),
            ..none()
        },
        WorkItemFilter {
            external_reference: Some(("ServiceNow".to_owned(), "INC42".to_owned())),
            ..none()
        },
        WorkItemFilter {
            custom_field: Some(CustomField {
                name: "site".to_owned(),
                value: "Beijing".to_owned(),
            }),
            ..none()
        },
        WorkItemFilter {
            number: Some(number.clone()),
            ..none()
        },
        WorkItemFilter {
            visible_to: Some("wu.lei".to_owned()),
            ..none()
        },
        WorkItemFilter {
            opened: TimeRange {
                from: Some(opened),
                to: None,
            },
            ..none()
        },
    ] {
        assert_eq!(found(&desk, filter.clone()).await, [rich], "{filter:?}");
    }
    let before = WorkItemFilter {
        opened: TimeRange {
            from: None,
            to: Some(opened),
        },
        ..none()
    };
    assert_eq!(found(&desk, before).await, [plain]);
    for filter in [
        WorkItemFilter {
            services: names("remote-access"),
            categories: names("network-vpn"),
            ..none()
        },
        WorkItemFilter {
            contact_channels: names("Phone"),
            impacts: names("Medium"),
            ..none()
        },
        WorkItemFilter {
            unassigned: Some(true),
            is_major: Some(false),
            archived: Some(false),
            ..none()
        },
        WorkItemFilter {
            lacks_stage: Some(false),
            ..none()
        },
    ] {
        assert_eq!(
            found(&desk, filter.clone()).await,
            [plain, rich],
            "{filter:?}"
        );
    }
    assert!(
        found(
            &desk,
            WorkItemFilter {
                unassigned: Some(false),
                ..none()
            }
        )
        .await
        .is_empty()
    );

    assert_eq!(
        queue
            .by_number("incident", &number)
            .await
            .unwrap()
            .unwrap()
            .item_id,
        rich
    );
    assert_eq!(queue.by_number("change", &number).await.unwrap(), None);
    let referred = queue
        .by_external_reference("ServiceNow", "INC42")
        .await
        .unwrap();
    assert_eq!(
        referred.iter().map(|row| row.item_id).collect::<Vec<_>>(),
        [rich]
    );
    assert!(
        queue
            .by_external_reference("ServiceNow", "INC4")
            .await
            .unwrap()
            .is_empty()
    );
    desk.close().await;
}

#[tokio::test]
async fn sd_03_items_that_skipped_a_stage_are_found() {
    let desk = Desk::open().await;
    let normal = desk.register().await;
    desk.start_work(normal, "IT Network").await;
    let silent = desk.register().await;
    desk.start_work(silent, "IT Network").await;
    desk.resolve(silent).await;
    desk.catch_up().await;
    let lacking = WorkItemFilter {
        lacks_stage: Some(true),
        ..WorkItemFilter::default()
    };
    assert_eq!(found(&desk, lacking.clone()).await, [silent]);
    let skipping = WorkItemFilter {
        skips_stage: Some(true),
        ..WorkItemFilter::default()
    };
    assert_eq!(found(&desk, skipping.clone()).await, [silent]);

    // Told before and after, this one has but to be closed, since its time to
    // answer is over.
    let overdue = desk.register().await;
    desk.start_work(overdue, "IT Network").await;
    desk.comment(overdue, "We are at it").await;
    desk.resolve(overdue).await;
    desk.comment(overdue, "It works again").await;
    desk.catch_up().await;
    let mut both = found(&desk, lacking.clone()).await;
    both.sort();
    let mut expected = [silent, overdue];
    expected.sort();
    assert_eq!(both, expected);
    assert_eq!(found(&desk, skipping).await, [silent]);
    let as_of = AsOf::Position(desk.head().await);
    let then = desk.read().as_of(as_of).work_queue().total(&lacking).await;
    assert_eq!(then.unwrap(), 2);
    desk.close().await;
}

#[tokio::test]
async fn the_log_is_asked_by_type_actor_object_and_time() {
    let desk = Desk::open().await;
    let ids = live(&desk, 5, 10, 10).await;
    desk.catch_up().await;
    let index = desk.read().event_index();
    let events = desk
        .log
        .read(0, i64::MAX, &event_store::Filter::default())
        .await
        .unwrap();
    let all: Vec<i64> = events.iter().map(|event| event.position).collect();
    let none = EventFilter::default;
    assert_eq!(
        index
            .positions(&none(), None, 100_000, false)
            .await
            .unwrap(),
        all
    );
    assert_eq!(
        index.total(&none()).await.unwrap(),
        i64::try_from(all.len()).unwrap()
    );

    let names = |names: &[&str]| Some(names.iter().map(ToString::to_string).collect::<Vec<_>>());
    let at = |place: usize| events[place].recorded_at;
    let middle = events.len() / 2;
    for (filter, is_wanted) in [
        (
            EventFilter {
                event_types: names(&["Registered"]),
                ..none()
            },
            &(|event: &event_store::RecordedEvent| event.event_type == "Registered")
                as &dyn Fn(&event_store::RecordedEvent) -> bool,
        ),
        (
            EventFilter {
                event_types: names(&["Assigned", "Returned"]),
                ..none()
            },
            &|event| matches!(event.event_type.as_str(), "Assigned" | "Returned"),
        ),
        (
            EventFilter {
                actors: names(&["chen.jie"]),
                ..none()
            },
            &|event| event.metadata().unwrap().actor == "chen.jie",
        ),
        (
            EventFilter {
                aggregate_id: Some(ids[3]),
                ..none()
            },
            &|event| event.aggregate_id == ids[3],
        ),
        (
            EventFilter {
                aggregate_types: names(&["team"]),
                ..none()
            },
            &|_| false,
        ),
        (
            EventFilter {
                recorded: TimeRange {
                    from: Some(at(middle)),
                    to: None,
                },
                ..none()
            },
            &|event| event.recorded_at >= at(middle),
        ),
    ] {
        let wanted: Vec<i64> = events
            .iter()
            .filter(|event| is_wanted(event))
            .map(|event| event.position)
            .collect();
        assert_eq!(
            index
                .positions(&filter, None, 100_000, false)
                .await
                .unwrap(),
            wanted,
            "{filter:?}"
        );
        let mut turned = wanted.clone();
        turned.reverse();
        assert_eq!(
            index.positions(&filter, None, 100_000, true).await.unwrap(),
            turned,
            "{filter:?}"
        );
        if let [_, second, ..] = wanted[..] {
            let behind = index
                .positions(&filter, Some(second), 1, false)
                .await
                .unwrap();
            assert_eq!(behind.first(), wanted.get(2));
            assert_eq!(
                index
                    .positions(&filter, Some(second), 5, true)
                    .await
                    .unwrap(),
                wanted[..1]
            );
        }
    }
    let read = index.events_at(&[3, 1, 999_999]).await.unwrap();
    assert_eq!(read, [events[0].clone(), events[2].clone()]);
    desk.close().await;
}

#[tokio::test]
async fn numbers_are_given_once() {
    let desk = Desk::open().await;
    let numbers = desk.read().numbers();
    assert_eq!(
        numbers.next_numbers("incident", 2).await.unwrap(),
        ["INC0000001", "INC0000002"]
    );
    assert_eq!(
        numbers.next_numbers("incident", 1).await.unwrap(),
        ["INC0000003"]
    );
    assert!(numbers.next_numbers("nothing", 1).await.is_err());
    desk.close().await;
}
