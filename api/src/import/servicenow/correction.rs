//! What a real log holds and the process forbids. Each such thing is kept, and
//! an event says what it was.

/// A thing of the source that no ordinary step of the desk stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Correction {
    /// What kind of thing.
    pub(super) kind: Kind,
    /// What the mark of the update says about it, where no other event does.
    pub(super) remark: Option<String>,
}

/// What makes a correction necessary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// An update has the time of the one before it.
    EqualTimes,
    /// An update is older than the one before it.
    TimeRunsBackwards,
    /// The clocks of the zone showed the time of an update twice.
    TimeTwice,
    /// The clocks of the zone never showed the time of an update.
    TimeSkipped,
    /// An update is older than the first contact.
    BeforeFirstContact,
    /// It is older than the step that it rests on.
    BeforeItsStep,
    /// The source counts an update again, or counts backwards.
    CountRunsBackwards,
    /// The state has no meaning here.
    StateUnknown,
    /// It is worked on, and nobody is named who took it on.
    NobodyAccepted,
    /// No step of the process leads to the state.
    StateWithoutStep,
    /// It was handed over after its end.
    HandedOverAfterEnd,
    /// A person has it, or somebody had it, and no group is named.
    GroupNotGiven,
    /// Nobody is named who asked.
    CallerNotGiven,
    /// Impact, urgency or priority are not given, or have no meaning here.
    ImportanceUnknown,
}

impl Kind {
    /// What the reconciliation calls it.
    pub(super) fn in_words(self) -> &'static str {
        match self {
            Self::EqualTimes => "the time of the update before",
            Self::TimeRunsBackwards => "older than the update before",
            Self::TimeTwice => "a time that the clocks showed twice",
            Self::TimeSkipped => "a time that the clocks never showed",
            Self::BeforeFirstContact => "older than the first contact",
            Self::BeforeItsStep => "older than the step that it rests on",
            Self::CountRunsBackwards => "update counted again or backwards",
            Self::StateUnknown => "state without a meaning here",
            Self::NobodyAccepted => "worked on, and nobody accepted it",
            Self::StateWithoutStep => "state that no step leads to",
            Self::HandedOverAfterEnd => "handed over after its end",
            Self::GroupNotGiven => "group not given",
            Self::CallerNotGiven => "caller not given",
            Self::ImportanceUnknown => "impact, urgency or priority without a meaning here",
        }
    }
}
