//! The socket keeps to `graphql-transport-ws`, to the limits of the other
//! door, and to the rights of those who use it.

use std::time::Duration;

use api::http::Patience;
use domain::Role;
use serde_json::{Value, json};
use tests::hostile::{Frame, clients, documents};
use tests::program::{complained, run};
use tests::socket::{Heard, Socket};
use tests::{Person, TestDesk};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

const EVENTS: &str = "subscription { events { position } }";

/// What must happen within a second.
const A_SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn a_query_and_a_mutation_are_answered_and_completed() {
    let desk = TestDesk::open().await;
    let coordinator = desk.coordinator().await;
    let mut socket = Socket::of(&desk, &coordinator).await;
    socket.subscribe("{ viewer { name } }", json!({})).await;
    assert_eq!(
        socket.data().await,
        json!({ "viewer": { "name": "coordinator" } })
    );
    let complete = json!({ "type": "complete", "id": "1" });
    assert_eq!(socket.hears().await, Heard::Said(complete.clone()));
    let register = tests::journey::document("incidentRegister");
    let input = json!({ "input": tests::journey::intake() });
    // The id is free again.
    socket.subscribe(&register, input).await;
    assert_eq!(
        socket.data().await["incidentRegister"]["incident"]["status"],
        "NEW"
    );
    assert_eq!(socket.hears().await, Heard::Said(complete));
    socket
        .send(json!({ "type": "ping", "payload": { "n": 1 } }))
        .await;
    assert_eq!(
        socket.hears().await,
        Heard::Said(json!({ "type": "pong", "payload": { "n": 1 } }))
    );
}

#[tokio::test]
async fn a_client_that_does_not_keep_to_the_protocol_is_told_why_it_must_go() {
    let desk = TestDesk::open().await;
    let coordinator = desk.coordinator().await;
    for client in clients() {
        let mut socket = Socket::silent(&desk).await;
        for frame in client.frames {
            match frame {
                Frame::Init => socket.init(&coordinator.token).await,
                Frame::Text(text) => socket.frame(Message::text(text)).await,
                Frame::Binary(bytes) => socket.frame(Message::binary(bytes)).await,
            }
        }
        assert_eq!(socket.close_code().await, client.close, "{}", client.name);
    }
    let frames = frames_of(&desk, "graphql-ws").await;
    assert_eq!(
        (frames[0], &frames[2..4]),
        (0x88, &4406_u16.to_be_bytes()[..])
    );
}

#[tokio::test]
async fn each_hostile_document_is_refused_on_the_socket_as_at_the_other_door() {
    let desk = TestDesk::open().await;
    let coordinator = desk.coordinator().await;
    let mut socket = Socket::of(&desk, &coordinator).await;
    for hostile in documents() {
        socket.subscribe(&hostile.query, hostile.variables).await;
        let error = socket.error().await;
        assert_eq!(
            error["extensions"]["code"], hostile.code,
            "{}",
            hostile.name
        );
        let message = error["message"].as_str().unwrap();
        assert!(
            message.contains(hostile.because),
            "{}: {message}",
            hostile.name
        );
    }
    let values = json!({ "ids": vec![""; 50_001] });
    socket
        .subscribe("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", values)
        .await;
    assert_eq!(
        socket.error().await["extensions"]["code"],
        "REQUEST_TOO_LARGE"
    );
    let two = "subscription { a: events { position } b: events { position } }";
    socket.subscribe(two, json!({})).await;
    let error = socket.error().await;
    assert!(error["message"].as_str().unwrap().contains("one field"));
    socket.subscribe("{ __typename }", json!({})).await;
    assert_eq!(socket.data().await, json!({ "__typename": "Query" }));
}

#[tokio::test]
async fn a_socket_has_at_most_a_hundred_operations() {
    let desk = TestDesk::open().await;
    let coordinator = desk.coordinator().await;
    let mut socket = Socket::of(&desk, &coordinator).await;
    for number in 0..101 {
        socket.asks(&number.to_string(), EVENTS, json!({})).await;
    }
    let refused = socket.next().await.unwrap();
    assert_eq!(
        (&refused["type"], &refused["id"]),
        (&json!("error"), &json!("100"))
    );
    assert_eq!(
        refused["payload"][0]["extensions"]["code"],
        "TOO_MANY_OPERATIONS"
    );
    socket.send(json!({ "type": "complete", "id": "0" })).await;
    socket.asks("100", "{ __typename }", json!({})).await;
    assert_eq!(socket.data().await, json!({ "__typename": "Query" }));
}

#[tokio::test]
async fn who_shows_no_token_in_time_must_go() {
    let patience = Patience {
        connection_init: Duration::from_millis(50),
        ..Patience::default()
    };
    let desk = TestDesk::with_patience(patience).await;
    let mut socket = Socket::silent(&desk).await;
    assert_eq!(socket.close_code().await, 4408);
}

/// All frames that the desk sends to a client that says nothing at all.
async fn frames_of(desk: &TestDesk, protocol: &str) -> Vec<u8> {
    let mut deaf = TcpStream::connect(desk.address()).await.unwrap();
    let hello = format!(
        "GET /graphql HTTP/1.1\r\nHost: desk\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         Sec-WebSocket-Protocol: {protocol}\r\n\r\n"
    );
    deaf.write_all(hello.as_bytes()).await.unwrap();
    let mut heard = Vec::new();
    deaf.read_to_end(&mut heard).await.unwrap();
    let end = heard.windows(4).position(|window| window == b"\r\n\r\n");
    heard.split_off(end.unwrap() + 4)
}

#[tokio::test]
async fn who_answers_no_ping_must_go() {
    let patience = Patience {
        silence: Duration::from_millis(50),
        ..Patience::default()
    };
    let desk = TestDesk::with_patience(patience).await;
    let frames = frames_of(&desk, "graphql-transport-ws").await;
    // A ping, then a close frame with the code 1008.
    assert_eq!(frames[..2], [0x89, 0]);
    assert_eq!(
        (frames[2], &frames[4..6]),
        (0x88, &1008_u16.to_be_bytes()[..])
    );

    let coordinator = desk.coordinator().await;
    let mut socket = Socket::of(&desk, &coordinator).await;
    let several_pings = Duration::from_millis(500);
    assert!(timeout(several_pings, socket.hears()).await.is_err());
    socket.subscribe("{ __typename }", json!({})).await;
    assert_eq!(socket.data().await, json!({ "__typename": "Query" }));
}

async fn issues(administrator: &Person, input: Value) -> (Person, String) {
    let issued = administrator.does("apiTokenIssue", input).await;
    let token = issued["secret"].as_str().unwrap();
    (
        administrator.with_token(token),
        issued["tokenId"].as_str().unwrap().to_owned(),
    )
}

#[tokio::test]
async fn a_revoked_token_closes_its_sockets_within_a_second_on_every_replica() {
    let desk = TestDesk::open().await;
    let replica = desk.replica().await;
    let administrator = desk.person("admin", Role::Administrator).await;
    let (auditor, token) = issues(
        &administrator,
        json!({ "name": "auditor", "role": "AUDITOR" }),
    )
    .await;
    let mut sockets = vec![
        Socket::of(&desk, &auditor).await,
        Socket::at(replica.address, &auditor).await,
    ];
    for socket in &mut sockets {
        socket.subscribe(EVENTS, json!({})).await;
        socket.asks("2", "{ __typename }", json!({})).await;
        assert_eq!(socket.data().await, json!({ "__typename": "Query" }));
    }
    administrator
        .does("apiTokenRevoke", json!({ "tokenId": token }))
        .await;
    for socket in &mut sockets {
        let closed = timeout(A_SECOND, async {
            loop {
                match socket.hears().await {
                    // What was there before: the second operation's end, and
                    // events up to the revocation itself.
                    Heard::Said(_) => {}
                    other => return other,
                }
            }
        });
        assert_eq!(
            closed.await.expect("within a second"),
            Heard::Closed(4403, "Forbidden".to_owned())
        );
    }
    replica.stop().await;
}

#[tokio::test]
async fn a_revoked_administrator_issues_no_more_tokens_on_an_open_socket() {
    let desk = TestDesk::open().await;
    let administrator = desk.person("admin", Role::Administrator).await;
    let (other, token) = issues(
        &administrator,
        json!({ "name": "other", "role": "ADMINISTRATOR" }),
    )
    .await;
    let mut socket = Socket::of(&desk, &other).await;
    administrator
        .does("apiTokenRevoke", json!({ "tokenId": token }))
        .await;
    let issue = tests::journey::document("apiTokenIssue");
    let input = json!({ "input": { "name": "mine", "role": "ADMINISTRATOR" } });
    let payload = json!({ "query": issue, "variables": input });
    let message = json!({ "id": "1", "type": "subscribe", "payload": payload });
    // The socket may be closed already.
    socket.try_send(message).await;
    assert_eq!(socket.close_code().await, 4403);
    let issued = "select count(*) from events where event_type = 'TokenIssued' and payload::text like '%mine%'";
    assert_eq!(desk.database().number(issued).await, 0);
}

#[tokio::test]
async fn a_token_that_ends_closes_its_sockets_within_a_second() {
    let desk = TestDesk::open().await;
    let administrator = desk.person("admin", Role::Administrator).await;
    let end = api::clock::now() + A_SECOND;
    let (auditor, _) = issues(
        &administrator,
        json!({ "name": "auditor", "role": "AUDITOR", "expiresAt": end.to_rfc3339() }),
    )
    .await;
    let mut socket = Socket::of(&desk, &auditor).await;
    socket.subscribe(EVENTS, json!({})).await;
    assert_eq!(socket.close_code().await, 4403);
    let late = api::clock::now() - end;
    assert!(late < chrono::Duration::seconds(1), "{late}");
}

#[tokio::test]
async fn who_has_left_a_team_accepts_none_of_its_items_on_an_open_socket() {
    let desk = TestDesk::open().await;
    let (coordinator, team) = (desk.coordinator().await, desk.second_line().await);
    let administrator = desk.person("admin", Role::Administrator).await;
    let incident = coordinator.logs_an_incident().await;
    coordinator.assigns(&incident, &team).await;
    let mut socket = Socket::of(&desk, &team.agent).await;
    let actions = "query($id: ID!) { incident(id: $id) { availableActions } }";
    socket
        .asks("1", actions, json!({ "id": incident.id }))
        .await;
    let before = socket.data().await.to_string();
    assert!(before.contains("workItemAccept"), "{before}");
    administrator
        .does(
            "teamRemoveMember",
            json!({ "teamId": team.id, "person": team.agent.name }),
        )
        .await;
    let accept = tests::journey::document("workItemAccept");
    let input = json!({ "input": { "id": incident.id } });
    socket.asks("2", &accept, input).await;
    let answer = loop {
        let message = socket.next().await.unwrap();
        if message["type"] == "next" {
            break message["payload"].clone();
        }
    };
    assert_eq!(
        answer["errors"][0]["extensions"]["code"],
        "WORK_ITEM_NOT_OF_ASSIGNED_TEAM"
    );
}

#[tokio::test]
async fn a_request_that_runs_long_ends_with_its_token() {
    let desk = TestDesk::open().await;
    let auditor = desk.person("auditor", Role::Auditor).await;
    let lock = desk.database().locks("work_queue").await;
    let asked = auditor.clone();
    let answer =
        tokio::spawn(async move { asked.ask("{ workItems { totalCount } }", json!({})).await });
    lock.is_waited_for().await;
    let url = desk.database().url();
    let arguments = [
        "token",
        "revoke",
        "--token",
        &auditor.token,
        "--database-url",
        &url,
    ];
    let revoked = run("docket", &arguments);
    assert!(revoked.status.success(), "{}", complained(&revoked));
    let answer = timeout(A_SECOND, answer).await.expect("within a second");
    let answer = answer.unwrap();
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (401, "UNAUTHENTICATED")
    );
    lock.release().await;
}

#[tokio::test]
async fn a_client_that_hangs_up_does_not_cancel_its_command() {
    let desk = TestDesk::open().await;
    let coordinator = desk.coordinator().await;
    let mut socket = Socket::of(&desk, &coordinator).await;
    let register = tests::journey::document("incidentRegister");
    socket
        .subscribe(&register, json!({ "input": tests::journey::intake() }))
        .await;
    drop(socket);
    let mut watching = Socket::of(&desk, &coordinator).await;
    let registered =
        "subscription { events(after: 0, eventTypes: [\"Registered\"]) { eventType } }";
    watching.subscribe(registered, json!({})).await;
    assert_eq!(watching.data().await["events"]["eventType"], "Registered");
}
