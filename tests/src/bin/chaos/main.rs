//! Trying the desk's promise: what was acknowledged is in the log exactly
//! once, what was refused is not, whoever dies in the middle.
//!
//! Clients send commands while the service and its PostgreSQL are killed at
//! random moments, always so that they can finish nothing. The service is
//! started again each time; PostgreSQL comes back by itself. In the end the
//! log is compared with what the clients were told, and `docket-replay` looks
//! at the rest.

#![expect(
    clippy::print_stdout,
    reason = "the account of the run is what the program is for"
)]

mod checks;
mod clients;
mod desk;
mod faults;
mod ledger;

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use clap::Parser;
use tokio::time::{Instant, timeout};
use uuid::Uuid;

use clients::Clients;
use desk::Desk;
use faults::{Faults, Plan};
use ledger::Ledger;

/// How many of the things that are wrong are shown.
const SHOWN: usize = 20;

/// Kills a desk under load again and again, and checks what is left.
#[derive(Debug, Parser)]
#[command(name = "chaos")]
struct Options {
    /// How often the service is killed.
    #[arg(long, default_value_t = 20)]
    service_kills: usize,

    /// How often PostgreSQL is killed.
    #[arg(long, default_value_t = 10)]
    postgres_kills: usize,

    /// After how many seconds the run has failed, checks included.
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    limit: u64,

    /// How many clients send commands.
    #[arg(long, default_value_t = 12)]
    clients: u64,

    /// What the random moments follow from; another one each time if it is
    /// not given.
    #[arg(long)]
    seed: Option<u64>,

    /// Where the desk lies meanwhile.
    #[arg(long, value_name = "DIR", default_value = "/var/tmp")]
    directory: PathBuf,
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let options = Options::parse();
    let seed = options
        .seed
        .unwrap_or_else(|| u64::from(Uuid::now_v7().as_fields().0) ^ u64::from(std::process::id()));
    let directory = tempfile::Builder::new()
        .prefix("docket-chaos.")
        // Run by root, PostgreSQL is another account, which must get through.
        .permissions(Permissions::from_mode(0o755))
        .tempdir_in(&options.directory)
        .with_context(|| format!("--directory {}", options.directory.display()))?;
    println!(
        "chaos: {} kills of the service and {} of PostgreSQL, {} clients, seed {seed}",
        options.service_kills, options.postgres_kills, options.clients,
    );

    let ledger = Arc::new(Ledger::default());
    let limit = Duration::from_secs(options.limit);
    let mut desk = Desk::new(directory.path())?;
    let ran = timeout(limit, run(&options, seed, limit, &mut desk, &ledger)).await;
    let ended = match ran {
        Ok(ended) => ended,
        Err(_) => Err(anyhow::anyhow!(
            "the run is not over after {} s",
            options.limit
        )),
    };
    if let Err(error) = &ended {
        ledger.wrong(format!("{error:#}"));
    }
    desk.end().await;

    let wrong = ledger.take_wrong();
    if wrong.is_empty() {
        println!("chaos: passed");
        return Ok(ExitCode::SUCCESS);
    }
    println!("chaos: FAILED, seed {seed}");
    for line in wrong.iter().take(SHOWN) {
        println!("  {line}");
    }
    if wrong.len() > SHOWN {
        println!("  and {} more", wrong.len() - SHOWN);
    }
    println!(
        "The desk and what it said are kept in {}",
        directory.keep().display()
    );
    Ok(ExitCode::FAILURE)
}

async fn run(
    options: &Options,
    seed: u64,
    limit: Duration,
    desk: &mut Desk,
    ledger: &Arc<Ledger>,
) -> anyhow::Result<()> {
    let started = Instant::now();
    desk.start().await?;
    let people = desk.people().await?;
    let clients = Clients::start(options.clients, seed, desk.url(), &people, ledger).await?;
    let plan = Plan {
        service_kills: options.service_kills,
        postgres_kills: options.postgres_kills,
        // The rest is for the checks, which take longer the more was stored.
        until: started + limit * 3 / 5,
    };
    Faults::new(&plan, seed, started).run(desk, ledger).await?;
    clients.stop().await?;
    println!(
        "{:>7.1} s  {}",
        started.elapsed().as_secs_f64(),
        ledger.summary()
    );

    let stored = checks::log(desk.url(), &people.auditor, ledger).await?;
    println!("{:>7.1} s  {stored}", started.elapsed().as_secs_f64());
    desk.stop().await?;
    for line in checks::replay(desk.database()).await? {
        println!("{:>7.1} s  {line}", started.elapsed().as_secs_f64());
    }
    Ok(())
}
