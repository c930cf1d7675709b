//! Incidents that live through anything the process allows: commands are
//! drawn at random, and those that the domain refuses are left out.

use chrono::TimeDelta;
use domain::ids::{ArticleId, CategoryCode, CiId, WorkItemId};
use domain::incident::{Command, HoldReason, Status};
use domain::priority::{Impact, Priority, Urgency};
use domain::work_item::{
    Attachment, ContactChannel, DetailField, Farewell, ForwardTo, LinkTarget, Relation,
    SupportLine, Visibility, WorkCommand,
};
use domain::{Channel, Context, Role};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use strum::IntoEnumIterator;
use uuid::Uuid;

use crate::desk::{Desk, external, intake, line, person, team, text, to_team};

/// Lets so many incidents take so many steps each, the same ones for the same
/// seed, and returns them.
pub(crate) async fn live(desk: &Desk, seed: u64, incidents: usize, steps: usize) -> Vec<Uuid> {
    let mut dice = StdRng::seed_from_u64(seed);
    let mut ids: Vec<(Uuid, String)> = Vec::new();
    for _ in 0..incidents {
        let mut intake = intake(desk.next_number());
        intake.requester = Some(person(pick(&mut dice, &["chen.jie", "Müller", "zhao.min"])));
        if dice.random_bool(0.3) {
            intake.affected_person = Some(person(pick(&mut dice, &["wu.lei", "chen.jie"])));
        }
        if dice.random_bool(0.3) {
            intake.cis = vec![CiId::new("vpn-gateway-1").unwrap()];
            intake.external_references = vec![external("ServiceNow", &intake.number)];
        }
        let number = intake.number.clone();
        ids.push((desk.register_as(intake).await, number));
    }
    for _ in 0..incidents * steps {
        let (id, _) = ids.choose(&mut dice).unwrap().clone();
        let context = context(desk, &mut dice);
        let command = command(&mut dice, &ids, &context);
        desk.execute(id, command, &context).await;
    }
    ids.into_iter().map(|(id, _)| id).collect()
}

fn pick<'a>(dice: &mut StdRng, choices: &[&'a str]) -> &'a str {
    choices.choose(dice).unwrap()
}

/// Mostly a coordinator, whom little is forbidden.
fn context(desk: &Desk, dice: &mut StdRng) -> Context {
    match dice.random_range(0..10) {
        0 => desk.context(Role::Requester, "chen.jie", Channel::Api),
        1 => desk.context(Role::Coordinator, "importer", Channel::Import),
        2 => desk.context(Role::Coordinator, "sun.li", Channel::Api),
        _ => desk.context(Role::Coordinator, "li.wei", Channel::Api),
    }
}

fn command(dice: &mut StdRng, ids: &[(Uuid, String)], context: &Context) -> Command {
    let words = pick(
        dice,
        &[
            "Restarted the gateway",
            "请重试",
            "مرحبا",
            "100 % \\ _ done",
            "ÉTÉ",
        ],
    );
    let at = context.effective_at;
    match dice.random_range(0..20) {
        0 => Command::StartDiagnosis {
            hypothesis: dice.random_bool(0.5).then(|| text(words)),
        },
        1 => Command::RecordFinding { text: text(words) },
        2 => Command::SetExpectedResolution {
            at: at + TimeDelta::hours(4),
            reason: text(words),
        },
        3 => Command::PutOnHold {
            reason: *HoldReason::iter().collect::<Vec<_>>().choose(dice).unwrap(),
            text: Some(text(words)),
            until: dice.random_bool(0.5).then(|| at + TimeDelta::days(1)),
        },
        4 => Command::Resume,
        5 => Command::ApplyWorkaround { text: text(words) },
        6 => Command::RestoreService,
        7 => Command::Resolve {
            code: line("Fixed"),
            cause: Some(text(words)),
            solution: text(words),
            knowledge: Some(ArticleId::new("KB0001").unwrap()),
        },
        8 => Command::Close {
            no_feedback_reason: Some(text(words)),
        },
        9 => Command::Reopen {
            reason: text(words),
        },
        10 => rare(dice, words),
        _ => kernel(dice, ids, words).into(),
    }
}

fn farewell(dice: &mut StdRng, words: &str) -> Farewell {
    let is_told = dice.random_bool(0.5);
    Farewell {
        told: is_told.then(|| person("chen.jie")).into_iter().collect(),
        no_feedback_reason: Some(text(words)),
    }
}

fn rare(dice: &mut StdRng, words: &str) -> Command {
    match dice.random_range(0..9) {
        0 => Command::ResolveAtContact {
            code: line("Answered"),
            solution: text(words),
            knowledge: None,
        },
        1 => Command::ConfirmResolution,
        2 => Command::RejectResolution {
            reason: text(words),
        },
        3 => Command::Cancel {
            reason: text(words),
            farewell: farewell(dice, words),
        },
        4 => Command::DeclareMajor {
            reason: text(words),
            leader: Some(person("sun.li")),
        },
        5 => Command::StandDownMajor {
            reason: text(words),
        },
        6 => Command::RequireReview,
        7 => Command::CompleteReview { text: text(words) },
        _ => Command::CorrectStatus {
            to: *Status::iter().collect::<Vec<_>>().choose(dice).unwrap(),
            reason: text(words),
        },
    }
}

fn kernel(dice: &mut StdRng, ids: &[(Uuid, String)], words: &str) -> WorkCommand {
    let teams = ["IT Network", "IT Desktop", "Finance Systems"];
    let to_some_team = |dice: &mut StdRng, line| to_team(team(pick(dice, &teams), line));
    match dice.random_range(0..14) {
        0 | 1 => WorkCommand::Assign {
            to: to_some_team(dice, SupportLine::Second),
        },
        2 | 3 => WorkCommand::Accept,
        4 => WorkCommand::Return {
            reason: text(words),
        },
        5 => WorkCommand::Forward {
            to: if dice.random_bool(0.5) {
                ForwardTo::Team(to_some_team(dice, SupportLine::Second))
            } else {
                ForwardTo::Platform {
                    platform: line("Supplier"),
                    reference: line(&dice.random_range(0..9_999).to_string()),
                }
            },
            reason: Some(text(words)),
        },
        6 => WorkCommand::EscalateFunctionally {
            to: to_some_team(dice, SupportLine::Third),
            reason: text(words),
        },
        7 => WorkCommand::EscalateHierarchically {
            level: dice.random_range(1..4),
            person: Some(person("sun.li")),
            reason: text(words),
        },
        8 => WorkCommand::Classify {
            category: CategoryCode::new(pick(dice, &["network-lan", "mail", "database"])).unwrap(),
        },
        9 => {
            if dice.random_bool(0.5) {
                WorkCommand::Prioritise {
                    impact: *[Impact::High, Impact::Medium, Impact::Low]
                        .choose(dice)
                        .unwrap(),
                    urgency: *[Urgency::High, Urgency::Medium, Urgency::Low]
                        .choose(dice)
                        .unwrap(),
                }
            } else {
                WorkCommand::OverridePriority {
                    priority: *[Priority::P1, Priority::P3, Priority::P5]
                        .choose(dice)
                        .unwrap(),
                    reason: text(words),
                }
            }
        }
        _ => record(dice, ids, words),
    }
}

fn record(dice: &mut StdRng, ids: &[(Uuid, String)], words: &str) -> WorkCommand {
    let who = person(pick(dice, &["sun.li", "zhou.qi", "chen.jie"]));
    let (other, other_number) = ids.choose(dice).unwrap().clone();
    let target = LinkTarget {
        id: WorkItemId(other),
        number: other_number,
        leads_back: false,
        is_open: true,
    };
    let relation = *Relation::iter().collect::<Vec<_>>().choose(dice).unwrap();
    let ci = CiId::new(pick(dice, &["vpn-gateway-1", "core-switch-7"])).unwrap();
    match dice.random_range(0..17) {
        0 | 1 => WorkCommand::Comment {
            visibility: Visibility::Public,
            text: text(words),
        },
        2 => WorkCommand::Comment {
            visibility: Visibility::Internal,
            text: text(words),
        },
        3 => WorkCommand::NotifyStage {
            recipients: vec![who],
            text: text(words),
        },
        4 => WorkCommand::RecordContact {
            contact_channel: ContactChannel::Phone,
            text: text(words),
        },
        5 => WorkCommand::Urge {
            text: Some(text(words)),
            lead: Some(person("sun.li")),
        },
        6 => WorkCommand::LinkCi { ci },
        7 => WorkCommand::UnlinkCi { ci },
        8 => WorkCommand::Link { relation, target },
        9 => WorkCommand::Unlink {
            relation,
            target: WorkItemId(other),
        },
        10 => WorkCommand::Attach {
            attachment: Attachment {
                name: line("截图.png"),
                media_type: line("image/png"),
                size_bytes: 12.into(),
                sha256: format!("{:064x}", dice.random::<u64>()),
            },
        },
        11 => WorkCommand::LogEffort {
            minutes: dice.random_range(1..90),
            text: Some(text(words)),
        },
        12 => WorkCommand::ApplyKnowledge {
            article: ArticleId::new("KB0002").unwrap(),
        },
        13 => WorkCommand::SetCustomField {
            name: line(pick(dice, &["机房", "Cost centre"])),
            value: dice.random_bool(0.7).then(|| text(words)),
        },
        14 => WorkCommand::CorrectDetails {
            field: DetailField::Description,
            to: Some(text(words)),
            reason: text(words),
        },
        15 => WorkCommand::AddWatcher { person: who },
        _ => match dice.random_range(0..4) {
            0 => WorkCommand::MergeInto {
                target,
                reason: text(words),
                farewell: farewell(dice, words),
            },
            1 => WorkCommand::Archive,
            _ => WorkCommand::RemoveWatcher { person: who },
        },
    }
}
