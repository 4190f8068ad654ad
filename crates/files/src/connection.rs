//! Carries `object_store`'s requests over our own HTTP client.
//!
//! Its own way to `reqwest` would change that crate's features for the whole program. This one keeps them, trusts whom
//! callbacks trust, and bounds each step: a store that is down is told within seconds, while a large file on a slow line
//! has the time it needs. Answers that no repeating changes become a [`Turned`] here, so that nobody has to read them out
//! of another crate's messages.

use std::error::Error as StdError;
use std::time::Duration;

use bytes::BytesMut;
use futures_util::future::BoxFuture;
use http::StatusCode;
use http::header::LOCATION;
use http_body_util::BodyExt;
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpService,
};
use outbound::trust;
use reqwest::{Response, redirect, retry};
use tokio::time::timeout;

use crate::error::Error;

const USER_AGENT: &str = concat!("Honyaku/", env!("CARGO_PKG_VERSION"));
/// Of a refusal's body, so much may say why.
const REASON_BYTES: usize = 16 * 1024;

/// How long we wait for what.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// For the lookup, TCP and TLS together.
    pub connect: Duration,
    /// For the answer to a request without a body, and for each further piece of the answer.
    pub answer: Duration,
    /// A request's body has this much more time: so many bytes go in a second at least.
    pub bytes_per_second: u32,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(3),
            answer: Duration::from_secs(10),
            bytes_per_second: 128 * 1024,
        }
    }
}

impl Patience {
    fn for_answer_to(&self, body_bytes: usize) -> Duration {
        let seconds = body_bytes as u64 / u64::from(self.bytes_per_second.max(1));
        self.answer + Duration::from_secs(seconds)
    }
}

/// The store does not want what we ask, and will not want it later.
#[derive(Debug, thiserror::Error)]
#[error("{status}{}{reason}", if reason.is_empty() { "" } else { ": " })]
pub struct Turned {
    /// 300 to 499.
    pub status: StatusCode,
    /// S3's word for it, such as `NoSuchKey`; empty if it is not S3 that speaks.
    pub code: String,
    /// S3's sentence for it, or where we are sent to.
    pub reason: String,
}

/// A request that came to no answer.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Failed(String);

/// Our HTTP client.
#[derive(Debug, Clone)]
pub struct Connection {
    http: reqwest::Client,
    patience: Patience,
}

impl Connection {
    /// Sets up the client; connects to nobody.
    pub fn new(patience: Patience) -> Result<Self, Error> {
        let broken = |error: &dyn StdError| Error::Unavailable(format!("no HTTP client: {}", chain(error)));
        let tls = trust::tls(trust::authorities()).map_err(|error| broken(&error))?;
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .connect_timeout(patience.connect)
            // A host that vanishes in the middle of an upload does not keep us for the time that the upload may take.
            .tcp_user_timeout(patience.answer)
            .user_agent(USER_AGENT)
            .http1_only()
            // A signature is good for one host only.
            .redirect(redirect::Policy::none())
            // `object_store` repeats.
            .retry(retry::never())
            .referer(false)
            .no_proxy()
            .no_gzip()
            .no_brotli()
            .no_zstd()
            .no_deflate()
            .build()
            .map_err(|error| broken(&error))?;
        Ok(Self { http, patience })
    }

    async fn carry(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let (head, body) = request.into_parts();
        let body = body.collect().await?.to_bytes();
        let wait = self.patience.for_answer_to(body.len());
        let sending =
            self.http.request(head.method, head.uri.to_string()).headers(head.headers).body(body).send();
        let mut response = match timeout(wait, sending).await {
            Ok(sent) => sent.map_err(failed)?,
            Err(_) => return Err(late(wait)),
        };
        if is_final(response.status()) {
            return Err(HttpError::new(HttpErrorKind::Unknown, self.turned(response).await?));
        }
        let mut answer = http::Response::builder().status(response.status());
        if let Some(headers) = answer.headers_mut() {
            *headers = std::mem::take(response.headers_mut());
        }
        let body = self.read(response, usize::MAX).await?;
        answer.body(body.freeze().into()).map_err(|error| HttpError::new(HttpErrorKind::Unknown, error))
    }

    /// Reads the answer, or the first of it. A store that has begun to answer has the time it takes, as long as it goes on.
    async fn read(&self, mut response: Response, most_bytes: usize) -> Result<BytesMut, HttpError> {
        let announced = response.content_length().and_then(|bytes| usize::try_from(bytes).ok()).unwrap_or(0);
        // Announced by somebody else: what is longer than a large file is not believed at once.
        let mut body = BytesMut::with_capacity(announced.min(most_bytes).min(64 << 20));
        while body.len() < most_bytes {
            match timeout(self.patience.answer, response.chunk()).await {
                Ok(Ok(Some(chunk))) => body.extend_from_slice(&chunk),
                Ok(Ok(None)) => break,
                Ok(Err(error)) => return Err(failed(error)),
                Err(_) => return Err(late(self.patience.answer)),
            }
        }
        Ok(body)
    }

    async fn turned(&self, response: Response) -> Result<Turned, HttpError> {
        let status = response.status();
        let location =
            response.headers().get(LOCATION).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let body = self.read(response, REASON_BYTES).await?;
        let body = String::from_utf8_lossy(&body);
        let reason = element(&body, "Message").map(str::to_owned).or(location).unwrap_or_default();
        Ok(Turned { status, code: element(&body, "Code").unwrap_or_default().to_owned(), reason })
    }
}

impl HttpService for Connection {
    // As the macro `async_trait` writes it.
    fn call<'a, 'async_trait>(
        &'a self,
        request: HttpRequest,
    ) -> BoxFuture<'async_trait, Result<HttpResponse, HttpError>>
    where
        'a: 'async_trait,
        Self: 'async_trait,
    {
        Box::pin(self.carry(request))
    }
}

impl HttpConnector for Connection {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.clone()))
    }
}

/// The others are successes, or pass.
fn is_final(status: StatusCode) -> bool {
    let passes = [StatusCode::REQUEST_TIMEOUT, StatusCode::CONFLICT, StatusCode::TOO_MANY_REQUESTS];
    status.is_redirection() || (status.is_client_error() && !passes.contains(&status))
}

/// S3's errors have no attributes and no such element twice: this is all of XML that they need.
fn element<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    rest.split_once(&format!("</{name}>")).map(|(text, _)| text)
}

fn failed(error: reqwest::Error) -> HttpError {
    let kind = if error.is_timeout() {
        HttpErrorKind::Timeout
    } else if error.is_connect() {
        HttpErrorKind::Connect
    } else if error.is_builder() {
        HttpErrorKind::Unknown
    } else {
        HttpErrorKind::Interrupted
    };
    HttpError::new(kind, Failed(chain(&error.without_url())))
}

fn late(wait: Duration) -> HttpError {
    HttpError::new(HttpErrorKind::Timeout, Failed(format!("no answer within {} s", wait.as_secs_f32())))
}

/// The outermost error says the least.
fn chain(error: &dyn StdError) -> String {
    let causes = std::iter::successors(Some(error), |error| (*error).source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_file_has_more_time() {
        let patience = Patience::default();
        assert_eq!(patience.for_answer_to(0), patience.answer);
        assert_eq!(patience.for_answer_to(50 << 20), patience.answer + Duration::from_secs(400));
    }

    #[test]
    fn an_error_of_s3_is_read() {
        let xml = "<?xml version=\"1.0\"?><Error><Code>NoSuchKey</Code><Message>no</Message></Error>";
        assert_eq!(element(xml, "Code"), Some("NoSuchKey"));
        assert_eq!(element(xml, "Region"), None);
        assert_eq!(element("<Code>NoSuch", "Code"), None);
    }
}
