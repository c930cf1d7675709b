//! The schema: its roots, put together from a part a folder, and its limits.

use std::sync::Arc;

use async_graphql::connection::Connection;
use async_graphql::{
    Data, Executor, ID, MergedObject, MergedSubscription, Request, Response, Schema, SchemaBuilder,
};
use futures_util::stream::{self, BoxStream, StreamExt};

use super::arguments;
use super::configuration::{ConfigurationMutations, ConfigurationQueries};
use super::incident::{Incident, IncidentMutations, IncidentQueries};
use super::limits::LIMITS;
use super::log::{Event, LogQueries, LogSubscriptions};
use super::organisation::{OrganisationMutations, OrganisationQueries};
use super::seal::{LogCheckpoint, SealQueries};
use super::time::TimeQueries;
use super::work_item::history::{Comment, HistoryEntry};
use super::work_item::queries::ListFields;
use super::work_item::{
    BulkMutations, Notice, NoticeQueries, WorkItem, WorkItemMutations, WorkItemQueries,
    WorkItemSubscriptions,
};
use crate::desk::Desk;

/// Every query.
#[derive(MergedObject, Default)]
pub(super) struct Query(
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
pub(super) struct Mutation(
    WorkItemMutations,
    IncidentMutations,
    BulkMutations,
    ConfigurationMutations,
    OrganisationMutations,
);

/// Every subscription.
#[derive(MergedSubscription, Default)]
pub(super) struct Subscription(LogSubscriptions, WorkItemSubscriptions);

/// The schema of the desk. Whatever is asked of it is held to what every
/// argument is held to, before anything is carried out.
#[derive(Clone)]
pub struct DeskSchema(Schema<Query, Mutation, Subscription>);

impl DeskSchema {
    /// Carries out a query or a mutation.
    pub async fn execute(&self, request: impl Into<Request>) -> Response {
        let mut request = request.into();
        match arguments::check(&mut request) {
            Ok(()) => self.0.execute(request).await,
            Err(error) => Response::from_errors(vec![error]),
        }
    }

    /// Carries out any operation: a subscription answers as long as it lasts.
    pub fn execute_stream(&self, request: impl Into<Request>) -> BoxStream<'static, Response> {
        Executor::execute_stream(self, request.into(), None)
    }
}

impl Executor for DeskSchema {
    async fn execute(&self, request: Request) -> Response {
        Self::execute(self, request).await
    }

    fn execute_stream(
        &self,
        mut request: Request,
        session_data: Option<Arc<Data>>,
    ) -> BoxStream<'static, Response> {
        match arguments::check(&mut request) {
            Ok(()) => Executor::execute_stream(&self.0, request, session_data),
            Err(error) => {
                let refused = Response::from_errors(vec![error]);
                stream::once(async { refused }).boxed()
            }
        }
    }
}

/// The schema over a desk.
pub fn build(desk: Desk) -> DeskSchema {
    let schema = builder()
        .data(desk)
        .limit_recursive_depth(LIMITS.nesting)
        .limit_depth(LIMITS.depth)
        .limit_complexity(LIMITS.complexity)
        // Looking for the nearest name costs more than all the rest of a refusal.
        .disable_suggestions()
        .finish();
    DeskSchema(schema)
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
    .register_output_type::<WorkItem>()
    .override_output_type_description::<ID>(
        "A global id: what it is made of is the desk's own affair.",
    )
    .override_output_type_description::<Connection<String, Incident, ListFields>>(
        "A page of incidents, and how many the whole list has.",
    )
    .override_output_type_description::<Connection<String, WorkItem, ListFields>>(
        "A page of work items, and how many the whole list has.",
    )
    .override_output_type_description::<Connection<String, Comment>>("A page of comments.")
    .override_output_type_description::<Connection<String, HistoryEntry>>("A page of steps.")
    .override_output_type_description::<Connection<String, Notice>>("A page of notices.")
    .override_output_type_description::<Connection<String, Event>>("A page of events.")
    .override_output_type_description::<Connection<String, LogCheckpoint>>(
        "A page of signed heads.",
    )
}
