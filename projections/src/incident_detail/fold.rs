//! How events change the details of an incident.

use domain::ids::PersonId;
use domain::incident::{Event, Review};
use domain::text::Text;
use domain::work_item::{DetailField, WorkEvent};
use uuid::Uuid;

use super::IncidentDetail;
use crate::copy::stored_time;
use crate::status::incident_status_after;
use crate::{Decoded, DeskEvent};

pub(super) fn review_name(review: Review) -> &'static str {
    match review {
        Review::None => "None",
        Review::Due => "Due",
        Review::Completed => "Completed",
    }
}

fn owned<T: ToString>(value: Option<&T>) -> Option<String> {
    value.map(ToString::to_string)
}

fn count(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

impl IncidentDetail {
    /// Changes the details by an event of the incident. The registration makes
    /// them; what concerns no incident changes nothing.
    ///
    /// Pure, like [`WorkQueueRow::apply`](crate::work_queue::WorkQueueRow::apply).
    pub fn apply(detail: &mut Option<Self>, decoded: &Decoded) {
        let DeskEvent::Incident(event) = &decoded.event else {
            return;
        };
        if let Event::Work(WorkEvent::Registered { description, .. }) = event {
            *detail = Some(Self {
                position: decoded.recorded.position,
                ..Self::registered(decoded.recorded.aggregate_id, owned(description.as_ref()))
            });
            return;
        }
        let Some(detail) = detail else { return };
        let before = detail.clone();
        if incident_status_after(event).is_some() {
            detail.leave_status();
        }
        match event {
            Event::Work(event) => detail.apply_work(event),
            event => detail.apply_incident(event),
        }
        // Most steps leave the details as they are, which makes no version.
        if *detail != before {
            detail.position = decoded.recorded.position;
        }
    }

    fn registered(item_id: Uuid, description: Option<String>) -> Self {
        Self {
            item_id,
            description,
            diagnosing: false,
            hypothesis: None,
            last_finding: None,
            workaround: None,
            initial_answer: None,
            initial_article: None,
            initial_workaround: None,
            expected_basis: None,
            expected_reason: None,
            expected_method: None,
            expected_sample: None,
            expected_minutes: None,
            expected_as_of: None,
            hold_reason: None,
            hold_text: None,
            hold_until: None,
            resolution_code: None,
            resolution_cause: None,
            resolution_solution: None,
            resolution_knowledge: None,
            resolved_at_first_contact: false,
            confirm_by: None,
            closed_by: None,
            no_feedback_reason: None,
            told: Vec::new(),
            reopen_until: None,
            reopen_reason: None,
            cancel_reason: None,
            major_leader: None,
            major_reason: None,
            review: review_name(Review::None).to_owned(),
            review_cause: None,
            review_text: None,
            merged_into: None,
            merged_into_number: None,
            merged_from: Vec::new(),
            correction_count: 0,
            position: 0,
        }
    }

    /// What holds only in the status that is being left.
    fn leave_status(&mut self) {
        self.hold_reason = None;
        self.hold_text = None;
        self.hold_until = None;
        self.confirm_by = None;
    }

    fn apply_work(&mut self, event: &WorkEvent) {
        match event {
            WorkEvent::DetailsCorrected {
                field: DetailField::Description,
                to,
                ..
            } => self.description.clone_from(to),
            WorkEvent::MergedInto {
                target,
                target_number,
                told,
                no_feedback_reason,
                ..
            } => {
                self.farewell(told, no_feedback_reason.as_ref());
                self.merged_into = Some(target.0);
                self.merged_into_number = Some(target_number.clone());
            }
            WorkEvent::MergedFrom { source, .. } => self.merged_from.push(source.to_string()),
            _ => {}
        }
    }

    fn apply_incident(&mut self, event: &Event) {
        match event {
            Event::DiagnosisStarted { hypothesis } => {
                self.diagnosing = true;
                self.hypothesis = owned(hypothesis.as_ref());
            }
            Event::FindingRecorded { text } => self.last_finding = Some(text.to_string()),
            Event::ExpectedResolutionSet {
                basis,
                reason,
                estimate,
                ..
            } => {
                self.expected_basis = Some(basis.as_ref().to_owned());
                self.expected_reason = owned(reason.as_ref());
                self.expected_method = estimate
                    .as_ref()
                    .map(|estimate| estimate.method.as_ref().to_owned());
                self.expected_sample = estimate.as_ref().map(|estimate| count(estimate.sample));
                self.expected_minutes = estimate.as_ref().map(|estimate| count(estimate.minutes));
                self.expected_as_of = estimate.as_ref().map(|estimate| estimate.as_of);
            }
            Event::PutOnHold {
                reason,
                text,
                until,
            } => {
                self.hold_reason = Some(reason.as_ref().to_owned());
                self.hold_text = owned(text.as_ref());
                self.hold_until = until.map(stored_time);
            }
            Event::WorkaroundApplied { text } => self.workaround = Some(text.to_string()),
            Event::InitialSupportGiven {
                answer,
                article,
                workaround,
            } => {
                self.initial_answer = owned(answer.as_ref());
                self.initial_article = owned(article.as_ref());
                self.initial_workaround = owned(workaround.as_ref());
                if let Some(workaround) = workaround {
                    self.workaround = Some(workaround.to_string());
                }
            }
            Event::Resumed { .. } => self.diagnosing = false,
            Event::ResolutionRejected { .. } => self.go_on(),
            Event::Reopened { reason, .. } => {
                self.go_on();
                self.expected_basis = None;
                self.expected_reason = None;
                self.reopen_reason = Some(reason.to_string());
            }
            Event::Cancelled {
                reason,
                told,
                no_feedback_reason,
                ..
            } => {
                self.cancel_reason = Some(reason.to_string());
                self.farewell(told, no_feedback_reason.as_ref());
            }
            Event::StatusCorrected { .. } => {
                self.diagnosing = false;
                self.forget_review();
                self.correction_count = self.correction_count.saturating_add(1);
            }
            event => self.apply_ending(event),
        }
    }

    /// The events of an incident's end, and of what is learnt from it.
    fn apply_ending(&mut self, event: &Event) {
        match event {
            Event::Resolved {
                code,
                cause,
                solution,
                knowledge,
                at_first_contact,
                confirm_by,
                ..
            } => {
                self.resolution_code = Some(code.to_string());
                self.resolution_cause = owned(cause.as_ref());
                self.resolution_solution = Some(solution.to_string());
                self.resolution_knowledge = owned(knowledge.as_ref());
                self.resolved_at_first_contact = *at_first_contact;
                self.confirm_by = confirm_by.map(stored_time);
            }
            Event::ResolutionAnswered {} => self.confirm_by = None,
            Event::ConfirmationAwaited { confirm_by } => {
                self.confirm_by = Some(stored_time(*confirm_by));
            }
            Event::Closed {
                by,
                no_feedback_reason,
                reopen_until,
            } => {
                self.closed_by = Some(by.as_ref().to_owned());
                self.no_feedback_reason = owned(no_feedback_reason.as_ref());
                self.reopen_until = reopen_until.map(stored_time);
            }
            Event::MajorDeclared { reason, leader } => {
                self.major_reason = Some(reason.to_string());
                self.major_leader = owned(leader.as_ref());
            }
            Event::MajorStoodDown { reason } => {
                self.major_reason = Some(reason.to_string());
                self.major_leader = None;
            }
            Event::ReviewRequired { cause } => {
                self.review_cause = Some(cause.as_ref().to_owned());
                review_name(Review::Due).clone_into(&mut self.review);
            }
            Event::ReviewCompleted { text } => {
                self.review_text = Some(text.to_string());
                review_name(Review::Completed).clone_into(&mut self.review);
            }
            _ => {}
        }
    }

    fn farewell(&mut self, told: &[PersonId], no_feedback_reason: Option<&Text>) {
        self.told = told.iter().map(ToString::to_string).collect();
        self.no_feedback_reason = owned(no_feedback_reason);
    }

    /// The resolution was none, or the closing was not the end: they are in
    /// the history, and no longer what the incident says of itself.
    fn go_on(&mut self) {
        self.diagnosing = false;
        self.resolution_code = None;
        self.resolution_cause = None;
        self.resolution_solution = None;
        self.resolution_knowledge = None;
        self.resolved_at_first_contact = false;
        self.closed_by = None;
        self.no_feedback_reason = None;
        self.reopen_until = None;
        self.forget_review();
    }

    /// Each end is reviewed by itself.
    fn forget_review(&mut self) {
        if self.review == review_name(Review::Completed) {
            review_name(Review::None).clone_into(&mut self.review);
            self.review_cause = None;
            self.review_text = None;
        }
    }
}
