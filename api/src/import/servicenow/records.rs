//! The records of a table of separated values (RFC 4180), told apart strictly.
//!
//! A quotation mark that is never closed makes one record of everything behind
//! it, for every reader that goes on until it finds the next one. This one
//! notices: the lines that such a record runs over are in doubt, and are handed
//! on as that, whatever they hold.

use std::io::{self, BufRead, ErrorKind};

use csv::ByteRecord;
use memchr::{memchr, memchr_iter, memchr2};

/// More than any row has. What is longer is not kept in memory.
const LONGEST_RECORD_BYTES: usize = 16 << 20;

/// What may stand between two fields.
const DELIMITERS: [u8; 4] = *b",;\t|";

/// What is found at a place of the file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// A record whose bounds are certain.
    Record {
        /// Its first line and its last, from 1.
        lines: (u64, u64),
        /// How many of these lines are not blank.
        filled: u64,
        /// Its fields.
        record: ByteRecord,
    },
    /// Lines of which nobody can tell how they make records.
    Broken(Broken),
}

/// Lines that make no record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Broken {
    /// The first line and the last, from 1.
    pub(super) lines: (u64, u64),
    /// How many of them are not blank.
    pub(super) filled: u64,
    /// How that shows.
    pub(super) sign: Sign,
    /// The field whose quotation mark it is, from 0.
    pub(super) field: usize,
    /// The line in which this field begins.
    pub(super) opened: u64,
}

/// How it shows that lines make no record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    /// The file ends before the quotation mark is closed.
    NeverClosed,
    /// Behind the next quotation mark the field does not end.
    NotDoubled,
    /// A field over several lines holds what looks like whole rows.
    HoldsRows,
    /// There is no end to it.
    TooLong,
}

/// A table that is being read.
pub(super) struct Records<R> {
    lines: Lines<R>,
    line: Vec<u8>,
    number: u64,
    delimiter: u8,
    /// How many fields a row has.
    width: usize,
    record: ByteRecord,
    field: Vec<u8>,
    /// The line in which the open field begins.
    opened: Option<u64>,
    /// The field that goes over the end of a line, and where it begins.
    crossing: Option<(usize, u64)>,
    holds_rows: bool,
    is_too_long: bool,
}

/// What a line does to the record that it belongs to.
enum Step {
    /// It ends it.
    Complete,
    /// A field goes on in the next line.
    Open,
    /// It cannot belong to one.
    Broken(Sign),
}

impl<R: BufRead> Records<R> {
    /// Begins with the header, which also tells what stands between the
    /// fields. Returns nothing for a file without one.
    pub(super) fn open(inner: R) -> io::Result<Option<(Self, ByteRecord)>> {
        let mut records = Self {
            lines: Lines {
                inner,
                after_carriage_return: false,
            },
            line: Vec::new(),
            number: 0,
            delimiter: DELIMITERS[0],
            width: 0,
            record: ByteRecord::new(),
            field: Vec::new(),
            opened: None,
            crossing: None,
            holds_rows: false,
            is_too_long: false,
        };
        while records.line.is_empty() {
            if records.next_line()?.is_none() {
                return Ok(None);
            }
        }
        let mut header = records.header(DELIMITERS[0]);
        for delimiter in &DELIMITERS[1..] {
            let other = records.header(*delimiter);
            if other.len() > header.len() {
                records.delimiter = *delimiter;
                header = other;
            }
        }
        records.width = header.len();
        Ok(Some((records, header)))
    }

    /// What stands between the fields.
    pub(super) fn delimiter(&self) -> char {
        self.delimiter.into()
    }

    /// The present line as a header with this between its fields; empty if it
    /// is none.
    fn header(&mut self, delimiter: u8) -> ByteRecord {
        let before = std::mem::replace(&mut self.delimiter, delimiter);
        self.begin();
        let is_whole = matches!(self.take_line(), Step::Complete);
        self.delimiter = before;
        if is_whole {
            self.record.clone()
        } else {
            ByteRecord::new()
        }
    }

    fn begin(&mut self) {
        self.record.clear();
        self.field.clear();
        self.opened = None;
        self.crossing = None;
        self.holds_rows = false;
        self.is_too_long = false;
    }

    fn next_line(&mut self) -> io::Result<Option<Whole>> {
        let next = self.lines.read(&mut self.line)?;
        self.number += u64::from(next.is_some());
        Ok(next)
    }

    /// What comes next, until there is nothing.
    pub(super) fn read(&mut self) -> io::Result<Option<Found>> {
        self.begin();
        let mut first = 0;
        let mut filled = 0;
        let sign = loop {
            let Some(Whole(is_whole)) = self.next_line()? else {
                if first == 0 {
                    return Ok(None);
                }
                break Some(Sign::NeverClosed);
            };
            let is_blank = is_whole && self.line.is_empty();
            if first == 0 {
                if is_blank {
                    continue;
                }
                first = self.number;
            }
            filled += u64::from(!is_blank);
            if !is_whole {
                break Some(Sign::TooLong);
            }
            match self.take_line() {
                Step::Complete if self.is_too_long => break Some(Sign::TooLong),
                Step::Complete if self.holds_rows => break Some(Sign::HoldsRows),
                Step::Complete => break None,
                Step::Open => {}
                Step::Broken(sign) => break Some(sign),
            }
        };
        let lines = (first, self.number);
        let Some(sign) = sign else {
            let record = self.record.clone();
            return Ok(Some(Found::Record {
                lines,
                filled,
                record,
            }));
        };
        let open = self.opened.map(|line| (self.record.len(), line));
        let (field, opened) = open.or(self.crossing).unwrap_or((0, first));
        Ok(Some(Found::Broken(Broken {
            lines,
            filled,
            sign,
            field,
            opened,
        })))
    }

    /// Takes the present line into the record.
    fn take_line(&mut self) -> Step {
        let line = std::mem::take(&mut self.line);
        let step = self.take(&line);
        self.line = line;
        step
    }

    fn take(&mut self, line: &[u8]) -> Step {
        // How many fields the line would have by itself, whatever is open.
        let mut own = 1;
        let mut at = 0;
        let continues = self.opened.is_some();
        let mut is_quoted = continues;
        let mut closes_first = false;
        loop {
            if !is_quoted && line.get(at) == Some(&b'"') {
                is_quoted = true;
                self.opened = Some(self.number);
                at += 1;
            }
            let end = if is_quoted {
                let goes_on = self.opened != Some(self.number);
                match self.quoted(line, at) {
                    Quoted::Ends(end) => {
                        closes_first |= goes_on && self.record.is_empty();
                        let inside = &line[at..end];
                        own += if goes_on { self.delimiters(inside) } else { 0 };
                        end
                    }
                    Quoted::GoesOn => {
                        own += self.delimiters(&line[at..]);
                        let is_last = !goes_on && self.record.len() + 1 == self.width;
                        self.holds_rows |= own == self.width && !is_last;
                        self.keep(b"\n");
                        let begin = self.opened.unwrap_or(self.number);
                        self.crossing.get_or_insert((self.record.len(), begin));
                        return Step::Open;
                    }
                    Quoted::Broken => return Step::Broken(Sign::NotDoubled),
                }
            } else {
                let length = memchr(self.delimiter, &line[at..]);
                let end = length.map_or(line.len(), |length| at + length);
                self.keep(&line[at..end]);
                end
            };
            self.record.push_field(&self.field);
            self.field.clear();
            self.opened = None;
            is_quoted = false;
            if end == line.len() {
                self.holds_rows |= continues && own == self.width && !closes_first;
                return Step::Complete;
            }
            own += 1;
            at = end + 1;
        }
    }

    /// Takes in what stands between two quotation marks, from behind the first
    /// one or from the beginning of a line. Says where the field ends: at the
    /// delimiter or at the end of the line.
    fn quoted(&mut self, line: &[u8], mut at: usize) -> Quoted {
        while let Some(length) = memchr(b'"', &line[at..]) {
            let mark = at + length;
            self.keep(&line[at..mark]);
            if line.get(mark + 1) == Some(&b'"') {
                self.keep(b"\"");
                at = mark + 2;
                continue;
            }
            // Blanks between the mark and the delimiter are part of nothing.
            let blanks = line[mark + 1..].iter().take_while(|byte| **byte == b' ');
            let end = mark + 1 + blanks.count();
            return match line.get(end) {
                None => Quoted::Ends(end),
                Some(byte) if *byte == self.delimiter => Quoted::Ends(end),
                Some(_) => Quoted::Broken,
            };
        }
        self.keep(&line[at..]);
        Quoted::GoesOn
    }

    fn delimiters(&self, text: &[u8]) -> usize {
        memchr_iter(self.delimiter, text).count()
    }

    fn keep(&mut self, text: &[u8]) {
        let kept = self.record.as_slice().len() + self.field.len();
        self.is_too_long |= kept + text.len() > LONGEST_RECORD_BYTES;
        if !self.is_too_long {
            self.field.extend_from_slice(text);
        }
    }
}

/// How far a quoted field goes.
enum Quoted {
    Ends(usize),
    GoesOn,
    Broken,
}

/// Whether all of a line is here.
struct Whole(bool);

/// Lines that end with a line feed, a carriage return, or both, as editors
/// count them, in one file or in one and the same.
struct Lines<R> {
    inner: R,
    after_carriage_return: bool,
}

impl<R: BufRead> Lines<R> {
    /// Reads the next line, without its end, until there is none. The rest of
    /// an endless one is passed over.
    fn read(&mut self, line: &mut Vec<u8>) -> io::Result<Option<Whole>> {
        line.clear();
        let mut any = false;
        let mut is_whole = true;
        loop {
            let buffer = match self.inner.fill_buf() {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                other => other?,
            };
            if buffer.is_empty() {
                return Ok(any.then_some(Whole(is_whole)));
            }
            if std::mem::take(&mut self.after_carriage_return) && buffer[0] == b'\n' {
                self.inner.consume(1);
                continue;
            }
            any = true;
            let end = memchr2(b'\n', b'\r', buffer);
            let length = end.unwrap_or(buffer.len());
            if line.len() + length > LONGEST_RECORD_BYTES {
                is_whole = false;
            } else {
                line.extend_from_slice(&buffer[..length]);
            }
            self.after_carriage_return = end.is_some_and(|end| buffer[end] == b'\r');
            self.inner.consume(length + usize::from(end.is_some()));
            if end.is_some() {
                return Ok(Some(Whole(is_whole)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufReader, Read};

    use super::*;

    /// Gives a few bytes at a time, so that every border is met.
    struct Trickle<'a>(&'a [u8], usize);

    impl Read for Trickle<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let length = self.1.min(buffer.len()).min(self.0.len());
            let (now, later) = self.0.split_at(length);
            buffer[..length].copy_from_slice(now);
            self.0 = later;
            Ok(length)
        }
    }

    /// What a table holds behind its header, one word a finding.
    fn found(text: &str) -> Vec<String> {
        let mut before = None;
        for step in [1, 2, 3, 5, 1_000] {
            let reader = BufReader::with_capacity(step, Trickle(text.as_bytes(), step));
            let (mut records, _) = Records::open(reader).unwrap().unwrap();
            let mut all = Vec::new();
            while let Some(found) = records.read().unwrap() {
                all.push(match found {
                    Found::Record { lines, record, .. } => {
                        let fields: Vec<_> = record.iter().map(String::from_utf8_lossy).collect();
                        format!("{}: {}", lines.0, fields.join("|"))
                    }
                    Found::Broken(broken) => {
                        let (from, to) = broken.lines;
                        format!(
                            "{from}-{to}: {:?} {} of line {}, {} filled",
                            broken.sign, broken.field, broken.opened, broken.filled
                        )
                    }
                });
            }
            assert!(before.is_none_or(|before| before == all), "{text:?}");
            before = Some(all);
        }
        before.unwrap()
    }

    #[test]
    fn records_are_told_apart_as_the_standard_tells_them_apart() {
        for (text, expected) in [
            ("a,b\n", &[][..]),
            ("a,b\n1,2", &["2: 1|2"]),
            ("\n\na,b\n\n1,2\n\n\n3,4\n", &["5: 1|2", "8: 3|4"]),
            ("a,b\r\n1,2\r\n3,4\r\n", &["2: 1|2", "3: 3|4"]),
            ("a,b\r1,2\r3,4", &["2: 1|2", "3: 3|4"]),
            (
                "a,b\n1,2\r\n3,4\r5,6\n\r7,8",
                &["2: 1|2", "3: 3|4", "4: 5|6", "6: 7|8"],
            ),
            ("a,b\n\"1,\"\"2\",\"\"\n", &["2: 1,\"2|"]),
            ("a,b\n\"1\r\n2\",3\n4,5", &["2: 1\n2|3", "4: 4|5"]),
            ("a,b\n1,\"2\n\n3\"\n4,5", &["2: 1|2\n\n3", "5: 4|5"]),
            ("a,b\n\"1\" ,\"2\" \n", &["2: 1|2"]),
            ("a,b\n1\"x\",2\"\n", &["2: 1\"x\"|2\""]),
            ("a,b\n1\n1,2,3\n,\n", &["2: 1", "3: 1|2|3", "4: |"]),
            ("a;b\n1,5;2\n", &["2: 1,5|2"]),
            ("a\tb\n1\t\"2\t3\"\n", &["2: 1|2\t3"]),
            ("\"a\"\n1,2\n", &["2: 1|2"]),
        ] {
            assert_eq!(found(text), expected, "{text:?}");
        }
    }

    #[test]
    fn lines_that_make_no_record_for_certain_are_in_doubt() {
        for (text, expected) in [
            // Never closed, to the end of the file.
            (
                "a,b,c\n1,2,3\n1,\"2,3\n\n4,5,6\n7,8,9\n",
                &["2: 1|2|3", "3-6: NeverClosed 1 of line 3, 3 filled"][..],
            ),
            ("a,b\n1,\"2", &["2-2: NeverClosed 1 of line 2, 1 filled"]),
            // Not closed before the next one, and what comes behind is certain.
            (
                "a,b,c\n1,\"2,3\n4,\"5\",6\n7,8,9\n",
                &["2-3: NotDoubled 1 of line 2, 2 filled", "4: 7|8|9"],
            ),
            (
                "a,b\n\"1 \"2\" 3\",4\n5,6\n",
                &["2-2: NotDoubled 0 of line 2, 1 filled", "3: 5|6"],
            ),
            // Opened in one row and closed in a later one, where that fits.
            (
                "a,b,c\n1,\"2,3\n4,5,6\n7,8\",9\n1,2,3\n",
                &["2-4: HoldsRows 1 of line 2, 3 filled", "5: 1|2|3"],
            ),
            (
                "a,b,c\n\"1,2,3\n4\",5,6\n",
                &["2-3: HoldsRows 0 of line 2, 2 filled"],
            ),
            (
                "a,b,c\n1,2,\"3\n4,5,6\"\n",
                &["2-3: HoldsRows 2 of line 2, 2 filled"],
            ),
            // A text over several lines holds none, wherever it stands.
            ("a,b,c\n1,2,\"3\n4,5\"\n", &["2: 1|2|3\n4,5"]),
            ("a,b,c\n\"1\n2\",3,4\n", &["2: 1\n2|3|4"]),
            ("a,b,c\n1,\"2\n\n3\",4\n", &["2: 1|2\n\n3|4"]),
        ] {
            assert_eq!(found(text), expected, "{text:?}");
        }
    }

    #[test]
    fn what_does_not_end_is_not_kept_in_memory() {
        let endless = "x".repeat(LONGEST_RECORD_BYTES + 1);
        let long = "x".repeat(LONGEST_RECORD_BYTES / 2);
        for (row, sign) in [
            (format!("1,{endless}\n"), Sign::TooLong),
            (format!("1,\"{endless}\"\n"), Sign::TooLong),
            (format!("1,\"{endless}\n"), Sign::TooLong),
            (format!("1,\"{long}\n{long}\n{long}\"\n"), Sign::TooLong),
            (format!("1,\"{long}\n{long}\n{long}"), Sign::NeverClosed),
        ] {
            let text = format!("a,b\n{row}");
            let (mut records, _) = Records::open(text.as_bytes()).unwrap().unwrap();
            let Some(Found::Broken(broken)) = records.read().unwrap() else {
                panic!("it was taken");
            };
            assert_eq!(broken.sign, sign);
            assert!(records.record.as_slice().len() + records.field.len() <= LONGEST_RECORD_BYTES);
        }
    }
}
