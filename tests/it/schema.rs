//! What the schema says of itself.

use domain::Role;
use serde_json::Value;
use tests::TestDesk;
use tests::schema::Schema;

/// What of the schema has no description.
fn undescribed(schema: &Value) -> Vec<String> {
    let mut missing = Vec::new();
    let mut look = |place: String, described: &Value| {
        if described["description"]
            .as_str()
            .unwrap_or_default()
            .trim()
            .is_empty()
        {
            missing.push(place);
        }
    };
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    for one in list(&schema["types"]) {
        let name = one["name"].as_str().unwrap().to_owned();
        // What introspection itself is made of is the specification's.
        if name.starts_with("__") {
            continue;
        }
        look(name.clone(), &one);
        for kind in ["fields", "inputFields", "enumValues"] {
            for part in list(&one[kind]) {
                let place = format!("{name}.{}", part["name"].as_str().unwrap());
                look(place.clone(), &part);
                for argument in list(&part["args"]) {
                    look(
                        format!("{place}({})", argument["name"].as_str().unwrap()),
                        &argument,
                    );
                }
            }
        }
    }
    missing
}

#[tokio::test]
async fn everything_in_the_schema_says_what_it_means() {
    let desk = TestDesk::open().await;
    let schema = Schema::of(&desk.coordinator().await).await;
    let missing = undescribed(&schema.answer);
    assert!(missing.is_empty(), "{missing:#?}");
}

#[tokio::test]
async fn every_query_has_an_as_of_or_says_why_it_has_none() {
    let desk = TestDesk::open().await;
    let schema = Schema::of(&desk.person("some.auditor", Role::Auditor).await).await;
    let types = schema.answer["types"].as_array().unwrap();
    let queries = types.iter().find(|one| one["name"] == "Query").unwrap();
    let (mut with, mut without) = (Vec::new(), Vec::new());
    for query in queries["fields"].as_array().unwrap() {
        let name = query["name"].as_str().unwrap();
        let arguments = query["args"].as_array().unwrap();
        let says_why = query["description"]
            .as_str()
            .unwrap()
            .replace('\n', " ")
            .contains("Has no `asOf`");
        if arguments.iter().any(|argument| argument["name"] == "asOf") {
            assert!(!says_why, "{name} has an asOf");
            with.push(name);
        } else {
            assert!(says_why, "{name} has no asOf, and does not say why");
            without.push(name);
        }
    }
    // Relay refetches an object by its id, and knows nothing else to give.
    for (relays, only) in [("node", "id"), ("nodes", "ids")] {
        let fields = queries["fields"].as_array().unwrap();
        let field = fields.iter().find(|field| field["name"] == relays).unwrap();
        let arguments = field["args"].as_array().unwrap();
        let names: Vec<_> = arguments.iter().map(|one| &one["name"]).collect();
        assert_eq!(names, [only]);
    }
    with.sort_unstable();
    without.sort_unstable();
    // A reason that would do for anything is none: whoever adds a query here
    // thinks about it.
    assert_eq!(
        without,
        [
            "consistencyProof",
            "diff",
            "inclusionProof",
            "logCheckpoint",
            "logCheckpoints",
            "logKeys",
            "node",
            "nodes",
            "projections",
            "viewer",
            "witnessedCheckpoints",
        ]
    );
    assert!(
        with.contains(&"timeline") && with.contains(&"nodeAsOf"),
        "{with:?}"
    );
}
