//! `export`, `verify --export` and `import`: evidence that is taken away,
//! checked without a database, and brought back.

use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::desk::{Desk, comment};
use crate::program::run;

/// A sealed desk and a place for exports.
struct Evidence {
    desk: Desk,
    keys: TempDir,
    place: TempDir,
    head: i64,
    note: String,
}

impl Evidence {
    async fn open() -> Self {
        let desk = Desk::open().await;
        let (keys, place) = (TempDir::new().unwrap(), TempDir::new().unwrap());
        for number in 1..=40 {
            desk.journey(&format!("INC{number:07}")).await;
        }
        let (head, note) = (desk.head().await, desk.seal(keys.path()).await);
        Self {
            desk,
            keys,
            place,
            head,
            note,
        }
    }

    fn path(&self, name: &str) -> String {
        self.place.path().join(name).display().to_string()
    }

    /// Exports what is asked for under a name, and returns what was said.
    async fn export(&self, name: &str, asked: &[&str]) -> Value {
        let path = self.path(name);
        let always = ["export", "--json", "--by", "chen.audit", "--output", &path];
        let ran = self.desk.replay(&[&always, asked].concat()).await;
        assert_eq!(ran.code, 0, "{ran:?}");
        ran.json()
    }

    fn read(&self, name: &str, file: &str) -> String {
        std::fs::read_to_string(self.place.path().join(name).join(file)).unwrap()
    }

    fn change(&self, name: &str, file: &str, change: impl Fn(String) -> String) {
        let path = self.place.path().join(name).join(file);
        std::fs::write(&path, change(std::fs::read_to_string(&path).unwrap())).unwrap();
    }
}

/// Verifies an export with a key, and nothing else at hand.
async fn verify(path: &str, key: &str) -> (i32, Value) {
    let ran = run(&["verify", "--json", "--export", path, "--key", key]).await;
    assert_eq!(ran.stderr, "", "{ran:?}");
    (ran.code, ran.json())
}

#[tokio::test]
async fn plt_08_an_export_is_verified_with_a_key_alone() {
    let evidence = Evidence::open().await;
    let key = evidence.desk.key().await;
    let said = evidence.export("all", &[]).await;
    assert_eq!(said["events"], evidence.head);
    assert_eq!(said["complete"], true);
    let (code, found) = verify(&evidence.path("all"), &key).await;
    assert_eq!((code, &found["ok"]), (0, &json!(true)), "{found}");
    assert_eq!(found["rootHash"], said["rootHash"]);
    assert_eq!(found["head"], evidence.head);

    // The same content in another form has the same root.
    let said = evidence.export("table", &["--format", "parquet"]).await;
    let (code, found) = verify(&evidence.path("table"), &key).await;
    assert_eq!(
        (code, &found["rootHash"]),
        (0, &said["rootHash"]),
        "{found}"
    );

    let page = evidence.read("all", "VERIFY.md");
    assert!(page.contains(&key) && page.contains("pymerkle"), "{page}");
    let (code, found) = verify(&evidence.path("all"), &other_key().await).await;
    assert_eq!(code, 1, "{found}");
    evidence.desk.close().await;
}

async fn other_key() -> String {
    let other = Desk::open().await;
    let keys = TempDir::new().unwrap();
    other.seal(keys.path()).await;
    let key = other.key().await;
    other.close().await;
    key
}

#[tokio::test]
async fn plt_08_a_part_of_the_log_is_verified_as_well() {
    let evidence = Evidence::open().await;
    let key = evidence.desk.key().await;
    let id = evidence.desk.register("INC0000077").await;
    evidence
        .desk
        .command(id, "12:00", comment("and more"))
        .await;
    evidence.desk.seal(evidence.keys.path()).await;
    let object = id.to_string();
    for (name, asked, events) in [
        ("range", &["--from", "10", "--to", "19"][..], 10),
        ("names", &["--event-type", "Resolved"], 40),
        ("kinds", &["--aggregate-type", "team,api_token"], 2),
        ("object", &["--object", &object], 5),
        ("past", &["--until", "2020-01-01"], 0),
        (
            "future",
            &["--since", "2020-01-01", "--from", "9", "--to", "9"],
            1,
        ),
    ] {
        let said = evidence.export(name, asked).await;
        assert_eq!(
            (&said["events"], &said["complete"]),
            (&json!(events), &json!(false)),
            "{name}"
        );
        let (code, found) = verify(&evidence.path(name), &key).await;
        assert_eq!(code, 0, "{name}: {found}");
    }
    evidence.change("names", "events.ndjson", |lines| {
        lines.replacen("renewed", "removed", 1)
    });
    let (code, found) = verify(&evidence.path("names"), &key).await;
    assert_eq!(code, 1, "{found}");
    assert_eq!(
        found["problem"],
        json!(format!(
            "the event at position {} is not the one that was sealed",
            Desk::SETUP + 8
        ))
    );
    evidence.desk.close().await;
}

/// What somebody does to the text of a file.
type Change = Box<dyn Fn(String) -> String>;

#[tokio::test]
async fn whatever_is_altered_in_an_export_is_found() {
    let evidence = Evidence::open().await;
    let key = evidence.desk.key().await;
    let swap = |lines: String| {
        let mut lines: Vec<&str> = lines.lines().collect();
        lines.swap(19, 20);
        lines.join("\n") + "\n"
    };
    let without = |lines: String| {
        let mut lines: Vec<&str> = lines.lines().collect();
        lines.remove(29);
        lines.join("\n") + "\n"
    };
    let cut = |lines: String| {
        let lines: Vec<&str> = lines.lines().take(50).collect();
        lines.join("\n") + "\n"
    };
    let changes: [(&str, &str, Change, Value); 7] = [
        (
            "a byte",
            "events.ndjson",
            Box::new(|text| text.replacen("Certificate", "Certifikate", 1)),
            json!(Desk::SETUP + 8),
        ),
        ("swapped", "events.ndjson", Box::new(swap), json!(20)),
        ("removed", "events.ndjson", Box::new(without), json!(30)),
        ("cut", "events.ndjson", Box::new(cut), json!(51)),
        (
            "no JSON",
            "events.ndjson",
            Box::new(|text| text.replacen(r#""id":"33""#, r#""id":33"#, 1)),
            json!(33),
        ),
        (
            "a head",
            "checkpoint",
            Box::new(|text| text.replacen("desk.example", "desk.sample", 1)),
            json!(evidence.head),
        ),
        (
            "a page",
            "VERIFY.md",
            Box::new(|text| text.replacen("root", "boot", 1)),
            Value::Null,
        ),
    ];
    for (number, (what, file, change, position)) in changes.into_iter().enumerate() {
        let name = number.to_string();
        evidence
            .export(&name, &["--to", &evidence.head.to_string()])
            .await;
        evidence.change(&name, file, change);
        let (code, found) = verify(&evidence.path(&name), &key).await;
        assert_eq!(code, 1, "{what}: {found}");
        if file == "events.ndjson" || file == "VERIFY.md" {
            assert_eq!(found["firstBadPosition"], position, "{what}: {found}");
        }
    }
    // Events and hashes altered together: the head tells that something was.
    evidence.export("both", &[]).await;
    let line = |text: &str| text.lines().nth(14).unwrap().to_owned();
    let events = evidence.read("both", "events.ndjson");
    let altered = line(&events).replace("at nine", "at five");
    let leaf = event_store::seal::leaf_hash(altered.as_bytes());
    evidence.change("both", "events.ndjson", |text| {
        text.replace(&line(&text), &altered)
    });
    let path = evidence.place.path().join("both/leaves.bin");
    let mut leaves = std::fs::read(&path).unwrap();
    leaves[14 * 32..15 * 32].copy_from_slice(&leaf.0);
    std::fs::write(&path, leaves).unwrap();
    let (code, found) = verify(&evidence.path("both"), &key).await;
    assert_eq!(code, 1, "{found}");
    assert!(
        found["problem"]
            .as_str()
            .unwrap()
            .contains("signed with another root"),
        "{found}"
    );
    evidence.desk.close().await;
}

#[tokio::test]
async fn sec_03_that_an_export_was_made_stands_in_the_log() {
    let evidence = Evidence::open().await;
    let said = evidence
        .export("some", &["--event-type", "Resolved", "--from", "9"])
        .await;
    let id = said["exportId"].as_str().unwrap().parse().unwrap();
    let events = evidence
        .desk
        .log
        .read_stream("log_export", id, None)
        .await
        .unwrap();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].metadata().unwrap().actor, "chen.audit");
    let recorded: Value = serde_json::from_str(&events[0].payload).unwrap();
    assert_eq!(recorded["event_types"], json!(["Resolved"]));
    assert_eq!(
        (&recorded["from_position"], &recorded["events"]),
        (&json!(9), &json!(40))
    );
    let ran = evidence.desk.replay(&["verify"]).await;
    assert_eq!(ran.code, 0, "{ran:?}");
    evidence.desk.close().await;
}

#[tokio::test]
async fn an_export_that_cannot_be_made_leaves_nothing_behind() {
    let evidence = Evidence::open().await;
    let path = evidence.path("there");
    std::fs::create_dir(&path).unwrap();
    let export = ["export", "--by", "chen.audit", "--output"];
    let ran = evidence
        .desk
        .replay(&[&export[..], &[&path]].concat())
        .await;
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.stderr.contains("cannot be made"), "{ran:?}");

    let path = evidence.path("beyond");
    let ran = evidence
        .desk
        .replay(&[&export[..], &[&path, "--to", "9999"]].concat())
        .await;
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(
        ran.stderr.contains("the log is sealed up to position"),
        "{ran:?}"
    );
    assert!(!Path::new(&path).exists());

    let nobody = Desk::open().await;
    let ran = nobody.replay(&[&export[..], &[&path]].concat()).await;
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.stderr.contains("the log is not sealed yet"), "{ran:?}");
    nobody.close().await;
    evidence.desk.close().await;
}

/// PLT-10: from exports alone, and the tree goes on where it was.
#[tokio::test]
async fn plt_10_a_log_is_brought_back_from_an_export_under_the_same_root() {
    let evidence = Evidence::open().await;
    let key = evidence.desk.key().await;
    for (name, format) in [("lines", "cloudevents"), ("table", "parquet")] {
        let said = evidence.export(name, &["--format", format]).await;
        let again = Desk::empty().await;
        let path = evidence.path(name);
        let ran = again
            .replay(&["import", &path, "--json", "--key", &key])
            .await;
        assert_eq!(ran.code, 0, "{ran:?}");
        assert_eq!(ran.json()["rootHash"], said["rootHash"]);
        let kept = evidence.place.path().join("kept.txt");
        std::fs::write(&kept, &evidence.note).unwrap();
        let kept = kept.display().to_string();
        let ran = again
            .replay(&["verify", "--json", "--key", &key, "--witness", &kept])
            .await;
        assert_eq!(
            (ran.code, &ran.json()["rootHash"]),
            (0, &said["rootHash"]),
            "{ran:?}"
        );

        // What was unique is unique, and the same tree goes on.
        let taken = again.replay(&["history", "INC0000007"]).await;
        assert_eq!(taken.code, 0, "{taken:?}");
        again.log.head().await.unwrap();
        again.seal(evidence.keys.path()).await;
        let ran = again
            .replay(&["verify", "--json", "--key", &key, "--witness", &kept])
            .await;
        assert_eq!(ran.code, 0, "{ran:?}");

        let ran = again.replay(&["import", &path]).await;
        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(ran.stderr.contains("the log is not empty"), "{ran:?}");
        again.close().await;
    }
    evidence.desk.close().await;
}

#[tokio::test]
async fn a_part_or_an_altered_export_is_not_brought_back() {
    let evidence = Evidence::open().await;
    evidence.export("part", &["--to", "20"]).await;
    evidence.export("altered", &[]).await;
    evidence.change("altered", "events.ndjson", |text| {
        text.replacen("renewed", "removed", 1)
    });
    let again = Desk::empty().await;
    for (name, said) in [
        ("part", "a part of a log"),
        ("altered", "is not the one that the manifest describes"),
        ("nothing", "no export"),
    ] {
        let ran = again.replay(&["import", &evidence.path(name)]).await;
        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(ran.stderr.contains(said), "{ran:?}");
    }
    // Also where the manifest was adapted: what was signed decides.
    let manifest = evidence.read("altered", "manifest.json");
    let mut manifest: Value = serde_json::from_str(&manifest).unwrap();
    let content = evidence.read("altered", "events.ndjson");
    manifest["files"][0]["sha256"] = json!(sha256(content.as_bytes()));
    manifest["files"][0]["bytes"] = json!(content.len());
    evidence.change("altered", "manifest.json", |_| manifest.to_string());
    let ran = again.replay(&["import", &evidence.path("altered")]).await;
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(
        ran.stderr.contains("do not have the root that was signed"),
        "{ran:?}"
    );
    assert_eq!(again.head().await, 0);
    again.close().await;
    evidence.desk.close().await;
}

fn sha256(content: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    format!("{:x}", Sha256::digest(content))
}
