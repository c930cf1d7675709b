//! Who may do what to the log, and which databases are refused.

use event_store::{
    Database, DatabaseSource, Filter, Log, LogSettings, Migrate, PoolSettings, StoreError,
};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection, Executor, PgConnection};
use uuid::Uuid;

use crate::fixture::{TestLog, TestServer, note, pool_of};

const CHANGES: [&str; 7] = [
    "update events set payload = '{}'",
    "update events set recorded_at = recorded_at where position = 1",
    "update events set payload = '{}' where false",
    "delete from events",
    "delete from events where position = 1",
    "truncate events",
    "insert into events select * from events on conflict (position) do update set payload = '{}'",
];

async fn assert_refused(connection: &mut PgConnection, sql: &str, why: &str) {
    let error = connection.execute(sql).await.expect_err(sql);
    let message = error.as_database_error().unwrap().message();
    assert!(message.contains(why), "{sql}: {message}");
}

#[tokio::test]
async fn the_owner_and_superusers_cannot_change_the_log() {
    let test = TestLog::new().await;
    test.log.append(note("for ever")).await.unwrap();
    let mut superuser = test.owner().await;
    for sql in CHANGES {
        assert_refused(&mut superuser, sql, "the log is append-only").await;
    }
    // A session that passes for a replica skips ordinary triggers.
    superuser
        .execute("set session_replication_role = replica")
        .await
        .unwrap();
    for sql in CHANGES {
        assert_refused(&mut superuser, sql, "the log is append-only").await;
    }
    assert_refused(
        &mut superuser,
        "delete from reservations",
        "the log is append-only",
    )
    .await;
    assert_refused(
        &mut superuser,
        "delete from log_head",
        "the log is append-only",
    )
    .await;
    assert_eq!(test.all_events().await.len(), 1);
    superuser.close().await.unwrap();
    test.finish().await;
}

#[tokio::test]
async fn the_services_role_can_only_read_and_append() {
    let test = TestLog::new().await;
    test.log.append(note("for ever")).await.unwrap();
    let mut service = test.pool().acquire().await.unwrap();
    let role: String = sqlx::query_scalar("select current_user::text")
        .fetch_one(&mut *service)
        .await
        .unwrap();
    assert_eq!(role, "docket_app");
    for sql in CHANGES {
        assert_refused(&mut service, sql, "permission denied").await;
    }
    for sql in [
        "update log_head set position = 7",
        "delete from log_head",
        "update reservations set key = 'x'",
        "delete from reservations",
        "truncate reservations",
        "alter table events disable trigger all",
        "drop table events",
        "drop trigger events_are_append_only on events",
        // Appending is the function's alone, which numbers and judges.
        "insert into events select * from events",
        "insert into reservations values ('incident.number', 'x', 'incident', 'y')",
        "delete from seal_checkpoints",
        "update seal_tiles set hashes = hashes",
        "truncate seal_keys cascade",
    ] {
        let refused = service.execute(sql).await.is_err();
        assert!(refused, "{sql}");
    }
    drop(service);
    assert_eq!(test.all_events().await.len(), 1);
    test.finish().await;
}

#[tokio::test]
async fn a_temporary_table_does_not_take_the_place_of_the_log() {
    let test = TestLog::new().await;
    let mut service = test.pool().acquire().await.unwrap();
    service.execute("create temporary table log_head as select true as only_row, 41::bigint as position, now() as recorded_at").await.unwrap();
    let position: i64 = sqlx::query_scalar("select position_at(now())")
        .fetch_one(&mut *service)
        .await
        .unwrap();
    assert_eq!(position, 0);
    service
        .execute("drop table pg_temp.log_head")
        .await
        .unwrap();
    drop(service);
    test.finish().await;
}

/// A login without any special right, and a database that it owns.
async fn plain_owner(server: &TestServer, right: &str) -> (String, PgConnectOptions) {
    let name = format!("docket_es_{}", Uuid::now_v7().simple());
    server
        .run(&format!("create role {name} login {right}"))
        .await;
    server
        .run(&format!("create database {name} owner {name}"))
        .await;
    let options = server.superuser.clone().username(&name).database(&name);
    (name, options)
}

async fn remove(server: TestServer, name: &str) {
    server
        .run(&format!("drop database {name} with (force)"))
        .await;
    server.run(&format!("revoke docket_app from {name}")).await;
    server.run(&format!("drop role {name}")).await;
    server.stop().await;
}

#[tokio::test]
async fn an_owner_who_is_no_superuser_is_enough_and_cannot_change_the_log_either() {
    let server = TestServer::start().await;
    ensure_service_role(&server).await;
    let (name, options) = plain_owner(&server, "").await;
    server.run(&format!("grant docket_app to {name}")).await;
    let settings = PoolSettings {
        migrate: Migrate::Yes,
        ..PoolSettings::default()
    };
    let source = DatabaseSource::Url(options.to_url_lossy().into());
    let database = Database::open(&source, settings).await.unwrap();
    let log = Log::open(database.pool().clone(), LogSettings::default())
        .await
        .unwrap();
    log.append(note("for ever")).await.unwrap();

    let mut owner = database.owner_options().connect().await.unwrap();
    for sql in CHANGES {
        assert_refused(&mut owner, sql, "the log is append-only").await;
    }
    owner.close().await.unwrap();
    log.shutdown().await;
    database.close().await;
    remove(server, &name).await;
}

async fn ensure_service_role(server: &TestServer) {
    server
        .run(
            "do $$ begin create role docket_app nologin;
             exception when duplicate_object or unique_violation then null; end $$",
        )
        .await;
}

#[tokio::test]
async fn an_owner_who_may_not_act_as_the_service_is_told_what_to_run() {
    let server = TestServer::start().await;
    ensure_service_role(&server).await;
    let (name, options) = plain_owner(&server, "").await;
    let error = event_store::migrate(&options).await.unwrap_err();
    let StoreError::Migration(sqlx::migrate::MigrateError::ExecuteMigration(error, _)) = &error
    else {
        panic!("{error}");
    };
    let error = error
        .as_database_error()
        .unwrap()
        .downcast_ref::<sqlx::postgres::PgDatabaseError>();
    assert!(error.message().contains(&name), "{}", error.message());
    let hint = error.hint().unwrap();
    assert!(
        hint.contains(&format!("grant docket_app to {name}")),
        "{hint}"
    );
    server
        .run(&format!("drop database {name} with (force)"))
        .await;
    server.run(&format!("drop role {name}")).await;
    server.stop().await;
}

#[tokio::test]
async fn a_login_that_may_not_act_as_the_service_is_told_what_to_run() {
    let test = TestLog::new().await;
    let stranger = format!("docket_es_{}", Uuid::now_v7().simple());
    test.server
        .run(&format!("create role {stranger} login"))
        .await;
    test.server
        .run(&format!("grant pg_read_all_data to {stranger}"))
        .await;
    let options = test.database.owner_options().clone().username(&stranger);
    let source = DatabaseSource::Url(options.to_url_lossy().into());
    let error = Database::open(&source, PoolSettings::default())
        .await
        .unwrap_err();
    assert!(matches!(error, StoreError::RoleMissing { .. }), "{error}");
    assert!(
        error
            .to_string()
            .contains(&format!("grant docket_app to \"{stranger}\";")),
        "{error}"
    );
    test.server.run(&format!("drop role {stranger}")).await;
    test.finish().await;
}

#[tokio::test]
async fn a_schema_that_is_not_current_is_refused() {
    let server = TestServer::start().await;
    let name = format!("docket_es_{}", Uuid::now_v7().simple());
    server.run(&format!("create database {name}")).await;
    let options = server.superuser.clone().database(&name);
    let source = DatabaseSource::Url(options.to_url_lossy().into());

    let empty = Database::open(&source, PoolSettings::default())
        .await
        .unwrap_err();
    assert!(
        matches!(empty, StoreError::SchemaBehind { missing } if missing > 0),
        "{empty}"
    );
    event_store::migrate(&options).await.unwrap();
    event_store::migrate(&options).await.unwrap();
    Database::open(&source, PoolSettings::default())
        .await
        .unwrap()
        .close()
        .await;

    let mut owner = options.connect().await.unwrap();
    let newest =
        "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
                  values (99999999999999, 'from the future', true, '\\x00', 0)";
    owner.execute(newest).await.unwrap();
    let ahead = Database::open(&source, PoolSettings::default())
        .await
        .unwrap_err();
    assert!(
        matches!(
            ahead,
            StoreError::SchemaAhead {
                version: 99_999_999_999_999
            }
        ),
        "{ahead}"
    );
    owner
        .execute("delete from _sqlx_migrations where version = 99999999999999")
        .await
        .unwrap();
    owner
        .execute("update _sqlx_migrations set checksum = '\\x00'")
        .await
        .unwrap();
    let differs = Database::open(&source, PoolSettings::default())
        .await
        .unwrap_err();
    assert!(
        matches!(differs, StoreError::SchemaDiffers { .. }),
        "{differs}"
    );
    owner.close().await.unwrap();
    server
        .run(&format!("drop database {name} with (force)"))
        .await;
    server.stop().await;
}

#[tokio::test]
async fn tenants_are_schemas_each_with_a_log_of_its_own() {
    let test = TestLog::new().await;
    test.log.append(note("in the public schema")).await.unwrap();

    let mut owner = test.owner().await;
    owner.execute("create schema tenant").await.unwrap();
    owner.close().await.unwrap();
    let tenant = test
        .database
        .owner_options()
        .clone()
        .options([("search_path", "tenant")]);
    event_store::migrate(&tenant).await.unwrap();
    let pool = pool_of(&tenant).await;
    let log = Log::open(pool.clone(), LogSettings::default())
        .await
        .unwrap();
    assert_eq!(log.head().await.unwrap().position, 0);
    let appended = log.append(note("in the tenant's")).await.unwrap();
    assert_eq!(appended.from, 1);
    let events = log.read(0, 10, &Filter::default()).await.unwrap();
    assert_eq!(events.len(), 1);
    assert!(events[0].payload.contains("in the tenant's"));
    assert_eq!(test.all_events().await.len(), 1);
    log.shutdown().await;
    pool.close().await;
    test.finish().await;
}
