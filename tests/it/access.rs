//! Who may come in, and what they may do there.

use domain::Role;
use serde_json::json;
use tests::{Answer, TestDesk};

#[tokio::test]
async fn nothing_is_answered_without_a_valid_token() {
    let desk = TestDesk::open().await;
    for header in [
        None,
        Some("Bearer docket_0000"),
        Some("Bearer"),
        Some("Basic dXNlcjpwYXNz"),
        Some("Bearer \u{7f}"),
    ] {
        let mut request = desk
            .http()
            .post(desk.url("/graphql"))
            .json(&json!({ "query": "{ __typename }" }));
        if let Some(header) =
            header.and_then(|text| reqwest::header::HeaderValue::from_str(text).ok())
        {
            request = request.header("Authorization", header);
        }
        let answer = Answer::read(request.send().await.unwrap()).await;
        assert_eq!(answer.status, 401);
        assert_eq!(answer.code(), "UNAUTHENTICATED");
    }
}

#[tokio::test]
async fn every_mutation_is_denied_to_an_auditor() {
    let desk = TestDesk::open().await;
    let auditor = desk.person("auditor", Role::Auditor).await;
    let incident = desk.coordinator().await.logs_an_incident().await;
    let before = desk.serving().desk().log().head().await.unwrap().position;
    let steps = json!({ "id": incident.id });
    for mutation in [
        "workItemAccept",
        "workItemArchive",
        "incidentResume",
        "incidentRestoreService",
        "incidentRequireReview",
        "incidentConfirmResolution",
    ] {
        assert_eq!(
            auditor.is_refused(mutation, steps.clone()).await.code,
            "FORBIDDEN",
            "{mutation}"
        );
    }
    assert_eq!(
        auditor
            .is_refused("incidentRegister", tests::journey::intake())
            .await
            .code,
        "FORBIDDEN"
    );
    assert_eq!(
        auditor
            .is_refused("priorityMatrixPassReview", json!({}))
            .await
            .code,
        "FORBIDDEN"
    );
    let token = json!({ "name": "x", "role": "AGENT" });
    assert_eq!(
        auditor.is_refused("apiTokenIssue", token).await.code,
        "FORBIDDEN"
    );
    assert_eq!(
        desk.serving().desk().log().head().await.unwrap().position,
        before,
        "nothing was stored"
    );
}

#[tokio::test]
async fn a_requester_sees_their_own_items_and_nobody_elses() {
    let desk = TestDesk::open().await;
    let coordinator = desk.coordinator().await;
    let own = coordinator.logs_an_incident().await;
    let suffered = coordinator
        .logs(json!({ "requester": "li.na", "affectedPerson": "zhao.min" }))
        .await;
    let others = coordinator.logs(json!({ "requester": "li.na" })).await;
    let requester = desk.person("zhao.min", Role::Requester).await;
    let listed = requester.data("{ workItems(orderBy: { field: NUMBER, direction: ASC }) { totalCount nodes { number } } }", json!({})).await;
    assert_eq!(
        listed["workItems"]["nodes"],
        json!([{ "number": own.number }, { "number": suffered.number }])
    );
    assert_eq!(listed["workItems"]["totalCount"], 2);
    assert!(requester.sees(&others, "number").await.is_null());
    let node = requester
        .data(
            "query($id: ID!) { node(id: $id) { id } }",
            json!({ "id": others.id }),
        )
        .await;
    assert!(node["node"].is_null());
    let counts = requester
        .data("{ workItemCounts(by: STATUS) { status count } }", json!({}))
        .await;
    assert_eq!(
        counts["workItemCounts"],
        json!([{ "status": "NEW", "count": 2 }])
    );
    assert_eq!(
        requester
            .ask("{ events { nodes { position } } }", json!({}))
            .await
            .code(),
        "FORBIDDEN"
    );
    let diff = "query($id: ID!) { diff(id: $id, from: { position: 0 }, to: { position: 100 }) { changes { field } } }";
    assert_eq!(
        requester.ask(diff, json!({ "id": own.id })).await.code(),
        "FORBIDDEN"
    );
}

#[tokio::test]
async fn a_revoked_token_ends_at_once_and_its_secret_is_nowhere_in_the_log() {
    let desk = TestDesk::open().await;
    let administrator = desk.person("admin", Role::Administrator).await;
    let issued = administrator
        .does(
            "apiTokenIssue",
            json!({ "name": "monitoring", "role": "AGENT" }),
        )
        .await;
    let secret = issued["secret"].as_str().unwrap().to_owned();
    let program = administrator.with_token(&secret);
    let viewer = program
        .data("{ viewer { name role teams { code } } }", json!({}))
        .await;
    assert_eq!(
        viewer["viewer"],
        json!({ "name": "monitoring", "role": "AGENT", "teams": [] })
    );
    administrator
        .does("apiTokenRevoke", json!({ "tokenId": issued["tokenId"] }))
        .await;
    assert_eq!(
        program.ask("{ __typename }", json!({})).await.code(),
        "UNAUTHENTICATED"
    );
    let leaks = desk
        .database()
        .number(&format!("select count(*) from events where payload::text like '%{secret}%' or metadata::text like '%{secret}%'"))
        .await;
    assert_eq!(leaks, 0);
}

#[tokio::test]
async fn who_acted_stands_in_every_event() {
    let desk = TestDesk::open().await;
    let (coordinator, team) = (desk.coordinator().await, desk.second_line().await);
    let incident = coordinator
        .logs(json!({ "onBehalfOf": "branch.manager" }))
        .await;
    coordinator.assigns(&incident, &team).await;
    let query = "query($id: ID!) { events(filter: { objectId: $id }, first: 50) { nodes { actor eventType metadata } } }";
    let events = coordinator.data(query, json!({ "id": incident.id })).await;
    for event in events["events"]["nodes"].as_array().unwrap() {
        assert_eq!(event["actor"], "coordinator");
        assert_eq!(event["metadata"]["role"], "coordinator");
        assert_eq!(event["metadata"]["channel"], "api");
    }
    assert_eq!(
        events["events"]["nodes"][0]["metadata"]["on_behalf_of"],
        "branch.manager"
    );
    let anonymous = desk
        .database()
        .number("select count(*) from events where coalesce(metadata->>'actor', '') = ''")
        .await;
    assert_eq!(anonymous, 0);
}
