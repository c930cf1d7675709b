//! How events change a row of the queue.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use domain::ids::PersonId;
use domain::incident;
use domain::priority::Priority;
use domain::work_item::{
    DetailField, ExternalReference, Handling, Stage, SupportLine, TeamRef, Visibility, WorkEvent,
};

use super::{WorkQueueRow, external_reference};
use crate::copy::stored_time;
use crate::status::{incident_stage, incident_status_after, is_open};
use crate::{Decoded, DeskEvent};

/// What the queue writes for a team's support line.
fn line_number(line: SupportLine) -> i16 {
    match line {
        SupportLine::First => 1,
        SupportLine::Second => 2,
        SupportLine::Third => 3,
    }
}

fn stage_name(stage: Stage) -> &'static str {
    match stage {
        Stage::Open => "Open",
        Stage::Suspended => "Suspended",
        Stage::Resolved => "Resolved",
        Stage::Closed => "Closed",
        Stage::Ended => "Ended",
    }
}

/// What the queue writes for a priority; `0` is none.
pub(super) fn priority_number(priority: Priority) -> i16 {
    priority as i16 + 1
}

fn count(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

impl WorkQueueRow {
    /// Changes the row by an event of its item. The registration makes it;
    /// what concerns no work item changes nothing.
    ///
    /// Pure, so that a row as of any position is the fold of the events up to
    /// there.
    pub fn apply(row: &mut Option<Self>, decoded: &Decoded) {
        let DeskEvent::Incident(event) = &decoded.event else {
            return;
        };
        if let incident::Event::Work(WorkEvent::Registered { .. }) = event {
            *row = Self::registered("incident", decoded);
            return;
        }
        let Some(row) = row else { return };
        if let Some(status) = incident_status_after(event) {
            row.set_incident_status(status);
            row.hold_until = None;
            row.answered_after_resolution = false;
        }
        let at = stored_time(decoded.metadata.effective_at);
        match event {
            incident::Event::Work(event) => row.apply_work(event, at),
            event => row.apply_incident(event, at),
        }
        row.note_gaps();
        row.updated_at = at;
        row.version = decoded.recorded.sequence;
        row.position = decoded.recorded.position;
    }

    fn registered(practice: &str, decoded: &Decoded) -> Option<Self> {
        let Some(WorkEvent::Registered {
            number,
            summary,
            requester,
            affected_person,
            contact_channel,
            service,
            opened_at,
            ..
        }) = decoded.event.work()
        else {
            return None;
        };
        Some(Self {
            item_id: decoded.recorded.aggregate_id,
            practice: practice.to_owned(),
            number: number.clone(),
            summary: summary.to_string(),
            status: incident::Status::New.as_ref().to_owned(),
            handling: Handling::Unassigned.as_ref().to_owned(),
            stage: stage_name(Stage::Open).to_owned(),
            is_open: true,
            priority: 0,
            priority_overridden: false,
            impact: None,
            urgency: None,
            matrix_version: None,
            category_code: None,
            category_tree_version: None,
            service: service.as_ref().map(ToString::to_string),
            requester: requester.as_ref().map(ToString::to_string),
            affected_person: affected_person.as_ref().map(ToString::to_string),
            contact_channel: contact_channel.as_ref().to_owned(),
            team_id: None,
            team_name: None,
            line: None,
            department: None,
            person: None,
            is_major: false,
            hand_over_count: 0,
            cross_department_count: 0,
            urge_count: 0,
            cycle: 1,
            escalation_level: 0,
            comment_count: 0,
            effort_minutes: 0,
            opened_at: stored_time(*opened_at),
            updated_at: stored_time(decoded.metadata.effective_at),
            registered_at: decoded.recorded.recorded_at,
            expected_at: None,
            assigned_at: None,
            tracked_at: None,
            confirm_by: None,
            skips_stage: false,
            lacks_stage_from: None,
            accepted_at: None,
            resolved_at: None,
            restored_at: None,
            closed_at: None,
            last_contact_at: None,
            feedback_given: false,
            archived: false,
            hold_until: None,
            answered_after_resolution: false,
            watchers: Vec::new(),
            merged_people: Vec::new(),
            cis: Vec::new(),
            external_references: Vec::new(),
            custom_fields: BTreeMap::new(),
            attachment_names: Vec::new(),
            version: decoded.recorded.sequence,
            position: decoded.recorded.position,
        })
    }

    fn set_incident_status(&mut self, status: incident::Status) {
        if self.status != status.as_ref() {
            status.as_ref().clone_into(&mut self.status);
        }
        let stage = incident_stage(status);
        // Each end, and each beginning anew, asks for feedback of its own.
        let is_over = |stage: &str| matches!(stage, "Resolved" | "Closed" | "Ended");
        if is_over(&self.stage) != is_over(stage_name(stage)) {
            self.feedback_given = false;
        }
        self.confirm_by = None;
        if self.stage != stage_name(stage) {
            stage_name(stage).clone_into(&mut self.stage);
        }
        self.is_open = is_open(stage);
    }

    fn set_handling(&mut self, handling: Handling) {
        handling.as_ref().clone_into(&mut self.handling);
    }

    fn apply_work(&mut self, event: &WorkEvent, at: DateTime<Utc>) {
        match event {
            WorkEvent::Classified { to, .. } => {
                self.category_code = Some(to.code.to_string());
                self.category_tree_version = Some(count(to.tree_version));
            }
            WorkEvent::PrioritySet {
                impact,
                urgency,
                priority,
                matrix_version,
                ..
            } => {
                self.impact = Some(impact.as_ref().to_owned());
                self.urgency = Some(urgency.as_ref().to_owned());
                self.priority = priority_number(*priority);
                self.matrix_version = Some(count(*matrix_version));
                self.priority_overridden = false;
            }
            WorkEvent::PriorityOverridden { to, .. } => {
                self.priority = priority_number(*to);
                self.priority_overridden = true;
            }
            WorkEvent::Assigned {
                from, to, person, ..
            } => {
                if let Some(from) = from.as_ref().filter(|from| from.id != to.id) {
                    self.hand_over(from, Some(to));
                }
                self.go_to(to, person.as_ref().map(ToString::to_string), at);
            }
            WorkEvent::Forwarded {
                from, to, person, ..
            } => {
                self.hand_over(from, Some(to));
                self.go_to(to, person.as_ref().map(ToString::to_string), at);
            }
            WorkEvent::Returned { from, to, .. } => {
                self.hand_over(from, to.as_ref());
                self.set_team(to.as_ref());
                self.person = None;
                self.set_handling(Handling::Returned);
            }
            WorkEvent::AssignmentAccepted { person } => {
                self.person = Some(person.to_string());
                self.accepted_at.get_or_insert(at);
                self.set_handling(Handling::Accepted);
            }
            WorkEvent::MergedInto { told, .. } => {
                self.closed_at = Some(at);
                self.farewell(told, at);
            }
            WorkEvent::MergedFrom { people, .. } => {
                for person in people {
                    insert(&mut self.merged_people, person.as_str());
                }
            }
            _ => self.apply_record(event, at),
        }
    }

    /// The events that record something and move nothing.
    fn apply_record(&mut self, event: &WorkEvent, at: DateTime<Utc>) {
        match event {
            WorkEvent::EscalatedHierarchically { level, .. } => {
                self.escalation_level = i16::from(*level);
            }
            WorkEvent::WatcherAdded { person } => insert(&mut self.watchers, person.as_str()),
            WorkEvent::WatcherRemoved { person } => remove(&mut self.watchers, person.as_str()),
            WorkEvent::CommentAdded {
                visibility,
                from_requester,
                ..
            } => {
                self.comment_count = self.comment_count.saturating_add(1);
                if *visibility == Visibility::Public && !from_requester {
                    self.requester_heard(at);
                }
            }
            WorkEvent::StageResultNotified { recipients, .. } => {
                self.somebody_heard(at);
                if recipients.iter().any(|person| self.concerns(person)) {
                    self.requester_heard(at);
                }
            }
            WorkEvent::RequesterContacted { .. } => self.requester_heard(at),
            WorkEvent::Urged { count: urges, .. } => self.urge_count = count(*urges),
            WorkEvent::CiLinked { ci } => insert(&mut self.cis, ci.as_str()),
            WorkEvent::CiUnlinked { ci } => remove(&mut self.cis, ci.as_str()),
            WorkEvent::AttachmentAdded { attachment } => {
                self.attachment_names.push(attachment.name.to_string());
            }
            WorkEvent::EffortLogged { minutes, .. } => {
                self.effort_minutes = self.effort_minutes.saturating_add(i64::from(*minutes));
            }
            WorkEvent::ExternalReferenceAdded { external }
            | WorkEvent::ForwardedOutside { to: external, .. } => {
                let ExternalReference { system, reference } = external;
                let written = external_reference(system.as_str(), reference.as_str());
                insert(&mut self.external_references, &written);
            }
            WorkEvent::CustomFieldSet { name, to, .. } => {
                match to {
                    Some(to) => self.custom_fields.insert(name.to_string(), to.to_string()),
                    None => self.custom_fields.remove(name.as_str()),
                };
            }
            WorkEvent::DetailsCorrected { field, to, .. } => self.correct(*field, to.as_deref()),
            WorkEvent::Archived {} => self.archived = true,
            _ => {}
        }
    }

    /// The times and marks that an incident's own events leave.
    fn apply_incident(&mut self, event: &incident::Event, at: DateTime<Utc>) {
        use incident::Event;
        match event {
            Event::ExpectedResolutionSet { to, .. } => self.expected_at = Some(stored_time(*to)),
            Event::ServiceRestored {} => self.restored_at = Some(at),
            Event::Resolved { confirm_by, .. } => {
                self.resolved_at = Some(at);
                self.confirm_by = confirm_by.map(stored_time);
            }
            // The service does not work: whatever had restored it did not.
            Event::ResolutionRejected { .. } => {
                self.resolved_at = None;
                self.restored_at = None;
            }
            Event::Closed { .. } => self.closed_at = Some(at),
            Event::Cancelled { told, .. } => {
                self.closed_at = Some(at);
                self.farewell(told, at);
            }
            Event::Reopened { cycle, .. } => {
                self.cycle = count(*cycle);
                self.tracked_at = None;
                self.resolved_at = None;
                self.restored_at = None;
                self.expected_at = None;
                self.closed_at = None;
            }
            Event::MajorDeclared { .. } => self.is_major = true,
            Event::MajorStoodDown { .. } => self.is_major = false,
            Event::StatusCorrected { to, .. } => {
                self.correct_times(*to, at);
                self.settle(*to);
            }
            // What the requester was told at the first contact.
            Event::InitialSupportGiven {
                answer: Some(_), ..
            } => self.requester_heard(at),
            Event::PutOnHold { until, .. } => self.hold_until = until.map(stored_time),
            Event::ResolutionAnswered {} => {
                self.answered_after_resolution = true;
                self.confirm_by = None;
            }
            Event::ConfirmationAwaited { confirm_by } => {
                self.answered_after_resolution = false;
                self.confirm_by = Some(stored_time(*confirm_by));
            }
            Event::DiagnosisStarted { .. }
            | Event::InitialSupportGiven { .. }
            | Event::FindingRecorded { .. }
            | Event::Resumed { .. }
            | Event::WorkaroundApplied { .. }
            | Event::ResolutionConfirmed {}
            | Event::ReviewRequired { .. }
            | Event::ReviewCompleted { .. }
            | Event::Work(_) => {}
        }
    }

    /// A history taken over says where the item stands; the times follow.
    fn correct_times(&mut self, to: incident::Status, at: DateTime<Utc>) {
        match incident_stage(to) {
            Stage::Open | Stage::Suspended => {
                self.resolved_at = None;
                self.restored_at = None;
                self.closed_at = None;
            }
            Stage::Resolved => {
                self.resolved_at = Some(at);
                self.closed_at = None;
            }
            Stage::Closed | Stage::Ended => self.closed_at = Some(at),
        }
    }

    /// How far the hand-over has come at a status that no step of the process
    /// led to, where the status says that.
    fn settle(&mut self, to: incident::Status) {
        use incident::Status;
        match to {
            Status::Returned => self.set_handling(Handling::Returned),
            Status::Assigned if self.team_id.is_some() => self.set_handling(Handling::Assigned),
            Status::InProgress | Status::OnHold if self.team_id.is_some() => {
                self.set_handling(Handling::Accepted);
            }
            Status::New | Status::Assigned | Status::InProgress | Status::OnHold => {
                self.set_handling(Handling::Unassigned);
            }
            Status::Resolved | Status::Closed | Status::Cancelled | Status::Merged => {}
        }
    }

    fn correct(&mut self, field: DetailField, to: Option<&str>) {
        let to = to.map(ToOwned::to_owned);
        match field {
            DetailField::Summary => self.summary = to.unwrap_or_default(),
            DetailField::Requester => self.requester = to,
            DetailField::AffectedPerson => self.affected_person = to,
            DetailField::Service => self.service = to,
            DetailField::Description => {}
        }
    }

    fn hand_over(&mut self, from: &TeamRef, to: Option<&TeamRef>) {
        self.hand_over_count = self.hand_over_count.saturating_add(1);
        if to.is_some_and(|to| to.department != from.department) {
            self.cross_department_count = self.cross_department_count.saturating_add(1);
        }
    }

    fn go_to(&mut self, team: &TeamRef, person: Option<String>, at: DateTime<Utc>) {
        self.set_team(Some(team));
        self.person = person;
        self.assigned_at.get_or_insert(at);
        self.set_handling(Handling::Assigned);
    }

    fn set_team(&mut self, team: Option<&TeamRef>) {
        self.team_id = team.map(|team| team.id.0);
        self.team_name = team.map(|team| team.name.clone());
        self.line = team.map(|team| line_number(team.line));
        self.department = team.map(|team| team.department.clone());
    }

    fn concerns(&self, person: &PersonId) -> bool {
        [&self.requester, &self.affected_person]
            .iter()
            .any(|concerned| concerned.as_deref() == Some(person.as_str()))
    }

    fn farewell(&mut self, told: &[PersonId], at: DateTime<Utc>) {
        if !told.is_empty() {
            self.requester_heard(at);
        }
    }

    /// Before its end, what the desk says of an item tracks it.
    fn somebody_heard(&mut self, at: DateTime<Utc>) {
        if matches!(&*self.stage, "Open" | "Suspended") {
            self.tracked_at.get_or_insert(at);
        }
    }

    fn requester_heard(&mut self, at: DateTime<Utc>) {
        self.somebody_heard(at);
        self.feedback_given |= !matches!(&*self.stage, "Open" | "Suspended");
        // Contacts may be written down late and in any order.
        self.last_contact_at = self.last_contact_at.max(Some(at));
    }
}

fn insert(sorted: &mut Vec<String>, value: &str) {
    if let Err(place) = sorted.binary_search_by(|known| known.as_str().cmp(value)) {
        sorted.insert(place, value.to_owned());
    }
}

fn remove(sorted: &mut Vec<String>, value: &str) {
    if let Ok(place) = sorted.binary_search_by(|known| known.as_str().cmp(value)) {
        sorted.remove(place);
    }
}
