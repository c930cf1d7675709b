//! `docket-replay rebuild`: projections built anew from the log, to take the
//! place of the live ones, or to be compared with them.

use std::str::FromStr;

use anyhow::Context;
use clap::Args;
use clap::builder::FalseyValueParser;
use event_store::{Database, Log, LogSettings};
use indicatif::ProgressBar;
use projections::ProjectionName;
use projections::rebuild::{self, Checked, Rebuilt};
use serde::Serialize;
use strum::IntoEnumIterator;

use crate::Verdict;
use crate::output::{Output, count, one_line};

/// Which projections, and what for.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Builds aside and compares with the live one row by row, which is left
    /// as it is. Without it, what was built takes the live one's place.
    #[arg(long, env = "DOCKET_REPLAY_CHECK", value_parser = FalseyValueParser::new())]
    check: bool,

    /// The projection, or `all` of them.
    #[arg(value_parser = names())]
    projection: String,
}

/// What scripts rely on: a line a projection that was compared.
#[derive(Debug, Serialize)]
struct CheckedLine<'a> {
    projection: &'a str,
    rows: i64,
    differences: i64,
}

/// The same for one that was put in its place.
#[derive(Debug, Serialize)]
struct RebuiltLine<'a> {
    projection: &'a str,
    rows: i64,
    position: i64,
}

const ALL: &str = "all";

/// The names that may be given. They live as long as the program, as clap
/// wants them to.
fn names() -> clap::builder::PossibleValuesParser {
    let names = ProjectionName::iter().map(|name| &*name.as_ref().to_owned().leak());
    clap::builder::PossibleValuesParser::new(names.chain([ALL]))
}

/// Rebuilds, or compares, one projection after the other. One that cannot be
/// done does not keep the others from it.
pub(crate) async fn run(
    database: &Database,
    arguments: &Arguments,
    output: &mut Output,
) -> anyhow::Result<Verdict> {
    let chosen: Vec<ProjectionName> = match ProjectionName::from_str(&arguments.projection) {
        Ok(name) => vec![name],
        Err(_) => ProjectionName::iter().collect(),
    };
    let log = Log::open(database.pool().clone(), LogSettings::default()).await?;
    let mut verdict = Verdict::Well;
    let mut failure: Option<anyhow::Error> = None;
    for name in chosen {
        let done = if arguments.check {
            check(&log, database, name, output).await
        } else {
            replace(&log, database, name, output).await
        };
        match done {
            Ok(Verdict::Well) => {}
            Ok(Verdict::Found) => verdict = Verdict::Found,
            Err(error) => {
                if let Some(earlier) = failure.replace(error) {
                    output.error(&earlier);
                }
            }
        }
    }
    log.shutdown().await;
    match failure {
        Some(error) => Err(error),
        None => Ok(verdict),
    }
}

async fn check(
    log: &Log,
    database: &Database,
    name: ProjectionName,
    output: &mut Output,
) -> anyhow::Result<Verdict> {
    let bar = output.progress(&format!("checking {}", name.as_ref()), 0);
    let checked = rebuild::check(log, database, name, &|reached, aim| {
        show(&bar, reached, aim);
    })
    .await;
    bar.finish_and_clear();
    let Checked {
        rows,
        differences,
        first_differences,
        position,
    } = checked.with_context(|| format!("{} could not be checked", name.as_ref()))?;
    if output.is_json() {
        output.json(&CheckedLine {
            projection: name.as_ref(),
            rows,
            differences,
        })?;
    } else if differences == 0 {
        output.line(format_args!(
            "{}: {} at position {position}, as the log says",
            name.as_ref(),
            count(rows, "row")
        ))?;
    } else {
        output.line(format_args!(
            "{}: {} at position {position}, {} from what the log says",
            name.as_ref(),
            count(rows, "row"),
            count(differences, "difference")
        ))?;
        for difference in &first_differences {
            output.line(format_args!("  {}", one_line(difference)))?;
        }
        let described = i64::try_from(first_differences.len()).unwrap_or(i64::MAX);
        if differences > described {
            output.line(format_args!("  and {} more", differences - described))?;
        }
    }
    Ok(if differences == 0 {
        Verdict::Well
    } else {
        Verdict::Found
    })
}

async fn replace(
    log: &Log,
    database: &Database,
    name: ProjectionName,
    output: &mut Output,
) -> anyhow::Result<Verdict> {
    let bar = output.progress(&format!("rebuilding {}", name.as_ref()), 0);
    let rebuilt = rebuild::rebuild(log, database, name, &|reached, aim| {
        show(&bar, reached, aim);
    })
    .await;
    bar.finish_and_clear();
    let Rebuilt { rows, position } =
        rebuilt.with_context(|| format!("{} could not be rebuilt", name.as_ref()))?;
    if output.is_json() {
        output.json(&RebuiltLine {
            projection: name.as_ref(),
            rows,
            position,
        })?;
    } else {
        output.line(format_args!(
            "{}: rebuilt with {} at position {position}, and served from now on",
            name.as_ref(),
            count(rows, "row")
        ))?;
    }
    Ok(Verdict::Well)
}

fn show(bar: &ProgressBar, reached: i64, aim: i64) {
    bar.set_length(u64::try_from(aim).unwrap_or_default());
    bar.set_position(u64::try_from(reached).unwrap_or_default());
}
