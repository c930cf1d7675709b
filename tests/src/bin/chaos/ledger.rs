//! What the clients were told of each command, to be held against the log.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use uuid::Uuid;

/// What a client was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Carried out.
    Accepted(Accepted),
    /// Not carried out, for a reason with this code.
    Refused(String),
    /// Not carried out this time, because the desk cannot work at present.
    Unavailable,
    /// Perhaps carried out.
    Unknown,
    /// Nobody was there to be asked.
    NotSent,
}

/// How a command was carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Accepted {
    /// The position of its last event.
    pub(crate) position: i64,
    /// The object's version after it.
    pub(crate) version: i64,
    /// Whether the answer says that it had been carried out before.
    pub(crate) duplicate: bool,
    /// The object's global id, where it was asked for.
    pub(crate) object: Option<String>,
}

/// All that was said of one command.
#[derive(Debug, Clone, Default)]
pub(crate) struct Entry {
    /// Where it stands, as it was acknowledged first.
    pub(crate) acknowledged: Option<(i64, i64)>,
    /// Whether it is, or was once, not known what became of it.
    pub(crate) unknown: bool,
    /// How often it was sent.
    pub(crate) sent: u32,
    refused: bool,
}

/// What all clients were told.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    entries: Mutex<HashMap<Uuid, Entry>>,
    wrong: Mutex<Vec<String>>,
}

impl Ledger {
    /// Writes down an answer to a command.
    pub(crate) fn record(&self, command: Uuid, answer: &Answer) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = entries.entry(command).or_default();
        if *answer != Answer::NotSent {
            entry.sent += 1;
        }
        match answer {
            Answer::Accepted(accepted) => {
                let place = (accepted.position, accepted.version);
                match entry.acknowledged {
                    Some(first) if first != place => {
                        self.wrong(format!(
                            "command {command} was answered with {first:?} and then with {place:?}"
                        ));
                    }
                    Some(_) if !accepted.duplicate => {
                        self.wrong(format!(
                            "command {command} was carried out twice, as its answers say"
                        ));
                    }
                    _ => entry.acknowledged = Some(place),
                }
            }
            Answer::Refused(code) => {
                if entry.acknowledged.is_some() {
                    self.wrong(format!("command {command} was acknowledged, and refused with {code} when it came again"));
                }
                entry.refused = true;
            }
            Answer::Unknown => entry.unknown = true,
            Answer::Unavailable | Answer::NotSent => {}
        }
    }

    /// Something is not as it was promised.
    pub(crate) fn wrong(&self, what: String) {
        self.wrong
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(what);
    }

    /// Everything that was not as it was promised.
    pub(crate) fn take_wrong(&self) -> Vec<String> {
        std::mem::take(&mut *self.wrong.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// How many commands were acknowledged so far.
    pub(crate) fn acknowledged(&self) -> usize {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries
            .values()
            .filter(|entry| entry.acknowledged.is_some())
            .count()
    }

    /// All commands.
    pub(crate) fn entries(&self) -> HashMap<Uuid, Entry> {
        self.entries
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// In a line.
    pub(crate) fn summary(&self) -> String {
        let entries = self.entries();
        let count =
            |which: &dyn Fn(&Entry) -> bool| entries.values().filter(|entry| which(entry)).count();
        format!(
            "{} commands, {} acknowledged ({} of them after an unknown outcome), {} refused, {} left unknown",
            entries.len(),
            count(&|entry| entry.acknowledged.is_some()),
            count(&|entry| entry.acknowledged.is_some() && entry.unknown),
            count(&|entry| entry.acknowledged.is_none() && entry.refused),
            count(&|entry| entry.acknowledged.is_none() && !entry.refused && entry.unknown),
        )
    }
}
