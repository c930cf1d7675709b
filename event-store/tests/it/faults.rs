//! What callers hear, and what is stored, when connections die.

use std::collections::HashMap;
use std::time::Duration;

use event_store::{AppendError, LogSettings};
use sqlx::Connection;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::fixture::{TestLog, note, notes};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_the_appender_cut_off_again_and_again_every_command_is_answered_and_none_is_stored_twice()
 {
    const WRITERS: usize = 32;
    const CUTS: usize = 15;
    let test = TestLog::new().await;
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let mut writers = JoinSet::new();
    for _ in 0..WRITERS {
        let log = test.log.clone();
        let stopped = stopped.clone();
        writers.spawn(async move {
            let stream = Uuid::now_v7();
            let mut commands = Vec::new();
            while !*stopped.borrow() {
                let commit = notes(
                    stream,
                    i64::try_from(commands.len()).unwrap(),
                    &["under fire"],
                );
                let command = commit.command_id;
                let appended = log.append(commit).await.expect("a definite answer");
                commands.push((command, appended.from));
            }
            commands
        });
    }
    for _ in 0..CUTS {
        let from = test.log.head().await.unwrap().position;
        test.cut_appenders().await;
        // The next cut comes when the log has moved on.
        let mut follower = test.log.follow(from + 200);
        follower.next().await.unwrap();
    }
    stop.send(true).unwrap();

    let acknowledged: Vec<(Uuid, i64)> = writers.join_all().await.into_iter().flatten().collect();
    let events = test.all_events().await;
    assert_eq!(events.len(), acknowledged.len());
    let stored: HashMap<Uuid, i64> = events
        .iter()
        .map(|event| (event.command_id, event.position))
        .collect();
    assert_eq!(stored.len(), acknowledged.len());
    for (command, position) in acknowledged {
        assert_eq!(stored[&command], position);
    }
    assert!(
        (1..)
            .zip(&events)
            .all(|(position, event)| event.position == position)
    );
    test.finish().await;
}

#[tokio::test]
async fn a_batch_cut_in_the_middle_is_sent_again_and_stored_once() {
    let test = TestLog::new().await;
    let mut owner = test.owner().await;
    let mut holding = owner.begin().await.unwrap();
    sqlx::query("select from log_head for update")
        .execute(&mut *holding)
        .await
        .unwrap();
    let mut waiting = JoinSet::new();
    for index in 0..50 {
        let log = test.log.clone();
        waiting.spawn(async move { log.append(note(&format!("cut {index}"))).await });
    }
    for _ in 0..3 {
        test.wait_for_blocked_appenders(1).await;
        test.cut_appenders().await;
    }
    holding.rollback().await.unwrap();
    let answers = waiting.join_all().await;
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    assert_eq!(test.log.head().await.unwrap().position, 50);
    test.finish().await;
}

#[tokio::test]
async fn without_an_answer_in_time_a_command_is_unknown_and_sending_it_again_settles_it() {
    let settings = LogSettings {
        time_limit: Duration::from_millis(300),
        ..LogSettings::default()
    };
    let test = TestLog::with(settings).await;
    let mut owner = test.owner().await;
    let mut holding = owner.begin().await.unwrap();
    sqlx::query("select from log_head for update")
        .execute(&mut *holding)
        .await
        .unwrap();
    let commit = note("who knows");
    let answer = test.log.append(commit.clone()).await;
    assert!(matches!(answer, Err(AppendError::Unknown(_))), "{answer:?}");

    holding.rollback().await.unwrap();
    let settled = test.log.append(commit.clone()).await.unwrap();
    assert_eq!((settled.from, settled.to), (1, 1));
    assert_eq!(test.log.append(commit).await.unwrap().from, 1);
    assert_eq!(test.log.head().await.unwrap().position, 1);
    test.finish().await;
}

#[tokio::test]
async fn a_database_that_takes_no_connections_is_not_unknown_but_a_failure() {
    let settings = LogSettings {
        time_limit: Duration::from_millis(300),
        ..LogSettings::default()
    };
    let test = TestLog::with(settings).await;
    let name = &test.name;
    test.server
        .run(&format!(
            "alter database {name} with allow_connections false"
        ))
        .await;
    let answer = test.log.append(note("nobody there")).await;
    assert!(matches!(answer, Err(AppendError::Store(_))), "{answer:?}");

    test.server
        .run(&format!(
            "alter database {name} with allow_connections true"
        ))
        .await;
    test.log.append(note("back again")).await.unwrap();
    assert_eq!(test.log.head().await.unwrap().position, 1);
    test.finish().await;
}
