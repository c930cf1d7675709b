//! `exceptions`: what was done in another than the ordinary way.

use domain::configuration::CategoryTree;
use domain::incident::Command;
use domain::priority::Priority;
use domain::work_item::WorkCommand;
use serde_json::{Value, json};

use crate::desk::{Desk, text};

async fn found(desk: &Desk, arguments: &[&str]) -> Vec<Value> {
    let arguments = [&["exceptions", "--json"], arguments].concat();
    let ran = desk.replay(&arguments).await;
    assert_eq!(ran.code, 0, "{ran:?}");
    ran.json_lines()
}

fn kinds(found: &[Value]) -> Vec<&str> {
    found
        .iter()
        .map(|one| one["kind"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn sd_03_the_report_names_the_stages_that_each_open_item_lacks() {
    let desk = Desk::open().await;
    desk.register("INC0000001").await;
    desk.journey("INC0000002").await;
    let lacking = found(&desk, &["--kind", "skipped-stage"]).await;
    assert_eq!(lacking.len(), 1);
    let item = &lacking[0];
    assert_eq!(item["object"]["name"], "INC0000002");
    assert_eq!(item["object"]["type"], "incident");
    // The window in which the requester could confirm is long over.
    assert_eq!(item["skippedStages"], json!(["track"]));
    assert_eq!(item["lackingStages"], json!(["feedback", "close"]));
    assert_eq!(item["position"], desk.head().await);

    // Before it was resolved it lacked nothing.
    let before = (desk.head().await - 1).to_string();
    let arguments = ["--kind", "skipped-stage", "--to", &before];
    assert_eq!(found(&desk, &arguments).await, Vec::<Value>::new());
    desk.close().await;
}

#[tokio::test]
async fn sec_07_every_exception_tells_who_did_what_when_and_why() {
    let desk = Desk::open().await;
    let id = desk.register("INC0000001").await;
    let override_it = WorkCommand::OverridePriority {
        priority: Priority::P1,
        reason: text("The board waits"),
    };
    let at = desk.command(id, "09:00", override_it.into()).await.from;
    let overrides = found(&desk, &["--kind", "override"]).await;
    assert_eq!(overrides.len(), 1);
    let one = &overrides[0];
    assert_eq!(one["position"], at);
    assert_eq!(one["event"], "PriorityOverridden");
    assert_eq!(
        (&one["actor"], &one["role"]),
        (&json!("li.wei"), &json!("Coordinator"))
    );
    assert_eq!(one["effectiveAt"], "2026-03-02T09:00:00Z");
    assert!(one["recordedAt"].is_string());
    assert_eq!(one["reason"], "The board waits");
    assert_eq!(
        one["differences"],
        json!([{"field": "priority", "before": "P3", "after": "P1"}])
    );
    // The desk of the tests writes its day down long after it.
    let all = found(&desk, &["--late-after", "100000d"]).await;
    assert!(!kinds(&all).contains(&"late-entry"));
    let late = found(&desk, &["--kind", "late-entry,override"]).await;
    assert!(kinds(&late).contains(&"late-entry"));

    let ran = desk
        .replay(&["exceptions", "--from", &at.to_string()])
        .await;
    assert_eq!(ran.code, 0);
    for expected in [
        "INC0000001 (incident ",
        "override",
        "PriorityOverridden, by li.wei (Coordinator)",
        "reason: The board waits",
        "priority: P3 -> P1",
        "2 exceptions from position",
    ] {
        assert!(ran.stdout.contains(expected), "{expected}: {}", ran.stdout);
    }
    desk.close().await;
}

#[tokio::test]
async fn sec_03_rights_and_rules_that_changed_are_listed_with_what_differs() {
    let desk = Desk::open().await;
    let setup = found(&desk, &["--kind", "privileged", "--kind", "configuration"]).await;
    assert_eq!(
        kinds(&setup),
        ["privileged", "configuration", "configuration", "privileged"]
    );
    let mut tree = CategoryTree::initial();
    tree.categories[0].name_en = "Networks".to_owned();
    desk.publish_next(tree).await;
    let from = (desk.head().await - 2).to_string();
    let changed = found(&desk, &["--kind", "configuration", "--from", &from]).await;
    assert_eq!(changed.len(), 1);
    assert_eq!(changed[0]["object"]["name"], "category_tree");
    assert_eq!(
        changed[0]["differences"],
        json!([{
            "field": "categories.network.name_en", "before": "Network", "after": "Networks",
        }])
    );
    desk.close().await;
}

#[tokio::test]
async fn sec_07_who_resolved_and_closed_an_incident_is_listed() {
    let desk = Desk::open().await;
    let id = desk.journey("INC0000001").await;
    let close = Command::Close {
        no_feedback_reason: Some(text("Not to be reached")),
    };
    desk.command(id, "12:00", close).await;
    let approvals = found(&desk, &["--kind", "self-approval"]).await;
    assert_eq!(approvals.len(), 1);
    assert_eq!(approvals[0]["event"], "Closed");
    assert_eq!(approvals[0]["reason"], "Not to be reached");
    let closed = found(&desk, &["--kind", "skipped-stage", "--with-closed"]).await;
    assert_eq!(closed[0]["skippedStages"], json!(["track", "feedback"]));
    desk.close().await;
}

#[tokio::test]
async fn a_question_that_makes_no_sense_is_refused() {
    let desk = Desk::open().await;
    for (arguments, said) in [
        (["--to", "1000"].as_slice(), "the log ends at"),
        (&["--from", "5", "--to", "2"], "exchange --from and --to"),
        (&["--from", "yesterday"], "neither a position nor a time"),
        (&["--late-after", "soon"], "write it like 90m"),
        (&["--kind", "odd"], "possible values"),
    ] {
        let ran = desk.replay(&[&["exceptions"], arguments].concat()).await;
        assert_eq!((ran.code, &*ran.stdout), (2, ""), "{arguments:?}");
        assert!(ran.stderr.contains(said), "{arguments:?}: {}", ran.stderr);
    }
    desk.close().await;
}
