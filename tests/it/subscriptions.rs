//! What happens, as it happens, over `graphql-transport-ws`.

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tests::{Person, TestDesk};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    async fn open(desk: &TestDesk, init: Value) -> Self {
        let mut request = format!("ws://{}/graphql", desk.address())
            .into_client_request()
            .unwrap();
        request.headers_mut().insert(
            "Sec-WebSocket-Protocol",
            "graphql-transport-ws".parse().unwrap(),
        );
        let (stream, _) = tokio_tungstenite::connect_async(request).await.unwrap();
        let mut socket = Self(stream);
        socket
            .send(json!({ "type": "connection_init", "payload": init }))
            .await;
        socket
    }

    async fn of(desk: &TestDesk, person: &Person) -> Self {
        let mut socket = Self::open(
            desk,
            json!({ "Authorization": format!("Bearer {}", person.token) }),
        )
        .await;
        assert_eq!(socket.next().await.unwrap()["type"], "connection_ack");
        socket
    }

    async fn subscribe(&mut self, query: &str, variables: Value) {
        self.send(json!({ "id": "1", "type": "subscribe", "payload": { "query": query, "variables": variables } })).await;
    }

    async fn send(&mut self, message: Value) {
        self.0
            .send(Message::text(message.to_string()))
            .await
            .unwrap();
    }

    /// The next message; none where the desk has closed the socket.
    async fn next(&mut self) -> Option<Value> {
        loop {
            match self.0.next().await?.ok()? {
                Message::Text(text) => return Some(serde_json::from_str(&text).unwrap()),
                Message::Close(_) => return None,
                _ => {}
            }
        }
    }

    async fn data(&mut self) -> Value {
        let message = self.next().await.expect("the socket is open");
        assert_eq!(message["type"], "next", "{message}");
        assert!(
            message["payload"]
                .get("errors")
                .is_none_or(|errors| errors == &json!([])),
            "{message}"
        );
        message["payload"]["data"].clone()
    }
}

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

#[tokio::test]
async fn nothing_is_served_on_a_socket_without_a_token() {
    let desk = TestDesk::open().await;
    let mut socket = Socket::open(&desk, json!({})).await;
    assert!(
        socket
            .next()
            .await
            .is_none_or(|message| message["type"] != "connection_ack")
    );
}
