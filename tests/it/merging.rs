//! Incidents that go on as another one: what the other one says of them, and
//! what those who asked for them may see.

use domain::Role;
use serde_json::{Value, json};
use tests::{Incident, Person, TestDesk};

/// Waits until an incident has taken in so many others.
async fn has_taken_in(desk: &TestDesk, incident: &Incident, others: usize) {
    let id = tests::journey_id(&incident.id);
    let mut follower = desk.serving().desk().log().follow(0);
    let mut taken_in = 0;
    while taken_in < others {
        let batch = follower.next().await.unwrap();
        let of_it = batch
            .iter()
            .filter(|event| event.aggregate_id == id && event.event_type == "MergedFrom");
        taken_in += of_it.count();
    }
    desk.settled().await;
}

async fn merges(by: &Person, source: &Incident, target: &Incident) -> Value {
    let merge = json!({
        "targetId": target.id, "reason": "同一故障", "noFeedbackReason": "由主单统一答复",
    });
    by.takes("workItemMergeInto", source, merge).await
}

async fn reported_by(coordinator: &Person, requester: &str) -> Incident {
    coordinator.logs(json!({ "requester": requester })).await
}

const MERGED: &str =
    "mergedItems { number summary requester commentCount effortMinutes handOverCount }";

#[tokio::test]
async fn inc_12_the_incident_that_goes_on_shows_what_was_merged_with_its_totals() {
    let desk = TestDesk::open().await;
    let (coordinator, team) = (desk.coordinator().await, desk.second_line().await);
    let source = reported_by(&coordinator, "li.wei").await;
    let target = reported_by(&coordinator, "zhao.min").await;
    for incident in [&source, &target] {
        let effort = json!({ "minutes": 30 });
        coordinator
            .takes("workItemLogEffort", incident, effort)
            .await;
    }
    let note = json!({ "visibility": "INTERNAL", "text": "与上一单相同" });
    coordinator.takes("workItemComment", &source, note).await;
    coordinator.assigns(&source, &team).await;
    let give_back = json!({ "reason": "不归我们" });
    team.agent.takes("workItemReturn", &source, give_back).await;
    merges(&coordinator, &source, &target).await;
    has_taken_in(&desk, &target, 1).await;

    let fields = format!("effortMinutes commentCount {MERGED}");
    let seen = coordinator.sees(&target, &fields).await;
    assert_eq!(
        seen,
        json!({
            "effortMinutes": 30,
            "commentCount": 0,
            "mergedItems": [{
                "number": source.number, "summary": "VPN 无法连接", "requester": "li.wei",
                "commentCount": 1, "effortMinutes": 30, "handOverCount": 1,
            }],
        })
    );
    let history = coordinator
        .sees(
            &target,
            "history(first: 50) { nodes { eventType actor rule changes { field after } } }",
        )
        .await;
    let last = tests::last_step(&history);
    assert_eq!(
        last,
        json!({
            "eventType": "MergedFrom", "actor": "docket:merging", "rule": "merging@1",
            "changes": [{ "field": "merged_from", "after": source.number }],
        })
    );
}

#[tokio::test]
async fn those_who_asked_for_a_merged_incident_follow_the_one_that_goes_on() {
    let desk = TestDesk::open().await;
    let coordinator = desk.coordinator().await;
    let source = reported_by(&coordinator, "li.wei").await;
    let target = reported_by(&coordinator, "zhao.min").await;
    let merged = desk.person("li.wei", Role::Requester).await;
    let asking = desk.person("zhao.min", Role::Requester).await;
    let stranger = desk.person("wu.jing", Role::Requester).await;
    for (visibility, text) in [("PUBLIC", "正在重启网关"), ("INTERNAL", "供应商也不清楚")]
    {
        let said = json!({ "visibility": visibility, "text": text });
        coordinator.takes("workItemComment", &target, said).await;
    }
    assert_eq!(merged.sees(&target, "number").await, Value::Null);
    merges(&coordinator, &source, &target).await;
    has_taken_in(&desk, &target, 1).await;

    let fields = format!(
        "status comments {{ nodes {{ text }} }} history(first: 50) {{ nodes {{ eventType }} }} {MERGED}"
    );
    let seen = merged.sees(&target, &fields).await;
    assert_eq!(seen["status"], "NEW");
    assert_eq!(
        seen["comments"]["nodes"],
        json!([{ "text": "正在重启网关" }])
    );
    let steps = seen["history"]["nodes"].as_array().unwrap();
    assert!(steps.iter().all(|step| step["eventType"] != "MergedFrom"));
    assert_eq!(seen["mergedItems"][0]["number"], json!(source.number));
    let list = "{ workItems(orderBy: { field: OPENED_AT, direction: ASC }) { nodes { number } totalCount } }";
    let listed = merged.data(list, json!({})).await;
    assert_eq!(listed["workItems"]["totalCount"], 2);
    assert_eq!(
        listed["workItems"]["nodes"][1]["number"],
        json!(target.number)
    );
    let searched = "{ workItems(filter: { text: \"网关\" }) { nodes { number } } }";
    let found = merged.data(searched, json!({})).await;
    assert_eq!(
        found["workItems"]["nodes"][0]["number"],
        json!(target.number)
    );

    // The other requester learns nothing of whose incident came.
    assert_eq!(
        asking.sees(&target, MERGED).await,
        json!({ "mergedItems": [] })
    );
    assert_eq!(asking.sees(&source, "number").await, Value::Null);
    assert_eq!(stranger.sees(&target, "number").await, Value::Null);

    // What is said goes on there, too.
    let said = json!({ "id": source.id, "visibility": "PUBLIC", "text": "好了吗？" });
    let refusal = merged.is_refused("workItemComment", said.clone()).await;
    assert_eq!(refusal.code, "WORK_ITEM_GOES_ON_AS");
    assert!(
        refusal.message.contains(&target.number),
        "{}",
        refusal.message
    );
    assert_eq!(refusal.extensions["mergedIntoNumber"], json!(target.number));
    let there = tests::journey::with(said, &json!({ "id": target.id }));
    merged.does("workItemComment", there).await;
    let seen = asking.sees(&target, "comments { nodes { text } }").await;
    assert_eq!(seen["comments"]["nodes"][1]["text"], "好了吗？");
}

#[tokio::test]
async fn what_was_merged_goes_on_with_what_it_was_merged_into() {
    let desk = TestDesk::open().await;
    let coordinator = desk.coordinator().await;
    let first = reported_by(&coordinator, "li.wei").await;
    let second = reported_by(&coordinator, "sun.yan").await;
    let last = reported_by(&coordinator, "zhao.min").await;
    merges(&coordinator, &first, &second).await;
    merges(&coordinator, &second, &last).await;
    has_taken_in(&desk, &last, 2).await;
    let seen = coordinator.sees(&last, "mergedItems { number }").await;
    let mut numbers: Vec<_> = seen["mergedItems"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["number"].as_str().unwrap().to_owned())
        .collect();
    numbers.sort();
    assert_eq!(numbers, [first.number.clone(), second.number.clone()]);
    let merged = desk.person("li.wei", Role::Requester).await;
    assert_eq!(merged.sees(&last, "status").await["status"], "NEW");
}

#[tokio::test]
async fn what_was_merged_is_shown_as_of_then_on_both_bases_and_recorded_once() {
    let desk = TestDesk::open().await;
    let (coordinator, team) = (desk.coordinator().await, desk.second_line().await);
    let source = reported_by(&coordinator, "li.wei").await;
    let target = reported_by(&coordinator, "zhao.min").await;
    let before = merges(&coordinator, &source, &target).await["position"].clone();
    has_taken_in(&desk, &target, 1).await;
    // The incident that goes on ends, and what came stays with it.
    coordinator.assigns(&target, &team).await;
    for basis in ["RECORDED", "EFFECTIVE"] {
        let query = format!(
            "query($id: ID!, $asOf: AsOfInput) {{ incident(id: $id, asOf: $asOf, basis: {basis}) {{ mergedItems {{ number status }} }} }}"
        );
        let at = async |position: Value| {
            let variables = json!({ "id": target.id, "asOf": { "position": position } });
            let seen = coordinator.data(&query, variables).await;
            seen["incident"]["mergedItems"].clone()
        };
        assert_eq!(at(before.clone()).await, json!([]), "{basis}");
        let now = coordinator.sees(&target, "position").await["position"].clone();
        let expected = json!([{ "number": source.number, "status": "MERGED" }]);
        assert_eq!(at(now).await, expected, "{basis}");
    }
    // The process forgets everything that it knew, as after a replay.
    let database = desk.close().await;
    database.execute("delete from timers").await;
    database
        .execute("delete from checkpoints where name = 'process:merging'")
        .await;
    let desk = TestDesk::on(database).await;
    let coordinator = coordinator.at(desk.address());
    let third = reported_by(&coordinator, "sun.yan").await;
    merges(&coordinator, &third, &target).await;
    has_taken_in(&desk, &target, 2).await;
    let seen = coordinator.sees(&target, "mergedItems { number }").await;
    assert_eq!(
        seen["mergedItems"],
        json!([{ "number": source.number }, { "number": third.number }])
    );
}
