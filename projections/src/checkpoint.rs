//! How far a projection has read the log. The row's lock orders those who
//! write a projection's tables: the projector, and a rebuild that swaps its
//! own in.

use sqlx::PgConnection;

use crate::{ProjectionError, ProjectionName};

/// What is known of a projection's tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stored {
    /// They are of this program's version, and stand at this position.
    Current(i64),
    /// They are of an older version.
    Older,
}

/// Finds the checkpoint, and makes it for a projection that has none.
pub(crate) async fn find(
    connection: &mut PgConnection,
    name: ProjectionName,
) -> Result<Stored, ProjectionError> {
    let known = name.version();
    let newest = sqlx::query!(
        "select version, position from checkpoints where name = $1 order by version desc limit 1",
        name.as_ref(),
    )
    .fetch_optional(&mut *connection)
    .await?;
    match newest {
        Some(row) if row.version == known => Ok(Stored::Current(row.position)),
        Some(row) if row.version < known => Ok(Stored::Older),
        Some(row) => Err(ProjectionError::NewerVersion {
            name,
            stored: row.version,
            known,
        }),
        None => {
            sqlx::query!(
                "insert into checkpoints (name, version, position) values ($1, $2, 0) on conflict do nothing",
                name.as_ref(),
                known,
            )
            .execute(connection)
            .await?;
            Ok(Stored::Current(0))
        }
    }
}

/// Locks the checkpoint until the transaction ends, and says where it stands.
pub(crate) async fn lock(
    connection: &mut PgConnection,
    name: ProjectionName,
) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        "select position from checkpoints where name = $1 and version = $2 for update",
        name.as_ref(),
        name.version(),
    )
    .fetch_one(connection)
    .await
}

/// Moves a checkpoint that is locked.
pub(crate) async fn advance(
    connection: &mut PgConnection,
    name: ProjectionName,
    position: i64,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update checkpoints set position = $3 where name = $1 and version = $2",
        name.as_ref(),
        name.version(),
        position,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Where the tables stand that are served now, whatever their version.
pub(crate) async fn served(
    connection: &mut PgConnection,
    name: ProjectionName,
) -> Result<Option<i64>, sqlx::Error> {
    sqlx::query_scalar!(
        "select position from checkpoints where name = $1 order by version desc limit 1",
        name.as_ref(),
    )
    .fetch_optional(connection)
    .await
}
