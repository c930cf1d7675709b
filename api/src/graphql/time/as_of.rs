//! When a question is about.

use async_graphql::{Context, Enum, OneofObject, Result};
use chrono::{DateTime, Duration, Utc};
use event_store::Filter;
use projections::{AsOf, Decoded};

use crate::desk::Desk;
use crate::error::{at_field, code, of_store};
use crate::graphql::scalars::Long;
use crate::graphql::viewer::desk;

/// How far a client's clock may run ahead of the desk's.
const CLOCK_TOLERANCE: Duration = Duration::seconds(5);

/// A point in the history of the desk.
#[derive(OneofObject, Debug, Clone, Copy)]
pub(crate) enum AsOfInput {
    /// A moment.
    At(DateTime<Utc>),
    /// A position of the log, that event included.
    Position(Long),
}

/// Which of an event's two times counts.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Basis {
    /// When the desk recorded it: what was known.
    #[default]
    Recorded,
    /// When it was so in the world: what was so.
    Effective,
}

/// A point in the history of the desk, found in the log.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Then {
    /// Which of an event's two times counts.
    pub(crate) basis: Basis,
    /// The last position that counts. On the effective basis, a moment takes
    /// in whatever is known by now.
    pub(crate) position: i64,
    /// The moment that is shown.
    pub(crate) at: DateTime<Utc>,
    /// Up to when what happened counts, by when it was so in the world.
    until: Option<DateTime<Utc>>,
}

impl Then {
    /// The point as the read models know it.
    pub(crate) fn as_of(&self) -> AsOf {
        AsOf::Position(self.position)
    }

    /// The steps that count, in the order in which they do.
    pub(crate) fn cut(&self, mut steps: Vec<Decoded>) -> Vec<Decoded> {
        steps.retain(|step| step.recorded.position <= self.position);
        if self.basis == Basis::Effective {
            if let Some(until) = self.until {
                steps.retain(|step| step.metadata.effective_at <= until);
            }
            // Equal times keep the order in which they were recorded.
            steps.sort_by_key(|step| (step.metadata.effective_at, step.recorded.position));
        }
        steps
    }
}

/// The point that an argument means, if there is one. Nothing is known of the
/// future, neither of its moments nor of its positions.
pub(crate) async fn then(
    ctx: &Context<'_>,
    as_of: Option<AsOfInput>,
    basis: Basis,
) -> Result<Option<Then>> {
    match as_of {
        Some(as_of) => Then::find(desk(ctx)?, as_of, basis, "asOf").await.map(Some),
        None => Ok(None),
    }
}

/// The same for what is asked only as it was known.
pub(crate) async fn recorded(ctx: &Context<'_>, as_of: Option<AsOfInput>) -> Result<Option<Then>> {
    then(ctx, as_of, Basis::Recorded).await
}

impl Then {
    pub(super) async fn find(
        desk: &Desk,
        as_of: AsOfInput,
        basis: Basis,
        field: &str,
    ) -> Result<Self> {
        match as_of {
            AsOfInput::At(at) if at > crate::clock::now() + CLOCK_TOLERANCE => Err(at_field(
                code::INPUT_INVALID,
                format!("{field} lies in the future"),
                field,
            )),
            AsOfInput::At(at) => Self::at(desk, at, basis).await,
            AsOfInput::Position(Long(position)) if position < 0 => Err(at_field(
                code::INPUT_INVALID,
                format!("{field} is no position of the log"),
                field,
            )),
            AsOfInput::Position(Long(position)) => {
                Self::at_position(desk, position, basis, field).await
            }
        }
    }

    async fn at(desk: &Desk, at: DateTime<Utc>, basis: Basis) -> Result<Self> {
        let position = match basis {
            Basis::Recorded => desk.log().position_at(at).await,
            Basis::Effective => desk.log().head().await.map(|head| head.position),
        };
        Ok(Self {
            basis,
            position: position.map_err(|error| of_store(&error))?,
            at,
            until: Some(at),
        })
    }

    async fn at_position(desk: &Desk, position: i64, basis: Basis, field: &str) -> Result<Self> {
        // Before the first event there was nothing.
        let mut at = DateTime::UNIX_EPOCH;
        if position > 0 {
            let event = desk.log().read(position - 1, 1, &Filter::default()).await;
            let event = event.map_err(|error| of_store(&error))?.pop();
            let event = event.ok_or_else(|| {
                at_field(
                    code::POSITION_NOT_REACHED,
                    format!("{field} is a position that the log has not reached"),
                    field,
                )
            })?;
            at = event.recorded_at;
        }
        Ok(Self {
            basis,
            position,
            at,
            until: None,
        })
    }
}
