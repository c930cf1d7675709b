//! Backup and restore of a desk with a private PostgreSQL, as its operator does
//! it: with PostgreSQL's own programs while the service runs, and with a head
//! kept elsewhere that tells whether what came back is the same log, whole.
//!
//! That a desk comes back from an export alone is shown where exports are made,
//! in `replay-tools`.

use std::fs::{self, Permissions};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::LazyLock;
use std::time::Duration;

use event_store::DatabaseSource;
use event_store::seal::{Checkpoint, Hash, SignedNote, verify_consistency};
use serde_json::{Value, json};
use tempfile::TempDir;
use tests::program::{complained, last_json, printed, run};
use tests::served::{Served, free_port, token};
use tests::{Incident, Person};
use tokio::process::{Child, Command};

/// How long a service may take to be ready, a recovery included.
const PATIENCE: Duration = Duration::from_secs(60);

/// The programs of the PostgreSQL that the project's scripts find.
static BINARIES: LazyLock<PathBuf> = LazyLock::new(|| {
    let found = std::process::Command::new("scripts/postgres-bin")
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .output()
        .unwrap();
    assert!(found.status.success(), "this machine has no PostgreSQL");
    PathBuf::from(printed(&found).trim())
});

/// Where desks lie, and beside them what was taken away from them.
struct Place {
    directory: TempDir,
}

/// A desk that is being served from a data directory.
struct Desk {
    directory: PathBuf,
    served: Option<Served>,
}

/// A head that was kept.
struct Head {
    note: String,
    checkpoint: Checkpoint,
}

impl Place {
    fn new() -> Self {
        let directory = TempDir::new().unwrap();
        // What root serves has a PostgreSQL of another account, which has to
        // get through.
        fs::set_permissions(directory.path(), Permissions::from_mode(0o755)).unwrap();
        Self { directory }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Serves the desk of a data directory, or makes a new one.
    async fn serve(&self, name: &str) -> Desk {
        let directory = self.path(name);
        let database = DatabaseSource::DataDir(directory.clone());
        let log = self.path("docket.log");
        let served = Served::start(&database, free_port().unwrap(), &log, PATIENCE).await;
        let served = served.unwrap_or_else(|error| {
            let said = fs::read_to_string(&log).unwrap_or_default();
            panic!("{error:#}\n{said}")
        });
        Desk {
            directory,
            served: Some(served),
        }
    }

    /// A new desk with some incidents, who registers them, and the head over
    /// them all.
    async fn first(&self) -> (Desk, Person, Head) {
        let desk = self.serve("first").await;
        let coordinator = desk.person("coordinator").await;
        for _ in 0..3 {
            coordinator.logs_an_incident().await;
        }
        let last = coordinator.logs_an_incident().await;
        let head = desk.sealed(&coordinator, &last).await;
        (desk, coordinator, head)
    }

    /// Makes a directory that the account of a desk's PostgreSQL can write to.
    fn give(&self, name: &str, desk: &Desk) -> PathBuf {
        let (path, cluster) = (self.path(name), desk.cluster());
        fs::create_dir(&path).unwrap();
        std::os::unix::fs::chown(&path, Some(cluster.uid()), Some(cluster.gid())).unwrap();
        path
    }

    /// Takes a base backup of a desk that is being served, and a copy of the
    /// keys that seal its log, which are not in the database.
    async fn back_up(&self, desk: &Desk) {
        // First: the head that is kept with the keys must not be newer than
        // what comes back with it.
        copy(&desk.directory.join("seal-keys"), &self.path("seal-keys"));
        let backup = self.give("backup", desk);
        let base = backup.join("base").display().to_string();
        let taken = desk
            .postgres("pg_basebackup")
            .args(["--checkpoint", "fast", "--pgdata", &base])
            .output()
            .await
            .unwrap();
        assert!(taken.status.success(), "{}", complained(&taken));
    }

    /// Lays the backup into a new data directory, in the form that the service
    /// expects there.
    fn restore(&self, name: &str) -> PathBuf {
        let directory = self.path(name);
        fs::create_dir(&directory).unwrap();
        copy(&self.path("backup/base"), &directory.join("postgres"));
        copy(&self.path("seal-keys"), &directory.join("seal-keys"));
        directory
    }

    /// Verifies the log of a data directory with a key and the heads that were
    /// kept. Returns the exit code and what was found.
    fn verify(&self, name: &str, key: &str, kept: &[&Head]) -> (Option<i32>, Value) {
        let heads = self.path("heads.txt");
        let notes: Vec<&str> = kept.iter().map(|head| &*head.note).collect();
        fs::write(&heads, notes.join("\n")).unwrap();
        let (directory, heads) = (
            self.path(name).display().to_string(),
            heads.display().to_string(),
        );
        let verified = run(
            "docket-replay",
            &[
                "verify",
                "--json",
                "--data-dir",
                &directory,
                "--key",
                key,
                "--witness",
                &heads,
            ],
        );
        (verified.status.code(), last_json(&verified))
    }

    /// Serves a restored desk and lets its log grow. The tree must go on from
    /// the head that was kept, by the desk's own proof and by the auditor's
    /// program.
    async fn goes_on(&self, name: &str, key: &str, coordinator: &Person, kept: &Head) -> Desk {
        let desk = self.serve(name).await;
        let coordinator = coordinator.at(desk.address());
        let incident = coordinator.logs_an_incident().await;
        let head = desk.sealed(&coordinator, &incident).await;
        let (old, new) = (&kept.checkpoint, &head.checkpoint);
        assert!(new.size > old.size, "{new:?}");
        assert_eq!(new.origin, old.origin);

        let auditor = desk.person("auditor").await;
        let proof = auditor
            .data(
                "query($from: Long!, $to: Long) { consistencyProof(fromSize: $from, toSize: $to) \
                 { hashes } }",
                json!({ "from": old.size, "to": new.size }),
            )
            .await;
        let hashes = proof["consistencyProof"]["hashes"].as_array().unwrap();
        let hashes: Vec<Hash> = hashes
            .iter()
            .map(|hash| Hash::from_base64(hash.as_str().unwrap()).unwrap())
            .collect();
        verify_consistency(old.size, old.root, new.size, new.root, &hashes).unwrap();
        let (code, found) = self.verify(name, key, &[kept, &head]);
        assert_eq!(code, Some(0), "{found}");
        desk
    }
}

impl Desk {
    fn source(&self) -> DatabaseSource {
        DatabaseSource::DataDir(self.directory.clone())
    }

    fn address(&self) -> std::net::SocketAddr {
        self.served.as_ref().unwrap().address()
    }

    /// Somebody called after their role.
    async fn person(&self, role: &str) -> Person {
        let secret = token(role, role, &self.source()).await.unwrap();
        Person::new(role, &secret, self.address())
    }

    /// The public key of the log, as it is given out.
    fn key(&self) -> String {
        let directory = self.directory.display().to_string();
        let listed = run("docket", &["seal", "keys", "--data-dir", &directory]);
        assert!(listed.status.success(), "{}", complained(&listed));
        printed(&listed).trim().to_owned()
    }

    /// Waits until an incident is sealed, and returns the signed head.
    async fn sealed(&self, person: &Person, incident: &Incident) -> Head {
        let seen = person.sees(incident, "position").await;
        let position = seen["position"].as_u64().unwrap();
        let url = format!("http://{}/log/checkpoint", self.address());
        let http = reqwest::Client::new();
        let began = tokio::time::Instant::now();
        loop {
            let note = http.get(&url).send().await.unwrap().text().await.unwrap();
            let read = note.parse::<SignedNote>();
            let checkpoint = read.ok().and_then(|read| read.text.parse().ok());
            if let Some(checkpoint @ Checkpoint { size, .. }) = checkpoint
                && size >= position
            {
                return Head { note, checkpoint };
            }
            assert!(began.elapsed() < PATIENCE, "not sealed: {note}");
        }
    }

    fn cluster(&self) -> fs::Metadata {
        fs::metadata(self.directory.join("postgres")).unwrap()
    }

    /// A program of PostgreSQL's, as the account that the server runs as: what
    /// the program makes belongs to that account, and can be served again.
    fn program(&self, name: &str) -> Command {
        let cluster = self.cluster();
        let mut command = Command::new(BINARIES.join(name));
        command
            .current_dir("/")
            .env("LC_ALL", "C")
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .uid(cluster.uid())
            .gid(cluster.gid());
        command
    }

    /// A program that asks the server, through the socket of the data directory.
    fn postgres(&self, name: &str) -> Command {
        let mut command = self.program(name);
        command
            .arg("--host")
            .arg(self.directory.join("run"))
            .args(["--username", "postgres"]);
        command
    }

    /// What the server answers to its administrator.
    async fn answer(&self, sql: &str) -> String {
        let mut psql = self.postgres("psql");
        let asked = psql.args(["--no-align", "--tuples-only", "--command", sql]);
        let answered = asked.output().await.unwrap();
        assert!(answered.status.success(), "{}", complained(&answered));
        printed(&answered).trim().to_owned()
    }

    /// The machine is lost: nothing is finished, and nothing is written any
    /// more.
    fn lose(mut self) {
        self.end();
        fs::remove_dir_all(&self.directory).unwrap();
    }

    fn end(&mut self) {
        // The service would start its PostgreSQL again.
        drop(self.served.take());
        let mut stop = self.program("pg_ctl");
        stop.args(["stop", "--silent", "--mode", "immediate", "--pgdata"])
            .arg(self.directory.join("postgres"))
            .stderr(Stdio::null());
        let _stopped = stop.as_std_mut().status();
    }
}

impl Drop for Desk {
    /// Leaves nothing running, however a test went.
    fn drop(&mut self) {
        if self.directory.exists() {
            self.end();
        }
    }
}

/// Copies a directory with whose its files are, and who may read them.
fn copy(from: &Path, to: &Path) {
    let copied = std::process::Command::new("cp")
        .arg("-a")
        .args([from, to])
        .output()
        .unwrap();
    assert!(copied.status.success(), "{}", complained(&copied));
}

#[tokio::test]
async fn plt_10_a_base_backup_comes_back_and_goes_on_with_the_same_tree() {
    let place = Place::new();
    let (first, coordinator, kept) = place.first().await;
    let key = first.key();
    let before = coordinator.logs_an_incident().await;
    // The desk goes on working while it is backed up.
    let working = async {
        for _ in 0..20 {
            coordinator.logs_an_incident().await;
        }
    };
    tokio::join!(place.back_up(&first), working);
    let after = coordinator.logs_an_incident().await;
    first.sealed(&coordinator, &after).await;
    first.lose();

    place.restore("second");
    let (code, found) = place.verify("second", &key, &[&kept]);
    assert_eq!((code, &found["ok"]), (Some(0), &json!(true)), "{found}");
    let second = place.goes_on("second", &key, &coordinator, &kept).await;
    let coordinator = coordinator.at(second.address());
    let seen = coordinator.sees(&before, "number").await;
    assert_eq!(seen["number"], before.number);
    // The backup is older than what came after it.
    let query = "query($id: ID!) { incident(id: $id) { number } }";
    let gone = coordinator.ask(query, json!({ "id": after.id })).await;
    assert_eq!(gone.body["data"]["incident"], Value::Null, "{gone:?}");
}

#[tokio::test]
async fn plt_10_a_restore_that_lost_its_tail_is_found_by_a_kept_head() {
    let place = Place::new();
    let (first, coordinator, kept) = place.first().await;
    let key = first.key();
    place.back_up(&first).await;
    let after = coordinator.logs_an_incident().await;
    let later = first.sealed(&coordinator, &after).await;
    first.lose();

    place.restore("second");
    let (code, found) = place.verify("second", &key, &[&kept, &later]);
    assert_eq!((code, &found["ok"]), (Some(1), &json!(false)), "{found}");
    let problem = found["problem"].as_str().unwrap();
    assert!(problem.contains("the log was cut"), "{problem}");

    // Nor does it help to fill the gap with something else.
    let second = place.serve("second").await;
    let coordinator = coordinator.at(second.address());
    loop {
        let incident = coordinator.logs_an_incident().await;
        let head = second.sealed(&coordinator, &incident).await;
        if head.checkpoint.size > later.checkpoint.size {
            break;
        }
    }
    let (code, found) = place.verify("second", &key, &[&kept, &later]);
    assert_eq!(code, Some(1), "{found}");
    let problem = found["problem"].as_str().unwrap();
    assert!(
        problem.contains("not those of the head that was kept"),
        "{problem}"
    );
}

/// Starts to take down the write-ahead log of a desk as it is written. The slot
/// keeps what the receiver has not yet got.
async fn receive_wal(desk: &Desk, directory: &Path) -> Child {
    let slot = ["--slot", "backup"];
    let mut creating = desk.postgres("pg_receivewal");
    creating.args(slot).arg("--create-slot");
    let created = creating.output().await.unwrap();
    assert!(created.status.success(), "{}", complained(&created));
    let mut receiving = desk.postgres("pg_receivewal");
    receiving.args(slot).args(["--synchronous", "--directory"]);
    receiving.arg(directory).spawn().unwrap()
}

/// Waits until the receiver has all that is written by now.
async fn until_received(desk: &Desk) {
    let written = desk.answer("select pg_current_wal_flush_lsn()").await;
    let received = format!("select restart_lsn >= '{written}' from pg_replication_slots");
    let began = tokio::time::Instant::now();
    while desk.answer(&received).await != "t" {
        assert!(began.elapsed() < PATIENCE, "{written} is not received");
    }
}

/// Has PostgreSQL recover a restored desk to the end of what was received. The
/// last file of the log was not finished, and is called so.
fn recover(desk: &Path, wal: &Path) {
    let settings = desk.join("postgres/postgresql.auto.conf");
    let mut settings = fs::OpenOptions::new().append(true).open(settings).unwrap();
    let wal = wal.display();
    writeln!(
        settings,
        "restore_command = 'cp {wal}/%f %p || cp {wal}/%f.partial %p'"
    )
    .unwrap();
    fs::write(desk.join("postgres/recovery.signal"), "").unwrap();
}

#[tokio::test]
async fn plt_10_wal_brings_back_what_came_after_the_backup() {
    let place = Place::new();
    let (first, coordinator, kept) = place.first().await;
    let key = first.key();
    let wal = place.give("wal", &first);
    let receiver = receive_wal(&first, &wal).await;
    place.back_up(&first).await;
    // Several files of the log, so that the database is usable long before all
    // of it is back: nobody may be served until then.
    for _ in 0..4 {
        coordinator.logs_an_incident().await;
        first.answer("select pg_switch_wal()").await;
    }
    let after = coordinator.logs_an_incident().await;
    let later = first.sealed(&coordinator, &after).await;
    assert!(later.checkpoint.size > kept.checkpoint.size);
    until_received(&first).await;
    first.lose();
    drop(receiver);

    recover(&place.restore("second"), &wal);
    let (code, found) = place.verify("second", &key, &[&kept, &later]);
    assert_eq!((code, &found["ok"]), (Some(0), &json!(true)), "{found}");
    let second = place.goes_on("second", &key, &coordinator, &later).await;
    let coordinator = coordinator.at(second.address());
    let seen = coordinator.sees(&after, "number").await;
    assert_eq!(seen["number"], after.number);
}
