//! The sample desk.

use api::desk::{Desk, Projecting};
use api::sample;
use event_store::{DatabaseSource, PoolSettings};
use serde_json::json;
use tests::TestDesk;
use tests::postgres::TestDatabase;

#[tokio::test]
async fn the_sample_desk_fills_an_empty_desk_and_no_other() {
    let database = TestDatabase::create().await;
    let source = DatabaseSource::Url(database.url());
    let inner = &Desk::open(&source, PoolSettings::default(), Projecting::Yes)
        .await
        .unwrap();
    assert!(sample::is_empty(inner).await.unwrap());
    let loaded = sample::load(inner, api::clock::now(), &|_, _| {})
        .await
        .unwrap();
    assert_eq!(
        (loaded.incidents, loaded.teams, loaded.people),
        (400, 12, 60)
    );
    let head = inner.log().head().await.unwrap().position;
    assert!(
        !sample::is_empty(inner).await.unwrap() && !sample::is_interrupted(inner).await.unwrap()
    );
    sample::load(inner, api::clock::now(), &|_, _| {})
        .await
        .unwrap();
    assert_eq!(
        inner.log().head().await.unwrap().position,
        head,
        "nothing is doubled"
    );
    let desk = TestDesk::on(database).await;
    desk.settled().await;
    let coordinator = desk.coordinator().await;
    let seen = coordinator
        .data("{ workItems { totalCount } workItemCounts(by: STATUS) { status count } teams { code line members { person } } }", json!({}))
        .await;
    let statuses = seen["workItemCounts"].as_array().unwrap().len();
    assert!(statuses >= 8, "in every state: {}", seen["workItemCounts"]);
    assert_eq!(seen["workItems"]["totalCount"], 400);
    let teams = seen["teams"].as_array().unwrap();
    assert_eq!(teams.len(), 12);
}
