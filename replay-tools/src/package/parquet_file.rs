//! The events as a Parquet file: the columns of the log, payload and envelope
//! as the canonical JSON that was hashed, and beside them what people group
//! and filter by. From the first twelve columns each leaf can be computed.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use event_store::{Metadata, RecordedEvent};
use parquet::basic::Compression;
use parquet::data_type::{ByteArray, ByteArrayType, DataType, Int32Type, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::record::{Row, RowAccessor};
use parquet::schema::parser::parse_message_type;
use uuid::Uuid;

const SCHEMA: &str = "
message event {
    required int64 position;
    required binary aggregate_type (string);
    required binary aggregate_id (string);
    required int64 sequence;
    required binary event_type (string);
    required binary event_version (string);
    required binary payload (string);
    required binary metadata (string);
    required binary command_id (string);
    required int32 command_index;
    optional binary request_hash (string);
    required int64 recorded_at (timestamp(micros, true));
    required int64 effective_at (timestamp(micros, true));
    required binary actor (string);
    optional binary role (string);
    optional binary channel (string);
    optional binary on_behalf_of (string);
    optional binary reason (string);
}";

/// Writes events, a group of rows at a time.
pub(crate) struct ParquetWriter {
    file: SerializedFileWriter<File>,
    rows: Vec<RecordedEvent>,
    bytes: usize,
}

impl ParquetWriter {
    const ROWS: usize = 50_000;
    const BYTES: usize = 64 << 20;

    pub(crate) fn create(path: &Path) -> anyhow::Result<Self> {
        let schema = Arc::new(parse_message_type(SCHEMA)?);
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .build();
        let file = File::create_new(path).with_context(|| format!("{}", path.display()))?;
        Ok(Self {
            file: SerializedFileWriter::new(file, schema, Arc::new(properties))?,
            rows: Vec::new(),
            bytes: 0,
        })
    }

    pub(crate) fn write(&mut self, event: RecordedEvent) -> anyhow::Result<()> {
        self.bytes += event.payload.len() + event.metadata.len();
        self.rows.push(event);
        if self.rows.len() >= Self::ROWS || self.bytes >= Self::BYTES {
            self.write_group()?;
        }
        Ok(())
    }

    pub(crate) fn finish(mut self) -> anyhow::Result<()> {
        self.write_group()?;
        self.file.close()?;
        Ok(())
    }

    fn write_group(&mut self) -> anyhow::Result<()> {
        let rows = std::mem::take(&mut self.rows);
        self.bytes = 0;
        if rows.is_empty() {
            return Ok(());
        }
        let metadata = rows
            .iter()
            .map(RecordedEvent::metadata)
            .collect::<Result<Vec<Metadata>, _>>()?;
        let mut group = self.file.next_row_group()?;
        let columns = &mut Columns(&mut group);
        columns.longs(rows.iter().map(|row| row.position))?;
        columns.texts(rows.iter().map(|row| row.aggregate_type.to_string()))?;
        columns.texts(rows.iter().map(|row| row.aggregate_id.to_string()))?;
        columns.longs(rows.iter().map(|row| row.sequence))?;
        columns.texts(rows.iter().map(|row| row.event_type.clone()))?;
        columns.texts(rows.iter().map(|row| row.event_version.clone()))?;
        columns.texts(rows.iter().map(|row| row.payload.to_string()))?;
        columns.texts(rows.iter().map(|row| row.metadata.to_string()))?;
        columns.texts(rows.iter().map(|row| row.command_id.to_string()))?;
        let indexes = rows.iter().map(|row| i32::from(row.command_index));
        columns.write::<Int32Type>(&indexes.collect::<Vec<_>>(), None)?;
        let hash = |row: &RecordedEvent| {
            let hash = row.request_hash.map(u128::from_be_bytes);
            hash.map(|hash| format!("{hash:032x}"))
        };
        columns.optional_texts(rows.iter().map(hash))?;
        columns.longs(rows.iter().map(|row| row.recorded_at.timestamp_micros()))?;
        columns.longs(metadata.iter().map(|it| it.effective_at.timestamp_micros()))?;
        columns.texts(metadata.iter().map(|it| it.actor.clone()))?;
        columns.optional_texts(metadata.iter().map(|it| it.role.clone()))?;
        columns.optional_texts(metadata.iter().map(|it| it.channel.clone()))?;
        columns.optional_texts(metadata.iter().map(|it| it.on_behalf_of.clone()))?;
        columns.optional_texts(metadata.iter().map(|it| it.reason.clone()))?;
        group.close()?;
        Ok(())
    }
}

/// The columns of a group of rows, in the order of the schema.
struct Columns<'a, 'w>(&'a mut SerializedRowGroupWriter<'w, File>);

impl Columns<'_, '_> {
    fn longs(&mut self, values: impl Iterator<Item = i64>) -> anyhow::Result<()> {
        self.write::<Int64Type>(&values.collect::<Vec<_>>(), None)
    }

    fn texts(&mut self, values: impl Iterator<Item = String>) -> anyhow::Result<()> {
        let values: Vec<ByteArray> = values.map(|text| text.into_bytes().into()).collect();
        self.write::<ByteArrayType>(&values, None)
    }

    fn optional_texts(
        &mut self,
        values: impl Iterator<Item = Option<String>>,
    ) -> anyhow::Result<()> {
        let values: Vec<Option<String>> = values.collect();
        let levels: Vec<i16> = values
            .iter()
            .map(|text| i16::from(text.is_some()))
            .collect();
        let there: Vec<ByteArray> = values
            .into_iter()
            .flatten()
            .map(|text| text.into_bytes().into())
            .collect();
        self.write::<ByteArrayType>(&there, Some(&levels))
    }

    fn write<T: DataType>(
        &mut self,
        values: &[T::T],
        levels: Option<&[i16]>,
    ) -> anyhow::Result<()> {
        let mut column = self
            .0
            .next_column()?
            .context("the schema has no such column")?;
        column.typed::<T>().write_batch(values, levels, None)?;
        column.close()?;
        Ok(())
    }
}

/// Reads the events back, row by row.
pub(crate) struct ParquetEvents {
    rows: parquet::record::reader::RowIter<'static>,
}

impl ParquetEvents {
    pub(crate) fn open(path: &Path) -> anyhow::Result<Self> {
        let file = File::open(path).with_context(|| format!("{}", path.display()))?;
        let reader = SerializedFileReader::new(file)
            .with_context(|| format!("{} is no Parquet file", path.display()))?;
        // Reads the footer, so that a file of another form is known at once.
        let _rows = reader.metadata().file_metadata().num_rows();
        Ok(Self {
            rows: reader.into_iter(),
        })
    }
}

impl Iterator for ParquetEvents {
    type Item = anyhow::Result<RecordedEvent>;

    fn next(&mut self) -> Option<Self::Item> {
        let row = self.rows.next()?;
        Some(row.map_err(Into::into).and_then(|row| event(&row)))
    }
}

fn event(row: &Row) -> anyhow::Result<RecordedEvent> {
    let id = |column| Uuid::try_parse(row.get_string(column)?).context("an id is none");
    let request_hash = match row.get_string(10) {
        Ok(text) => Some(request_hash(text).context("the hash of a request is none")?),
        Err(_) => None,
    };
    Ok(RecordedEvent {
        position: row.get_long(0)?,
        aggregate_type: Arc::from(row.get_string(1)?.as_str()),
        aggregate_id: id(2)?,
        sequence: row.get_long(3)?,
        event_type: row.get_string(4)?.clone(),
        event_version: row.get_string(5)?.clone(),
        payload: Box::from(row.get_string(6)?.as_str()),
        metadata: Box::from(row.get_string(7)?.as_str()),
        command_id: id(8)?,
        command_index: i16::try_from(row.get_int(9)?)?,
        request_hash,
        recorded_at: chrono::DateTime::from_timestamp_micros(row.get_timestamp_micros(11)?)
            .context("a time is none")?,
    })
}

fn request_hash(text: &str) -> Option<[u8; 16]> {
    u128::from_str_radix(text, 16)
        .ok()
        .filter(|_| text.len() == 32)
        .map(u128::to_be_bytes)
}
