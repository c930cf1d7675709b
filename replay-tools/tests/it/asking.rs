//! `status`, `history` and `as-of`: what auditors ask about.

use serde_json::{Value, json};

use crate::desk::{Desk, comment};

#[tokio::test]
async fn status_tells_how_long_the_log_is_and_who_is_behind() {
    let desk = Desk::open().await;
    desk.journey("INC0000001").await;
    desk.catch_up().await;
    let id = desk.register("INC0000002").await;
    let head = desk.command(id, "09:00", comment("so?")).await.to;

    let ran = desk.replay(&["status", "--json"]).await;
    assert_eq!(ran.code, 0, "{ran:?}");
    let status = ran.json();
    assert_eq!(status["head"]["position"], head);
    assert!(status["head"]["recordedAt"].is_string());
    let events = status["events"].as_array().unwrap();
    assert_eq!(events[0]["aggregateType"], "incident");
    assert_eq!(
        events
            .iter()
            .filter_map(|one| one["events"].as_i64())
            .sum::<i64>(),
        head
    );
    let projections = status["projections"].as_array().unwrap();
    assert_eq!(projections.len(), 5);
    let queue = &projections[0];
    assert_eq!(queue["name"], "work_queue");
    let version = projections::ProjectionName::WorkQueue.version();
    assert_eq!(queue["version"], version);
    assert!(queue["lagPositions"].as_i64().unwrap() > 1, "{queue}");
    assert!(queue["lagSeconds"].as_f64().unwrap() > 0.0);
    assert_eq!(queue["failed"], Value::Null);

    desk.catch_up().await;
    let ran = desk.replay(&["status"]).await;
    assert!(
        ran.stdout
            .contains(&format!("The log ends at position {head}, recorded at "))
    );
    assert_eq!(ran.stdout.matches("up to date").count(), 5, "{ran:?}");
    desk.close().await;
}

#[tokio::test]
async fn status_names_what_a_projection_stands_still_for() {
    let desk = Desk::open().await;
    let id = desk.register("INC0000001").await;
    desk.catch_up().await;
    let bad = desk
        .command(id, "09:00", comment("soon unreadable"))
        .await
        .to;
    desk.tamper(&format!(
        "update events set event_version = '7.0' where position = {bad}"
    ))
    .await;
    desk.tamper("insert into checkpoints values ('event_index', 999, 1), ('auto_close', 1, 3)")
        .await;

    let status = desk.replay(&["status", "--json"]).await.json();
    let failed = status["projections"][0]["failed"].as_str().unwrap();
    assert!(failed.contains(&format!("position {bad}")), "{failed}");
    let failed = status["projections"][4]["failed"].as_str().unwrap();
    assert!(failed.contains("a newer program"), "{failed}");
    assert_eq!(status["processes"][0]["name"], "auto_close");
    assert_eq!(status["processes"][0]["position"], 3);

    let ran = desk.replay(&["status"]).await;
    assert!(
        ran.stdout.contains("stands still: the event at position"),
        "{ran:?}"
    );
    desk.close().await;
}

#[tokio::test]
async fn status_of_an_empty_log_says_so() {
    let desk = Desk::empty().await;
    let ran = desk.replay(&["status"]).await;
    assert!(ran.stdout.starts_with("The log is empty.\n"), "{ran:?}");
    assert_eq!(ran.stdout.matches("not built yet").count(), 5, "{ran:?}");
    desk.close().await;
}

#[tokio::test]
async fn inc_25_a_history_tells_each_step_with_before_and_after() {
    let desk = Desk::open().await;
    let id = desk.journey("INC0000001").await;
    desk.journey("INC0000002").await;

    let ran = desk.replay(&["history", "INC0000001", "--json"]).await;
    assert_eq!(ran.code, 0, "{ran:?}");
    let history = ran.json();
    let incident = json!({"id": id.to_string(), "number": "INC0000001"});
    assert_eq!(history["incident"], incident);
    let steps = history["steps"].as_array().unwrap();
    let sequences: Vec<_> = steps
        .iter()
        .map(|step| step["sequence"].as_u64().unwrap())
        .collect();
    assert_eq!(sequences, (1..=steps.len() as u64).collect::<Vec<_>>());
    assert_eq!(steps[0]["eventType"], "Registered");
    assert_eq!(steps[0]["position"], Desk::SETUP + 1);
    assert_eq!(steps[0]["actor"], "li.wei");
    assert_eq!(steps[0]["role"], "Coordinator");
    assert_eq!(steps[0]["effectiveAt"], "2026-03-02T08:00:00Z");
    let accepted = steps
        .iter()
        .find(|step| step["eventType"] == "AssignmentAccepted")
        .unwrap();
    let change = json!({"field": "status", "before": "Assigned", "after": "InProgress"});
    assert_eq!(accepted["changes"][0], change);
    let comment = steps
        .iter()
        .find(|step| step["eventType"] == "CommentAdded")
        .unwrap();
    assert_eq!(comment["text"], "Called back at nine");
    assert_eq!(comment["visibility"], "Internal");

    let ran = desk.replay(&["history", "INC0000001"]).await;
    assert_eq!(ran.code, 0);
    for expected in [
        "INC0000001 (",
        "status: Assigned -> InProgress",
        "AssignmentAccepted, by li.wei (Coordinator, via api)",
        "2026-03-02 10:05:00.000000Z",
        "text (internal): Called back at nine",
        "team: 网络组",
    ] {
        assert!(ran.stdout.contains(expected), "{expected}: {}", ran.stdout);
    }
    desk.close().await;
}

#[tokio::test]
async fn an_incident_is_found_by_any_of_its_names_without_the_read_models() {
    let desk = Desk::open().await;
    desk.register("INC0000001").await;
    let id = desk.register("INC0000002").await;
    let names = [
        "INC0000002",
        "inc0000002",
        " INC0000002 ",
        &id.to_string(),
        "SN-INC0000002",
        "ServiceNow SN-INC0000002",
        "2",
        "0000002",
        "inc 2",
        "ＩＮＣ０００２",
        "sn-inc 2",
        "servicenow  sn-inc0000002",
    ];
    for name in names {
        let ran = desk.replay(&["history", name, "--json"]).await;
        assert_eq!(ran.code, 0, "{name}: {ran:?}");
        assert_eq!(ran.json()["incident"]["id"], id.to_string(), "{name}");
    }
    // Its number was reserved; the reservation gone, the log still tells.
    desk.tamper("alter table reservations disable trigger user; delete from reservations")
        .await;
    let ran = desk.replay(&["history", "INC0000002", "--json"]).await;
    assert_eq!(ran.json()["incident"]["id"], id.to_string());

    // The same reference in two systems is not guessed at.
    desk.tamper(
        "update events set payload = replace(payload::text, 'SN-INC0000002', 'SN-INC0000001')::json
         where event_type = 'ExternalReferenceAdded'",
    )
    .await;
    let ran = desk.replay(&["history", "SN-INC0000001"]).await;
    assert_eq!(ran.code, 2);
    assert!(
        ran.stderr.contains("names more than one incident"),
        "{ran:?}"
    );
    desk.close().await;
}

#[tokio::test]
async fn an_incident_that_nobody_knows_is_an_error_that_says_how_to_name_one() {
    let desk = Desk::open().await;
    let team = domain::ids::TeamId::from_code("network").to_string();
    for name in [
        "INC0009999",
        "%",
        "",
        "00000000-0000-0000-0000-000000000000",
        &team,
    ] {
        for arguments in [
            ["history", name, "--json"].as_slice(),
            &["as-of", name, "--position", "1", "--json"],
        ] {
            let ran = desk.replay(arguments).await;
            assert_eq!((ran.code, &*ran.stdout), (2, ""), "{name}");
            let error: Value = serde_json::from_str(&ran.stderr).unwrap();
            let message = error["error"]["message"].as_str().unwrap();
            assert!(message.contains("name it by its number"), "{message}");
        }
    }
    desk.close().await;
}

#[tokio::test]
async fn as_of_shows_what_was_known_or_what_was() {
    let desk = Desk::open().await;
    let id = desk.journey("INC0000001").await;
    let stream = desk.log.read_stream("incident", id, None).await.unwrap();
    let position = |event_type: &str| {
        let event = stream.iter().find(|event| event.event_type == event_type);
        event.unwrap().position
    };
    let ask = async |arguments: &[&str]| {
        let arguments = [&["as-of", "INC0000001", "--json"], arguments].concat();
        let ran = desk.replay(&arguments).await;
        assert_eq!(ran.code, 0, "{ran:?}");
        ran.json()
    };

    // By position: assigned and not yet accepted; the comment came later.
    let assigned = position("Assigned");
    let then = ask(&["--position", &assigned.to_string()]).await;
    assert_eq!(
        then["asOf"],
        json!({"basis": "recorded", "at": null, "position": assigned})
    );
    assert_eq!(then["incident"]["status"], "Assigned");
    assert_eq!(then["incident"]["teamName"], "网络组");
    assert_eq!(then["incident"]["commentCount"], 0);
    assert_eq!(then["incident"]["position"], assigned);
    assert_eq!(then["incident"]["resolutionCode"], Value::Null);

    // By the time when it was recorded: the same.
    let recorded_at = stream
        .iter()
        .find(|event| event.position == assigned)
        .unwrap()
        .recorded_at;
    let same = ask(&["--at", &recorded_at.to_rfc3339()]).await;
    assert_eq!(same["asOf"]["position"], assigned);
    assert_eq!(same["incident"], then["incident"]);

    // By the time when it was so: at half past nine somebody had called back,
    // which was written down after the assignment of ten o'clock.
    let then = ask(&["--at", "2026-03-02T09:30:00Z", "--basis", "effective"]).await;
    assert_eq!(then["asOf"]["basis"], "effective");
    assert_eq!(then["asOf"]["position"], Value::Null);
    assert_eq!(then["incident"]["status"], "New");
    assert_eq!(then["incident"]["commentCount"], 1);
    assert_eq!(then["incident"]["updatedAt"], "2026-03-02T09:00:00Z");

    // In the end all is there, on either basis.
    for basis in ["recorded", "effective"] {
        let then = ask(&["--at", "2999-01-01", "--basis", basis]).await;
        assert_eq!(then["events"], stream.len());
        assert_eq!(then["incident"]["status"], "Resolved");
        assert_eq!(
            then["incident"]["resolutionSolution"],
            "Certificate renewed"
        );
    }

    // Before it was registered there was none.
    for arguments in [
        ["--position", "1"].as_slice(),
        &["--at", "2026-03-02 07:59", "--basis", "effective"],
    ] {
        let then = ask(arguments).await;
        assert_eq!(then["incident"], Value::Null);
        assert_eq!(then["events"], 0);
    }
    desk.close().await;
}

#[tokio::test]
async fn as_of_for_people_leaves_out_what_says_nothing() {
    let desk = Desk::open().await;
    desk.journey("INC0000001").await;
    let head = desk.head().await.to_string();
    let ran = desk
        .replay(&["as-of", "INC0000001", "--position", &head])
        .await;
    assert_eq!(ran.code, 0);
    let title = format!("INC0000001 as known at position {head}, from 8 events\n");
    assert!(ran.stdout.starts_with(&title), "{ran:?}");
    assert!(
        ran.stdout.contains("status                    Resolved\n"),
        "{ran:?}"
    );
    assert!(!ran.stdout.contains("affectedPerson"), "{ran:?}");
    let ran = desk
        .replay(&["as-of", "INC0000001", "--position", "1"])
        .await;
    assert!(
        ran.stdout.contains("there was no such incident yet"),
        "{ran:?}"
    );
    desk.close().await;
}

#[tokio::test]
async fn a_moment_that_makes_no_sense_is_refused() {
    let desk = Desk::open().await;
    desk.register("INC0000001").await;
    for (arguments, said) in [
        (["--position", "1000"].as_slice(), "the log ends at"),
        (&["--position", "0"], "0 is not in 1.."),
        (
            &["--position", "1", "--basis", "effective"],
            "name a time with --at",
        ),
        (&["--at", "tomorrow"], "write it like 2026-03-01T09:00:00Z"),
        (
            &["--at", "2026-03-01", "--position", "1"],
            "cannot be used with",
        ),
        (&[], "required arguments were not provided"),
    ] {
        let ran = desk
            .replay(&[&["as-of", "INC0000001"], arguments].concat())
            .await;
        assert_eq!((ran.code, &*ran.stdout), (2, ""), "{arguments:?}");
        assert!(ran.stderr.contains(said), "{arguments:?}: {}", ran.stderr);
    }
    desk.close().await;
}

#[tokio::test]
async fn a_time_that_is_shown_can_be_asked_for() {
    let desk = Desk::open().await;
    desk.journey("INC0000001").await;
    let history = desk.replay(&["history", "INC0000001"]).await;
    // Of each step its number, position, effective and recorded time.
    let steps: Vec<Vec<&str>> = history
        .stdout
        .lines()
        .map(|line| line.split_whitespace().collect())
        .filter(|words: &Vec<&str>| words.len() > 6 && words[0].parse::<i64>().is_ok())
        .collect();
    assert!(steps.len() > 5, "{history:?}");
    for step in &steps {
        let (number, position) = (step[0], step[1]);
        let recorded = format!("{} {}", step[4], step[5]);
        let asked = ["as-of", "INC0000001", "--at", &recorded, "--json"];
        let then = desk.replay(&asked).await.json();
        // Steps of one command have one time; the last of them is meant.
        let is_in = |shown: &Value, step: &str| shown.as_i64() >= step.parse().ok();
        assert!(
            is_in(&then["asOf"]["position"], position),
            "{step:?}: {then}"
        );
        assert!(is_in(&then["events"], number), "{step:?}: {then}");
    }
    desk.close().await;
}
