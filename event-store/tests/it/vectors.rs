//! The proofs of RFC 6962 against vectors that other programs are held to:
//! `DOCKET_SAMPLES` names the folder. `scripts/test` leaves the tests in
//! `samples` out, and says so, where it is not at hand.

use std::io::Read;
use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use event_store::seal::{Hash, verify_consistency, verify_inclusion};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Inclusion {
    leaf_idx: u64,
    tree_size: u64,
    root: Option<String>,
    leaf_hash: Option<String>,
    proof: Option<Vec<String>>,
    desc: String,
    want_err: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Consistency {
    size1: u64,
    size2: u64,
    root1: Option<String>,
    root2: Option<String>,
    proof: Option<Vec<String>>,
    desc: String,
    want_err: bool,
}

/// Every vector of a kind: its path and its content.
fn vectors(kind: &str) -> Vec<(String, String)> {
    #[expect(clippy::disallowed_methods, reason = "where the samples are")]
    let folder = std::env::var("DOCKET_SAMPLES").map_or_else(
        |_| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data")),
        PathBuf::from,
    );
    let path = folder.join("rfc6962-vectors.tar.gz");
    let file = std::fs::File::open(&path);
    let file = file.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(file));
    let mut found = Vec::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let path = entry.path().unwrap().into_owned();
        let name = path.display().to_string();
        let is_json = path.extension().is_some_and(|ending| ending == "json");
        if is_json && name.contains(&format!("/testdata/{kind}/")) {
            let mut content = String::new();
            entry.read_to_string(&mut content).unwrap();
            found.push((name, content));
        }
    }
    found
}

fn hash(text: Option<&String>) -> Option<Hash> {
    let bytes = STANDARD.decode(text?).ok()?;
    Hash::try_from(&*bytes).ok()
}

fn hashes(texts: Option<&Vec<String>>) -> Option<Vec<Hash>> {
    texts
        .into_iter()
        .flatten()
        .map(|text| hash(Some(text)))
        .collect()
}

mod samples {
    use super::*;

    #[test]
    fn every_vector_of_an_inclusion_proof_is_judged_as_others_judge_it() {
        let vectors = vectors("inclusion");
        assert_eq!(vectors.len(), 98);
        for (name, content) in vectors {
            let vector: Inclusion = serde_json::from_str(&content).unwrap();
            let holds = || {
                let leaf = hash(vector.leaf_hash.as_ref())?;
                let root = hash(vector.root.as_ref())?;
                let proof = hashes(vector.proof.as_ref())?;
                verify_inclusion(leaf, vector.leaf_idx, vector.tree_size, &proof, root).ok()
            };
            assert_eq!(
                holds().is_none(),
                vector.want_err,
                "{name}: {}",
                vector.desc
            );
        }
    }

    #[test]
    fn every_vector_of_a_consistency_proof_is_judged_as_others_judge_it() {
        let vectors = vectors("consistency");
        assert_eq!(vectors.len(), 98);
        let mut stricter = 0;
        for (name, content) in vectors {
            let vector: Consistency = serde_json::from_str(&content).unwrap();
            let holds = || {
                let (old, new) = (hash(vector.root1.as_ref())?, hash(vector.root2.as_ref())?);
                let proof = hashes(vector.proof.as_ref())?;
                verify_consistency(vector.size1, old, vector.size2, new, &proof).ok()
            };
            // One vector compares two equal roots of 12 bytes and finds them equal.
            // Here a root of another length than 32 bytes is none.
            let are_roots =
                hash(vector.root1.as_ref()).is_some() && hash(vector.root2.as_ref()).is_some();
            let refused = vector.want_err || !are_roots;
            stricter += usize::from(refused && !vector.want_err);
            assert_eq!(holds().is_none(), refused, "{name}: {}", vector.desc);
        }
        assert_eq!(stricter, 1);
    }
}

#[test]
fn a_hash_of_another_length_is_none() {
    for length in [0, 31, 33, 64] {
        assert!(Hash::try_from(&*vec![0; length]).is_err());
        assert_eq!(Hash::from_base64(&STANDARD.encode(vec![0; length])), None);
    }
}
