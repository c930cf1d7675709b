//! The two major incidents of the sample desk, written out move by move: from
//! the first call through declaration, notices, escalation, workaround and
//! restoration to the review. Those concerned report the same; what they
//! report is merged into the main incident or becomes a part of it.

mod hotline;
mod storage;

use domain::ids::{ArticleId, CategoryCode, CiId, PersonId, ServiceCode};
use domain::incident::{Command, HoldReason};
use domain::priority::{Impact, Urgency};
use domain::text::{Line, Text, TextRefused};
use domain::work_item::{
    Attachment, ContactChannel, Farewell, ForwardTo, Intake, Relation, Visibility, WorkCommand,
};
use sha2::{Digest, Sha256};

use super::arrivals::Tie;
use super::cast::{Who, assignee};
use super::course::doing;
use super::organisation::TeamKey;
use super::plan::{Doing, Drafted};
use super::working_time::Pace;

/// The two of them.
pub(super) const MAJORS: [Major; 2] = [storage::MAJOR, hotline::MAJOR];

/// A major incident.
#[derive(Debug)]
pub(super) struct Major {
    /// Unique; it names the incident where a rule refuses one of its steps.
    pub(super) key: &'static str,
    /// How many working days ago it began.
    pub(super) days_before: u32,
    /// At which second of that day.
    pub(super) second_of_day: u32,
    /// Who reported it first.
    reporter: Who,
    /// In one line.
    summary: &'static str,
    /// In full.
    description: &'static str,
    category: &'static str,
    service: &'static str,
    ci: &'static str,
    /// Who works on the parts of it.
    team: TeamKey,
    /// Everything that happens to it.
    moves: &'static [Move],
    /// What those concerned report.
    pub(super) children: &'static [Child],
    /// What ends the parts of it.
    children_solution: &'static str,
    children_contact: &'static str,
}

/// What one of those concerned reports.
#[derive(Debug)]
pub(super) struct Child {
    /// So many minutes after the main incident.
    pub(super) minute: u32,
    /// Merged into the main incident, or a part of it.
    pub(super) tie: Tie,
    reporter: Who,
    summary: &'static str,
    description: &'static str,
}

/// Something that happens, so many minutes after the first call.
#[derive(Debug)]
struct Move(u32, Who, Act);

/// What happens in a major incident.
#[derive(Debug)]
enum Act {
    Assign(TeamKey, Option<Who>),
    Accept,
    Forward(TeamKey, &'static str),
    Outside(&'static str, &'static str, &'static str),
    Declare(&'static str, &'static str),
    StandDown(&'static str),
    Management(u8, &'static str, &'static str),
    Prioritise(Impact, Urgency),
    Diagnose(&'static str),
    Find(&'static str),
    Expect(u32, &'static str),
    Hold(&'static str),
    Resume,
    Say(Visibility, &'static str),
    Notify(&'static [&'static str], &'static str),
    Urge(&'static str),
    Contact(&'static str),
    Watch(&'static str),
    Ci(&'static str),
    File(&'static str, &'static str, u32),
    Effort(u32, &'static str),
    Workaround(&'static str),
    Restore,
    Resolve(&'static str, &'static str, &'static str, &'static str),
    Review(&'static str),
    Close,
}

/// The steps of a major incident.
pub(super) fn course(major: &Major) -> Result<Vec<Drafted>, TextRefused> {
    let desk = Who::Member(TeamKey::Hotline, 1);
    let mut steps = vec![at_once(0, desk, major.register()?)];
    let mut now = 0;
    for Move(minute, who, act) in major.moves {
        steps.push(at_once(minute - now, *who, act.doing(major)?));
        now = *minute;
    }
    Ok(steps)
}

/// The steps of what one of those concerned reports.
pub(super) fn child_course(major: &Major, child: &Child) -> Result<Vec<Drafted>, TextRefused> {
    let takes_the_call = usize::try_from(child.minute).unwrap_or_default() % 7 + 1;
    let desk = Who::Member(TeamKey::Hotline, takes_the_call);
    let engineer = Who::Member(major.team, 1);
    let mut steps = vec![at_once(0, desk, child.register(major)?)];
    if child.tie == Tie::Duplicate {
        let reason = Text::new("与重大事件为同一故障，并入主事件统一处理。")?;
        let farewell = Farewell {
            told: vec![child.reporter.id()?],
            no_feedback_reason: None,
        };
        steps.push(at_once(1, desk, Doing::LinkToTie(Relation::DuplicateOf)));
        steps.push(at_once(1, desk, Doing::MergeIntoTie(reason, farewell)));
        return Ok(steps);
    }
    let told = WorkCommand::Comment {
        visibility: Visibility::Public,
        text: Text::new(
            "您反映的问题属于正在处理的重大事件，进展会在这里同步。This is part of a major incident; you will read here how it goes on.",
        )?,
    };
    let to = assignee(major.team, None)?;
    let resolve = Command::Resolve {
        code: Line::new("parent-resolved")?,
        cause: None,
        solution: Text::new(major.children_solution)?,
        knowledge: None,
    };
    let called = WorkCommand::RecordContact {
        contact_channel: ContactChannel::Phone,
        text: Text::new(major.children_contact)?,
    };
    let close = Command::Close {
        no_feedback_reason: None,
    };
    steps.extend([
        at_once(2, desk, Doing::LinkFromTie(Relation::ParentOf)),
        at_once(1, desk, doing(WorkCommand::Assign { to })),
        at_once(6, engineer, doing(WorkCommand::Accept)),
        at_once(2, desk, doing(told)),
        at_once(230, engineer, doing(resolve)),
        at_once(35, desk, doing(called)),
        at_once(1, desk, doing(close)),
    ]);
    Ok(steps)
}

/// Nobody waits for office hours in a major incident.
fn at_once(minutes: u32, who: Who, doing: Doing) -> Drafted {
    Drafted {
        wait_seconds: minutes * 60,
        pace: Pace::Always,
        who,
        doing,
    }
}

impl Major {
    fn register(&self) -> Result<Doing, TextRefused> {
        Ok(Doing::Register(Box::new(Intake {
            number: String::new(),
            summary: Line::new(self.summary)?,
            description: Some(Text::new(self.description)?),
            requester: Some(self.reporter.id()?),
            affected_person: None,
            contact_channel: ContactChannel::Phone,
            service: Some(ServiceCode::new(self.service)?),
            category: CategoryCode::new(self.category)?,
            impact: Impact::Medium,
            urgency: Urgency::High,
            cis: vec![CiId::new(self.ci)?],
            external_references: Vec::new(),
        })))
    }
}

impl Child {
    fn register(&self, major: &Major) -> Result<Doing, TextRefused> {
        Ok(Doing::Register(Box::new(Intake {
            number: String::new(),
            summary: Line::new(self.summary)?,
            description: Some(Text::new(self.description)?),
            requester: Some(self.reporter.id()?),
            affected_person: None,
            contact_channel: ContactChannel::Phone,
            service: Some(ServiceCode::new(major.service)?),
            category: CategoryCode::new(major.category)?,
            impact: Impact::Medium,
            urgency: Urgency::Medium,
            cis: Vec::new(),
            external_references: Vec::new(),
        })))
    }
}

impl Act {
    fn doing(&self, major: &Major) -> Result<Doing, TextRefused> {
        let text = |text: &str| Text::new(text);
        let person = |login: &str| PersonId::new(login);
        Ok(match self {
            Self::Expect(minutes, reason) => Doing::Expect {
                within_seconds: minutes * 60,
                reason: text(reason)?,
            },
            Self::Hold(why) => Doing::Hold {
                reason: HoldReason::Supplier,
                text: text(why)?,
                seconds: None,
            },
            Self::Resume => doing(Command::Resume),
            Self::Declare(leader, why) => doing(Command::DeclareMajor {
                reason: text(why)?,
                leader: Some(person(leader)?),
            }),
            Self::StandDown(why) => doing(Command::StandDownMajor { reason: text(why)? }),
            Self::Diagnose(suspicion) => doing(Command::StartDiagnosis {
                hypothesis: Some(text(suspicion)?),
            }),
            Self::Find(finding) => doing(Command::RecordFinding {
                text: text(finding)?,
            }),
            Self::Workaround(how) => doing(Command::ApplyWorkaround { text: text(how)? }),
            Self::Restore => doing(Command::RestoreService),
            Self::Resolve(code, cause, solution, article) => doing(Command::Resolve {
                code: Line::new(code)?,
                cause: Some(text(cause)?),
                solution: text(solution)?,
                knowledge: Some(ArticleId::new(article)?),
            }),
            Self::Review(learnt) => doing(Command::CompleteReview {
                text: text(learnt)?,
            }),
            Self::Close => doing(Command::Close {
                no_feedback_reason: None,
            }),
            kernel => doing(kernel.work_command(major)?),
        })
    }

    fn work_command(&self, major: &Major) -> Result<WorkCommand, TextRefused> {
        let text = |text: &str| Text::new(text);
        let person = |login: &str| PersonId::new(login);
        Ok(match self {
            Self::Assign(team, to) => WorkCommand::Assign {
                to: assignee(*team, *to)?,
            },
            Self::Forward(team, why) => WorkCommand::Forward {
                to: ForwardTo::Team(assignee(*team, None)?),
                reason: Some(text(why)?),
            },
            Self::Outside(platform, reference, why) => WorkCommand::Forward {
                to: ForwardTo::Platform {
                    platform: Line::new(platform)?,
                    reference: Line::new(reference)?,
                },
                reason: Some(text(why)?),
            },
            Self::Management(level, who, why) => WorkCommand::EscalateHierarchically {
                level: *level,
                person: Some(person(who)?),
                reason: text(why)?,
            },
            Self::Prioritise(impact, urgency) => WorkCommand::Prioritise {
                impact: *impact,
                urgency: *urgency,
            },
            Self::Say(visibility, words) => WorkCommand::Comment {
                visibility: *visibility,
                text: text(words)?,
            },
            Self::Notify(heads, words) => {
                let heads = heads.iter().map(|login| person(login));
                let all = std::iter::once(major.reporter.id()).chain(heads);
                WorkCommand::NotifyStage {
                    recipients: all.collect::<Result<_, _>>()?,
                    text: text(words)?,
                }
            }
            Self::Urge(words) => WorkCommand::Urge {
                text: Some(text(words)?),
                lead: None,
            },
            Self::Contact(words) => WorkCommand::RecordContact {
                contact_channel: ContactChannel::Phone,
                text: text(words)?,
            },
            Self::Watch(login) => WorkCommand::AddWatcher {
                person: person(login)?,
            },
            Self::Ci(key) => WorkCommand::LinkCi {
                ci: CiId::new(key)?,
            },
            Self::File(name, media_type, size_bytes) => WorkCommand::Attach {
                attachment: Attachment {
                    name: Line::new(name)?,
                    media_type: Line::new(media_type)?,
                    size_bytes: (*size_bytes).into(),
                    sha256: format!("{:x}", Sha256::digest(format!("{}:{name}", major.key))),
                },
            },
            Self::Effort(minutes, words) => WorkCommand::LogEffort {
                minutes: *minutes,
                text: Some(text(words)?),
            },
            _ => WorkCommand::Accept,
        })
    }
}
