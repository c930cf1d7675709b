//! What every argument and input field of the schema is held to, found by
//! introspection: none is forgotten, and none can be.

use domain::Role;
use serde_json::{Value, json};
use tests::schema::{Input, Schema};
use tests::{Answer, Person, Refusal, TestDesk};

use tests::socket::Socket;

/// Somebody who asks, and the schema with ids that there are.
struct Asking {
    desk: TestDesk,
    person: Person,
    schema: Schema,
}

impl Asking {
    async fn open() -> Self {
        let desk = TestDesk::open().await;
        let (person, team) = (desk.coordinator().await, desk.second_line().await);
        let incident = person.logs_an_incident().await;
        let mut schema = Schema::of(&person).await;
        schema.ids.insert(String::new(), incident.id);
        schema.ids.insert("teamId".to_owned(), team.id);
        Self {
            desk,
            person,
            schema,
        }
    }

    /// The inputs of some types.
    fn inputs(&self, of: &[&str]) -> Vec<Input> {
        let inputs = self.schema.inputs().into_iter();
        inputs.filter(|input| of.contains(&&*input.of)).collect()
    }

    async fn ask(&self, input: &Input, value: Value) -> Answer {
        let (document, variables) = input.with(value);
        if input.root != "Subscription" {
            return self.person.ask(&document, variables).await;
        }
        let mut socket = Socket::of(&self.desk, &self.person).await;
        socket.subscribe(&document, variables).await;
        let message = socket.next().await.expect("an answer");
        let payload = message["payload"].clone();
        let errors = if payload.is_array() {
            payload
        } else {
            payload["errors"].clone()
        };
        Answer {
            status: 200,
            content_type: String::new(),
            body: json!({ "errors": errors }),
        }
    }

    async fn is_refused(&self, input: &Input, value: Value) -> Refusal {
        let answer = self.ask(input, value.clone()).await;
        assert!(
            answer.body["errors"][0].is_object(),
            "{} takes {value}: {}",
            input.place,
            answer.body
        );
        answer.refusal()
    }
}

fn places(inputs: &[Input]) -> Vec<&str> {
    inputs.iter().map(|input| &*input.place).collect()
}

#[tokio::test]
async fn nul_is_refused_in_every_text_and_id_and_the_field_is_named() {
    let asking = Asking::open().await;
    let inputs = asking.inputs(&["String", "ID"]);
    let places = places(&inputs);
    for known in [
        "Query.incidents(filter.externalReference.system)",
        "Query.node(id)",
        "Subscription.queueChanged(filter.requesters)",
        "Mutation.teamFound(input.clientMutationId)",
        "Incident.history(after)",
    ] {
        assert!(places.contains(&known), "{known} is not among {places:#?}");
    }
    let mut wrong = Vec::new();
    for input in &inputs {
        let refusal = asking.is_refused(input, json!("a\u{0}b")).await;
        if (&*refusal.code, refusal.field.as_deref())
            != ("TEXT_CONTROL_CHARACTER", Some(&*input.field))
        {
            wrong.push(format!("{}: {refusal:?}", input.place));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn times_outside_of_the_desks_calendar_are_refused_at_every_door() {
    let asking = Asking::open().await;
    let inputs = asking.inputs(&["DateTime"]);
    let places = places(&inputs);
    for known in [
        "Query.incidents(asOf.at)",
        "Query.workItems(filter.opened.from)",
        "Mutation.workItemUrge(input.effectiveAt)",
        "PriorityMatrix.inForce(at)",
    ] {
        assert!(places.contains(&known), "{known} is not among {places:#?}");
    }
    let mut wrong = Vec::new();
    for input in &inputs {
        for time in [
            "-9999-01-01T00:00:00Z",
            "1969-12-31T23:59:59Z",
            "99999-01-01T00:00:00Z",
            "+99999-01-01T00:00:00Z",
            "+262142-12-31T23:59:59Z",
            "yesterday",
        ] {
            let refusal = asking.is_refused(input, json!(time)).await;
            if (&*refusal.code, refusal.field.as_deref()) != ("INPUT_INVALID", Some(&*input.field))
            {
                wrong.push(format!("{} {time}: {refusal:?}", input.place));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn numbers_out_of_range_are_refused_with_the_field_at_every_door() {
    let asking = Asking::open().await;
    let inputs = asking.inputs(&["Int", "Long"]);
    let mut wrong = Vec::new();
    for input in &inputs {
        let beyond = match &*input.of {
            "Int" => vec![
                json!(2_147_483_648_i64),
                json!(-2_147_483_649_i64),
                json!(1e30),
            ],
            _ => vec![json!(9_223_372_036_854_775_808_u64), json!(-1e30)],
        };
        for number in beyond {
            let refusal = asking.is_refused(input, number.clone()).await;
            if (&*refusal.code, refusal.field.as_deref()) != ("INPUT_INVALID", Some(&*input.field))
            {
                wrong.push(format!("{} {number}: {refusal:?}", input.place));
            }
        }
        // Whether these are in range, the field decides; if they are not, it
        // is the field that says so.
        // A subscription that is taken says nothing.
        let of_requests = input.root != "Subscription";
        let may_be_in_range = [json!(300), json!(-1), json!(2_147_483_647)];
        for number in may_be_in_range.into_iter().filter(|_| of_requests) {
            let answer = asking.ask(input, number.clone()).await;
            let code = answer.body["errors"][0]["extensions"]["code"].as_str();
            if matches!(code, Some("GRAPHQL_VALIDATION_FAILED" | "INTERNAL")) {
                wrong.push(format!("{} {number}: {}", input.place, answer.body));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn a_number_that_a_field_cannot_hold_is_refused_with_its_name() {
    let desk = TestDesk::open().await;
    let coordinator = desk.coordinator().await;
    let incident = coordinator.logs_an_incident().await;
    for level in [300, -1] {
        let escalation = json!({ "id": incident.id, "level": level, "reason": "x" });
        let refusal = coordinator
            .is_refused("workItemEscalateHierarchically", escalation)
            .await;
        assert_eq!(
            (&*refusal.code, refusal.field.as_deref()),
            ("INPUT_INVALID", Some("level"))
        );
    }
    let effort = json!({ "id": incident.id, "minutes": -1 });
    let refusal = coordinator.is_refused("workItemLogEffort", effort).await;
    assert_eq!(
        (&*refusal.code, refusal.field.as_deref()),
        ("INPUT_INVALID", Some("minutes"))
    );
    let administrator = desk.person("admin", Role::Administrator).await;
    let level = json!({ "priority": "P1", "nameZh": "x", "nameEn": "x", "reviewRequired": false, "confirmWithinHours": 1, "reopenWithinHours": -1 });
    let draft = json!({ "rows": [["P1", "P1", "P1"], ["P1", "P1", "P1"], ["P1", "P1", "P1"]], "levels": [level] });
    let refusal = administrator
        .is_refused("priorityMatrixSaveDraft", draft)
        .await;
    assert_eq!(
        (&*refusal.code, refusal.field.as_deref()),
        ("INPUT_INVALID", Some("levels.reopenWithinHours"))
    );
}

/// What stands in the document itself, in a variable's default, in a fragment
/// and in lists is looked at as well.
#[tokio::test]
async fn it_does_not_matter_how_a_value_is_sent() {
    let desk = TestDesk::open().await;
    let coordinator = desk.coordinator().await;
    for (document, field) in [
        (
            "{ incidents(filter: { text: \"a\\u0000b\" }) { totalCount } }",
            "text",
        ),
        (
            "query($t: String = \"a\\u0000b\") { incidents(filter: { text: $t }) { totalCount } }",
            "text",
        ),
        (
            "{ ...F } fragment F on Query { incidents(filter: { requesters: [\"a\", \"a\\u0000b\"] }) { totalCount } }",
            "requesters",
        ),
        (
            "{ ... on Query { incidents(filter: { requesters: \"a\\u0000b\" }) { totalCount } } }",
            "requesters",
        ),
        ("{ incidents(first: 3000000000) { totalCount } }", "first"),
        (
            "{ incidents(asOf: { at: \"+10000-01-01T00:00:00Z\" }) { totalCount } }",
            "asOf.at",
        ),
    ] {
        let refusal = coordinator.ask(document, json!({})).await.refusal();
        assert_eq!(
            refusal.field.as_deref(),
            Some(field),
            "{document}: {refusal:?}"
        );
    }
}
