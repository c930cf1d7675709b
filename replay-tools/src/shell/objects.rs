//! Which object somebody means at the prompt.

use anyhow::bail;
use domain::configuration::{CategoryTree, Configuration, Content, PriorityMatrix};
use domain::ids::TeamId;
use projections::Decoded;
use uuid::Uuid;

use super::Shell;
use crate::log_streams::decoded;
use crate::subject::Subject;

/// The kinds of objects that can be meant by a UUID.
const KINDS: [&str; 5] = [
    "incident",
    "team",
    "api_token",
    PriorityMatrix::TYPE,
    CategoryTree::TYPE,
];

impl Shell<'_> {
    /// The events of an object up to here.
    pub(super) async fn stream(&self, kind: &str, id: Uuid) -> anyhow::Result<Vec<Decoded>> {
        let recorded = self.audit.stream(kind, id, Some(self.position)).await?;
        recorded.into_iter().map(decoded).collect()
    }

    /// The object that is named, or that the event here is about, with what
    /// happened to it up to here.
    pub(super) async fn object(&self, named: Option<&str>) -> anyhow::Result<Subject> {
        let events = match named {
            None => self.up_to_here().await?,
            Some(named) => self.named(named).await?,
        };
        let Some(first) = events.first() else {
            bail!(
                "there was no such object yet at position {}; `goto` goes to a later one",
                self.position
            );
        };
        let id = first.recorded.aggregate_id;
        Ok(Subject {
            id,
            number: super::standing::name(&events)
                .unwrap_or_else(|| first.recorded.aggregate_type.to_string()),
            events,
        })
    }

    async fn named(&self, named: &str) -> anyhow::Result<Vec<Decoded>> {
        let id = Uuid::try_parse(named).ok();
        let of_configuration = [
            (PriorityMatrix::TYPE, Configuration::<PriorityMatrix>::id()),
            (CategoryTree::TYPE, Configuration::<CategoryTree>::id()),
        ];
        let meant = of_configuration
            .into_iter()
            .find(|(kind, id)| *kind == named || id.to_string() == named);
        if let Some((kind, id)) = meant {
            return self.stream(kind, id).await;
        }
        if let Some(id) = id {
            for kind in KINDS {
                let events = self.stream(kind, id).await?;
                if !events.is_empty() {
                    return Ok(events);
                }
            }
            return Ok(Vec::new());
        }
        let team = self.stream("team", TeamId::from_code(named).0).await?;
        if !team.is_empty() {
            return Ok(team);
        }
        let subject = Subject::find(self.audit, named).await?;
        self.stream("incident", subject.id).await
    }
}
