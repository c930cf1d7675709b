//! An import that is killed, and goes on.

use std::process::Stdio;

use tests::postgres::TestDatabase;
use tests::program::program;

use super::{Files, fixture, import};

/// The fixture many times over, each time of other incidents.
fn lengthened(copies: usize) -> (String, i64) {
    let fixture = fixture();
    let (header, rows) = fixture.split_once('\n').unwrap();
    let mut text = format!("{header}\n");
    for copy in 0..copies {
        text += &rows.replace("INC9", &format!("INC{copy:04}-"));
    }
    let count = rows.lines().count() * copies;
    (text, i64::try_from(count).unwrap())
}

#[tokio::test]
async fn plt_01_an_import_that_was_killed_goes_on_and_writes_nothing_twice() {
    /// Each row of a file leaves one of them on its incident.
    const MARKS: &str = "select count(*) from events where event_type = 'CustomFieldSet' \
                         and payload::text like '%servicenow.update%'";
    let database = TestDatabase::create().await;
    let files = Files::new();
    let (content, rows) = lengthened(60);
    let file = files.write("audit.csv", content);
    tests::program::run("docket", &["migrate", "--database-url", &database.url()]);
    let mut child = program("docket")
        .args(["import", "servicenow-audit", file.to_str().unwrap()])
        .args(["--database-url", &database.url()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    while child.try_wait().unwrap().is_none() && database.number(MARKS).await < rows / 10 {}
    child.kill().unwrap();
    child.wait().unwrap();
    let before = database.number(MARKS).await;
    assert!(before < rows, "it was killed too late to show anything");

    let ran = import(&database, &file, &[]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let number = |name: &str| ran.account()[name].as_i64().unwrap();
    assert_eq!(number("rowsRead"), rows);
    // What was under way when it was killed may have arrived after all.
    assert!(number("alreadyImported") >= before);
    assert_eq!(database.number(MARKS).await, rows);
    let numbers = "select count(distinct number) from work_queue";
    assert_eq!(database.number(numbers).await, 60 * 5);
}
