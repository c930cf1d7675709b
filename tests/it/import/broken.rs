//! Files that are broken, or something else than they should be.

use serde_json::json;
use tests::postgres::TestDatabase;

use super::{Files, events, fixture, import, rows};

/// A thousand rows of one incident each.
fn thousand() -> String {
    let mut text = rows(0, &[]);
    let row = rows(1, &[]).lines().nth(1).unwrap().to_owned();
    for number in 1..=1_000 {
        text += &row.replace("INC9000001", &format!("INC{number:07}"));
        text.push('\n');
    }
    text
}

#[tokio::test]
async fn a_quotation_mark_that_is_never_closed_loses_no_row_in_silence() {
    let database = TestDatabase::create().await;
    let files = Files::new();
    let broken = thousand().replacen("INC0000011,New", "INC0000011,\"New", 1);
    let file = files.write("audit.csv", &broken);
    let ran = import(&database, &file, &[]);
    assert_eq!(ran.code, Some(1));
    let account = ran.account();
    assert_eq!(
        (
            &account["rowsRead"],
            &account["rowsTaken"],
            &account["refused"]
        ),
        (&json!(1_000), &json!(10), &json!([]))
    );
    assert_eq!(
        account["inDoubt"],
        json!([{"fromLine": 12, "toLine": 1_001, "rows": 990, "reason":
            "the quotation mark that opens incident_state in line 12 is never closed"}])
    );
    // Mended, the same file adds what it lacked, and nothing twice.
    let ran = import(&database, &files.write("audit.csv", thousand()), &[]);
    assert_eq!(ran.code, Some(0));
    let account = ran.account();
    assert_eq!(
        (&account["rowsTaken"], &account["alreadyImported"]),
        (&json!(990), &json!(10))
    );
}

#[tokio::test]
async fn rows_behind_the_doubt_are_taken() {
    let database = TestDatabase::create().await;
    let files = Files::new();
    let lines: Vec<String> = thousand().lines().map(str::to_owned).collect();
    let broken: String = (1..)
        .zip(&lines)
        .map(|(line, text)| match line {
            500 => text.replacen("Head office", "\"Head office", 1) + "\n",
            510 => text.replacen("Head office", "\"Head, office\"", 1) + "\n",
            _ => format!("{text}\n"),
        })
        .collect();
    let ran = import(&database, &files.write("audit.csv", broken), &[]);
    assert_eq!(ran.code, Some(1));
    let account = ran.account();
    assert_eq!(account["rowsTaken"], 989);
    let doubtful = &account["inDoubt"][0];
    assert_eq!(
        (&doubtful["fromLine"], &doubtful["toLine"]),
        (&json!(500), &json!(510))
    );
}

#[tokio::test]
async fn a_file_of_which_nothing_is_understood_leaves_no_trace() {
    let database = TestDatabase::create().await;
    let files = Files::new();
    let one = files.write("audit.csv", rows(1, &[]));
    assert_eq!(import(&database, &one, &[]).code, Some(0));
    let before = events(&database).await;
    for (what, content, complaint) in [
        (
            "other columns",
            "number,state\nINC1,New\n".to_owned(),
            "incident_state",
        ),
        (
            "no state",
            rows(4, &[(",New,", ",Neu,"), (",Active,", ",Offen,")]),
            "no state of",
        ),
        (
            "no date",
            rows(4, &[("2024-03-04T", "Monday ")]),
            "sys_updated_at is no time",
        ),
        (
            "no number",
            rows(4, &[("INC900000", "?,INC900000")]),
            "has 37 fields instead of 36",
        ),
        (
            "no count",
            rows(
                4,
                &[
                    (",true,0,0,", ",true,0,none,"),
                    (",true,1,0,", ",true,1,none,"),
                ],
            ),
            "reopen_count is no count",
        ),
        (
            "all in doubt",
            rows(1, &[("INC9000001,New,true,0", "\"INC9000001,New,true,0")]),
            "the quotation mark that opens number in line 2 is never closed",
        ),
        (
            "no columns",
            "number incident_state\n".to_owned(),
            "no columns",
        ),
        ("nothing", String::new(), "is empty"),
    ] {
        let ran = import(&database, &files.write("wrong.csv", content), &[]);
        assert_eq!((ran.code, &ran.account), (Some(1), &None), "{what}");
        assert!(
            ran.complaint.contains(complaint),
            "{what}: {}",
            ran.complaint
        );
        assert_eq!(events(&database).await, before, "{what}");
    }
}

#[tokio::test]
async fn line_ends_and_delimiters_of_every_kind_give_the_same_rows() {
    let database = TestDatabase::create().await;
    let files = Files::new();
    let file = files.write("audit.csv", fixture());
    assert_eq!(import(&database, &file, &[]).code, Some(0));
    for (what, content) in [
        ("windows", fixture().replace('\n', "\r\n")),
        ("mac", fixture().replace('\n', "\r")),
        (
            "mixed",
            fixture()
                .replacen('\n', "\r\n", 7)
                .replacen("\nINC9000003", "\rINC9000003", 3),
        ),
    ] {
        let ran = import(&database, &files.write("other.csv", content), &[]);
        assert_eq!(
            (ran.code, &ran.account()["alreadyImported"]),
            (Some(0), &json!(38)),
            "{what}"
        );
    }
}
