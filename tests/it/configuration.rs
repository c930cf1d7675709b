//! What the desk judges by: drafted, reviewed by a second person, published.

use chrono::TimeDelta;
use domain::Role;
use serde_json::{Value, json};
use tests::TestDesk;

fn levels() -> Value {
    let level = |priority: &str| {
        json!({
            "priority": priority, "nameZh": priority, "nameEn": priority,
            "confirmWithinHours": 24, "reopenWithinHours": 48, "reviewRequired": false,
        })
    };
    json!(["P1", "P2", "P3", "P4", "P5"].map(level))
}

#[tokio::test]
async fn inc_05_a_matrix_is_reviewed_by_a_second_person_and_items_keep_their_version() {
    let desk = TestDesk::open().await;
    let coordinator = desk.coordinator().await;
    let before = coordinator.logs_an_incident().await;
    let (author, reviewer) = (
        desk.person("author", Role::Administrator).await,
        desk.person("reviewer", Role::Administrator).await,
    );
    let rows = json!([["P1", "P1", "P1"], ["P1", "P1", "P1"], ["P5", "P5", "P5"]]);
    author
        .does(
            "priorityMatrixSaveDraft",
            json!({ "rows": rows, "levels": levels() }),
        )
        .await;
    assert_eq!(
        author
            .is_refused("priorityMatrixPublish", json!({}))
            .await
            .code,
        "CONFIGURATION_NOT_REVIEWED"
    );
    assert_eq!(
        author
            .is_refused("priorityMatrixPassReview", json!({}))
            .await
            .code,
        "CONFIGURATION_OWN_REVIEW"
    );
    reviewer.does("priorityMatrixPassReview", json!({})).await;
    let published = author.does("priorityMatrixPublish", json!({})).await;
    assert_eq!(
        published["priorityMatrix"]["versions"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    let after = coordinator.logs_an_incident().await;
    let fields = "priority matrixVersion";
    assert_eq!(
        coordinator.sees(&before, fields).await,
        json!({ "priority": "P3", "matrixVersion": 1 })
    );
    assert_eq!(
        coordinator.sees(&after, fields).await,
        json!({ "priority": "P1", "matrixVersion": 2 })
    );
    let early = json!({ "effectiveFrom": "1971-01-01T00:00:00Z" });
    author
        .does(
            "priorityMatrixSaveDraft",
            json!({ "rows": rows, "levels": levels() }),
        )
        .await;
    reviewer.does("priorityMatrixPassReview", json!({})).await;
    assert_eq!(
        author.is_refused("priorityMatrixPublish", early).await.code,
        "CONFIGURATION_NOT_AFTER_PREVIOUS"
    );
}

#[tokio::test]
async fn inc_29_both_windows_are_configured_for_each_priority_and_version() {
    let desk = TestDesk::open().await;
    let (coordinator, team) = (desk.coordinator().await, desk.second_line().await);
    let (author, reviewer) = (
        desk.person("author", Role::Administrator).await,
        desk.person("reviewer", Role::Administrator).await,
    );
    // Filed under the first version, and resolved when the second one holds.
    let before = coordinator.has_an_incident_in_progress(&team).await;
    let windows = [
        ("P1", 3, 5),
        ("P2", 7, 11),
        ("P3", 13, 17),
        ("P4", 19, 23),
        ("P5", 29, 31),
    ];
    let level = |(priority, confirm, reopen): (&str, u32, u32)| {
        json!({
            "priority": priority, "nameZh": priority, "nameEn": priority,
            "confirmWithinHours": confirm, "reopenWithinHours": reopen, "reviewRequired": false,
        })
    };
    let rows = json!([["P1", "P2", "P3"], ["P2", "P3", "P4"], ["P3", "P4", "P5"]]);
    let draft = json!({ "rows": rows, "levels": windows.map(level) });
    author.does("priorityMatrixSaveDraft", draft).await;
    reviewer.does("priorityMatrixPassReview", json!({})).await;
    author.does("priorityMatrixPublish", json!({})).await;

    let ends = async |incident: &tests::Incident, confirm: i64, reopen: i64| {
        let resolution = json!({ "code": "Fixed", "solution": "重启" });
        coordinator
            .takes("incidentResolve", incident, resolution)
            .await;
        let closing = json!({ "noFeedbackReason": "电话未接通" });
        coordinator.takes("incidentClose", incident, closing).await;
        let seen = coordinator
            .sees(
                incident,
                "resolvedAt closedAt closure { reopenUntil }
                history(first: 50) { nodes { eventType changes { field after } } }",
            )
            .await;
        let time = |text: &Value| {
            let text = text.as_str().unwrap();
            text.parse::<chrono::DateTime<chrono::Utc>>().unwrap()
        };
        let steps = seen["history"]["nodes"].as_array().unwrap();
        let resolved = steps.iter().find(|step| step["eventType"] == "Resolved");
        let changes = resolved.unwrap()["changes"].as_array().unwrap();
        let confirm_by = changes.iter().find(|one| one["field"] == "confirm_by");
        let confirm_by = time(&confirm_by.unwrap()["after"]);
        let minutes =
            |from: &str, to: chrono::DateTime<chrono::Utc>| (to - time(&seen[from])).num_minutes();
        assert_eq!(minutes("resolvedAt", confirm_by), confirm * 60);
        let reopen_until = time(&seen["closure"]["reopenUntil"]);
        assert_eq!(minutes("closedAt", reopen_until), reopen * 60);
    };
    for (impact, urgency, (_, confirm, reopen)) in [
        ("HIGH", "HIGH", windows[0]),
        ("HIGH", "MEDIUM", windows[1]),
        ("MEDIUM", "MEDIUM", windows[2]),
        ("LOW", "MEDIUM", windows[3]),
        ("LOW", "LOW", windows[4]),
    ] {
        let incident = coordinator
            .logs(json!({ "impact": impact, "urgency": urgency }))
            .await;
        coordinator.assigns(&incident, &team).await;
        coordinator
            .takes("workItemAccept", &incident, json!({}))
            .await;
        ends(&incident, confirm.into(), reopen.into()).await;
    }
    // By the version that judged it: a week, and thirty days.
    ends(&before, 7 * 24, 30 * 24).await;
}

#[tokio::test]
async fn inc_05_a_version_holds_from_its_date() {
    let desk = TestDesk::open().await;
    let coordinator = desk.coordinator().await;
    let (author, reviewer) = (
        desk.person("author", Role::Administrator).await,
        desk.person("reviewer", Role::Administrator).await,
    );
    let rows = json!([["P1", "P1", "P1"], ["P1", "P1", "P1"], ["P1", "P1", "P1"]]);
    author
        .does(
            "priorityMatrixSaveDraft",
            json!({ "rows": rows, "levels": levels() }),
        )
        .await;
    reviewer.does("priorityMatrixPassReview", json!({})).await;
    let tomorrow = api::clock::now() + chrono::Duration::days(1);
    author
        .does(
            "priorityMatrixPublish",
            json!({ "effectiveFrom": tomorrow }),
        )
        .await;
    let incident = coordinator.logs_an_incident().await;
    assert_eq!(
        coordinator.sees(&incident, "priority matrixVersion").await,
        json!({ "priority": "P3", "matrixVersion": 1 })
    );
    let query = "query($at: DateTime!) { priorityMatrix { now: inForce { version } then: inForce(at: $at) { version } } }";
    let seen = coordinator.data(query, json!({ "at": tomorrow })).await;
    assert_eq!(
        seen["priorityMatrix"],
        json!({ "now": { "version": 1 }, "then": { "version": 2 } })
    );
}

#[tokio::test]
async fn inc_03_categories_form_a_hierarchy_and_items_keep_the_version_they_were_filed_under() {
    let desk = TestDesk::open().await;
    let coordinator = desk.coordinator().await;
    let before = coordinator.logs_an_incident().await;
    let (author, reviewer) = (
        desk.person("author", Role::Administrator).await,
        desk.person("reviewer", Role::Administrator).await,
    );
    let category = |code: &str, parent: Option<&str>| json!({ "code": code, "parent": parent, "nameZh": code, "nameEn": code });
    let circle = json!({ "categories": [category("a", Some("b")), category("b", Some("a"))] });
    assert_eq!(
        author
            .is_refused("categoryTreeSaveDraft", circle)
            .await
            .code,
        "CONFIGURATION_CONTENT_INVALID"
    );
    let tree =
        json!({ "categories": [category("branch", None), category("branch-pos", Some("branch"))] });
    author.does("categoryTreeSaveDraft", tree).await;
    reviewer.does("categoryTreePassReview", json!({})).await;
    author.does("categoryTreePublish", json!({})).await;
    let gone = tests::journey::intake();
    assert_eq!(
        coordinator.is_refused("incidentRegister", gone).await.code,
        "WORK_ITEM_CATEGORY_UNKNOWN"
    );
    let after = coordinator.logs(json!({ "category": "branch-pos" })).await;
    let fields = "category { code treeVersion }";
    assert_eq!(
        coordinator.sees(&before, fields).await["category"],
        json!({ "code": "network-vpn", "treeVersion": 1 })
    );
    assert_eq!(
        coordinator.sees(&after, fields).await["category"],
        json!({ "code": "branch-pos", "treeVersion": 2 })
    );
}

/// Writes, reviews and publishes a matrix of one priority from a time on.
async fn publishes(desk: &TestDesk, priority: &str, from: Value) -> tests::Answer {
    let (author, reviewer) = (
        desk.person("author", Role::Administrator).await,
        desk.person("reviewer", Role::Administrator).await,
    );
    let rows = json!(vec![vec![priority; 3]; 3]);
    author
        .does(
            "priorityMatrixSaveDraft",
            json!({ "rows": rows, "levels": levels() }),
        )
        .await;
    reviewer.does("priorityMatrixPassReview", json!({})).await;
    let published = json!({ "effectiveFrom": from });
    author.mutate("priorityMatrixPublish", published).await
}

#[tokio::test]
async fn a8_a_slip_in_the_date_of_a_version_does_not_freeze_the_configuration() {
    let desk = TestDesk::open().await;
    let author = desk.person("author", Role::Administrator).await;
    let now = api::clock::now();
    for far in [
        "9999-01-01T00:00:00Z".to_owned(),
        (now + TimeDelta::days(731)).to_rfc3339(),
    ] {
        let refusal = publishes(&desk, "P1", json!(far)).await.refusal();
        assert_eq!(
            (refusal.code.as_str(), refusal.field.as_deref()),
            ("CONFIGURATION_TOO_FAR_AHEAD", Some("effectiveFrom"))
        );
    }
    let next_year = now + TimeDelta::days(365);
    publishes(&desk, "P1", json!(next_year)).await.data();
    // The version of next year is in the way of one from tomorrow on.
    let tomorrow = now + TimeDelta::days(1);
    assert_eq!(
        publishes(&desk, "P2", json!(tomorrow)).await.code(),
        "CONFIGURATION_NOT_AFTER_PREVIOUS"
    );
    let before = desk.serving().desk().log().head().await.unwrap().position;
    let withdrawal = json!({ "version": 2, "reason": "一年写错了" });
    author
        .does("priorityMatrixWithdraw", withdrawal.clone())
        .await;
    publishes(&desk, "P2", json!(tomorrow)).await.data();
    let fields = "inForce(at: $at) { version } versions { version withdrawn }";
    let query = format!(
        "query($at: DateTime!, $before: Long!) {{ priorityMatrix {{ {fields} }} \
         then: priorityMatrix(asOf: {{ position: $before }}) {{ {fields} }} }}"
    );
    let later = next_year + TimeDelta::days(1);
    let seen = author
        .data(&query, json!({ "at": later, "before": before }))
        .await;
    let version = |version, withdrawn| json!({ "version": version, "withdrawn": withdrawn });
    assert_eq!(
        seen["priorityMatrix"],
        json!({
            "inForce": { "version": 3 },
            "versions": [version(1, false), version(2, true), version(3, false)],
        })
    );
    assert_eq!(
        seen["then"],
        json!({ "inForce": { "version": 2 }, "versions": [version(1, false), version(2, false)] })
    );
    let refused = |input: Value| author.is_refused("priorityMatrixWithdraw", input);
    assert_eq!(
        refused(withdrawal).await.code,
        "CONFIGURATION_NO_SUCH_VERSION"
    );
    let holding = json!({ "version": 1, "reason": "x", "effectiveAt": "1999-01-01T00:00:00Z" });
    assert_eq!(
        refused(holding).await.code,
        "CONFIGURATION_HOLDS_ALREADY",
        "however it is dated"
    );
    let auditor = desk.person("auditor", Role::Auditor).await;
    let events = "{ events(filter: { eventTypes: [\"VersionWithdrawn\"] }, first: 9) { nodes { payload } } }";
    assert_eq!(
        auditor.data(events, json!({})).await["events"]["nodes"][0]["payload"]["reason"],
        "一年写错了"
    );
}

#[tokio::test]
async fn windows_of_no_time_and_tokens_that_have_ended_are_refused() {
    let desk = TestDesk::open().await;
    let admin = desk.person("author", Role::Administrator).await;
    let rows = json!(vec![vec!["P1"; 3]; 3]);
    for window in ["confirmWithinHours", "reopenWithinHours"] {
        let mut levels = levels();
        levels[2][window] = json!(0);
        let matrix = json!({ "rows": rows, "levels": levels });
        let refusal = admin.is_refused("priorityMatrixSaveDraft", matrix).await;
        assert_eq!(refusal.code, "CONFIGURATION_CONTENT_INVALID");
    }
    let now = api::clock::now();
    let token = |at: Value| json!({ "name": "x", "role": "AGENT", "expiresAt": at });
    for ended in [now, now - TimeDelta::days(1)] {
        let dated_back = tests::journey::with(
            token(json!(ended)),
            &json!({ "effectiveAt": ended - TimeDelta::hours(1) }),
        );
        for input in [token(json!(ended)), dated_back] {
            let refusal = admin.is_refused("apiTokenIssue", input).await;
            assert_eq!(
                (refusal.code.as_str(), refusal.field.as_deref()),
                ("TOKEN_ENDED_ALREADY", Some("expiresAt"))
            );
        }
    }
    let input = token(json!(now + TimeDelta::hours(1)));
    admin.does("apiTokenIssue", input).await;
}
