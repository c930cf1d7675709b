//! The incident practice, from the first contact to the closing.

use domain::Role;
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
    let last = seen["history"]["nodes"]
        .as_array()
        .unwrap()
        .last()
        .unwrap()
        .clone();
    assert_eq!(last["reason"], "董事会会议受影响");
    assert!(
        last["changes"]
            .as_array()
            .unwrap()
            .contains(&json!({ "field": "priority", "before": "P3", "after": "P1" }))
    );
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
    let last = seen["history"]["nodes"]
        .as_array()
        .unwrap()
        .last()
        .unwrap()
        .clone();
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

#[tokio::test]
async fn inc_26_search_finds_a_text_in_any_field() {
    let desk = TestDesk::open().await;
    let (coordinator, team) = (desk.coordinator().await, desk.second_line().await);
    let incident = coordinator
        .logs(json!({ "summary": "打印机卡纸", "description": "三楼 Kyocera 机型" }))
        .await;
    coordinator.logs(json!({ "summary": "无关" })).await;
    coordinator.assigns(&incident, &team).await;
    let step = async |mutation: &str, more| coordinator.takes(mutation, &incident, more).await;
    step(
        "workItemComment",
        json!({ "visibility": "INTERNAL", "text": "已联系富士胶片工程师" }),
    )
    .await;
    step(
        "workItemSetCustomField",
        json!({ "name": "楼层", "value": "Building Seven" }),
    )
    .await;
    step(
        "workItemAddExternalReference",
        json!({ "system": "OA", "reference": "QS-7788" }),
    )
    .await;
    step("workItemAttach", json!({
        "name": "现场照片.png", "mediaType": "image/png", "sizeBytes": 1024, "sha256": "a".repeat(64),
    })).await;
    let query =
        "query($text: String!) { workItems(filter: { text: $text }) { totalCount nodes { id } } }";
    let number = incident.number.as_str();
    for text in [
        "卡纸",
        "kyocera",
        "富士胶片",
        "building seven",
        "QS-7788",
        "现场照片",
        number,
        "zhao.min",
    ] {
        let found = coordinator.data(query, json!({ "text": text })).await;
        let ids: Vec<&str> = found["workItems"]["nodes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|n| n["id"].as_str().unwrap())
            .collect();
        assert!(ids.contains(&incident.id.as_str()), "{text} finds {found}");
    }
    assert_eq!(
        coordinator
            .data(query, json!({ "text": "不存在的文字" }))
            .await["workItems"]["totalCount"],
        0
    );
    let custom = coordinator
        .data("{ workItems(filter: { customField: { name: \"楼层\", value: \"Building Seven\" } }) { totalCount } }", json!({}))
        .await;
    assert_eq!(custom["workItems"]["totalCount"], 1);
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
    let ago = |days: i64| (api::clock::now() - chrono::Duration::days(days)).to_rfc3339();
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
    let closing = json!({ "noFeedbackReason": "无人接听", "effectiveAt": ago(57) });
    // The desk itself may have been faster: the window to confirm is over.
    let _ = team
        .agent
        .mutate(
            "incidentClose",
            tests::journey::with(json!({ "id": incident.id }), &closing),
        )
        .await;
    let late = coordinator
        .cannot("incidentReopen", &incident, json!({ "reason": "又断了" }))
        .await;
    assert_eq!(late, "INCIDENT_REOPEN_WINDOW_PASSED");
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
    team.agent
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
        team.agent
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
    team.agent
        .takes(
            "incidentCompleteReview",
            &incident,
            json!({ "text": "容量预警阈值过高" }),
        )
        .await;
    team.agent.takes("incidentClose", &incident, closing).await;
    assert_eq!(
        coordinator.sees(&incident, "status").await["status"],
        "CLOSED"
    );
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
    let refused = team
        .agent
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
    let into = |target: &tests::Incident| json!({ "targetId": target.id, "reason": "同一故障" });
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
