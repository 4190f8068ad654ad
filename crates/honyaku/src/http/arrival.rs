//! How a request came in: which API and environment its address names, from whom, how safe.

use super::auth::Arrival;
use crate::app::App;
use axum::body::Body;
use axum::http::{HeaderMap, Request, header};
use base64::Engine as _;
use domain::ids::Environment;
use std::cell::RefCell;
use std::net::{IpAddr, SocketAddr};

/// The other end of a connection.
#[derive(Clone, Copy, Debug)]
pub struct Peer {
    /// Its address.
    pub address: SocketAddr,
    /// The connection is encrypted.
    pub tls: bool,
}

/// What the path of an API call names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target<'p> {
    /// The environment of the address.
    pub environment: Environment,
    /// The base path that was called.
    pub base: &'static str,
    /// The path after the version, without slashes around it.
    pub rest: &'p str,
}

impl Target<'_> {
    /// The path for the log: words and ids, but neither tokens nor what somebody made up.
    pub fn shown(&self) -> String {
        let is_word = |segment: &str| {
            let known =
                |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_,".contains(&byte);
            segment.len() <= 24 && segment.bytes().all(known)
        };
        let segments =
            self.rest.split('/').take(8).map(|segment| if is_word(segment) { segment } else { "*" });
        segments.collect::<Vec<_>>().join("/")
    }
}

/// Whether a path is an API's, of whichever version.
pub fn is_call(path: &str) -> bool {
    api_target(path).is_some() || legacy_version(path).is_some()
}

/// The legacy version that a path names, if it is one.
pub fn legacy_version(path: &str) -> Option<&'static str> {
    let path = path.strip_prefix("/sandbox").unwrap_or(path);
    [("/v1.1", "v1.1"), ("/v1", "v1")]
        .into_iter()
        .find_map(|(prefix, version)| below(path, prefix).map(|_| version))
}

/// What an API path names; glossaries of one client come without a version.
pub fn api_target(path: &str) -> Option<Target<'_>> {
    let (environment, base, path) = match path.strip_prefix("/sandbox") {
        Some(path) => (Environment::Sandbox, "/sandbox/v2/", path),
        None => (Environment::Live, "/v2/", path),
    };
    let rest = match below(path, "/v2") {
        Some(rest) => rest,
        None => below(path, "/glossary").map(|_| path)?,
    };
    Some(Target { environment, base, rest: rest.trim_matches('/') })
}

/// What is left of a path below another one.
fn below<'p>(path: &'p str, prefix: &str) -> Option<&'p str> {
    path.strip_prefix(prefix).filter(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// What a call names. All of a host of the sandbox's own is the sandbox. Contract: sandbox.md 1.1.
pub fn target<'p>(app: &App, request: &Request<Body>, path: &'p str) -> Option<Target<'p>> {
    let target = api_target(path)?;
    let is_own = app
        .edge
        .sandbox_host
        .as_ref()
        .is_some_and(|own| host(request).is_some_and(|host| host.eq_ignore_ascii_case(own)));
    Some(if is_own { Target { environment: Environment::Sandbox, ..target } } else { target })
}

/// The host that was called, without a port.
fn host(request: &Request<Body>) -> Option<&str> {
    let named = || {
        let header = request.headers().get(header::HOST)?.to_str().ok()?;
        Some(header.rsplit_once(':').map_or(header, |(host, _)| host))
    };
    request.uri().host().or_else(named)
}

/// Reads who calls and how.
pub fn read(app: &App, peer: Peer, headers: &HeaderMap, target: &Target<'_>) -> Arrival {
    Arrival {
        environment: target.environment,
        version: "v2",
        peer: caller(app, peer, headers),
        secure: peer.tls || forwarded(app, peer, headers, "x-forwarded-proto").last() == Some(&"https"),
        basic: basic(headers),
        control: false,
    }
}

/// The address of who asks: what our proxies say of it, if the connection comes from one.
pub fn caller(app: &App, peer: Peer, headers: &HeaderMap) -> IpAddr {
    let claimed = last_untrusted(app, &forwarded(app, peer, headers, "x-forwarded-for"));
    claimed.unwrap_or(peer.address.ip().to_canonical())
}

/// The elements of a header that only our proxies may write.
fn forwarded<'h>(app: &App, peer: Peer, headers: &'h HeaderMap, name: &str) -> Vec<&'h str> {
    if app.edge.trusts(peer.address.ip().to_canonical()) { all_of(headers, name) } else { Vec::new() }
}

/// The elements of a list in a header. Some proxies add a line of their own below what came: all
/// lines are one list.
fn all_of<'h>(headers: &'h HeaderMap, name: &str) -> Vec<&'h str> {
    let lines = headers.get_all(name).iter().map(|line| line.to_str().unwrap_or(""));
    lines.flat_map(|line| line.split(',')).map(str::trim).collect()
}

/// The nearest address in the list that is not a proxy of ours: what is left of it, anybody
/// could have written.
fn last_untrusted(app: &App, list: &[&str]) -> Option<IpAddr> {
    list.iter().rev().map_while(|text| text.parse::<IpAddr>().ok()).find(|address| !app.edge.trusts(*address))
}

fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let bytes = base64::engine::general_purpose::STANDARD.decode(encoded.trim()).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (user, password) = text.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}

/// A request id: time-free, random, short enough to read out.
pub fn request_id() -> String {
    RANDOM.with_borrow_mut(|random| match random.next() {
        Some(bytes) => format!("req_{}", service::secrets::hex(bytes)),
        // The call itself does not depend on it.
        None => "req_unknown".to_owned(),
    })
}

/// Random bytes for ids: the system is asked for many at once.
struct Random {
    bytes: [u8; 1_200],
    used: usize,
}

thread_local! {
    static RANDOM: RefCell<Random> = const { RefCell::new(Random { bytes: [0; 1_200], used: 1_200 }) };
}

impl Random {
    /// Twelve bytes; none if the system has none.
    fn next(&mut self) -> Option<&[u8]> {
        if self.used == self.bytes.len() {
            getrandom::fill(&mut self.bytes).ok()?;
            self.used = 0;
        }
        self.used += 12;
        self.bytes.get(self.used - 12..self.used)
    }
}

/// A parameter of a query string that needs no decoding: a format, a token.
pub fn in_query(query: Option<&str>, name: &str) -> Option<String> {
    let found = query?.split('&').filter_map(|pair| pair.split_once('=')).rfind(|(known, _)| *known == name);
    found.map(|(_, value)| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_name_environment_and_path() {
        let cases = [
            ("/v2/translate/jobs/", Environment::Live, "translate/jobs"),
            ("/v2", Environment::Live, ""),
            ("/sandbox/v2/account/balance", Environment::Sandbox, "account/balance"),
            ("/glossary/5", Environment::Live, "glossary/5"),
            ("/sandbox/glossary", Environment::Sandbox, "glossary"),
        ];
        for (path, environment, rest) in cases {
            let target = api_target(path).unwrap();
            assert_eq!((target.environment, target.rest), (environment, rest), "{path}");
            assert!(is_call(path));
        }
        assert_eq!(legacy_version("/v1.1/translate/job/1"), Some("v1.1"));
        assert_eq!(legacy_version("/sandbox/v1/"), Some("v1"));
        assert_eq!(legacy_version("/v12"), None);
        for path in ["/", "/v2x/a", "/sandbox", "/glossaryx", "/docs"] {
            assert_eq!(api_target(path), None, "{path}");
            assert!(!is_call(path));
        }
    }
}
