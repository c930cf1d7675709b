//! The real log: `DOCKET_SAMPLES` names the folder. `scripts/test` leaves the
//! tests of modules of this name out, and says so, where it is not at hand.

use std::collections::BTreeMap;
use std::path::PathBuf;

use domain::ids::PersonId;
use domain::incident::Status;
use domain::priority::Priority;

use super::memory::{MemoryDesk, rows};
use crate::import::servicenow::columns::Column;
use crate::import::servicenow::row::Row;
use crate::import::servicenow::states;

#[expect(
    clippy::disallowed_methods,
    reason = "a test asks where the samples are"
)]
fn sample() -> Vec<u8> {
    let folder = std::env::var("DOCKET_SAMPLES").map_or_else(
        |_| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data")),
        PathBuf::from,
    );
    let file = folder.join("uci498_sample_500.csv.gz");
    std::fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

#[test]
fn every_row_of_a_real_log_is_taken_over_and_its_last_word_stands() {
    let rows = rows(&sample());
    let mut desk = MemoryDesk::for_rows(&rows);
    let mut events: BTreeMap<String, u64> = BTreeMap::new();
    let mut corrections: BTreeMap<&str, u64> = BTreeMap::new();
    let mut last: BTreeMap<String, &Row> = BTreeMap::new();
    for row in &rows {
        let taken = desk.take(row).unwrap();
        assert!(!taken.events.is_empty(), "line {}", row.line);
        for event in &taken.events {
            *events.entry(event.name().to_owned()).or_default() += 1;
        }
        for correction in &taken.corrections {
            *corrections.entry(correction.kind.in_words()).or_default() += 1;
        }
        last.insert(row.number.to_string(), row);
        the_row_stands(row, &desk);
    }
    assert_eq!(rows.len(), 2_946);
    assert_eq!(last.len(), 500);
    for row in last.values() {
        the_row_stands(row, &desk);
    }
    let written: u64 = events.values().sum();
    println!("{written} events: {events:#?}");
    println!("corrections: {corrections:#?}");
}

/// What the row says is what the incident says.
fn the_row_stands(row: &Row, desk: &MemoryDesk) {
    let incident = desk.incident(row.number.as_str());
    let work = incident.work();
    let says = |column| row.word(column);
    let status = match says(Column::IncidentState).unwrap() {
        "New" if work.team.is_some() => Status::Assigned,
        "New" => Status::New,
        "Active" => Status::InProgress,
        "Resolved" => Status::Resolved,
        "Closed" => Status::Closed,
        waiting => {
            assert!(waiting.starts_with("Awaiting "), "{waiting}");
            Status::OnHold
        }
    };
    let at = format!("line {}", row.line);
    assert_eq!(incident.status(), status, "{at}");
    let team = work.team.as_ref().map(|team| team.name.as_str());
    let team = team.filter(|name| *name != "(group not given)");
    assert_eq!(team, says(Column::AssignmentGroup), "{at}");
    // Names are kept folded.
    let named = |column| says(column).map(|name| PersonId::new(name).unwrap());
    assert_eq!(work.person, named(Column::AssignedTo), "{at}");
    let priority: Option<Priority> = says(Column::Priority).and_then(states::priority);
    assert_eq!(work.priority.map(|now| now.priority), priority, "{at}");
    assert_eq!(work.requester, named(Column::CallerId), "{at}");
    for (column, value) in row.fields() {
        let kept = work.custom_fields.get(column.field.as_str());
        if column.meaning == crate::import::servicenow::columns::Meaning::Plain {
            assert_eq!(kept.map(String::as_str), value, "{at} {}", column.field);
        }
    }
}
