//! What a request may ask for at most, and the check that refuses what is over
//! a limit before anything walks it. The check costs no more than one look at
//! each token of a document, whatever its fragments would expand to, and it is
//! the same at both doors.

mod extent;
mod scan;

use async_graphql::parser::types::{DocumentOperations, OperationType};
use async_graphql::{Request, ServerError};

pub(crate) use scan::values_within_limit;

use crate::error::code;

/// What a request may ask for at most.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes of a document.
    pub document_bytes: usize,
    /// Names, numbers, strings and punctuators of a document.
    pub tokens: usize,
    /// Brackets within brackets, of any kind, in a document.
    pub brackets: usize,
    /// Values in the variables of a request, those within others included.
    pub values: usize,
    /// Fragments of a document.
    pub fragments: usize,
    /// Selections within selections, where a spread counts as what it spreads.
    pub nesting: usize,
    /// Selections of a document once its fragments are spread out.
    pub selections: u64,
    /// Values of arguments once fragments are spread out and variables are put
    /// in; a text counts one more for each kibibyte.
    pub argument_values: u64,
    /// The estimated number of values that introspection answers with.
    pub introspection: u64,
    /// Directives at one place.
    pub directives: usize,
    /// Fields within fields.
    pub depth: usize,
    /// The estimated number of values in the answer.
    pub complexity: usize,
    /// Fields at the root of one operation.
    pub root_fields: u64,
    /// Operations under way on one socket.
    pub operations: usize,
}

/// What a request may ask for at most.
pub const LIMITS: Limits = Limits {
    document_bytes: 256 * 1024,
    tokens: 10_000,
    brackets: 64,
    values: 50_000,
    fragments: 200,
    nesting: 32,
    selections: 20_000,
    argument_values: 200_000,
    introspection: 600_000,
    directives: 4,
    depth: 16,
    complexity: 30_000,
    root_fields: 100,
    operations: 100,
};

/// The largest cost of one field: far over the limit, and so far below what a
/// number holds that no sum over a document overflows.
const MOST: usize = 1 << 40;

/// The cost of a field that answers with a page: of the size that is asked
/// for, else of the usual one.
pub(crate) fn page_cost(size: Option<i32>, each: usize) -> usize {
    let size = usize::try_from(size.unwrap_or(20)).unwrap_or(0);
    5 + times(size, each)
}

/// The cost of several values of which each costs the same.
pub(crate) fn times(count: usize, each: usize) -> usize {
    count.saturating_mul(each).min(MOST)
}

/// Refuses a request whose document is over a limit, and says what kind of
/// operation it asks for. Nothing is said where the document does not tell
/// which of its operations is meant; that is for the schema to refuse.
pub(crate) fn check(request: &mut Request) -> Result<Option<OperationType>, ServerError> {
    scan::document(&request.query)?;
    let name = request.operation_name.clone();
    // The parser looks at the text, the check also at the variables.
    let variables = std::mem::take(&mut request.variables);
    let checked = match request.parsed_query() {
        Ok(document) => extent::check(document, &variables).map(|()| {
            let operation = match (&document.operations, name) {
                (DocumentOperations::Single(operation), _) => Some(operation),
                (DocumentOperations::Multiple(operations), Some(name)) => {
                    operations.get(name.as_str())
                }
                (DocumentOperations::Multiple(operations), None) => {
                    let mut all = operations.values();
                    all.next().filter(|_| all.next().is_none())
                }
            };
            operation.map(|operation| operation.node.ty)
        }),
        Err(error) => Err(with_code(error, code::GRAPHQL_PARSE_FAILED)),
    };
    request.variables = variables;
    checked
}

/// A refusal of a document that is over a limit or names what is not known.
fn refusal(message: impl Into<String>, at: Option<async_graphql::Pos>) -> ServerError {
    with_code(
        ServerError::new(message, at),
        code::GRAPHQL_VALIDATION_FAILED,
    )
}

fn with_code(mut error: ServerError, code: &str) -> ServerError {
    error.extensions.get_or_insert_default().set("code", code);
    error
}
