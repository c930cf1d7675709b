//! That an export was made is an event of the log.

use std::sync::Arc;

use anyhow::{Context as _, bail};
use cqrs_es::Aggregate;
use domain::audit::{Exported, LogExport, LogExportCommand};
use domain::ids::PersonId;
use domain::{Actor, Channel, Context, Decider, Role};
use event_store::{
    AggregateStore, AppendError, CommandEnvelope, Database, Log, LogSettings, Metadata,
    content_hash,
};

use crate::package::Manifest;

/// Writes an export into the log, by the rules of the domain.
pub(crate) async fn record(database: &Database, manifest: &Manifest) -> anyhow::Result<()> {
    let log = Log::open(database.pool().clone(), LogSettings::default()).await?;
    let recorded = append(&log, database, manifest).await;
    log.shutdown().await;
    recorded
}

async fn append(log: &Log, database: &Database, manifest: &Manifest) -> anyhow::Result<()> {
    let context = Context {
        actor: Actor {
            id: PersonId::new(&*manifest.made_by).context("--by")?,
            role: Role::Auditor,
            teams: Vec::new(),
        },
        effective_at: manifest.made_at,
        channel: Channel::Cli,
        matrices: Arc::default(),
        categories: Arc::default(),
    };
    let store: AggregateStore<LogExport> =
        AggregateStore::new(log.clone(), database.pool().clone(), 1, Vec::new());
    let loaded = store.load(manifest.export_id).await?;
    let command = LogExportCommand::Record(exported(manifest));
    let events = loaded.state.decide(&command, &context)?;
    let metadata = Metadata {
        role: Some(context.actor.role.as_ref().to_ascii_lowercase()),
        channel: Some(context.channel.as_ref().to_owned()),
        ..Metadata::new(context.effective_at, context.actor.id.as_str())
    };
    let envelope = CommandEnvelope {
        metadata: &metadata,
        command_id: manifest.export_id,
        request_hash: content_hash([LogExport::TYPE.as_bytes(), manifest.export_id.as_bytes()]),
        reservations: Vec::new(),
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

fn exported(manifest: &Manifest) -> Exported {
    let selection = &manifest.selection;
    let events_file = manifest
        .files
        .iter()
        .find(|file| file.name == manifest.events_file());
    Exported {
        format: manifest.format,
        from_position: selection.from_position,
        to_position: selection.to_position,
        aggregate_types: selection.aggregate_types.clone(),
        aggregate_id: selection.aggregate_id.map(|id| id.to_string()),
        event_types: selection.event_types.clone(),
        recorded_from: selection.recorded_from,
        recorded_to: selection.recorded_to,
        events: manifest.events,
        sha256: events_file.map_or_else(String::new, |file| file.sha256.clone()),
        checkpoint_size: Some(manifest.checkpoint_size),
    }
}
