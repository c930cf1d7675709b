//! The doors over HTTP: GraphQL (HTTP and WebSocket), health, metrics.

mod answer;
mod body;
mod execution;
mod graphql;
mod health;
mod log;
mod negotiation;
mod request;
mod websocket;

use std::time::Duration;

use axum::Router;
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
        .route("/graphql", any(graphql::graphql))
        .route("/health/live", get(health::live))
        .route("/health/ready", get(health::ready))
        .route("/metrics", get(health::metrics))
        .route("/log/checkpoint", get(log::checkpoint))
        .route("/log/tile/{*path}", get(log::tile))
        .layer(axum::middleware::from_fn(health::count))
        .layer(CatchPanicLayer::new())
        .layer(TraceLayer::new_for_http())
        .with_state(doors)
}
