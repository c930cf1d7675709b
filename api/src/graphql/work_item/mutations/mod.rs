//! The kernel's mutations: one a command, the same for every practice.

mod assignment;
mod connections;
mod conversation;
mod judgement;
mod record;

use async_graphql::MergedObject;

/// Every mutation on the interface `WorkItem`.
#[derive(MergedObject, Default)]
pub(crate) struct WorkItemMutations(
    judgement::JudgementMutations,
    assignment::AssignmentMutations,
    conversation::ConversationMutations,
    connections::ConnectionMutations,
    record::RecordMutations,
);
