//! Who is asking.

use async_graphql::{Context, Error, Result};
use domain::{Actor, Role};

use crate::auth::policy::{Action, permits};
use crate::desk::Desk;
use crate::error::{code, coded};

/// The one who sent the request.
#[derive(Debug, Clone)]
pub struct Viewer(pub Actor);

impl Viewer {
    /// Whose items they may see: a requester their own, the others all.
    pub(crate) fn sees_only(&self) -> Option<&str> {
        (self.0.role == Role::Requester).then(|| self.0.id.as_str())
    }

    /// Whether they may read what the desk says among itself.
    pub(crate) fn sees_internal(&self) -> bool {
        permits(self.0.role, Action::ReadInternal)
    }
}

/// The one who asks, if their role may do this at all.
pub(crate) fn authorised<'c>(ctx: &Context<'c>, action: Action) -> Result<&'c Viewer> {
    let viewer = ctx
        .data_opt::<Viewer>()
        .ok_or_else(|| coded(code::UNAUTHENTICATED, "a valid token is needed"))?;
    if permits(viewer.0.role, action) {
        Ok(viewer)
    } else {
        Err(forbidden(viewer.0.role))
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
