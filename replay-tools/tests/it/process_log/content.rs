//! What a process log says of a desk.

use std::collections::BTreeSet;

use domain::ids::{CiId, WorkItemId};
use domain::work_item::{LinkTarget, Relation, WorkCommand};

use super::{Files, list, ocel, parts, values, written};
use crate::desk::Desk;

#[tokio::test]
async fn plt_08_every_event_is_an_event_of_ocel_about_all_its_objects() {
    let desk = Desk::open().await;
    let id = desk.journey("INC0000001").await;
    let files = Files::new();
    let head = desk.head().await;
    let log = ocel(&desk, &files.path("desk.json"), &[]).await;

    let events = list(&log, "events");
    assert_eq!(i64::try_from(events.len()).unwrap(), head);
    let types: BTreeSet<&str> = list(&log, "objects")
        .iter()
        .map(|object| object["type"].as_str().unwrap())
        .collect();
    assert_eq!(
        types,
        BTreeSet::from([
            "api_token",
            "category",
            "configuration",
            "incident",
            "person",
            "team"
        ])
    );
    let named = |name: &str| events.iter().find(|event| event["type"] == name).unwrap();
    assert_eq!(
        parts(&log, named("Registered")),
        BTreeSet::from(["item: incident", "actor: person", "requester: person"].map(String::from))
    );
    assert_eq!(
        parts(&log, named("Assigned")),
        BTreeSet::from(["item: incident", "actor: person", "to team: team"].map(String::from))
    );
    assert_eq!(
        parts(&log, named("Resolved")),
        BTreeSet::from(["item: incident", "actor: person", "team: team"].map(String::from))
    );
    assert!(parts(&log, named("Classified")).contains("to category: category"));
    assert!(parts(&log, named("TokenIssued")).contains("bearer: person"));
    assert!(parts(&log, named("ReviewPassed")).contains("reviewer: person"));

    // The time of an event is when it was so; a late entry says so.
    let comment = named("CommentAdded");
    assert_eq!(comment["time"], "2026-03-02T09:00:00.000000Z");
    let object = list(&log, "objects")
        .iter()
        .find(|object| object["id"] == id.to_string())
        .unwrap();
    let always = "1970-01-01T00:00:00.000000Z".to_owned();
    assert_eq!(
        values(object, "status"),
        [
            (always.clone(), "New".to_owned()),
            (
                "2026-03-02T10:00:00.000000Z".to_owned(),
                "Assigned".to_owned()
            ),
            (
                "2026-03-02T10:05:00.000000Z".to_owned(),
                "InProgress".to_owned()
            ),
            (
                "2026-03-02T11:00:00.000000Z".to_owned(),
                "Resolved".to_owned()
            ),
        ]
    );
    assert_eq!(
        values(object, "number"),
        [(always, "INC0000001".to_owned())]
    );
    // What people wrote is not in a process log.
    let text = log.to_string();
    for words in [
        "VPN 无法连接",
        "Called back at nine",
        "Certificate renewed",
        "abab",
    ] {
        assert!(!text.contains(words), "{words}");
    }
    desk.close().await;
}

#[tokio::test]
async fn cis_and_links_are_objects_and_relations() {
    let desk = Desk::open().await;
    let other = desk.register("INC0000001").await;
    let id = desk.register("INC0000002").await;
    desk.command(
        id,
        "09:00",
        WorkCommand::LinkCi {
            ci: CiId::new("router-7").unwrap(),
        }
        .into(),
    )
    .await;
    let target = LinkTarget {
        id: WorkItemId(other),
        number: "INC0000001".to_owned(),
        leads_back: false,
        is_open: true,
    };
    let link = WorkCommand::Link {
        relation: Relation::RelatesTo,
        target,
    };
    let linked = desk.command(id, "09:05", link.into()).await.to;
    let files = Files::new();
    let log = ocel(&desk, &files.path("all.json"), &[]).await;
    let object = list(&log, "objects")
        .iter()
        .find(|object| object["id"] == id.to_string())
        .unwrap();
    let relations: Vec<String> = list(object, "relationships")
        .iter()
        .map(|one| {
            format!(
                "{} {}",
                one["qualifier"].as_str().unwrap(),
                one["objectId"].as_str().unwrap()
            )
        })
        .collect();
    for expected in [
        "configuration item configuration_item:router-7",
        "category category:network-vpn",
        "requester person:chen.jie",
        &format!("relates to {other}"),
    ] {
        assert!(
            relations.iter().any(|one| one == expected),
            "{expected}: {relations:?}"
        );
    }

    // A part of the log: the other item is an object of it, though nothing
    // happened to it there.
    let from = linked.to_string();
    let one = ["--from-position", &from, "--to-position", &from];
    let part = ocel(&desk, &files.path("part.json"), &one).await;
    assert_eq!(list(&part, "events").len(), 1);
    let event = &list(&part, "events")[0];
    assert!(parts(&part, event).contains("linked item: incident"));
    let stood = list(&part, "objects")
        .iter()
        .find(|object| object["id"] == id.to_string())
        .unwrap();
    // What it had been before was so from the start.
    assert_eq!(values(stood, "status").len(), 1);
    desk.close().await;
}

#[tokio::test]
async fn a_part_of_the_log_is_chosen_by_position_and_by_either_time() {
    let desk = Desk::open().await;
    desk.journey("INC0000001").await;
    let head = desk.head().await;
    let files = Files::new();
    let events = async |name: &str, arguments: &[&str]| {
        let log = ocel(&desk, &files.path(name), arguments).await;
        let names = list(&log, "events")
            .iter()
            .map(|event| event["type"].as_str().unwrap().to_owned());
        names.collect::<Vec<_>>()
    };
    let upto = (head - 1).to_string();
    let all = events("a.json", &["--to-position", &upto]).await;
    assert_eq!(i64::try_from(all.len()).unwrap(), head - 1);
    // The comment was made at nine and written down after half past ten.
    let arguments = ["--since", "2026-03-02 08:30", "--until", "2026-03-02 10:00"];
    assert_eq!(
        events("b.json", &arguments).await,
        ["Assigned", "CommentAdded"]
    );
    let arguments = ["--time", "recorded", "--until", "2026-03-02 10:00"];
    let now = desk.log.head().await.unwrap().recorded_at.unwrap();
    assert!(now > crate::desk::at("10:00"));
    assert_eq!(events("c.json", &arguments).await, Vec::<String>::new());
    let ran = written(&desk, &files.path("d.json"), &["--to-position", "99999"]).await;
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("the log ends at"), "{ran:?}");
    desk.close().await;
}
