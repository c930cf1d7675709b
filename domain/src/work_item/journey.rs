//! The way of a work item from the first contact to the end (SD-03): accept,
//! assign, process, track, feedback, close (受理, 分配, 处理, 跟踪, 反馈, 结束),
//! and which of these stages an item has skipped or lacks. This is the one rule
//! for it: the queue's filter, the item's page and the exceptions report ask
//! here.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use strum::{AsRefStr, EnumIter, EnumString, IntoEnumIterator, IntoStaticStr};

/// A stage on the way from the first contact to the end, in their order.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    AsRefStr,
    EnumIter,
    EnumString,
    IntoStaticStr,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum JourneyStage {
    /// 受理: the contact was recorded, filed and given a priority.
    Accept,
    /// 分配: a team got it.
    Assign,
    /// 处理: a team took it on.
    Process,
    /// 跟踪: before it was resolved, the requester or chosen people were told
    /// how things stood.
    Track,
    /// 反馈: since it was resolved, cancelled or merged, the requester has
    /// heard from the desk.
    Feedback,
    /// 结束: it was closed.
    Close,
}

/// How a stage is missing.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    AsRefStr,
    EnumIter,
    IntoStaticStr,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum GapKind {
    /// The item has gone past the stage without it.
    Skipped,
    /// The item stands at the stage and has not what the stage asks for.
    Lacking,
}

/// A stage that an item has not been through, though it has come so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// The stage.
    pub stage: JourneyStage,
    /// Whether the item has gone past the stage or stands at it.
    pub kind: GapKind,
    /// From when on the stage is missing; none where it is so as soon as the
    /// item stands where it does.
    pub since: Option<DateTime<Utc>>,
}

impl Gap {
    /// Whether the stage is missing at a time.
    pub fn holds_at(&self, at: DateTime<Utc>) -> bool {
        self.since.is_none_or(|since| since < at)
    }
}

/// Where an item stands on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// At this stage.
    At(JourneyStage),
    /// It was cancelled or merged: nobody works on it, and nobody is asked for
    /// more than to say so to the requester.
    Ended,
}

/// What an item has been through, as far as it shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each stage has been gone through or not"
)]
pub struct Journey {
    /// Where it stands.
    pub standing: Standing,
    /// Whether it was filed and given a priority.
    pub accepted: bool,
    /// Whether a team got it.
    pub assigned: bool,
    /// Whether a team took it on.
    pub processed: bool,
    /// Whether somebody was told how things stood before it was resolved.
    pub tracked: bool,
    /// Whether the requester has heard from the desk since its end.
    pub fed_back: bool,
    /// Whether it was closed.
    pub closed: bool,
    /// Until when a resolved item waits for the requester's answer, after
    /// which it is to be closed; none where it waits for nobody.
    pub answer_by: Option<DateTime<Utc>>,
}

impl Journey {
    /// The stages that the item has skipped or lacks, in their order. That it
    /// has not come so far yet is no gap.
    pub fn gaps(self) -> impl Iterator<Item = Gap> {
        JourneyStage::iter().filter_map(move |stage| self.gap(stage))
    }

    fn gap(self, stage: JourneyStage) -> Option<Gap> {
        if self.has_passed(stage) {
            return None;
        }
        let gap = |kind, since| Some(Gap { stage, kind, since });
        match self.standing {
            Standing::Ended if stage == JourneyStage::Feedback => gap(GapKind::Skipped, None),
            Standing::At(here) if stage < here => gap(GapKind::Skipped, None),
            Standing::At(here) if stage == here => gap(GapKind::Lacking, None),
            Standing::At(JourneyStage::Feedback) if stage == JourneyStage::Close => self
                .answer_by
                .and_then(|by| gap(GapKind::Lacking, Some(by))),
            Standing::Ended | Standing::At(_) => None,
        }
    }

    fn has_passed(self, stage: JourneyStage) -> bool {
        match stage {
            JourneyStage::Accept => self.accepted,
            JourneyStage::Assign => self.assigned,
            JourneyStage::Process => self.processed,
            JourneyStage::Track => self.tracked,
            JourneyStage::Feedback => self.fed_back,
            JourneyStage::Close => self.closed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::JourneyStage::{Accept, Assign, Close, Feedback, Process, Track};
    use super::*;

    fn nothing_at(standing: Standing) -> Journey {
        Journey {
            standing,
            accepted: false,
            assigned: false,
            processed: false,
            tracked: false,
            fed_back: false,
            closed: false,
            answer_by: None,
        }
    }

    fn of_kind(journey: Journey, kind: GapKind) -> Vec<JourneyStage> {
        let gaps = journey.gaps().filter(|gap| gap.kind == kind);
        gaps.map(|gap| gap.stage).collect()
    }

    #[test]
    fn sd_03_what_an_item_went_past_is_skipped_and_where_it_stands_is_lacking() {
        for (here, skipped) in [
            (Accept, vec![]),
            (Assign, vec![Accept]),
            (Process, vec![Accept, Assign]),
            (Feedback, vec![Accept, Assign, Process, Track]),
            (Close, vec![Accept, Assign, Process, Track, Feedback]),
        ] {
            let journey = nothing_at(Standing::At(here));
            assert_eq!(of_kind(journey, GapKind::Skipped), skipped);
            assert_eq!(of_kind(journey, GapKind::Lacking), [here]);
        }
    }

    #[test]
    fn sd_03_an_item_that_was_through_all_that_lies_behind_it_has_no_gap() {
        let journey = Journey {
            accepted: true,
            assigned: true,
            processed: true,
            tracked: true,
            fed_back: true,
            ..nothing_at(Standing::At(Feedback))
        };
        assert_eq!(journey.gaps().count(), 0);
    }

    #[test]
    fn sd_03_a_resolved_item_lacks_its_closing_once_the_time_to_answer_is_over() {
        let answer_by = DateTime::UNIX_EPOCH;
        let journey = Journey {
            answer_by: Some(answer_by),
            ..nothing_at(Standing::At(Feedback))
        };
        let close = journey.gaps().find(|gap| gap.stage == Close).unwrap();
        assert_eq!(close.kind, GapKind::Lacking);
        assert!(!close.holds_at(answer_by));
        assert!(close.holds_at(answer_by + chrono::Duration::seconds(1)));
    }

    #[test]
    fn sd_03_a_cancelled_or_merged_item_is_asked_for_feedback_alone() {
        let ended = nothing_at(Standing::Ended);
        assert_eq!(of_kind(ended, GapKind::Skipped), [Feedback]);
        assert_eq!(of_kind(ended, GapKind::Lacking), []);
        let told = Journey {
            fed_back: true,
            ..ended
        };
        assert_eq!(told.gaps().count(), 0);
    }
}
