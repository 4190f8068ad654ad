//! From a request to its method: the checks in the contract's order (413, 404, 405, 429,
//! authentication), then the handler, then one line in the log.

use super::answer::{Answer, Envelope};
use super::arrival::{self, Peer};
use super::auth::{Arrival, authenticate};
use super::body::{self, Received};
use super::call::{Call, Caller};
use super::failure::Failure;
use super::pages;
use super::routes::{self, Handler, Place, ROUTES, Route};
use super::to_its_end::{Panicked, ToItsEnd};
use crate::app::{App, Role};
use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Method, Request, Response, Uri, header};
use domain::fault::Fault;
use domain::ids::Environment;
use hyper::body::Body as _;
use std::sync::Arc;
use std::time::Instant;
use wire::answer::Format;
use wire::params::{MethodOverride, Params};

/// So long a call may take.
const MAX_WAIT: std::time::Duration = std::time::Duration::from_secs(120);

/// Every call comes through here.
pub async fn dispatch(app: Arc<App>, peer: Peer, request: Request<Body>) -> Response<Body> {
    let began = Instant::now();
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let request_id = arrival::request_id();
    let Some(target) = arrival::target(&app, &request, &path) else {
        return match arrival::legacy_version(&path) {
            Some(version) => headed(&method, refuse_legacy(&app, &request, version, request_id)),
            None => pages::not_found(),
        };
    };
    let (envelope, result) = serve(&app, peer, request, &target, &request_id).await;
    let response = headed(&method, envelope.respond(result));
    let took = began.elapsed();
    metrics::histogram!("honyaku_request_seconds", "route" => routes::group(target.rest))
        .record(took.as_secs_f64());
    metrics::counter!("honyaku_requests_total", "status" => response.status().as_u16().to_string())
        .increment(1);
    tracing::info!(
        request_id,
        method = method.as_str(),
        path = target.shown(),
        status = response.status().as_u16(),
        took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        "request"
    );
    response
}

/// An answer to HEAD says how long its body would be, and has none.
fn headed(method: &Method, mut response: Response<Body>) -> Response<Body> {
    if method == Method::HEAD {
        let body = std::mem::take(response.body_mut());
        if let Some(length) = body.size_hint().exact() {
            response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
        }
    }
    response
}

/// Clients of the older versions read the envelope too.
fn refuse_legacy(app: &App, request: &Request<Body>, version: &str, request_id: String) -> Response<Body> {
    let envelope = envelope(request.uri(), request.headers(), Environment::Live, request_id);
    let base = app.desk.api_base(Environment::Live);
    let text = format!("the API {version} is not available on this server yet; use {base}");
    let mut failure = Failure::new(404, text, &app.desk.public_url);
    failure.closes = !request.body().is_end_stream();
    envelope.respond(Err(failure))
}

/// What an answer looks like before anything else is known of the call.
fn envelope(uri: &Uri, headers: &HeaderMap, environment: Environment, request_id: String) -> Envelope {
    let asked = arrival::in_query(uri.query(), "format");
    Envelope {
        format: Format::choose(asked.as_deref(), header_text(headers, header::ACCEPT)),
        numbers_current: false,
        request_id,
        environment,
        allowance: None,
    }
}

async fn serve(
    app: &Arc<App>,
    peer: Peer,
    request: Request<Body>,
    target: &arrival::Target<'_>,
    request_id: &str,
) -> (Envelope, Result<Answer, Failure>) {
    let (parts, request_body) = request.into_parts();
    let query = parts.uri.query();
    let mut envelope = envelope(&parts.uri, &parts.headers, target.environment, request_id.to_owned());
    let mut arrival = arrival::read(app, peer, &parts.headers, target);
    let mut unread = !request_body.is_end_stream();
    let result = async {
        if app.edge.role == Role::Worker {
            let text = "this node answers no calls; it works on queue, timers and callbacks";
            return Err(Failure::new(2800, text, &app.desk.public_url));
        }
        if app.is_closing() {
            return Err(Failure::new(
                2800,
                "the server is shutting down; try again shortly",
                &app.desk.public_url,
            ));
        }
        body::refuse_too_large(app, &parts.headers)?;
        let (place, values) = find_path(app, target)?;
        arrival.control = place.group.starts_with("sandbox");
        // Its room is kept until the call is over: decoding makes copies.
        let (received, _room) = body::read(app, request_body, &parts.headers).await?;
        unread = false;
        let content_type = header_text(&parts.headers, header::CONTENT_TYPE).map(str::to_owned);
        let body_bytes = received.as_ref().len();
        let get_like = !matches!(parts.method, Method::POST | Method::PUT);
        let decoded = decode(app, get_like, query, content_type.as_deref(), received);
        // What cannot be read is counted like any other call before it is refused.
        let (params, unreadable) = match decoded {
            Ok(params) => (params, None),
            Err(failure) => (Params::default(), Some(failure)),
        };
        if unreadable.is_none() {
            let accept = header_text(&parts.headers, header::ACCEPT);
            envelope.format = Format::choose(params.format.as_deref(), accept);
        }
        let route = find_method(app, &place.routes, &parts.method, &params)?;
        let params = as_method(route, params);
        throttle_address(app, &arrival, &mut envelope)?;
        refuse_plain(app, &arrival)?;
        if let Some(failure) = unreadable {
            return Err(failure);
        }
        let caller = authenticate(app, &arrival, &params, route.access).await?;
        envelope.environment = caller.scope().environment;
        envelope.numbers_current = caller.key.numbers_current;
        throttle_key(app, &caller, &mut envelope)?;
        let call = Call {
            app: Arc::clone(app),
            caller: Some(caller),
            path: values,
            route: route.path,
            method: route.method,
            params,
            body_bytes,
            envelope: envelope.clone(),
            idempotency_key: idempotency_key(app, &parts.headers, route)?,
            foresight: None,
        };
        run(app, route.handler, call).await
    };
    let mut result = result.await;
    if let Err(failure) = &mut result {
        failure.closes = unread;
    }
    (envelope, result)
}

/// Runs the handler to its end, though the client may go away meanwhile; a panic is answered.
async fn run(app: &Arc<App>, handler: Handler, call: Call) -> Result<Answer, Failure> {
    match tokio::time::timeout(MAX_WAIT, ToItsEnd::new(handler(call))).await {
        Ok(Ok(result)) => result,
        Ok(Err(Panicked(words))) => Err(Failure::broken(format!("panic: {words}"), &app.desk.public_url)),
        Err(_) => Err(Failure::new(
            2800,
            "the call took too long; it may still be carried out",
            &app.desk.public_url,
        )),
    }
}

fn header_text(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn decode(
    app: &App,
    get_like: bool,
    query: Option<&str>,
    content_type: Option<&str>,
    received: Received,
) -> Result<Params, Failure> {
    let large = received.is_large();
    let read = || Params::decode(get_like, query, content_type, received);
    let params = if large { tokio::task::block_in_place(read) } else { read() };
    params.map_err(|fault| {
        let field = match &fault {
            wire::params::ParamsFault::NotUtf8 { field } => field.clone(),
            _ => "data".to_owned(),
        };
        Failure::of(&Fault::new(fault.code(), fault.to_string()).of(&field), &app.desk.public_url)
    })
}

/// What a path names, and the values of its placeholders.
fn find_path(app: &App, target: &arrival::Target<'_>) -> Result<(&'static Place, Vec<String>), Failure> {
    let open = target.environment == Environment::Sandbox || app.edge.key_selects_environment;
    let enabled = match target.environment {
        Environment::Sandbox => app.edge.sandbox,
        Environment::Live => app.edge.live || app.edge.key_selects_environment,
    };
    let is_control = |path: &str| path.starts_with("sandbox");
    let found = routes::find(target.rest).filter(|(place, _)| enabled && (open || !is_control(place.group)));
    found.ok_or_else(|| {
        let known: Vec<&str> =
            ROUTES.iter().map(|route| route.path).filter(|path| open || !is_control(path)).collect();
        let nearest = wire::route::nearest(target.rest, &known).unwrap_or("translate/jobs");
        let shown = wire::json::shown_text(target.rest);
        let text = format!("there is no path {shown}; the nearest is {}{nearest}", target.base);
        Failure::new(404, text, &app.desk.public_url)
    })
}

/// The route of the method, after `_method`. PUT on a path that only knows POST is POST.
fn find_method(
    app: &App,
    routes: &[&'static Route],
    method: &Method,
    params: &Params,
) -> Result<&'static Route, Failure> {
    let wanted = match (method, params.method_override) {
        (&Method::GET | &Method::POST, Some(MethodOverride::Put)) => "PUT",
        (&Method::GET | &Method::POST, Some(MethodOverride::Delete)) => "DELETE",
        (&Method::HEAD, _) => "GET",
        (method, _) => method.as_str(),
    };
    let find = |wanted: &str| routes.iter().find(|route| route.method == wanted).copied();
    let found = find(wanted).or_else(|| if wanted == "PUT" { find("POST") } else { None });
    found.ok_or_else(|| {
        let mut allowed: Vec<&str> = routes.iter().map(|route| route.method).collect();
        allowed.dedup();
        let allow = allowed.join(", ");
        let text = format!("{} does not work here; allowed: {allow}", wire::json::shown_text(wanted));
        let mut failure = Failure::new(405, text, &app.desk.public_url);
        failure.allow = Some(allow);
        failure
    })
}

fn as_method(route: &Route, mut params: Params) -> Params {
    params.method_is_get_like = matches!(route.method, "GET" | "DELETE");
    params
}

fn throttle_address(app: &App, arrival: &Arrival, envelope: &mut Envelope) -> Result<(), Failure> {
    match app.throttle.address(arrival.peer) {
        Ok(allowance) => envelope.allowance = allowance,
        Err(exhausted) => {
            envelope.allowance = Some(exhausted.allowance());
            let text = format!("too many requests from this address; try again in {} s", exhausted.wait_s);
            return Err(Failure::too_many(&text, exhausted.wait_s, &app.desk.public_url));
        }
    }
    Ok(())
}

fn throttle_key(app: &App, caller: &Caller, envelope: &mut Envelope) -> Result<(), Failure> {
    match app.throttle.key(caller.scope().environment, &caller.key.public_key) {
        Ok(Some(allowance)) => {
            let tighter = envelope.allowance.is_none_or(|other| allowance.remaining < other.remaining);
            if tighter {
                envelope.allowance = Some(allowance);
            }
        }
        Ok(None) => {}
        Err(exhausted) => {
            envelope.allowance = Some(exhausted.allowance());
            let text = format!("too many requests with this key; try again in {} s", exhausted.wait_s);
            return Err(Failure::too_many(&text, exhausted.wait_s, &app.desk.public_url));
        }
    }
    Ok(())
}

fn refuse_plain(app: &App, arrival: &Arrival) -> Result<(), Failure> {
    if app.edge.https_only && !arrival.secure {
        let mut failure = Failure::new(1000, "this server is reached over HTTPS only", &app.desk.public_url);
        failure.status = 403;
        return Err(failure);
    }
    Ok(())
}

fn idempotency_key(app: &App, headers: &HeaderMap, route: &Route) -> Result<Option<String>, Failure> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    if route.method == "GET" {
        return Ok(None);
    }
    match value.to_str() {
        Ok(text) if !text.is_empty() && text.len() <= app.limits.idempotency_key_chars => {
            Ok(Some(text.to_owned()))
        }
        _ => {
            let text =
                format!("1 to {} visible ASCII characters are accepted", app.limits.idempotency_key_chars);
            Err(Failure::of(&Fault::new(1352, text).of("Idempotency-Key"), &app.desk.public_url))
        }
    }
}
