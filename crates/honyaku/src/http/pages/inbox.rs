//! `/inbox/{token}` from outside: only if its owner takes requests from anywhere. Deliveries
//! of this server never come this way; they are handed over inside the process.

use crate::app::App;
use crate::http::answer::body;
use crate::work::inbox;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, Request, Response};
use http_body_util::{BodyExt as _, Limited};
use std::sync::Arc;

const BODY_MOST_BYTES: usize = 1_000_000;

/// Any method on an inbox.
pub async fn receive(
    State(app): State<Arc<App>>,
    Path(token): Path<String>,
    request: Request<Body>,
) -> Response<Body> {
    if !app.edge.sandbox {
        return super::not_found();
    }
    let mut answer = answer(app, token, request).await;
    answer.headers_mut().insert("x-robots-tag", HeaderValue::from_static("noindex"));
    answer
}

async fn answer(app: Arc<App>, token: String, request: Request<Body>) -> Response<Body> {
    let found = app.db.read(move |tx| store::inboxes::by_token(tx, &token)).await;
    let Ok(Some(target)) = found else { return super::not_found() };
    if !target.open_to_all {
        return body(
            403,
            "text/plain; charset=utf-8",
            b"this inbox takes requests of its own server only\n".to_vec(),
        );
    }
    if let Err(exhausted) = app.throttle.inbox(&target.token) {
        return super::too_many("requests for this inbox", &exhausted);
    }
    let (parts, content) = request.into_parts();
    let Ok(content) = Limited::new(content, BODY_MOST_BYTES).collect().await else {
        return body(413, "text/plain; charset=utf-8", b"at most 1 MB\n".to_vec());
    };
    let headers = parts
        .headers
        .iter()
        .filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())));
    let received = inbox::Incoming {
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        headers: headers.collect(),
        body: content.to_bytes().to_vec(),
        event: None,
        job: None,
        key: None,
        attempt: None,
        delivery: None,
    };
    match inbox::take(&app, target, received).await {
        Ok(inbox::Reply::Status(status)) => body(status, "text/plain; charset=utf-8", Vec::new()),
        Ok(inbox::Reply::Never | inbox::Reply::Close) => body(504, "text/plain; charset=utf-8", Vec::new()),
        Err(_) => body(503, "text/plain; charset=utf-8", Vec::new()),
    }
}
