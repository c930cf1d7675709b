//! The rules of the incident practice.

use super::{
    Case, case, close, correct_status, declare_major, expect, not_possible, reason, resolve,
    resolve_at_contact,
};
use crate::fixtures::{
    agent, and, assigned, at, cancelled, closed, confirm_by, coordinator, given_to, hours, import,
    in_progress, intake, major, merged, network, register, registered, reopen_until, requester,
    resolution, resolved, review_required, specialist, told,
};
use crate::incident::{
    Command, Error, Estimate, EstimateMethod, Event, HoldReason, IncidentAction, ReviewCause,
    Status,
};
use crate::priority::Priority;
use crate::work_item::{Farewell, WorkCommand, WorkRefusal};

/// Each way of breaking them.
#[expect(clippy::too_many_lines, reason = "a table, one entry a rule")]
pub(super) fn cases() -> Vec<Case> {
    let resolved_by_import = and(in_progress(), [resolution(None)]);
    let review_due = and(resolved(), [told(), review_required(ReviewCause::Request)]);
    let restored = and(in_progress(), [Event::ServiceRestored {}]);
    let with_second_line = and(registered(), [given_to(network())]);
    let hold_until_now = Command::PutOnHold {
        reason: HoldReason::Requester,
        text: None,
        until: Some(at(60)),
    };
    let reopen = Command::Reopen { reason: reason() };
    let late = reopen_until() + hours(1);
    let unanswered = || Command::CloseUnanswered { reason: reason() };
    let review = || Command::CompleteReview { text: reason() };
    let stand_down = Command::StandDownMajor { reason: reason() };
    let in_progress_twice = and(
        in_progress(),
        [Event::DiagnosisStarted { hypothesis: None }],
    );
    let awaiting = Error::StillAwaitingAnswer {
        confirm_by: confirm_by(),
    };
    let passed = Error::ReopenWindowPassed {
        until: reopen_until(),
    };
    let compute_expected = |estimate| Command::ComputeExpectedResolution { estimate };
    let other_estimate = Estimate {
        method: EstimateMethod::MedianOfPriority,
        category: intake().category,
        priority: Priority::P1,
        sample: 5,
        minutes: 240,
        as_of: 1,
    };
    let held_until_tomorrow = and(
        in_progress(),
        [Event::PutOnHold {
            reason: HoldReason::Supplier,
            text: None,
            until: Some(at(60) + hours(24)),
        }],
    );
    let diagnose = Command::StartDiagnosis { hypothesis: None };
    vec![
        case(vec![], agent(), Command::Resume, Error::NotFound),
        case(
            registered(),
            agent(),
            register(intake()),
            Error::AlreadyRegistered,
        ),
        case(
            closed(),
            coordinator(),
            resolve(),
            not_possible(Status::Closed, IncidentAction::Resolve),
        ),
        case(
            cancelled(),
            coordinator(),
            declare_major(),
            not_possible(Status::Cancelled, IncidentAction::DeclareMajor),
        ),
        case(
            merged(),
            agent(),
            Command::RequireReview,
            WorkRefusal::GoesOnAs {
                into: "INC0000002".to_owned(),
            },
        ),
        case(
            closed(),
            agent(),
            review(),
            not_possible(Status::Closed, IncidentAction::CompleteReview),
        ),
        case(
            in_progress_twice,
            agent(),
            diagnose,
            not_possible(Status::InProgress, IncidentAction::StartDiagnosis),
        ),
        case(
            resolved_by_import,
            coordinator(),
            unanswered(),
            not_possible(Status::Resolved, IncidentAction::CloseUnanswered),
        ),
        case(
            assigned(),
            agent(),
            compute_expected(None),
            Error::NothingToCompare,
        ),
        case(
            assigned(),
            agent(),
            compute_expected(Some(other_estimate)),
            Error::ComparedWithOthers,
        ),
        case(assigned(), agent(), expect(59), Error::ExpectationInThePast),
        case(
            in_progress(),
            agent(),
            hold_until_now,
            Error::HoldEndsBeforeItBegins,
        ),
        case(
            restored,
            agent(),
            Command::RestoreService,
            Error::AlreadyRestored,
        ),
        case(
            with_second_line,
            specialist(),
            resolve_at_contact(),
            Error::NotFirstLine,
        ),
        case(
            registered(),
            specialist(),
            resolve_at_contact(),
            Error::NotFirstLine,
        ),
        case(
            registered(),
            agent(),
            Command::GiveInitialSupport {
                answer: None,
                article: None,
                workaround: None,
            },
            Error::NoSupport,
        ),
        case(
            and(resolved(), [told()]),
            specialist(),
            close(),
            Error::NotServiceDesk,
        ),
        case(
            and(resolved(), [told()]),
            specialist(),
            Command::ConfirmResolution,
            Error::NotServiceDesk,
        ),
        case(
            review_due.clone(),
            requester(),
            Command::ConfirmResolution,
            Error::ReviewMissing,
        ),
        case(review_due.clone(), agent(), close(), Error::ReviewMissing),
        case(
            review_due.clone(),
            agent().when(confirm_by()),
            unanswered(),
            Error::ReviewMissing,
        ),
        case(resolved(), agent(), review(), Error::NoReviewDue),
        case(
            review_due.clone(),
            agent(),
            review(),
            Error::ReviewerEndedIt,
        ),
        case(
            and(in_progress(), [review_required(ReviewCause::Request)]),
            coordinator(),
            review(),
            not_possible(Status::InProgress, IncidentAction::CompleteReview),
        ),
        case(
            and(cancelled(), [review_required(ReviewCause::Priority)]),
            agent(),
            WorkCommand::Archive,
            Error::ReviewMissing,
        ),
        case(
            review_due,
            agent(),
            Command::RequireReview,
            Error::ReviewAlreadyDue,
        ),
        case(resolved(), agent(), close(), Error::FeedbackMissing),
        case(
            resolved(),
            agent(),
            Command::ConfirmResolution,
            Error::FeedbackMissing,
        ),
        case(
            in_progress(),
            agent(),
            Command::Cancel {
                reason: reason(),
                farewell: Farewell::default(),
            },
            WorkRefusal::FeedbackMissing,
        ),
        case(resolved(), coordinator(), unanswered(), awaiting),
        case(
            and(resolved(), [Event::ResolutionAnswered {}]),
            agent().when(confirm_by()),
            unanswered(),
            Error::RequesterAnswered,
        ),
        case(
            held_until_tomorrow,
            coordinator(),
            Command::EndHold,
            Error::HoldLasts {
                until: at(60) + hours(24),
            },
        ),
        case(closed(), requester().when(late), reopen, passed),
        case(
            and(in_progress(), [major()]),
            coordinator(),
            declare_major(),
            Error::AlreadyMajor,
        ),
        case(in_progress(), coordinator(), stand_down, Error::NotMajor),
        case(
            in_progress(),
            agent(),
            declare_major(),
            Error::NotCoordinator,
        ),
        case(
            closed(),
            coordinator(),
            correct_status(Status::InProgress),
            Error::NotAnImport,
        ),
        case(
            closed(),
            import(),
            correct_status(Status::Closed),
            Error::StatusUnchanged,
        ),
    ]
}
