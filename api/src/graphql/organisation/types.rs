//! A team as the schema shows it.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use domain::ids::{PersonId, TeamId};
use domain::organisation::TeamEvent;
use projections::event_index::EventFilter;
use projections::{AsOf, Decoded, DeskEvent, ProjectionName};
use strum::VariantNames;
use uuid::Uuid;

use crate::auth::policy::Action;
use crate::directory::TeamEntry;
use crate::error::internal;
use crate::graphql::enums::SupportLine;
use crate::graphql::ids::{self, Kind};
use crate::graphql::loaders::wait_for;
use crate::graphql::scalars::Long;
use crate::graphql::time::{Then, steps};
use crate::graphql::viewer::{authorised, desk};

/// 工作组: a team, its support line and department, and who is in it.
pub(crate) struct Team(pub(crate) TeamEntry);

impl Team {
    /// A team now or then, if there is one that the one who asks may see.
    pub(crate) async fn find(
        ctx: &Context<'_>,
        id: Uuid,
        then: Option<Then>,
    ) -> Result<Option<Self>> {
        authorised(ctx, Action::ReadConfiguration)?;
        let desk = desk(ctx)?;
        let Some(then) = then else {
            return Ok(desk.directory().team(TeamId(id)).map(Self));
        };
        let mut team = None;
        for step in steps(desk, Kind::Team, id, Some(&then)).await? {
            apply(&mut team, &step);
        }
        Ok(team.map(Self))
    }

    /// Every team then, by its code: what ever happened to teams is little, and
    /// the index of the log finds it in one step.
    pub(super) async fn all(ctx: &Context<'_>, then: &Then) -> Result<Vec<Self>> {
        let desk = desk(ctx)?;
        wait_for(desk, ProjectionName::EventIndex, then.position).await?;
        let filter = EventFilter {
            event_types: Some(
                TeamEvent::VARIANTS
                    .iter()
                    .map(ToString::to_string)
                    .collect(),
            ),
            aggregate_types: Some(vec![Kind::Team.aggregate_type().to_owned()]),
            ..EventFilter::default()
        };
        let index = desk
            .read()
            .as_of(AsOf::Position(then.position))
            .event_index();
        let positions = index.positions(&filter, None, i64::MAX, false).await;
        let positions = positions.map_err(|error| internal(&error))?;
        let events = index.events_at(&positions).await;
        let events = events.map_err(|error| internal(&error))?;
        let decode = |event| Decoded::new(Arc::new(event)).map_err(|error| internal(&error));
        let steps = events.into_iter().map(decode).collect::<Result<_>>()?;
        let mut teams: BTreeMap<Uuid, Option<TeamEntry>> = BTreeMap::new();
        for step in then.cut(steps) {
            apply(teams.entry(step.recorded.aggregate_id).or_default(), &step);
        }
        let mut teams: Vec<Self> = teams.into_values().flatten().map(Self).collect();
        teams.sort_by(|one, next| one.0.code.cmp(&next.0.code));
        Ok(teams)
    }
}

fn apply(team: &mut Option<TeamEntry>, step: &Decoded) {
    if let DeskEvent::Team(event) = &step.event {
        TeamEntry::apply(team, &step.recorded, event);
    }
}

/// A person in a team.
#[derive(SimpleObject)]
pub(crate) struct TeamMember {
    /// Who.
    person: String,
    /// Their name.
    name: String,
}

/// 工作组: a team, its support line and department, and who is in it.
#[Object]
impl Team {
    /// Its global id.
    pub(crate) async fn id(&self) -> ID {
        ids::encode(Kind::Team, self.0.id.0)
    }

    /// Unique on the desk.
    async fn code(&self) -> &str {
        &self.0.code
    }

    /// What people call it.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// Its depth of expertise.
    async fn line(&self) -> SupportLine {
        self.0.line.into()
    }

    /// Its department.
    async fn department(&self) -> &str {
        &self.0.department
    }

    /// Who leads it, who is told when an item of the team is urged.
    async fn lead(&self) -> Option<&str> {
        self.0.lead.as_ref().map(PersonId::as_str)
    }

    /// Whether it works at present; nothing is assigned to a team that does not.
    async fn active(&self) -> bool {
        self.0.active
    }

    /// Who is in it.
    async fn members(&self) -> Vec<TeamMember> {
        let member = |(person, name): (&domain::ids::PersonId, &String)| TeamMember {
            person: person.to_string(),
            name: name.clone(),
        };
        self.0.members.iter().map(member).collect()
    }

    /// The version of its stream, for `expectedVersion`.
    async fn version(&self) -> Long {
        Long(self.0.version)
    }
}
