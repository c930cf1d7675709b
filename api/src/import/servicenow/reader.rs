//! The file, plain or compressed with gzip, read record by record. No more of
//! it is in memory than the record that is being read.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, Utc};
use csv::{ByteRecord, ReaderBuilder, StringRecord};
use flate2::bufread::MultiGzDecoder;

use super::columns::{Columns, HeaderProblem};
use super::line_ends::LineEnds;
use super::row::{Row, RowRefused};
use crate::import::ImportError;

/// More than any row has. A quotation mark that is never closed makes one
/// record of the rest of the file, which must not end up in memory.
const LONGEST_RECORD_BYTES: u64 = 16 << 20;

/// An audit log that is being read.
pub(super) struct AuditLog {
    csv: csv::Reader<Guarded<LineEnds<Box<dyn Read + Send>>>>,
    columns: Arc<Columns>,
    record: ByteRecord,
    /// Nothing in the file can have happened after this.
    latest: DateTime<Utc>,
    bytes_read: Arc<AtomicU64>,
    bytes_total: u64,
    unbroken: Arc<AtomicU64>,
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
}

impl AuditLog {
    /// Opens a file and reads its header.
    pub(super) fn open(path: &Path, latest: DateTime<Utc>) -> Result<Self, ImportError> {
        let of_file = |source| ImportError::File {
            path: path.to_owned(),
            source,
        };
        let file = File::open(path).map_err(of_file)?;
        let bytes_total = file.metadata().map_err(of_file)?.len();
        Self::read_from(Box::new(file), bytes_total, path, latest)
    }

    /// Reads the header of a file that is open.
    pub(super) fn read_from(
        file: Box<dyn Read + Send>,
        bytes_total: u64,
        path: &Path,
        latest: DateTime<Utc>,
    ) -> Result<Self, ImportError> {
        let bytes_read = Arc::new(AtomicU64::new(0));
        let unbroken = Arc::new(AtomicU64::new(0));
        let file = Counted {
            inner: file,
            count: Arc::clone(&bytes_read),
        };
        let content = decompressed(BufReader::with_capacity(1 << 16, file)).map_err(|source| {
            ImportError::File {
                path: path.to_owned(),
                source,
            }
        })?;
        let mut csv = ReaderBuilder::new()
            .flexible(true)
            .has_headers(false)
            .buffer_capacity(1 << 16)
            .from_reader(Guarded {
                inner: LineEnds::of(content),
                unbroken: Arc::clone(&unbroken),
            });

        let mut record = ByteRecord::new();
        if !csv
            .read_byte_record(&mut record)
            .map_err(|error| broken(path, error))?
        {
            return Err(ImportError::Empty {
                path: path.to_owned(),
            });
        }
        let columns = Arc::new(columns(path, record.clone())?);
        Ok(Self {
            csv,
            columns,
            record,
            latest,
            bytes_read,
            bytes_total,
            unbroken,
            path: path.into(),
        })
    }

    /// The next record, until there is none.
    pub(super) fn read(&mut self) -> Result<Option<Entry>, ImportError> {
        self.unbroken.store(0, Ordering::Relaxed);
        let more = self.csv.read_byte_record(&mut self.record);
        if !more.map_err(|error| broken(&self.path, error))? {
            return Ok(None);
        }
        // The reader stands behind the line feed that ends the record; blank
        // lines before the record have been passed over.
        let inside = self.record.as_slice().iter().filter(|b| **b == b'\n');
        let line = self
            .csv
            .position()
            .line()
            .saturating_sub(inside.count() as u64 + 1);
        let row = StringRecord::from_byte_record(self.record.clone())
            .map_err(|error| {
                let column = self.columns.name_at(error.utf8_error().field());
                RowRefused(format!("{column} is not in UTF-8"))
            })
            .and_then(|record| Row::read(line, record, &self.columns, self.latest));
        Ok(Some(match row {
            Ok(row) => Entry::Row(row),
            Err(reason) => Entry::Refused { line, reason },
        }))
    }

    /// How many bytes of the file have been read, and how many it has.
    pub(super) fn bytes(&self) -> (u64, u64) {
        (self.bytes_read.load(Ordering::Relaxed), self.bytes_total)
    }
}

/// The content of a file that may be compressed: its first bytes tell, never
/// its name.
fn decompressed(mut file: BufReader<Counted>) -> io::Result<Box<dyn Read + Send>> {
    const GZIP: [u8; 2] = [0x1f, 0x8b];
    let beginning = io::BufRead::fill_buf(&mut file)?;
    Ok(if beginning.starts_with(&GZIP) {
        Box::new(MultiGzDecoder::new(file))
    } else {
        Box::new(file)
    })
}

fn columns(path: &Path, header: ByteRecord) -> Result<Columns, ImportError> {
    let not_csv = |problem: String| ImportError::NotCsv {
        path: path.to_owned(),
        problem,
    };
    let header = StringRecord::from_byte_record(header)
        .map_err(|_| not_csv("its first line is not in UTF-8".to_owned()))?;
    let is_one_cell = header.len() == 1;
    Columns::find(&header).map_err(|problem| match problem {
        HeaderProblem::Missing(_) if is_one_cell => {
            not_csv("its first line has no commas, and so no columns".to_owned())
        }
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
fn broken(path: &Path, error: csv::Error) -> ImportError {
    let path = path.to_owned();
    match error.into_kind() {
        csv::ErrorKind::Io(source) => ImportError::File { path, source },
        other => ImportError::NotCsv {
            path,
            problem: format!("{other:?}"),
        },
    }
}

/// Counts the bytes of the file itself, compressed or not.
struct Counted {
    inner: Box<dyn Read + Send>,
    count: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.count.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

/// Ends the reading where one record would not end.
struct Guarded<R> {
    inner: R,
    /// How many bytes have been read since the last record ended.
    unbroken: Arc<AtomicU64>,
}

impl<R: Read> Read for Guarded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        let before = self.unbroken.fetch_add(read as u64, Ordering::Relaxed);
        if before > LONGEST_RECORD_BYTES {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "a row has more than 16 MiB: is a quotation mark never closed?",
            ));
        }
        Ok(read)
    }
}
