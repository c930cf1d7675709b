//! The clients: each sends one command after the other, with an id of its own,
//! and acts as programs do that lose their desk: most ask again under the same
//! id what became of a command, some never find out. Now and then they send
//! what must be refused.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, bail};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::sleep;
use uuid::Uuid;

use crate::desk::{People, code};
use crate::ledger::{Accepted, Answer, Ledger};

/// Longer than the service's own limit for a request.
const PATIENCE: Duration = Duration::from_secs(40);

/// All clients.
pub(crate) struct Clients {
    tasks: JoinSet<anyhow::Result<()>>,
    stopped: Arc<AtomicBool>,
}

impl Clients {
    /// Lets them begin.
    pub(crate) async fn start(
        count: u64,
        seed: u64,
        url: String,
        people: &People,
        ledger: &Arc<Ledger>,
    ) -> anyhow::Result<Self> {
        let stopped = Arc::new(AtomicBool::new(false));
        let client = |number: u64| -> anyhow::Result<Client> {
            Ok(Client {
                http: reqwest::Client::builder().timeout(PATIENCE).build()?,
                url: url.clone(),
                people: people.clone(),
                ledger: Arc::clone(ledger),
                stopped: Arc::clone(&stopped),
                dice: StdRng::seed_from_u64(
                    seed ^ (number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15),
                ),
                shared: Vec::new(),
                own: Vec::new(),
                acknowledged: Vec::new(),
            })
        };
        // A few incidents that everybody writes on, so that commands meet.
        let mut first = client(count)?;
        for _ in 0..4 {
            first.register().await?;
        }
        let shared: Vec<String> = first.own.into_iter().map(|incident| incident.id).collect();
        let mut tasks = JoinSet::new();
        for number in 0..count {
            let client = Client {
                shared: shared.clone(),
                ..client(number)?
            };
            tasks.spawn(client.run());
        }
        Ok(Self { tasks, stopped })
    }

    /// Lets them finish what they are at, and waits for it.
    pub(crate) async fn stop(mut self) -> anyhow::Result<()> {
        self.stopped.store(true, Ordering::Relaxed);
        while let Some(client) = self.tasks.join_next().await {
            client??;
        }
        Ok(())
    }
}

/// A command as it is sent, and sent again.
#[derive(Debug, Clone)]
struct Command {
    id: Uuid,
    mutation: &'static str,
    input: Value,
}

/// An incident that only one client writes on.
#[derive(Debug, Clone)]
struct Incident {
    id: String,
    /// Nothing while it is not known what became of a command.
    version: Option<i64>,
    accepted: bool,
}

struct Client {
    http: reqwest::Client,
    url: String,
    people: People,
    ledger: Arc<Ledger>,
    stopped: Arc<AtomicBool>,
    dice: StdRng,
    shared: Vec<String>,
    own: Vec<Incident>,
    /// Commands that were acknowledged.
    acknowledged: Vec<Command>,
}

impl Client {
    /// How many milliseconds a client thinks at most before it acts again, so
    /// that a run of minutes leaves a log that can be checked in seconds.
    const THINKING: u64 = 120;
    /// How long it waits while nobody is there.
    const WHILE_AWAY: Duration = Duration::from_millis(30);

    async fn run(mut self) -> anyhow::Result<()> {
        while !self.stopped.load(Ordering::Relaxed) {
            if self.own.is_empty() {
                self.register().await?;
            }
            match self.dice.random_range(0..100) {
                0..10 => self.register().await?,
                10..50 => self.comment().await?,
                50..68 => self.comment_on_shared().await?,
                68..78 => self.hand_over().await?,
                78..86 => self.comment_on_what_has_changed().await?,
                86..94 => self.repeat().await?,
                _ => self.reuse().await?,
            }
            let thinking = self.dice.random_range(0..Self::THINKING);
            sleep(Duration::from_millis(thinking)).await;
        }
        Ok(())
    }

    async fn register(&mut self) -> anyhow::Result<()> {
        let input = json!({
            "summary": "VPN 无法连接",
            "requester": "wang.fang",
            "contactChannel": "PHONE",
            "category": "network-vpn",
            "impact": "LOW",
            "urgency": "LOW",
        });
        if let Answer::Accepted(accepted) = self.send("incidentRegister", input).await? {
            self.own.push(Incident {
                id: accepted.object.context("an incident has no id")?,
                version: Some(accepted.version),
                accepted: false,
            });
        }
        Ok(())
    }

    async fn comment(&mut self) -> anyhow::Result<()> {
        let place = self.dice.random_range(0..self.own.len());
        let mut input = self.words(&self.own[place].id.clone());
        // Half of them say what they have seen, which nobody else changes.
        if let Some(version) = self.own[place].version
            && self.dice.random_bool(0.5)
        {
            input["expectedVersion"] = json!(version);
        }
        let answer = self.send("workItemComment", input).await?;
        if let Answer::Refused(code) = &answer {
            self.ledger
                .wrong(format!("a comment was refused with {code}"));
        }
        self.note(place, &answer);
        Ok(())
    }

    async fn comment_on_shared(&mut self) -> anyhow::Result<()> {
        let Some(id) = self.shared.choose(&mut self.dice).cloned() else {
            bail!("there are no shared incidents");
        };
        let input = self.words(&id);
        // Four times beaten by others, it may be refused.
        self.send("workItemComment", input).await?;
        Ok(())
    }

    /// Assigns an incident, accepts it, and accepts it again, which must be
    /// refused.
    async fn hand_over(&mut self) -> anyhow::Result<()> {
        let Some(place) = self
            .own
            .iter()
            .position(|incident| !incident.accepted && incident.version.is_some())
        else {
            return self.register().await;
        };
        let id = self.own[place].id.clone();
        let team = self.people.teams.choose(&mut self.dice).cloned();
        let answer = self
            .send("workItemAssign", json!({ "id": id, "teamId": team }))
            .await?;
        self.note(place, &answer);
        let answer = self.send("workItemAccept", json!({ "id": id })).await?;
        self.note(place, &answer);
        let Answer::Accepted(_) = answer else {
            return Ok(());
        };
        self.own[place].accepted = true;
        let again = self.send("workItemAccept", json!({ "id": id })).await?;
        if let Answer::Accepted(_) = again {
            self.ledger
                .wrong(format!("incident {id} was accepted twice"));
        }
        Ok(())
    }

    /// Comments on an incident as it was before, which must be refused.
    async fn comment_on_what_has_changed(&mut self) -> anyhow::Result<()> {
        let place = self.dice.random_range(0..self.own.len());
        let Some(version) = self.own[place].version else {
            return Ok(());
        };
        let mut input = self.words(&self.own[place].id.clone());
        input["expectedVersion"] = json!(version - 1);
        match self.send("workItemComment", input).await? {
            Answer::Accepted(_) => {
                self.ledger.wrong(format!(
                    "a comment on version {} of version {version} was accepted",
                    version - 1
                ));
            }
            Answer::Refused(code) if code != "CONFLICT" => {
                self.ledger.wrong(format!(
                    "a comment on an earlier version was refused with {code}"
                ));
            }
            _ => {}
        }
        Ok(())
    }

    /// Sends a command that was acknowledged once more: the same answer, and
    /// no second effect.
    async fn repeat(&mut self) -> anyhow::Result<()> {
        let Some(command) = self.acknowledged.choose(&mut self.dice).cloned() else {
            return Ok(());
        };
        let answer = self.once(&command).await?;
        self.ledger.record(command.id, &answer);
        Ok(())
    }

    /// Sends another command under an id that is taken, which must be refused.
    async fn reuse(&mut self) -> anyhow::Result<()> {
        let Some(taken) = self.acknowledged.choose(&mut self.dice).cloned() else {
            return Ok(());
        };
        let incident = self
            .own
            .choose(&mut self.dice)
            .map(|incident| incident.id.clone());
        let input = self.words(&incident.context("the client has no incident")?);
        let other = Command {
            id: taken.id,
            mutation: "workItemComment",
            input,
        };
        match self.once(&other).await? {
            Answer::Accepted(_) => {
                self.ledger.wrong(format!(
                    "the command id {} was taken for another command",
                    taken.id
                ));
            }
            Answer::Refused(code) if code != "COMMAND_ID_REUSED" => {
                self.ledger
                    .wrong(format!("a reused command id was refused with {code}"));
            }
            _ => {}
        }
        Ok(())
    }

    /// What the client writes about an incident: never the same twice.
    fn words(&mut self, id: &str) -> Value {
        let text = format!("请派人来看一下. Note {:08x}", self.dice.random::<u32>());
        json!({ "id": id, "visibility": "PUBLIC", "text": text })
    }

    /// Remembers how an own incident stands after an answer.
    fn note(&mut self, place: usize, answer: &Answer) {
        match answer {
            Answer::Accepted(accepted) => self.own[place].version = Some(accepted.version),
            Answer::Refused(_) | Answer::Unavailable | Answer::NotSent => {}
            Answer::Unknown => self.own[place].version = None,
        }
    }

    /// Sends a new command. As long as nothing definite is known of it, it is
    /// mostly sent again.
    async fn send(&mut self, mutation: &'static str, input: Value) -> anyhow::Result<Answer> {
        let command = Command {
            id: Uuid::now_v7(),
            mutation,
            input,
        };
        let gives_up = self.dice.random_bool(0.3);
        loop {
            let answer = self.once(&command).await?;
            self.ledger.record(command.id, &answer);
            match &answer {
                Answer::Accepted(_) => {
                    self.acknowledged.push(command);
                    return Ok(answer);
                }
                Answer::Refused(_) => return Ok(answer),
                Answer::Unknown if gives_up => return Ok(answer),
                Answer::Unknown | Answer::Unavailable | Answer::NotSent => {
                    sleep(Self::WHILE_AWAY).await;
                }
            }
        }
    }

    /// Sends a command once.
    async fn once(&self, command: &Command) -> anyhow::Result<Answer> {
        let (first, rest) = command.mutation.split_at(1);
        let object = if command.mutation == "incidentRegister" {
            "incident { id }"
        } else {
            ""
        };
        let query = format!(
            "mutation($input: {}{rest}Input!) {{ {}(input: $input) {{ position version duplicate {object} }} }}",
            first.to_uppercase(),
            command.mutation,
        );
        let mut input = command.input.clone();
        input["commandId"] = json!(command.id);
        let answer = ask(
            &self.http,
            &self.url,
            &self.people.coordinator,
            &query,
            &json!({ "input": input }),
        )
        .await;
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) if error.is_connect() => return Ok(Answer::NotSent),
            Err(_) => return Ok(Answer::Unknown),
        };
        Ok(match code(&answer) {
            None => {
                let payload = &answer["data"][command.mutation];
                Answer::Accepted(Accepted {
                    position: long(&payload["position"])
                        .with_context(|| format!("no position in {answer}"))?,
                    version: long(&payload["version"])
                        .with_context(|| format!("no version in {answer}"))?,
                    duplicate: payload["duplicate"].as_bool().unwrap_or_default(),
                    object: payload["incident"]["id"].as_str().map(str::to_owned),
                })
            }
            Some("UNAVAILABLE") => Answer::Unavailable,
            // The command may have been carried out although the answer to it
            // could not be put together.
            Some("OUTCOME_UNKNOWN" | "TIMEOUT" | "INTERNAL" | "READ_MODEL_BEHIND") => {
                Answer::Unknown
            }
            Some(code) => Answer::Refused(code.to_owned()),
        })
    }
}

/// Sends a GraphQL request, and returns the answer's JSON.
pub(crate) async fn ask(
    http: &reqwest::Client,
    url: &str,
    token: &str,
    query: &str,
    variables: &Value,
) -> reqwest::Result<Value> {
    let body = json!({ "query": query, "variables": variables });
    http.post(url)
        .bearer_auth(token)
        .json(&body)
        .send()
        .await?
        .json()
        .await
}

/// A whole number, which the schema may write as text.
pub(crate) fn long(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}
