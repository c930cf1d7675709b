//! What a requester learns, and what not: one rule for the fields of an incident,
//! its history, its links, counts and refusals. What is not theirs is, to them,
//! not there.

use domain::Role;
use serde_json::{Value, json};
use tests::{Incident, Person, TestDesk, journey};
use uuid::Uuid;

/// What only the desk's side reads of an incident, with what it reads after
/// [`weighed`].
const INTERNAL: &str = "hypothesis lastFinding priorityOverridden escalationLevel effortMinutes \
    watchers customFields { name value } correctionCount major { reason leader } \
    review { completed text } hold { text }";

/// An incident of a requester about which the desk has said and weighed a lot
/// among itself.
async fn weighed(desk: &TestDesk) -> (Incident, Person, Person) {
    let (coordinator, team) = (desk.coordinator().await, desk.second_line().await);
    let requester = desk.person("zhao.min", Role::Requester).await;
    let incident = coordinator.has_an_incident_in_progress(&team).await;
    let steps = [
        (
            "incidentStartDiagnosis",
            json!({ "hypothesis": "怀疑值班员误操作" }),
        ),
        (
            "incidentRecordFinding",
            json!({ "text": "日志显示有人误删配置" }),
        ),
        (
            "workItemOverridePriority",
            json!({ "priority": "P2", "reason": "领导关注" }),
        ),
        (
            "workItemEscalateHierarchically",
            json!({ "level": 2, "reason": "影响扩大" }),
        ),
        (
            "workItemLogEffort",
            json!({ "minutes": 90, "text": "排查" }),
        ),
        ("workItemAddWatcher", json!({ "person": "sun.li" })),
        (
            "workItemSetCustomField",
            json!({ "name": "内部评估", "value": "人为" }),
        ),
        (
            "incidentDeclareMajor",
            json!({ "reason": "监管已询问", "leader": "sun.li" }),
        ),
        (
            "workItemComment",
            json!({ "visibility": "INTERNAL", "text": "不要告诉用户" }),
        ),
        (
            "workItemComment",
            json!({ "visibility": "PUBLIC", "text": "正在处理" }),
        ),
        (
            "workItemNotifyStage",
            json!({ "recipients": ["chief"], "text": "内部通报" }),
        ),
        (
            "workItemNotifyStage",
            json!({ "recipients": ["zhao.min"], "text": "预计今日恢复" }),
        ),
        (
            "incidentPutOnHold",
            json!({ "reason": "SUPPLIER", "text": "等供应商认错" }),
        ),
    ];
    for (mutation, input) in steps {
        coordinator.takes(mutation, &incident, input).await;
    }
    (incident, requester, coordinator)
}

#[tokio::test]
async fn a_requester_reads_what_was_said_to_them_and_nothing_that_the_desk_weighs() {
    let desk = TestDesk::open().await;
    let (incident, requester, coordinator) = weighed(&desk).await;
    let seen = coordinator.sees(&incident, INTERNAL).await;
    assert_eq!(seen["hypothesis"], "怀疑值班员误操作");
    assert_eq!(seen["hold"]["text"], "等供应商认错");
    assert_eq!(
        (&seen["effortMinutes"], &seen["escalationLevel"]),
        (&json!(90), &json!(2))
    );
    let seen = requester.sees(&incident, INTERNAL).await;
    for (field, value) in seen.as_object().unwrap() {
        let hidden = if field == "hold" {
            &value["text"]
        } else {
            value
        };
        assert_eq!(*hidden, Value::Null, "{field}");
    }

    let resolution =
        json!({ "code": "Fixed", "cause": "值班员误操作", "solution": "已恢复配置。" });
    coordinator
        .takes("incidentResolve", &incident, resolution)
        .await;
    desk.person("another", Role::Coordinator)
        .await
        .takes(
            "incidentCompleteReview",
            &incident,
            json!({ "text": "加强培训" }),
        )
        .await;
    let query = "commentCount resolution { cause solution } review { completed text } \
        comments { nodes { text } } \
        history(first: 100) { nodes { eventType text reason changes { field after } } }";
    let seen = requester.sees(&incident, query).await;
    assert_eq!(seen["commentCount"], 1);
    assert_eq!(
        seen["resolution"],
        json!({ "cause": null, "solution": "已恢复配置。" })
    );
    let text = seen.to_string();
    let secrets = [
        "误操作",
        "误删",
        "领导关注",
        "影响扩大",
        "排查",
        "sun.li",
        "人为",
        "监管",
        "不要告诉用户",
        "内部通报",
        "认错",
        "培训",
    ];
    for secret in secrets {
        assert!(!text.contains(secret), "{secret}: {seen:#}");
    }
    for told in ["正在处理", "预计今日恢复", "已恢复配置。"] {
        assert!(text.contains(told), "{told}");
    }
    let seen = coordinator
        .sees(
            &incident,
            "commentCount resolution { cause } review { completed text }",
        )
        .await;
    assert_eq!(seen["commentCount"], 2);
    assert_eq!(seen["resolution"]["cause"], "值班员误操作");
    assert_eq!(
        seen["review"],
        json!({ "completed": true, "text": "加强培训" })
    );
}

#[tokio::test]
async fn what_is_not_yours_is_not_there_whatever_is_asked_of_it() {
    let desk = TestDesk::open().await;
    let coordinator = desk.coordinator().await;
    let requester = desk.person("qian.wei", Role::Requester).await;
    let foreign = coordinator.logs_an_incident().await;
    let absent = {
        use base64::Engine;
        let id = format!("Incident:{}", Uuid::now_v7());
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(id)
    };
    let own = requester.logs(json!({ "requester": "qian.wei" })).await;
    let used = Uuid::now_v7();
    let comment = json!({ "visibility": "PUBLIC", "text": "催一下" });
    requester
        .takes(
            "workItemComment",
            &own,
            journey::with(comment.clone(), &json!({ "commandId": used })),
        )
        .await;
    let steps = [
        ("workItemComment", comment),
        ("workItemUrge", json!({})),
        (
            "workItemAttach",
            json!({ "name": "a.png", "mediaType": "image/png", "sizeBytes": 1, "sha256": "0".repeat(64) }),
        ),
        ("incidentConfirmResolution", json!({})),
        ("incidentRejectResolution", json!({ "reason": "没有好" })),
        ("incidentReopen", json!({ "reason": "又坏了" })),
        ("incidentCancel", json!({ "reason": "不用了" })),
    ];
    for (mutation, input) in steps {
        for more in [
            json!({}),
            json!({ "expectedVersion": 1 }),
            json!({ "expectedVersion": 99 }),
            json!({ "commandId": used }),
            json!({ "commandId": Uuid::now_v7() }),
        ] {
            let input = journey::with(input.clone(), &more);
            let mut refusals = Vec::new();
            for id in [&foreign.id, &absent] {
                let input = journey::with(input.clone(), &json!({ "id": id }));
                refusals.push(requester.is_refused(mutation, input).await);
            }
            assert_eq!(refusals[0], refusals[1], "{mutation} {more}");
            assert_eq!(refusals[0].code, "INCIDENT_NOT_FOUND");
        }
    }
    for id in [&foreign.id, &absent] {
        let seen = requester
            .data(
                "query($id: ID!) { node(id: $id) { id } incident(id: $id) { id } }",
                json!({ "id": id }),
            )
            .await;
        assert_eq!(seen, json!({ "node": null, "incident": null }));
    }
}

#[tokio::test]
async fn links_to_what_one_may_not_open_are_left_out() {
    let desk = TestDesk::open().await;
    let coordinator = desk.coordinator().await;
    let requester = desk.person("zhao.min", Role::Requester).await;
    let own = coordinator.logs_an_incident().await;
    let other = coordinator.logs_an_incident().await;
    let foreign = coordinator.logs(json!({ "requester": "li.na" })).await;
    for (from, to) in [(&own, &other), (&own, &foreign), (&foreign, &other)] {
        let link = json!({ "relation": "RELATES_TO", "targetId": to.id });
        coordinator.takes("workItemLink", from, link).await;
    }
    let links = "links { otherId otherNumber }";
    let seen = requester.sees(&own, links).await;
    assert_eq!(
        seen["links"],
        json!([{ "otherId": other.id, "otherNumber": other.number }])
    );
    let seen = requester.sees(&other, links).await;
    assert_eq!(
        seen["links"],
        json!([{ "otherId": own.id, "otherNumber": own.number }])
    );
    let seen = coordinator.sees(&own, links).await;
    assert_eq!(seen["links"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_requester_neither_filters_nor_orders_by_what_they_may_not_read() {
    let desk = TestDesk::open().await;
    let (_, requester, coordinator) = weighed(&desk).await;
    let list = "query($filter: WorkItemFilterInput, $order: WorkItemOrderInput) {
        workItems(filter: $filter, orderBy: $order) { totalCount } }";
    let filters = [
        ("watcher", json!("sun.li")),
        (
            "customField",
            json!({ "name": "内部评估", "value": "人为" }),
        ),
        ("priorityOverridden", json!(true)),
        ("escalationLevels", json!({ "atLeast": 1 })),
        ("comments", json!({ "atLeast": 2 })),
        ("effortMinutes", json!({ "atLeast": 60 })),
        ("missing", json!(["WATCHERS"])),
    ];
    for (field, value) in filters {
        let mut filter = json!({});
        filter[field] = value;
        let variables = json!({ "filter": filter });
        let refusal = requester.ask(list, variables.clone()).await.refusal();
        assert_eq!(
            (refusal.code.as_str(), refusal.field.as_deref()),
            ("FORBIDDEN", Some(field))
        );
        coordinator.data(list, variables).await;
    }
    for order in [
        "PRIORITY_OVERRIDDEN",
        "ESCALATION_LEVEL",
        "COMMENT_COUNT",
        "EFFORT_MINUTES",
        "WATCHERS",
    ] {
        let variables = json!({ "order": { "field": order, "direction": "ASC" } });
        let refusal = requester.ask(list, variables.clone()).await.refusal();
        assert_eq!(
            (refusal.code.as_str(), refusal.field.as_deref()),
            ("FORBIDDEN", Some("orderBy"))
        );
        coordinator.data(list, variables).await;
    }
}
