//! Setting up teams, and making tokens.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use domain::ids::{PersonId, TeamId};
use domain::organisation::{self as model, ApiToken, TeamCommand, TokenCommand};
use domain::text::Line;
use event_store::Reservation;
use projections::ProjectionName;
use projections::work_queue::WorkItemFilter;
use uuid::Uuid;

use super::Team;
use crate::auth::issue_token;
use crate::auth::policy::Action;
use crate::commands::{Envelope, execute};
use crate::desk::Desk;
use crate::error::{code, coded, internal, of_command, of_store};
use crate::graphql::access::{Done, done};
use crate::graphql::enums::{Role, SupportLine};
use crate::graphql::ids::{self, Kind};
use crate::graphql::input::{CommandInput, optional, required};
use crate::graphql::loaders::wait_for;
use crate::graphql::scalars::Long;
use crate::graphql::viewer::{authorised, desk};

/// What `teamFound` takes.
#[derive(InputObject, Debug)]
pub(crate) struct TeamFoundInput {
    #[graphql(flatten)]
    command: CommandInput,
    /// Unique on the desk; the team's identity derives from it.
    code: String,
    /// What people call it.
    name: String,
    /// Its depth of expertise.
    line: SupportLine,
    /// The department it belongs to.
    department: String,
}

/// What `teamAddMember` takes.
#[derive(InputObject, Debug)]
pub(crate) struct TeamAddMemberInput {
    #[graphql(flatten)]
    command: CommandInput,
    /// The team.
    team_id: ID,
    /// Who.
    person: String,
    /// Their name.
    name: String,
}

/// What `teamRemoveMember` takes.
#[derive(InputObject, Debug)]
pub(crate) struct TeamRemoveMemberInput {
    #[graphql(flatten)]
    command: CommandInput,
    /// The team.
    team_id: ID,
    /// Who.
    person: String,
}

/// What `teamNameLead` takes.
#[derive(InputObject, Debug)]
pub(crate) struct TeamNameLeadInput {
    #[graphql(flatten)]
    command: CommandInput,
    /// The team.
    team_id: ID,
    /// Who, one of its members; none where nobody leads it.
    person: Option<String>,
}

/// What `teamDeactivate` and `teamReactivate` take.
#[derive(InputObject, Debug)]
pub(crate) struct TeamStepInput {
    #[graphql(flatten)]
    command: CommandInput,
    /// The team.
    team_id: ID,
}

/// What a mutation of a team did.
pub(crate) struct TeamPayload(Done);

/// What a mutation of a team did.
#[Object]
impl TeamPayload {
    /// What the input said.
    async fn client_mutation_id(&self) -> Option<&str> {
        self.0.client_mutation_id.as_deref()
    }

    /// The command's id, given or made.
    async fn command_id(&self) -> Uuid {
        self.0.command_id
    }

    /// The position of the command's last event in the log.
    async fn position(&self) -> Long {
        Long(self.0.outcome.position)
    }

    /// The team, with everything that the command changed.
    async fn team(&self, ctx: &Context<'_>) -> Result<Team> {
        let directory = desk(ctx)?.directory();
        directory.wait_for(self.0.outcome.position).await;
        let team = directory.team(TeamId(self.0.outcome.id));
        team.map(Team)
            .ok_or_else(|| coded(code::NOT_FOUND, "there is no such team"))
    }
}

/// What `apiTokenIssue` takes.
#[derive(InputObject, Debug)]
pub(crate) struct ApiTokenIssueInput {
    #[graphql(flatten)]
    command: CommandInput,
    /// The name that stands in the log when the token acts.
    name: String,
    /// What it may do.
    role: Role,
    /// When it ends by itself.
    expires_at: Option<DateTime<Utc>>,
}

/// What `apiTokenRevoke` takes.
#[derive(InputObject, Debug)]
pub(crate) struct ApiTokenRevokeInput {
    #[graphql(flatten)]
    command: CommandInput,
    /// The token's id.
    token_id: ID,
}

/// What a mutation of a token did.
#[derive(SimpleObject)]
pub(crate) struct ApiTokenPayload {
    /// What the input said.
    client_mutation_id: Option<String>,
    /// The command's id, given or made.
    command_id: Uuid,
    /// The position of the command's last event in the log.
    position: Long,
    /// The token's id, to revoke it by.
    token_id: ID,
    /// The secret, shown this once; none when the token was revoked.
    secret: Option<String>,
}

/// Mutations of teams and tokens.
#[derive(Default)]
pub(crate) struct OrganisationMutations;

#[Object]
impl OrganisationMutations {
    /// Sets a team up.
    async fn team_found(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What the command says.")] input: TeamFoundInput,
    ) -> Result<TeamPayload> {
        let code = required(&input.code, "code", Line::new)?;
        let id = TeamId::from_code(code.as_str());
        let reservations = vec![Reservation {
            scope: domain::organisation::TEAM_CODES,
            key: domain::likeness::look(code.as_str()),
        }];
        let command = TeamCommand::Found {
            code,
            name: required(&input.name, "name", Line::new)?,
            line: input.line.into(),
            department: required(&input.department, "department", Line::new)?,
        };
        let mut envelope = input.command.envelope(ctx, Action::ManageTeams)?;
        envelope.reservations = reservations;
        run_team(ctx, id, &input.command, &command, &envelope).await
    }

    /// Takes a person into a team.
    async fn team_add_member(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What the command says.")] input: TeamAddMemberInput,
    ) -> Result<TeamPayload> {
        let command = TeamCommand::AddMember {
            person: required(&input.person, "person", PersonId::new)?,
            name: required(&input.name, "name", Line::new)?,
        };
        step_team(ctx, &input.team_id, &input.command, &command).await
    }

    /// Lets a person go from a team.
    async fn team_remove_member(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What the command says.")] input: TeamRemoveMemberInput,
    ) -> Result<TeamPayload> {
        let person = required(&input.person, "person", PersonId::new)?;
        step_team(
            ctx,
            &input.team_id,
            &input.command,
            &TeamCommand::RemoveMember { person },
        )
        .await
    }

    /// 组长: says who leads a team.
    async fn team_name_lead(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What the command says.")] input: TeamNameLeadInput,
    ) -> Result<TeamPayload> {
        let person = optional(input.person.as_deref(), "person", PersonId::new)?;
        let command = TeamCommand::NameLead { person };
        step_team(ctx, &input.team_id, &input.command, &command).await
    }

    /// Ends a team's work; nothing is assigned to it any more. A team that has
    /// open items is not closed.
    async fn team_deactivate(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What the command says.")] input: TeamStepInput,
    ) -> Result<TeamPayload> {
        authorised(ctx, Action::ManageTeams)?;
        let team = ids::decode_as(Kind::Team, &input.team_id, "teamId")?;
        let command = TeamCommand::Deactivate {
            open_items: open_items(desk(ctx)?, team).await?,
        };
        step_team(ctx, &input.team_id, &input.command, &command).await
    }

    /// Takes a team's work up again.
    async fn team_reactivate(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What the command says.")] input: TeamStepInput,
    ) -> Result<TeamPayload> {
        step_team(
            ctx,
            &input.team_id,
            &input.command,
            &TeamCommand::Reactivate,
        )
        .await
    }

    /// Makes a token. Its secret is shown in the answer and never again; for
    /// that reason a repeated command is refused instead of answered.
    async fn api_token_issue(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What the command says.")] input: ApiTokenIssueInput,
    ) -> Result<ApiTokenPayload> {
        let envelope = input.command.envelope(ctx, Action::ManageTokens)?;
        let name = required(&input.name, "name", PersonId::new)?;
        let token = issue_token(
            desk(ctx)?,
            name,
            input.role.into(),
            input.expires_at,
            &envelope,
        )
        .await
        .map_err(|error| of_command(&error))?;
        Ok(ApiTokenPayload {
            client_mutation_id: input.command.client_mutation_id,
            command_id: envelope.command_id,
            position: Long(token.outcome.position),
            token_id: ids::encode(Kind::ApiToken, token.id.0),
            secret: Some(token.secret),
        })
    }

    /// Ends a token.
    async fn api_token_revoke(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What the command says.")] input: ApiTokenRevokeInput,
    ) -> Result<ApiTokenPayload> {
        let envelope = input.command.envelope(ctx, Action::ManageTokens)?;
        let id = ids::decode_as(Kind::ApiToken, &input.token_id, "tokenId")?;
        let desk = desk(ctx)?;
        let outcome = execute::<ApiToken>(desk, id, &TokenCommand::Revoke, &envelope).await;
        let done = done(&input.command, &envelope, outcome)?;
        desk.directory().wait_for(done.outcome.position).await;
        Ok(ApiTokenPayload {
            client_mutation_id: done.client_mutation_id,
            command_id: done.command_id,
            position: Long(done.outcome.position),
            token_id: input.token_id,
            secret: None,
        })
    }
}

/// How many open items a team has, as of the end of the log.
async fn open_items(desk: &Desk, team: Uuid) -> Result<u64> {
    let head = desk.log().head().await.map_err(|error| of_store(&error))?;
    wait_for(desk, ProjectionName::WorkQueue, head.position).await?;
    let filter = WorkItemFilter {
        teams: Some(vec![team]),
        is_open: Some(true),
        ..WorkItemFilter::default()
    };
    let total = desk.read().work_queue().total(&filter).await;
    let total = total.map_err(|error| internal(&error))?;
    Ok(u64::try_from(total).unwrap_or_default())
}

async fn step_team(
    ctx: &Context<'_>,
    team: &ID,
    input: &CommandInput,
    command: &TeamCommand,
) -> Result<TeamPayload> {
    let envelope = input.envelope(ctx, Action::ManageTeams)?;
    let id = TeamId(ids::decode_as(Kind::Team, team, "teamId")?);
    run_team(ctx, id, input, command, &envelope).await
}

async fn run_team(
    ctx: &Context<'_>,
    id: TeamId,
    input: &CommandInput,
    command: &TeamCommand,
    envelope: &Envelope,
) -> Result<TeamPayload> {
    let outcome = execute::<model::Team>(desk(ctx)?, id.0, command, envelope).await;
    done(input, envelope, outcome).map(TeamPayload)
}
