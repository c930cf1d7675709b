//! What is written down about an item and moves nothing: effort, the
//! organisation's own fields, corrections, and the archiving.

use super::super::{DetailField, WorkEvent, WorkItem, WorkRefusal};
use super::{Decision, staff};
use crate::Context;
use crate::ids::{PersonId, ServiceCode};
use crate::text::{Line, Text};

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
        if from.map(String::as_str) == value.map(Text::as_str) {
            return Err(WorkRefusal::FieldUnchanged);
        }
        Ok(vec![WorkEvent::CustomFieldSet {
            name: name.clone(),
            from: from.and_then(|text| Text::new(text).ok()),
            to: value.cloned(),
        }])
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
        let to = to.map(Text::as_str);
        if from == to {
            return Err(WorkRefusal::FieldUnchanged);
        }
        let fits = match (field, to) {
            (DetailField::Summary | DetailField::Requester, None) => {
                return Err(WorkRefusal::FieldRequired);
            }
            (_, None) | (DetailField::Description, Some(_)) => Ok(()),
            (DetailField::Summary, Some(to)) => Line::new(to).map(drop),
            (DetailField::Requester | DetailField::AffectedPerson, Some(to)) => {
                PersonId::new(to).map(drop)
            }
            (DetailField::Service, Some(to)) => ServiceCode::new(to).map(drop),
        };
        fits.map_err(WorkRefusal::FieldText)?;
        Ok(vec![WorkEvent::DetailsCorrected {
            field,
            from: from.map(str::to_owned),
            to: to.map(str::to_owned),
            reason: reason.clone(),
        }])
    }
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
