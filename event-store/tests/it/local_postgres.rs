//! The private server of a data directory.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use event_store::local_postgres::ServeLock;
use event_store::{
    Database, DatabaseSource, LocalPostgres, Log, LogSettings, Migrate, PoolSettings, StoreError,
};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use sqlx::{ConnectOptions, Connection};
use tempfile::TempDir;

use crate::fixture::note;

fn directory(mode: u32) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    std::fs::set_permissions(directory.path(), Permissions::from_mode(mode)).unwrap();
    directory
}

/// A directory that any account may pass through, as a server's account must.
fn open_directory() -> TempDir {
    directory(0o755)
}

/// Kills the server without warning. A session that outlives its server for a
/// moment may still have answered, so the next one may be on its way only.
async fn kill_server(data_dir: &Path) -> Pid {
    loop {
        if let Some(pid) = pid(data_dir)
            && kill(pid, Signal::SIGKILL).is_ok()
        {
            return pid;
        }
        tokio::task::yield_now().await;
    }
}

/// The server's process, if it is there: a killed one leaves its file behind.
fn pid(data_dir: &Path) -> Option<Pid> {
    let text = std::fs::read_to_string(data_dir.join("postgres/postmaster.pid")).ok()?;
    let pid = Pid::from_raw(text.lines().next()?.parse().ok()?);
    kill(pid, None).is_ok().then_some(pid)
}

async fn answers(server: &LocalPostgres) -> bool {
    match server.options().connect().await {
        Ok(mut connection) => {
            connection.ping().await.unwrap();
            connection.close().await.unwrap();
            true
        }
        Err(_) => false,
    }
}

fn migrating() -> PoolSettings {
    PoolSettings {
        migrate: Migrate::Yes,
        ..PoolSettings::default()
    }
}

#[tokio::test]
async fn a_data_directory_keeps_its_log_over_restarts_and_the_last_user_stops_the_server() {
    let directory = open_directory();
    let data_dir = directory.path().join("desk");
    let source = DatabaseSource::DataDir(data_dir.clone());

    let database = Database::open(&source, migrating()).await.unwrap();
    let log = Log::open(database.pool().clone(), LogSettings::default())
        .await
        .unwrap();
    log.append(note("kept")).await.unwrap();
    let first = pid(&data_dir).unwrap();

    // A second user finds it running, and it stays when the first one goes.
    let second = LocalPostgres::start(&data_dir).await.unwrap();
    assert_eq!(pid(&data_dir), Some(first));
    log.shutdown().await;
    database.close().await;
    assert!(answers(&second).await);
    second.release().await;
    assert!(!answers(&second).await);
    assert_eq!(pid(&data_dir), None);
    second.release().await;

    let database = Database::open(&source, PoolSettings::default())
        .await
        .unwrap();
    assert_ne!(pid(&data_dir), Some(first));
    let log = Log::open(database.pool().clone(), LogSettings::default())
        .await
        .unwrap();
    assert_eq!(log.head().await.unwrap().position, 1);
    log.shutdown().await;
    database.close().await;
    assert_eq!(pid(&data_dir), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_killed_in_use_is_started_again_and_loses_nothing() {
    let directory = open_directory();
    let source = DatabaseSource::DataDir(directory.path().to_owned());
    let database = Database::open(&source, migrating()).await.unwrap();
    let log = Log::open(database.pool().clone(), LogSettings::default())
        .await
        .unwrap();
    let mut follower = log.follow(0);
    for round in 1..=3_i64 {
        log.append(note("before the kill")).await.unwrap();
        kill_server(directory.path()).await;
        // Answered in its own time, without help from here.
        let appended = log.append(note("after the kill")).await.unwrap();
        assert_eq!(appended.to, round * 2);
        while follower.position() < round * 2 {
            // A follower may hear of the outage; it goes on where it stood.
            let _outage = follower.next().await;
        }
    }
    log.shutdown().await;
    database.close().await;
    assert_eq!(pid(directory.path()), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_a_killed_process_left_behind_is_used_watched_and_stopped_by_the_next() {
    let directory = open_directory();
    let left_behind = LocalPostgres::start(directory.path()).await.unwrap();
    let running = pid(directory.path()).unwrap();
    // The process ends without a word: its locks are gone, its server is not.
    drop(left_behind);

    let next = LocalPostgres::start(directory.path()).await.unwrap();
    assert_eq!(pid(directory.path()), Some(running));
    assert_eq!(kill_server(directory.path()).await, running);
    while !answers(&next).await {
        tokio::task::yield_now().await;
    }
    assert_ne!(pid(directory.path()), Some(running));
    next.release().await;
    assert!(!answers(&next).await);
    assert_eq!(pid(directory.path()), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_who_start_at_once_share_one_server() {
    let directory = open_directory();
    let starting = (0..4).map(|_| LocalPostgres::start(directory.path()));
    let servers = futures_util::future::try_join_all(starting).await.unwrap();
    for server in &servers {
        assert!(answers(server).await);
    }
    let (last, others) = servers.split_last().unwrap();
    for server in others {
        server.release().await;
    }
    assert!(answers(last).await);
    last.release().await;
    assert!(!answers(last).await);
}

#[tokio::test]
async fn a_path_too_long_for_a_socket_works_all_the_same() {
    let directory = open_directory();
    let data_dir = directory.path().join("d".repeat(60)).join("e".repeat(60));
    let server = LocalPostgres::start(&data_dir).await.unwrap();
    assert!(answers(&server).await);
    let socket = server.options().get_socket().unwrap().clone();
    assert!(!socket.starts_with(&data_dir), "{}", socket.display());
    server.release().await;
    std::fs::remove_dir_all(socket).unwrap();
}

#[test]
fn a_second_service_on_a_data_directory_is_refused_and_told_who_has_it() {
    let directory = open_directory();
    let serving = ServeLock::acquire(directory.path()).unwrap();
    let refused = ServeLock::acquire(directory.path()).unwrap_err();
    let StoreError::AlreadyServing { pid, .. } = refused else {
        panic!("{refused}");
    };
    assert_eq!(pid, std::process::id());
    drop(serving);
    ServeLock::acquire(directory.path()).unwrap();
}

#[tokio::test]
async fn a_directory_that_the_servers_account_cannot_enter_is_refused_with_its_name() {
    if !nix::unistd::Uid::effective().is_root() {
        // Others run the server as themselves.
        return;
    }
    let closed = directory(0o700);
    let error = LocalPostgres::start(&closed.path().join("desk"))
        .await
        .unwrap_err();
    let StoreError::Unreachable { path, .. } = &error else {
        panic!("{error}");
    };
    assert!(path.ends_with("desk"), "{error}");
}
