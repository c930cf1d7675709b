//! A service that is asked to stop finishes what it has begun.

use std::time::Duration;

use event_store::DatabaseSource;
use serde_json::json;
use tests::Person;
use tests::journey::{document, intake};
use tests::postgres::TestDatabase;
use tests::served::{Served, free_port, token};
use tests::socket::Socket;

const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn requests_are_finished_sockets_are_told_and_the_program_ends() {
    let database = TestDatabase::create().await;
    let source = DatabaseSource::Url(database.url());
    let place = tempfile::tempdir().unwrap();
    let log = place.path().join("docket.log");
    let served = Served::start(&source, free_port().unwrap(), &log, PATIENCE)
        .await
        .unwrap();
    let secret = token("coordinator", "coordinator", &source).await.unwrap();
    let coordinator = Person::new("coordinator", &secret, served.address());
    let mut listening = Socket::at(served.address(), &coordinator).await;
    let registered = "subscription { events(after: 0, eventTypes: [\"Registered\"]) { position } }";
    listening.subscribe(registered, json!({})).await;
    let mut commanding = Socket::at(served.address(), &coordinator).await;

    // A query and two commands are under way when the service is asked.
    let lock = database.locks("work_queue").await;
    let ask = |query: String, variables| {
        let coordinator = coordinator.clone();
        tokio::spawn(async move { coordinator.ask(&query, variables).await })
    };
    let query = ask("{ workItems { totalCount } }".to_owned(), json!({}));
    lock.is_waited_for().await;
    let register = document("incidentRegister");
    let input = json!({ "input": intake() });
    commanding.subscribe(&register, input.clone()).await;
    let command = ask(register, input);
    // Both are in the log, and wait for the read model.
    listening.data().await;
    listening.data().await;
    served.ask_to_stop().unwrap();
    assert_eq!(listening.close_code().await, 1001);
    lock.release().await;
    assert!(query.await.unwrap().data()["workItems"].is_object());
    assert_eq!(
        command.await.unwrap().data()["incidentRegister"]["incident"]["status"],
        "NEW"
    );
    assert_eq!(
        commanding.data().await["incidentRegister"]["incident"]["status"],
        "NEW"
    );
    assert_eq!(commanding.close_code().await, 1001);
    served.stop().await.unwrap();
}
