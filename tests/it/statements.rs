//! What a page costs: a constant number of statements, whatever its length.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};
use tests::TestDesk;
use tracing::Subscriber;
use tracing::subscriber::set_global_default;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

/// Counts the statements that read models send.
#[derive(Clone, Default)]
struct Statements(Arc<AtomicU64>);

impl<S: Subscriber> Layer<S> for Statements {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        if event.metadata().target().starts_with("sqlx::query") {
            let mut reads = Reads(false);
            event.record(&mut reads);
            if reads.0 {
                self.0.fetch_add(1, Ordering::SeqCst);
            }
        }
    }
}

/// Whether a statement reads a read model for somebody who asks.
struct Reads(bool);

impl tracing::field::Visit for Reads {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
        if matches!(field.name(), "db.statement" | "summary") {
            let text = format!("{value:?}");
            self.0 |= [
                "work_queue",
                "work_item_history",
                "incident_detail",
                "work_item_link",
            ]
            .iter()
            .any(|table| text.contains(table));
        }
    }
}

const PAGE: &str = "query($first: Int!, $asOf: AsOfInput) { incidents(first: $first, asOf: $asOf) { totalCount nodes {
    number description workaround
    links { otherNumber }
    comments(first: 5) { nodes { text } }
    history(first: 10) { nodes { eventType changes { field } } }
} } }";

#[tokio::test]
async fn a_page_of_fifty_with_history_and_comments_costs_as_many_statements_as_a_page_of_one() {
    let statements = Statements::default();
    set_global_default(tracing_subscriber::registry().with(statements.clone())).unwrap();
    let desk = TestDesk::open().await;
    let coordinator = desk.coordinator().await;
    for number in 0..50 {
        let incident = coordinator
            .logs(json!({ "summary": format!("事件 {number}") }))
            .await;
        coordinator
            .takes(
                "workItemComment",
                &incident,
                json!({ "visibility": "PUBLIC", "text": "处理中" }),
            )
            .await;
    }
    // What the read models themselves do is not to be counted.
    desk.settled().await;
    let head = desk.serving().desk().log().head().await.unwrap().position;
    let cost = async |first: u32, as_of: Value| {
        let before = statements.0.load(Ordering::SeqCst);
        let page = coordinator
            .data(PAGE, json!({ "first": first, "asOf": as_of }))
            .await;
        assert_eq!(
            page["incidents"]["nodes"].as_array().unwrap().len(),
            first as usize
        );
        statements.0.load(Ordering::SeqCst) - before
    };
    for as_of in [Value::Null, json!({ "position": head - 1 })] {
        let one = cost(1, as_of.clone()).await;
        let fifty = cost(50, as_of.clone()).await;
        assert!(one > 0, "the statements are counted");
        // Loads are gathered for a moment: on a busy machine that may be two
        // moments, and never one for each of the fifty.
        assert!(
            fifty <= 2 * one && fifty <= 14,
            "one item costs {one} statements, fifty cost {fifty}, as of {as_of}"
        );
    }
}
