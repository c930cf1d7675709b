//! What every mutation takes, and how what people write becomes what the
//! domain reads.

use async_graphql::{Context, Error, InputObject, Result};
use chrono::{DateTime, Duration, Utc};
use domain::ids::PersonId;
use domain::text::Text;
use domain::work_item::Farewell;
use domain::{Actor, Channel, Refusal, Role};
use event_store::MAX_EXACT_INTEGER;
use serde_json::Value;
use uuid::Uuid;

use super::scalars::Long;
use super::viewer::authorised;
use crate::auth::policy::Action;
use crate::commands::Envelope;
use crate::error::{at_field, code, internal, refused_at};

/// How far a client's clock may run ahead of the desk's.
const CLOCK_TOLERANCE: Duration = Duration::seconds(5);

/// What every command may say besides its own fields.
#[derive(InputObject, Debug, Default, Clone)]
pub(crate) struct CommandInput {
    /// Returned unchanged in the payload.
    pub(crate) client_mutation_id: Option<String>,
    /// The command's own id. Sent again with the same content it has no second
    /// effect and gets the first answer; with other content it is refused
    /// with `COMMAND_ID_REUSED`.
    pub(crate) command_id: Option<Uuid>,
    /// The version of the object that the command was decided on. If the
    /// object has changed since, the command is refused with `CONFLICT`.
    pub(crate) expected_version: Option<Long>,
    /// When it was so in the world, if not now: a call that is written down
    /// later. Never in the future.
    pub(crate) effective_at: Option<DateTime<Utc>>,
    /// The person for whom the actor acts.
    pub(crate) on_behalf_of: Option<String>,
}

impl CommandInput {
    /// The envelope of the command, for an actor who may give it at all.
    pub(crate) fn envelope(&self, ctx: &Context<'_>, action: Action) -> Result<Envelope> {
        let viewer = authorised(ctx, action)?;
        if viewer.role() == Role::Requester && self.effective_at.is_some() {
            return Err(at_field(
                code::FORBIDDEN,
                "only the desk writes down what happened at another time",
                "effectiveAt",
            ));
        }
        let effective_at = effective_at(self.effective_at)?;
        let mut envelope = Envelope::new(viewer.actor(), Channel::Api, effective_at);
        envelope.is_dated = self.effective_at.is_some();
        envelope.expected_version = self.expected_version.map(|version| version.0);
        if self
            .expected_version
            .is_some_and(|version| !is_exact(version.0.into()))
        {
            return Err(inexact("expectedVersion"));
        }
        envelope.on_behalf_of =
            optional(self.on_behalf_of.as_deref(), "onBehalfOf", PersonId::new)?;
        if let Some(command_id) = self.command_id {
            envelope.command_id = command_id;
            envelope.request_hash = request_hash(ctx, &envelope.actor)?;
        }
        Ok(envelope)
    }
}

/// The time given, or now; refused where it lies in the future.
fn effective_at(given: Option<DateTime<Utc>>) -> Result<DateTime<Utc>> {
    let now = crate::clock::now();
    match given {
        None => Ok(now),
        Some(at) if at > now + CLOCK_TOLERANCE => Err(at_field(
            code::EFFECTIVE_AT_INVALID,
            "effectiveAt lies in the future",
            "effectiveAt",
        )),
        Some(at) => Ok(chrono::SubsecRound::trunc_subsecs(at, 3)),
    }
}

/// The hash of what is asked and by whom: a command of somebody else is another
/// one. Of the field's arguments, what does not change the command is left out.
fn request_hash(ctx: &Context<'_>, actor: &Actor) -> Result<[u8; 16]> {
    let mut content = Vec::new();
    for (name, value) in ctx.field().arguments()? {
        let mut value = value.into_json().map_err(|error| internal(&error))?;
        // Rounded, one number would be taken for another.
        if let Some(field) = inexact_field(&value, &name) {
            return Err(inexact(field));
        }
        if let Some(input) = value.as_object_mut() {
            input.remove("clientMutationId");
        }
        content.push((name.to_string(), value));
    }
    let canonical = event_store::canonical_json(&content).map_err(|error| internal(&error))?;
    Ok(event_store::content_hash([
        actor.id.as_str().as_bytes(),
        ctx.field().name().as_bytes(),
        canonical.as_bytes(),
    ]))
}

/// Who was told of an end without a resolution, or why nobody was, as inputs
/// give it.
pub(crate) fn farewell(told: &[String], no_feedback_reason: Option<&str>) -> Result<Farewell> {
    Ok(Farewell {
        told: all(told, "told", PersonId::new)?,
        no_feedback_reason: optional(no_feedback_reason, "noFeedbackReason", Text::new)?,
    })
}

fn is_exact(number: i128) -> bool {
    number.abs() <= MAX_EXACT_INTEGER.into()
}

/// The field with the first whole number that JSON does not hold exactly.
fn inexact_field<'v>(value: &'v Value, field: &'v str) -> Option<&'v str> {
    match value {
        Value::Number(number) => {
            let whole = number.as_i64().map(i128::from);
            let whole = whole.or_else(|| number.as_u64().map(i128::from))?;
            (!is_exact(whole)).then_some(field)
        }
        Value::Array(items) => items.iter().find_map(|item| inexact_field(item, field)),
        Value::Object(fields) => fields
            .iter()
            .find_map(|(name, value)| inexact_field(value, name)),
        _ => None,
    }
}

fn inexact(field: &str) -> Error {
    let message = format!("{field} must be from -{MAX_EXACT_INTEGER} to {MAX_EXACT_INTEGER}");
    at_field(code::INPUT_INVALID, message, field)
}

/// A value that the domain checks; the field is named where it does not take it.
pub(crate) fn required<T, E: Refusal>(
    value: &str,
    field: &str,
    check: impl Fn(&str) -> Result<T, E>,
) -> Result<T> {
    check(value).map_err(|refusal| refused_at(&refusal, field))
}

/// The same for a value that may be left out.
pub(crate) fn optional<T, E: Refusal>(
    value: Option<&str>,
    field: &str,
    check: impl Fn(&str) -> Result<T, E>,
) -> Result<Option<T>> {
    value.map(|value| required(value, field, check)).transpose()
}

/// The same for a list.
pub(crate) fn all<T, E: Refusal>(
    values: &[String],
    field: &str,
    check: impl Fn(&str) -> Result<T, E>,
) -> Result<Vec<T>> {
    values
        .iter()
        .map(|value| required(value, field, &check))
        .collect()
}

/// A whole number as the domain counts; the field is named where it is too
/// small or too large for that.
pub(crate) fn whole<T: TryFrom<i32>>(number: i32, field: &str) -> Result<T> {
    T::try_from(number).map_err(|_| {
        at_field(
            code::INPUT_INVALID,
            format!("{field} is too small or too large"),
            field,
        )
    })
}
