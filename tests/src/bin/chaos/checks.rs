//! Holding what is left against what the clients were told.

use std::collections::HashMap;

use anyhow::{Context, bail, ensure};
use event_store::DatabaseSource;
use serde_json::{Value, json};
use tests::served::call;
use uuid::Uuid;

use crate::clients::{ask, long};
use crate::ledger::{Entry, Ledger};

/// An event as the auditor reads it.
#[derive(Debug)]
struct Event {
    position: i64,
    aggregate: String,
    sequence: i64,
    index: i64,
}

/// Reads the whole log through the desk's own door, and compares it with the
/// answers to all commands.
pub(crate) async fn log(url: String, auditor: &str, ledger: &Ledger) -> anyhow::Result<String> {
    let mut events = 0;
    let mut commands: HashMap<Uuid, Vec<Event>> = HashMap::new();
    let mut pages = Pages::new(url, auditor);
    while let Some(page) = pages.next().await? {
        for (command, event) in page {
            events += 1;
            if event.position != events {
                bail!(
                    "position {} of the log is where {events} should be",
                    event.position
                );
            }
            commands.entry(command).or_default().push(event);
        }
    }
    let entries = ledger.entries();
    let mut found_out = 0;
    for (command, entry) in &entries {
        let stored = commands.get(command).map_or(&[][..], Vec::as_slice);
        if let Some(wrong) = compare(entry, stored) {
            ledger.wrong(format!(
                "command {command}, sent {} times: {wrong}",
                entry.sent
            ));
        }
        if entry.acknowledged.is_none() && !stored.is_empty() {
            found_out += 1;
        }
    }
    Ok(format!(
        "{events} events of {} commands in the log; {found_out} commands of unknown outcome turned out to be there",
        commands.len(),
    ))
}

/// What is wrong between what a client was told and what is stored.
fn compare(entry: &Entry, stored: &[Event]) -> Option<String> {
    let once = stored.iter().zip(0..).all(|(event, place)| {
        event.index == place
            && event.aggregate == stored[0].aggregate
            && event.sequence == stored[0].sequence + place
            && event.position == stored[0].position + place
    });
    if !once {
        return Some(format!("stored in pieces or more than once: {stored:?}"));
    }
    let place = stored.last().map(|last| (last.position, last.sequence));
    match (entry.acknowledged, place) {
        (Some(told), Some(place)) if told == place => None,
        (Some(told), Some(place)) => Some(format!("acknowledged at {told:?}, stored at {place:?}")),
        (Some(told), None) => Some(format!("acknowledged at {told:?}, and lost")),
        (None, Some(place)) if !entry.unknown => Some(format!("refused, and stored at {place:?}")),
        (None, _) => None,
    }
}

/// The log, page by page.
struct Pages {
    http: reqwest::Client,
    url: String,
    token: String,
    after: Option<String>,
    is_over: bool,
}

impl Pages {
    const QUERY: &str = "query($after: String) { events(first: 100, after: $after) { pageInfo { hasNextPage endCursor } \
        edges { node { position aggregateId sequence commandId commandIndex } } } }";

    fn new(url: String, token: &str) -> Self {
        Self {
            http: reqwest::Client::new(),
            url,
            token: token.to_owned(),
            after: None,
            is_over: false,
        }
    }

    async fn next(&mut self) -> anyhow::Result<Option<Vec<(Uuid, Event)>>> {
        if self.is_over {
            return Ok(None);
        }
        let variables = json!({ "after": self.after });
        let answer = ask(&self.http, &self.url, &self.token, Self::QUERY, &variables).await?;
        let events = &answer["data"]["events"];
        let edges = events["edges"]
            .as_array()
            .with_context(|| format!("the log cannot be read: {answer}"))?;
        self.after = events["pageInfo"]["endCursor"].as_str().map(str::to_owned);
        self.is_over = events["pageInfo"]["hasNextPage"] != json!(true);
        let page = edges
            .iter()
            .map(|edge| event(&edge["node"]).with_context(|| format!("no event: {edge}")));
        page.collect::<anyhow::Result<_>>().map(Some)
    }
}

fn event(node: &Value) -> Option<(Uuid, Event)> {
    let command = node["commandId"].as_str()?.parse().ok()?;
    let event = Event {
        position: long(&node["position"])?,
        aggregate: node["aggregateId"].as_str()?.to_owned(),
        sequence: long(&node["sequence"])?,
        index: long(&node["commandIndex"])?,
    };
    Some((command, event))
}

/// Has the auditor's own program look at the log, and at every projection.
pub(crate) async fn replay(database: &DatabaseSource) -> anyhow::Result<Vec<String>> {
    let mut said = Vec::new();
    let verified = lines(&["verify", "--json"], database).await?;
    for line in &verified {
        ensure!(line["ok"] == json!(true), "docket-replay verify: {line}");
        said.push(format!(
            "docket-replay verify: the log is whole up to {}",
            line["head"]
        ));
    }
    let checked = lines(&["rebuild", "--check", "all", "--json"], database).await?;
    for line in &checked {
        ensure!(
            line["differences"] == json!(0),
            "docket-replay rebuild --check: {line}"
        );
        let (name, rows) = (
            line["projection"].as_str().unwrap_or_default(),
            &line["rows"],
        );
        said.push(format!(
            "docket-replay rebuild --check: {name} is the same again, {rows} rows"
        ));
    }
    ensure!(
        !verified.is_empty() && !checked.is_empty(),
        "docket-replay said nothing"
    );
    Ok(said)
}

/// Calls `docket-replay`, which must succeed; the JSON lines that it prints.
async fn lines(arguments: &[&str], database: &DatabaseSource) -> anyhow::Result<Vec<Value>> {
    let output = call("docket-replay", arguments, database).output().await?;
    let printed = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        let complaint = String::from_utf8_lossy(&output.stderr);
        bail!(
            "docket-replay {}: {}: {printed}{complaint}",
            arguments.join(" "),
            output.status
        );
    }
    printed
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| {
            serde_json::from_str(line).with_context(|| format!("docket-replay printed {line}"))
        })
        .collect()
}
