//! Whether the server lives, is ready, and how it does.

use crate::app::{App, real_now};
use crate::http::answer::body;
use axum::body::Body;
use axum::extract::State;
use axum::http::Response;
use std::sync::Arc;

const TEXT: &str = "text/plain; charset=utf-8";

/// `GET /healthz`
pub async fn alive() -> Response<Body> {
    body(200, TEXT, b"ok\n".to_vec())
}

/// `GET /readyz`: the database answers and the server is not going down.
pub async fn ready(State(app): State<Arc<App>>) -> Response<Body> {
    let answers = app.db.read(|tx| store::installation::get(tx, "ready")).await.is_ok();
    if answers && !app.is_closing() {
        body(200, TEXT, b"ready\n".to_vec())
    } else {
        body(503, TEXT, b"not ready\n".to_vec())
    }
}

/// `GET /metrics`, for Prometheus.
pub async fn metrics(State(app): State<Arc<App>>) -> Response<Body> {
    let counts = |tx: &mut store::sql::Tx<'_>| {
        Ok::<_, store::sql::Error>((
            store::tasks::counts(tx, real_now())?,
            store::destinations::count_paused(tx)?,
        ))
    };
    if let Ok(((waiting, late, dead), paused)) = app.db.read(counts).await {
        metrics::gauge!("honyaku_tasks_waiting").set(waiting as f64);
        metrics::gauge!("honyaku_tasks_late").set(late as f64);
        metrics::gauge!("honyaku_tasks_dead").set(dead as f64);
        metrics::gauge!("honyaku_destinations_paused").set(paused as f64);
    }
    if let Some((replica, primary)) = app.db.reads_near() {
        metrics::counter!("honyaku_replica_reads_total", "by" => "replica").absolute(replica);
        metrics::counter!("honyaku_replica_reads_total", "by" => "primary").absolute(primary);
    }
    body(200, "text/plain; version=0.0.4", app.metrics.render().into_bytes())
}
