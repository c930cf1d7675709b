//! Any text of an item can be searched for (INC-26). The short ones stand in
//! the queue's own row; what is longer than a line, event by event, stands in
//! a table of its own.

use domain::incident::Event;
use domain::text::Text;
use domain::work_item::{DetailField, Visibility, WorkEvent};

use crate::copy::{Layout, Rows};
use crate::told::told;
use crate::{Decoded, DeskEvent};

pub(super) const TEXT_LAYOUT: Layout = Layout {
    table: "work_queue_text",
    columns: &["item_id", "position", "is_public", "body"],
    key: 3,
    validity: &[],
};

/// Writes down what an event brings to search in.
pub(super) fn write_texts(rows: &mut Rows, event: &Decoded) {
    let DeskEvent::Incident(content) = &event.event else {
        return;
    };
    let texts = texts(content);
    for is_public in [true, false] {
        let of_kind = texts.iter().filter(|(kind, _)| *kind == is_public);
        let body: Vec<&str> = of_kind.map(|(_, text)| *text).collect();
        if body.is_empty() {
            continue;
        }
        let mut row = rows.row();
        row.uuid(event.recorded.aggregate_id);
        row.bigint(event.recorded.position);
        row.boolean(is_public);
        row.text(&body.join("\n").to_lowercase());
    }
}

/// The texts of an event, and whether the requester may read each of them.
fn texts(event: &Event) -> Vec<(bool, &str)> {
    let told = told(event);
    let requester_reads = is_public(event);
    let mut texts: Vec<(bool, &str)> = [told.text, told.reason]
        .into_iter()
        .flatten()
        .map(|text| (requester_reads, text))
        .collect();
    match event {
        Event::Resolved { code, cause, .. } => {
            texts.push((true, code.as_str()));
            texts.extend(cause.iter().map(|cause| (false, cause.as_str())));
        }
        Event::Work(WorkEvent::Registered { description, .. }) => {
            texts.extend(
                description
                    .as_ref()
                    .map(Text::as_str)
                    .map(|text| (true, text)),
            );
        }
        Event::Work(WorkEvent::DetailsCorrected {
            field: DetailField::Description,
            to: Some(to),
            ..
        }) => texts.push((true, to)),
        _ => {}
    }
    texts
}

/// Whether what was said with an event was said to the requester, or by them.
fn is_public(event: &Event) -> bool {
    match event {
        Event::Work(WorkEvent::CommentAdded { visibility, .. }) => {
            *visibility == Visibility::Public
        }
        Event::Work(
            WorkEvent::StageResultNotified { .. }
            | WorkEvent::RequesterContacted { .. }
            | WorkEvent::Urged { .. },
        )
        | Event::WorkaroundApplied { .. }
        | Event::Resolved { .. }
        | Event::ResolutionRejected { .. }
        | Event::Reopened { .. }
        | Event::Cancelled { .. } => true,
        _ => false,
    }
}

/// The pattern that finds a text anywhere in another one in lower case.
pub(super) fn pattern(text: &str) -> String {
    let mut pattern = String::from("%");
    for character in text.to_lowercase().chars() {
        if matches!(character, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        if character != '\0' {
            pattern.push(character);
        }
    }
    pattern.push('%');
    pattern
}
