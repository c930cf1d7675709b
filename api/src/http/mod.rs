//! The doors over HTTP: a front page, GraphQL (HTTP and WebSocket), seals,
//! health, metrics.

mod answer;
mod body;
mod execution;
mod front_page;
mod graphql;
mod health;
mod log;
mod negotiation;
mod request;
mod websocket;

use std::any::Any;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use metrics_exporter_prometheus::PrometheusHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::trace::TraceLayer;

use crate::desk::Desk;
use crate::graphql::DeskSchema;
use crate::seals::SealState;

/// The largest body that is read, in bytes.
pub const MAX_BODY_BYTES: usize = 1024 * 1024;

/// How long the doors wait.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// The longest that a request may take.
    pub request: Duration,
    /// The longest until a client of a socket has shown its token.
    pub connection_init: Duration,
    /// How long a client of a socket may be silent until it is asked whether
    /// it is there, and how long until it has answered.
    pub silence: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            request: Duration::from_secs(30),
            connection_init: Duration::from_secs(10),
            silence: Duration::from_secs(30),
        }
    }
}

/// What the handlers share.
#[derive(Clone)]
pub(crate) struct Doors {
    pub(crate) desk: Desk,
    pub(crate) schema: DeskSchema,
    pub(crate) metrics: PrometheusHandle,
    pub(crate) seals: SealState,
    pub(crate) patience: Patience,
    /// What is being carried out, also for clients that have hung up.
    pub(crate) work: TaskTracker,
    /// Cancelled when the service is asked to stop.
    pub(crate) stop: CancellationToken,
}

/// The router of the service.
pub(crate) fn router(doors: Doors) -> Router {
    Router::new()
        .route("/", get(front_page::front_page))
        .route("/graphql", any(graphql::graphql))
        .route("/health/live", get(health::live))
        .route("/health/ready", get(health::ready))
        .route("/metrics", get(health::metrics))
        .route("/log/checkpoint", get(log::checkpoint))
        .route("/log/tile/{*path}", get(log::tile))
        .layer(axum::middleware::from_fn(health::count))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(TraceLayer::new_for_http().make_span_with(span))
        .with_state(doors)
}

/// What the log lines of a request name it by: never its query, in which a GET
/// request carries what somebody asks and after whom.
fn span(request: &Request) -> tracing::Span {
    tracing::debug_span!("request", method = %request.method(), path = request.uri().path())
}

/// What a client is told of a panic, which has said in the log where it was.
fn panicked(_message: Box<dyn Any + Send>) -> Response {
    let message = "something went wrong on our side";
    (StatusCode::INTERNAL_SERVER_ERROR, message).into_response()
}
