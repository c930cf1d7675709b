//! The schema of a copy, and tables in it like the live ones.

use event_store::content_hash;
use sqlx::{Executor, PgConnection};

use crate::ProjectionName;

/// Whether the copy is to outlive a crash of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Persistence {
    /// It will take the place of the live tables.
    Logged,
    /// It is looked at once.
    Unlogged,
}

/// The schema in which a projection of a schema is built: PostgreSQL cuts
/// names off behind 63 bytes, and two must not become one by that.
pub(super) fn schema_beside(home: &str, name: ProjectionName) -> String {
    const LONGEST: usize = 63;
    let schema = format!("{home}_{}_aside", name.as_ref());
    if schema.len() <= LONGEST {
        return schema;
    }
    let hash = content_hash([schema.as_bytes()]);
    format!("docket_{:032x}_aside", u128::from_be_bytes(hash))
}

/// Has a connection find the tables of a copy first, and everything else where
/// it always is.
pub(super) async fn enter(
    connection: &mut PgConnection,
    schema: &str,
    home: &str,
) -> Result<(), sqlx::Error> {
    let path = format!("set search_path to {}, {}", quoted(schema), quoted(home));
    execute(connection, &path).await?;
    for setting in [
        "set maintenance_work_mem = '256MB'",
        "set max_parallel_maintenance_workers = 1",
    ] {
        execute(connection, setting).await?;
    }
    Ok(())
}

/// Makes a table like another one, with all that `like` leaves out.
pub(super) async fn copy_table(
    connection: &mut PgConnection,
    table: &str,
    home: &str,
    schema: &str,
    persistence: Persistence,
) -> Result<(), sqlx::Error> {
    let (from, to) = (
        format!("{}.{table}", quoted(home)),
        format!("{}.{table}", quoted(schema)),
    );
    let unlogged = match persistence {
        Persistence::Logged => "",
        Persistence::Unlogged => "unlogged ",
    };
    let create = format!("create {unlogged}table {to} (like {from} including all)");
    execute(connection, &create).await?;
    let rest: Vec<String> = sqlx::query_scalar(
        "
        select format('alter table %s set (%s)', $2, array_to_string(c.reloptions, ', '))
        from pg_class c
        where c.oid = $1::regclass and c.reloptions is not null
        union all
        select format('comment on table %s is %L', $2, obj_description($1::regclass, 'pg_class'))
        where obj_description($1::regclass, 'pg_class') is not null
        union all
        select format(
            'grant %s on %s to %s%s', a.privilege_type, $2,
            case when a.grantee = 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end,
            case when a.is_grantable then ' with grant option' else '' end
        )
        from pg_class c
        cross join lateral aclexplode(c.relacl) a
        where c.oid = $1::regclass and a.grantee <> c.relowner
        ",
    )
    .bind(&from)
    .bind(&to)
    .fetch_all(&mut *connection)
    .await?;
    for statement in rest {
        execute(connection, &statement).await?;
    }
    // What is filled once needs no cleaning, which would be in the way of the
    // swap.
    let uncleaned = format!("alter table {to} set (autovacuum_enabled = off)");
    execute(connection, &uncleaned).await
}

pub(super) async fn count(
    connection: &mut PgConnection,
    schema: &str,
    table: &str,
) -> Result<i64, sqlx::Error> {
    let statement = format!("select count(*) from {}.{table}", quoted(schema));
    sqlx::query_scalar(&statement).fetch_one(connection).await
}

pub(super) async fn execute(
    connection: &mut PgConnection,
    statement: &str,
) -> Result<(), sqlx::Error> {
    connection.execute(statement).await?;
    Ok(())
}

/// A name as SQL writes it.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
