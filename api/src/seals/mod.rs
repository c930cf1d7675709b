//! The seals of the desk as the service keeps them: the sealer, what it says
//! of itself in the log, and the outsiders who are shown its heads.

mod file;
mod mail;
mod outsider;
mod witness;

use std::path::PathBuf;
use std::time::Duration;

use cqrs_es::Aggregate;
use domain::audit::{SealKeys, SealKeysCommand};
use domain::ids::PersonId;
use domain::text::Text;
use domain::{Actor, Channel, Role};
use event_store::seal::{
    KeptHeads, KeyChain, Loss, ReviewSettings, SealStatus, SealedTree, Sealer, SealerSettings,
    SignerSource,
};
use event_store::{DatabaseSource, local_postgres};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::commands::{CommandError, Envelope, execute};
use crate::desk::{Desk, Keeps};

pub(crate) use outsider::duration;
pub use outsider::{Outsider, OutsiderError};

/// How a desk is sealed.
#[derive(Debug, Clone)]
pub struct SealSettings {
    /// Where the private key is.
    pub source: SignerSource,
    /// What a new log is called in its heads.
    pub origin: Option<String>,
    /// Where the last signed head is kept, outside of the database.
    pub kept: KeptHeads,
    /// How the sealed log is gone through in the background.
    pub review: ReviewSettings,
    /// Who is shown the heads.
    pub outsiders: Vec<Outsider>,
    /// The server that takes mail, as a URL such as `smtp://mail.internal:25`.
    pub smtp_url: Option<String>,
    /// Who mail is from.
    pub mail_from: String,
}

impl SealSettings {
    /// The settings of a desk that says nothing of them: keys in a directory
    /// beside its data, or in the user's own where the database is elsewhere.
    pub fn beside(source: &DatabaseSource) -> Self {
        let directory = match source {
            DatabaseSource::DataDir(directory) => directory.clone(),
            DatabaseSource::Url(_) => local_postgres::default_data_dir(),
        };
        Self::with_keys(directory.join("seal-keys"))
    }

    /// The same with the keys in a directory.
    pub fn with_keys(directory: PathBuf) -> Self {
        Self {
            kept: KeptHeads::new(directory.clone()),
            source: SignerSource::Directory(directory),
            origin: None,
            review: ReviewSettings::default(),
            outsiders: Vec::new(),
            smtp_url: None,
            mail_from: "docket@localhost".to_owned(),
        }
    }
}

/// The sealing of a process, and those who carry its heads out.
pub struct Seals {
    sealer: Sealer,
    stop: CancellationToken,
    tasks: JoinSet<()>,
    outsiders: Vec<outsider::Shown>,
}

impl Seals {
    /// Starts to seal the log of a desk and to show its heads.
    ///
    /// A new log has its key and its first signed head, and has recorded the
    /// key, when this returns; if that takes long, the desk opens without
    /// waiting for it.
    pub async fn start(desk: &Desk, settings: &SealSettings) -> anyhow::Result<Self> {
        const PATIENCE: Duration = Duration::from_secs(5);
        let options = desk.database().pool().connect_options();
        let sealer = Sealer::start(
            desk.log(),
            options.as_ref().clone(),
            SealerSettings {
                source: settings.source.clone(),
                origin: settings.origin.clone(),
                kept: settings.kept.clone(),
                key_events: SealKeys::TYPE,
                review: settings.review,
            },
        );
        let stop = CancellationToken::new();
        let mut tasks = JoinSet::new();
        let (recorded, is_recorded) = tokio::sync::oneshot::channel();
        tasks.spawn({
            let (desk, sealer, stop) = (desk.clone(), sealer.clone(), stop.clone());
            async move {
                stop.run_until_cancelled(record_first_key(&desk, &sealer))
                    .await;
                // Nobody waits any longer where it took long.
                let _late = recorded.send(());
            }
        });
        let _waited = tokio::time::timeout(PATIENCE, is_recorded).await;
        let tree = SealedTree::new(desk.database().pool().clone());
        let mut outsiders = Vec::new();
        for one in &settings.outsiders {
            let showing = outsider::Showing::new(one, settings, tree.clone(), sealer.heads())?;
            outsiders.push(showing.shown());
            let stop = stop.clone();
            tasks.spawn(async move {
                stop.run_until_cancelled(showing.run()).await;
            });
        }
        Ok(Self {
            sealer,
            stop,
            tasks,
            outsiders,
        })
    }

    /// What the health of the service says of the seals.
    pub(crate) fn state(&self) -> SealState {
        SealState {
            sealer: self.sealer.clone(),
            outsiders: self.outsiders.clone(),
        }
    }

    /// Seals what is there and ends.
    pub async fn stop(mut self) {
        self.stop.cancel();
        while self.tasks.join_next().await.is_some() {}
        self.sealer.shutdown().await;
    }
}

/// How the sealing fares, for those who only look.
#[derive(Clone)]
pub(crate) struct SealState {
    sealer: Sealer,
    outsiders: Vec<outsider::Shown>,
}

impl SealState {
    pub(crate) fn status(&self) -> SealStatus {
        self.sealer.status()
    }

    /// Each outsider, the last head that it was shown, and what is wrong.
    pub(crate) fn outsiders(&self) -> Vec<(String, outsider::State)> {
        self.outsiders.iter().map(outsider::Shown::state).collect()
    }
}

/// Who stands in the log for what the sealer does.
const ACTOR: &str = "docket:sealer";

/// Writes the log's first key into the log, once a head was signed: where the
/// log says that it is sealed, it is. Another replica may do the same: the
/// command's id follows from the key.
async fn record_first_key(desk: &Desk, sealer: &Sealer) {
    let mut heads = sealer.heads();
    loop {
        match adopt(desk).await {
            Ok(true) => return,
            Ok(false) => {
                if heads.changed().await.is_err() {
                    return;
                }
            }
            Err(error) => {
                tracing::warn!(%error, "the log's first key could not be recorded");
                tokio::time::sleep(Duration::from_secs(5)).await;
            }
        }
    }
}

async fn adopt(desk: &Desk) -> anyhow::Result<bool> {
    let tree = SealedTree::new(desk.database().pool().clone());
    if tree.latest().await?.is_none() {
        return Ok(false);
    }
    let Some(first) = tree.keys().await?.into_iter().next() else {
        return Ok(false);
    };
    let loaded = Keeps::<SealKeys>::store(desk).load(SealKeys::id()).await?;
    if loaded.version > 0 {
        return Ok(true);
    }
    let actor = Actor {
        id: PersonId::new(ACTOR)?,
        role: Role::Administrator,
        teams: Vec::new(),
    };
    let envelope = Envelope::new(actor, Channel::Process, crate::clock::now())
        .named(&format!("adopt {}", first.verifier_key));
    let command = SealKeysCommand::Adopt {
        verifier_key: first.verifier_key,
    };
    match execute::<SealKeys>(desk, SealKeys::id(), &command, &envelope).await {
        Ok(_) | Err(CommandError::Refused { .. }) => Ok(true),
        Err(error) => Err(error.into()),
    }
}

/// Hands the log over to a new key: the one before endorses it, and the log
/// says who did it.
pub(crate) async fn rotate(
    desk: &Desk,
    old: &SignerSource,
    new: &SignerSource,
    kept: &KeptHeads,
    actor: Actor,
) -> anyhow::Result<String> {
    use anyhow::Context;
    use event_store::seal::{SignatureKind, Signer};

    let tree = SealedTree::new(desk.database().pool().clone());
    let chain = KeyChain::check(&tree.keys().await?)?;
    let current = chain
        .current()
        .context("the log has no key yet: it gets its first one when it is served")?;
    anyhow::ensure!(
        tree.latest().await?.is_some(),
        "the log has no signed head yet: it gets its first one when it is served"
    );
    let before = Signer::find(old, current).await?;
    let after = Signer::create(new, current.name(), SignatureKind::Ed25519).await?;
    anyhow::ensure!(
        after.key().name() == current.name(),
        "the new key is called {}, and the log {}: a log keeps its name",
        after.key().name(),
        current.name()
    );
    let from_size = tree
        .hand_over(&before, &after, kept, SealKeys::TYPE)
        .await?;
    adopt(desk).await?;
    let envelope = Envelope::new(actor, Channel::Cli, crate::clock::now());
    let command = SealKeysCommand::Rotate {
        to: after.key().to_string(),
        from_size,
    };
    execute::<SealKeys>(desk, SealKeys::id(), &command, &envelope).await?;
    Ok(after.key().to_string())
}

/// Goes on with a log that lacks its last sealed events: the log says that they
/// are lost, who accepted that and why, and the head that was kept of them is
/// put aside. What was altered is no loss, and is not gone on with.
pub(crate) async fn accept_loss(
    desk: &Desk,
    kept: &KeptHeads,
    reason: Text,
    actor: Actor,
) -> anyhow::Result<(Loss, PathBuf)> {
    use anyhow::Context;

    let tree = SealedTree::new(desk.database().pool().clone());
    let loss = tree
        .loss(kept, SealKeys::TYPE)
        .await?
        .context("nothing is lost: the log goes on from the head that was kept")?;
    adopt(desk).await?;
    let root = loss.kept.checkpoint.root.to_base64();
    // Each replica keeps heads of its own, and the loss is one.
    let envelope = Envelope::new(actor, Channel::Cli, crate::clock::now())
        .named(&format!("accept loss {} {root}", loss.kept.size()));
    let command = SealKeysCommand::AcceptLoss {
        lost_size: loss.kept.size(),
        lost_root: root,
        sealed_size: loss.sealed,
        reason,
    };
    execute::<SealKeys>(desk, SealKeys::id(), &command, &envelope).await?;
    let aside = kept.set_aside(&loss.kept)?;
    Ok((loss, aside))
}
