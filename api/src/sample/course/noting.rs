//! What is written down beside the work: files, configuration items, fields,
//! references, time spent; and who is told, or presses.

use domain::ids::{ArticleId, CiId, PersonId};
use domain::priority::Priority;
use domain::text::{Line, Text, TextRefused};
use domain::work_item::{Attachment, DetailField, ExternalReference, WorkCommand};
use sha2::{Digest, Sha256};

use super::{Course, work};
use crate::sample::cast::Who;
use crate::sample::organisation::{HEADS, Language};
use crate::sample::phrases;

impl Course<'_> {
    pub(super) fn correct(&mut self) -> Result<(), TextRefused> {
        let other = 1 - self.telling;
        self.telling = other;
        let correct = WorkCommand::CorrectDetails {
            field: DetailField::Summary,
            to: Some(self.text(self.story.summary[other])?),
            reason: self.phrase(&phrases::CORRECTED)?,
        };
        self.then(3..=15, self.holder, work(correct));
        Ok(())
    }

    /// The requester adds what they see, somebody of the desk what they found.
    pub(super) fn attach(&mut self, who: Who) -> Result<(), TextRefused> {
        let half = phrases::FILES.len() / 2;
        let files = match (who, self.story.language) {
            (Who::Requester(_), Language::Chinese) => &phrases::FILES[..half],
            (Who::Requester(_), Language::English) => &phrases::FILES[half..],
            _ => &phrases::LOGS,
        };
        let (name, media_type, kilobytes) = *self.draw.one_of(files);
        let size_bytes = kilobytes * 1024 + self.draw.number(0..=40_000);
        let content = format!("{}:{}:{name}:{size_bytes}", self.incident, self.steps.len());
        let attachment = Attachment {
            name: Line::new(name)?,
            media_type: Line::new(media_type)?,
            size_bytes: size_bytes.into(),
            sha256: format!("{:x}", Sha256::digest(content)),
        };
        self.at_once(1..=12, who, work(WorkCommand::Attach { attachment }));
        Ok(())
    }

    /// Names the other configuration item, sometimes after the wrong one.
    pub(super) fn link_ci(&mut self) -> Result<(), TextRefused> {
        if self.draw.chance(18) {
            let wrong = CiId::new("app-core-portal")?;
            self.then(
                2..=10,
                self.holder,
                work(WorkCommand::LinkCi { ci: wrong.clone() }),
            );
            self.then(
                5..=20,
                self.holder,
                work(WorkCommand::UnlinkCi { ci: wrong }),
            );
        }
        if let Some(ci) = self.story.cis.get(1) {
            let ci = CiId::new(&self.words.fill(ci))?;
            self.then(2..=10, self.holder, work(WorkCommand::LinkCi { ci }));
        }
        Ok(())
    }

    pub(super) fn watch(&mut self) -> Result<(), TextRefused> {
        let person = PersonId::new(self.draw.one_of::<&str>(&HEADS))?;
        let add = WorkCommand::AddWatcher {
            person: person.clone(),
        };
        self.then(1..=8, self.holder, work(add));
        if self.draw.chance(25) {
            self.then(
                30..=90,
                self.holder,
                work(WorkCommand::RemoveWatcher { person }),
            );
        }
        Ok(())
    }

    /// The requester presses; or the desk does, for one who called.
    pub(super) fn urge(&mut self) -> Result<(), TextRefused> {
        let Some(asking) = self.asking else {
            return Ok(());
        };
        let by = if self.draw.chance(75) {
            Who::Requester(asking)
        } else {
            self.desk
        };
        for _ in 0..self.draw.number(1..=2) {
            let text = Some(self.phrase(&phrases::URGE)?);
            self.then(20..=70, by, work(WorkCommand::Urge { text, lead: None }));
        }
        Ok(())
    }

    pub(super) fn override_priority(&mut self) -> Result<(), TextRefused> {
        let priority = match self.priority {
            Priority::P5 => Priority::P4,
            Priority::P4 => Priority::P3,
            Priority::P3 => Priority::P2,
            Priority::P1 | Priority::P2 => return Ok(()),
        };
        self.priority = priority;
        let reason = self.phrase(&phrases::OVERRIDE)?;
        let override_priority = WorkCommand::OverridePriority { priority, reason };
        self.then(2..=15, self.holder, work(override_priority));
        Ok(())
    }

    pub(super) fn tell_management(&mut self) -> Result<(), TextRefused> {
        for _ in 0..self.draw.number(1..=2) {
            let head = HEADS[usize::from(self.escalated_to)];
            self.escalated_to += 1;
            let escalate = WorkCommand::EscalateHierarchically {
                level: self.escalated_to,
                person: Some(PersonId::new(head)?),
                reason: self.phrase(&phrases::HIERARCHY)?,
            };
            self.then(10..=60, self.holder, work(escalate));
        }
        Ok(())
    }

    pub(super) fn notify(&mut self) -> Result<(), TextRefused> {
        let mut recipients = vec![PersonId::new(HEADS[0])?];
        if let Some(asking) = self.asking {
            recipients.insert(0, Who::Requester(asking).id()?);
        }
        let text = self.phrase(&phrases::NOTICE)?;
        let notice = WorkCommand::NotifyStage { recipients, text };
        self.then(5..=20, self.holder, work(notice));
        Ok(())
    }

    pub(super) fn refer(&mut self) -> Result<(), TextRefused> {
        let reference = format!("TS-{:05}", self.draw.number(10_000..=99_999));
        let external = ExternalReference {
            system: Line::new("客服投诉系统")?,
            reference: Line::new(&reference)?,
        };
        let add = WorkCommand::AddExternalReference { external };
        self.then(2..=10, self.holder, work(add));
        Ok(())
    }

    pub(super) fn fill_a_field(&mut self) -> Result<(), TextRefused> {
        let of_insurance = ["core", "claims", "channel"];
        let fields = if of_insurance
            .iter()
            .any(|of| self.story.category.starts_with(of))
        {
            &phrases::FIELDS[..]
        } else {
            &phrases::FIELDS[..2]
        };
        let (name, values) = *self.draw.one_of(fields);
        let name = Line::new(name)?;
        let value = Some(Text::new(self.draw.one_of::<&str>(values))?);
        let set = WorkCommand::SetCustomField {
            name: name.clone(),
            value,
        };
        self.then(1..=6, self.holder, work(set));
        if self.draw.chance(12) {
            let empty = WorkCommand::SetCustomField { name, value: None };
            self.then(5..=20, self.holder, work(empty));
        }
        Ok(())
    }

    pub(super) fn apply_knowledge(&mut self) -> Result<(), TextRefused> {
        if let Some(article) = self.story.article {
            let article = ArticleId::new(article)?;
            self.then(
                1..=8,
                self.holder,
                work(WorkCommand::ApplyKnowledge { article }),
            );
        }
        Ok(())
    }

    pub(super) fn log_effort(&mut self) -> Result<(), TextRefused> {
        let minutes = self.draw.number(2..=24) * 10;
        let text = Some(self.phrase(&phrases::EFFORT)?);
        self.then(
            1..=10,
            self.holder,
            work(WorkCommand::LogEffort { minutes, text }),
        );
        Ok(())
    }
}
