//! The desk at another time.

use chrono::{DateTime, Duration, Utc};
use domain::Role;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};
use tests::{Incident, Person, Team, TestDesk};

const AS_OF: &str = "query($id: ID!, $asOf: AsOfInput!, $basis: Basis!) {
    incident(id: $id, asOf: $asOf, basis: $basis) { status priority assignee comments { nodes { text } } history { nodes { eventType } } version }
}";

async fn as_of(person: &Person, incident: &Incident, as_of: Value, basis: &str) -> Value {
    person
        .data(
            AS_OF,
            json!({ "id": incident.id, "asOf": as_of, "basis": basis }),
        )
        .await["incident"]
        .clone()
}

#[tokio::test]
async fn an_incident_is_shown_as_it_was_at_each_of_its_positions() {
    let desk = TestDesk::open().await;
    let (coordinator, team) = (desk.coordinator().await, desk.second_line().await);
    let incident = coordinator.logs_an_incident().await;
    let mut seen = Vec::new();
    let mut look = async |payload: Value| {
        let position = payload["position"].clone();
        let now = coordinator.sees(&incident, "status priority version").await;
        seen.push((position, now));
    };
    look(
        coordinator
            .takes("workItemAssign", &incident, json!({ "teamId": team.id }))
            .await,
    )
    .await;
    look(
        team.agent
            .takes("workItemAccept", &incident, json!({}))
            .await,
    )
    .await;
    look(
        coordinator
            .takes(
                "workItemOverridePriority",
                &incident,
                json!({ "priority": "P1", "reason": "x" }),
            )
            .await,
    )
    .await;
    look(
        team.agent
            .takes(
                "incidentResolve",
                &incident,
                json!({ "code": "Fixed", "solution": "y" }),
            )
            .await,
    )
    .await;
    for (position, now) in seen {
        let then = as_of(
            &coordinator,
            &incident,
            json!({ "position": position }),
            "RECORDED",
        )
        .await;
        for field in ["status", "priority", "version"] {
            assert_eq!(then[field], now[field], "{field} at {position}");
        }
    }
    assert!(
        as_of(
            &coordinator,
            &incident,
            json!({ "position": 0 }),
            "RECORDED"
        )
        .await
        .is_null()
    );
}

#[tokio::test]
async fn what_was_known_and_what_was_so_are_two_questions() {
    let desk = TestDesk::open().await;
    let (coordinator, team) = (desk.coordinator().await, desk.second_line().await);
    let now: DateTime<Utc> = api::clock::now();
    let ago = |minutes: i64| now - Duration::minutes(minutes);
    let incident = coordinator.logs(json!({ "effectiveAt": ago(120) })).await;
    coordinator
        .takes(
            "workItemAssign",
            &incident,
            json!({ "teamId": team.id, "effectiveAt": ago(100) }),
        )
        .await;
    team.agent
        .takes(
            "workItemAccept",
            &incident,
            json!({ "effectiveAt": ago(80) }),
        )
        .await;
    let at = |minutes: i64| json!({ "at": ago(minutes) });
    assert!(
        as_of(&coordinator, &incident, at(90), "RECORDED")
            .await
            .is_null(),
        "nobody knew of it then"
    );
    assert_eq!(
        as_of(&coordinator, &incident, at(90), "EFFECTIVE").await["status"],
        "ASSIGNED"
    );
    assert_eq!(
        as_of(&coordinator, &incident, at(70), "EFFECTIVE").await["status"],
        "IN_PROGRESS"
    );
    assert!(
        as_of(&coordinator, &incident, at(130), "EFFECTIVE")
            .await
            .is_null()
    );
    let tomorrow = json!({ "at": now + Duration::days(1) });
    let answer = coordinator
        .ask(
            AS_OF,
            json!({ "id": incident.id, "asOf": tomorrow, "basis": "RECORDED" }),
        )
        .await;
    assert_eq!(answer.code(), "INPUT_INVALID");
}

#[tokio::test]
async fn the_difference_between_two_points_names_each_field_and_step() {
    let desk = TestDesk::open().await;
    let (coordinator, team) = (desk.coordinator().await, desk.second_line().await);
    let incident = coordinator.logs_an_incident().await;
    let from = coordinator.sees(&incident, "position").await["position"].clone();
    coordinator.assigns(&incident, &team).await;
    let to = coordinator
        .takes(
            "workItemOverridePriority",
            &incident,
            json!({ "priority": "P1", "reason": "要客" }),
        )
        .await["position"]
        .clone();
    coordinator
        .takes("workItemUrge", &incident, json!({}))
        .await;
    let query = "query($id: ID!, $from: AsOfInput!, $to: AsOfInput!) { diff(id: $id, from: $from, to: $to) { changes { field before after step { eventType actor reason position effectiveAt recordedAt } } steps { eventType actor reason } } }";
    let diff = coordinator
        .data(
            query,
            json!({ "id": incident.id, "from": { "position": from }, "to": { "position": to } }),
        )
        .await["diff"]
        .clone();
    let changes = diff["changes"].as_array().unwrap();
    let change = |field: &str| {
        let mut found = changes.iter().filter(|change| change["field"] == field);
        found.next().unwrap_or_else(|| panic!("{field}: {diff:#}"))
    };
    assert_eq!(change("status")["before"], "New");
    assert_eq!(change("status")["after"], "Assigned");
    assert_eq!(change("status")["step"]["eventType"], "Assigned");
    let step = &change("priority")["step"];
    assert_eq!(step["eventType"], "PriorityOverridden");
    assert_eq!(step["actor"], "coordinator");
    assert_eq!(step["reason"], "要客");
    assert_eq!(step["position"], to);
    assert!(step["effectiveAt"].is_string() && step["recordedAt"].is_string());
    assert!(
        changes
            .iter()
            .any(|change| change["field"] == "teamName" && change["after"] == "network")
    );
    assert!(
        !changes.iter().any(|change| change["field"] == "urgeCount"),
        "that came later"
    );
    assert_eq!(
        diff["steps"],
        json!([
            { "eventType": "Assigned", "actor": "coordinator", "reason": null },
            { "eventType": "PriorityOverridden", "actor": "coordinator", "reason": "要客" },
        ])
    );
}

/// Everything that the desk answers about itself, now or then.
const EVERYTHING: &str = "query($asOf: AsOfInput, $team: ID!, $node: ID!) {
    logHead(asOf: $asOf) { position recordedAt }
    all: workItems(first: 100, asOf: $asOf, orderBy: { field: NUMBER, direction: ASC }) { ...page }
    newest: workItems(first: 100, asOf: $asOf) { ...page }
    open: workItems(first: 100, asOf: $asOf, filter: { isOpen: true }, orderBy: { field: PRIORITY, direction: ASC }) { ...page }
    ended: workItems(last: 100, asOf: $asOf, filter: { isOpen: false }) { ...page }
    ofTeam: workItems(first: 100, asOf: $asOf, filter: { teamIds: [$team] }) { ...page }
    said: workItems(first: 100, asOf: $asOf, filter: { text: \"重启\" }, orderBy: { field: UPDATED_AT, direction: DESC }) { ...page }
    incidents(first: 100, asOf: $asOf, filter: { statuses: [NEW, CLOSED] }) {
        totalCount
        nodes {
            id number description hold { reason } resolution { code } closure { by } configurationItems watchers
            comments { nodes { author text } } history { nodes { position eventType statusAfter } }
            links { relation outgoing otherNumber }
        }
    }
    byStatus: workItemCounts(by: STATUS, asOf: $asOf) { status count }
    byTeam: workItemCounts(by: TEAM, asOf: $asOf) { teamId teamName count }
    byPriority: workItemCounts(by: PRIORITY, asOf: $asOf, filter: { isOpen: true }) { priority count }
    teams(asOf: $asOf) { ...team }
    team(id: $team, asOf: $asOf) { ...team }
    node: nodeAsOf(id: $node, asOf: $asOf) { id ... on Incident { ...item links { relation outgoing otherNumber } } }
    nodes: nodesAsOf(ids: [$team, $node], asOf: $asOf) { id }
    priorityMatrix(asOf: $asOf) { version versions { version } inForce { version } draft { draftedBy reviewedBy } }
    categoryTree(asOf: $asOf) { version versions { version } inForce { version } }
}
fragment page on WorkItemConnection {
    totalCount pageInfo { hasNextPage startCursor endCursor } nodes { ... on Incident { ...item } }
}
fragment item on Incident {
    id number status priority isOpen handling assignee team { id name } commentCount version position updatedAt workaround
}
fragment team on Team { id code name active version members { person name } }";

/// What somebody does next, whether the desk takes it or not.
async fn something_happens(desk: &Busy, dice: &mut StdRng) {
    let team = desk.teams.choose(dice).unwrap();
    let (incident, other) = (
        desk.incidents.choose(dice).unwrap(),
        desk.incidents.choose(dice).unwrap(),
    );
    let (mutation, more) = match dice.random_range(0..12) {
        0 | 1 => ("workItemAssign", json!({ "teamId": team.id })),
        2 => ("workItemAccept", json!({})),
        3 => ("workItemReturn", json!({ "reason": "不归我们管" })),
        4 => (
            "incidentResolve",
            json!({ "code": "Fixed", "solution": "重启了网关。" }),
        ),
        5 => ("incidentClose", json!({ "noFeedbackReason": "电话未接通" })),
        6 => ("incidentReopen", json!({ "reason": "又断了" })),
        7 => (
            "workItemComment",
            json!({ "visibility": "PUBLIC", "text": "请重启" }),
        ),
        8 => (
            "workItemOverridePriority",
            json!({ "priority": "P1", "reason": "要客" }),
        ),
        9 => (
            "workItemLink",
            json!({ "targetId": other.id, "relation": "RELATES_TO" }),
        ),
        10 => (
            "workItemUnlink",
            json!({ "targetId": other.id, "relation": "RELATES_TO" }),
        ),
        _ => ("incidentApplyWorkaround", json!({ "text": "用备用线路" })),
    };
    let input = tests::journey::with(json!({ "id": incident.id }), &more);
    let answer = desk.coordinator.mutate(mutation, input).await;
    assert_ne!(answer.body["errors"][0]["extensions"]["code"], "INTERNAL");
}

/// A desk where much happens.
struct Busy {
    desk: TestDesk,
    coordinator: Person,
    teams: Vec<Team>,
    incidents: Vec<Incident>,
}

impl Busy {
    async fn everything(&self, as_of: Value) -> Value {
        let variables = json!({
            "asOf": as_of, "team": self.teams[1].id, "node": self.incidents[0].id,
        });
        self.coordinator.data(EVERYTHING, variables).await
    }
}

#[tokio::test]
async fn plt_08_every_list_count_and_object_is_shown_as_it_was_at_every_position() {
    let desk = TestDesk::open().await;
    let coordinator = desk.coordinator().await;
    let mut busy = Busy {
        teams: vec![desk.first_line().await, desk.second_line().await],
        incidents: vec![coordinator.logs_an_incident().await],
        coordinator,
        desk,
    };
    let administrator = busy.desk.person("head", Role::Administrator).await;
    let mut dice = StdRng::seed_from_u64(8);
    let mut given = Vec::new();
    for round in 0..60 {
        match round % 10 {
            0 | 5 => busy
                .incidents
                .push(busy.coordinator.logs_an_incident().await),
            7 => {
                let name = format!("new.{round}");
                let member = json!({ "teamId": busy.teams[1].id, "person": name, "name": name });
                administrator.does("teamAddMember", member).await;
            }
            _ => something_happens(&busy, &mut dice).await,
        }
        busy.desk.settled().await;
        given.push(busy.everything(Value::Null).await);
    }
    for then in given {
        let head = &then["logHead"];
        let position = json!({ "position": head["position"] });
        assert_eq!(busy.everything(position).await, then, "as of a position");
        let at = json!({ "at": head["recordedAt"] });
        assert_eq!(busy.everything(at).await, then, "as of the time of {head}");
    }
}

#[tokio::test]
async fn plt_08_a_list_as_of_then_is_paged_while_the_desk_goes_on() {
    const PAGE: &str = "query($asOf: AsOfInput!, $after: String, $before: String, $first: Int, $last: Int) {
        workItems(asOf: $asOf, filter: { isOpen: true }, first: $first, after: $after, last: $last, before: $before) {
            totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor } nodes { number status }
        }
    }";
    let desk = TestDesk::open().await;
    let (coordinator, team) = (desk.coordinator().await, desk.second_line().await);
    let mut incidents = Vec::new();
    for _ in 0..7 {
        incidents.push(coordinator.has_an_incident_in_progress(&team).await);
    }
    let newest = incidents.last().unwrap();
    let then = coordinator.sees(newest, "position").await["position"].clone();
    let as_of = json!({ "position": then });
    let mut numbers = Vec::new();
    let mut after = Value::Null;
    for incident in &incidents {
        let resolution = json!({ "code": "Fixed", "solution": "重启了网关。" });
        team.agent
            .takes("incidentResolve", incident, resolution)
            .await;
        let page = json!({ "asOf": as_of, "first": 3, "after": after });
        let list = coordinator.data(PAGE, page).await["workItems"].clone();
        assert_eq!(list["totalCount"], 7);
        for node in list["nodes"].as_array().unwrap() {
            assert_eq!(node["status"], "IN_PROGRESS");
            numbers.push(node["number"].as_str().unwrap().to_owned());
        }
        after = list["pageInfo"]["endCursor"].clone();
        if list["pageInfo"]["hasNextPage"] == false {
            break;
        }
    }
    let mut expected: Vec<String> = incidents.iter().map(|one| one.number.clone()).collect();
    expected.reverse();
    assert_eq!(numbers, expected, "newest first, each once");
    let page = json!({ "asOf": as_of, "last": 2, "before": after });
    let list = coordinator.data(PAGE, page).await["workItems"].clone();
    assert_eq!(list["nodes"][1]["number"], expected[5]);
    assert_eq!(list["pageInfo"]["hasPreviousPage"], true);
}

#[tokio::test]
async fn what_the_log_has_not_reached_cannot_be_asked_for() {
    let desk = TestDesk::open().await;
    let coordinator = desk.coordinator().await;
    let incident = coordinator.logs_an_incident().await;
    let tomorrow = api::clock::now() + Duration::days(1);
    for (as_of, code) in [
        (json!({ "position": 1_000_000 }), "POSITION_NOT_REACHED"),
        (json!({ "position": -1 }), "INPUT_INVALID"),
        (json!({ "at": tomorrow }), "INPUT_INVALID"),
    ] {
        for question in [
            "workItems(asOf: $asOf) { totalCount }",
            "incidents(asOf: $asOf) { totalCount }",
            "workItemCounts(by: TEAM, asOf: $asOf) { count }",
            "nodeAsOf(id: $id, asOf: $asOf) { id }",
            "nodesAsOf(ids: [$id], asOf: $asOf) { id }",
            "timeline(id: $id, asOf: $asOf) { nodes { position } }",
            "incident(id: $id, asOf: $asOf) { id }",
            "teams(asOf: $asOf) { id }",
            "priorityMatrix(asOf: $asOf) { id }",
            "categoryTree(asOf: $asOf, basis: EFFECTIVE) { id }",
            "events(asOf: $asOf) { nodes { position } }",
            "logHead(asOf: $asOf) { position }",
            "diff(id: $id, from: { position: 1 }, to: $asOf) { changes { field } }",
        ] {
            // Variables that are declared have to be used.
            let used = "... @include(if: false) { nodeAsOf(id: $id, asOf: $asOf) { id } }";
            let query = format!("query($asOf: AsOfInput!, $id: ID!) {{ {question} {used} }}");
            let variables = json!({ "asOf": as_of, "id": incident.id });
            let answer = coordinator.ask(&query, variables).await;
            assert_eq!(answer.code(), code, "{question} {as_of}");
        }
    }
    let nothing = json!({ "position": 0 });
    let query = "query($asOf: AsOfInput!, $id: ID!) {
        workItems(asOf: $asOf) { totalCount nodes { number } } incident(id: $id, asOf: $asOf) { id }
        teams(asOf: $asOf) { id } events(asOf: $asOf) { nodes { position } } logHead(asOf: $asOf) { position recordedAt }
        priorityMatrix(asOf: $asOf) { version inForce { version } }
    }";
    let before = json!({ "asOf": nothing, "id": incident.id });
    assert_eq!(
        coordinator.data(query, before).await,
        json!({
            "workItems": { "totalCount": 0, "nodes": [] }, "incident": null, "teams": [],
            "events": { "nodes": [] }, "logHead": { "position": 0, "recordedAt": null },
            "priorityMatrix": { "version": 0, "inForce": null },
        })
    );
}

#[tokio::test]
async fn plt_08_every_object_has_a_timeline_and_differences() {
    const TIMELINE: &str = "query($id: ID!, $first: Int, $after: String) {
        timeline(id: $id, first: $first, after: $after) {
            pageInfo { hasNextPage endCursor }
            nodes { position sequence eventType effectiveAt recordedAt recordedLate actor role onBehalfOf channel rule reason changes { field before after } }
        }
    }";
    const DIFF: &str = "query($id: ID!, $from: AsOfInput!, $to: AsOfInput!) {
        diff(id: $id, from: $from, to: $to) { changes { field before after step { eventType actor } } steps { eventType } }
    }";
    let desk = TestDesk::open().await;
    let (coordinator, team) = (desk.coordinator().await, desk.second_line().await);
    let administrator = desk.person("head", Role::Administrator).await;
    let yesterday: DateTime<Utc> = api::clock::now() - Duration::days(1);
    let member =
        json!({ "teamId": team.id, "person": "li.na", "name": "李娜", "effectiveAt": yesterday });
    administrator.does("teamAddMember", member).await;

    let timeline = coordinator.data(TIMELINE, json!({ "id": team.id })).await["timeline"].clone();
    let steps = timeline["nodes"].as_array().unwrap();
    let names: Vec<&str> = steps
        .iter()
        .map(|s| s["eventType"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["TeamFounded", "MemberAdded", "MemberAdded"]);
    assert_eq!(steps[1]["recordedLate"], false);
    assert_eq!(steps[2]["recordedLate"], true);
    assert_eq!(steps[2]["actor"], "head");
    assert_eq!(steps[2]["changes"][0]["field"], "members");
    let page = json!({ "id": team.id, "first": 1, "after": steps[0]["position"].to_string() });
    let second = coordinator.data(TIMELINE, page).await["timeline"].clone();
    assert_eq!(second["nodes"], json!([steps[1]]));
    assert_eq!(second["pageInfo"]["hasNextPage"], true);

    let points = json!({
        "id": team.id,
        "from": { "position": steps[0]["position"] }, "to": { "position": steps[2]["position"] },
    });
    let diff = coordinator.data(DIFF, points).await["diff"].clone();
    assert_eq!(diff["changes"][0]["field"], "members");
    assert_eq!(
        diff["changes"][0]["step"],
        json!({ "eventType": "MemberAdded", "actor": "head" })
    );
    assert_eq!(diff["steps"].as_array().unwrap().len(), 2);

    let then = "query($id: ID!, $asOf: AsOfInput!) { team(id: $id, asOf: $asOf, basis: EFFECTIVE) { name } teams(asOf: $asOf, basis: EFFECTIVE) { name members { person } } }";
    let noon = json!({ "id": team.id, "asOf": { "at": yesterday + Duration::hours(1) } });
    let seen = coordinator.data(then, noon).await;
    assert_eq!(
        seen,
        json!({ "team": null, "teams": [] }),
        "the team was founded later"
    );

    let matrix = coordinator
        .data("{ priorityMatrix { id } categoryTree { id } }", json!({}))
        .await;
    for object in ["priorityMatrix", "categoryTree"] {
        let id = &matrix[object]["id"];
        let timeline = coordinator.data(TIMELINE, json!({ "id": id })).await["timeline"].clone();
        let nodes = timeline["nodes"].as_array().unwrap();
        let published = nodes.last().unwrap();
        assert_eq!(published["eventType"], "Published");
        assert!(
            published["changes"]
                .to_string()
                .contains("publishedVersion")
        );
        let points = json!({ "id": id, "from": { "position": 0 }, "to": { "position": published["position"] } });
        let diff = coordinator.data(DIFF, points).await["diff"].clone();
        let changes = diff["changes"].as_array().unwrap();
        let version = changes
            .iter()
            .find(|change| change["field"] == "publishedVersion");
        assert_eq!(version.unwrap()["after"], "1");
    }

    let incident = coordinator.has_a_resolved_incident(&team).await;
    let internal = json!({ "visibility": "INTERNAL", "text": "内部" });
    coordinator
        .takes("workItemComment", &incident, internal)
        .await;
    let variables = json!({ "id": incident.id });
    let told = coordinator.data(TIMELINE, variables.clone()).await["timeline"].clone();
    let names = |told: &Value| -> Vec<String> {
        let nodes = told["nodes"].as_array().unwrap();
        nodes
            .iter()
            .map(|step| step["eventType"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(names(&told), coordinator.history_of(&incident).await);
    let requester = desk.person("zhao.min", Role::Requester).await;
    let told = requester.data(TIMELINE, variables.clone()).await["timeline"].clone();
    assert!(!names(&told).contains(&"CommentAdded".to_owned()), "{told}");
    let stranger = desk.person("wang.fang", Role::Requester).await;
    assert!(stranger.data(TIMELINE, variables).await["timeline"].is_null());
}

#[tokio::test]
#[expect(
    clippy::too_many_lines,
    reason = "one object of the desk after the other"
)]
async fn plt_08_tokens_keys_and_exports_are_asked_as_of_then_like_everything_else() {
    const TOKEN: &str = "... on ApiToken { name role issuedAt revokedAt version }";
    let desk = TestDesk::open().await;
    let administrator = desk.person("head", Role::Administrator).await;
    let auditor = desk.person("some.auditor", Role::Auditor).await;
    let issued = administrator
        .does(
            "apiTokenIssue",
            json!({ "name": "monitoring", "role": "AGENT" }),
        )
        .await;
    let id = issued["tokenId"].clone();
    let revoked = administrator
        .does("apiTokenRevoke", json!({ "tokenId": id }))
        .await;
    let before = json!({ "position": issued["position"] });
    let query = format!("query($id: ID!, $asOf: AsOfInput, $from: AsOfInput!) {{
        node(id: $id) {{ {TOKEN} }}
        nodeAsOf(id: $id, asOf: $asOf, basis: EFFECTIVE) {{ {TOKEN} }}
        timeline(id: $id) {{ nodes {{ eventType changes {{ field before after }} }} }}
        diff(id: $id, from: $from, to: {{ position: {} }}) {{ changes {{ field step {{ actor }} }} }}
    }}", revoked["position"]);
    let asked = json!({ "id": id, "asOf": before, "from": before });
    let told = auditor.data(&query, asked.clone()).await;
    assert_eq!(told["node"]["name"], "monitoring");
    assert_eq!(told["node"]["role"], "AGENT");
    assert!(told["node"]["revokedAt"].is_string(), "{told}");
    assert!(told["nodeAsOf"]["revokedAt"].is_null(), "{told}");
    assert_eq!(told["nodeAsOf"]["version"], 1);
    let steps = &told["timeline"]["nodes"];
    assert_eq!(steps[1]["eventType"], "TokenRevoked");
    assert_eq!(steps[1]["changes"][0]["field"], "revokedAt");
    assert_eq!(
        told["diff"]["changes"],
        json!([{ "field": "revokedAt", "step": { "actor": "head" } }])
    );
    // Neither the secret nor its hash is among what is told.
    let log = "query($id: ID!) { events(filter: { objectId: $id }) { nodes { payload } } }";
    let log = auditor.data(log, json!({ "id": id })).await;
    let hash = log["events"]["nodes"][0]["payload"]["secret_sha256"]
        .as_str()
        .unwrap();
    assert!(!told.to_string().contains(hash), "{told}");
    // Whoever may not read the log may not read this of it either.
    let agent = desk.person("some.agent", Role::Agent).await;
    for question in [
        "node(id: $id) { id }",
        "nodeAsOf(id: $id) { id }",
        "timeline(id: $id) { nodes { position } }",
    ] {
        let question = format!("query($id: ID!) {{ {question} }}");
        assert_eq!(
            agent.ask(&question, json!({ "id": id })).await.code(),
            "FORBIDDEN",
            "{question}"
        );
    }

    let keys =
        "{ events(filter: { aggregateTypes: [\"seal_keys\"] }) { nodes { objectId position } } }";
    let keys = auditor.data(keys, json!({})).await["events"]["nodes"][0].clone();
    let query = "query($id: ID!, $asOf: AsOfInput!) {
        node(id: $id) { ... on SealKeys { keys { verifierKey fromSize adoptedAt } } }
        then: nodeAsOf(id: $id, asOf: $asOf) { id }
        timeline(id: $id) { nodes { eventType changes { field } } }
        diff(id: $id, from: $asOf, to: { position: 1000 }) { changes { field } }
        logKeys { verifierKey }
    }"
    .replace("1000", &keys["position"].to_string());
    let nothing = json!({ "id": keys["objectId"], "asOf": { "position": 0 } });
    let told = auditor.data(&query, nothing).await;
    assert_eq!(
        told["node"]["keys"][0]["verifierKey"],
        told["logKeys"][0]["verifierKey"]
    );
    assert_eq!(told["node"]["keys"][0]["fromSize"], 0);
    assert!(told["then"].is_null());
    assert_eq!(
        told["timeline"]["nodes"][0]["changes"],
        json!([{ "field": "keys" }])
    );
    assert_eq!(told["diff"]["changes"], json!([{ "field": "keys" }]));

    crate::seals::sealed(&desk).await;
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().join("export").display().to_string();
    let url = desk.database().url();
    let export = [
        "export",
        "--output",
        &out,
        "--by",
        "some.auditor",
        "--database-url",
        &url,
        "--to",
        "3",
    ];
    let exported = tests::program::run("docket-replay", &export);
    assert!(exported.status.success(), "{exported:?}");
    let exports =
        "{ events(filter: { aggregateTypes: [\"log_export\"] }) { nodes { objectId position } } }";
    let export = auditor.data(exports, json!({})).await["events"]["nodes"][0].clone();
    let query = "query($id: ID!, $to: AsOfInput!) {
        node(id: $id) { ... on LogExport { format toPosition exportedBy sha256 } }
        then: nodeAsOf(id: $id, asOf: { position: 3 }) { id }
        timeline(id: $id) { nodes { eventType actor } }
        diff(id: $id, from: { position: 3 }, to: $to) { changes { field after } }
    }";
    let to = json!({ "position": export["position"] });
    let told = auditor
        .data(query, json!({ "id": export["objectId"], "to": to }))
        .await;
    assert_eq!(told["node"]["toPosition"], 3);
    assert_eq!(told["node"]["exportedBy"], "some.auditor");
    assert!(told["then"].is_null());
    assert_eq!(
        told["timeline"]["nodes"],
        json!([{ "eventType": "LogExported", "actor": "some.auditor" }])
    );
    let changes = told["diff"]["changes"].as_array().unwrap();
    assert!(
        changes.contains(&json!({ "field": "toPosition", "after": "3" })),
        "{told}"
    );
}

#[tokio::test]
async fn a_history_in_the_order_of_the_world_is_paged_in_that_order() {
    let desk = TestDesk::open().await;
    let (coordinator, network) = (desk.coordinator().await, desk.second_line().await);
    let opened = api::clock::now() - Duration::hours(4);
    let incident = coordinator.logs(json!({ "effectiveAt": opened })).await;
    let assign = json!({ "teamId": network.id, "effectiveAt": opened + Duration::hours(3) });
    coordinator.takes("workItemAssign", &incident, assign).await;
    // Written down last, and so before the assignment.
    for hours in [2, 1] {
        let late = json!({ "visibility": "PUBLIC", "text": format!("{hours}"), "effectiveAt": opened + Duration::hours(hours) });
        coordinator.takes("workItemComment", &incident, late).await;
    }
    for list in [
        "incident(id: $id, asOf: $asOf, basis: EFFECTIVE) { list: history(first: 2, after: $after) { ...page } }",
        "list: timeline(id: $id, asOf: $asOf, basis: EFFECTIVE, first: 2, after: $after) { ...page }",
    ] {
        let query = format!("query($id: ID!, $asOf: AsOfInput!, $after: String) {{ {list} }}
            fragment page on HistoryEntryConnection {{ pageInfo {{ hasNextPage endCursor }} nodes {{ eventType text }} }}");
        let (mut seen, mut after) = (Vec::new(), Value::Null);
        loop {
            let now = json!({ "at": api::clock::now() });
            let asked = json!({ "id": incident.id, "asOf": now, "after": after });
            let data = coordinator.data(&query, asked).await;
            let page = data
                .get("list")
                .unwrap_or(&data["incident"]["list"])
                .clone();
            let nodes = page["nodes"].as_array().unwrap().clone();
            seen.extend(nodes.iter().map(|step| {
                step["text"]
                    .as_str()
                    .or(step["eventType"].as_str())
                    .unwrap()
                    .to_owned()
            }));
            if page["pageInfo"]["hasNextPage"] == false {
                break;
            }
            after = page["pageInfo"]["endCursor"].clone();
        }
        let order = [
            "Registered",
            "Classified",
            "PrioritySet",
            "1",
            "2",
            "Assigned",
        ];
        assert_eq!(seen, order, "{list}");
    }
}
