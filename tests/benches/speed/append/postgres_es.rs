//! postgres-es behind cqrs-es's framework, with the table that it documents:
//! each command reads its stream, decides, and inserts in a transaction.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::SecondsFormat;
use postgres_es::{PostgresCqrs, postgres_cqrs};
use sqlx::postgres::PgPoolOptions;
use sqlx::{Executor, PgPool};
use uuid::Uuid;

use super::CONNECTIONS;
use super::docket::Sent;
use crate::conversation::{Conversation, WORDS};
use crate::server::Server;

const DATABASE: &str = "bench_postgres_es";

/// From the crate's own `db/init.sql`.
pub(crate) const TABLE: &str = "
create table events (
    aggregate_type text                         not null,
    aggregate_id   text                         not null,
    sequence       bigint check (sequence >= 0) not null,
    event_type     text                         not null,
    event_version  text                         not null,
    payload        json                         not null,
    metadata       json                         not null,
    primary key (aggregate_type, aggregate_id, sequence)
)";

/// The framework on a database of its own.
pub(super) struct PostgresEs {
    pool: PgPool,
    framework: Arc<PostgresCqrs<Conversation>>,
}

impl PostgresEs {
    pub(super) async fn open(server: &Server) -> anyhow::Result<Self> {
        let options = server.create(DATABASE).await?;
        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS)
            .connect_with(options)
            .await?;
        pool.execute(TABLE).await?;
        let framework = Arc::new(postgres_cqrs(pool.clone(), Vec::new(), ()));
        Ok(Self { pool, framework })
    }

    /// Sends a command to a conversation.
    pub(super) fn commands(&self) -> impl Fn(Uuid, bool) -> Sent + Clone + Send + 'static {
        let framework = Arc::clone(&self.framework);
        move |id, _| {
            let framework = Arc::clone(&framework);
            Box::pin(async move {
                let now = api::clock::now().to_rfc3339_opts(SecondsFormat::Millis, true);
                let metadata = HashMap::from(
                    [
                        ("actor", "li.wei"),
                        ("channel", "api"),
                        ("effective_at", &now),
                        ("role", "agent"),
                    ]
                    .map(|(name, value)| (name.to_owned(), value.to_owned())),
                );
                framework
                    .execute_with_metadata(&id.to_string(), WORDS.to_owned(), metadata)
                    .await?;
                Ok(())
            })
        }
    }

    pub(super) async fn close(self, server: &Server) -> anyhow::Result<()> {
        self.pool.close().await;
        server.remove(DATABASE).await
    }
}
