//! `shell`: the prompt, driven by scripts.

use std::process::Stdio;

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;

use crate::desk::Desk;
use crate::program::{Ran, program};

/// Runs the prompt on some lines.
async fn shell(desk: &Desk, arguments: &[&str], lines: &[&str]) -> Ran {
    let arguments = [&["shell"], arguments, &["--database-url", &desk.url]].concat();
    let mut child = program(&arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(lines.join("\n").as_bytes()).await.unwrap();
    drop(stdin);
    let output = child.wait_with_output().await.unwrap();
    Ran {
        code: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

async fn answers(desk: &Desk, arguments: &[&str], lines: &[&str]) -> Vec<Value> {
    let ran = shell(desk, &[arguments, &["--json"]].concat(), lines).await;
    assert_eq!(ran.code, 0, "{ran:?}");
    ran.json_lines()
}

fn change(answer: &Value, field: &str) -> Value {
    let changes = answer["changes"].as_array().unwrap();
    let found = changes.iter().find(|change| change["field"] == field);
    found.cloned().unwrap_or(Value::Null)
}

#[tokio::test]
async fn plt_08_the_prompt_goes_forwards_and_backwards_and_shows_what_changed() {
    let desk = Desk::open().await;
    desk.journey("INC0000001").await;
    let from = (Desk::SETUP + 3).to_string();
    let lines = ["where", "next", "next", "back", "next 2", "quit", "where"];
    let answers = answers(&desk, &[&from], &lines).await;
    assert_eq!(answers[0]["position"], Desk::SETUP + 3);
    assert_eq!(answers[0]["head"], desk.head().await);
    // The reference in another system, then the assignment, and back.
    assert_eq!(answers[1]["eventType"], "ExternalReferenceAdded");
    assert_eq!(answers[2]["eventType"], "Assigned");
    assert_eq!(answers[2]["object"], "INC0000001");
    assert_eq!(
        change(&answers[2], "work_queue.status"),
        json!({"field": "work_queue.status", "before": "New", "after": "Assigned"})
    );
    assert_eq!(
        change(&answers[2], "work_queue.teamName"),
        json!({"field": "work_queue.teamName", "after": "网络组"})
    );
    assert_eq!(answers[3], answers[1]);
    let names: Vec<&Value> = answers[4..].iter().map(|one| &one["eventType"]).collect();
    assert_eq!(names, ["Assigned", "AssignmentAccepted"]);
    desk.close().await;
}

#[tokio::test]
async fn plt_08_an_object_is_shown_as_it_stood_at_the_place() {
    let desk = Desk::open().await;
    let id = desk.journey("INC0000001").await;
    let lines = ["find Assigned", "object", "goto 99999999999"];
    let ran = shell(&desk, &["0", "--json"], &lines).await;
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.stderr.contains("the log ends at"), "{ran:?}");
    let assigned = &ran.json_lines()[1];
    assert_eq!(assigned["state"]["work_queue"]["status"], "Assigned");
    assert_eq!(assigned["object"]["name"], "INC0000001");

    let id = id.to_string();
    let by_id = format!("object {id}");
    let lines = [
        "object INC0000001",
        &by_id,
        "object network",
        "object category_tree",
        "history",
        "show",
    ];
    let answers = answers(&desk, &[], &lines).await;
    assert_eq!(answers[0]["state"]["work_queue"]["status"], "Resolved");
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[2]["state"]["facts"]["name"], "网络组");
    assert_eq!(answers[3]["state"]["published"]["version"], 1);
    assert_eq!(answers[4]["steps"].as_array().unwrap().len(), 8);
    assert_eq!(answers[5]["payload"]["solution"], "Certificate renewed");
    assert_eq!(answers[5]["metadata"]["actor"], "li.wei");
    desk.close().await;
}

#[tokio::test]
async fn events_are_found_by_type_and_actor_in_both_directions() {
    let desk = Desk::open().await;
    desk.journey("INC0000001").await;
    desk.journey("INC0000002").await;
    let lines = [
        "find back Resolved",
        "find back Resolved",
        "find Registered",
        "find back actor reviewer",
        "goto 2026-01-01",
        "find MemberRemoved",
    ];
    let ran = shell(&desk, &["--json"], &lines).await;
    let answers = ran.json_lines();
    let first = Desk::SETUP + 8;
    assert_eq!(answers[0]["position"], first);
    // The last event is itself such a one, and behind this place.
    let error: Value = serde_json::from_str(&ran.stderr).unwrap();
    assert_eq!(answers.len(), 1);
    assert!(
        error["error"]["message"]
            .as_str()
            .unwrap()
            .contains("no such event before")
    );

    let lines = [
        "find Registered",
        "find back actor reviewer",
        "goto 2026-01-01",
    ];
    let answers = self::answers(&desk, &[&first.to_string()], &lines).await;
    assert_eq!(answers[0]["object"], "INC0000002");
    assert_eq!(answers[1]["actor"], "reviewer");
    assert_eq!(answers[1]["position"], 6);
    assert_eq!(answers[2]["position"], 0);
    desk.close().await;
}

#[tokio::test]
async fn the_prompt_for_people_says_what_can_be_said() {
    let desk = Desk::open().await;
    let id = desk.register("INC0000001").await;
    desk.tamper(&format!(
        "update events set payload = replace(payload::text, 'Since this', 'S\\u001b[2J')::json
         where aggregate_id = '{id}' and event_type = 'Registered'"
    ))
    .await;
    let lines = [
        "help",
        "where",
        "# a remark",
        "",
        "goto 1",
        "next",
        "back",
        "back",
        "next 3",
    ];
    let ran = shell(&desk, &[], &lines).await;
    assert_eq!(ran.code, 0, "{ran:?}");
    for expected in [
        "goes on by one event",
        "Position 12 of 12, recorded at",
        "DraftSaved of priority_matrix",
        "draft.drafted_by: author",
        "draft.reviewed_by: reviewer",
        "Before the first event; the log ends at position 12.",
        "Published of priority_matrix",
    ] {
        assert!(ran.stdout.contains(expected), "{expected}: {}", ran.stdout);
    }
    let ran = shell(&desk, &[], &["find back Registered", "show", "object"]).await;
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(!ran.stdout.contains('\u{1b}'), "{ran:?}");
    assert!(ran.stdout.contains("INC0000001"), "{ran:?}");

    let ran = shell(&desk, &[], &["where", "jump", "where"]).await;
    assert_eq!(ran.code, 2);
    assert_eq!(ran.stdout.lines().count(), 1);
    assert!(ran.stderr.contains("`help` lists them"), "{ran:?}");
    desk.close().await;
}

#[tokio::test]
async fn a_time_that_the_prompt_shows_leads_to_where_it_was_shown() {
    let desk = Desk::open().await;
    desk.journey("INC0000001").await;
    let head = desk.head().await;
    let at = |shown: &str| -> (i64, String) {
        let line = shown.lines().rfind(|line| line.contains(", recorded at "));
        let (place, time) = line.expect(shown).split_once(", recorded at ").unwrap();
        let place = place
            .rsplit_once("Position ")
            .unwrap()
            .1
            .split_once(' ')
            .unwrap();
        (
            place.0.parse().unwrap(),
            time.trim_end_matches('.').to_owned(),
        )
    };
    for position in [Desk::SETUP + 1, Desk::SETUP + 4, head] {
        let goto = format!("goto {position}");
        let (there, time) = at(&shell(&desk, &[], &[&goto, "where"]).await.stdout);
        assert_eq!(there, position);
        let back = format!("goto {time}");
        let (again, _) = at(&shell(&desk, &[], &[&back, "where"]).await.stdout);
        // Steps of one command have one time; the last of them is meant.
        assert!(
            again >= position,
            "{back} leads to {again}, before {position}"
        );
    }
    desk.close().await;
}
