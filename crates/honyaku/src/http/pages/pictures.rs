//! Pictures that payloads link to: captchas and previews.

use crate::app::App;
use crate::http::answer::body;
use crate::http::arrival::in_query;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderValue, Response, header};
use std::sync::Arc;

fn picture(content_type: &str, bytes: Vec<u8>) -> Response<Body> {
    let mut response = body(200, content_type, bytes);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response.headers_mut().insert("x-robots-tag", HeaderValue::from_static("noindex"));
    response
}

/// `GET /captcha/?key=`
pub async fn captcha(State(app): State<Arc<App>>, RawQuery(query): RawQuery) -> Response<Body> {
    let token = in_query(query.as_deref(), "key").unwrap_or_default();
    let asked = token.clone();
    let known = app.db.read(move |tx| service::captcha::exists(tx, &asked)).await;
    if !known.unwrap_or(false) {
        return super::not_found();
    }
    let secret = app.desk.secret;
    let drawn = tokio::task::spawn_blocking(move || service::captcha::picture(&secret, &token)).await;
    drawn.map_or_else(|_| super::not_found(), |png| picture("image/png", png))
}

/// `GET /preview/?key=`: the contract's empty picture until pictures are made.
pub async fn preview() -> Response<Body> {
    picture("image/jpeg", Vec::new())
}
