//! disintegrate-postgres in its documented way: a decision queries its state
//! by the conversation's id, and its event is appended if nothing that the
//! query finds has come meanwhile. A decision that meets another one is made
//! again, as its users have to.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::SecondsFormat;
use disintegrate::serde::json::Json;
use disintegrate::{Decision, Event, NoSnapshot, StateMutate, StateQuery};
use disintegrate_postgres::{PgDecisionMaker, PgEventStore, decision_maker};
use serde::{Deserialize, Serialize};
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;
use uuid::Uuid;

use super::CONNECTIONS;
use super::docket::Sent;
use crate::conversation::WORDS;
use crate::server::Server;

const DATABASE: &str = "bench_disintegrate";

/// The same content as elsewhere. The crate has no envelope, so what stands in
/// one elsewhere stands in the event.
#[derive(Debug, Clone, PartialEq, Eq, Event, Serialize, Deserialize)]
enum Said {
    CommentAdded {
        #[id]
        conversation_id: Uuid,
        visibility: String,
        text: String,
        from_requester: bool,
        actor: String,
        channel: String,
        effective_at: String,
        role: String,
    },
}

#[derive(Default, Clone, StateQuery, Serialize, Deserialize)]
#[state_query(Said)]
struct Conversation {
    #[id]
    conversation_id: Uuid,
    comments: u64,
}

impl StateMutate for Conversation {
    fn mutate(&mut self, event: Self::Event) {
        let Said::CommentAdded { .. } = event;
        self.comments += 1;
    }
}

struct Say {
    conversation_id: Uuid,
}

impl Decision for Say {
    type Event = Said;
    type StateQuery = Conversation;
    type Error = std::convert::Infallible;

    fn state_query(&self) -> Conversation {
        Conversation {
            conversation_id: self.conversation_id,
            comments: 0,
        }
    }

    fn process(&self, state: &Conversation) -> Result<Vec<Said>, Self::Error> {
        Ok(vec![Said::CommentAdded {
            conversation_id: self.conversation_id,
            visibility: "Public".to_owned(),
            text: WORDS.to_owned(),
            from_requester: state.comments.is_multiple_of(2),
            actor: "li.wei".to_owned(),
            channel: "api".to_owned(),
            effective_at: api::clock::now().to_rfc3339_opts(SecondsFormat::Millis, true),
            role: "agent".to_owned(),
        }])
    }
}

type Maker = PgDecisionMaker<Said, Json<Said>, NoSnapshot>;

/// The store on a database of its own.
pub(super) struct Disintegrate {
    pool: PgPool,
    maker: Maker,
    made: Arc<AtomicU64>,
    made_again: Arc<AtomicU64>,
}

impl Disintegrate {
    pub(super) async fn open(server: &Server) -> anyhow::Result<Self> {
        let options = server.create(DATABASE).await?;
        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS)
            .connect_with(options)
            .await?;
        let store = initialised(&pool).await?;
        Ok(Self {
            pool,
            maker: decision_maker(store, NoSnapshot),
            made: Arc::default(),
            made_again: Arc::default(),
        })
    }

    /// Sends a command to a conversation.
    pub(super) fn commands(&self) -> impl Fn(Uuid, bool) -> Sent + Clone + Send + 'static {
        let (maker, made, made_again) = (
            self.maker.clone(),
            Arc::clone(&self.made),
            Arc::clone(&self.made_again),
        );
        move |conversation_id, _| {
            let (maker, made, made_again) =
                (maker.clone(), Arc::clone(&made), Arc::clone(&made_again));
            Box::pin(async move {
                loop {
                    match maker.make(Say { conversation_id }).await {
                        Ok(_) => break,
                        Err(error) if is_conflict(&error) => {
                            made_again.fetch_add(1, Ordering::Relaxed);
                        }
                        Err(error) => return Err(error.into()),
                    }
                }
                made.fetch_add(1, Ordering::Relaxed);
                Ok(())
            })
        }
    }

    /// How often a decision had to be made again on average.
    pub(super) fn retries_per_command(&self) -> f64 {
        let made = self.made.load(Ordering::Relaxed).max(1);
        self.made_again.load(Ordering::Relaxed) as f64 / made as f64
    }

    pub(super) async fn close(self, server: &Server) -> anyhow::Result<()> {
        self.pool.close().await;
        server.remove(DATABASE).await
    }
}

/// The store with its tables and functions.
///
/// One function of version 4.0.1 is written with a hexadecimal literal, which
/// PostgreSQL reads from version 16 on. Before that, what the crate could not
/// make is made here: the same function with the same number in decimal, and
/// what would have come after it.
async fn initialised(pool: &PgPool) -> anyhow::Result<PgEventStore<Said, Json<Said>>> {
    const REST: &str = "
        create function event_store_begin_epoch() returns void as $$
        declare
            id bigint;
            db_id int;
        begin
            select last_value into id from seq_event_event_id;
            select oid into db_id from pg_database where datname = current_database();
            perform pg_try_advisory_xact_lock_shared(db_id, 0);
            perform pg_try_advisory_xact_lock_shared(1, (id & 4294967295)::bit(32)::integer);
            perform pg_try_advisory_xact_lock_shared(2, (id >> 32)::bit(32)::integer);
        end;
        $$ language plpgsql;
        alter table event add column conversation_id uuid;
        create index on event (conversation_id) where conversation_id is not null;
    ";
    let made = PgEventStore::try_new(pool.clone(), Json::default()).await;
    let is_old: bool =
        sqlx::query_scalar("select current_setting('server_version_num')::integer < 160000")
            .fetch_one(pool)
            .await?;
    match made {
        Err(disintegrate_postgres::Error::Migration(_)) if is_old => {
            sqlx::raw_sql(REST).execute(pool).await?;
            let store = PgEventStore::new_uninitialized(pool.clone(), Json::default());
            Ok(store)
        }
        made => Ok(made?),
    }
}

/// Another decision has come first, as the crate says or as PostgreSQL does.
fn is_conflict(error: &disintegrate::DecisionError<std::convert::Infallible>) -> bool {
    const SERIALIZATION_FAILURE: &str = "40001";
    let disintegrate::DecisionError::StateStore(cause) = error else {
        return false;
    };
    match cause.downcast_ref::<disintegrate_postgres::Error>() {
        Some(disintegrate_postgres::Error::Concurrency) => true,
        Some(disintegrate_postgres::Error::Database(sqlx::Error::Database(refused))) => {
            refused.code().as_deref() == Some(SERIALIZATION_FAILURE)
        }
        _ => false,
    }
}
