//! Running the desk: health, metrics, the command line.

use std::os::unix::fs::PermissionsExt;

use domain::Role;
use event_store::LocalPostgres;
use serde_json::{Value, json};
use tests::program::{complained, last_json, printed, run};
use tests::{Answer, TestDesk};

#[tokio::test]
async fn health_says_what_is_not_ready() {
    let desk = TestDesk::open().await;
    let get = async |path: &str| {
        Answer::read(desk.http().get(desk.url(path)).send().await.unwrap()).await
    };
    assert_eq!(get("/health/live").await.status, 200);
    let ready = get("/health/ready").await;
    assert_eq!(
        (ready.status, &ready.body["status"]),
        (200, &json!("ready"))
    );
    assert_eq!(ready.body["projections"].as_array().unwrap().len(), 5);
}

#[tokio::test]
async fn metrics_count_commands_batches_lag_and_requests() {
    let desk = TestDesk::open().await;
    let coordinator = desk.coordinator().await;
    let incident = coordinator.logs_an_incident().await;
    coordinator
        .cannot("workItemAccept", &incident, json!({}))
        .await;
    let text = desk
        .http()
        .get(desk.url("/metrics"))
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    for metric in [
        "docket_commands_total{aggregate=\"incident\",outcome=\"accepted\"} 1",
        "docket_commands_total{aggregate=\"incident\",outcome=\"refused\"} 1",
        "docket_append_batch_commits",
        "docket_append_seconds",
        "docket_projection_lag_positions{projection=\"work_queue\"}",
        "docket_projection_lag_seconds",
        "docket_http_requests_total",
    ] {
        assert!(text.contains(metric), "{metric} is missing in:\n{text}");
    }
}

#[tokio::test]
async fn a_token_made_on_the_command_line_works_at_once() {
    let desk = TestDesk::open().await;
    let url = desk.database().url();
    let made = run(
        "docket",
        &[
            "token",
            "create",
            "--name",
            "wang.fang",
            "--role",
            "auditor",
            "--database-url",
            &url,
        ],
    );
    assert!(made.status.success(), "{}", complained(&made));
    let token = printed(&made).trim().to_owned();
    assert_eq!(printed(&made).lines().count(), 1, "the token stands alone");
    let auditor = desk.person("x", Role::Agent).await.with_token(&token);
    let viewer = auditor.data("{ viewer { name role } }", json!({})).await;
    assert_eq!(
        viewer["viewer"],
        json!({ "name": "wang.fang", "role": "AUDITOR" })
    );
    let revoked = run(
        "docket",
        &["token", "revoke", "--token", &token, "--database-url", &url],
    );
    assert!(revoked.status.success(), "{}", complained(&revoked));
    let wrong = run(
        "docket",
        &[
            "token",
            "create",
            "--name",
            "x",
            "--role",
            "emperor",
            "--database-url",
            &url,
        ],
    );
    assert!(!wrong.status.success());
    assert!(complained(&wrong).contains("requester, agent, coordinator, auditor, administrator"));
}

#[test]
fn the_schema_is_the_committed_one_and_every_field_is_described() {
    let printed = printed(&run("docket", &["schema"]));
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../api/schema.graphql");
    assert_eq!(
        printed,
        std::fs::read_to_string(path).unwrap(),
        "run make schema"
    );
    let mut described = false;
    let mut in_type = false;
    let mut quoting = false;
    for line in printed.lines() {
        let text = line.trim();
        let quotes = text.matches("\"\"\"").count();
        if quotes > 0 || quoting {
            quoting ^= quotes == 1;
            described = true;
            continue;
        }
        let opens = ["type ", "input ", "interface ", "enum "]
            .iter()
            .any(|word| line.starts_with(word));
        let is_field = in_type
            && line.starts_with('\t')
            && !line.starts_with("\t\t")
            && !text.starts_with([')', '}', '#']);
        let relay = text.starts_with("edges:")
            || text.starts_with("nodes:")
            || text.starts_with("pageInfo:");
        assert!(!is_field || described || relay, "not described: {line}");
        in_type = opens || (in_type && line != "}");
        described = false;
    }
}

#[tokio::test]
async fn the_auditors_programs_agree_with_the_desk() {
    let desk = TestDesk::open().await;
    let (coordinator, team) = (desk.coordinator().await, desk.second_line().await);
    let incident = coordinator.has_a_closed_incident(&team).await;
    coordinator
        .sees(
            &incident,
            "number links { otherNumber } description history { nodes { position } }",
        )
        .await;
    let url = desk.database().url();
    let verified = run(
        "docket-replay",
        &["verify", "--json", "--database-url", &url],
    );
    assert!(verified.status.success(), "{}", complained(&verified));
    let verdict = last_json(&verified);
    assert_eq!(
        (&verdict["ok"], &verdict["firstBadPosition"]),
        (&json!(true), &Value::Null)
    );
    let checked = run(
        "docket-replay",
        &[
            "rebuild",
            "--check",
            "all",
            "--json",
            "--database-url",
            &url,
        ],
    );
    assert!(checked.status.success(), "{}", complained(&checked));
    let lines: Vec<Value> = printed(&checked)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 5);
    assert!(
        lines.iter().all(|line| line["differences"] == 0),
        "{lines:?}"
    );
}

/// libpq names the directory of the server's socket behind the path.
#[tokio::test]
async fn every_program_takes_the_urls_of_postgresqls_own_programs() {
    let directory = tempfile::TempDir::new().unwrap();
    // What root serves has a PostgreSQL of another account.
    let everybody = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(directory.path(), everybody).unwrap();
    let server = LocalPostgres::start(&directory.path().join("desk"))
        .await
        .unwrap();
    let options = server.options();
    let socket = options.get_socket().unwrap().display().to_string();
    let (user, port) = (options.get_username(), options.get_port());
    let database = options.get_database().unwrap();
    let encoded = socket.replace('/', "%2F");
    for url in [
        format!("postgresql://{user}@/{database}?host={socket}&port={port}"),
        format!("postgresql://{user}@:{port}/{database}?host={encoded}"),
        format!("postgresql://{user}@{encoded}:{port}/{database}"),
        format!("postgresql://?host={socket}&port={port}&user={user}&dbname={database}"),
    ] {
        let migrated = run("docket", &["migrate", "--database-url", &url]);
        assert!(
            migrated.status.success(),
            "{url}: {}",
            complained(&migrated)
        );
        let asked = run("docket-replay", &["status", "--database-url", &url]);
        assert!(asked.status.success(), "{url}: {}", complained(&asked));
    }
    server.release().await;
}
