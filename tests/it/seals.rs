//! The seals through the doors that others have: heads and tiles over HTTP,
//! proofs over GraphQL, keys on the command line, and outsiders who are shown
//! the heads.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use api::seals::SealSettings;
use api::witness::Witness;
use domain::Role;
use event_store::seal::{
    Checkpoint, Hash, ReviewSettings, SignedNote, TileId, VerifierKey, leaf_hash,
    verify_consistency, verify_inclusion,
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tests::postgres::TestDatabase;
use tests::program::{complained, printed, run};
use tests::{Person, TestDesk};
use tokio::net::TcpListener;

/// Asks again until an answer is as it is to become.
async fn until<T, F>(mut ask: impl FnMut() -> F, is_so: impl Fn(&T) -> bool) -> T
where
    F: Future<Output = T>,
    T: std::fmt::Debug,
{
    let began = tokio::time::Instant::now();
    loop {
        let answer = ask().await;
        if is_so(&answer) {
            return answer;
        }
        assert!(began.elapsed() < Duration::from_secs(60), "{answer:?}");
    }
}

async fn text(desk: &TestDesk, path: &str) -> String {
    let response = desk.http().get(desk.url(path)).send().await.unwrap();
    response.text().await.unwrap()
}

async fn ready(desk: &TestDesk) -> Value {
    serde_json::from_str(&text(desk, "/health/ready").await).unwrap()
}

/// Waits until all that is in the log is sealed, and returns the signed head.
pub(crate) async fn sealed(desk: &TestDesk) -> (SignedNote, Checkpoint) {
    let head = desk.serving().desk().log().head().await.unwrap().position;
    let size = u64::try_from(head).unwrap();
    let read = |text: &String| {
        let note: SignedNote = text.parse().ok()?;
        let checkpoint: Checkpoint = note.text.parse().ok()?;
        Some((note, checkpoint))
    };
    let is_there = |text: &String| read(text).is_some_and(|(_, head)| head.size >= size);
    let text = until(|| text(desk, "/log/checkpoint"), is_there).await;
    read(&text).unwrap()
}

async fn key(person: &Person) -> VerifierKey {
    let keys = person
        .data("{ logKeys { number verifierKey } }", json!({}))
        .await;
    let last = keys["logKeys"].as_array().unwrap().last().unwrap().clone();
    last["verifierKey"].as_str().unwrap().parse().unwrap()
}

fn hashes(value: &Value) -> Vec<Hash> {
    let hash = |value: &Value| Hash::from_base64(value.as_str().unwrap()).unwrap();
    value.as_array().unwrap().iter().map(hash).collect()
}

fn root(value: &Value) -> Hash {
    Hash::from_base64(value.as_str().unwrap()).unwrap()
}

#[tokio::test]
async fn plt_05_every_event_is_sealed_and_can_be_proved_to_others() {
    let desk = TestDesk::open().await;
    let coordinator = desk.coordinator().await;
    let auditor = desk.person("chen.audit", Role::Auditor).await;
    for _ in 0..3 {
        coordinator.logs_an_incident().await;
    }
    let (_, first) = sealed(&desk).await;
    for _ in 0..60 {
        coordinator.logs_an_incident().await;
    }
    let (note, last) = sealed(&desk).await;
    let key = key(&auditor).await;
    assert_eq!(key.verify(&note), Ok(None));
    assert_eq!(key.name(), last.origin);

    // Each tile of the specification, and from them the root.
    let mut leaves = Vec::new();
    for number in 0..=last.size / 256 {
        let width = u16::try_from(last.size - number * 256)
            .unwrap_or(256)
            .min(256);
        if width == 0 {
            break;
        }
        let tile = TileId {
            level: 0,
            number,
            width,
        };
        let response = desk
            .http()
            .get(desk.url(&format!("/log/tile/{tile}")))
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 200, "{tile}");
        assert_eq!(
            response.headers()["content-type"],
            "application/octet-stream"
        );
        assert!(
            response.headers()["cache-control"]
                .to_str()
                .unwrap()
                .contains("immutable")
        );
        let bytes = response.bytes().await.unwrap();
        leaves.extend(bytes.chunks(32).map(|hash| Hash::try_from(hash).unwrap()));
    }
    assert_eq!(event_store::seal::root_of(&leaves), last.root);

    let proof = auditor
        .data(
            "query($position: Long!) { inclusionProof(position: $position) \
             { position size entry leafHash hashes rootHash } }",
            json!({ "position": 9 }),
        )
        .await;
    let proof = &proof["inclusionProof"];
    let leaf = leaf_hash(proof["entry"].as_str().unwrap().as_bytes());
    let size = proof["size"].as_u64().unwrap();
    verify_inclusion(
        leaf,
        8,
        size,
        &hashes(&proof["hashes"]),
        root(&proof["rootHash"]),
    )
    .unwrap();

    let proof = auditor
        .data(
            "query($from: Long!, $to: Long) { consistencyProof(fromSize: $from, toSize: $to) \
             { hashes fromRootHash toRootHash } }",
            json!({ "from": first.size, "to": last.size }),
        )
        .await;
    let proof = &proof["consistencyProof"];
    assert_eq!(root(&proof["toRootHash"]), last.root);
    verify_consistency(
        first.size,
        first.root,
        last.size,
        last.root,
        &hashes(&proof["hashes"]),
    )
    .unwrap();
}

#[tokio::test]
async fn entries_are_for_those_who_may_read_the_log() {
    let desk = TestDesk::open().await;
    let auditor = desk.person("chen.audit", Role::Auditor).await;
    let agent = desk.person("wang.fang", Role::Agent).await;
    let (_, head) = sealed(&desk).await;
    let width = u16::try_from(head.size).unwrap();
    let path = desk.url(&format!("/log/tile/entries/000.p/{width}"));
    let get = async |person: Option<&Person>, path: &str| {
        let mut request = desk.http().get(path);
        if let Some(person) = person {
            request = request.bearer_auth(&person.token);
        }
        request.send().await.unwrap()
    };
    assert_eq!(get(None, &path).await.status(), 401);
    assert_eq!(get(Some(&agent), &path).await.status(), 403);
    let bundle = get(Some(&auditor), &path).await.bytes().await.unwrap();
    let mut rest = &*bundle;
    let mut entries = 0;
    while let Some((length, behind)) = rest.split_first_chunk::<2>() {
        let (entry, behind) = behind.split_at(usize::from(u16::from_be_bytes(*length)));
        entries += 1;
        let entry: Value = serde_json::from_slice(entry).unwrap();
        assert_eq!(entry["id"], entries.to_string());
        rest = behind;
    }
    assert_eq!(entries, head.size);
    for missing in ["0/999", "0/x", "entries/999", "entries/0", "7/000"] {
        let response = get(Some(&auditor), &desk.url(&format!("/log/tile/{missing}"))).await;
        assert_eq!(response.status(), 404, "{missing}");
        let body: Value = response.json().await.unwrap();
        assert_eq!(body["error"]["code"], "NOT_FOUND", "{missing}");
    }
}

#[tokio::test]
async fn what_cannot_be_proved_is_refused_with_a_code() {
    let desk = TestDesk::open().await;
    let auditor = desk.person("chen.audit", Role::Auditor).await;
    let (_, head) = sealed(&desk).await;
    let ask = async |query: &str| auditor.ask(query, json!({})).await.refusal();
    let beyond = format!(
        "{{ inclusionProof(position: 1, size: {}) {{ size }} }}",
        head.size + 100
    );
    for (query, code) in [
        (&*beyond, "NOT_SEALED"),
        ("{ inclusionProof(position: 0) { size } }", "INPUT_INVALID"),
        (
            "{ inclusionProof(position: 5, size: 4) { size } }",
            "INPUT_INVALID",
        ),
        (
            "{ consistencyProof(fromSize: 0) { toSize } }",
            "INPUT_INVALID",
        ),
        (
            "{ consistencyProof(fromSize: 3, toSize: 2) { toSize } }",
            "INPUT_INVALID",
        ),
    ] {
        assert_eq!(ask(query).await.code, code, "{query}");
    }
    let agent = desk.person("wang.fang", Role::Agent).await;
    let refused = agent
        .ask("{ logCheckpoint { size } }", json!({}))
        .await
        .refusal();
    assert_eq!(refused.code, "FORBIDDEN");
}

#[tokio::test]
async fn sec_03_the_first_key_and_each_hand_over_stand_in_the_log() {
    let desk = TestDesk::open().await;
    let auditor = desk.person("chen.audit", Role::Auditor).await;
    sealed(&desk).await;
    let first = key(&auditor).await;
    let url = desk.database().url();
    let seals = desk.database().seals();
    let event_store::seal::SignerSource::Directory(keys) = &seals.source else {
        panic!("{seals:?}");
    };
    let keys = keys.display().to_string();
    let rotate = [
        "seal",
        "rotate-key",
        "--database-url",
        &url,
        "--seal-keys",
        &keys,
        "--by",
        "zhao.ops",
    ];
    let rotated = run("docket", &rotate);
    assert!(rotated.status.success(), "{}", complained(&rotated));
    let second: VerifierKey = printed(&rotated).parse().unwrap();
    assert_ne!(first, second);
    let listed = run("docket", &["seal", "keys", "--database-url", &url]);
    assert_eq!(printed(&listed), format!("{first}\n{second}\n"));

    // The running service signs with the new key from then on.
    desk.coordinator().await.logs_an_incident().await;
    let note = until(
        || async { sealed(&desk).await.0 },
        |note| second.verify(note).is_ok(),
    )
    .await;
    assert!(first.verify(&note).is_err());
    let events = auditor
        .data(
            "{ events(filter: { aggregateTypes: [\"seal_keys\"] }) { nodes { eventType actor } } }",
            json!({}),
        )
        .await;
    let expected = json!([
        { "eventType": "SealKeyAdopted", "actor": "docket:sealer" },
        { "eventType": "SealKeyRotated", "actor": "zhao.ops" },
    ]);
    assert_eq!(events["events"]["nodes"], expected);
    let verified = run(
        "docket-replay",
        &[
            "verify",
            "--database-url",
            &url,
            "--key",
            &first.to_string(),
        ],
    );
    assert!(verified.status.success(), "{}", printed(&verified));
}

#[tokio::test]
async fn a_log_that_was_altered_turns_readiness_red() {
    let desk = TestDesk::open().await;
    desk.coordinator().await.logs_an_incident().await;
    sealed(&desk).await;
    let database = desk.close().await;
    database
        .execute(
            "alter table events disable trigger all;
             update events set metadata = replace(metadata::text, 'docket:setup', 'docket:sutep')::json
             where position = 5",
        )
        .await;
    let desk = TestDesk::on(database).await;
    let health = until(|| ready(&desk), |health| health["status"] == "not ready").await;
    assert_eq!(health["notReady"][0]["name"], "seals");
    let reason = health["notReady"][0]["reason"].as_str().unwrap();
    assert!(
        reason.contains("the log contradicts what was signed"),
        "{reason}"
    );
    let metrics = text(&desk, "/metrics").await;
    assert!(metrics.contains("docket_seal_broken"), "{metrics}");
}

/// Waits until the seals turn readiness red, and returns why.
async fn why_not_ready(desk: &TestDesk) -> String {
    let of_the_seals = |health: &Value| {
        let not_ready = health["notReady"].as_array()?.iter();
        let seals = not_ready.clone().find(|one| one["name"] == "seals")?;
        seals["reason"].as_str().map(str::to_owned)
    };
    let health = until(|| ready(desk), |health| of_the_seals(health).is_some()).await;
    of_the_seals(&health).unwrap()
}

fn keys_directory(database: &TestDatabase) -> String {
    match database.seals().source {
        event_store::seal::SignerSource::Directory(keys) => keys.display().to_string(),
        other @ event_store::seal::SignerSource::Command(_) => panic!("{other:?}"),
    }
}

const UNPROTECTED: &str = "alter table events disable trigger all;
    alter table log_head disable trigger all;
    alter table reservations disable trigger all;
    alter table seal_keys disable trigger all;
    alter table seal_tiles disable trigger all;
    alter table seal_checkpoints disable trigger all;
    alter table seal_cosignatures disable trigger all;";

#[tokio::test]
async fn plt_05_a_log_whose_seals_were_emptied_is_never_signed_anew() {
    let desk = TestDesk::open().await;
    let auditor = desk.person("chen.audit", Role::Auditor).await;
    desk.coordinator().await.logs_an_incident().await;
    sealed(&desk).await;
    let log_key = key(&auditor).await.to_string();
    let mut database = desk.close().await;
    let url = database.url();
    let altered =
        "update events set metadata = replace(metadata::text, 'docket:setup', 'docket:sutep')::json
         where position = 5;";
    // Heads alone, then the keys as well, then the event that says that there
    // was a key: only the head beside the private key is out of reach.
    let emptied = [
        (
            "delete from seal_cosignatures; delete from seal_tiles; delete from seal_checkpoints;",
            "says that the log was sealed",
        ),
        ("delete from seal_keys;", "says that the log was sealed"),
        (
            "delete from reservations;
             delete from events where position >= (select position from events where aggregate_type = 'seal_keys');
             update log_head set (position, recorded_at) = (select position, recorded_at from events order by position desc limit 1);",
            "this log has no signed head",
        ),
    ];
    for (emptying, expected) in emptied {
        database
            .execute(&format!("{UNPROTECTED} {altered} {emptying}"))
            .await;
        for key in [&["--key", &*log_key][..], &[]] {
            let verify = ["verify", "--database-url", &url];
            let verified = run("docket-replay", &[&verify, key].concat());
            let said = printed(&verified);
            if key.is_empty() && emptying.contains("aggregate_type") {
                // Nothing in the database says any longer that it was sealed.
                assert!(said.contains("The log is not sealed yet"), "{said}");
                continue;
            }
            assert_eq!(verified.status.code(), Some(1), "{said}");
            assert!(said.contains("The log is altered or broken"), "{said}");
        }
        let desk = TestDesk::on(database).await;
        let reason = why_not_ready(&desk).await;
        assert!(reason.contains(expected), "{reason}");
        database = desk.close().await;
        let heads = database
            .number("select count(*) from seal_checkpoints")
            .await;
        assert_eq!(heads, 0);
    }
}

#[tokio::test]
async fn plt_10_a_log_that_went_back_is_sealed_on_only_when_somebody_says_so() {
    let desk = TestDesk::open().await;
    let coordinator = desk.coordinator().await;
    let (_, first) = sealed(&desk).await;
    coordinator.logs_an_incident().await;
    let (later, last) = sealed(&desk).await;
    let directory = TempDir::new().unwrap();
    let kept = directory.path().join("later.txt").display().to_string();
    std::fs::write(&kept, later.to_string()).unwrap();
    let database = desk.close().await;
    let cut = format!(
        "{UNPROTECTED} delete from seal_checkpoints where size > {size};
         delete from events where position > {size};
         update log_head set (position, recorded_at) = (select position, recorded_at from events where position = {size});",
        size = first.size
    );
    database.execute(&cut).await;

    let desk = TestDesk::on(database).await;
    let reason = why_not_ready(&desk).await;
    let expected = format!("a head of {} events was signed and is kept", last.size);
    assert!(reason.contains(&expected), "{reason}");
    assert!(reason.contains("docket seal accept-loss"), "{reason}");
    let database = desk.close().await;
    let stored = database
        .number("select max(size) from seal_checkpoints")
        .await;
    assert_eq!(u64::try_from(stored), Ok(first.size));

    let (url, keys) = (database.url(), keys_directory(&database));
    let accept = [
        "seal",
        "accept-loss",
        "--reason",
        "the disk of 1 March is gone",
        "--by",
        "zhao.ops",
        "--database-url",
        &url,
        "--seal-keys",
        &keys,
    ];
    let accepted = run("docket", &accept);
    assert!(accepted.status.success(), "{}", complained(&accepted));
    assert!(
        printed(&accepted).contains(&format!("goes on from position {}", first.size)),
        "{}",
        printed(&accepted)
    );
    let again = run("docket", &accept);
    assert_eq!(again.status.code(), Some(1), "{}", printed(&again));
    assert!(complained(&again).contains("nothing is lost"));

    let desk = TestDesk::on(database).await;
    let (_, now) = sealed(&desk).await;
    assert!(now.size > first.size, "{now:?}");
    let recorded = "select count(*) from events where event_type = 'LossAccepted'
         and metadata->>'actor' = 'zhao.ops' and payload->>'reason' = 'the disk of 1 March is gone'";
    assert_eq!(desk.database().number(recorded).await, 1);
    // What outsiders have kept goes on contradicting it.
    let verified = run(
        "docket-replay",
        &["verify", "--database-url", &url, "--witness", &kept],
    );
    assert_eq!(verified.status.code(), Some(1), "{}", printed(&verified));
}

#[tokio::test]
async fn plt_05_an_old_event_that_is_altered_turns_readiness_red_and_stays_so() {
    let database = TestDatabase::create().await;
    let quickly = SealSettings {
        review: ReviewSettings {
            pass: Duration::from_secs(1),
            events_per_second: 1_000_000,
        },
        ..database.seals()
    };
    let desk = TestDesk::sealed_as(database, &quickly).await;
    let coordinator = desk.coordinator().await;
    // Several tiles, so that the event is not at the edge of the tree.
    while sealed(&desk).await.1.size < 600 {
        let incidents = (0..50).map(|_| coordinator.logs_an_incident());
        futures_util::future::join_all(incidents).await;
    }
    let seen = |health: &Value| health["seals"]["reviewed"].as_i64() > Some(256);
    let health = until(|| ready(&desk), seen).await;
    assert_eq!(health["status"], "ready", "{health}");

    // Behind the trigger, as a superuser, while the desk runs.
    desk.database()
        .execute(&format!(
            "{UNPROTECTED}
             update events set metadata = replace(metadata::text, 'coordinator', 'koordinator')::json
             where position = 300"
        ))
        .await;
    let reason = why_not_ready(&desk).await;
    let expected = "the event at position 300 is not the one that was sealed";
    assert!(reason.contains(expected), "{reason}");
    let metrics = text(&desk, "/metrics").await;
    assert!(
        metrics.contains("docket_seal_review_passes_total"),
        "{metrics}"
    );

    // After a restart that would come to it only tomorrow.
    let database = desk.close().await;
    let size = database
        .number("select max(size) from seal_checkpoints")
        .await;
    let desk = TestDesk::on(database).await;
    let reason = why_not_ready(&desk).await;
    assert!(reason.contains(expected), "{reason}");
    let database = desk.close().await;
    let now = database
        .number("select max(size) from seal_checkpoints")
        .await;
    assert_eq!(now, size, "nothing is signed on top of it");

    // What is put right is right.
    database
        .execute(
            "update events set metadata = replace(metadata::text, 'koordinator', 'coordinator')::json
             where position = 300",
        )
        .await;
    let desk = TestDesk::on(database).await;
    sealed(&desk).await;
    assert_eq!(ready(&desk).await["status"], "ready");
}

/// A witness of another department, listening.
async fn witness(directory: &Path, log_key: VerifierKey) -> (String, VerifierKey) {
    let directory = directory.to_owned();
    let witness = Witness::open(directory, "audit.example/witness", vec![log_key])
        .await
        .unwrap();
    let key = witness.key().clone();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, witness.router()).await });
    (format!("http://{address}"), key)
}

/// Serves the desk of a database with an outsider.
async fn with_outsider(database: TestDatabase, outsider: &str) -> TestDesk {
    let settings = SealSettings {
        outsiders: vec![outsider.parse().unwrap()],
        ..database.seals()
    };
    TestDesk::sealed_as(database, &settings).await
}

#[tokio::test]
async fn plt_05_a_witness_signs_what_goes_on_and_refuses_what_does_not() {
    let desk = TestDesk::open().await;
    let auditor = desk.person("chen.audit", Role::Auditor).await;
    let coordinator = desk.coordinator().await;
    sealed(&desk).await;
    let log_key = key(&auditor).await;
    let directory = TempDir::new().unwrap();
    let (prefix, witness_key) = witness(directory.path(), log_key).await;
    let database = desk.close().await;
    database
        .execute(
            "create table kept_events as table events; create table kept_head as table log_head",
        )
        .await;

    let outsider = format!("1s {prefix} {witness_key}");
    let desk = with_outsider(database, &outsider).await;
    let (coordinator, auditor) = (coordinator.at(desk.address()), auditor.at(desk.address()));
    coordinator.logs_an_incident().await;
    let (_, head) = sealed(&desk).await;
    let size = i64::try_from(head.size).unwrap();
    let seen = |health: &Value| health["seals"]["outsiders"][0]["size"].as_i64() >= Some(size);
    until(|| ready(&desk), seen).await;
    // What was signed is served with the head.
    let (note, _) = sealed(&desk).await;
    assert!(witness_key.verify(&note).unwrap() > Some(1_700_000_000));
    let witnessed = auditor
        .data(
            "{ witnessedCheckpoints { witness size cosignature } }",
            json!({}),
        )
        .await;
    assert_eq!(
        witnessed["witnessedCheckpoints"][0]["witness"],
        "audit.example/witness"
    );

    // The desk goes back to where it was before, as from an old backup.
    let kept = directory.path().join("kept.txt");
    let seen = desk
        .http()
        .get(format!("{prefix}/seen"))
        .send()
        .await
        .unwrap();
    std::fs::write(&kept, seen.text().await.unwrap()).unwrap();
    let database = desk.close().await;
    database
        .execute(
            "alter table events disable trigger all; alter table log_head disable trigger all;
             alter table seal_checkpoints disable trigger all; alter table seal_cosignatures disable trigger all;
             delete from seal_cosignatures;
             delete from seal_checkpoints where size > (select position from kept_head);
             delete from events where position > (select position from kept_head);
             update log_head set position = k.position, recorded_at = k.recorded_at from kept_head k;",
        )
        .await;
    let url = database.url();
    let kept = kept.display().to_string();
    let accepted = run(
        "docket",
        &[
            "seal",
            "accept-loss",
            "--reason",
            "an old backup",
            "--database-url",
            &url,
            "--seal-keys",
            &keys_directory(&database),
        ],
    );
    assert!(accepted.status.success(), "{}", complained(&accepted));
    let verified = run(
        "docket-replay",
        &["verify", "--database-url", &url, "--witness", &kept],
    );
    assert_eq!(verified.status.code(), Some(1), "{}", printed(&verified));
    let desk = with_outsider(database, &outsider).await;
    let health = until(|| ready(&desk), |health| health["status"] == "not ready").await;
    assert_eq!(
        health["notReady"][0]["name"], "audit.example/witness",
        "{health}"
    );
    let reason = health["notReady"][0]["reason"].as_str().unwrap();
    assert!(reason.contains("events are gone"), "{reason}");
}

#[tokio::test]
async fn heads_are_kept_in_a_file_that_verify_reads() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("heads.txt");
    let desk = with_outsider(
        TestDatabase::create().await,
        &format!("1s file:{}", path.display()),
    )
    .await;
    let (_, head) = sealed(&desk).await;
    let size = i64::try_from(head.size).unwrap();
    let seen = |health: &Value| health["seals"]["outsiders"][0]["size"].as_i64() >= Some(size);
    until(|| ready(&desk), seen).await;
    let notes = SignedNote::parse_all(&std::fs::read_to_string(&path).unwrap()).unwrap();
    assert!(!notes.is_empty());
    let (url, path) = (desk.database().url(), path.display().to_string());
    let verified = run(
        "docket-replay",
        &["verify", "--database-url", &url, "--witness", &path],
    );
    assert!(verified.status.success(), "{}", printed(&verified));
}

/// An SMTP server, aiosmtpd, which keeps what it is sent in a mailbox.
struct MailServer {
    child: std::process::Child,
    port: u16,
    mailbox: TempDir,
}

impl MailServer {
    async fn start() -> Self {
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
        let python = Command::new("scripts/python")
            .args(["mail", "aiosmtpd==1.4.6"])
            .current_dir(root)
            .output()
            .unwrap();
        assert!(python.status.success(), "{}", complained(&python));
        let port = tests::served::free_port().unwrap();
        let mailbox = TempDir::new().unwrap();
        let child = Command::new(printed(&python).trim())
            .args(["-m", "aiosmtpd", "-n", "-l", &format!("127.0.0.1:{port}")])
            .args(["-c", "aiosmtpd.handlers.Mailbox"])
            .arg(mailbox.path().join("mail"))
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        until(
            || tokio::net::TcpStream::connect(("127.0.0.1", port)),
            Result::is_ok,
        )
        .await
        .unwrap();
        Self {
            child,
            port,
            mailbox,
        }
    }

    /// Every mail, as it came in.
    fn mails(&self) -> Vec<String> {
        let Ok(new) = std::fs::read_dir(self.mailbox.path().join("mail/new")) else {
            return Vec::new();
        };
        new.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap())
            .collect()
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn heads_go_out_by_mail() {
    let server = MailServer::start().await;
    let database = TestDatabase::create().await;
    let settings = SealSettings {
        outsiders: vec!["1s mailto:audit@example.cn".parse().unwrap()],
        smtp_url: Some(format!("smtp://127.0.0.1:{}", server.port)),
        mail_from: "Docket <docket@example.cn>".to_owned(),
        ..database.seals()
    };
    let desk = TestDesk::sealed_as(database, &settings).await;
    let (_, head) = sealed(&desk).await;
    let size = i64::try_from(head.size).unwrap();
    let seen = |health: &Value| health["seals"]["outsiders"][0]["size"].as_i64() >= Some(size);
    until(|| ready(&desk), seen).await;
    let mails = server.mails();
    assert!(!mails.is_empty());
    let mail = &mails[0];
    assert!(mail.contains("To: audit@example.cn"), "{mail}");
    assert!(
        mail.contains("Subject: Docket: the log is sealed up to "),
        "{mail}"
    );

    // A server that does not answer is a problem that is said, and no more.
    let port = server.port;
    drop(server);
    desk.coordinator().await.logs_an_incident().await;
    let problem = |health: &Value| health["seals"]["outsiders"][0]["problem"].is_string();
    let health = until(|| ready(&desk), problem).await;
    assert_eq!(health["status"], "ready", "{health} at port {port}");
}
