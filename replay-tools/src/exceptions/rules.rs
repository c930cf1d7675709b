//! What can be told of an event by itself.
//!
//! The rules go by the names of events and aggregates, as the log has them:
//! an event of a practice that is added later is found by the same words.

use chrono::TimeDelta;
use domain::audit::{LogExportEvent, SealKeysEvent};
use domain::configuration;
use domain::organisation::{TeamEvent, TokenEvent};
use domain::{Channel, incident};
use projections::{Decoded, DeskEvent};

use super::exception::Kind;

/// What the names of events end with that are exceptions by themselves.
const BY_ENDING: [(&str, Kind); 3] = [
    ("Overridden", Kind::Override),
    ("Excluded", Kind::Exclusion),
    ("Corrected", Kind::Correction),
];

/// The aggregates by which rights are given and taken: who may sign in, whose
/// work somebody may do, who seals the log, and who took it away.
const PRIVILEGED: [&str; 4] = ["api_token", "log_export", "seal_keys", "team"];

/// The kind of exception that an event is by its name, and why in a sentence.
pub(super) fn by_name(event: &Decoded) -> Option<(Kind, String)> {
    let name = &event.recorded.event_type;
    if PRIVILEGED.contains(&&*event.recorded.aggregate_type) {
        return Some((Kind::Privileged, privileged(event)));
    }
    let (_, kind) = BY_ENDING
        .into_iter()
        .find(|(ending, _)| name.ends_with(ending))?;
    let description = match &event.event {
        DeskEvent::Incident(incident::Event::StatusCorrected { from, to, .. }) => format!(
            "A history taken over goes from {} to {}, which the process forbids.",
            from.as_ref(),
            to.as_ref()
        ),
        _ => match kind {
            Kind::Override => "What a rule had said was overruled.".to_owned(),
            Kind::Exclusion => "Time was left out of what is measured.".to_owned(),
            _ => "A record was put right.".to_owned(),
        },
    };
    Some((kind, description))
}

fn privileged(event: &Decoded) -> String {
    match &event.event {
        DeskEvent::ApiToken(TokenEvent::TokenIssued {
            name,
            role,
            expires_at,
            ..
        }) => {
            let end = expires_at.map_or("without an end".to_owned(), |at| {
                format!("until {}", crate::output::time(at))
            });
            format!(
                "A token was made by which {name} acts as {}, {end}.",
                role.as_ref()
            )
        }
        DeskEvent::ApiToken(TokenEvent::TokenRevoked {}) => "The token was revoked.".to_owned(),
        DeskEvent::Team(TeamEvent::TeamFounded { name, .. }) => {
            format!("The team {name} was founded.")
        }
        DeskEvent::Team(TeamEvent::MemberAdded { person, name }) => {
            format!("{name} ({person}) may do the team's work.")
        }
        DeskEvent::Team(TeamEvent::MemberRemoved { person }) => {
            format!("{person} may no longer do the team's work.")
        }
        DeskEvent::Team(TeamEvent::TeamLeadNamed { to, .. }) => match to {
            Some(lead) => format!("{lead} leads the team."),
            None => "Nobody leads the team.".to_owned(),
        },
        DeskEvent::Team(TeamEvent::TeamDeactivated {}) => {
            "Nothing is assigned to the team any more.".to_owned()
        }
        DeskEvent::Team(TeamEvent::TeamReactivated {}) => "The team works again.".to_owned(),
        DeskEvent::SealKeys(SealKeysEvent::SealKeyAdopted { verifier_key }) => {
            format!("The log is sealed by the key {verifier_key}.")
        }
        DeskEvent::SealKeys(SealKeysEvent::SealKeyRotated { to, .. }) => {
            format!("The log was handed over to the key {to}.")
        }
        DeskEvent::SealKeys(SealKeysEvent::LossAccepted {
            lost_size,
            sealed_size,
            ..
        }) => format!(
            "Events that were sealed are lost: a head of {lost_size} events was signed, and the \
             log goes on from position {sealed_size}."
        ),
        DeskEvent::LogExport(LogExportEvent::LogExported(export)) => format!(
            "{} events of the positions {} to {} were taken away as {}.",
            export.events,
            export.from_position,
            export.to_position,
            export.format.as_ref()
        ),
        _ => format!(
            "{} changes what somebody may do.",
            event.recorded.event_type
        ),
    }
}

/// Whether an event became known late, and if so how late. Of the events of a
/// command the first one stands for all.
pub(super) fn late(event: &Decoded, late_after: TimeDelta) -> Option<TimeDelta> {
    let delay = event.recorded.recorded_at - event.metadata.effective_at;
    (event.recorded.command_index == 0 && delay > late_after).then_some(delay)
}

/// Whether an event was taken over from another desk, which makes it late by
/// its nature.
pub(super) fn is_imported(event: &Decoded) -> bool {
    event.metadata.channel.as_deref() == Some(Channel::Import.as_ref())
}

/// Which version of a configuration an event publishes.
pub(super) fn published(event: &DeskEvent) -> Option<u32> {
    fn version<C>(event: &configuration::Event<C>) -> Option<u32> {
        match event {
            configuration::Event::Published { version, .. } => Some(*version),
            _ => None,
        }
    }
    match event {
        DeskEvent::PriorityMatrix(event) => version(event),
        DeskEvent::CategoryTree(event) => version(event),
        _ => None,
    }
}

/// Which version of a configuration an event takes back.
pub(super) fn withdrawn(event: &DeskEvent) -> Option<u32> {
    fn version<C>(event: &configuration::Event<C>) -> Option<u32> {
        match event {
            configuration::Event::VersionWithdrawn { version, .. } => Some(*version),
            _ => None,
        }
    }
    match event {
        DeskEvent::PriorityMatrix(event) => version(event),
        DeskEvent::CategoryTree(event) => version(event),
        _ => None,
    }
}

/// A length of time for people, in its two largest units.
pub(super) fn in_words(delay: TimeDelta) -> String {
    let (days, hours, minutes) = (
        delay.num_days(),
        delay.num_hours() % 24,
        delay.num_minutes() % 60,
    );
    match (days, hours) {
        (0, 0) => format!("{minutes} min"),
        (0, hours) => format!("{hours} h {minutes} min"),
        (days, hours) => format!("{days} d {hours} h"),
    }
}
