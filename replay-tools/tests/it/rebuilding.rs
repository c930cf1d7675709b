//! `rebuild`, with and without `--check`.

use crate::desk::{Desk, comment};

#[tokio::test]
async fn what_the_projectors_made_is_what_the_log_says() {
    let desk = Desk::open().await;
    desk.journey("INC0000001").await;
    desk.journey("INC0000002").await;
    desk.catch_up().await;

    let ran = desk.replay(&["rebuild", "--check", "all", "--json"]).await;
    assert_eq!(ran.code, 0, "{ran:?}");
    let lines = ran.json_lines();
    assert_eq!(lines.len(), 5);
    assert!(
        ran.stdout
            .starts_with("{\"projection\":\"work_queue\",\"rows\":"),
        "{ran:?}"
    );
    for line in &lines {
        let fields: Vec<&String> = line.as_object().unwrap().keys().collect();
        assert_eq!(fields, ["differences", "projection", "rows"]);
        assert_eq!(line["differences"], 0, "{line}");
    }
    let index = lines
        .iter()
        .find(|line| line["projection"] == "event_index")
        .unwrap();
    assert_eq!(index["rows"], desk.head().await);

    let ran = desk.replay(&["rebuild", "--check", "work_queue"]).await;
    assert_eq!(ran.code, 0);
    assert!(ran.stdout.starts_with("work_queue: "), "{ran:?}");
    assert!(ran.stdout.ends_with(", as the log says\n"), "{ran:?}");
    desk.close().await;
}

#[tokio::test]
async fn a_row_that_was_altered_is_found_and_mended() {
    let desk = Desk::open().await;
    let id = desk.journey("INC0000001").await;
    desk.catch_up().await;
    desk.tamper("update work_queue set status = 'Closed'").await;

    let ran = desk.replay(&["rebuild", "--check", "all", "--json"]).await;
    assert_eq!(ran.code, 1, "{ran:?}");
    let differences: Vec<_> = ran
        .json_lines()
        .iter()
        .map(|line| (line["projection"].clone(), line["differences"].clone()))
        .collect();
    assert_eq!(differences[0], ("work_queue".into(), 1.into()));
    assert!(
        differences[1..].iter().all(|(_, count)| count == 0),
        "{differences:?}"
    );

    let ran = desk.replay(&["rebuild", "--check", "work_queue"]).await;
    assert_eq!(ran.code, 1);
    let words = format!("\"{id}\": status is \"Closed\", should be \"Resolved\"");
    assert!(ran.stdout.contains(&words), "{ran:?}");

    let ran = desk.replay(&["rebuild", "work_queue", "--json"]).await;
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(ran.json()["projection"], "work_queue");
    assert_eq!(ran.json()["position"], desk.head().await);

    let ran = desk.replay(&["rebuild", "--check", "all"]).await;
    assert_eq!(ran.code, 0, "{ran:?}");
    // The projector goes on where the rebuilt one stands.
    desk.command(id, "12:00", comment("still there?")).await;
    desk.catch_up().await;
    let ran = desk.replay(&["rebuild", "--check", "all"]).await;
    assert_eq!(ran.code, 0, "{ran:?}");
    desk.close().await;
}

#[tokio::test]
async fn one_that_cannot_be_done_does_not_keep_the_others_from_it() {
    let desk = Desk::open().await;
    desk.journey("INC0000001").await;
    desk.catch_up().await;
    desk.tamper("drop table work_item_link").await;
    let ran = desk.replay(&["rebuild", "--check", "all", "--json"]).await;
    assert_eq!(ran.code, 2, "{ran:?}");
    assert_eq!(ran.json_lines().len(), 4);
    assert!(
        ran.stderr.contains("work_item_link could not be checked"),
        "{ran:?}"
    );
    desk.close().await;
}

#[tokio::test]
async fn a_projection_that_there_is_not_is_refused_with_the_names_of_those_there_are() {
    let desk = Desk::empty().await;
    let ran = desk.replay(&["rebuild", "--check", "work_queues"]).await;
    assert_eq!((ran.code, &*ran.stdout), (2, ""));
    for name in [
        "work_queue",
        "work_item_history",
        "work_item_link",
        "incident_detail",
        "event_index",
        "all",
    ] {
        assert!(ran.stderr.contains(name), "{name}: {ran:?}");
    }
    desk.close().await;
}
