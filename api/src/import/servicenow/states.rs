//! The words that the source has for states, priorities and ways of contact,
//! and what they mean here. A word that is not in these tables means nothing
//! to the desk; the row's field is then kept as it is.

use domain::incident::HoldReason;
use domain::priority::{Impact, Priority, Urgency};
use domain::work_item::ContactChannel;

/// Where the source says that an incident stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// Nobody works on it; it may have a team.
    New,
    /// Somebody works on it.
    Active,
    /// The work waits.
    Awaiting(HoldReason),
    /// The work is done.
    Resolved,
    /// It is over.
    Closed,
    /// It was none.
    Cancelled,
}

impl State {
    /// How whoever imports a log calls the states.
    pub(super) const NAMES: [(&'static str, Self); 10] = [
        ("new", Self::New),
        ("in-progress", Self::Active),
        ("on-hold-requester", Self::Awaiting(HoldReason::Requester)),
        ("on-hold-supplier", Self::Awaiting(HoldReason::Supplier)),
        ("on-hold-change", Self::Awaiting(HoldReason::Change)),
        ("on-hold-problem", Self::Awaiting(HoldReason::Problem)),
        ("on-hold-approval", Self::Awaiting(HoldReason::Approval)),
        ("resolved", Self::Resolved),
        ("closed", Self::Closed),
        ("cancelled", Self::Cancelled),
    ];

    /// The state that is called so.
    pub(super) fn called(name: &str) -> Option<Self> {
        let found = Self::NAMES
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, state)| *state)
    }

    /// What a word of the source means.
    pub(super) fn named(word: &str) -> Option<Self> {
        Some(match word {
            "New" => Self::New,
            "Active" | "In Progress" => Self::Active,
            "Awaiting User Info" | AWAITING_EVIDENCE => Self::Awaiting(HoldReason::Requester),
            "Awaiting Vendor" => Self::Awaiting(HoldReason::Supplier),
            "Awaiting Problem" => Self::Awaiting(HoldReason::Problem),
            "Awaiting Change" => Self::Awaiting(HoldReason::Change),
            "Resolved" => Self::Resolved,
            "Closed" => Self::Closed,
            "Canceled" | "Cancelled" => Self::Cancelled,
            _ => return None,
        })
    }

    /// Whether the incident is to be worked on.
    pub(super) fn is_open(self) -> bool {
        matches!(self, Self::New | Self::Active | Self::Awaiting(_))
    }

    /// Whether the desk's status says as much as the source's word did.
    pub(super) fn says_all(word: &str) -> bool {
        Self::named(word).is_some() && word != AWAITING_EVIDENCE
    }
}

/// The desk knows no hold for evidence: it waits for the requester's, and the
/// word is kept.
const AWAITING_EVIDENCE: &str = "Awaiting Evidence";

/// The digit before the name, as in `2 - Medium`.
fn digit(word: &str) -> Option<u8> {
    let number = word.split_once('-').map_or(word, |(number, _)| number);
    number.trim().parse().ok()
}

pub(super) fn impact(word: &str) -> Option<Impact> {
    match digit(word)? {
        1 => Some(Impact::High),
        2 => Some(Impact::Medium),
        3 => Some(Impact::Low),
        _ => None,
    }
}

pub(super) fn urgency(word: &str) -> Option<Urgency> {
    match digit(word)? {
        1 => Some(Urgency::High),
        2 => Some(Urgency::Medium),
        3 => Some(Urgency::Low),
        _ => None,
    }
}

pub(super) fn priority(word: &str) -> Option<Priority> {
    match digit(word)? {
        1 => Some(Priority::P1),
        2 => Some(Priority::P2),
        3 => Some(Priority::P3),
        4 => Some(Priority::P4),
        5 => Some(Priority::P5),
        _ => None,
    }
}

/// How the contact was made. What opened the incident without one, and what is
/// not known, came in through an interface.
pub(super) fn contact_channel(word: Option<&str>) -> ContactChannel {
    match word.unwrap_or_default() {
        "Phone" | "IVR" => ContactChannel::Phone,
        "Email" => ContactChannel::Email,
        "Self service" | "Self-service" => ContactChannel::Portal,
        "Walk-in" => ContactChannel::WalkIn,
        "Chat" => ContactChannel::InstantMessage,
        _ => ContactChannel::Api,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_have_their_meaning_and_others_have_none() {
        for (word, state) in [
            ("New", Some(State::New)),
            ("Active", Some(State::Active)),
            (
                "Awaiting User Info",
                Some(State::Awaiting(HoldReason::Requester)),
            ),
            (
                "Awaiting Vendor",
                Some(State::Awaiting(HoldReason::Supplier)),
            ),
            (
                "Awaiting Problem",
                Some(State::Awaiting(HoldReason::Problem)),
            ),
            (
                "Awaiting Evidence",
                Some(State::Awaiting(HoldReason::Requester)),
            ),
            ("Resolved", Some(State::Resolved)),
            ("Closed", Some(State::Closed)),
            ("Canceled", Some(State::Cancelled)),
            ("-100", None),
            ("closed", None),
        ] {
            assert_eq!(State::named(word), state, "{word}");
        }
        assert!(!State::says_all("Awaiting Evidence"));
        assert!(!State::says_all("-100"));
        assert!(State::says_all("Awaiting User Info"));
    }

    #[test]
    fn importance_is_read_by_its_digit() {
        assert_eq!(impact("1 - High"), Some(Impact::High));
        assert_eq!(urgency("3 - Low"), Some(Urgency::Low));
        assert_eq!(priority("4 - Low"), Some(Priority::P4));
        assert_eq!(priority("5 - Planning"), Some(Priority::P5));
        assert_eq!(impact("4 - None"), None);
        assert_eq!(urgency("High"), None);
        assert_eq!(priority("-1"), None);
    }
}
