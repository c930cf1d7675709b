//! One way to write JSON, so that the same content always has the same bytes:
//! what is hashed and sealed is exactly what is stored.

use serde::Serialize;
use sha2::{Digest, Sha256};

/// The RFC 8785 canonical form of a value: the only form in which payloads and
/// metadata enter the log.
pub fn canonical_json<T: Serialize>(value: &T) -> Result<Box<str>, serde_json::Error> {
    serde_json_canonicalizer::to_string(value).map(String::into_boxed_str)
}

/// The largest whole number that every reader of JSON holds exactly, and below
/// zero the smallest: canonical JSON has the numbers of IEEE 754 (RFC 8785).
pub const MAX_EXACT_INTEGER: i64 = (1 << 53) - 1;

/// The first number in a JSON text that canonical JSON does not hold exactly:
/// it may be another one than was meant, so nothing with it is sealed.
pub fn inexact_number(json: &str) -> Option<&str> {
    const LONGEST_EXACT: usize = 15;
    let bytes = json.as_bytes();
    let mut place = 0;
    while let Some(byte) = bytes.get(place) {
        let begin = place;
        match byte {
            b'"' => place = after_string(bytes, place),
            b'-' | b'0'..=b'9' => {
                let is_of_number =
                    |byte: &u8| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
                while bytes.get(place).is_some_and(is_of_number) {
                    place += 1;
                }
                let number = &json[begin..place];
                if number.len() > LONGEST_EXACT || number.contains(['e', 'E']) {
                    let value: f64 = number.parse().unwrap_or(f64::INFINITY);
                    #[expect(clippy::cast_precision_loss, reason = "exact by its definition")]
                    if value.abs() > MAX_EXACT_INTEGER as f64 {
                        return Some(number);
                    }
                }
            }
            _ => place += 1,
        }
    }
    None
}

/// The place behind a string that begins here.
fn after_string(bytes: &[u8], begin: usize) -> usize {
    let mut place = begin + 1;
    while let Some(found) = memchr::memchr2(b'"', b'\\', bytes.get(place..).unwrap_or_default()) {
        place += found;
        if bytes[place] == b'"' {
            return place + 1;
        }
        place += 2;
    }
    bytes.len()
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
    fn a_number_that_json_does_not_hold_exactly_is_found() {
        for exact in [
            r#"{"size_bytes":9007199254740991}"#,
            r#"{"a":[-9007199254740991,0,1.5,0.000001],"b":"9007199254740993","c":"\\\"1e99"}"#,
            "\"9007199254740993",
            "",
        ] {
            assert_eq!(inexact_number(exact), None, "{exact}");
        }
        for (inexact, number) in [
            (r#"{"a":9007199254740992}"#, "9007199254740992"),
            (
                r#"{"a":"\\","b":[1,-9223372036854775808]}"#,
                "-9223372036854775808",
            ),
            (r#"{"a":1e+21}"#, "1e+21"),
        ] {
            assert_eq!(inexact_number(inexact), Some(number), "{inexact}");
        }
        // What is written was rounded, and is found all the same.
        let written = canonical_json(&9_007_199_254_740_993_u64).unwrap();
        assert_eq!(inexact_number(&written), Some("9007199254740992"));
    }

    #[test]
    fn the_border_between_parts_is_part_of_the_content() {
        let one = content_hash([b"ab".as_slice(), b"c"]);
        let other = content_hash([b"a".as_slice(), b"bc"]);
        assert_ne!(one, other);
    }
}
