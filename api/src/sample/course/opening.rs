//! The first contact: how an incident is registered, what the desk does with
//! it before it hands it on, and how it ends where that is enough.

use domain::ids::{ArticleId, CategoryCode, CiId, ServiceCode};
use domain::incident::Command;
use domain::priority::{Impact, Urgency};
use domain::text::{Line, Text, TextRefused};
use domain::work_item::{
    ContactChannel, ExternalReference, Farewell, Intake, Relation, Visibility, WorkCommand,
};

use super::{Course, doing, work};
use crate::sample::arrivals::{Ending, Tie};
use crate::sample::cast::{Who, requester};
use crate::sample::organisation::{Language, REQUESTERS};
use crate::sample::phrases;
use crate::sample::plan::{Doing, incident_id};

impl Course<'_> {
    pub(super) fn register(&mut self) -> Result<(), TextRefused> {
        let contact_channel = *self.draw.one_of(self.story.contact);
        let by = match (contact_channel, self.asking) {
            (ContactChannel::Portal, Some(asking)) => Who::Requester(asking),
            (ContactChannel::Monitoring, _) => Who::Monitoring,
            (ContactChannel::WalkIn, _) => self.somebody_of(self.place.field_team),
            _ => self.desk,
        };
        let affected = self.asking.filter(|_| self.draw.chance(12));
        let affected = affected.and_then(|asking| self.colleague_of(asking));
        let reclassified = self.draw.chance(9);
        let rejudged = self.draw.chance(9) && self.is_worse_than_it_looks();
        let first_ci = self.story.cis.first().map(|ci| self.words.fill(ci));
        let alert = format!("ALM-{:06}", self.draw.number(100_000..=999_999));
        let intake = Intake {
            number: String::new(),
            summary: self.summary()?,
            description: Some(self.description()?),
            requester: self
                .asking
                .map(|asking| Who::Requester(asking).id())
                .transpose()?,
            affected_person: affected.map(Who::id).transpose()?,
            contact_channel,
            service: Some(ServiceCode::new(self.story.service)?),
            category: CategoryCode::new(if reclassified {
                "other"
            } else {
                self.story.category
            })?,
            impact: if rejudged {
                Impact::Low
            } else {
                self.story.impact
            },
            urgency: if rejudged {
                Urgency::Low
            } else {
                self.story.urgency
            },
            cis: first_ci
                .map(|ci| CiId::new(&ci))
                .transpose()?
                .into_iter()
                .collect(),
            external_references: if self.story.is_alert() {
                vec![ExternalReference {
                    system: Line::new("统一监控平台")?,
                    reference: Line::new(&alert)?,
                }]
            } else {
                Vec::new()
            },
        };
        self.at_once(0..=0, by, Doing::Register(Box::new(intake)));
        // What was written down wrongly is put right at the desk.
        let desk = self.desk;
        if reclassified {
            let category = CategoryCode::new(self.story.category)?;
            self.at_once(1..=4, desk, work(WorkCommand::Classify { category }));
        }
        if rejudged {
            let (impact, urgency) = (self.story.impact, self.story.urgency);
            self.at_once(
                1..=3,
                desk,
                work(WorkCommand::Prioritise { impact, urgency }),
            );
        }
        Ok(())
    }

    /// The one line, with the place where that would not be plain.
    fn summary(&mut self) -> Result<Line, TextRefused> {
        let summary = self.story.summary[self.telling];
        let says_where = summary.contains("{place}") || summary.contains("{device}");
        let summary = match self.story.language {
            _ if says_where || self.story.is_alert() || self.draw.chance(30) => summary.to_owned(),
            Language::Chinese => format!("{{place}}：{summary}"),
            Language::English => format!("{summary} ({{place}})"),
        };
        Line::new(&self.words.fill(&summary))
    }

    /// The full text, signed.
    fn description(&mut self) -> Result<Text, TextRefused> {
        let signed = if self.story.is_alert() {
            self.phrase(&phrases::RAISED)?
        } else {
            self.phrase(&phrases::SIGNED)?
        };
        let told = self.words.fill(self.story.description[self.telling]);
        Text::new(&format!("{told}\n{signed}"))
    }

    fn is_worse_than_it_looks(&self) -> bool {
        (self.story.impact, self.story.urgency) != (Impact::Low, Urgency::Low)
    }

    /// Somebody else at the same place.
    fn colleague_of(&mut self, asking: usize) -> Option<Who> {
        let place = requester(asking).place().code;
        let colleagues: Vec<usize> = (0..REQUESTERS.len())
            .filter(|index| *index != asking && requester(*index).place().code == place)
            .collect();
        if colleagues.is_empty() {
            return None;
        }
        Some(Who::Requester(*self.draw.one_of(&colleagues)))
    }

    /// Ties it to an earlier incident. False where it goes on as that one.
    pub(super) fn tie(&mut self) -> Result<bool, TextRefused> {
        let desk = self.desk;
        match self.arrival.tie {
            None => Ok(true),
            Some(Tie::Related) => {
                if self.draw.chance(20) {
                    self.take_for_a_duplicate();
                }
                self.at_once(1..=3, desk, Doing::LinkToTie(Relation::RelatesTo));
                Ok(true)
            }
            Some(Tie::Child) => {
                self.at_once(2..=4, desk, Doing::LinkFromTie(Relation::ParentOf));
                Ok(true)
            }
            Some(Tie::Duplicate) => {
                if self.draw.chance(60) {
                    self.at_once(1..=2, desk, Doing::LinkToTie(Relation::DuplicateOf));
                }
                if self.asking.is_some() {
                    self.welcome()?;
                }
                let reason = self.phrase(&phrases::MERGE)?;
                let farewell = self.farewell()?;
                self.at_once(1..=3, desk, Doing::MergeIntoTie(reason, farewell));
                Ok(false)
            }
        }
    }

    /// At first glance it was the same as the earlier one.
    fn take_for_a_duplicate(&mut self) {
        let relation = Relation::DuplicateOf;
        let desk = self.desk;
        self.at_once(1..=3, desk, Doing::LinkToTie(relation));
        if let Some(earlier) = self.arrival.tied_to {
            let target = incident_id(earlier);
            self.at_once(2..=6, desk, work(WorkCommand::Unlink { relation, target }));
        }
    }

    /// Who is told of an end without a resolution.
    pub(super) fn farewell(&mut self) -> Result<Farewell, TextRefused> {
        Ok(match self.asking {
            Some(asking) => Farewell {
                told: vec![Who::Requester(asking).id()?],
                no_feedback_reason: None,
            },
            None => Farewell {
                told: Vec::new(),
                no_feedback_reason: Some(self.phrase(&phrases::NOBODY_TO_TELL)?),
            },
        })
    }

    fn welcome(&mut self) -> Result<(), TextRefused> {
        let text = self.phrase(&phrases::WELCOME)?;
        let comment = WorkCommand::Comment {
            visibility: Visibility::Public,
            text,
        };
        self.at_once(1..=3, self.desk, work(comment));
        Ok(())
    }

    /// What the desk does first. False where the incident gets no further.
    pub(super) fn triage(&mut self) -> Result<bool, TextRefused> {
        if let Some(asking) = self.asking {
            if self.draw.chance(35) {
                self.welcome()?;
            }
            if self.draw.chance(30) {
                self.attach(Who::Requester(asking))?;
            }
        }
        match (self.arrival.ending, self.asking) {
            (Ending::New, _) => Ok(false),
            (Ending::Withdrawn, Some(asking)) => {
                let reason = self.phrase(&phrases::WITHDRAWN)?;
                self.then(
                    10..=60,
                    Who::Requester(asking),
                    doing(Command::Cancel {
                        reason,
                        farewell: Farewell::default(),
                    }),
                );
                Ok(false)
            }
            _ => Ok(true),
        }
    }

    /// Ends it at the first contact, where the desk can and nobody else is
    /// meant to have it.
    pub(super) fn ends_at_contact(&mut self) -> Result<bool, TextRefused> {
        let may = self.story.at_contact && !self.arrival.is_awaited;
        let solved = matches!(
            self.arrival.ending,
            Ending::Resolved | Ending::Confirmed | Ending::ClosedByDesk
        );
        if !may || !solved || !self.draw.chance(75) {
            return Ok(false);
        }
        let desk = self.desk;
        let knowledge = self.story.article.map(ArticleId::new).transpose()?;
        if self.draw.chance(60) {
            let guided = Command::GiveInitialSupport {
                answer: Some(self.phrase(&phrases::GUIDED)?),
                article: knowledge.clone(),
                workaround: None,
            };
            self.at_once(3..=12, desk, doing(guided));
        } else {
            if let Some(article) = knowledge.clone() {
                self.at_once(1..=3, desk, work(WorkCommand::ApplyKnowledge { article }));
            }
            let guided = WorkCommand::RecordContact {
                contact_channel: ContactChannel::Phone,
                text: self.phrase(&phrases::GUIDED)?,
            };
            self.at_once(2..=9, desk, work(guided));
        }
        let resolve = Command::ResolveAtContact {
            code: Line::new(self.story.code)?,
            solution: self.text(self.story.solution)?,
            knowledge,
        };
        self.at_once(1..=4, desk, doing(resolve));
        let minutes = self.draw.number(5..=18);
        self.at_once(
            0..=1,
            desk,
            work(WorkCommand::LogEffort {
                minutes,
                text: None,
            }),
        );
        self.wind_up()?;
        Ok(true)
    }
}
