//! Given a stream, when it is looked through, then these are its exceptions.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use domain::work_item::JourneyStage;
use event_store::{Metadata, RecordedEvent};
use projections::Decoded;
use serde_json::{Value, json};
use uuid::Uuid;

use super::detection::{Found, Question, look};
use super::exception::{Exception, Kind};
use super::leavers::Leavers;

mod configuring;
mod handling;
mod stages;

/// A stream in the making.
struct Stream {
    aggregate_type: &'static str,
    events: Vec<Decoded>,
}

fn at(time: &str) -> DateTime<Utc> {
    format!("2026-03-02T{time}:00Z").parse().unwrap()
}

fn of(aggregate_type: &'static str) -> Stream {
    Stream {
        aggregate_type,
        events: Vec::new(),
    }
}

fn incident() -> Stream {
    let registered = json!({
        "type": "Registered", "number": "INC0000042", "summary": "VPN",
        "contact_channel": "Phone", "opened_at": "2026-03-02T08:00:00Z",
        "requester": "chen.jie",
    });
    let classified = json!({"type": "Classified", "to": {"code": "network", "tree_version": 1}});
    let prioritised = json!({
        "type": "PrioritySet", "impact": "Medium", "urgency": "Medium", "priority": "P3",
        "matrix_version": 1,
    });
    of("incident")
        .then("li.wei", &registered)
        .then("li.wei", &classified)
        .then("li.wei", &prioritised)
}

fn team() -> Value {
    json!({"id": Uuid::nil(), "name": "Network", "line": "Second", "department": "IT"})
}

fn resolved() -> Value {
    json!({
        "type": "Resolved", "code": "Fixed", "solution": "Done", "at_first_contact": false,
        "confirm_by": "2026-03-05T08:00:00Z",
    })
}

impl Stream {
    /// Something happens at eight o'clock, and is known at once.
    fn then(self, actor: &str, payload: &Value) -> Self {
        self.known(actor, payload, TimeDelta::zero(), |_| {})
    }

    fn known(
        mut self,
        actor: &str,
        payload: &Value,
        later: TimeDelta,
        tell: impl Fn(&mut Metadata),
    ) -> Self {
        let mut metadata = Metadata::new(at("08:00"), actor);
        tell(&mut metadata);
        let number = i64::try_from(self.events.len()).unwrap() + 1;
        let event_type = payload["type"].as_str().unwrap().to_owned();
        let recorded = RecordedEvent {
            position: 100 + number,
            aggregate_type: self.aggregate_type.into(),
            aggregate_id: Uuid::nil(),
            sequence: number,
            event_version: "1.0".to_owned(),
            event_type,
            payload: payload.to_string().into(),
            metadata: metadata.to_canonical().unwrap(),
            command_id: Uuid::from_u128(u128::try_from(number).unwrap()),
            command_index: 0,
            request_hash: None,
            recorded_at: at("08:00") + later,
        };
        self.events.push(Decoded::new(Arc::new(recorded)).unwrap());
        self
    }

    fn assigned(self) -> Self {
        self.then("li.wei", &json!({"type": "Assigned", "to": team()}))
    }

    fn accepted(self) -> Self {
        let accepted = json!({"type": "AssignmentAccepted", "person": "wang.fang"});
        self.assigned().then("wang.fang", &accepted)
    }

    fn asked(&self, ask: impl Fn(&mut Question)) -> Found {
        let mut question = Question {
            from: 1,
            upto: 1_000,
            at: at("09:00"),
            kinds: Vec::new(),
            late_after: TimeDelta::hours(24),
            with_imports: false,
            with_closed: false,
            leavers: Leavers::default(),
        };
        ask(&mut question);
        look(&self.events, &question)
    }

    fn exceptions(&self) -> Vec<Exception> {
        self.asked(|_| {}).exceptions
    }

    /// Each exception's kind, position and sentence.
    fn told(&self) -> Vec<(Kind, i64, String)> {
        self.exceptions()
            .into_iter()
            .map(|one| (one.kind, one.position, one.description))
            .collect()
    }
}

fn named(stages: &[JourneyStage]) -> Vec<&'static str> {
    stages.iter().map(Into::into).collect()
}

/// The stages that were skipped, and those that are lacking.
fn gaps(found: &Found) -> [Vec<&'static str>; 2] {
    let found = found
        .exceptions
        .iter()
        .find(|one| one.kind == Kind::SkippedStage);
    found.map_or_else(Default::default, |one| {
        [named(&one.skipped_stages), named(&one.lacking_stages)]
    })
}
