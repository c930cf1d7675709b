//! The one task of a process that writes to the log.
//!
//! It takes all commits that wait and appends them in one transaction; while
//! that is under way, the next batch gathers. If the connection dies in the
//! middle nobody knows whether the batch was committed: it is sent again, and
//! the ids of its commands make that harmless.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection, PgConnection};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::batch::{self, Gathering};
use crate::tail::Tail;
use crate::{AppendError, Appended, Commit, LogSettings, StoreError};

/// What the caller of a commit hears.
pub(crate) type Answer = Result<Appended, AppendError>;

/// A commit and the caller who waits for an answer.
pub(crate) struct Waiting {
    pub(crate) commit: Commit,
    caller: Caller,
}

struct Caller {
    queued: Instant,
    deadline: Instant,
    reply: oneshot::Sender<Answer>,
    /// The commit was sent at least once without a clear end.
    unclear: bool,
}

impl Waiting {
    pub(crate) fn new(commit: Commit, deadline: Instant, reply: oneshot::Sender<Answer>) -> Self {
        let caller = Caller {
            queued: Instant::now(),
            deadline,
            reply,
            unclear: false,
        };
        Self { commit, caller }
    }
}

impl Caller {
    /// Answers, counts and times. A caller that has gone away is no matter.
    fn answer(self, answer: Answer) {
        let outcome = match &answer {
            Ok(Appended {
                duplicate: false, ..
            }) => "appended",
            Ok(Appended {
                duplicate: true, ..
            }) => "duplicate",
            Err(AppendError::Conflict { .. }) => "conflict",
            Err(AppendError::CommandIdReused) => "command_id_reused",
            Err(AppendError::KeyTaken { .. }) => "key_taken",
            Err(AppendError::Unknown(_)) => "unknown",
            Err(AppendError::Closed | AppendError::Store(_)) => "failed",
        };
        metrics::counter!("docket_append_commits_total", "outcome" => outcome).increment(1);
        metrics::histogram!("docket_append_seconds").record(self.queued.elapsed().as_secs_f64());
        let _gone = self.reply.send(answer);
    }

    /// Answers with a failure: `Unknown` if an attempt ended unclearly.
    fn fail(self, error: StoreError) {
        let error = if self.unclear {
            AppendError::Unknown(error)
        } else {
            AppendError::Store(error)
        };
        self.answer(Err(error));
    }
}

/// How an attempt to send a batch ended without verdicts.
#[derive(Debug, thiserror::Error)]
enum Failure {
    /// Nothing of it is stored; it may succeed at another time.
    #[error("{0}")]
    NotStored(sqlx::Error),
    /// The connection ended without an answer: it may be stored or not.
    #[error("{0}")]
    Unclear(sqlx::Error),
    /// The server refuses the content of some commit in it, now and always.
    #[error("{0}")]
    Content(sqlx::Error),
    /// The server did not answer in time.
    #[error("no answer in time")]
    TimedOut,
}

impl Failure {
    fn of_call(error: sqlx::Error) -> Self {
        let code = match &error {
            sqlx::Error::Database(database) => database.code().unwrap_or_default(),
            sqlx::Error::Encode(_) => return Self::Content(error),
            _ => return Self::Unclear(error),
        };
        match code.get(..2).unwrap_or_default() {
            // Data, constraints, rights and limits: another attempt would end
            // the same way.
            "21" | "22" | "23" | "2B" | "42" | "54" | "P0" => Self::Content(error),
            // A termination may arrive while the commit is being waited for.
            "08" | "57" | "58" | "XX" => Self::Unclear(error),
            // Lack of resources, a standby, a deadlock: passes with time.
            _ => Self::NotStored(error),
        }
    }
}

/// Takes commits from the queue and appends them.
pub(crate) struct Appender {
    options: PgConnectOptions,
    connection: Option<PgConnection>,
    queue: mpsc::Receiver<Waiting>,
    deferred: VecDeque<Waiting>,
    gathering: Gathering,
    /// Settled by the server, and not yet told to the callers.
    answered: Vec<(Waiting, Answer)>,
    tail: Arc<Tail>,
    most_deferred: usize,
    closing: CancellationToken,
}

impl Appender {
    /// From how many commits on a batch is answered in two halves.
    const LARGE: usize = 32;
    /// How many turns of the scheduler callers get to come back.
    const TURNS: usize = 8;
    const CALL_LIMIT: Duration = Duration::from_secs(10);
    const FIRST_PAUSE: Duration = Duration::from_millis(5);
    const LONGEST_PAUSE: Duration = Duration::from_millis(500);

    pub(crate) fn new(
        options: &PgConnectOptions,
        queue: mpsc::Receiver<Waiting>,
        tail: Arc<Tail>,
        settings: &LogSettings,
        closing: CancellationToken,
    ) -> Self {
        // What one statement sees must be what is committed when it starts:
        // the function takes a lock and then looks.
        let options = options
            .clone()
            .options([("default_transaction_isolation", "read\\ committed")])
            .application_name("docket appender");
        Self {
            options,
            connection: None,
            queue,
            deferred: VecDeque::new(),
            gathering: Gathering::new(settings.max_batch_commits, settings.max_batch_bytes),
            answered: Vec::new(),
            tail,
            most_deferred: settings.max_batch_commits * 2,
            closing,
        }
    }

    /// Runs until the log is closed and all that was queued is answered.
    pub(crate) async fn run(mut self) {
        while let Some(commits) = self.next_batch().await {
            self.settle(commits).await;
        }
        if let Some(connection) = self.connection.take() {
            let _closed = connection.close().await;
        }
    }

    /// The next commits that can go together, or nothing when all is done.
    ///
    /// The callers of the batch before are answered first, because it is often
    /// they who bring the next commits. Answering many takes a while, so that
    /// is done while the server works on what waits already.
    async fn next_batch(&mut self) -> Option<Vec<Waiting>> {
        for waiting in std::mem::take(&mut self.deferred) {
            self.gathering.offer(waiting, &mut self.deferred);
        }
        self.gather_queued();
        let answered = self.answered.len();
        if answered < Self::LARGE {
            self.conclude_first(answered);
            self.let_callers_in(answered).await;
        } else if self.gathering.is_empty() {
            // What the first half does next is under way to the server while
            // the other half is answered.
            self.conclude_first(answered / 2);
            self.let_callers_in(answered / 2).await;
        }
        if self.gathering.is_empty() {
            self.conclude_first(self.answered.len());
            let first = self.wait().await?;
            self.gathering.offer(first, &mut self.deferred);
            self.let_callers_in(answered).await;
        }
        Some(self.gathering.take())
    }

    fn conclude_first(&mut self, count: usize) {
        let rest = self.answered.split_off(count);
        let first = std::mem::replace(&mut self.answered, rest);
        conclude(&self.tail, first);
    }

    /// Gives as many callers as have just been answered a moment to go on with
    /// a next command: one batch of all costs the server less than two.
    async fn let_callers_in(&mut self, expected: usize) {
        for _ in 0..Self::TURNS {
            tokio::task::yield_now().await;
            self.gather_queued();
            if self.gathering.len() >= expected {
                break;
            }
        }
    }

    fn gather_queued(&mut self) {
        while !self.gathering.is_full() && self.deferred.len() < self.most_deferred {
            let Ok(waiting) = self.queue.try_recv() else {
                break;
            };
            self.gathering.offer(waiting, &mut self.deferred);
        }
    }

    async fn wait(&mut self) -> Option<Waiting> {
        tokio::select! {
            biased;
            waiting = self.queue.recv() => waiting,
            () = self.closing.cancelled(), if !self.queue.is_closed() => {
                self.queue.close();
                self.queue.recv().await
            }
        }
    }

    /// Sends a batch until each of its commits has an answer.
    async fn settle(&mut self, commits: Vec<Waiting>) {
        // A batch that the server refuses is sent in halves, until the commit
        // that it refuses stands alone.
        let mut parts = vec![commits];
        let mut pause = Self::FIRST_PAUSE;
        while let Some(mut part) = parts.pop() {
            match self.send(&part).await {
                Ok(answers) => {
                    pause = Self::FIRST_PAUSE;
                    metrics::histogram!("docket_append_batch_commits").record(count(&part));
                    self.answered.extend(part.into_iter().zip(answers));
                }
                Err(Failure::Content(_)) if part.len() > 1 => {
                    let rest = part.split_off(part.len() / 2);
                    parts.extend([rest, part]);
                }
                Err(Failure::Content(error)) => {
                    if let Some(waiting) = part.pop() {
                        waiting.caller.fail(error.into());
                    }
                }
                Err(failure) => {
                    tracing::warn!(%failure, commits = part.len(), "a batch got no answer and is sent again");
                    self.connection = None;
                    let part = without_overdue(part, &failure);
                    if !part.is_empty() {
                        parts.push(part);
                        tokio::time::sleep(pause).await;
                        pause = (pause * 2).min(Self::LONGEST_PAUSE);
                    }
                }
            }
        }
    }

    /// Makes one attempt, on a new connection if there is none. Meanwhile the
    /// batch before is answered.
    async fn send(&mut self, part: &[Waiting]) -> Result<Vec<Answer>, Failure> {
        let last = part.iter().map(|waiting| waiting.caller.deadline).max();
        let limit = Instant::now() + Self::CALL_LIMIT;
        let limit = last.map_or(limit, |last| last.min(limit));

        let connection = match &mut self.connection {
            Some(connection) => connection,
            none => {
                conclude(&self.tail, std::mem::take(&mut self.answered));
                let connecting = tokio::time::timeout_at(limit, self.options.connect()).await;
                let opened = match connecting {
                    Ok(opened) => opened.map_err(Failure::NotStored)?,
                    Err(_) => {
                        return Err(Failure::NotStored(
                            std::io::Error::from(std::io::ErrorKind::TimedOut).into(),
                        ));
                    }
                };
                none.insert(opened)
            }
        };
        let before = std::mem::take(&mut self.answered);
        let sending = tokio::time::timeout_at(limit, batch::append(connection, part));
        let (answer, ()) = tokio::join!(sending, async { conclude(&self.tail, before) });
        match answer {
            Ok(answer) => answer.map_err(Failure::of_call),
            Err(_) => Err(Failure::TimedOut),
        }
    }
}

/// Feeds the tail with what is new, then answers: who has an answer finds the
/// events already seen.
fn conclude(tail: &Tail, answered: Vec<(Waiting, Answer)>) {
    let mut events = Vec::with_capacity(answered.len());
    let mut callers = Vec::with_capacity(answered.len());
    for (Waiting { commit, caller }, answer) in answered {
        if let Ok(appended) = &answer
            && !appended.duplicate
        {
            events.extend(batch::recorded(commit, appended));
        }
        callers.push((caller, answer));
    }
    tail.push(events);
    for (caller, answer) in callers {
        caller.answer(answer);
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a batch has a few hundred commits"
)]
fn count(part: &[Waiting]) -> f64 {
    part.len() as f64
}

/// Answers those whose time is over, and returns the others.
fn without_overdue(part: Vec<Waiting>, failure: &Failure) -> Vec<Waiting> {
    let now = Instant::now();
    let unclear = matches!(failure, Failure::Unclear(_) | Failure::TimedOut);
    let mut rest = Vec::with_capacity(part.len());
    for mut waiting in part {
        waiting.caller.unclear |= unclear;
        if waiting.caller.deadline <= now {
            let detail = failure.to_string();
            waiting.caller.fail(StoreError::NoAnswer { detail });
        } else {
            rest.push(waiting);
        }
    }
    rest
}
