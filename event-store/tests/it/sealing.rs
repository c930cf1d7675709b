//! Sealing: a tree that grows with the log, heads that are proved before they
//! are signed, and a sealer that stops where something does not fit.

use std::time::Duration;

use event_store::seal::{
    Checkpoint, Hash, KeptHeads, KeyChain, ReviewSettings, SealError, SealStatus, SealedTree,
    Sealer, SealerSettings, SignatureKind, SignedNote, Signer, SignerSource, TileId, VerifierKey,
    entry_of, leaf_hash, root_of, verify_consistency, verify_inclusion,
};
use event_store::{Commit, Filter, Log};
use sqlx::Executor;
use tempfile::TempDir;

use crate::fixture::{TestLog, note};

/// A log that is being sealed.
pub(crate) struct Sealed {
    test: TestLog,
    keys: TempDir,
    sealer: Sealer,
}

impl Sealed {
    pub(crate) async fn new() -> Self {
        let test = TestLog::new().await;
        let keys = TempDir::new().unwrap();
        let sealer = sealer(&test, &test.log, &keys);
        Self { test, keys, sealer }
    }

    pub(crate) fn tree(&self) -> SealedTree {
        SealedTree::new(self.test.pool().clone())
    }

    /// Appends so many events.
    pub(crate) async fn grow(&self, events: u64) {
        let appends = (0..events).map(|_| async {
            let commit = note("something happened");
            self.test.log.append(commit).await.unwrap();
        });
        futures_util::future::join_all(appends).await;
    }

    /// Waits until the log is sealed up to a position.
    pub(crate) async fn sealed(&self, size: i64) {
        let mut heads = self.sealer.heads();
        let reached = heads.wait_for(|head| head.as_ref().is_some_and(|head| head.size >= size));
        let waited = tokio::time::timeout(Duration::from_secs(30), reached).await;
        waited
            .unwrap_or_else(|_| panic!("not sealed: {:?}", self.sealer.status()))
            .unwrap();
    }

    pub(crate) async fn leaves(&self) -> Vec<Hash> {
        let events = self
            .test
            .log
            .read(0, 100_000, &Filter::default())
            .await
            .unwrap();
        let leaf = |event| leaf_hash(entry_of(event).as_bytes());
        events.iter().map(leaf).collect()
    }

    /// Stops the sealer and lets another process seal on.
    async fn again(self) -> Self {
        self.sealer.shutdown().await;
        let sealer = sealer(&self.test, &self.test.log, &self.keys);
        Self { sealer, ..self }
    }

    async fn tamper(&self, sql: &str) {
        let mut owner = self.test.owner().await;
        let sql = format!("set session_replication_role = replica; {sql}");
        let triggers = ["events", "seal_keys", "seal_tiles", "seal_checkpoints"];
        for table in triggers {
            let sql = format!("alter table {table} disable trigger all");
            owner.execute(&*sql).await.unwrap();
        }
        owner.execute(&*sql).await.unwrap();
    }

    /// Waits until the sealer says that something is broken.
    async fn broken(&self) -> SealStatus {
        let began = tokio::time::Instant::now();
        loop {
            let status = self.sealer.status();
            if status.broken {
                return status;
            }
            assert!(began.elapsed() < Duration::from_secs(30), "{status:?}");
            tokio::task::yield_now().await;
        }
    }
}

fn sealer(test: &TestLog, log: &Log, keys: &TempDir) -> Sealer {
    let options = test.pool().connect_options().as_ref().clone();
    let source = SignerSource::Directory(keys.path().to_owned());
    let settings = SealerSettings {
        source,
        origin: Some("desk.example/log".to_owned()),
        kept: kept(keys),
        key_events: "seal_keys",
        review: ReviewSettings::default(),
    };
    Sealer::start(log, options, settings)
}

fn kept(keys: &TempDir) -> KeptHeads {
    KeptHeads::new(keys.path().to_owned())
}

#[tokio::test]
async fn every_event_is_sealed_and_can_be_proved() {
    let sealed = Sealed::new().await;
    sealed.grow(3).await;
    sealed.sealed(3).await;
    sealed.grow(597).await;
    sealed.sealed(600).await;
    let (tree, leaves) = (sealed.tree(), sealed.leaves().await);

    let latest = tree.latest().await.unwrap().unwrap();
    assert_eq!((latest.size, latest.root), (600, root_of(&leaves)));
    for position in [1, 2, 255, 256, 257, 512, 513, 600] {
        for size in [position, 513, 600] {
            let index = usize::try_from(position).unwrap() - 1;
            let Ok(proof) = tree.inclusion_proof(position, size).await else {
                assert!(position > size);
                continue;
            };
            let root = tree.root(size).await.unwrap();
            assert_eq!(root, root_of(&leaves[..usize::try_from(size).unwrap()]));
            let index = (u64::try_from(index).unwrap(), u64::try_from(size).unwrap());
            let leaf = leaves[usize::try_from(index.0).unwrap()];
            verify_inclusion(leaf, index.0, index.1, &proof, root).unwrap();
        }
    }
    for (old, new) in [(1, 600), (3, 600), (256, 257), (255, 512), (600, 600)] {
        let proof = tree.consistency_proof(old, new).await.unwrap();
        let (from, to) = (tree.root(old).await.unwrap(), tree.root(new).await.unwrap());
        let (old, new) = (u64::try_from(old).unwrap(), u64::try_from(new).unwrap());
        verify_consistency(old, from, new, to, &proof).unwrap();
    }
    for (old, new) in [(0, 600), (-1, 600), (5, 4)] {
        let refused = tree.consistency_proof(old, new).await.unwrap_err();
        assert!(matches!(refused, SealError::NoProof(_)), "{refused}");
    }
    let refused = tree.inclusion_proof(1, 601).await.unwrap_err();
    assert!(matches!(refused, SealError::NotSealed { sealed: 600 }));
}

#[tokio::test]
async fn tiles_hold_the_hashes_of_the_specification() {
    let sealed = Sealed::new().await;
    sealed.grow(600).await;
    sealed.sealed(600).await;
    let (tree, leaves) = (sealed.tree(), sealed.leaves().await);
    let tile = async |path: &str| tree.tile(path.parse::<TileId>().unwrap()).await.unwrap();
    assert_eq!(tile("0/000").await.unwrap(), leaves[..256]);
    assert_eq!(tile("0/002.p/88").await.unwrap(), leaves[512..]);
    assert_eq!(tile("0/002.p/5").await.unwrap(), leaves[512..517]);
    let above = [root_of(&leaves[..256]), root_of(&leaves[256..512])];
    assert_eq!(tile("1/000.p/2").await.unwrap(), above);
    for missing in [
        "0/002",
        "0/002.p/89",
        "1/000",
        "1/000.p/3",
        "2/000.p/1",
        "0/x001/000",
    ] {
        assert_eq!(tile(missing).await, None, "{missing}");
    }
}

#[tokio::test]
async fn another_replica_seals_on_and_every_head_follows_from_the_one_before() {
    let mut sealed = Sealed::new().await;
    for round in 1..=4 {
        sealed.grow(200).await;
        sealed.sealed(200 * round).await;
        sealed = sealed.again().await;
    }
    let tree = sealed.tree();
    let heads = tree.checkpoints(0, 1_000).await.unwrap();
    let key: VerifierKey = tree.keys().await.unwrap()[0].verifier_key.parse().unwrap();
    assert_eq!(key.name(), "desk.example/log");
    for pair in heads.windows(2) {
        let (old, new) = (&pair[0], &pair[1]);
        let proof = tree.consistency_proof(old.size, new.size).await.unwrap();
        let (size, next) = (
            u64::try_from(old.size).unwrap(),
            u64::try_from(new.size).unwrap(),
        );
        verify_consistency(size, old.root, next, new.root, &proof).unwrap();
    }
    for head in &heads {
        let note: SignedNote = head.note.parse().unwrap();
        key.verify(&note).unwrap();
        let checkpoint: Checkpoint = note.text.parse().unwrap();
        assert_eq!(checkpoint.origin, "desk.example/log");
        assert_eq!(i64::try_from(checkpoint.size), Ok(head.size));
        assert_eq!(checkpoint.root, head.root);
    }
    assert_eq!(heads.last().unwrap().size, 800);
}

#[tokio::test]
async fn a_sealer_that_finds_the_log_altered_signs_nothing_more() {
    let sealed = Sealed::new().await;
    sealed.grow(20).await;
    sealed.sealed(20).await;
    sealed.sealer.shutdown().await;
    sealed
        .tamper("update events set metadata = (replace(metadata::text, 'li.wei', 'li.lei'))::json where position = 7")
        .await;
    let sealed = sealed.again().await;
    let status = sealed.broken().await;
    assert!(
        status
            .failed
            .unwrap()
            .contains("contradicts what was signed")
    );
    sealed.grow(5).await;
    let last = sealed.tree().latest().await.unwrap().unwrap();
    assert_eq!(last.size, 20);
}

#[tokio::test]
async fn a_head_that_was_replaced_stops_the_sealer() {
    let sealed = Sealed::new().await;
    sealed.grow(20).await;
    sealed.sealed(20).await;
    sealed
        .tamper("update seal_checkpoints set root = sha256('x') where size = (select max(size) from seal_checkpoints)")
        .await;
    sealed.grow(1).await;
    let status = sealed.broken().await;
    assert!(
        status
            .failed
            .unwrap()
            .contains("is not the one that was signed last")
    );
}

#[tokio::test]
async fn a_key_hands_over_to_the_next_while_the_log_is_sealed() {
    let sealed = Sealed::new().await;
    sealed.grow(10).await;
    sealed.sealed(10).await;
    let source = SignerSource::Directory(sealed.keys.path().to_owned());
    let tree = sealed.tree();
    let first: VerifierKey = tree.keys().await.unwrap()[0].verifier_key.parse().unwrap();
    let before = Signer::find(&source, &first).await.unwrap();
    let after = Signer::create(&source, first.name(), SignatureKind::Ed25519)
        .await
        .unwrap();
    let size = tree
        .hand_over(&before, &after, &kept(&sealed.keys), "seal_keys")
        .await
        .unwrap();
    assert_eq!(size, 10);
    sealed.grow(10).await;
    sealed.sealed(20).await;

    let chain = KeyChain::check(&tree.keys().await.unwrap()).unwrap();
    assert!(chain.leads_from(&first));
    assert_eq!(chain.current(), Some(after.key()));
    for head in tree.checkpoints(0, 1_000).await.unwrap() {
        let note: SignedNote = head.note.parse().unwrap();
        chain.verify(&note, head.size).unwrap();
        let by = if head.size <= 10 { &first } else { after.key() };
        by.verify(&note).unwrap();
    }
    // A key that nobody endorsed is no key of the log.
    let mut rows = tree.keys().await.unwrap();
    rows[1].endorsement = rows[1]
        .endorsement
        .take()
        .map(|note| note.replace("\n10\n", "\n11\n"));
    assert!(KeyChain::check(&rows).is_err());
}

#[tokio::test]
async fn without_its_key_the_log_is_not_sealed_and_says_which_is_missing() {
    let sealed = Sealed::new().await;
    sealed.grow(1).await;
    sealed.sealed(1).await;
    sealed.sealer.shutdown().await;
    let elsewhere = TempDir::new().unwrap();
    let other = sealer(&sealed.test, &sealed.test.log, &elsewhere);
    let began = tokio::time::Instant::now();
    let problem = loop {
        if let Some(problem) = other.status().failed {
            break problem;
        }
        assert!(began.elapsed() < Duration::from_secs(30));
        tokio::task::yield_now().await;
    };
    assert!(problem.contains("is not in"), "{problem}");
    assert!(!other.status().broken);
}

#[tokio::test]
async fn a_log_whose_seals_were_emptied_is_not_begun_anew() {
    let sealed = Sealed::new().await;
    sealed.grow(300).await;
    sealed.sealed(300).await;
    sealed.sealer.shutdown().await;
    sealed
        .tamper(
            "update events set metadata = (replace(metadata::text, 'li.wei', 'li.lei'))::json where position = 7;
             delete from seal_tiles; delete from seal_checkpoints; delete from seal_keys",
        )
        .await;
    let sealed = sealed.again().await;
    let problem = sealed.broken().await.failed.unwrap();
    assert!(problem.contains("this log has no signed head"), "{problem}");
    assert_eq!(sealed.tree().latest().await.unwrap(), None);
}

#[tokio::test]
async fn a_log_without_heads_whose_events_tell_of_a_key_is_not_begun_anew() {
    let sealed = Sealed::new().await;
    sealed.grow(2).await;
    sealed.sealed(2).await;
    let commit = Commit {
        aggregate_type: "seal_keys",
        ..note("the log has a key")
    };
    sealed.test.log.append(commit).await.unwrap();
    sealed.sealed(3).await;
    sealed.sealer.shutdown().await;
    sealed
        .tamper("delete from seal_checkpoints; delete from seal_keys")
        .await;
    // Another machine, on which no head was kept.
    let elsewhere = TempDir::new().unwrap();
    let sealed = Sealed {
        keys: elsewhere,
        ..sealed
    }
    .again()
    .await;
    let problem = sealed.broken().await.failed.unwrap();
    assert!(
        problem.contains("the event at position 3 says"),
        "{problem}"
    );
}

#[tokio::test]
async fn a_log_whose_last_heads_were_removed_is_not_sealed_on() {
    let sealed = Sealed::new().await;
    sealed.grow(3).await;
    sealed.sealed(3).await;
    sealed.grow(300).await;
    sealed.sealed(303).await;
    sealed.sealer.shutdown().await;
    sealed
        .tamper(
            "update events set metadata = (replace(metadata::text, 'li.wei', 'li.lei'))::json where position = 7;
             delete from seal_tiles; delete from seal_checkpoints where size > 3",
        )
        .await;
    let sealed = sealed.again().await;
    let problem = sealed.broken().await.failed.unwrap();
    assert!(
        problem.contains("a head of 303 events was signed"),
        "{problem}"
    );
    let lost = sealed.tree().loss(&kept(&sealed.keys), "seal_keys").await;
    let lost = lost.unwrap().unwrap();
    assert_eq!((lost.kept.size(), lost.sealed), (303, 3));
    kept(&sealed.keys).set_aside(&lost.kept).unwrap();
    let sealed = sealed.again().await;
    sealed.sealed(303).await;
}

#[tokio::test]
async fn a_last_head_that_nobody_signed_is_not_sealed_on() {
    let sealed = Sealed::new().await;
    sealed.grow(3).await;
    sealed.sealed(3).await;
    sealed.sealer.shutdown().await;
    // Event and head are changed together, the head without its key.
    sealed
        .tamper("update events set metadata = (replace(metadata::text, 'li.wei', 'li.lei'))::json where position = 2")
        .await;
    let root = root_of(&sealed.leaves().await);
    let forged = format!(
        "update seal_checkpoints set root = decode('{}', 'base64') where size = 3",
        root.to_base64()
    );
    sealed.tamper(&forged).await;
    let sealed = sealed.again().await;
    let problem = sealed.broken().await.failed.unwrap();
    assert!(problem.contains("says something else"), "{problem}");
}

#[tokio::test]
async fn a_kept_head_that_the_log_does_not_go_on_from_stops_the_sealer() {
    let (one, other) = (Sealed::new().await, Sealed::new().await);
    one.grow(3).await;
    one.sealed(3).await;
    one.sealer.shutdown().await;
    // The same key seals another log.
    let key = one.tree().keys().await.unwrap()[0].clone();
    other.sealer.shutdown().await;
    other
        .tamper(&format!(
            "insert into seal_keys (number, verifier_key, from_size) values (1, '{}', 0) on conflict (number) do update set verifier_key = excluded.verifier_key",
            key.verifier_key
        ))
        .await;
    other.grow(3).await;
    let kept_by_one = one.keys.path().to_owned();
    let head = kept(&one.keys).of("desk.example/log").unwrap().unwrap();
    std::fs::remove_file(&head.path).unwrap();
    let other = Sealed {
        keys: one.keys,
        ..other
    }
    .again()
    .await;
    other.sealed(3).await;
    other.sealer.shutdown().await;
    KeptHeads::new(kept_by_one)
        .keep("desk.example/log", head.note.to_string())
        .await
        .unwrap();
    let other = other.again().await;
    let problem = other.broken().await.failed.unwrap();
    assert!(problem.contains("is not the beginning of"), "{problem}");
}
