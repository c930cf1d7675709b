//! What is written down about an item and moves nothing: effort, the
//! organisation's own fields, corrections, and the archiving.

use super::super::{DetailField, WorkEvent, WorkItem, WorkRefusal};
use super::{Decision, staff};
use crate::context::{Channel, Context};
use crate::ids::{PersonId, ServiceCode};
use crate::likeness::look;
use crate::text::{Line, Text, TextRefused};

/// More than a day at once is a slip of the pen.
const MINUTES_AN_ENTRY: std::ops::RangeInclusive<u32> = 1..=1440;

impl WorkItem {
    pub(super) fn set_custom_field(
        &self,
        name: &Line,
        value: Option<&Text>,
        context: &Context,
    ) -> Decision {
        staff(context)?;
        let from = self.custom_fields.get(name.as_str());
        if from.is_none()
            && let Some(other) = self.field_like(name)
        {
            return Err(WorkRefusal::FieldNameTaken {
                name: other.to_owned(),
            });
        }
        if from.map(String::as_str) == value.map(Text::as_str) {
            return Err(WorkRefusal::FieldUnchanged);
        }
        Ok(vec![WorkEvent::CustomFieldSet {
            name: name.clone(),
            from: from.and_then(|text| Text::new(text).ok()),
            to: value.cloned(),
        }])
    }

    /// The item's field whose name cannot be told from this one.
    fn field_like(&self, name: &Line) -> Option<&str> {
        let wanted = look(name.as_str());
        let mut names = self.custom_fields.keys();
        names
            .find(|known| look(known) == wanted)
            .map(String::as_str)
    }

    pub(super) fn correct_details(
        &self,
        field: DetailField,
        to: Option<&Text>,
        reason: &Text,
        context: &Context,
    ) -> Decision {
        staff(context)?;
        let from = match field {
            DetailField::Requester => self.requester.as_ref().map(PersonId::as_str),
            _ => self.details.get(field.as_ref()).map(String::as_str),
        };
        let to = match (field, to) {
            (DetailField::Summary, None) => return Err(WorkRefusal::FieldRequired),
            // Another desk's history may have lost who asked.
            (DetailField::Requester, None) if context.channel != Channel::Import => {
                return Err(WorkRefusal::FieldRequired);
            }
            (_, to) => to.map(|to| as_kept(field, to)).transpose(),
        };
        let to = to.map_err(WorkRefusal::FieldText)?;
        if from == to.as_deref() {
            return Err(WorkRefusal::FieldUnchanged);
        }
        Ok(vec![WorkEvent::DetailsCorrected {
            field,
            from: from.map(str::to_owned),
            to,
            reason: reason.clone(),
        }])
    }
}

/// The text of a detail as the item keeps it, where it fits the field.
fn as_kept(field: DetailField, text: &Text) -> Result<String, TextRefused> {
    let text = text.as_str();
    Ok(match field {
        DetailField::Description => text.to_owned(),
        DetailField::Summary => Line::new(text)?.to_string(),
        DetailField::Requester | DetailField::AffectedPerson => PersonId::new(text)?.to_string(),
        DetailField::Service => ServiceCode::new(text)?.to_string(),
    })
}

pub(super) fn log_effort(minutes: u32, text: Option<&Text>, context: &Context) -> Decision {
    staff(context)?;
    if !MINUTES_AN_ENTRY.contains(&minutes) {
        return Err(WorkRefusal::EffortOutOfRange);
    }
    Ok(vec![WorkEvent::EffortLogged {
        minutes,
        text: text.cloned(),
    }])
}

pub(super) fn archive(context: &Context) -> Decision {
    staff(context)?;
    Ok(vec![WorkEvent::Archived {}])
}
