//! Who may do what, and when.

use super::{Case, assign, case, close, comment, correct_status, reason, resolve};
use crate::fixtures::{
    administrator, agent, archived, assigned, at, auditor, closed, coordinator, desk, farewell,
    import, in_progress, intake, person, register, registered, requester, resolved, specialist,
    stranger, to,
};
use crate::incident::{Command, Status};
use crate::work_item::{Intake, Visibility, WorkCommand, WorkRefusal};

/// Each way of breaking a rule of it.
#[expect(clippy::too_many_lines, reason = "a table, one entry a rule")]
pub(super) fn cases() -> Vec<Case> {
    let not_of_team = || WorkRefusal::NotOfAssignedTeam;
    let before_opening = WorkRefusal::EffectiveBeforeOpening { opened_at: at(0) };
    let for_another = Intake {
        requester: Some(person("zhao.lei")),
        ..intake()
    };
    let for_nobody = Intake {
        requester: None,
        ..intake()
    };
    let cancel = || Command::Cancel {
        reason: reason(),
        farewell: farewell(),
    };
    vec![
        case(
            archived(),
            coordinator(),
            comment(Visibility::Internal),
            WorkRefusal::Archived,
        ),
        case(
            archived(),
            requester(),
            Command::Reopen { reason: reason() },
            WorkRefusal::Archived,
        ),
        case(
            archived(),
            import(),
            correct_status(Status::New),
            WorkRefusal::Archived,
        ),
        case(assigned(), specialist(), WorkCommand::Accept, not_of_team()),
        case(in_progress(), specialist(), resolve(), not_of_team()),
        case(in_progress(), requester(), cancel(), not_of_team()),
        case(
            resolved(),
            specialist(),
            Command::RestoreService,
            not_of_team(),
        ),
        case(
            registered(),
            requester(),
            assign(to(desk())),
            WorkRefusal::NotStaff,
        ),
        case(
            in_progress(),
            auditor(),
            comment(Visibility::Internal),
            WorkRefusal::NotStaff,
        ),
        case(
            in_progress(),
            requester(),
            comment(Visibility::Internal),
            WorkRefusal::NotStaff,
        ),
        case(resolved(), requester(), close(), WorkRefusal::NotStaff),
        case(
            closed(),
            requester(),
            WorkCommand::Archive,
            WorkRefusal::NotStaff,
        ),
        case(vec![], auditor(), register(intake()), WorkRefusal::NotStaff),
        case(
            vec![],
            administrator(),
            register(intake()),
            WorkRefusal::NotStaff,
        ),
        case(
            vec![],
            requester(),
            register(for_another),
            WorkRefusal::NotRequester,
        ),
        case(
            registered(),
            stranger(),
            cancel(),
            WorkRefusal::NotRequester,
        ),
        case(
            resolved(),
            stranger(),
            Command::ConfirmResolution,
            WorkRefusal::NotRequester,
        ),
        case(
            assigned(),
            agent().when(at(-1)),
            WorkCommand::Accept,
            before_opening,
        ),
        case(
            vec![],
            agent(),
            register(for_nobody),
            WorkRefusal::RequesterMissing,
        ),
    ]
}
