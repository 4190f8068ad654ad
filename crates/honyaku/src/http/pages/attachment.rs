//! Files that came with comments: given out as downloads, never shown as pages.

use crate::app::App;
use crate::http::answer::body;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, Response, header};
use std::sync::Arc;
use store::uploads::Content;

/// `GET /attachment/{token}`
pub async fn attachment(State(app): State<Arc<App>>, Path(token): Path<String>) -> Response<Body> {
    let found = app.db.read(move |tx| store::uploads::by_token(tx, &token)).await;
    let Ok(Some((filename, content))) = found else { return super::not_found() };
    let content = match content {
        Content::Row(content) => content.into(),
        Content::File(file) => match app.contents.fetch(&file).await {
            Ok(content) => content,
            Err(error) => {
                tracing::error!(%error, "a file cannot be given out");
                return body(
                    503,
                    "text/plain; charset=utf-8",
                    "This file cannot be had now; try again later.\n",
                );
            }
        },
    };
    let mut response = body(200, "application/octet-stream", content);
    let headers = response.headers_mut();
    let name = percent_encoding::utf8_percent_encode(&filename, percent_encoding::NON_ALPHANUMERIC);
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename*=UTF-8''{name}")) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox; default-src 'none'"));
    headers.insert("x-robots-tag", HeaderValue::from_static("noindex"));
    response
}
