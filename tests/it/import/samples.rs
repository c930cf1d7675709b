//! A real desk's history. `scripts/test` leaves these tests out, and says so,
//! where the sample data are not at hand.

use serde_json::json;
use tests::TestDesk;
use tests::postgres::TestDatabase;

use super::import;

#[tokio::test]
async fn plt_01_a_real_log_is_taken_over_without_losing_a_row_and_only_once() {
    let file = tests::sample("uci498_sample_500.csv.gz");
    let database = TestDatabase::create().await;
    let first = import(&database, &file, &[]);
    assert_eq!(first.code, Some(0));
    assert_eq!(
        (&first.account()["rowsRead"], &first.account()["rowsTaken"]),
        (&json!(2946), &json!(2946))
    );
    assert!(first.account()["eventsWritten"].as_i64().unwrap() >= 2946);
    let second = import(&database, &file, &[]);
    assert_eq!(
        (
            &second.account()["rowsRead"],
            &second.account()["eventsWritten"],
            &second.account()["alreadyImported"]
        ),
        (&json!(2946), &json!(0), &json!(2946))
    );
    let desk = TestDesk::on(database).await;
    desk.settled().await;
    let coordinator = desk.coordinator().await;
    let found = coordinator
        .data("{ workItems { totalCount } byNumber: workItems(filter: { externalReference: { system: \"ServiceNow\", reference: \"INC0000116\" } }) { nodes { number status openedAt team { name } handOverCount } } }", json!({}))
        .await;
    assert_eq!(found["workItems"]["totalCount"], 500);
    let incident = &found["byNumber"]["nodes"][0];
    assert_eq!(
        (&incident["status"], &incident["openedAt"]),
        (&json!("CLOSED"), &json!("2016-02-29T09:20:00+00:00"))
    );
    assert_eq!(incident["team"]["name"], "Group 47");
    let late = desk
        .database()
        .number("select count(*) from events where event_type = 'StatusCorrected'")
        .await;
    assert!(late > 0, "what the process forbids is kept as a correction");
}
