//! That an export was made is an event of the log.

use std::sync::Arc;

use anyhow::{Context as _, bail};
use chrono::{DateTime, SubsecRound, Utc};
use cqrs_es::Aggregate;
use domain::audit::{Exported, LogExport, LogExportCommand};
use domain::ids::PersonId;
use domain::{Actor, Channel, Context, Decider, Role};
use event_store::{
    AggregateStore, AppendError, CommandEnvelope, Database, Log, LogSettings, Metadata,
    content_hash,
};
use uuid::Uuid;

/// An export that is about to be handed over.
pub(crate) struct Record<'a> {
    /// Which export.
    pub(crate) id: Uuid,
    /// Who takes it away.
    pub(crate) by: &'a str,
    /// When.
    pub(crate) at: DateTime<Utc>,
    /// What is taken away.
    pub(crate) exported: Exported,
}

/// Writes an export into the log, by the rules of the domain.
pub(crate) async fn record(database: &Database, export: Record<'_>) -> anyhow::Result<()> {
    let log = Log::open(database.pool().clone(), LogSettings::default()).await?;
    let recorded = append(&log, database, export).await;
    log.shutdown().await;
    recorded
}

/// The time of an export that is made now.
#[expect(clippy::disallowed_methods, reason = "the edge of the program")]
pub(crate) fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(3)
}

async fn append(log: &Log, database: &Database, export: Record<'_>) -> anyhow::Result<()> {
    let context = Context {
        actor: Actor {
            id: PersonId::new(export.by).context("--by")?,
            role: Role::Auditor,
            teams: Vec::new(),
        },
        effective_at: export.at,
        known_at: export.at,
        channel: Channel::Cli,
        lines: Vec::new(),
        matrices: Arc::default(),
        categories: Arc::default(),
        closed_teams: Arc::default(),
    };
    let store: AggregateStore<LogExport> =
        AggregateStore::new(log.clone(), database.pool().clone(), 1 << 20, Vec::new());
    let loaded = store.load(export.id).await?;
    let command = LogExportCommand::Record(export.exported);
    let events = loaded.state.decide(&command, &context)?;
    let metadata = Metadata {
        role: Some(context.actor.role.as_ref().to_ascii_lowercase()),
        channel: Some(context.channel.as_ref().to_owned()),
        ..Metadata::new(context.effective_at, context.actor.id.as_str())
    };
    let envelope = CommandEnvelope {
        metadata: &metadata,
        command_id: export.id,
        request_hash: content_hash([LogExport::TYPE.as_bytes(), export.id.as_bytes()]),
        reservations: Vec::new(),
        rests_on: Vec::new(),
    };
    match store.append(&loaded, events, envelope).await {
        Ok(_) => Ok(()),
        Err(AppendError::Store(error)) => Err(anyhow::Error::from(error).context(
            "the export cannot be written into the log, and so is not made; it needs a login \
                 that may act as the role docket_app",
        )),
        Err(error) => bail!("the export cannot be written into the log: {error}"),
    }
}
