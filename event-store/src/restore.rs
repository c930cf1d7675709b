//! A log brought back from an export: the same events at the same positions
//! with the same times, under the same signed head, or nothing.

use sqlx::postgres::PgConnectOptions;
use sqlx::{Acquire, ConnectOptions, Connection, PgConnection};

use crate::seal::{Checkpoint, KeyRow, SealError, SignedNote, Tree, leaf_of, storage};
use crate::{RecordedEvent, StoreError};

/// A key that an aggregate held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// What kind of key it is.
    pub scope: &'static str,
    /// The key.
    pub key: String,
}

/// Fills an empty log, in one transaction.
#[derive(Debug)]
pub struct Restore {
    connection: PgConnection,
    tree: Tree,
}

/// Why a log was not brought back. Nothing of it is stored then.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RestoreError {
    /// The log has events already.
    #[error(
        "the log is not empty: it has {events} events; an export is brought back into a new database"
    )]
    NotEmpty {
        /// How many it has.
        events: i64,
    },
    /// The next event is not the one that has to come next.
    #[error("position {expected} is missing: the next event is at {found}")]
    Gap {
        /// The position that has to come next.
        expected: i64,
        /// The one that came.
        found: i64,
    },
    /// The events are not those that were signed.
    #[error("the events do not have the root that was signed: {computed} instead of {signed}")]
    OtherRoot {
        /// What the events give, in base64.
        computed: String,
        /// What was signed, in base64.
        signed: String,
    },
    /// The log or its database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The seals.
    #[error(transparent)]
    Seal(#[from] SealError),
}

impl From<sqlx::Error> for RestoreError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

impl Restore {
    /// Begins, as the owner of the log; nobody appends meanwhile.
    pub async fn begin(owner: &PgConnectOptions) -> Result<Self, RestoreError> {
        let mut connection = owner.connect().await?;
        // The transaction stays open over several calls, and ends with the
        // connection where it is not committed.
        sqlx::query("begin").execute(&mut connection).await?;
        let head = sqlx::query_scalar!("select position from log_head for update")
            .fetch_one(&mut connection)
            .await?;
        if head != 0 {
            return Err(RestoreError::NotEmpty { events: head });
        }
        Ok(Self {
            connection,
            tree: Tree::default(),
        })
    }

    /// Adds the next events, with the keys that each of them claims for its
    /// aggregate.
    pub async fn add(
        &mut self,
        events: &[(RecordedEvent, Vec<Claim>)],
    ) -> Result<(), RestoreError> {
        let mut columns = Columns::default();
        for (event, claims) in events {
            let expected = self.next_position();
            if event.position != expected {
                let found = event.position;
                return Err(RestoreError::Gap { expected, found });
            }
            self.tree.push(leaf_of(event));
            columns.add(event, claims);
        }
        columns.insert(&mut self.connection).await?;
        let tiles = self.tree.take_full();
        storage::add_tiles(&mut self.connection, &tiles).await?;
        Ok(())
    }

    fn next_position(&self) -> i64 {
        i64::try_from(self.tree.size()).map_or(i64::MAX, |size| size + 1)
    }

    /// Puts the head and the keys in their places, and commits: if the events
    /// have the root that was signed.
    pub async fn finish(mut self, keys: &[KeyRow], note: &SignedNote) -> Result<i64, RestoreError> {
        let checkpoint: Checkpoint = note.text.parse().map_err(SealError::from)?;
        let root = self.tree.root();
        if checkpoint.size != self.tree.size() || checkpoint.root != root {
            return Err(RestoreError::OtherRoot {
                computed: root.to_base64(),
                signed: checkpoint.root.to_base64(),
            });
        }
        let size = self.next_position() - 1;
        for key in keys {
            storage::add_key(&mut self.connection, key).await?;
        }
        let leaves = self.tree.edge_leaves_after(0);
        let text = note.to_string();
        storage::add_checkpoint(&mut self.connection, size, root, &text, leaves, None).await?;
        sqlx::query!(
            "
            update log_head
            set position = $1, recorded_at = (select e.recorded_at from events e where e.position = $1)
            ",
            size,
        )
        .execute(&mut self.connection)
        .await?;
        sqlx::query("commit").execute(&mut self.connection).await?;
        self.connection.close().await?;
        Ok(size)
    }
}

/// The columns of events, which one statement takes as arrays.
#[derive(Default)]
struct Columns<'a> {
    events: Vec<&'a RecordedEvent>,
    claims: Vec<(&'a RecordedEvent, &'a Claim)>,
}

impl<'a> Columns<'a> {
    fn add(&mut self, event: &'a RecordedEvent, claims: &'a [Claim]) {
        self.events.push(event);
        self.claims
            .extend(claims.iter().map(|claim| (event, claim)));
    }

    fn of<T>(&self, column: impl Fn(&'a RecordedEvent) -> T) -> Vec<T> {
        self.events.iter().map(|event| column(event)).collect()
    }

    async fn insert(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        let connection = connection.acquire().await?;
        sqlx::query!(
            "
            insert into events (
                position, aggregate_type, aggregate_id, sequence, event_type, event_version,
                payload, metadata, command_id, command_index, request_hash, recorded_at
            )
            select
                n.position, n.aggregate_type, n.aggregate_id, n.sequence, n.event_type,
                n.event_version, n.payload::json, n.metadata::json, n.command_id, n.command_index,
                n.request_hash, n.recorded_at
            from unnest(
                $1::bigint[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::text[],
                $7::text[], $8::text[], $9::uuid[], $10::smallint[], $11::bytea[], $12::timestamptz[]
            ) as n (
                position, aggregate_type, aggregate_id, sequence, event_type, event_version,
                payload, metadata, command_id, command_index, request_hash, recorded_at
            )
            ",
            &self.of(|event| event.position),
            &self.of(|event| &*event.aggregate_type) as &[&str],
            &self.of(|event| event.aggregate_id.to_string()),
            &self.of(|event| event.sequence),
            &self.of(|event| &*event.event_type) as &[&str],
            &self.of(|event| &*event.event_version) as &[&str],
            &self.of(|event| &*event.payload) as &[&str],
            &self.of(|event| &*event.metadata) as &[&str],
            &self.of(|event| event.command_id),
            &self.of(|event| event.command_index),
            &self.of(|event| event.request_hash.as_ref().map(<[u8; 16]>::as_slice)) as &[Option<&[u8]>],
            &self.of(|event| event.recorded_at),
        )
        .execute(&mut *connection)
        .await?;
        if self.claims.is_empty() {
            return Ok(());
        }
        let claimed = |column: fn(&(&RecordedEvent, &Claim)) -> String| {
            self.claims.iter().map(column).collect::<Vec<_>>()
        };
        sqlx::query!(
            "
            insert into reservations (scope, key, aggregate_type, aggregate_id)
            select * from unnest($1::text[], $2::text[], $3::text[], $4::text[])
            on conflict (scope, key) do nothing
            ",
            &claimed(|(_, claim)| claim.scope.to_owned()),
            &claimed(|(_, claim)| claim.key.clone()),
            &claimed(|(event, _)| event.aggregate_type.to_string()),
            &claimed(|(event, _)| event.aggregate_id.to_string()),
        )
        .execute(connection)
        .await?;
        Ok(())
    }
}
