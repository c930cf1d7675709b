//! The objects that are not work items: teams, people, machines, categories,
//! configuration items. Many streams speak of them, so they are kept until all
//! of the log has been read: some hundred bytes for each that there is, however
//! many events there are.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::model::{ObjectRecord, ObjectRef, Setting, Value};

/// What is known of the objects that are not work items.
#[derive(Debug, Default)]
pub(super) struct Others {
    known: BTreeMap<ObjectRef, Known>,
}

#[derive(Debug, Default)]
struct Known {
    /// Whether something in the process log refers to it.
    is_wanted: bool,
    settings: Vec<Setting>,
    relations: BTreeSet<(ObjectRef, String)>,
}

impl Others {
    /// Something in the process log refers to an object.
    pub(super) fn want(&mut self, object: &ObjectRef) {
        self.known(object).is_wanted = true;
    }

    /// An attribute of an object took a value. The first one was there from
    /// the start; so was what came before the part of the log that is asked
    /// for, where no time is given.
    pub(super) fn set(
        &mut self,
        object: &ObjectRef,
        name: &'static str,
        value: Value,
        since: Option<DateTime<Utc>>,
    ) {
        self.known(object).set(name, value, since);
    }

    /// How an object stands to another one.
    pub(super) fn relate(&mut self, object: &ObjectRef, other: ObjectRef, how: &str) {
        self.known(object).relations.insert((other, how.to_owned()));
    }

    /// It does not stand so any more.
    pub(super) fn part(&mut self, object: &ObjectRef, other: ObjectRef, how: &str) {
        self.known(object)
            .relations
            .remove(&(other, how.to_owned()));
    }

    fn known(&mut self, object: &ObjectRef) -> &mut Known {
        if !self.known.contains_key(object) {
            self.known.insert(object.clone(), Known::named(object));
        }
        // It has just been put there if it was not.
        self.known.entry(object.clone()).or_default()
    }

    /// The objects that something refers to, each with its relations to
    /// others of them.
    pub(super) fn records(self) -> impl Iterator<Item = ObjectRecord> {
        let wanted: BTreeSet<ObjectRef> = self
            .known
            .iter()
            .filter(|(_, known)| known.is_wanted)
            .map(|(object, _)| object.clone())
            .collect();
        self.known
            .into_iter()
            .filter(|(_, known)| known.is_wanted)
            .map(move |(object, known)| {
                let mut relations = known.relations;
                relations.retain(|(other, _)| wanted.contains(other));
                ObjectRecord {
                    name: name_of(&object, &known.settings),
                    settings: known.settings,
                    relations,
                    object,
                }
            })
    }
}

impl Known {
    /// What an object's identity says of it already.
    fn named(object: &ObjectRef) -> Self {
        let mut known = Self::default();
        let name = match &*object.kind {
            "person" => "login",
            "category" => "code",
            "machine" | "configuration_item" | "service" => "name",
            _ => return known,
        };
        if let Some((_, own)) = object.id.split_once(':') {
            known.set(name, Value::text(own), None);
        }
        known
    }

    fn set(&mut self, name: &'static str, value: Value, since: Option<DateTime<Utc>>) {
        let last = self.settings.iter_mut().rfind(|known| known.name == name);
        match (last, since) {
            (Some(last), _) if last.value.as_ref() == Some(&value) => {}
            (Some(last), None) => last.value = Some(value),
            (Some(_), since) => self.settings.push(Setting {
                name,
                since,
                value: Some(value),
            }),
            (None, _) => self.settings.push(Setting {
                name,
                since: None,
                value: Some(value),
            }),
        }
    }
}

/// What people call an object: its last name, or else its identity.
fn name_of(object: &ObjectRef, settings: &[Setting]) -> String {
    let named = ["name", "name_en", "login", "code"]
        .iter()
        .find_map(|name| settings.iter().rfind(|setting| setting.name == *name));
    named
        .and_then(|setting| setting.value.as_ref())
        .map_or_else(|| object.id.clone(), ToString::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(name: &str) -> ObjectRef {
        super::super::relations::person(name)
    }

    fn at(time: &str) -> DateTime<Utc> {
        format!("2026-03-02T{time}:00Z").parse().unwrap()
    }

    #[test]
    fn only_what_something_refers_to_is_told() {
        let mut others = Others::default();
        others.set(
            &person("li.wei"),
            "name",
            Value::text("李伟"),
            Some(at("08:00")),
        );
        others.want(&person("chen.jie"));
        others.relate(&person("chen.jie"), person("li.wei"), "knows");
        let records: Vec<ObjectRecord> = others.records().collect();
        assert_eq!(records.len(), 1);
        assert_eq!(records[0].name, "chen.jie");
        assert!(records[0].relations.is_empty());
    }

    #[test]
    fn the_first_value_was_always_there_and_the_next_has_its_time() {
        let mut others = Others::default();
        let team = super::super::relations::aggregate("team", uuid::Uuid::nil());
        others.want(&team);
        for (name, since) in [
            ("Network", at("08:00")),
            ("Network", at("09:00")),
            ("Networks", at("10:00")),
        ] {
            others.set(&team, "name", Value::text(name), Some(since));
        }
        let record = others.records().next().unwrap();
        let settings: Vec<_> = record
            .settings
            .iter()
            .map(|one| (one.value.clone().unwrap().to_string(), one.since))
            .collect();
        assert_eq!(
            settings,
            [
                ("Network".to_owned(), None),
                ("Networks".to_owned(), Some(at("10:00")))
            ]
        );
        assert_eq!(record.name, "Networks");
    }
}
