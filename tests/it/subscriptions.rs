//! What happens, as it happens, over `graphql-transport-ws`.

use serde_json::json;
use tests::TestDesk;
use tests::socket::Socket;

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
