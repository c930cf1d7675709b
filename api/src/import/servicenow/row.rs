//! A row of the audit log: one update of one incident, with all of the
//! incident's fields as they were after it.

use std::fmt::Write;
use std::sync::Arc;

use chrono::{DateTime, Duration, SecondsFormat, Utc};
use csv::StringRecord;
use domain::ids::{CategoryCode, CiId, PersonId, TeamId};
use domain::priority::{Impact, Priority, Urgency};
use domain::text::{Line, Text, TextRefused};
use domain::work_item::{ContactChannel, ExternalReference};

use super::columns::{Column, Columns, FieldColumn, SYSTEM};
use super::reading::Reading;
use super::states::{self, State};
use super::time::{self, Moment, Oddity};

/// A row that can be taken over.
#[derive(Debug)]
pub(super) struct Row {
    /// Its line in the file, from 1.
    pub(super) line: u64,
    /// The incident's number in the source.
    pub(super) number: Line,
    /// Which update of the incident it is, as the source counts.
    pub(super) update: u32,
    /// When the update was made.
    pub(super) updated_at: DateTime<Utc>,
    /// What is odd about how that time is written.
    pub(super) updated_oddity: Option<Oddity>,
    /// Who made it.
    pub(super) updated_by: Option<PersonId>,
    /// When the first contact was made.
    pub(super) opened_at: DateTime<Utc>,
    /// Where the incident stands, if its word means something here.
    pub(super) state: Option<State>,
    /// Whether the desk's status says as much as that word.
    pub(super) state_is_told: bool,
    /// How often it has been opened again.
    pub(super) reopen_count: u32,
    /// Who asked.
    pub(super) caller: Option<PersonId>,
    /// How the contact was made.
    pub(super) contact_channel: ContactChannel,
    /// What it is filed under.
    pub(super) category: CategoryName,
    /// How much of the business is affected, where that is known.
    pub(super) impact: Option<Impact>,
    /// How soon a solution is needed, where that is known.
    pub(super) urgency: Option<Urgency>,
    /// What priority the source gives it, where that is known.
    pub(super) priority: Option<Priority>,
    /// The group that has it.
    pub(super) group: Option<Group>,
    /// The person who has it.
    pub(super) person: Option<PersonId>,
    /// How it was resolved.
    pub(super) closed_code: Option<Line>,
    /// When the last resolution was made, where its time can be read.
    pub(super) resolved_at: Option<DateTime<Utc>>,
    /// When the last closing was made, where its time can be read.
    pub(super) closed_at: Option<DateTime<Utc>>,
    /// The configuration item concerned.
    pub(super) ci: Option<CiId>,
    /// The records of the source that it is connected with.
    pub(super) references: Vec<ExternalReference>,
    record: StringRecord,
    columns: Arc<Columns>,
}

/// A group of the source: a team of the desk whose code begins with the
/// source's name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Group {
    /// What the source calls it.
    pub(super) name: Line,
    /// The team's code.
    pub(super) code: Line,
}

impl Group {
    /// The group with this name.
    pub(super) fn named(name: &str) -> Result<Self, TextRefused> {
        Ok(Self {
            name: Line::new(name)?,
            code: Line::new(&format!("servicenow:{name}"))?,
        })
    }

    /// Whoever has the incidents whose group the source does not name.
    pub(super) fn not_given() -> Result<Self, TextRefused> {
        Self::named("(group not given)")
    }

    /// The team that stands for it.
    pub(super) fn team(&self) -> TeamId {
        TeamId::from_code(self.code.as_str())
    }
}

/// A category of the source, at the first or the second level.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CategoryName {
    /// The first level; none where the source names none.
    pub(super) first: Option<Line>,
    /// The second level.
    pub(super) second: Option<Line>,
    /// The code of the first level in the desk's tree.
    pub(super) first_code: CategoryCode,
    /// The code of the lowest level that is given.
    pub(super) code: CategoryCode,
}

impl CategoryName {
    fn new(first: Option<Line>, second: Option<Line>) -> Result<Self, TextRefused> {
        let top = first.as_ref().map_or("(not given)", Line::as_str);
        let first_code = CategoryCode::new(&format!("servicenow:{top}"))?;
        let code = match &second {
            Some(second) => CategoryCode::new(&format!("servicenow:{top}/{second}"))?,
            None => first_code.clone(),
        };
        Ok(Self {
            first,
            second,
            first_code,
            code,
        })
    }
}

/// Why a row is not taken over.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct RowRefused(pub(super) String);

impl Row {
    /// Reads a record that has as many fields as the header.
    pub(super) fn read(
        line: u64,
        record: StringRecord,
        columns: &Arc<Columns>,
        reading: &Reading,
    ) -> Result<Self, RowRefused> {
        let cells = Cells {
            record: &record,
            columns,
            reading,
        };
        let number: Line = cells.required(Column::Number, Line::new)?;
        let category = CategoryName::new(
            cells.optional(Column::Category, Line::new)?,
            cells.optional(Column::Subcategory, Line::new)?,
        )
        .map_err(|refused| RowRefused(format!("category with subcategory {refused}")))?;
        let person = cells.optional(Column::AssignedTo, PersonId::new)?;
        let word = |column| columns.get(&record, column);
        let moment = |column| Some(reading.moment(word(column)?)?.at);
        let updated = cells.time(Column::SysUpdatedAt)?;
        Ok(Self {
            line,
            number,
            update: cells.count(Column::SysModCount)?,
            updated_at: updated.at,
            updated_oddity: updated.oddity,
            updated_by: cells.optional(Column::SysUpdatedBy, PersonId::new)?,
            opened_at: cells.time(Column::OpenedAt)?.at,
            state: word(Column::IncidentState).and_then(|word| reading.states.state(word)),
            state_is_told: word(Column::IncidentState)
                .is_some_and(|word| reading.states.says_all(word)),
            reopen_count: cells.count(Column::ReopenCount)?,
            caller: cells.optional(Column::CallerId, PersonId::new)?,
            contact_channel: states::contact_channel(word(Column::ContactType)),
            category,
            impact: word(Column::Impact).and_then(states::impact),
            urgency: word(Column::Urgency).and_then(states::urgency),
            priority: word(Column::Priority).and_then(states::priority),
            group: cells.optional(Column::AssignmentGroup, Group::named)?,
            person,
            closed_code: cells.optional(Column::ClosedCode, Line::new)?,
            resolved_at: moment(Column::ResolvedAt),
            closed_at: moment(Column::ClosedAt),
            ci: cells.optional(Column::CmdbCi, CiId::new)?,
            references: cells.references()?,
            record,
            columns: Arc::clone(columns),
        })
    }

    /// What the row says in a column, word for word.
    pub(super) fn word(&self, column: Column) -> Option<&str> {
        self.columns.get(&self.record, column)
    }

    /// What the row says in the columns that may become custom fields.
    pub(super) fn fields(&self) -> impl Iterator<Item = (&FieldColumn, Option<&str>)> {
        self.columns.fields(&self.record)
    }

    /// Whether the file has a column.
    pub(super) fn has(&self, column: Column) -> bool {
        self.columns.has(column)
    }

    /// What tells the row from all others: what it says, wherever it stands.
    pub(super) fn command_name(&self) -> String {
        let parts = self.columns.content(&self.record);
        let hash = event_store::content_hash(
            parts.flat_map(|(name, value)| [name.as_bytes(), value.as_bytes()]),
        );
        // As written, so that the row is the same one whatever zone and order
        // its times are read with.
        let updated_at = self
            .word(Column::SysUpdatedAt)
            .and_then(|text| time::written(text)?.name())
            .unwrap_or(self.updated_at);
        let mut name = format!(
            "import:servicenow:{}:{}:{}:",
            self.number,
            self.update,
            in_words(updated_at)
        );
        for byte in hash {
            // Writing to a string cannot fail.
            let _ = write!(name, "{byte:02x}");
        }
        name
    }
}

/// A time as the import writes it.
pub(super) fn in_words(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

/// A text of the import's own making, which is never empty and never long.
pub(super) fn text(words: &str) -> Result<Text, RowRefused> {
    Text::new(words).map_err(|refused| RowRefused(refused.to_string()))
}

/// The same, on one line.
pub(super) fn line(words: &str) -> Result<Line, RowRefused> {
    Line::new(words).map_err(|refused| RowRefused(refused.to_string()))
}

/// A word of the source in a sentence, cut where it is long.
pub(super) fn quoted(word: &str) -> String {
    const LONGEST: usize = 60;
    if word.chars().count() <= LONGEST {
        return format!("{word:?}");
    }
    let beginning: String = word.chars().take(LONGEST).collect();
    format!("{beginning:?}...")
}

/// The cells of a row, read by what they must be.
struct Cells<'a> {
    record: &'a StringRecord,
    columns: &'a Columns,
    reading: &'a Reading,
}

impl Cells<'_> {
    fn optional<T>(
        &self,
        column: Column,
        read: impl FnOnce(&str) -> Result<T, TextRefused>,
    ) -> Result<Option<T>, RowRefused> {
        let word = self.columns.get(self.record, column);
        word.map(read)
            .transpose()
            .map_err(|refused| RowRefused(format!("{} {refused}", column.name())))
    }

    fn required<T>(
        &self,
        column: Column,
        read: impl FnOnce(&str) -> Result<T, TextRefused>,
    ) -> Result<T, RowRefused> {
        self.optional(column, read)?.ok_or_else(|| missing(column))
    }

    /// The records of the source that the row names. The desk has none of
    /// them, so they are known by their numbers there.
    fn references(&self) -> Result<Vec<ExternalReference>, RowRefused> {
        let kinds = [
            (Column::ProblemId, "problem"),
            (Column::Rfc, "change"),
            (Column::CausedBy, "causing change"),
        ];
        let mut references = Vec::new();
        for (column, kind) in kinds {
            if let Some(reference) = self.optional(column, Line::new)? {
                let system = line(&format!("{SYSTEM} {kind}"))?;
                references.push(ExternalReference { system, reference });
            }
        }
        Ok(references)
    }

    fn count(&self, column: Column) -> Result<u32, RowRefused> {
        let Some(word) = self.columns.get(self.record, column) else {
            return match column {
                Column::ReopenCount => Ok(0),
                _ => Err(missing(column)),
            };
        };
        let name = column.name();
        word.parse()
            .map_err(|_| RowRefused(format!("{name} is no count: {}", quoted(word))))
    }

    fn time(&self, column: Column) -> Result<Moment, RowRefused> {
        let word = self.columns.get(self.record, column);
        let word = word.ok_or_else(|| missing(column))?;
        let name = column.name();
        let moment = self
            .reading
            .moment(word)
            .ok_or_else(|| RowRefused(format!("{name} is no time: {}", quoted(word))))?;
        let latest = self.reading.latest;
        if moment.at > latest {
            let mut words = format!("{name} lies in the future: {word:?}");
            // No clock is further ahead of UTC than this.
            if !self.reading.zone_is_given && moment.at - latest <= Duration::hours(14) {
                words.push_str(", taken as UTC; --time-zone names another zone");
            }
            return Err(RowRefused(words));
        }
        if moment.at < DateTime::UNIX_EPOCH {
            return Err(RowRefused(format!("{name} lies before 1970: {word:?}")));
        }
        Ok(moment)
    }
}

fn missing(column: Column) -> RowRefused {
    RowRefused(format!("{} is missing", column.name()))
}
