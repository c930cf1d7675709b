//! What goes wrong at an insurer: the stories from which the incidents of the
//! sample desk are made. A story is told by several incidents, each with its
//! own place, people and numbers.
//!
//! Texts name what differs in braces: `{place}` where the requester works,
//! `{name}` who they are and `{dear}` how the desk speaks to them, `{agent}`
//! who works on it, `{n}` a small number, `{m}` a larger one and `{high}` one
//! near a hundred, `{policy}` and `{claim}` the numbers of a policy and a
//! claim, `{code}` the code of the place, `{device}` a device and `{line}` the
//! line there, `{system}` the service.

mod channels;
mod claims;
mod core;
mod desktop;
mod english;
mod infrastructure;
mod interfaces;
mod network;
mod office;

use domain::priority::{Impact, Urgency};
use domain::work_item::ContactChannel;

use super::organisation::{Language, TeamKey};

/// Something that goes wrong, as all who deal with it put it into words.
#[derive(Debug)]
pub(super) struct Story {
    /// Unique; it names the story where a rule refuses one of its steps.
    pub(super) key: &'static str,
    /// The language in which it is told.
    pub(super) language: Language,
    /// How often it happens, compared with the others.
    pub(super) weight: u32,
    /// What it is filed under.
    pub(super) category: &'static str,
    /// The service concerned.
    pub(super) service: &'static str,
    /// The configuration items concerned; the first is known at once.
    pub(super) cis: &'static [&'static str],
    /// How much of the business is affected.
    pub(super) impact: Impact,
    /// How soon a solution is needed.
    pub(super) urgency: Urgency,
    /// How people reach the desk with it.
    pub(super) contact: &'static [ContactChannel],
    /// Who ends it.
    pub(super) team: TeamKey,
    /// Whom a dispatcher in a hurry sends it to.
    pub(super) mistaken_for: TeamKey,
    /// Whether the first line ends it at the first contact as a rule.
    pub(super) at_contact: bool,
    /// In one line, in two ways.
    pub(super) summary: [&'static str; 2],
    /// In full, in two ways.
    pub(super) description: [&'static str; 2],
    /// What is suspected at first.
    pub(super) hypothesis: &'static str,
    /// What is found out, one after the other.
    pub(super) findings: [&'static str; 2],
    /// How the effect is lessened, where it can be.
    pub(super) workaround: Option<&'static str>,
    /// How it ends, as a code.
    pub(super) code: &'static str,
    /// What caused it.
    pub(super) cause: &'static str,
    /// What ended it, for the requester.
    pub(super) solution: &'static str,
    /// What the desk needs to know from the requester.
    pub(super) question: &'static str,
    /// What the requester answers.
    pub(super) answer: &'static str,
    /// How far things are, for the requester.
    pub(super) progress: &'static str,
    /// What those at the desk tell each other.
    pub(super) internal: &'static str,
    /// The article that helps.
    pub(super) article: Option<&'static str>,
    /// The platform of another organisation that is asked, and how its
    /// references begin.
    pub(super) outside: Option<(&'static str, &'static str)>,
}

impl Story {
    /// Whether monitoring reports it, and nobody asks.
    pub(super) fn is_alert(&self) -> bool {
        self.contact == ALERT
    }
}

/// People call, or write from their desk.
const CALLS: &[ContactChannel] = &[
    ContactChannel::Phone,
    ContactChannel::Phone,
    ContactChannel::Portal,
    ContactChannel::InstantMessage,
];
/// People write about what can wait an hour.
const WRITES: &[ContactChannel] = &[
    ContactChannel::Portal,
    ContactChannel::Portal,
    ContactChannel::Email,
    ContactChannel::OfficeAutomation,
];
/// People walk up to the one who supports them.
const WALKS: &[ContactChannel] = &[
    ContactChannel::Phone,
    ContactChannel::WalkIn,
    ContactChannel::Portal,
];
/// Monitoring sees it first.
const ALERT: &[ContactChannel] = &[ContactChannel::Monitoring];

/// What most stories have in common.
const STORY: Story = Story {
    key: "",
    language: Language::Chinese,
    weight: 3,
    category: "other",
    service: "workplace",
    cis: &[],
    impact: Impact::Medium,
    urgency: Urgency::Medium,
    contact: CALLS,
    team: TeamKey::Core,
    mistaken_for: TeamKey::Network,
    at_contact: false,
    summary: [""; 2],
    description: [""; 2],
    hypothesis: "",
    findings: [""; 2],
    workaround: None,
    code: "",
    cause: "",
    solution: "",
    question: "",
    answer: "",
    progress: "",
    internal: "",
    article: None,
    outside: None,
};

/// Every story.
pub(super) fn all() -> impl Iterator<Item = &'static Story> {
    [
        core::STORIES,
        claims::STORIES,
        channels::STORIES,
        interfaces::STORIES,
        network::STORIES,
        office::STORIES,
        desktop::STORIES,
        infrastructure::STORIES,
        english::STORIES,
    ]
    .into_iter()
    .flatten()
}
