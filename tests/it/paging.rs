//! Lists: filters, orders, pages in both directions, and counts.

use serde_json::{Value, json};
use tests::TestDesk;

const PAGE: &str = "query($filter: WorkItemFilterInput, $orderBy: WorkItemOrderInput, $first: Int, $after: String, $last: Int, $before: String) {
    workItems(filter: $filter, orderBy: $orderBy, first: $first, after: $after, last: $last, before: $before) {
        totalCount
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
        nodes { number }
    }
}";

fn numbers(list: &Value) -> Vec<String> {
    list["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|node| node["number"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn pages_walked_forwards_and_backwards_show_the_whole_list() {
    let desk = TestDesk::open().await;
    let coordinator = desk.coordinator().await;
    for number in 0..13 {
        let impact = ["HIGH", "MEDIUM", "LOW"][number % 3];
        coordinator.logs(json!({ "impact": impact })).await;
    }
    for field in ["OPENED_AT", "UPDATED_AT", "PRIORITY", "NUMBER", "STATUS"] {
        for direction in ["ASC", "DESC"] {
            let order = json!({ "field": field, "direction": direction });
            let all = coordinator
                .data(PAGE, json!({ "orderBy": order, "first": 100 }))
                .await["workItems"]
                .clone();
            assert_eq!(all["totalCount"], 13);
            let (mut forwards, mut after) = (Vec::new(), Value::Null);
            loop {
                let page = coordinator
                    .data(
                        PAGE,
                        json!({ "orderBy": order, "first": 4, "after": after }),
                    )
                    .await["workItems"]
                    .clone();
                forwards.extend(numbers(&page));
                after = page["pageInfo"]["endCursor"].clone();
                if page["pageInfo"]["hasNextPage"] == false {
                    break;
                }
            }
            assert_eq!(forwards, numbers(&all), "{field} {direction}");
            let (mut backwards, mut before) = (Vec::new(), Value::Null);
            loop {
                let page = coordinator
                    .data(
                        PAGE,
                        json!({ "orderBy": order, "last": 4, "before": before }),
                    )
                    .await["workItems"]
                    .clone();
                backwards = [numbers(&page), backwards].concat();
                before = page["pageInfo"]["startCursor"].clone();
                if page["pageInfo"]["hasPreviousPage"] == false {
                    break;
                }
            }
            assert_eq!(backwards, numbers(&all), "{field} {direction}");
        }
    }
}

#[tokio::test]
async fn inc_13_incidents_are_listed_by_attribute_requester_ci_service_and_team() {
    let desk = TestDesk::open().await;
    let (coordinator, team) = (desk.coordinator().await, desk.second_line().await);
    let one = coordinator
        .logs(json!({ "requester": "li.na", "service": "claims", "configurationItems": ["db-claims"], "contactChannel": "EMAIL", "impact": "HIGH" }))
        .await;
    coordinator.logs_an_incident().await;
    coordinator.assigns(&one, &team).await;
    let filters = [
        json!({ "requesters": ["li.na"] }),
        json!({ "services": ["claims"] }),
        json!({ "configurationItems": ["db-claims"] }),
        json!({ "contactChannels": ["EMAIL"] }),
        json!({ "teamIds": [team.id] }),
        json!({ "teamIds": [team.id], "statuses": ["ASSIGNED", "IN_PROGRESS"] }),
        json!({ "departments": ["Infrastructure"] }),
        json!({ "lines": ["SECOND"] }),
        json!({ "statuses": ["ASSIGNED"] }),
        json!({ "priorities": ["P2"] }),
        json!({ "impacts": ["HIGH"] }),
        json!({ "number": one.number }),
        json!({ "ids": [one.id] }),
        json!({ "unassigned": false }),
    ];
    for filter in filters {
        let found = coordinator.data(PAGE, json!({ "filter": filter })).await["workItems"].clone();
        assert_eq!(numbers(&found), [&*one.number], "{filter}");
        assert_eq!(found["totalCount"], 1, "{filter}");
    }
    let nothing = coordinator
        .data(PAGE, json!({ "filter": { "requesters": [] } }))
        .await;
    assert_eq!(
        nothing["workItems"]["totalCount"], 0,
        "any of no values is none"
    );
}

#[tokio::test]
async fn items_are_counted_by_status_team_and_priority() {
    let desk = TestDesk::open().await;
    let (coordinator, team) = (desk.coordinator().await, desk.second_line().await);
    coordinator.logs_an_incident().await;
    coordinator.has_an_incident_in_progress(&team).await;
    coordinator.has_an_incident_in_progress(&team).await;
    let counts = async |by: &str| {
        let query = format!("{{ workItemCounts(by: {by}) {{ status teamName priority count }} }}");
        coordinator.data(&query, json!({})).await["workItemCounts"].clone()
    };
    let by_status = counts("STATUS").await;
    let of = |status: &str, count: u32| json!({ "status": status, "teamName": null, "priority": null, "count": count });
    assert!(
        by_status.as_array().unwrap().contains(&of("NEW", 1))
            && by_status
                .as_array()
                .unwrap()
                .contains(&of("IN_PROGRESS", 2))
    );
    let by_team = counts("TEAM").await;
    assert!(
        by_team
            .as_array()
            .unwrap()
            .iter()
            .any(|count| count["teamName"] == "network" && count["count"] == 2)
    );
    assert_eq!(
        counts("PRIORITY").await,
        json!([{ "status": null, "teamName": null, "priority": "P3", "count": 3 }])
    );
}

#[tokio::test]
async fn a_page_is_asked_for_in_one_direction_and_not_too_long() {
    let desk = TestDesk::open().await;
    let coordinator = desk.coordinator().await;
    for wrong in [
        json!({ "first": 5, "last": 5 }),
        json!({ "first": 101 }),
        json!({ "first": -1 }),
        json!({ "last": 5, "after": "x" }),
    ] {
        assert_eq!(
            coordinator.ask(PAGE, wrong.clone()).await.code(),
            "PAGE_INVALID",
            "{wrong}"
        );
    }
}

#[tokio::test]
async fn a_page_of_steps_leads_on_or_ends_however_many_may_not_be_seen() {
    let desk = TestDesk::open().await;
    let coordinator = desk.coordinator().await;
    let requester = desk.person("zhao.min", domain::Role::Requester).await;
    let incident = coordinator.logs_an_incident().await;
    let says = |visibility: &str| {
        let input = format!(
            "input: {{ id: \"{}\", text: \"x\", visibility: {visibility} }}",
            incident.id
        );
        format!("workItemComment({input}) {{ position }}")
    };
    // More than any page, and than any stretch that is read at once.
    for _ in 0..9 {
        let many: Vec<String> = (0..50)
            .map(|n| format!("a{n}: {}", says("INTERNAL")))
            .collect();
        let many = format!("mutation {{ {} }}", many.join(" "));
        coordinator.data(&many, json!({})).await;
    }
    coordinator
        .data(&format!("mutation {{ {} }}", says("PUBLIC")), json!({}))
        .await;
    let steps = "pageInfo { hasNextPage endCursor } nodes { eventType }";
    for (list, query) in [
        (
            "history",
            format!(
                "query($id: ID!, $after: String) {{ incident(id: $id) {{ list: history(first: 2, after: $after) {{ {steps} }} }} }}"
            ),
        ),
        (
            "timeline",
            format!(
                "query($id: ID!, $after: String) {{ list: timeline(id: $id, first: 2, after: $after) {{ {steps} }} }}"
            ),
        ),
    ] {
        let (mut seen, mut after) = (Vec::new(), json!(null));
        loop {
            let data = requester
                .data(&query, json!({ "id": incident.id, "after": after }))
                .await;
            let page = data
                .get("list")
                .unwrap_or(&data["incident"]["list"])
                .clone();
            let nodes = page["nodes"].as_array().unwrap();
            seen.extend(
                nodes
                    .iter()
                    .map(|step| step["eventType"].as_str().unwrap().to_owned()),
            );
            if page["pageInfo"]["hasNextPage"] == false {
                break;
            }
            assert!(
                !nodes.is_empty(),
                "{list}: an empty page says that it goes on"
            );
            after = page["pageInfo"]["endCursor"].clone();
            assert!(after.is_string(), "{list}: nothing says where it goes on");
        }
        assert_eq!(
            seen,
            ["Registered", "Classified", "PrioritySet", "CommentAdded"],
            "{list}"
        );
    }
}
