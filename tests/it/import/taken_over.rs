//! The fixture from its first row to its last.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use serde_json::{Value, json};
use tests::postgres::TestDatabase;
use tests::program::program;
use tests::{Person, TestDesk};

use super::{FIXTURE, Files, REFUSED_LINES, events, fixture, import};

/// An incident by its number in the source.
async fn incident(who: &Person, number: &str) -> Value {
    let query = "query ($filter: WorkItemFilterInput) { workItems(filter: $filter) {
        nodes { number status openedAt team { name } ... on Incident { cycle } } } }";
    let filter = json!({"externalReference": {"system": "ServiceNow", "reference": number}});
    let found = who.data(query, json!({"filter": filter})).await;
    found["workItems"]["nodes"][0].clone()
}

#[tokio::test]
async fn plt_01_a_log_with_the_oddities_of_real_ones_is_taken_over_once() {
    let database = TestDatabase::create().await;
    let files = Files::new();
    let file = files.write("audit.csv", fixture());
    let first = import(&database, &file, &[]);
    assert_eq!(first.code, Some(0), "{first:?}");
    let account = first.account();
    assert_eq!(
        (&account["rowsRead"], &account["rowsTaken"]),
        (&json!(38), &json!(38))
    );
    assert_eq!(account["refused"], json!([]));
    assert_eq!(
        account["reading"],
        json!({"encoding": "UTF-8", "delimiter": ",", "timeZone": "UTC",
            "timeZoneAssumed": true, "dateOrder": null})
    );
    for odd in [
        "the time of the update before",
        "older than the update before",
        "older than the first contact",
        "state that no step leads to",
        "state without a meaning here",
        "handed over after its end",
        "update counted again or backwards",
        "caller not given",
        "group not given",
    ] {
        let count = &account["correctionsByKind"][odd];
        assert!(count.as_u64().is_some_and(|count| count > 0), "{odd}");
    }

    // Again, in another file, longer by a row: that one is new.
    let before = events(&database).await;
    let again = import(&database, &files.write("again.csv", fixture()), &[]);
    assert_eq!(
        (again.code, &again.account()["alreadyImported"]),
        (Some(0), &json!(38))
    );
    assert_eq!(again.account()["eventsWritten"], 0);
    assert_eq!(events(&database).await, before);
    let last = fixture().lines().last().unwrap().to_owned();
    let longer = fixture() + &last.replace("INC9000005", "INC9000007") + "\n";
    let longer = import(&database, &files.write("longer.csv", longer), &[]);
    assert_eq!(
        (
            &longer.account()["alreadyImported"],
            &longer.account()["rowsTaken"]
        ),
        (&json!(38), &json!(1))
    );
}

#[tokio::test]
async fn plt_01_what_the_rows_say_last_is_what_the_desk_has() {
    let database = TestDatabase::create().await;
    let files = Files::new();
    let ran = import(&database, &files.write("audit.csv", fixture()), &[]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let desk = TestDesk::on(database).await;
    desk.settled().await;
    let who = desk.coordinator().await;
    let seen = who.data("{ workItems { totalCount } }", json!({})).await;
    assert_eq!(seen["workItems"]["totalCount"], 5);

    let first = incident(&who, "INC9000001").await;
    assert_eq!(
        (&first["status"], &first["openedAt"], &first["team"]["name"]),
        (
            &json!("CLOSED"),
            &json!("2024-03-04T09:00:00+00:00"),
            &json!("Network North")
        )
    );
    // Handed over after its end, with a clock that ran backwards and a state
    // of -100 before.
    let second = incident(&who, "INC9000002").await;
    assert_eq!(
        (&second["status"], &second["team"]["name"]),
        (&json!("CLOSED"), &json!("Service desk"))
    );
    // Rejected once, opened again twice, once of these long after its closing;
    // and active after its closing once more, which nobody counted.
    let third = incident(&who, "INC9000003").await;
    assert_eq!(
        (&third["status"], &third["cycle"]),
        (&json!("CLOSED"), &json!(3))
    );
    let steps = desk
        .database()
        .number(
            "select count(*) from events where event_type = 'StatusCorrected' and aggregate_id = \
             (select aggregate_id from events where event_type = 'CiLinked' limit 1)",
        )
        .await;
    assert_eq!(steps, 1);
    let fifth = incident(&who, "INC9000005").await;
    assert_eq!(fifth["status"], "CANCELLED");
}

#[tokio::test]
async fn rows_that_are_none_are_named_and_the_program_fails() {
    let database = TestDatabase::create().await;
    let files = Files::new();
    let ran = import(&database, &files.write("audit.csv", FIXTURE), &[]);
    assert_eq!(ran.code, Some(1));
    let account = ran.account();
    let refused = account["refused"].as_array().unwrap();
    let lines: Vec<u64> = refused
        .iter()
        .map(|row| row["line"].as_u64().unwrap())
        .collect();
    assert_eq!(lines, REFUSED_LINES.map(|line| line as u64));
    assert_eq!(refused[2]["reason"], "has 20 fields instead of 36");
    assert_eq!(
        (&account["rowsRead"], &account["rowsTaken"]),
        (&json!(42), &json!(38))
    );
}

#[tokio::test]
async fn a_desk_that_is_filled_from_a_file_opens_and_says_what_was_not_understood() {
    let database = TestDatabase::create().await;
    let files = Files::new();
    let mut served = program("docket")
        .args(["serve", "--listen", "127.0.0.1:0", "--load"])
        .arg(files.write("audit.csv", FIXTURE))
        .args(["--database-url", &database.url()])
        .env("DOCKET_SEAL_KEYS", files.path("seal-keys"))
        .env("DOCKET_IMPORT_TIME_ZONE", "Asia/Shanghai")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let output = BufReader::new(served.stdout.take().unwrap());
    let mut said = Vec::new();
    for line in output.lines().map(Result::unwrap) {
        let is_open = line.contains("Docket is open");
        said.push(line);
        if is_open {
            break;
        }
    }
    served.kill().unwrap();
    served.wait().unwrap();
    let said = said.join("\n");
    for expected in [
        "line 36 refused: sys_updated_at is no time: \"soon\"",
        "times without a zone are of Asia/Shanghai\n",
        "Docket is open",
    ] {
        assert!(said.contains(expected), "{expected}: {said}");
    }
}
