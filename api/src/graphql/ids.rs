//! Global ids (Relay): opaque to clients, the type and the identity inside.

use async_graphql::{Error, ID};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use strum::IntoEnumIterator;
use uuid::Uuid;

use crate::auth::policy::Action;
use crate::error::{at_field, code};

/// The kinds of objects that have a global id.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, strum::AsRefStr, strum::EnumString, strum::EnumIter,
)]
pub(crate) enum Kind {
    Incident,
    Team,
    ApiToken,
    PriorityMatrix,
    CategoryTree,
    SealKeys,
    LogExport,
}

impl Kind {
    /// What the log calls aggregates of this kind.
    pub(crate) fn aggregate_type(self) -> &'static str {
        match self {
            Self::Incident => "incident",
            Self::Team => "team",
            Self::ApiToken => "api_token",
            Self::PriorityMatrix => "priority_matrix",
            Self::CategoryTree => "category_tree",
            Self::SealKeys => "seal_keys",
            Self::LogExport => "log_export",
        }
    }

    /// What whoever sees an object of this kind must be allowed to read.
    pub(crate) fn read(self) -> Action {
        match self {
            Self::Incident => Action::ReadWorkItems,
            Self::Team | Self::PriorityMatrix | Self::CategoryTree => Action::ReadConfiguration,
            // They are facts about who may do what to the record, and about the
            // record itself, as the log shows them.
            Self::ApiToken | Self::SealKeys | Self::LogExport => Action::ReadLog,
        }
    }

    /// The kind that the log calls so; none for what has no global id.
    pub(crate) fn of_aggregate(aggregate_type: &str) -> Option<Self> {
        Self::iter().find(|kind| kind.aggregate_type() == aggregate_type)
    }
}

/// The global id of an object.
pub(crate) fn encode(kind: Kind, id: Uuid) -> ID {
    ID(URL_SAFE_NO_PAD.encode(format!("{}:{id}", kind.as_ref())))
}

/// What a global id stands for.
pub(crate) fn decode(id: &str, field: &str) -> Result<(Kind, Uuid), Error> {
    parse(id).ok_or_else(|| {
        at_field(
            code::ID_INVALID,
            format!("{field} is no id of this desk"),
            field,
        )
    })
}

/// The identity in a global id of this kind.
pub(crate) fn decode_as(kind: Kind, id: &str, field: &str) -> Result<Uuid, Error> {
    match decode(id, field)? {
        (found, id) if found == kind => Ok(id),
        (found, _) => Err(at_field(
            code::ID_INVALID,
            format!(
                "{field} must be the id of a {}, not of a {}",
                kind.as_ref(),
                found.as_ref()
            ),
            field,
        )),
    }
}

fn parse(id: &str) -> Option<(Kind, Uuid)> {
    let bytes = URL_SAFE_NO_PAD.decode(id).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (kind, id) = text.split_once(':')?;
    Some((kind.parse().ok()?, id.parse().ok()?))
}
