//! The forms of a process log, each as its standard wants it.

use std::collections::BTreeSet;

use super::{Files, list, ocel, written};
use crate::desk::{Desk, assign};

#[tokio::test]
async fn plt_08_ocel_json_is_as_its_schema_wants_it() {
    let desk = Desk::open().await;
    desk.journey("INC0000001").await;
    let files = Files::new();
    let log = ocel(&desk, &files.path("desk.json"), &[]).await;
    let keys: Vec<&String> = log.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["eventTypes", "events", "objectTypes", "objects"]);
    for (things, types) in [("events", "eventTypes"), ("objects", "objectTypes")] {
        let mut ids = BTreeSet::new();
        for thing in list(&log, things) {
            assert!(ids.insert(thing["id"].as_str().unwrap()));
            let declared = list(&log, types);
            let own = declared.iter().find(|one| one["name"] == thing["type"]);
            let own = list(own.unwrap(), "attributes");
            for attribute in list(thing, "attributes") {
                // The schema has every value as a string.
                assert!(attribute["value"].is_string(), "{attribute}");
                let known = own.iter().any(|one| one["name"] == attribute["name"]);
                assert!(known, "{attribute}");
            }
            for relation in list(thing, "relationships") {
                let target = &relation["objectId"];
                let found = list(&log, "objects").iter().any(|one| one["id"] == *target);
                assert!(found, "{relation}");
            }
        }
        for one in list(&log, types) {
            for attribute in list(one, "attributes") {
                let kind = attribute["type"].as_str().unwrap();
                assert!(matches!(kind, "string" | "integer" | "boolean" | "time"));
            }
        }
    }
    desk.close().await;
}

#[tokio::test]
async fn plt_08_the_sqlite_file_says_the_same_by_the_relational_schema() {
    let desk = Desk::open().await;
    let id = desk.journey("INC0000001").await;
    let files = Files::new();
    // The first file is an event of the log, too, which is left out here.
    let head = desk.head().await.to_string();
    let json = ocel(&desk, &files.path("desk.json"), &[]).await;
    let path = files.path("desk.sqlite");
    let ran = written(&desk, &path, &["--to-position", &head]).await;
    assert_eq!(ran.code, 0, "{ran:?}");
    let file = rusqlite::Connection::open(&path).unwrap();
    let number = |query: &str| -> i64 { file.query_row(query, [], |row| row.get(0)).unwrap() };
    let of = |name: &str| i64::try_from(list(&json, name).len()).unwrap();
    assert_eq!(number("select count(*) from event"), of("events"));
    assert_eq!(number("select count(*) from object"), of("objects"));
    let related = list(&json, "events")
        .iter()
        .map(|event| list(event, "relationships").len());
    assert_eq!(
        number("select count(*) from event_object"),
        i64::try_from(related.sum::<usize>()).unwrap()
    );
    assert_eq!(number("select count(*) from pragma_foreign_key_check"), 0);
    assert_eq!(
        number("select count(*) from event_map_type"),
        of("eventTypes")
    );
    assert_eq!(
        number(
            r#"select count(*) from "event_Resolved" where ocel_time = '2026-03-02T11:00:00.000000Z'"#
        ),
        1
    );
    let mut changes = file
        .prepare(
            "select ocel_changed_field, status from object_incident
             where ocel_id = ?1 and (ocel_changed_field is null or ocel_changed_field = 'status')
             order by rowid",
        )
        .unwrap();
    let changes: Vec<(Option<String>, String)> = changes
        .query_map([id.to_string()], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let field = || Some("status".to_owned());
    assert_eq!(
        changes,
        [
            (None, "New".to_owned()),
            (field(), "Assigned".to_owned()),
            (field(), "InProgress".to_owned()),
            (field(), "Resolved".to_owned()),
        ]
    );
    desk.close().await;
}

#[tokio::test]
async fn plt_08_xes_has_a_trace_for_each_case() {
    let desk = Desk::open().await;
    desk.journey("INC0000001").await;
    desk.register("INC0000002").await;
    let files = Files::new();
    let traces = async |name: &str, arguments: &[&str]| {
        let path = files.path(name);
        let ran = written(&desk, &path, arguments).await;
        assert_eq!(ran.code, 0, "{ran:?}");
        std::fs::read_to_string(path).unwrap()
    };
    let incidents = traces("incidents.xes", &[]).await;
    assert_eq!(incidents.matches("<trace>").count(), 2);
    assert_eq!(incidents.matches("<event>").count(), 12);
    for expected in [
        r#"xes.version="1849.2016""#,
        r#"<string key="concept:name" value="INC0000001"/>"#,
        r#"<string key="concept:name" value="Resolved"/>"#,
        r#"<date key="time:timestamp" value="2026-03-02T11:00:00.000000Z"/>"#,
        r#"<string key="org:resource" value="li.wei"/>"#,
        r#"<string key="org:group" value="网络组"/>"#,
        r#"<string key="lifecycle:transition" value="complete"/>"#,
    ] {
        assert!(incidents.contains(expected), "{expected}");
    }
    // A trace is in the order of its times: the call of nine o'clock, which
    // was written down later, comes before the assignment of ten.
    let place = |name: &str| incidents.find(&format!("value=\"{name}\"")).unwrap();
    assert!(place("CommentAdded") < place("Assigned"));

    let teams = traces("teams.xes", &["--object", "team"]).await;
    assert_eq!(teams.matches("<trace>").count(), 1);
    assert!(teams.contains(r#"value="TeamFounded""#) && teams.contains(r#"value="Assigned""#));
    let people = traces("people.xes", &["--object", "person"]).await;
    assert!(people.contains(r#"<string key="concept:name" value="chen.jie"/>"#));
    desk.close().await;
}

#[tokio::test]
async fn a_file_that_is_there_is_left_alone() {
    let desk = Desk::open().await;
    let id = desk.register("INC0000001").await;
    desk.command(id, "09:00", assign()).await;
    let files = Files::new();
    let path = files.path("desk.json");
    std::fs::write(&path, "mine").unwrap();
    let ran = written(&desk, &path, &[]).await;
    assert_eq!((ran.code, &*ran.stdout), (2, ""));
    assert!(ran.stderr.contains("is there already"), "{ran:?}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "mine");
    let ran = written(&desk, "/nowhere/desk.json", &[]).await;
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("cannot be written"), "{ran:?}");
    desk.close().await;
}
