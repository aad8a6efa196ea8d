//! The admin port: `/healthz`, `/readyz`, `/metrics`.
//!
//! Apart from the API's port, so that a probe or a scrape never competes with clients for connections, and so that a
//! user who exposes the API does not expose this. Answers only what it is told: it owns no state of the node.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use hyper_util::service::TowerToHyperService;
use prometheus::{Encoder, Registry, TextEncoder};

/// Why the node is not ready, or nothing if it is.
pub type Readiness = Arc<dyn Fn() -> Result<(), String> + Send + Sync>;

/// Refreshes the gauges that are read, not counted (disk usage, open streams), just before a scrape.
pub type BeforeScrape = Arc<dyn Fn() + Send + Sync>;

/// What the admin port shows.
#[derive(Clone)]
pub struct Admin {
    /// Every metric of the process.
    pub registry: Registry,
    /// Asked at each `/readyz`.
    pub readiness: Readiness,
    /// Called at each `/metrics`.
    pub before_scrape: BeforeScrape,
}

impl Admin {
    /// The same, for a listener.
    pub fn service(self) -> TowerToHyperService<Router> {
        TowerToHyperService::new(self.router())
    }

    /// The routes of the admin port.
    pub fn router(self) -> Router {
        Router::new()
            .route("/healthz", get(|| async { "ok\n" }))
            .route("/readyz", get(readyz))
            .route("/metrics", get(metrics))
            .with_state(self)
    }
}

async fn readyz(State(admin): State<Admin>) -> Response {
    match (admin.readiness)() {
        Ok(()) => "ready\n".into_response(),
        Err(reason) => (StatusCode::SERVICE_UNAVAILABLE, format!("{reason}\n")).into_response(),
    }
}

async fn metrics(State(admin): State<Admin>) -> Response {
    (admin.before_scrape)();
    let encoder = TextEncoder::new();
    let mut text = Vec::new();
    match encoder.encode(&admin.registry.gather(), &mut text) {
        Ok(()) => (
            [(header::CONTENT_TYPE, encoder.format_type().to_owned())],
            text,
        )
            .into_response(),
        Err(failed) => {
            tracing::error!(%failed, "encode metrics");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
