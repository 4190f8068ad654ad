//! Pictures that payloads link to: captchas, which are spoken too, and previews.

use super::prefers_japanese;
use crate::app::{App, real_now};
use crate::http::answer::body;
use crate::http::arrival::{self, Peer, in_query};
use axum::Extension;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, Response, header};
use service::captcha::{self, Language};
use std::sync::Arc;

fn picture(content_type: &str, bytes: Vec<u8>) -> Response<Body> {
    let mut response = body(200, content_type, bytes);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response.headers_mut().insert("x-robots-tag", HeaderValue::from_static("noindex"));
    response
}

/// `GET /captcha/?key=`; spoken with `format=audio`, in the language `lang`. Contract: engines L.
pub async fn captcha(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response<Body> {
    if let Err(exhausted) = app.throttle.captcha(arrival::caller(&app, peer, &headers)) {
        return super::too_many("captchas for this address", &exhausted);
    }
    let asked = |name: &str| in_query(query.as_deref(), name).unwrap_or_default();
    let token = asked("key");
    let wanted = token.clone();
    if !show(&app, wanted).await.unwrap_or(false) {
        return super::not_found();
    }
    let secret = app.desk.secret;
    let spoken_in = (asked("format") == "audio").then(|| language(&asked("lang"), &headers));
    let made = tokio::task::spawn_blocking(move || match spoken_in {
        Some(language) => picture("audio/wav", captcha::speech(&secret, &token, language)),
        None => picture("image/png", captcha::picture(&secret, &token)),
    });
    made.await.unwrap_or_else(|_| super::not_found())
}

/// Whether there is such a challenge; if so, it is open for another day. Made up tokens cost a read only.
async fn show(app: &App, token: String) -> Result<bool, service::Error> {
    let wanted = token.clone();
    if !app.db.read(move |tx| captcha::exists(tx, &wanted)).await? {
        return Ok(false);
    }
    let desk = Arc::clone(&app.desk);
    app.db.write(move |tx| captcha::show(tx, &desk, &token, real_now())).await
}

fn language(asked: &str, headers: &HeaderMap) -> Language {
    match asked {
        "ja" => Language::Japanese,
        "en" => Language::English,
        _ if prefers_japanese(headers) => Language::Japanese,
        _ => Language::English,
    }
}

/// `GET /preview/?key=`: the contract's empty picture until pictures are made.
pub async fn preview() -> Response<Body> {
    picture("image/jpeg", Vec::new())
}
