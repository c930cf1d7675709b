//! The service desk: contacts, conversations, and what becomes of them.

use std::collections::BTreeMap;

use domain::Role;
use serde_json::{Value, json};
use tests::journey::with;
use tests::program::{printed, run};
use tests::{Incident, Person, TestDesk};

/// The numbers of the items that a filter lets through, sorted.
async fn listed(person: &Person, filter: &str) -> Vec<String> {
    let query = format!("{{ workItems(filter: {{ {filter} }}) {{ nodes {{ number }} }} }}");
    let found = person.data(&query, json!({})).await;
    let nodes = found["workItems"]["nodes"].as_array().unwrap();
    let number = |node: &Value| node["number"].as_str().unwrap().to_owned();
    let mut numbers: Vec<String> = nodes.iter().map(number).collect();
    numbers.sort();
    numbers
}

async fn is_told(agent: &Person, incident: &Incident) {
    let call = json!({ "contactChannel": "PHONE", "text": "已告知用户处理情况" });
    agent.takes("workItemRecordContact", incident, call).await;
}

async fn is_resolved(agent: &Person, incident: &Incident) {
    let resolution = json!({ "code": "Fixed", "solution": "重启" });
    agent.takes("incidentResolve", incident, resolution).await;
}

/// Items of every kind: by number, the stages that each has skipped and those
/// that it lacks.
async fn items_on_their_way(desk: &TestDesk) -> (BTreeMap<String, [Value; 2]>, Person) {
    let (coordinator, team) = (desk.coordinator().await, desk.second_line().await);
    let mut expected = BTreeMap::new();
    let mut expect = |incident: Incident, skipped: Value, lacking: Value| {
        expected.insert(incident.number, [skipped, lacking]);
    };
    expect(coordinator.logs_an_incident().await, json!([]), json!([]));
    let working = coordinator.has_an_incident_in_progress(&team).await;
    expect(working, json!([]), json!([]));

    let silent = coordinator.has_a_resolved_incident(&team).await;
    expect(silent, json!(["TRACK"]), json!(["FEEDBACK"]));
    let tracked = coordinator.has_an_incident_in_progress(&team).await;
    is_told(&team.agent, &tracked).await;
    is_resolved(&team.agent, &tracked).await;
    expect(tracked, json!([]), json!(["FEEDBACK"]));
    let whole = coordinator.has_an_incident_in_progress(&team).await;
    is_told(&team.agent, &whole).await;
    is_resolved(&team.agent, &whole).await;
    is_told(&team.agent, &whole).await;
    expect(whole, json!([]), json!([]));
    let at_contact = coordinator.logs_an_incident().await;
    let answer = json!({ "code": "Answered", "solution": "已解答" });
    coordinator
        .takes("incidentResolveAtContact", &at_contact, answer)
        .await;
    expect(
        at_contact,
        json!(["ASSIGN", "PROCESS", "TRACK"]),
        json!(["FEEDBACK"]),
    );

    let closed = coordinator.has_a_closed_incident(&team).await;
    expect(closed, json!(["TRACK", "FEEDBACK"]), json!([]));
    let other = coordinator.logs_an_incident().await;
    let target = other.id.clone();
    expect(other, json!([]), json!([]));
    for (farewell, skipped) in [
        (
            json!({ "noFeedbackReason": "监控误报" }),
            json!(["FEEDBACK"]),
        ),
        (json!({ "told": ["zhao.min"] }), json!([])),
    ] {
        let cancelled = coordinator.logs_an_incident().await;
        let cancellation = with(json!({ "reason": "误报" }), &farewell);
        coordinator
            .takes("incidentCancel", &cancelled, cancellation)
            .await;
        expect(cancelled, skipped.clone(), json!([]));
        let merged = coordinator.logs_an_incident().await;
        let merging = with(
            json!({ "targetId": target, "reason": "同一故障" }),
            &farewell,
        );
        coordinator
            .takes("workItemMergeInto", &merged, merging)
            .await;
        expect(merged, skipped, json!([]));
    }
    (expected, coordinator)
}

#[tokio::test]
async fn sd_03_items_that_skipped_or_lack_a_stage_are_listed_alike_by_every_door() {
    let desk = TestDesk::open().await;
    let (expected, coordinator) = items_on_their_way(&desk).await;
    let seen = coordinator
        .data(
            "{ workItems(first: 100) { nodes { number isOpen ... on Incident { stages { skipped lacking } } } } }",
            json!({}),
        )
        .await;
    let nodes = seen["workItems"]["nodes"].as_array().unwrap();
    assert_eq!(nodes.len(), expected.len());
    let numbers = |is_wanted: &dyn Fn(&Value) -> bool| {
        let wanted = nodes.iter().filter(|node| is_wanted(node));
        let number = |node: &Value| node["number"].as_str().unwrap().to_owned();
        let mut numbers: Vec<String> = wanted.map(number).collect();
        numbers.sort();
        numbers
    };
    for node in nodes {
        let [skipped, lacking] = &expected[node["number"].as_str().unwrap()];
        assert_eq!(
            (&node["stages"]["skipped"], &node["stages"]["lacking"]),
            (skipped, lacking),
            "{node}"
        );
    }
    let is_empty = |stages: &Value| stages.as_array().unwrap().is_empty();
    let skips = |node: &Value| !is_empty(&node["stages"]["skipped"]);
    let gaps = |node: &Value| skips(node) || !is_empty(&node["stages"]["lacking"]);
    let open = |node: &Value| node["isOpen"] == true;
    for (filter, wanted) in [
        ("lacksStage: true", numbers(&gaps)),
        ("lacksStage: false", numbers(&|node| !gaps(node))),
        ("skipsStage: true", numbers(&skips)),
        ("skipsStage: false", numbers(&|node| !skips(node))),
        (
            "lacksStage: true, isOpen: true",
            numbers(&|node| open(node) && gaps(node)),
        ),
    ] {
        assert_eq!(listed(&coordinator, filter).await, wanted, "{filter}");
    }

    let database = desk.close().await;
    for (more, wanted) in [
        (
            ["--kind", "skipped-stage"].as_slice(),
            numbers(&|node| open(node) && gaps(node)),
        ),
        (
            &["--kind", "skipped-stage", "--with-closed"],
            numbers(&gaps),
        ),
    ] {
        let url = database.url();
        let arguments = [&["exceptions", "--json", "--database-url", &*url], more].concat();
        let report = printed(&run("docket-replay", &arguments));
        let mut told: Vec<String> = Vec::new();
        for line in report.lines() {
            let line: Value = serde_json::from_str(line).unwrap();
            let number = line["object"]["name"].as_str().unwrap().to_owned();
            let names = |stages: &Value| {
                let stages = stages.as_array().cloned().unwrap_or_default();
                let name = |stage: &Value| json!(stage.as_str().unwrap().to_uppercase());
                Value::Array(stages.iter().map(name).collect())
            };
            assert_eq!(
                [names(&line["skippedStages"]), names(&line["lackingStages"])],
                expected[&number],
                "{line}"
            );
            told.push(number);
        }
        told.sort();
        assert_eq!(told, wanted);
    }
}

#[tokio::test]
async fn sd_04_no_closing_without_resolution_and_feedback_or_a_reason() {
    let desk = TestDesk::open().await;
    let (coordinator, team) = (desk.coordinator().await, desk.second_line().await);
    let agent = &team.agent;
    let unresolved = coordinator.has_an_incident_in_progress(&team).await;
    assert_eq!(
        coordinator
            .cannot("incidentClose", &unresolved, json!({}))
            .await,
        "INCIDENT_ACTION_NOT_POSSIBLE"
    );
    let silent = coordinator.has_a_resolved_incident(&team).await;
    assert_eq!(
        coordinator
            .cannot("incidentClose", &silent, json!({}))
            .await,
        "INCIDENT_FEEDBACK_MISSING"
    );
    let told = coordinator.has_a_resolved_incident(&team).await;
    is_told(agent, &told).await;
    coordinator.takes("incidentClose", &told, json!({})).await;
    let excused = json!({ "noFeedbackReason": "号码已停机" });
    coordinator.takes("incidentClose", &silent, excused).await;
    let seen = coordinator
        .sees(
            &silent,
            "closure { noFeedbackReason } resolution { code solution } feedback { given noFeedbackReason }",
        )
        .await;
    assert_eq!(seen["closure"]["noFeedbackReason"], "号码已停机");
    assert_eq!(seen["resolution"]["code"], "Fixed");
    assert_eq!(
        seen["feedback"],
        json!({ "given": false, "noFeedbackReason": "号码已停机" })
    );
}

#[tokio::test]
async fn sd_04_feedback_counts_from_the_resolution_on_and_anew_in_each_cycle() {
    let desk = TestDesk::open().await;
    let (coordinator, team) = (desk.coordinator().await, desk.second_line().await);
    let requester = desk.person("zhao.min", Role::Requester).await;
    let agent = &team.agent;
    let incident = coordinator.has_an_incident_in_progress(&team).await;
    let public = json!({ "visibility": "PUBLIC", "text": "正在处理" });
    agent
        .takes("workItemComment", &incident, public.clone())
        .await;
    let given = async || {
        let seen = coordinator.sees(&incident, "feedback { given }").await;
        seen["feedback"]["given"] == true
    };
    let refused = async || {
        coordinator
            .cannot("incidentClose", &incident, json!({}))
            .await
    };
    for (again, reason) in [
        (None, ""),
        (Some("incidentRejectResolution"), "仍有问题"),
        (Some("incidentReopen"), "又中断了"),
    ] {
        if let Some(again) = again {
            if again == "incidentReopen" {
                coordinator
                    .takes("incidentClose", &incident, json!({}))
                    .await;
            }
            requester
                .takes(again, &incident, json!({ "reason": reason }))
                .await;
            assert!(!given().await, "{again}");
        }
        is_resolved(agent, &incident).await;
        assert!(!given().await);
        assert_eq!(refused().await, "INCIDENT_FEEDBACK_MISSING", "{again:?}");
        agent
            .takes("workItemComment", &incident, public.clone())
            .await;
        assert!(given().await);
    }
    coordinator
        .takes("incidentClose", &incident, json!({}))
        .await;
}

#[tokio::test]
async fn sd_04_what_is_cancelled_or_merged_says_who_was_told_or_why_nobody_was() {
    let desk = TestDesk::open().await;
    let (coordinator, team) = (desk.coordinator().await, desk.second_line().await);
    let requester = desk.person("zhao.min", Role::Requester).await;
    let target = coordinator.logs_an_incident().await;
    let feedback = "feedback { given told noFeedbackReason }";
    for (mutation, ending) in [
        ("incidentCancel", json!({ "reason": "误报" })),
        (
            "workItemMergeInto",
            json!({ "targetId": target.id, "reason": "同一故障" }),
        ),
    ] {
        let incident = coordinator.has_an_incident_in_progress(&team).await;
        for silent in [json!({}), json!({ "told": ["li.director"] })] {
            let refusal = coordinator
                .is_refused(
                    mutation,
                    with(with(json!({ "id": incident.id }), &ending), &silent),
                )
                .await;
            assert_eq!(refusal.code, "WORK_ITEM_FEEDBACK_MISSING");
            assert_eq!(refusal.field.as_deref(), Some("noFeedbackReason"));
        }
        let told = with(ending.clone(), &json!({ "told": ["zhao.min"] }));
        coordinator.takes(mutation, &incident, told).await;
        assert_eq!(
            coordinator.sees(&incident, feedback).await["feedback"],
            json!({ "given": true, "told": ["zhao.min"], "noFeedbackReason": null })
        );

        let incident = coordinator.has_an_incident_in_progress(&team).await;
        let excused = with(ending.clone(), &json!({ "noFeedbackReason": "号码已停机" }));
        coordinator.takes(mutation, &incident, excused).await;
        assert_eq!(
            coordinator.sees(&incident, feedback).await["feedback"],
            json!({ "given": false, "told": [], "noFeedbackReason": "号码已停机" })
        );
        assert_eq!(
            requester.sees(&incident, feedback).await["feedback"]["noFeedbackReason"],
            json!(null),
            "the desk's reason is the desk's"
        );
        // They were reached after all.
        is_told(&team.agent, &incident).await;
        let seen = coordinator.sees(&incident, feedback).await;
        assert_eq!(seen["feedback"]["given"], true);
    }
    // Whoever takes their own back has heard of it.
    let own = coordinator.logs_an_incident().await;
    requester
        .takes("incidentCancel", &own, json!({ "reason": "已恢复" }))
        .await;
    let seen = coordinator.sees(&own, feedback).await;
    assert_eq!(seen["feedback"]["told"], json!(["zhao.min"]));

    // Many at once, each by the same rule.
    let many = [
        coordinator.logs_an_incident().await,
        coordinator.logs(json!({ "requester": "qian.li" })).await,
    ];
    let input = json!({
        "ids": [many[0].id, many[1].id], "reason": "演练", "told": ["zhao.min"],
    });
    let results = coordinator.does("incidentBulkCancel", input).await;
    let code = |index: usize| results["results"][index]["error"]["code"].clone();
    assert_eq!(code(0), json!(null));
    assert_eq!(code(1), json!("WORK_ITEM_FEEDBACK_MISSING"));
}

#[tokio::test]
async fn sd_08_a_contact_is_written_down_later_with_its_real_time() {
    let desk = TestDesk::open().await;
    let coordinator = desk.coordinator().await;
    let contact = api::clock::now() - chrono::Duration::hours(3);
    let incident = coordinator
        .logs(json!({ "contactChannel": "WALK_IN", "effectiveAt": contact }))
        .await;
    let seen = coordinator
        .sees(
            &incident,
            "openedAt registeredAt history(first: 1) { nodes { effectiveAt recordedAt } }",
        )
        .await;
    let time = |value: &serde_json::Value| {
        value
            .as_str()
            .unwrap()
            .parse::<chrono::DateTime<chrono::Utc>>()
            .unwrap()
    };
    assert_eq!(time(&seen["openedAt"]), contact);
    assert!(time(&seen["registeredAt"]) - contact >= chrono::Duration::hours(3));
    let step = &seen["history"]["nodes"][0];
    assert_eq!(time(&step["effectiveAt"]), contact);
    assert!(time(&step["recordedAt"]) > contact);
    let requester = desk.person("zhao.min", Role::Requester).await;
    let backdated =
        tests::journey::with(tests::journey::intake(), &json!({ "effectiveAt": contact }));
    assert_eq!(
        requester
            .is_refused("incidentRegister", backdated)
            .await
            .code,
        "FORBIDDEN"
    );
}

/// What a person was told: which steps, by whom, with which words.
async fn notices(person: &Person) -> Value {
    let query = "{ myNotices(first: 50) { nodes { itemId eventType actor text } } }";
    let seen = person.data(query, json!({})).await;
    seen["myNotices"]["nodes"].clone()
}

/// The half that needs no mailer: the notices are there to be asked for, and
/// nothing is sent.
#[tokio::test]
async fn sd_13_urges_are_counted_and_stand_among_the_notices_of_assignee_and_team_lead() {
    let desk = TestDesk::open().await;
    let (coordinator, team) = (desk.coordinator().await, desk.second_line().await);
    let administrator = desk.person("admin", Role::Administrator).await;
    let lead = desk.person("network.lead", Role::Agent).await;
    let named = json!({ "teamId": team.id, "person": lead.name });
    assert_eq!(
        administrator
            .is_refused("teamNameLead", named.clone())
            .await
            .code,
        "TEAM_NOT_MEMBER"
    );
    let member = json!({ "teamId": team.id, "person": lead.name, "name": "组长" });
    administrator.does("teamAddMember", member).await;
    administrator.does("teamNameLead", named).await;
    let seen = coordinator
        .data(
            "query($id: ID!) { team(id: $id) { lead } }",
            json!({ "id": team.id }),
        )
        .await;
    assert_eq!(seen["team"]["lead"], json!(lead.name));

    let requester = desk.person("zhao.min", Role::Requester).await;
    let incident = coordinator.has_an_incident_in_progress(&team).await;
    let waits = json!({ "text": "客户在柜台等候" });
    requester.takes("workItemUrge", &incident, waits).await;
    coordinator
        .takes("workItemUrge", &incident, json!({}))
        .await;
    assert_eq!(
        coordinator.sees(&incident, "urgeCount").await["urgeCount"],
        2
    );
    desk.settled().await;
    let notice = |actor: &str, text: Value| json!({ "itemId": incident.id, "eventType": "Urged", "actor": actor, "text": text });
    let told = json!([
        notice("coordinator", json!(null)),
        notice("zhao.min", json!("客户在柜台等候")),
    ]);
    assert_eq!(notices(&team.agent).await, told);
    assert_eq!(notices(&lead).await, told);
    for other in [&coordinator, &requester] {
        assert_eq!(notices(other).await, json!([]));
    }
    let stranger = desk.person("sun.wei", Role::Requester).await;
    assert_eq!(
        stranger.cannot("workItemUrge", &incident, json!({})).await,
        "INCIDENT_NOT_FOUND"
    );

    // Page by page, and whom a staged result was sent to.
    let result = json!({ "recipients": [team.agent.name], "text": "备机已切换" });
    coordinator
        .takes("workItemNotifyStage", &incident, result)
        .await;
    desk.settled().await;
    let page = "query($after: String) { myNotices(first: 1, after: $after) {
        nodes { eventType } pageInfo { hasNextPage endCursor } } }";
    let (mut after, mut types) = (json!(null), Vec::new());
    loop {
        let seen = team.agent.data(page, json!({ "after": after })).await;
        let seen = &seen["myNotices"];
        types.push(seen["nodes"][0]["eventType"].clone());
        if seen["pageInfo"]["hasNextPage"] == false {
            break;
        }
        after = seen["pageInfo"]["endCursor"].clone();
    }
    assert_eq!(types, ["StageResultNotified", "Urged", "Urged"]);
}

#[tokio::test]
async fn sd_14_initial_support_is_recorded_and_the_first_line_resolves_at_first_contact() {
    let desk = TestDesk::open().await;
    let (first, second) = (desk.first_line().await, desk.second_line().await);
    let incident = first
        .agent
        .logs(json!({ "category": "account-password", "summary": "忘记密码" }))
        .await;
    let support = json!({
        "answer": "请在登录页点“忘记密码”", "article": "KB0007", "workaround": "先用访客账号",
    });
    let resolution = json!({ "code": "Answered", "solution": "已重置密码", "knowledge": "KB0007" });
    // Specialists see it before a team has it, and are no first line.
    for (mutation, more) in [
        ("incidentGiveInitialSupport", &support),
        ("incidentResolveAtContact", &resolution),
    ] {
        assert_eq!(
            second.agent.cannot(mutation, &incident, more.clone()).await,
            "INCIDENT_NOT_FIRST_LINE"
        );
    }
    assert_eq!(
        first
            .agent
            .cannot("incidentGiveInitialSupport", &incident, json!({}))
            .await,
        "INCIDENT_NO_SUPPORT"
    );
    first
        .agent
        .takes("incidentGiveInitialSupport", &incident, support.clone())
        .await;
    let fields = "initialSupport { answer article workaround } workaround lastContactAt";
    let seen = first.agent.sees(&incident, fields).await;
    assert_eq!(seen["initialSupport"], support);
    assert_eq!(seen["workaround"], "先用访客账号");
    assert!(seen["lastContactAt"].is_string(), "the requester was told");
    first
        .agent
        .takes("incidentResolveAtContact", &incident, resolution)
        .await;
    let seen = first
        .agent
        .sees(&incident, "status resolution { atFirstContact knowledge }")
        .await;
    assert_eq!(
        seen,
        json!({ "status": "RESOLVED", "resolution": { "atFirstContact": true, "knowledge": "KB0007" } })
    );
    let steps = first.agent.history_of(&incident).await;
    assert!(steps.contains(&"InitialSupportGiven".to_owned()));
    // Once somebody works on it, it is no first contact any more.
    let coordinator = desk.coordinator().await;
    let taken_on = coordinator.has_an_incident_in_progress(&first).await;
    assert_eq!(
        first
            .agent
            .cannot("incidentGiveInitialSupport", &taken_on, support)
            .await,
        "INCIDENT_ACTION_NOT_POSSIBLE"
    );
}

#[tokio::test]
async fn sd_18_the_service_desk_declares_the_closing_and_the_result_is_stored() {
    let desk = TestDesk::open().await;
    let (coordinator, first, second) = (
        desk.coordinator().await,
        desk.first_line().await,
        desk.second_line().await,
    );
    let excused = json!({ "noFeedbackReason": "电话未接通" });
    for declares in [&coordinator, &first.agent] {
        let incident = coordinator.has_a_resolved_incident(&second).await;
        assert_eq!(
            second
                .agent
                .cannot("incidentClose", &incident, excused.clone())
                .await,
            "INCIDENT_NOT_SERVICE_DESK",
            "who resolved it does not declare it closed"
        );
        let offered = second.agent.sees(&incident, "availableActions").await;
        assert!(!offered.to_string().contains("incidentClose"));
        declares
            .takes("incidentClose", &incident, excused.clone())
            .await;
        let fields = "status closedAt closure { by } resolution { solution code }
            history(first: 50) { nodes { eventType actor } }";
        let seen = coordinator.sees(&incident, fields).await;
        assert_eq!(
            (&seen["status"], &seen["closure"]["by"]),
            (&json!("CLOSED"), &json!("DESK"))
        );
        assert!(seen["closedAt"].is_string());
        assert_eq!(
            seen["resolution"],
            json!({ "solution": "重启了 VPN 网关。", "code": "Fixed" })
        );
        let last = seen["history"]["nodes"].as_array().unwrap().last().unwrap();
        assert_eq!(
            (&last["eventType"], &last["actor"]),
            (&json!("Closed"), &json!(declares.name))
        );
    }
    // In the requester's name the service desk writes it down, and nobody else.
    let incident = coordinator.has_a_resolved_incident(&second).await;
    is_told(&second.agent, &incident).await;
    let confirm = "incidentConfirmResolution";
    assert_eq!(
        second.agent.cannot(confirm, &incident, json!({})).await,
        "INCIDENT_NOT_SERVICE_DESK"
    );
    first.agent.takes(confirm, &incident, json!({})).await;
    let seen = coordinator.sees(&incident, "closure { by }").await;
    assert_eq!(seen["closure"]["by"], "REQUESTER");
}

#[tokio::test]
async fn sd_21_both_sides_talk_and_internal_notes_stay_inside() {
    let desk = TestDesk::open().await;
    let (coordinator, team) = (desk.coordinator().await, desk.second_line().await);
    let requester = desk.person("zhao.min", Role::Requester).await;
    let incident = coordinator.has_an_incident_in_progress(&team).await;
    let says = |visibility: &str, text: &str| json!({ "visibility": visibility, "text": text });
    team.agent
        .takes("workItemComment", &incident, says("PUBLIC", "正在排查"))
        .await;
    team.agent
        .takes(
            "workItemComment",
            &incident,
            says("INTERNAL", "怀疑用户自行改了配置"),
        )
        .await;
    requester
        .takes(
            "workItemComment",
            &incident,
            says("PUBLIC", "我没有改过任何设置"),
        )
        .await;
    assert_eq!(
        requester
            .cannot("workItemComment", &incident, says("INTERNAL", "x"))
            .await,
        "WORK_ITEM_NOT_STAFF"
    );
    let comments = "comments(first: 10) { nodes { author visibility fromRequester text } }";
    let inside = team.agent.sees(&incident, comments).await;
    assert_eq!(inside["comments"]["nodes"].as_array().unwrap().len(), 3);
    let outside = requester.sees(&incident, comments).await;
    assert_eq!(
        outside["comments"]["nodes"],
        json!([
            { "author": team.agent.name, "visibility": "PUBLIC", "fromRequester": false, "text": "正在排查" },
            { "author": "zhao.min", "visibility": "PUBLIC", "fromRequester": true, "text": "我没有改过任何设置" },
        ])
    );
    let history = requester
        .sees(&incident, "history(first: 100) { nodes { text } }")
        .await;
    assert!(
        !history.to_string().contains("怀疑"),
        "the history keeps the secret too"
    );
}

#[tokio::test]
async fn sd_22_the_time_since_the_last_contact_is_known() {
    let desk = TestDesk::open().await;
    let (coordinator, team) = (desk.coordinator().await, desk.second_line().await);
    let ago = |minutes: i64| api::clock::now() - chrono::Duration::minutes(minutes);
    let incident = coordinator.logs(json!({ "effectiveAt": ago(90) })).await;
    assert_eq!(
        coordinator.sees(&incident, "minutesSinceLastContact").await["minutesSinceLastContact"],
        90
    );
    coordinator
        .takes(
            "workItemAssign",
            &incident,
            json!({ "teamId": team.id, "effectiveAt": ago(80) }),
        )
        .await;
    let call =
        json!({ "contactChannel": "PHONE", "text": "安抚用户,说明进展", "effectiveAt": ago(30) });
    team.agent
        .takes("workItemRecordContact", &incident, call)
        .await;
    let seen = coordinator
        .sees(&incident, "lastContactAt minutesSinceLastContact")
        .await;
    assert!(seen["lastContactAt"].is_string());
    assert_eq!(seen["minutesSinceLastContact"], 30);
}

#[tokio::test]
async fn sd_25_archived_items_are_read_only_and_stay_searchable() {
    let desk = TestDesk::open().await;
    let (coordinator, team) = (desk.coordinator().await, desk.second_line().await);
    let incident = coordinator.has_a_closed_incident(&team).await;
    let open = coordinator.logs_an_incident().await;
    assert_eq!(
        coordinator
            .cannot("workItemArchive", &open, json!({}))
            .await,
        "WORK_ITEM_NOT_POSSIBLE"
    );
    coordinator
        .takes("workItemArchive", &incident, json!({}))
        .await;
    let internal = json!({ "visibility": "INTERNAL", "text": "x" });
    assert_eq!(
        coordinator
            .cannot("workItemComment", &incident, internal)
            .await,
        "WORK_ITEM_ARCHIVED"
    );
    assert_eq!(
        coordinator
            .cannot("incidentReopen", &incident, json!({ "reason": "x" }))
            .await,
        "WORK_ITEM_ARCHIVED"
    );
    let found = coordinator
        .data("{ workItems(filter: { archived: true, text: \"VPN\" }) { nodes { number archived } } }", json!({}))
        .await;
    assert_eq!(
        found["workItems"]["nodes"],
        json!([{ "number": incident.number, "archived": true }])
    );
    assert_eq!(
        coordinator.sees(&incident, "availableActions").await["availableActions"],
        json!([])
    );
}
