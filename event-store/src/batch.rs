//! A batch of commits: which of them go together, what is sent, and how the
//! answer is read.

use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::{BuildHasher, Hash, RandomState};

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::appender::{Answer, Waiting};
use crate::{AppendError, Appended, Commit, RecordedEvent};

/// Chooses the commits of a batch so that no command or key occurs in two of
/// them, and no stream that one of them writes in another: what meets an
/// earlier one waits for the next batch, and is judged there against what the
/// earlier one left.
pub(crate) struct Gathering {
    max_commits: usize,
    max_bytes: usize,
    hasher: RandomState,
    claimed: HashSet<u64>,
    /// The streams that decisions of the batch rest on: any number of them may
    /// rest on one, and none may write it.
    read: HashSet<u64>,
    commits: Vec<Waiting>,
    bytes: usize,
}

impl Gathering {
    pub(crate) fn new(max_commits: usize, max_bytes: usize) -> Self {
        Self {
            max_commits,
            max_bytes,
            hasher: RandomState::new(),
            claimed: HashSet::new(),
            read: HashSet::new(),
            commits: Vec::new(),
            bytes: 0,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.commits.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.commits.len()
    }

    pub(crate) fn is_full(&self) -> bool {
        self.commits.len() >= self.max_commits || self.bytes >= self.max_bytes
    }

    /// Takes a commit in, or puts it to those that wait.
    ///
    /// Claims are remembered as hashes: two that collide by chance only cost
    /// one of them a batch of waiting.
    pub(crate) fn offer(&mut self, waiting: Waiting, deferred: &mut VecDeque<Waiting>) {
        let commit = &waiting.commit;
        let weight = commit.weight();
        let no_room = self.is_full() || (!self.is_empty() && self.bytes + weight > self.max_bytes);
        let stream = |aggregate_type, id| self.hasher.hash_one(Claim::Stream(aggregate_type, id));
        let written = stream(commit.aggregate_type, commit.aggregate_id);
        let rests_on = || {
            let streams = commit.rests_on.iter();
            streams.map(|other| stream(other.aggregate_type, other.aggregate_id))
        };
        let claims = || {
            let command = self.hasher.hash_one(Claim::Command(commit.command_id));
            let keys = commit.reservations.iter().map(|reservation| {
                self.hasher
                    .hash_one(Claim::Key(reservation.scope, &reservation.key))
            });
            [written, command].into_iter().chain(keys)
        };
        let meets = claims()
            .chain(rests_on())
            .any(|claim| self.claimed.contains(&claim))
            || self.read.contains(&written);
        if no_room || meets {
            deferred.push_back(waiting);
            return;
        }
        let (claims, read): (Vec<u64>, Vec<u64>) = (claims().collect(), rests_on().collect());
        self.claimed.extend(claims);
        self.read.extend(read);
        self.bytes += weight;
        self.commits.push(waiting);
    }

    /// The commits of the batch; the next one starts empty.
    pub(crate) fn take(&mut self) -> Vec<Waiting> {
        self.claimed.clear();
        self.read.clear();
        self.bytes = 0;
        std::mem::take(&mut self.commits)
    }
}

#[derive(Hash)]
enum Claim<'a> {
    Stream(&'a str, Uuid),
    Command(Uuid),
    Key(&'a str, &'a str),
}

/// Sends a batch in one statement, which is one transaction, and reads the
/// answer to each of its commits, in their order.
pub(crate) async fn append(
    connection: &mut PgConnection,
    commits: &[Waiting],
) -> Result<Vec<Answer>, sqlx::Error> {
    let columns = Columns::of(commits);
    let rows = sqlx::query_as!(
        Row,
        r#"
        select
            outcome as "outcome!", refused_command, first_position, last_position, version,
            recorded_at, taken_scope, taken_key, holder
        from append_batch($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
        "#,
        &columns.aggregate_types as &[&str],
        &columns.aggregate_ids,
        &columns.sequences,
        &columns.event_types as &[&str],
        &columns.event_versions as &[&str],
        &columns.payloads as &[&str],
        &columns.metadata as &[&str],
        &columns.command_ids,
        &columns.command_indexes,
        &columns.request_hashes as &[Option<&[u8]>],
        &columns.reservation_commands,
        &columns.reservation_types as &[&str],
        &columns.reservation_ids,
        &columns.reservation_scopes as &[&str],
        &columns.reservation_keys as &[&str],
        &columns.rests_on_commands,
        &columns.rests_on_types as &[&str],
        &columns.rests_on_ids,
        &columns.rests_on_versions,
    )
    .fetch_all(connection)
    .await?;
    answers(commits, rows).ok_or_else(|| {
        sqlx::Error::Protocol("append_batch gave an answer of another form".to_owned())
    })
}

/// A row of the answer: one for the batch, one for each refused commit.
struct Row {
    outcome: String,
    refused_command: Option<Uuid>,
    first_position: Option<i64>,
    last_position: Option<i64>,
    version: Option<i64>,
    recorded_at: Option<DateTime<Utc>>,
    taken_scope: Option<String>,
    taken_key: Option<String>,
    holder: Option<String>,
}

impl Row {
    /// What the caller of a refused commit hears.
    fn refusal(self) -> Option<Answer> {
        Some(match self.outcome.as_str() {
            "duplicate" => Ok(Appended {
                from: self.first_position?,
                to: self.last_position?,
                version: self.version?,
                recorded_at: self.recorded_at?,
                duplicate: true,
            }),
            "conflict" => Err(AppendError::Conflict {
                current: self.version?,
            }),
            "reused" => Err(AppendError::CommandIdReused),
            "taken" => Err(AppendError::KeyTaken {
                scope: self.taken_scope?,
                key: self.taken_key?,
                holder: Uuid::try_parse(&self.holder?).ok()?,
            }),
            _ => return None,
        })
    }
}

/// Gives each commit its answer: those that were not refused were numbered in
/// their order. Nothing if the rows do not add up.
fn answers(commits: &[Waiting], rows: Vec<Row>) -> Option<Vec<Answer>> {
    let mut rows = rows.into_iter();
    let batch = rows.next().filter(|row| row.outcome == "batch")?;
    let mut refused = rows
        .map(|row| Some((row.refused_command?, row.refusal()?)))
        .collect::<Option<HashMap<_, _>>>()?;
    let recorded_at = batch.recorded_at?;
    let mut next = batch.first_position?;

    let mut answers = Vec::with_capacity(commits.len());
    for Waiting { commit, .. } in commits {
        let answer = refused.remove(&commit.command_id).unwrap_or_else(|| {
            let events = i64::try_from(commit.events.len()).unwrap_or(i64::MAX);
            let from = next;
            next += events;
            Ok(Appended {
                from,
                to: from + events - 1,
                version: commit.expected_version + events,
                recorded_at,
                duplicate: false,
            })
        });
        answers.push(answer);
    }
    (refused.is_empty() && batch.last_position? == next - 1).then_some(answers)
}

/// The events of a batch turned into columns, which the statement takes as
/// arrays.
#[derive(Default)]
struct Columns<'a> {
    aggregate_types: Vec<&'a str>,
    aggregate_ids: Vec<String>,
    sequences: Vec<i64>,
    event_types: Vec<&'a str>,
    event_versions: Vec<&'a str>,
    payloads: Vec<&'a str>,
    metadata: Vec<&'a str>,
    command_ids: Vec<Uuid>,
    command_indexes: Vec<i16>,
    request_hashes: Vec<Option<&'a [u8]>>,
    reservation_commands: Vec<Uuid>,
    reservation_types: Vec<&'a str>,
    reservation_ids: Vec<String>,
    reservation_scopes: Vec<&'a str>,
    reservation_keys: Vec<&'a str>,
    rests_on_commands: Vec<Uuid>,
    rests_on_types: Vec<&'a str>,
    rests_on_ids: Vec<String>,
    rests_on_versions: Vec<i64>,
}

impl<'a> Columns<'a> {
    fn of(commits: &'a [Waiting]) -> Self {
        let mut columns = Self::default();
        for waiting in commits {
            columns.add(&waiting.commit);
        }
        columns
    }

    fn add(&mut self, commit: &'a Commit) {
        let id = commit.aggregate_id.to_string();
        for (index, event) in (0_i16..).zip(&commit.events) {
            self.aggregate_types.push(commit.aggregate_type);
            self.aggregate_ids.push(id.clone());
            self.sequences
                .push(commit.expected_version + i64::from(index) + 1);
            self.event_types.push(&event.event_type);
            self.event_versions.push(&event.event_version);
            self.payloads.push(&event.payload);
            self.metadata.push(&commit.metadata);
            self.command_ids.push(commit.command_id);
            self.command_indexes.push(index);
            self.request_hashes
                .push((index == 0).then_some(&commit.request_hash));
        }
        for reservation in &commit.reservations {
            self.reservation_commands.push(commit.command_id);
            self.reservation_types.push(commit.aggregate_type);
            self.reservation_ids.push(id.clone());
            self.reservation_scopes.push(reservation.scope);
            self.reservation_keys.push(&reservation.key);
        }
        for other in &commit.rests_on {
            self.rests_on_commands.push(commit.command_id);
            self.rests_on_types.push(other.aggregate_type);
            self.rests_on_ids.push(other.aggregate_id.to_string());
            self.rests_on_versions.push(other.version);
        }
    }
}

/// The events of a commit as the log has just recorded them.
pub(crate) fn recorded(commit: Commit, appended: &Appended) -> impl Iterator<Item = RecordedEvent> {
    let aggregate_type: std::sync::Arc<str> = std::sync::Arc::from(commit.aggregate_type);
    let appended = *appended;
    (0_i16..)
        .zip(commit.events)
        .map(move |(index, event)| RecordedEvent {
            position: appended.from + i64::from(index),
            aggregate_type: aggregate_type.clone(),
            aggregate_id: commit.aggregate_id,
            sequence: commit.expected_version + i64::from(index) + 1,
            event_type: event.event_type,
            event_version: event.event_version,
            payload: event.payload,
            metadata: commit.metadata.clone(),
            command_id: commit.command_id,
            command_index: index,
            request_hash: (index == 0).then_some(commit.request_hash),
            recorded_at: appended.recorded_at,
        })
}
