//! How the binary is called, and how it fails.

use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use event_store::{Database, DatabaseSource, LocalPostgres, Migrate, PoolSettings};
use serde_json::Value;
use sqlx::{ConnectOptions, Executor};
use uuid::Uuid;

use crate::desk::Desk;
use crate::program::{program, ran, run};

#[tokio::test]
async fn the_help_tells_the_exit_codes_and_the_environment() {
    let ran = run(&["--help"]).await;
    assert_eq!(ran.code, 0);
    for expected in [
        "Exit codes:",
        "Examples:",
        "[env: DATABASE_URL]",
        "[env: DOCKET_DATA_DIR=]",
    ] {
        assert!(ran.stdout.contains(expected), "{expected}: {}", ran.stdout);
    }
    for command in [
        "status",
        "history",
        "as-of",
        "verify",
        "process-log",
        "export",
        "import",
        "prove",
        "exceptions",
        "shell",
        "rebuild",
    ] {
        let ran = run(&[command, "--help"]).await;
        assert_eq!(ran.code, 0);
        assert!(
            ran.stdout.contains("--data-dir"),
            "{command}: {}",
            ran.stdout
        );
    }
}

#[tokio::test]
async fn every_option_is_an_environment_variable_too() {
    let desk = Desk::open().await;
    desk.register("INC0000001").await;
    let mut command = program(&["as-of", "INC0000001"]);
    command.env("DATABASE_URL", &desk.url);
    command.env("DOCKET_REPLAY_JSON", "1");
    command.env("DOCKET_REPLAY_QUIET", "0");
    command.env("DOCKET_REPLAY_AT", "2026-03-02T08:00:00Z");
    command.env("DOCKET_REPLAY_BASIS", "effective");
    let ran = ran(command).await;
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(ran.json()["incident"]["number"], "INC0000001");
    desk.close().await;
}

#[tokio::test]
async fn a_reader_who_has_seen_enough_is_no_failure() {
    let desk = Desk::open().await;
    desk.journey("INC0000001").await;
    let arguments = ["history", "INC0000001", "--database-url", &desk.url];
    let mut child = program(&arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Nobody ever reads: the first line already meets a closed pipe.
    drop(child.stdout.take());
    let output = child.wait_with_output().await.unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
    desk.close().await;
}

#[tokio::test]
async fn an_auditor_who_may_only_read_can_ask_and_check_but_not_rebuild() {
    let desk = Desk::open().await;
    desk.journey("INC0000001").await;
    let auditor = format!("auditor_{}", Uuid::now_v7().simple());
    desk.tamper(&format!(
        "create role {auditor} login;
         grant select on all tables in schema public to {auditor};
         grant execute on function position_at to {auditor};"
    ))
    .await;
    let options = desk.database.owner_options().clone().username(&auditor);
    let url = String::from(options.to_url_lossy());
    let directory = tempfile::tempdir().unwrap();
    let written = directory.path().join("desk.xes");
    let written = written.to_str().unwrap();
    for arguments in [
        ["status"].as_slice(),
        &["history", "INC0000001"],
        &["as-of", "INC0000001", "--at", "2999-01-01"],
        &["verify"],
        &["exceptions"],
        &["shell"],
    ] {
        let ran = run(&[arguments, &["--database-url", &url]].concat()).await;
        assert_eq!(ran.code, 0, "{ran:?}");
    }
    let by = ["--by", "chen.audit", "--output", written];
    for arguments in [
        ["rebuild", "--check", "all"].as_slice(),
        &[&["process-log", "--format", "xes"], &by[..]].concat(),
        &[&["export"], &by[..]].concat(),
    ] {
        let ran = run(&[arguments, &["--database-url", &url]].concat()).await;
        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(ran.stderr.contains("grant docket_app to"), "{ran:?}");
    }
    assert!(!std::path::Path::new(written).exists());
    desk.tamper(&format!("drop owned by {auditor}; drop role {auditor};"))
        .await;
    desk.close().await;
}

#[tokio::test]
async fn a_database_without_a_desk_is_refused() {
    let desk = Desk::empty().await;
    desk.tamper("drop table _sqlx_migrations").await;
    let ran = desk.replay(&["status", "--json"]).await;
    assert_eq!((ran.code, &*ran.stdout), (2, ""));
    let error: Value = serde_json::from_str(&ran.stderr).unwrap();
    let message = error["error"]["message"].as_str().unwrap();
    assert!(message.contains("run `docket migrate`"), "{message}");
    desk.close().await;
}

/// A directory that the account of the private server can enter.
fn open_directory() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let open = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(directory.path(), open).unwrap();
    directory
}

#[tokio::test]
async fn a_directory_without_a_desk_is_refused_and_stays_as_it_is() {
    let directory = open_directory();
    let data_dir = directory.path().join("desk");
    let named = data_dir.to_str().unwrap();
    let ran = run(&["verify", "--data-dir", named]).await;
    assert_eq!((ran.code, &*ran.stdout), (2, ""));
    assert!(ran.stderr.contains("there is no desk in"), "{ran:?}");
    assert!(!data_dir.exists());

    // Nor is another desk taken instead, which the environment names.
    let mut command = program(&["verify", "--data-dir", named]);
    command.env("DATABASE_URL", "postgres://docket@127.0.0.1:1/other");
    let ran = crate::program::ran(command).await;
    assert!(ran.stderr.contains("there is no desk in"), "{ran:?}");

    let mut command = program(&["verify"]);
    command
        .env("XDG_DATA_HOME", directory.path())
        .env("HOME", directory.path());
    let ran = crate::program::ran(command).await;
    let is_root = nix::unistd::Uid::effective().is_root();
    let default = if is_root {
        "/var/lib/docket"
    } else {
        "/docket"
    };
    assert!(ran.code != 2 || ran.stderr.contains(default), "{ran:?}");
}

#[tokio::test]
async fn the_private_server_of_a_directory_is_found_or_started() {
    let directory = open_directory();
    let named = directory.path().to_str().unwrap();
    let settings = PoolSettings {
        migrate: Migrate::Yes,
        ..PoolSettings::default()
    };
    let source = DatabaseSource::DataDir(directory.path().to_owned());
    let database = Database::open(&source, settings).await.unwrap();

    // It runs, and goes on running.
    let ran = run(&["verify", "--data-dir", named]).await;
    assert_eq!(
        (ran.code, &*ran.stdout),
        (0, "The log is whole: it is empty.\n"),
        "{ran:?}"
    );
    database.pool().execute("select 1").await.unwrap();

    // It does not run, is started, and stopped.
    database.close().await;
    let mut command = program(&["status"]);
    command.env("DOCKET_DATA_DIR", named);
    let started = ran_well(command).await;
    assert!(started.starts_with("The log is empty."), "{started}");
    assert!(!directory.path().join("postgres/postmaster.pid").exists());
    assert!(LocalPostgres::exists(directory.path()));
}

async fn ran_well(command: tokio::process::Command) -> String {
    let ran = ran(command).await;
    assert_eq!(ran.code, 0, "{ran:?}");
    ran.stdout
}
