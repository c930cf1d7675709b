//! Looks at the text of a request before a parser does: how long it is, how
//! many tokens it has, and how deep its brackets go. The parsers recurse and
//! allocate by these; the look does neither.

use async_graphql::ServerError;

use super::{LIMITS, refusal, with_code};
use crate::error::code;

/// Refuses a document that a parser should not be given.
pub(super) fn document(text: &str) -> Result<(), ServerError> {
    if text.len() > LIMITS.document_bytes {
        let most = LIMITS.document_bytes;
        let message = format!(
            "a document has at most {most} bytes, this one has {}; longer texts are sent as variables",
            text.len()
        );
        return Err(refusal(message, None));
    }
    let bytes = text.as_bytes();
    let (mut at, mut tokens, mut open) = (0, 0_usize, 0_usize);
    while let Some(&byte) = bytes.get(at) {
        let is_token = !matches!(byte, b' ' | b',' | b'\t' | b'\r' | b'\n' | b'#' | 0x80..);
        tokens += usize::from(is_token);
        at = match byte {
            b'#' => after(bytes, at, |byte| !matches!(byte, b'\r' | b'\n')),
            b'"' => after_string(bytes, at)?,
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => after(bytes, at, |byte| {
                byte.is_ascii_alphanumeric() || byte == b'_'
            }),
            // The parser reads a zero as a number of its own.
            b'1'..=b'9' => after(bytes, at, |byte| byte.is_ascii_digit()),
            b'.' if bytes[at..].starts_with(b"...") => at + 3,
            _ => at + 1,
        };
        match byte {
            b'{' | b'[' | b'(' => open += 1,
            b'}' | b']' | b')' => open = open.saturating_sub(1),
            _ => {}
        }
        if tokens > LIMITS.tokens {
            let message = format!("a document has at most {} tokens", LIMITS.tokens);
            return Err(refusal(message, None));
        }
        if open > LIMITS.brackets {
            let message = format!(
                "brackets are nested at most {} deep in a document",
                LIMITS.brackets
            );
            return Err(refusal(message, None));
        }
    }
    Ok(())
}

/// The place after the bytes from `at` on that are so.
fn after(bytes: &[u8], at: usize, is_so: impl Fn(u8) -> bool) -> usize {
    let rest = bytes[at..].iter();
    at + rest.take_while(|byte| is_so(**byte)).count()
}

/// The place after the string that begins at `at`. What the parser could read
/// in another way than as one string is refused: brackets must not hide in it.
fn after_string(bytes: &[u8], at: usize) -> Result<usize, ServerError> {
    let is_block = bytes[at..].starts_with(b"\"\"\"");
    let mut at = if is_block { at + 3 } else { at + 1 };
    while let Some(&byte) = bytes.get(at) {
        let rest = &bytes[at..];
        match byte {
            b'\\' if is_block && rest.starts_with(b"\\\"\"\"") => at += 4,
            b'"' if is_block && rest.starts_with(b"\"\"\"") => return Ok(at + 3),
            b'\\' if !is_block => at += 2,
            b'"' if !is_block => return Ok(at + 1),
            b'\r' | b'\n' if !is_block => break,
            _ => at += 1,
        }
    }
    let error = ServerError::new("a string of the document is not closed", None);
    Err(with_code(error, code::GRAPHQL_PARSE_FAILED))
}

/// More values in a JSON text than a request may have.
pub(crate) struct TooManyValues;

impl std::fmt::Display for TooManyValues {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "a request has at most {} values", LIMITS.values)
    }
}

/// Refuses a JSON text with more values than a request may have, before it is
/// parsed. How deep it goes is limited by the parser itself.
pub(crate) fn values_within_limit(json: &[u8]) -> Result<(), TooManyValues> {
    let (mut at, mut values) = (0, 0_usize);
    while let Some(&byte) = json.get(at) {
        match byte {
            b'"' => {
                at += 1;
                while let Some(&byte) = json.get(at) {
                    match byte {
                        b'\\' => at += 2,
                        b'"' => break,
                        _ => at += 1,
                    }
                }
            }
            b'[' | b'{' | b',' => values += 1,
            _ => {}
        }
        at += 1;
        if values > LIMITS.values {
            return Err(TooManyValues);
        }
    }
    Ok(())
}
