//! One way to write JSON, so that the same content always has the same bytes:
//! what is hashed and sealed is exactly what is stored.

use serde::Serialize;
use sha2::{Digest, Sha256};

/// The RFC 8785 canonical form of a value: the only form in which payloads and
/// metadata enter the log.
pub fn canonical_json<T: Serialize>(value: &T) -> Result<Box<str>, serde_json::Error> {
    serde_json_canonicalizer::to_string(value).map(String::into_boxed_str)
}

/// The hash by which the log tells a repeated command from another one under
/// the same id: the first half of SHA-256 over all parts.
///
/// Each part counts with its length, so that moving a character from one part
/// to the next gives another hash.
pub fn content_hash<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> [u8; 16] {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    let digest = hasher.finalize();
    let mut hash = [0; 16];
    hash.copy_from_slice(&digest[..16]);
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_sorted_and_nothing_is_added() {
        let value = serde_json::json!({"b": "é", "a": [1, null], "aa": true});
        assert_eq!(
            &*canonical_json(&value).unwrap(),
            r#"{"a":[1,null],"aa":true,"b":"é"}"#
        );
    }

    #[test]
    fn the_border_between_parts_is_part_of_the_content() {
        let one = content_hash([b"ab".as_slice(), b"c"]);
        let other = content_hash([b"a".as_slice(), b"bc"]);
        assert_ne!(one, other);
    }
}
