//! The stages that a work item lacks.

use chrono::TimeDelta;
use serde_json::json;

use super::{at, incident, lacking, resolved};

#[test]
fn sd_03_a_stage_is_lacking_where_nobody_comes_without_it() {
    for (stream, expected) in [
        (incident(), vec![]),
        (incident().assigned(), vec![]),
        (incident().accepted(), vec![]),
        (
            incident().accepted().then("wang.fang", &resolved()),
            vec!["track", "feedback"],
        ),
        (
            incident().then("li.wei", &resolved()),
            vec!["assign", "process", "track", "feedback"],
        ),
    ] {
        assert_eq!(lacking(&stream.asked(|_| {})), expected);
    }
    let contacted = json!({
        "type": "RequesterContacted", "contact_channel": "Phone", "text": "It works",
    });
    let told = incident()
        .accepted()
        .then("wang.fang", &contacted)
        .then("wang.fang", &resolved());
    assert_eq!(lacking(&told.asked(|_| {})), Vec::<String>::new());
    // Nobody has closed it when the time to answer was over.
    let later = told.asked(|question| question.at = at("08:00") + TimeDelta::days(7));
    assert_eq!(lacking(&later), ["close"]);
    assert_eq!(
        later.exceptions[0].description,
        "It is Resolved and lacks: close."
    );
}

#[test]
fn sd_03_closed_items_are_asked_on_request_and_cancelled_ones_never() {
    let corrected = json!({
        "type": "StatusCorrected", "from": "New", "to": "Closed", "reason": "state 7",
    });
    let closed = incident().then("import", &corrected);
    assert_eq!(lacking(&closed.asked(|_| {})), Vec::<String>::new());
    let found = closed.asked(|question| question.with_closed = true);
    assert_eq!(lacking(&found), ["assign", "process", "track", "feedback"]);
    let cancelled = json!({"type": "Cancelled", "reason": "It was none"});
    let cancelled = incident().then("li.wei", &cancelled);
    let found = cancelled.asked(|question| question.with_closed = true);
    assert_eq!(lacking(&found), Vec::<String>::new());
}
