//! Bulk forms: each item is decided by itself.

use serde_json::json;
use tests::TestDesk;
use uuid::Uuid;

#[tokio::test]
async fn a_bulk_command_has_a_result_for_each_item() {
    let desk = TestDesk::open().await;
    let (coordinator, team) = (desk.coordinator().await, desk.second_line().await);
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(json!(coordinator.logs_an_incident().await.id));
    }
    let closed = coordinator.has_a_closed_incident(&team).await;
    ids.insert(2, json!(closed.id));
    ids.push(json!(team.id));
    let command = json!({ "ids": ids, "teamId": team.id, "commandId": Uuid::now_v7() });
    let assigned = coordinator
        .does("workItemBulkAssign", command.clone())
        .await;
    let results = assigned["results"].as_array().unwrap().clone();
    assert_eq!(results.len(), 7);
    for (place, result) in results.iter().enumerate() {
        assert_eq!(
            result["id"], ids[place],
            "results stand in the order of the input"
        );
        match place {
            2 => assert_eq!(result["error"]["code"], "WORK_ITEM_NOT_POSSIBLE"),
            6 => assert_eq!(result["error"]["code"], "ID_INVALID"),
            _ => assert_eq!(result["workItem"]["status"], "ASSIGNED"),
        }
    }
    let again = coordinator.does("workItemBulkAssign", command).await;
    assert_eq!(
        again["results"][0]["position"], results[0]["position"],
        "the same bulk command has no second effect"
    );
}

#[tokio::test]
async fn a_bulk_command_has_its_limits() {
    let desk = TestDesk::open().await;
    let coordinator = desk.coordinator().await;
    let ids: Vec<String> = (0..501).map(|_| "x".to_owned()).collect();
    let refusal = coordinator
        .is_refused("workItemBulkArchive", json!({ "ids": ids }))
        .await;
    assert_eq!(
        (refusal.code.as_str(), refusal.field.as_deref()),
        ("INPUT_INVALID", Some("ids"))
    );
    let refusal = coordinator
        .is_refused(
            "workItemBulkArchive",
            json!({ "ids": [], "expectedVersion": 1 }),
        )
        .await;
    assert_eq!(refusal.field.as_deref(), Some("expectedVersion"));
}
