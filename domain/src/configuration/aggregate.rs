//! The life cycle that every kind of configuration shares.

use std::fmt::Debug;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use uuid::Uuid;

use super::{Command, ContentProblem, Error, Event};
use crate::ids::{DESK_NAMESPACE, PersonId};
use crate::text::{Line, Text};
use crate::{Channel, Context, Decider, Role};

/// How far ahead a version may be published: two years.
const MOST_AHEAD: TimeDelta = TimeDelta::days(2 * 365);

/// What one kind of configuration says.
pub trait Content:
    Debug + Clone + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static
{
    /// The aggregate type under which its events are stored.
    const TYPE: &'static str;

    /// Finds what contradicts itself.
    fn check(&self) -> Result<(), ContentProblem>;
}

/// What every name in a content must be: one line that says something.
pub(super) fn check_name(name: &str) -> Result<(), String> {
    Line::new(name)
        .map(drop)
        .map_err(|refused| format!("each of the names, Chinese and English, {refused}"))
}

/// One configuration of the desk: its draft and all versions ever published.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct Configuration<C: Content> {
    draft: Option<Draft<C>>,
    versions: Arc<Versions<C>>,
}

/// A content that is not in force.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct Draft<C: Content> {
    /// Who wrote it.
    pub drafted_by: PersonId,
    /// Who found it right, if anybody has.
    pub reviewed_by: Option<PersonId>,
    /// What it says.
    pub content: C,
}

/// A published version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct Version<C: Content> {
    /// Counted from 1.
    pub version: u32,
    /// From when it holds.
    pub effective_from: DateTime<Utc>,
    /// Whether it was taken back before it held.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub withdrawn: bool,
    /// What it says.
    pub content: C,
}

/// All published versions, oldest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(bound = "", transparent)]
pub struct Versions<C: Content>(Vec<Version<C>>);

impl<C: Content> Default for Versions<C> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<C: Content> Versions<C> {
    /// The version that holds at a moment.
    pub fn in_force_at(&self, at: DateTime<Utc>) -> Option<&Version<C>> {
        self.standing().rev().find(|v| v.effective_from <= at)
    }

    /// The version with this number, withdrawn or not.
    pub fn numbered(&self, version: u32) -> Option<&Version<C>> {
        self.0.iter().find(|v| v.version == version)
    }

    /// The newest version, in force or not.
    pub fn latest(&self) -> Option<&Version<C>> {
        self.standing().next_back()
    }

    /// The versions that were not withdrawn.
    fn standing(&self) -> impl DoubleEndedIterator<Item = &Version<C>> {
        self.0.iter().filter(|version| !version.withdrawn)
    }

    /// Every version, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &Version<C>> {
        self.0.iter()
    }
}

impl<C: Content> Default for Configuration<C> {
    fn default() -> Self {
        Self {
            draft: None,
            versions: Arc::default(),
        }
    }
}

impl<C: Content> Configuration<C> {
    /// The identity of the desk's one configuration of this kind.
    pub fn id() -> Uuid {
        Uuid::new_v5(&DESK_NAMESPACE, C::TYPE.as_bytes())
    }

    /// The draft, if there is one.
    pub fn draft(&self) -> Option<&Draft<C>> {
        self.draft.as_ref()
    }

    /// Every published version.
    pub fn versions(&self) -> &Arc<Versions<C>> {
        &self.versions
    }

    fn publish(&self, effective_from: DateTime<Utc>, context: &Context) -> Result<Event<C>, Error> {
        let draft = self.draft.as_ref().ok_or(Error::NoDraft)?;
        if draft.reviewed_by.is_none() {
            return Err(Error::NotReviewed);
        }
        let latest = context.known_at + MOST_AHEAD;
        if effective_from > latest {
            return Err(Error::TooFarAhead { latest });
        }
        let previous = self.versions.latest();
        match previous {
            Some(previous) if effective_from <= previous.effective_from => {
                Err(Error::NotAfterPrevious {
                    previous: previous.effective_from,
                })
            }
            _ => Ok(Event::Published {
                version: self.versions.0.last().map_or(1, |v| v.version + 1),
                effective_from,
                content: draft.content.clone(),
            }),
        }
    }

    /// A version that holds has judged items, however the step is dated.
    fn withdraw(&self, version: u32, reason: &Text, context: &Context) -> Result<Event<C>, Error> {
        let known = self.versions.numbered(version);
        match known.filter(|known| !known.withdrawn) {
            None => Err(Error::NoSuchVersion { version }),
            Some(known) if known.effective_from <= context.known_at => Err(Error::HoldsAlready {
                version,
                since: known.effective_from,
            }),
            Some(_) => Ok(Event::VersionWithdrawn {
                version,
                reason: reason.clone(),
            }),
        }
    }
}

impl<C: Content> Decider for Configuration<C> {
    fn decide(&self, command: &Command<C>, context: &Context) -> Result<Vec<Event<C>>, Error> {
        if context.actor.role != Role::Administrator && context.channel != Channel::Import {
            return Err(Error::NotAdministrator);
        }
        let event = match (&self.draft, command) {
            (_, Command::SaveDraft(wanted)) => {
                wanted.check().map_err(Error::ContentInvalid)?;
                Event::DraftSaved {
                    drafted_by: context.actor.id.clone(),
                    content: wanted.clone(),
                }
            }
            (Some(draft), Command::PassReview) => {
                if draft.reviewed_by.is_some() {
                    return Err(Error::AlreadyReviewed);
                }
                if draft.drafted_by == context.actor.id {
                    return Err(Error::OwnReview);
                }
                Event::ReviewPassed {
                    reviewed_by: context.actor.id.clone(),
                }
            }
            (Some(_), Command::Publish { effective_from }) => {
                self.publish(*effective_from, context)?
            }
            (_, Command::Withdraw { version, reason }) => {
                self.withdraw(*version, reason, context)?
            }
            (Some(_), Command::DiscardDraft) => Event::DraftDiscarded {},
            (None, Command::PassReview | Command::Publish { .. } | Command::DiscardDraft) => {
                return Err(Error::NoDraft);
            }
        };
        Ok(vec![event])
    }
}

impl<C: Content> Aggregate for Configuration<C> {
    const TYPE: &'static str = C::TYPE;
    type Command = Command<C>;
    type Event = Event<C>;
    type Error = Error;
    type Services = Context;

    async fn handle(
        &mut self,
        command: Self::Command,
        context: &Context,
        sink: &EventSink<Self>,
    ) -> Result<(), Error> {
        for event in self.decide(&command, context)? {
            sink.write(event, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: Event<C>) {
        match event {
            Event::DraftSaved {
                drafted_by,
                content,
            } => {
                self.draft = Some(Draft {
                    drafted_by,
                    reviewed_by: None,
                    content,
                });
            }
            Event::ReviewPassed { reviewed_by } => {
                if let Some(draft) = &mut self.draft {
                    draft.reviewed_by = Some(reviewed_by);
                }
            }
            Event::Published {
                version,
                effective_from,
                content,
            } => {
                self.draft = None;
                Arc::make_mut(&mut self.versions).0.push(Version {
                    version,
                    effective_from,
                    withdrawn: false,
                    content,
                });
            }
            Event::DraftDiscarded {} => self.draft = None,
            Event::VersionWithdrawn { version, .. } => {
                let versions = &mut Arc::make_mut(&mut self.versions).0;
                if let Some(known) = versions.iter_mut().find(|v| v.version == version) {
                    known.withdrawn = true;
                }
            }
        }
    }
}
