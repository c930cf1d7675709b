//! What a reader sees who follows the log while many write.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use event_store::{Commit, Follower, Log, LogSettings, RecordedEvent};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::fixture::{TestLog, note, notes, positions};

/// Follows until a position and returns what was seen.
async fn see_until(mut follower: Follower, last: i64) -> Vec<Arc<RecordedEvent>> {
    let mut seen = Vec::new();
    while follower.position() < last {
        let events = follower.next().await.unwrap();
        assert_eq!(events.last().unwrap().position, follower.position());
        seen.extend(events);
    }
    seen
}

/// Writes to a stream of its own and, with others, to a shared one, where it
/// may lose; returns the commands that were acknowledged and where.
async fn write(log: Log, shared: Uuid, rounds: usize) -> Vec<(Uuid, Vec<i64>)> {
    let own = Uuid::now_v7();
    let mut version = 0;
    let mut acknowledged = Vec::new();
    for round in 0..rounds {
        let texts = ["one", "two", "three"];
        let commit = notes(own, version, &texts[..=round % 3]);
        let command = commit.command_id;
        let appended = log.append(commit).await.unwrap();
        version = appended.version;
        acknowledged.push((command, positions(&appended)));

        let contested: Commit = notes(shared, i64::try_from(round).unwrap(), &["contested"]);
        let command = contested.command_id;
        if let Ok(appended) = log.append(contested).await {
            acknowledged.push((command, positions(&appended)));
        }
    }
    acknowledged
}

fn by_command(events: &[RecordedEvent]) -> HashMap<Uuid, Vec<i64>> {
    let mut commands: HashMap<Uuid, Vec<i64>> = HashMap::new();
    for event in events {
        commands
            .entry(event.command_id)
            .or_default()
            .push(event.position);
    }
    commands
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_64_writers_and_two_replicas_every_follower_sees_each_event_once_in_order_without_a_gap()
 {
    const ROUNDS: usize = 12;
    let settings = LogSettings {
        // So short that followers fall out of it and catch up from the table.
        tail_events: 200,
        ..LogSettings::default()
    };
    let test = TestLog::with(settings).await;
    let replica = test.replica().await;
    for index in 0..50 {
        test.log
            .append(note(&format!("before {index}")))
            .await
            .unwrap();
    }

    let shared = Uuid::now_v7();
    let mut writers = JoinSet::new();
    for writer in 0..64 {
        let log = if writer % 2 == 0 { &test.log } else { &replica };
        writers.spawn(write(log.clone(), shared, ROUNDS));
    }
    // Followers that start before the beginning, in the past, at what is the
    // end now, and ahead of it; on either replica, with small and large pages.
    let starts = [0, 0, 1, 17, 49, 50, 51, 400];
    let followers: Vec<(i64, Follower)> = starts
        .into_iter()
        .zip([&test.log, &replica].into_iter().cycle())
        .map(|(start, log)| {
            (
                start,
                log.follow(start)
                    .with_max(usize::try_from(start % 7 * 40 + 3).unwrap()),
            )
        })
        .collect();

    let acknowledged: Vec<(Uuid, Vec<i64>)> =
        writers.join_all().await.into_iter().flatten().collect();
    let events = test.all_events().await;
    let head = test.log.head().await.unwrap().position;
    assert_eq!(
        events
            .iter()
            .map(|event| event.position)
            .collect::<Vec<_>>(),
        (1..=head).collect::<Vec<_>>()
    );
    assert!(events.is_sorted_by_key(|event| event.recorded_at));
    let stored = by_command(&events);
    assert_eq!(stored.len(), acknowledged.len() + 50);
    for (command, positions) in &acknowledged {
        assert_eq!(&stored[command], positions);
    }
    let contested = test
        .log
        .read_stream("notebook", shared, None)
        .await
        .unwrap();
    assert_eq!(contested.len(), ROUNDS);

    for (start, follower) in followers {
        let seen = see_until(follower, head).await;
        let expected = &events[usize::try_from(start).unwrap()..];
        assert_eq!(seen.len(), expected.len());
        assert!(
            seen.iter()
                .zip(expected)
                .all(|(one, other)| **one == *other),
            "from {start}"
        );
    }
    replica.shutdown().await;
    test.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn followers_keep_up_while_others_write() {
    let test = TestLog::new().await;
    let replica = test.replica().await;
    let last = 64 * 5;
    let mut followers = JoinSet::new();
    for start in [0, 3, 100] {
        for log in [&test.log, &replica] {
            followers.spawn(see_until(log.follow(start), last));
        }
    }
    let mut writers = JoinSet::new();
    for writer in 0..64 {
        let log = test.log.clone();
        writers.spawn(async move {
            let stream = Uuid::now_v7();
            for version in 0..5 {
                log.append(notes(stream, version, &[&format!("writer {writer}")]))
                    .await
                    .unwrap();
            }
        });
    }
    writers.join_all().await;
    for seen in followers.join_all().await {
        let first = seen[0].position;
        assert!(
            seen.iter()
                .zip(first..)
                .all(|(event, position)| event.position == position)
        );
        assert_eq!(seen.last().unwrap().position, last);
    }
    replica.shutdown().await;
    test.finish().await;
}

#[tokio::test]
async fn what_another_process_appends_arrives_by_notification() {
    let settings = LogSettings {
        // Too long to be what wakes the follower.
        poll_interval: Duration::from_secs(3_600),
        ..LogSettings::default()
    };
    let test = TestLog::with(settings).await;
    let replica = test.replica().await;
    let mut follower = replica.follow(0);
    for round in 1..=20 {
        let appended = test.log.append(note("from elsewhere")).await.unwrap();
        let events = follower.next().await.unwrap();
        assert_eq!(
            events
                .iter()
                .map(|event| event.position)
                .collect::<Vec<_>>(),
            [round]
        );
        assert_eq!(appended.to, round);
    }
    replica.shutdown().await;
    test.finish().await;
}

#[tokio::test]
async fn without_notifications_polling_is_enough() {
    let settings = LogSettings {
        poll_interval: Duration::from_millis(20),
        ..LogSettings::default()
    };
    let test = TestLog::with(settings).await;
    let mut follower = test.log.follow(0);
    // Stored behind the back of append_batch, so that nothing is notified.
    let mut owner = test.owner().await;
    sqlx::raw_sql(
        "insert into events values (1, 'notebook', gen_random_uuid()::text, 1, 'NoteTaken', '1.0', '{}', '{}',
             gen_random_uuid(), 0, decode(repeat('00', 16), 'hex'), now());
         update log_head set position = 1, recorded_at = now();",
    )
    .execute(&mut owner)
    .await
    .unwrap();
    assert_eq!(follower.next().await.unwrap()[0].position, 1);
    test.finish().await;
}

#[tokio::test]
async fn a_tail_that_lost_its_connections_finds_them_again() {
    let settings = LogSettings {
        poll_interval: Duration::from_secs(3_600),
        ..LogSettings::default()
    };
    let test = TestLog::with(settings).await;
    let replica = test.replica().await;
    let mut follower = replica.follow(0);
    for round in 1..=3 {
        test.log.append(note("before the cut")).await.unwrap();
        assert_eq!(follower.next().await.unwrap().len(), 1);
        test.server
            .run(&format!(
                "select pg_terminate_backend(pid) from pg_stat_activity where datname = '{}'",
                test.name
            ))
            .await;
        let appended = test.log.append(note("after the cut")).await.unwrap();
        assert_eq!(appended.to, round * 2);
        assert_eq!(follower.next().await.unwrap()[0].position, round * 2);
    }
    replica.shutdown().await;
    test.finish().await;
}

#[tokio::test]
async fn a_tail_that_fell_far_behind_does_not_read_all_that_it_missed() {
    let settings = LogSettings {
        tail_events: 10,
        ..LogSettings::default()
    };
    let test = TestLog::with(settings).await;
    let many: Vec<String> = (0..500).map(|index| index.to_string()).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let replica = test.replica().await;
    test.log
        .append(notes(Uuid::now_v7(), 0, &many))
        .await
        .unwrap();
    let seen = see_until(replica.follow(0).with_max(64), 500).await;
    assert_eq!(seen.len(), 500);
    assert_eq!(replica.seen(), 500);
    replica.shutdown().await;
    test.finish().await;
}
