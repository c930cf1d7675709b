//! What happens, as it happens, over `graphql-transport-ws`.

use serde_json::{Value, json};
use tests::socket::Socket;
use tests::{Person, TestDesk};

#[tokio::test]
async fn events_resume_from_a_position_and_go_on_live() {
    let desk = TestDesk::open().await;
    let coordinator = desk.coordinator().await;
    let head = desk.serving().desk().log().head().await.unwrap().position;
    coordinator.logs_an_incident().await;
    let mut socket = Socket::of(&desk, &coordinator).await;
    socket
        .subscribe(
            "subscription($after: Long!) { events(after: $after) { position eventType } }",
            json!({ "after": head }),
        )
        .await;
    for (place, name) in (1_i64..).zip(["Registered", "Classified", "PrioritySet"]) {
        assert_eq!(
            socket.data().await["events"],
            json!({ "position": head + place, "eventType": name })
        );
    }
    coordinator.logs_an_incident().await;
    for place in 4..=6 {
        assert_eq!(socket.data().await["events"]["position"], head + place);
    }
}

#[tokio::test]
async fn a_watched_item_comes_again_with_each_change() {
    let desk = TestDesk::open().await;
    let (coordinator, team) = (desk.coordinator().await, desk.second_line().await);
    let (incident, other) = (
        coordinator.logs_an_incident().await,
        coordinator.logs_an_incident().await,
    );
    let mut socket = Socket::of(&desk, &coordinator).await;
    socket
        .subscribe(
            "subscription($id: ID!) { workItemChanged(id: $id) { number status } }",
            json!({ "id": incident.id }),
        )
        .await;
    assert_eq!(socket.data().await["workItemChanged"]["status"], "NEW");
    coordinator.assigns(&other, &team).await;
    coordinator.assigns(&incident, &team).await;
    assert_eq!(
        socket.data().await["workItemChanged"],
        json!({ "number": incident.number, "status": "ASSIGNED" })
    );
}

#[tokio::test]
async fn a_queue_says_what_enters_and_what_leaves_it() {
    let desk = TestDesk::open().await;
    let (coordinator, team) = (desk.coordinator().await, desk.second_line().await);
    let incident = coordinator.logs_an_incident().await;
    let mut socket = Socket::of(&desk, &coordinator).await;
    let filter = json!({ "filter": { "teamIds": [team.id], "statuses": ["ASSIGNED"] } });
    socket.subscribe("subscription($filter: WorkItemFilterInput) { queueChanged(filter: $filter) { matches item { number status } } }", filter).await;
    // The subscription is open once it answers a ping sent after it.
    socket.send(json!({ "type": "ping" })).await;
    assert_eq!(socket.next().await.unwrap()["type"], "pong");
    coordinator.assigns(&incident, &team).await;
    assert_eq!(
        socket.data().await["queueChanged"],
        json!({ "matches": true, "item": { "number": incident.number, "status": "ASSIGNED" } })
    );
    team.agent
        .takes("workItemAccept", &incident, json!({}))
        .await;
    assert_eq!(
        socket.data().await["queueChanged"],
        json!({ "matches": false, "item": { "number": incident.number, "status": "IN_PROGRESS" } })
    );
}

/// Subscribes, and returns once the subscription has begun.
async fn subscribed(desk: &TestDesk, person: &Person, query: &str, variables: Value) -> Socket {
    let mut socket = Socket::of(desk, person).await;
    socket.subscribe(query, variables).await;
    socket.send(json!({ "type": "ping" })).await;
    assert_eq!(socket.next().await.unwrap()["type"], "pong");
    socket
}

#[tokio::test]
async fn an_item_that_was_there_at_the_start_is_told_of_when_it_leaves_the_queue() {
    let desk = TestDesk::open().await;
    let (coordinator, team) = (desk.coordinator().await, desk.second_line().await);
    let (stays, leaves) = (
        coordinator.logs_an_incident().await,
        coordinator.logs_an_incident().await,
    );
    for incident in [&stays, &leaves] {
        coordinator.assigns(incident, &team).await;
    }
    let queue = "subscription { queueChanged(filter: { statuses: [ASSIGNED] }) { matches itemId item { number } } }";
    let mut socket = subscribed(&desk, &coordinator, queue, json!({})).await;
    team.agent.takes("workItemAccept", &leaves, json!({})).await;
    assert_eq!(
        socket.data().await["queueChanged"],
        json!({ "matches": false, "itemId": leaves.id, "item": { "number": leaves.number } })
    );
    // What is outside goes on untold, and what is inside is told of as before.
    team.agent
        .takes(
            "workItemComment",
            &leaves,
            json!({ "text": "x", "visibility": "INTERNAL" }),
        )
        .await;
    team.agent
        .takes(
            "workItemComment",
            &stays,
            json!({ "text": "y", "visibility": "INTERNAL" }),
        )
        .await;
    assert_eq!(
        socket.data().await["queueChanged"],
        json!({ "matches": true, "itemId": stays.id, "item": { "number": stays.number } })
    );
}

#[tokio::test]
async fn a_requester_is_told_of_nothing_that_they_may_not_see() {
    let desk = TestDesk::open().await;
    let coordinator = desk.coordinator().await;
    let requester = desk.person("zhao.min", domain::Role::Requester).await;
    let incident = coordinator.logs_an_incident().await;
    let others = coordinator.logs(json!({ "requester": "li.na" })).await;
    let said = "... on Incident { comments { nodes { text } } }";
    let mut agents = subscribed(
        &desk,
        &coordinator,
        "subscription { queueChanged { itemId } }",
        json!({}),
    )
    .await;
    let mut queue = subscribed(
        &desk,
        &requester,
        &format!("subscription {{ queueChanged {{ matches item {{ id {said} }} }} }}"),
        json!({}),
    )
    .await;
    let item = format!("subscription($id: ID!) {{ workItemChanged(id: $id) {{ id {said} }} }}");
    let mut item = subscribed_to_item(&desk, &requester, &item, &incident.id).await;
    for text in ["who pays for this?", "nobody"] {
        let internal = json!({ "text": text, "visibility": "INTERNAL" });
        coordinator
            .takes("workItemComment", &incident, internal)
            .await;
        // Whoever may see it is told at once.
        assert_eq!(agents.data().await["queueChanged"]["itemId"], incident.id);
    }
    let steps = [
        ("workItemAddWatcher", json!({ "person": "li.na" })),
        ("workItemLogEffort", json!({ "minutes": 5 })),
    ];
    for (step, input) in steps {
        coordinator.takes(step, &incident, input).await;
        assert_eq!(agents.data().await["queueChanged"]["itemId"], incident.id);
    }
    coordinator
        .takes(
            "workItemComment",
            &others,
            json!({ "text": "not yours", "visibility": "PUBLIC" }),
        )
        .await;
    coordinator
        .takes(
            "workItemComment",
            &incident,
            json!({ "text": "soon", "visibility": "PUBLIC" }),
        )
        .await;
    let seen = json!({ "id": incident.id, "comments": { "nodes": [{ "text": "soon" }] } });
    assert_eq!(
        queue.data().await["queueChanged"],
        json!({ "matches": true, "item": seen }),
        "the first that the requester is told of is what was said to them"
    );
    assert_eq!(item.data().await["workItemChanged"], seen);
    // An item that becomes somebody else's leaves, and does not show itself.
    coordinator
        .takes(
            "workItemCorrectDetails",
            &incident,
            json!({ "field": "REQUESTER", "to": "li.na", "reason": "the wrong person" }),
        )
        .await;
    assert_eq!(
        queue.data().await["queueChanged"],
        json!({ "matches": false, "item": null })
    );
    // The log as it grows is not theirs to follow at all.
    let mut socket = Socket::of(&desk, &requester).await;
    socket
        .subscribe("subscription { events { position } }", json!({}))
        .await;
    let message = socket.next().await.unwrap();
    assert!(message.to_string().contains("FORBIDDEN"), "{message}");
}

/// Follows one item, from how it is now on.
async fn subscribed_to_item(desk: &TestDesk, person: &Person, query: &str, id: &str) -> Socket {
    let mut socket = Socket::of(desk, person).await;
    socket.subscribe(query, json!({ "id": id })).await;
    assert_eq!(socket.data().await["workItemChanged"]["id"], id);
    socket
}
