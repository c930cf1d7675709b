//! Of several replicas, one does it: a lease is an advisory lock of a database
//! session, and ends with the session, however that ends.

use std::ops::{Deref, DerefMut};

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection, PgConnection};

use crate::content_hash;

/// The right to be the only one, and the connection on which it is held. All
/// that must not outlive the right is written through this connection.
#[derive(Debug)]
pub struct Lease {
    connection: PgConnection,
}

impl Lease {
    /// Gives the right back: when this returns, the next one can have it.
    pub async fn release(mut self) {
        // The server ends the session in any case, and the right with it.
        let _unlocked = sqlx::query!("select pg_advisory_unlock_all()")
            .execute(&mut self.connection)
            .await;
        let _closed = self.connection.close().await;
    }
}

impl Deref for Lease {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.connection
    }
}

impl DerefMut for Lease {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.connection
    }
}

/// Waits until nobody else has the lease of this name in the current schema,
/// and takes it. Dropping the future gives up.
///
/// The connection has no time limits and does not wait for its commits to
/// reach the disk: what is written under a lease stands in one transaction
/// with its checkpoint, and is made again after a crash of the server.
pub async fn lease(options: &PgConnectOptions, name: &str) -> Result<Lease, sqlx::Error> {
    let mut connection = open(options, name).await?;
    while !wait_for(&mut connection, name).await? {}
    Ok(Lease { connection })
}

/// Takes the lease if nobody has it.
pub async fn try_lease(
    options: &PgConnectOptions,
    name: &str,
) -> Result<Option<Lease>, sqlx::Error> {
    let mut connection = open(options, name).await?;
    let key = lock_key(&mut connection, name).await?;
    let is_ours = sqlx::query_scalar!(r#"select pg_try_advisory_lock($1) as "is_ours!""#, key)
        .fetch_one(&mut connection)
        .await?;
    if is_ours {
        return Ok(Some(Lease { connection }));
    }
    connection.close().await?;
    Ok(None)
}

/// Opens a connection for long work in small transactions.
async fn open(options: &PgConnectOptions, name: &str) -> Result<PgConnection, sqlx::Error> {
    let mut connection = options
        .clone()
        .application_name(&format!("docket {name}"))
        .connect()
        .await?;
    // Rows are found by their keys; a plan made on the day when a table was
    // empty must not stay.
    for setting in [
        "set statement_timeout = 0",
        "set synchronous_commit = off",
        "set enable_seqscan = off",
        "set jit = off",
    ] {
        sqlx::query(setting).execute(&mut connection).await?;
    }
    Ok(connection)
}

/// Waits for the lock for a while. A statement that waits keeps the server
/// from cleaning up what has been deleted since it began, so it must not wait
/// for the whole life of another replica.
async fn wait_for(connection: &mut PgConnection, name: &str) -> Result<bool, sqlx::Error> {
    const LOCK_NOT_AVAILABLE: &str = "55P03";
    let key = lock_key(connection, name).await?;
    sqlx::query("set lock_timeout = '1s'")
        .execute(&mut *connection)
        .await?;
    let waited = sqlx::query!("select pg_advisory_lock($1)", key)
        .execute(&mut *connection)
        .await;
    sqlx::query("set lock_timeout = 0")
        .execute(&mut *connection)
        .await?;
    match waited {
        Ok(_) => Ok(true),
        Err(sqlx::Error::Database(error))
            if error.code().as_deref() == Some(LOCK_NOT_AVAILABLE) =>
        {
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

/// The lock's number, from the schema and the name: advisory locks are one set
/// for the whole database, and each tenant has a schema.
pub(crate) async fn lock_key(
    connection: &mut PgConnection,
    name: &str,
) -> Result<i64, sqlx::Error> {
    let schema = sqlx::query_scalar!(r#"select current_schema()::text as "schema!""#)
        .fetch_one(connection)
        .await?;
    let hash = content_hash([
        b"docket lease".as_slice(),
        schema.as_bytes(),
        name.as_bytes(),
    ]);
    let mut number = [0; 8];
    number.copy_from_slice(&hash[..8]);
    Ok(i64::from_be_bytes(number))
}
