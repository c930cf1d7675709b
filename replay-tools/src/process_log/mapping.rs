//! The log as a process log: every event of the part that is asked for is one
//! event of the process log, and what it is about are its objects.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use domain::configuration::{self, CategoryTree, Content};
use domain::organisation::{TeamEvent, TokenEvent};
use domain::work_item::SupportLine;
use projections::{Decoded, DeskEvent};
use uuid::Uuid;

use super::attributes::Item;
use super::item_fold::{ItemFold, WORK_ITEM};
use super::model::{EventRecord, ObjectRef, Sink, Value};
use super::others::Others;
use super::relations::{self, Relations, aggregate, named, person};
use super::selection::{Place, Selection};

/// Turns streams into events and objects, and hands them on. Holds one stream
/// at a time, the identities of the work items, and the other objects.
pub(super) struct Mapping {
    selection: Selection,
    sink: Box<dyn Sink>,
    others: Others,
    /// The work items that have been handed on.
    told: HashSet<Uuid>,
    /// The work items that others are linked with.
    linked: HashSet<Uuid>,
    /// How many events have been handed on.
    pub(super) events: i64,
    /// How many objects have been handed on.
    pub(super) objects: i64,
}

impl Mapping {
    pub(super) fn new(selection: Selection, sink: Box<dyn Sink>) -> Self {
        Self {
            selection,
            sink,
            others: Others::default(),
            told: HashSet::new(),
            linked: HashSet::new(),
            events: 0,
            objects: 0,
        }
    }

    /// Takes a stream in.
    pub(super) fn take(&mut self, stream: &[Decoded]) -> anyhow::Result<()> {
        match stream.first().map(|first| &first.event) {
            Some(DeskEvent::Incident(_)) => self.item(stream, false),
            _ => self.other(stream),
        }
    }

    /// The work items that others are linked with and that have not been
    /// handed on: nothing happened to them in the part that is asked for.
    pub(super) fn missing(&self) -> Vec<Uuid> {
        self.linked.difference(&self.told).copied().collect()
    }

    /// Hands on such an item, by its stream: without an event of its own.
    pub(super) fn take_missing(&mut self, id: Uuid, stream: &[Decoded]) -> anyhow::Result<()> {
        if stream.is_empty() {
            // An item of a practice that this program does not know.
            let object = aggregate("work_item", id);
            self.others.want(&object);
            return Ok(());
        }
        self.item(stream, true)
    }

    /// Hands on what is left.
    pub(super) fn finish(mut self) -> anyhow::Result<(i64, i64)> {
        for object in self.others.records() {
            self.sink.object(&object)?;
            self.objects += 1;
        }
        self.sink.finish()?;
        Ok((self.events, self.objects))
    }

    /// A work item: its events, and then itself.
    fn item(&mut self, stream: &[Decoded], even_without_events: bool) -> anyhow::Result<()> {
        let Some(first) = stream.first() else {
            return Ok(());
        };
        let (object, _) = relations::subject(first);
        let mut fold = ItemFold::default();
        let mut has_events = false;
        for event in stream {
            let place = self.selection.place(event);
            if place == Place::After {
                continue;
            }
            let is_start = !has_events && place == Place::Before
                || event.recorded.command_id == first.recorded.command_id;
            let since = (!is_start).then(|| self.selection.time(event));
            fold.take(event, since);
            if place == Place::Within {
                has_events = true;
                self.item_event(event, &fold.item)?;
            }
        }
        if !has_events && !even_without_events {
            return Ok(());
        }
        let record = fold.record(object);
        for (other, _) in &record.relations {
            self.refer_to(other);
        }
        self.told.insert(first.recorded.aggregate_id);
        self.objects += 1;
        self.sink.object(&record)
    }

    fn item_event(&mut self, event: &Decoded, item: &Item) -> anyhow::Result<()> {
        let mut relations = Relations::of(event);
        let row = item.row.as_ref();
        let is_handed_over = relations
            .found
            .iter()
            .any(|(_, part)| matches!(*part, "from team" | "to team"));
        if let Some(team) = row.and_then(|row| row.team_id).filter(|_| !is_handed_over) {
            relations.found.insert((aggregate("team", team), "team"));
        }
        let mut about = Vec::new();
        about.extend(
            row.and_then(|row| row.team_name.clone())
                .map(|name| ("team", Value::Text(name))),
        );
        about.extend(row.map(|row| ("status", Value::Text(row.status.clone()))));
        self.event(event, relations, about)
    }

    /// Hands on an event.
    fn event(
        &mut self,
        event: &Decoded,
        relations: Relations,
        about: Vec<(&'static str, Value)>,
    ) -> anyhow::Result<()> {
        let (recorded, metadata) = (&event.recorded, &event.metadata);
        let mut attributes = vec![
            ("position", Value::Integer(recorded.position)),
            ("sequence", Value::Integer(recorded.sequence)),
            ("effective_at", Value::Time(metadata.effective_at)),
            ("recorded_at", Value::Time(recorded.recorded_at)),
            ("actor", Value::Text(metadata.actor.clone())),
        ];
        let optional = [
            ("on_behalf_of", &metadata.on_behalf_of),
            ("role", &metadata.role),
            ("channel", &metadata.channel),
            ("rule", &metadata.rule),
        ];
        attributes.extend(
            optional
                .into_iter()
                .filter_map(|(name, value)| Some((name, Value::Text(value.clone()?)))),
        );
        attributes.extend(about);
        let mut found = relations.found;
        for (id, part) in relations.linked {
            found.insert((aggregate(WORK_ITEM, id), part));
        }
        for (object, part) in &found {
            if *part != "item" {
                self.refer_to(object);
            }
        }
        self.events += 1;
        self.sink.event(&EventRecord {
            id: format!("e{}", recorded.position),
            kind: recorded.event_type.clone(),
            time: self.selection.time(event),
            position: recorded.position,
            attributes,
            relations: found,
        })
    }

    /// Sees to it that an object is told of that something refers to.
    fn refer_to(&mut self, object: &ObjectRef) {
        match Uuid::try_parse(&object.id) {
            Ok(id) if object.kind == WORK_ITEM => {
                self.linked.insert(id);
            }
            _ => self.others.want(object),
        }
    }

    /// A stream of something that is no work item.
    fn other(&mut self, stream: &[Decoded]) -> anyhow::Result<()> {
        for event in stream {
            let place = self.selection.place(event);
            if place == Place::After {
                continue;
            }
            let since = (place == Place::Within).then(|| self.selection.time(event));
            let (object, _) = relations::subject(event);
            match &event.event {
                DeskEvent::Team(event) => self.team(&object, event, since),
                DeskEvent::ApiToken(event) => self.token(&object, event, since),
                DeskEvent::PriorityMatrix(event) => self.configuration(&object, event, since),
                DeskEvent::CategoryTree(event) => {
                    self.configuration(&object, event, since);
                    self.categories(event, since);
                }
                DeskEvent::Incident(_)
                | DeskEvent::SealKeys(_)
                | DeskEvent::LogExport(_)
                | DeskEvent::Unknown => {}
            }
            if place == Place::Within {
                self.event(event, Relations::of(event), Vec::new())?;
            }
        }
        Ok(())
    }

    fn team(&mut self, team: &ObjectRef, event: &TeamEvent, since: Option<DateTime<Utc>>) {
        let mut set = |name, value| self.others.set(team, name, value, since);
        match event {
            TeamEvent::TeamFounded {
                code,
                name,
                line,
                department,
            } => {
                set("code", Value::text(code.as_str()));
                set("name", Value::text(name.as_str()));
                set("line", Value::Integer(line_number(*line)));
                set("department", Value::text(department.as_str()));
                set("active", Value::Flag(true));
            }
            TeamEvent::MemberAdded { person: who, name } => {
                let who = person(who.as_str());
                self.others
                    .set(&who, "name", Value::text(name.as_str()), since);
                self.others.relate(team, who, "member");
            }
            TeamEvent::MemberRemoved { person: who } => {
                self.others.part(team, person(who.as_str()), "member");
            }
            TeamEvent::TeamLeadNamed { to, .. } => {
                let lead = to.as_ref().map_or("", |lead| lead.as_str());
                set("lead", Value::text(lead));
            }
            TeamEvent::TeamDeactivated {} => set("active", Value::Flag(false)),
            TeamEvent::TeamReactivated {} => set("active", Value::Flag(true)),
        }
    }

    fn token(&mut self, token: &ObjectRef, event: &TokenEvent, since: Option<DateTime<Utc>>) {
        let mut set = |name, value| self.others.set(token, name, value, since);
        match event {
            TokenEvent::TokenIssued {
                name,
                role,
                expires_at,
                ..
            } => {
                set("name", Value::text(name.as_str()));
                set("role", Value::text(role.as_ref()));
                if let Some(at) = expires_at {
                    set("expires_at", Value::Time(*at));
                }
                set("revoked", Value::Flag(false));
                self.others.relate(token, person(name.as_str()), "bearer");
            }
            TokenEvent::TokenRevoked {} => set("revoked", Value::Flag(true)),
        }
    }

    fn configuration<C: Content>(
        &mut self,
        object: &ObjectRef,
        event: &configuration::Event<C>,
        since: Option<DateTime<Utc>>,
    ) {
        self.others.set(object, "name", Value::text(C::TYPE), None);
        if let configuration::Event::Published { version, .. } = event {
            let version = Value::Integer(i64::from(*version));
            self.others.set(object, "version", version, since);
        }
    }

    /// What the categories are called that items are filed under.
    fn categories(
        &mut self,
        event: &configuration::Event<CategoryTree>,
        since: Option<DateTime<Utc>>,
    ) {
        let configuration::Event::Published { content, .. } = event else {
            return;
        };
        for category in &content.categories {
            let object = named("category", category.code.as_str());
            let names = [
                ("name_zh", &category.name_zh),
                ("name_en", &category.name_en),
            ];
            for (name, value) in names {
                self.others.set(&object, name, Value::text(value), since);
            }
        }
    }
}

fn line_number(line: SupportLine) -> i64 {
    match line {
        SupportLine::First => 1,
        SupportLine::Second => 2,
        SupportLine::Third => 3,
    }
}
