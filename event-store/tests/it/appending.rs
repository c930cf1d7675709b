//! What a command hears, and what of it is stored.

use chrono::TimeDelta;
use event_store::{AppendError, Appended, Commit, Log, LogSettings, Reservation, StoreError};
use sqlx::{Connection, PgConnection};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::fixture::{TestLog, note, notes, positions};

#[tokio::test]
async fn the_first_event_stands_at_position_one() {
    let test = TestLog::new().await;
    let appended = test.log.append(note("first")).await.unwrap();
    assert_eq!((appended.from, appended.to, appended.version), (1, 1, 1));
    assert!(!appended.duplicate);
    assert_eq!(test.log.seen(), 1);
    let head = test.log.head().await.unwrap();
    assert_eq!(
        (head.position, head.recorded_at),
        (1, Some(appended.recorded_at))
    );
    test.finish().await;
}

#[tokio::test]
async fn the_events_of_a_command_stand_together_and_in_order() {
    let test = TestLog::new().await;
    let stream = Uuid::now_v7();
    test.log
        .append(notes(stream, 0, &["a", "b"]))
        .await
        .unwrap();
    let appended = test
        .log
        .append(notes(stream, 2, &["c", "d", "e"]))
        .await
        .unwrap();
    assert_eq!((appended.from, appended.to, appended.version), (3, 5, 5));

    let events = test.all_events().await;
    let places: Vec<_> = events
        .iter()
        .map(|event| (event.position, event.sequence, event.command_index))
        .collect();
    assert_eq!(
        places,
        [(1, 1, 0), (2, 2, 1), (3, 3, 0), (4, 4, 1), (5, 5, 2)]
    );
    assert_eq!(&*events[4].payload, r#"{"text":"e","type":"NoteTaken"}"#);
    assert_eq!(events[4].metadata().unwrap().actor, "li.wei");
    test.finish().await;
}

/// Sends commits in one batch, together with bystanders: they queue up while
/// somebody else holds the head of the log.
async fn in_one_batch(test: &TestLog, commits: Vec<Commit>) -> Vec<Result<Appended, AppendError>> {
    let mut owner = test.owner().await;
    let mut holding = owner.begin().await.unwrap();
    hold_head(&mut holding).await;
    let blocker = tokio::spawn(append(test.log.clone(), note("the batch before")));
    test.wait_for_blocked_appenders(1).await;

    let mut waiting = Vec::new();
    for commit in commits {
        let task = tokio::spawn(append(test.log.clone(), commit));
        // Spawned on one thread, each queues its commit before the next.
        tokio::task::yield_now().await;
        waiting.push(task);
    }
    holding.rollback().await.unwrap();
    blocker.await.unwrap().unwrap();
    let mut answers = Vec::new();
    for task in waiting {
        answers.push(task.await.unwrap());
    }
    answers
}

async fn hold_head(connection: &mut PgConnection) {
    sqlx::query("select from log_head for update")
        .execute(connection)
        .await
        .unwrap();
}

async fn append(log: Log, commit: Commit) -> Result<Appended, AppendError> {
    log.append(commit).await
}

#[tokio::test]
async fn of_two_commands_on_one_version_one_wins_and_nothing_is_stored_of_the_other() {
    let test = TestLog::new().await;
    let stream = Uuid::now_v7();
    test.log.append(notes(stream, 0, &["there"])).await.unwrap();

    let one = notes(stream, 1, &["one"]);
    let other = notes(stream, 1, &["other", "other still"]);
    let loser = other.command_id;
    let mut commits: Vec<Commit> = (0..20)
        .map(|index| note(&format!("bystander {index}")))
        .collect();
    commits.insert(5, one);
    commits.insert(15, other);
    let mut answers = in_one_batch(&test, commits).await;

    let lost = answers.remove(15);
    assert!(
        matches!(lost, Err(AppendError::Conflict { current: 2 })),
        "{lost:?}"
    );
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    assert_eq!(test.log.find_command(loser).await.unwrap(), None);
    assert_eq!(
        test.log
            .read_stream("notebook", stream, None)
            .await
            .unwrap()
            .len(),
        2
    );
    assert_eq!(test.log.head().await.unwrap().position, 1 + 1 + 21);
    test.finish().await;
}

#[tokio::test]
async fn a_command_decided_on_a_version_that_is_not_there_is_refused() {
    let test = TestLog::new().await;
    let stream = Uuid::now_v7();
    let ahead = test.log.append(notes(stream, 3, &["too early"])).await;
    assert!(
        matches!(ahead, Err(AppendError::Conflict { current: 0 })),
        "{ahead:?}"
    );
    test.log
        .append(notes(stream, 0, &["a", "b"]))
        .await
        .unwrap();
    let behind = test.log.append(notes(stream, 1, &["too late"])).await;
    assert!(
        matches!(behind, Err(AppendError::Conflict { current: 2 })),
        "{behind:?}"
    );
    assert_eq!(test.log.head().await.unwrap().position, 2);
    test.finish().await;
}

#[tokio::test]
async fn a_command_sent_twice_at_once_later_and_after_a_restart_has_one_effect_and_one_answer() {
    let test = TestLog::new().await;
    let command = notes(Uuid::now_v7(), 0, &["once", "only"]);
    let answers = in_one_batch(
        &test,
        vec![command.clone(), note("between"), command.clone()],
    )
    .await;
    let first = *answers[0].as_ref().unwrap();
    assert!(!first.duplicate);
    let repeated = Appended {
        duplicate: true,
        ..first
    };
    assert_eq!(*answers[2].as_ref().unwrap(), repeated);

    // Later, when the stream has moved on.
    test.log
        .append(notes(command.aggregate_id, 2, &["more"]))
        .await
        .unwrap();
    assert_eq!(test.log.append(command.clone()).await.unwrap(), repeated);

    test.log.shutdown().await;
    let restarted = test.replica().await;
    assert_eq!(restarted.append(command.clone()).await.unwrap(), repeated);

    let stored = test
        .all_events()
        .await
        .into_iter()
        .filter(|event| event.command_id == command.command_id);
    assert_eq!(
        stored.map(|event| event.position).collect::<Vec<_>>(),
        positions(&first)
    );
    let known = restarted
        .find_command(command.command_id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (known.appended, known.request_hash),
        (repeated, command.request_hash)
    );
    assert_eq!(
        (known.aggregate_type.as_str(), known.aggregate_id),
        ("notebook", command.aggregate_id)
    );
    restarted.shutdown().await;
    test.finish().await;
}

#[tokio::test]
async fn a_command_id_that_comes_with_other_content_is_refused() {
    let test = TestLog::new().await;
    let first = note("first");
    test.log.append(first.clone()).await.unwrap();

    let other_content = Commit {
        request_hash: [7; 16],
        ..first.clone()
    };
    let other_stream = Commit {
        aggregate_id: Uuid::now_v7(),
        ..first.clone()
    };
    for reused in [other_content, other_stream] {
        let answer = test.log.append(reused).await;
        assert!(
            matches!(answer, Err(AppendError::CommandIdReused)),
            "{answer:?}"
        );
    }
    assert_eq!(test.log.head().await.unwrap().position, 1);
    test.finish().await;
}

fn numbered(text: &str, number: &str) -> Commit {
    let mut commit = note(text);
    commit.reservations = vec![Reservation {
        scope: "incident-number",
        key: number.to_owned(),
    }];
    commit
}

#[tokio::test]
async fn a_key_is_held_by_one_aggregate_for_ever() {
    let test = TestLog::new().await;
    let holder = numbered("holder", "INC-1");
    let mut answers = in_one_batch(
        &test,
        vec![
            holder.clone(),
            numbered("rival in the same batch", "INC-1"),
            numbered("next", "INC-2"),
        ],
    )
    .await;
    answers.push(test.log.append(numbered("late rival", "INC-1")).await);
    assert!(answers[0].is_ok() && answers[2].is_ok(), "{answers:?}");
    for refused in [&answers[1], &answers[3]] {
        let Err(AppendError::KeyTaken {
            scope,
            key,
            holder: by,
        }) = refused
        else {
            panic!("{refused:?}");
        };
        assert_eq!(
            (scope.as_str(), key.as_str(), *by),
            ("incident-number", "INC-1", holder.aggregate_id)
        );
    }

    // The same key in another scope is another key, and its holder may claim
    // it again.
    let mut elsewhere = numbered("elsewhere", "INC-1");
    elsewhere.reservations[0].scope = "outside-reference";
    test.log.append(elsewhere).await.unwrap();
    let mut again = notes(holder.aggregate_id, 1, &["again"]);
    again.reservations.clone_from(&holder.reservations);
    test.log.append(again).await.unwrap();
    test.finish().await;
}

#[tokio::test]
async fn a_commit_that_the_database_cannot_take_fails_alone() {
    let test = TestLog::new().await;
    let mut commits: Vec<Commit> = (0..9).map(|index| note(&format!("good {index}"))).collect();
    commits.insert(4, numbered("bad", "a NUL \0 in a key"));
    let mut answers = in_one_batch(&test, commits).await;
    let bad = answers.remove(4);
    assert!(
        matches!(bad, Err(AppendError::Store(StoreError::Database(_)))),
        "{bad:?}"
    );
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    assert_eq!(test.log.head().await.unwrap().position, 10);
    test.finish().await;
}

#[tokio::test]
async fn a_commit_without_events_is_refused() {
    let test = TestLog::new().await;
    let answer = test.log.append(notes(Uuid::now_v7(), 0, &[])).await;
    assert!(
        matches!(answer, Err(AppendError::Store(StoreError::EmptyCommit))),
        "{answer:?}"
    );
    test.finish().await;
}

#[tokio::test]
async fn a_commit_larger_than_a_batch_goes_alone() {
    let settings = LogSettings {
        max_batch_bytes: 2_000,
        ..LogSettings::default()
    };
    let test = TestLog::with(settings).await;
    let long = "案牍".repeat(100_000);
    let many: Vec<String> = (0..3_000).map(|index| index.to_string()).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let answers = in_one_batch(
        &test,
        vec![
            note("small"),
            note(&long),
            notes(Uuid::now_v7(), 0, &many),
            note("small too"),
        ],
    )
    .await;
    assert!(answers.iter().all(Result::is_ok));
    let events = test.all_events().await;
    assert_eq!(events.len(), 1 + 3 + 3_000);
    assert!(events.iter().any(|event| event.payload.contains(&long)));
    test.finish().await;
}

#[tokio::test]
async fn a_caller_that_goes_away_does_not_cancel_its_commit() {
    let test = TestLog::new().await;
    let mut owner = test.owner().await;
    let mut holding = owner.begin().await.unwrap();
    hold_head(&mut holding).await;
    let mut commands = Vec::new();
    for index in 0..10 {
        let commit = note(&format!("dropped {index}"));
        commands.push(commit.command_id);
        let caller = tokio::spawn(append(test.log.clone(), commit));
        tokio::task::yield_now().await;
        caller.abort();
        assert!(caller.await.unwrap_err().is_cancelled());
    }
    holding.rollback().await.unwrap();
    test.log.shutdown().await;
    for command in commands {
        assert!(test.log.find_command(command).await.unwrap().is_some());
    }
    test.finish().await;
}

#[tokio::test]
async fn shutting_down_finishes_what_is_queued_and_takes_nothing_more() {
    let test = TestLog::new().await;
    let mut waiting = JoinSet::new();
    for index in 0..100 {
        waiting.spawn(append(test.log.clone(), note(&format!("queued {index}"))));
    }
    tokio::task::yield_now().await;
    test.log.shutdown().await;
    let answers = waiting.join_all().await;
    let stored = answers.iter().filter(|answer| answer.is_ok()).count();
    assert!(
        answers
            .iter()
            .all(|answer| matches!(answer, Ok(_) | Err(AppendError::Closed))),
        "{answers:?}"
    );
    assert_eq!(
        test.log.head().await.unwrap().position,
        i64::try_from(stored).unwrap()
    );
    let late = test.log.append(note("late")).await;
    assert!(matches!(late, Err(AppendError::Closed)), "{late:?}");
    test.finish().await;
}

#[tokio::test]
async fn recorded_at_never_decreases_even_when_the_clock_is_set_back() {
    let test = TestLog::new().await;
    let before = test.log.append(note("before")).await.unwrap();

    // As the log looks after a clock that was an hour ahead was set right.
    let ahead = before.recorded_at + TimeDelta::hours(1);
    let mut owner = test.owner().await;
    sqlx::query("update log_head set recorded_at = $1")
        .bind(ahead)
        .execute(&mut owner)
        .await
        .unwrap();
    let after = test.log.append(note("after")).await.unwrap();
    assert_eq!(after.recorded_at, ahead);

    for index in 0..20 {
        test.log
            .append(note(&format!("later {index}")))
            .await
            .unwrap();
    }
    let events = test.all_events().await;
    assert!(events.is_sorted_by_key(|event| event.recorded_at));
    test.finish().await;
}

#[tokio::test]
async fn a_number_that_json_does_not_hold_exactly_is_never_appended() {
    let test = TestLog::new().await;
    for number in ["9007199254740993", "-9223372036854775808", "1e+21"] {
        let mut commit = note("something");
        commit.events[0].payload = format!(r#"{{"size":{number},"type":"NoteTaken"}}"#).into();
        let refused = test.log.append(commit).await.unwrap_err();
        let named = matches!(
            &refused,
            AppendError::Store(StoreError::InexactNumber { number: named }) if named == number
        );
        assert!(named, "{refused}");
    }
    assert_eq!(test.log.head().await.unwrap().position, 0);
    test.finish().await;
}
