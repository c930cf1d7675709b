//! What whoever imports a file says of it.

use serde_json::json;
use tests::postgres::TestDatabase;
use tests::program::{complained, printed, program};

use super::{Files, events, fixture, import, rows};

/// When the first contact of the only incident was made, in seconds.
async fn opened_at(database: &TestDatabase) -> i64 {
    database
        .number("select extract(epoch from opened_at)::bigint from work_queue")
        .await
}

fn seconds(time: &str) -> i64 {
    chrono::DateTime::parse_from_rfc3339(time)
        .unwrap()
        .timestamp()
}

#[tokio::test]
async fn times_without_a_zone_are_of_the_zone_that_is_named() {
    let files = Files::new();
    let file = files.write("audit.csv", rows(1, &[]));
    for (options, opened, assumed) in [
        (&[][..], "2024-03-04T09:00:00Z", true),
        (
            &["--time-zone", "Asia/Shanghai"],
            "2024-03-04T09:00:00+08:00",
            false,
        ),
    ] {
        let database = TestDatabase::create().await;
        let ran = import(&database, &file, options);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert_eq!(ran.account()["reading"]["timeZoneAssumed"], assumed);
        assert_eq!(opened_at(&database).await, seconds(opened));
        // Named later, a zone changes nothing that was taken over.
        let again = import(&database, &file, &["--time-zone", "America/New_York"]);
        assert_eq!(again.account()["alreadyImported"], 1);
    }
    let database = TestDatabase::create().await;
    let ran = import(&database, &file, &["--time-zone", "Mars/Olympus"]);
    assert_eq!(ran.code, Some(2));
    assert!(
        ran.complaint.contains("no time zone of this name"),
        "{ran:?}"
    );
}

#[tokio::test]
async fn people_are_told_how_the_file_was_read() {
    let database = TestDatabase::create().await;
    let files = Files::new();
    let output = program("docket")
        .args(["import", "servicenow-audit"])
        .arg(files.write("audit.csv", rows(1, &[])))
        .args(["--database-url", &database.url()])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", complained(&output));
    let told = "read as UTF-8 with ',' between the fields; times without a zone are of UTC, \
                which nobody said: --time-zone names another zone";
    assert!(printed(&output).contains(told), "{}", printed(&output));
}

#[tokio::test]
async fn the_order_of_dates_is_found_or_asked_for() {
    let files = Files::new();
    let dated = |date: &str| {
        rows(
            1,
            &[
                ("2024-03-04T09:00:00", &format!("{date} 09:00")),
                ("2024-03-04T09:02:00", &format!("{date} 09:02")),
            ],
        )
    };
    let database = TestDatabase::create().await;
    let either = files.write("either.csv", dated("4/3/2024"));
    let ran = import(&database, &either, &[]);
    assert_eq!((ran.code, &ran.account), (Some(1), &None));
    assert!(
        ran.complaint
            .contains("--date-order day-month or --date-order month-day")
            && ran.complaint.contains("\"4/3/2024 09:00\" in line 2"),
        "{ran:?}"
    );
    let incidents = "select count(*) from events where aggregate_type = 'incident'";
    assert_eq!(database.number(incidents).await, 0);
    let ran = import(&database, &either, &["--date-order", "day-month"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(opened_at(&database).await, seconds("2024-03-04T09:00:00Z"));

    for (date, order, opened) in [
        ("13/3/2024", "day-month", "2024-03-13T09:00:00Z"),
        ("3/13/2024", "month-day", "2024-03-13T09:00:00Z"),
    ] {
        let database = TestDatabase::create().await;
        let ran = import(&database, &files.write("audit.csv", dated(date)), &[]);
        assert_eq!(ran.account()["reading"]["dateOrder"], order);
        assert_eq!(opened_at(&database).await, seconds(opened));
    }
}

#[tokio::test]
async fn the_encoding_is_found_or_given_and_the_rows_are_the_same() {
    let database = TestDatabase::create().await;
    let files = Files::new();
    assert_eq!(
        import(&database, &files.write("audit.csv", fixture()), &[]).code,
        Some(0)
    );
    let before = events(&database).await;
    let text = fixture();
    let (gb18030, ..) = encoding_rs::GB18030.encode(&text);
    let utf_16 = |mark: &[u16]| -> Vec<u8> {
        let units = mark.iter().copied().chain(text.encode_utf16());
        units.flat_map(u16::to_le_bytes).collect()
    };
    for (content, options, name) in [
        (gb18030.to_vec(), &[][..], "gb18030"),
        (gb18030.to_vec(), &["--encoding", "gb18030"], "gb18030"),
        (utf_16(&[0xfeff]), &[], "UTF-16LE"),
        (utf_16(&[]), &["--encoding", "utf-16"], "UTF-16LE"),
    ] {
        let ran = import(&database, &files.write("other.csv", content), options);
        assert_eq!(ran.code, Some(0), "{name}: {ran:?}");
        assert_eq!(ran.account()["alreadyImported"], 38, "{name}");
        assert_eq!(ran.account()["reading"]["encoding"], name);
    }
    assert_eq!(events(&database).await, before);
    // A row that is in another encoding than the others is said.
    let mut mixed = fixture().into_bytes();
    mixed.extend(
        rows(1, &[("Head office", "M")])
            .lines()
            .nth(1)
            .unwrap()
            .as_bytes(),
    );
    let place = mixed.len() - 40;
    mixed[place] = 0xfc;
    let ran = import(&database, &files.write("mixed.csv", mixed), &[]);
    assert_eq!(ran.code, Some(1));
    let reason = ran.account()["refused"][0]["reason"].as_str().unwrap();
    assert!(reason.ends_with("is not in UTF-8"), "{reason}");
}

#[tokio::test]
async fn other_words_for_states_mean_what_a_file_says() {
    let database = TestDatabase::create().await;
    let files = Files::new();
    let content = rows(
        8,
        &[
            (",New,", ",新建,"),
            (",Active,", ",处理中,"),
            (",Awaiting User Info,", ",\"等待, 用户\","),
            (",Resolved,", ",6,"),
            (",Closed,", ",7,"),
        ],
    );
    let file = files.write("audit.csv", content);
    let refused = import(&database, &file, &[]);
    assert_eq!((refused.code, &refused.account), (Some(1), &None));
    assert!(
        refused.complaint.contains("新建") && refused.complaint.contains("--states FILE"),
        "{refused:?}"
    );
    let words = "word,state\n新建,new\n处理中,in-progress\n\"等待, 用户\",on-hold-requester\n\
                 6,resolved\n7,closed\n";
    let words = files.write("states.csv", words);
    let ran = import(&database, &file, &["--states", words.to_str().unwrap()]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(
        ran.account()["correctionsByKind"].get("state without a meaning here"),
        None
    );
    let closed = "select count(*) from work_queue where status = 'Closed'";
    assert_eq!(database.number(closed).await, 1);
    let words = files.write("states.csv", "word,state\n新建,begun\n");
    let ran = import(&database, &file, &["--states", words.to_str().unwrap()]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.complaint.contains("line 2 says \"begun\""), "{ran:?}");
}

#[tokio::test]
async fn a_row_of_the_future_is_refused() {
    let database = TestDatabase::create().await;
    let files = Files::new();
    let in_an_hour = api::clock::now() + chrono::Duration::hours(1);
    let time = in_an_hour.format("%Y-%m-%dT%H:%M:%S").to_string();
    let content = rows(2, &[("2024-03-04T09:05:00", &time)]);
    let ran = import(&database, &files.write("audit.csv", content), &[]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert_eq!(ran.account()["rowsTaken"], 1);
    assert_eq!(
        ran.account()["refused"],
        json!([{"line": 3, "reason": format!(
            "sys_updated_at lies in the future: \"{time}\", taken as UTC; --time-zone names \
             another zone"
        )}])
    );
}
