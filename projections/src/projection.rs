//! What a projection is: a name, a version, some tables, and how a batch of
//! events changes them.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use sqlx::PgConnection;
use strum::{AsRefStr, EnumIter, EnumString};

use crate::latest::Latest;
use crate::writes::Writes;
use crate::{Decoded, ProjectionError};
use crate::{event_index, incident_detail, work_item_history, work_item_link, work_queue};

/// The projections of the desk.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, AsRefStr, EnumIter, EnumString,
)]
#[strum(serialize_all = "snake_case")]
pub enum ProjectionName {
    /// Every work item as it stands.
    WorkQueue,
    /// Everything that ever happened to each work item.
    WorkItemHistory,
    /// How work items stand to each other.
    WorkItemLink,
    /// What an incident has beyond any work item.
    IncidentDetail,
    /// The log by type, actor, object and time.
    EventIndex,
}

/// How much of an event a projection needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Interest {
    /// Nothing: the event is skipped without being read.
    None,
    /// Who, when and what it is called.
    Envelope,
    /// Everything.
    Content,
}

/// Changes some tables by events, in memory first.
///
/// It may keep in memory what it has read or not given away yet.
pub(crate) trait Projection: Send {
    /// Makes what a connection needs to write, besides the tables themselves:
    /// nothing, where rows are only added.
    fn prepare<'a>(&'a mut self, _: &'a mut PgConnection) -> Step<'a> {
        async { Ok(()) }.boxed()
    }

    /// Takes events in, after reading what they change.
    fn take<'a>(&'a mut self, tables: &'a mut dyn Tables, events: &'a [Decoded]) -> Step<'a>;

    /// Gives away what is too much to be held: for those who are sure that
    /// nobody else writes, and write what they are given before anybody reads.
    fn overflow(&mut self) -> Writes;

    /// Gives away everything that is not written yet.
    fn drain(&mut self) -> Writes;

    /// Learns that everything it gave away is in the tables now, which are what
    /// the log up to a position makes. It may keep some of that in memory, to
    /// save reading it again, and shows it to those who look for what was
    /// written last.
    fn settle(&mut self, _through: i64, _latest: &Latest) {
        self.forget();
    }

    /// Forgets everything that is in memory.
    fn forget(&mut self);
}

/// A step of a projection.
pub(crate) type Step<'a> = BoxFuture<'a, Result<(), ProjectionError>>;

/// Where a projection reads what it does not hold: its tables with everything
/// in them that it has given away.
pub(crate) trait Tables: Send {
    /// A connection to look rows of a table up with, by its key.
    fn search(
        &mut self,
        table: &'static str,
    ) -> BoxFuture<'_, Result<&mut PgConnection, ProjectionError>>;
}

impl Tables for PgConnection {
    fn search(
        &mut self,
        _: &'static str,
    ) -> BoxFuture<'_, Result<&mut PgConnection, ProjectionError>> {
        std::future::ready(Ok(self)).boxed()
    }
}

impl ProjectionName {
    /// The version of the projection's tables and rules. A higher one than
    /// that of the checkpoint means that the tables are built anew.
    pub fn version(self) -> i32 {
        match self {
            Self::WorkQueue => work_queue::VERSION,
            Self::WorkItemHistory => work_item_history::VERSION,
            Self::WorkItemLink => work_item_link::VERSION,
            Self::IncidentDetail => incident_detail::VERSION,
            Self::EventIndex => event_index::VERSION,
        }
    }

    /// The tables of the projection.
    pub(crate) fn tables(self) -> &'static [&'static str] {
        match self {
            Self::WorkQueue => work_queue::TABLES,
            Self::WorkItemHistory => work_item_history::TABLES,
            Self::WorkItemLink => work_item_link::TABLES,
            Self::IncidentDetail => incident_detail::TABLES,
            Self::EventIndex => event_index::TABLES,
        }
    }

    /// How much of an event the projection needs, by the event's names alone.
    pub(crate) fn interest(self, aggregate_type: &str, event_type: &str) -> Interest {
        let is_incident = aggregate_type == "incident";
        let content = |wanted: bool| {
            if wanted {
                Interest::Content
            } else {
                Interest::None
            }
        };
        match self {
            Self::EventIndex => Interest::Envelope,
            Self::WorkQueue => {
                content(is_incident || work_queue::concerns(aggregate_type, event_type))
            }
            Self::WorkItemHistory => content(is_incident),
            Self::WorkItemLink => content(is_incident && work_item_link::concerns(event_type)),
            Self::IncidentDetail => content(is_incident && incident_detail::concerns(event_type)),
        }
    }

    /// The projection's code, with nothing in memory.
    pub(crate) fn start(self) -> Box<dyn Projection> {
        match self {
            Self::WorkQueue => Box::new(work_queue::Projector::default()),
            Self::WorkItemHistory => Box::new(work_item_history::Projector::default()),
            Self::WorkItemLink => Box::new(work_item_link::Projector::default()),
            Self::IncidentDetail => Box::new(incident_detail::Projector::default()),
            Self::EventIndex => Box::new(event_index::Projector::default()),
        }
    }
}
