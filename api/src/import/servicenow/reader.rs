//! The file, plain or compressed with gzip, read record by record. No more of
//! it is in memory than the record that is being read.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use csv::{ByteRecord, StringRecord};
use encoding_rs::Encoding;
use flate2::bufread::MultiGzDecoder;

use super::columns::{Column, Columns, HeaderProblem};
use super::encoding::{self, Decoded};
use super::reading::Reading;
use super::records::{Broken, Found, Records, Sign};
use super::row::{Row, RowRefused};
use super::time::OrderSigns;
use crate::import::{DoubtfulRows, ImportError};

type Content = Box<dyn Read + Send>;

/// An audit log that is being read.
pub(super) struct AuditLog {
    records: Records<BufReader<Decoded<Content>>>,
    columns: Arc<Columns>,
    reading: Reading,
    encoding: &'static Encoding,
    signs: OrderSigns,
    bytes_read: Arc<AtomicU64>,
    bytes_total: u64,
    path: Box<Path>,
}

/// A row, or why it cannot be one.
#[expect(
    clippy::large_enum_variant,
    reason = "nearly every entry is a row, which a box would cost an allocation"
)]
pub(super) enum Entry {
    /// A row that can be taken over.
    Row(Row),
    /// A record that cannot.
    Refused {
        /// Its line, from 1.
        line: u64,
        /// Why.
        reason: RowRefused,
    },
    /// Lines of which nobody can tell which rows they are.
    InDoubt(DoubtfulRows),
}

impl Entry {
    /// For how many rows of the file it stands.
    pub(super) fn rows(&self) -> u64 {
        match self {
            Self::Row(_) | Self::Refused { .. } => 1,
            Self::InDoubt(doubtful) => doubtful.rows,
        }
    }
}

/// Finds the encoding of a file by reading it to its end.
pub(super) fn find_encoding(path: &Path) -> Result<&'static Encoding, ImportError> {
    let file = File::open(path).map_err(|source| of_file(path, source))?;
    find_encoding_in(Box::new(file), path)
}

/// The same, of a file that is open.
pub(super) fn find_encoding_in(
    file: Content,
    path: &Path,
) -> Result<&'static Encoding, ImportError> {
    let found = decompressed(file).and_then(encoding::find);
    found.map_err(|source| of_file(path, source))
}

impl AuditLog {
    /// Opens a file and reads its header.
    pub(super) fn open(
        path: &Path,
        encoding: &'static Encoding,
        reading: Reading,
    ) -> Result<Self, ImportError> {
        let file = File::open(path).map_err(|source| of_file(path, source))?;
        let length = file.metadata().map_err(|source| of_file(path, source))?;
        Self::read_from(Box::new(file), length.len(), path, encoding, reading)
    }

    /// Reads the header of a file that is open.
    pub(super) fn read_from(
        file: Content,
        bytes_total: u64,
        path: &Path,
        encoding: &'static Encoding,
        reading: Reading,
    ) -> Result<Self, ImportError> {
        let bytes_read = Arc::new(AtomicU64::new(0));
        let file = Counted {
            inner: file,
            count: Arc::clone(&bytes_read),
        };
        let content = decompressed(Box::new(file)).map_err(|source| of_file(path, source))?;
        let content = BufReader::with_capacity(1 << 16, Decoded::of(content, encoding));
        let opened = Records::open(content).map_err(|source| of_file(path, source))?;
        let (records, header) = opened.ok_or_else(|| ImportError::Empty {
            path: path.to_owned(),
        })?;
        let columns = Arc::new(columns(path, header, encoding)?);
        Ok(Self {
            records,
            columns,
            reading,
            encoding,
            signs: OrderSigns::default(),
            bytes_read,
            bytes_total,
            path: path.into(),
        })
    }

    /// The next entry, until there is none.
    pub(super) fn read(&mut self) -> Result<Option<Entry>, ImportError> {
        let found = self.records.read();
        let found = found.map_err(|source| of_file(&self.path, source))?;
        Ok(found.map(|found| match found {
            Found::Record {
                lines,
                filled,
                record,
            } => self.entry(lines, filled, record),
            Found::Broken(broken) => refused(broken.lines, broken.filled, self.words(broken)),
        }))
    }

    fn entry(&mut self, lines: (u64, u64), filled: u64, record: ByteRecord) -> Entry {
        let count = self.columns.count();
        if record.len() != count {
            let fields = record.len();
            let reason = format!("has {fields} fields instead of {count}");
            return refused(lines, filled, reason);
        }
        let (line, _) = lines;
        let row = StringRecord::from_byte_record(record)
            .map_err(|error| {
                let column = self.columns.name_at(error.utf8_error().field());
                let encoding = self.encoding.name();
                RowRefused(format!("{column} is not in {encoding}"))
            })
            .and_then(|record| {
                for column in Column::TIMES {
                    if let Some(text) = self.columns.get(&record, column) {
                        self.signs.see(line, text);
                    }
                }
                Row::read(line, record, &self.columns, &self.reading)
            });
        match row {
            Ok(row) => Entry::Row(row),
            Err(reason) => Entry::Refused { line, reason },
        }
    }

    fn words(&self, broken: Broken) -> String {
        let column = self.columns.name_at(broken.field);
        let (_, last) = broken.lines;
        let opened = broken.opened;
        let mark = if column.is_empty() {
            format!("a quotation mark in line {opened}, behind the last column,")
        } else {
            format!("the quotation mark that opens {column} in line {opened}")
        };
        match broken.sign {
            Sign::NeverClosed => format!("{mark} is never closed"),
            Sign::NotDoubled if opened == last => {
                format!("{mark} is closed before the end of the field, or one in it is not doubled")
            }
            Sign::NotDoubled => format!("{mark} is not closed before the next one, in line {last}"),
            Sign::HoldsRows => {
                format!("{mark} is closed behind what looks like whole rows, in line {last}")
            }
            Sign::TooLong => "has more than 16 MiB: is a quotation mark never closed?".to_owned(),
        }
    }

    /// What the dates that were read say of their own order.
    pub(super) fn signs(&self) -> &OrderSigns {
        &self.signs
    }

    /// What stands between the fields.
    pub(super) fn delimiter(&self) -> char {
        self.records.delimiter()
    }

    /// How many bytes of the file have been read, and how many it has.
    pub(super) fn bytes(&self) -> (u64, u64) {
        (self.bytes_read.load(Ordering::Relaxed), self.bytes_total)
    }
}

/// One line is a row that is not understood; of several nobody can tell which
/// rows they are.
fn refused((first, last): (u64, u64), filled: u64, reason: String) -> Entry {
    if first == last {
        return Entry::Refused {
            line: first,
            reason: RowRefused(reason),
        };
    }
    Entry::InDoubt(DoubtfulRows {
        from_line: first,
        to_line: last,
        rows: filled,
        reason,
    })
}

/// The content of a file that may be compressed: its first bytes tell, never
/// its name.
fn decompressed(file: Content) -> io::Result<Content> {
    const GZIP: [u8; 2] = [0x1f, 0x8b];
    let mut file = BufReader::with_capacity(1 << 16, file);
    let beginning = io::BufRead::fill_buf(&mut file)?;
    Ok(if beginning.starts_with(&GZIP) {
        Box::new(MultiGzDecoder::new(file))
    } else {
        Box::new(file)
    })
}

fn columns(
    path: &Path,
    header: ByteRecord,
    encoding: &'static Encoding,
) -> Result<Columns, ImportError> {
    let not_csv = |problem: String| ImportError::NotCsv {
        path: path.to_owned(),
        problem,
    };
    let header = StringRecord::from_byte_record(header)
        .map_err(|_| not_csv(format!("its first line is not in {}", encoding.name())))?;
    let problem = match header.len() {
        0 => Some("a quotation mark in its first line is not closed"),
        1 => Some("its first line has no commas, semicolons or tabs, and so no columns"),
        _ => None,
    };
    if let Some(problem) = problem {
        return Err(not_csv(problem.to_owned()));
    }
    Columns::find(&header).map_err(|problem| match problem {
        HeaderProblem::Missing(missing) => ImportError::ColumnsMissing {
            path: path.to_owned(),
            missing,
        },
        HeaderProblem::Twice(name) => not_csv(format!("the column {name:?} stands twice")),
        HeaderProblem::Name(name, refused) => {
            not_csv(format!("the name of the column {name:?} {refused}"))
        }
    })
}

/// A file that cannot be read to its end.
fn of_file(path: &Path, source: io::Error) -> ImportError {
    ImportError::File {
        path: path.to_owned(),
        source,
    }
}

/// Counts the bytes of the file itself, compressed or not.
struct Counted {
    inner: Content,
    count: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.count.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}
