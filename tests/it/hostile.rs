//! Requests that are meant to stop or to starve the service: each is refused
//! by the limit that it is over, and the desk goes on.

use serde_json::json;
use tests::hostile::{documents, introspection};
use tests::{TestDesk, journey};

#[tokio::test]
async fn each_hostile_document_is_refused_by_its_own_limit() {
    let desk = TestDesk::open().await;
    let coordinator = desk.coordinator().await;
    for hostile in documents() {
        let answer = coordinator.ask(&hostile.query, hostile.variables).await;
        assert!(answer.body.get("data").is_none(), "{}", hostile.name);
        let refusal = answer.refusal();
        assert_eq!(
            refusal.code, hostile.code,
            "{}: {}",
            hostile.name, refusal.message
        );
        assert!(
            refusal.message.contains(hostile.because),
            "{}: {}",
            hostile.name,
            refusal.message
        );
    }
    coordinator.logs_an_incident().await;
}

#[tokio::test]
async fn what_tools_and_people_ask_is_within_every_limit() {
    let desk = TestDesk::open().await;
    let coordinator = desk.coordinator().await;
    let schema = coordinator.data(&introspection(), json!({})).await;
    assert!(schema["__schema"]["types"].as_array().unwrap().len() > 100);
    let query = "query($yes: Boolean!) { ...Lists } \
        fragment Lists on Query { a: workItems(first: 100) { ...Nodes } b: workItems(first: 50) { ...Nodes } } \
        fragment Nodes on WorkItemConnection { nodes { ...Item @include(if: $yes) ... @skip(if: $yes) { id } } } \
        fragment Item on WorkItem { id number summary status team { name } }";
    coordinator.logs_an_incident().await;
    let lists = coordinator.data(query, json!({ "yes": true })).await;
    assert_eq!(lists["a"]["nodes"][0]["status"], "NEW");
    assert_eq!(lists["b"], lists["a"]);
    let many: Vec<String> = (0..100)
        .map(|number| format!("m{number}: incidentRegister(input: $input) {{ position }}"))
        .collect();
    let many = format!(
        "mutation($input: IncidentRegisterInput!) {{ {} }}",
        many.join(" ")
    );
    let text = "长".repeat(10_000);
    let input = journey::with(journey::intake(), &json!({ "description": text }));
    let answer = coordinator
        .ask(&many, json!({ "input": input }))
        .await
        .data();
    assert_eq!(answer.as_object().unwrap().len(), 100);
}

#[tokio::test]
async fn a_request_has_at_most_fifty_thousand_values() {
    let desk = TestDesk::open().await;
    let coordinator = desk.coordinator().await;
    let query = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }";
    let ids = json!({ "ids": vec![""; 50_001] });
    let refusal = coordinator.ask(query, ids).await;
    assert_eq!(
        (refusal.status, refusal.code().as_str()),
        (413, "REQUEST_TOO_LARGE")
    );
}
