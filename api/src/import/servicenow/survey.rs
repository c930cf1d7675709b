//! The first pass over the file: which teams, members and categories the desk
//! needs before a row can be taken over. It keeps the distinct ones only, and
//! reads the file to its end, so that a broken one is known before anything
//! is written.

use std::collections::{BTreeMap, BTreeSet};

use domain::configuration::{Category, CategoryTree};
use domain::ids::{CategoryCode, PersonId};
use domain::text::{Line, TextRefused};

use super::row::{Group, Row};

/// What the rows of a file name.
#[derive(Debug, Default)]
pub(super) struct Survey {
    /// The groups, with the people who had incidents in them.
    pub(super) groups: BTreeMap<Group, BTreeSet<PersonId>>,
    categories: BTreeMap<CategoryCode, Category>,
}

impl Survey {
    /// Takes a row in.
    pub(super) fn see(&mut self, row: &Row) -> Result<(), TextRefused> {
        let group = match &row.group {
            Some(group) => group.clone(),
            None => Group::not_given()?,
        };
        let people = self.groups.entry(group).or_default();
        if let Some(person) = &row.person
            && !people.contains(person)
        {
            people.insert(person.clone());
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
        let known: BTreeSet<CategoryCode> = categories.iter().map(|c| c.code.clone()).collect();
        // The order of the codes puts a category before what lies under it.
        let new = self
            .categories
            .values()
            .filter(|c| !known.contains(&c.code));
        let before = categories.len();
        categories.extend(new.cloned());
        (categories.len() > before).then_some(CategoryTree { categories })
    }
}
