//! Lists of 50 as they were known long ago, through GraphQL, with four fifths
//! of the log behind them: those that people look at now, which are those of a
//! team and a status or of a few of both, and all that was open.
//!
//! The recorded times of the history span minutes and not years. What a list as
//! of then costs follows from positions, though, and the position is taken at
//! the end of the first fifth of the log.

use anyhow::{Context, ensure};
use hyper::body::Bytes;
use serde_json::{Value, json};
use tests::served::{Served, free_port, token};

use crate::history::History;
use crate::load::{self, Door, request};
use crate::pace::Pace;
use crate::pages::NODE;
use crate::report::Figure;
use crate::server::source;
use crate::yardstick::{Yardstick, beside};
use crate::{Bench, PATIENCE, say};

/// How many readers ask at the same time.
const READERS: usize = 4;
/// How many first pages are gone on from.
const TURNED: usize = 10;

/// What the statuses and teams of then are drawn from.
const GROUPS: &str = "query($then: AsOfInput!) {
    byTeam: workItemCounts(by: TEAM, asOf: $then) { teamId }
    byStatus: workItemCounts(by: STATUS, asOf: $then) { status }
}";

/// Measures them on the tables that the rebuild has built.
pub(crate) async fn measure(bench: &mut Bench, history: &History) -> anyhow::Result<()> {
    bench.server.vacuum(crate::history::DATABASE).await?;
    let source = source(&history.options);
    let token = token("bench", "coordinator", &source).await?;
    let served = Served::start(&source, free_port()?, &bench.log_file(), PATIENCE).await?;
    let door = Door::new(served.address(), &token)?;
    let then = json!({ "position": history.log.head().await?.position / 5 });
    let lists = lists(&door, &then).await?;
    let lists: Vec<Vec<Bytes>> = (0..READERS)
        .map(|reader| {
            lists
                .iter()
                .skip(reader)
                .step_by(READERS)
                .cloned()
                .collect()
        })
        .collect();

    let (mut rounds, mut selects) = (Vec::new(), Vec::new());
    for round in 1..=bench.sizes.rounds {
        say(&format!(
            "lists as of then: round {round} of {}",
            bench.sizes.rounds
        ));
        selects.push(bench.yardsticks.measure(Yardstick::Selects).await?);
        bench.server.settle().await?;
        rounds.push(load::run(&door, &lists, bench.sizes.warm_up, bench.sizes.load_time).await?);
    }
    served.stop().await?;

    let (pace, beside) = (Pace::median(&rounds), beside(Yardstick::Selects, selects));
    let name = format!(
        "a list of 50 as of the first fifth of {} incidents, {READERS} readers",
        history.incidents
    );
    bench.report.add(Figure::a_second(&name, pace.per_second));
    bench
        .report
        .add(Figure::milliseconds(format!("{name}, p50"), pace.p50));
    let p99 = Figure::milliseconds(format!("{name}, p99"), pace.p99).at_most(100.0);
    bench.report.add(p99.beside(beside));
    Ok(())
}

/// Requests for the first pages of every list, and for pages behind them.
async fn lists(door: &Door, then: &Value) -> anyhow::Result<Vec<Bytes>> {
    let groups = load::send_all(door, vec![request(GROUPS, &json!({ "then": then }))], 1).await?;
    let values = |by: &str, field: &str| -> Vec<Value> {
        let all = groups[0]["data"][by].as_array().into_iter().flatten();
        all.map(|group| group[field].clone())
            .filter(|value| !value.is_null())
            .collect()
    };
    let (teams, statuses) = (values("byTeam", "teamId"), values("byStatus", "status"));
    ensure!(
        teams.len() > 2 && statuses.len() > 2,
        "too little was there then"
    );
    let mut filters = vec![
        json!({}),
        json!({ "isOpen": true }),
        json!({ "isOpen": false }),
    ];
    for (own, team) in teams.iter().enumerate() {
        let next = |steps: usize| &teams[(own + steps) % teams.len()];
        filters.push(json!({ "teamIds": [team], "isOpen": true }));
        for (place, status) in statuses.iter().enumerate() {
            let other = |steps: usize| &statuses[(place + steps) % statuses.len()];
            filters.push(json!({ "teamIds": [team], "statuses": [status] }));
            filters.push(json!({
                "teamIds": [team, next(1), next(2)],
                "statuses": [status, other(1), other(2)],
            }));
        }
    }
    let pages = |arguments: &str, cursors: &[Value]| -> Vec<Bytes> {
        let page = |(filter, cursor): (&Value, &Value)| {
            let query = format!(
                "query($filter: WorkItemFilterInput, $then: AsOfInput!, $place: String) {{ \
                 workItems(filter: $filter, asOf: $then, {arguments}) {{ \
                 pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} \
                 edges {{ cursor node {{ {NODE} }} }} }} }}"
            );
            request(
                &query,
                &json!({ "filter": filter, "then": then, "place": cursor }),
            )
        };
        filters.iter().zip(cursors).map(page).collect()
    };
    let mut all = Vec::new();
    let mut cursors = vec![Value::Null; filters.len()];
    for _ in 0..TURNED {
        let turned = pages("first: 50, after: $place", &cursors);
        let answers = load::send_all(door, turned.clone(), READERS).await?;
        all.extend(turned);
        for (cursor, answer) in cursors.iter_mut().zip(&answers) {
            let info = answer
                .pointer("/data/workItems/pageInfo")
                .context("a list as of then is not answered")?;
            // Behind the last page the list begins again.
            *cursor = match info["hasNextPage"].as_bool() {
                Some(true) => info["endCursor"].clone(),
                _ => Value::Null,
            };
        }
    }
    all.extend(pages("last: 50, before: $place", &cursors));
    Ok(all)
}
