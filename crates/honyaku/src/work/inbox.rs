//! The built-in receiver: a delivery to one of this server's own inboxes is handed over
//! inside the process, so it works behind a firewall and without TLS. Source: sandbox 5.1.

use crate::app::{App, real_now};
use domain::ids::{DeliveryId, Environment, JobId, KeyId, Scope, Timestamp};
use outbound::{Ending, FailureKind, Outcome};
use serde_json::{Map, Value};
use service::Error;
use service::callbacks::Prepared;
use std::sync::Arc;
use store::inboxes::{self, Inbox, Received, Room};

/// What is kept of what a sandbox's inboxes receive. Source: sandbox.md 5.1.
const ROOM: Room = Room { requests: 1_000, bytes: 100 * 1024 * 1024 };

/// A request for an inbox.
pub struct Incoming {
    /// POST, mostly.
    pub method: String,
    /// Its path.
    pub path: String,
    /// Its headers.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: Vec<u8>,
    /// Which event it tells, if we sent it.
    pub event: Option<String>,
    /// The job it is about, if we sent it.
    pub job: Option<JobId>,
    /// The key whose callback it is, if we sent it.
    pub key: Option<KeyId>,
    /// Which attempt, if we sent it.
    pub attempt: Option<i64>,
    /// The delivery, if we sent it by the schedule: a wipe may have dropped it meanwhile.
    pub delivery: Option<DeliveryId>,
}

/// What the inbox answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    /// An HTTP status.
    Status(u16),
    /// No answer until the sender gives up.
    Never,
    /// The connection is closed.
    Close,
}

/// Hands a delivery over.
pub async fn hand_over(
    app: &Arc<App>,
    token: &str,
    prepared: &Prepared,
    headers: Vec<(String, String)>,
) -> Outcome {
    let began = std::time::Instant::now();
    let wanted = token.to_owned();
    let target = match app.db.read(move |tx| inboxes::by_token(tx, &wanted)).await {
        Ok(Some(target)) => target,
        Ok(None) => return ended(Ending::Answered { status: 404 }, began),
        Err(error) => return failed(&error.to_string()),
    };
    let incoming = Incoming {
        method: "POST".to_owned(),
        path: format!("/inbox/{token}"),
        headers,
        body: prepared.body.clone(),
        event: Some(prepared.event.clone()),
        job: prepared.delivery.job,
        key: Some(prepared.delivery.key),
        attempt: Some(prepared.delivery.attempts + 1),
        delivery: Some(prepared.delivery.id).filter(|id| id.0 != 0),
    };
    match take(app, target, incoming).await {
        Ok(Reply::Status(status)) => ended(Ending::Answered { status }, began),
        Ok(Reply::Never) => ended(lost(FailureKind::Timeout, "the inbox is set to never answer"), began),
        Ok(Reply::Close) => ended(lost(FailureKind::Io, "the inbox is set to close the connection"), began),
        Err(error) => failed(&error.to_string()),
    }
}

fn lost(kind: FailureKind, text: &str) -> Ending {
    Ending::Failed { kind, text: text.to_owned() }
}

fn ended(result: Ending, began: std::time::Instant) -> Outcome {
    let took_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    Outcome { result, took_ms, answer: Vec::new(), answer_headers: Vec::new() }
}

/// An attempt that did not get as far as the network.
pub fn failed(text: &str) -> Outcome {
    Outcome {
        result: lost(FailureKind::Refused, text),
        took_ms: 0,
        answer: Vec::new(),
        answer_headers: Vec::new(),
    }
}

/// Stores a request in an inbox and says what it answers.
pub async fn take(app: &Arc<App>, target: Inbox, incoming: Incoming) -> Result<Reply, Error> {
    let scope = Scope { account: target.account, environment: Environment::Sandbox };
    let reply = app
        .db
        .work_for(scope, move |tx| {
            let now = real_now().plus_ms(store::accounts::lock_environment(tx, scope)?.ahead_ms);
            if let Some(delivery) = incoming.delivery
                && store::deliveries::find(tx, scope, delivery)?.is_none()
            {
                return Ok(Reply::Close);
            }
            let reply =
                if inboxes::take_failure(tx, &target)? { Reply::Status(500) } else { reply(&target.answer) };
            inboxes::receive(tx, &target, &received(incoming, reply, now), ROOM)?;
            Ok::<_, Error>(reply)
        })
        .await?;
    app.stir();
    Ok(reply)
}

fn reply(setting: &str) -> Reply {
    match setting {
        "never" => Reply::Never,
        "close" => Reply::Close,
        "redirect" => Reply::Status(302),
        status => Reply::Status(status.parse().unwrap_or(200)),
    }
}

fn received(incoming: Incoming, reply: Reply, now: Timestamp) -> Received {
    let headers: Map<String, Value> = incoming
        .headers
        .into_iter()
        .map(|(name, value)| (name.to_ascii_lowercase(), Value::from(value)))
        .collect();
    Received {
        id: 0,
        method: incoming.method,
        path: incoming.path,
        headers: Value::Object(headers).to_string(),
        body: incoming.body,
        event: incoming.event,
        job: incoming.job,
        key: incoming.key,
        attempt: incoming.attempt,
        answered: match reply {
            Reply::Status(status) => status.to_string(),
            Reply::Never => "never".to_owned(),
            Reply::Close => "close".to_owned(),
        },
        created_at: now,
    }
}
