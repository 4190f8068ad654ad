//! The one HTTP client: sends a callback, bounds it, and tells how it ended.
//!
//! An attempt has two clocks. The connection (lookup, TCP, TLS) has its own short
//! one; everything together, the answer's body included, has the total. Redirects
//! are not followed, no proxy is asked, no cookie kept, nothing unpacked, nothing
//! repeated: what the receiver said is what the log shows, and trying again is
//! the schedule's business.

mod failure;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Response, redirect, retry};
use rustls::RootCertStore;
use thiserror::Error;
use tokio::time::{Instant, timeout_at};
use url::Url;

use crate::address::{Policy, check_literal_host};
use crate::outcome::{Ending, FailureKind, Outcome};
use crate::resolver::{CheckedResolver, Resolver, SystemResolver};
use crate::trust;

/// What callbacks are sent as.
pub const USER_AGENT: &str = concat!("Honyaku/", env!("CARGO_PKG_VERSION"));

/// Connections that are kept open to one destination, and for how long: enough
/// for a burst to a living receiver, nothing for thousands of dead ones.
const IDLE_CONNECTIONS: usize = 1;
const IDLE_TIME: Duration = Duration::from_secs(10);

/// The bounds of one attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// For the lookup, TCP and TLS together.
    pub connect_ms: u64,
    /// For the whole attempt.
    pub total_ms: u64,
    /// After so much of the answer's body we stop reading and hang up.
    pub read_bytes: usize,
    /// So much of the answer's body, and so much of its headers, is kept.
    pub kept_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { connect_ms: 5_000, total_ms: 15_000, read_bytes: 64 * 1024, kept_bytes: 4 * 1024 }
    }
}

/// A callback, ready to be sent.
#[derive(Debug, Clone)]
pub struct Request {
    /// The target.
    pub url: Url,
    /// All headers but the content type; names in any case.
    pub headers: Vec<(String, String)>,
    /// As [`crate::body::encode`] gave it.
    pub content_type: String,
    /// As [`crate::body::encode`] gave it.
    pub body: Vec<u8>,
}

/// Why there is no client.
#[derive(Debug, Error)]
pub enum StartError {
    /// The TLS library refused its settings.
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] rustls::Error),
    /// The HTTP library refused its settings.
    #[error("the HTTP client cannot be set up: {0}")]
    Http(#[from] reqwest::Error),
}

/// Sends callbacks. Cheap to clone; clones share their connections.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    policy: Policy,
    limits: Limits,
}

impl Client {
    /// A client that asks the operating system for addresses.
    pub fn new(policy: Policy, limits: Limits) -> Result<Self, StartError> {
        Self::with_resolver(policy, limits, Arc::new(SystemResolver::default()))
    }

    /// A client that asks somebody else for addresses. What it is told is checked all the same.
    pub fn with_resolver(
        policy: Policy,
        limits: Limits,
        resolver: Arc<dyn Resolver>,
    ) -> Result<Self, StartError> {
        Self::assemble(policy, limits, resolver, trust::authorities())
    }

    fn assemble(
        policy: Policy,
        limits: Limits,
        resolver: Arc<dyn Resolver>,
        roots: RootCertStore,
    ) -> Result<Self, StartError> {
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(trust::tls(roots)?)
            .dns_resolver(CheckedResolver { policy, resolver })
            .connect_timeout(Duration::from_millis(limits.connect_ms))
            .pool_max_idle_per_host(IDLE_CONNECTIONS)
            .pool_idle_timeout(IDLE_TIME)
            .user_agent(USER_AGENT)
            .http1_only()
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .referer(false)
            .no_proxy()
            // Off by default, unless another crate of the build switches the features on.
            .no_gzip()
            .no_brotli()
            .no_zstd()
            .no_deflate()
            .build()?;
        Ok(Client { http, policy, limits })
    }

    /// Sends one callback and waits for its end, which is never an `Err`: each end
    /// is a row of the log.
    pub async fn post(&self, request: Request) -> Outcome {
        let started = Instant::now();
        let mut outcome = self.attempt(request, started).await;
        outcome.took_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        outcome
    }

    async fn attempt(&self, request: Request, started: Instant) -> Outcome {
        if let Err(refused) = check_literal_host(&request.url, &self.policy) {
            return Outcome::failed(FailureKind::Refused, refused.to_string());
        }
        let headers = match headers(&request) {
            Ok(headers) => headers,
            Err(text) => return Outcome::failed(FailureKind::Refused, text),
        };
        let deadline = started + Duration::from_millis(self.limits.total_ms);
        let sending = self.http.request(Method::POST, request.url).headers(headers).body(request.body).send();
        match timeout_at(deadline, sending).await {
            Ok(Ok(response)) => self.read(response, deadline).await,
            Ok(Err(error)) => failure::explain(&error, &self.limits),
            Err(_) => {
                let text = format!("no answer within {} ms", self.limits.total_ms);
                Outcome::failed(FailureKind::Timeout, text)
            }
        }
    }

    /// Reads the answer's body as far as the limits go. A body that breaks off is
    /// no failure: the receiver has already said what it had to say, its status.
    async fn read(&self, mut response: Response, deadline: Instant) -> Outcome {
        let status = response.status().as_u16();
        let answer_headers = kept_headers(response.headers(), self.limits.kept_bytes);
        let mut answer = Vec::new();
        let mut read_bytes = 0;
        let mut result = Ending::Answered { status };
        while read_bytes < self.limits.read_bytes {
            match timeout_at(deadline, response.chunk()).await {
                Ok(Ok(Some(chunk))) => {
                    read_bytes += chunk.len();
                    let room = self.limits.kept_bytes.saturating_sub(answer.len());
                    answer.extend_from_slice(&chunk[..chunk.len().min(room)]);
                }
                Ok(Ok(None) | Err(_)) => break,
                Err(_) => {
                    let total_ms = self.limits.total_ms;
                    let text = format!("the answer began with {status} but did not end within {total_ms} ms");
                    result = Ending::Failed { kind: FailureKind::TooSlow, text };
                    break;
                }
            }
        }
        Outcome { result, took_ms: 0, answer, answer_headers }
    }
}

fn headers(request: &Request) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    let content_type = [(CONTENT_TYPE.as_str(), request.content_type.as_str())];
    let given = request.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    for (name, value) in content_type.into_iter().chain(given) {
        let (Ok(parsed_name), Ok(parsed_value)) = (HeaderName::try_from(name), HeaderValue::try_from(value))
        else {
            return Err(format!(
                "the header {name:?} cannot be sent: its name or value is not allowed in HTTP"
            ));
        };
        headers.append(parsed_name, parsed_value);
    }
    Ok(headers)
}

/// The first headers that fit into `kept_bytes`.
fn kept_headers(headers: &HeaderMap, kept_bytes: usize) -> Vec<(String, String)> {
    let mut room = kept_bytes;
    let mut kept = Vec::new();
    for (name, value) in headers {
        let Some(rest) = room.checked_sub(name.as_str().len() + value.len()) else { break };
        room = rest;
        kept.push((name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
    }
    kept
}
