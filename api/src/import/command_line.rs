//! The importers as the command line offers them: a bar on standard error
//! while they work, the reconciliation on standard output at the end.

use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use projections::ProjectionName;
use strum::IntoEnumIterator;

use crate::desk::Desk;

use super::{FileOptions, Phase, ProgressEvent, servicenow_audit};

/// Imports a `ServiceNow` audit log and prints what became of it, for people
/// or as one JSON object on one line. Says whether every row was understood.
#[expect(clippy::print_stdout, reason = "the command line speaks to its user")]
pub async fn run(
    desk: &Desk,
    file: &Path,
    options: &FileOptions,
    json: bool,
) -> anyhow::Result<bool> {
    let bar = progress_bar();
    let result = servicenow_audit(desk, file, options, &|event| show(&bar, event)).await;
    let caught_up = match &result {
        Ok(_) => catch_up(desk, &bar).await,
        Err(_) => Ok(()),
    };
    bar.finish_and_clear();
    let account = result?;
    if json {
        println!("{}", serde_json::to_string(&account)?);
    } else {
        print!("{account}");
    }
    caught_up.context("the import is complete, but a read model does not take it in")?;
    Ok(account.is_complete())
}

/// Sees to it that every read model has what was imported: where nobody serves
/// the desk, nobody else would before the next one does.
async fn catch_up(desk: &Desk, bar: &ProgressBar) -> anyhow::Result<()> {
    /// Longer than building all of them anew takes.
    const LIMIT: Duration = Duration::from_secs(24 * 60 * 60);
    bar.set_message("read models");
    if let Some(projectors) = desk.projectors() {
        let head = desk.log().head().await?.position;
        let names: Vec<_> = ProjectionName::iter().collect();
        projectors.wait_for(&names, head, LIMIT).await?;
    }
    Ok(())
}

/// A bar on standard error for the bytes of a file; where that is no terminal
/// it draws nothing.
pub fn progress_bar() -> ProgressBar {
    let bar = ProgressBar::new(0);
    let template = "{msg:<18} [{bar:40}] {percent:>3} %  {elapsed_precise}, {eta_precise} to go";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("=> "));
    }
    bar.enable_steady_tick(Duration::from_millis(500));
    bar
}

/// Moves a bar to where an import is.
pub fn show(bar: &ProgressBar, event: ProgressEvent) {
    let doing = match event.phase {
        Phase::Surveying => "surveying".to_owned(),
        Phase::Recording => format!("{} rows", event.rows),
    };
    bar.set_length(event.bytes_total);
    bar.set_position(event.bytes_read);
    bar.set_message(doing);
}
