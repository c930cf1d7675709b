//! What a server needs that has just been started: a role, a database, and the
//! settings that depend on how it was built.

use sqlx::{Connection, Executor, PgConnection};

use super::server::NAME;
use crate::StoreError;

/// Makes the role and the database, where the cluster is new.
pub(super) async fn prepare_database(mut connection: PgConnection) -> Result<(), StoreError> {
    let role = sqlx::query_scalar!(
        r#"select exists (select from pg_roles where rolname = $1) as "exists!""#,
        NAME
    );
    if !role.fetch_one(&mut connection).await? {
        // May make roles, so that the first migration can make the service's.
        connection
            .execute("create role docket login createrole")
            .await?;
    }
    let database = sqlx::query_scalar!(
        r#"select exists (select from pg_database where datname = $1) as "exists!""#,
        NAME
    );
    if !database.fetch_one(&mut connection).await? {
        connection
            .execute("create database docket owner docket")
            .await?;
    }
    compress_wal(&mut connection).await?;
    connection.close().await?;
    Ok(())
}

/// Has pages that go into the write-ahead log compressed, in the way that
/// takes the least time of those that this server was built with.
async fn compress_wal(connection: &mut PgConnection) -> Result<(), StoreError> {
    let method = sqlx::query_scalar!(
        r#"
        select case when enumvals @> '{lz4}' then 'lz4' else 'on' end as "method!"
        from pg_settings
        where name = 'wal_compression' and setting = 'off'
        "#
    )
    .fetch_optional(&mut *connection)
    .await?;
    if let Some(method) = method {
        let set = format!("alter system set wal_compression = {method}");
        connection.execute(&*set).await?;
        connection.execute("select pg_reload_conf()").await?;
    }
    Ok(())
}
