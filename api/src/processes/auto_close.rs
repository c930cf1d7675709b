//! Closes resolved incidents that nobody confirmed or rejected in time
//! (INC-29). What follows from what is decided in
//! [`domain::policies::auto_close`].

use cqrs_es::Aggregate;
use domain::incident::Incident;
use domain::policies::{TimerChange, auto_close};
use projections::Decoded;
use projections::timer::Timer;
use uuid::Uuid;

use super::runner::{Process, envelope, of_incident};
use crate::commands::{CommandError, execute};
use crate::desk::{Desk, Keeps};

/// Closes what nobody has answered.
pub(super) struct AutoClose;

impl Process for AutoClose {
    const NAME: &'static str = "auto_close";
    const VERSION: i32 = 1;
    const ACTOR: &'static str = "docket:auto-close";
    const RULE: &'static str = auto_close::RULE;
    const FOLLOWS: (&'static str, &'static [&'static str]) = (Incident::TYPE, auto_close::EVENTS);

    fn on_event(event: &Decoded) -> Vec<(Uuid, TimerChange)> {
        of_incident(event, auto_close::on_event)
    }

    /// The effective time is when the window ended, or when the review was
    /// completed that the closing waited for, however late that is noticed.
    async fn act(desk: &Desk, timer: &Timer) -> Result<(), CommandError> {
        let envelope = envelope::<Self>(timer, "close", timer.due_at)?;
        let closed = execute::<Incident>(desk, timer.key, &auto_close::on_due(), &envelope).await;
        // Most likely nobody asks for it again.
        Keeps::<Incident>::store(desk).forget(timer.key);
        closed.map(drop)
    }
}
