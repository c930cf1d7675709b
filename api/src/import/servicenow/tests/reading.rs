//! Files that are as they should be, and files that are not.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::memory::{entries, fixture, rows};
use crate::import::servicenow::reader::Entry;

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
    });
    refusals.collect()
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
        problem(b"number;incident_state\n1;New\n"),
        "audit.csv is no table of comma-separated values: \
         its first line has no commas, and so no columns"
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
fn a_quotation_mark_that_is_never_closed_does_not_fill_the_memory() {
    let mut content = beginning(1).into_bytes();
    content.push(b'"');
    content.extend(std::iter::repeat_n(b'x', 40 << 20));
    assert_eq!(
        problem(&content),
        "audit.csv: a row has more than 16 MiB: is a quotation mark never closed?"
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
    assert_eq!(refusals.len(), 1);
    assert!(refusals[0].1.ends_with("is not in UTF-8"), "{refusals:?}");
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
    assert_eq!(refusals(content.replace('\n', "\r\n").as_bytes()), expected);
}
