//! What the log records about the record itself, as objects of the schema: the
//! keys that seal it, and the exports.

use async_graphql::{Context, ID, Result, SimpleObject};
use chrono::{DateTime, Utc};
use domain::audit::{LogExportEvent, SealKeysEvent};
use projections::{Decoded, DeskEvent};
use serde_json::json;
use uuid::Uuid;

use crate::graphql::ids::{self, Kind};
use crate::graphql::scalars::Long;
use crate::graphql::time::{Fields, Then, fields_of, steps};
use crate::graphql::viewer::desk;

/// 封印密钥: the keys that seal the log, one handing over to the next, as the log
/// records them.
#[derive(SimpleObject, Clone)]
pub(crate) struct SealKeys {
    /// Their global id; a log has one set of keys.
    #[graphql(owned)]
    pub(crate) id: ID,
    /// Every key, in the order in which they came; the last one signs.
    keys: Vec<SealKey>,
    /// The version of their stream.
    version: Long,
}

/// A key that seals the log, or did.
#[derive(SimpleObject, Clone)]
pub(crate) struct SealKey {
    /// The public key as verifiers are given it (C2SP signed-note).
    verifier_key: String,
    /// How many events the keys before it had sealed.
    from_size: Long,
    /// When it took over, in the world.
    adopted_at: DateTime<Utc>,
}

impl SealKeys {
    /// The keys now or then.
    pub(crate) async fn find(
        ctx: &Context<'_>,
        id: Uuid,
        then: Option<Then>,
    ) -> Result<Option<Self>> {
        let mut keys = None;
        for step in steps(desk(ctx)?, Kind::SealKeys, id, then.as_ref()).await? {
            Self::apply(&mut keys, &step);
        }
        Ok(keys)
    }

    /// Changes the keys by one of their steps; the first key makes them.
    pub(crate) fn apply(keys: &mut Option<Self>, step: &Decoded) {
        let DeskEvent::SealKeys(event) = &step.event else {
            return;
        };
        let (verifier_key, from_size) = match event {
            SealKeysEvent::SealKeyAdopted { verifier_key } => (verifier_key, 0),
            SealKeysEvent::SealKeyRotated { to, from_size, .. } => (to, *from_size),
            SealKeysEvent::LossAccepted { .. } => {
                if let Some(keys) = keys {
                    keys.version = Long(step.recorded.sequence);
                }
                return;
            }
        };
        let keys = keys.get_or_insert_with(|| Self {
            id: ids::encode(Kind::SealKeys, step.recorded.aggregate_id),
            keys: Vec::new(),
            version: Long(0),
        });
        keys.version = Long(step.recorded.sequence);
        keys.keys.push(SealKey {
            verifier_key: verifier_key.clone(),
            from_size: Long(from_size),
            adopted_at: step.metadata.effective_at,
        });
    }

    /// Their fields, for what tells one state from another.
    pub(crate) fn fields(&self) -> Fields {
        let key = |key: &SealKey| {
            json!({
                "verifierKey": key.verifier_key,
                "fromSize": key.from_size.0,
                "adoptedAt": key.adopted_at,
            })
        };
        let keys: Vec<_> = self.keys.iter().map(key).collect();
        fields_of(json!({ "keys": keys }))
    }
}

/// 日志导出: that somebody took a part of the log away, which part, and under which
/// seal.
#[derive(SimpleObject, Clone)]
pub(crate) struct LogExport {
    /// Its global id.
    #[graphql(owned)]
    pub(crate) id: ID,
    /// In which form: `CloudEvents`, `Parquet`, `OcelJson`, `OcelSqlite` or `Xes`.
    format: String,
    /// From which position on.
    from_position: Long,
    /// Up to which position.
    to_position: Long,
    /// Only these kinds of objects; all where nothing is named.
    aggregate_types: Vec<String>,
    /// Only this object, by its identity in the log.
    aggregate_id: Option<String>,
    /// Only events of these names; all where nothing is named.
    event_types: Vec<String>,
    /// Only what was recorded from then on.
    recorded_from: Option<DateTime<Utc>>,
    /// Only what was recorded before then.
    recorded_to: Option<DateTime<Utc>>,
    /// How many events.
    events: Long,
    /// The SHA-256 of the file with the events, in hexadecimal.
    sha256: String,
    /// The size of the sealed head that went with it.
    checkpoint_size: Option<Long>,
    /// Who took it.
    exported_by: String,
    /// When, in the world.
    exported_at: DateTime<Utc>,
    /// The version of its stream.
    version: Long,
}

impl LogExport {
    /// An export now or then.
    pub(crate) async fn find(
        ctx: &Context<'_>,
        id: Uuid,
        then: Option<Then>,
    ) -> Result<Option<Self>> {
        let mut export = None;
        for step in steps(desk(ctx)?, Kind::LogExport, id, then.as_ref()).await? {
            Self::apply(&mut export, &step);
        }
        Ok(export)
    }

    /// An export is made by its one step.
    pub(crate) fn apply(export: &mut Option<Self>, step: &Decoded) {
        let DeskEvent::LogExport(LogExportEvent::LogExported(exported)) = &step.event else {
            return;
        };
        *export = Some(Self {
            id: ids::encode(Kind::LogExport, step.recorded.aggregate_id),
            format: exported.format.as_ref().to_owned(),
            from_position: Long(exported.from_position),
            to_position: Long(exported.to_position),
            aggregate_types: exported.aggregate_types.clone(),
            aggregate_id: exported.aggregate_id.clone(),
            event_types: exported.event_types.clone(),
            recorded_from: exported.recorded_from,
            recorded_to: exported.recorded_to,
            events: Long(exported.events),
            sha256: exported.sha256.clone(),
            checkpoint_size: exported.checkpoint_size.map(Long),
            exported_by: step.metadata.actor.clone(),
            exported_at: step.metadata.effective_at,
            version: Long(step.recorded.sequence),
        });
    }

    /// Its fields, for what tells one state from another.
    pub(crate) fn fields(&self) -> Fields {
        fields_of(json!({
            "format": self.format,
            "fromPosition": self.from_position.0,
            "toPosition": self.to_position.0,
            "aggregateTypes": self.aggregate_types,
            "aggregateId": self.aggregate_id,
            "eventTypes": self.event_types,
            "recordedFrom": self.recorded_from,
            "recordedTo": self.recorded_to,
            "events": self.events.0,
            "sha256": self.sha256,
            "checkpointSize": self.checkpoint_size.map(|size| size.0),
            "exportedBy": self.exported_by,
            "exportedAt": self.exported_at,
        }))
    }
}
