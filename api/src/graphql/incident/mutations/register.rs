//! The first contact: how an incident comes to be.

use async_graphql::{Context, InputObject, Object, Result};
use domain::ids::{CategoryCode, CiId, PersonId, ServiceCode};
use domain::incident::{Command, Incident, IncidentAction};
use domain::text::{Line, Text};
use domain::work_item::{ExternalReference, Intake};
use event_store::Reservation;

use crate::auth::policy::Action;
use crate::commands::execute;
use crate::desk::Keeps;
use crate::error::internal;
use crate::graphql::access::done;
use crate::graphql::enums::{ContactChannel, Impact, Urgency};
use crate::graphql::incident::payload::IncidentPayload;
use crate::graphql::input::{CommandInput, all, optional, required};
use crate::graphql::viewer::desk;

/// What `incidentRegister` takes.
#[derive(InputObject, Debug)]
pub(crate) struct IncidentRegisterInput {
    #[graphql(flatten)]
    command: CommandInput,
    /// What it is about, in one line of at most 250 characters.
    summary: String,
    /// What it is about, in full, at most 65,536 characters.
    description: Option<String>,
    /// Who asks. A requester may leave it out and means themselves; monitoring
    /// has none.
    requester: Option<String>,
    /// Who suffers from it, where that is somebody else.
    affected_person: Option<String>,
    /// How the contact was made.
    contact_channel: ContactChannel,
    /// The service concerned, by its code.
    service: Option<String>,
    /// What to file it under: the code of a category.
    category: String,
    /// How much of the business is affected.
    impact: Impact,
    /// How soon a solution is needed.
    urgency: Urgency,
    /// The configuration items concerned, by their identity keys.
    #[graphql(default)]
    configuration_items: Vec<String>,
    /// Its numbers in other systems.
    #[graphql(default)]
    external_references: Vec<ExternalReferenceInput>,
}

/// The number that an item has in another system.
#[derive(InputObject, Debug)]
pub(crate) struct ExternalReferenceInput {
    /// The other system.
    system: String,
    /// The item's number there.
    reference: String,
}

/// The mutation on the first contact.
#[derive(Default)]
pub(crate) struct RegisterMutations;

#[Object]
impl RegisterMutations {
    /// 登记: opens an incident at the first contact. The effective time is when
    /// the contact was made.
    #[graphql(name = "incidentRegister")]
    async fn register(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What the command says.")] input: IncidentRegisterInput,
    ) -> Result<IncidentPayload> {
        let mut envelope = input
            .command
            .envelope(ctx, Action::Incident(IncidentAction::Register))?;
        let desk = desk(ctx)?;
        let mut intake = intake(&input)?;
        if envelope.actor.role == domain::Role::Requester && intake.requester.is_none() {
            intake.requester = Some(envelope.actor.id.clone());
        }
        // The same command of the same person is the same incident; its first
        // number stands.
        let id = match input.command.command_id {
            Some(command_id) => {
                let name = format!("{command_id}:{}", envelope.actor.id);
                uuid::Uuid::new_v5(&domain::ids::DESK_NAMESPACE, name.as_bytes())
            }
            None => crate::clock::new_id(),
        };
        Keeps::<Incident>::store(desk).begin(id);
        let number = desk.incident_numbers().next().await;
        intake.number = number.map_err(|error| internal(&error))?;
        envelope.reservations = vec![Reservation {
            scope: domain::incident::NUMBERS,
            key: intake.number.clone(),
        }];
        let command = Command::Register(Box::new(intake));
        let outcome = execute::<Incident>(desk, id, &command, &envelope).await;
        done(&input.command, &envelope, outcome).map(IncidentPayload::from)
    }
}

fn intake(input: &IncidentRegisterInput) -> Result<Intake> {
    let external = |input: &ExternalReferenceInput| -> Result<ExternalReference> {
        Ok(ExternalReference {
            system: required(&input.system, "externalReferences.system", Line::new)?,
            reference: required(&input.reference, "externalReferences.reference", Line::new)?,
        })
    };
    Ok(Intake {
        number: String::new(),
        summary: required(&input.summary, "summary", Line::new)?,
        description: optional(input.description.as_deref(), "description", Text::new)?,
        requester: optional(input.requester.as_deref(), "requester", PersonId::new)?,
        affected_person: optional(
            input.affected_person.as_deref(),
            "affectedPerson",
            PersonId::new,
        )?,
        contact_channel: input.contact_channel.into(),
        service: optional(input.service.as_deref(), "service", ServiceCode::new)?,
        category: required(&input.category, "category", CategoryCode::new)?,
        impact: input.impact.into(),
        urgency: input.urgency.into(),
        cis: all(&input.configuration_items, "configurationItems", CiId::new)?,
        external_references: input
            .external_references
            .iter()
            .map(external)
            .collect::<Result<_>>()?,
    })
}
