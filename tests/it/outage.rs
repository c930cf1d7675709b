//! PostgreSQL goes away for a moment: whoever asks is told so, and may send the
//! same again.

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};
use tests::postgres::TestDatabase;
use tests::wire::Wire;
use tests::{Incident, Person, TestDesk};
use tokio::sync::watch;
use uuid::Uuid;

/// What may be answered while the database is away, and for a moment after.
const AWAY: [&str; 3] = ["UNAVAILABLE", "OUTCOME_UNKNOWN", "READ_MODEL_BEHIND"];

fn codes(body: &Value) -> Vec<String> {
    let errors = body["errors"].as_array().into_iter().flatten();
    errors
        .map(|error| {
            error["extensions"]["code"]
                .as_str()
                .unwrap_or("none")
                .to_owned()
        })
        .collect()
}

/// What clients have heard so far.
struct Heard {
    answers: watch::Sender<usize>,
    errors: watch::Sender<Vec<String>>,
    is_over: AtomicBool,
}

impl Heard {
    fn nothing() -> Self {
        Self {
            answers: watch::Sender::new(0),
            errors: watch::Sender::new(Vec::new()),
            is_over: AtomicBool::new(false),
        }
    }

    /// Takes an answer down. Returns whether it was one without errors.
    fn take(&self, body: &Value) -> bool {
        let codes = codes(body);
        let is_well = codes.is_empty();
        if is_well {
            self.answers.send_modify(|answers| *answers += 1);
        } else {
            self.errors.send_modify(|errors| errors.extend(codes));
        }
        is_well
    }

    fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }

    /// Waits until so many more requests are answered well.
    async fn answers(&self, more: usize) {
        let wanted = *self.answers.borrow() + more;
        let mut answers = self.answers.subscribe();
        answers.wait_for(|now| *now >= wanted).await.unwrap();
    }

    /// Waits until one more error is heard.
    async fn an_error(&self) {
        let before = self.errors.borrow().len();
        let mut errors = self.errors.subscribe();
        errors.wait_for(|now| now.len() > before).await.unwrap();
    }
}

/// Asks all the time.
async fn asks(person: &Person, incident: &Incident, heard: &Heard) {
    let query = "query($id: ID!) {
        incident(id: $id) { number comments(first: 3) { nodes { text } } history(first: 5) { nodes { eventType } } }
        workItems(first: 5, orderBy: { field: PRIORITY, direction: ASC }) { totalCount nodes { number team { name } } }
    }";
    while !heard.is_over() {
        let answer = person.ask(query, json!({ "id": incident.id })).await;
        heard.take(&answer.body);
    }
}

/// Comments all the time, each comment under its own id until it is taken.
/// Returns how many were.
async fn comments(person: &Person, incident: &Incident, heard: &Heard) -> usize {
    let mut taken = 0;
    while !heard.is_over() {
        let input = json!({
            "id": incident.id, "commandId": Uuid::now_v7(), "visibility": "INTERNAL", "text": "仍在排查",
        });
        while !heard.take(&person.mutate("workItemComment", input.clone()).await.body) {}
        taken += 1;
    }
    taken
}

#[tokio::test]
async fn while_postgresql_is_away_every_door_says_so_and_each_command_has_one_effect() {
    let database = TestDatabase::create().await;
    let wire = Wire::to(&database.server()).await;
    let desk = TestDesk::behind(database, &wire).await;
    let coordinator = desk.coordinator().await;
    let one = coordinator.logs_an_incident().await;
    let other = coordinator.logs_an_incident().await;
    let heard = Heard::nothing();
    let outages = async {
        for _ in 0..3 {
            // Requests are under way when the wire is cut.
            heard.answers(40).await;
            wire.cut().await;
            heard.an_error().await;
            wire.mend().await;
        }
        heard.answers(10).await;
        heard.is_over.store(true, Ordering::Relaxed);
    };
    let ((), first, second, (), ()) = tokio::join!(
        outages,
        comments(&coordinator, &one, &heard),
        comments(&coordinator, &other, &heard),
        asks(&coordinator, &one, &heard),
        asks(&coordinator, &other, &heard),
    );
    let errors = heard.errors.borrow().clone();
    assert!(
        errors.iter().any(|code| code == "UNAVAILABLE"),
        "{errors:?}"
    );
    assert!(
        errors.iter().all(|code| AWAY.contains(&&**code)),
        "{errors:?}"
    );
    desk.settled().await;
    for (incident, taken) in [(&one, first), (&other, second)] {
        let seen = coordinator.sees(incident, "commentCount").await;
        assert_eq!(seen["commentCount"].as_u64(), u64::try_from(taken).ok());
    }
}

#[tokio::test]
async fn as_long_as_postgresql_is_away_the_doors_over_http_say_so() {
    let database = TestDatabase::create().await;
    let wire = Wire::to(&database.server()).await;
    let desk = TestDesk::behind(database, &wire).await;
    let coordinator = desk.coordinator().await;
    wire.cut().await;
    let get = async |path: &str| {
        let request = desk.http().get(desk.url(path));
        let answer = request
            .bearer_auth(&coordinator.token)
            .send()
            .await
            .unwrap();
        (
            answer.status().as_u16(),
            answer.json::<Value>().await.unwrap(),
        )
    };
    let query = "/graphql?query=%7BlogCheckpoint%7Bsize%7D%7D";
    let (checkpoint, tile, entries, graphql, ready) = tokio::join!(
        get("/log/checkpoint"),
        get("/log/tile/0/000.p/1"),
        get("/log/tile/entries/000.p/1"),
        get(query),
        get("/health/ready"),
    );
    for (status, body) in [checkpoint, tile, entries] {
        let found = (status, &body["error"]["code"]);
        assert_eq!(found, (503, &json!("UNAVAILABLE")), "{body}");
    }
    assert_eq!(codes(&graphql.1), ["UNAVAILABLE"], "{graphql:?}");
    assert_eq!(ready.0, 503, "{ready:?}");
    wire.mend().await;
    coordinator.logs_an_incident().await;
}
