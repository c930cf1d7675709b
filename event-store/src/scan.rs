//! The fastest way through the log: COPY in binary, decoded here.
//!
//! Used where everything is read from the start, to rebuild or to verify. A
//! task of its own reads ahead by a few chunks, so that decoding and what is
//! done with the events overlap, and memory stays bounded.

use std::collections::HashSet;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::{Stream, TryStreamExt, stream};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection, PgConnection};
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::reading::{aggregate_id, request_hash};
use crate::{RecordedEvent, StoreError};

/// How many events one COPY reads: each holds a snapshot while it runs, and
/// short ones do not keep the server from cleaning up.
const EVENTS_PER_COPY: i64 = 100_000;
const EVENTS_PER_CHUNK: usize = 1_024;
const BYTES_PER_CHUNK: usize = 1 << 20;
const CHUNKS_AHEAD: usize = 2;

type Chunk = Result<Vec<RecordedEvent>, StoreError>;

/// Reads positions `after + 1` to `upto`.
pub(crate) fn scan(
    options: Arc<PgConnectOptions>,
    after: i64,
    upto: i64,
) -> impl Stream<Item = Chunk> + Send + Unpin + 'static {
    reading_ahead(async move |sender| by_position(&options, after.max(0), upto, sender).await)
}

/// Reads positions 1 to `upto` stream by stream: all events of an aggregate in
/// the order of their sequence, then those of the next.
pub(crate) fn scan_streams(
    options: Arc<PgConnectOptions>,
    upto: i64,
) -> impl Stream<Item = Chunk> + Send + Unpin + 'static {
    reading_ahead(async move |sender| by_stream(&options, upto, sender).await)
}

/// Runs a reader as a task of its own and hands on what it sends.
fn reading_ahead<F, R>(read: F) -> impl Stream<Item = Chunk> + Send + Unpin + 'static
where
    F: FnOnce(mpsc::Sender<Chunk>) -> R + Send + 'static,
    R: Future<Output = Result<(), StoreError>> + Send,
{
    let (sender, receiver) = mpsc::channel(CHUNKS_AHEAD);
    tokio::spawn(async move {
        if let Err(error) = read(sender.clone()).await {
            let _gone = sender.send(Err(error)).await;
        }
    });
    Box::pin(stream::unfold(receiver, |mut receiver| async move {
        receiver.recv().await.map(|chunk| (chunk, receiver))
    }))
}

/// The columns of an event, in the order in which [`Decoder`] takes them.
const COLUMNS: &str = "position, aggregate_type, aggregate_id, sequence, event_type, \
    event_version, payload, metadata, command_id, command_index, request_hash, recorded_at";

async fn by_position(
    options: &PgConnectOptions,
    after: i64,
    upto: i64,
    sender: mpsc::Sender<Chunk>,
) -> Result<(), StoreError> {
    // A connection of its own: dropped in the middle it is closed, where one
    // of a pool would have to be read to its end first.
    let mut connection = options.connect().await?;
    let mut decoder = Decoder::default();
    let mut start = after;
    loop {
        // COPY takes no parameters; these are integers.
        let statement = format!(
            "copy (select {COLUMNS} from events where position > {start} and position <= {upto} \
             order by position limit {EVENTS_PER_COPY}) to stdout (format binary)"
        );
        let copied = copy(&mut connection, &mut decoder, &statement, start, &sender).await?;
        let Some(last) = copied.last.filter(|_| copied.events == EVENTS_PER_COPY) else {
            break;
        };
        start = last.position;
    }
    connection.close().await?;
    Ok(())
}

async fn by_stream(
    options: &PgConnectOptions,
    upto: i64,
    sender: mpsc::Sender<Chunk>,
) -> Result<(), StoreError> {
    let mut connection = options.connect().await?;
    let mut decoder = Decoder::default();
    let mut from = String::new();
    loop {
        let statement = format!(
            "copy (select {COLUMNS} from events where position <= {upto} {from} \
             order by aggregate_type, aggregate_id, sequence limit {EVENTS_PER_COPY}) \
             to stdout (format binary)"
        );
        let copied = copy(&mut connection, &mut decoder, &statement, 0, &sender).await?;
        let Some(last) = copied.last.filter(|_| copied.events == EVENTS_PER_COPY) else {
            break;
        };
        // COPY takes no parameters; the name is the only text that somebody
        // could have chosen.
        from = format!(
            "and (aggregate_type, aggregate_id, sequence) > ('{}', '{}', {})",
            last.aggregate_type.replace('\'', "''"),
            last.aggregate_id,
            last.sequence,
        );
    }
    connection.close().await?;
    Ok(())
}

/// How far one COPY has come.
struct Copied {
    events: i64,
    /// The last event that was handed on; nothing if there was none, or if
    /// the reader has gone away.
    last: Option<Place>,
}

/// Where an event stands.
struct Place {
    position: i64,
    aggregate_type: Arc<str>,
    aggregate_id: Uuid,
    sequence: i64,
}

/// Runs one COPY and hands on its events.
async fn copy(
    connection: &mut PgConnection,
    decoder: &mut Decoder,
    statement: &str,
    after: i64,
    sender: &mpsc::Sender<Chunk>,
) -> Result<Copied, StoreError> {
    const GONE: Copied = Copied {
        events: 0,
        last: None,
    };
    let mut messages = connection.copy_out_raw(statement).await?;
    let mut chunk = Vec::with_capacity(EVENTS_PER_CHUNK);
    let mut bytes = 0;
    let mut copied = GONE;
    let mut first = true;
    let mut known = after;
    let mut unreadable = None;
    while let Some(message) = messages.try_next().await? {
        let mut row = Fields(&message);
        if std::mem::take(&mut first) {
            row.skip_header(known)?;
        }
        let event = match decoder.event(row, known) {
            Ok(Some(event)) => event,
            Ok(None) => continue,
            Err(error) => {
                // What stands before it is handed on first.
                unreadable = Some(error);
                break;
            }
        };
        known = event.position;
        bytes += message.len();
        copied.events += 1;
        chunk.push(event);
        if chunk.len() >= EVENTS_PER_CHUNK || bytes >= BYTES_PER_CHUNK {
            bytes = 0;
            let full = std::mem::replace(&mut chunk, Vec::with_capacity(EVENTS_PER_CHUNK));
            copied.last = full.last().map(Place::of);
            if sender.send(Ok(full)).await.is_err() {
                return Ok(GONE);
            }
        }
    }
    if !chunk.is_empty() {
        copied.last = chunk.last().map(Place::of);
        if sender.send(Ok(chunk)).await.is_err() {
            return Ok(GONE);
        }
    }
    match unreadable {
        Some(error) => Err(error),
        None => Ok(copied),
    }
}

impl Place {
    fn of(event: &RecordedEvent) -> Self {
        Self {
            position: event.position,
            aggregate_type: Arc::clone(&event.aggregate_type),
            aggregate_id: event.aggregate_id,
            sequence: event.sequence,
        }
    }
}

/// Turns rows into events; the few names of aggregates are kept once.
#[derive(Default)]
struct Decoder {
    aggregate_types: HashSet<Arc<str>>,
}

impl Decoder {
    /// The event of a row, or nothing at the end of the data.
    fn event(
        &mut self,
        mut row: Fields<'_>,
        last: i64,
    ) -> Result<Option<RecordedEvent>, StoreError> {
        let columns = i16::from_be_bytes(row.array().ok_or_else(|| malformed(last))?);
        if columns == -1 {
            return Ok(None);
        }
        self.fields(&mut row)
            .ok_or_else(|| malformed(last))?
            .map(Some)
    }

    fn fields(&mut self, row: &mut Fields<'_>) -> Option<Result<RecordedEvent, StoreError>> {
        let position = i64::from_be_bytes(row.fixed()?);
        let aggregate_type = self.aggregate_type(row.text()?);
        let aggregate_id = match aggregate_id(position, row.text()?) {
            Ok(id) => id,
            Err(error) => return Some(Err(error)),
        };
        Some(Ok(RecordedEvent {
            position,
            aggregate_type,
            aggregate_id,
            sequence: i64::from_be_bytes(row.fixed()?),
            event_type: row.text()?.to_owned(),
            event_version: row.text()?.to_owned(),
            payload: Box::from(row.text()?),
            metadata: Box::from(row.text()?),
            command_id: Uuid::from_bytes(row.fixed()?),
            command_index: i16::from_be_bytes(row.fixed()?),
            request_hash: match row.nullable()? {
                Field::Null => None,
                Field::Value(bytes) => match request_hash(position, bytes) {
                    Ok(hash) => Some(hash),
                    Err(error) => return Some(Err(error)),
                },
            },
            recorded_at: moment(i64::from_be_bytes(row.fixed()?))?,
        }))
    }

    fn aggregate_type(&mut self, name: &str) -> Arc<str> {
        if let Some(known) = self.aggregate_types.get(name) {
            return Arc::clone(known);
        }
        let name: Arc<str> = Arc::from(name);
        self.aggregate_types.insert(Arc::clone(&name));
        name
    }
}

fn malformed(last: i64) -> StoreError {
    StoreError::Corrupt {
        position: last + 1,
        problem: "the server sent a row of another form".to_owned(),
    }
}

/// PostgreSQL counts microseconds from the year 2000.
fn moment(microseconds: i64) -> Option<DateTime<Utc>> {
    const EPOCH: DateTime<Utc> =
        DateTime::from_timestamp(946_684_800, 0).expect("the year 2000 exists");
    EPOCH.checked_add_signed(TimeDelta::microseconds(microseconds))
}

/// A field that may be null.
enum Field<'a> {
    Null,
    Value(&'a [u8]),
}

/// What is left of a message in the binary format of COPY.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    const SIGNATURE: &'static [u8] = b"PGCOPY\n\xff\r\n\0";

    /// The first message opens with a signature, flags, and an extension.
    fn skip_header(&mut self, last: i64) -> Result<(), StoreError> {
        let mut header = || {
            let signature = self.take(Self::SIGNATURE.len())?;
            self.take(4)?;
            let extension = u32::from_be_bytes(self.array()?);
            self.take(usize::try_from(extension).ok()?)?;
            (signature == Self::SIGNATURE).then_some(())
        };
        header().ok_or_else(|| malformed(last))
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn field(&mut self) -> Option<&'a [u8]> {
        let length = i32::from_be_bytes(self.array()?);
        self.take(usize::try_from(length).ok()?)
    }

    /// A field that may be null, which has a length of -1.
    fn nullable(&mut self) -> Option<Field<'a>> {
        let length = i32::from_be_bytes(self.array()?);
        if length == -1 {
            return Some(Field::Null);
        }
        self.take(usize::try_from(length).ok()?).map(Field::Value)
    }

    fn fixed<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.field()?.try_into().ok()
    }

    fn text(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.field()?).ok()
    }
}
