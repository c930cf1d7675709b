//! What somebody sees who looks at the log as a whole and may change nothing.

use event_store::{
    Access, Audit, Commit, Database, DatabaseSource, Head, PoolSettings, RecordedEvent,
    Reservation, StoreError,
};
use futures_util::TryStreamExt;
use sqlx::{ConnectOptions, Executor};
use uuid::Uuid;

use crate::fixture::{TestLog, note, notes};

/// Takes from the log what protects it, as only a superuser can.
async fn tamper(test: &TestLog, sql: &str) {
    let mut superuser = test.owner().await;
    superuser
        .execute("alter table events disable trigger user")
        .await
        .unwrap();
    superuser.execute(sql).await.unwrap();
}

#[tokio::test]
async fn streams_come_whole_one_after_the_other_however_long_the_log_is() {
    let test = TestLog::new().await;
    let streams: Vec<Uuid> = (0..3).map(|_| Uuid::now_v7()).collect();
    let many: Vec<&str> = std::iter::repeat_n("again", 18_000).collect();
    // More than one statement reads, and their border lies within a stream.
    for round in 0..2 {
        for stream in &streams {
            test.log
                .append(notes(*stream, round * 18_000, &many))
                .await
                .unwrap();
        }
    }
    let head = test.log.head().await.unwrap().position;
    let audit = Audit::new(test.pool().clone());
    let chunks: Vec<Vec<RecordedEvent>> = audit.scan_streams(head).try_collect().await.unwrap();
    let places: Vec<_> = chunks
        .concat()
        .iter()
        .map(|event| (event.aggregate_id, event.sequence))
        .collect();
    let expected: Vec<_> = streams
        .iter()
        .flat_map(|stream| (1..=36_000).map(|sequence| (*stream, sequence)))
        .collect();
    assert!(places == expected, "{} events", places.len());

    let chunks: Vec<Vec<RecordedEvent>> = audit.scan_streams(20_000).try_collect().await.unwrap();
    assert!(chunks.concat().iter().all(|event| event.position <= 20_000));
    test.finish().await;
}

#[tokio::test]
async fn a_name_with_a_quote_is_no_way_into_the_statement() {
    let test = TestLog::new().await;
    let many: Vec<&str> = std::iter::repeat_n("again", 25_001).collect();
    for _ in 0..4 {
        test.log
            .append(notes(Uuid::now_v7(), 0, &many))
            .await
            .unwrap();
    }
    tamper(&test, "update events set aggregate_type = 'it''s'").await;
    let audit = Audit::new(test.pool().clone());
    let chunks: Vec<Vec<RecordedEvent>> = audit.scan_streams(i64::MAX).try_collect().await.unwrap();
    assert_eq!(chunks.concat().len(), 100_004);
    test.finish().await;
}

#[tokio::test]
async fn keys_and_contents_lead_to_their_aggregates() {
    let test = TestLog::new().await;
    let (first, second) = (Uuid::now_v7(), Uuid::now_v7());
    for (stream, number) in [(first, "N1"), (second, "N2")] {
        let commit = Commit {
            reservations: vec![Reservation {
                scope: "number",
                key: number.to_owned(),
            }],
            ..notes(stream, 0, &[number, "NUL \0 within"])
        };
        test.log.append(commit).await.unwrap();
    }
    let audit = Audit::new(test.pool().clone());
    assert_eq!(audit.holder("number", "N2").await.unwrap(), Some(second));
    assert_eq!(audit.holder("number", "N3").await.unwrap(), None);
    assert_eq!(audit.holder("login", "N2").await.unwrap(), None);
    let piece = r#""text":"N1""#;
    let found = audit.find_aggregates("notebook", "NoteTaken", piece).await;
    assert_eq!(found.unwrap(), [first]);
    let other = audit.find_aggregates("notebook", "NoteBurnt", piece).await;
    assert!(other.unwrap().is_empty());

    let counts = audit.count_by_type().await.unwrap();
    assert_eq!(counts.len(), 1);
    assert_eq!(
        (&*counts[0].aggregate_type, counts[0].events),
        ("notebook", 4)
    );
    test.finish().await;
}

#[tokio::test]
async fn both_ends_of_the_log_are_told() {
    let test = TestLog::new().await;
    let audit = Audit::new(test.pool().clone());
    let empty = Head {
        position: 0,
        recorded_at: None,
    };
    let ends = audit.ends().await.unwrap();
    assert_eq!((ends.head, ends.last), (Some(empty), empty));

    test.log.append(note("one")).await.unwrap();
    test.log.append(note("two")).await.unwrap();
    let ends = audit.ends().await.unwrap();
    assert_eq!(ends.head, Some(ends.last));
    tamper(&test, "delete from events where position = 2").await;
    let ends = audit.ends().await.unwrap();
    assert_eq!(ends.head.unwrap().position, 2);
    assert_eq!(ends.last.position, 1);
    test.finish().await;
}

#[tokio::test]
async fn hashes_and_commands_that_are_not_as_appended_are_found() {
    let test = TestLog::new().await;
    for _ in 0..4 {
        test.log
            .append(notes(Uuid::now_v7(), 0, &["a", "b"]))
            .await
            .unwrap();
    }
    let audit = Audit::new(test.pool().clone());
    assert_eq!(audit.first_wrong_request_hash(0, 8).await.unwrap(), None);
    assert_eq!(audit.first_repeated_command(8).await.unwrap(), None);

    tamper(
        &test,
        "alter table events drop constraint events_request_hash;
         alter table events drop constraint events_command;
         update events set request_hash = null where position = 3;
         update events set request_hash = 'abc' where position = 5;
         update events set command_id = (select command_id from events where position = 1)
         where position in (7, 8);",
    )
    .await;
    assert_eq!(audit.first_wrong_request_hash(0, 8).await.unwrap(), Some(3));
    assert_eq!(audit.first_wrong_request_hash(3, 8).await.unwrap(), Some(5));
    assert_eq!(audit.first_wrong_request_hash(5, 8).await.unwrap(), None);
    assert_eq!(audit.first_repeated_command(8).await.unwrap(), Some(7));
    assert_eq!(audit.first_repeated_command(6).await.unwrap(), None);
    test.finish().await;
}

#[tokio::test]
async fn whoever_only_reads_needs_no_other_right_and_cannot_write() {
    let test = TestLog::new().await;
    test.log.append(note("seen")).await.unwrap();
    let auditor = format!("auditor_{}", Uuid::now_v7().simple());
    let mut superuser = test.owner().await;
    let grants = format!(
        "create role {auditor} login;
         grant select on all tables in schema public to {auditor};
         grant execute on function position_at to {auditor};"
    );
    superuser.execute(&*grants).await.unwrap();

    let settings = PoolSettings {
        access: Access::ReadOnly,
        ..PoolSettings::default()
    };
    for login in [&auditor, test.database.owner_options().get_username()] {
        let options = test.database.owner_options().clone().username(login);
        let source = DatabaseSource::Url(options.to_url_lossy().into());
        let database = Database::open(&source, settings.clone()).await.unwrap();
        let audit = Audit::new(database.pool().clone());
        assert_eq!(audit.head().await.unwrap().position, 1);
        let after = audit.position_at("9999-01-01T00:00:00Z".parse().unwrap());
        assert_eq!(after.await.unwrap(), 1);
        let refused = database.pool().execute("create table mine ()").await;
        let error = refused.unwrap_err();
        let code = error.as_database_error().unwrap().code().unwrap();
        assert!(["25006", "42501"].contains(&&*code), "{error}");
        database.close().await;
    }
    let drop = format!("drop owned by {auditor}; drop role {auditor};");
    superuser.execute(&*drop).await.unwrap();
    test.finish().await;
}

#[tokio::test]
async fn what_cannot_be_read_hides_nothing_that_stands_before_it() {
    let test = TestLog::new().await;
    for _ in 0..5 {
        test.log.append(note("a")).await.unwrap();
    }
    let id = test.all_events().await[3].aggregate_id;
    let shouted =
        format!("update events set aggregate_id = upper(aggregate_id) where aggregate_id = '{id}'");
    tamper(&test, &shouted).await;
    let mut scan = Audit::new(test.pool().clone()).scan(5);
    let before = scan.try_next().await.unwrap().unwrap();
    assert_eq!(before.len(), 3);
    let error = scan.try_next().await.unwrap_err();
    assert!(
        matches!(error, StoreError::Corrupt { position: 4, .. }),
        "{error}"
    );
    test.finish().await;
}

#[tokio::test]
async fn a_checkpoint_tells_for_how_long_the_next_event_has_been_waiting() {
    let test = TestLog::new().await;
    test.log.append(note("one")).await.unwrap();
    test.log.append(note("two")).await.unwrap();
    test.pool()
        .execute("insert into checkpoints values ('behind', 3, 1), ('there', 1, 2)")
        .await
        .unwrap();
    let audit = Audit::new(test.pool().clone());
    let checkpoints = audit.checkpoints().await.unwrap();
    let [behind, there] = &*checkpoints else {
        panic!("{checkpoints:?}");
    };
    assert_eq!(
        (&*behind.name, behind.version, behind.position),
        ("behind", 3, 1)
    );
    assert!(behind.waiting_seconds.unwrap() >= 0.0);
    assert_eq!((&*there.name, there.waiting_seconds), ("there", None));

    assert_eq!(audit.event(2).await.unwrap().unwrap().position, 2);
    assert_eq!(audit.event(3).await.unwrap(), None);
    test.finish().await;
}
