//! Reading by position, by stream, by time and by filter.

use chrono::TimeDelta;
use event_store::{Commit, Filter, RecordedEvent};
use futures_util::TryStreamExt;
use uuid::Uuid;

use crate::fixture::{TestLog, by, note, notes};

#[tokio::test]
async fn pages_follow_one_another_without_gap_or_repetition() {
    let test = TestLog::new().await;
    for index in 0..25 {
        test.log
            .append(note(&format!("note {index}")))
            .await
            .unwrap();
    }
    let mut read = Vec::new();
    loop {
        let after = read
            .last()
            .map_or(0, |event: &RecordedEvent| event.position);
        let page = test.log.read(after, 7, &Filter::default()).await.unwrap();
        if page.is_empty() {
            break;
        }
        assert!(page.len() <= 7);
        read.extend(page);
    }
    assert_eq!(
        read.iter().map(|event| event.position).collect::<Vec<_>>(),
        (1..=25).collect::<Vec<_>>()
    );
    test.finish().await;
}

#[tokio::test]
async fn a_stream_can_be_read_as_it_stood_at_a_position() {
    let test = TestLog::new().await;
    let stream = Uuid::now_v7();
    test.log.append(notes(stream, 0, &["a"])).await.unwrap();
    test.log.append(note("another stream")).await.unwrap();
    test.log
        .append(notes(stream, 1, &["b", "c"]))
        .await
        .unwrap();
    let sequences = async |upto| {
        let events = test
            .log
            .read_stream("notebook", stream, upto)
            .await
            .unwrap();
        events
            .into_iter()
            .map(|event| event.sequence)
            .collect::<Vec<_>>()
    };
    assert_eq!(sequences(None).await, [1, 2, 3]);
    assert_eq!(sequences(Some(4)).await, [1, 2, 3]);
    assert_eq!(sequences(Some(3)).await, [1, 2]);
    assert_eq!(sequences(Some(2)).await, [1]);
    assert_eq!(sequences(Some(0)).await, [0; 0]);
    assert!(
        test.log
            .read_stream("other kind", stream, None)
            .await
            .unwrap()
            .is_empty()
    );
    test.finish().await;
}

#[tokio::test]
async fn as_of_a_time_is_as_of_the_last_position_recorded_by_then() {
    let test = TestLog::new().await;
    let anytime = "2000-01-01T00:00:00Z".parse().unwrap();
    assert_eq!(test.log.position_at(anytime).await.unwrap(), 0);

    let mut times = Vec::new();
    for index in 0..30 {
        let texts = ["a", "b", "c"];
        let appended = test
            .log
            .append(notes(Uuid::now_v7(), 0, &texts[..=index % 3]))
            .await
            .unwrap();
        times.push((appended.recorded_at, appended.to));
    }
    let instant = TimeDelta::microseconds(1);
    assert_eq!(test.log.position_at(times[0].0 - instant).await.unwrap(), 0);
    for (time, last) in &times {
        assert_eq!(test.log.position_at(*time).await.unwrap(), *last);
        assert!(test.log.position_at(*time - instant).await.unwrap() < *last);
    }
    let (latest, head) = *times.last().unwrap();
    assert_eq!(
        test.log
            .position_at(latest + TimeDelta::days(1))
            .await
            .unwrap(),
        head
    );
    test.finish().await;
}

#[tokio::test]
async fn filters_say_the_same_in_sql_and_in_memory() {
    let test = TestLog::new().await;
    let stream = Uuid::now_v7();
    let by_machine = by("docket:auto-close").to_canonical().unwrap();
    for index in 0..24 {
        let mut commit: Commit = note(&format!("note {index}"));
        if index % 2 == 0 {
            commit.aggregate_type = "diary";
        }
        if index % 3 == 0 {
            commit.events[0].event_type = "PageTorn".to_owned();
        }
        if index % 4 == 0 {
            commit.metadata.clone_from(&by_machine);
        }
        test.log.append(commit).await.unwrap();
    }
    test.log
        .append(notes(stream, 0, &["a", "b"]))
        .await
        .unwrap();

    let everything = test.all_events().await;
    let one = |text: &str| Some(vec![text.to_owned()]);
    let filters = [
        Filter::default(),
        Filter {
            aggregate_types: one("diary"),
            ..Filter::default()
        },
        Filter {
            aggregate_types: Some(vec!["diary".into(), "notebook".into()]),
            ..Filter::default()
        },
        Filter {
            aggregate_id: Some(stream),
            ..Filter::default()
        },
        Filter {
            event_types: one("PageTorn"),
            ..Filter::default()
        },
        Filter {
            actor: Some("docket:auto-close".into()),
            ..Filter::default()
        },
        Filter {
            actor: Some("li.wei".into()),
            event_types: one("PageTorn"),
            aggregate_types: one("notebook"),
            ..Filter::default()
        },
        Filter {
            actor: Some("nobody".into()),
            ..Filter::default()
        },
        Filter {
            event_types: Some(Vec::new()),
            ..Filter::default()
        },
    ];
    let mut sizes = Vec::new();
    for filter in filters {
        let selected = test.log.read(0, 1_000, &filter).await.unwrap();
        let matching: Vec<_> = everything
            .iter()
            .filter(|event| filter.matches(event))
            .cloned()
            .collect();
        assert_eq!(selected, matching, "{filter:?}");
        sizes.push(selected.len());
    }
    assert_eq!(sizes, [26, 12, 26, 2, 8, 6, 4, 0, 0]);
    test.finish().await;
}

#[tokio::test]
async fn scanning_gives_what_reading_gives() {
    let test = TestLog::new().await;
    for index in 0..30 {
        let texts: Vec<String> = (0..index * 10)
            .map(|text| format!("第{text}条 \"quoted\" \\ \u{1F4D6}"))
            .collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        if !texts.is_empty() {
            test.log
                .append(notes(Uuid::now_v7(), 0, &texts))
                .await
                .unwrap();
        }
    }
    let everything = test.all_events().await;
    let head = i64::try_from(everything.len()).unwrap();
    assert!(head > 4_000);
    for (after, upto) in [
        (0, head),
        (0, i64::MAX),
        (17, 1_041),
        (head - 1, head),
        (head, head),
        (5, 5),
        (9, 3),
        (head, head + 10),
    ] {
        let chunks: Vec<Vec<RecordedEvent>> =
            test.log.scan(after, upto).try_collect().await.unwrap();
        let scanned = chunks.concat();
        let expected: Vec<_> = everything
            .iter()
            .filter(|event| event.position > after && event.position <= upto)
            .collect();
        assert_eq!(
            scanned.iter().collect::<Vec<_>>(),
            expected,
            "{after}..={upto}"
        );
    }
    test.finish().await;
}

#[tokio::test]
async fn a_scan_goes_on_behind_a_gap_that_somebody_made() {
    let test = TestLog::new().await;
    let many: Vec<&str> = std::iter::repeat_n("again", 30_000).collect();
    for _ in 0..4 {
        test.log
            .append(notes(Uuid::now_v7(), 0, &many))
            .await
            .unwrap();
    }
    let mut owner = test.owner().await;
    sqlx::raw_sql(
        "alter table events disable trigger user;
         delete from events where position between 99990 and 100010;
         update events set position = 9000000000000000000 where position = 120000;",
    )
    .execute(&mut owner)
    .await
    .unwrap();
    let chunks: Vec<Vec<RecordedEvent>> = test.log.scan(0, i64::MAX).try_collect().await.unwrap();
    let scanned = chunks.concat();
    assert_eq!(scanned.len(), 120_000 - 21);
    assert!(scanned.is_sorted_by_key(|event| event.position));
    assert_eq!(scanned.last().unwrap().position, 9_000_000_000_000_000_000);
    test.finish().await;
}

#[tokio::test]
async fn a_scan_that_is_dropped_in_the_middle_leaves_nothing_behind() {
    let test = TestLog::new().await;
    let many: Vec<&str> = std::iter::repeat_n("again", 20_000).collect();
    test.log
        .append(notes(Uuid::now_v7(), 0, &many))
        .await
        .unwrap();
    let mut scan = test.log.scan(0, i64::MAX);
    let first = scan.try_next().await.unwrap().unwrap();
    assert_eq!(first[0].position, 1);
    drop(scan);
    let mut owner = test.owner().await;
    loop {
        let copying: i64 = sqlx::query_scalar(
            "select count(*) from pg_stat_activity
             where datname = current_database() and state = 'active' and query like 'copy%'",
        )
        .fetch_one(&mut owner)
        .await
        .unwrap();
        if copying == 0 {
            break;
        }
    }
    test.finish().await;
}

#[tokio::test]
async fn an_unknown_command_is_not_found() {
    let test = TestLog::new().await;
    assert_eq!(test.log.find_command(Uuid::now_v7()).await.unwrap(), None);
    test.finish().await;
}
