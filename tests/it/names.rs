//! Whose name is whose, and which texts and codes are any (R6, A6).

use domain::Role;
use serde_json::{Value, json};
use tests::journey::intake;
use tests::{Person, TestDesk, journey};

/// `rené` in two writings that look the same.
const COMPOSED: &str = "ren\u{e9}";
const DECOMPOSED: &str = "Rene\u{301}";

#[tokio::test]
async fn r6_nobody_reviews_their_own_draft_by_another_spelling() {
    let desk = TestDesk::open().await;
    let level = |priority: &str| {
        json!({
            "priority": priority, "nameZh": priority, "nameEn": priority,
            "confirmWithinHours": 24, "reopenWithinHours": 48, "reviewRequired": false,
        })
    };
    let levels = ["P1", "P2", "P3", "P4", "P5"].map(level);
    let matrix = json!({ "rows": vec![vec!["P1"; 3]; 3], "levels": levels });
    for (author, same) in [
        ("ad.lu", "Ad.Lu"),
        ("ad.lu", "ａｄ．ｌｕ"),
        (COMPOSED, DECOMPOSED),
    ] {
        let author = desk.person(author, Role::Administrator).await;
        author.does("priorityMatrixSaveDraft", matrix.clone()).await;
        let same = desk.person(same, Role::Administrator).await;
        let refusal = same.is_refused("priorityMatrixPassReview", json!({})).await;
        assert_eq!(refusal.code, "CONFIGURATION_OWN_REVIEW");
    }
}

#[tokio::test]
async fn r6_a_requester_has_their_items_in_every_spelling_of_their_name() {
    let desk = TestDesk::open().await;
    let coordinator = desk.coordinator().await;
    let reported = coordinator.logs(json!({ "requester": "Zhao.Min" })).await;
    let suffered = coordinator
        .logs(json!({ "requester": "li.na", "affectedPerson": "ｚｈａｏ．ｍｉｎ" }))
        .await;
    let corrected = coordinator.logs(json!({ "requester": "li.na" })).await;
    let correction = json!({ "field": "REQUESTER", "to": "ZHAO.MIN", "reason": "Slip" });
    coordinator
        .takes("workItemCorrectDetails", &corrected, correction)
        .await;
    let to_same = json!({ "field": "REQUESTER", "to": "zhao.min", "reason": "Slip" });
    assert_eq!(
        coordinator
            .cannot("workItemCorrectDetails", &corrected, to_same)
            .await,
        "WORK_ITEM_FIELD_UNCHANGED"
    );
    for spelling in ["zhao.min", "Zhao.Min", "ＺＨＡＯ.min"] {
        let requester = desk.person(spelling, Role::Requester).await;
        assert_eq!(count(&requester, json!({})).await, 3, "{spelling}");
        for incident in [&reported, &suffered, &corrected] {
            assert_eq!(
                requester.sees(incident, "number").await["number"],
                json!(incident.number)
            );
            requester.takes("workItemUrge", incident, json!({})).await;
        }
        let filter = json!({ "requesters": [spelling] });
        assert_eq!(count(&coordinator, filter).await, 2);
        let filter = json!({ "affectedPersons": [spelling] });
        assert_eq!(count(&coordinator, filter).await, 1);
    }
}

#[tokio::test]
async fn r6_a_member_a_watcher_and_an_assignee_are_one_person_in_every_spelling() {
    let desk = TestDesk::open().await;
    let coordinator = desk.coordinator().await;
    let admin = desk.person("admin", Role::Administrator).await;
    let team = desk.second_line().await;
    let member = |person: &str| json!({ "teamId": team.id, "person": person, "name": "René" });
    admin.does("teamAddMember", member(COMPOSED)).await;
    let again = admin.is_refused("teamAddMember", member(DECOMPOSED)).await;
    assert_eq!(
        (again.code.as_str(), again.field.as_deref()),
        ("TEAM_ALREADY_MEMBER", Some("person"))
    );

    let incident = coordinator.logs_an_incident().await;
    let to = json!({ "teamId": team.id, "person": DECOMPOSED });
    coordinator.takes("workItemAssign", &incident, to).await;
    let to_same = json!({ "teamId": team.id, "person": "RENÉ" });
    assert_eq!(
        coordinator
            .cannot("workItemAssign", &incident, to_same)
            .await,
        "WORK_ITEM_ASSIGNMENT_UNCHANGED"
    );
    // The agent's own token is of yet another spelling.
    let agent = desk.person("ＲＥＮÉ", Role::Agent).await;
    agent.takes("workItemAccept", &incident, json!({})).await;
    coordinator
        .takes(
            "workItemAddWatcher",
            &incident,
            json!({ "person": "Li.Na" }),
        )
        .await;
    assert_eq!(
        coordinator
            .cannot(
                "workItemAddWatcher",
                &incident,
                json!({ "person": "li.na" })
            )
            .await,
        "WORK_ITEM_ALREADY_WATCHING"
    );
    for filter in [
        json!({ "assignees": [DECOMPOSED] }),
        json!({ "assignees": [COMPOSED] }),
        json!({ "watcher": "LI.NA" }),
    ] {
        assert_eq!(count(&coordinator, filter.clone()).await, 1, "{filter}");
    }
    let query = "query($by: String!) { events(filter: { actors: [$by] }, first: 9) { nodes { eventType } } }";
    let auditor = desk.person("auditor", Role::Auditor).await;
    let seen = auditor.data(query, json!({ "by": "René" })).await;
    assert_eq!(
        seen["events"]["nodes"],
        json!([{ "eventType": "AssignmentAccepted" }])
    );
    coordinator
        .takes(
            "workItemRemoveWatcher",
            &incident,
            json!({ "person": "LI.na" }),
        )
        .await;
    let removed = json!({ "teamId": team.id, "person": "RENÉ" });
    admin.does("teamRemoveMember", removed).await;
}

#[tokio::test]
async fn a6_what_shows_nothing_is_no_text_and_no_line_turns_its_direction() {
    let desk = TestDesk::open().await;
    let coordinator = desk.coordinator().await;
    let team = desk.second_line().await;
    let incident = coordinator.has_an_incident_in_progress(&team).await;
    for blank in [
        "\u{200b}\u{200d}",
        "\u{3164}",
        "\u{2800} \u{ffa0}",
        "\u{202e}\u{2066}",
    ] {
        for field in ["summary", "requester", "category", "description"] {
            let input = journey::with(intake(), &json!({ field: blank }));
            let refusal = coordinator.is_refused("incidentRegister", input).await;
            assert_eq!(
                (refusal.code.as_str(), refusal.field.as_deref()),
                ("TEXT_EMPTY", Some(field))
            );
        }
        let cancel = json!({ "reason": blank });
        assert_eq!(
            coordinator
                .cannot("incidentCancel", &incident, cancel)
                .await,
            "TEXT_EMPTY"
        );
        let founded = json!({ "code": blank, "name": "x", "line": "FIRST", "department": "x" });
        let admin = desk.person("admin", Role::Administrator).await;
        assert_eq!(
            admin.is_refused("teamFound", founded).await.code,
            "TEXT_EMPTY"
        );
    }
    for turned in ["invoice\u{202e}fdp.exe", "\u{2066}a\u{2069}"] {
        let input = journey::with(intake(), &json!({ "summary": turned }));
        let refusal = coordinator.is_refused("incidentRegister", input).await;
        assert_eq!(refusal.code, "TEXT_CONTROL_CHARACTER");
    }
    for welcome in [
        "می\u{200c}خواهم",
        "תקלה\u{200e} 1",
        "👩\u{200d}🔧 ❤\u{fe0f}",
    ] {
        let incident = coordinator.logs(json!({ "summary": welcome })).await;
        let seen = coordinator.sees(&incident, "summary").await;
        assert_eq!(seen["summary"], json!(welcome));
    }
}

#[tokio::test]
async fn a6_a_code_that_looks_like_another_one_is_taken() {
    let desk = TestDesk::open().await;
    let admin = desk.person("admin", Role::Administrator).await;
    desk.second_line().await;
    let alike = ["Network", "ｎｅｔｗｏｒｋ", "net\u{200b}work", "nеtwоrk"];
    for code in alike {
        let team = json!({ "code": code, "name": "Other", "line": "FIRST", "department": "x" });
        let refusal = admin.is_refused("teamFound", team).await;
        assert_eq!(
            (refusal.code.as_str(), refusal.field.as_deref()),
            ("TEAM_ALREADY_FOUNDED", Some("code"))
        );
        let category = |code: &str| json!({ "code": code, "nameZh": "网络", "nameEn": "Network" });
        let tree = json!({ "categories": [category("network"), category(code)] });
        let refusal = admin.is_refused("categoryTreeSaveDraft", tree).await;
        assert_eq!(refusal.code, "CONFIGURATION_CONTENT_INVALID");
    }
    let coordinator = desk.coordinator().await;
    let incident = coordinator.logs_an_incident().await;
    let field = |name: &str| json!({ "name": name, "value": "1" });
    coordinator
        .takes("workItemSetCustomField", &incident, field("network"))
        .await;
    for name in alike {
        assert_eq!(
            coordinator
                .cannot("workItemSetCustomField", &incident, field(name))
                .await,
            "WORK_ITEM_FIELD_NAME_TAKEN"
        );
    }
}

async fn count(person: &Person, filter: Value) -> usize {
    let query = "query($filter: WorkItemFilterInput) { workItems(filter: $filter, first: 100) { nodes { id } } }";
    let seen = person.data(query, json!({ "filter": filter })).await;
    seen["workItems"]["nodes"].as_array().unwrap().len()
}
