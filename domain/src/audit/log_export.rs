//! 日志导出: that somebody took a part of the log away, which part, and under
//! which seal. Recorded before the files are handed over: an export that is
//! not in the log does not exist.

use chrono::{DateTime, Utc};
use cqrs_es::event_sink::EventSink;
use cqrs_es::{Aggregate, DomainEvent};
use serde::{Deserialize, Serialize};
use strum::{AsRefStr, EnumString, VariantNames};

use crate::context::Role;
use crate::{Channel, Context, Decider, Refusal};

/// What decisions about an export read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogExport {
    recorded: bool,
}

/// The form of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, AsRefStr, EnumString)]
pub enum ExportFormat {
    /// CloudEvents, one a line.
    CloudEvents,
    /// Apache Parquet.
    Parquet,
    /// An object-centric process log, as JSON.
    OcelJson,
    /// An object-centric process log, as an SQLite database.
    OcelSqlite,
    /// A process log of one kind of object (IEEE 1849).
    Xes,
}

/// What can be asked of an export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogExportCommand {
    /// Records that it was made.
    Record(Exported),
}

/// What was taken away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exported {
    /// In which form.
    pub format: ExportFormat,
    /// From which position on.
    pub from_position: i64,
    /// Up to which position.
    pub to_position: i64,
    /// Only these kinds of objects; all where nothing is named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aggregate_types: Vec<String>,
    /// Only this object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aggregate_id: Option<String>,
    /// Only events of these names; all where nothing is named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub event_types: Vec<String>,
    /// Only what was recorded from then on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recorded_from: Option<DateTime<Utc>>,
    /// Only what was recorded before then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recorded_to: Option<DateTime<Utc>>,
    /// How many events.
    pub events: i64,
    /// The SHA-256 of the file with the events, in hexadecimal.
    pub sha256: String,
    /// The size of the sealed head that goes with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoint_size: Option<i64>,
}

/// What happens to an export.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, AsRefStr, VariantNames)]
#[serde(tag = "type")]
pub enum LogExportEvent {
    /// It was made.
    LogExported(Exported),
}

/// Why a step of an export is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, AsRefStr, VariantNames)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE", prefix = "LOG_EXPORT_")]
pub enum ExportRefusal {
    /// An export is made once.
    #[error("this export was recorded already")]
    AlreadyRecorded,
    /// Only an auditor, an administrator or the command line takes evidence
    /// away.
    #[error("only an auditor or an administrator may do this")]
    NotAuditor,
}

impl Refusal for ExportRefusal {
    fn code(&self) -> String {
        self.as_ref().to_owned()
    }
}

impl DomainEvent for LogExportEvent {
    fn event_type(&self) -> String {
        self.as_ref().to_owned()
    }

    fn event_version(&self) -> String {
        "1.0".to_owned()
    }
}

impl Decider for LogExport {
    fn decide(
        &self,
        command: &LogExportCommand,
        context: &Context,
    ) -> Result<Vec<LogExportEvent>, ExportRefusal> {
        let may = matches!(context.actor.role, Role::Auditor | Role::Administrator)
            || context.channel == Channel::Cli;
        if !may {
            return Err(ExportRefusal::NotAuditor);
        }
        if self.recorded {
            return Err(ExportRefusal::AlreadyRecorded);
        }
        let LogExportCommand::Record(exported) = command;
        Ok(vec![LogExportEvent::LogExported(exported.clone())])
    }
}

impl Aggregate for LogExport {
    const TYPE: &'static str = "log_export";
    type Command = LogExportCommand;
    type Event = LogExportEvent;
    type Error = ExportRefusal;
    type Services = Context;

    async fn handle(
        &mut self,
        command: LogExportCommand,
        context: &Context,
        sink: &EventSink<Self>,
    ) -> Result<(), ExportRefusal> {
        for event in self.decide(&command, context)? {
            sink.write(event, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: LogExportEvent) {
        let LogExportEvent::LogExported(_) = event;
        self.recorded = true;
    }
}
