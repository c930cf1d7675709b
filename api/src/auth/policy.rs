//! Who may do what: one pure table, its whole matrix a snapshot. What is not
//! named here is denied. The domain adds what depends on the item: its team,
//! its requester.

use domain::Role;
use domain::incident::IncidentAction;
use domain::work_item::WorkAction;
use strum::IntoEnumIterator;

/// Something that can be asked of the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// See work items: all of them, or, for a requester, their own.
    ReadWorkItems,
    /// See internal comments and the whole history.
    ReadInternal,
    /// Read the log itself.
    ReadLog,
    /// See the desk's configuration and teams.
    ReadConfiguration,
    /// See how far the read models are.
    ReadProjections,
    /// A kernel step of a work item.
    Work(WorkAction),
    /// A step of an incident.
    Incident(IncidentAction),
    /// Draft, review and publish configuration.
    Configure,
    /// Set up teams and their members.
    ManageTeams,
    /// Make and revoke tokens.
    ManageTokens,
}

impl Action {
    /// Everything that can be asked.
    pub fn all() -> impl Iterator<Item = Self> {
        [
            Self::ReadWorkItems,
            Self::ReadInternal,
            Self::ReadLog,
            Self::ReadConfiguration,
            Self::ReadProjections,
            Self::Configure,
            Self::ManageTeams,
            Self::ManageTokens,
        ]
        .into_iter()
        .chain(WorkAction::iter().map(Self::Work))
        .chain(IncidentAction::iter().map(Self::Incident))
    }

    /// What the action is called in the matrix.
    pub fn name(self) -> String {
        match self {
            Self::Work(action) => format!("workItem{}", action.as_ref()),
            Self::Incident(action) => format!("incident{}", action.as_ref()),
            own => format!("{own:?}"),
        }
    }
}

/// Whether a role may ask for an action at all.
pub fn permits(role: Role, action: Action) -> bool {
    match role {
        Role::Requester => requester_may(action),
        Role::Agent => agent_may(action),
        Role::Coordinator => agent_may(action) || coordinator_may(action),
        Role::Auditor => auditor_may(action),
        Role::Administrator => administrator_may(action),
    }
}

fn requester_may(action: Action) -> bool {
    matches!(
        action,
        Action::ReadWorkItems
            | Action::ReadConfiguration
            | Action::Work(WorkAction::Comment | WorkAction::Urge | WorkAction::Attach)
            | Action::Incident(
                IncidentAction::Register
                    | IncidentAction::ConfirmResolution
                    | IncidentAction::RejectResolution
                    | IncidentAction::Reopen
                    | IncidentAction::Cancel
            )
    )
}

fn agent_may(action: Action) -> bool {
    match action {
        Action::ReadWorkItems | Action::ReadInternal | Action::ReadConfiguration => true,
        Action::Work(action) => action != WorkAction::TakeIn,
        Action::Incident(action) => !matches!(
            action,
            IncidentAction::Work
                | IncidentAction::EndHold
                | IncidentAction::CloseUnanswered
                | IncidentAction::CorrectStatus
                | IncidentAction::DeclareMajor
                | IncidentAction::StandDownMajor
        ),
        Action::ReadLog
        | Action::ReadProjections
        | Action::Configure
        | Action::ManageTeams
        | Action::ManageTokens => false,
    }
}

fn coordinator_may(action: Action) -> bool {
    matches!(
        action,
        Action::ReadLog
            | Action::ReadProjections
            | Action::Incident(IncidentAction::DeclareMajor | IncidentAction::StandDownMajor)
    )
}

fn auditor_may(action: Action) -> bool {
    matches!(
        action,
        Action::ReadWorkItems
            | Action::ReadInternal
            | Action::ReadLog
            | Action::ReadConfiguration
            | Action::ReadProjections
    )
}

fn administrator_may(action: Action) -> bool {
    matches!(
        action,
        Action::ReadWorkItems
            | Action::ReadInternal
            | Action::ReadLog
            | Action::ReadConfiguration
            | Action::ReadProjections
            | Action::Configure
            | Action::ManageTeams
            | Action::ManageTokens
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_matrix() {
        let mut lines: Vec<String> = Action::all()
            .map(|action| {
                let roles = Role::iter().filter(|role| permits(*role, action));
                let roles: Vec<_> = roles.map(|role| role.as_ref().to_owned()).collect();
                format!("{:<36} {}", action.name(), roles.join(" "))
            })
            .collect();
        lines.sort();
        insta::assert_snapshot!(lines.join("\n"));
    }
}
