//! The log as it grows.

use std::sync::Arc;

use async_graphql::{Context, Result, Subscription};
use event_store::{Filter, Follower, RecordedEvent};
use futures_util::stream::{self, Stream};

use super::types::Event;
use crate::auth::policy::Action;
use crate::error::{at_field, code, of_store};
use crate::graphql::ids;
use crate::graphql::scalars::Long;
use crate::graphql::viewer::{authorised, desk};

/// Subscriptions on the log.
#[derive(Default)]
pub(crate) struct LogSubscriptions;

#[Subscription]
impl LogSubscriptions {
    /// Every event after a position, first those that are there, then those
    /// that come: each once, in order. Without a position it begins with what
    /// comes now. After a lost connection, ask again with the last position
    /// seen, and nothing is missed.
    async fn events(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What they follow, if not what is there now.")] after: Option<Long>,
        #[graphql(desc = "Of these types, if not of all.")] event_types: Option<Vec<String>>,
        #[graphql(desc = "About this object, if not any.")] object_id: Option<async_graphql::ID>,
    ) -> Result<impl Stream<Item = Result<Event>> + use<>> {
        authorised(ctx, Action::ReadLog)?;
        let log = desk(ctx)?.log();
        let after = match after {
            Some(Long(position)) if position < 0 => {
                return Err(at_field(
                    code::INPUT_INVALID,
                    "after is no position of the log",
                    "after",
                ));
            }
            Some(Long(position)) => position,
            None => log.head().await.map_err(|error| of_store(&error))?.position,
        };
        let object = object_id
            .map(|id| ids::decode(&id, "objectId"))
            .transpose()?;
        let filter = Filter {
            event_types,
            aggregate_id: object.map(|(_, id)| id),
            ..Filter::default()
        };
        let tail = Tail {
            follower: log.follow(after),
            filter,
            waiting: Vec::new().into_iter(),
        };
        Ok(stream::try_unfold(tail, |mut tail| async move {
            let event = tail.next().await?;
            Ok(Some((Event::of(&event)?, tail)))
        }))
    }
}

struct Tail {
    follower: Follower,
    filter: Filter,
    waiting: std::vec::IntoIter<Arc<RecordedEvent>>,
}

impl Tail {
    async fn next(&mut self) -> Result<Arc<RecordedEvent>> {
        loop {
            if let Some(event) = self.waiting.find(|event| self.filter.matches(event)) {
                return Ok(event);
            }
            let batch = self
                .follower
                .next()
                .await
                .map_err(|error| of_store(&error))?;
            self.waiting = batch.into_iter();
        }
    }
}
