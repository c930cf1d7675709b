//! The incident's own mutations: one a command.

mod diagnosis;
mod major;
mod register;
mod resolution;

use async_graphql::MergedObject;

/// Every mutation that only incidents have.
#[derive(MergedObject, Default)]
pub(crate) struct IncidentMutations(
    register::RegisterMutations,
    diagnosis::DiagnosisMutations,
    resolution::ResolutionMutations,
    major::MajorMutations,
);
