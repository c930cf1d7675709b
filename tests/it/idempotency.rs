//! The same command twice is one command; two commands on one version are one
//! and a conflict.

use serde_json::json;
use tests::{TestDesk, journey};
use uuid::Uuid;

#[tokio::test]
async fn the_same_command_at_once_and_later_and_after_a_restart_has_one_effect() {
    let desk = TestDesk::open().await;
    let coordinator = desk.coordinator().await;
    let incident = coordinator.logs_an_incident().await;
    let input = json!({ "id": incident.id, "commandId": Uuid::now_v7(), "visibility": "PUBLIC", "text": "一次" });
    let document = "mutation($input: WorkItemCommentInput!) { workItemComment(input: $input) { position version commandId } }";
    let at_once = (0..8).map(|_| coordinator.data(document, json!({ "input": input })));
    let answers = futures_util::future::join_all(at_once).await;
    assert!(
        answers.iter().all(|answer| *answer == answers[0]),
        "{answers:#?}"
    );
    let later = coordinator
        .data(
            document,
            json!({ "input": journey::with(input.clone(), &json!({ "clientMutationId": "x" })) }),
        )
        .await;
    assert_eq!(later, answers[0]);
    let desk = desk.reopened().await;
    let coordinator = coordinator.at(desk.address());
    assert_eq!(
        coordinator.data(document, json!({ "input": input })).await,
        answers[0]
    );
    let comments = desk
        .database()
        .number("select count(*) from events where event_type = 'CommentAdded'")
        .await;
    assert_eq!(comments, 1);
    let other = journey::with(input, &json!({ "text": "另一次" }));
    let refusal = coordinator.is_refused("workItemComment", other).await;
    assert_eq!(
        (refusal.code.as_str(), refusal.field.as_deref()),
        ("COMMAND_ID_REUSED", Some("commandId"))
    );
}

#[tokio::test]
async fn a_repeated_registration_is_the_same_incident_and_a_repeated_step_the_same_answer() {
    let desk = TestDesk::open().await;
    let (coordinator, team) = (desk.coordinator().await, desk.second_line().await);
    let input = journey::with(journey::intake(), &json!({ "commandId": Uuid::now_v7() }));
    let first = coordinator.does("incidentRegister", input.clone()).await;
    let second = coordinator.does("incidentRegister", input).await;
    assert_eq!(
        (&first["incident"]["number"], &second["duplicate"]),
        (&second["incident"]["number"], &json!(true))
    );
    let incident = tests::Incident::of(&first["incident"]);
    coordinator.assigns(&incident, &team).await;
    // Accepting twice is refused; the same command twice is not.
    let accept = json!({ "commandId": Uuid::now_v7() });
    let accepted = team
        .agent
        .takes("workItemAccept", &incident, accept.clone())
        .await;
    let again = team.agent.takes("workItemAccept", &incident, accept).await;
    assert_eq!(
        (&again["position"], &again["duplicate"]),
        (&accepted["position"], &json!(true))
    );
    assert_eq!(
        team.agent
            .cannot("workItemAccept", &incident, json!({}))
            .await,
        "WORK_ITEM_NOT_POSSIBLE"
    );
}

#[tokio::test]
async fn what_was_decided_on_an_old_version_is_a_conflict_that_names_the_current_one() {
    let desk = TestDesk::open().await;
    let coordinator = desk.coordinator().await;
    let incident = coordinator.logs_an_incident().await;
    let version = coordinator.sees(&incident, "version").await["version"].clone();
    let urge = json!({ "id": incident.id, "expectedVersion": version });
    coordinator.does("workItemUrge", urge.clone()).await;
    let refusal = coordinator.is_refused("workItemUrge", urge).await;
    assert_eq!(refusal.code, "CONFLICT");
    assert_eq!(
        refusal.extensions["currentVersion"],
        json!(version.as_i64().unwrap() + 1)
    );
    assert_eq!(
        coordinator.sees(&incident, "urgeCount").await["urgeCount"],
        1
    );
}

#[tokio::test]
async fn of_two_who_accept_at_once_one_is_told() {
    let desk = TestDesk::open().await;
    let (coordinator, team) = (desk.coordinator().await, desk.second_line().await);
    let incident = coordinator.logs_an_incident().await;
    coordinator.assigns(&incident, &team).await;
    let version = coordinator.sees(&incident, "version").await["version"].clone();
    let input = json!({ "id": incident.id, "expectedVersion": version });
    let both = [
        coordinator.mutate("workItemAccept", input.clone()),
        team.agent.mutate("workItemAccept", input),
    ];
    let answers = futures_util::future::join_all(both).await;
    let refused: Vec<_> = answers
        .into_iter()
        .filter(|answer| answer.body.get("errors").is_some())
        .collect();
    assert_eq!(refused.len(), 1);
    assert_eq!(refused[0].clone().code(), "CONFLICT");
}

#[tokio::test]
async fn a_command_id_of_somebody_else_is_a_reused_one_and_shows_nothing() {
    let desk = TestDesk::open().await;
    let coordinator = desk.coordinator().await;
    let other = desk.person("li.na", domain::Role::Coordinator).await;
    let requester = desk.person("zhao.min", domain::Role::Requester).await;
    let incident = coordinator.logs_an_incident().await;
    let single = json!({ "id": incident.id, "commandId": Uuid::now_v7(), "visibility": "PUBLIC", "text": "一次" });
    let registration = journey::with(journey::intake(), &json!({ "commandId": Uuid::now_v7() }));
    let bulk = json!({ "ids": [incident.id], "commandId": Uuid::now_v7(), "visibility": "PUBLIC", "text": "批量" });
    let commands = [
        ("workItemComment", single),
        ("incidentRegister", registration),
        ("workItemBulkComment", bulk),
    ];
    for (mutation, input) in &commands {
        coordinator.does(mutation, input.clone()).await;
        for somebody in [&other, &requester] {
            let answer = somebody.mutate(mutation, input.clone()).await;
            assert!(
                !answer.body.to_string().contains(&incident.number),
                "{mutation}"
            );
            let code = answer.code();
            assert_eq!(code, "COMMAND_ID_REUSED", "{mutation} of {}", somebody.name);
        }
        coordinator.does(mutation, input.clone()).await;
    }
}

#[tokio::test]
async fn the_id_of_a_bulk_command_stands_for_the_whole_of_it() {
    let desk = TestDesk::open().await;
    let coordinator = desk.coordinator().await;
    let mut ids = Vec::new();
    for _ in 0..4 {
        ids.push(coordinator.logs_an_incident().await.id);
    }
    let command_id = Uuid::now_v7();
    let comment = |ids: &[String]| json!({ "ids": ids, "commandId": command_id, "visibility": "PUBLIC", "text": "批量" });
    let first = coordinator
        .does("workItemBulkComment", comment(&ids[..2]))
        .await;
    for others in [&ids[2..], &ids[..1], &ids[..], &ids[1..3]] {
        let refusal = coordinator
            .is_refused("workItemBulkComment", comment(others))
            .await;
        assert_eq!(
            (refusal.code.as_str(), refusal.field.as_deref()),
            ("COMMAND_ID_REUSED", Some("commandId"))
        );
    }
    let again = coordinator
        .does("workItemBulkComment", comment(&ids[..2]))
        .await;
    assert_eq!(again["results"], first["results"]);
    let comments = desk
        .database()
        .number("select count(*) from events where event_type = 'CommentAdded'")
        .await;
    assert_eq!(comments, 2);
    let twice = json!({ "ids": [ids[0], ids[0]], "visibility": "PUBLIC", "text": "两次" });
    let refusal = coordinator.is_refused("workItemBulkComment", twice).await;
    assert_eq!(
        (refusal.code.as_str(), refusal.field.as_deref()),
        ("INPUT_INVALID", Some("ids"))
    );
}
