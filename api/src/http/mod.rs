//! The doors over HTTP: GraphQL (HTTP and WebSocket), health, metrics.

mod answer;
mod execution;
mod graphql;
mod health;
mod log;
mod negotiation;
mod request;
mod websocket;

use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{any, get};
use metrics_exporter_prometheus::PrometheusHandle;
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
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            request: Duration::from_secs(30),
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
}

/// The router of the service.
pub(crate) fn router(doors: Doors) -> Router {
    Router::new()
        .route("/graphql", any(graphql::graphql))
        .route("/health/live", get(health::live))
        .route("/health/ready", get(health::ready))
        .route("/metrics", get(health::metrics))
        .route("/log/checkpoint", get(log::checkpoint))
        .route("/log/tile/{*path}", get(log::tile))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(axum::middleware::from_fn(health::count))
        .layer(CatchPanicLayer::new())
        .layer(TraceLayer::new_for_http())
        .with_state(doors)
}
