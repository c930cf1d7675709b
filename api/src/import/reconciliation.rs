//! The account that an import gives: each row of the file is in it, as taken
//! over now, taken over earlier, or refused.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

/// What became of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reconciliation {
    /// How many rows the file has, its header not counted.
    pub rows_read: u64,
    /// How many events were written, those of new teams and categories
    /// included.
    pub events_written: u64,
    /// How many things the file has that the process forbids; one of the
    /// events written tells each of them.
    pub corrections: u64,
    /// How many rows an earlier run had taken over.
    pub already_imported: u64,
    /// The rows that could not be taken over.
    pub refused: Vec<RefusedRow>,
    /// The events written, by their names.
    pub events_by_type: BTreeMap<String, u64>,
    /// The corrections, by what made each necessary.
    pub corrections_by_kind: BTreeMap<String, u64>,
}

/// A row that could not be taken over.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct RefusedRow {
    /// Its line in the file, from 1.
    pub line: u64,
    /// Why.
    pub reason: String,
}

impl Reconciliation {
    /// Counts events of one name.
    pub(super) fn count_events(&mut self, name: &str, number: u64) {
        self.events_written += number;
        add(&mut self.events_by_type, name, number);
    }

    /// Counts a correction.
    pub(super) fn count_correction(&mut self, kind: &str) {
        self.corrections += 1;
        add(&mut self.corrections_by_kind, kind, 1);
    }

    /// Notes a row that could not be taken over.
    pub(super) fn refuse(&mut self, line: u64, reason: impl Into<String>) {
        let reason = reason.into();
        self.refused.push(RefusedRow { line, reason });
    }

    /// Adds the account of another part of the same import.
    pub(super) fn merge(&mut self, other: Self) {
        self.rows_read += other.rows_read;
        self.events_written += other.events_written;
        self.corrections += other.corrections;
        self.already_imported += other.already_imported;
        self.refused.extend(other.refused);
        for (name, number) in other.events_by_type {
            add(&mut self.events_by_type, &name, number);
        }
        for (kind, number) in other.corrections_by_kind {
            add(&mut self.corrections_by_kind, &kind, number);
        }
    }

    /// Puts the refused rows in the order of the file.
    pub(super) fn finish(mut self) -> Self {
        self.refused.sort();
        self
    }
}

fn add(counts: &mut BTreeMap<String, u64>, name: &str, number: u64) {
    match counts.get_mut(name) {
        Some(count) => *count += number,
        None => {
            counts.insert(name.to_owned(), number);
        }
    }
}

/// For people: one line a figure.
impl fmt::Display for Reconciliation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = |f: &mut fmt::Formatter<'_>, name: &str, number: u64| {
            writeln!(f, "{name:<60} {number:>9}")
        };
        line(f, "rows read", self.rows_read)?;
        line(
            f,
            "rows taken over by an earlier run",
            self.already_imported,
        )?;
        line(f, "rows refused", self.refused.len() as u64)?;
        line(f, "events written", self.events_written)?;
        for (name, number) in &self.events_by_type {
            line(f, &format!("  {name}"), *number)?;
        }
        line(f, "corrections", self.corrections)?;
        for (kind, number) in &self.corrections_by_kind {
            line(f, &format!("  {kind}"), *number)?;
        }
        for refused in &self.refused {
            writeln!(f, "line {} refused: {}", refused.line, refused.reason)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> Reconciliation {
        let mut account = Reconciliation {
            rows_read: 4,
            already_imported: 1,
            ..Reconciliation::default()
        };
        account.count_events("Registered", 1);
        account.count_events("CustomFieldSet", 3);
        account.count_correction("equal times");
        account.refuse(5, "sys_updated_at is no time: \"soon\"");
        let mut other = Reconciliation::default();
        other.refuse(3, "has 35 fields instead of 36");
        other.count_events("CustomFieldSet", 2);
        account.merge(other);
        account.finish()
    }

    #[test]
    fn scripts_find_what_they_were_promised() {
        insta::assert_json_snapshot!(example(), @r#"
        {
          "rowsRead": 4,
          "eventsWritten": 6,
          "corrections": 1,
          "alreadyImported": 1,
          "refused": [
            {
              "line": 3,
              "reason": "has 35 fields instead of 36"
            },
            {
              "line": 5,
              "reason": "sys_updated_at is no time: \"soon\""
            }
          ],
          "eventsByType": {
            "CustomFieldSet": 5,
            "Registered": 1
          },
          "correctionsByKind": {
            "equal times": 1
          }
        }
        "#);
    }

    #[test]
    fn people_read_one_figure_a_line() {
        insta::assert_snapshot!(example());
    }
}
