//! The keys of a log, one handing over to the next.

use chrono::{DateTime, Utc};

use super::note::{NoteError, SignedNote, VerifierKey};

/// A key of the log as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRow {
    /// Place in the order, from 1.
    pub number: i32,
    /// The public key.
    pub verifier_key: String,
    /// How many events were sealed when it was adopted.
    pub from_size: i64,
    /// The note by which the key before hands over; nothing for the first.
    pub endorsement: Option<String>,
    /// When it was adopted.
    pub adopted_at: DateTime<Utc>,
}

/// The text by which a key hands over to the next one, signed by both.
pub fn rotation_text(old: &VerifierKey, new: &VerifierKey, size: i64) -> String {
    format!("docket key rotation/v1\n{old}\n{new}\n{size}\n")
}

/// The keys of a log, checked: each is endorsed by the one before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyChain {
    keys: Vec<(VerifierKey, i64)>,
}

impl KeyChain {
    /// Checks the keys of a log, in their order.
    pub fn check(rows: &[KeyRow]) -> Result<Self, NoteError> {
        let mut keys: Vec<(VerifierKey, i64)> = Vec::with_capacity(rows.len());
        for row in rows {
            let key: VerifierKey = row.verifier_key.parse()?;
            match (keys.last(), &row.endorsement) {
                (None, None) => {}
                (Some((before, from)), Some(endorsement)) => {
                    let note: SignedNote = endorsement.parse()?;
                    if note.text != rotation_text(before, &key, row.from_size)
                        || row.from_size < *from
                    {
                        return Err(NoteError::Malformed(
                            "it endorses another key than the next",
                        ));
                    }
                    before.verify(&note)?;
                    key.verify(&note)?;
                }
                _ => {
                    return Err(NoteError::Malformed(
                        "a key was adopted without endorsement",
                    ));
                }
            }
            keys.push((key, row.from_size));
        }
        Ok(Self { keys })
    }

    /// The key that signs now; nothing for a log that was never sealed.
    pub fn current(&self) -> Option<&VerifierKey> {
        self.keys.last().map(|(key, _)| key)
    }

    /// Whether somebody who trusts this key may trust the log's present one:
    /// it is one of the log's, and so has handed over to those behind it.
    pub fn leads_from(&self, trusted: &VerifierKey) -> bool {
        self.keys.iter().any(|(key, _)| key == trusted)
    }

    /// Checks that a note is signed by a key that signed at that size.
    pub fn verify(&self, note: &SignedNote, size: i64) -> Result<(), NoteError> {
        let own = self.keys.iter().enumerate().filter(|(place, (_, from))| {
            let until = self.keys.get(place + 1).map(|(_, next)| *next);
            *from <= size && until.is_none_or(|until| size <= until)
        });
        let mut verdict = Err(NoteError::NotSigned {
            name: "a key of the log".to_owned(),
        });
        for (_, (key, _)) in own {
            match key.verify(note) {
                Ok(_) => return Ok(()),
                Err(error @ NoteError::WrongSignature { .. }) => return Err(error),
                Err(error) => verdict = Err(error),
            }
        }
        verdict
    }
}
