//! Goes on with what was to wait until a time, when that time has come. What
//! follows from what is decided in [`domain::policies::hold_end`].

use cqrs_es::Aggregate;
use domain::incident::Incident;
use domain::policies::{TimerChange, hold_end};
use projections::Decoded;
use projections::timer::Timer;
use uuid::Uuid;

use super::runner::{Process, envelope, of_incident};
use crate::commands::{CommandError, execute};
use crate::desk::Desk;

/// Ends holds.
pub(super) struct HoldEnd;

impl Process for HoldEnd {
    const NAME: &'static str = "hold_end";
    const VERSION: i32 = 1;
    const ACTOR: &'static str = "docket:hold-end";
    const RULE: &'static str = hold_end::RULE;
    const FOLLOWS: (&'static str, &'static [&'static str]) = (Incident::TYPE, hold_end::EVENTS);

    fn on_event(event: &Decoded) -> Vec<(Uuid, TimerChange)> {
        of_incident(event, hold_end::on_event)
    }

    /// The effective time is the end of the hold, however late that is noticed.
    async fn act(desk: &Desk, timer: &Timer) -> Result<(), CommandError> {
        let envelope = envelope::<Self>(timer, "resume", timer.due_at)?;
        execute::<Incident>(desk, timer.key, &hold_end::on_due(), &envelope)
            .await
            .map(drop)
    }
}
