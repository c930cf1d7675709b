//! The desk's configuration in the API: the priority matrix and the category
//! tree, each with its draft and every version ever published.

mod category_tree;
mod life_cycle;
mod priority_matrix;

use async_graphql::MergedObject;

/// Queries on the configuration.
#[derive(MergedObject, Default)]
pub(super) struct ConfigurationQueries(
    priority_matrix::PriorityMatrixQueries,
    category_tree::CategoryTreeQueries,
);

/// Mutations of the configuration.
#[derive(MergedObject, Default)]
pub(super) struct ConfigurationMutations(
    priority_matrix::PriorityMatrixMutations,
    category_tree::CategoryTreeMutations,
);

pub(super) use category_tree::CategoryTree;
pub(super) use priority_matrix::PriorityMatrix;
