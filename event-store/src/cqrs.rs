//! The log as a `cqrs_es::EventStore`, so that cqrs-es's framework and its
//! tests run on it as they stand.

use std::collections::HashMap;

use cqrs_es::{Aggregate, AggregateContext, AggregateError, EventEnvelope, EventStore};
use uuid::Uuid;

use crate::aggregate_store::new_events;
use crate::{
    AggregateStore, AppendError, Commit, Loaded, StoreError, canonical_json, content_hash,
};

/// An aggregate between its loading and its commit.
#[derive(Debug)]
pub struct StoredContext<A> {
    loaded: Loaded<A>,
    working: A,
}

impl<A: Aggregate> AggregateContext<A> for StoredContext<A> {
    fn aggregate(&mut self) -> &mut A {
        &mut self.working
    }
}

impl<A: Aggregate + Clone + 'static> EventStore<A> for AggregateStore<A> {
    type AC = StoredContext<A>;

    async fn load_events(
        &self,
        aggregate_id: &str,
    ) -> Result<Vec<EventEnvelope<A>>, AggregateError<A::Error>> {
        self.envelopes(aggregate_id).await.map_err(store_error)
    }

    async fn load_aggregate(
        &self,
        aggregate_id: &str,
    ) -> Result<StoredContext<A>, AggregateError<A::Error>> {
        let id = Uuid::try_parse(aggregate_id)
            .map_err(|error| AggregateError::UnexpectedError(error.into()))?;
        let loaded = self.load(id).await.map_err(store_error)?;
        let working = A::clone(&loaded.state);
        Ok(StoredContext { loaded, working })
    }

    /// Each call is a command of its own: cqrs-es knows no command ids.
    async fn commit(
        &self,
        events: Vec<A::Event>,
        context: StoredContext<A>,
        metadata: HashMap<String, String>,
    ) -> Result<Vec<EventEnvelope<A>>, AggregateError<A::Error>> {
        if events.is_empty() {
            return Ok(Vec::new());
        }
        let stored = canonical_json(&metadata)?;
        let payloads = canonical_json(&events.iter().collect::<Vec<_>>())?;
        let request_hash = content_hash([payloads.as_bytes()]);
        let loaded = context.loaded;
        let commit = Commit {
            aggregate_type: A::TYPE,
            aggregate_id: loaded.id,
            expected_version: loaded.version,
            command_id: Uuid::now_v7(),
            request_hash,
            events: new_events(&events).map_err(store_error)?,
            metadata: stored,
            reservations: Vec::new(),
            rests_on: Vec::new(),
        };
        AggregateStore::commit(self, &loaded, events.clone(), commit)
            .await
            .map_err(append_error)?;

        let aggregate_id = loaded.id.to_string();
        let first = usize::try_from(loaded.version).unwrap_or(usize::MAX) + 1;
        let envelopes = events
            .into_iter()
            .zip(first..)
            .map(|(payload, sequence)| EventEnvelope {
                aggregate_id: aggregate_id.clone(),
                sequence,
                payload,
                metadata: metadata.clone(),
            });
        Ok(envelopes.collect())
    }
}

fn store_error<E: std::error::Error>(error: StoreError) -> AggregateError<E> {
    match error {
        StoreError::Decode { .. } => AggregateError::DeserializationError(error.into()),
        error => AggregateError::DatabaseConnectionError(error.into()),
    }
}

fn append_error<E: std::error::Error>(error: AppendError) -> AggregateError<E> {
    match error {
        AppendError::Conflict { .. } => AggregateError::AggregateConflict,
        AppendError::Store(error) => store_error(error),
        error => AggregateError::UnexpectedError(error.into()),
    }
}
