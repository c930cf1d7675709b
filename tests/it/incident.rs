//! The incident practice, from the first contact to the closing.

use domain::Role;
use domain::incident::Command;
use domain::text::Text;
use serde_json::json;
use tests::TestDesk;

#[tokio::test]
async fn inc_01_an_incident_comes_from_every_channel_with_all_that_is_known() {
    let desk = TestDesk::open().await;
    let coordinator = desk.coordinator().await;
    for channel in [
        "PORTAL",
        "EMAIL",
        "PHONE",
        "INSTANT_MESSAGE",
        "MONITORING",
        "API",
    ] {
        let incident = coordinator
            .logs(json!({
                "contactChannel": channel, "affectedPerson": "qian.li", "service": "core-policy",
                "configurationItems": ["srv-policy-01", "db-policy"],
            }))
            .await;
        let seen = coordinator
            .sees(
                &incident,
                "contactChannel requester affectedPerson service configurationItems description",
            )
            .await;
        assert_eq!(seen["contactChannel"], channel);
        assert_eq!(seen["requester"], "zhao.min");
        assert_eq!(seen["affectedPerson"], "qian.li");
        assert_eq!(seen["service"], "core-policy");
        assert_eq!(
            seen["configurationItems"],
            json!(["db-policy", "srv-policy-01"])
        );
    }
}

#[tokio::test]
async fn inc_02_monitoring_needs_no_requester_and_everybody_else_does() {
    let desk = TestDesk::open().await;
    let coordinator = desk.coordinator().await;
    let without = |channel: &str| json!({ "contactChannel": channel, "requester": null });
    let alert = coordinator.logs(without("MONITORING")).await;
    assert_eq!(
        coordinator.sees(&alert, "contactChannel requester").await["contactChannel"],
        "MONITORING"
    );
    let input = tests::journey::with(tests::journey::intake(), &without("PHONE"));
    let refusal = coordinator.is_refused("incidentRegister", input).await;
    assert_eq!(refusal.code, "WORK_ITEM_REQUESTER_MISSING");
    assert_eq!(refusal.field.as_deref(), Some("requester"));
}

#[tokio::test]
async fn inc_05_priority_follows_from_the_matrix_and_can_be_overruled_with_a_reason() {
    let desk = TestDesk::open().await;
    let coordinator = desk.coordinator().await;
    let expected = [
        ("HIGH", "HIGH", "P1"),
        ("HIGH", "MEDIUM", "P2"),
        ("HIGH", "LOW", "P3"),
        ("MEDIUM", "HIGH", "P2"),
        ("MEDIUM", "MEDIUM", "P3"),
        ("MEDIUM", "LOW", "P4"),
        ("LOW", "HIGH", "P3"),
        ("LOW", "MEDIUM", "P4"),
        ("LOW", "LOW", "P5"),
    ];
    for (impact, urgency, priority) in expected {
        let incident = coordinator
            .logs(json!({ "impact": impact, "urgency": urgency }))
            .await;
        let seen = coordinator
            .sees(&incident, "priority matrixVersion priorityOverridden")
            .await;
        assert_eq!(seen["priority"], priority);
        assert_eq!(seen["matrixVersion"], 1);
        assert_eq!(seen["priorityOverridden"], false);
    }
    let incident = coordinator.logs_an_incident().await;
    let no_reason = coordinator
        .cannot(
            "workItemOverridePriority",
            &incident,
            json!({ "priority": "P1", "reason": " " }),
        )
        .await;
    assert_eq!(no_reason, "TEXT_EMPTY");
    let overruled = json!({ "priority": "P1", "reason": "董事会会议受影响" });
    coordinator
        .takes("workItemOverridePriority", &incident, overruled)
        .await;
    let seen = coordinator
        .sees(&incident, "priority priorityOverridden history(first: 50) { nodes { eventType reason changes { field before after } } }")
        .await;
    assert_eq!(
        (&seen["priority"], &seen["priorityOverridden"]),
        (&json!("P1"), &json!(true))
    );
    let last = tests::last_step(&seen);
    assert_eq!(last["reason"], "董事会会议受影响");
    assert!(
        last["changes"]
            .as_array()
            .unwrap()
            .contains(&json!({ "field": "priority", "before": "P3", "after": "P1" }))
    );
}

/// Incidents that took so many minutes each, from the first contact on.
async fn took(coordinator: &tests::Person, team: &tests::Team, minutes: &[i64]) {
    let now = api::clock::now();
    for minutes in minutes {
        let at = |after: i64| now - chrono::Duration::hours(48) + chrono::Duration::minutes(after);
        let incident = coordinator.logs(json!({ "effectiveAt": at(0) })).await;
        let given = json!({ "teamId": team.id, "effectiveAt": at(1) });
        coordinator.takes("workItemAssign", &incident, given).await;
        let accepted = json!({ "effectiveAt": at(2) });
        team.agent
            .takes("workItemAccept", &incident, accepted)
            .await;
        let resolution =
            json!({ "code": "Fixed", "solution": "重启", "effectiveAt": at(*minutes) });
        team.agent
            .takes("incidentResolve", &incident, resolution)
            .await;
    }
}

#[tokio::test]
async fn inc_08_the_expected_time_is_computed_from_the_history_and_adjusted_with_a_reason() {
    let desk = TestDesk::open().await;
    let (coordinator, team) = (desk.coordinator().await, desk.second_line().await);
    let first = desk.first_line().await;
    let compute = "incidentComputeExpectedResolution";
    let incident = coordinator.has_an_incident_in_progress(&team).await;
    took(&coordinator, &team, &[60, 300, 240, 120]).await;
    assert_eq!(
        team.agent.cannot(compute, &incident, json!({})).await,
        "INCIDENT_NOTHING_TO_COMPARE",
        "four are too few"
    );
    took(&coordinator, &team, &[180]).await;
    desk.settled().await;
    let known = desk.serving().desk().log().head().await.unwrap().position;
    team.agent.takes(compute, &incident, json!({})).await;
    let fields = "openedAt expectedResolutionAt expectedResolutionBasis expectedResolutionReason
        expectedResolutionEstimate { method sample minutes asOf }";
    let seen = coordinator.sees(&incident, fields).await;
    let time = |field: &str| {
        let text = seen[field].as_str().unwrap();
        text.parse::<chrono::DateTime<chrono::Utc>>().unwrap()
    };
    assert_eq!(
        time("expectedResolutionAt") - time("openedAt"),
        chrono::Duration::minutes(180)
    );
    assert_eq!(seen["expectedResolutionBasis"], "COMPUTED");
    assert_eq!(
        seen["expectedResolutionEstimate"],
        json!({
            "method": "MEDIAN_OF_CATEGORY_AND_PRIORITY", "sample": 5, "minutes": 180,
            "asOf": known,
        })
    );

    // Of another category there are too few: the priority alone counts. Of
    // another priority there are none.
    let printer = coordinator
        .logs(json!({ "category": "account-password" }))
        .await;
    coordinator.takes(compute, &printer, json!({})).await;
    let estimate = "expectedResolutionEstimate { method sample minutes }";
    assert_eq!(
        coordinator.sees(&printer, estimate).await["expectedResolutionEstimate"],
        json!({ "method": "MEDIAN_OF_PRIORITY", "sample": 5, "minutes": 180 })
    );
    let severe = coordinator
        .logs(json!({ "impact": "HIGH", "urgency": "HIGH" }))
        .await;
    assert_eq!(
        coordinator.cannot(compute, &severe, json!({})).await,
        "INCIDENT_NOTHING_TO_COMPARE"
    );
    // Most of the others were resolved by then.
    let hours_ago = api::clock::now() - chrono::Duration::minutes(150);
    let old = coordinator.logs(json!({ "effectiveAt": hours_ago })).await;
    assert_eq!(
        coordinator.cannot(compute, &old, json!({})).await,
        "INCIDENT_NOTHING_TO_COMPARE"
    );

    // A person adjusts, with a reason, if the incident is theirs to work on.
    let at = api::clock::now() + chrono::Duration::hours(9);
    let set = "incidentSetExpectedResolution";
    let adjusted = json!({ "at": at, "reason": "备件明天到货" });
    assert_eq!(
        first.agent.cannot(set, &incident, adjusted.clone()).await,
        "WORK_ITEM_NOT_OF_ASSIGNED_TEAM"
    );
    let unreasoned = json!({ "at": at, "reason": " " });
    assert_eq!(
        team.agent.cannot(set, &incident, unreasoned).await,
        "TEXT_EMPTY"
    );
    let pretended = json!({ "at": at, "reason": "x", "basis": "COMPUTED" });
    assert_eq!(
        team.agent.cannot(set, &incident, pretended).await,
        "GRAPHQL_VALIDATION_FAILED",
        "nobody says that it was computed"
    );
    team.agent.takes(set, &incident, adjusted).await;
    let seen = coordinator.sees(&incident, fields).await;
    assert_eq!(
        (
            &seen["expectedResolutionBasis"],
            &seen["expectedResolutionReason"]
        ),
        (&json!("ADJUSTED"), &json!("备件明天到货"))
    );
    assert_eq!(seen["expectedResolutionEstimate"], json!(null));
    let steps = coordinator.history_of(&incident).await;
    let set = steps.iter().filter(|step| *step == "ExpectedResolutionSet");
    assert_eq!(set.count(), 2, "both are in the history");
}

#[tokio::test]
async fn inc_09_hypothesis_and_findings_are_recorded_while_investigating() {
    let desk = TestDesk::open().await;
    let (coordinator, team) = (desk.coordinator().await, desk.second_line().await);
    let incident = coordinator.has_an_incident_in_progress(&team).await;
    team.agent
        .takes(
            "incidentStartDiagnosis",
            &incident,
            json!({ "hypothesis": "证书过期" }),
        )
        .await;
    team.agent
        .takes(
            "incidentRecordFinding",
            &incident,
            json!({ "text": "网关证书 3 月 1 日到期" }),
        )
        .await;
    let seen = coordinator.sees(&incident, "hypothesis lastFinding").await;
    assert_eq!(
        seen,
        json!({ "hypothesis": "证书过期", "lastFinding": "网关证书 3 月 1 日到期" })
    );
    assert!(
        coordinator
            .history_of(&incident)
            .await
            .ends_with(&["DiagnosisStarted".to_owned(), "FindingRecorded".to_owned()])
    );
}

#[tokio::test]
async fn inc_10_an_incident_is_linked_with_other_items_and_never_in_a_circle() {
    let desk = TestDesk::open().await;
    let coordinator = desk.coordinator().await;
    let parent = coordinator.logs_an_incident().await;
    let child = coordinator.logs_an_incident().await;
    let parent_of =
        |target: &tests::Incident| json!({ "relation": "PARENT_OF", "targetId": target.id });
    coordinator
        .takes("workItemLink", &parent, parent_of(&child))
        .await;
    coordinator
        .takes(
            "workItemLink",
            &child,
            json!({ "relation": "RELATES_TO", "targetId": parent.id }),
        )
        .await;
    coordinator
        .takes(
            "workItemLinkCi",
            &child,
            json!({ "configurationItem": "vpn-gw-01" }),
        )
        .await;
    coordinator
        .takes(
            "workItemApplyKnowledge",
            &child,
            json!({ "article": "KB0001" }),
        )
        .await;
    assert_eq!(
        coordinator
            .cannot("workItemLink", &child, parent_of(&parent))
            .await,
        "WORK_ITEM_LINK_CYCLE"
    );
    assert_eq!(
        coordinator
            .cannot("workItemLink", &child, parent_of(&child))
            .await,
        "WORK_ITEM_LINK_TO_ITSELF"
    );
    assert_eq!(
        coordinator
            .cannot("workItemLink", &parent, parent_of(&child))
            .await,
        "WORK_ITEM_ALREADY_LINKED"
    );
    let seen = coordinator
        .sees(
            &child,
            "links { relation outgoing otherNumber } configurationItems",
        )
        .await;
    let links = seen["links"].as_array().unwrap();
    assert!(links.contains(
        &json!({ "relation": "PARENT_OF", "outgoing": false, "otherNumber": parent.number })
    ));
    assert!(links.contains(
        &json!({ "relation": "RELATES_TO", "outgoing": true, "otherNumber": parent.number })
    ));
    assert_eq!(seen["configurationItems"], json!(["vpn-gw-01"]));
    coordinator
        .takes(
            "workItemUnlink",
            &child,
            json!({ "relation": "RELATES_TO", "targetId": parent.id }),
        )
        .await;
    assert_eq!(
        coordinator.sees(&child, "links { relation }").await["links"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test]
async fn inc_14_assignment_by_hand_and_again_by_hand() {
    let desk = TestDesk::open().await;
    let (coordinator, first, second) = (
        desk.coordinator().await,
        desk.first_line().await,
        desk.second_line().await,
    );
    let incident = coordinator.logs_an_incident().await;
    coordinator.assigns(&incident, &first).await;
    first
        .agent
        .takes(
            "workItemAssign",
            &incident,
            json!({ "teamId": second.id, "person": second.agent.name }),
        )
        .await;
    let seen = coordinator
        .sees(
            &incident,
            "status assignee handOverCount crossDepartmentCount team { name line }",
        )
        .await;
    assert_eq!(seen["team"], json!({ "name": "network", "line": "SECOND" }));
    assert_eq!(seen["assignee"], json!(second.agent.name));
    assert_eq!(
        (&seen["handOverCount"], &seen["crossDepartmentCount"]),
        (&json!(1), &json!(1))
    );
    let stranger = json!({ "teamId": second.id, "person": "nobody" });
    assert_eq!(
        coordinator
            .cannot("workItemAssign", &incident, stranger)
            .await,
        "WORK_ITEM_PERSON_NOT_IN_TEAM"
    );
    let administrator = desk.person("admin", Role::Administrator).await;
    administrator
        .does("teamDeactivate", json!({ "teamId": first.id }))
        .await;
    assert_eq!(
        coordinator
            .cannot("workItemAssign", &incident, json!({ "teamId": first.id }))
            .await,
        "WORK_ITEM_TEAM_INACTIVE"
    );
}

#[tokio::test]
async fn inc_19_the_receiving_team_confirms_the_item() {
    let desk = TestDesk::open().await;
    let (coordinator, first, second) = (
        desk.coordinator().await,
        desk.first_line().await,
        desk.second_line().await,
    );
    let incident = coordinator.logs_an_incident().await;
    assert_eq!(
        coordinator
            .cannot("workItemAccept", &incident, json!({}))
            .await,
        "WORK_ITEM_NOT_POSSIBLE"
    );
    coordinator.assigns(&incident, &second).await;
    assert_eq!(
        first
            .agent
            .cannot("workItemAccept", &incident, json!({}))
            .await,
        "WORK_ITEM_NOT_OF_ASSIGNED_TEAM"
    );
    let accepted = second
        .agent
        .takes("workItemAccept", &incident, json!({}))
        .await;
    assert_eq!(accepted["workItem"]["status"], "IN_PROGRESS");
    assert_eq!(
        coordinator.sees(&incident, "assignee").await["assignee"],
        json!(second.agent.name)
    );
}

#[tokio::test]
async fn inc_20_returning_needs_a_reason() {
    let desk = TestDesk::open().await;
    let (coordinator, first, second) = (
        desk.coordinator().await,
        desk.first_line().await,
        desk.second_line().await,
    );
    let incident = coordinator.logs_an_incident().await;
    coordinator.assigns(&incident, &first).await;
    first.agent.assigns(&incident, &second).await;
    assert_eq!(
        second
            .agent
            .cannot("workItemReturn", &incident, json!({ "reason": "" }))
            .await,
        "TEXT_EMPTY"
    );
    let returned = second
        .agent
        .takes(
            "workItemReturn",
            &incident,
            json!({ "reason": "与网络无关,请转应用组" }),
        )
        .await;
    assert_eq!(returned["workItem"]["status"], "RETURNED");
    let seen = coordinator.sees(&incident, "team { name } history(first: 50) { nodes { eventType reason statusBefore statusAfter } }").await;
    assert_eq!(
        seen["team"]["name"], "desk",
        "it goes back to where it came from"
    );
    let last = tests::last_step(&seen);
    assert_eq!(last["reason"], "与网络无关,请转应用组");
    assert_eq!(
        (&last["statusBefore"], &last["statusAfter"]),
        (&json!("Assigned"), &json!("Returned"))
    );
}

#[tokio::test]
async fn inc_21_an_item_is_forwarded_to_a_peer_or_to_another_platform() {
    let desk = TestDesk::open().await;
    let (coordinator, network) = (desk.coordinator().await, desk.second_line().await);
    let servers = desk.team("servers", "SECOND", "Infrastructure").await;
    let third = desk.team("vendor", "THIRD", "Suppliers").await;
    let incident = coordinator.has_an_incident_in_progress(&network).await;
    let deeper = json!({ "teamId": third.id });
    assert_eq!(
        network
            .agent
            .cannot("workItemForward", &incident, deeper)
            .await,
        "WORK_ITEM_FORWARD_LEAVES_LINE"
    );
    assert_eq!(
        network
            .agent
            .cannot("workItemForward", &incident, json!({}))
            .await,
        "INPUT_INVALID"
    );
    let outside = json!({ "platform": "省公司运维平台", "reference": "GD-2026-0042", "reason": "骨干线路由省公司维护" });
    network
        .agent
        .takes("workItemForward", &incident, outside)
        .await;
    let seen = coordinator
        .sees(&incident, "status externalReferences team { name }")
        .await;
    assert_eq!(
        seen["externalReferences"],
        json!(["省公司运维平台 GD-2026-0042"])
    );
    assert_eq!(
        (&seen["status"], &seen["team"]["name"]),
        (&json!("IN_PROGRESS"), &json!("network"))
    );
    let forwarded = network
        .agent
        .takes(
            "workItemForward",
            &incident,
            json!({ "teamId": servers.id }),
        )
        .await;
    assert_eq!(forwarded["workItem"]["status"], "ASSIGNED");
    assert_eq!(
        coordinator.sees(&incident, "handOverCount").await["handOverCount"],
        1
    );
}

#[tokio::test]
async fn inc_22_staged_results_go_to_chosen_people_any_number_of_times() {
    let desk = TestDesk::open().await;
    let (coordinator, team) = (desk.coordinator().await, desk.second_line().await);
    let incident = coordinator.has_an_incident_in_progress(&team).await;
    for stage in ["已定位到网关", "正在切换备机", "切换完成,观察中"] {
        let notice = json!({ "recipients": ["zhao.min", "li.director"], "text": stage });
        team.agent
            .takes("workItemNotifyStage", &incident, notice)
            .await;
    }
    let notices = coordinator.history_of(&incident).await;
    assert_eq!(
        notices
            .iter()
            .filter(|name| *name == "StageResultNotified")
            .count(),
        3
    );
    let nobody = json!({ "recipients": [], "text": "x" });
    assert_eq!(
        team.agent
            .cannot("workItemNotifyStage", &incident, nobody)
            .await,
        "WORK_ITEM_NO_RECIPIENTS"
    );
}

#[tokio::test]
async fn inc_25_the_full_event_log_of_an_item_is_visible_to_monitors() {
    let desk = TestDesk::open().await;
    let (coordinator, team) = (desk.coordinator().await, desk.second_line().await);
    let incident = coordinator.has_a_closed_incident(&team).await;
    let auditor = desk.person("auditor", Role::Auditor).await;
    let expected = [
        "Registered",
        "Classified",
        "PrioritySet",
        "Assigned",
        "AssignmentAccepted",
        "Resolved",
        "Closed",
    ];
    assert_eq!(auditor.history_of(&incident).await, expected);
    let seen = auditor
        .sees(&incident, "history(first: 1, after: \"0\") { pageInfo { hasNextPage endCursor } nodes { actor role channel effectiveAt recordedAt commandId sequence } }")
        .await;
    let first = &seen["history"]["nodes"][0];
    assert_eq!(
        (&first["actor"], &first["role"], &first["sequence"]),
        (&json!("coordinator"), &json!("coordinator"), &json!(1))
    );
    assert_eq!(seen["history"]["pageInfo"]["hasNextPage"], true);
}

/// Whether a person finds an incident by a text.
async fn finds(person: &tests::Person, incident: &tests::Incident, text: &str) -> bool {
    let query = "query($text: String!) { workItems(filter: { text: $text }) { nodes { id } } }";
    let found = person.data(query, json!({ "text": text })).await;
    let nodes = found["workItems"]["nodes"].as_array().unwrap();
    nodes.iter().any(|node| node["id"] == json!(incident.id))
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one line a field")]
async fn inc_26_search_finds_a_text_in_any_field_and_a_requester_what_they_may_read() {
    let desk = TestDesk::open().await;
    let (coordinator, first, team) = (
        desk.coordinator().await,
        desk.first_line().await,
        desk.second_line().await,
    );
    let requester = desk.person("zhao.min", Role::Requester).await;
    let other = coordinator.logs(json!({ "summary": "无关" })).await;
    let incident = coordinator
        .logs(json!({
            "summary": "打印机卡纸", "description": "三楼 Kyocera 机型",
            "affectedPerson": "qian.li", "service": "Druckdienst",
            "configurationItems": ["prt-03-kyocera"],
        }))
        .await;
    let sha = "ab".repeat(32);
    for (who, mutation, more) in [
        (
            &first.agent,
            "incidentGiveInitialSupport",
            json!({ "answer": "请先断电", "article": "KB0101", "workaround": "改用二楼的" }),
        ),
        (&coordinator, "workItemAssign", json!({ "teamId": team.id })),
        (&team.agent, "workItemAccept", json!({})),
        (
            &team.agent,
            "workItemComment",
            json!({ "visibility": "INTERNAL", "text": "已联系富士胶片工程师" }),
        ),
        (
            &team.agent,
            "workItemComment",
            json!({ "visibility": "PUBLIC", "text": "工程师下午到场" }),
        ),
        (
            &team.agent,
            "workItemSetCustomField",
            json!({ "name": "楼层编号", "value": "Building Seven" }),
        ),
        (
            &team.agent,
            "workItemAddExternalReference",
            json!({ "system": "OA", "reference": "QS-7788" }),
        ),
        (
            &team.agent,
            "workItemAttach",
            json!({
                "name": "现场照片.png", "mediaType": "image/png", "sizeBytes": 1024, "sha256": sha,
            }),
        ),
        (
            &team.agent,
            "workItemAddWatcher",
            json!({ "person": "sun.watcher" }),
        ),
        (
            &team.agent,
            "workItemApplyKnowledge",
            json!({ "article": "KB0202" }),
        ),
        (
            &team.agent,
            "workItemLink",
            json!({ "relation": "RELATES_TO", "targetId": other.id }),
        ),
        (
            &team.agent,
            "workItemNotifyStage",
            json!({ "recipients": ["li.director"], "text": "备件在途" }),
        ),
        (
            &coordinator,
            "workItemEscalateHierarchically",
            json!({ "level": 1, "person": "zhou.cio", "reason": "影响月结" }),
        ),
        (
            &coordinator,
            "incidentDeclareMajor",
            json!({ "reason": "整层停印", "leader": "wu.leader" }),
        ),
        (
            &team.agent,
            "incidentStartDiagnosis",
            json!({ "hypothesis": "搓纸轮磨损" }),
        ),
        (
            &team.agent,
            "incidentRecordFinding",
            json!({ "text": "定影单元过热" }),
        ),
        (
            &team.agent,
            "incidentPutOnHold",
            json!({ "reason": "SUPPLIER", "text": "等待定影套件" }),
        ),
        (&team.agent, "incidentResume", json!({})),
        (
            &team.agent,
            "incidentResolve",
            json!({
                "code": "Ersatzteil", "cause": "定影单元老化", "solution": "更换定影单元",
                "knowledge": "KB0303",
            }),
        ),
        (
            &coordinator,
            "incidentCompleteReview",
            json!({ "text": "纳入季度巡检" }),
        ),
    ] {
        who.takes(mutation, &incident, more).await;
    }
    desk.settled().await;
    let readable = [
        &incident.number,
        "卡纸",
        "kyocera 机型",
        "zhao.min",
        "qian.li",
        "druckdienst",
        "prt-03",
        "network-vpn",
        "infrastructure",
        &team.agent.name,
        "先断电",
        "kb0101",
        "二楼",
        "下午到场",
        "qs-7788",
        "现场照片",
        "image/png",
        &sha[..40],
        "ersatzteil",
        "更换定影单元",
        "kb0303",
    ];
    let for_the_desk = [
        "富士胶片",
        "楼层编号",
        "building seven",
        "sun.watcher",
        "kb0202",
        &other.number,
        "li.director",
        "备件在途",
        "zhou.cio",
        "影响月结",
        "整层停印",
        "wu.leader",
        "搓纸轮",
        "定影单元过热",
        "定影套件",
        "定影单元老化",
        "季度巡检",
    ];
    for text in readable {
        assert!(finds(&coordinator, &incident, text).await, "{text}");
        assert!(finds(&requester, &incident, text).await, "{text}");
    }
    for text in for_the_desk {
        assert!(finds(&coordinator, &incident, text).await, "{text}");
        assert!(!finds(&requester, &incident, text).await, "{text}");
    }
    assert!(!finds(&coordinator, &incident, "不存在的文字").await);
    let custom = coordinator
        .data("{ workItems(filter: { customField: { name: \"楼层编号\", value: \"Building Seven\" } }) { totalCount } }", json!({}))
        .await;
    assert_eq!(custom["workItems"]["totalCount"], 1);

    // As of then it is found by the same.
    let head = desk.serving().desk().log().head().await.unwrap().position;
    team.agent
        .takes(
            "workItemRemoveWatcher",
            &incident,
            json!({ "person": "sun.watcher" }),
        )
        .await;
    desk.settled().await;
    let then = "query($text: String!, $at: Long!) {
        workItems(filter: { text: $text }, asOf: { position: $at }) { totalCount } }";
    for (person, text, count) in [
        (&coordinator, "sun.watcher", 1),
        (&requester, "sun.watcher", 0),
        (&requester, "卡纸", 1),
    ] {
        let found = person.data(then, json!({ "text": text, "at": head })).await;
        assert_eq!(found["workItems"]["totalCount"], count, "{text}");
    }
}

#[tokio::test]
async fn inc_28_functional_and_hierarchical_escalation_are_distinct() {
    let desk = TestDesk::open().await;
    let (coordinator, first, second) = (
        desk.coordinator().await,
        desk.first_line().await,
        desk.second_line().await,
    );
    let incident = coordinator.has_an_incident_in_progress(&first).await;
    let deeper = json!({ "teamId": second.id, "reason": "一线无法处理" });
    first
        .agent
        .takes("workItemEscalateFunctionally", &incident, deeper)
        .await;
    let back = json!({ "teamId": first.id, "reason": "x" });
    assert_eq!(
        second
            .agent
            .cannot("workItemEscalateFunctionally", &incident, back)
            .await,
        "WORK_ITEM_ESCALATION_NOT_DEEPER"
    );
    let higher = |level: u8| json!({ "level": level, "person": "cio", "reason": "影响全省出单" });
    coordinator
        .takes("workItemEscalateHierarchically", &incident, higher(1))
        .await;
    assert_eq!(
        coordinator
            .cannot("workItemEscalateHierarchically", &incident, higher(1))
            .await,
        "WORK_ITEM_ESCALATION_NOT_HIGHER"
    );
    let history = coordinator.history_of(&incident).await;
    assert!(
        history.contains(&"EscalatedFunctionally".to_owned())
            && history.contains(&"EscalatedHierarchically".to_owned())
    );
    let seen = coordinator
        .sees(&incident, "status escalationLevel team { line }")
        .await;
    assert_eq!(
        seen,
        json!({ "status": "ASSIGNED", "escalationLevel": 1, "team": { "line": "SECOND" } })
    );
}

#[tokio::test]
async fn inc_29_closed_after_confirmation_and_reopened_within_the_window() {
    let desk = TestDesk::open().await;
    let (coordinator, team) = (desk.coordinator().await, desk.second_line().await);
    let requester = desk.person("zhao.min", Role::Requester).await;
    let incident = coordinator.has_a_resolved_incident(&team).await;
    requester
        .takes(
            "incidentRejectResolution",
            &incident,
            json!({ "reason": "还是连不上" }),
        )
        .await;
    assert_eq!(
        coordinator.sees(&incident, "status").await["status"],
        "IN_PROGRESS"
    );
    team.agent
        .takes(
            "incidentResolve",
            &incident,
            json!({ "code": "Fixed", "solution": "更新了客户端" }),
        )
        .await;
    let confirmed = requester
        .takes("incidentConfirmResolution", &incident, json!({}))
        .await;
    assert_eq!(confirmed["incident"]["status"], "CLOSED");
    let closure = coordinator
        .sees(&incident, "closure { by reopenUntil }")
        .await;
    assert_eq!(closure["closure"]["by"], "REQUESTER");
    assert!(closure["closure"]["reopenUntil"].is_string());
    requester
        .takes("incidentReopen", &incident, json!({ "reason": "又断了" }))
        .await;
    let seen = coordinator.sees(&incident, "status cycle").await;
    assert_eq!(seen, json!({ "status": "IN_PROGRESS", "cycle": 2 }));
}

#[tokio::test]
async fn inc_29_the_window_for_reopening_ends() {
    let desk = TestDesk::open().await;
    let (coordinator, team) = (desk.coordinator().await, desk.second_line().await);
    let at = |days: i64| api::clock::now() - chrono::Duration::days(days);
    let ago = |days: i64| at(days).to_rfc3339();
    let incident = coordinator.logs(json!({ "effectiveAt": ago(60) })).await;
    coordinator
        .takes(
            "workItemAssign",
            &incident,
            json!({ "teamId": team.id, "effectiveAt": ago(59) }),
        )
        .await;
    team.agent
        .takes(
            "workItemAccept",
            &incident,
            json!({ "effectiveAt": ago(58) }),
        )
        .await;
    let resolution = json!({ "code": "Fixed", "solution": "更换网线", "effectiveAt": ago(57) });
    team.agent
        .takes("incidentResolve", &incident, resolution)
        .await;
    let close = Command::Close {
        no_feedback_reason: Some(Text::new("无人接听").unwrap()),
    };
    desk.lived_through(&incident, close, at(57)).await;
    let late = coordinator
        .cannot("incidentReopen", &incident, json!({ "reason": "又断了" }))
        .await;
    assert_eq!(late, "INCIDENT_REOPEN_WINDOW_PASSED");
    let dated_back = json!({ "reason": "又断了", "effectiveAt": ago(56) });
    let late = coordinator
        .cannot("incidentReopen", &incident, dated_back)
        .await;
    assert_eq!(
        late, "INCIDENT_REOPEN_WINDOW_PASSED",
        "dating back opens no window"
    );
}

#[tokio::test]
async fn inc_30_restoration_resolution_and_closing_have_times_of_their_own() {
    let desk = TestDesk::open().await;
    let (coordinator, team) = (desk.coordinator().await, desk.second_line().await);
    let now = api::clock::now();
    let ago = |minutes: i64| (now - chrono::Duration::minutes(minutes)).to_rfc3339();
    let incident = coordinator.logs(json!({ "effectiveAt": ago(120) })).await;
    coordinator
        .takes(
            "workItemAssign",
            &incident,
            json!({ "teamId": team.id, "effectiveAt": ago(110) }),
        )
        .await;
    team.agent
        .takes(
            "workItemAccept",
            &incident,
            json!({ "effectiveAt": ago(100) }),
        )
        .await;
    team.agent
        .takes(
            "incidentRestoreService",
            &incident,
            json!({ "effectiveAt": ago(60) }),
        )
        .await;
    let resolution = json!({ "code": "Fixed", "solution": "切换到备机", "effectiveAt": ago(30) });
    team.agent
        .takes("incidentResolve", &incident, resolution)
        .await;
    coordinator
        .takes(
            "incidentClose",
            &incident,
            json!({ "noFeedbackReason": "邮件已退回" }),
        )
        .await;
    let seen = coordinator
        .sees(&incident, "restoredAt resolvedAt closedAt")
        .await;
    let times = ["restoredAt", "resolvedAt", "closedAt"].map(|field| {
        seen[field]
            .as_str()
            .unwrap()
            .parse::<chrono::DateTime<chrono::Utc>>()
            .unwrap()
    });
    assert_eq!((now - times[0]).num_minutes(), 60);
    assert_eq!((now - times[1]).num_minutes(), 30);
    assert!(times[1] < times[2]);
}

#[tokio::test]
async fn inc_34_the_first_two_priorities_need_a_review_before_closing() {
    let desk = TestDesk::open().await;
    let (coordinator, team) = (desk.coordinator().await, desk.second_line().await);
    let incident = coordinator
        .logs(json!({ "impact": "HIGH", "urgency": "MEDIUM" }))
        .await;
    coordinator.assigns(&incident, &team).await;
    team.agent
        .takes("workItemAccept", &incident, json!({}))
        .await;
    team.agent
        .takes(
            "incidentResolve",
            &incident,
            json!({ "code": "Fixed", "solution": "扩容" }),
        )
        .await;
    let closing = json!({ "noFeedbackReason": "x" });
    assert_eq!(
        coordinator
            .cannot("incidentClose", &incident, closing.clone())
            .await,
        "INCIDENT_REVIEW_MISSING"
    );
    let requester = desk.person("zhao.min", Role::Requester).await;
    assert_eq!(
        requester
            .cannot("incidentConfirmResolution", &incident, json!({}))
            .await,
        "INCIDENT_REVIEW_MISSING"
    );
    let review = coordinator
        .sees(&incident, "review { completed cause }")
        .await;
    assert_eq!(
        review["review"],
        json!({ "completed": false, "cause": "PRIORITY" })
    );
    let learnt = json!({ "text": "容量预警阈值过高" });
    assert_eq!(
        team.agent
            .cannot("incidentCompleteReview", &incident, learnt.clone())
            .await,
        "INCIDENT_REVIEWER_ENDED_IT",
        "who resolved it does not review it"
    );
    coordinator
        .takes("incidentCompleteReview", &incident, learnt)
        .await;
    coordinator
        .takes("incidentClose", &incident, closing.clone())
        .await;
    let seen = coordinator
        .sees(&incident, "status review { completed text }")
        .await;
    assert_eq!(
        seen,
        json!({ "status": "CLOSED", "review": { "completed": true, "text": "容量预警阈值过高" } })
    );

    // The second cycle ends anew, and is reviewed anew.
    requester
        .takes("incidentReopen", &incident, json!({ "reason": "又中断了" }))
        .await;
    let resolution = json!({ "code": "Fixed", "solution": "再次扩容" });
    team.agent
        .takes("incidentResolve", &incident, resolution)
        .await;
    assert_eq!(
        coordinator
            .cannot("incidentClose", &incident, closing)
            .await,
        "INCIDENT_REVIEW_MISSING"
    );
    assert_eq!(
        coordinator
            .sees(&incident, "review { completed cause text }")
            .await["review"],
        json!({ "completed": false, "cause": "PRIORITY", "text": null })
    );
}

#[tokio::test]
async fn inc_34_a_review_is_due_after_override_cancel_and_merge_as_the_matrix_says() {
    let desk = TestDesk::open().await;
    let (coordinator, team) = (desk.coordinator().await, desk.second_line().await);
    let other = coordinator.logs_an_incident().await;
    let severe = json!({ "impact": "HIGH", "urgency": "HIGH" });
    let lowered = json!({ "priority": "P4", "reason": "客户已知情" });
    let raised = json!({ "priority": "P2", "reason": "董事会会议受影响" });
    let resolution = json!({ "code": "Fixed", "solution": "扩容" });
    let cancellation = json!({ "reason": "计划内停机", "noFeedbackReason": "监控误报" });
    let merging =
        json!({ "targetId": other.id, "reason": "同一故障", "noFeedbackReason": "监控误报" });
    for (intake, overruled) in [
        (severe.clone(), Some(lowered)),
        (json!({}), Some(raised)),
        (severe, None),
    ] {
        for (mutation, ending) in [
            ("incidentResolve", &resolution),
            ("incidentCancel", &cancellation),
            ("workItemMergeInto", &merging),
        ] {
            let incident = coordinator.logs(intake.clone()).await;
            coordinator.assigns(&incident, &team).await;
            team.agent
                .takes("workItemAccept", &incident, json!({}))
                .await;
            if let Some(overruled) = &overruled {
                coordinator
                    .takes("workItemOverridePriority", &incident, overruled.clone())
                    .await;
            }
            coordinator.takes(mutation, &incident, ending.clone()).await;
            let seen = coordinator
                .sees(&incident, "review { completed cause }")
                .await;
            assert_eq!(
                seen["review"],
                json!({ "completed": false, "cause": "PRIORITY" }),
                "{intake} {overruled:?} {mutation}"
            );
            let learnt = json!({ "text": "阈值过高" });
            if mutation != "incidentResolve" {
                let archived = coordinator
                    .cannot("workItemArchive", &incident, json!({}))
                    .await;
                assert_eq!(archived, "INCIDENT_REVIEW_MISSING");
            }
            assert_eq!(
                coordinator
                    .cannot("incidentCompleteReview", &incident, learnt.clone())
                    .await,
                "INCIDENT_REVIEWER_ENDED_IT"
            );
            team.agent
                .takes("incidentCompleteReview", &incident, learnt)
                .await;
            let seen = coordinator.sees(&incident, "review { completed }").await;
            assert_eq!(seen["review"]["completed"], true);
        }
    }
}

#[tokio::test]
async fn inc_34_a_major_incident_needs_a_review_whatever_its_priority() {
    let desk = TestDesk::open().await;
    let (coordinator, team) = (desk.coordinator().await, desk.second_line().await);
    let incident = coordinator.has_an_incident_in_progress(&team).await;
    let major = json!({ "reason": "全省出单中断", "leader": "wang.fang" });
    assert_eq!(
        team.agent
            .cannot("incidentDeclareMajor", &incident, major.clone())
            .await,
        "FORBIDDEN"
    );
    coordinator
        .takes("incidentDeclareMajor", &incident, major)
        .await;
    let seen = coordinator
        .sees(&incident, "isMajor major { leader } review { cause }")
        .await;
    assert_eq!(
        seen,
        json!({ "isMajor": true, "major": { "leader": "wang.fang" }, "review": { "cause": "MAJOR" } })
    );
    coordinator
        .takes(
            "incidentStandDownMajor",
            &incident,
            json!({ "reason": "业务恢复" }),
        )
        .await;
    team.agent
        .takes(
            "incidentResolve",
            &incident,
            json!({ "code": "Fixed", "solution": "回退版本" }),
        )
        .await;
    let refused = coordinator
        .cannot(
            "incidentClose",
            &incident,
            json!({ "noFeedbackReason": "x" }),
        )
        .await;
    assert_eq!(refused, "INCIDENT_REVIEW_MISSING");
}

#[tokio::test]
async fn an_incident_waits_and_goes_on_when_the_requester_replies() {
    let desk = TestDesk::open().await;
    let (coordinator, team) = (desk.coordinator().await, desk.second_line().await);
    let requester = desk.person("zhao.min", Role::Requester).await;
    let incident = coordinator.has_an_incident_in_progress(&team).await;
    team.agent
        .takes(
            "incidentPutOnHold",
            &incident,
            json!({ "reason": "REQUESTER", "text": "等待截图" }),
        )
        .await;
    let held = coordinator
        .sees(&incident, "status hold { reason text }")
        .await;
    assert_eq!(
        held,
        json!({ "status": "ON_HOLD", "hold": { "reason": "REQUESTER", "text": "等待截图" } })
    );
    requester
        .takes(
            "workItemComment",
            &incident,
            json!({ "visibility": "PUBLIC", "text": "截图已发" }),
        )
        .await;
    assert_eq!(
        coordinator.sees(&incident, "status hold { reason }").await,
        json!({ "status": "IN_PROGRESS", "hold": null })
    );
}

#[tokio::test]
async fn a_merged_incident_goes_on_as_the_other_one() {
    let desk = TestDesk::open().await;
    let coordinator = desk.coordinator().await;
    let (one, other) = (
        coordinator.logs_an_incident().await,
        coordinator.logs_an_incident().await,
    );
    let into = |target: &tests::Incident| {
        json!({
            "targetId": target.id, "reason": "同一故障", "told": ["zhao.min"],
        })
    };
    coordinator
        .takes("workItemMergeInto", &one, into(&other))
        .await;
    let seen = coordinator
        .sees(&one, "status isOpen mergedIntoNumber")
        .await;
    assert_eq!(
        seen,
        json!({ "status": "MERGED", "isOpen": false, "mergedIntoNumber": other.number })
    );
    assert_eq!(
        coordinator
            .cannot("workItemMergeInto", &other, into(&one))
            .await,
        "WORK_ITEM_MERGE_TARGET_NOT_OPEN"
    );
}

#[tokio::test]
async fn the_actions_offered_are_those_that_are_accepted() {
    let desk = TestDesk::open().await;
    let (coordinator, first, second) = (
        desk.coordinator().await,
        desk.first_line().await,
        desk.second_line().await,
    );
    let incident = coordinator.has_an_incident_in_progress(&second).await;
    let actions = async |person: &tests::Person| {
        let seen = person.sees(&incident, "availableActions").await;
        seen["availableActions"]
            .as_array()
            .unwrap()
            .iter()
            .map(|a| a.as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let of_team = actions(&second.agent).await;
    assert!(of_team.contains(&"incidentResolve".to_owned()));
    assert!(!of_team.contains(&"workItemAccept".to_owned()));
    assert!(
        !of_team.contains(&"incidentDeclareMajor".to_owned()),
        "a coordinator's step"
    );
    let of_stranger = actions(&first.agent).await;
    assert!(!of_stranger.contains(&"incidentResolve".to_owned()));
    assert!(of_stranger.contains(&"workItemComment".to_owned()));
    let auditor = desk.person("auditor", Role::Auditor).await;
    assert!(actions(&auditor).await.is_empty());
}
