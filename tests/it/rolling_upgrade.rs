//! Replicas are replaced one by one: the version before goes on working with
//! the schema of this one.

use tests::postgres::TestDatabase;
use tests::version_before::{FILE, Reliance};

/// A database with all migrations, and what the version before relies on.
async fn migrated() -> (TestDatabase, Reliance) {
    let database = TestDatabase::create().await;
    event_store::migrate(&database.url().parse().unwrap())
        .await
        .unwrap();
    let record = std::fs::read_to_string(FILE).unwrap();
    (database, serde_json::from_str(&record).unwrap())
}

#[tokio::test]
async fn the_version_before_can_work_with_the_schema_of_this_one() {
    let (database, before) = migrated().await;
    assert!(before.statements() > 100, "the record is there");
    let mut connection = database.administrator().await;
    let broken = before.broken_by(&mut connection).await.unwrap();
    assert!(
        broken.is_empty(),
        "expand first, and contract in the next release:\n\n{}",
        broken.join("\n\n")
    );
}

#[tokio::test]
async fn a_migration_that_the_version_before_cannot_live_with_is_found() {
    let (database, before) = migrated().await;
    let mut connection = database.administrator().await;
    for (migration, sign) in [
        (
            "drop table work_item_history cascade",
            "the table work_item_history is gone",
        ),
        (
            "alter table work_queue rename column summary to title",
            "the column work_queue.summary is gone",
        ),
        (
            "alter table checkpoints alter position type integer",
            "the column checkpoints.position was bigint and is integer",
        ),
        (
            "alter table work_queue add site text not null",
            "the new column work_queue.site has to be filled",
        ),
        (
            "alter table work_queue add check (length(summary) < 100)",
            "work_queue has a new rule",
        ),
        (
            "create unique index one_a_team on work_queue (team_id)",
            "work_queue has a new rule one_a_team",
        ),
        (
            "do $$ declare one regprocedure; begin \
             for one in select oid from pg_proc where proname = 'append_batch' loop \
                 execute 'alter function ' || one || ' rename to append_all'; \
             end loop; end $$",
            "function append_batch",
        ),
    ] {
        let mut transaction = sqlx::Connection::begin(&mut connection).await.unwrap();
        sqlx::Executor::execute(&mut *transaction, migration)
            .await
            .unwrap();
        let broken = before.broken_by(&mut transaction).await.unwrap();
        transaction.rollback().await.unwrap();
        assert!(
            broken.iter().any(|sentence| sentence.contains(sign)),
            "{migration}: {broken:?}"
        );
    }
    // What it need not know of is no reason to stop.
    let harmless = "alter table work_queue add site text, add floor int not null default 0,
        add constraint floors check (floor > -9); create table sites (id uuid primary key)";
    sqlx::Executor::execute(&mut connection, harmless)
        .await
        .unwrap();
    let broken = before.broken_by(&mut connection).await.unwrap();
    assert!(broken.is_empty(), "{broken:?}");
}
