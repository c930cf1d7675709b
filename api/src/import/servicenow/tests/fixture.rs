//! The fixture, which holds every oddity of a real log, from its first row to
//! its last.

use std::fmt::Write;

use domain::incident::{Event, Status};
use domain::work_item::WorkEvent;

use super::memory::{MemoryDesk, entries, fixture};
use crate::import::servicenow::reader::Entry;

/// What each row of the fixture gives, one line an event. Fields of the desk's
/// own are left out where they merely hold a column.
#[test]
fn every_row_of_the_fixture_is_taken_over_or_refused() {
    let entries = entries(fixture().as_bytes()).unwrap();
    let rows = entries.iter().filter_map(|entry| match entry {
        Entry::Row(row) => Some(row),
        Entry::Refused { .. } | Entry::InDoubt(_) => None,
    });
    let mut desk = MemoryDesk::for_rows(rows);
    let mut account = String::new();
    for entry in &entries {
        match entry {
            Entry::Refused { line, reason } => {
                writeln!(account, "line {line} refused: {reason}").unwrap();
            }
            Entry::InDoubt(doubtful) => writeln!(account, "{doubtful}").unwrap(),
            Entry::Row(row) => {
                let taken = desk.take(row).unwrap();
                assert!(!taken.events.is_empty());
                let status = desk.incident(row.number.as_str()).status();
                let kinds: Vec<_> = taken
                    .corrections
                    .iter()
                    .map(|c| c.kind.in_words())
                    .collect();
                write!(
                    account,
                    "line {} {} {} -> {}",
                    row.line,
                    row.number,
                    row.updated_at.format("%m-%d %H:%M"),
                    status.as_ref()
                )
                .unwrap();
                if !kinds.is_empty() {
                    write!(account, " [{}]", kinds.join(", ")).unwrap();
                }
                account.push('\n');
                for event in taken.events.iter().filter_map(described) {
                    writeln!(account, "    {event}").unwrap();
                }
            }
        }
    }
    insta::assert_snapshot!(account);
}

fn described(event: &Event) -> Option<String> {
    let text = match event {
        Event::Work(WorkEvent::CustomFieldSet { name, to, .. }) => match name.as_str() {
            "servicenow.update" => format!("= {}", to.as_ref()?),
            "servicenow.incident_state" | "servicenow.impact" | "servicenow.urgency" => {
                format!("{name} = {to:?}")
            }
            _ => return None,
        },
        Event::Work(WorkEvent::Assigned { to, person, .. }) => {
            let person = person.as_ref().map_or("nobody", |p| p.as_str());
            format!("Assigned to {}, {person}", to.name)
        }
        Event::StatusCorrected { from, to, reason } => {
            format!(
                "StatusCorrected from {} to {}: {reason}",
                from.as_ref(),
                to.as_ref()
            )
        }
        other => other.name().to_owned(),
    };
    Some(text)
}

#[test]
fn columns_without_a_counterpart_become_fields_when_they_change() {
    let entries = entries(fixture().as_bytes()).unwrap();
    let rows: Vec<_> = entries
        .iter()
        .filter_map(|entry| match entry {
            Entry::Row(row) => Some(row),
            Entry::Refused { .. } | Entry::InDoubt(_) => None,
        })
        .collect();
    let mut desk = MemoryDesk::for_rows(rows.iter().copied());
    for row in rows {
        desk.take(row).unwrap();
    }
    let closed = desk.incident("INC9000001");
    assert_eq!(closed.status(), Status::Closed);
    insta::assert_json_snapshot!(closed.work().custom_fields);
}
