//! `process-log`: what process mining reads.

mod content;
mod forms;

use std::collections::BTreeSet;

use serde_json::Value;

use crate::desk::Desk;
use crate::program::Ran;

/// A directory for what is written.
struct Files(tempfile::TempDir);

impl Files {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }
}

async fn written(desk: &Desk, path: &str, arguments: &[&str]) -> Ran {
    let form = match path.rsplit_once('.').unwrap().1 {
        "json" => "ocel-json",
        "sqlite" => "ocel-sqlite",
        _ => "xes",
    };
    let common = [
        "process-log",
        "--format",
        form,
        "--output",
        path,
        "--json",
        "--by",
        "chen.audit",
    ];
    desk.replay(&[&common, arguments].concat()).await
}

async fn ocel(desk: &Desk, path: &str, arguments: &[&str]) -> Value {
    let ran = written(desk, path, arguments).await;
    assert_eq!(ran.code, 0, "{ran:?}");
    let value: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert_eq!(ran.json()["events"], list(&value, "events").len());
    assert_eq!(ran.json()["objects"], list(&value, "objects").len());
    value
}

fn list<'a>(value: &'a Value, name: &str) -> &'a Vec<Value> {
    value[name].as_array().unwrap()
}

/// The parts that objects have in an event, as `part type`.
fn parts(log: &Value, event: &Value) -> BTreeSet<String> {
    let kind = |id: &Value| {
        let object = list(log, "objects")
            .iter()
            .find(|object| object["id"] == *id);
        object.unwrap()["type"].as_str().unwrap().to_owned()
    };
    list(event, "relationships")
        .iter()
        .map(|one| {
            let part = one["qualifier"].as_str().unwrap();
            format!("{part}: {}", kind(&one["objectId"]))
        })
        .collect()
}

/// The values that an attribute took, each with its time.
fn values(object: &Value, name: &str) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    list(object, "attributes")
        .iter()
        .filter(|one| one["name"] == name)
        .map(|one| (text(&one["time"]), text(&one["value"])))
        .collect()
}
