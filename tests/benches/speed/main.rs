//! How fast the desk is on this machine: `make bench`, or
//! `cargo bench -p tests --bench speed -- --quick append`.
//!
//! Everything is measured in one go on a durable PostgreSQL of its own, with
//! what it is compared with beside it, so that a figure always stands beside
//! the machine's own measure. Where the service is meant, it is the real
//! program in a process of its own.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the figures are what the program is for"
)]
#![expect(
    clippy::cast_precision_loss,
    reason = "figures are rounded to three digits anyway"
)]

mod append;
mod as_of;
mod comments;
mod conversation;
mod freshness;
mod history;
mod import;
mod load;
mod memory;
mod pace;
mod pages;
mod pgbench;
mod read_models;
mod report;
mod server;
mod sizes;
mod verify;
mod yardstick;

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use clap::{Parser, ValueEnum};
use tempfile::TempDir;

use history::History;
use pgbench::Pgbench;
use report::Report;
use server::Server;
use sizes::Sizes;
use yardstick::Yardsticks;

/// That of the programs: commands through the event store are made by this one.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// How long a service may take to be ready.
const PATIENCE: Duration = Duration::from_secs(60);

/// Measures the speed of Docket on this machine.
#[derive(Debug, Parser)]
#[command(name = "speed")]
struct Options {
    /// What to measure; everything if nothing is named.
    groups: Vec<Group>,

    /// Small sizes and short runs: to see that it works, not how fast it is.
    #[arg(long)]
    quick: bool,

    /// Prints the figures of the last run as a table for the book, and
    /// measures nothing.
    #[arg(long)]
    markdown: bool,

    /// Where the database lies while it is measured: a directory on the disk
    /// that is to be measured.
    #[arg(long, value_name = "DIR", default_value = "/var/tmp")]
    directory: PathBuf,

    /// The sample inputs; a relative path counts from the project's root.
    #[arg(
        long,
        value_name = "DIR",
        default_value = "../shared/data",
        env = "DOCKET_SAMPLES"
    )]
    samples: PathBuf,

    /// What `cargo bench` says to every bench.
    #[arg(long, hide = true)]
    bench: bool,
}

/// What can be measured by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Group {
    /// Durable commands through the event store, and the stores and the
    /// inserts that it is compared with.
    Append,
    /// Comments over GraphQL.
    Comments,
    /// Pages of a long queue.
    Pages,
    /// Lists of a long queue as they were known long ago.
    AsOf,
    /// Reading the log.
    Scan,
    /// Catching up and rebuilding projections.
    Projections,
    /// From acknowledgement to the read model.
    Freshness,
    /// Importing a desk's history.
    Import,
    /// The memory of the service.
    Memory,
    /// Verifying an export.
    Verify,
}

/// What every measurement works with.
struct Bench {
    server: Server,
    sizes: Sizes,
    report: Report,
    yardsticks: Yardsticks,
    samples: PathBuf,
    directory: TempDir,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let figures = figures_file(options.quick)?;
    if options.markdown {
        print!("{}", Report::read(&figures)?.markdown());
        return Ok(());
    }
    let directory = tempfile::Builder::new()
        .prefix("docket-bench.")
        // Run by root, PostgreSQL is another account, which must get through.
        .permissions(Permissions::from_mode(0o755))
        .tempdir_in(&options.directory)
        .with_context(|| format!("--directory {}", options.directory.display()))?;
    let sizes = if options.quick {
        Sizes::quick()
    } else {
        Sizes::full()
    };
    let server = Server::start(&directory.path().join("postgres")).await?;
    let pgbench = Pgbench::open(&server, directory.path()).await?;
    let mut bench = Bench {
        yardsticks: Yardsticks::open(pgbench, sizes.yardstick_time).await?,
        server,
        sizes,
        report: Report::default(),
        samples: Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("..")
            .join(&options.samples),
        directory,
    };
    println!("{}", bench.server.describe().await?);
    let measured = bench.measure(&options.groups).await;
    bench.yardsticks.close(&bench.server).await?;
    bench.server.stop().await;
    measured?;
    print!("\n{}", bench.report.table());
    println!(
        "\nA share is held against that of a calm run of {}.",
        yardstick::CALM_RUN
    );
    if options.quick {
        println!("\nMeasured with small sizes, which shows that it works and not how fast it is.");
    }
    bench.report.write(&figures)?;
    println!("\nWritten to {}", figures.display());
    Ok(())
}

impl Bench {
    async fn measure(&mut self, groups: &[Group]) -> anyhow::Result<()> {
        let wanted = |group: Group| groups.is_empty() || groups.contains(&group);
        if wanted(Group::Append) {
            append::measure(self).await?;
        }
        if wanted(Group::Comments) {
            comments::measure(self).await?;
        }
        if wanted(Group::Freshness) {
            freshness::measure(self).await?;
        }
        if wanted(Group::Import) {
            import::measure(self).await?;
        }
        if wanted(Group::Memory) {
            memory::measure(self).await?;
        }
        if wanted(Group::Verify) {
            verify::measure(self).await?;
        }
        if [Group::Pages, Group::AsOf, Group::Scan, Group::Projections]
            .into_iter()
            .any(wanted)
        {
            let mut history = History::load(self).await?;
            if wanted(Group::Scan) {
                read_models::scan(self, &history).await?;
            }
            // The pages are read from what the rebuild builds.
            read_models::rebuild(self, &history).await?;
            if wanted(Group::Projections) {
                read_models::catch_up(self, &mut history).await?;
            }
            if wanted(Group::Pages) {
                pages::measure(self, &history).await?;
            }
            if wanted(Group::AsOf) {
                as_of::measure(self, &history).await?;
            }
            history.remove(self).await?;
        }
        Ok(())
    }

    /// A file for what a program says while it is measured.
    fn log_file(&self) -> PathBuf {
        self.directory.path().join("docket.log")
    }
}

/// Says on standard error what is going on.
fn say(what: &str) {
    eprintln!("  {what}");
}

/// Beside the programs that are measured, which lie in the target directory's
/// `release`, and this one in its `deps`.
fn figures_file(quick: bool) -> anyhow::Result<PathBuf> {
    let own = std::env::current_exe()?;
    let target = own
        .ancestors()
        .nth(3)
        .context("the bench lies in no target directory")?;
    Ok(target.join(if quick {
        "bench-quick.json"
    } else {
        "bench.json"
    }))
}
