//! The one who seals: follows the log, lets the tree grow, and signs its head.
//!
//! Of several replicas one seals at a time, under a lease. It never forks: a
//! head is signed only after it was proved, from what is stored, that the last
//! signed one is its beginning. Where that cannot be proved somebody has
//! altered the log or its seals; the sealer then signs nothing more, says so,
//! and stays that way until somebody has looked.

use std::sync::Arc;
use std::time::Duration;

use chrono::DateTime;
use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, PgConnection};
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use super::checkpoint::Checkpoint;
use super::entry::write_entry;
use super::kept::KeptHeads;
use super::keys::{KeyChain, KeyRow};
use super::note::{SignatureKind, SignedNote};
use super::proof::verify_consistency;
use super::review::{Review, ReviewSettings};
use super::sealed::{SealError, consistency_proof};
use super::signer::{Signer, SignerSource};
use super::standing::Standing;
use super::storage::{self, StoredCheckpoint};
use super::tree::{Tree, leaf_hash};
use crate::{Lease, Log, StoreError, lease};

/// How a log is sealed.
#[derive(Debug, Clone)]
pub struct SealerSettings {
    /// Where the private key is.
    pub source: SignerSource,
    /// What a log that was never sealed is called; without it, a name is drawn.
    pub origin: Option<String>,
    /// Where the last signed head is kept, outside of the database.
    pub kept: KeptHeads,
    /// The kind of aggregate whose events say that the log is sealed. Such an
    /// event is appended only when a head was signed, so that a log that has
    /// one and no head has lost its seals.
    pub key_events: &'static str,
    /// How the sealed log is gone through in the background.
    pub review: ReviewSettings,
}

/// A head that this process has signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// How many events it covers.
    pub size: i64,
    /// The signed note.
    pub note: String,
}

/// How the sealing fares.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SealStatus {
    /// Up to where the log is sealed, as far as this process knows.
    pub sealed: i64,
    /// Up to which position the present pass of the review has come.
    pub reviewed: i64,
    /// Whether this process seals; otherwise another replica does, or nobody.
    pub running_here: bool,
    /// Why nothing is sealed, where that is so.
    pub failed: Option<String>,
    /// Whether what is stored contradicts what was signed.
    pub broken: bool,
}

/// The sealer of a process. Clones share it; it ends when the last one is
/// gone, or after [`Sealer::shutdown`].
#[derive(Debug, Clone)]
pub struct Sealer {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    status: watch::Receiver<SealStatus>,
    heads: watch::Receiver<Option<Sealed>>,
    closing: CancellationToken,
    tasks: TaskTracker,
    _close_when_dropped: DropGuard,
}

impl Sealer {
    /// Starts to seal a log, as soon as no other replica does. A log that was
    /// never sealed gets its first key, under the origin or a name of its own.
    pub fn start(log: &Log, connect: PgConnectOptions, settings: SealerSettings) -> Self {
        let (status_sender, status) = watch::channel(SealStatus::default());
        let (heads_sender, heads) = watch::channel(None);
        let closing = CancellationToken::new();
        let tasks = TaskTracker::new();
        let sealing = Sealing {
            log: log.clone(),
            connect,
            settings,
            status: status_sender,
            heads: heads_sender,
            closing: closing.clone(),
        };
        tasks.spawn(sealing.run());
        tasks.close();
        let inner = Inner {
            status,
            heads,
            _close_when_dropped: closing.clone().drop_guard(),
            closing,
            tasks,
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// How the sealing fares.
    pub fn status(&self) -> SealStatus {
        self.inner.status.borrow().clone()
    }

    /// The heads that this process signs, the last one always; for those who
    /// show them to outsiders.
    pub fn heads(&self) -> watch::Receiver<Option<Sealed>> {
        self.inner.heads.clone()
    }

    /// Seals what is there, gives the lease back, and ends.
    pub async fn shutdown(&self) {
        self.inner.closing.cancel();
        self.inner.tasks.wait().await;
    }
}

struct Sealing {
    log: Log,
    connect: PgConnectOptions,
    settings: SealerSettings,
    status: watch::Sender<SealStatus>,
    heads: watch::Sender<Option<Sealed>>,
    closing: CancellationToken,
}

/// The tree in the hands of its sealer.
struct Hold<'l> {
    lease: &'l mut Lease,
    signer: Signer,
    tree: Tree,
    /// The last head that was signed.
    last: Option<StoredCheckpoint>,
    review: Review,
}

impl Sealing {
    const FIRST_PAUSE: Duration = Duration::from_millis(100);
    const LONGEST_PAUSE: Duration = Duration::from_secs(30);
    /// The shortest time from one head to the next. A single event is sealed
    /// at once; while events keep coming, they are sealed so often.
    const INTERVAL: Duration = Duration::from_millis(800);
    /// How many full tiles wait in memory at most, of 8 KiB each.
    const MOST_TILES: usize = 512;

    async fn run(self) {
        let mut pause = Self::FIRST_PAUSE;
        while !self.closing.is_cancelled() {
            let sealed = self.seal().await;
            self.status
                .send_modify(|status| status.running_here = false);
            let error = match sealed {
                Ok(()) => return,
                Err(SealError::HandedOver) => {
                    tracing::info!("the log has been handed over to another key");
                    continue;
                }
                Err(error) => error,
            };
            let broken = matches!(error, SealError::Broken { .. });
            let before = self.status.borrow().failed.clone();
            let problem = error.to_string();
            if before.as_ref() == Some(&problem) {
                pause = (pause * 2).min(Self::LONGEST_PAUSE);
            } else {
                tracing::error!(%error, broken, "the log is not being sealed");
            }
            self.status.send_modify(|status| {
                status.failed = Some(problem);
                status.broken = broken;
            });
            metrics::gauge!("docket_seal_failed").set(1.0);
            metrics::gauge!("docket_seal_broken").set(if broken { 1.0 } else { 0.0 });
            if broken {
                // Whatever comes next would be sealed on top of what was
                // altered: somebody has to look first, and start anew.
                return;
            }
            let pausing = tokio::time::sleep(pause);
            self.closing.run_until_cancelled(pausing).await;
        }
    }

    /// Takes the lease and seals until something fails or the end has come.
    async fn seal(&self) -> Result<(), SealError> {
        let waiting = lease(&self.connect, "sealer");
        let Some(lease) = self.closing.run_until_cancelled(waiting).await else {
            return Ok(());
        };
        let mut lease = lease.map_err(StoreError::from)?;
        let sealed = self.seal_under(&mut lease).await;
        lease.release().await;
        sealed
    }

    async fn seal_under(&self, lease: &mut Lease) -> Result<(), SealError> {
        let SealerSettings {
            origin,
            kept,
            key_events,
            ..
        } = &self.settings;
        let standing = Standing::of(lease, kept, origin.as_deref(), key_events).await?;
        standing.goes_on(lease).await?;
        let signer = self.signer(lease, &standing.keys).await?;
        let size = standing.size();
        let Standing { last, tree, .. } = standing;
        if let Some(last) = &last {
            self.keep(&signer, last).await?;
        }
        self.status.send_modify(|status| {
            *status = SealStatus {
                sealed: size,
                reviewed: 0,
                running_here: true,
                failed: None,
                broken: false,
            };
        });
        metrics::gauge!("docket_seal_failed").set(0.0);
        metrics::gauge!("docket_seal_broken").set(0.0);
        if let Some(last) = &last {
            self.announce(last);
        }
        let review = Review::resume(self.settings.review, kept, signer.key().name());
        let mut hold = Hold {
            lease,
            signer,
            tree,
            last,
            review,
        };
        // Where something had been found it is looked at before anything is
        // signed on top of it.
        self.review(&mut hold).await?;
        self.follow(&mut hold).await
    }

    /// Adds what comes to the tree, and signs in time.
    async fn follow(&self, hold: &mut Hold<'_>) -> Result<(), SealError> {
        let size = hold.last.as_ref().map_or(0, |last| last.size);
        let mut follower = self.log.follow(size);
        let mut text = String::new();
        let mut next_head = Instant::now();
        let mut next_look = Instant::now();
        loop {
            let is_grown = hold.is_grown();
            tokio::select! {
                () = self.closing.cancelled() => break,
                () = tokio::time::sleep_until(next_head), if is_grown => {
                    self.sign(hold).await?;
                    next_head = Instant::now() + Self::INTERVAL;
                }
                () = tokio::time::sleep_until(next_look), if hold.last.is_some() => {
                    self.review(hold).await?;
                    let sealed = hold.last.as_ref().map_or(0, |last| last.size);
                    next_look = Instant::now() + hold.review.pause(sealed);
                }
                events = follower.next() => {
                    for event in events? {
                        text.clear();
                        write_entry(&event, &mut text);
                        hold.tree.push(leaf_hash(text.as_bytes()));
                    }
                    if hold.tree.full_tiles() > Self::MOST_TILES {
                        self.sign(hold).await?;
                    }
                }
            }
        }
        if hold.is_grown() {
            self.sign(hold).await?;
        }
        Ok(())
    }

    /// Looks at the next tile of the log as it is stored.
    async fn review(&self, hold: &mut Hold<'_>) -> Result<(), SealError> {
        let Some(last) = &hold.last else {
            return Ok(());
        };
        if hold.review.look(hold.lease, last).await? {
            metrics::counter!("docket_seal_review_passes_total").increment(1);
        }
        let reviewed = hold.review.position();
        self.status.send_modify(|status| status.reviewed = reviewed);
        #[expect(clippy::cast_precision_loss, reason = "metrics are floats")]
        metrics::gauge!("docket_seal_reviewed").set(reviewed as f64);
        Ok(())
    }

    /// Signs the head of the tree as it is, after proving from what is stored
    /// that the last head is its beginning. Tiles and head are stored together.
    async fn sign(&self, hold: &mut Hold<'_>) -> Result<(), SealError> {
        let began = Instant::now();
        let size = i64::try_from(hold.tree.size()).unwrap_or(i64::MAX);
        let root = hold.tree.root();
        let checkpoint = Checkpoint {
            origin: hold.signer.key().name().to_owned(),
            size: hold.tree.size(),
            root,
        };
        let tiles = hold.tree.take_full();
        let mut transaction = hold.lease.begin().await.map_err(StoreError::from)?;
        // A head that outsiders have seen must not be lost with the server.
        sqlx::query("set local synchronous_commit = on")
            .execute(&mut *transaction)
            .await
            .map_err(StoreError::from)?;
        storage::lock_head(&mut transaction).await?;
        let stored = storage::last_checkpoint(&mut *transaction).await?;
        if stored != hold.last {
            return Err(SealError::broken(
                0,
                "the last signed head is not the one that was signed last",
            ));
        }
        let keys = KeyChain::check(&storage::keys(&mut *transaction).await?)?;
        if keys.current() != Some(hold.signer.key()) {
            // Somebody has handed over to another key: begin anew with it.
            return Err(SealError::HandedOver);
        }
        storage::add_tiles(&mut *transaction, &tiles).await?;
        prove(&mut transaction, hold.last.as_ref(), &checkpoint).await?;
        let mut note = SignedNote::new(checkpoint.to_string());
        hold.signer.sign(&mut note).await?;
        hold.signer.key().verify(&note)?;
        let note = note.to_string();
        let covered = hold.last.as_ref().map_or(0, |last| last.size);
        let leaves = hold.tree.edge_leaves_after(covered);
        storage::add_checkpoint(&mut *transaction, size, root, &note, leaves, Some(covered))
            .await?;
        let last = storage::last_checkpoint(&mut *transaction).await?;
        transaction.commit().await.map_err(StoreError::from)?;
        hold.last = last;
        if let Some(last) = &hold.last {
            // Only now: a head that the database did not take was never signed.
            self.keep(&hold.signer, last).await?;
            self.announce(last);
        }
        metrics::counter!("docket_seal_checkpoints_total").increment(1);
        metrics::histogram!("docket_seal_seconds").record(began.elapsed().as_secs_f64());
        Ok(())
    }

    /// Keeps a head outside of the database, before anybody is shown it.
    async fn keep(&self, signer: &Signer, last: &StoredCheckpoint) -> Result<(), SealError> {
        let origin = signer.key().name();
        self.settings.kept.keep(origin, last.note.clone()).await?;
        Ok(())
    }

    fn announce(&self, last: &StoredCheckpoint) {
        self.status.send_modify(|status| status.sealed = last.size);
        #[expect(clippy::cast_precision_loss, reason = "metrics are floats")]
        metrics::gauge!("docket_seal_size").set(last.size as f64);
        self.heads.send_replace(Some(Sealed {
            size: last.size,
            note: last.note.clone(),
        }));
    }

    /// The private key to the log's present public one; the first key of a log
    /// that has none yet.
    async fn signer(&self, lease: &mut Lease, keys: &KeyChain) -> Result<Signer, SealError> {
        let source = &self.settings.source;
        if let Some(key) = keys.current() {
            return Ok(Signer::find(source, key).await?);
        }
        let origin = self
            .settings
            .origin
            .clone()
            .unwrap_or_else(|| format!("docket/{}", Uuid::now_v7()));
        let signer = Signer::create(source, &origin, SignatureKind::Ed25519).await?;
        let row = KeyRow {
            number: 1,
            verifier_key: signer.key().to_string(),
            from_size: 0,
            endorsement: None,
            adopted_at: DateTime::UNIX_EPOCH,
        };
        storage::add_key(&mut **lease, &row).await?;
        tracing::info!(
            key = row.verifier_key,
            "the log has a key: give it to those who verify"
        );
        Ok(signer)
    }
}

impl Hold<'_> {
    fn is_grown(&self) -> bool {
        let last = self.last.as_ref().map_or(0, |last| last.size);
        i64::try_from(self.tree.size()).unwrap_or(i64::MAX) > last
    }
}

/// Proves that the last head is the beginning of the next one.
async fn prove(
    connection: &mut PgConnection,
    last: Option<&StoredCheckpoint>,
    next: &Checkpoint,
) -> Result<(), SealError> {
    let Some(last) = last else { return Ok(()) };
    let proof = consistency_proof(connection, last.size, next.size).await?;
    let old_size = u64::try_from(last.size).unwrap_or_default();
    verify_consistency(old_size, last.root, next.size, next.root, &proof).map_err(|error| {
        SealError::broken(
            0,
            format!(
                "the head at {} is not the beginning of that at {}: {error}",
                last.size, next.size
            ),
        )
    })
}
