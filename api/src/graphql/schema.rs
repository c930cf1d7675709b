//! The schema: its roots, put together from a part a folder, and its limits.

use async_graphql::{MergedObject, MergedSubscription, Schema, SchemaBuilder};

use super::configuration::{ConfigurationMutations, ConfigurationQueries};
use super::incident::{IncidentMutations, IncidentQueries};
use super::log::{LogQueries, LogSubscriptions};
use super::organisation::{OrganisationMutations, OrganisationQueries};
use super::seal::SealQueries;
use super::time::TimeQueries;
use super::work_item::{BulkMutations, WorkItemMutations, WorkItemQueries, WorkItemSubscriptions};
use crate::desk::Desk;

/// Every query.
#[derive(MergedObject, Default)]
pub struct Query(
    WorkItemQueries,
    IncidentQueries,
    ConfigurationQueries,
    OrganisationQueries,
    TimeQueries,
    LogQueries,
    SealQueries,
);

/// Every mutation: one a command, and the bulk forms.
#[derive(MergedObject, Default)]
pub struct Mutation(
    WorkItemMutations,
    IncidentMutations,
    BulkMutations,
    ConfigurationMutations,
    OrganisationMutations,
);

/// Every subscription.
#[derive(MergedSubscription, Default)]
pub struct Subscription(LogSubscriptions, WorkItemSubscriptions);

/// The schema of the desk.
pub type DeskSchema = Schema<Query, Mutation, Subscription>;

/// What a request may ask for at most.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Fields within fields.
    pub depth: usize,
    /// The estimated number of values in the answer.
    pub complexity: usize,
    /// Fields at the root of one operation.
    pub root_fields: usize,
}

/// What a request may ask for at most.
pub const LIMITS: Limits = Limits {
    depth: 16,
    complexity: 30_000,
    root_fields: 100,
};

/// The schema over a desk.
pub fn build(desk: Desk) -> DeskSchema {
    builder()
        .data(desk)
        .limit_depth(LIMITS.depth)
        .limit_complexity(LIMITS.complexity)
        .finish()
}

/// The schema in the schema definition language, every type and field with its
/// description.
pub fn sdl() -> String {
    let mut sdl = builder().finish().sdl();
    if !sdl.ends_with('\n') {
        sdl.push('\n');
    }
    sdl
}

fn builder() -> SchemaBuilder<Query, Mutation, Subscription> {
    Schema::build(
        Query::default(),
        Mutation::default(),
        Subscription::default(),
    )
    .register_output_type::<super::work_item::WorkItem>()
}
