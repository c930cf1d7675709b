//! Who may ask for what, of every field of the schema's roots: a resolver that
//! forgets to ask who asks is found here, and so is one that forgets the table.

use std::collections::BTreeMap;

use api::auth::policy::{Action, permits};
use async_graphql::{Request, Variables};
use domain::Role;
use futures_util::StreamExt;
use serde_json::{Value, json};
use strum::IntoEnumIterator;
use tests::schema::Schema;
use tests::{Person, TestDesk};

/// The queries that take an object of any kind.
const TAKE_ANY: [&str; 6] = ["node", "nodes", "nodeAsOf", "nodesAsOf", "timeline", "diff"];

/// What a mutation does, as the table of rights calls it.
fn action_of(mutation: &str) -> Action {
    let single = mutation.replacen("Bulk", "", 1);
    match mutation {
        configuration
            if configuration.starts_with("priorityMatrix")
                || configuration.starts_with("categoryTree") =>
        {
            Action::Configure
        }
        team if team.starts_with("team") => Action::ManageTeams,
        token if token.starts_with("apiToken") => Action::ManageTokens,
        _ => Action::all()
            .find(|action| action.name() == single)
            .unwrap_or_else(|| panic!("the table of rights does not know {mutation}")),
    }
}

/// A desk with something of every kind, and the schema with their ids.
async fn desk_and_schema() -> (TestDesk, Schema) {
    let desk = TestDesk::open().await;
    let coordinator = desk.coordinator().await;
    let team = desk.second_line().await;
    let incident = coordinator.logs_an_incident().await;
    let administrator = desk.person("head", Role::Administrator).await;
    let token = json!({ "name": "monitoring", "role": "AGENT" });
    let issued = administrator.does("apiTokenIssue", token).await;
    let mut schema = Schema::of(&coordinator).await;
    let ids = [
        ("", incident.id.as_str()),
        ("teamId", team.id.as_str()),
        ("tokenId", issued["tokenId"].as_str().unwrap()),
    ];
    for (name, id) in ids {
        schema.ids.insert(name.to_owned(), id.to_owned());
    }
    (desk, schema)
}

async fn everybody(desk: &TestDesk) -> Vec<(Role, Person)> {
    let mut people = Vec::new();
    for role in Role::iter() {
        let name = format!("some.{}", role.as_ref().to_lowercase());
        people.push((role, desk.person(&name, role).await));
    }
    people
}

/// The ids of an object of each kind by name.
async fn one_of_each_kind(desk: &TestDesk, schema: &Schema) -> Vec<(&'static str, String)> {
    use base64::Engine;
    let auditor = desk.person("some.auditor", Role::Auditor).await;
    let known = auditor
        .data("{ priorityMatrix { id } categoryTree { id } events(first: 100) { nodes { aggregateType objectId } } }", json!({}))
        .await;
    let keys = known["events"]["nodes"].as_array().unwrap();
    let keys = keys
        .iter()
        .find(|event| event["aggregateType"] == "seal_keys");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let export = format!("LogExport:{}", uuid::Uuid::nil());
    vec![
        ("Incident", schema.ids[""].clone()),
        ("Team", schema.ids["teamId"].clone()),
        ("ApiToken", schema.ids["tokenId"].clone()),
        ("PriorityMatrix", text(&known["priorityMatrix"]["id"])),
        ("CategoryTree", text(&known["categoryTree"]["id"])),
        (
            "SealKeys",
            text(&keys.expect("the log is sealed")["objectId"]),
        ),
        (
            "LogExport",
            base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(export),
        ),
    ]
}

#[tokio::test]
async fn every_mutation_is_refused_to_every_role_that_the_table_does_not_permit() {
    let (desk, schema) = desk_and_schema().await;
    let mutations = schema.root_fields("Mutation");
    assert!(mutations.len() >= 69, "{}", mutations.len());
    let mut wrong = Vec::new();
    for (role, person) in everybody(&desk).await {
        for mutation in &mutations {
            let (document, variables) = schema.sample("Mutation", mutation);
            let answer = person.ask(&document, variables).await;
            let code = answer.body["errors"][0]["extensions"]["code"].as_str();
            let is_refused = code == Some("FORBIDDEN");
            if is_refused == permits(role, action_of(mutation)) {
                wrong.push(format!("{mutation} by {role:?}: {}", answer.body));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// What each root field of the queries answers to each role.
#[tokio::test]
async fn every_query_is_answered_to_the_roles_that_may_ask_it_and_to_no_other() {
    let (desk, mut schema) = desk_and_schema().await;
    let kinds = one_of_each_kind(&desk, &schema).await;
    let mut table: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (role, person) in everybody(&desk).await {
        for query in schema.root_fields("Query") {
            // Those that take any object are asked of each kind.
            let kinds: Vec<_> = if TAKE_ANY.contains(&&*query) {
                kinds.clone()
            } else if query == "team" {
                vec![("", schema.ids["teamId"].clone())]
            } else {
                vec![("", kinds[0].1.clone())]
            };
            for (kind, id) in kinds {
                schema.ids.insert(String::new(), id);
                let (document, variables) = schema.sample("Query", &query);
                let answer = person.ask(&document, variables).await;
                let code = answer.body["errors"][0]["extensions"]["code"].as_str();
                let row = table.entry(format!("{query} {kind}").trim_end().to_owned());
                let row = row.or_default();
                let is_asked_well =
                    code.is_none_or(|code| code != "INTERNAL" && !code.starts_with("GRAPHQL_"));
                assert!(is_asked_well, "{document}: {}", answer.body);
                if code != Some("FORBIDDEN") {
                    row.push(role.as_ref().to_owned());
                }
            }
        }
    }
    let lines: Vec<String> = table
        .iter()
        .map(|(query, roles)| format!("{query:<24} {}", roles.join(" ")))
        .collect();
    insta::assert_snapshot!(lines.join("\n"));
}

/// Who is not known is told nothing, by no resolver: the schema is asked
/// without the door that would turn them away.
#[tokio::test]
async fn no_resolver_answers_somebody_who_is_not_known() {
    let (desk, mut schema) = desk_and_schema().await;
    let kinds = one_of_each_kind(&desk, &schema).await;
    let served = api::graphql::build(desk.serving().desk().clone());
    let mut answered = Vec::new();
    for root in ["Query", "Mutation", "Subscription"] {
        for field in schema.root_fields(root) {
            // Those that take any object are asked of each kind.
            let kinds = if TAKE_ANY.contains(&&*field) {
                &kinds[..]
            } else {
                &kinds[..1]
            };
            for (kind, id) in kinds {
                schema.ids.insert(String::new(), id.clone());
                let (document, variables) = schema.sample(root, &field);
                let request = Request::new(document).variables(Variables::from_json(variables));
                let response = served.execute_stream(request).next().await.unwrap();
                let response = serde_json::to_value(response).unwrap();
                let code = &response["errors"][0]["extensions"]["code"];
                if code != "UNAUTHENTICATED" {
                    answered.push(format!("{root}.{field} of {kind}: {response}"));
                }
            }
        }
    }
    assert!(answered.is_empty(), "{answered:#?}");
}
