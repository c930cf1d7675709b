//! Requests that are meant to stop or to starve the service: each is refused
//! by the limit that it is over, and the desk goes on.

use std::time::Duration;

use api::http::Patience;
use serde_json::json;
use tests::hostile::{OVERSIZED_BODY, documents, introspection};
use tests::socket::Socket;
use tests::{TestDesk, journey};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

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

#[tokio::test]
async fn who_sends_too_much_hears_why_it_is_refused() {
    let desk = TestDesk::open().await;
    let coordinator = desk.coordinator().await;
    let mut socket = TcpStream::connect(desk.address()).await.unwrap();
    let bytes = OVERSIZED_BODY;
    let head = format!(
        "POST /graphql HTTP/1.1\r\nHost: desk\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n\
         Content-Length: {bytes}\r\n\r\n",
        coordinator.token
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    // All of it, before anything is read.
    socket.write_all(&vec![b' '; bytes]).await.unwrap();
    let mut status = [0; 12];
    socket.read_exact(&mut status).await.unwrap();
    assert_eq!(&status, b"HTTP/1.1 413");
}

#[tokio::test]
async fn who_asks_before_sending_too_much_is_refused_at_once() {
    let desk = TestDesk::open().await;
    let mut socket = TcpStream::connect(desk.address()).await.unwrap();
    let head = "POST /graphql HTTP/1.1\r\nHost: desk\r\nContent-Type: application/json\r\n\
        Expect: 100-continue\r\nContent-Length: 20000000\r\n\r\n";
    socket.write_all(head.as_bytes()).await.unwrap();
    let mut status = [0; 12];
    socket.read_exact(&mut status).await.unwrap();
    assert_eq!(&status, b"HTTP/1.1 413");
}

#[tokio::test]
async fn who_sends_a_body_too_slowly_is_refused() {
    let patience = Patience {
        request: Duration::from_millis(200),
        ..Patience::default()
    };
    let desk = TestDesk::with_patience(patience).await;
    let mut socket = TcpStream::connect(desk.address()).await.unwrap();
    let head = "POST /graphql HTTP/1.1\r\nHost: desk\r\nContent-Type: application/json\r\n\
        Content-Length: 100\r\n\r\n{";
    socket.write_all(head.as_bytes()).await.unwrap();
    let mut status = [0; 12];
    socket.read_exact(&mut status).await.unwrap();
    assert_eq!(&status, b"HTTP/1.1 408");
}

#[tokio::test]
async fn what_takes_too_long_is_given_up_and_what_would_come_after_is_not_begun() {
    let patience = Patience {
        request: Duration::from_millis(500),
        ..Patience::default()
    };
    let desk = TestDesk::with_patience(patience).await;
    let coordinator = desk.coordinator().await;
    let lock = desk.database().locks("work_queue").await;
    let answer = coordinator
        .ask("{ workItems { totalCount } }", json!({}))
        .await;
    assert_eq!((answer.status, answer.code().as_str()), (504, "TIMEOUT"));
    // The payload of the first waits for the read model.
    let two = "mutation($input: IncidentRegisterInput!) { \
        a: incidentRegister(input: $input) { incident { number } } \
        b: incidentRegister(input: $input) { incident { number } } }";
    let input = json!({ "input": journey::intake() });
    let answer = coordinator.ask(two, input.clone()).await;
    assert_eq!((answer.status, answer.code().as_str()), (504, "TIMEOUT"));
    let mut socket = Socket::of(&desk, &coordinator).await;
    socket.subscribe(two, input).await;
    assert_eq!(socket.error().await["extensions"]["code"], "TIMEOUT");
    lock.release().await;
    coordinator.logs_an_incident().await;
    desk.settled().await;
    coordinator.logs_an_incident().await;
    let registered = "select count(*) from events where event_type = 'Registered'";
    assert_eq!(desk.database().number(registered).await, 4);
}

#[tokio::test]
async fn a_command_that_is_under_way_when_its_time_is_over_is_carried_to_its_end() {
    let patience = Patience {
        request: Duration::from_millis(500),
        ..Patience::default()
    };
    let desk = TestDesk::with_patience(patience).await;
    let coordinator = desk.coordinator().await;
    let lock = desk.database().locks("events").await;
    let answer = coordinator
        .mutate("incidentRegister", journey::intake())
        .await;
    assert_eq!((answer.status, answer.code().as_str()), (504, "TIMEOUT"));
    lock.release().await;
    let mut socket = Socket::of(&desk, &coordinator).await;
    let registered = "subscription { events(after: 0, eventTypes: [\"Registered\"]) { actor } }";
    socket.subscribe(registered, json!({})).await;
    assert_eq!(socket.data().await["events"]["actor"], "coordinator");
}
