//! The loop: leases, crashes, failures, and waiting for it.

use std::time::Duration;

use projections::rebuild::check;
use projections::{ProjectionName, Projectors, WaitError, lease};
use sqlx::{Connection, Executor};
use strum::IntoEnumIterator;
use tokio::task::yield_now;
use uuid::Uuid;

use crate::desk::Desk;
use crate::journey::live;

const LONG: Duration = Duration::from_secs(30);

fn every() -> Vec<ProjectionName> {
    ProjectionName::iter().collect()
}

/// Lets the others work until something holds.
async fn until<F: Future<Output = bool>>(holds: impl Fn() -> F) {
    while !holds().await {
        yield_now().await;
    }
}

async fn assert_exact(desk: &Desk) {
    for name in ProjectionName::iter() {
        let checked = check(&desk.log, desk.database(), name, &|_, _| ())
            .await
            .unwrap();
        assert_eq!(
            (checked.differences, checked.first_differences),
            (0, Vec::new()),
            "{name:?}"
        );
    }
}

fn runs_everything(projectors: &Projectors) -> bool {
    projectors.status().iter().all(|one| one.running_here)
}

#[tokio::test]
async fn a_change_is_seen_as_soon_as_its_position_is_reached() {
    let desk = Desk::open().await;
    let projectors = desk.projectors(&desk.log);
    let id = desk.register().await;
    for words in ["one", "two", "three"] {
        let appended = desk.comment(id, words).await;
        projectors
            .wait_for(&every(), appended.to, LONG)
            .await
            .unwrap();
        let row = desk
            .read()
            .work_queue()
            .by_ids(&[id])
            .await
            .unwrap()
            .remove(0);
        assert_eq!(row.position, appended.to);
    }
    let head = desk.head().await;
    for one in projectors.status() {
        assert!(one.running_here && one.failed.is_none());
        assert_eq!((one.position, one.head, one.lag_positions), (head, head, 0));
        assert!(one.lag_seconds.abs() < f64::EPSILON);
    }
    let early = projectors
        .wait_for(
            &[ProjectionName::WorkQueue],
            head + 1,
            Duration::from_millis(1),
        )
        .await;
    assert!(matches!(early, Err(WaitError::TimedOut { wanted, .. }) if wanted == head + 1));
    projectors.shutdown().await;
    let late = projectors.wait_for(&every(), head + 1, LONG).await;
    assert_eq!(late, Err(WaitError::Closed));
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_its_backend_is_killed_again_and_again_each_event_still_counts_once() {
    let desk = Desk::open().await;
    let projectors = desk.projectors(&desk.log);
    let mut superuser = desk.superuser().await;
    for seed in 0..12 {
        live(&desk, 200 + seed, 4, 10).await;
        sqlx::query(
            "select pg_terminate_backend(pid) from pg_stat_activity
             where datname = current_database() and application_name like 'docket projection %'",
        )
        .execute(&mut superuser)
        .await
        .unwrap();
    }
    // A failure that passes is waited through.
    projectors
        .wait_for(&every(), desk.head().await, LONG)
        .await
        .unwrap();
    assert_exact(&desk).await;
    superuser.close().await.unwrap();
    projectors.shutdown().await;
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_replica_waits_and_takes_over_when_the_first_one_goes() {
    let desk = Desk::open().await;
    let first = desk.projectors(&desk.log);
    until(|| async { runs_everything(&first) }).await;
    let other_log = desk.replica().await;
    let second = desk.projectors(&other_log);

    live(&desk, 61, 5, 10).await;
    let head = desk.head().await;
    first.wait_for(&every(), head, LONG).await.unwrap();
    // The other replica hears of it.
    second.wait_for(&every(), head, LONG).await.unwrap();
    assert!(second.status().iter().all(|one| !one.running_here));

    first.shutdown().await;
    until(|| async { runs_everything(&second) }).await;
    live(&desk, 62, 5, 10).await;
    second
        .wait_for(&every(), desk.head().await, LONG)
        .await
        .unwrap();
    assert_exact(&desk).await;
    second.shutdown().await;
    other_log.shutdown().await;
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_projection_that_cannot_read_an_event_stops_there_alone_and_goes_on_when_it_can() {
    let desk = Desk::open().await;
    let projectors = desk.projectors(&desk.log);
    let id = desk.register().await;
    let version = i64::try_from(desk.stream(id).await.len()).unwrap();
    // The index of the log reads envelopes only, and links only their events.
    let payload = serde_json::json!({"type": "CommentAdded", "no": "comment"});
    let bad = desk
        .append_raw((id, version), "CommentAdded", "1.0", &payload)
        .await;
    let other = desk.register().await;
    let head = desk.head().await;

    let unaffected = [
        ProjectionName::EventIndex,
        ProjectionName::WorkItemLink,
        ProjectionName::IncidentDetail,
    ];
    projectors.wait_for(&unaffected, head, LONG).await.unwrap();
    let failed = projectors
        .wait_for(&[ProjectionName::WorkQueue], head, LONG)
        .await;
    let Err(WaitError::Failed { reason, .. }) = failed else {
        panic!("{failed:?}")
    };
    assert!(
        reason.contains(&format!("position {}", bad.from)),
        "{reason}"
    );
    // Everything before it has been applied.
    let status = projectors.status();
    let queue = status
        .iter()
        .find(|one| one.name == ProjectionName::WorkQueue)
        .unwrap();
    assert_eq!(
        (queue.position, queue.lag_positions),
        (bad.from - 1, head - bad.from + 1)
    );
    assert_eq!(queue.failed.as_deref(), Some(reason.as_str()));
    assert!(queue.lag_seconds >= 0.0);
    let rows = desk.read().work_queue().by_ids(&[id, other]).await.unwrap();
    assert_eq!(rows.len(), 1);

    // A program that can read it goes on where the other one stopped: here the
    // event is mended, which only a superuser can who switches the guard off.
    let mut superuser = desk.superuser().await;
    let mend = format!(
        "alter table events disable trigger all;
         update events set payload = '{{\"from_requester\":false,\"text\":\"mended\",\"type\":\"CommentAdded\",\"visibility\":\"Public\"}}' where position = {};
         alter table events enable always trigger events_are_append_only",
        bad.from
    );
    superuser.execute(&*mend).await.unwrap();
    superuser.close().await.unwrap();
    projectors.shutdown().await;
    let log = desk.replica().await;
    let projectors = desk.projectors(&log);
    projectors.wait_for(&every(), head, LONG).await.unwrap();
    assert_exact(&desk).await;
    projectors.shutdown().await;
    log.shutdown().await;
    desk.close().await;
}

#[tokio::test]
async fn a_lease_has_one_holder_at_a_time_and_ends_with_its_connection() {
    let desk = Desk::open().await;
    let options = desk.pool().connect_options();
    let held = lease(&options, "process auto_close").await.unwrap();
    let other = lease(&options, "process another").await.unwrap();
    other.release().await;
    let waiting = tokio::spawn({
        let options = (*options).clone();
        async move { lease(&options, "process auto_close").await.unwrap() }
    });
    let mut superuser = desk.superuser().await;
    loop {
        let blocked: i64 = sqlx::query_scalar(
            "select count(*) from pg_stat_activity
             where datname = current_database() and wait_event_type = 'Lock'",
        )
        .fetch_one(&mut superuser)
        .await
        .unwrap();
        if blocked > 0 {
            break;
        }
    }
    assert!(!waiting.is_finished());
    drop(held);
    let taken = waiting.await.unwrap();
    taken.release().await;
    superuser.close().await.unwrap();
    desk.close().await;
}

#[tokio::test]
async fn what_other_kinds_of_aggregates_do_is_passed_over() {
    let desk = Desk::open().await;
    let commit = event_store::Commit {
        aggregate_type: "something_new",
        aggregate_id: Uuid::now_v7(),
        expected_version: 0,
        command_id: Uuid::now_v7(),
        request_hash: [0; 16],
        events: vec![event_store::NewEvent {
            event_type: "Happened".to_owned(),
            event_version: "7.0".to_owned(),
            payload: "{}".into(),
        }],
        metadata: event_store::Metadata::new(desk.now(), "li.wei")
            .to_canonical()
            .unwrap(),
        reservations: Vec::new(),
        rests_on: Vec::new(),
    };
    desk.log.append(commit).await.unwrap();
    desk.register().await;
    desk.catch_up().await;
    assert_exact(&desk).await;
    desk.close().await;
}

#[tokio::test]
async fn who_asks_for_a_projection_that_another_process_keeps_waits_for_that_one() {
    let desk = Desk::open().await;
    let projectors = desk.projectors(&desk.log);
    until(|| async { runs_everything(&projectors) }).await;
    live(&desk, 71, 3, 10).await;
    let head = desk.head().await;
    for name in ProjectionName::iter() {
        assert!(
            projections::catch_up(&desk.log, desk.pool(), name)
                .await
                .unwrap()
                >= head
        );
    }
    projectors.shutdown().await;
    desk.close().await;
}
