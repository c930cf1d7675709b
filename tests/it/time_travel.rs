//! The desk at another time.

use chrono::{DateTime, Duration, Utc};
use serde_json::{Value, json};
use tests::{Incident, Person, TestDesk};

const AS_OF: &str = "query($id: ID!, $asOf: AsOfInput!, $basis: Basis!) {
    incident(id: $id, asOf: $asOf, basis: $basis) { status priority assignee comments { nodes { text } } history { nodes { eventType } } version }
}";

async fn as_of(person: &Person, incident: &Incident, as_of: Value, basis: &str) -> Value {
    person
        .data(
            AS_OF,
            json!({ "id": incident.id, "asOf": as_of, "basis": basis }),
        )
        .await["incident"]
        .clone()
}

#[tokio::test]
async fn an_incident_is_shown_as_it_was_at_each_of_its_positions() {
    let desk = TestDesk::open().await;
    let (coordinator, team) = (desk.coordinator().await, desk.second_line().await);
    let incident = coordinator.logs_an_incident().await;
    let mut seen = Vec::new();
    let mut look = async |payload: Value| {
        let position = payload["position"].clone();
        let now = coordinator.sees(&incident, "status priority version").await;
        seen.push((position, now));
    };
    look(
        coordinator
            .takes("workItemAssign", &incident, json!({ "teamId": team.id }))
            .await,
    )
    .await;
    look(
        team.agent
            .takes("workItemAccept", &incident, json!({}))
            .await,
    )
    .await;
    look(
        coordinator
            .takes(
                "workItemOverridePriority",
                &incident,
                json!({ "priority": "P1", "reason": "x" }),
            )
            .await,
    )
    .await;
    look(
        team.agent
            .takes(
                "incidentResolve",
                &incident,
                json!({ "code": "Fixed", "solution": "y" }),
            )
            .await,
    )
    .await;
    for (position, now) in seen {
        let then = as_of(
            &coordinator,
            &incident,
            json!({ "position": position }),
            "RECORDED",
        )
        .await;
        for field in ["status", "priority", "version"] {
            assert_eq!(then[field], now[field], "{field} at {position}");
        }
    }
    assert!(
        as_of(
            &coordinator,
            &incident,
            json!({ "position": 0 }),
            "RECORDED"
        )
        .await
        .is_null()
    );
}

#[tokio::test]
async fn what_was_known_and_what_was_so_are_two_questions() {
    let desk = TestDesk::open().await;
    let (coordinator, team) = (desk.coordinator().await, desk.second_line().await);
    let now: DateTime<Utc> = api::clock::now();
    let ago = |minutes: i64| now - Duration::minutes(minutes);
    let incident = coordinator.logs(json!({ "effectiveAt": ago(120) })).await;
    coordinator
        .takes(
            "workItemAssign",
            &incident,
            json!({ "teamId": team.id, "effectiveAt": ago(100) }),
        )
        .await;
    team.agent
        .takes(
            "workItemAccept",
            &incident,
            json!({ "effectiveAt": ago(80) }),
        )
        .await;
    let at = |minutes: i64| json!({ "at": ago(minutes) });
    assert!(
        as_of(&coordinator, &incident, at(90), "RECORDED")
            .await
            .is_null(),
        "nobody knew of it then"
    );
    assert_eq!(
        as_of(&coordinator, &incident, at(90), "EFFECTIVE").await["status"],
        "ASSIGNED"
    );
    assert_eq!(
        as_of(&coordinator, &incident, at(70), "EFFECTIVE").await["status"],
        "IN_PROGRESS"
    );
    assert!(
        as_of(&coordinator, &incident, at(130), "EFFECTIVE")
            .await
            .is_null()
    );
    let tomorrow = json!({ "at": now + Duration::days(1) });
    let answer = coordinator
        .ask(
            AS_OF,
            json!({ "id": incident.id, "asOf": tomorrow, "basis": "RECORDED" }),
        )
        .await;
    assert_eq!(answer.code(), "INPUT_INVALID");
}

#[tokio::test]
async fn the_difference_between_two_points_names_each_field_and_step() {
    let desk = TestDesk::open().await;
    let (coordinator, team) = (desk.coordinator().await, desk.second_line().await);
    let incident = coordinator.logs_an_incident().await;
    let from = coordinator.sees(&incident, "position").await["position"].clone();
    coordinator.assigns(&incident, &team).await;
    let to = coordinator
        .takes(
            "workItemOverridePriority",
            &incident,
            json!({ "priority": "P1", "reason": "要客" }),
        )
        .await["position"]
        .clone();
    coordinator
        .takes("workItemUrge", &incident, json!({}))
        .await;
    let query = "query($id: ID!, $from: AsOfInput!, $to: AsOfInput!) { diff(id: $id, from: $from, to: $to) { changes { field before after } steps { eventType actor reason } } }";
    let diff = coordinator
        .data(
            query,
            json!({ "id": incident.id, "from": { "position": from }, "to": { "position": to } }),
        )
        .await["diff"]
        .clone();
    let changes = diff["changes"].as_array().unwrap();
    assert!(
        changes.contains(&json!({ "field": "status", "before": "New", "after": "Assigned" })),
        "{diff:#}"
    );
    assert!(
        changes
            .iter()
            .any(|change| change["field"] == "teamName" && change["after"] == "network")
    );
    assert!(
        !changes.iter().any(|change| change["field"] == "urgeCount"),
        "that came later"
    );
    assert_eq!(
        diff["steps"],
        json!([
            { "eventType": "Assigned", "actor": "coordinator", "reason": null },
            { "eventType": "PriorityOverridden", "actor": "coordinator", "reason": "要客" },
        ])
    );
}
