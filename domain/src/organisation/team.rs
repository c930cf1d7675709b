//! 支持组: a team, its support line and department, and who is in it.

use std::collections::BTreeMap;

use cqrs_es::event_sink::EventSink;
use cqrs_es::{Aggregate, DomainEvent};
use serde::{Deserialize, Serialize};
use strum::{AsRefStr, VariantNames};

use crate::context::Role;
use crate::ids::{PersonId, TeamId};
use crate::text::Line;
use crate::work_item::{Assignee, SupportLine, TeamRef};
use crate::{Context, Decider, Refusal};

/// What decisions about a team read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Team {
    facts: Option<Facts>,
    active: bool,
    members: BTreeMap<PersonId, Line>,
    lead: Option<PersonId>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Facts {
    code: Line,
    name: Line,
    line: SupportLine,
    department: Line,
}

/// What can be asked of a team.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TeamCommand {
    /// Sets the team up.
    Found {
        /// Unique on the desk; the team's identity derives from it.
        code: Line,
        /// What people call it.
        name: Line,
        /// Its depth of expertise.
        line: SupportLine,
        /// The department it belongs to.
        department: Line,
    },
    /// Takes a person in.
    AddMember {
        /// Who.
        person: PersonId,
        /// Their name.
        name: Line,
    },
    /// Lets a person go.
    RemoveMember {
        /// Who.
        person: PersonId,
    },
    /// Says who leads the team, or that nobody does.
    NameLead {
        /// Who.
        person: Option<PersonId>,
    },
    /// Ends the team's work; nothing is assigned to it any more.
    Deactivate {
        /// How many open items the team has, looked up by whoever gives the
        /// command. An item that comes to the team at the same moment slips
        /// through: it is found by the queue's filter for items that nobody
        /// takes care of, and in the exceptions report.
        open_items: u64,
    },
    /// Takes the team's work up again.
    Reactivate,
}

/// What happens to a team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, AsRefStr, VariantNames)]
#[serde(tag = "type")]
pub enum TeamEvent {
    /// The team exists.
    TeamFounded {
        /// Unique on the desk.
        code: Line,
        /// What people call it.
        name: Line,
        /// Its depth of expertise.
        line: SupportLine,
        /// The department it belongs to.
        department: Line,
    },
    /// A person is in the team.
    MemberAdded {
        /// Who.
        person: PersonId,
        /// Their name.
        name: Line,
    },
    /// A person is no longer in the team.
    MemberRemoved {
        /// Who.
        person: PersonId,
    },
    /// 组长: somebody leads the team, or nobody does.
    TeamLeadNamed {
        /// Who led it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<PersonId>,
        /// Who leads it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<PersonId>,
    },
    /// The team works no longer.
    TeamDeactivated {},
    /// The team works again.
    TeamReactivated {},
}

/// Why a step of a team is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, AsRefStr, VariantNames)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE", prefix = "TEAM_")]
pub enum TeamRefusal {
    /// There is no such team.
    #[error("there is no such team")]
    NotFound,
    /// The code is taken, or cannot be told from one that is.
    #[error("there is a team with this code, or with one that looks like it, already")]
    AlreadyFounded,
    /// They are in it.
    #[error("this person is a member already")]
    AlreadyMember,
    /// They are not in it.
    #[error("this person is not a member")]
    NotMember,
    /// They lead it, or nobody does, already.
    #[error("the team is led by this person already")]
    LeadUnchanged,
    /// It does not work at present.
    #[error("the team is not active")]
    NotActive,
    /// Nobody would take care of what it has.
    #[error("the team has {items} open items; assign them to others first")]
    HasOpenItems {
        /// How many.
        items: u64,
    },
    /// It works at present.
    #[error("the team is active already")]
    AlreadyActive,
    /// Only an administrator, or an import, sets up teams.
    #[error("only an administrator may do this")]
    NotAdministrator,
}

impl Refusal for TeamRefusal {
    fn code(&self) -> String {
        self.as_ref().to_owned()
    }

    fn field(&self) -> Option<&'static str> {
        match self {
            Self::AlreadyFounded => Some("code"),
            Self::AlreadyMember | Self::NotMember => Some("person"),
            Self::HasOpenItems { .. } => Some("teamId"),
            _ => None,
        }
    }
}

impl DomainEvent for TeamEvent {
    fn event_type(&self) -> String {
        self.as_ref().to_owned()
    }

    fn event_version(&self) -> String {
        "1.0".to_owned()
    }
}

impl Team {
    /// The facts that an assignment to the team, and perhaps to a person in it,
    /// rests on; nothing where there is no such team.
    pub fn as_assignee(&self, id: TeamId, person: Option<PersonId>) -> Option<Assignee> {
        let facts = self.facts.as_ref()?;
        Some(Assignee {
            team: TeamRef {
                id,
                name: facts.name.to_string(),
                line: facts.line,
                department: facts.department.to_string(),
            },
            team_is_active: self.active,
            person_is_member: person
                .as_ref()
                .is_some_and(|person| self.members.contains_key(person)),
            person,
        })
    }
}

impl Decider for Team {
    fn decide(
        &self,
        command: &TeamCommand,
        context: &Context,
    ) -> Result<Vec<TeamEvent>, TeamRefusal> {
        if context.actor.role != Role::Administrator && context.channel != crate::Channel::Import {
            return Err(TeamRefusal::NotAdministrator);
        }
        let event = match (self.facts.is_some(), self.active, command) {
            (
                false,
                _,
                TeamCommand::Found {
                    code,
                    name,
                    line,
                    department,
                },
            ) => TeamEvent::TeamFounded {
                code: code.clone(),
                name: name.clone(),
                line: *line,
                department: department.clone(),
            },
            (false, _, _) => return Err(TeamRefusal::NotFound),
            (true, _, TeamCommand::Found { .. }) => return Err(TeamRefusal::AlreadyFounded),
            (true, true, TeamCommand::AddMember { person, .. })
                if self.members.contains_key(person) =>
            {
                return Err(TeamRefusal::AlreadyMember);
            }
            (true, true, TeamCommand::AddMember { person, name }) => TeamEvent::MemberAdded {
                person: person.clone(),
                name: name.clone(),
            },
            (true, _, TeamCommand::RemoveMember { person })
                if !self.members.contains_key(person) =>
            {
                return Err(TeamRefusal::NotMember);
            }
            (true, _, TeamCommand::RemoveMember { person }) => TeamEvent::MemberRemoved {
                person: person.clone(),
            },
            (true, true, TeamCommand::NameLead { person }) if *person == self.lead => {
                return Err(TeamRefusal::LeadUnchanged);
            }
            (
                true,
                true,
                TeamCommand::NameLead {
                    person: Some(person),
                },
            ) if !self.members.contains_key(person) => return Err(TeamRefusal::NotMember),
            (true, true, TeamCommand::NameLead { person }) => TeamEvent::TeamLeadNamed {
                from: self.lead.clone(),
                to: person.clone(),
            },
            (true, true, TeamCommand::Deactivate { open_items: 0 }) => {
                TeamEvent::TeamDeactivated {}
            }
            (true, true, TeamCommand::Deactivate { open_items }) => {
                return Err(TeamRefusal::HasOpenItems { items: *open_items });
            }
            (true, false, TeamCommand::Reactivate) => TeamEvent::TeamReactivated {},
            (true, true, TeamCommand::Reactivate) => return Err(TeamRefusal::AlreadyActive),
            (true, false, _) => return Err(TeamRefusal::NotActive),
        };
        Ok(vec![event])
    }
}

impl Aggregate for Team {
    const TYPE: &'static str = "team";
    type Command = TeamCommand;
    type Event = TeamEvent;
    type Error = TeamRefusal;
    type Services = Context;

    async fn handle(
        &mut self,
        command: TeamCommand,
        context: &Context,
        sink: &EventSink<Self>,
    ) -> Result<(), TeamRefusal> {
        for event in self.decide(&command, context)? {
            sink.write(event, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: TeamEvent) {
        match event {
            TeamEvent::TeamFounded {
                code,
                name,
                line,
                department,
            } => {
                self.facts = Some(Facts {
                    code,
                    name,
                    line,
                    department,
                });
                self.active = true;
            }
            TeamEvent::MemberAdded { person, name } => {
                self.members.insert(person, name);
            }
            TeamEvent::MemberRemoved { person } => {
                self.members.remove(&person);
                // Nobody leads a team that they are not in.
                self.lead = self.lead.take().filter(|lead| *lead != person);
            }
            TeamEvent::TeamLeadNamed { to, .. } => self.lead = to,
            TeamEvent::TeamDeactivated {} => self.active = false,
            TeamEvent::TeamReactivated {} => self.active = true,
        }
    }
}
