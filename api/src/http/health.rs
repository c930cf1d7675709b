//! Whether the service lives, whether it is ready (and if not, what is
//! missing), and what it measures.

use std::time::{Duration, Instant};

use axum::Json;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::Doors;

/// How long the log may take to answer before it counts as unreachable. Whoever
/// asks for readiness, asks every few seconds.
const LOG_LIMIT: Duration = Duration::from_secs(2);

/// The process answers.
pub(super) async fn live() -> Json<serde_json::Value> {
    Json(json!({ "status": "live" }))
}

/// The log can be reached, no read model has failed, the log is being sealed
/// and no outsider has seen another one. Otherwise 503, and what is not ready
/// by name.
pub(super) async fn ready(State(doors): State<Doors>) -> Response {
    let mut not_ready = Vec::new();
    let reason = match tokio::time::timeout(LOG_LIMIT, doors.desk.log().head()).await {
        Ok(Ok(_)) => None,
        Ok(Err(error)) => {
            tracing::warn!(%error, "the log cannot be reached");
            Some("the log cannot be reached")
        }
        Err(_) => {
            let seconds = LOG_LIMIT.as_secs();
            tracing::warn!(seconds, "the log does not answer");
            Some("the log does not answer")
        }
    };
    if let Some(reason) = reason {
        not_ready.push(json!({ "name": "log", "reason": reason }));
    }
    let mut projections = Vec::new();
    for projection in doors
        .desk
        .projectors()
        .map(projections::Projectors::status)
        .unwrap_or_default()
    {
        if let Some(reason) = &projection.failed {
            not_ready.push(json!({ "name": projection.name.as_ref(), "reason": reason }));
        }
        projections.push(json!({
            "name": projection.name.as_ref(),
            "position": projection.position,
            "lagPositions": projection.lag_positions,
            "lagSeconds": projection.lag_seconds,
        }));
    }
    let seals = doors.seals.status();
    if let Some(reason) = &seals.failed {
        not_ready.push(json!({ "name": "seals", "reason": reason }));
    }
    let mut outsiders = Vec::new();
    for (name, state) in doors.seals.outsiders() {
        if state.contradiction {
            not_ready.push(json!({ "name": name, "reason": state.problem }));
        }
        outsiders.push(json!({ "name": name, "size": state.size, "problem": state.problem }));
    }
    let seals = json!({
        "size": seals.sealed,
        "reviewed": seals.reviewed,
        "sealingHere": seals.running_here,
        "outsiders": outsiders,
    });
    let (status, word) = if not_ready.is_empty() {
        (StatusCode::OK, "ready")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not ready")
    };
    let body = json!({ "status": word, "notReady": not_ready, "projections": projections, "seals": seals });
    (status, Json(body)).into_response()
}

/// What is measured, in the text format of Prometheus.
pub(super) async fn metrics(State(doors): State<Doors>) -> Response {
    doors.metrics.run_upkeep();
    let headers = [(
        header::CONTENT_TYPE,
        "text/plain; version=0.0.4; charset=utf-8",
    )];
    (headers, doors.metrics.render()).into_response()
}

/// Counts and times every request.
pub(super) async fn count(request: Request, next: Next) -> Response {
    let started = Instant::now();
    let path = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "unmatched".to_owned(), |path| path.as_str().to_owned());
    let method = request.method().to_string();
    let response = next.run(request).await;
    let status = response.status().as_u16().to_string();
    metrics::counter!("docket_http_requests_total", "method" => method, "path" => path.clone(), "status" => status)
        .increment(1);
    metrics::histogram!("docket_http_request_seconds", "path" => path)
        .record(started.elapsed().as_secs_f64());
    response
}
