//! Rules and rights.

use serde_json::{Value, json};

use super::of;
use crate::exceptions::exception::Kind;

fn tree(name: &str) -> Value {
    json!({"categories": [
        {"code": "network", "name_zh": "网络", "name_en": name},
        {"code": "mail", "name_zh": "邮件", "name_en": "Mail"},
    ]})
}

fn draft(by: &str, name: &str) -> Value {
    json!({"type": "DraftSaved", "drafted_by": by, "content": tree(name)})
}

fn published(version: u32, name: &str) -> Value {
    json!({
        "type": "Published", "version": version, "effective_from": "2026-03-02T08:00:00Z",
        "content": tree(name),
    })
}

#[test]
fn a_new_version_is_told_with_what_differs_from_the_one_before() {
    let reviewed = json!({"type": "ReviewPassed", "reviewed_by": "b"});
    let found = of("category_tree")
        .then("a", &draft("a", "Network"))
        .then("b", &reviewed)
        .then("b", &published(1, "Network"))
        .then("a", &draft("a", "Networks"))
        .then("b", &reviewed)
        .then("b", &published(2, "Networks"))
        .exceptions();
    let told: Vec<_> = found.iter().map(|one| (one.kind, one.position)).collect();
    assert_eq!(
        told,
        [(Kind::Configuration, 103), (Kind::Configuration, 106)]
    );
    assert!(found[0].differences.is_empty());
    assert_eq!(
        found[1].differences[0].to_string(),
        "categories.network.name_en: Network -> Networks"
    );
}

#[test]
fn a8_a_version_that_was_withdrawn_is_told_and_compared_with_no_more() {
    let reviewed = json!({"type": "ReviewPassed", "reviewed_by": "b"});
    let withdrawn = json!({"type": "VersionWithdrawn", "version": 2, "reason": "A slip"});
    let mut stream = of("category_tree");
    for (version, name) in [(1, "Network"), (2, "Nets")] {
        stream = stream
            .then("a", &draft("a", name))
            .then("b", &reviewed)
            .then("b", &published(version, name));
    }
    let stream = stream
        .then("b", &withdrawn)
        .then("a", &draft("a", "Networks"))
        .then("b", &reviewed)
        .then("b", &published(3, "Networks"));
    let found = stream.exceptions();
    assert_eq!(found.len(), 4);
    assert_eq!(
        found[2].description,
        "Version 2 was withdrawn before it held."
    );
    assert_eq!(found[2].reason.as_deref(), Some("A slip"));
    assert_eq!(
        found[3].differences[0].to_string(),
        "categories.network.name_en: Network -> Networks"
    );
}

#[test]
fn sec_07_a_configuration_that_one_person_made_alone_is_a_self_approval() {
    let reviewed = |by: &str| json!({"type": "ReviewPassed", "reviewed_by": by});
    let alone = of("category_tree")
        .then("a", &draft("a", "Network"))
        .then("a", &reviewed("a"))
        .then("a", &published(1, "Network"));
    let kinds: Vec<Kind> = alone.told().into_iter().map(|one| one.0).collect();
    assert_eq!(
        kinds,
        [Kind::SelfApproval, Kind::SelfApproval, Kind::Configuration]
    );
    let seen = of("category_tree")
        .then("a", &draft("a", "Network"))
        .then("b", &reviewed("b"))
        .then("a", &published(1, "Network"));
    assert_eq!(seen.told().len(), 1);
}

#[test]
fn sec_03_who_may_do_what_is_privileged() {
    let issued = json!({
        "type": "TokenIssued", "name": "li.wei", "role": "Agent", "secret_sha256": "ab",
    });
    let told = of("api_token")
        .then("admin", &issued)
        .then("admin", &json!({"type": "TokenRevoked"}))
        .told();
    assert_eq!(told.len(), 2);
    assert!(told.iter().all(|one| one.0 == Kind::Privileged));
    assert!(told[0].2.contains("li.wei acts as Agent"), "{told:?}");
    let added = json!({"type": "MemberAdded", "person": "li.wei", "name": "李伟"});
    let founded = json!({
        "type": "TeamFounded", "code": "n", "name": "Network", "line": "Second",
        "department": "IT",
    });
    let found = of("team").then("admin", &founded).then("admin", &added);
    assert_eq!(found.exceptions()[1].object.name, "Network");
}
