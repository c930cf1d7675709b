//! What the one who verifies has from elsewhere: a public key, and heads that
//! were kept from before. Without them the log can only be held against
//! itself.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;
use event_store::seal::{KeyChain, NoteError, VerifierKey};

use super::Finding;
use crate::package::{Head, read_text};

/// What is trusted.
#[derive(Debug, Clone, Args)]
pub(crate) struct TrustArgs {
    /// The public key of the log, or one that has handed over to it, as it was
    /// given out; or a file with it. Without it, the key that stands beside the
    /// log is believed.
    #[arg(long, value_name = "KEY|FILE", env = "DOCKET_REPLAY_KEY")]
    key: Option<String>,

    /// A file with signed heads that a witness, or you, kept from before. The
    /// log must go on from the last of them. Without it, a tail that was cut
    /// together with its seals cannot be seen.
    #[arg(long, value_name = "FILE", env = "DOCKET_REPLAY_WITNESS")]
    witness: Option<PathBuf>,
}

/// What is trusted, read.
#[derive(Debug, Default)]
pub(super) struct Trust {
    pub(super) key: Option<VerifierKey>,
    /// Heads that were kept, the smallest first.
    pub(super) witnessed: Vec<Head>,
    /// The file that holds them.
    witness: Option<PathBuf>,
}

impl Trust {
    pub(super) fn read(arguments: &TrustArgs) -> anyhow::Result<Self> {
        let key = arguments.key.as_deref().map(trusted_key).transpose()?;
        let mut witnessed = match &arguments.witness {
            Some(path) => heads(path)?,
            None => Vec::new(),
        };
        witnessed.sort_by_key(|head| head.checkpoint.size);
        witnessed.dedup_by(|one, other| one.note == other.note);
        Ok(Self {
            key,
            witnessed,
            witness: arguments.witness.clone(),
        })
    }

    /// Leaves away the heads that say nothing about a log: those of other logs,
    /// as a witness knows several, and those that were changed since they were
    /// signed. Returns what is wrong with the file of heads.
    pub(super) fn keep_those_of(&mut self, chain: &KeyChain) -> Option<String> {
        let (file, current) = (self.witness.as_ref()?.display(), chain.current()?);
        let name = current.name();
        self.witnessed.retain(|head| head.checkpoint.origin == name);
        if self.witnessed.is_empty() {
            return Some(format!(
                "none of the heads in {file} is one of this log, {name}"
            ));
        }
        let mut problem = None;
        self.witnessed.retain(|head| {
            let signed = chain.verify(&head.note, head.size().unwrap_or(i64::MAX));
            let Err(error @ NoteError::WrongSignature { .. }) = signed else {
                return true;
            };
            problem = Some(format!(
                "the head of {} events in {file} is not as it was signed: {error}",
                head.checkpoint.size
            ));
            false
        });
        problem
    }

    /// Whether the log's keys are those that are trusted, and the kept heads
    /// are signed by them.
    pub(super) fn contradiction(&self, chain: &KeyChain) -> Option<Finding> {
        if let Some(key) = &self.key
            && !chain.leads_from(key)
        {
            let problem = match chain.current() {
                Some(current) => format!(
                    "the log is sealed by other keys than the one that is trusted: by {current}"
                ),
                None => "the log is not sealed, and a key of it is trusted".to_owned(),
            };
            return Some(Finding::new(1, problem));
        }
        self.witnessed.iter().find_map(|head| {
            let size = head.size().ok()?;
            let signed = chain.verify(&head.note, size);
            signed.err().map(|error| {
                let problem = format!(
                    "a head of {size} events that was kept is not one of this log: {error}"
                );
                Finding::new(1, problem)
            })
        })
    }

    /// What this check cannot see, in sentences.
    pub(super) fn blind_spots(&self) -> Vec<String> {
        let mut blind = Vec::new();
        if self.key.is_none() {
            blind.push(
                "No key was given (--key): the log was held against the key that stands beside it."
                    .to_owned(),
            );
        }
        if self.witness.is_none() {
            blind.push(
                "No kept head was given (--witness): a tail that was cut together with its seals \
                 cannot be seen, nor that the last heads were removed."
                    .to_owned(),
            );
        }
        blind
    }
}

/// A public key as it was given: itself, or a file with it.
pub(crate) fn trusted_key(given: &str) -> anyhow::Result<VerifierKey> {
    let path = Path::new(given);
    let text = if path.exists() {
        read_text(path)?
    } else {
        given.to_owned()
    };
    // A file may list the keys of a log; the last one signs.
    let last = text.lines().rfind(|line| !line.trim().is_empty());
    last.unwrap_or_default().parse().context("--key")
}

fn heads(path: &Path) -> anyhow::Result<Vec<Head>> {
    let heads = Head::read_all(&read_text(path)?)
        .with_context(|| format!("{} holds no signed heads", path.display()))?;
    if heads.is_empty() {
        bail!("{} holds no signed heads", path.display());
    }
    Ok(heads)
}
