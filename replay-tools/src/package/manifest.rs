//! What an export says of itself.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use anyhow::{Context, bail};
use chrono::{DateTime, Utc};
use domain::audit::ExportFormat;
use event_store::RecordedEvent;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// The version of the form of an export.
const FORM: u32 = 1;

/// What an export says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Manifest {
    /// The version of this form.
    pub(crate) form: u32,
    /// Which export: its aggregate in the log.
    pub(crate) export_id: Uuid,
    /// In which form the events are.
    pub(crate) format: ExportFormat,
    /// Which log.
    pub(crate) origin: String,
    /// When the export was made.
    pub(crate) made_at: DateTime<Utc>,
    /// By whom.
    pub(crate) made_by: String,
    /// What was asked for.
    pub(crate) selection: Selection,
    /// How many events there are.
    pub(crate) events: i64,
    /// Whether these are all events of the sealed log.
    pub(crate) complete: bool,
    /// How many events the signed head covers.
    pub(crate) checkpoint_size: i64,
    /// The root over them, in base64.
    pub(crate) root_hash: String,
    /// Every other file.
    pub(crate) files: Vec<FileEntry>,
}

/// Which events were asked for. All conditions that are set must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Selection {
    /// From which position on.
    pub(crate) from_position: i64,
    /// Up to which position.
    pub(crate) to_position: i64,
    /// Only these kinds of objects; all where nothing is named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) aggregate_types: Vec<String>,
    /// Only this object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) aggregate_id: Option<Uuid>,
    /// Only events of these names; all where nothing is named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) event_types: Vec<String>,
    /// Only what was recorded from then on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) recorded_from: Option<DateTime<Utc>>,
    /// Only what was recorded before then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) recorded_to: Option<DateTime<Utc>>,
}

impl Selection {
    /// Whether an event is one of those asked for.
    pub(crate) fn takes(&self, event: &RecordedEvent) -> bool {
        let named = |names: &[String], name: &str| {
            names.is_empty() || names.iter().any(|wanted| wanted == name)
        };
        (self.from_position..=self.to_position).contains(&event.position)
            && named(&self.aggregate_types, &event.aggregate_type)
            && named(&self.event_types, &event.event_type)
            && self.aggregate_id.is_none_or(|id| id == event.aggregate_id)
            && self
                .recorded_from
                .is_none_or(|from| event.recorded_at >= from)
            && self.recorded_to.is_none_or(|to| event.recorded_at < to)
    }

    /// Whether it takes every event of a log of this size.
    pub(crate) fn is_everything(&self, size: i64) -> bool {
        let all = Self {
            from_position: 1,
            to_position: size,
            ..Self::default()
        };
        *self == all
    }
}

/// A file of an export.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FileEntry {
    /// What it is called.
    pub(crate) name: String,
    /// How large it is.
    pub(crate) bytes: u64,
    /// The SHA-256 of its content, in hexadecimal.
    pub(crate) sha256: String,
}

impl FileEntry {
    /// Describes a file by reading it.
    pub(crate) fn of(directory: &Path, name: &str) -> anyhow::Result<Self> {
        let path = directory.join(name);
        let cannot = || format!("{} cannot be read", path.display());
        let mut file = BufReader::with_capacity(1 << 20, File::open(&path).with_context(cannot)?);
        let mut hasher = Sha256::new();
        let mut buffer = vec![0; 1 << 20];
        let mut bytes = 0;
        loop {
            let read = file.read(&mut buffer).with_context(cannot)?;
            if read == 0 {
                break;
            }
            bytes += read as u64;
            hasher.update(&buffer[..read]);
        }
        Ok(Self {
            name: name.to_owned(),
            bytes,
            sha256: format!("{:x}", hasher.finalize()),
        })
    }
}

impl Manifest {
    /// Reads the manifest of an export.
    pub(crate) fn read(directory: &Path) -> anyhow::Result<Self> {
        let text = super::read_text(&directory.join(super::MANIFEST))
            .context("this is no export, or one that was not finished")?;
        let manifest: Self =
            serde_json::from_str(&text).context("the manifest cannot be understood")?;
        if manifest.form != FORM {
            bail!(
                "the export has form {}, and this program knows form {FORM}",
                manifest.form
            );
        }
        Ok(manifest)
    }

    /// The form that is written today.
    pub(crate) fn form() -> u32 {
        FORM
    }

    /// The file that holds the events.
    pub(crate) fn events_file(&self) -> &'static str {
        match self.format {
            ExportFormat::Parquet => super::EVENTS_PARQUET,
            _ => super::EVENTS_NDJSON,
        }
    }

    /// The first file that is missing or is not what the manifest says; those
    /// that are named here are left out.
    pub(crate) fn first_wrong_file(
        &self,
        directory: &Path,
        but: &[&str],
    ) -> anyhow::Result<Option<String>> {
        let looked_at = |file: &&FileEntry| !but.contains(&&*file.name);
        for file in self.files.iter().filter(looked_at) {
            if !directory.join(&file.name).exists() {
                return Ok(Some(format!("the file {} is missing", file.name)));
            }
            if FileEntry::of(directory, &file.name)? != *file {
                return Ok(Some(format!(
                    "the file {} is not the one that the manifest describes",
                    file.name
                )));
            }
        }
        Ok(None)
    }
}
