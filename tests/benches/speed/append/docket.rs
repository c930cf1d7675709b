//! The desk's own event store, used as the service uses it: the aggregate from
//! the store's cache or its stream, the events through the batching appender.

use std::future::Future;
use std::pin::Pin;

use event_store::{
    AggregateStore, CommandEnvelope, Database, Log, LogSettings, Metadata, Migrate, PoolSettings,
    content_hash,
};
use uuid::Uuid;

use super::CONNECTIONS;
use crate::conversation::{Conversation, WORDS};
use crate::server::{Server, source};

const DATABASE: &str = "bench_docket";
/// As many aggregates as the service keeps in memory.
const CACHED: u64 = 8 << 20;

/// The store on a database of its own.
pub(super) struct Docket {
    database: Database,
    log: Log,
    store: AggregateStore<Conversation>,
}

/// A command that is under way.
pub(super) type Sent = Pin<Box<dyn Future<Output = anyhow::Result<()>> + Send>>;

impl Docket {
    pub(super) async fn open(server: &Server) -> anyhow::Result<Self> {
        let settings = PoolSettings {
            max_connections: CONNECTIONS,
            migrate: Migrate::Yes,
            ..PoolSettings::default()
        };
        let database = Database::open(&source(&server.create(DATABASE).await?), settings).await?;
        let log = Log::open(database.pool().clone(), LogSettings::default()).await?;
        let store = AggregateStore::new(log.clone(), database.pool().clone(), CACHED, Vec::new());
        Ok(Self {
            database,
            log,
            store,
        })
    }

    /// Sends a command to a conversation. One that has just got its identity is
    /// not looked for, as the service does not look for an incident that it
    /// registers.
    pub(super) fn commands(&self) -> impl Fn(Uuid, bool) -> Sent + Clone + Send + 'static {
        let store = self.store.clone();
        move |id, is_new| {
            let store = store.clone();
            Box::pin(async move {
                if is_new {
                    store.begin(id);
                }
                let loaded = store.load(id).await?;
                let events = loaded.state.say(WORDS);
                let metadata = Metadata {
                    role: Some("agent".to_owned()),
                    channel: Some("api".to_owned()),
                    ..Metadata::new(api::clock::now(), "li.wei")
                };
                let envelope = CommandEnvelope {
                    metadata: &metadata,
                    command_id: Uuid::now_v7(),
                    request_hash: content_hash([WORDS.as_bytes()]),
                    reservations: Vec::new(),
                    rests_on: Vec::new(),
                };
                store.append(&loaded, events, envelope).await?;
                Ok(())
            })
        }
    }

    pub(super) async fn close(self, server: &Server) -> anyhow::Result<()> {
        self.log.shutdown().await;
        self.database.close().await;
        server.remove(DATABASE).await
    }
}
