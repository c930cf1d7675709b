//! The stages that a work item has skipped or lacks (SD-03), in a sentence.
//! Which they are is the domain's one rule ([`domain::work_item::Journey`]),
//! which the queue's filter asks as well.

use domain::work_item::{Gap, GapKind, JourneyStage};
use projections::work_queue::WorkQueueRow;

/// Those of the stages that are missing in one way.
pub(super) fn of_kind(gaps: &[Gap], kind: GapKind) -> Vec<JourneyStage> {
    let gaps = gaps.iter().filter(|gap| gap.kind == kind);
    gaps.map(|gap| gap.stage).collect()
}

/// The stages in a sentence about the item.
pub(super) fn described(row: &WorkQueueRow, gaps: &[Gap]) -> String {
    let ended = if row.is_open { "" } else { ", no longer open," };
    let ways = [(GapKind::Skipped, "skipped"), (GapKind::Lacking, "lacks")];
    let said = ways.into_iter().filter_map(|(kind, verb)| {
        let stages = of_kind(gaps, kind);
        let names: Vec<&'static str> = stages.iter().map(Into::into).collect();
        (!names.is_empty()).then(|| format!("{verb}: {}", names.join(", ")))
    });
    let said: Vec<String> = said.collect();
    format!("It is {}{ended} and {}.", row.status, said.join("; "))
}
