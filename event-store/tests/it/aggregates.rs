//! Aggregates over the log, by our own store and through cqrs-es.

use std::collections::HashMap;

use cqrs_es::event_sink::EventSink;
use cqrs_es::persist::{EventUpcaster, SemanticVersionEventUpcaster};
use cqrs_es::{Aggregate, AggregateError, CqrsFramework, DomainEvent, EventStore};
use event_store::{
    AggregateStore, AppendError, CommandEnvelope, Loaded, Log, NewEvent, StoreError,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::fixture::{TestLog, by, notes};

/// A printer's paper tray: as little of a domain as shows everything.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Tray {
    sheets: i64,
    size: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type")]
enum TrayEvent {
    Filled { sheets: i64, size: String },
    Printed { sheets: i64 },
}

impl DomainEvent for TrayEvent {
    fn event_type(&self) -> String {
        match self {
            Self::Filled { .. } => "Filled".to_owned(),
            Self::Printed { .. } => "Printed".to_owned(),
        }
    }

    fn event_version(&self) -> String {
        match self {
            Self::Filled { .. } => "2.0".to_owned(),
            Self::Printed { .. } => "1.0".to_owned(),
        }
    }
}

#[derive(Debug, PartialEq, thiserror::Error)]
#[error("the tray has not enough paper")]
struct OutOfPaper;

enum TrayCommand {
    Fill(i64),
    Print(i64),
}

impl Aggregate for Tray {
    const TYPE: &'static str = "tray";
    type Command = TrayCommand;
    type Event = TrayEvent;
    type Error = OutOfPaper;
    type Services = ();

    async fn handle(
        &mut self,
        command: TrayCommand,
        (): &(),
        sink: &EventSink<Self>,
    ) -> Result<(), OutOfPaper> {
        let event = match command {
            TrayCommand::Fill(sheets) => filled(sheets),
            TrayCommand::Print(sheets) if sheets <= self.sheets => TrayEvent::Printed { sheets },
            TrayCommand::Print(_) => return Err(OutOfPaper),
        };
        sink.write(event, self).await;
        Ok(())
    }

    fn apply(&mut self, event: TrayEvent) {
        match event {
            TrayEvent::Filled { sheets, size } => {
                self.sheets += sheets;
                self.size = size;
            }
            TrayEvent::Printed { sheets } => self.sheets -= sheets,
        }
    }
}

fn filled(sheets: i64) -> TrayEvent {
    TrayEvent::Filled {
        sheets,
        size: "A4".to_owned(),
    }
}

fn trays(test: &TestLog, log: &Log) -> AggregateStore<Tray> {
    AggregateStore::new(log.clone(), test.pool().clone(), 1 << 20, upcasters())
}

/// In the first version of the event nobody had thought of other paper.
fn upcasters() -> Vec<Box<dyn EventUpcaster>> {
    let add_size = |mut payload: serde_json::Value| {
        payload["size"] = "A4".into();
        payload
    };
    vec![Box::new(SemanticVersionEventUpcaster::new(
        "Filled",
        "2.0",
        Box::new(add_size),
    ))]
}

async fn append(
    store: &AggregateStore<Tray>,
    loaded: &Loaded<Tray>,
    event: TrayEvent,
) -> Result<i64, AppendError> {
    let metadata = by("wang.fang");
    let envelope = CommandEnvelope {
        metadata: &metadata,
        command_id: Uuid::now_v7(),
        request_hash: [1; 16],
        reservations: Vec::new(),
        rests_on: Vec::new(),
    };
    store
        .append(loaded, vec![event], envelope)
        .await
        .map(|appended| appended.version)
}

#[tokio::test]
async fn an_aggregate_is_what_its_events_make_of_it_cached_or_cold() {
    let test = TestLog::new().await;
    let store = trays(&test, &test.log);
    let id = Uuid::now_v7();
    let nothing = store.load(id).await.unwrap();
    assert_eq!((nothing.version, &*nothing.state), (0, &Tray::default()));

    append(&store, &nothing, filled(500)).await.unwrap();
    let loaded = store.load(id).await.unwrap();
    assert_eq!((loaded.version, loaded.state.sheets), (1, 500));
    append(&store, &loaded, TrayEvent::Printed { sheets: 20 })
        .await
        .unwrap();

    let cached = store.load(id).await.unwrap();
    store.forget(id);
    let cold = store.load(id).await.unwrap();
    assert_eq!((cached.version, cached.state.sheets), (2, 480));
    assert_eq!(
        (cold.version, &*cold.state),
        (cached.version, &*cached.state)
    );
    test.finish().await;
}

#[tokio::test]
async fn a_stale_aggregate_hears_of_the_conflict_and_the_next_load_is_fresh() {
    let test = TestLog::new().await;
    let replica = test.replica().await;
    let (here, there) = (trays(&test, &test.log), trays(&test, &replica));
    let id = Uuid::now_v7();
    let first = here.load(id).await.unwrap();
    append(&here, &first, filled(10)).await.unwrap();
    let stale = here.load(id).await.unwrap();
    assert!(here.is_current(&stale).await.unwrap());

    let elsewhere = there.load(id).await.unwrap();
    append(&there, &elsewhere, TrayEvent::Printed { sheets: 9 })
        .await
        .unwrap();
    let answer = append(&here, &stale, TrayEvent::Printed { sheets: 9 }).await;
    assert!(
        matches!(answer, Err(AppendError::Conflict { current: 2 })),
        "{answer:?}"
    );
    let fresh = here.load(id).await.unwrap();
    assert_eq!((fresh.version, fresh.state.sheets), (2, 1));

    let elsewhere = there.load(id).await.unwrap();
    append(&there, &elsewhere, filled(5)).await.unwrap();
    assert!(!here.is_current(&fresh).await.unwrap());
    assert_eq!(here.load(id).await.unwrap().state.sheets, 6);
    replica.shutdown().await;
    test.finish().await;
}

#[tokio::test]
async fn an_aggregate_that_was_thought_to_be_new_is_a_conflict_and_the_next_load_is_fresh() {
    let test = TestLog::new().await;
    let replica = test.replica().await;
    let (here, there) = (trays(&test, &test.log), trays(&test, &replica));
    let id = Uuid::now_v7();
    there.begin(id);
    let new = there.load(id).await.unwrap();
    append(&there, &new, filled(10)).await.unwrap();
    there.begin(id);
    assert_eq!(there.load(id).await.unwrap().version, 1);

    here.begin(id);
    let thought_new = here.load(id).await.unwrap();
    assert_eq!(thought_new.version, 0);
    let answer = append(&here, &thought_new, filled(5)).await;
    assert!(
        matches!(answer, Err(AppendError::Conflict { current: 1 })),
        "{answer:?}"
    );
    let fresh = here.load(id).await.unwrap();
    assert_eq!((fresh.version, fresh.state.sheets), (1, 10));
    replica.shutdown().await;
    test.finish().await;
}

#[tokio::test]
async fn aggregates_that_are_loaded_ahead_are_what_each_would_be_alone() {
    let test = TestLog::new().await;
    let writer = trays(&test, &test.log);
    let (twice, once, never) = (Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7());
    for (id, sheets) in [(twice, 10), (once, 3), (twice, 7)] {
        let loaded = writer.load(id).await.unwrap();
        append(&writer, &loaded, filled(sheets)).await.unwrap();
    }
    let old = old_stream(&test).await;

    let ahead = trays(&test, &test.log);
    let here = ahead.load(once).await.unwrap();
    append(&ahead, &here, filled(4)).await.unwrap();
    let ids = [twice, once, never, old];
    ahead.load_ahead(&ids).await.unwrap();
    let alone = trays(&test, &test.log);
    for (id, version, sheets) in [(twice, 2, 17), (once, 2, 7), (never, 0, 0), (old, 1, 250)] {
        let loaded = ahead.load(id).await.unwrap();
        assert_eq!((loaded.version, loaded.state.sheets), (version, sheets));
        assert_eq!(*alone.load(id).await.unwrap().state, *loaded.state);
    }
    test.finish().await;
}

#[tokio::test]
async fn an_aggregate_that_is_larger_than_the_cache_is_kept_all_the_same() {
    const CACHE: usize = 4 << 20;
    let test = TestLog::new().await;
    let here: AggregateStore<Tray> = AggregateStore::new(
        test.log.clone(),
        test.pool().clone(),
        CACHE as u64,
        upcasters(),
    );
    let there = trays(&test, &test.log);
    let id = Uuid::now_v7();
    let large = TrayEvent::Filled {
        sheets: 1,
        size: "A".repeat(CACHE + 1),
    };
    let loaded = here.load(id).await.unwrap();
    append(&here, &loaded, large).await.unwrap();
    // So many that the cache looks after what it holds.
    for _ in 0..2_000 {
        here.begin(Uuid::now_v7());
    }
    let loaded = there.load(id).await.unwrap();
    append(&there, &loaded, filled(2)).await.unwrap();
    let kept = here.load(id).await.unwrap();
    assert_eq!(kept.version, 1, "the log was not asked again");
    test.finish().await;
}

/// A stream whose first event was stored before paper had sizes.
async fn old_stream(test: &TestLog) -> Uuid {
    let id = Uuid::now_v7();
    let mut commit = notes(id, 0, &["replaced"]);
    commit.aggregate_type = Tray::TYPE;
    commit.events = vec![NewEvent {
        event_type: "Filled".to_owned(),
        event_version: "1.0".to_owned(),
        payload: r#"{"sheets":250,"type":"Filled"}"#.into(),
    }];
    test.log.append(commit).await.unwrap();
    id
}

#[tokio::test]
async fn an_old_version_of_an_event_passes_through_its_upcaster() {
    let test = TestLog::new().await;
    let id = old_stream(&test).await;
    let store = trays(&test, &test.log);
    let loaded = store.load(id).await.unwrap();
    assert_eq!((loaded.version, loaded.state.size.as_str()), (1, "A4"));

    let stored = test
        .log
        .read_stream(Tray::TYPE, id, None)
        .await
        .unwrap()
        .remove(0);
    assert_eq!(stored.event_version, "1.0");
    let current = stored.clone().upcast(&upcasters()).unwrap();
    assert_eq!(current.event_version, "2.0.0");
    assert_eq!(
        &*current.payload,
        r#"{"sheets":250,"size":"A4","type":"Filled"}"#
    );
    assert_eq!(current.clone().upcast(&upcasters()).unwrap(), current);
    assert_eq!(current.position, stored.position);

    // Without it the event is named, and nothing is guessed.
    let without: AggregateStore<Tray> =
        AggregateStore::new(test.log.clone(), test.pool().clone(), 1 << 20, Vec::new());
    let error = without.load(id).await.unwrap_err();
    assert!(
        matches!(&error, StoreError::Decode { sequence: 1, .. }),
        "{error}"
    );
    assert!(error.to_string().contains(&id.to_string()), "{error}");
    test.finish().await;
}

#[tokio::test]
async fn the_cqrs_framework_runs_on_the_log_as_it_stands() {
    let test = TestLog::new().await;
    let store = trays(&test, &test.log);
    let framework = CqrsFramework::new(store.clone(), Vec::new(), ());
    let id = Uuid::now_v7();
    let name = id.to_string();
    let metadata = HashMap::from([("actor".to_owned(), "wang.fang".to_owned())]);
    framework
        .execute_with_metadata(&name, TrayCommand::Fill(100), metadata.clone())
        .await
        .unwrap();
    framework
        .execute_with_metadata(&name, TrayCommand::Print(40), metadata.clone())
        .await
        .unwrap();
    let refused = framework
        .execute(&name, TrayCommand::Print(61))
        .await
        .unwrap_err();
    assert!(
        matches!(refused, AggregateError::UserError(OutOfPaper)),
        "{refused}"
    );

    let envelopes = store.load_events(&name).await.unwrap();
    assert_eq!(
        envelopes
            .iter()
            .map(|envelope| envelope.sequence)
            .collect::<Vec<_>>(),
        [1, 2]
    );
    assert_eq!(envelopes[1].payload, TrayEvent::Printed { sheets: 40 });
    assert_eq!(envelopes[1].metadata, metadata);
    assert_eq!(test.all_events().await.len(), 2);

    // Two contexts of one state: the second commit is a conflict.
    let one = store.load_aggregate(&name).await.unwrap();
    let other = store.load_aggregate(&name).await.unwrap();
    EventStore::commit(&store, vec![filled(1)], one, HashMap::new())
        .await
        .unwrap();
    let answer = EventStore::commit(&store, vec![filled(2)], other, HashMap::new()).await;
    assert!(
        matches!(answer, Err(AggregateError::AggregateConflict)),
        "{answer:?}"
    );
    assert_eq!(store.load(id).await.unwrap().state.sheets, 61);
    test.finish().await;
}
