//! Answers on their way out: envelope, format, headers. Contract: api-v2 3.

use super::failure::Failure;
use super::throttle::Allowance;
use axum::body::Body;
use axum::http::{HeaderValue, Response, header};
use domain::ids::Environment;
use serde_json::Value;
use wire::answer::{Format, encode_error, encode_ok, numbers_current};

/// What a method answers.
#[derive(Debug)]
pub enum Answer {
    /// The content of `response`.
    Response(Value),
    /// An answer given before, byte for byte.
    Replayed {
        /// Its content type.
        content_type: String,
        /// Its bytes.
        bytes: Vec<u8>,
    },
    /// An answer encoded in its transaction, to be stored with it.
    Encoded {
        /// Its content type.
        content_type: &'static str,
        /// Its bytes.
        bytes: Vec<u8>,
    },
    /// Something else than an envelope: a picture, a file.
    Raw {
        /// Its content type.
        content_type: &'static str,
        /// Its bytes.
        bytes: Vec<u8>,
    },
}

impl Answer {
    /// Nothing to say.
    pub fn empty() -> Self {
        Self::Response(serde_json::json!({}))
    }

    /// One member, which `json!` would copy.
    pub fn of(name: &str, value: impl Into<Value>) -> Self {
        Self::Response(Value::Object([(name.to_owned(), value.into())].into_iter().collect()))
    }
}

impl From<Value> for Answer {
    fn from(value: Value) -> Self {
        Self::Response(value)
    }
}

/// What an answer's headers say about the call.
#[derive(Clone, Debug)]
pub struct Envelope {
    /// JSON or XML.
    pub format: Format,
    /// Numbers where today's documents have them.
    pub numbers_current: bool,
    /// For the log and the caller.
    pub request_id: String,
    /// Where the call worked.
    pub environment: Environment,
    /// What the tightest limit has left.
    pub allowance: Option<Allowance>,
}

impl Envelope {
    /// The bytes of an answer that worked.
    pub fn encode(&self, mut response: Value) -> Vec<u8> {
        if self.numbers_current {
            numbers_current(&mut response);
        }
        encode_ok(&response, self.format)
    }

    /// The HTTP response of a call.
    pub fn respond(&self, result: Result<Answer, Failure>) -> Response<Body> {
        let mut response = match result {
            Ok(Answer::Response(value)) => body(200, self.format.content_type(), self.encode(value)),
            Ok(Answer::Encoded { content_type, bytes } | Answer::Raw { content_type, bytes }) => {
                body(200, content_type, bytes)
            }
            Ok(Answer::Replayed { content_type, bytes }) => {
                let mut response = body(200, &content_type, bytes);
                response.headers_mut().insert("idempotent-replayed", HeaderValue::from_static("true"));
                response
            }
            Err(failure) => self.refuse(&failure),
        };
        self.add_headers(&mut response);
        response
    }

    fn refuse(&self, failure: &Failure) -> Response<Body> {
        match &failure.internal {
            Some(internal) if failure.status == 503 => {
                tracing::warn!(request_id = self.request_id, internal, "a call was put off");
            }
            Some(internal) => tracing::error!(request_id = self.request_id, internal, "a call failed"),
            None => {}
        }
        let mut response =
            body(failure.status, self.format.content_type(), encode_error(&failure.err, self.format));
        if let Some(allow) = failure.allow.as_deref().and_then(|allow| HeaderValue::from_str(allow).ok()) {
            response.headers_mut().insert(header::ALLOW, allow);
        }
        if failure.closes {
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        if let Some(seconds) = failure.retry_after_s.or((failure.status == 503).then_some(5)) {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }

    fn add_headers(&self, response: &mut Response<Body>) {
        let headers = response.headers_mut();
        if let Ok(id) = HeaderValue::from_str(&self.request_id) {
            headers.insert("honyaku-request-id", id);
        }
        headers.insert("honyaku-environment", HeaderValue::from_static(self.environment.code()));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(allowance) = self.allowance {
            headers.insert("ratelimit-limit", HeaderValue::from(allowance.limit));
            headers.insert("ratelimit-remaining", HeaderValue::from(allowance.remaining));
            headers.insert("ratelimit-reset", HeaderValue::from(allowance.reset_s));
        }
    }
}

/// A response with a body of known length.
pub fn body(status: u16, content_type: &str, bytes: impl Into<Body>) -> Response<Body> {
    let mut response = Response::new(bytes.into());
    *response.status_mut() = axum::http::StatusCode::from_u16(status).unwrap_or_default();
    if let Ok(content_type) = HeaderValue::from_str(content_type) {
        response.headers_mut().insert(header::CONTENT_TYPE, content_type);
    }
    response
}
