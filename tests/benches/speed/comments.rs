//! Work over GraphQL: the whole way of a command, from HTTP to the disk, and with
//! the changed item in the answer to the read model and back; and of a question
//! about one incident. The
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
use crate::yardstick::{Beside, Yardstick, beside};
use crate::{Bench, PATIENCE, say};

const DATABASE: &str = "bench_comments";
/// How many connections the load has.
pub(crate) const CONNECTIONS: usize = 64;

const REGISTER: &str = "mutation($input: IncidentRegisterInput!) \
    { incidentRegister(input: $input) { incident { id } } }";

/// A request for a new incident.
fn registration() -> Bytes {
    let input = json!({ "input": {
        "summary": "打印机卡纸, third floor",
        "description": WORDS,
        "requester": "wang.fang",
        "contactChannel": "PHONE",
        "category": "desktop-printer",
        "impact": "LOW",
        "urgency": "MEDIUM",
    }});
    request(REGISTER, &input)
}

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
        let count = CONNECTIONS * bench.sizes.incidents_a_connection;
        let answers = load::send_all(&self.door, vec![registration(); count], CONNECTIONS).await?;
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

/// Everything that is shown of one incident when somebody opens it.
const OPENED: &str = "query($id: ID!) { incident(id: $id) { id number summary description status priority \
    team { name } assignee requester openedAt updatedAt version resolution { code solution } \
    comments(first: 20) { nodes { author text commentedAt } } \
    history(first: 50) { nodes { position eventType actor effectiveAt text changes { field before after } } } } }";

/// What is asked of the service, one after the other in each round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Work {
    /// Comments on many incidents, answered with the position.
    Comments,
    /// The same, answered with the changed item.
    CommentsWithItem,
    /// New incidents.
    Registrations,
    /// Comments of 32 clients on one incident.
    OneIncident,
    /// One incident and its history, asked for by one client.
    Opened,
}

impl Work {
    const ALL: [Self; 5] = [
        Self::Comments,
        Self::CommentsWithItem,
        Self::Registrations,
        Self::OneIncident,
        Self::Opened,
    ];
    /// How many clients comment on one incident.
    const TOGETHER: usize = 32;

    fn yardstick(self) -> Yardstick {
        match self {
            Self::Opened => Yardstick::Http,
            _ => Yardstick::Inserts,
        }
    }

    /// The requests of each connection.
    fn lists(self, desk: &Desk) -> Vec<Vec<Bytes>> {
        match self {
            Self::Comments => desk.comments(Answer::Position),
            Self::CommentsWithItem => desk.comments(Answer::Item),
            Self::Registrations => vec![vec![registration()]; CONNECTIONS],
            Self::OneIncident => {
                let comments = desk.comments(Answer::Position);
                vec![comments[0][..1].to_vec(); Self::TOGETHER]
            }
            Self::Opened => {
                let open = |id: &String| request(OPENED, &json!({ "id": id }));
                vec![desk.incidents.iter().map(open).collect()]
            }
        }
    }

    fn figures(self, pace: &Pace, beside: Beside) -> Vec<Figure> {
        let (name, least, p50, p99) = match self {
            Self::Comments => (
                "GraphQL comments, 64 connections",
                Some(4_000.0),
                None,
                Some(60.0),
            ),
            Self::CommentsWithItem => (
                "GraphQL comments, 64 connections, answered with the changed item",
                Some(8_000.0),
                None,
                None,
            ),
            Self::Registrations => (
                "GraphQL registrations of incidents, 64 connections",
                Some(5_000.0),
                None,
                None,
            ),
            Self::OneIncident => (
                "GraphQL comments of 32 clients on one incident, none refused",
                Some(500.0),
                None,
                None,
            ),
            Self::Opened => (
                "one incident and its history, 1 client",
                None,
                Some(2.0),
                None,
            ),
        };
        let within = |figure: Figure, most: Option<f64>| match most {
            Some(most) => figure.at_most(most).beside(beside),
            None => figure,
        };
        let rate = Figure::a_second(name, pace.per_second);
        vec![
            match least {
                Some(least) => rate.at_least(least).beside(beside),
                None => rate,
            },
            within(Figure::milliseconds(format!("{name}, p50"), pace.p50), p50),
            within(Figure::milliseconds(format!("{name}, p99"), pace.p99), p99),
        ]
    }
}

/// Measures all of it.
pub(crate) async fn measure(bench: &mut Bench) -> anyhow::Result<()> {
    let database = bench.server.create(DATABASE).await?;
    let mut desk = Desk::open(bench, &database).await?;
    desk.register(bench).await?;
    let mut paces: [Vec<Pace>; Work::ALL.len()] = Default::default();
    let (mut inserts, mut http) = (Vec::new(), Vec::new());
    for round in 1..=bench.sizes.rounds {
        say(&format!(
            "comments: round {round} of {}",
            bench.sizes.rounds
        ));
        inserts.push(bench.yardsticks.measure(Yardstick::Inserts).await?);
        http.push(bench.yardsticks.measure(Yardstick::Http).await?);
        for (work, paces) in Work::ALL.into_iter().zip(&mut paces) {
            bench.server.settle().await?;
            let lists = work.lists(&desk);
            let (warm_up, time) = (bench.sizes.warm_up, bench.sizes.load_time);
            paces.push(load::run(&desk.door, &lists, warm_up, time).await?);
        }
    }
    desk.served.stop().await?;
    bench.server.remove(DATABASE).await?;

    for (work, paces) in Work::ALL.into_iter().zip(&paces) {
        let shown = match work.yardstick() {
            Yardstick::Http => &http,
            _ => &inserts,
        };
        let beside = beside(work.yardstick(), shown.clone());
        for figure in work.figures(&Pace::median(paces), beside) {
            bench.report.add(figure);
        }
    }
    Ok(())
}
