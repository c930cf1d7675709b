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
    implied: &[],
};

/// The short texts of a past version `q` as they are searched, in SQL, where it
/// has no custom fields and nothing has upper and lower case but ASCII. Others
/// have the text itself.
pub(super) const SHORT_TEXTS: &str = "lower(concat_ws(E'\\n', q.number, q.summary, q.requester, \
    q.affected_person, q.service, q.category_code, q.team_name, q.department, q.person, \
    nullif(array_to_string(q.watchers, E'\\n'), ''), nullif(array_to_string(q.cis, E'\\n'), ''), \
    nullif(array_to_string(q.external_references, E'\\n'), ''), \
    nullif(array_to_string(q.attachment_names, E'\\n'), ''), '') collate \"C\")";

/// Adds a text in lower case.
pub(super) fn push_lowercase(to: &mut String, text: &str) {
    let start = to.len();
    if has_only_ascii_case(text) {
        to.push_str(text);
        to[start..].make_ascii_lowercase();
    } else {
        to.push_str(&text.to_lowercase());
    }
}

/// Whether ASCII's letters are the only ones of a text that change in lower
/// case.
pub(super) fn has_only_ascii_case(text: &str) -> bool {
    /// Chinese, Japanese and what surrounds them in Unicode.
    const WITHOUT_CASE: std::ops::RangeInclusive<char> = '\u{2e80}'..='\u{a63f}';
    text.is_ascii()
        || text.chars().all(|character| {
            character.is_ascii()
                || WITHOUT_CASE.contains(&character)
                || character.to_lowercase().eq([character])
        })
}

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
        let mut lowercase = String::new();
        push_lowercase(&mut lowercase, &body.join("\n"));
        row.text(&lowercase);
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::push_lowercase;

    proptest! {
        #[test]
        fn texts_are_searched_in_the_lower_case_of_unicode(text in "\\PC*") {
            let mut lowercase = String::new();
            push_lowercase(&mut lowercase, &text);
            prop_assert_eq!(lowercase, text.to_lowercase());
        }
    }

    #[test]
    fn every_letter_is_searched_in_the_lower_case_of_unicode() {
        for letter in '\0'..=char::MAX {
            let text = letter.to_string();
            let mut lowercase = String::new();
            push_lowercase(&mut lowercase, &text);
            assert_eq!(lowercase, text.to_lowercase());
        }
    }
}
