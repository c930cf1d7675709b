//! The stages that a work item has skipped or lacks.

use chrono::TimeDelta;
use serde_json::json;

use super::{Stream, at, gaps, incident, resolved};

fn contacted() -> serde_json::Value {
    json!({"type": "RequesterContacted", "contact_channel": "Phone", "text": "It works"})
}

#[test]
fn sd_03_what_an_item_has_gone_past_is_skipped_and_where_it_stands_is_lacking() {
    let none = || [vec![], vec![]];
    for (stream, expected) in [
        (incident(), none()),
        (incident().assigned(), none()),
        (incident().accepted(), none()),
        (
            incident().accepted().then("wang.fang", &resolved()),
            [vec!["track"], vec!["feedback"]],
        ),
        (
            incident().then("li.wei", &resolved()),
            [vec!["assign", "process", "track"], vec!["feedback"]],
        ),
    ] {
        assert_eq!(gaps(&stream.asked(|_| {})), expected);
    }
    let told = incident()
        .accepted()
        .then("wang.fang", &contacted())
        .then("wang.fang", &resolved());
    assert_eq!(
        gaps(&told.asked(|_| {})),
        [vec![], vec!["feedback"]],
        "what was said before the resolution is no feedback on it"
    );
    let told = told.then("wang.fang", &contacted());
    assert_eq!(gaps(&told.asked(|_| {})), none());
    // Nobody has closed it when the time to answer was over.
    let later = told.asked(|question| question.at = at("08:00") + TimeDelta::days(7));
    assert_eq!(gaps(&later), [vec![], vec!["close"]]);
    assert_eq!(
        later.exceptions[0].description,
        "It is Resolved and lacks: close."
    );
}

#[test]
fn sd_03_closed_cancelled_and_merged_items_are_asked_on_request() {
    let asked = |stream: &Stream| gaps(&stream.asked(|question| question.with_closed = true));
    let corrected = json!({
        "type": "StatusCorrected", "from": "New", "to": "Closed", "reason": "state 7",
    });
    let none: [Vec<&str>; 2] = [vec![], vec![]];
    let closed = incident().then("import", &corrected);
    assert_eq!(gaps(&closed.asked(|_| {})), none);
    assert_eq!(
        asked(&closed),
        [vec!["assign", "process", "track", "feedback"], vec![]]
    );
    let ended = |told: &[&str]| {
        let cancelled = json!({"type": "Cancelled", "reason": "It was none", "told": told});
        let merged = json!({
            "type": "MergedInto", "target": uuid::Uuid::max(), "target_number": "INC0000043",
            "reason": "The same", "told": told,
        });
        [cancelled, merged]
    };
    for silent in ended(&[]) {
        let stream = incident().then("li.wei", &silent);
        assert_eq!(gaps(&stream.asked(|_| {})), none);
        assert_eq!(asked(&stream), [vec!["feedback"], vec![]]);
        let told_later = stream.then("li.wei", &contacted());
        assert_eq!(asked(&told_later), none);
    }
    for told in ended(&["chen.jie"]) {
        let stream = incident().then("li.wei", &told);
        assert_eq!(asked(&stream), none);
    }
}
