//! Work that waits: for how long, and what ends it.

use chrono::{DateTime, Duration, Utc};
use domain::Role;
use serde_json::{Value, json};
use tests::{Incident, TestDesk};

/// Waits until an event of this name is in the log, reading it live.
async fn sees_event(desk: &TestDesk, incident: &Incident, name: &str) {
    let id = tests::journey_id(&incident.id);
    let mut follower = desk.serving().desk().log().follow(0);
    loop {
        let batch = follower.next().await.unwrap();
        let is_it = |event: &std::sync::Arc<event_store::RecordedEvent>| {
            event.aggregate_id == id && event.event_type == name
        };
        if batch.iter().any(is_it) {
            desk.settled().await;
            return;
        }
    }
}

fn at(minutes: i64) -> String {
    (api::clock::now() + Duration::minutes(minutes)).to_rfc3339()
}

#[tokio::test]
async fn a_hold_ends_when_its_time_has_come_and_the_desk_says_so() {
    let desk = TestDesk::open().await;
    let (coordinator, team) = (desk.coordinator().await, desk.second_line().await);
    let incident = coordinator.logs(json!({ "effectiveAt": at(-90) })).await;
    let assign = json!({ "teamId": team.id, "effectiveAt": at(-80) });
    coordinator.takes("workItemAssign", &incident, assign).await;
    let accept = json!({ "effectiveAt": at(-70) });
    team.agent.takes("workItemAccept", &incident, accept).await;
    let until = at(-30);
    let hold = json!({ "reason": "SUPPLIER", "until": until, "effectiveAt": at(-60) });
    team.agent.takes("incidentPutOnHold", &incident, hold).await;
    sees_event(&desk, &incident, "Resumed").await;
    let seen = coordinator
        .sees(
            &incident,
            "status hold { until } history(first: 50) { nodes { eventType actor rule effectiveAt } }",
        )
        .await;
    assert_eq!(
        (&seen["status"], &seen["hold"]),
        (&json!("IN_PROGRESS"), &Value::Null)
    );
    let last = tests::last_step(&seen);
    assert_eq!(
        (&last["eventType"], &last["actor"], &last["rule"]),
        (
            &json!("Resumed"),
            &json!("docket:hold-end"),
            &json!("hold-end@1")
        )
    );
    let time = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
    let resumed = time(last["effectiveAt"].as_str().unwrap());
    assert!((resumed - time(&until)).num_milliseconds().abs() < 1_000);
}

#[tokio::test]
async fn what_waits_is_found_by_when_it_is_to_go_on() {
    let desk = TestDesk::open().await;
    let (coordinator, team) = (desk.coordinator().await, desk.second_line().await);
    let mut waiting = Vec::new();
    for minutes in [60, 120] {
        let incident = coordinator.has_an_incident_in_progress(&team).await;
        let hold = json!({ "reason": "SUPPLIER", "until": at(minutes) });
        team.agent.takes("incidentPutOnHold", &incident, hold).await;
        waiting.push(incident);
    }
    let endless = coordinator.has_an_incident_in_progress(&team).await;
    let hold = json!({ "reason": "SUPPLIER" });
    team.agent.takes("incidentPutOnHold", &endless, hold).await;
    let found = async |filter: Value| {
        let query = "query($filter: WorkItemFilterInput) { workItems(filter: $filter, orderBy: { field: NUMBER, direction: ASC }) { nodes { number } } }";
        let found = coordinator.data(query, json!({ "filter": filter })).await;
        let nodes = found["workItems"]["nodes"].as_array().unwrap().clone();
        nodes
            .iter()
            .map(|node| node["number"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let numbers = |incidents: &[Incident]| -> Vec<String> {
        incidents
            .iter()
            .map(|incident| incident.number.clone())
            .collect()
    };
    let soon = json!({ "onHoldUntil": { "to": at(90) } });
    assert_eq!(found(soon).await, numbers(&waiting[..1]));
    let later = json!({ "onHoldUntil": { "from": at(90) } });
    assert_eq!(found(later).await, numbers(&waiting[1..]));
    let any = json!({ "onHoldUntil": { "from": at(0) } });
    assert_eq!(found(any).await, numbers(&waiting));
    assert!(found(json!({ "holdOverdue": true })).await.is_empty());
    assert_eq!(found(json!({ "holdOverdue": false })).await.len(), 3);
}

#[tokio::test]
async fn a_file_of_the_requesters_ends_a_hold_for_them_and_urging_does_not() {
    let desk = TestDesk::open().await;
    let (coordinator, team) = (desk.coordinator().await, desk.second_line().await);
    let requester = desk.person("zhao.min", Role::Requester).await;
    let incident = coordinator.has_an_incident_in_progress(&team).await;
    let hold = json!({ "reason": "REQUESTER", "text": "等待截图" });
    team.agent.takes("incidentPutOnHold", &incident, hold).await;
    let urged = requester.takes("workItemUrge", &incident, json!({})).await;
    assert_eq!(urged["workItem"]["status"], "ON_HOLD");
    let file = json!({
        "name": "截图.png", "mediaType": "image/png", "sizeBytes": 2_048, "sha256": "ab".repeat(32),
    });
    let sent = requester.takes("workItemAttach", &incident, file).await;
    assert_eq!(sent["workItem"]["status"], "IN_PROGRESS");
}
