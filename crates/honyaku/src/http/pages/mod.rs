//! Everything that is no API call: the landing page, the list of error codes, pictures,
//! inboxes, health.

mod attachment;
mod health;
mod inbox;
mod landing;
mod pictures;

use super::answer::body;
use super::throttle::Exhausted;
use crate::app::App;
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Response, header};
use axum::routing::{any, get};
use maud::{DOCTYPE, Markup, html};
use std::sync::Arc;

/// Pages run no script and load nothing from elsewhere.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The pages' routes.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/", get(landing::landing))
        .route("/docs/{language}/errors", get(landing::errors))
        .route("/style.css", get(landing::style))
        .route("/captcha/", get(pictures::captcha))
        .route("/captcha", get(pictures::captcha))
        .route("/preview/", get(pictures::preview))
        .route("/preview", get(pictures::preview))
        .route("/attachment/{token}", get(attachment::attachment))
        .route("/inbox/{token}", any(inbox::receive))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(health::metrics))
}

/// Whether the reader's first language is Japanese.
fn prefers_japanese(headers: &HeaderMap) -> bool {
    let languages = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    languages.is_some_and(|languages| languages.trim_start().to_ascii_lowercase().starts_with("ja"))
}

/// A page in the house's frame.
fn page(language: &str, title: &str, content: Markup) -> Response<Body> {
    let markup = html! {
        (DOCTYPE)
        html lang=(language) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                link rel="stylesheet" href="/style.css";
            }
            body { main { (content) } }
        }
    };
    let mut response = body(200, "text/html; charset=utf-8", markup.into_string().into_bytes());
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

/// The answer to a path that is neither a page nor the API's.
pub fn not_found() -> Response<Body> {
    let content = html! {
        h1 { "Not found" }
        p { "There is nothing at this address. The API is under " code { "/v2/" } "; start at the " a href="/" { "front page" } "." }
    };
    let mut response = page("en", "Not found", content);
    *response.status_mut() = axum::http::StatusCode::NOT_FOUND;
    response
}

/// The answer to an address that asked too often for `what`.
fn too_many(what: &str, exhausted: &Exhausted) -> Response<Body> {
    let Exhausted { limit, wait_s } = exhausted;
    let text = format!("too many {what}: {limit} a minute; try again in {wait_s} s\n");
    let mut response = body(429, "text/plain; charset=utf-8", text);
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(*wait_s));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
