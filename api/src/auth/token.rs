//! Bearer tokens: 32 random bytes, shown once, known afterwards by their
//! SHA-256 alone.

use std::fmt::Write;

use chrono::{DateTime, Utc};
use domain::ids::{PersonId, TokenId};
use domain::organisation::{ApiToken, TokenCommand};
use domain::{Actor, Role};
use event_store::StoreError;
use rand::RngCore;
use sha2::{Digest, Sha256};

use crate::commands::{CommandError, Envelope, Outcome, execute};
use crate::desk::Desk;
use crate::directory::TokenEntry;

/// What a secret begins with, so that scanners of files recognise one.
const PREFIX: &str = "docket_";

/// A token that has just been made.
#[derive(Debug)]
pub struct IssuedToken {
    /// Which token, to revoke it by.
    pub id: TokenId,
    /// The secret, shown this once.
    pub secret: String,
    /// What became of the command.
    pub outcome: Outcome,
}

/// Makes a token. The envelope says who makes it.
pub async fn issue_token(
    desk: &Desk,
    name: PersonId,
    role: Role,
    expires_at: Option<DateTime<Utc>>,
    envelope: &Envelope,
) -> Result<IssuedToken, CommandError> {
    let mut bytes = [0_u8; 32];
    rand::rng().fill_bytes(&mut bytes);
    let secret = format!("{PREFIX}{}", hexadecimal(&bytes));
    let id = TokenId(crate::clock::new_id());
    let command = TokenCommand::Issue {
        name,
        role,
        secret_sha256: hash(&secret),
        expires_at,
    };
    let outcome = execute::<ApiToken>(desk, id.0, &command, envelope).await?;
    Ok(IssuedToken {
        id,
        secret,
        outcome,
    })
}

/// Who acts with a secret; nobody if it is unknown or has ended.
pub async fn authenticate(desk: &Desk, secret: &str) -> Result<Option<Actor>, StoreError> {
    let token = find_token(desk, secret).await?;
    Ok(token.map(|token| desk.directory().actor(&token)))
}

/// The token with a secret; none if it is unknown or has ended.
pub async fn find_token(desk: &Desk, secret: &str) -> Result<Option<TokenEntry>, StoreError> {
    let hash = hash(secret);
    let directory = desk.directory();
    let known = directory.token(&hash, crate::clock::now());
    if known.is_some() || !secret.starts_with(PREFIX) {
        return Ok(known);
    }
    // It may have been made by another process a moment ago.
    directory.wait_for(desk.log().head().await?.position).await;
    Ok(directory.token(&hash, crate::clock::now()))
}

fn hash(secret: &str) -> String {
    hexadecimal(&Sha256::digest(secret.as_bytes()))
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}
