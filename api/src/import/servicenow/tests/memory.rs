//! A desk in memory, and files in memory for it to read.

use std::collections::HashMap;
use std::io::Cursor;
use std::path::Path;
use std::sync::Arc;

use chrono::DateTime;
use chrono_tz::Tz;
use cqrs_es::Aggregate;
use domain::configuration::{
    CategoryTree, Configuration, Content, Event, PriorityMatrix, Versions,
};
use domain::incident::Incident;
use domain::work_item::{SupportLine, TeamRef};
use domain::{Channel, Context, Decider};

use crate::import::ImportError;
use crate::import::servicenow::importer::{IMPORTER, machine};
use crate::import::servicenow::mapping::{self, Taken, Teams};
use crate::import::servicenow::reader::{AuditLog, Entry, find_encoding_in};
use crate::import::servicenow::reading::Reading;
use crate::import::servicenow::row::{Row, RowRefused};
use crate::import::servicenow::survey::Survey;

/// The columns of the audit log, as the fixture has them.
pub(super) fn fixture() -> &'static str {
    include_str!("../fixtures/audit.csv")
}

/// How a file is read of which nobody says anything.
pub(super) fn usual() -> Reading {
    Reading {
        zone: Tz::UTC,
        zone_is_given: false,
        order: None,
        states: Arc::default(),
        latest: "2030-01-01T00:00:00Z".parse().unwrap(),
    }
}

/// Every entry of a file with this content.
pub(super) fn entries(content: &[u8]) -> Result<Vec<Entry>, ImportError> {
    entries_read(content, usual())
}

/// The same, of a file of which somebody says something.
pub(super) fn entries_read(content: &[u8], reading: Reading) -> Result<Vec<Entry>, ImportError> {
    let length = content.len() as u64;
    let path = Path::new("audit.csv");
    let found = find_encoding_in(Box::new(Cursor::new(content.to_vec())), path)?;
    let file = Box::new(Cursor::new(content.to_vec()));
    let mut log = AuditLog::read_from(file, length, path, found, reading)?;
    let mut entries = Vec::new();
    while let Some(entry) = log.read()? {
        entries.push(entry);
    }
    Ok(entries)
}

/// The rows of a file that has no others.
pub(super) fn rows(content: &[u8]) -> Vec<Row> {
    rows_read(content, usual())
}

/// The same, of a file of which somebody says something.
pub(super) fn rows_read(content: &[u8], reading: Reading) -> Vec<Row> {
    let entries = entries_read(content, reading).unwrap().into_iter();
    let rows = entries.map(|entry| match entry {
        Entry::Row(row) => row,
        Entry::Refused { line, reason } => panic!("line {line}: {reason}"),
        Entry::InDoubt(doubtful) => panic!("{doubtful}"),
    });
    rows.collect()
}

/// A desk that has what the rows of a file need.
pub(super) struct MemoryDesk {
    incidents: HashMap<String, Incident>,
    teams: Teams,
    matrices: Arc<Versions<PriorityMatrix>>,
    categories: Arc<Versions<CategoryTree>>,
}

impl MemoryDesk {
    pub(super) fn for_rows<'r>(rows: impl IntoIterator<Item = &'r Row>) -> Self {
        let mut survey = Survey::default();
        for row in rows {
            survey.see(row).unwrap();
        }
        let teams = survey.groups.keys().map(|group| {
            let team = TeamRef {
                id: group.team(),
                name: group.name.to_string(),
                line: SupportLine::Second,
                department: "Test".to_owned(),
            };
            (team.id, team)
        });
        let tree = survey.extended(Some(&CategoryTree::initial())).unwrap();
        tree.check().unwrap();
        Self {
            incidents: HashMap::new(),
            teams: teams.collect(),
            matrices: published(PriorityMatrix::initial()),
            categories: published(tree),
        }
    }

    pub(super) fn incident(&self, number: &str) -> &Incident {
        &self.incidents[number]
    }

    /// Takes a row over, as a lane does.
    pub(super) fn take(&mut self, row: &Row) -> Result<Taken, RowRefused> {
        let incident = self.incidents.entry(row.number.to_string()).or_default();
        let context = Context {
            actor: machine(IMPORTER).unwrap(),
            effective_at: mapping::effective_at(row, incident),
            known_at: mapping::effective_at(row, incident),
            channel: Channel::Import,
            lines: Vec::new(),
            matrices: Arc::clone(&self.matrices),
            categories: Arc::clone(&self.categories),
            closed_teams: Arc::default(),
        };
        let taken = mapping::take(row, incident, "INC0000001", &self.teams, &context)?;
        for event in &taken.events {
            incident.apply_at(event.clone(), context.effective_at);
        }
        Ok(taken)
    }
}

fn published<C: Content>(content: C) -> Arc<Versions<C>> {
    let mut configuration = Configuration::<C>::default();
    configuration.apply(Event::Published {
        version: 1,
        effective_from: DateTime::UNIX_EPOCH,
        content,
    });
    Arc::clone(configuration.versions())
}
