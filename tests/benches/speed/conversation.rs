//! The work that event stores are compared by: comments of about 200 bytes on
//! many conversations at once, as on a desk where many people write. Each
//! command loads its conversation, decides, and appends one event at the
//! version that it has seen.

use std::convert::Infallible;
use std::future::Future;
use std::time::Duration;

use cqrs_es::event_sink::EventSink;
use cqrs_es::{Aggregate, DomainEvent};
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;
use tokio::time::Instant;
use uuid::Uuid;

use crate::pace::{Latencies, Pace};

/// How long a conversation gets before another one begins.
const LONGEST: usize = 10;
/// How many conversations a writer has going in turn.
const AT_ONCE: usize = 8;

/// What is said.
pub(crate) const WORDS: &str = "打印机又卡纸了, the paper tray of the printer on the third floor jams. \
    It was cleaned on Monday and again today; 请派人来看一下, spare part 4711-A is in the cupboard.";

/// A conversation: it remembers how much was said.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Conversation {
    comments: u64,
}

/// What happens in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type")]
pub(crate) enum Said {
    /// Somebody said something.
    CommentAdded {
        visibility: String,
        text: String,
        from_requester: bool,
    },
}

impl Conversation {
    /// What follows from somebody's saying something.
    pub(crate) fn say(&self, words: &str) -> Vec<Said> {
        vec![Said::CommentAdded {
            visibility: "Public".to_owned(),
            text: words.to_owned(),
            from_requester: self.comments.is_multiple_of(2),
        }]
    }
}

impl DomainEvent for Said {
    fn event_type(&self) -> String {
        "CommentAdded".to_owned()
    }

    fn event_version(&self) -> String {
        "1.0".to_owned()
    }
}

impl Aggregate for Conversation {
    const TYPE: &'static str = "conversation";
    type Command = String;
    type Event = Said;
    type Error = Infallible;
    type Services = ();

    async fn handle(
        &mut self,
        words: String,
        (): &(),
        sink: &EventSink<Self>,
    ) -> Result<(), Infallible> {
        for event in self.say(&words) {
            sink.write(event, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: Said) {
        let Said::CommentAdded { .. } = event;
        self.comments += 1;
    }
}

/// Keeps so many commands in flight for a while: each of so many writers sends
/// one after the other, to its own conversations in turn.
pub(crate) async fn drive<F, C>(
    in_flight: usize,
    time: Duration,
    command: F,
) -> anyhow::Result<Pace>
where
    F: Fn(Uuid, bool) -> C + Clone + Send + 'static,
    C: Future<Output = anyhow::Result<()>> + Send + 'static,
{
    let started = Instant::now();
    let end = started + time;
    let mut writers = JoinSet::new();
    for _ in 0..in_flight {
        let command = command.clone();
        writers.spawn(async move {
            let mut latencies = Latencies::default();
            let mut conversations = [(); AT_ONCE].map(|()| (Uuid::now_v7(), 0));
            for turn in (0..AT_ONCE).cycle() {
                if Instant::now() >= end {
                    break;
                }
                let (id, length) = &mut conversations[turn];
                if *length == LONGEST {
                    (*id, *length) = (Uuid::now_v7(), 0);
                }
                let sent = Instant::now();
                command(*id, *length == 0).await?;
                latencies.record(sent.elapsed());
                *length += 1;
            }
            anyhow::Ok(latencies)
        });
    }
    let mut latencies = Latencies::default();
    while let Some(writer) = writers.join_next().await {
        latencies.add(&writer??);
    }
    Ok(Pace::of(&latencies, started.elapsed()))
}
