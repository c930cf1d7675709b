//! The second pass. The rows of one incident go through one lane, in the order
//! of the file; the lanes work at the same time, so that the log commits many
//! rows together.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use domain::Channel;
use domain::ids::DESK_NAMESPACE;
use domain::incident::Incident;
use event_store::{AggregateStore, Loaded, Reservation};
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::importer::{IMPORTER, machine};
use super::mapping::{self, Teams};
use super::reader::Entry;
use super::row::{Row, RowRefused};
use crate::commands::{CommandError, Envelope, Outcome, command_id, execute_by};
use crate::desk::{Desk, Keeps};
use crate::import::{ImportError, Reconciliation};

/// How many incidents are worked on at the same time.
const LANES: usize = 256;

/// How many rows are on their way at most. A file often has the rows of an
/// incident one behind the other, and those of a long one must not keep the
/// others waiting.
const ROWS_ON_THEIR_WAY: usize = 4_096;

/// How many numbers are drawn at once.
const NUMBERS_TOGETHER: u32 = 64;

/// How often a commit without a clear answer is sent again. Its command id
/// makes that harmless.
const ATTEMPTS: usize = 3;

/// The rule by which the importer acts, and its version.
const RULE: &str = "servicenow-audit@1";

/// A row with the name that its command id comes from.
struct Job {
    row: Row,
    name: String,
}

impl Job {
    /// The incident that the row is of.
    fn incident(&self) -> Uuid {
        let name = format!("servicenow:incident:{}", self.row.number);
        Uuid::new_v5(&DESK_NAMESPACE, name.as_bytes())
    }
}

/// A row on its way through a lane.
type Passed = (Job, OwnedSemaphorePermit);

/// The lanes of an import.
pub(super) struct Lanes {
    desk: Desk,
    entrances: Vec<mpsc::UnboundedSender<Passed>>,
    room: Arc<Semaphore>,
    running: JoinSet<Result<Reconciliation, ImportError>>,
    occurrences: Occurrences,
}

impl Lanes {
    /// Opens the lanes.
    pub(super) fn open(desk: &Desk, teams: Teams) -> Self {
        let teams = Arc::new(teams);
        let numbers = Arc::new(Numbers::default());
        let mut running = JoinSet::new();
        let entrances = (0..LANES).map(|_| {
            let (sender, jobs) = mpsc::unbounded_channel();
            let lane = Lane {
                desk: desk.clone(),
                teams: Arc::clone(&teams),
                numbers: Arc::clone(&numbers),
                account: Reconciliation::default(),
            };
            running.spawn(lane.run(jobs));
            sender
        });
        let entrances = entrances.collect();
        Self {
            desk: desk.clone(),
            entrances,
            room: Arc::new(Semaphore::new(ROWS_ON_THEIR_WAY)),
            running,
            occurrences: Occurrences::default(),
        }
    }

    /// Passes rows on to their lanes. Those that the log has already, and
    /// those that are none, end here.
    pub(super) async fn pass(
        &mut self,
        entries: Vec<Entry>,
        account: &mut Reconciliation,
    ) -> Result<(), ImportError> {
        let mut jobs = Vec::with_capacity(entries.len());
        for entry in entries {
            match entry {
                Entry::Row(row) => {
                    let name = self.occurrences.name(&row);
                    jobs.push((command_id(&name), Job { row, name }));
                }
                Entry::Refused { line, reason } => account.refuse(line, reason.0),
                Entry::InDoubt(doubtful) => account.doubt(doubtful),
            }
        }
        let ids: Vec<Uuid> = jobs.iter().map(|(id, _)| *id).collect();
        let known: HashSet<Uuid> = self.desk.log().find_commands(&ids).await?;
        let before = jobs.len();
        jobs.retain(|(id, _)| !known.contains(id));
        account.already_imported += (before - jobs.len()) as u64;
        let incidents: Vec<Uuid> = jobs.iter().map(|(_, job)| job.incident()).collect();
        let store: &AggregateStore<Incident> = self.desk.store();
        store.load_ahead(&incidents).await?;
        for (_, job) in jobs {
            let lane = lane_of(job.row.number.as_str());
            let room = Arc::clone(&self.room).acquire_owned().await;
            let sent = room.is_ok_and(|room| self.entrances[lane].send((job, room)).is_ok());
            if !sent {
                // The lane broke off; closing it tells why.
                return Err(CommandError::ShuttingDown.into());
            }
        }
        Ok(())
    }

    /// Lets every lane finish, and returns what they have done together.
    pub(super) async fn close(mut self) -> Result<Reconciliation, ImportError> {
        self.entrances.clear();
        let mut together = Reconciliation::default();
        let mut failure = None;
        while let Some(ended) = self.running.join_next().await {
            match ended.map_err(ImportError::from).and_then(|result| result) {
                Ok(account) => together.merge(account),
                Err(error) => failure = Some(error),
            }
        }
        match failure {
            Some(error) => Err(error),
            None => Ok(together),
        }
    }
}

/// The lane of an incident: always the same.
fn lane_of(number: &str) -> usize {
    let mut hasher = DefaultHasher::new();
    number.hash(&mut hasher);
    usize::try_from(hasher.finish() % LANES as u64).unwrap_or_default()
}

/// Tells rows apart that say exactly the same. The last hundred thousand are
/// remembered; an equal row that comes later than that counts as one that was
/// taken over already.
#[derive(Default)]
struct Occurrences {
    recent: HashMap<u64, u32>,
    older: HashMap<u64, u32>,
}

impl Occurrences {
    const REMEMBERED: usize = 100_000;

    /// What the row's command is called, in every run of the import.
    fn name(&mut self, row: &Row) -> String {
        let name = row.command_name();
        let mut hasher = DefaultHasher::new();
        name.hash(&mut hasher);
        let key = hasher.finish();
        let before = self.recent.get(&key).or_else(|| self.older.get(&key));
        let occurrence = before.map_or(0, |count| count + 1);
        self.recent.insert(key, occurrence);
        if self.recent.len() >= Self::REMEMBERED {
            self.older = std::mem::take(&mut self.recent);
        }
        match occurrence {
            0 => name,
            occurrence => format!("{name}:{occurrence}"),
        }
    }
}

/// One lane, and what it has done.
struct Lane {
    desk: Desk,
    teams: Arc<Teams>,
    numbers: Arc<Numbers>,
    account: Reconciliation,
}

/// What a row gave, for the account.
#[derive(Default)]
struct Written {
    events: Vec<String>,
    corrections: Vec<&'static str>,
}

impl Lane {
    async fn run(
        mut self,
        mut jobs: mpsc::UnboundedReceiver<Passed>,
    ) -> Result<Reconciliation, ImportError> {
        while let Some((job, _room)) = jobs.recv().await {
            let mut written = Written::default();
            match self.take(&job, &mut written).await {
                Ok(outcome) if outcome.duplicate => self.account.already_imported += 1,
                Ok(_) => self.count(&written),
                Err(ImportError::Command(CommandError::Refused { message, .. })) => {
                    self.account.refuse(job.row.line, message);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(self.account)
    }

    fn count(&mut self, written: &Written) {
        self.account.rows_taken += 1;
        for name in &written.events {
            self.account.count_events(name, 1);
        }
        for kind in &written.corrections {
            self.account.count_correction(kind);
        }
    }

    /// Takes a row over in one commit.
    async fn take(&self, job: &Job, written: &mut Written) -> Result<Outcome, ImportError> {
        let row = &job.row;
        let id = job.incident();
        let mut attempts = 0;
        loop {
            let loaded: Loaded<Incident> = self.desk.store().load(id).await?;
            let at = mapping::effective_at(row, &loaded.state);
            let mut envelope =
                Envelope::new(machine(IMPORTER)?, Channel::Import, at).named(&job.name);
            envelope.on_behalf_of.clone_from(&row.updated_by);
            envelope.rule = Some(RULE.to_owned());
            let number = if loaded.state.exists() {
                loaded.state.work().number.clone()
            } else {
                let number = self.numbers.draw(&self.desk).await?;
                envelope.reservations.push(Reservation {
                    scope: domain::incident::NUMBERS,
                    key: number.clone(),
                });
                number
            };
            let result = execute_by::<Incident>(&self.desk, id, &envelope, |incident, context| {
                let taken = mapping::take(row, incident, &number, &self.teams, context)?;
                written.events = taken.events.iter().map(|e| e.name().to_owned()).collect();
                written.corrections = taken
                    .corrections
                    .iter()
                    .map(|c| c.kind.in_words())
                    .collect();
                Ok(taken.events)
            })
            .await;
            attempts += 1;
            match result {
                Err(CommandError::KeyTaken { .. }) => {}
                Err(CommandError::Unknown | CommandError::Conflict { .. })
                    if attempts < ATTEMPTS => {}
                result => return Ok(result?),
            }
        }
    }
}

impl From<RowRefused> for CommandError {
    fn from(refused: RowRefused) -> Self {
        Self::Refused {
            code: "ROW_REFUSED".to_owned(),
            message: refused.0,
            field: None,
            facts: Vec::new(),
        }
    }
}

/// Numbers for new incidents, drawn in blocks. What is left of the last block
/// is never used, which the numbers may be.
#[derive(Default)]
struct Numbers {
    drawn: Mutex<Vec<String>>,
}

impl Numbers {
    async fn draw(&self, desk: &Desk) -> Result<String, ImportError> {
        let mut drawn = self.drawn.lock().await;
        loop {
            if let Some(number) = drawn.pop() {
                return Ok(number);
            }
            let block = desk
                .read()
                .numbers()
                .next_numbers("incident", NUMBERS_TOGETHER)
                .await?;
            drawn.extend(block.into_iter().rev());
        }
    }
}
