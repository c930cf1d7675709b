//! Events written by earlier versions of the desk, brought to today's shape
//! when they are read. What is stored never changes.

use cqrs_es::persist::{EventUpcaster, SemanticVersionEventUpcaster};
use serde_json::Value;

/// Since 2.0 a hold names a reason from a list; 1.0 had free words only
/// (`waiting_for`), which are kept as the text.
pub(super) const PUT_ON_HOLD_VERSION: &str = "2.0";

/// Every upcaster of the incident's events, oldest first.
pub fn upcasters() -> Vec<Box<dyn EventUpcaster>> {
    vec![Box::new(SemanticVersionEventUpcaster::new(
        "PutOnHold",
        PUT_ON_HOLD_VERSION,
        Box::new(put_on_hold_names_a_reason),
    ))]
}

fn put_on_hold_names_a_reason(mut payload: Value) -> Value {
    let Some(fields) = payload.as_object_mut() else {
        return payload;
    };
    let Some(waiting_for) = fields.remove("waiting_for") else {
        return payload;
    };
    let words = waiting_for.as_str().unwrap_or_default().to_lowercase();
    let reason = if words.contains("supplier") || words.contains("供应商") {
        "Supplier"
    } else if words.contains("change") || words.contains("变更") {
        "Change"
    } else if words.contains("problem") || words.contains("问题") {
        "Problem"
    } else if words.contains("approval") || words.contains("审批") {
        "Approval"
    } else {
        "Requester"
    };
    fields.insert("reason".to_owned(), reason.into());
    fields.insert("text".to_owned(), waiting_for);
    payload
}
