//! Windows of the requester's, and the order of the steps in the world.

use chrono::{DateTime, Duration, Utc};
use domain::Role;
use serde_json::{Value, json};
use tests::{Incident, Person, Team, TestDesk};

fn ago(hours: i64) -> String {
    (api::clock::now() - Duration::hours(hours)).to_rfc3339()
}

fn time(value: &Value) -> DateTime<Utc> {
    value.as_str().expect("a time").parse().expect("a time")
}

/// An incident of ten days ago that a team took on nine days ago.
async fn in_progress(coordinator: &Person, team: &Team) -> Incident {
    let incident = coordinator.logs(json!({ "effectiveAt": ago(240) })).await;
    let assign = json!({ "teamId": team.id, "effectiveAt": ago(230) });
    coordinator.takes("workItemAssign", &incident, assign).await;
    let accept = json!({ "effectiveAt": ago(216) });
    team.agent.takes("workItemAccept", &incident, accept).await;
    incident
}

#[tokio::test]
async fn inc_29_a_resolution_that_is_written_down_late_leaves_the_requester_the_whole_window() {
    let desk = TestDesk::open().await;
    let (coordinator, team) = (desk.coordinator().await, desk.second_line().await);
    let requester = desk.person("zhao.min", Role::Requester).await;
    let incident = in_progress(&coordinator, &team).await;
    // P3: a week to answer, which would have ended yesterday.
    let resolution = json!({ "code": "Fixed", "solution": "重启", "effectiveAt": ago(192) });
    let before = api::clock::now();
    team.agent
        .takes("incidentResolve", &incident, resolution)
        .await;
    let seen = requester
        .sees(&incident, "status resolution { resolvedAt confirmBy }")
        .await;
    assert_eq!(seen["status"], "RESOLVED");
    assert!(time(&seen["resolution"]["resolvedAt"]) < before - Duration::days(7));
    assert!(time(&seen["resolution"]["confirmBy"]) >= before + Duration::days(7));
    let closing = json!({ "noFeedbackReason": "无人接听", "effectiveAt": ago(191) });
    coordinator.takes("incidentClose", &incident, closing).await;
    let seen = requester.sees(&incident, "closure { reopenUntil }").await;
    assert!(time(&seen["closure"]["reopenUntil"]) >= before + Duration::days(30));
}

#[tokio::test]
async fn no_step_is_dated_before_the_step_that_it_rests_on() {
    let desk = TestDesk::open().await;
    let (coordinator, team) = (desk.coordinator().await, desk.second_line().await);
    let agent = &team.agent;
    let incident = in_progress(&coordinator, &team).await;
    let refused = async |mutation: &str, more: Value| {
        let by = match mutation {
            "incidentConfirmResolution" | "incidentClose" => &coordinator,
            _ => agent,
        };
        let input = tests::journey::with(json!({ "id": incident.id }), &more);
        let refusal = by.is_refused(mutation, input).await;
        (refusal.code, refusal.field)
    };
    let code = || {
        (
            "WORK_ITEM_EFFECTIVE_BEFORE_STEP".to_owned(),
            Some("effectiveAt".to_owned()),
        )
    };
    let resolution =
        |hours| json!({ "code": "Fixed", "solution": "重启", "effectiveAt": ago(hours) });
    assert_eq!(refused("incidentResolve", resolution(217)).await, code());
    let hold = |hours| json!({ "reason": "SUPPLIER", "effectiveAt": ago(hours) });
    assert_eq!(refused("incidentPutOnHold", hold(217)).await, code());
    agent.takes("incidentPutOnHold", &incident, hold(200)).await;
    let early = json!({ "effectiveAt": ago(201) });
    assert_eq!(refused("incidentResume", early).await, code());
    let resume = json!({ "effectiveAt": ago(190) });
    agent.takes("incidentResume", &incident, resume).await;
    agent
        .takes("incidentResolve", &incident, resolution(180))
        .await;
    let contact = json!({ "contactChannel": "PHONE", "text": "用户满意", "effectiveAt": ago(181) });
    agent
        .takes("workItemRecordContact", &incident, contact)
        .await;
    let early = json!({ "effectiveAt": ago(181) });
    assert_eq!(
        refused("incidentConfirmResolution", early.clone()).await,
        code()
    );
    coordinator
        .takes(
            "incidentRequireReview",
            &incident,
            json!({ "effectiveAt": ago(170) }),
        )
        .await;
    let review = json!({ "text": "已复盘", "effectiveAt": ago(160) });
    coordinator
        .takes("incidentCompleteReview", &incident, review)
        .await;
    let before_the_review = json!({ "effectiveAt": ago(161) });
    assert_eq!(refused("incidentClose", before_the_review).await, code());
    let closing = json!({ "effectiveAt": ago(160) });
    coordinator.takes("incidentClose", &incident, closing).await;
}

#[tokio::test]
async fn inc_08_inc_30_what_was_expected_and_restored_belongs_to_a_cycle() {
    let desk = TestDesk::open().await;
    let (coordinator, team) = (desk.coordinator().await, desk.second_line().await);
    let incident = coordinator.has_an_incident_in_progress(&team).await;
    let at = (api::clock::now() + Duration::hours(4)).to_rfc3339();
    let expect = json!({ "at": at, "reason": "备件在途" });
    team.agent
        .takes("incidentSetExpectedResolution", &incident, expect)
        .await;
    team.agent
        .takes("incidentRestoreService", &incident, json!({}))
        .await;
    let resolution = json!({ "code": "Fixed", "solution": "重启" });
    team.agent
        .takes("incidentResolve", &incident, resolution)
        .await;
    let closing = json!({ "noFeedbackReason": "无人接听" });
    let closed = coordinator.takes("incidentClose", &incident, closing).await;
    coordinator
        .takes("incidentReopen", &incident, json!({ "reason": "又断了" }))
        .await;
    let fields = "cycle restoredAt expectedResolutionAt expectedResolutionBasis";
    let seen = coordinator.sees(&incident, fields).await;
    assert_eq!(
        seen,
        json!({ "cycle": 2, "restoredAt": null, "expectedResolutionAt": null, "expectedResolutionBasis": null })
    );
    let then = format!(
        "query($id: ID!, $asOf: AsOfInput) {{ incident(id: $id, asOf: $asOf) {{ {fields} }} }}"
    );
    let position = closed["position"].clone();
    let before = coordinator
        .data(
            &then,
            json!({ "id": incident.id, "asOf": { "position": position } }),
        )
        .await;
    assert_eq!(before["incident"]["expectedResolutionBasis"], "ADJUSTED");
    assert!(before["incident"]["restoredAt"].is_string());
}
