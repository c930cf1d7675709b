//! Whatever comes in, a clear error with a code goes out, nothing is stored,
//! and the service goes on.

use serde_json::{Value, json};
use tests::{Answer, Person, TestDesk, journey};

async fn raw(desk: &TestDesk, person: &Person, body: impl Into<reqwest::Body>) -> Answer {
    let request = desk
        .http()
        .post(desk.url("/graphql"))
        .bearer_auth(&person.token)
        .header("Content-Type", "application/json")
        .body(body);
    Answer::read(request.send().await.unwrap()).await
}

/// Runs something that must store nothing and leave the desk as it was.
struct Guarded {
    desk: TestDesk,
    person: Person,
    head: i64,
}

impl Guarded {
    async fn open() -> Self {
        let desk = TestDesk::open().await;
        let person = desk.coordinator().await;
        let head = desk.serving().desk().log().head().await.unwrap().position;
        Self { desk, person, head }
    }

    async fn head_now(&self) -> i64 {
        let desk = self.desk.serving().desk();
        desk.log().head().await.unwrap().position
    }

    async fn stays_unharmed(self) {
        assert_eq!(
            self.desk
                .serving()
                .desk()
                .log()
                .head()
                .await
                .unwrap()
                .position,
            self.head,
            "nothing was stored"
        );
        self.person.logs_an_incident().await;
    }

    async fn registration(&self, wrong: Value) -> Answer {
        self.person
            .mutate("incidentRegister", journey::with(journey::intake(), &wrong))
            .await
    }
}

#[tokio::test]
async fn malformed_json_invalid_utf_8_and_bodies_of_ten_mebibytes() {
    let desk = Guarded::open().await;
    for body in [
        &b"{"[..],
        b"",
        b"[]",
        b"null",
        b"{\"query\": 1}",
        b"\xff\xfe{}",
        b"{\"query\": \"\xc3\x28\"}",
        b"{\"query\":\"{__typename}\",\"variables\":[]}",
    ] {
        let answer = raw(&desk.desk, &desk.person, body.to_vec()).await;
        assert_eq!(answer.status, 400, "{}", String::from_utf8_lossy(body));
        assert_eq!(answer.code(), "BAD_REQUEST");
    }
    let answer = raw(&desk.desk, &desk.person, vec![b' '; 10 * 1024 * 1024]).await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (413, "REQUEST_TOO_LARGE")
    );
    desk.stays_unharmed().await;
}

#[tokio::test]
async fn deep_queries_and_aliases_by_the_thousand() {
    let desk = Guarded::open().await;
    let deep = format!("{}{}", "{ a".repeat(200), "}".repeat(200));
    let answer = desk.person.ask(&deep, json!({})).await;
    assert!(answer.clone().code().starts_with("GRAPHQL_"), "{answer:?}");
    let nested = format!(
        "{{ __schema {} }}",
        "{ types { fields { type ".repeat(30) + "{ name }" + &"} } }".repeat(30)
    );
    assert!(
        desk.person
            .ask(&nested, json!({}))
            .await
            .code()
            .starts_with("GRAPHQL_")
    );
    let aliases: Vec<String> = (0..1000)
        .map(|n| format!("a{n}: logHead {{ position }}"))
        .collect();
    let aliases = aliases.join(" ");
    assert_eq!(
        desk.person
            .ask(&format!("{{ {aliases} }}"), json!({}))
            .await
            .code(),
        "GRAPHQL_VALIDATION_FAILED"
    );
    let heavy = "incidents(first: 100) { nodes { history(first: 100) { nodes { changes { field before after } } } } }";
    let heavy: Vec<String> = (0..20).map(|n| format!("a{n}: {heavy}")).collect();
    let heavy = heavy.join(" ");
    assert_eq!(
        desk.person
            .ask(&format!("{{ {heavy} }}"), json!({}))
            .await
            .code(),
        "GRAPHQL_VALIDATION_FAILED"
    );
    desk.stays_unharmed().await;
}

#[tokio::test]
async fn unknown_fields_wrong_enums_and_missing_arguments() {
    let desk = Guarded::open().await;
    for query in [
        "{ nonsense }",
        "{ incident { id } }",
        "{ workItemCounts(by: COLOUR) { count } }",
        "mutation { workItemUrge { position } }",
        "query {",
        "{ teams { id { x } } }",
    ] {
        let code = desk.person.ask(query, json!({})).await.code();
        assert!(
            code.starts_with("GRAPHQL_") || code == "INPUT_INVALID",
            "{query}: {code}"
        );
    }
    for wrong in [
        json!({ "impact": "HUGE" }),
        json!({ "colour": "red" }),
        json!({ "summary": 5 }),
        json!({ "summary": null }),
    ] {
        let answer = desk.registration(wrong.clone()).await;
        assert!(
            answer.clone().code().starts_with("GRAPHQL_"),
            "{wrong}: {answer:?}"
        );
    }
    desk.stays_unharmed().await;
}

#[tokio::test]
async fn texts_that_are_too_long_empty_or_hold_nul() {
    let desk = Guarded::open().await;
    let cases = [
        (
            json!({ "summary": "长".repeat(251) }),
            "TEXT_TOO_LONG",
            "summary",
        ),
        (
            json!({ "summary": "x".repeat(900 * 1024) }),
            "TEXT_TOO_LONG",
            "summary",
        ),
        (json!({ "summary": "  " }), "TEXT_EMPTY", "summary"),
        (
            json!({ "summary": "a\u{0}b" }),
            "TEXT_CONTROL_CHARACTER",
            "summary",
        ),
        (
            json!({ "description": "a\u{0}b" }),
            "TEXT_CONTROL_CHARACTER",
            "description",
        ),
        (
            json!({ "requester": "a\nb" }),
            "TEXT_CONTROL_CHARACTER",
            "requester",
        ),
        (
            json!({ "category": "no-such" }),
            "WORK_ITEM_CATEGORY_UNKNOWN",
            "category",
        ),
    ];
    for (wrong, code, field) in cases {
        let refusal = desk.registration(wrong).await.refusal();
        assert_eq!(
            (refusal.code.as_str(), refusal.field.as_deref()),
            (code, Some(field)),
            "{}",
            refusal.message
        );
    }
    let answer = desk
        .registration(json!({ "summary": "x".repeat(1024 * 1024) }))
        .await;
    assert_eq!(answer.code(), "REQUEST_TOO_LARGE");
    desk.stays_unharmed().await;
}

#[tokio::test]
async fn every_script_is_kept_as_it_was_written() {
    let desk = TestDesk::open().await;
    let coordinator = desk.coordinator().await;
    for text in [
        "打印机 🖨️ 坏了 👨‍👩‍👧",
        "الطابعة معطلة",
        "プリンタ故障 ｶﾅ",
        "e\u{301}té — ﬁn",
        "𠮷野家 𝔘𝔫𝔦",
        "'; drop table events; --",
        "{{7*7}} <script>alert(1)</script>",
    ] {
        let incident = coordinator
            .logs(json!({ "summary": text, "description": text, "requester": text }))
            .await;
        // A name is kept as it is compared.
        let folded = domain::ids::PersonId::new(text).unwrap();
        let seen = coordinator
            .sees(&incident, "summary description requester")
            .await;
        assert_eq!(
            seen,
            json!({ "summary": text, "description": text, "requester": folded.as_str() })
        );
        let found = coordinator
            .data(
                "query($t: String!) { workItems(filter: { text: $t }) { totalCount } }",
                json!({ "t": text }),
            )
            .await;
        assert_eq!(found["workItems"]["totalCount"], 1, "{text}");
    }
}

#[tokio::test]
async fn ids_of_another_type_tampered_cursors_and_times_out_of_this_world() {
    let desk = Guarded::open().await;
    let incident = desk.person.logs_an_incident().await;
    let head = desk
        .desk
        .serving()
        .desk()
        .log()
        .head()
        .await
        .unwrap()
        .position;
    let desk = Guarded { head, ..desk };
    let matrix = desk
        .person
        .data("{ priorityMatrix { id } }", json!({}))
        .await["priorityMatrix"]["id"]
        .clone();
    for id in [
        matrix,
        json!("nonsense"),
        json!(""),
        json!("SW5jaWRlbnQ6"),
        json!("😀"),
    ] {
        let refusal = desk
            .person
            .is_refused("workItemUrge", json!({ "id": id }))
            .await;
        assert_eq!(
            (refusal.code.as_str(), refusal.field.as_deref()),
            ("ID_INVALID", Some("id")),
            "{id}"
        );
    }
    let list =
        "query($after: String) { workItems(first: 1, after: $after) { pageInfo { endCursor } } }";
    let cursor = desk.person.data(list, json!({})).await["workItems"]["pageInfo"]["endCursor"]
        .as_str()
        .unwrap()
        .to_owned();
    let mut tampered = cursor.clone().into_bytes();
    tampered[5] = if tampered[5] == b'A' { b'B' } else { b'A' };
    for wrong in [
        String::from_utf8(tampered).unwrap(),
        "x".to_owned(),
        String::new(),
        format!("{cursor}="),
    ] {
        assert_eq!(
            desk.person
                .ask(list, json!({ "after": wrong }))
                .await
                .code(),
            "CURSOR_INVALID",
            "{wrong}"
        );
    }
    let other_order = "query($after: String) { workItems(first: 1, after: $after, orderBy: { field: NUMBER, direction: ASC }) { totalCount } }";
    assert_eq!(
        desk.person
            .ask(other_order, json!({ "after": cursor }))
            .await
            .code(),
        "CURSOR_INVALID"
    );
    for (time, code) in [
        ("9999-12-31T23:59:59Z", "EFFECTIVE_AT_INVALID"),
        ("1969-12-31T23:59:59Z", "INPUT_INVALID"),
        ("99999-01-01T00:00:00Z", "INPUT_INVALID"),
        ("yesterday", "INPUT_INVALID"),
        ("", "INPUT_INVALID"),
    ] {
        let refusal = desk
            .person
            .is_refused(
                "workItemUrge",
                json!({ "id": incident.id, "effectiveAt": time }),
            )
            .await;
        assert_eq!(
            (refusal.code.as_str(), refusal.field.as_deref()),
            (code, Some("effectiveAt")),
            "{time}"
        );
    }
    let before = json!({ "id": incident.id, "effectiveAt": "2001-01-01T00:00:00Z" });
    assert_eq!(
        desk.person.is_refused("workItemUrge", before).await.code,
        "WORK_ITEM_EFFECTIVE_BEFORE_OPENING"
    );
    desk.stays_unharmed().await;
}

#[tokio::test]
async fn errors_never_show_the_inside_of_the_service() {
    let desk = TestDesk::open().await;
    let coordinator = desk.coordinator().await;
    let incident = coordinator.logs_an_incident().await;
    desk.database()
        .execute("alter table work_queue rename to gone")
        .await;
    let answer = coordinator
        .ask("{ workItems { totalCount } }", json!({}))
        .await;
    let refusal = answer.clone().refusal();
    assert_eq!(refusal.code, "INTERNAL");
    assert!(refusal.extensions["correlationId"].is_string());
    let text = answer.body.to_string();
    assert!(
        !text.contains("work_queue") && !text.contains("sql") && !text.contains("does not exist"),
        "{text}"
    );
    desk.database()
        .execute("alter table gone rename to work_queue")
        .await;
    assert_eq!(
        coordinator.sees(&incident, "number").await["number"],
        json!(incident.number)
    );
}

/// The largest whole number that JSON holds exactly is 9007199254740991.
#[tokio::test]
async fn a_number_that_the_log_would_seal_as_another_is_refused_with_its_field() {
    let guarded = Guarded::open().await;
    let incident = guarded.person.logs_an_incident().await;
    let before = guarded.head_now().await;
    let attachment = |size: u64, more: Value| {
        let file = json!({
            "id": incident.id, "name": "a.bin", "mediaType": "application/octet-stream",
            "sizeBytes": size, "sha256": "a".repeat(64),
        });
        journey::with(file, &more)
    };
    let command = json!({ "commandId": uuid::Uuid::now_v7() });
    for size in [9_007_199_254_740_992, 9_007_199_254_740_993, (1 << 63) - 1] {
        for more in [&json!({}), &command] {
            let input = attachment(size, more.clone());
            let refused = guarded.person.is_refused("workItemAttach", input).await;
            let found = (&*refused.code, refused.field.as_deref());
            assert_eq!(found, ("INPUT_INVALID", Some("sizeBytes")), "{size}");
        }
    }
    for more in [&json!({}), &command] {
        let version = json!({ "expectedVersion": 9_007_199_254_740_993_u64 });
        let input = attachment(1, journey::with(more.clone(), &version));
        let refused = guarded.person.is_refused("workItemAttach", input).await;
        let found = (&*refused.code, refused.field.as_deref());
        assert_eq!(found, ("INPUT_INVALID", Some("expectedVersion")));
    }
    assert_eq!(guarded.head_now().await, before, "nothing was stored");
    let (desk, person) = (guarded.desk.serving().desk(), &guarded.person);

    // The largest that is exact is kept as it is, and is one command only.
    let largest = attachment(9_007_199_254_740_991, command.clone());
    let first = person.does("workItemAttach", largest.clone()).await;
    let again = person.does("workItemAttach", largest).await;
    assert_eq!(first["position"], again["position"]);
    let other = attachment(9_007_199_254_740_990, command);
    let refused = person.is_refused("workItemAttach", other).await;
    assert_eq!(refused.code, "COMMAND_ID_REUSED");
    let position = first["position"].as_i64().unwrap();
    let sealed = desk
        .log()
        .read(position - 1, 1, &event_store::Filter::default())
        .await
        .unwrap();
    let payload = &sealed[0].payload;
    assert!(
        payload.contains(r#""size_bytes":9007199254740991"#),
        "{payload}"
    );
}
