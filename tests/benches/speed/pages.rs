//! Pages of 50 out of a queue of a million incidents, through GraphQL: from
//! any place of the lists that people look at, which are those of a team and a
//! status, or of a few of both, forwards and backwards.

use anyhow::{Context, ensure};
use hyper::body::Bytes;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};
use tests::served::{Served, free_port, token};

use crate::history::{History, number_of};
use crate::load::{self, Door, request};
use crate::pace::Pace;
use crate::report::Figure;
use crate::server::source;
use crate::yardstick::{Yardstick, beside};
use crate::{Bench, PATIENCE, say};

/// How many readers turn pages at the same time.
const READERS: usize = 4;
/// How many incidents are drawn, for pages to begin at.
const DRAWN: usize = 2_000;

const FIND: &str = "query($number: String) { workItems(filter: { number: $number }, first: 1) \
    { edges { cursor node { status team { id } } } } }";

/// What is shown of an item in a list.
pub(crate) const NODE: &str =
    "id number summary status priority team { name } assignee requester openedAt updatedAt version";

/// Measures them on the tables that the rebuild has built.
pub(crate) async fn measure(bench: &mut Bench, history: &History) -> anyhow::Result<()> {
    bench.server.vacuum(crate::history::DATABASE).await?;
    let source = source(&history.options);
    let token = token("bench", "coordinator", &source).await?;
    let served = Served::start(&source, free_port()?, &bench.log_file(), PATIENCE).await?;
    let door = Door::new(served.address(), &token)?;
    let pages = pages(&door, history.incidents).await?;
    let lists: Vec<Vec<Bytes>> = pages
        .chunks(pages.len().div_ceil(READERS))
        .map(<[Bytes]>::to_vec)
        .collect();

    let (mut rounds, mut selects) = (Vec::new(), Vec::new());
    for round in 1..=bench.sizes.rounds {
        say(&format!("pages: round {round} of {}", bench.sizes.rounds));
        selects.push(bench.yardsticks.measure(Yardstick::Selects).await?);
        bench.server.settle().await?;
        rounds.push(load::run(&door, &lists, bench.sizes.warm_up, bench.sizes.load_time).await?);
    }
    served.stop().await?;

    let (pace, beside) = (Pace::median(&rounds), beside(Yardstick::Selects, selects));
    let name = format!(
        "a page of 50 of {} incidents, {READERS} readers",
        history.incidents
    );
    bench.report.add(Figure::a_second(&name, pace.per_second));
    bench
        .report
        .add(Figure::milliseconds(format!("{name}, p50"), pace.p50));
    let p99 = Figure::milliseconds(format!("{name}, p99"), pace.p99).at_most(25.0);
    bench.report.add(p99.beside(beside));
    Ok(())
}

/// A place in the queue, and what is there.
struct Place {
    cursor: Value,
    status: Value,
    team: Value,
}

/// Requests for pages at places drawn from all incidents that a team has.
async fn pages(door: &Door, incidents: u64) -> anyhow::Result<Vec<Bytes>> {
    let mut dice = StdRng::seed_from_u64(50);
    let mut draw = || {
        request(
            FIND,
            &json!({ "number": number_of(dice.random_range(0..incidents)) }),
        )
    };
    let questions = (0..DRAWN).map(|_| draw()).collect();
    let mut places = Vec::new();
    for mut answer in load::send_all(door, questions, READERS).await? {
        let edge = answer
            .pointer_mut("/data/workItems/edges/0")
            .context("an incident is not in the queue")?;
        let place = Place {
            cursor: edge["cursor"].take(),
            status: edge["node"]["status"].take(),
            team: edge["node"]["team"]["id"].take(),
        };
        if place.team.is_string() {
            places.push(place);
        }
    }
    ensure!(places.len() > DRAWN / 2, "too few incidents have a team");
    Ok((0..places.len()).map(|own| page(&places, own)).collect())
}

/// The page behind or before a place, in the list of its team and status; for
/// every other one in the list of three teams and three statuses.
fn page(places: &[Place], own: usize) -> Bytes {
    let place = &places[own];
    let next = |steps: usize| &places[(own + steps) % places.len()];
    let filter = if own.is_multiple_of(2) {
        json!({ "teamIds": [place.team], "statuses": [place.status] })
    } else {
        json!({
            "teamIds": [place.team, next(1).team, next(2).team],
            "statuses": [place.status, next(1).status, next(2).status],
        })
    };
    let arguments = if own % 4 < 2 {
        "first: 50, after: $place"
    } else {
        "last: 50, before: $place"
    };
    let query = format!(
        "query($filter: WorkItemFilterInput, $place: String) {{ workItems(filter: $filter, {arguments}) \
         {{ pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} edges {{ cursor node {{ {NODE} }} }} }} }}"
    );
    request(&query, &json!({ "filter": filter, "place": place.cursor }))
}
