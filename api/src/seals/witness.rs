//! Witnesses over HTTP (C2SP tlog-witness): they are sent a head and the proof
//! that what they saw last is its beginning, check both, and sign.

use std::fmt::Write;
use std::time::Duration;

use event_store::seal::{Sealed, SealedTree, SignedNote, VerifierKey};
use reqwest::{StatusCode, Url};

use super::outsider::ShowError;

/// A witness, and the way to it.
pub(super) struct Witness {
    add_checkpoint: Url,
    key: VerifierKey,
    http: reqwest::Client,
}

/// What a witness answers.
enum Answer {
    /// It has signed.
    Signed(String),
    /// It has seen a head of another size last.
    Saw(i64),
}

impl Witness {
    const LIMIT: Duration = Duration::from_secs(20);

    pub(super) fn new(prefix: &str, key: &VerifierKey) -> anyhow::Result<Self> {
        Ok(Self {
            add_checkpoint: format!("{prefix}/add-checkpoint").parse()?,
            key: key.clone(),
            http: reqwest::Client::builder().timeout(Self::LIMIT).build()?,
        })
    }

    /// Shows it a head, and returns its signature line.
    pub(super) async fn show(
        &self,
        tree: &SealedTree,
        seen: i64,
        head: &Sealed,
    ) -> Result<String, ShowError> {
        match self.send(tree, seen, head).await? {
            Answer::Signed(line) => Ok(line),
            Answer::Saw(size) if size > head.size => Err(ShowError::Contradiction(format!(
                "it has seen this log with {size} events, and here it has {}: events are gone",
                head.size
            ))),
            // It was shown something that this database does not know of.
            Answer::Saw(size) => match self.send(tree, size, head).await? {
                Answer::Signed(line) => Ok(line),
                Answer::Saw(other) => Err(ShowError::Failed(format!(
                    "it said that it had last seen {size} events, and then {other}"
                ))),
            },
        }
    }

    async fn send(&self, tree: &SealedTree, old: i64, head: &Sealed) -> Result<Answer, ShowError> {
        let proof = if old == 0 || old == head.size {
            Vec::new()
        } else {
            tree.consistency_proof(old, head.size).await?
        };
        let mut body = format!("old {old}\n");
        for hash in proof {
            // Writing to a string cannot fail.
            let _ = writeln!(body, "{}", hash.to_base64());
        }
        body.push('\n');
        body.push_str(&head.note);
        let failed = |error: reqwest::Error| ShowError::Failed(error.to_string());
        let response = self
            .http
            .post(self.add_checkpoint.clone())
            .body(body)
            .send()
            .await
            .map_err(failed)?;
        let status = response.status();
        let text = response.text().await.map_err(failed)?;
        match status {
            StatusCode::OK => self.signature(head, &text).map(Answer::Signed),
            StatusCode::CONFLICT => match text.trim().parse() {
                Ok(size) if size != old => Ok(Answer::Saw(size)),
                _ => Err(ShowError::Contradiction(format!(
                    "it has seen another log of {old} events than this one"
                ))),
            },
            StatusCode::UNPROCESSABLE_ENTITY => Err(ShowError::Contradiction(format!(
                "the {old} events that it saw last are not the beginning of this log"
            ))),
            status => Err(ShowError::Failed(format!("it answered {status}"))),
        }
    }

    /// Its own line among those that it answered, if it is right.
    fn signature(&self, head: &Sealed, lines: &str) -> Result<String, ShowError> {
        let failed = |problem: String| ShowError::Failed(problem);
        let mut note: SignedNote = head
            .note
            .parse()
            .map_err(|error| failed(format!("{error}")))?;
        let own = lines
            .lines()
            .filter_map(|line| SignedNote::parse_signature(line).ok())
            .find(|line| line.name == self.key.name() && line.key_id == self.key.id())
            .ok_or_else(|| failed("it answered without a signature of its key".to_owned()))?;
        let line = own.to_string();
        note.signatures.push(own);
        self.key
            .verify(&note)
            .map_err(|error| failed(format!("{error}")))?;
        Ok(line)
    }
}
