//! What a row stands for. A row is compared with the incident as it stands,
//! never with a memory of the row before it: each difference becomes the step
//! of the process that makes it, and where there is none, a correction.
//!
//! Pure, like the domain that it speaks to: a row, an incident and a context
//! give events.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use domain::ids::{PersonId, TeamId};
use domain::incident::{Command, Error, Event, HoldReason, Incident, Status};
use domain::likeness::look;
use domain::priority::{Impact, Urgency};
use domain::text::{Line, Text};
use domain::work_item::{
    Assignee, DetailField, ExternalReference, Farewell, Intake, TeamRef, WorkCommand,
};
use domain::{Actor, Context, Decider, Refusal, Role};

use super::columns::{Column, FIELD_PREFIX, FieldColumn, Meaning, SYSTEM};
use super::correction::{Correction, Kind};
use super::mark::{self, Mark};
use super::row::{Group, Row, RowRefused, in_words, line, quoted, text};
use super::states::State;
use super::time::Oddity;

/// The code of a resolution that has none.
const NOT_GIVEN: &str = "(not given)";

/// The teams of the desk that stand for the source's groups.
pub(super) type Teams = HashMap<TeamId, TeamRef>;

/// What a row gives.
#[derive(Debug)]
pub(super) struct Taken {
    /// What happened, in order; at least one event.
    pub(super) events: Vec<Event>,
    /// What was odd about it.
    pub(super) corrections: Vec<Correction>,
}

/// When what a row says was so. A row that is older than the first contact
/// counts as of this, because nothing about an item can have happened before.
pub(super) fn effective_at(row: &Row, incident: &Incident) -> DateTime<Utc> {
    let opened_at = if incident.exists() {
        incident.work().opened_at
    } else {
        row.opened_at
    };
    row.updated_at.max(opened_at)
}

/// Takes a row over. An incident that does not exist yet gets the number.
pub(super) fn take(
    row: &Row,
    incident: &Incident,
    number: &str,
    teams: &Teams,
    context: &Context,
) -> Result<Taken, RowRefused> {
    let mut pen = Pen {
        row,
        teams,
        context,
        incident: incident.clone(),
        events: Vec::new(),
        corrections: Vec::new(),
    };
    pen.look_at_the_time();
    if !pen.incident.exists() {
        pen.register(number)?;
    }
    pen.write_down_caller()?;
    pen.judge()?;
    pen.open_again()?;
    pen.hand_over()?;
    pen.move_to_state()?;
    pen.connect()?;
    pen.write_down_fields()?;
    pen.leave_mark()?;
    Ok(Taken {
        events: pen.events,
        corrections: pen.corrections,
    })
}

/// Writes the history of an incident, row by row, on a copy of it.
struct Pen<'a> {
    row: &'a Row,
    teams: &'a Teams,
    context: &'a Context,
    incident: Incident,
    events: Vec<Event>,
    corrections: Vec<Correction>,
}

impl Pen<'_> {
    fn step(&mut self, command: impl Into<Command>) -> Result<(), RowRefused> {
        self.step_as(command, self.context)
            .map_err(|refusal| refused(&refusal))
    }

    fn step_as(&mut self, command: impl Into<Command>, context: &Context) -> Result<(), Error> {
        let events = self.incident.decide(&command.into(), context)?;
        if let Some(step_at) = self.incident.step_after(&events, context.effective_at) {
            self.look_at_the_order(step_at);
        }
        for event in events {
            self.incident.apply_at(event.clone(), context.effective_at);
            self.events.push(event);
        }
        Ok(())
    }

    /// A row that is older than the one before it has said so already.
    fn look_at_the_order(&mut self, step_at: DateTime<Utc>) {
        let is_told =
            |told: &Correction| matches!(told.kind, Kind::TimeRunsBackwards | Kind::BeforeItsStep);
        if !self.corrections.iter().any(is_told) {
            let at = in_words(step_at);
            self.remark(
                Kind::BeforeItsStep,
                format!("older than the step that it rests on, which is of {at}"),
            );
        }
    }

    /// Counts something odd that an event of its own tells.
    fn note(&mut self, kind: Kind) {
        self.corrections.push(Correction { kind, remark: None });
    }

    /// Counts something odd that the mark of the update is to tell.
    fn remark(&mut self, kind: Kind, remark: impl Into<String>) {
        let remark = Some(remark.into());
        self.corrections.push(Correction { kind, remark });
    }

    fn look_at_the_time(&mut self) {
        let row = self.row;
        match row.updated_oddity {
            Some(Oddity::Twice) => self.remark(
                Kind::TimeTwice,
                "the clocks of its zone showed its time twice, and it is kept as the first of both",
            ),
            Some(Oddity::Skipped) => self.remark(
                Kind::TimeSkipped,
                "the clocks of its zone never showed its time, and it is kept as if they had not \
                 been changed yet",
            ),
            None => {}
        }
        if self.context.effective_at > row.updated_at {
            let opened_at = in_words(self.context.effective_at);
            self.remark(
                Kind::BeforeFirstContact,
                format!("older than the first contact, and kept as of then: {opened_at}"),
            );
        }
        let Some(before) = self.mark() else { return };
        let update = before.update;
        if row.update <= update {
            self.remark(
                Kind::CountRunsBackwards,
                format!("comes after update {update}"),
            );
        }
        if row.updated_at == before.at {
            self.remark(
                Kind::EqualTimes,
                format!("has the time of update {update}, and is kept after it"),
            );
        } else if row.updated_at < before.at {
            let at = in_words(before.at);
            self.remark(
                Kind::TimeRunsBackwards,
                format!("older than update {update}, which came before it and is of {at}"),
            );
        }
    }

    fn mark(&self) -> Option<Mark> {
        Mark::read(self.custom_field(mark::FIELD)?)
    }

    fn custom_field(&self, name: &str) -> Option<&str> {
        let fields = &self.incident.work().custom_fields;
        fields.get(name).map(String::as_str)
    }

    fn register(&mut self, number: &str) -> Result<(), RowRefused> {
        let row = self.row;
        if row.caller.is_none() {
            self.remark(Kind::CallerNotGiven, "the caller is not given");
        }
        // A word that has no meaning here is kept with the fields.
        for column in [Column::Impact, Column::Urgency] {
            if row.word(column).is_none() {
                let name = column.name();
                self.remark(
                    Kind::ImportanceUnknown,
                    format!("{name} is not given, and taken as medium"),
                );
            }
        }
        let own_number = ExternalReference {
            system: line(SYSTEM)?,
            reference: row.number.clone(),
        };
        let mut external_references = vec![own_number];
        external_references.extend(row.references.iter().cloned());
        let intake = Intake {
            number: number.to_owned(),
            summary: summary(row)?,
            description: None,
            requester: row.caller.clone(),
            affected_person: None,
            contact_channel: row.contact_channel,
            service: None,
            category: row.category.code.clone(),
            impact: row.impact.unwrap_or(Impact::Medium),
            urgency: row.urgency.unwrap_or(Urgency::Medium),
            cis: row.ci.iter().cloned().collect(),
            external_references,
        };
        let at_first_contact = Context {
            effective_at: row.opened_at,
            ..self.context.clone()
        };
        self.step_as(Command::Register(Box::new(intake)), &at_first_contact)
            .map_err(|refusal| refused(&refusal))
    }

    /// A caller that the source has changed since.
    fn write_down_caller(&mut self) -> Result<(), RowRefused> {
        let caller = self.row.caller.as_ref();
        if self.incident.work().requester.as_ref() == caller {
            return Ok(());
        }
        let words = match caller {
            Some(_) => "caller_id has changed",
            None => "caller_id is not given any more",
        };
        let to = caller.map(|caller| text(caller.as_str())).transpose()?;
        self.step(WorkCommand::CorrectDetails {
            field: DetailField::Requester,
            to,
            reason: self.reason(words)?,
        })
    }

    fn judge(&mut self) -> Result<(), RowRefused> {
        let row = self.row;
        let code = &row.category.code;
        let filed = self.incident.work().category.as_ref();
        if filed
            .is_none_or(|now| now.code != *code && look(now.code.as_str()) != look(code.as_str()))
        {
            let category = code.clone();
            self.step(WorkCommand::Classify { category })?;
        }
        if let Some(now) = self.incident.work().priority {
            let impact = row.impact.unwrap_or(now.impact);
            let urgency = row.urgency.unwrap_or(now.urgency);
            if (impact, urgency) != (now.impact, now.urgency) {
                self.step(WorkCommand::Prioritise { impact, urgency })?;
            }
        }
        let judged = self.incident.work().priority.map(|now| now.priority);
        match row.priority {
            Some(priority) if judged != Some(priority) => {
                let word = row.word(Column::Priority).unwrap_or_default();
                let reason = self.reason(&format!("the priority is {}", quoted(word)))?;
                self.step(WorkCommand::OverridePriority { priority, reason })
            }
            _ => Ok(()),
        }
    }

    /// The way back from an end, where the source takes one.
    fn open_again(&mut self) -> Result<(), RowRefused> {
        if !self.row.state.is_some_and(State::is_open) {
            return Ok(());
        }
        let reason = self.reason(&self.state_words())?;
        match self.incident.status() {
            Status::Resolved => self.step(Command::RejectResolution { reason }),
            Status::Closed if self.is_counted_as_reopened() => {
                self.step(Command::Reopen { reason })
            }
            Status::Closed | Status::Cancelled | Status::Merged => {
                self.correct_status(Status::InProgress)
            }
            _ => Ok(()),
        }
    }

    fn is_counted_as_reopened(&self) -> bool {
        let counted = self.custom_field("servicenow.reopen_count");
        let counted = counted.and_then(|count| count.parse().ok()).unwrap_or(0);
        self.row.reopen_count > counted
    }

    fn hand_over(&mut self) -> Result<(), RowRefused> {
        let Some(to) = self.wanted_assignee()? else {
            return Ok(());
        };
        let status = self.incident.status();
        let held_for = self.incident.held_for();
        match status {
            Status::OnHold => self.step(Command::Resume)?,
            Status::Resolved | Status::Closed | Status::Cancelled | Status::Merged => {
                self.note(Kind::HandedOverAfterEnd);
                self.set_status(Status::InProgress, "handed over after its end")?;
            }
            Status::New | Status::Assigned | Status::Returned | Status::InProgress => {}
        }
        self.step(WorkCommand::Assign { to })?;
        match status {
            Status::Resolved | Status::Closed | Status::Cancelled | Status::Merged => {
                self.set_status(status, "handed over, and ended as before")
            }
            // A state that means nothing here leaves it at what it was.
            Status::InProgress if self.row.state.is_none() => self.begin_work(),
            Status::OnHold if self.row.state.is_none() => {
                self.put_on_hold(held_for.unwrap_or(HoldReason::Requester))
            }
            _ => Ok(()),
        }
    }

    /// Where the item is to go, if that is elsewhere than where it is.
    fn wanted_assignee(&mut self) -> Result<Option<Assignee>, RowRefused> {
        let row = self.row;
        let work = self.incident.work();
        if row.group.is_none() && row.person.is_none() && work.team.is_none() {
            return Ok(None);
        }
        let not_given = || Group::not_given().map_err(|r| RowRefused(r.to_string()));
        let group = row.group.clone().map_or_else(not_given, Ok)?;
        let is_there = work
            .team
            .as_ref()
            .is_some_and(|team| team.id == group.team());
        if is_there && work.person == row.person {
            return Ok(None);
        }
        let team = self
            .teams
            .get(&group.team())
            .ok_or_else(|| RowRefused(format!("there is no team for the group {}", group.name)))?;
        if row.group.is_none() && !is_there {
            self.remark(Kind::GroupNotGiven, "the group is not given");
        }
        Ok(Some(Assignee {
            team: team.clone(),
            // As of then: the source says that they worked on it.
            team_is_active: true,
            person: row.person.clone(),
            person_is_member: true,
        }))
    }

    fn move_to_state(&mut self) -> Result<(), RowRefused> {
        match self.row.state {
            Some(State::New) => self.wait_for_work(),
            Some(State::Active) => self.begin_work(),
            Some(State::Awaiting(reason)) => {
                if self.incident.status() == Status::OnHold
                    && self.incident.held_for() == Some(reason)
                {
                    return Ok(());
                }
                self.put_on_hold(reason)
            }
            Some(State::Resolved) => self.resolve(),
            Some(State::Closed) => self.close(),
            Some(State::Cancelled) => self.cancel(),
            None => Ok(()),
        }
    }

    /// The source says that nobody works on it.
    fn wait_for_work(&mut self) -> Result<(), RowRefused> {
        let waiting = if self.incident.work().team.is_some() {
            Status::Assigned
        } else {
            Status::New
        };
        if self.incident.status() == waiting {
            return Ok(());
        }
        self.correct_status(waiting)
    }

    fn begin_work(&mut self) -> Result<(), RowRefused> {
        let person = self.incident.work().person.clone();
        match (self.incident.status(), person) {
            (Status::InProgress, _) => Ok(()),
            (Status::OnHold, _) => self.step(Command::Resume),
            (Status::Assigned, Some(person)) => self.accept(person),
            _ => {
                self.note(Kind::NobodyAccepted);
                let word = self.row.word(Column::IncidentState).unwrap_or_default();
                let words = format!(
                    "the state is {}, and nobody is named who accepted it",
                    quoted(word)
                );
                self.set_status(Status::InProgress, &words)
            }
        }
    }

    fn put_on_hold(&mut self, reason: HoldReason) -> Result<(), RowRefused> {
        self.begin_work()?;
        let word = self.row.word(Column::IncidentState);
        self.step(Command::PutOnHold {
            reason,
            text: word.map(text).transpose()?,
            until: None,
        })
    }

    /// The one who has it accepts it: their name stands in the event, the
    /// importer's in the envelope.
    fn accept(&mut self, person: PersonId) -> Result<(), RowRefused> {
        let accepting = Context {
            actor: Actor {
                id: person,
                role: Role::Coordinator,
                teams: Vec::new(),
            },
            ..self.context.clone()
        };
        self.step_as(WorkCommand::Accept, &accepting)
            .map_err(|refusal| refused(&refusal))
    }

    fn resolve(&mut self) -> Result<(), RowRefused> {
        match self.incident.status() {
            Status::Resolved => Ok(()),
            Status::Closed | Status::Cancelled | Status::Merged => {
                self.correct_status(Status::Resolved)
            }
            Status::New if self.incident.work().team.is_none() => {
                let (code, solution) = self.resolution()?;
                self.step(Command::ResolveAtContact {
                    code,
                    solution,
                    knowledge: None,
                })
            }
            status => {
                if status != Status::OnHold {
                    self.begin_work()?;
                }
                let (code, solution) = self.resolution()?;
                self.step(Command::Resolve {
                    code,
                    cause: None,
                    solution,
                    knowledge: None,
                })
            }
        }
    }

    fn resolution(&self) -> Result<(Line, Text), RowRefused> {
        let row = self.row;
        let mut words = format!("{SYSTEM}: resolved");
        if !self.knows_resolution() {
            return Ok((line(NOT_GIVEN)?, text(&words)?));
        }
        let code = match &row.closed_code {
            Some(code) => code.clone(),
            None => line(NOT_GIVEN)?,
        };
        if let Some(by) = row.word(Column::ResolvedBy) {
            words = format!("{words} by {by}");
        }
        if let Some(at) = row.word(Column::ResolvedAt) {
            words = format!("{words} at {at}");
        }
        Ok((code, text(&words)?))
    }

    /// Whether the resolution that the row gives is one that it can know.
    fn knows_resolution(&self) -> bool {
        let is_over = matches!(self.row.state, Some(State::Resolved | State::Closed));
        self.is_known(self.row.resolved_at, is_over)
    }

    /// The same of its closing.
    fn knows_closing(&self) -> bool {
        self.is_known(self.row.closed_at, self.row.state == Some(State::Closed))
    }

    /// The source writes the last end of an incident on each of its rows: it
    /// is known to those behind it. One without a time belongs to the state.
    fn is_known(&self, at: Option<DateTime<Utc>>, by_the_state: bool) -> bool {
        at.map_or(by_the_state, |at| at <= self.row.updated_at)
    }

    fn close(&mut self) -> Result<(), RowRefused> {
        match self.incident.status() {
            Status::Closed => return Ok(()),
            Status::Resolved => {}
            Status::Cancelled | Status::Merged => {
                return self.correct_status(Status::Closed);
            }
            // Resolved and closed at once, if anything says that it was.
            _ if self.row.word(Column::ResolvedAt).is_some() && self.knows_resolution() => {
                self.resolve()?;
            }
            _ => return self.correct_status(Status::Closed),
        }
        let no_feedback_reason = Some(Self::silence()?);
        self.step(Command::Close { no_feedback_reason })
    }

    fn cancel(&mut self) -> Result<(), RowRefused> {
        match self.incident.status() {
            Status::Cancelled => Ok(()),
            Status::Resolved | Status::Closed | Status::Merged => {
                self.correct_status(Status::Cancelled)
            }
            _ => {
                let reason = self.reason(&self.state_words())?;
                let farewell = Farewell {
                    told: Vec::new(),
                    no_feedback_reason: Some(Self::silence()?),
                };
                self.step(Command::Cancel { reason, farewell })
            }
        }
    }

    /// Why no feedback is on record.
    fn silence() -> Result<Text, RowRefused> {
        text(&format!(
            "{SYSTEM} does not say what the requester was told"
        ))
    }

    /// Sets a state that no step of the process leads to.
    fn correct_status(&mut self, to: Status) -> Result<(), RowRefused> {
        self.note(Kind::StateWithoutStep);
        let words = self.state_words();
        self.set_status(to, &words)
    }

    fn set_status(&mut self, to: Status, words: &str) -> Result<(), RowRefused> {
        let reason = self.reason(words)?;
        self.step(Command::CorrectStatus { to, reason })
    }

    fn state_words(&self) -> String {
        let word = self.row.word(Column::IncidentState).unwrap_or_default();
        let before = self.incident.status();
        format!("the state is {} after {}", quoted(word), before.as_ref())
    }

    fn reason(&self, words: &str) -> Result<Text, RowRefused> {
        text(&format!("{SYSTEM}, update {}: {words}", self.row.update))
    }

    /// The configuration item and the records of the source that the row
    /// names.
    fn connect(&mut self) -> Result<(), RowRefused> {
        let row = self.row;
        let is_linked = |ci| self.incident.work().cis.contains(ci);
        if row.has(Column::CmdbCi) && !row.ci.as_ref().is_some_and(is_linked) {
            for other in self.incident.work().cis.clone() {
                self.step(WorkCommand::UnlinkCi { ci: other })?;
            }
            if let Some(ci) = row.ci.clone() {
                self.step(WorkCommand::LinkCi { ci })?;
            }
        }
        for external in &row.references {
            if !self.incident.work().external_references.contains(external) {
                let external = external.clone();
                self.step(WorkCommand::AddExternalReference { external })?;
            }
        }
        Ok(())
    }

    /// Everything that has no counterpart, where it has changed.
    fn write_down_fields(&mut self) -> Result<(), RowRefused> {
        let row = self.row;
        for (column, word) in row.fields() {
            let Some(wanted) = self.wanted_field(column, word) else {
                continue;
            };
            if self.custom_field(column.field.as_str()) == wanted {
                continue;
            }
            match (column.meaning, wanted) {
                (Meaning::Elsewhere(Column::IncidentState), Some(_)) if row.state.is_none() => {
                    self.note(Kind::StateUnknown);
                }
                (
                    Meaning::Elsewhere(Column::Impact | Column::Urgency | Column::Priority),
                    Some(_),
                ) => self.note(Kind::ImportanceUnknown),
                _ => {}
            }
            let value = wanted.map(Text::new).transpose().map_err(|refused| {
                let name = column.field.as_str().trim_start_matches(FIELD_PREFIX);
                RowRefused(format!("{name} {refused}"))
            })?;
            let name = column.field.clone();
            self.step(WorkCommand::SetCustomField { name, value })?;
        }
        Ok(())
    }

    /// What a custom field is to hold; nothing if it is to stay as it is.
    #[expect(
        clippy::option_option,
        reason = "to stay and to be emptied are two things"
    )]
    fn wanted_field<'w>(
        &self,
        column: &FieldColumn,
        word: Option<&'w str>,
    ) -> Option<Option<&'w str>> {
        let row = self.row;
        let is_filled = || self.custom_field(column.field.as_str()).is_some();
        match column.meaning {
            Meaning::Usually(usual) if word == Some(usual) && !is_filled() => None,
            Meaning::Plain | Meaning::Usually(_) => Some(word),
            Meaning::Active => {
                let is_over = matches!(row.state, Some(State::Closed | State::Cancelled));
                let usual = if is_over { "false" } else { "true" };
                Some(word.filter(|word| *word != usual))
            }
            Meaning::Elsewhere(column) => Some(word.filter(|_| !self.is_told(column))),
            // An empty field is empty, whenever the end was.
            Meaning::Resolution => (word.is_none() || self.knows_resolution()).then_some(word),
            Meaning::Closing => (word.is_none() || self.knows_closing()).then_some(word),
        }
    }

    /// Whether the desk says as much as the source's word does.
    fn is_told(&self, column: Column) -> bool {
        let row = self.row;
        match column {
            Column::IncidentState => row.state_is_told,
            Column::Impact => row.impact.is_some(),
            Column::Urgency => row.urgency.is_some(),
            Column::Priority => row.priority.is_some(),
            Column::OpenedAt => row.opened_at == self.incident.work().opened_at,
            _ => false,
        }
    }

    fn leave_mark(&mut self) -> Result<(), RowRefused> {
        let mark = Mark {
            update: self.row.update,
            at: self.row.updated_at,
        };
        let mut words = mark.write(&self.corrections);
        if self.custom_field(mark::FIELD) == Some(&words) {
            words.push_str("; once more");
        }
        self.step(WorkCommand::SetCustomField {
            name: line(mark::FIELD)?,
            value: Some(text(&words)?),
        })
    }
}

/// A row whose rule of the domain no correction gets around.
fn refused(refusal: &Error) -> RowRefused {
    RowRefused(format!("{} ({})", refusal, refusal.code()))
}

/// The log has no words about an incident, only what it is filed under.
fn summary(row: &Row) -> Result<Line, RowRefused> {
    let names = [
        row.category.first.as_ref().map(Line::as_str),
        row.category.second.as_ref().map(Line::as_str),
        row.word(Column::USymptom),
    ];
    let words: Vec<&str> = names.into_iter().flatten().collect();
    if words.is_empty() {
        return line(&format!("{SYSTEM} {}", row.number));
    }
    let words: String = words.join(" / ").chars().take(Line::MAX_CHARS).collect();
    line(&words)
}
