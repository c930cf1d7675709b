//! The seals as programs of other people see them: Cloudflare's `signed_note`
//! and `tlog_tiles`, which share nothing with this project, read what the desk
//! writes, believe its proofs in their order, and refuse what is made of them.

use std::collections::HashMap;

use event_store::seal::{
    Hash, SignatureKind, SignedNote, Signer, SignerSource, TileId, VerifierKey,
};
use signed_note::{Note, StandardSigner, StandardVerifier, VerifierList};
use tempfile::TempDir;
use tlog_tiles::tlog::{check_record, check_tree, prove_record, prove_tree, tree_hash};
use tlog_tiles::{Checkpoint, Hash as TheirHash, Tile, TileHashReader, TileReader};

use crate::sealing::Sealed;

fn theirs(hash: Hash) -> TheirHash {
    TheirHash(hash.0)
}

fn all_theirs(hashes: &[Hash]) -> Vec<TheirHash> {
    hashes.iter().copied().map(theirs).collect()
}

fn verifiers(key: &VerifierKey) -> VerifierList {
    let verifier = StandardVerifier::new(&key.to_string()).unwrap();
    VerifierList::new(vec![Box::new(verifier)])
}

#[tokio::test]
async fn plt_08_another_program_verifies_notes_and_its_notes_are_verified() {
    let directory = TempDir::new().unwrap();
    let source = SignerSource::Directory(directory.path().to_owned());
    let signer = Signer::create(&source, "desk.example/log", SignatureKind::Ed25519)
        .await
        .unwrap();
    let text = "desk.example/log\n7\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
    let mut ours = SignedNote::new(text.to_owned());
    signer.sign(&mut ours).await.unwrap();
    let read = Note::from_bytes(ours.to_string().as_bytes()).unwrap();
    assert_eq!(read.text(), text.as_bytes());
    let (verified, unverified) = read.verify(&verifiers(signer.key())).unwrap();
    assert_eq!((verified.len(), unverified.len()), (1, 0));
    let forged = ours.to_string().replace("\n7\n", "\n8\n");
    let forged = Note::from_bytes(forged.as_bytes()).unwrap();
    assert!(forged.verify(&verifiers(signer.key())).is_err());

    // The file of a private key is what their signer takes, too.
    let file = directory
        .path()
        .join(format!("{}.key", signer.key().id_text()));
    let private = std::fs::read_to_string(file).unwrap();
    let their_signer = StandardSigner::new(private.trim()).unwrap();
    let mut note = Note::new(text.as_bytes(), &[]).unwrap();
    note.add_sigs(&[&their_signer]).unwrap();
    let written = String::from_utf8(note.to_bytes()).unwrap();
    // Ed25519 is deterministic: byte for byte the same.
    assert_eq!(written, ours.to_string());
    let note: SignedNote = written.parse().unwrap();
    assert_eq!(signer.key().verify(&note), Ok(None));
}

/// The tiles of a sealed log, as its readers get them.
struct Tiles(HashMap<(u8, u64), Vec<u8>>);

impl Tiles {
    async fn of(sealed: &Sealed, size: u64) -> Self {
        let tree = sealed.tree();
        let mut tiles = HashMap::new();
        let (mut level, mut width) = (0, size);
        while width > 0 {
            for number in 0..width.div_ceil(256) {
                let tile = TileId {
                    level,
                    number,
                    width: u16::try_from((width - number * 256).min(256)).unwrap(),
                };
                let hashes = tree.tile(tile).await.unwrap().unwrap();
                let bytes = hashes.iter().flat_map(|hash| hash.0).collect();
                tiles.insert((level, number), bytes);
            }
            (level, width) = (level + 1, width / 256);
        }
        Self(tiles)
    }
}

impl TileReader for Tiles {
    fn height(&self) -> u8 {
        8
    }

    fn read_tiles(&self, tiles: &[Tile]) -> Result<Vec<Vec<u8>>, tlog_tiles::tlog::Error> {
        let read = |tile: &Tile| {
            let bytes = &self.0[&(tile.level(), tile.level_index())];
            bytes[..usize::try_from(tile.width()).unwrap() * 32].to_vec()
        };
        Ok(tiles.iter().map(read).collect())
    }

    fn save_tiles(&self, _: &[Tile], _: &[Vec<u8>]) {}
}

/// What others might make of a proof: nothing of it, another order, one hash
/// less, one more.
fn spoilt(proof: &[TheirHash]) -> Vec<Vec<TheirHash>> {
    let mut all = vec![Vec::new(), proof.iter().rev().copied().collect()];
    for place in 0..proof.len() {
        let mut shorter = proof.to_vec();
        let one = shorter.remove(place);
        all.push(shorter);
        let mut longer = proof.to_vec();
        longer.insert(place, one);
        all.push(longer);
        if place > 0 {
            let mut swapped = proof.to_vec();
            swapped.swap(place - 1, place);
            all.push(swapped);
        }
    }
    all.retain(|spoilt| spoilt != proof);
    all
}

#[tokio::test]
async fn plt_08_another_program_reads_heads_and_tiles_and_believes_proofs_in_their_order() {
    let sealed = Sealed::new().await;
    sealed.grow(600).await;
    sealed.sealed(600).await;
    let (tree, leaves) = (sealed.tree(), sealed.leaves().await);
    let latest = tree.latest().await.unwrap().unwrap();
    let key: VerifierKey = tree.keys().await.unwrap()[0].verifier_key.parse().unwrap();

    let note = Note::from_bytes(latest.note.as_bytes()).unwrap();
    note.verify(&verifiers(&key)).unwrap();
    let head = Checkpoint::from_bytes(note.text()).unwrap();
    assert_eq!((head.origin(), head.size()), ("desk.example/log", 600));
    assert_eq!(*head.hash(), theirs(latest.root));
    assert_eq!(head.extension(), "");

    // Whatever it reads of the tiles it authenticates by the signed root.
    let tiles = Tiles::of(&sealed, 600).await;
    let reader = TileHashReader::new(600, *head.hash(), &tiles);
    assert_eq!(tree_hash(600, &reader).unwrap(), *head.hash());
    for position in [1, 2, 100, 255, 256, 257, 511, 512, 513, 599, 600] {
        let index = u64::try_from(position - 1).unwrap();
        let leaf = theirs(leaves[usize::try_from(index).unwrap()]);
        let ours = all_theirs(&tree.inclusion_proof(position, 600).await.unwrap());
        assert_eq!(ours, prove_record(600, index, &reader).unwrap());
        check_record(&ours, 600, *head.hash(), index, leaf).unwrap();
        for spoilt in spoilt(&ours) {
            let verdict = check_record(&spoilt, 600, *head.hash(), index, leaf);
            assert!(verdict.is_err(), "{position}: {spoilt:?}");
        }
    }
    for old in [1, 2, 3, 255, 256, 257, 300, 512, 513, 599] {
        let size = u64::try_from(old).unwrap();
        let before = theirs(tree.root(old).await.unwrap());
        let ours = all_theirs(&tree.consistency_proof(old, 600).await.unwrap());
        assert_eq!(ours, prove_tree(600, size, &reader).unwrap());
        check_tree(&ours, 600, *head.hash(), size, before).unwrap();
        for spoilt in spoilt(&ours) {
            let verdict = check_tree(&spoilt, 600, *head.hash(), size, before);
            assert!(verdict.is_err(), "{old}: {spoilt:?}");
        }
    }
}
