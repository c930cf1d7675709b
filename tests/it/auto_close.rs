//! A resolved incident that nobody confirms or rejects within its window is
//! closed by the desk.

use std::collections::HashSet;

use domain::Role;
use domain::incident::Command;
use domain::text::{Line, Text};
use domain::work_item::{Attachment, ContactChannel, Visibility, WorkCommand};
use serde_json::{Value, json};
use tests::{Incident, Person, Team, TestDesk};

fn resolve() -> Command {
    Command::Resolve {
        code: Line::new("Fixed").unwrap(),
        cause: None,
        solution: Text::new("重启").unwrap(),
        knowledge: None,
    }
}

/// An incident that was resolved so many days ago.
async fn resolved_ago(
    desk: &TestDesk,
    coordinator: &Person,
    team: &Team,
    days: i64,
    particular: Value,
) -> Incident {
    let at = |hours: i64| {
        api::clock::now() - chrono::Duration::days(days) - chrono::Duration::hours(hours)
    };
    let ago = |hours: i64| at(hours).to_rfc3339();
    let incident = coordinator
        .logs(tests::journey::with(
            json!({ "effectiveAt": ago(4) }),
            &particular,
        ))
        .await;
    coordinator
        .takes(
            "workItemAssign",
            &incident,
            json!({ "teamId": team.id, "effectiveAt": ago(3) }),
        )
        .await;
    team.agent
        .takes(
            "workItemAccept",
            &incident,
            json!({ "effectiveAt": ago(2) }),
        )
        .await;
    desk.lived_through(&incident, resolve(), at(1)).await;
    incident
}

/// Waits until an event of this name is in the log, reading it live.
async fn sees_event(desk: &TestDesk, after: i64, incident: &Incident, name: &str) {
    let id = tests::journey_id(&incident.id);
    let mut follower = desk.serving().desk().log().follow(after);
    loop {
        let batch = follower.next().await.unwrap();
        if batch
            .iter()
            .any(|event| event.aggregate_id == id && event.event_type == name)
        {
            desk.settled().await;
            return;
        }
    }
}

#[tokio::test]
async fn inc_29_an_unanswered_resolution_is_closed_by_the_desk() {
    let desk = TestDesk::open().await;
    let (coordinator, team) = (desk.coordinator().await, desk.second_line().await);
    // P3: a week to answer. The week ended yesterday.
    let incident = resolved_ago(&desk, &coordinator, &team, 8, json!({})).await;
    sees_event(&desk, 0, &incident, "Closed").await;
    let seen = coordinator
        .sees(&incident, "status resolvedAt closedAt closure { by noFeedbackReason } history(first: 50) { nodes { eventType actor rule effectiveAt } }")
        .await;
    assert_eq!(
        (&seen["status"], &seen["closure"]["by"]),
        (&json!("CLOSED"), &json!("TIMEOUT"))
    );
    let time = |field: &str| {
        seen[field]
            .as_str()
            .unwrap()
            .parse::<chrono::DateTime<chrono::Utc>>()
            .unwrap()
    };
    let window = time("closedAt") - time("resolvedAt");
    assert_eq!(
        window,
        chrono::Duration::days(7),
        "it was closed when the window ended, however late that was noticed"
    );
    let last = tests::last_step(&seen);
    assert_eq!(
        (&last["actor"], &last["rule"]),
        (&json!("docket:auto-close"), &json!("auto-close@1"))
    );
}

#[tokio::test]
async fn inc_29_a_window_that_lasts_keeps_the_incident_open() {
    let desk = TestDesk::open().await;
    let (coordinator, team) = (desk.coordinator().await, desk.second_line().await);
    let waiting = resolved_ago(&desk, &coordinator, &team, 1, json!({})).await;
    let overdue = resolved_ago(&desk, &coordinator, &team, 8, json!({})).await;
    sees_event(&desk, 0, &overdue, "Closed").await;
    assert_eq!(
        coordinator.sees(&waiting, "status").await["status"],
        "RESOLVED"
    );
}

#[tokio::test]
async fn inc_29_a_review_that_is_due_comes_first() {
    let desk = TestDesk::open().await;
    let (coordinator, team) = (desk.coordinator().await, desk.second_line().await);
    let severe = resolved_ago(
        &desk,
        &coordinator,
        &team,
        9,
        json!({ "impact": "HIGH", "urgency": "HIGH" }),
    )
    .await;
    let plain = resolved_ago(&desk, &coordinator, &team, 9, json!({})).await;
    sees_event(&desk, 0, &plain, "Closed").await;
    assert_eq!(
        coordinator.sees(&severe, "status").await["status"],
        "RESOLVED"
    );
    desk.person("another", Role::Coordinator)
        .await
        .takes(
            "incidentCompleteReview",
            &severe,
            json!({ "text": "已复盘" }),
        )
        .await;
    sees_event(&desk, 0, &severe, "Closed").await;
}

#[tokio::test]
async fn inc_29_a_week_of_standstill_a_restart_and_a_replica_close_once() {
    let desk = TestDesk::open().await;
    let (coordinator, team) = (desk.coordinator().await, desk.second_line().await);
    let incident = resolved_ago(&desk, &coordinator, &team, 8, json!({})).await;
    sees_event(&desk, 0, &incident, "Closed").await;
    // The process manager forgets everything that it knew, as after a replay.
    let desk = {
        let database = desk.close().await;
        database.execute("delete from timers").await;
        database
            .execute("delete from checkpoints where name like '%auto_close%'")
            .await;
        TestDesk::on(database).await
    };
    let replica = desk.replica().await;
    let coordinator = coordinator.at(desk.address());
    let second = resolved_ago(
        &desk,
        &coordinator,
        &Team {
            agent: team.agent.at(desk.address()),
            ..team
        },
        8,
        json!({}),
    )
    .await;
    sees_event(&desk, 0, &second, "Closed").await;
    let closings = desk
        .database()
        .number("select count(*) from events where event_type = 'Closed'")
        .await;
    assert_eq!(closings, 2, "each incident is closed once");
    replica.stop().await;
}

#[tokio::test]
async fn inc_29_an_answer_in_time_stops_the_timer() {
    let desk = TestDesk::open().await;
    let (coordinator, team) = (desk.coordinator().await, desk.second_line().await);
    let rejected = resolved_ago(&desk, &coordinator, &team, 1, json!({})).await;
    coordinator
        .takes(
            "incidentRejectResolution",
            &rejected,
            json!({ "reason": "仍有问题" }),
        )
        .await;
    let overdue = resolved_ago(&desk, &coordinator, &team, 8, json!({})).await;
    sees_event(&desk, 0, &overdue, "Closed").await;
    let timers = desk.database().number("select count(*) from timers").await;
    assert_eq!(timers, 0);
    assert!(
        !coordinator
            .history_of(&rejected)
            .await
            .contains(&"Closed".to_owned())
    );
}

/// While one is closed others are being resolved: none of them may be missed.
#[tokio::test]
async fn inc_29_what_is_resolved_while_others_are_closed_is_closed_as_well() {
    const INCIDENTS: usize = 60;
    let desk = TestDesk::open().await;
    let (coordinator, team) = (desk.coordinator().await, desk.second_line().await);
    let overdue = (0..INCIDENTS).map(|_| resolved_ago(&desk, &coordinator, &team, 8, json!({})));
    let resolved = futures_util::future::join_all(overdue).await;
    let mut open: HashSet<_> = resolved
        .iter()
        .map(|incident| tests::journey_id(&incident.id))
        .collect();
    let mut follower = desk.serving().desk().log().follow(0);
    while !open.is_empty() {
        for event in follower.next().await.unwrap() {
            if event.event_type == "Closed" {
                assert!(open.remove(&event.aggregate_id), "closed twice");
            }
        }
    }
}

#[tokio::test]
async fn inc_29_a_requester_who_has_answered_is_answered_before_the_desk_closes() {
    let desk = TestDesk::open().await;
    let (coordinator, team) = (desk.coordinator().await, desk.second_line().await);
    let at = |days: i64| api::clock::now() - chrono::Duration::days(days);
    let mut incidents = Vec::new();
    for _ in 0..4 {
        let incident = coordinator
            .logs(json!({ "effectiveAt": at(12).to_rfc3339() }))
            .await;
        coordinator
            .takes(
                "workItemAssign",
                &incident,
                json!({ "teamId": team.id, "effectiveAt": at(11).to_rfc3339() }),
            )
            .await;
        team.agent
            .takes(
                "workItemAccept",
                &incident,
                json!({ "effectiveAt": at(10).to_rfc3339() }),
            )
            .await;
        incidents.push(incident);
    }
    let [commented, attached, called, silent] = &incidents[..] else {
        panic!("four incidents");
    };

    // The window of each ended two days ago, and three had an answer in it.
    let database = desk.close().await;
    let quiet = tests::quiet(&database).await;
    let staff = ("coordinator", Role::Coordinator);
    for incident in &incidents {
        tests::live_through(&quiet, incident, staff, resolve(), at(9)).await;
    }
    let asking = ("zhao.min", Role::Requester);
    let said = WorkCommand::Comment {
        visibility: Visibility::Public,
        text: Text::new("周一再试").unwrap(),
    };
    tests::live_through(&quiet, commented, asking, said, at(8)).await;
    let sent = WorkCommand::Attach {
        attachment: Attachment {
            name: Line::new("截图.png").unwrap(),
            media_type: Line::new("image/png").unwrap(),
            size_bytes: 2_048_u32.into(),
            sha256: "ab".repeat(32),
        },
    };
    tests::live_through(&quiet, attached, asking, sent, at(8)).await;
    let spoken = WorkCommand::RecordContact {
        contact_channel: ContactChannel::Phone,
        text: Text::new("用户出差，周一再试").unwrap(),
    };
    tests::live_through(&quiet, called, staff, spoken, at(8)).await;
    quiet.close().await;

    let desk = TestDesk::on(database).await;
    let coordinator = coordinator.at(desk.address());
    sees_event(&desk, 0, silent, "Closed").await;
    let found = coordinator
        .data(
            "{ workItems(filter: { answeredAfterResolution: true }) { nodes { number } totalCount } }",
            json!({}),
        )
        .await;
    assert_eq!(found["workItems"]["totalCount"], 3);
    let fields = "status answeredAfterResolution resolution { confirmBy }";
    for incident in [commented, attached, called] {
        let seen = coordinator.sees(incident, fields).await;
        assert_eq!(
            seen,
            json!({ "status": "RESOLVED", "answeredAfterResolution": true, "resolution": { "confirmBy": null } })
        );
    }
    // The desk answers, and the requester has the whole window again.
    let before = api::clock::now();
    let answer = json!({ "visibility": "PUBLIC", "text": "好的，等您消息。" });
    coordinator
        .takes("workItemComment", commented, answer)
        .await;
    let seen = coordinator.sees(commented, fields).await;
    assert_eq!(seen["answeredAfterResolution"], false);
    let confirm_by = seen["resolution"]["confirmBy"].as_str().unwrap();
    let confirm_by: chrono::DateTime<chrono::Utc> = confirm_by.parse().unwrap();
    assert!(confirm_by >= before + chrono::Duration::days(7));
    let history = coordinator.history_of(commented).await;
    assert_eq!(history[history.len() - 1], "ConfirmationAwaited");
}

#[tokio::test]
async fn inc_29_the_closing_is_not_dated_before_the_review_that_it_waited_for() {
    let desk = TestDesk::open().await;
    let (coordinator, team) = (desk.coordinator().await, desk.second_line().await);
    let severe = json!({ "impact": "HIGH", "urgency": "HIGH" });
    let incident = resolved_ago(&desk, &coordinator, &team, 9, severe).await;
    let reviewed = (api::clock::now() - chrono::Duration::days(1)).to_rfc3339();
    let review = json!({ "text": "已复盘", "effectiveAt": reviewed });
    team.agent
        .takes("incidentCompleteReview", &incident, review)
        .await;
    sees_event(&desk, 0, &incident, "Closed").await;
    let seen = coordinator.sees(&incident, "closedAt").await;
    let time = |text: &str| text.parse::<chrono::DateTime<chrono::Utc>>().unwrap();
    let day_ago = api::clock::now() - chrono::Duration::days(1) - chrono::Duration::hours(1);
    assert!(time(seen["closedAt"].as_str().unwrap()) > day_ago);
}
