//! A batch of commits: which of them go together, what is sent, and how the
//! answer is read.

use std::collections::{HashSet, VecDeque};
use std::hash::{BuildHasher, Hash, RandomState};

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::appender::Waiting;
use crate::reading::aggregate_id;
use crate::{AppendError, Appended, Commit, RecordedEvent, StoreError};

/// Chooses the commits of a batch so that no stream, command or key occurs in
/// two of them: what meets an earlier one waits for the next batch, and is
/// judged there against what the earlier one left.
pub(crate) struct Gathering {
    max_commits: usize,
    max_bytes: usize,
    hasher: RandomState,
    claimed: HashSet<u64>,
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
            commits: Vec::new(),
            bytes: 0,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.commits.is_empty()
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
        let claims = || {
            let stream = self
                .hasher
                .hash_one(Claim::Stream(commit.aggregate_type, commit.aggregate_id));
            let command = self.hasher.hash_one(Claim::Command(commit.command_id));
            let keys = commit.reservations.iter().map(|reservation| {
                self.hasher
                    .hash_one(Claim::Key(reservation.scope, &reservation.key))
            });
            [stream, command].into_iter().chain(keys)
        };
        if no_room || claims().any(|claim| self.claimed.contains(&claim)) {
            deferred.push_back(waiting);
            return;
        }
        let claims: Vec<u64> = claims().collect();
        self.claimed.extend(claims);
        self.bytes += weight;
        self.commits.push(waiting);
    }

    /// The commits of the batch; the next one starts empty.
    pub(crate) fn take(&mut self) -> Vec<Waiting> {
        self.claimed.clear();
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

/// What the log said to one commit of a batch.
pub(crate) struct Verdict {
    /// Which commit, counted from 0.
    pub(crate) index: usize,
    /// The answer for its caller.
    pub(crate) answer: Result<Appended, AppendError>,
}

/// Sends a batch in one statement, which is one transaction, and reads the
/// answer to each of its commits.
pub(crate) async fn append(
    connection: &mut PgConnection,
    commits: &[Waiting],
) -> Result<Vec<Verdict>, sqlx::Error> {
    let columns = Columns::of(commits);
    let rows = sqlx::query!(
        r#"
        select
            ordinal as "ordinal!", outcome as "outcome!", first_position as "first_position?",
            last_position as "last_position?", version as "version!", recorded_at as "recorded_at!",
            taken_scope as "taken_scope?", taken_key as "taken_key?", holder as "holder?"
        from append_batch($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
        "#,
        &columns.commit_types as &[&str],
        &columns.commit_ids,
        &columns.expected_versions,
        &columns.command_ids,
        &columns.request_hashes as &[&[u8]],
        &columns.event_counts,
        &columns.commit_metadata as &[&str],
        &columns.event_commits,
        &columns.event_indexes,
        &columns.event_types as &[&str],
        &columns.event_versions as &[&str],
        &columns.event_payloads as &[&str],
        &columns.reservation_commits,
        &columns.reservation_scopes as &[&str],
        &columns.reservation_keys as &[&str],
    )
    .fetch_all(connection)
    .await?;

    let verdicts = rows.into_iter().map(|row| {
        Outcome {
            name: row.outcome,
            first_position: row.first_position,
            last_position: row.last_position,
            version: row.version,
            recorded_at: row.recorded_at,
            taken: row.taken_scope.zip(row.taken_key).zip(row.holder),
        }
        .verdict(row.ordinal)
    });
    Ok(verdicts.collect())
}

struct Outcome {
    name: String,
    first_position: Option<i64>,
    last_position: Option<i64>,
    version: i64,
    recorded_at: DateTime<Utc>,
    taken: Option<((String, String), String)>,
}

impl Outcome {
    fn verdict(self, ordinal: i32) -> Verdict {
        Verdict {
            index: usize::try_from(ordinal - 1).unwrap_or(usize::MAX),
            answer: self.answer(),
        }
    }

    fn answer(self) -> Result<Appended, AppendError> {
        match (
            self.name.as_str(),
            self.first_position,
            self.last_position,
            self.taken,
        ) {
            (outcome @ ("appended" | "duplicate"), Some(from), Some(to), _) => Ok(Appended {
                from,
                to,
                version: self.version,
                recorded_at: self.recorded_at,
                duplicate: outcome == "duplicate",
            }),
            ("conflict", ..) => Err(AppendError::Conflict {
                current: self.version,
            }),
            ("reused", ..) => Err(AppendError::CommandIdReused),
            ("taken", _, _, Some(((scope, key), holder))) => Err(AppendError::KeyTaken {
                scope,
                key,
                holder: aggregate_id(0, &holder)?,
            }),
            (outcome, ..) => Err(AppendError::Store(StoreError::Database(
                sqlx::Error::Protocol(format!("append_batch answered {outcome:?}")),
            ))),
        }
    }
}

/// The commits turned into columns, which the statement takes as arrays.
#[derive(Default)]
struct Columns<'a> {
    commit_types: Vec<&'a str>,
    commit_ids: Vec<String>,
    expected_versions: Vec<i64>,
    command_ids: Vec<Uuid>,
    request_hashes: Vec<&'a [u8]>,
    event_counts: Vec<i32>,
    commit_metadata: Vec<&'a str>,
    event_commits: Vec<i32>,
    event_indexes: Vec<i32>,
    event_types: Vec<&'a str>,
    event_versions: Vec<&'a str>,
    event_payloads: Vec<&'a str>,
    reservation_commits: Vec<i32>,
    reservation_scopes: Vec<&'a str>,
    reservation_keys: Vec<&'a str>,
}

impl<'a> Columns<'a> {
    fn of(commits: &'a [Waiting]) -> Self {
        let mut columns = Self::default();
        for (ordinal, waiting) in (1_i32..).zip(commits) {
            columns.add(ordinal, &waiting.commit);
        }
        columns
    }

    fn add(&mut self, ordinal: i32, commit: &'a Commit) {
        self.commit_types.push(commit.aggregate_type);
        self.commit_ids.push(commit.aggregate_id.to_string());
        self.expected_versions.push(commit.expected_version);
        self.command_ids.push(commit.command_id);
        self.request_hashes.push(&commit.request_hash);
        self.event_counts
            .push(i32::try_from(commit.events.len()).unwrap_or(i32::MAX));
        self.commit_metadata.push(&commit.metadata);
        for (index, event) in (0_i32..).zip(&commit.events) {
            self.event_commits.push(ordinal);
            self.event_indexes.push(index);
            self.event_types.push(&event.event_type);
            self.event_versions.push(&event.event_version);
            self.event_payloads.push(&event.payload);
        }
        for reservation in &commit.reservations {
            self.reservation_commits.push(ordinal);
            self.reservation_scopes.push(reservation.scope);
            self.reservation_keys.push(&reservation.key);
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
            recorded_at: appended.recorded_at,
        })
}
