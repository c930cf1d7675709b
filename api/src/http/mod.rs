//! The doors over HTTP: GraphQL (HTTP and WebSocket), health, metrics.

mod graphql;
mod health;
mod log;
mod negotiation;
mod websocket;

use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{any, get};
use metrics_exporter_prometheus::PrometheusHandle;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::trace::TraceLayer;

use crate::desk::Desk;
use crate::graphql::DeskSchema;
use crate::seals::SealState;

/// The largest body that is read, in bytes.
pub const MAX_BODY_BYTES: usize = 1024 * 1024;

/// The longest that a request may take.
pub const REQUEST_LIMIT: Duration = Duration::from_secs(30);

/// What the handlers share.
#[derive(Clone)]
pub(crate) struct Doors {
    pub(crate) desk: Desk,
    pub(crate) schema: DeskSchema,
    pub(crate) metrics: PrometheusHandle,
    pub(crate) seals: SealState,
}

/// The router of the service.
pub(crate) fn router(
    desk: Desk,
    schema: DeskSchema,
    metrics: PrometheusHandle,
    seals: SealState,
) -> Router {
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
        .with_state(Doors {
            desk,
            schema,
            metrics,
            seals,
        })
}
