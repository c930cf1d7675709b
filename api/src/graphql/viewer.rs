//! Who is asking.

use async_graphql::{Context, Error, Result};
use domain::{Actor, Role};
use tokio::time::Instant;

use crate::auth::policy::{Action, permits};
use crate::desk::Desk;
use crate::directory::{Directory, TokenEntry};
use crate::error::{code, coded};

/// The one who sent the request: a token, and whoever acts with it. The right
/// is looked at anew whenever it is asked for, since a request can take long
/// and a subscription has no end.
#[derive(Clone)]
pub struct Viewer {
    token: TokenEntry,
    directory: Directory,
    /// When the time of the request is over, where it has an end.
    until: Option<Instant>,
}

impl Viewer {
    /// The one who has shown a token of a desk.
    pub fn new(desk: &Desk, token: TokenEntry) -> Self {
        Self {
            token,
            directory: desk.directory().clone(),
            until: None,
        }
    }

    /// The same for a request that is over at some time: from then on nothing
    /// more of it is begun.
    pub(crate) fn until(self, over_at: Instant) -> Self {
        Self {
            until: Some(over_at),
            ..self
        }
    }

    /// The one who acts, with the teams that they are in now.
    pub(crate) fn actor(&self) -> Actor {
        self.directory.actor(&self.token)
    }

    pub(crate) fn role(&self) -> Role {
        self.token.role
    }

    /// The name that stands in the log when they act.
    pub(crate) fn name(&self) -> &str {
        self.token.name.as_str()
    }

    /// Whose items they may see: a requester their own, the others all.
    pub(crate) fn sees_only(&self) -> Option<&str> {
        (self.role() == Role::Requester).then(|| self.name())
    }

    /// Whether they may read what the desk says among itself.
    pub(crate) fn sees_internal(&self) -> bool {
        permits(self.role(), Action::ReadInternal)
    }

    /// Whether the token has neither ended nor been revoked.
    pub(crate) fn may_act(&self) -> bool {
        self.directory.holds(&self.token, crate::clock::now())
    }

    /// Returns when the token has ended or was revoked.
    pub(crate) async fn lost(&self) {
        let mut changes = self.directory.changes();
        while self.may_act() {
            tokio::select! {
                told = changes.changed() => if told.is_err() {
                    // The desk is closing, and tells of no more changes.
                    std::future::pending::<()>().await;
                },
                () = self.token.ended() => {}
            }
        }
    }
}

/// The one who asks, if their role may do this at all.
pub(crate) fn authorised<'c>(ctx: &Context<'c>, action: Action) -> Result<&'c Viewer> {
    let viewer = ctx
        .data_opt::<Viewer>()
        .ok_or_else(|| coded(code::UNAUTHENTICATED, "a valid token is needed"))?;
    if !viewer.may_act() {
        return Err(coded(
            code::UNAUTHENTICATED,
            "this token has ended or was revoked",
        ));
    }
    if viewer
        .until
        .is_some_and(|over_at| over_at <= Instant::now())
    {
        return Err(coded(code::TIMEOUT, "the time of the request is over"));
    }
    if permits(viewer.role(), action) {
        Ok(viewer)
    } else {
        Err(forbidden(viewer.role()))
    }
}

fn forbidden(role: Role) -> Error {
    coded(
        code::FORBIDDEN,
        format!("the role {} may not do this", role.as_ref().to_lowercase()),
    )
}

/// The desk.
pub(crate) fn desk<'c>(ctx: &Context<'c>) -> Result<&'c Desk> {
    ctx.data::<Desk>()
}
