//! The schema: its roots, put together from a part a folder, and its limits.

use async_graphql::{MergedObject, MergedSubscription, Schema, SchemaBuilder};

use super::arguments::Arguments;
use super::configuration::{ConfigurationMutations, ConfigurationQueries};
use super::incident::{IncidentMutations, IncidentQueries};
use super::limits::LIMITS;
use super::log::{LogQueries, LogSubscriptions};
use super::organisation::{OrganisationMutations, OrganisationQueries};
use super::seal::SealQueries;
use super::time::TimeQueries;
use super::work_item::{
    BulkMutations, NoticeQueries, WorkItemMutations, WorkItemQueries, WorkItemSubscriptions,
};
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
    NoticeQueries,
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

/// The schema over a desk.
pub fn build(desk: Desk) -> DeskSchema {
    builder()
        .data(desk)
        .limit_recursive_depth(LIMITS.nesting)
        .extension(Arguments)
        .limit_depth(LIMITS.depth)
        .limit_complexity(LIMITS.complexity)
        // Looking for the nearest name costs more than all the rest of a refusal.
        .disable_suggestions()
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
