//! The built-in receiver of callbacks, as its owner reads it. Source: sandbox 5.1.

use crate::http::answer::Answer;
use crate::http::api_v2::fields;
use crate::http::call::{Call, id};
use crate::http::failure::Failure;
use domain::event::Actor;
use domain::fault::Fault;
use domain::ids::JobId;
use serde_json::{Value, json};
use std::time::Duration;
use store::inboxes::{self, Inbox, Received, Wanted};
use tokio::time::Instant;
use wire::json::Json;

const LIMIT_DEFAULT: i64 = 100;
const LIMIT_MOST: i64 = 1_000;

/// `GET sandbox/inbox/{token}`
pub async fn get(mut call: Call) -> Result<Answer, Failure> {
    let inbox = find(&call).await?;
    let data = call.data()?.object;
    let number = |name: &str, default: i64, most: i64| -> Result<i64, Fault> {
        Ok(fields::integer(data.get(name), name, 1352)?.unwrap_or(default).clamp(0, most))
    };
    let run = call.caller()?.key.test_run.clone();
    let read = || -> Result<(Wanted, i64), Fault> {
        let wanted = Wanted {
            after: number("after", 0, i64::MAX)?,
            job: fields::integer(data.get("job_id"), "job_id", 1352)?.map(JobId),
            run,
            limit: number("limit", LIMIT_DEFAULT, LIMIT_MOST)?,
        };
        Ok((wanted, number("wait", 0, 30)?))
    };
    let (wanted, wait_s) = read().map_err(|fault| call.fault(&fault))?;
    let until = Instant::now() + Duration::from_secs(wait_s.unsigned_abs());
    let mut news = call.app.news.subscribe();
    loop {
        news.mark_unchanged();
        let (asked, wanted) = (inbox.clone(), wanted.clone());
        let requests = call.read_on_primary(move |tx, _| Ok(inboxes::requests(tx, &asked, &wanted)?)).await?;
        if !requests.is_empty() || Instant::now() >= until || call.app.is_closing() {
            let shown: Vec<Value> = requests.iter().map(show).collect();
            return Ok(json!({
                "requests": shown,
                "answer": inbox.answer,
                "fail_next": inbox.fail_next,
                "open": i64::from(inbox.open_to_all),
            })
            .into());
        }
        let _ =
            tokio::time::timeout_at(until.min(Instant::now() + Duration::from_secs(1)), news.changed()).await;
    }
}

async fn find(call: &Call) -> Result<Inbox, Failure> {
    let token = call.path.first().cloned().unwrap_or_default();
    let account = call.caller()?.scope().account;
    let found = call.read(move |tx, _| Ok(inboxes::by_token(tx, &token)?)).await?;
    found
        .filter(|inbox| inbox.account == account)
        .ok_or_else(|| call.no_such("no inbox with this token in this account; GET sandbox lists them"))
}

fn show(received: &Received) -> Value {
    let body = String::from_utf8_lossy(&received.body).into_owned();
    let headers: Value = serde_json::from_str(&received.headers).unwrap_or_else(|_| json!({}));
    let (job, comment) = decoded(&headers, &received.body);
    json!({
        "id": received.id.to_string(),
        "ctime": received.created_at.seconds(),
        "method": received.method,
        "path": received.path,
        "headers": headers,
        "body": body,
        "event": received.event,
        "job_id": received.job.map(|job| job.to_string()),
        "attempt": received.attempt,
        "answered": received.answered,
        "job": job,
        "comment": comment,
    })
}

/// The callback's JSON, whatever its encoding.
fn decoded(headers: &Value, body: &[u8]) -> (Value, Value) {
    let content_type = headers.get("content-type").and_then(Value::as_str);
    let Ok(mut params) = wire::params::Params::decode(false, None, content_type, body.to_vec()) else {
        return (Value::Null, Value::Null);
    };
    let Ok(data) = params.data_object() else { return (Value::Null, Value::Null) };
    let member = |name: &str| match data.object.get(name) {
        Some(Json::String(text)) => serde_json::from_str(text).unwrap_or(Value::Null),
        _ => serde_json::from_slice::<Value>(body)
            .ok()
            .and_then(|whole| whole.get(name).cloned())
            .unwrap_or(Value::Null),
    };
    (member("job"), member("comment"))
}

/// `POST sandbox/inbox`: one more.
pub async fn add(call: Call) -> Result<Answer, Failure> {
    call.run(Actor::Sandbox, service::sandbox::add_inbox).await.map(Answer::from)
}

/// `PUT sandbox/inbox/{token}`
pub async fn set(mut call: Call) -> Result<Answer, Failure> {
    let inbox = find(&call).await?;
    let data = call.data()?.object;
    let read = || -> Result<(String, i64, bool), Fault> {
        let answer =
            fields::text_or_number(data.get("answer"), "answer", 1352, 20)?.unwrap_or(inbox.answer.clone());
        let known = ["redirect", "never", "close"].contains(&answer.as_str())
            || id(&answer).is_some_and(|status| (200..600).contains(&status));
        if !known {
            return Err(fields::fault(
                1352,
                "answer",
                "is unknown: send a status such as 200, or redirect, never, close",
            ));
        }
        let fail_next = fields::integer(data.get("fail_next"), "fail_next", 1352)?.unwrap_or(inbox.fail_next);
        if !(0..=1_000).contains(&fail_next) {
            return Err(fields::fault(1352, "fail_next", "is outside: send 0 to 1000"));
        }
        let open = fields::boolean(data.get("open"), "open", 1352)?.unwrap_or(inbox.open_to_all);
        Ok((answer, fail_next, open))
    };
    let (answer, fail_next, open) = read().map_err(|fault| call.fault(&fault))?;
    let settings = json!({ "answer": answer, "fail_next": fail_next, "open": i64::from(open) });
    call.run(Actor::Sandbox, move |tx, _| Ok(inboxes::set_answer(tx, &inbox, &answer, fail_next, open)?))
        .await?;
    Ok(settings.into())
}

/// `DELETE sandbox/inbox/{token}`
pub async fn clear(call: Call) -> Result<Answer, Failure> {
    let inbox = find(&call).await?;
    let run = call.caller()?.key.test_run.clone();
    call.run(Actor::Sandbox, move |tx, _| Ok(inboxes::clear(tx, &inbox, run.as_deref())?)).await?;
    Ok(Answer::empty())
}
