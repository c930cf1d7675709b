//! A token as the schema shows it: whose name it acts under, what it may do and
//! how long. Neither its secret nor the secret's hash is shown.

use async_graphql::{Context, ID, Result, SimpleObject};
use chrono::{DateTime, Utc};
use domain::organisation::TokenEvent;
use projections::{Decoded, DeskEvent};
use serde_json::json;
use uuid::Uuid;

use crate::graphql::enums::Role;
use crate::graphql::ids::{self, Kind};
use crate::graphql::scalars::Long;
use crate::graphql::time::{Fields, Then, fields_of, steps};
use crate::graphql::viewer::desk;

/// 访问令牌: a token by which a program, or a person, acts at the desk. Its secret is
/// known to whoever was given it, and to nobody else.
#[derive(SimpleObject, Clone)]
pub(crate) struct ApiToken {
    /// Its global id.
    #[graphql(owned)]
    pub(crate) id: ID,
    /// The name that stands in the log when it acts.
    name: String,
    /// What it may do.
    role: Role,
    /// When it was issued, in the world.
    issued_at: DateTime<Utc>,
    /// When it ends by itself.
    expires_at: Option<DateTime<Utc>>,
    /// When it was revoked, in the world.
    revoked_at: Option<DateTime<Utc>>,
    /// The version of its stream, for `expectedVersion`.
    version: Long,
}

impl ApiToken {
    /// A token now or then.
    pub(crate) async fn find(
        ctx: &Context<'_>,
        id: Uuid,
        then: Option<Then>,
    ) -> Result<Option<Self>> {
        let mut token = None;
        for step in steps(desk(ctx)?, Kind::ApiToken, id, then.as_ref()).await? {
            Self::apply(&mut token, &step);
        }
        Ok(token)
    }

    /// Changes a token by one of its steps; its issue makes it.
    pub(crate) fn apply(token: &mut Option<Self>, step: &Decoded) {
        let DeskEvent::ApiToken(event) = &step.event else {
            return;
        };
        let at = step.metadata.effective_at;
        let version = Long(step.recorded.sequence);
        match (event, token) {
            (
                TokenEvent::TokenIssued {
                    name,
                    role,
                    expires_at,
                    secret_sha256: _,
                },
                token,
            ) => {
                *token = Some(Self {
                    id: ids::encode(Kind::ApiToken, step.recorded.aggregate_id),
                    name: name.to_string(),
                    role: (*role).into(),
                    issued_at: at,
                    expires_at: *expires_at,
                    revoked_at: None,
                    version,
                });
            }
            (TokenEvent::TokenRevoked {}, Some(token)) => {
                token.revoked_at = Some(at);
                token.version = version;
            }
            (TokenEvent::TokenRevoked {}, None) => {}
        }
    }

    /// Its fields, for what tells one state from another.
    pub(crate) fn fields(&self) -> Fields {
        fields_of(json!({
            "name": self.name,
            "role": domain::Role::from(self.role).as_ref(),
            "issuedAt": self.issued_at,
            "expiresAt": self.expires_at,
            "revokedAt": self.revoked_at,
        }))
    }
}
