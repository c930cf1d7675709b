//! The service as it is run: the program itself, what it says of its own state,
//! what it writes while it works, and how it stops.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use event_store::{DatabaseSource, LocalPostgres};
use serde_json::{Value, json};
use sqlx::ConnectOptions;
use tempfile::TempDir;
use tests::Person;
use tests::postgres::TestDatabase;
use tests::program::{complained, run};
use tests::served::{Served, eventually, free_port, token};

/// How long a service may take to be ready.
const PATIENCE: Duration = Duration::from_secs(60);

/// A directory for what a service writes, which the account of a private
/// PostgreSQL can pass through as well.
fn place() -> TempDir {
    let place = TempDir::new().unwrap();
    fs::set_permissions(place.path(), Permissions::from_mode(0o755)).unwrap();
    place
}

/// A service that is running, with its keys and its log lines in a directory.
struct Running {
    served: Served,
    database: DatabaseSource,
    log: PathBuf,
}

impl Running {
    /// Starts the program, and waits for nothing.
    fn begin(place: &Path, database: &DatabaseSource, arguments: &[&str]) -> Self {
        let log = place.join("docket.log");
        let served = Served::begin(database, free_port().unwrap(), &log, arguments).unwrap();
        Self {
            served,
            database: database.clone(),
            log,
        }
    }

    /// Starts the program, and waits until it is ready.
    async fn start(place: &Path, database: &DatabaseSource, arguments: &[&str]) -> Self {
        let mut running = Self::begin(place, database, arguments);
        if let Err(error) = running.served.until_ready(PATIENCE).await {
            panic!("{error:#}\n{}", running.said());
        }
        running
    }

    fn said(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.served.address())
    }

    async fn person(&self, name: &str, role: &str) -> Person {
        let secret = token(name, role, &self.database).await.unwrap();
        Person::new(name, &secret, self.served.address())
    }

    /// The status and the body of what it says of its readiness.
    async fn readiness(&self) -> (u16, Value) {
        match reqwest::get(self.url("/health/ready")).await {
            Ok(answer) => (
                answer.status().as_u16(),
                answer.json().await.unwrap_or_default(),
            ),
            Err(_) => (0, Value::Null),
        }
    }

    /// Waits until its readiness is as it is to become.
    async fn until(&self, is_so: impl Fn(u16, &Value) -> bool) -> Value {
        let seen = eventually(PATIENCE, async || {
            let (status, body) = self.readiness().await;
            is_so(status, &body).then_some(body)
        });
        match seen.await {
            Some(body) => body,
            None => panic!("{:?}\n{}", self.readiness().await, self.said()),
        }
    }
}

/// Whether an answer of readiness names something as not ready.
fn names(body: &Value, what: &str) -> bool {
    let not_ready = body["notReady"].as_array();
    not_ready.is_some_and(|list| list.iter().any(|one| one["name"] == what))
}

#[tokio::test]
async fn readiness_names_a_projection_that_has_failed() {
    let (place, database) = (place(), TestDatabase::create().await);
    let source = DatabaseSource::Url(database.url());
    let desk = Running::start(place.path(), &source, &[]).await;
    let coordinator = desk.person("coordinator", "coordinator").await;
    database
        .execute("alter table work_queue add constraint broken check (false) not valid")
        .await;
    coordinator
        .mutate("incidentRegister", tests::journey::intake())
        .await;
    let body = desk.until(|status, _| status == 503).await;
    assert_eq!(body["status"], "not ready");
    assert_eq!(body["notReady"].as_array().unwrap().len(), 1, "{body}");
    assert_eq!(body["notReady"][0]["name"], "work_queue");
    let reason = body["notReady"][0]["reason"].as_str().unwrap();
    assert!(reason.contains("broken"), "{reason}");
    // The process lives meanwhile, and what was put right goes on by itself.
    let live = reqwest::get(desk.url("/health/live")).await.unwrap();
    assert_eq!(live.status(), 200);
    database
        .execute("alter table work_queue drop constraint broken")
        .await;
    desk.until(|status, _| status == 200).await;
    desk.served.stop().await.unwrap();
}

#[tokio::test]
async fn readiness_names_the_log_that_cannot_be_reached() {
    let place = place();
    let directory = place.path().join("server");
    let server = LocalPostgres::start(&directory).await.unwrap();
    let source = DatabaseSource::Url(server.options().to_url_lossy().to_string());
    let desk = Running::start(place.path(), &source, &[]).await;
    server.release().await;
    let began = std::time::Instant::now();
    let (status, body) = desk.readiness().await;
    assert!(
        began.elapsed() < Duration::from_secs(8),
        "whoever asks waits"
    );
    assert_eq!(status, 503, "{body}");
    assert!(names(&body, "log"), "{body}");
    let server = LocalPostgres::start(&directory).await.unwrap();
    desk.until(|status, _| status == 200).await;
    desk.served.stop().await.unwrap();
    server.release().await;
}

#[tokio::test]
async fn readiness_names_the_seals_that_contradict_the_log() {
    let (place, database) = (place(), TestDatabase::create().await);
    let source = DatabaseSource::Url(database.url());
    let desk = Running::start(place.path(), &source, &[]).await;
    desk.until(|_, body| body["seals"]["size"].as_u64() >= Some(5))
        .await;
    desk.served.stop().await.unwrap();
    database
        .execute(
            "alter table events disable trigger all;
             update events set metadata = replace(metadata::text, 'docket:setup', 'docket:sutep')::json
             where position = 5",
        )
        .await;
    let desk = Running::begin(place.path(), &source, &[]);
    let body = desk.until(|status, _| status == 503).await;
    assert!(names(&body, "seals"), "{body}");
    desk.served.stop().await.unwrap();
}

#[tokio::test]
async fn logs_as_json_are_one_object_a_line_and_hold_no_personal_data() {
    const PRIVATE: [&str; 4] = ["张伟的工资单", "13800138000", "zhang.wei", "li.na"];
    let (place, database) = (place(), TestDatabase::create().await);
    let source = DatabaseSource::Url(database.url());
    let levels = "info,api=debug,event_store=debug,projections=debug,tower_http=debug,sqlx=debug";
    let arguments = ["--log-format", "json", "--log", levels];
    let desk = Running::start(place.path(), &source, &arguments).await;
    let person = desk.person("zhang.wei", "coordinator").await;
    let incident = person
        .logs(json!({ "summary": "张伟的工资单 13800138000", "requester": "li.na" }))
        .await;
    person
        .takes(
            "workItemComment",
            &incident,
            json!({ "visibility": "PUBLIC", "text": "请打 13800138000 找 li.na" }),
        )
        .await;
    // What is refused, what is not understood, and what stands in an address.
    person.cannot("workItemAccept", &incident, json!({})).await;
    person.ask("{ 张伟的工资单 }", json!({})).await;
    let asked = reqwest::Client::new()
        .get(desk.url("/graphql"))
        .query(&[("query", "{ workItem(id: \"li.na 13800138000\") { id } }")])
        .bearer_auth(&person.token);
    asked.send().await.unwrap();
    let strange = person.with_token("docket_li.na");
    strange.ask("{ viewer { name } }", json!({})).await;
    let log = desk.log.clone();
    desk.served.stop().await.unwrap();

    let said = fs::read_to_string(log).unwrap();
    let mut messages = 0;
    for line in said.lines() {
        let object: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"));
        for field in ["timestamp", "level", "target"] {
            assert!(object[field].is_string(), "{field} in {line}");
        }
        let ours = object["target"].as_str().unwrap().starts_with("api");
        if ours {
            assert!(object["message"].is_string(), "a message in {line}");
            messages += 1;
        }
        for private in PRIVATE {
            assert!(!line.contains(private), "{private} in {line}");
        }
    }
    assert!(messages >= 2, "{said}");
    assert!(said.contains("\"message\":\"the desk is open\""), "{said}");
    assert!(said.contains("\"path\":\"/graphql\""), "{said}");
    assert!(!said.contains(&person.token), "the token stands in the log");
}

#[test]
fn a_start_that_fails_is_one_json_object_too() {
    let place = place();
    let file = place.path().join("file");
    fs::write(&file, "").unwrap();
    let directory = file.join("desk").display().to_string();
    let failed = run(
        "docket",
        &["serve", "--log-format", "json", "--data-dir", &directory],
    );
    assert_eq!(failed.status.code(), Some(1));
    let said = complained(&failed);
    let object: Value = serde_json::from_str(&said).unwrap_or_else(|_| panic!("{said}"));
    assert_eq!(object["level"], "ERROR");
    assert!(
        object["reason"].as_str().unwrap().contains("desk"),
        "{said}"
    );
}

/// Registers incidents one after the other until the desk no longer answers,
/// and returns the numbers that were acknowledged.
async fn registers_until_the_end(person: Person) -> Vec<String> {
    let query = tests::journey::document("incidentRegister");
    let http = reqwest::Client::new();
    let mut numbers = Vec::new();
    loop {
        let sent = http
            .post(format!("http://{}/graphql", person.address()))
            .bearer_auth(&person.token)
            .json(&json!({ "query": query, "variables": { "input": tests::journey::intake() } }))
            .send()
            .await;
        let Ok(answer) = sent else { return numbers };
        let body: Value = answer
            .json()
            .await
            .expect("what is begun is answered whole");
        let number = &body["data"]["incidentRegister"]["incident"]["number"];
        let number = number.as_str().unwrap_or_else(|| panic!("{body}"));
        numbers.push(number.to_owned());
    }
}

#[tokio::test]
async fn a_stop_under_load_loses_nothing_that_was_acknowledged() {
    let place = place();
    let source = DatabaseSource::DataDir(place.path().join("desk"));
    let desk = Running::start(place.path(), &source, &[]).await;
    let coordinator = desk.person("coordinator", "coordinator").await;
    let clients: Vec<_> = (0..8)
        .map(|_| tokio::spawn(registers_until_the_end(coordinator.clone())))
        .collect();
    let metrics = desk.url("/metrics");
    let under_way = eventually(PATIENCE, async || {
        let text = reqwest::get(&metrics).await.ok()?.text().await.ok()?;
        let accepted = "docket_commands_total{aggregate=\"incident\",outcome=\"accepted\"} ";
        let (_, rest) = text.split_once(accepted)?;
        let count: u64 = rest.lines().next()?.parse().ok()?;
        (count >= 40).then_some(())
    });
    assert!(under_way.await.is_some(), "{}", desk.said());
    let log = desk.log.clone();
    desk.served.stop().await.expect("it stops well");

    let mut acknowledged = Vec::new();
    for client in clients {
        acknowledged.extend(client.await.unwrap());
    }
    assert!(acknowledged.len() >= 40);
    let said = fs::read_to_string(&log).unwrap();
    assert!(!said.contains("ERROR"), "{said}");
    assert!(
        !place.path().join("desk/postgres/postmaster.pid").exists(),
        "the private PostgreSQL is stopped with it"
    );

    let desk = Running::start(place.path(), &source, &[]).await;
    let coordinator = desk.person("again", "coordinator").await;
    for number in acknowledged {
        let query = "query($number: String!) { incident(number: $number) { number } }";
        let found = coordinator.data(query, json!({ "number": number })).await;
        assert_eq!(found["incident"]["number"], json!(number));
    }
    desk.served.stop().await.unwrap();
}

/// Asks a desk to stop that is not open yet, and looks at what is left.
async fn stops_well_before_it_is_open(desk: Running, directory: &Path) {
    let log = desk.log.clone();
    desk.served.stop().await.expect("it stops well");
    let said = fs::read_to_string(&log).unwrap();
    let pid_file = directory.join("postgres/postmaster.pid");
    assert!(!pid_file.exists(), "PostgreSQL was left running: {said}");
    assert!(!said.contains("the desk is open"), "{said}");
    assert!(!said.contains("ERROR"), "{said}");
}

#[tokio::test]
async fn a_stop_while_the_desk_is_made_leaves_nothing_running() {
    let place = place();
    let directory = place.path().join("desk");
    let source = DatabaseSource::DataDir(directory.clone());
    let desk = Running::begin(place.path(), &source, &[]);
    let pid_file = directory.join("postgres/postmaster.pid");
    let begun = eventually(PATIENCE, async || pid_file.exists().then_some(())).await;
    assert!(begun.is_some(), "{}", desk.said());
    stops_well_before_it_is_open(desk, &directory).await;
}

#[tokio::test]
async fn a_stop_while_the_desk_is_filled_leaves_nothing_running() {
    let place = place();
    let directory = place.path().join("desk");
    let source = DatabaseSource::DataDir(directory.clone());
    let desk = Running::begin(place.path(), &source, &["--load", "sample"]);
    let pid_file = directory.join("postgres/postmaster.pid");
    let begun = eventually(PATIENCE, async || pid_file.exists().then_some(())).await;
    assert!(begun.is_some(), "{}", desk.said());
    let server = LocalPostgres::start(&directory).await.unwrap();
    let filling = eventually(PATIENCE, async || {
        let mut connection = server.options().connect().await.ok()?;
        let asked = sqlx::query_scalar("select count(*) from events where position > 40");
        let count: i64 = asked.fetch_one(&mut connection).await.ok()?;
        (count > 0).then_some(())
    });
    assert!(filling.await.is_some(), "{}", desk.said());
    server.release().await;
    stops_well_before_it_is_open(desk, &directory).await;
}
