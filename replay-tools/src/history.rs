//! `docket-replay history`: what happened to an incident, step by step.

use clap::Args;
use event_store::Audit;
use projections::work_item_history::HistoryRow;
use serde_json::{Value, json};

use crate::Verdict;
use crate::output::{Output, count, fields, shown, time};
use crate::subject::Subject;

/// Which incident.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Its number (INC0000042), its UUID, or its reference in another system.
    incident: String,
}

/// Prints the history, made from the log alone.
pub(crate) async fn run(
    audit: &Audit,
    arguments: &Arguments,
    output: &mut Output,
) -> anyhow::Result<Verdict> {
    let subject = Subject::find(audit, &arguments.incident).await?;
    tell(&subject, output)?;
    Ok(Verdict::Well)
}

/// Prints the steps that the events of something are.
pub(crate) fn tell(subject: &Subject, output: &mut Output) -> anyhow::Result<()> {
    let steps = steps(subject);
    if output.is_json() {
        let steps: Vec<Value> = steps
            .iter()
            .map(|step| fields(step).map(Value::Object))
            .collect::<Result<_, _>>()?;
        output.json(&json!({
            "incident": { "id": subject.id, "number": subject.number },
            "steps": steps,
        }))?;
    } else {
        print(subject, &steps, output)?;
    }
    Ok(())
}

fn steps(subject: &Subject) -> Vec<HistoryRow> {
    let mut steps: Vec<HistoryRow> = Vec::with_capacity(subject.events.len());
    for event in &subject.events {
        let before = steps.last().map(|step| step.status.clone());
        steps.extend(HistoryRow::from_event(event, before.as_deref()));
    }
    steps
}

fn print(subject: &Subject, steps: &[HistoryRow], output: &mut Output) -> anyhow::Result<()> {
    let events = i64::try_from(steps.len()).unwrap_or(i64::MAX);
    output.line(format_args!(
        "{} ({}): {}",
        shown(&subject.number),
        subject.id,
        count(events, "event")
    ))?;
    output.line("")?;
    output.line(format_args!(
        "{:>4} {:>10}  {:<27}  {:<27}  what, and by whom",
        "step", "position", "effective", "recorded"
    ))?;
    for step in steps {
        output.line(format_args!(
            "{:>4} {:>10}  {}  {}  {}, by {}",
            step.sequence,
            step.position,
            time(step.effective_at),
            time(step.recorded_at),
            step.event_type,
            actor(step)
        ))?;
        for change in &step.changes {
            let side = |value: &Option<String>| value.as_deref().map_or("-".to_owned(), shown);
            let (field, after) = (shown(&change.field), side(&change.after));
            let text = match &change.before {
                Some(_) => format!("{field}: {} -> {after}", side(&change.before)),
                None => format!("{field}: {after}"),
            };
            said(&text, output)?;
        }
        let is_internal = step.visibility.as_deref() == Some("Internal");
        let label = if is_internal {
            "text (internal)"
        } else {
            "text"
        };
        for (label, words) in [(label, &step.text), ("reason", &step.reason)] {
            if let Some(words) = words {
                said(&format!("{label}: {}", shown(words)), output)?;
            }
        }
    }
    Ok(())
}

/// Prints something below a step; each of its lines in the same column.
fn said(text: &str, output: &mut Output) -> anyhow::Result<()> {
    for line in text.lines() {
        output.line(format_args!("{:>16}  {line}", ""))?;
    }
    Ok(())
}

/// Who acted, in which role, for whom, by which rule, through which door.
fn actor(step: &HistoryRow) -> String {
    let mut about = Vec::new();
    about.extend(step.role.clone());
    about.extend(
        step.on_behalf_of
            .as_ref()
            .map(|person| format!("for {person}")),
    );
    about.extend(step.rule.as_ref().map(|rule| format!("by rule {rule}")));
    about.extend(
        step.channel
            .as_ref()
            .map(|channel| format!("via {channel}")),
    );
    let actor = if about.is_empty() {
        step.actor.clone()
    } else {
        format!("{} ({})", step.actor, about.join(", "))
    };
    shown(&actor)
}
