//! Any text of an item can be searched for (INC-26). The short ones stand in
//! the queue's own row; what is longer than a line, event by event, stands in
//! a table of its own.

use domain::ids::PersonId;
use domain::incident::Event;
use domain::text::Text;
use domain::work_item::{DetailField, Visibility, WorkEvent};

use crate::copy::{Layout, Rows};
use crate::told::told;
use crate::{AsOf, Decoded, DeskEvent};

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
const SHORT_TEXTS: &str = "lower(concat_ws(E'\\n', q.number, q.summary, q.requester, \
    q.affected_person, q.service, q.category_code, q.team_name, q.department, q.person, \
    nullif(array_to_string(q.cis, E'\\n'), ''), \
    nullif(array_to_string(q.external_references, E'\\n'), ''), \
    nullif(array_to_string(q.attachment_names, E'\\n'), ''), E'\\x01', \
    nullif(array_to_string(q.watchers, E'\\n'), ''), '') collate \"C\")";

/// What stands between the short texts that the requester may read and those
/// that they may not.
pub(super) const FOR_THE_DESK: char = '\u{1}';

/// The part of a searched text, in SQL, that the requester may read.
pub(super) fn readable(text: &str) -> String {
    format!("split_part({text}, E'\\x01', 1)")
}

/// The short texts of a version `q` as they are searched, in lower case, a line
/// each: the number first, then the summary.
pub(super) fn searched(as_of: AsOf) -> String {
    match as_of {
        AsOf::Now => "q.search_text".to_owned(),
        AsOf::Position(_) => format!("coalesce(q.search_text, {SHORT_TEXTS})"),
    }
}

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
        Event::Resolved {
            code,
            cause,
            knowledge,
            ..
        } => {
            texts.push((true, code.as_str()));
            texts.extend(cause.iter().map(|cause| (false, cause.as_str())));
            texts.extend(knowledge.iter().map(|article| (true, article.as_str())));
        }
        Event::MajorDeclared { leader, .. } => {
            texts.extend(leader.iter().map(|leader| (false, leader.as_str())));
        }
        Event::Cancelled {
            told,
            no_feedback_reason,
            ..
        } => texts.extend(farewell(told, no_feedback_reason.as_ref())),
        Event::InitialSupportGiven {
            answer,
            article,
            workaround,
        } => {
            texts.extend(article.iter().map(|article| (true, article.as_str())));
            // The other of the two was said already.
            let second = workaround.iter().filter(|_| answer.is_some());
            texts.extend(second.map(|workaround| (true, workaround.as_str())));
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
        Event::Work(event) => texts.extend(connections(event)),
        _ => {}
    }
    texts
}

fn farewell<'a>(
    told: &'a [PersonId],
    no_feedback_reason: Option<&'a Text>,
) -> impl Iterator<Item = (bool, &'a str)> {
    let told = told.iter().map(|person| (true, person.as_str()));
    told.chain(no_feedback_reason.map(|reason| (false, reason.as_str())))
}

/// The people, items, articles and files that a step names.
fn connections(event: &WorkEvent) -> Vec<(bool, &str)> {
    match event {
        WorkEvent::StageResultNotified { recipients, .. } => names(recipients),
        WorkEvent::Urged { notified, .. } => names(notified),
        WorkEvent::EscalatedHierarchically { person, .. } => person
            .iter()
            .map(|person| (false, person.as_str()))
            .collect(),
        WorkEvent::WorkLinked { target_number, .. } => vec![(false, target_number.as_str())],
        WorkEvent::MergedInto {
            target_number,
            told,
            no_feedback_reason,
            ..
        } => std::iter::once((false, target_number.as_str()))
            .chain(farewell(told, no_feedback_reason.as_ref()))
            .collect(),
        WorkEvent::KnowledgeApplied { article } => vec![(false, article.as_str())],
        WorkEvent::AttachmentAdded { attachment } => vec![
            (true, attachment.media_type.as_str()),
            (true, attachment.sha256.as_str()),
        ],
        _ => Vec::new(),
    }
}

/// People whom the desk told; the requester does not read who else was.
fn names(people: &[PersonId]) -> Vec<(bool, &str)> {
    people
        .iter()
        .map(|person| (false, person.as_str()))
        .collect()
}

/// Whether what was said with an event was said to the requester, or by them.
/// A staged result may have been sent to others.
fn is_public(event: &Event) -> bool {
    match event {
        Event::Work(WorkEvent::CommentAdded { visibility, .. }) => {
            *visibility == Visibility::Public
        }
        Event::Work(WorkEvent::RequesterContacted { .. } | WorkEvent::Urged { .. })
        | Event::WorkaroundApplied { .. }
        | Event::InitialSupportGiven { .. }
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
