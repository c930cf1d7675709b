//! Each filter of the queue narrows it and each order orders it, now and as of
//! then; which filters and orders there are, the schema says.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use chrono::TimeDelta;
use domain::Role;
use serde_json::{Value, json};
use tests::journey::with;
use tests::{Incident, Person, Team, TestDesk};

/// Everything that the queue shows of an item without looking further.
const COLUMNS: &str = "id number practice summary status isOpen handling priority \
    priorityOverridden impact urgency matrixVersion category { code treeVersion } service \
    requester affectedPerson contactChannel team { id name line department } assignee isMajor \
    handOverCount crossDepartmentCount urgeCount cycle escalationLevel commentCount effortMinutes \
    openedAt registeredAt updatedAt expectedResolutionAt resolvedAt restoredAt closedAt \
    lastContactAt stages { assignedAt processedAt feedbackGiven } archived \
    hold { until } answeredAfterResolution watchers \
    configurationItems externalReferences customFields { name value } attachmentNames version \
    position";

/// A queue in which every column has several values, and what can be asked of
/// it.
struct Queue {
    desk: TestDesk,
    coordinator: Person,
    network: Team,
    items: Vec<Incident>,
}

impl Queue {
    async fn open() -> Self {
        let desk = TestDesk::open().await;
        let coordinator = desk.coordinator().await;
        let first_line = desk.first_line().await;
        let network = desk.second_line().await;
        let applications = desk.team("applications", "SECOND", "Development").await;
        let mut queue = Self {
            desk,
            coordinator,
            network,
            items: Vec::new(),
        };
        queue.left_alone().await;
        queue.worked_on().await;
        queue.held().await;
        queue.closed_without_feedback(&first_line).await;
        queue.handed_over(&first_line, &applications).await;
        queue.of_a_leaver(&applications).await;
        queue.answered(&first_line).await;
        queue.judged_anew().await;
        queue.desk.settled().await;
        queue
    }

    /// Registers an item whose first contact was some hours ago.
    async fn logs(&mut self, hours: i64, particular: Value) -> Incident {
        let opened = api::clock::now() - TimeDelta::hours(hours);
        let particular = with(particular, &json!({ "effectiveAt": opened }));
        let incident = self.coordinator.logs(particular).await;
        self.items.push(incident.clone());
        incident
    }

    async fn takes(&self, mutation: &str, incident: &Incident, more: Value) {
        self.coordinator.takes(mutation, incident, more).await;
    }

    async fn left_alone(&mut self) {
        let intake = json!({
            "summary": "Gateway am Standort Köln", "affectedPerson": "wang.wu", "service": "vpn",
            "contactChannel": "EMAIL", "configurationItems": ["vpn-gw-1", "vpn-gw-2"],
            "externalReferences": [{ "system": "ServiceNow", "reference": "INC0010045" }],
        });
        let item = self.logs(5, intake).await;
        let file = json!({
            "name": "trace.pcap", "mediaType": "application/octet-stream", "sizeBytes": 1,
            "sha256": "ab".repeat(32),
        });
        self.takes("workItemAttach", &item, file).await;
    }

    async fn worked_on(&mut self) {
        let intake = json!({
            "requester": "li.na", "category": "network-lan", "impact": "HIGH", "urgency": "LOW",
        });
        let item = self.logs(2, intake).await;
        let network = self.network.clone();
        self.coordinator.assigns(&item, &network).await;
        network
            .agent
            .takes("workItemAccept", &item, json!({}))
            .await;
        let at = api::clock::now() + TimeDelta::hours(8);
        for (mutation, more) in [
            ("workItemAddWatcher", json!({ "person": "director" })),
            (
                "workItemComment",
                json!({ "visibility": "PUBLIC", "text": "Wir sehen nach." }),
            ),
            ("workItemLogEffort", json!({ "minutes": 25 })),
            ("workItemUrge", json!({})),
            (
                "workItemEscalateHierarchically",
                json!({ "level": 1, "reason": "x" }),
            ),
            (
                "workItemOverridePriority",
                json!({ "priority": "P1", "reason": "x" }),
            ),
            ("incidentDeclareMajor", json!({ "reason": "x" })),
            (
                "incidentSetExpectedResolution",
                json!({ "at": at, "reason": "x" }),
            ),
            ("incidentRestoreService", json!({})),
            (
                "workItemSetCustomField",
                json!({ "name": "floor", "value": "3" }),
            ),
            (
                "incidentResolve",
                json!({ "code": "Fixed", "solution": "x" }),
            ),
            (
                "workItemRecordContact",
                json!({ "contactChannel": "PHONE", "text": "x" }),
            ),
        ] {
            self.takes(mutation, &item, more).await;
        }
    }

    async fn held(&mut self) {
        let item = self.logs(6, json!({})).await;
        let network = self.network.clone();
        self.coordinator.assigns(&item, &network).await;
        let accept = json!({});
        network.agent.takes("workItemAccept", &item, accept).await;
        let until = api::clock::now() + TimeDelta::hours(8);
        let hold = json!({ "reason": "SUPPLIER", "until": until });
        self.takes("incidentPutOnHold", &item, hold).await;
    }

    /// The requester has been spoken to since the resolution.
    async fn answered(&mut self, first_line: &Team) {
        let item = self.logs(4, json!({ "category": "mail" })).await;
        self.coordinator.assigns(&item, first_line).await;
        let agent = &first_line.agent;
        agent.takes("workItemAccept", &item, json!({})).await;
        let said = json!({ "visibility": "PUBLIC", "text": "x" });
        agent.takes("workItemComment", &item, said).await;
        let resolution = json!({ "code": "Fixed", "solution": "x" });
        agent.takes("incidentResolve", &item, resolution).await;
        let called = json!({ "contactChannel": "PHONE", "text": "x" });
        agent.takes("workItemRecordContact", &item, called).await;
    }

    async fn closed_without_feedback(&mut self, first_line: &Team) {
        let item = self
            .logs(
                9,
                json!({ "category": "mail", "impact": "LOW", "urgency": "HIGH" }),
            )
            .await;
        self.coordinator.assigns(&item, first_line).await;
        let agent = &first_line.agent;
        agent.takes("workItemAccept", &item, json!({})).await;
        let resolution = json!({ "code": "Fixed", "solution": "x" });
        agent.takes("incidentResolve", &item, resolution).await;
        let close = json!({ "noFeedbackReason": "x" });
        agent.takes("incidentClose", &item, close.clone()).await;
        let again = json!({ "reason": "x" });
        agent.takes("incidentReopen", &item, again).await;
        let resolution = json!({ "code": "Fixed", "solution": "y" });
        agent.takes("incidentResolve", &item, resolution).await;
        agent.takes("incidentClose", &item, close).await;
        self.takes("workItemArchive", &item, json!({})).await;
    }

    async fn handed_over(&mut self, first_line: &Team, to: &Team) {
        let item = self
            .logs(1, json!({ "category": "application-slow" }))
            .await;
        self.coordinator.assigns(&item, first_line).await;
        self.coordinator.assigns(&item, to).await;
        let back = json!({ "reason": "x" });
        to.agent.takes("workItemReturn", &item, back).await;
    }

    async fn of_a_leaver(&mut self, team: &Team) {
        let admin = self.desk.person("admin", Role::Administrator).await;
        let leaver = json!({ "teamId": team.id, "person": "leaver", "name": "Leaver" });
        admin.does("teamAddMember", leaver.clone()).await;
        let item = self.logs(3, json!({ "impact": "LOW" })).await;
        let to = json!({ "teamId": team.id, "person": "leaver" });
        self.takes("workItemAssign", &item, to).await;
        let left = json!({ "teamId": team.id, "person": "leaver" });
        admin.does("teamRemoveMember", left).await;
    }

    /// By a new matrix, and filed by a new tree.
    async fn judged_anew(&mut self) {
        let author = self.desk.person("author", Role::Administrator).await;
        let reviewer = self.desk.person("reviewer", Role::Administrator).await;
        let level = |priority: &str| {
            json!({
                "priority": priority, "nameZh": priority, "nameEn": priority,
                "confirmWithinHours": 24, "reopenWithinHours": 48, "reviewRequired": false,
            })
        };
        let levels = ["P1", "P2", "P3", "P4", "P5"].map(level);
        let matrix = json!({ "rows": vec![vec!["P4"; 3]; 3], "levels": levels });
        author.does("priorityMatrixSaveDraft", matrix).await;
        reviewer.does("priorityMatrixPassReview", json!({})).await;
        author.does("priorityMatrixPublish", json!({})).await;
        let category = |code: &str, parent: Option<&str>| json!({ "code": code, "parent": parent, "nameZh": code, "nameEn": code });
        // Here the network's VPN lies under security, and LAN is gone.
        let tree = json!({ "categories": [
            category("security", None), category("network", None),
            category("network-vpn", Some("security")), category("vpn-token", Some("network-vpn")),
        ] });
        author.does("categoryTreeSaveDraft", tree).await;
        reviewer.does("categoryTreePassReview", json!({})).await;
        author.does("categoryTreePublish", json!({})).await;
        let item = self
            .coordinator
            .logs(json!({ "category": "vpn-token" }))
            .await;
        self.items.push(item);
    }

    /// The items of a list, whole.
    async fn all(&self, as_of: &Value) -> Vec<Value> {
        let list = json!({ "first": 10, "asOf": as_of });
        self.page(list, COLUMNS).await["nodes"]
            .as_array()
            .unwrap()
            .clone()
    }

    async fn page(&self, arguments: Value, columns: &str) -> Value {
        let query = format!(
            "query($filter: WorkItemFilterInput, $orderBy: WorkItemOrderInput, $asOf: AsOfInput, \
             $first: Int, $after: String, $last: Int, $before: String) {{ \
             incidents(filter: $filter, orderBy: $orderBy, asOf: $asOf, first: $first, \
             after: $after, last: $last, before: $before) {{ totalCount nodes {{ {columns} }} \
             pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }} }}"
        );
        self.coordinator.data(&query, arguments).await["incidents"].clone()
    }

    /// The ids of a list that is paged through from one end to the other.
    async fn paged(&self, order: &Value, as_of: &Value, forwards: bool) -> Vec<String> {
        let (length, from, end, has_more) = if forwards {
            ("first", "after", "endCursor", "hasNextPage")
        } else {
            ("last", "before", "startCursor", "hasPreviousPage")
        };
        let mut ids = Vec::new();
        let mut cursor = Value::Null;
        loop {
            let arguments = json!({ "orderBy": order, "asOf": as_of, length: 2, from: cursor });
            let page = self.page(arguments, "id").await;
            let mut nodes = ids_of(page["nodes"].as_array().unwrap());
            if !forwards {
                nodes.reverse();
            }
            ids.extend(nodes);
            if page["pageInfo"][has_more] == false {
                break;
            }
            cursor = page["pageInfo"][end].clone();
        }
        if !forwards {
            ids.reverse();
        }
        ids
    }

    async fn filtered(&self, filter: &Value, as_of: &Value) -> BTreeSet<String> {
        let arguments = json!({ "filter": filter, "asOf": as_of, "first": 10 });
        let page = self.page(arguments, "id").await;
        let ids = ids_of(page["nodes"].as_array().unwrap());
        assert_eq!(page["totalCount"], ids.len(), "{filter}");
        ids.into_iter().collect()
    }

    /// Something happens to every item that still accepts it, and there are
    /// new ones.
    async fn goes_on(&self) {
        for item in &self.items {
            let urged = json!({ "id": item.id });
            self.coordinator.mutate("workItemUrge", urged).await;
            let cancelled = json!({ "id": item.id, "reason": "x", "noFeedbackReason": "x" });
            self.coordinator.mutate("incidentCancel", cancelled).await;
        }
        self.coordinator
            .logs(json!({ "category": "vpn-token" }))
            .await;
        self.desk.settled().await;
    }

    async fn names(&self, kind: &str, list: &str) -> BTreeSet<String> {
        let query = format!("{{ __type(name: \"{kind}\") {{ {list} {{ name }} }} }}");
        let seen = self.coordinator.data(&query, json!({})).await;
        let names = seen["__type"][list].as_array().unwrap().iter();
        names
            .map(|one| one["name"].as_str().unwrap().to_owned())
            .collect()
    }
}

fn ids_of(nodes: &[Value]) -> Vec<String> {
    let ids = nodes.iter().map(|node| node["id"].as_str().unwrap());
    ids.map(str::to_owned).collect()
}

/// The orders, each with the columns that it goes by.
const ORDERS: [(&str, &[&str]); 49] = [
    ("OPENED_AT", &["/openedAt"]),
    ("UPDATED_AT", &["/updatedAt"]),
    ("PRIORITY", &["/priority", "/openedAt"]),
    ("NUMBER", &["/number"]),
    ("STATUS", &["/status"]),
    ("PRACTICE", &["/practice"]),
    ("SUMMARY", &["/summary"]),
    ("IS_OPEN", &["/isOpen"]),
    ("HANDLING", &["/handling"]),
    ("PRIORITY_OVERRIDDEN", &["/priorityOverridden"]),
    ("IMPACT", &["/impact"]),
    ("URGENCY", &["/urgency"]),
    ("MATRIX_VERSION", &["/matrixVersion"]),
    ("CATEGORY", &["/category/code"]),
    ("CATEGORY_TREE_VERSION", &["/category/treeVersion"]),
    ("SERVICE", &["/service"]),
    ("REQUESTER", &["/requester"]),
    ("AFFECTED_PERSON", &["/affectedPerson"]),
    ("CONTACT_CHANNEL", &["/contactChannel"]),
    ("TEAM", &["/team/name"]),
    ("LINE", &["/team/line"]),
    ("DEPARTMENT", &["/team/department"]),
    ("ASSIGNEE", &["/assignee"]),
    ("IS_MAJOR", &["/isMajor"]),
    ("HAND_OVER_COUNT", &["/handOverCount"]),
    ("CROSS_DEPARTMENT_COUNT", &["/crossDepartmentCount"]),
    ("URGE_COUNT", &["/urgeCount"]),
    ("CYCLE", &["/cycle"]),
    ("ESCALATION_LEVEL", &["/escalationLevel"]),
    ("COMMENT_COUNT", &["/commentCount"]),
    ("EFFORT_MINUTES", &["/effortMinutes"]),
    ("REGISTERED_AT", &["/registeredAt"]),
    ("EXPECTED_RESOLUTION_AT", &["/expectedResolutionAt"]),
    ("ASSIGNED_AT", &["/stages/assignedAt"]),
    ("ACCEPTED_AT", &["/stages/processedAt"]),
    ("RESOLVED_AT", &["/resolvedAt"]),
    ("RESTORED_AT", &["/restoredAt"]),
    ("CLOSED_AT", &["/closedAt"]),
    ("LAST_CONTACT_AT", &["/lastContactAt"]),
    ("FEEDBACK_GIVEN", &["/stages/feedbackGiven"]),
    ("ARCHIVED", &["/archived"]),
    ("HOLD_UNTIL", &["/hold/until"]),
    ("ANSWERED_AFTER_RESOLUTION", &["/answeredAfterResolution"]),
    ("WATCHERS", &["/watchers"]),
    ("CONFIGURATION_ITEMS", &["/configurationItems"]),
    ("EXTERNAL_REFERENCES", &["/externalReferences"]),
    ("ATTACHMENT_NAMES", &["/attachmentNames"]),
    ("VERSION", &["/version"]),
    ("POSITION", &["/position"]),
];

/// What a value is ordered by; nothing is greater than everything.
fn rank(path: &str, item: &Value) -> (bool, Value) {
    let value = item.pointer(path).cloned().unwrap_or_default();
    let ranked = match (path, value.as_str()) {
        ("/impact" | "/urgency", Some(level)) => {
            json!(["HIGH", "MEDIUM", "LOW"].iter().position(|l| *l == level))
        }
        ("/team/line", Some(line)) => {
            json!(["FIRST", "SECOND", "THIRD"].iter().position(|l| *l == line))
        }
        // The names of the domain, which the schema spells in its own way.
        ("/status" | "/handling" | "/contactChannel", Some(name)) => {
            json!(name.replace('_', "").to_lowercase())
        }
        (path, Some(time)) if path.ends_with("At") || path == "/hold/until" => {
            let time: chrono::DateTime<chrono::Utc> = time.parse().unwrap();
            json!(time.timestamp_micros())
        }
        _ => value,
    };
    (ranked.is_null(), ranked)
}

fn compared(one: &(bool, Value), next: &(bool, Value)) -> Ordering {
    let values = match (&one.1, &next.1) {
        (Value::Bool(one), Value::Bool(next)) => one.cmp(next),
        (Value::Number(one), Value::Number(next)) => one.as_i64().cmp(&next.as_i64()),
        (Value::String(one), Value::String(next)) => one.cmp(next),
        (Value::Array(one), Value::Array(next)) => {
            let text = |list: &[Value]| -> Vec<String> {
                list.iter()
                    .map(|v| v.as_str().unwrap().to_owned())
                    .collect()
            };
            text(one).cmp(&text(next))
        }
        _ => Ordering::Equal,
    };
    one.0.cmp(&next.0).then(values)
}

async fn each_order_orders(queue: &Queue, as_of: &Value) {
    let items = queue.all(as_of).await;
    for (field, paths) in ORDERS {
        let keys = |item: &Value| -> Vec<(bool, Value)> {
            paths.iter().map(|path| rank(path, item)).collect()
        };
        let order = |direction: &str| json!({ "field": field, "direction": direction });
        let ascending = queue.paged(&order("ASC"), as_of, true).await;
        assert_eq!(ascending.len(), items.len(), "{field}");
        let values: Vec<_> = ascending
            .iter()
            .map(|id| keys(items.iter().find(|item| item["id"] == **id).unwrap()))
            .collect();
        let is_sorted = values.is_sorted_by(|one, next| {
            let orderings = one.iter().zip(next).map(|(one, next)| compared(one, next));
            orderings.fold(Ordering::Equal, Ordering::then) != Ordering::Greater
        });
        assert!(is_sorted, "{field}: {values:?}");
        let shows_something = values.first() != values.last();
        assert!(
            shows_something || field == "PRACTICE",
            "{field}: {values:?}"
        );
        let descending: Vec<String> = ascending.iter().rev().cloned().collect();
        for (direction, forwards, expected) in [
            ("ASC", false, &ascending),
            ("DESC", true, &descending),
            ("DESC", false, &descending),
        ] {
            let seen = queue.paged(&order(direction), as_of, forwards).await;
            assert_eq!(seen, *expected, "{field} {direction} {forwards}");
        }
    }
}

#[tokio::test]
async fn each_order_of_the_queue_orders_it_now_and_then() {
    let queue = Queue::open().await;
    let orders: BTreeSet<String> = ORDERS
        .iter()
        .map(|(field, _)| (*field).to_owned())
        .collect();
    assert_eq!(
        queue.names("WorkItemOrderField", "enumValues").await,
        orders
    );
    each_order_orders(&queue, &Value::Null).await;
    let head = queue.desk.serving().desk().log().head().await.unwrap();
    queue.goes_on().await;
    each_order_orders(&queue, &json!({ "position": head.position })).await;
}

type Lets = Box<dyn Fn(&Value) -> bool>;

/// The filter of a field, and what it lets through.
fn filter(
    field: &str,
    value: &Value,
    lets: impl Fn(&Value) -> bool + 'static,
) -> (String, Value, Lets) {
    (field.to_owned(), json!({ field: value }), Box::new(lets))
}

/// What stands in a column.
fn is(path: &'static str, value: impl Into<Value>) -> impl Fn(&Value) -> bool + 'static {
    let value = value.into();
    move |item| item.pointer(path).cloned().unwrap_or_default() == value
}

fn holds(path: &'static str, value: &'static str) -> impl Fn(&Value) -> bool + 'static {
    move |item| item[path].as_array().unwrap().contains(&json!(value))
}

/// A filter for each field that takes values one by one.
#[expect(clippy::too_many_lines, reason = "a table, one entry a filter")]
fn filters(queue: &Queue) -> Vec<(String, Value, Lets)> {
    let [
        alone,
        worked_on,
        held,
        closed,
        returned,
        leaver,
        answered,
        anew,
    ] = &*queue.items
    else {
        panic!("eight items");
    };
    let only = |incident: &Incident| is("/id", incident.id.clone());
    let not = |incident: &Incident| {
        let id = incident.id.clone();
        move |item: &Value| item["id"] != id
    };
    vec![
        filter("ids", &json!([alone.id]), only(alone)),
        filter("practice", &json!("change"), |_| false),
        filter("statuses", &json!(["RETURNED"]), is("/status", "RETURNED")),
        filter("isOpen", &json!(false), is("/isOpen", false)),
        filter("priorities", &json!(["P1"]), is("/priority", "P1")),
        filter("impacts", &json!(["LOW"]), is("/impact", "LOW")),
        filter("urgencies", &json!(["HIGH"]), is("/urgency", "HIGH")),
        filter(
            "teamIds",
            &json!([queue.network.id]),
            is("/team/id", queue.network.id.clone()),
        ),
        filter("unassigned", &json!(true), is("/team", Value::Null)),
        filter("lines", &json!(["SECOND"]), is("/team/line", "SECOND")),
        filter(
            "departments",
            &json!(["Development"]),
            is("/team/department", "Development"),
        ),
        filter("teamNames", &json!(["desk"]), is("/team/name", "desk")),
        filter(
            "assignees",
            &json!(["Network.Agent"]),
            is("/assignee", "network.agent"),
        ),
        filter("assigneeInactive", &json!(true), only(leaver)),
        filter("assigneeInactive", &json!(false), not(leaver)),
        filter("requesters", &json!(["li.na"]), is("/requester", "li.na")),
        filter(
            "affectedPersons",
            &json!(["wang.wu"]),
            is("/affectedPerson", "wang.wu"),
        ),
        filter("categories", &json!(["mail"]), is("/category/code", "mail")),
        // By the tree of each item: the last one's VPN lies under security.
        filter("categoriesUnder", &json!(["network"]), {
            let filed: BTreeSet<String> = [alone, worked_on, held, leaver]
                .map(|item| item.id.clone())
                .into();
            move |item| filed.contains(item["id"].as_str().unwrap())
        }),
        filter("categoriesUnder", &json!(["security"]), only(anew)),
        filter("services", &json!(["vpn"]), is("/service", "vpn")),
        filter(
            "configurationItems",
            &json!(["vpn-gw-2"]),
            holds("configurationItems", "vpn-gw-2"),
        ),
        filter(
            "contactChannels",
            &json!(["EMAIL"]),
            is("/contactChannel", "EMAIL"),
        ),
        filter("isMajor", &json!(true), is("/isMajor", true)),
        filter("archived", &json!(true), is("/archived", true)),
        filter("watcher", &json!("director"), holds("watchers", "director")),
        filter("number", &json!(alone.number), only(alone)),
        filter(
            "number",
            &json!(format!(" inc {} ", digits(&alone.number))),
            only(alone),
        ),
        filter("number", &json!(digits(&alone.number)), only(alone)),
        filter(
            "externalReference",
            &json!({ "system": "servicenow", "reference": "inc 0010045" }),
            only(alone),
        ),
        filter(
            "externalReference",
            &json!({ "system": "ServiceNow", "reference": "１００４５" }),
            only(alone),
        ),
        filter(
            "customField",
            &json!({ "name": "floor", "value": "3" }),
            only(worked_on),
        ),
        filter("minHandOvers", &json!(1), |item| {
            item["handOverCount"].as_i64() >= Some(1)
        }),
        // The desk goes on by itself with what is overdue.
        filter("holdOverdue", &json!(true), |_| false),
        // Both were called after they were resolved.
        filter("answeredAfterResolution", &json!(true), {
            let called = [worked_on, answered].map(|item| item.id.clone());
            move |item| called.iter().any(|id| item["id"] == *id)
        }),
        filter(
            "answeredAfterResolution",
            &json!(false),
            is("/answeredAfterResolution", false),
        ),
        filter("lacksStage", &json!(true), only(closed)),
        filter("skipsStage", &json!(true), only(closed)),
        filter("text", &json!("STANDORT köln"), only(alone)),
        filter(
            "text",
            &json!(format!("INC {}", digits(&worked_on.number))),
            only(worked_on),
        ),
        filter("summary", &json!("gateway AM"), only(alone)),
        filter("attachmentName", &json!("trace.pcap"), only(alone)),
        filter("handlings", &json!(["RETURNED"]), only(returned)),
        filter("priorityOverridden", &json!(true), only(worked_on)),
        filter("matrixVersions", &json!([2]), only(anew)),
        filter("categoryTreeVersions", &json!([2]), only(anew)),
        filter(
            "feedbackGiven",
            &json!(true),
            is("/stages/feedbackGiven", true),
        ),
        filter(
            "missing",
            &json!(["EXPECTED_RESOLUTION_AT", "TEAM"]),
            |item| item["expectedResolutionAt"].is_null() && item["team"].is_null(),
        ),
    ]
}

/// The digits that somebody reads out of a number.
fn digits(number: &str) -> String {
    let digits = number.trim_start_matches(|c: char| !c.is_ascii_digit());
    digits.trim_start_matches('0').to_owned()
}

/// The filters that take a stretch of times or numbers.
const TIMES: [(&str, &str); 11] = [
    ("opened", "/openedAt"),
    ("updated", "/updatedAt"),
    ("registered", "/registeredAt"),
    ("expectedResolution", "/expectedResolutionAt"),
    ("assigned", "/stages/assignedAt"),
    ("accepted", "/stages/processedAt"),
    ("resolved", "/resolvedAt"),
    ("restored", "/restoredAt"),
    ("closed", "/closedAt"),
    ("lastContact", "/lastContactAt"),
    ("onHoldUntil", "/hold/until"),
];
const NUMBERS: [(&str, &str); 9] = [
    ("handOvers", "/handOverCount"),
    ("crossDepartments", "/crossDepartmentCount"),
    ("urges", "/urgeCount"),
    ("cycles", "/cycle"),
    ("escalationLevels", "/escalationLevel"),
    ("comments", "/commentCount"),
    ("effortMinutes", "/effortMinutes"),
    ("versions", "/version"),
    ("positions", "/position"),
];

/// Stretches that begin and end at the greatest value that there is.
fn ranges(items: &[Value]) -> Vec<(String, Value, Lets)> {
    let mut ranges = Vec::new();
    for (field, path) in TIMES {
        let times = items.iter().filter_map(|item| item.pointer(path)?.as_str());
        let time = |text: &str| text.parse::<chrono::DateTime<chrono::Utc>>().unwrap();
        let last = times.max_by_key(|text| time(text)).unwrap().to_owned();
        let at = time(&last);
        let when = move |item: &Value| Some(time(item.pointer(path)?.as_str()?));
        ranges.push(filter(field, &json!({ "from": last }), move |item| {
            when(item) >= Some(at)
        }));
        let before = move |item: &Value| when(item).is_some_and(|then| then < at);
        ranges.push(filter(field, &json!({ "to": last }), before));
    }
    for (field, path) in NUMBERS {
        let number = move |item: &Value| item.pointer(path).unwrap().as_i64().unwrap();
        let most = items.iter().map(number).max().unwrap();
        ranges.push(filter(field, &json!({ "atLeast": most }), move |item| {
            number(item) >= most
        }));
        ranges.push(filter(field, &json!({ "atMost": most - 1 }), move |item| {
            number(item) < most
        }));
    }
    ranges
}

async fn each_filter_narrows(queue: &Queue, as_of: &Value) -> BTreeSet<String> {
    let items = queue.all(as_of).await;
    let mut filters = filters(queue);
    filters.extend(ranges(&items));
    for (field, filter, lets) in &filters {
        let expected = items.iter().filter(|item| lets(item));
        let expected: BTreeSet<String> = ids_of(&expected.cloned().collect::<Vec<_>>())
            .into_iter()
            .collect();
        let seen = queue.filtered(filter, as_of).await;
        assert_eq!(seen, expected, "{filter}");
        assert!(seen.len() < items.len(), "{filter} narrows");
        // Where one item alone has a time, nothing lies before it.
        let is_never = field == "practice" || field == "holdOverdue";
        let may_be_none = is_never || filter[field].get("to").is_some();
        assert!(may_be_none || !seen.is_empty(), "{filter} leaves something");
    }
    filters.into_iter().map(|(field, ..)| field).collect()
}

#[tokio::test]
async fn each_filter_of_the_queue_narrows_it_now_and_then() {
    let queue = Queue::open().await;
    let fields = queue.names("WorkItemFilterInput", "inputFields").await;
    assert_eq!(each_filter_narrows(&queue, &Value::Null).await, fields);
    let head = queue.desk.serving().desk().log().head().await.unwrap();
    queue.goes_on().await;
    each_filter_narrows(&queue, &json!({ "position": head.position })).await;
}
