//! Durable commands of one event through the event store, beside two other
//! event stores of the Rust world and beside what PostgreSQL itself does with
//! single rows. Rounds of all contenders take turns, so that a slow moment of
//! the machine meets all of them.

mod disintegrate;
mod docket;
mod postgres_es;

pub(crate) use postgres_es::TABLE;

use crate::conversation::drive;
use crate::pace::Pace;
use crate::report::Figure;
use crate::yardstick::{Beside, Yardstick, beside};
use crate::{Bench, say};

/// How many connections every contender may open.
const CONNECTIONS: u32 = 32;

/// How many commands are in flight.
const IN_FLIGHT: [usize; 3] = [128, 32, 1];

/// The rounds of all contenders at one number of commands in flight.
#[derive(Default)]
struct Rounds {
    docket: Vec<Pace>,
    postgres_es: Vec<Pace>,
    disintegrate: Vec<Pace>,
}

/// Measures them all.
pub(crate) async fn measure(bench: &mut Bench) -> anyhow::Result<()> {
    let (server, time) = (&bench.server, bench.sizes.append_time);
    let docket = docket::Docket::open(server).await?;
    let postgres_es = postgres_es::PostgresEs::open(server).await?;
    let disintegrate = disintegrate::Disintegrate::open(server).await?;

    let mut rounds: [Rounds; IN_FLIGHT.len()] = Default::default();
    let mut inserts = Vec::new();
    for round in 1..=bench.sizes.rounds {
        say(&format!("append: round {round} of {}", bench.sizes.rounds));
        for (in_flight, rounds) in IN_FLIGHT.into_iter().zip(&mut rounds) {
            server.settle().await?;
            rounds
                .docket
                .push(drive(in_flight, time, docket.commands()).await?);
            server.settle().await?;
            rounds
                .postgres_es
                .push(drive(in_flight, time, postgres_es.commands()).await?);
            server.settle().await?;
            rounds
                .disintegrate
                .push(drive(in_flight, time, disintegrate.commands()).await?);
        }
        server.settle().await?;
        inserts.push(bench.yardsticks.measure(Yardstick::Inserts).await?);
    }
    let retries = disintegrate.retries_per_command();
    docket.close(server).await?;
    postgres_es.close(server).await?;
    disintegrate.close(server).await?;

    let inserts = beside(Yardstick::Inserts, inserts);
    for (in_flight, rounds) in IN_FLIGHT.into_iter().zip(&rounds) {
        report(bench, in_flight, rounds, inserts);
    }
    bench.report.add(Figure::a_second(
        "inserts of one row: pgbench, 32 clients",
        inserts.per_second,
    ));
    bench.report.add(Figure::new(
        "disintegrate-postgres: repetitions after a conflict",
        retries,
        "per command",
    ));
    Ok(())
}

fn report(bench: &mut Bench, in_flight: usize, rounds: &Rounds, inserts: Beside) {
    let docket = Pace::median(&rounds.docket);
    let postgres_es = Pace::median(&rounds.postgres_es).per_second;
    let disintegrate = Pace::median(&rounds.disintegrate).per_second;
    let name = format!("commands, {in_flight} in flight");
    let value =
        |against: &str| Figure::a_second(format!("{name}, against {against}"), docket.per_second);

    let beside_postgres_es = value("postgres-es");
    bench.report.add(match in_flight {
        128 => beside_postgres_es.at_least_times(5.0, postgres_es),
        1 => beside_postgres_es.at_least_times(0.8, postgres_es),
        _ => beside_postgres_es.against(postgres_es),
    });
    if in_flight == 128 {
        bench
            .report
            .add(value("inserts by pgbench").at_least_times(1.5, inserts.per_second));
    }
    bench
        .report
        .add(value("disintegrate-postgres").against(disintegrate));
    bench
        .report
        .add(Figure::milliseconds(format!("{name}, p50"), docket.p50));
    bench
        .report
        .add(Figure::milliseconds(format!("{name}, p99"), docket.p99));
}
