//! Comments over GraphQL: the whole way of a command, from HTTP to the disk,
//! and with the changed item in the answer to the read model and back. The
//! service is a process of its own; it, the load and PostgreSQL share the
//! machine.

use anyhow::Context;
use hyper::body::Bytes;
use serde_json::json;
use sqlx::postgres::PgConnectOptions;
use tests::served::{Served, free_port, token};

use crate::conversation::WORDS;
use crate::load::{self, Door, request};
use crate::pace::Pace;
use crate::report::Figure;
use crate::server::source;
use crate::{Bench, PATIENCE, say};

const DATABASE: &str = "bench_comments";
/// How many connections the load has.
pub(crate) const CONNECTIONS: usize = 64;

const REGISTER: &str = "mutation($input: IncidentRegisterInput!) \
    { incidentRegister(input: $input) { incident { id } } }";

/// What a comment is answered with.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Answer {
    /// Where it stands in the log.
    Position,
    /// The item, with the comment counted.
    Item,
}

impl Answer {
    fn mutation(self) -> String {
        let payload = match self {
            Self::Position => "position clientMutationId",
            Self::Item => {
                "position clientMutationId workItem { id number status version position updatedAt }"
            }
        };
        format!(
            "mutation($input: WorkItemCommentInput!) {{ workItemComment(input: $input) {{ {payload} }} }}"
        )
    }
}

/// A service with incidents to comment on.
pub(crate) struct Desk {
    pub(crate) served: Served,
    pub(crate) door: Door,
    incidents: Vec<String>,
}

impl Desk {
    /// Starts a service on a database.
    pub(crate) async fn open(bench: &Bench, database: &PgConnectOptions) -> anyhow::Result<Self> {
        let source = source(database);
        let token = token("bench", "coordinator", &source).await?;
        let served = Served::start(&source, free_port()?, &bench.log_file(), PATIENCE).await?;
        let door = Door::new(served.address(), &token)?;
        Ok(Self {
            served,
            door,
            incidents: Vec::new(),
        })
    }

    /// Registers incidents, so many for each connection.
    pub(crate) async fn register(&mut self, bench: &Bench) -> anyhow::Result<()> {
        let input = json!({ "input": {
            "summary": "打印机卡纸, third floor",
            "description": WORDS,
            "requester": "wang.fang",
            "contactChannel": "PHONE",
            "category": "desktop-printer",
            "impact": "LOW",
            "urgency": "MEDIUM",
        }});
        let count = CONNECTIONS * bench.sizes.incidents_a_connection;
        let answers = load::send_all(
            &self.door,
            vec![request(REGISTER, &input); count],
            CONNECTIONS,
        )
        .await?;
        for answer in answers {
            let id = answer["data"]["incidentRegister"]["incident"]["id"].as_str();
            self.incidents
                .push(id.context("an incident has no id")?.to_owned());
        }
        Ok(())
    }

    /// Comments for each connection, on incidents of its own.
    pub(crate) fn comments(&self, answer: Answer) -> Vec<Vec<Bytes>> {
        let mutation = answer.mutation();
        let comment = |id: &String| {
            let input = json!({ "input": {
                "id": id,
                "visibility": "PUBLIC",
                "text": WORDS,
                "clientMutationId": "bench",
            }});
            request(&mutation, &input)
        };
        let each = self.incidents.len().div_ceil(CONNECTIONS).max(1);
        self.incidents
            .chunks(each)
            .map(|incidents| incidents.iter().map(comment).collect())
            .collect()
    }
}

/// Measures both answers.
pub(crate) async fn measure(bench: &mut Bench) -> anyhow::Result<()> {
    let database = bench.server.create(DATABASE).await?;
    let mut desk = Desk::open(bench, &database).await?;
    desk.register(bench).await?;
    let (mut plain, mut with_item) = (Vec::new(), Vec::new());
    for round in 1..=bench.sizes.rounds {
        say(&format!(
            "comments: round {round} of {}",
            bench.sizes.rounds
        ));
        for (answer, paces) in [
            (Answer::Position, &mut plain),
            (Answer::Item, &mut with_item),
        ] {
            bench.server.settle().await?;
            let lists = desk.comments(answer);
            let pace = load::run(
                &desk.door,
                &lists,
                bench.sizes.warm_up,
                bench.sizes.load_time,
            )
            .await?;
            paces.push(pace);
        }
    }
    desk.served.stop().await?;
    bench.server.remove(DATABASE).await?;

    let (plain, with_item) = (Pace::median(&plain), Pace::median(&with_item));
    let name = format!("GraphQL comments, {CONNECTIONS} connections");
    bench
        .report
        .add(Figure::a_second(&name, plain.per_second).at_least(4_000.0));
    bench
        .report
        .add(Figure::milliseconds(format!("{name}, p50"), plain.p50));
    bench
        .report
        .add(Figure::milliseconds(format!("{name}, p99"), plain.p99).at_most(60.0));
    let name = format!("{name}, answered with the changed item");
    bench
        .report
        .add(Figure::a_second(&name, with_item.per_second));
    bench
        .report
        .add(Figure::milliseconds(format!("{name}, p50"), with_item.p50));
    bench
        .report
        .add(Figure::milliseconds(format!("{name}, p99"), with_item.p99));
    Ok(())
}
