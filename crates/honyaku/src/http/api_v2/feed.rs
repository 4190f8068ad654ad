//! What happened and what was sent: the event feed and the callback log. Contract: api-v2 6.7.

use super::fields;
use crate::app::real_now;
use crate::http::answer::Answer;
use crate::http::call::{Call, id};
use crate::http::failure::Failure;
use domain::event::Actor;
use domain::fault::Fault;
use domain::ids::{DeliveryId, EventId};
use serde_json::{Value, json};
use service::{Context, look};
use std::time::Duration;
use store::deliveries::{self, Delivery};
use store::destinations::{self, Paused};
use tokio::time::Instant;

const EVENTS_DEFAULT: i64 = 100;
const EVENTS_MOST: i64 = 1000;
const WAIT_MOST_S: i64 = 30;
const DESTINATION_CHARS: usize = 2_000;

/// `GET account/events`
pub async fn events(mut call: Call) -> Result<Answer, Failure> {
    let data = call.data()?.object;
    let number = |name: &str, default: i64, most: i64| match fields::integer(data.get(name), name, 1352) {
        Ok(Some(number)) if number < 0 => Err(fields::fault(1352, name, format!("{number} is negative"))),
        Ok(number) => Ok(number.unwrap_or(default).min(most)),
        Err(fault) => Err(fault),
    };
    let read = || -> Result<(i64, i64, i64), Fault> {
        Ok((
            number("after", 0, i64::MAX)?,
            number("limit", EVENTS_DEFAULT, EVENTS_MOST)?,
            number("wait", 0, WAIT_MOST_S)?,
        ))
    };
    let (after, limit, wait_s) = read().map_err(|fault| call.fault(&fault))?;
    let until = Instant::now() + Duration::from_secs(wait_s.unsigned_abs());
    let mut news = call.app.news.subscribe();
    loop {
        news.mark_unchanged();
        let events = call.read(move |tx, ctx| look::events(tx, ctx, EventId(after), limit.max(1))).await?;
        if !events.is_empty() || Instant::now() >= until || call.app.is_closing() {
            let next =
                events.last().and_then(|event| event["id"].as_str()).map_or(after.to_string(), str::to_owned);
            return Ok(json!({ "events": events, "next": next }).into());
        }
        // A write by anybody wakes us; now and then we look all the same.
        let _ =
            tokio::time::timeout_at(until.min(Instant::now() + Duration::from_secs(1)), news.changed()).await;
    }
}

/// `GET account/callbacks`
pub async fn callbacks(mut call: Call) -> Result<Answer, Failure> {
    let data = call.data()?.object;
    let read = || -> Result<(Option<String>, i64), Fault> {
        let state = fields::text(data.get("state"), "state", 1352, 20)?;
        if let Some(state) = &state
            && !deliveries::STATES.contains(&state.as_str())
        {
            let shown = wire::json::shown_text(state);
            return Err(fields::fault(
                1352,
                "state",
                format!("{shown} is unknown: send waiting, delivered or dead"),
            ));
        }
        let limit = fields::integer(data.get("limit"), "limit", 1352)?.unwrap_or(EVENTS_DEFAULT);
        Ok((state, limit.clamp(1, EVENTS_MOST)))
    };
    let (state, limit) = read().map_err(|fault| call.fault(&fault))?;
    let list = call
        .read_on_primary(move |tx, ctx| {
            let paused = destinations::paused(tx, ctx.scope)?;
            let mut list: Vec<Value> = Vec::new();
            for delivery in deliveries::list(tx, ctx.scope, state.as_deref(), limit)? {
                let attempts = deliveries::attempts(tx, &delivery)?;
                let rests = paused.iter().any(|paused| paused.id == delivery.destination);
                list.push(show(ctx, &delivery, rests, &attempts));
            }
            let paused: Vec<Value> = paused.iter().map(|paused| show_paused(ctx, paused)).collect();
            Ok(json!({ "callbacks": list, "paused": paused }))
        })
        .await?;
    Ok(list.into())
}

fn show_paused(ctx: &Context, paused: &Paused) -> Value {
    json!({
        "destination": paused.address,
        "failing_since": ctx.shown(paused.failing_since).seconds(),
        "waiting": paused.waiting,
    })
}

/// A delivery as its owner sees it. `rests`: its destination is paused.
fn show(ctx: &Context, delivery: &Delivery, rests: bool, attempts: &[deliveries::Attempt]) -> Value {
    let attempts: Vec<Value> = attempts
        .iter()
        .map(|attempt| {
            json!({
                "time": attempt.started_at.seconds(),
                "took_ms": attempt.took_ms,
                "status": attempt.status,
                "error": attempt.error,
                "answer": attempt.answer,
            })
        })
        .collect();
    json!({
        "id": delivery.id.to_string(),
        "event_id": delivery.event.to_string(),
        "job_id": delivery.job.map(|job| job.to_string()),
        "url": delivery.url,
        "state": delivery.state,
        "attempts": attempts,
        "next_attempt": (delivery.state == "waiting" && !rests).then(|| ctx.shown(delivery.run_at).seconds()),
        "ctime": delivery.created_at.seconds(),
    })
}

/// `POST account/callbacks/resume`
pub async fn resume(mut call: Call) -> Result<Answer, Failure> {
    let data = call.data_if_any()?;
    let destination = fields::text(data.get("destination"), "destination", 1352, DESTINATION_CHARS)
        .map_err(|fault| call.fault(&fault))?;
    let answer = call
        .write(&data, move |tx, ctx| {
            Ok(json!({ "resumed": service::callbacks::resume(tx, ctx, destination.as_deref())? }))
        })
        .await?;
    Ok(answer)
}

/// `POST account/callbacks/{id}/resend`
pub async fn resend(mut call: Call) -> Result<Answer, Failure> {
    let text = call.path.first().cloned().unwrap_or_default();
    let data = call.data_if_any()?;
    let unknown = move || {
        let shown = wire::json::shown_text(&text);
        Fault::new(404, format!("no callback {shown} in this account")).of("id")
    };
    let wanted = id(call.path.first().map_or("", String::as_str)).map(DeliveryId);
    let Some(wanted) = wanted else { return Err(call.fault(&unknown()).within_the_api()) };
    let resent = call.write(&data, move |tx, ctx| {
        debug_assert_eq!(ctx.actor, Actor::CustomerApi);
        if deliveries::resend(tx, ctx.scope, wanted, real_now())? {
            Ok(json!({}))
        } else {
            Err(unknown().into())
        }
    });
    resent.await.map_err(|failure| if failure.status == 404 { failure.within_the_api() } else { failure })
}
