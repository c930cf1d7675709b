//! The columns of the audit log: found by their names, in any order. The
//! import cannot do without those whose meaning it knows; every other one,
//! known or not, becomes a field of the desk's own.

use std::collections::HashMap;

use csv::StringRecord;
use domain::text::{Line, TextRefused};
use strum::{EnumIter, IntoEnumIterator, IntoStaticStr};

/// The system that the history comes from, as it stands in the log.
pub(super) const SYSTEM: &str = "ServiceNow";

/// How the custom fields begin that hold what has no counterpart here.
pub(super) const FIELD_PREFIX: &str = "servicenow.";

/// The columns whose meaning the import knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EnumIter, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub(super) enum Column {
    Number,
    IncidentState,
    ReopenCount,
    SysModCount,
    CallerId,
    OpenedAt,
    SysUpdatedBy,
    SysUpdatedAt,
    ContactType,
    Category,
    Subcategory,
    Impact,
    Urgency,
    Priority,
    AssignmentGroup,
    AssignedTo,
    ClosedCode,
    ResolvedBy,
    ResolvedAt,
    ClosedAt,
    CmdbCi,
    USymptom,
    ProblemId,
    Rfc,
    CausedBy,
}

impl Column {
    /// The columns that hold times which the import reads.
    pub(super) const TIMES: [Self; 4] = [
        Self::OpenedAt,
        Self::SysUpdatedAt,
        Self::ResolvedAt,
        Self::ClosedAt,
    ];

    pub(super) fn name(self) -> &'static str {
        self.into()
    }

    /// Whether a file without it is none that can be taken over.
    fn is_needed(self) -> bool {
        !matches!(
            self,
            Self::CmdbCi | Self::USymptom | Self::ProblemId | Self::Rfc | Self::CausedBy
        )
    }
}

/// What a column becomes a custom field for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Nothing else holds it.
    Plain,
    /// The same, and most rows say this, which is not worth an event.
    Usually(&'static str),
    /// Whether the incident is open, which its status says as well.
    Active,
    /// A step or a fact of the desk holds it, unless its value means nothing
    /// to the desk.
    Elsewhere(Column),
    /// How the incident was resolved. The source writes the last resolution of
    /// an incident on each of its rows, also on those that lie before it.
    Resolution,
    /// When it was closed; the same.
    Closing,
}

/// A column that may become a custom field.
#[derive(Debug)]
pub(super) struct FieldColumn {
    index: usize,
    /// What the custom field is called.
    pub(super) field: Line,
    pub(super) meaning: Meaning,
}

/// Where a file has its columns.
#[derive(Debug)]
pub(super) struct Columns {
    places: HashMap<Column, usize>,
    fields: Vec<FieldColumn>,
    /// All names in alphabetical order: a row is the same row wherever its
    /// columns stand.
    sorted: Vec<(String, usize)>,
}

/// What is wrong with a header.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum HeaderProblem {
    Missing(Vec<&'static str>),
    Twice(String),
    Name(String, TextRefused),
}

impl Columns {
    /// Reads the header.
    pub(super) fn find(header: &StringRecord) -> Result<Self, HeaderProblem> {
        let names: Vec<&str> = header
            .iter()
            .map(|name| name.trim_start_matches('\u{feff}').trim())
            .collect();
        let index = |wanted: &str| names.iter().position(|name| *name == wanted);

        let mut places = HashMap::new();
        let mut missing = Vec::new();
        for column in Column::iter() {
            match index(column.name()) {
                Some(index) => {
                    places.insert(column, index);
                }
                None if column.is_needed() => missing.push(column.name()),
                None => {}
            }
        }
        if !missing.is_empty() {
            return Err(HeaderProblem::Missing(missing));
        }

        let mut fields = Vec::new();
        let mut sorted = Vec::new();
        for (position, name) in names.iter().enumerate() {
            if index(name) != Some(position) {
                return Err(HeaderProblem::Twice((*name).to_owned()));
            }
            if let Some(meaning) = meaning(name) {
                let field = Line::new(&format!("{FIELD_PREFIX}{name}"))
                    .map_err(|refused| HeaderProblem::Name((*name).to_owned(), refused))?;
                fields.push(FieldColumn {
                    index: position,
                    field,
                    meaning,
                });
            }
            sorted.push(((*name).to_owned(), position));
        }
        sorted.sort();
        Ok(Self {
            places,
            fields,
            sorted,
        })
    }

    /// How many fields a row has.
    pub(super) fn count(&self) -> usize {
        self.sorted.len()
    }

    /// The name of the column in this place.
    pub(super) fn name_at(&self, index: usize) -> &str {
        let found = self.sorted.iter().find(|(_, place)| *place == index);
        found.map_or("", |(name, _)| name)
    }

    /// Whether the file has a column.
    pub(super) fn has(&self, column: Column) -> bool {
        self.places.contains_key(&column)
    }

    /// What a row says in a column whose meaning is known.
    pub(super) fn get<'r>(&self, record: &'r StringRecord, column: Column) -> Option<&'r str> {
        known_value(record.get(*self.places.get(&column)?)?)
    }

    /// What a row says in the columns that may become custom fields.
    pub(super) fn fields<'a>(
        &'a self,
        record: &'a StringRecord,
    ) -> impl Iterator<Item = (&'a FieldColumn, Option<&'a str>)> {
        self.fields
            .iter()
            .map(|column| (column, record.get(column.index).and_then(known_value)))
    }

    /// What a row says, with the names, in alphabetical order of these.
    pub(super) fn content<'a>(
        &'a self,
        record: &'a StringRecord,
    ) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.sorted.iter().map(|(name, index)| {
            let value = record.get(*index).and_then(known_value);
            (name.as_str(), value.unwrap_or_default())
        })
    }
}

/// An empty field and `?` both mean that nothing is known.
fn known_value(text: &str) -> Option<&str> {
    let text = text.trim();
    (!text.is_empty() && text != "?").then_some(text)
}

fn meaning(name: &str) -> Option<Meaning> {
    Some(match name {
        // These are kept whole elsewhere: in the external reference, in the
        // mark of the update, in the envelope, as requester, as category, as
        // team and person.
        "number" | "sys_mod_count" | "sys_updated_by" | "sys_updated_at" | "caller_id"
        | "category" | "subcategory" | "assignment_group" | "assigned_to" | "cmdb_ci" => {
            return None;
        }
        "opened_at" => Meaning::Elsewhere(Column::OpenedAt),
        "incident_state" => Meaning::Elsewhere(Column::IncidentState),
        "impact" => Meaning::Elsewhere(Column::Impact),
        "urgency" => Meaning::Elsewhere(Column::Urgency),
        "priority" => Meaning::Elsewhere(Column::Priority),
        "active" => Meaning::Active,
        "made_sla" => Meaning::Usually("true"),
        "knowledge" | "u_priority_confirmation" => Meaning::Usually("false"),
        "notify" => Meaning::Usually("Do Not Notify"),
        "reassignment_count" | "reopen_count" => Meaning::Usually("0"),
        "closed_code" | "resolved_by" | "resolved_at" => Meaning::Resolution,
        "closed_at" => Meaning::Closing,
        _ => Meaning::Plain,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> StringRecord {
        Column::iter().map(Column::name).collect()
    }

    #[test]
    fn columns_are_found_in_any_order_and_a_byte_order_mark_is_no_part_of_a_name() {
        let mut names: Vec<String> = header().iter().map(str::to_owned).collect();
        names.reverse();
        names[0] = format!("\u{feff}{}", names[0]);
        let columns = Columns::find(&StringRecord::from(names)).unwrap();
        let row: StringRecord = (0..25).map(|n| n.to_string()).collect();
        assert_eq!(columns.get(&row, Column::Number), Some("24"));
        assert_eq!(columns.get(&row, Column::CausedBy), Some("0"));
    }

    #[test]
    fn a_missing_column_is_named() {
        let header: StringRecord = header()
            .iter()
            .filter(|name| !["priority", "number"].contains(name))
            .collect();
        assert_eq!(
            Columns::find(&header).unwrap_err(),
            HeaderProblem::Missing(vec!["number", "priority"])
        );
    }

    #[test]
    fn a_column_that_stands_twice_is_named() {
        let mut header = header();
        header.push_field("location");
        header.push_field("location");
        assert_eq!(
            Columns::find(&header).unwrap_err(),
            HeaderProblem::Twice("location".to_owned())
        );
    }

    #[test]
    fn an_empty_field_and_a_question_mark_say_nothing() {
        assert_eq!(known_value(" ? "), None);
        assert_eq!(known_value(""), None);
        assert_eq!(known_value(" x? "), Some("x?"));
    }
}
