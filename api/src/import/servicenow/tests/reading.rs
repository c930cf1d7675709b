//! Files that are as they should be, and files that are not.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::memory::{entries, entries_read, fixture, rows, usual};
use crate::import::DateOrder;
use crate::import::servicenow::reader::Entry;
use crate::import::servicenow::reading::Reading;

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

/// The header and the first rows of the fixture.
fn beginning(rows: usize) -> String {
    let mut lines: Vec<&str> = fixture().lines().take(rows + 1).collect();
    lines.push("");
    lines.join("\n")
}

fn problem(content: &[u8]) -> String {
    match entries(content) {
        Ok(_) => panic!("the file was taken"),
        Err(error) => error.to_string(),
    }
}

fn refusals(content: &[u8]) -> Vec<(u64, String)> {
    let entries = entries(content).unwrap().into_iter();
    let refusals = entries.filter_map(|entry| match entry {
        Entry::Row(_) => None,
        Entry::Refused { line, reason } => Some((line, reason.0)),
        Entry::InDoubt(doubtful) => panic!("{doubtful}"),
    });
    refusals.collect()
}

/// What becomes of each line behind the header: rows by their lines, the
/// others with their reasons.
fn outcomes(content: &str) -> Vec<String> {
    let entries = entries(content.as_bytes()).unwrap().into_iter();
    let outcomes = entries.map(|entry| match entry {
        Entry::Row(row) => row.line.to_string(),
        Entry::Refused { line, reason } => format!("{line} {reason}"),
        Entry::InDoubt(doubtful) => format!("{doubtful} ({} rows)", doubtful.rows),
    });
    outcomes.collect()
}

#[test]
fn a_compressed_file_says_the_same_as_a_plain_one() {
    let plain = beginning(20);
    let names = |content: &[u8]| -> Vec<String> {
        rows(content)
            .iter()
            .map(super::super::row::Row::command_name)
            .collect()
    };
    let of_plain = names(plain.as_bytes());
    assert_eq!(of_plain.len(), 20);
    assert_eq!(of_plain, names(&gzip(plain.as_bytes())));

    let (first, second) = plain.as_bytes().split_at(1_000);
    let two_members = [gzip(first), gzip(second)].concat();
    assert_eq!(of_plain, names(&two_members));
}

#[test]
fn a_row_is_the_same_row_wherever_its_columns_stand_and_however_the_unknown_is_written() {
    let names = |content: &str| -> Vec<String> {
        let rows = rows(content.as_bytes());
        rows.iter()
            .map(super::super::row::Row::command_name)
            .collect()
    };
    let content = beginning(3);
    let turned: Vec<String> = content
        .lines()
        .map(|line| {
            let mut reader = csv::ReaderBuilder::new()
                .has_headers(false)
                .from_reader(line.as_bytes());
            let mut record = csv::StringRecord::new();
            reader.read_record(&mut record).unwrap();
            let mut cells: Vec<&str> = record.iter().collect();
            cells.rotate_left(5);
            let mut writer = csv::Writer::from_writer(Vec::new());
            writer.write_record(cells).unwrap();
            String::from_utf8(writer.into_inner().unwrap()).unwrap()
        })
        .collect();
    assert_eq!(names(&content), names(&turned.concat()));
    assert_eq!(names(&content), names(&content.replace(",?", ",")));
    assert_ne!(names(&content), names(&content.replace("Desk 1", "Desk 2")));
}

#[test]
fn a_file_that_is_none_of_these_is_refused_and_the_reason_is_clear() {
    assert_eq!(problem(b""), "audit.csv is empty");
    assert_eq!(problem(b"\n\n"), "audit.csv is empty");
    assert_eq!(problem(&gzip(b"")), "audit.csv is empty");
    assert_eq!(
        problem(b"number incident_state\n1 New\n"),
        "audit.csv is no table of comma-separated values: \
         its first line has no commas, semicolons or tabs, and so no columns"
    );
    assert_eq!(
        problem(b"\x89PNG\r\n\x1a\n\xff\xfe"),
        "audit.csv is no table of comma-separated values: its first line is not in UTF-8"
    );
    assert_eq!(
        problem(b"number,location,location\n"),
        "audit.csv is no ServiceNow audit log: the columns incident_state, reopen_count, \
         sys_mod_count, caller_id, opened_at, sys_updated_by, sys_updated_at, contact_type, \
         category, subcategory, impact, urgency, priority, assignment_group, assigned_to, \
         closed_code, resolved_by, resolved_at, closed_at are missing"
    );
    assert_eq!(
        problem(beginning(2).replacen(",priority,", ",prio,", 1).as_bytes()),
        "audit.csv is no ServiceNow audit log: the column priority is missing"
    );
    let twice = beginning(0).replacen(",vendor,", ",location,", 1);
    assert_eq!(
        problem(twice.as_bytes()),
        "audit.csv is no table of comma-separated values: the column \"location\" stands twice"
    );
}

#[test]
fn a_compressed_file_that_ends_too_early_cannot_be_read() {
    let whole = gzip(fixture().as_bytes());
    let problem = problem(&whole[..whole.len() / 2]);
    assert!(problem.starts_with("audit.csv: "), "{problem}");
}

#[test]
fn a_quotation_mark_that_is_never_closed_puts_what_comes_behind_it_in_doubt() {
    let whole = beginning(34);
    let lines: Vec<&str> = whole.lines().collect();
    let with = |line: usize, from: &str, to: &str| {
        let mut lines: Vec<String> = lines.iter().map(ToString::to_string).collect();
        assert!(lines[line - 1].contains(from));
        lines[line - 1] = lines[line - 1].replacen(from, to, 1);
        lines.join("\n") + "\n"
    };
    // The next quotation mark stands in line 10: what comes behind is certain.
    let outcome = outcomes(&with(4, "Head office", "\"Head office"));
    assert_eq!(outcome[..2], ["2", "3"]);
    assert_eq!(
        outcome[2],
        "lines 4 to 10 in doubt: the quotation mark that opens location in line 4 is not closed \
         before the next one, in line 10 (7 rows)"
    );
    let rest: Vec<String> = (11..=35).map(|line| line.to_string()).collect();
    assert_eq!(outcome[3..], rest);
    // No other comes.
    let outcome = outcomes(&with(21, "Head office", "\"Head office"));
    assert_eq!(outcome.len(), 20);
    assert_eq!(
        outcome[19],
        "lines 21 to 35 in doubt: the quotation mark that opens location in line 21 is never \
         closed (15 rows)"
    );
    // In the last line it is one row that is not understood.
    let outcome = outcomes(&with(35, "Head office", "\"Head office"));
    assert_eq!(
        outcome[33],
        "35 the quotation mark that opens location in line 35 is never closed"
    );
    // It is closed in a later row, so that both together look like one.
    let twice = with(21, "Head office", "\"Head office");
    let twice = twice.replacen("\nINC9000003,Closed,false,0,2,6,", "\nx\",x,x,x,x,x,", 1);
    let doubtful = outcomes(&twice)
        .into_iter()
        .find(|line| line.contains("doubt"));
    assert!(doubtful.unwrap().starts_with("lines 21 to "));
}

#[test]
fn quotation_marks_within_a_field_are_taken_or_said() {
    let whole = beginning(3);
    for (to, expected) in [
        ("19\" screen", vec!["2", "3", "4"]),
        ("\"19\"\" screen\"", vec!["2", "3", "4"]),
        (
            "\"the \"big\" one\"",
            vec![
                "2 the quotation mark that opens location in line 2 is closed before the end of \
                 the field, or one in it is not doubled",
                "3",
                "4",
            ],
        ),
    ] {
        let content = whole.replacen("Head office", to, 1);
        assert_eq!(outcomes(&content), expected, "{to}");
    }
}

#[test]
fn fields_stand_between_commas_semicolons_or_tabs() {
    let plain = beginning(2).replace("\"理赔, 核保\"", "理赔");
    let names = |content: &str| -> Vec<String> {
        let rows = rows(content.as_bytes());
        rows.iter()
            .map(super::super::row::Row::command_name)
            .collect()
    };
    for delimiter in [";", "\t", "|"] {
        assert_eq!(names(&plain.replace(',', delimiter)), names(&plain));
    }
    let mixed = format!(
        "{plain}{}",
        beginning(1).lines().nth(1).unwrap().replace(',', ";")
    );
    assert_eq!(
        refusals(mixed.as_bytes()),
        [(4, "has 1 fields instead of 36".to_owned())]
    );
}

#[test]
fn a_row_over_several_lines_with_another_number_of_fields_is_in_doubt() {
    let content = beginning(2).replacen("Head office", "\"Head\noffice\",x", 1);
    assert_eq!(
        outcomes(&content),
        [
            "lines 2 to 3 in doubt: has 37 fields instead of 36 (2 rows)",
            "4"
        ]
    );
}

#[test]
fn a_row_that_cannot_be_read_is_refused_with_its_line_and_its_reason() {
    let header = beginning(0);
    let good = beginning(1).lines().nth(1).unwrap().to_owned();
    for (from, to, reason) in [
        ("INC9000001", "?", "number is missing"),
        (
            "INC9000001",
            "INC\u{0}1",
            "number must not contain the control character U+0000",
        ),
        (
            "2024-03-04T09:02:00",
            "soon",
            "sys_updated_at is no time: \"soon\"",
        ),
        (
            "2024-03-04T09:02:00",
            "9999-12-31T00:00:00",
            "sys_updated_at lies in the future: \"9999-12-31T00:00:00\"",
        ),
        (
            "2024-03-04T09:02:00",
            "1969-12-31T00:00:00",
            "sys_updated_at lies before 1970: \"1969-12-31T00:00:00\"",
        ),
        (
            "Lin Xia",
            &"x".repeat(101),
            "caller_id must have at most 100 characters, has 101",
        ),
        (
            "Remote access",
            &"x".repeat(99),
            "category with subcategory must have at most 100 characters, has 118",
        ),
        (
            "true,0,0,0,",
            "true,0,many,0,",
            "reopen_count is no count: \"many\"",
        ),
        (
            "true,0,0,0,",
            "true,0,0,-1,",
            "sys_mod_count is no count: \"-1\"",
        ),
        ("true,0,0,0,", "true,0,0,", "has 35 fields instead of 36"),
        ("true,0,0,0,", "true,0,0,0,,", "has 37 fields instead of 36"),
    ] {
        assert!(good.contains(from), "{from}");
        let bad = good.replacen(from, to, 1);
        let content = format!("{header}{good}\n{bad}\n{good}\n");
        assert_eq!(refusals(content.as_bytes()), [(3, reason.to_owned())]);
    }

    let mut content = format!("{header}{good}\n").into_bytes();
    content.extend(good.as_bytes());
    let at = content.len() - 10;
    content[at] = 0xff;
    let refusals = refusals(&content);
    assert_eq!(refusals.len(), 1, "{refusals:?}");
    assert_eq!(refusals[0].0, 3);
}

#[test]
fn lines_are_counted_as_an_editor_counts_them() {
    let header = beginning(0);
    let good = beginning(1).lines().nth(1).unwrap().to_owned();
    let two_lines = good.replacen("Head office", "\"Head\noffice\"", 1);
    let bad = good.replacen("INC9000001", "", 1);
    let content = format!("{header}{two_lines}\n\n{bad}\n");
    let expected = [(5, "number is missing".to_owned())];
    assert_eq!(refusals(content.as_bytes()), expected);
    assert_eq!(refusals(content.trim_end().as_bytes()), expected);
    for end in ["\r\n", "\r"] {
        assert_eq!(refusals(content.replace('\n', end).as_bytes()), expected);
    }
    let mixed = content.replacen('\n', "\r", 1).replacen('\n', "\r\n", 1);
    assert_eq!(refusals(mixed.as_bytes()), expected);
}

#[test]
fn the_same_rows_are_the_same_in_every_encoding() {
    let plain = beginning(34);
    let names = |content: &[u8]| -> Vec<String> {
        let rows = rows(content);
        rows.iter()
            .map(super::super::row::Row::command_name)
            .collect()
    };
    let of_plain = names(plain.as_bytes());
    let (gb18030, ..) = encoding_rs::GB18030.encode(&plain);
    assert_eq!(names(&gb18030), of_plain);
    assert_eq!(names(&gzip(&gb18030)), of_plain);
    let utf_16: Vec<u8> = plain.encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(names(&utf_16), of_plain);
    assert_eq!(names(&[b"\xff\xfe", &*utf_16].concat()), of_plain);
}

/// The first row of the fixture with another time, read in some way: when it
/// was, and what it is called.
fn at(text: &str, reading: Reading) -> Result<(String, String), String> {
    let content = beginning(1).replacen("2024-03-04T09:02:00", text, 1);
    match entries_read(content.as_bytes(), reading).unwrap().pop() {
        Some(Entry::Row(row)) => Ok((row.updated_at.to_rfc3339(), row.command_name())),
        Some(Entry::Refused { reason, .. }) => Err(reason.0),
        _ => panic!("there is no row"),
    }
}

#[test]
fn times_without_a_zone_are_of_the_one_that_is_named_and_the_row_is_the_same() {
    let shanghai = || Reading {
        zone: chrono_tz::Asia::Shanghai,
        zone_is_given: true,
        ..usual()
    };
    let (utc, name) = at("2024-03-04 12:00", usual()).unwrap();
    assert_eq!(utc, "2024-03-04T12:00:00+00:00");
    let (local, same) = at("2024-03-04 12:00", shanghai()).unwrap();
    assert_eq!((&*local, same), ("2024-03-04T04:00:00+00:00", name));
    let (zoned, _) = at("2024-03-04T12:00:00+01:00", shanghai()).unwrap();
    assert_eq!(zoned, "2024-03-04T11:00:00+00:00");
}

#[test]
fn a_row_of_the_future_is_refused_and_a_zone_that_may_be_missing_is_named() {
    let latest = || Reading {
        latest: "2024-03-04T12:00:00Z".parse().unwrap(),
        ..usual()
    };
    assert!(at("2024-03-04T12:00:00", latest()).is_ok());
    assert_eq!(
        at("2024-03-04T12:00:01", latest()).unwrap_err(),
        "sys_updated_at lies in the future: \"2024-03-04T12:00:01\", taken as UTC; \
         --time-zone names another zone"
    );
    let in_shanghai = Reading {
        zone: chrono_tz::Asia::Shanghai,
        zone_is_given: true,
        ..latest()
    };
    assert_eq!(
        at("2024-03-04T20:00:01", in_shanghai).unwrap_err(),
        "sys_updated_at lies in the future: \"2024-03-04T20:00:01\""
    );
}

#[test]
fn the_order_of_dates_is_the_one_that_is_told() {
    let told = |order| Reading { order, ..usual() };
    let day = |order| {
        let (at, name) = at("5/3/2024 09:02", told(order)).unwrap();
        (at[..10].to_owned(), name)
    };
    let (day_first, name) = day(Some(DateOrder::DayMonth));
    assert_eq!(day_first, "2024-03-05");
    assert_eq!(
        day(Some(DateOrder::MonthDay)),
        ("2024-05-03".to_owned(), name)
    );
    assert_eq!(
        at("13/3/2024 09:02", told(Some(DateOrder::MonthDay))).unwrap_err(),
        "sys_updated_at is no time: \"13/3/2024 09:02\""
    );
}
