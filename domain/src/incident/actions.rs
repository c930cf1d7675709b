//! Which steps an actor could take now. Each kind of command is tried with a
//! well-formed example, so the answer is what `decide` says and cannot drift
//! from it.

use strum::IntoEnumIterator;
use uuid::Uuid;

use super::{Command, Estimate, EstimateMethod, HoldReason, Incident, IncidentAction};
use crate::ids::{ArticleId, CategoryCode, CiId, PersonId, TeamId, WorkItemId};
use crate::priority::{Impact, Priority, Urgency};
use crate::text::{Line, Text};
use crate::work_item::{
    Assignee, Attachment, ByteCount, ContactChannel, DetailField, ExternalReference, Farewell,
    ForwardTo, LinkTarget, MergedItem, Relation, SupportLine, TeamRef, Visibility, WorkAction,
    WorkCommand,
};
use crate::{Context, Decider};

impl Incident {
    /// The kernel's steps that the actor could take now.
    pub fn available_work_actions(&self, context: &Context) -> Vec<WorkAction> {
        let Some(examples) = Examples::of(self) else {
            return Vec::new();
        };
        WorkAction::iter()
            .filter(|action| {
                let command = Command::from(examples.work_command(*action, self, context));
                self.decide(&command, context).is_ok()
            })
            .collect()
    }

    /// The incident's own steps that the actor could take now, those that only
    /// the desk's machines take left out.
    pub fn available_actions(&self, context: &Context) -> Vec<IncidentAction> {
        let Some(examples) = Examples::of(self) else {
            return Vec::new();
        };
        IncidentAction::iter()
            .filter(|action| {
                examples
                    .command(*action, self, context)
                    .is_some_and(|command| self.decide(&command, context).is_ok())
            })
            .collect()
    }
}

impl Incident {
    /// What like incidents could have taken.
    fn example_estimate(&self, context: &Context) -> Option<Estimate> {
        let age = context.effective_at - self.work.opened_at;
        Some(Estimate {
            method: EstimateMethod::MedianOfPriority,
            category: self.work.category.as_ref()?.code.clone(),
            priority: self.work.priority?.priority,
            sample: super::LEAST_COMPARED,
            minutes: u32::try_from(age.num_minutes() + 1).ok()?,
            as_of: 0,
        })
    }
}

/// Well-formed values that nothing about the incident contradicts.
struct Examples {
    text: Text,
    line: Line,
    person: PersonId,
    category: CategoryCode,
    ci: CiId,
    article: ArticleId,
    target: LinkTarget,
}

impl Examples {
    fn of(incident: &Incident) -> Option<Self> {
        let mut target = Uuid::max();
        while incident.work.links.iter().any(|(_, id)| id.0 == target) {
            target = Uuid::from_u128(target.as_u128() - 1);
        }
        Some(Self {
            text: Text::new("example").ok()?,
            line: Line::new("example").ok()?,
            person: PersonId::new("example").ok()?,
            category: CategoryCode::new("example").ok()?,
            ci: CiId::new("example").ok()?,
            article: ArticleId::new("example").ok()?,
            target: LinkTarget {
                id: WorkItemId(target),
                number: String::new(),
                leads_back: false,
                is_open: true,
            },
        })
    }

    fn farewell(&self) -> Farewell {
        Farewell {
            told: Vec::new(),
            no_feedback_reason: Some(self.text.clone()),
        }
    }

    fn assignee(&self, line: SupportLine) -> Assignee {
        Assignee {
            team: TeamRef {
                id: TeamId(Uuid::max()),
                name: self.line.to_string(),
                line,
                department: self.line.to_string(),
            },
            team_is_active: true,
            person: None,
            person_is_member: false,
        }
    }

    #[expect(clippy::too_many_lines, reason = "one arm a kind of command")]
    fn work_command(
        &self,
        action: WorkAction,
        incident: &Incident,
        context: &Context,
    ) -> WorkCommand {
        let work = &incident.work;
        let line = work
            .team
            .as_ref()
            .map_or(SupportLine::First, |team| team.line);
        match action {
            WorkAction::Classify => WorkCommand::Classify {
                category: self.new_category(incident, context),
            },
            WorkAction::Prioritise => {
                let now = work.priority.map(|p| (p.impact, p.urgency));
                let (impact, urgency) = match now {
                    Some((Impact::Low, Urgency::Low)) => (Impact::High, Urgency::High),
                    _ => (Impact::Low, Urgency::Low),
                };
                WorkCommand::Prioritise { impact, urgency }
            }
            WorkAction::OverridePriority => WorkCommand::OverridePriority {
                priority: match work.priority.map(|p| p.priority) {
                    Some(Priority::P1) => Priority::P2,
                    _ => Priority::P1,
                },
                reason: self.text.clone(),
            },
            WorkAction::Assign => WorkCommand::Assign {
                to: self.assignee(line),
            },
            WorkAction::Accept => WorkCommand::Accept,
            WorkAction::Return => WorkCommand::Return {
                reason: self.text.clone(),
            },
            WorkAction::Forward => WorkCommand::Forward {
                to: match incident.status() {
                    super::Status::OnHold => ForwardTo::Platform {
                        platform: self.line.clone(),
                        reference: self.new_reference(incident).reference,
                    },
                    _ => ForwardTo::Team(self.assignee(line)),
                },
                reason: None,
            },
            WorkAction::EscalateFunctionally => WorkCommand::EscalateFunctionally {
                to: self.assignee(SupportLine::Third),
                reason: self.text.clone(),
            },
            WorkAction::EscalateHierarchically => WorkCommand::EscalateHierarchically {
                level: work.escalation_level.saturating_add(1),
                person: None,
                reason: self.text.clone(),
            },
            WorkAction::AddWatcher => WorkCommand::AddWatcher {
                person: self.new_watcher(incident),
            },
            WorkAction::RemoveWatcher => WorkCommand::RemoveWatcher {
                person: work.watchers.first().unwrap_or(&self.person).clone(),
            },
            WorkAction::Comment => WorkCommand::Comment {
                visibility: match context.actor.role {
                    crate::Role::Requester => Visibility::Public,
                    _ => Visibility::Internal,
                },
                text: self.text.clone(),
            },
            WorkAction::NotifyStage => WorkCommand::NotifyStage {
                recipients: vec![self.person.clone()],
                text: self.text.clone(),
            },
            WorkAction::RecordContact => WorkCommand::RecordContact {
                contact_channel: ContactChannel::Phone,
                text: self.text.clone(),
            },
            WorkAction::Urge => WorkCommand::Urge {
                text: None,
                lead: None,
            },
            WorkAction::LinkCi => WorkCommand::LinkCi {
                ci: self.new_ci(incident),
            },
            WorkAction::UnlinkCi => WorkCommand::UnlinkCi {
                ci: work.cis.first().unwrap_or(&self.ci).clone(),
            },
            WorkAction::Link => WorkCommand::Link {
                relation: Relation::RelatesTo,
                target: self.target.clone(),
            },
            WorkAction::Unlink => {
                let (relation, target) = work
                    .links
                    .first()
                    .copied()
                    .unwrap_or((Relation::RelatesTo, self.target.id));
                WorkCommand::Unlink { relation, target }
            }
            WorkAction::Attach => WorkCommand::Attach {
                attachment: self.new_attachment(incident),
            },
            WorkAction::LogEffort => WorkCommand::LogEffort {
                minutes: 1,
                text: None,
            },
            WorkAction::AddExternalReference => WorkCommand::AddExternalReference {
                external: self.new_reference(incident),
            },
            WorkAction::ApplyKnowledge => WorkCommand::ApplyKnowledge {
                article: self.article.clone(),
            },
            // Emptying a field that is there is always possible; a new one
            // may look like another.
            WorkAction::SetCustomField => {
                let known = work.custom_fields.keys().next();
                let known = known.and_then(|name| Line::new(name).ok());
                WorkCommand::SetCustomField {
                    value: known.is_none().then(|| self.text.clone()),
                    name: known.unwrap_or_else(|| self.line.clone()),
                }
            }
            WorkAction::CorrectDetails => WorkCommand::CorrectDetails {
                field: DetailField::Description,
                to: if work.details.contains_key(DetailField::Description.as_ref()) {
                    None
                } else {
                    Some(self.text.clone())
                },
                reason: self.text.clone(),
            },
            WorkAction::MergeInto => WorkCommand::MergeInto {
                target: self.target.clone(),
                reason: self.text.clone(),
                farewell: self.farewell(),
            },
            WorkAction::TakeIn => WorkCommand::TakeIn {
                item: Self::new_merged(incident),
            },
            WorkAction::Archive => WorkCommand::Archive,
        }
    }

    fn command(
        &self,
        action: IncidentAction,
        incident: &Incident,
        context: &Context,
    ) -> Option<Command> {
        let text = self.text.clone();
        Some(match action {
            IncidentAction::Register
            | IncidentAction::Work
            | IncidentAction::EndHold
            | IncidentAction::CloseUnanswered
            | IncidentAction::CorrectStatus => return None,
            IncidentAction::StartDiagnosis => Command::StartDiagnosis { hypothesis: None },
            IncidentAction::RecordFinding => Command::RecordFinding { text },
            IncidentAction::ComputeExpectedResolution => Command::ComputeExpectedResolution {
                estimate: incident.example_estimate(context),
            },
            IncidentAction::SetExpectedResolution => Command::SetExpectedResolution {
                at: context.effective_at,
                reason: text,
            },
            IncidentAction::PutOnHold => Command::PutOnHold {
                reason: HoldReason::Requester,
                text: None,
                until: None,
            },
            IncidentAction::Resume => Command::Resume,
            IncidentAction::ApplyWorkaround => Command::ApplyWorkaround { text },
            IncidentAction::RestoreService => Command::RestoreService,
            IncidentAction::Resolve => Command::Resolve {
                code: self.line.clone(),
                cause: None,
                solution: text,
                knowledge: None,
            },
            IncidentAction::GiveInitialSupport => Command::GiveInitialSupport {
                answer: Some(text),
                article: None,
                workaround: None,
            },
            IncidentAction::ResolveAtContact => Command::ResolveAtContact {
                code: self.line.clone(),
                solution: text,
                knowledge: None,
            },
            IncidentAction::ConfirmResolution => Command::ConfirmResolution,
            IncidentAction::RejectResolution => Command::RejectResolution { reason: text },
            IncidentAction::Close => Command::Close {
                no_feedback_reason: Some(text),
            },
            IncidentAction::Reopen => Command::Reopen { reason: text },
            IncidentAction::Cancel => Command::Cancel {
                reason: text,
                farewell: self.farewell(),
            },
            IncidentAction::DeclareMajor => Command::DeclareMajor {
                reason: text,
                leader: None,
            },
            IncidentAction::StandDownMajor => Command::StandDownMajor { reason: text },
            IncidentAction::RequireReview => Command::RequireReview,
            IncidentAction::CompleteReview => Command::CompleteReview { text },
        })
    }

    /// Another category of the tree, or the one it has, which a newer version
    /// of the tree may make a change; any, where there is no tree at all.
    fn new_category(&self, incident: &Incident, context: &Context) -> CategoryCode {
        let now = incident.work.category.as_ref().map(|now| &now.code);
        let tree = context.category_tree();
        let mut codes = tree.iter().flat_map(|tree| &tree.content.categories);
        codes
            .find(|category| Some(&category.code) != now)
            .map(|category| &category.code)
            .or(now)
            .unwrap_or(&self.category)
            .clone()
    }

    fn new_merged(incident: &Incident) -> MergedItem {
        let mut id = Uuid::max();
        while incident.work.merged.contains_key(&WorkItemId(id)) {
            id = Uuid::from_u128(id.as_u128() - 1);
        }
        MergedItem {
            id: WorkItemId(id),
            number: String::new(),
            people: Vec::new(),
        }
    }

    fn new_watcher(&self, incident: &Incident) -> PersonId {
        let taken = |p: &PersonId| incident.work.watchers.contains(p);
        unused(&self.person, taken, PersonId::new)
    }

    fn new_ci(&self, incident: &Incident) -> CiId {
        unused(&self.ci, |ci| incident.work.cis.contains(ci), CiId::new)
    }

    fn new_reference(&self, incident: &Incident) -> ExternalReference {
        let reference = |reference: &Line| ExternalReference {
            system: self.line.clone(),
            reference: reference.clone(),
        };
        let taken = |line: &Line| incident.work.external_references.contains(&reference(line));
        reference(&unused(&self.line, taken, Line::new))
    }

    fn new_attachment(&self, incident: &Incident) -> Attachment {
        let mut hash = 0_u64;
        while incident.work.attachments.contains(&format!("{hash:064x}")) {
            hash += 1;
        }
        Attachment {
            name: self.line.clone(),
            media_type: self.line.clone(),
            size_bytes: ByteCount::default(),
            sha256: format!("{hash:064x}"),
        }
    }
}

/// The example itself, or the first numbered variant of it that is not taken.
fn unused<T: Clone + std::fmt::Display, E>(
    example: &T,
    taken: impl Fn(&T) -> bool,
    make: impl Fn(&str) -> Result<T, E>,
) -> T {
    let mut candidate = example.clone();
    let mut number = 1;
    while taken(&candidate) {
        number += 1;
        match make(&format!("{example} {number}")) {
            Ok(next) => candidate = next,
            Err(_) => break,
        }
    }
    candidate
}
