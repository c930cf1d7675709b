//! Outsiders: who is shown the heads of the log, so that nobody inside can
//! take back what it said. A witness checks and signs them; mail and a file
//! (on a disk that cannot be written twice, say) merely keep them.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use event_store::seal::{NoteError, SealError, Sealed, SealedTree, VerifierKey};
use tokio::sync::watch;

use super::SealSettings;
use super::file::FileKeeper;
use super::mail::MailKeeper;
use super::witness::Witness;

/// An outsider, as it is configured.
#[derive(Debug, Clone, PartialEq)]
pub struct Outsider {
    /// The shortest time from one head to the next that it is shown.
    every: Duration,
    kind: Kind,
}

#[derive(Debug, Clone, PartialEq)]
enum Kind {
    Witness {
        prefix: String,
        key: Box<VerifierKey>,
    },
    Mail {
        address: String,
    },
    File {
        path: PathBuf,
    },
}

/// Why an outsider cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OutsiderError {
    /// It is none of the three.
    #[error(
        "an outsider is `http://host/prefix VERIFIER-KEY`, `mailto:ADDRESS` or `file:/PATH`, \
         with a time such as `10m` before it if it is not to be the usual one"
    )]
    Form,
    /// Its key is none.
    #[error(transparent)]
    Key(#[from] NoteError),
}

impl FromStr for Outsider {
    type Err = OutsiderError;

    fn from_str(text: &str) -> Result<Self, OutsiderError> {
        const MINUTE: Duration = Duration::from_secs(60);
        const DAY: Duration = Duration::from_secs(24 * 60 * 60);
        let text = text.trim();
        let (every, rest) = match text.split_once(char::is_whitespace) {
            Some((first, rest)) if duration(first).is_some() => (duration(first), rest.trim()),
            _ => (None, text),
        };
        let (kind, usual) = if let Some(address) = rest.strip_prefix("mailto:") {
            if !address.contains('@') || address.contains(char::is_whitespace) {
                return Err(OutsiderError::Form);
            }
            let address = address.to_owned();
            (Kind::Mail { address }, DAY)
        } else if let Some(path) = rest.strip_prefix("file:") {
            let path = PathBuf::from(path);
            if !path.is_absolute() {
                return Err(OutsiderError::Form);
            }
            (Kind::File { path }, MINUTE)
        } else if rest.starts_with("http://") || rest.starts_with("https://") {
            let (prefix, key) = rest
                .split_once(char::is_whitespace)
                .ok_or(OutsiderError::Form)?;
            let prefix = prefix.trim_end_matches('/').to_owned();
            let key = Box::new(key.parse()?);
            (Kind::Witness { prefix, key }, MINUTE)
        } else {
            return Err(OutsiderError::Form);
        };
        Ok(Self {
            every: every.unwrap_or(usual),
            kind,
        })
    }
}

/// A time such as `30s`, `10m`, `6h` or `1d`.
pub(crate) fn duration(text: &str) -> Option<Duration> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 60 * 60,
        "d" => 24 * 60 * 60,
        _ => return None,
    };
    let number: u64 = number.parse().ok()?;
    Some(Duration::from_secs(number.checked_mul(seconds)?))
}

impl fmt::Display for Outsider {
    /// Its name in the log's tables, in metrics and in messages.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Witness { key, .. } => formatter.write_str(key.name()),
            Kind::Mail { address } => write!(formatter, "mailto:{address}"),
            Kind::File { path } => write!(formatter, "file:{}", path.display()),
        }
    }
}

/// Why an outsider was not shown a head.
#[derive(Debug, thiserror::Error)]
pub(super) enum ShowError {
    /// It has seen another log than this one: this one was altered, cut, or
    /// brought back from an old backup.
    #[error("{0}")]
    Contradiction(String),
    /// It could not be reached, or did not want the head.
    #[error("{0}")]
    Failed(String),
    /// The head or its proof could not be read.
    #[error(transparent)]
    Seal(#[from] SealError),
}

/// How showing fares.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct State {
    /// The last head that the outsider has seen.
    pub(crate) size: i64,
    /// What went wrong the last time.
    pub(crate) problem: Option<String>,
    /// Whether it has seen another log than this one.
    pub(crate) contradiction: bool,
}

/// How showing fares, for those who only look.
#[derive(Clone)]
pub(crate) struct Shown {
    name: String,
    state: watch::Receiver<State>,
}

impl Shown {
    pub(crate) fn state(&self) -> (String, State) {
        (self.name.clone(), self.state.borrow().clone())
    }
}

enum Carrier {
    Witness(Witness),
    Mail(MailKeeper),
    File(FileKeeper),
}

/// Shows one outsider the heads.
pub(super) struct Showing {
    name: String,
    every: Duration,
    carrier: Carrier,
    tree: SealedTree,
    heads: watch::Receiver<Option<Sealed>>,
    state: watch::Sender<State>,
}

impl Showing {
    const FIRST_PAUSE: Duration = Duration::from_secs(1);
    const LONGEST_PAUSE: Duration = Duration::from_secs(300);

    pub(super) fn new(
        outsider: &Outsider,
        settings: &SealSettings,
        tree: SealedTree,
        heads: watch::Receiver<Option<Sealed>>,
    ) -> anyhow::Result<Self> {
        let carrier = match &outsider.kind {
            Kind::Witness { prefix, key } => Carrier::Witness(Witness::new(prefix, key)?),
            Kind::Mail { address } => Carrier::Mail(MailKeeper::new(
                address,
                &settings.mail_from,
                settings.smtp_url.as_deref(),
            )?),
            Kind::File { path } => Carrier::File(FileKeeper::new(path)),
        };
        Ok(Self {
            name: outsider.to_string(),
            every: outsider.every,
            carrier,
            tree,
            heads,
            state: watch::channel(State::default()).0,
        })
    }

    pub(super) fn shown(&self) -> Shown {
        Shown {
            name: self.name.clone(),
            state: self.state.subscribe(),
        }
    }

    /// Shows what comes until the process ends. A head that could not be shown
    /// is no loss: the next one covers it.
    pub(super) async fn run(mut self) {
        let mut pause = Self::FIRST_PAUSE;
        loop {
            match self.next().await {
                Ok(()) => {
                    pause = Self::FIRST_PAUSE;
                    tokio::time::sleep(self.every).await;
                }
                Err(None) => return,
                Err(Some(error)) => {
                    self.fail(&error);
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(Self::LONGEST_PAUSE);
                }
            }
        }
    }

    fn fail(&self, error: &ShowError) {
        let contradiction = matches!(error, ShowError::Contradiction(_));
        let labels = [("outsider", self.name.clone())];
        metrics::counter!("docket_seal_outsider_failures_total", &labels).increment(1);
        let problem = error.to_string();
        if self.state.borrow().problem.as_ref() != Some(&problem) {
            if contradiction {
                tracing::error!(outsider = self.name, %error, "an outsider has seen another log than this one");
            } else {
                tracing::warn!(outsider = self.name, %error, "a head could not be shown");
            }
        }
        self.state.send_modify(|state| {
            state.problem = Some(problem);
            state.contradiction = contradiction;
        });
    }

    /// Waits for a head that the outsider has not seen, and shows it. Ends
    /// without an error when there will be no more heads.
    async fn next(&mut self) -> Result<(), Option<ShowError>> {
        let seen = self.seen().await?;
        let head = self
            .heads
            .wait_for(|head| head.as_ref().is_some_and(|head| head.size > seen))
            .await
            .map_err(|_| None)?
            .clone();
        let Some(head) = head else { return Ok(()) };
        let line = match &self.carrier {
            Carrier::Witness(witness) => witness.show(&self.tree, seen, &head).await?,
            Carrier::Mail(mail) => mail.send(&head).await.map(|()| String::new())?,
            Carrier::File(file) => file.append(&head).await.map(|()| String::new())?,
        };
        self.tree
            .add_cosignature(&self.name, head.size, &line)
            .await
            .map_err(ShowError::from)?;
        let labels = [("outsider", self.name.clone())];
        #[expect(clippy::cast_precision_loss, reason = "metrics are floats")]
        metrics::gauge!("docket_seal_outsider_size", &labels).set(head.size as f64);
        self.state.send_replace(State {
            size: head.size,
            problem: None,
            contradiction: false,
        });
        Ok(())
    }

    /// The last head that the outsider has seen, whichever replica showed it.
    async fn seen(&self) -> Result<i64, Option<ShowError>> {
        let seen = self.tree.witnessed().await.map_err(ShowError::from)?;
        let own = seen.iter().find(|seen| seen.witness == self.name);
        let size = own.map_or(0, |seen| seen.size);
        self.state.send_modify(|state| state.size = size);
        Ok(size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";

    #[test]
    fn each_kind_of_outsider_is_understood() {
        let witness: Outsider = format!("https://w.example/x/ {KEY}").parse().unwrap();
        assert_eq!(witness.to_string(), "PeterNeumann");
        assert_eq!(witness.every, Duration::from_secs(60));
        let mail: Outsider = "6h mailto:audit@example.cn".parse().unwrap();
        assert_eq!(mail.to_string(), "mailto:audit@example.cn");
        assert_eq!(mail.every, Duration::from_secs(6 * 60 * 60));
        let file: Outsider = "file:/mnt/worm/heads".parse().unwrap();
        assert_eq!(file.to_string(), "file:/mnt/worm/heads");
        for wrong in [
            "",
            "mailto:nobody",
            "file:heads",
            "https://w.example/x",
            "ftp://x y",
            "10x file:/a",
        ] {
            assert_eq!(
                wrong.parse::<Outsider>(),
                Err(OutsiderError::Form),
                "{wrong}"
            );
        }
        let wrong = format!("https://w.example/x {}", KEY.replace("c74f", "c74e"));
        assert!(matches!(
            wrong.parse::<Outsider>(),
            Err(OutsiderError::Key(_))
        ));
    }
}
