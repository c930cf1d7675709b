//! What is built anew from the log.

use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::{StreamExt, stream};
use projections::rebuild::{check, rebuild};
use projections::{ProjectionError, ProjectionName};
use sqlx::Executor;
use strum::IntoEnumIterator;
use uuid::Uuid;

use crate::desk::Desk;
use crate::journey::live;

async fn differences(desk: &Desk, name: ProjectionName) -> (i64, Vec<String>) {
    let checked = check(&desk.log, desk.database(), name, &|_, _| ())
        .await
        .unwrap();
    assert!(checked.rows > 0, "{name:?}");
    (checked.differences, checked.first_differences)
}

#[tokio::test]
async fn a_rebuild_gives_the_same_rows_for_every_projection() {
    let desk = Desk::open().await;
    live(&desk, 11, 30, 30).await;
    desk.catch_up().await;
    // Some in a second batch, so that rows are loaded and changed.
    live(&desk, 12, 10, 60).await;
    desk.catch_up().await;
    for name in ProjectionName::iter() {
        assert_eq!(differences(&desk, name).await, (0, Vec::new()), "{name:?}");
        let rebuilt = rebuild(&desk.log, desk.database(), name, &|_, _| ())
            .await
            .unwrap();
        assert_eq!(rebuilt.position, desk.head().await);
        assert_eq!(differences(&desk, name).await, (0, Vec::new()), "{name:?}");
    }
    live(&desk, 13, 5, 20).await;
    desk.catch_up().await;
    for name in ProjectionName::iter() {
        assert_eq!(differences(&desk, name).await.0, 0, "{name:?}");
    }
    desk.close().await;
}

#[tokio::test]
async fn a_rebuilt_table_is_like_the_one_before_in_all_but_its_rows() {
    /// Everything that a `\d+` shows.
    const SHAPE: &str = "
        select c.relname::text || ' ' || pg_get_userbyid(c.relowner) || ' ' || coalesce(c.reloptions::text, '')
            || ' ' || coalesce(c.relacl::text, '') || ' ' || coalesce(obj_description(c.oid, 'pg_class'), '')
            || ' ' || c.relpersistence::text
        from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'i')
        union all
        select indexdef from pg_indexes where schemaname = 'public'
        union all
        select a.attrelid::regclass || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
            || ' ' || a.attnotnull || ' ' || a.attcollation || ' ' || coalesce(col_description(a.attrelid, a.attnum), '')
        from pg_attribute a join pg_class c on c.oid = a.attrelid
        where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and a.attnum > 0
        union all
        select nspname::text from pg_namespace where nspname not like 'pg\\_%'
        order by 1";
    let desk = Desk::open().await;
    live(&desk, 11, 5, 10).await;
    desk.catch_up().await;
    let shape = || async {
        let shape: Vec<String> = sqlx::query_scalar(SHAPE)
            .fetch_all(desk.pool())
            .await
            .unwrap();
        shape
    };
    desk.pool()
        .execute("grant select on work_queue to pg_monitor")
        .await
        .unwrap();
    let before = shape().await;
    for name in ProjectionName::iter() {
        rebuild(&desk.log, desk.database(), name, &|_, _| ())
            .await
            .unwrap();
        check(&desk.log, desk.database(), name, &|_, _| ())
            .await
            .unwrap();
    }
    assert_eq!(shape().await, before);
    desk.close().await;
}

#[tokio::test]
async fn a_row_that_was_tampered_with_is_found_and_a_rebuild_mends_it() {
    let desk = Desk::open().await;
    live(&desk, 21, 20, 40).await;
    desk.catch_up().await;
    for (name, tampering, said) in [
        (
            ProjectionName::WorkQueue,
            "update work_queue set status = 'Closed' where number = 'INC0000003'",
            "status is \"Closed\"",
        ),
        (
            ProjectionName::WorkQueue,
            "delete from work_queue_count where items = (select max(items) from work_queue_count)",
            "missing",
        ),
        (
            ProjectionName::IncidentDetail,
            "update incident_detail set description = null where item_id = (select item_id from work_queue where number = 'INC0000004')",
            "description is null",
        ),
        (
            ProjectionName::WorkItemHistory,
            "delete from work_item_history where position = 7",
            "missing",
        ),
        (
            ProjectionName::WorkItemLink,
            "insert into work_item_link values (gen_random_uuid(), 'RelatesTo', gen_random_uuid(), 'INC1', 1)",
            "should not be there",
        ),
        (
            ProjectionName::EventIndex,
            "update event_index set actor = 'nobody' where position = 5",
            "actor is \"nobody\"",
        ),
    ] {
        let done = desk.pool().execute(tampering).await.unwrap();
        assert!(done.rows_affected() > 0, "{tampering}");
        let (differences, said_of_them) = differences(&desk, name).await;
        assert!(differences > 0, "{tampering}");
        assert!(said_of_them[0].contains(said), "{said_of_them:?}");
        rebuild(&desk.log, desk.database(), name, &|_, _| ())
            .await
            .unwrap();
        assert_eq!(
            self::differences(&desk, name).await,
            (0, Vec::new()),
            "{tampering}"
        );
    }
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_swap_while_events_arrive_and_readers_read_loses_nothing() {
    let desk = Desk::open().await;
    live(&desk, 31, 20, 20).await;
    let projectors = desk.projectors(&desk.log);
    let is_done = AtomicBool::new(false);
    let writing = async {
        let mut seed = 100;
        while !is_done.load(Ordering::Relaxed) {
            live(&desk, seed, 3, 5).await;
            seed += 1;
        }
    };
    let reading = async {
        let queue = desk.read().work_queue();
        while !is_done.load(Ordering::Relaxed) {
            let total = queue
                .total(&projections::work_queue::WorkItemFilter::default())
                .await;
            assert!(total.is_ok(), "{total:?}");
        }
    };
    let rebuilding = async {
        for name in ProjectionName::iter().chain(ProjectionName::iter()) {
            rebuild(&desk.log, desk.database(), name, &|_, _| ())
                .await
                .unwrap();
            assert_eq!(differences(&desk, name).await, (0, Vec::new()), "{name:?}");
        }
        is_done.store(true, Ordering::Relaxed);
    };
    tokio::join!(writing, reading, rebuilding);
    let names: Vec<ProjectionName> = ProjectionName::iter().collect();
    let limit = std::time::Duration::from_secs(30);
    projectors
        .wait_for(&names, desk.head().await, limit)
        .await
        .unwrap();
    for name in names {
        assert_eq!(differences(&desk, name).await, (0, Vec::new()), "{name:?}");
    }
    assert!(projectors.status().iter().all(|one| one.failed.is_none()));
    projectors.shutdown().await;
    desk.close().await;
}

#[tokio::test]
async fn a_projection_of_an_older_version_is_built_anew_before_it_goes_on() {
    let desk = Desk::open().await;
    live(&desk, 41, 10, 10).await;
    desk.catch_up().await;
    desk.pool()
        .execute("update checkpoints set version = 0 where name = 'work_queue'; update work_queue set summary = 'as version 0 had it'")
        .await
        .unwrap();
    live(&desk, 42, 5, 10).await;
    desk.catch_up().await;
    assert_eq!(
        differences(&desk, ProjectionName::WorkQueue).await,
        (0, Vec::new())
    );
    let left: i64 =
        sqlx::query_scalar("select count(*) from checkpoints where name = 'work_queue'")
            .fetch_one(desk.pool())
            .await
            .unwrap();
    assert_eq!(left, 1);

    desk.pool()
        .execute("update checkpoints set version = 99 where name = 'work_queue'")
        .await
        .unwrap();
    let refused = projections::catch_up(&desk.log, desk.pool(), ProjectionName::WorkQueue).await;
    assert!(
        matches!(
            refused,
            Err(ProjectionError::NewerVersion { stored: 99, .. })
        ),
        "{refused:?}"
    );
    desk.close().await;
}

#[tokio::test]
async fn what_a_killed_rebuild_left_behind_is_in_nobodys_way() {
    let desk = Desk::open().await;
    live(&desk, 51, 5, 10).await;
    desk.catch_up().await;
    desk.pool()
        .execute("create schema public_work_queue_aside; create table public_work_queue_aside.work_queue (half int)")
        .await
        .unwrap();
    rebuild(
        &desk.log,
        desk.database(),
        ProjectionName::WorkQueue,
        &|_, _| (),
    )
    .await
    .unwrap();
    assert_eq!(
        differences(&desk, ProjectionName::WorkQueue).await,
        (0, Vec::new())
    );
    desk.close().await;
}

/// More items than are held in memory: the first ones have been written when
/// something happens to them again, and are found by keys that are made while
/// the rest is still to come.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn items_that_no_longer_fit_into_memory_are_found_in_the_half_filled_tables() {
    const ITEMS: usize = 21_000;
    const AT_ONCE: usize = 256;
    let desk = Desk::open().await;
    let registered = stream::iter(0..ITEMS).map(|_| desk.register());
    let ids: Vec<Uuid> = registered.buffered(AT_ONCE).collect().await;
    for id in &ids[..20] {
        desk.start_work(*id, "IT Network").await;
    }
    desk.register().await;
    desk.comment(ids[0], "Still waiting.").await;
    desk.catch_up().await;
    for name in [ProjectionName::WorkQueue, ProjectionName::IncidentDetail] {
        assert_eq!(differences(&desk, name).await, (0, Vec::new()), "{name:?}");
    }
    let name = ProjectionName::WorkQueue;
    let before = desk.read().work_queue().by_ids(&ids[..40]).await.unwrap();
    rebuild(&desk.log, desk.database(), name, &|_, _| ())
        .await
        .unwrap();
    let mut after = desk.read().work_queue().by_ids(&ids[..40]).await.unwrap();
    after.sort_by_key(|row| before.iter().position(|one| one.item_id == row.item_id));
    assert_eq!(after, before);
    assert_eq!(differences(&desk, name).await, (0, Vec::new()));
    desk.close().await;
}
