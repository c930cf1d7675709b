//! The account that an import gives: each row of the file is in it, as taken
//! over now, taken over earlier, refused, or in doubt.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::DateOrder;

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
    /// How many rows this run has taken over.
    pub rows_taken: u64,
    /// How many rows an earlier run had taken over.
    pub already_imported: u64,
    /// The rows that could not be taken over.
    pub refused: Vec<RefusedRow>,
    /// The lines of which nobody can tell which rows they are; none of them
    /// was taken over.
    pub in_doubt: Vec<DoubtfulRows>,
    /// How the file was read.
    pub reading: FileReading,
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

/// Lines of which nobody can tell which rows they are.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DoubtfulRows {
    /// The first of them, from 1.
    pub from_line: u64,
    /// The last.
    pub to_line: u64,
    /// How many of them are not blank. Each counts as a row.
    pub rows: u64,
    /// Why that is so.
    pub reason: String,
}

/// How a file was read, as somebody said or as the file shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FileReading {
    /// The name of its encoding.
    pub encoding: String,
    /// What stands between its fields.
    pub delimiter: char,
    /// The zone of its times that name none.
    pub time_zone: String,
    /// Whether there are such times, and nobody said of which zone they are.
    pub time_zone_assumed: bool,
    /// What comes first in its dates that have their year last.
    pub date_order: Option<DateOrder>,
}

impl Default for FileReading {
    fn default() -> Self {
        Self {
            encoding: "UTF-8".to_owned(),
            delimiter: ',',
            time_zone: "UTC".to_owned(),
            time_zone_assumed: false,
            date_order: None,
        }
    }
}

/// For people: which lines, and why.
impl fmt::Display for DoubtfulRows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (from, to, reason) = (self.from_line, self.to_line, &self.reason);
        write!(f, "lines {from} to {to} in doubt: {reason}")
    }
}

impl Reconciliation {
    /// Whether every row of the file was understood.
    pub fn is_complete(&self) -> bool {
        self.refused.is_empty() && self.in_doubt.is_empty()
    }

    /// How many rows are in doubt.
    pub fn rows_in_doubt(&self) -> u64 {
        self.in_doubt.iter().map(|doubtful| doubtful.rows).sum()
    }

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

    /// Notes lines of which nobody can tell which rows they are.
    pub(super) fn doubt(&mut self, doubtful: DoubtfulRows) {
        self.in_doubt.push(doubtful);
    }

    /// Adds the account of another part of the same import.
    pub(super) fn merge(&mut self, other: Self) {
        self.rows_read += other.rows_read;
        self.events_written += other.events_written;
        self.corrections += other.corrections;
        self.rows_taken += other.rows_taken;
        self.already_imported += other.already_imported;
        self.refused.extend(other.refused);
        self.in_doubt.extend(other.in_doubt);
        for (name, number) in other.events_by_type {
            add(&mut self.events_by_type, &name, number);
        }
        for (kind, number) in other.corrections_by_kind {
            add(&mut self.corrections_by_kind, &kind, number);
        }
    }

    /// Puts the refused rows and the doubtful ones in the order of the file.
    pub(super) fn finish(mut self) -> Self {
        self.refused.sort();
        self.in_doubt.sort();
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
        line(f, "rows taken over", self.rows_taken)?;
        line(
            f,
            "rows taken over by an earlier run",
            self.already_imported,
        )?;
        line(f, "rows refused", self.refused.len() as u64)?;
        line(f, "rows in doubt", self.rows_in_doubt())?;
        line(f, "events written", self.events_written)?;
        for (name, number) in &self.events_by_type {
            line(f, &format!("  {name}"), *number)?;
        }
        line(f, "corrections", self.corrections)?;
        for (kind, number) in &self.corrections_by_kind {
            line(f, &format!("  {kind}"), *number)?;
        }
        writeln!(f, "{}", self.reading)?;
        for refused in &self.refused {
            writeln!(f, "line {} refused: {}", refused.line, refused.reason)?;
        }
        for doubtful in &self.in_doubt {
            writeln!(f, "{doubtful}")?;
        }
        if !self.is_complete() {
            writeln!(
                f,
                "What was not understood is not in the log: mend it, and import the file again."
            )?;
        }
        Ok(())
    }
}

/// For people: a sentence.
impl fmt::Display for FileReading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let between = match self.delimiter {
            '\t' => "tabs".to_owned(),
            other => format!("{other:?}"),
        };
        write!(
            f,
            "read as {} with {between} between the fields",
            self.encoding
        )?;
        match self.date_order {
            Some(DateOrder::DayMonth) => write!(f, ", dates with the day first")?,
            Some(DateOrder::MonthDay) => write!(f, ", dates with the month first")?,
            None => {}
        }
        write!(f, "; times without a zone are of {}", self.time_zone)?;
        if self.time_zone_assumed {
            write!(f, ", which nobody said: --time-zone names another zone")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> Reconciliation {
        let mut account = Reconciliation {
            rows_read: 8,
            rows_taken: 1,
            already_imported: 1,
            reading: FileReading {
                time_zone_assumed: true,
                date_order: Some(DateOrder::DayMonth),
                ..FileReading::default()
            },
            ..Reconciliation::default()
        };
        account.count_events("Registered", 1);
        account.count_events("CustomFieldSet", 3);
        account.count_correction("equal times");
        account.refuse(5, "sys_updated_at is no time: \"soon\"");
        let mut other = Reconciliation::default();
        other.refuse(3, "has 35 fields instead of 36");
        other.count_events("CustomFieldSet", 2);
        other.doubt(DoubtfulRows {
            from_line: 6,
            to_line: 10,
            rows: 4,
            reason: "the quotation mark that opens location in line 6 is never closed".to_owned(),
        });
        account.merge(other);
        account.finish()
    }

    #[test]
    fn scripts_find_what_they_were_promised() {
        insta::assert_json_snapshot!(example(), @r#"
        {
          "rowsRead": 8,
          "eventsWritten": 6,
          "corrections": 1,
          "rowsTaken": 1,
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
          "inDoubt": [
            {
              "fromLine": 6,
              "toLine": 10,
              "rows": 4,
              "reason": "the quotation mark that opens location in line 6 is never closed"
            }
          ],
          "reading": {
            "encoding": "UTF-8",
            "delimiter": ",",
            "timeZone": "UTC",
            "timeZoneAssumed": true,
            "dateOrder": "day-month"
          },
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
    fn every_row_is_taken_over_or_said_to_be_not() {
        let account = example();
        let refused = account.refused.len() as u64;
        let sum = account.rows_taken + account.already_imported + refused + account.rows_in_doubt();
        assert_eq!(sum, account.rows_read);
        assert!(!account.is_complete() && Reconciliation::default().is_complete());
    }

    #[test]
    fn people_read_one_figure_a_line() {
        insta::assert_snapshot!(example());
    }
}
