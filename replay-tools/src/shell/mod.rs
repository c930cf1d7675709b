//! `docket-replay shell`: a prompt at a position of the log. It moves forwards
//! and backwards event by event, shows what each changed, and how any object
//! stood there. It can write nothing.
//!
//! Nothing is carried along from place to place: what is shown is folded from
//! the one stream that it is about, up to the position. So going back costs
//! what going forwards does, and memory is that of one stream.

mod command;
mod lines;
mod objects;
mod standing;
mod telling;

use anyhow::bail;
use clap::Args;
use event_store::{Audit, Filter};
use projections::Decoded;
use serde_json::json;

use crate::Verdict;
use crate::log_streams::decoded;
use crate::mark::Mark;
use crate::output::{Output, rfc3339, time};
use command::{Command, HELP, parse};
use lines::Lines;

/// Where to begin.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The position, or the time, to begin at. Default: the end of the log.
    #[arg(value_name = "POSITION|TIME")]
    at: Option<Mark>,
}

/// Reads commands and answers them, up to `quit` or the end of the input. A
/// script ends with the first command that is refused.
pub(crate) async fn run(
    audit: &Audit,
    arguments: &Arguments,
    output: &mut Output,
) -> anyhow::Result<Verdict> {
    let head = audit.head().await?.position;
    let position = match arguments.at {
        Some(mark) => mark.position(audit, head).await?,
        None => head,
    };
    let mut shell = Shell { audit, position };
    let mut lines = Lines::open()?;
    if !lines.is_script() {
        shell.place(output).await?;
        output.line("`help` lists the commands.")?;
    }
    while let Some(line) = lines.next(format!("docket {}> ", shell.position)).await? {
        let answered = match parse(&line) {
            Ok(None) => continue,
            Ok(Some(Command::Quit)) => break,
            Ok(Some(command)) => shell.answer(command, output).await,
            Err(refused) => Err(anyhow::anyhow!(refused)),
        };
        match answered {
            Ok(()) => {}
            Err(error) if lines.is_script() => return Err(error),
            Err(error) => output.error(&error),
        }
    }
    Ok(Verdict::Well)
}

/// How many events are read at once.
const PAGE: i64 = 1_000;

/// A place in the log.
struct Shell<'a> {
    audit: &'a Audit,
    /// The last event that has happened here; 0 before the first.
    position: i64,
}

impl Shell<'_> {
    async fn answer(&mut self, command: Command, output: &mut Output) -> anyhow::Result<()> {
        match command {
            Command::Next(steps) => self.next(steps, output).await,
            Command::Back(steps) => {
                if self.position == 0 {
                    bail!("this is before the first event");
                }
                self.position = (self.position - steps).max(0);
                self.arrived(output).await
            }
            Command::Goto(mark) => {
                let head = self.audit.head().await?.position;
                self.position = mark.position(self.audit, head).await?;
                self.arrived(output).await
            }
            Command::Find { wanted, backwards } => {
                let found = if backwards {
                    self.last_before(&wanted).await?
                } else {
                    let page = self.audit.page(self.position, 1, &wanted).await?;
                    page.first().map(|event| event.position)
                };
                let Some(found) = found else {
                    let side = if backwards { "before" } else { "behind" };
                    bail!("there is no such event {side} position {}", self.position);
                };
                self.position = found;
                self.arrived(output).await
            }
            Command::Show => telling::event(&self.here().await?, output),
            Command::Changes => telling::changes(&self.up_to_here().await?, output),
            Command::Object(named) => {
                let object = self.object(named.as_deref()).await?;
                telling::object(&object, self.position, output)
            }
            Command::History(named) => {
                let object = self.object(named.as_deref()).await?;
                telling::history(&object, output)
            }
            Command::Where => self.place(output).await,
            Command::Help => output.line(HELP),
            Command::Quit => Ok(()),
        }
    }

    /// Goes on by some events: what one changed is shown, several are listed.
    async fn next(&mut self, steps: i64, output: &mut Output) -> anyhow::Result<()> {
        let mut left = steps;
        while left > 0 {
            let limit = left.min(PAGE);
            let page = self
                .audit
                .page(self.position, limit, &Filter::default())
                .await?;
            let Some(last) = page.last() else {
                if left == steps {
                    bail!("this is the end of the log");
                }
                break;
            };
            self.position = last.position;
            left -= i64::try_from(page.len()).unwrap_or(limit);
            if steps == 1 {
                return self.arrived(output).await;
            }
            for event in page {
                telling::line(&decoded(event)?, output)?;
            }
        }
        Ok(())
    }

    /// Shows the event at which this is now, and what it changed.
    async fn arrived(&self, output: &mut Output) -> anyhow::Result<()> {
        if self.position == 0 {
            return self.place(output).await;
        }
        telling::changes(&self.up_to_here().await?, output)
    }

    async fn place(&self, output: &mut Output) -> anyhow::Result<()> {
        let head = self.audit.head().await?;
        let here = self.audit.event(self.position).await?;
        let recorded_at = here.map(|event| event.recorded_at);
        if output.is_json() {
            return output.json(&json!({
                "position": self.position,
                "recordedAt": recorded_at.map(rfc3339),
                "head": head.position,
            }));
        }
        match recorded_at {
            Some(at) => output.line(format_args!(
                "Position {} of {}, recorded at {}.",
                self.position,
                head.position,
                time(at)
            )),
            None => output.line(format_args!(
                "Before the first event; the log ends at position {}.",
                head.position
            )),
        }
    }

    /// The event at which this is.
    async fn here(&self) -> anyhow::Result<Decoded> {
        match self.audit.event(self.position).await? {
            Some(event) => decoded(event),
            None => bail!("there is no event here: this is before the first; `next` goes on"),
        }
    }

    /// The events of the object that the event here is about, up to here.
    async fn up_to_here(&self) -> anyhow::Result<Vec<Decoded>> {
        let here = self.here().await?;
        let recorded = &here.recorded;
        self.stream(&recorded.aggregate_type, recorded.aggregate_id)
            .await
    }

    /// The last event before this place that a filter lets through. Read page
    /// by page backwards, as the log has no index for every question.
    async fn last_before(&self, wanted: &Filter) -> anyhow::Result<Option<i64>> {
        let mut end = self.position;
        while end > 1 {
            let after = (end - 1 - PAGE).max(0);
            let limit = end - 1 - after;
            let page = self.audit.page(after, limit, &Filter::default()).await?;
            if let Some(last) = page.iter().rfind(|event| wanted.matches(event)) {
                return Ok(Some(last.position));
            }
            end = after + 1;
        }
        Ok(None)
    }
}
