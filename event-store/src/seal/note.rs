//! Texts that are signed (C2SP signed-note): a text, an empty line, and a line
//! for each signature.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature as Ed25519Signature, VerifyingKey};
use sha2::{Digest, Sha256};

/// What a key signs, by the number that its id is computed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SignatureKind {
    /// The text, with Ed25519: how a log signs its heads.
    Ed25519,
    /// The text and a time, with Ed25519 (C2SP tlog-cosignature, version 1):
    /// how a witness says that it has seen a head.
    Cosignature,
}

impl SignatureKind {
    fn number(self) -> u8 {
        match self {
            Self::Ed25519 => 1,
            Self::Cosignature => 4,
        }
    }

    fn from_number(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::Ed25519),
            4 => Some(Self::Cosignature),
            _ => None,
        }
    }
}

/// A public key under its name, as outsiders are given it:
/// `name+1a2b3c4d+AQ...`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    kind: SignatureKind,
    key: VerifyingKey,
}

/// A signature line of a note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// Whose it claims to be.
    pub name: String,
    /// The first bytes of the hash of name, kind and key.
    pub key_id: [u8; 4],
    /// What stands behind the id.
    pub bytes: Vec<u8>,
}

/// A text with its signatures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedNote {
    /// What is signed, its last line feed included.
    pub text: String,
    /// By whom.
    pub signatures: Vec<Signature>,
}

/// Why a note, a key or a signature says nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// It does not have the form of a signed note.
    #[error("this is not a signed note: {0}")]
    Malformed(&'static str),
    /// It does not have the form of a verifier key.
    #[error("this is not a verifier key such as name+1a2b3c4d+AQ...: {0}")]
    Key(&'static str),
    /// None of its signatures is of a key that is trusted.
    #[error("the note is not signed by {name}")]
    NotSigned {
        /// The key that was looked for.
        name: String,
    },
    /// A signature claims to be of a trusted key and is not.
    #[error("the signature of {name} is wrong: the text was altered or signed by somebody else")]
    WrongSignature {
        /// The key that it claims to be of.
        name: String,
    },
}

/// Whether a key or a log may be called this.
fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c.is_control() || c == '+')
}

impl VerifierKey {
    /// The public key of a signer.
    pub fn new(name: &str, kind: SignatureKind, key: VerifyingKey) -> Result<Self, NoteError> {
        if !is_name(name) {
            return Err(NoteError::Key(
                "a name has neither spaces nor plus signs and is not empty",
            ));
        }
        Ok(Self {
            name: name.to_owned(),
            kind,
            key,
        })
    }

    /// What it is called: for the key of a log, the log's origin.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it signs.
    pub fn kind(&self) -> SignatureKind {
        self.kind
    }

    /// The id that its signatures begin with.
    pub fn id(&self) -> [u8; 4] {
        let mut hasher = Sha256::new();
        hasher.update(&self.name);
        hasher.update([b'\n', self.kind.number()]);
        hasher.update(self.key.as_bytes());
        let digest = hasher.finalize();
        [digest[0], digest[1], digest[2], digest[3]]
    }

    /// The id in eight hexadecimal digits.
    pub fn id_text(&self) -> String {
        format!("{:08x}", u32::from_be_bytes(self.id()))
    }

    /// Checks that the note is signed by this key. Returns the time of a
    /// cosignature, in seconds since 1970.
    pub fn verify(&self, note: &SignedNote) -> Result<Option<u64>, NoteError> {
        let id = self.id();
        let own = note
            .signatures
            .iter()
            .find(|signature| signature.name == self.name && signature.key_id == id)
            .ok_or_else(|| NoteError::NotSigned {
                name: self.name.clone(),
            })?;
        let wrong = || NoteError::WrongSignature {
            name: self.name.clone(),
        };
        let (message, signature, time) = match self.kind {
            SignatureKind::Ed25519 => (note.text.clone(), &*own.bytes, None),
            SignatureKind::Cosignature => {
                let (time, signature) = own.bytes.split_first_chunk::<8>().ok_or_else(wrong)?;
                let time = u64::from_be_bytes(*time);
                (cosigned(time, &note.text), signature, Some(time))
            }
        };
        let signature = Ed25519Signature::from_slice(signature).map_err(|_| wrong())?;
        self.key
            .verify_strict(message.as_bytes(), &signature)
            .map_err(|_| wrong())?;
        Ok(time)
    }
}

/// What a witness signs of a text at a time, in seconds since 1970.
pub(crate) fn cosigned(time: u64, text: &str) -> String {
    format!("cosignature/v1\ntime {time}\n{text}")
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut key = vec![self.kind.number()];
        key.extend(self.key.as_bytes());
        write!(
            formatter,
            "{}+{}+{}",
            self.name,
            self.id_text(),
            STANDARD.encode(key)
        )
    }
}

impl FromStr for VerifierKey {
    type Err = NoteError;

    fn from_str(text: &str) -> Result<Self, NoteError> {
        let mut parts = text.trim().splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(NoteError::Key(
                "it has a name, an id and a key between two plus signs",
            ));
        };
        let bytes = STANDARD
            .decode(key)
            .map_err(|_| NoteError::Key("the key is not in base64"))?;
        let (number, key) = bytes
            .split_first()
            .ok_or(NoteError::Key("the key is empty"))?;
        let kind = SignatureKind::from_number(*number)
            .ok_or(NoteError::Key("it is neither Ed25519 nor a cosignature"))?;
        let key = <&[u8; 32]>::try_from(key)
            .ok()
            .and_then(|key| VerifyingKey::from_bytes(key).ok())
            .ok_or(NoteError::Key("the key is not an Ed25519 public key"))?;
        let key = Self::new(name, kind, key)?;
        if key.id_text() != id {
            return Err(NoteError::Key("the id is not that of the name and the key"));
        }
        Ok(key)
    }
}

impl SignedNote {
    const MOST_SIGNATURES: usize = 64;

    /// A note without signatures. Its text ends with a line feed.
    pub fn new(text: String) -> Self {
        Self {
            text,
            signatures: Vec::new(),
        }
    }

    /// Reads the notes of a file, one behind the other, empty lines between
    /// them: what a file that keeps the heads of a log holds, or one mail. What
    /// editors and mail programs add is passed over: byte order marks, and
    /// blanks at the end of a line.
    pub fn parse_all(text: &str) -> Result<Vec<Self>, NoteError> {
        let mut notes = Vec::new();
        let mut note = String::new();
        let mut is_signed = false;
        for line in text.lines() {
            let line = line.trim_start_matches('\u{feff}').trim_end();
            let is_signature = line.starts_with("\u{2014} ");
            if is_signed && !is_signature {
                notes.push(note.parse()?);
                note.clear();
            }
            is_signed = is_signature;
            if !note.is_empty() || !line.is_empty() {
                note.push_str(line);
                note.push('\n');
            }
        }
        if !note.is_empty() {
            notes.push(note.parse()?);
        }
        Ok(notes)
    }

    /// Reads a signature line, as a witness answers it.
    pub fn parse_signature(line: &str) -> Result<Signature, NoteError> {
        let rest = line
            .strip_prefix("\u{2014} ")
            .ok_or(NoteError::Malformed("a signature line begins with a dash"))?;
        let (name, signature) = rest.split_once(' ').ok_or(NoteError::Malformed(
            "a signature line has a name and a signature",
        ))?;
        if !is_name(name) {
            return Err(NoteError::Malformed("a signature has no name"));
        }
        let bytes = STANDARD
            .decode(signature)
            .map_err(|_| NoteError::Malformed("a signature is not in base64"))?;
        let (key_id, bytes) = bytes
            .split_first_chunk::<4>()
            .ok_or(NoteError::Malformed("a signature is too short"))?;
        Ok(Signature {
            name: name.to_owned(),
            key_id: *key_id,
            bytes: bytes.to_vec(),
        })
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = self.key_id.to_vec();
        bytes.extend(&self.bytes);
        write!(
            formatter,
            "\u{2014} {} {}",
            self.name,
            STANDARD.encode(bytes)
        )
    }
}

impl fmt::Display for SignedNote {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{}", self.text)?;
        self.signatures
            .iter()
            .try_for_each(|signature| writeln!(formatter, "{signature}"))
    }
}

impl FromStr for SignedNote {
    type Err = NoteError;

    fn from_str(note: &str) -> Result<Self, NoteError> {
        let is_forbidden = |c: char| c.is_ascii_control() && c != '\n';
        if note.contains(is_forbidden) {
            return Err(NoteError::Malformed("it has control characters"));
        }
        let end = note
            .rfind("\n\n")
            .ok_or(NoteError::Malformed("an empty line ends the text"))?;
        let (text, lines) = (&note[..=end], &note[end + 2..]);
        let lines = lines
            .strip_suffix('\n')
            .ok_or(NoteError::Malformed("it ends in the middle of a line"))?;
        let signatures = lines
            .split('\n')
            .take(Self::MOST_SIGNATURES + 1)
            .map(Self::parse_signature)
            .collect::<Result<Vec<_>, _>>()?;
        if signatures.len() > Self::MOST_SIGNATURES {
            return Err(NoteError::Malformed("it has too many signatures"));
        }
        Ok(Self {
            text: text.to_owned(),
            signatures,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of Go's note package, which the specification comes from.
    const KEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const NOTE: &str = "If you think cryptography is the answer to your problem,\n\
        then you don't know what your problem is.\n\
        \n\
        \u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

    #[test]
    fn a_note_signed_by_another_program_is_verified() {
        let key: VerifierKey = KEY.parse().unwrap();
        assert_eq!(key.to_string(), KEY);
        let note: SignedNote = NOTE.parse().unwrap();
        assert_eq!(note.to_string(), NOTE);
        assert_eq!(key.verify(&note), Ok(None));

        let altered: SignedNote = NOTE.replace("answer", "end").parse().unwrap();
        assert!(matches!(
            key.verify(&altered),
            Err(NoteError::WrongSignature { .. })
        ));
        let other: SignedNote = NOTE
            .replace("\u{2014} Peter", "\u{2014} Paul")
            .parse()
            .unwrap();
        assert!(matches!(
            key.verify(&other),
            Err(NoteError::NotSigned { .. })
        ));
    }

    #[test]
    fn the_notes_of_a_file_are_read_one_by_one() {
        let note: SignedNote = NOTE.parse().unwrap();
        let two = SignedNote::parse_all(&format!("{NOTE}\n{NOTE}\n")).unwrap();
        assert_eq!(two, [note.clone(), note.clone()]);
        let by_mail = SignedNote::parse_all(&NOTE.replace('\n', "\r\n")).unwrap();
        assert_eq!(by_mail, [note]);
        assert_eq!(SignedNote::parse_all("\n").unwrap(), []);
        assert!(SignedNote::parse_all("no note\n").is_err());
    }

    #[test]
    fn what_has_another_form_is_refused() {
        for wrong in [
            "",
            "text\n",
            "text\n\n",
            "text\n\n\u{2014} name\n",
            "text\n\n- name AAAAAAAA\n",
            "text\n\n\u{2014} name AAAA\n",
            "text\n\n\u{2014} name AAAAAAAA",
            "a\u{7}\n\n\u{2014} name AAAAAAAA\n",
        ] {
            assert!(wrong.parse::<SignedNote>().is_err(), "{wrong:?}");
        }
        for wrong in [
            "",
            "name",
            "name+c74f20a3",
            KEY.trim_end_matches('W'),
            &KEY.replace("c74f", "c74e"),
            &KEY.replace("Peter", "Peter "),
            &KEY.replace("+AR", "+BR"),
        ] {
            assert!(wrong.parse::<VerifierKey>().is_err(), "{wrong:?}");
        }
    }
}
