//! A log whose private key is behind a command, as a security module has it:
//! a real program that signs with OpenSSL.

use event_store::seal::{Checkpoint, SignedNote, VerifierKey};
use serde_json::Value;
use tests::TestDesk;
use tests::key_command::KeyCommand;
use tests::postgres::TestDatabase;
use tests::program::{complained, printed, run};

/// Asks the desk again until an answer is as it is to become.
async fn until<T>(desk: &TestDesk, path: &str, read: impl Fn(&str) -> Option<T>) -> T {
    let began = tokio::time::Instant::now();
    loop {
        let answer = desk.http().get(desk.url(path)).send().await.unwrap();
        let text = answer.text().await.unwrap();
        if let Some(found) = read(&text) {
            return found;
        }
        assert!(began.elapsed().as_secs() < 60, "{text}");
    }
}

/// Waits until all that is in the log is sealed, and returns the signed note.
async fn sealed(desk: &TestDesk) -> SignedNote {
    let head = desk.serving().desk().log().head().await.unwrap().position;
    let size = u64::try_from(head).unwrap();
    until(desk, "/log/checkpoint", |text| {
        let note: SignedNote = text.parse().ok()?;
        let checkpoint: Checkpoint = note.text.parse().ok()?;
        (checkpoint.size >= size).then_some(note)
    })
    .await
}

fn rotate(url: &str, arguments: &[&str]) -> String {
    let rotate = ["seal", "rotate-key", "--database-url", url];
    let rotated = run("docket", &[&rotate, arguments].concat());
    assert!(rotated.status.success(), "{}", complained(&rotated));
    printed(&rotated).trim().to_owned()
}

fn verify(url: &str, key: &VerifierKey) {
    let key = key.to_string();
    let verify = ["verify", "--database-url", url, "--key", &key];
    let verified = run("docket-replay", &verify);
    assert!(verified.status.success(), "{}", printed(&verified));
}

#[tokio::test]
async fn plt_05_a_key_behind_a_command_seals_and_hands_over_to_another_command() {
    let name = "desk.example.cn/log";
    let (first, second) = (KeyCommand::new(name), KeyCommand::new(name));
    let desk = TestDesk::sealed_as(TestDatabase::create().await, &first.seals()).await;
    desk.coordinator().await.logs_an_incident().await;
    let note = sealed(&desk).await;
    assert_eq!(first.key().verify(&note), Ok(None));
    assert_eq!(first.key().name(), name);

    let database = desk.close().await;
    let url = database.url();
    let (from, to) = (first.path(), second.path());
    let heads = first.heads();
    let handed_over = rotate(
        &url,
        &[
            "--seal-key-command",
            from.to_str().unwrap(),
            "--to-command",
            to.to_str().unwrap(),
            "--seal-heads",
            heads.to_str().unwrap(),
        ],
    );
    assert_eq!(handed_over, second.key().to_string());

    let settings = api::seals::SealSettings {
        kept: first.seals().kept,
        ..second.seals()
    };
    let desk = TestDesk::sealed_as(database, &settings).await;
    desk.coordinator().await.logs_an_incident().await;
    let note = sealed(&desk).await;
    assert_eq!(second.key().verify(&note), Ok(None));
    assert!(first.key().verify(&note).is_err());
    verify(&url, &first.key());
    verify(&url, &second.key());
}

#[tokio::test]
async fn plt_05_a_key_in_a_file_hands_over_to_one_behind_a_command() {
    let desk = TestDesk::open().await;
    let listed = {
        sealed(&desk).await;
        run(
            "docket",
            &["seal", "keys", "--database-url", &desk.database().url()],
        )
    };
    let first: VerifierKey = printed(&listed).trim().parse().unwrap();
    let module = KeyCommand::new(first.name());
    let database = desk.close().await;
    let kept = database.seals();
    let event_store::seal::SignerSource::Directory(keys) = &kept.source else {
        panic!("{kept:?}");
    };
    let (keys, command) = (keys.display().to_string(), module.path());
    rotate(
        &database.url(),
        &[
            "--seal-keys",
            &keys,
            "--to-command",
            command.to_str().unwrap(),
        ],
    );
    let settings = api::seals::SealSettings {
        kept: kept.kept.clone(),
        ..module.seals()
    };
    let url = database.url();
    let desk = TestDesk::sealed_as(database, &settings).await;
    desk.coordinator().await.logs_an_incident().await;
    assert_eq!(module.key().verify(&sealed(&desk).await), Ok(None));
    verify(&url, &first);
}

#[tokio::test]
async fn a_module_that_gives_nothing_away_turns_readiness_red_until_it_does() {
    let module = KeyCommand::new("desk.example.cn/log");
    module.lock(true);
    let desk = TestDesk::sealed_as(TestDatabase::create().await, &module.seals()).await;
    let reason = until(&desk, "/health/ready", |text| {
        let health: Value = serde_json::from_str(text).unwrap();
        let not_ready = health["notReady"].as_array()?;
        let seals = not_ready.iter().find(|one| one["name"] == "seals")?;
        seals["reason"].as_str().map(str::to_owned)
    })
    .await;
    assert!(reason.contains("the module is locked"), "{reason}");
    module.lock(false);
    assert_eq!(module.key().verify(&sealed(&desk).await), Ok(None));
    until(&desk, "/health/ready", |text| {
        let health: Value = serde_json::from_str(text).unwrap();
        (health["status"] == "ready").then_some(())
    })
    .await;
}
