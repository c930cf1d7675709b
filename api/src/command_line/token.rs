//! `docket token`.

use std::io::Write;
use std::str::FromStr;

use anyhow::{Context, bail};
use chrono::Duration;
use domain::ids::PersonId;
use domain::organisation::{ApiToken, TokenCommand};
use domain::{Actor, Channel, Role};
use strum::IntoEnumIterator;

use super::DatabaseArgs;
use crate::auth;
use crate::commands::{Envelope, execute};
use crate::desk::Desk;

/// Makes a token and prints it alone.
pub(super) async fn create(
    database: &DatabaseArgs,
    name: &str,
    role: &str,
    expires_in_days: Option<u16>,
) -> anyhow::Result<()> {
    let name = PersonId::new(name).context("--name")?;
    let Ok(role) = Role::from_str(role) else {
        let roles: Vec<_> = Role::iter()
            .map(|role| role.as_ref().to_lowercase())
            .collect();
        bail!(
            "--role {role}: there is no such role; the roles are {}",
            roles.join(", ")
        );
    };
    let desk = database.open().await?;
    let secret = issue(&desk, name, role, expires_in_days).await;
    desk.close().await;
    writeln!(std::io::stdout(), "{}", secret?)?;
    Ok(())
}

/// Makes a token as the command line, and returns its secret.
pub(crate) async fn issue(
    desk: &Desk,
    name: PersonId,
    role: Role,
    expires_in_days: Option<u16>,
) -> anyhow::Result<String> {
    let envelope = envelope()?;
    let expires_at =
        expires_in_days.map(|days| envelope.effective_at + Duration::days(i64::from(days)));
    let token = auth::issue_token(desk, name, role, expires_at, &envelope).await?;
    Ok(token.secret)
}

/// Ends a token.
pub(super) async fn revoke(database: &DatabaseArgs, secret: &str) -> anyhow::Result<()> {
    let desk = database.open().await?;
    let result = revoke_on(&desk, secret).await;
    desk.close().await;
    result
}

async fn revoke_on(desk: &Desk, secret: &str) -> anyhow::Result<()> {
    let Some(token) = auth::find_token(desk, secret).await? else {
        bail!("this token is unknown, has ended or was revoked");
    };
    execute::<ApiToken>(desk, token.id.0, &TokenCommand::Revoke, &envelope()?).await?;
    Ok(())
}

fn envelope() -> anyhow::Result<Envelope> {
    let actor = Actor {
        id: PersonId::new("docket:command-line")?,
        role: Role::Administrator,
        teams: Vec::new(),
    };
    Ok(Envelope::new(actor, Channel::Cli, crate::clock::now()))
}
