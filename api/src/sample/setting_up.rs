//! How the sample desk is set up before its first incident: its teams by one
//! administrator, its categories and priorities by one and, after review by
//! the other, published.

use chrono::{DateTime, Duration, Utc};
use domain::Actor;
use domain::configuration::Command;
use domain::ids::PersonId;
use domain::organisation::TeamCommand;
use domain::text::{Line, TextRefused};

use super::configuration::{category_tree, priority_matrix};
use super::organisation::{ADMINISTRATOR, Member, REVIEWER, TEAMS, Team, TeamKey};
use super::plan::{SetUp, SettingUp, administrator};

/// The configuration holds from so long after the setting up began.
const IN_FORCE_AFTER: Duration = Duration::days(5);

/// Every step, in order, beginning at a moment.
pub(super) fn steps(begin: DateTime<Utc>) -> Result<Vec<SettingUp>, TextRefused> {
    let mut setting = Setting {
        author: administrator(ADMINISTRATOR)?,
        reviewer: administrator(REVIEWER)?,
        at: begin,
        steps: Vec::new(),
    };
    for team in &TEAMS {
        setting.found(team)?;
    }
    setting.reorganise()?;
    let in_force_from = begin + IN_FORCE_AFTER;
    setting.publish_matrix(in_force_from);
    setting.publish_tree(in_force_from)?;
    Ok(setting.steps)
}

/// What the command of a step is called.
pub(super) fn name(index: usize) -> String {
    format!("sample:setting-up:{index}")
}

struct Setting {
    author: Actor,
    reviewer: Actor,
    at: DateTime<Utc>,
    steps: Vec<SettingUp>,
}

impl Setting {
    fn step(&mut self, actor: Actor, minutes: i64, what: SetUp) {
        self.steps.push(SettingUp {
            name: name(self.steps.len()),
            at: self.at,
            actor,
            what,
        });
        self.at += Duration::minutes(minutes);
    }

    fn team(&mut self, team: &Team, command: TeamCommand) {
        self.step(self.author.clone(), 1, SetUp::Team(team.id(), command));
    }

    fn found(&mut self, team: &Team) -> Result<(), TextRefused> {
        let found = TeamCommand::Found {
            code: Line::new(team.code)?,
            name: Line::new(team.name)?,
            line: team.line,
            department: Line::new(team.department)?,
        };
        self.team(team, found);
        for member in team.members {
            self.add(team, member)?;
        }
        // The first of each team leads it.
        let lead = team.members.first();
        let person = lead.map(|lead| PersonId::new(lead.login)).transpose()?;
        self.team(team, TeamCommand::NameLead { person });
        Ok(())
    }

    fn add(&mut self, team: &Team, member: &Member) -> Result<(), TextRefused> {
        let add = TeamCommand::AddMember {
            person: PersonId::new(member.login)?,
            name: Line::new(member.name)?,
        };
        self.team(team, add);
        Ok(())
    }

    /// What a new organisation gets wrong at first: somebody stands in the
    /// wrong team, and a team is closed a day too early.
    fn reorganise(&mut self) -> Result<(), TextRefused> {
        let wrong = TeamKey::Hotline.team();
        let misplaced = &TeamKey::West.team().members[4];
        self.add(wrong, misplaced)?;
        let remove = TeamCommand::RemoveMember {
            person: PersonId::new(misplaced.login)?,
        };
        self.team(wrong, remove);
        let closed = TeamKey::Security.team();
        self.team(closed, TeamCommand::Deactivate { open_items: 0 });
        self.at += Duration::days(1);
        self.team(closed, TeamCommand::Reactivate);
        Ok(())
    }

    fn publish_matrix(&mut self, effective_from: DateTime<Utc>) {
        let (author, reviewer) = (self.author.clone(), self.reviewer.clone());
        let draft = Command::SaveDraft(priority_matrix());
        self.step(author, 45, SetUp::Matrix(draft));
        self.step(reviewer.clone(), 20, SetUp::Matrix(Command::PassReview));
        self.step(
            reviewer,
            30,
            SetUp::Matrix(Command::Publish { effective_from }),
        );
    }

    /// The first draft is withdrawn: it left out the last category.
    fn publish_tree(&mut self, effective_from: DateTime<Utc>) -> Result<(), TextRefused> {
        let (author, reviewer) = (self.author.clone(), self.reviewer.clone());
        let tree = category_tree()?;
        let mut first = tree.clone();
        first.categories.pop();
        self.step(author.clone(), 90, SetUp::Tree(Command::SaveDraft(first)));
        self.step(author.clone(), 30, SetUp::Tree(Command::DiscardDraft));
        self.step(author, 60, SetUp::Tree(Command::SaveDraft(tree)));
        self.step(reviewer.clone(), 15, SetUp::Tree(Command::PassReview));
        self.step(
            reviewer,
            1,
            SetUp::Tree(Command::Publish { effective_from }),
        );
        Ok(())
    }
}
