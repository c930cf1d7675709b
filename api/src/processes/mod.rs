//! Process managers: they follow the log and answer events with commands. Each
//! has its own checkpoint and lease, keeps its timers in an index, and derives
//! its command ids from events, so that a restart, a replay, a standstill or a
//! second replica changes nothing about what it does.

mod auto_close;
mod hold_end;
mod merging;
mod runner;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::desk::Desk;
use auto_close::AutoClose;
use hold_end::HoldEnd;
use merging::Merging;
use runner::run;

/// The process managers of this process.
pub struct Processes {
    stop: CancellationToken,
    running: Vec<JoinHandle<()>>,
}

impl Processes {
    /// Starts every process manager.
    pub fn start(desk: &Desk) -> Self {
        let stop = CancellationToken::new();
        let running = vec![
            tokio::spawn(run::<AutoClose>(desk.clone(), stop.clone())),
            tokio::spawn(run::<HoldEnd>(desk.clone(), stop.clone())),
            tokio::spawn(run::<Merging>(desk.clone(), stop.clone())),
        ];
        Self { stop, running }
    }

    /// Lets each finish the step that it is in.
    pub async fn stop(self) {
        self.stop.cancel();
        for process in self.running {
            // A panic of a process manager has been logged where it happened.
            let _ = process.await;
        }
    }
}
