//! Teams that close and people who leave: what they had open is not lost
//! ("Decided" 7).

use domain::Role;
use serde_json::{Value, json};
use tests::program::run;
use tests::{Incident, Person, Team, TestDesk};

async fn administrator(desk: &TestDesk) -> Person {
    desk.person("admin", Role::Administrator).await
}

async fn closes(administrator: &Person, team: &Team) {
    administrator
        .does("teamDeactivate", json!({ "teamId": team.id }))
        .await;
}

async fn stands(person: &Person, incident: &Incident) -> Value {
    person.sees(incident, "status handling team { name }").await
}

/// With the dispatcher: no team has it.
fn dispatched() -> Value {
    json!({ "status": "RETURNED", "handling": "RETURNED", "team": null })
}

#[tokio::test]
async fn decided_07_a_team_with_open_items_is_not_closed() {
    let desk = TestDesk::open().await;
    let (coordinator, admin) = (desk.coordinator().await, administrator(&desk).await);
    let (desk_team, network) = (desk.first_line().await, desk.second_line().await);
    let resolved = coordinator.has_a_resolved_incident(&network).await;
    let close = json!({ "teamId": network.id });
    let refusal = admin.is_refused("teamDeactivate", close.clone()).await;
    assert_eq!(
        (refusal.code.as_str(), refusal.field.as_deref()),
        ("TEAM_HAS_OPEN_ITEMS", Some("teamId"))
    );
    coordinator
        .takes(
            "incidentClose",
            &resolved,
            json!({ "noFeedbackReason": "x" }),
        )
        .await;
    coordinator.has_an_incident_in_progress(&desk_team).await;
    admin.does("teamDeactivate", close.clone()).await;
    assert_eq!(
        admin.is_refused("teamDeactivate", close).await.code,
        "TEAM_NOT_ACTIVE"
    );
    // Whoever was in it may leave it still.
    let member = json!({ "teamId": network.id, "person": network.agent.name });
    let payload = admin.does("teamRemoveMember", member.clone()).await;
    assert_eq!(payload["team"]["members"], json!([]));
    assert_eq!(
        admin.is_refused("teamRemoveMember", member).await.code,
        "TEAM_NOT_MEMBER"
    );
}

#[tokio::test]
async fn decided_07_nothing_comes_back_to_a_closed_team() {
    let desk = TestDesk::open().await;
    let (coordinator, admin) = (desk.coordinator().await, administrator(&desk).await);
    let (first_line, network) = (desk.first_line().await, desk.second_line().await);
    let handed_over = coordinator.has_an_incident_in_progress(&first_line).await;
    coordinator.assigns(&handed_over, &network).await;
    let closed = coordinator.has_a_closed_incident(&first_line).await;
    closes(&admin, &first_line).await;
    let back = json!({ "reason": "Kein Netzproblem" });
    network
        .agent
        .takes("workItemReturn", &handed_over, back)
        .await;
    assert_eq!(stands(&coordinator, &handed_over).await, dispatched());
    let again = json!({ "reason": "Wieder da" });
    let requester = desk.person("zhao.min", Role::Requester).await;
    requester.takes("incidentReopen", &closed, again).await;
    assert_eq!(stands(&coordinator, &closed).await, dispatched());
    let waiting = json!({ "filter": { "unassigned": true, "isOpen": true } });
    let query = "query($filter: WorkItemFilterInput) { workItems(filter: $filter) { totalCount } }";
    let seen = coordinator.data(query, waiting).await;
    assert_eq!(seen["workItems"]["totalCount"], 2);
}

#[tokio::test]
async fn decided_07_what_a_leaver_has_open_is_listed() {
    let desk = TestDesk::open().await;
    let (coordinator, admin) = (desk.coordinator().await, administrator(&desk).await);
    let network = desk.second_line().await;
    let open = coordinator.has_an_incident_in_progress(&network).await;
    coordinator.has_a_closed_incident(&network).await;
    // A coordinator who takes an item on was never in the team, and is no leaver.
    let own = coordinator.logs_an_incident().await;
    coordinator.assigns(&own, &network).await;
    coordinator.takes("workItemAccept", &own, json!({})).await;
    let query =
        "{ workItems(filter: { assigneeInactive: true, isOpen: true }) { nodes { number } } }";
    let listed = async || coordinator.data(query, json!({})).await["workItems"]["nodes"].clone();
    assert_eq!(listed().await, json!([]));
    let member = json!({ "teamId": network.id, "person": network.agent.name });
    admin.does("teamRemoveMember", member.clone()).await;
    desk.settled().await;
    assert_eq!(listed().await, json!([{ "number": open.number }]));

    let database = desk.close().await;
    let url = database.url();
    let report = run(
        "docket-replay",
        &[
            "--database-url",
            &url,
            "exceptions",
            "--kind",
            "leaver",
            "--json",
        ],
    );
    let printed = tests::program::printed(&report);
    let told: Vec<Value> = printed
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(
        told.len(),
        1,
        "{printed} {}",
        tests::program::complained(&report)
    );
    assert_eq!(told[0]["object"]["name"], json!(open.number));
    assert_eq!(told[0]["kind"], "leaver");
}
