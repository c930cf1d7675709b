//! A real desk's history, taken over.

use serde_json::{Value, json};
use tests::program::{complained, last_json, run};
use tests::{TestDesk, postgres::TestDatabase};

fn sample() -> Option<std::path::PathBuf> {
    #[expect(
        clippy::disallowed_methods,
        reason = "where the sample data lie is told by the environment"
    )]
    let samples = std::env::var("DOCKET_SAMPLES")
        .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data").to_owned());
    let file = std::path::Path::new(&samples).join("uci498_sample_500.csv.gz");
    file.exists().then_some(file)
}

fn import(database: &TestDatabase, file: &std::path::Path) -> Value {
    let url = database.url();
    let output = run(
        "docket",
        &[
            "import",
            "servicenow-audit",
            file.to_str().unwrap(),
            "--json",
            "--database-url",
            &url,
        ],
    );
    assert!(output.status.success(), "{}", complained(&output));
    last_json(&output)
}

#[tokio::test]
async fn plt_01_a_servicenow_log_is_taken_over_without_losing_a_row_and_only_once() {
    let Some(file) = sample() else {
        eprintln!(
            "the sample data are not here; the fixture of the import's own tests covers the same code"
        );
        return;
    };
    let database = TestDatabase::create().await;
    let first = import(&database, &file);
    assert_eq!(
        (
            &first["rowsRead"],
            &first["alreadyImported"],
            &first["refused"]
        ),
        (&json!(2946), &json!(0), &json!([]))
    );
    assert!(first["eventsWritten"].as_i64().unwrap() >= 2946);
    let second = import(&database, &file);
    assert_eq!(
        (
            &second["rowsRead"],
            &second["eventsWritten"],
            &second["alreadyImported"]
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

#[tokio::test]
async fn a_wrong_file_is_refused_with_what_is_missing() {
    let database = TestDatabase::create().await;
    let directory = tempfile::TempDir::new().unwrap();
    let file = directory.path().join("wrong.csv");
    std::fs::write(&file, "number,state\nINC1,New\n").unwrap();
    let url = database.url();
    let output = run(
        "docket",
        &[
            "import",
            "servicenow-audit",
            file.to_str().unwrap(),
            "--database-url",
            &url,
        ],
    );
    assert!(!output.status.success());
    assert!(
        complained(&output).contains("incident_state"),
        "{}",
        complained(&output)
    );
}
