//! Draws people, moments and commands from a seed, so that a run of hundreds
//! of steps is a list of small numbers, and a failing one shrinks to few.

use std::sync::LazyLock;

use chrono::{DateTime, Utc};
use strum::IntoEnumIterator;

use crate::configuration::{Category, CategoryTree, PriorityMatrix};
use crate::context::{Channel, Context, Role};
use crate::fixtures::{
    actor, administrator, affected, agent, auditor, category, ci, coordinator, desk, hotline,
    hours, intake, item, line, network, person, published, requester, specialist, stranger, team,
    text, vendor,
};
use crate::ids::{ArticleId, PersonId};
use crate::incident::{
    Command, Estimate, EstimateMethod, HoldReason, Incident, IncidentAction, Status,
};
use crate::priority::Priority;
use crate::text::{Line, Text};
use crate::work_item::{
    Assignee, Attachment, ByteCount, ContactChannel, DetailField, ExternalReference, Farewell,
    ForwardTo, Intake, LinkTarget, MergedItem, Relation, SupportLine, TeamRef, Visibility,
    WorkAction, WorkCommand,
};

/// Everybody who might act, with configurations that change a day and two days
/// after the first contact.
pub(super) static PEOPLE: LazyLock<Vec<Context>> = LazyLock::new(|| {
    let mut strict = PriorityMatrix::initial();
    strict.rows[1] = [Priority::P1, Priority::P1, Priority::P3];
    let mut lenient = PriorityMatrix::initial();
    for level in &mut lenient.levels {
        level.review_required = false;
        level.confirm_within_hours = 2;
        level.reopen_within_hours = 4;
    }
    let matrices = published(&[PriorityMatrix::initial(), strict, lenient]);
    let trees = published(&[tree(&CODES[..3]), tree(&CODES[1..]), tree(&CODES[..1])]);
    let mut on_both_sides = agent();
    on_both_sides.actor.id = person("wang.fang");
    let mut vendor_agent = agent();
    vendor_agent.actor = actor("external.1", Role::Agent, &[vendor(), hotline()]);
    let people = [
        requester(),
        agent(),
        specialist(),
        coordinator(),
        affected(),
        vendor_agent,
        coordinator(),
        on_both_sides,
        stranger(),
        auditor(),
        administrator(),
    ];
    people
        .into_iter()
        .map(|context| Context {
            matrices: matrices.clone(),
            categories: trees.clone(),
            ..context
        })
        .collect()
});

const CODES: [&str; 4] = ["network", "desktop", "mail", "other"];

fn tree(codes: &[&str]) -> CategoryTree {
    let node = |code: &&str| Category {
        code: category(code),
        parent: None,
        name_zh: "类".to_owned(),
        name_en: "Category".to_owned(),
    };
    CategoryTree {
        categories: codes.iter().map(node).collect(),
    }
}

/// A sequence of draws that depends on its seed alone (the algorithm is
/// `SplitMix64`).
pub(super) struct Dice(pub(super) u64);

impl Dice {
    fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut drawn = self.0;
        drawn = (drawn ^ (drawn >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        drawn = (drawn ^ (drawn >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        drawn ^ (drawn >> 31)
    }

    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.draw() % end
    }

    pub(super) fn once_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    pub(super) fn one_of<T>(&mut self, things: impl IntoIterator<Item = T>) -> Option<T> {
        let mut things: Vec<T> = things.into_iter().collect();
        let count = u64::try_from(things.len()).unwrap();
        (count > 0).then(|| {
            let index = usize::try_from(self.below(count)).unwrap();
            things.swap_remove(index)
        })
    }

    /// Anybody, and as often one of those who may do the most.
    pub(super) fn someone(&mut self) -> Context {
        let staff = if self.once_in(2) {
            &PEOPLE[1..4]
        } else {
            &PEOPLE[..]
        };
        self.one_of(staff).unwrap().clone()
    }

    fn any<T: IntoEnumIterator>(&mut self) -> T {
        self.one_of(T::iter()).unwrap()
    }

    fn perhaps<T>(&mut self, draw: impl FnOnce(&mut Self) -> T) -> Option<T> {
        (!self.once_in(2)).then(|| draw(self))
    }

    fn text(&mut self) -> Text {
        self.one_of([text("好"), text("More\nof it"), text("x")])
            .unwrap()
    }

    fn line(&mut self) -> Line {
        self.one_of([line("example"), line("示例"), line("x")])
            .unwrap()
    }

    fn person(&mut self) -> PersonId {
        let people = ["wang.fang", "chen.jie", "director", "example"];
        person(self.one_of(people).unwrap())
    }

    fn team(&mut self) -> TeamRef {
        let peers = |line| [team("night", line, "branch"), team("day", line, "branch")];
        let known = [desk(), hotline(), network(), vendor()];
        let others = SupportLine::iter().flat_map(peers);
        self.one_of(known.into_iter().chain(others)).unwrap()
    }

    fn assignee(&mut self) -> Assignee {
        Assignee {
            team: self.team(),
            team_is_active: !self.once_in(4),
            person: self.perhaps(Self::person),
            person_is_member: !self.once_in(3),
        }
    }

    fn target(&mut self) -> LinkTarget {
        let number = 1 + self.below(4);
        LinkTarget {
            id: item(u128::from(number)),
            number: format!("INC000000{number}"),
            leads_back: self.once_in(3),
            is_open: !self.once_in(3),
        }
    }

    fn reference(&mut self) -> ExternalReference {
        ExternalReference {
            system: self.line(),
            reference: line(&format!("CASE-{}", self.below(9))),
        }
    }

    fn attachment(&mut self) -> Attachment {
        let digit = self.one_of(["0", "1", "a", "f", "A"]).unwrap();
        Attachment {
            name: self.line(),
            media_type: line("image/png"),
            size_bytes: ByteCount::new(self.below(1 << 40)).unwrap(),
            sha256: digit.repeat(64),
        }
    }

    /// Mostly a little later than before, now and then much later, or earlier.
    pub(super) fn moment(&mut self, now: DateTime<Utc>) -> DateTime<Utc> {
        match self.below(12) {
            0 => now + hours(40),
            1 => now + hours(10 * 24),
            2 => now - hours(1),
            _ => now + hours(1) / 4,
        }
    }

    pub(super) fn channel(&mut self) -> Channel {
        match self.below(12) {
            0 => Channel::Import,
            1 => Channel::Process,
            _ => Channel::Api,
        }
    }

    pub(super) fn intake(&mut self) -> Intake {
        let by_machine = self.once_in(6);
        Intake {
            requester: (!by_machine).then(|| person("wang.fang")),
            affected_person: self.perhaps(|_| person("chen.jie")),
            contact_channel: if by_machine {
                ContactChannel::Monitoring
            } else {
                self.any()
            },
            category: category(CODES[0]),
            impact: self.any(),
            urgency: self.any(),
            cis: self.perhaps(|_| ci("vpn-gateway-1")).into_iter().collect(),
            ..intake()
        }
    }

    /// A well-formed command of the kind, which may or may not fit.
    pub(super) fn work_command(&mut self, action: WorkAction, incident: &Incident) -> WorkCommand {
        match action {
            WorkAction::Classify
            | WorkAction::Prioritise
            | WorkAction::OverridePriority
            | WorkAction::Assign
            | WorkAction::Accept
            | WorkAction::Return
            | WorkAction::Forward
            | WorkAction::EscalateFunctionally
            | WorkAction::EscalateHierarchically
            | WorkAction::MergeInto
            | WorkAction::TakeIn => self.hand_over(action, incident),
            _ => self.record(action, incident),
        }
    }

    fn hand_over(&mut self, action: WorkAction, incident: &Incident) -> WorkCommand {
        match action {
            WorkAction::Classify => WorkCommand::Classify {
                category: category(self.one_of(CODES).unwrap()),
            },
            WorkAction::Prioritise => WorkCommand::Prioritise {
                impact: self.any(),
                urgency: self.any(),
            },
            WorkAction::OverridePriority => WorkCommand::OverridePriority {
                priority: self.any(),
                reason: self.text(),
            },
            WorkAction::Assign => WorkCommand::Assign {
                to: self.assignee(),
            },
            WorkAction::Return => WorkCommand::Return {
                reason: self.text(),
            },
            WorkAction::Forward => WorkCommand::Forward {
                to: if self.once_in(2) {
                    ForwardTo::Team(self.assignee())
                } else {
                    let ExternalReference { system, reference } = self.reference();
                    ForwardTo::Platform {
                        platform: system,
                        reference,
                    }
                },
                reason: self.perhaps(Self::text),
            },
            WorkAction::EscalateFunctionally => WorkCommand::EscalateFunctionally {
                to: self.assignee(),
                reason: self.text(),
            },
            WorkAction::EscalateHierarchically => WorkCommand::EscalateHierarchically {
                level: {
                    let above = incident.work.escalation_level.saturating_add(1);
                    self.one_of([0, 1, above, above, u8::MAX]).unwrap()
                },
                person: self.perhaps(Self::person),
                reason: self.text(),
            },
            WorkAction::MergeInto => WorkCommand::MergeInto {
                target: self.target(),
                reason: self.text(),
                farewell: self.farewell(),
            },
            WorkAction::TakeIn => WorkCommand::TakeIn {
                item: MergedItem {
                    id: item(u128::from(self.below(6))),
                    number: format!("INC000001{}", self.below(6)),
                    people: vec![self.person()],
                },
            },
            _ => WorkCommand::Accept,
        }
    }

    fn record(&mut self, action: WorkAction, incident: &Incident) -> WorkCommand {
        let work = &incident.work;
        match action {
            WorkAction::AddWatcher => WorkCommand::AddWatcher {
                person: self.person(),
            },
            WorkAction::RemoveWatcher => WorkCommand::RemoveWatcher {
                person: self.person(),
            },
            WorkAction::Comment => WorkCommand::Comment {
                visibility: self
                    .one_of([Visibility::Public, Visibility::Internal])
                    .unwrap(),
                text: self.text(),
            },
            WorkAction::NotifyStage => {
                let people = self.below(3);
                WorkCommand::NotifyStage {
                    recipients: (0..people).map(|_| self.person()).collect(),
                    text: self.text(),
                }
            }
            WorkAction::RecordContact => WorkCommand::RecordContact {
                contact_channel: self.any(),
                text: self.text(),
            },
            WorkAction::Urge => WorkCommand::Urge {
                text: self.perhaps(Self::text),
                lead: self.perhaps(Self::person),
            },
            WorkAction::LinkCi => WorkCommand::LinkCi {
                ci: ci(&format!("ci-{}", self.below(9))),
            },
            WorkAction::UnlinkCi => WorkCommand::UnlinkCi {
                ci: self
                    .one_of(&work.cis)
                    .cloned()
                    .unwrap_or_else(|| ci("ci-1")),
            },
            WorkAction::Link => WorkCommand::Link {
                relation: self.any(),
                target: self.target(),
            },
            WorkAction::Unlink => {
                let linked = self.one_of(&work.links).copied();
                let (relation, target) = linked.unwrap_or((Relation::ParentOf, item(2)));
                WorkCommand::Unlink { relation, target }
            }
            WorkAction::Attach => WorkCommand::Attach {
                attachment: self.attachment(),
            },
            WorkAction::LogEffort => WorkCommand::LogEffort {
                minutes: self.one_of([0, 1, 45, 1440, 1441]).unwrap(),
                text: self.perhaps(Self::text),
            },
            WorkAction::AddExternalReference => WorkCommand::AddExternalReference {
                external: self.reference(),
            },
            WorkAction::ApplyKnowledge => WorkCommand::ApplyKnowledge {
                article: ArticleId::new("KB-9").unwrap(),
            },
            WorkAction::SetCustomField => WorkCommand::SetCustomField {
                name: self.line(),
                value: self.perhaps(Self::text),
            },
            WorkAction::CorrectDetails => {
                let field: DetailField = self.any();
                let names_a_person =
                    matches!(field, DetailField::Requester | DetailField::AffectedPerson);
                let to = if names_a_person {
                    text(self.person().as_str())
                } else {
                    self.text()
                };
                WorkCommand::CorrectDetails {
                    field,
                    to: self.perhaps(|_| to),
                    reason: self.text(),
                }
            }
            _ => WorkCommand::Archive,
        }
    }

    /// A well-formed command of the kind, which may or may not fit.
    pub(super) fn command(
        &mut self,
        action: IncidentAction,
        incident: &Incident,
        now: DateTime<Utc>,
    ) -> Command {
        match action {
            IncidentAction::Register => Command::Register(Box::new(self.intake())),
            IncidentAction::Work => {
                let action = self.any();
                self.work_command(action, incident).into()
            }
            IncidentAction::StartDiagnosis => Command::StartDiagnosis {
                hypothesis: self.perhaps(Self::text),
            },
            IncidentAction::RecordFinding => Command::RecordFinding { text: self.text() },
            IncidentAction::ComputeExpectedResolution => Command::ComputeExpectedResolution {
                estimate: self.perhaps(|dice| dice.estimate(incident)).flatten(),
            },
            IncidentAction::SetExpectedResolution => Command::SetExpectedResolution {
                at: self.moment(now),
                reason: self.text(),
            },
            IncidentAction::PutOnHold => Command::PutOnHold {
                reason: self
                    .one_of([HoldReason::Requester, HoldReason::Supplier])
                    .unwrap(),
                text: self.perhaps(Self::text),
                until: self.perhaps(|dice| dice.moment(now)),
            },
            IncidentAction::Resume => Command::Resume,
            IncidentAction::EndHold => Command::EndHold,
            IncidentAction::ApplyWorkaround => Command::ApplyWorkaround { text: self.text() },
            IncidentAction::RestoreService => Command::RestoreService,
            IncidentAction::Resolve => Command::Resolve {
                code: self.line(),
                cause: self.perhaps(Self::text),
                solution: self.text(),
                knowledge: None,
            },
            IncidentAction::GiveInitialSupport => Command::GiveInitialSupport {
                answer: self.perhaps(Self::text),
                article: None,
                workaround: self.perhaps(Self::text),
            },
            IncidentAction::ResolveAtContact => Command::ResolveAtContact {
                code: self.line(),
                solution: self.text(),
                knowledge: None,
            },
            _ => self.ending(action),
        }
    }

    fn estimate(&mut self, incident: &Incident) -> Option<Estimate> {
        let judged = incident.work.priority?;
        let other = self.any();
        Some(Estimate {
            method: EstimateMethod::MedianOfPriority,
            category: incident.work.category.as_ref()?.code.clone(),
            priority: self.one_of([judged.priority, other]).unwrap(),
            sample: 5,
            minutes: self.one_of([0, 60, 1_000_000]).unwrap(),
            as_of: 1,
        })
    }

    fn farewell(&mut self) -> Farewell {
        Farewell {
            told: self.perhaps(Self::person).into_iter().collect(),
            no_feedback_reason: self.perhaps(Self::text),
        }
    }

    fn ending(&mut self, action: IncidentAction) -> Command {
        match action {
            IncidentAction::RejectResolution => Command::RejectResolution {
                reason: self.text(),
            },
            IncidentAction::Close => Command::Close {
                no_feedback_reason: self.perhaps(Self::text),
            },
            IncidentAction::CloseUnanswered => Command::CloseUnanswered {
                reason: self.text(),
            },
            IncidentAction::Reopen => Command::Reopen {
                reason: self.text(),
            },
            IncidentAction::Cancel => Command::Cancel {
                reason: self.text(),
                farewell: self.farewell(),
            },
            IncidentAction::DeclareMajor => Command::DeclareMajor {
                reason: self.text(),
                leader: self.perhaps(Self::person),
            },
            IncidentAction::StandDownMajor => Command::StandDownMajor {
                reason: self.text(),
            },
            IncidentAction::RequireReview => Command::RequireReview,
            IncidentAction::CompleteReview => Command::CompleteReview { text: self.text() },
            IncidentAction::CorrectStatus => Command::CorrectStatus {
                to: self.any::<Status>(),
                reason: self.text(),
            },
            _ => Command::ConfirmResolution,
        }
    }
}
