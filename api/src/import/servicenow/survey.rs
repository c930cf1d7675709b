//! The first pass over the file: which teams, members and categories the desk
//! needs before a row can be taken over, and whether any of it is understood. It
//! keeps the distinct ones only, and reads the file to its end, so that a broken
//! one is known before anything is written.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use domain::configuration::{Category, CategoryTree};
use domain::ids::{CategoryCode, PersonId};
use domain::likeness::look;
use domain::text::{Line, TextRefused};

use super::columns::Column;
use super::reader::Entry;
use super::row::{Group, Row, quoted};
use super::time::OrderSigns;
use crate::commands::CommandError;
use crate::import::ImportError;

/// What the rows of a file name.
#[derive(Debug, Default)]
pub(super) struct Survey {
    /// The groups, with the people who had incidents in them.
    pub(super) groups: BTreeMap<Group, BTreeMap<PersonId, Line>>,
    categories: BTreeMap<CategoryCode, Category>,
    /// In which order its dates can be.
    pub(super) signs: OrderSigns,
    /// What stands between its fields.
    pub(super) delimiter: char,
    understood: Understood,
}

/// How much of a file means anything.
#[derive(Debug, Default)]
struct Understood {
    rows: u64,
    /// Rows whose state is one.
    states: u64,
    /// Some words for states that mean nothing.
    strange_words: BTreeSet<String>,
    /// The first lines that are no rows, each with the reason.
    reasons: Vec<String>,
}

/// How many examples are given.
const EXAMPLES: usize = 5;

impl Survey {
    /// Takes an entry in.
    pub(super) fn see_entry(&mut self, entry: &Entry) -> Result<(), CommandError> {
        let reason = match entry {
            Entry::Row(row) => {
                self.understood.see(row);
                return self
                    .see(row)
                    .map_err(|refused| CommandError::refused(&refused));
            }
            Entry::Refused { line, reason } => format!("line {line} {reason}"),
            Entry::InDoubt(doubtful) => doubtful.to_string(),
        };
        if self.understood.reasons.len() < EXAMPLES {
            self.understood.reasons.push(reason);
        }
        Ok(())
    }

    /// Refuses a file of which nothing, or no state, was understood: it would
    /// become something that it is not.
    pub(super) fn check(&self, path: &Path) -> Result<(), ImportError> {
        let understood = &self.understood;
        if understood.rows == 0 && !understood.reasons.is_empty() {
            return Err(ImportError::NothingUnderstood {
                path: path.to_owned(),
                reasons: understood.reasons.clone(),
            });
        }
        if understood.rows > 0 && understood.states == 0 {
            let words: Vec<String> = understood.strange_words.iter().cloned().collect();
            return Err(ImportError::NoStateUnderstood {
                path: path.to_owned(),
                words: match words.as_slice() {
                    [] => "all empty".to_owned(),
                    words => words.join(", "),
                },
            });
        }
        Ok(())
    }

    /// Takes a row in.
    pub(super) fn see(&mut self, row: &Row) -> Result<(), TextRefused> {
        let group = match &row.group {
            Some(group) => group.clone(),
            None => Group::not_given()?,
        };
        let people = self.groups.entry(group).or_default();
        if let Some(person) = &row.person
            && !people.contains_key(person)
        {
            let written = row.word(Column::AssignedTo);
            let name = Line::new(written.unwrap_or(person.as_str()))?;
            people.insert(person.clone(), name);
        }

        let category = &row.category;
        self.see_category(&category.first_code, None, category.first.as_ref());
        if let Some(second) = &category.second {
            let parent = Some(&category.first_code);
            self.see_category(&category.code, parent, Some(second));
        }
        Ok(())
    }

    fn see_category(
        &mut self,
        code: &CategoryCode,
        parent: Option<&CategoryCode>,
        name: Option<&Line>,
    ) {
        if self.categories.contains_key(code) {
            return;
        }
        let (name_zh, name_en) = match name {
            Some(name) => (name.to_string(), name.to_string()),
            None => ("未分类".to_owned(), "Not classified".to_owned()),
        };
        let category = Category {
            code: code.clone(),
            parent: parent.cloned(),
            name_zh,
            name_en,
        };
        self.categories.insert(code.clone(), category);
    }

    /// The tree with what it lacks, if it lacks anything.
    pub(super) fn extended(&self, tree: Option<&CategoryTree>) -> Option<CategoryTree> {
        let mut categories = tree.map(|tree| tree.categories.clone()).unwrap_or_default();
        let mut known: BTreeSet<String> =
            categories.iter().map(|c| look(c.code.as_str())).collect();
        let before = categories.len();
        // The order of the codes puts a category before what lies under it.
        for new in self.categories.values() {
            // Codes that look alike are one category, as whoever wrote them
            // meant it.
            if known.insert(look(new.code.as_str())) {
                let mut new = new.clone();
                if let Some(parent) = &new.parent {
                    let above = look(parent.as_str());
                    let above = categories.iter().find(|c| look(c.code.as_str()) == above);
                    new.parent = above.map(|above| above.code.clone());
                }
                categories.push(new);
            }
        }
        (categories.len() > before).then_some(CategoryTree { categories })
    }
}

impl Understood {
    fn see(&mut self, row: &Row) {
        self.rows += 1;
        self.states += u64::from(row.state.is_some());
        if row.state.is_none()
            && self.strange_words.len() < EXAMPLES
            && let Some(word) = row.word(Column::IncidentState)
        {
            self.strange_words.insert(quoted(word));
        }
    }
}
