//! `verify` and `prove` on a sealed log: whatever an administrator of the
//! database alters, as its superuser and with the triggers off, is found.

use tempfile::TempDir;

use crate::desk::{Desk, comment};

/// A desk whose log was sealed twice: after the first incident, and at the
/// end.
struct Sealed {
    desk: Desk,
    keys: TempDir,
    /// Positions of the first head and of the last.
    first: i64,
    last: i64,
    first_head: String,
    last_head: String,
}

impl Sealed {
    async fn open() -> Self {
        let desk = Desk::open().await;
        let keys = TempDir::new().unwrap();
        desk.journey("INC0000001").await;
        let (first, first_head) = (desk.head().await, desk.seal(keys.path()).await);
        let id = desk.journey("INC0000002").await;
        // Enough for a full tile and some more.
        for words in 0..260 {
            desk.command(id, "12:00", comment(&words.to_string())).await;
        }
        let (last, last_head) = (desk.head().await, desk.seal(keys.path()).await);
        Self {
            desk,
            keys,
            first,
            last,
            first_head,
            last_head,
        }
    }

    /// A file with a kept head.
    fn kept(&self, head: &str) -> String {
        let path = self.keys.path().join("kept.txt");
        std::fs::write(&path, head).unwrap();
        path.display().to_string()
    }
}

/// What an administrator might do, and where it must show.
struct Tampering {
    what: &'static str,
    sql: &'static str,
    position: fn(&Sealed) -> i64,
}

const UNGUARDED: &str = "
    alter table events drop constraint events_stream;
    alter table events drop constraint events_command;
    alter table events drop constraint events_numbered_from_one;
    create table pristine_events as table events;
    create table pristine_head as table log_head;
    create table pristine_tiles as table seal_tiles;
    create table pristine_checkpoints as table seal_checkpoints;
    create table pristine_reservations as table reservations;";

const RESTORED: &str = "
    truncate events, log_head, seal_tiles, seal_checkpoints, reservations cascade;
    insert into events table pristine_events;
    insert into log_head table pristine_head;
    insert into seal_tiles table pristine_tiles;
    insert into seal_checkpoints table pristine_checkpoints;
    insert into reservations table pristine_reservations;";

const TAMPERINGS: &[Tampering] = &[
    Tampering {
        what: "one byte of one payload",
        sql: "update events set payload = replace(payload::text, 'Certificate', 'Certifikate')::json where position = {first}",
        position: |sealed| sealed.first,
    },
    Tampering {
        what: "one byte of a payload under the edge of the tree",
        sql: "update events set payload = replace(payload::text, '259', '258')::json where position = {last}",
        position: |sealed| sealed.last,
    },
    Tampering {
        what: "two events swapped, well-formed as they are",
        sql: "update events set payload = (select payload from pristine_events where position = {last} - 3) where position = {last} - 4;
              update events set payload = (select payload from pristine_events where position = {last} - 4) where position = {last} - 3",
        position: |sealed| sealed.last - 4,
    },
    Tampering {
        what: "an event removed and the rest renumbered",
        sql: "delete from events where position = {last} - 9;
              update events set position = -(position - 1), sequence = sequence - 1 where position > {last} - 9;
              update events set position = -position where position < 0;
              update log_head set position = position - 1",
        position: |sealed| sealed.last - 9,
    },
    Tampering {
        what: "the tail cut",
        sql: "delete from events where position > {last} - 5;
              update log_head set position = {last} - 5, recorded_at = (select recorded_at from events where position = {last} - 5)",
        position: |sealed| sealed.last - 4,
    },
    Tampering {
        what: "a time changed",
        sql: "update events set recorded_at = recorded_at + interval '1 microsecond' where position = 9",
        position: |_| 9,
    },
    Tampering {
        what: "an actor changed in the envelope",
        sql: "update events set metadata = replace(metadata::text, 'li.wei', 'li.mei')::json where position = {last} - 20",
        position: |sealed| sealed.last - 20,
    },
    Tampering {
        what: "a whole stream removed and the rest renumbered",
        sql: "delete from events where aggregate_id = (select aggregate_id from pristine_events where position = 9);
              with placed as (select position, row_number() over (order by position) as place from events)
              update events e set position = -p.place from placed p where p.position = e.position;
              update events set position = -position;
              update log_head set position = (select max(position) from events)",
        position: |_| 9,
    },
    Tampering {
        what: "a checkpoint replaced",
        sql: "update seal_checkpoints set root = sha256('x') where size = {first}",
        position: |sealed| sealed.first,
    },
    Tampering {
        what: "a checkpoint with another text",
        sql: "update seal_checkpoints set note = replace(note, 'desk.example/log', 'desk.example/lag') where size = {last}",
        position: |sealed| sealed.last,
    },
    Tampering {
        what: "a tile replaced",
        sql: "update seal_tiles set hashes = set_byte(hashes, 32 * 7, 255 - get_byte(hashes, 32 * 7)) where level = 0",
        position: |_| 8,
    },
    Tampering {
        what: "one signed head removed",
        sql: "delete from seal_checkpoints where size = {first}",
        position: |sealed| sealed.first,
    },
    Tampering {
        what: "the last signed head removed",
        sql: "delete from seal_checkpoints where size = {last}",
        position: |sealed| sealed.first + 1,
    },
    Tampering {
        what: "a reservation removed",
        sql: "delete from reservations where key = 'INC0000001'",
        position: |_| Desk::SETUP + 1,
    },
    Tampering {
        what: "a reservation given to another incident",
        sql: "update reservations set aggregate_id = gen_random_uuid()::text where key = 'INC0000002'",
        position: |sealed| sealed.first + 1,
    },
    Tampering {
        what: "the hash of a request changed",
        sql: "update events set request_hash = decode(repeat('ab', 16), 'hex') where position = {last}",
        position: |sealed| sealed.last,
    },
];

#[tokio::test]
async fn plt_05_whatever_an_administrator_alters_is_found_with_its_position() {
    let sealed = Sealed::open().await;
    let key = sealed.desk.key().await;
    // The same head may have been kept by several, with other signatures.
    let twice = format!(
        "{0}\n{0}\u{2014} witness.example AAAAAAAAAAAA\n",
        sealed.last_head
    );
    let kept = sealed.kept(&twice);
    let verify = ["verify", "--json", "--key", &key, "--witness", &kept];
    sealed.desk.tamper(UNGUARDED).await;
    for Tampering {
        what,
        sql,
        position,
    } in TAMPERINGS
    {
        let sql = sql
            .replace("{first}", &sealed.first.to_string())
            .replace("{last}", &sealed.last.to_string());
        sealed.desk.tamper(&format!("{RESTORED} {sql}")).await;
        let ran = sealed.desk.replay(&verify).await;
        assert_eq!(ran.code, 1, "{what}: {ran:?}");
        let found = ran.json();
        assert_eq!(
            found["firstBadPosition"],
            position(&sealed),
            "{what}: {found}"
        );
    }
    sealed.desk.tamper(RESTORED).await;
    let ran = sealed.desk.replay(&verify).await;
    assert_eq!(
        (ran.code, &ran.json()["blindSpots"]),
        (0, &serde_json::json!([]))
    );
    sealed.desk.close().await;
}

/// Without what somebody outside has kept nobody can see it, and it is said.
#[tokio::test]
async fn plt_05_a_tail_that_was_cut_with_its_seals_shows_by_a_kept_head() {
    let sealed = Sealed::open().await;
    let cut = format!(
        "alter table reservations disable trigger user;
         delete from events where position > {0};
         delete from reservations r where not exists (select from events e where e.aggregate_id = r.aggregate_id);
         update log_head set position = {0}, recorded_at = (select recorded_at from events where position = {0});
         delete from seal_checkpoints where size > {0};
         delete from seal_tiles",
        sealed.first
    );
    sealed.desk.tamper(&cut).await;
    let key = sealed.desk.key().await;
    let ran = sealed.desk.replay(&["verify", "--key", &key]).await;
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(
        ran.stdout
            .contains("a tail that was cut together with its seals cannot be seen,")
    );

    // One that is no longer than what is left says nothing either.
    let short = sealed.kept(&sealed.first_head);
    let ran = sealed.desk.replay(&["verify", "--witness", &short]).await;
    assert_eq!(ran.code, 0, "{ran:?}");

    let kept = sealed.kept(&format!("{}\n{}", sealed.first_head, sealed.last_head));
    let ran = sealed
        .desk
        .replay(&["verify", "--json", "--witness", &kept])
        .await;
    assert_eq!(ran.code, 1, "{ran:?}");
    let found = ran.json();
    assert_eq!(found["firstBadPosition"], sealed.first + 1, "{found}");
    let problem = found["problem"].as_str().unwrap();
    assert!(
        problem.contains("a head that was kept says that it had"),
        "{problem}"
    );
    sealed.desk.close().await;
}

#[tokio::test]
async fn another_log_in_the_place_of_this_one_shows_by_the_key() {
    let sealed = Sealed::open().await;
    let other = Sealed::open().await;
    let key = sealed.desk.key().await;
    let ran = other
        .desk
        .replay(&["verify", "--json", "--key", &key])
        .await;
    assert_eq!(ran.code, 1, "{ran:?}");
    let problem = ran.json()["problem"].clone();
    assert!(
        problem.as_str().unwrap().contains("sealed by other keys"),
        "{problem}"
    );
    let kept = other.kept(&sealed.last_head);
    let ran = other
        .desk
        .replay(&["verify", "--json", "--witness", &kept])
        .await;
    assert_eq!(ran.code, 1, "{ran:?}");
    for wrong in ["", "no head\n"] {
        let kept = other.kept(wrong);
        let ran = other.desk.replay(&["verify", "--witness", &kept]).await;
        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(ran.stderr.contains("holds no signed heads"), "{ran:?}");
    }
    sealed.desk.close().await;
    other.desk.close().await;
}

#[tokio::test]
async fn what_is_not_sealed_yet_is_said() {
    let sealed = Sealed::open().await;
    sealed.desk.journey("INC0000003").await;
    let ran = sealed.desk.replay(&["verify"]).await;
    assert_eq!(ran.code, 0, "{ran:?}");
    let said = format!(
        "What stands behind position {} is not sealed yet.",
        sealed.last
    );
    assert!(ran.stdout.contains(&said), "{ran:?}");
    sealed.desk.close().await;
}

#[tokio::test]
async fn plt_08_a_proof_can_be_checked_by_others() {
    use event_store::seal::{Hash, leaf_hash, verify_consistency, verify_inclusion};
    let sealed = Sealed::open().await;
    let hash = |value: &serde_json::Value| Hash::from_base64(value.as_str().unwrap()).unwrap();
    let hashes = |value: &serde_json::Value| -> Vec<Hash> {
        value.as_array().unwrap().iter().map(hash).collect()
    };
    let size = u64::try_from(sealed.last).unwrap();

    let ran = sealed
        .desk
        .replay(&["prove", "inclusion", "9", "--json"])
        .await;
    let proof = ran.json();
    let leaf = leaf_hash(proof["entry"].as_str().unwrap().as_bytes());
    assert_eq!(leaf, hash(&proof["leafHash"]));
    let root = hash(&proof["rootHash"]);
    verify_inclusion(leaf, 8, size, &hashes(&proof["hashes"]), root).unwrap();
    assert_eq!(proof["checkpoint"], sealed.last_head);

    let first = sealed.first.to_string();
    let ran = sealed
        .desk
        .replay(&["prove", "consistency", &first, "--json"])
        .await;
    let proof = ran.json();
    let (old, new) = (hash(&proof["fromRootHash"]), hash(&proof["toRootHash"]));
    let old_size = u64::try_from(sealed.first).unwrap();
    verify_consistency(old_size, old, size, new, &hashes(&proof["hashes"])).unwrap();

    let text = sealed
        .desk
        .replay(&["prove", "inclusion", "9"])
        .await
        .stdout;
    assert!(text.starts_with("c2sp.org/tlog-proof@v1\nextra "), "{text}");
    assert!(text.contains("\nindex 8\n"), "{text}");
    assert!(text.ends_with(&sealed.last_head), "{text}");

    let beyond = (sealed.last + 1).to_string();
    let ran = sealed.desk.replay(&["prove", "inclusion", &beyond]).await;
    assert_eq!(ran.code, 2, "{ran:?}");
    for nothing in [["0", "1"], ["5", "4"]] {
        let arguments = [&["prove", "consistency"][..], &nothing].concat();
        assert_eq!(sealed.desk.replay(&arguments).await.code, 2);
    }
    sealed.desk.close().await;
}

/// "Altered" is said of the log alone.
#[tokio::test]
async fn what_editors_add_to_kept_heads_and_keys_is_passed_over_and_what_says_nothing_is_no_verdict()
 {
    let sealed = Sealed::open().await;
    let edited = |text: &str| format!("\u{feff}{}", text.replace('\n', " \r\n"));
    let key = sealed.keys.path().join("log.key");
    std::fs::write(&key, edited(&format!("{}\n", sealed.desk.key().await))).unwrap();
    let key = key.display().to_string();
    let verify = async |kept: &str| {
        let kept = sealed.kept(kept);
        let arguments = ["verify", "--key", &key, "--witness", &kept];
        sealed.desk.replay(&arguments).await
    };
    let both = format!("{}\n{}", sealed.first_head, sealed.last_head);
    let other = sealed
        .last_head
        .replace("desk.example/log", "other.example/log");
    for kept in [
        edited(&sealed.last_head),
        edited(&both),
        format!(
            "{}{}",
            edited(&sealed.first_head),
            edited(&sealed.last_head)
        ),
        // A witness knows several logs.
        format!("{other}\n{}", sealed.last_head),
    ] {
        let ran = verify(&kept).await;
        assert_eq!(ran.code, 0, "{kept:?}: {ran:?}");
    }
    let size = format!("\n{}\n", sealed.last);
    for (kept, problem) in [
        (other, "is one of this log, desk.example/log"),
        (
            sealed
                .last_head
                .replace(&size, &format!("\n{}\n", sealed.last - 1)),
            "is not as it was signed",
        ),
        (
            sealed.last_head.replace('\u{2014}', "?"),
            "holds no signed heads",
        ),
    ] {
        let ran = verify(&kept).await;
        assert_eq!(ran.code, 2, "{kept:?}: {ran:?}");
        assert!(ran.stderr.contains(problem), "{ran:?}");
    }
    sealed.desk.close().await;
}
