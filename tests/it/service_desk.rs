//! The service desk: contacts, conversations, and what becomes of them.

use domain::Role;
use serde_json::json;
use tests::TestDesk;

#[tokio::test]
async fn sd_03_open_items_that_lack_a_stage_are_listed() {
    let desk = TestDesk::open().await;
    let (coordinator, team) = (desk.coordinator().await, desk.second_line().await);
    coordinator.has_an_incident_in_progress(&team).await;
    let unanswered = coordinator.has_a_resolved_incident(&team).await;
    let found = coordinator
        .data(
            "{ workItems(filter: { isOpen: true, lacksStage: true }) { nodes { number } } }",
            json!({}),
        )
        .await;
    assert_eq!(
        found["workItems"]["nodes"],
        json!([{ "number": unanswered.number }])
    );
    let stages = coordinator
        .sees(
            &unanswered,
            "stages { acceptedAt assignedAt processedAt trackedAt feedbackGiven closedAt }",
        )
        .await;
    let stages = &stages["stages"];
    assert!(
        stages["acceptedAt"].is_string()
            && stages["assignedAt"].is_string()
            && stages["processedAt"].is_string()
    );
    assert_eq!(
        (
            &stages["feedbackGiven"],
            &stages["trackedAt"],
            &stages["closedAt"]
        ),
        (&json!(false), &json!(null), &json!(null))
    );
}

#[tokio::test]
async fn sd_04_no_closing_without_resolution_and_feedback_or_a_reason() {
    let desk = TestDesk::open().await;
    let (coordinator, team) = (desk.coordinator().await, desk.second_line().await);
    let unresolved = coordinator.has_an_incident_in_progress(&team).await;
    assert_eq!(
        team.agent
            .cannot("incidentClose", &unresolved, json!({}))
            .await,
        "INCIDENT_ACTION_NOT_POSSIBLE"
    );
    let silent = coordinator.has_a_resolved_incident(&team).await;
    assert_eq!(
        team.agent.cannot("incidentClose", &silent, json!({})).await,
        "INCIDENT_FEEDBACK_MISSING"
    );
    let told = coordinator.has_a_resolved_incident(&team).await;
    team.agent
        .takes(
            "workItemRecordContact",
            &told,
            json!({ "contactChannel": "PHONE", "text": "已告知用户处理结果" }),
        )
        .await;
    team.agent.takes("incidentClose", &told, json!({})).await;
    team.agent
        .takes(
            "incidentClose",
            &silent,
            json!({ "noFeedbackReason": "号码已停机" }),
        )
        .await;
    let seen = coordinator
        .sees(
            &silent,
            "closure { noFeedbackReason } resolution { code solution }",
        )
        .await;
    assert_eq!(seen["closure"]["noFeedbackReason"], "号码已停机");
    assert_eq!(seen["resolution"]["code"], "Fixed");
}

#[tokio::test]
async fn sd_08_a_contact_is_written_down_later_with_its_real_time() {
    let desk = TestDesk::open().await;
    let coordinator = desk.coordinator().await;
    let contact = api::clock::now() - chrono::Duration::hours(3);
    let incident = coordinator
        .logs(json!({ "contactChannel": "WALK_IN", "effectiveAt": contact }))
        .await;
    let seen = coordinator
        .sees(
            &incident,
            "openedAt registeredAt history(first: 1) { nodes { effectiveAt recordedAt } }",
        )
        .await;
    let time = |value: &serde_json::Value| {
        value
            .as_str()
            .unwrap()
            .parse::<chrono::DateTime<chrono::Utc>>()
            .unwrap()
    };
    assert_eq!(time(&seen["openedAt"]), contact);
    assert!(time(&seen["registeredAt"]) - contact >= chrono::Duration::hours(3));
    let step = &seen["history"]["nodes"][0];
    assert_eq!(time(&step["effectiveAt"]), contact);
    assert!(time(&step["recordedAt"]) > contact);
    let requester = desk.person("zhao.min", Role::Requester).await;
    let backdated =
        tests::journey::with(tests::journey::intake(), &json!({ "effectiveAt": contact }));
    assert_eq!(
        requester
            .is_refused("incidentRegister", backdated)
            .await
            .code,
        "FORBIDDEN"
    );
}

#[tokio::test]
async fn sd_13_urges_are_counted() {
    let desk = TestDesk::open().await;
    let (coordinator, team) = (desk.coordinator().await, desk.second_line().await);
    let requester = desk.person("zhao.min", Role::Requester).await;
    let incident = coordinator.has_an_incident_in_progress(&team).await;
    requester
        .takes(
            "workItemUrge",
            &incident,
            json!({ "text": "客户在柜台等候" }),
        )
        .await;
    coordinator
        .takes("workItemUrge", &incident, json!({}))
        .await;
    assert_eq!(
        coordinator.sees(&incident, "urgeCount").await["urgeCount"],
        2
    );
    let stranger = desk.person("sun.wei", Role::Requester).await;
    assert_eq!(
        stranger.cannot("workItemUrge", &incident, json!({})).await,
        "INCIDENT_NOT_FOUND"
    );
}

#[tokio::test]
async fn sd_14_the_first_line_resolves_at_the_first_contact() {
    let desk = TestDesk::open().await;
    let first = desk.first_line().await;
    let incident = first
        .agent
        .logs(json!({ "category": "account-password", "summary": "忘记密码" }))
        .await;
    let resolution = json!({ "code": "Answered", "solution": "已重置密码", "knowledge": "KB0007" });
    first
        .agent
        .takes("incidentResolveAtContact", &incident, resolution)
        .await;
    let seen = first
        .agent
        .sees(&incident, "status resolution { atFirstContact knowledge }")
        .await;
    assert_eq!(
        seen,
        json!({ "status": "RESOLVED", "resolution": { "atFirstContact": true, "knowledge": "KB0007" } })
    );
}

#[tokio::test]
async fn sd_18_the_desk_declares_the_closing_and_the_result_is_stored() {
    let desk = TestDesk::open().await;
    let (coordinator, team) = (desk.coordinator().await, desk.second_line().await);
    let incident = coordinator.has_a_closed_incident(&team).await;
    let seen = coordinator
        .sees(
            &incident,
            "status closedAt closure { by } resolution { solution }",
        )
        .await;
    assert_eq!(
        (&seen["status"], &seen["closure"]["by"]),
        (&json!("CLOSED"), &json!("DESK"))
    );
    assert_eq!(seen["resolution"]["solution"], "重启了 VPN 网关。");
}

#[tokio::test]
async fn sd_21_both_sides_talk_and_internal_notes_stay_inside() {
    let desk = TestDesk::open().await;
    let (coordinator, team) = (desk.coordinator().await, desk.second_line().await);
    let requester = desk.person("zhao.min", Role::Requester).await;
    let incident = coordinator.has_an_incident_in_progress(&team).await;
    let says = |visibility: &str, text: &str| json!({ "visibility": visibility, "text": text });
    team.agent
        .takes("workItemComment", &incident, says("PUBLIC", "正在排查"))
        .await;
    team.agent
        .takes(
            "workItemComment",
            &incident,
            says("INTERNAL", "怀疑用户自行改了配置"),
        )
        .await;
    requester
        .takes(
            "workItemComment",
            &incident,
            says("PUBLIC", "我没有改过任何设置"),
        )
        .await;
    assert_eq!(
        requester
            .cannot("workItemComment", &incident, says("INTERNAL", "x"))
            .await,
        "WORK_ITEM_NOT_STAFF"
    );
    let comments = "comments(first: 10) { nodes { author visibility fromRequester text } }";
    let inside = team.agent.sees(&incident, comments).await;
    assert_eq!(inside["comments"]["nodes"].as_array().unwrap().len(), 3);
    let outside = requester.sees(&incident, comments).await;
    assert_eq!(
        outside["comments"]["nodes"],
        json!([
            { "author": team.agent.name, "visibility": "PUBLIC", "fromRequester": false, "text": "正在排查" },
            { "author": "zhao.min", "visibility": "PUBLIC", "fromRequester": true, "text": "我没有改过任何设置" },
        ])
    );
    let history = requester
        .sees(&incident, "history(first: 100) { nodes { text } }")
        .await;
    assert!(
        !history.to_string().contains("怀疑"),
        "the history keeps the secret too"
    );
}

#[tokio::test]
async fn sd_22_the_time_since_the_last_contact_is_known() {
    let desk = TestDesk::open().await;
    let (coordinator, team) = (desk.coordinator().await, desk.second_line().await);
    let ago = |minutes: i64| api::clock::now() - chrono::Duration::minutes(minutes);
    let incident = coordinator.logs(json!({ "effectiveAt": ago(90) })).await;
    assert_eq!(
        coordinator.sees(&incident, "minutesSinceLastContact").await["minutesSinceLastContact"],
        90
    );
    coordinator
        .takes(
            "workItemAssign",
            &incident,
            json!({ "teamId": team.id, "effectiveAt": ago(80) }),
        )
        .await;
    let call =
        json!({ "contactChannel": "PHONE", "text": "安抚用户,说明进展", "effectiveAt": ago(30) });
    team.agent
        .takes("workItemRecordContact", &incident, call)
        .await;
    let seen = coordinator
        .sees(&incident, "lastContactAt minutesSinceLastContact")
        .await;
    assert!(seen["lastContactAt"].is_string());
    assert_eq!(seen["minutesSinceLastContact"], 30);
}

#[tokio::test]
async fn sd_25_archived_items_are_read_only_and_stay_searchable() {
    let desk = TestDesk::open().await;
    let (coordinator, team) = (desk.coordinator().await, desk.second_line().await);
    let incident = coordinator.has_a_closed_incident(&team).await;
    let open = coordinator.logs_an_incident().await;
    assert_eq!(
        coordinator
            .cannot("workItemArchive", &open, json!({}))
            .await,
        "WORK_ITEM_NOT_POSSIBLE"
    );
    coordinator
        .takes("workItemArchive", &incident, json!({}))
        .await;
    let internal = json!({ "visibility": "INTERNAL", "text": "x" });
    assert_eq!(
        coordinator
            .cannot("workItemComment", &incident, internal)
            .await,
        "WORK_ITEM_ARCHIVED"
    );
    assert_eq!(
        coordinator
            .cannot("incidentReopen", &incident, json!({ "reason": "x" }))
            .await,
        "WORK_ITEM_ARCHIVED"
    );
    let found = coordinator
        .data("{ workItems(filter: { archived: true, text: \"VPN\" }) { nodes { number archived } } }", json!({}))
        .await;
    assert_eq!(
        found["workItems"]["nodes"],
        json!([{ "number": incident.number, "archived": true }])
    );
    assert_eq!(
        coordinator.sees(&incident, "availableActions").await["availableActions"],
        json!([])
    );
}
