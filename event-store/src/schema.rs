//! The database's schema: bringing it up to date, and refusing one that is not.

use std::collections::HashMap;

use sqlx::migrate::{Migrate, Migrator};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection};

use crate::StoreError;

/// All migrations of the project: the log's and the read models'.
pub static MIGRATOR: Migrator = sqlx::migrate!("../migrations");

/// Applies the migrations that the database lacks, as the owner of the log.
/// Of several processes that do so at once, one works and the others wait.
pub async fn migrate(options: &PgConnectOptions) -> Result<(), StoreError> {
    let mut connection = options.connect().await?;
    MIGRATOR.run_direct(&mut connection).await?;
    connection.close().await?;
    Ok(())
}

/// Refuses a database whose schema is not the one that this program was built
/// for.
pub(crate) async fn check(options: &PgConnectOptions) -> Result<(), StoreError> {
    let mut connection = options.connect().await?;
    let known =
        sqlx::query_scalar!(r#"select to_regclass('_sqlx_migrations') is not null as "known!""#)
            .fetch_one(&mut connection)
            .await?;
    let applied = if known {
        connection.list_applied_migrations().await?
    } else {
        Vec::new()
    };
    connection.close().await?;

    let mut ours: HashMap<i64, &[u8]> = MIGRATOR
        .iter()
        .map(|migration| (migration.version, &*migration.checksum))
        .collect();
    for migration in applied {
        match ours.remove(&migration.version) {
            None => {
                return Err(StoreError::SchemaAhead {
                    version: migration.version,
                });
            }
            Some(checksum) if *checksum != *migration.checksum => {
                return Err(StoreError::SchemaDiffers {
                    version: migration.version,
                });
            }
            Some(_) => {}
        }
    }
    match ours.len() {
        0 => Ok(()),
        missing => Err(StoreError::SchemaBehind { missing }),
    }
}
