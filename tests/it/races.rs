//! Who comes at the same time: commands on one object are all heard, and a
//! decision that rests on other objects holds only while those stand still.

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{Answer, Incident, Person, TestDesk};

/// The code of a refusal, or nothing where the command was carried out.
fn code(answer: &Answer) -> Option<String> {
    let refused = answer.body.get("errors").is_some();
    refused.then(|| answer.clone().code())
}

async fn incidents(person: &Person, count: usize) -> Vec<Incident> {
    let mut incidents = Vec::new();
    for _ in 0..count {
        incidents.push(person.logs_an_incident().await);
    }
    incidents
}

fn merging(from: &Incident, into: &Incident) -> Value {
    json!({
        "id": from.id, "targetId": into.id, "reason": "同一故障", "told": ["zhao.min"],
    })
}

fn linking(from: &Incident, relation: &str, to: &Incident) -> Value {
    json!({ "id": from.id, "relation": relation, "targetId": to.id })
}

#[tokio::test]
async fn of_two_incidents_merged_into_each_other_at_once_one_goes_on() {
    let desk = TestDesk::open().await;
    let replica = desk.replica().await;
    let here = desk.coordinator().await;
    let there = here.at(replica.address);
    for (one, other) in [(&here, &here), (&here, &there), (&there, &here)].repeat(5) {
        let both = incidents(&here, 2).await;
        let answers = tokio::join!(
            one.mutate("workItemMergeInto", merging(&both[0], &both[1])),
            other.mutate("workItemMergeInto", merging(&both[1], &both[0])),
        );
        let mut codes = [code(&answers.0), code(&answers.1)];
        codes.sort();
        let refused = Some("WORK_ITEM_MERGE_TARGET_NOT_OPEN".to_owned());
        assert_eq!(codes, [None, refused]);
    }
    replica.stop().await;
}

#[tokio::test]
async fn incidents_merged_in_a_ring_at_once_leave_one_that_goes_on() {
    let desk = TestDesk::open().await;
    let replica = desk.replica().await;
    let here = desk.coordinator().await;
    let there = here.at(replica.address);
    for _ in 0..5 {
        let ring = incidents(&here, 3).await;
        tokio::join!(
            here.mutate("workItemMergeInto", merging(&ring[0], &ring[1])),
            there.mutate("workItemMergeInto", merging(&ring[1], &ring[2])),
            here.mutate("workItemMergeInto", merging(&ring[2], &ring[0])),
        );
        let mut open = 0;
        for incident in &ring {
            open += u32::from(here.sees(incident, "isOpen").await["isOpen"] == true);
        }
        assert_eq!(open, 1, "two merges of a ring are right, the third is not");
    }
    replica.stop().await;
}

#[tokio::test]
async fn links_of_one_relation_never_run_in_a_circle() {
    let desk = TestDesk::open().await;
    let replica = desk.replica().await;
    let here = desk.coordinator().await;
    let there = here.at(replica.address);
    for relation in ["PARENT_OF", "DUPLICATE_OF", "CAUSED_BY"] {
        // In one document: what the first mutation wrote is known to the second.
        let both = incidents(&here, 2).await;
        let document = "mutation($there: WorkItemLinkInput!, $back: WorkItemLinkInput!) {
            there: workItemLink(input: $there) { position } back: workItemLink(input: $back) { position } }";
        let (there_and, back) = (
            linking(&both[0], relation, &both[1]),
            linking(&both[1], relation, &both[0]),
        );
        let answer = here
            .ask(document, json!({ "there": there_and, "back": back }))
            .await;
        assert_eq!(answer.code(), "WORK_ITEM_LINK_CYCLE", "{relation}");

        // At the same time, and over three.
        let ring = incidents(&here, 3).await;
        let answers = tokio::join!(
            here.mutate("workItemLink", linking(&ring[0], relation, &ring[1])),
            there.mutate("workItemLink", linking(&ring[1], relation, &ring[2])),
            here.mutate("workItemLink", linking(&ring[2], relation, &ring[0])),
        );
        let mut codes = [&answers.0, &answers.1, &answers.2].map(code);
        codes.sort();
        let cycle = Some("WORK_ITEM_LINK_CYCLE".to_owned());
        assert_eq!(codes, [None, None, cycle], "{relation}");
    }
    replica.stop().await;
}

#[tokio::test]
async fn sixty_who_comment_on_one_incident_at_once_are_all_heard() {
    let desk = TestDesk::open().await;
    let replica = desk.replica().await;
    let here = desk.coordinator().await;
    let there = here.at(replica.address);
    let incident = here.logs_an_incident().await;
    let comments = (0..60).map(|place| {
        let person = if place % 2 == 0 { &here } else { &there };
        let text = format!("第 {place} 条");
        let comment = json!({ "id": incident.id, "visibility": "PUBLIC", "text": text });
        person.mutate("workItemComment", comment)
    });
    for answer in join_all(comments).await {
        assert_eq!(code(&answer), None);
    }
    let seen = here.sees(&incident, "commentCount").await;
    assert_eq!(seen["commentCount"], 60);
    replica.stop().await;
}

#[tokio::test]
async fn nothing_goes_to_a_team_that_is_closed_at_the_same_time() {
    let desk = TestDesk::open().await;
    let replica = desk.replica().await;
    let here = desk.coordinator().await;
    let administrator = desk.person("admin", domain::Role::Administrator).await;
    let there = administrator.at(replica.address);
    for round in 0..8 {
        let team = desk
            .team(&format!("t{round}"), "SECOND", "Operations")
            .await;
        let incident = here.logs_an_incident().await;
        let (assigned, _) = tokio::join!(
            here.mutate(
                "workItemAssign",
                json!({ "id": incident.id, "teamId": team.id })
            ),
            there.mutate("teamDeactivate", json!({ "teamId": team.id })),
        );
        let code = code(&assigned);
        assert!(
            code.is_none() || code.as_deref() == Some("WORK_ITEM_TEAM_INACTIVE"),
            "{code:?}"
        );
    }
    let late = desk
        .database()
        .number(
            "select count(*) from events a join events d
                on d.event_type = 'TeamDeactivated' and d.aggregate_id = a.payload->'to'->>'id'
             where a.event_type = 'Assigned' and a.position > d.position",
        )
        .await;
    assert_eq!(late, 0);
    replica.stop().await;
}

#[tokio::test]
async fn inc_10_every_relation_is_seen_from_both_ends_and_ended_from_either() {
    let desk = TestDesk::open().await;
    let coordinator = desk.coordinator().await;
    let team = desk.second_line().await;
    let closed = coordinator.has_a_closed_incident(&team).await;
    let relations = [
        "PARENT_OF",
        "DUPLICATE_OF",
        "CAUSED_BY",
        "SYMPTOM_OF",
        "RESOLVED_BY",
        "FULFILS",
        "RELEASED_IN",
        "RELATES_TO",
    ];
    for relation in relations {
        let open = coordinator.logs_an_incident().await;
        // A closed incident is linked from and to.
        for (from, to) in [(&open, &closed), (&closed, &open)] {
            coordinator
                .does("workItemLink", linking(from, relation, to))
                .await;
            for (item, other, outgoing) in [(from, to, true), (to, from, false)] {
                let links = coordinator
                    .sees(item, "links { relation outgoing otherNumber }")
                    .await["links"]
                    .clone();
                let link = json!({ "relation": relation, "outgoing": outgoing, "otherNumber": other.number });
                assert!(
                    links.as_array().unwrap().contains(&link),
                    "{relation}: {links}"
                );
            }
            if relation == "RELATES_TO" {
                let refusal = coordinator
                    .is_refused("workItemLink", linking(to, relation, from))
                    .await;
                assert_eq!(refusal.code, "WORK_ITEM_ALREADY_LINKED", "it stands once");
            }
            // Ended from the end that does not hold it; the answer is about
            // the item that was named, whose version is looked at.
            let version = coordinator.sees(to, "version").await["version"].clone();
            let mut ending = linking(to, relation, from);
            ending["outgoing"] = json!(relation == "RELATES_TO");
            ending["expectedVersion"] = json!(version.as_i64().unwrap() + 1);
            let refusal = coordinator
                .is_refused("workItemUnlink", ending.clone())
                .await;
            assert_eq!(refusal.code, "CONFLICT");
            ending["expectedVersion"] = version.clone();
            let ended = coordinator.does("workItemUnlink", ending.clone()).await;
            assert_eq!(ended["workItem"]["id"], json!(to.id));
            assert_eq!(ended["version"], version);
            let refusal = coordinator.is_refused("workItemUnlink", ending).await;
            assert_eq!(
                (refusal.code.as_str(), refusal.field.as_deref()),
                ("WORK_ITEM_NOT_LINKED", Some("targetId"))
            );
            for item in [from, to] {
                let links = coordinator.sees(item, "links { otherNumber }").await["links"].clone();
                assert_eq!(links, json!([]), "{relation}");
            }
        }
    }
}
