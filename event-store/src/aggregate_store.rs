//! Aggregates folded from their streams, kept in memory while they are used.
//!
//! The append checks the version in any case, so a stale entry of the cache
//! costs a retry and never a wrong event.

use std::collections::HashMap;
use std::io::Write;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use cqrs_es::persist::{EventUpcaster, PersistedEventRepository};
use cqrs_es::{Aggregate, DomainEvent, EventEnvelope};
use moka::ops::compute::Op;
use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use postgres_es::PostgresEventRepository;
use serde::Serialize;
use sqlx::PgPool;
use uuid::Uuid;

use crate::event::upcast;
use crate::time::parse_time;
use crate::{
    AppendError, Appended, Commit, Log, Metadata, NewEvent, Reservation, StoreError, StreamVersion,
    canonical_json, reading,
};

/// An aggregate as it stood when it was loaded.
#[derive(Debug)]
pub struct Loaded<A> {
    /// Which one.
    pub id: Uuid,
    /// Its state: all its events folded.
    pub state: Arc<A>,
    /// The sequence of its last event; 0 if it does not exist.
    pub version: i64,
    /// About how many bytes of memory it took when it was last weighed.
    weight: usize,
    /// At which version that was.
    weighed_at: i64,
}

impl<A> Clone for Loaded<A> {
    fn clone(&self) -> Self {
        Self {
            id: self.id,
            state: Arc::clone(&self.state),
            version: self.version,
            weight: self.weight,
            weighed_at: self.weighed_at,
        }
    }
}

impl<A: Aggregate> Loaded<A> {
    /// The most that one counts for: what is larger than a whole cache, such as
    /// a configuration with all its versions, is kept all the same.
    const HEAVIEST: u32 = 1 << 20;

    /// An aggregate that has no events.
    fn absent(id: Uuid) -> Self {
        Self {
            id,
            state: Arc::new(A::default()),
            version: 0,
            weight: size_of::<A>(),
            weighed_at: 0,
        }
    }

    /// The state that further events lead to. It is weighed each time that its
    /// stream has become twice as long, which costs little and tells enough.
    fn with(&self, state: A, version: i64) -> Self {
        let (weight, weighed_at) = if version >= self.weighed_at * 2 {
            (size_of::<A>() + json_length(&state), version)
        } else {
            (self.weight, self.weighed_at)
        };
        Self {
            id: self.id,
            state: Arc::new(state),
            version,
            weight,
            weighed_at,
        }
    }

    fn weight(&self) -> u32 {
        u32::try_from(self.weight).map_or(Self::HEAVIEST, |weight| weight.min(Self::HEAVIEST))
    }
}

/// What a command brings besides the events that it caused.
#[derive(Debug, Clone)]
pub struct CommandEnvelope<'a> {
    /// Who acts, why and effective when.
    pub metadata: &'a Metadata,
    /// The command's id.
    pub command_id: Uuid,
    /// Hash of the command's content.
    pub request_hash: [u8; 16],
    /// Keys that the aggregate claims with this command.
    pub reservations: Vec<Reservation>,
    /// The other streams that the decision has read.
    pub rests_on: Vec<StreamVersion>,
}

/// Where an envelope says when it was so in the world.
const EFFECTIVE_AT: &str = "effective_at";

/// How an aggregate takes an event in that was so in the world at a time.
type Fold<A> = fn(&mut A, <A as Aggregate>::Event, DateTime<Utc>);

/// The aggregates of one kind. Clones share the cache.
pub struct AggregateStore<A: Aggregate> {
    log: Log,
    pool: PgPool,
    repository: Arc<PostgresEventRepository>,
    cache: Cache<Uuid, Loaded<A>>,
    upcasters: Arc<[Box<dyn EventUpcaster>]>,
    fold: Option<Fold<A>>,
}

impl<A: Aggregate> Clone for AggregateStore<A> {
    fn clone(&self) -> Self {
        Self {
            log: self.log.clone(),
            pool: self.pool.clone(),
            repository: Arc::clone(&self.repository),
            cache: self.cache.clone(),
            upcasters: Arc::clone(&self.upcasters),
            fold: self.fold,
        }
    }
}

impl<A: Aggregate> std::fmt::Debug for AggregateStore<A> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("AggregateStore")
            .field("aggregate_type", &A::TYPE)
            .field("cached", &self.cache.entry_count())
            .finish_non_exhaustive()
    }
}

impl<A: Aggregate + Clone + 'static> AggregateStore<A> {
    /// The aggregates of one kind in a log. Those that were used last are kept
    /// folded, about `cache_bytes` of them; stored events of old versions pass
    /// through the upcasters.
    pub fn new(
        log: Log,
        pool: PgPool,
        cache_bytes: u64,
        upcasters: Vec<Box<dyn EventUpcaster>>,
    ) -> Self {
        let cache = Cache::builder()
            .max_capacity(cache_bytes)
            .weigher(|_, loaded: &Loaded<A>| loaded.weight())
            .eviction_policy(EvictionPolicy::lru())
            .build();
        Self {
            log,
            repository: Arc::new(PostgresEventRepository::new(pool.clone())),
            pool,
            cache,
            upcasters: upcasters.into(),
            fold: None,
        }
    }

    /// The version of a loaded aggregate, for a decision about another one that
    /// rests on it.
    pub fn version_of(loaded: &Loaded<A>) -> StreamVersion {
        StreamVersion {
            aggregate_type: A::TYPE,
            aggregate_id: loaded.id,
            version: loaded.version,
        }
    }

    /// The same for aggregates that take an event in with the time at which it
    /// was so in the world.
    #[must_use]
    pub fn folded_by(mut self, fold: Fold<A>) -> Self {
        self.fold = Some(fold);
        self
    }

    /// The aggregate, from the cache or folded from its stream.
    ///
    /// An entry of the cache may be older than what another replica has
    /// appended. What is decided on it is checked by the append; before it is
    /// *refused* on it, ask [`AggregateStore::is_current`].
    pub async fn load(&self, id: Uuid) -> Result<Loaded<A>, StoreError> {
        if let Some(loaded) = self.cache.get(&id) {
            return Ok(loaded);
        }
        let mut state = A::default();
        let mut version = 0;
        for envelope in self.envelopes(&id.to_string()).await? {
            version = i64::try_from(envelope.sequence).unwrap_or(i64::MAX);
            let at = || {
                let at = envelope.metadata.get(EFFECTIVE_AT)?;
                parse_time(at)
            };
            self.take_in(&mut state, envelope.payload, version, at)?;
        }
        let loaded = Loaded::absent(id).with(state, version);
        self.remember(&loaded);
        Ok(loaded)
    }

    /// Loads several aggregates into the cache, as far as they are not there,
    /// with one statement for all of them; for those who will soon load each.
    pub async fn load_ahead(&self, ids: &[Uuid]) -> Result<(), StoreError> {
        let absent = ids.iter().filter(|id| !self.cache.contains_key(*id));
        let begun = absent.map(|id| (*id, (A::default(), 0)));
        let mut states: HashMap<Uuid, (A, i64)> = begun.collect();
        if states.is_empty() {
            return Ok(());
        }
        let absent: Vec<Uuid> = states.keys().copied().collect();
        for event in reading::streams(&self.pool, A::TYPE, &absent).await? {
            let event = event.upcast(&self.upcasters)?;
            if let Some((state, version)) = states.get_mut(&event.aggregate_id) {
                let at = || Some(event.metadata().ok()?.effective_at);
                self.take_in(state, event.content()?, event.sequence, at)?;
                *version = event.sequence;
            }
        }
        for (id, (state, version)) in states {
            self.remember(&Loaded::absent(id).with(state, version));
        }
        Ok(())
    }

    /// Remembers that an aggregate has no events, of which the identity has just
    /// been made: its first command need not look for them. Should there be
    /// some all the same, the append is a conflict or a repetition, and the
    /// next load is fresh.
    pub fn begin(&self, id: Uuid) {
        self.remember(&Loaded::absent(id));
    }

    /// Whether the stream still ends where the aggregate was loaded: one
    /// lookup in an index. If it does not, the entry of the cache is dropped.
    pub async fn is_current(&self, loaded: &Loaded<A>) -> Result<bool, StoreError> {
        let current = reading::version(&self.pool, A::TYPE, loaded.id).await? == loaded.version;
        if !current {
            self.forget(loaded.id);
        }
        Ok(current)
    }

    /// Appends what was decided on a loaded aggregate. On success the cache
    /// holds the new state; on a conflict it holds none, so that the next
    /// load is fresh.
    pub async fn append(
        &self,
        loaded: &Loaded<A>,
        events: Vec<A::Event>,
        envelope: CommandEnvelope<'_>,
    ) -> Result<Appended, AppendError> {
        let commit = Commit {
            aggregate_type: A::TYPE,
            aggregate_id: loaded.id,
            expected_version: loaded.version,
            command_id: envelope.command_id,
            request_hash: envelope.request_hash,
            events: new_events(&events)?,
            metadata: envelope.metadata.to_canonical()?,
            reservations: envelope.reservations,
            rests_on: envelope.rests_on,
        };
        self.commit(loaded, events, commit).await
    }

    /// Drops an aggregate from the cache.
    pub fn forget(&self, id: Uuid) {
        self.cache.invalidate(&id);
    }

    /// Appends a commit that holds the events that were decided on a loaded
    /// aggregate, and keeps the cache as [`AggregateStore::append`] says.
    pub(crate) async fn commit(
        &self,
        loaded: &Loaded<A>,
        events: Vec<A::Event>,
        commit: Commit,
    ) -> Result<Appended, AppendError> {
        let at = self
            .fold
            .and_then(|_| Metadata::parse(&commit.metadata).ok());
        let answer = self.log.append(commit).await;
        match &answer {
            Ok(appended) if !appended.duplicate => {
                let mut state = A::clone(&loaded.state);
                for event in events {
                    self.take_in(&mut state, event, appended.version, || {
                        Some(at.as_ref()?.effective_at)
                    })?;
                }
                self.remember(&loaded.with(state, appended.version));
            }
            Err(AppendError::KeyTaken { .. }) => {}
            // The stream is not, or may not be, where it was thought to be.
            _ => self.forget(loaded.id),
        }
        answer
    }

    /// Takes an event in, with its time where that is asked for.
    fn take_in(
        &self,
        state: &mut A,
        event: A::Event,
        version: i64,
        effective_at: impl FnOnce() -> Option<DateTime<Utc>>,
    ) -> Result<(), StoreError> {
        let Some(fold) = self.fold else {
            state.apply(event);
            return Ok(());
        };
        let effective_at = effective_at().ok_or_else(|| StoreError::Decode {
            aggregate_type: A::TYPE.to_owned(),
            aggregate_id: String::new(),
            sequence: version,
            detail: "the envelope does not say effective when".to_owned(),
        })?;
        fold(state, event, effective_at);
        Ok(())
    }

    /// The stream as cqrs-es sees it, in today's shapes.
    pub(crate) async fn envelopes(&self, id: &str) -> Result<Vec<EventEnvelope<A>>, StoreError> {
        let stored = self.repository.get_events::<A>(id).await?;
        let current = stored
            .into_iter()
            .map(|event| upcast(event, &self.upcasters));
        current
            .map(|event| {
                let (aggregate_id, sequence) = (event.aggregate_id.clone(), event.sequence);
                EventEnvelope::try_from(event).map_err(|error| StoreError::Decode {
                    aggregate_type: A::TYPE.to_owned(),
                    aggregate_id,
                    sequence: i64::try_from(sequence).unwrap_or(i64::MAX),
                    detail: error.to_string(),
                })
            })
            .collect()
    }

    /// Keeps the later one of what is cached and what is known now.
    fn remember(&self, loaded: &Loaded<A>) {
        self.cache
            .entry(loaded.id)
            .and_compute_with(|cached| match cached {
                Some(cached) if cached.value().version >= loaded.version => Op::Nop,
                _ => Op::Put(loaded.clone()),
            });
    }
}

/// How long a value is in JSON.
fn json_length(value: &impl Serialize) -> usize {
    struct Length(usize);
    impl Write for Length {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut length = Length(0);
    // Counting does not fail.
    let _counted = serde_json::to_writer(&mut length, value);
    length.0
}

/// Events as they are stored.
pub(crate) fn new_events<E: DomainEvent>(events: &[E]) -> Result<Vec<NewEvent>, StoreError> {
    let new_event = |event: &E| {
        Ok(NewEvent {
            event_type: event.event_type(),
            event_version: event.event_version(),
            payload: canonical_json(event).map_err(StoreError::Encode)?,
        })
    };
    events.iter().map(new_event).collect()
}
