//! The steps of one job by hand, and those of many.

use crate::app::real_now;
use crate::http::answer::Answer;
use crate::http::api_v2::fields::{self, Reach};
use crate::http::call::Call;
use crate::http::failure::Failure;
use crate::work::callbacks;
use domain::event::Actor;
use domain::fault::Fault;
use domain::ids::{CommentId, JobId};
use domain::job::Status;
use serde_json::{Value, json};
use service::{Context, Error, captcha, look, robots, sandbox};
use store::sql::Tx;
use wire::json::Object;

const STEPS_MOST: i64 = 20;
const JOBS_MOST: i64 = 1_000;

/// Runs a step and answers with the job as it is afterwards.
async fn step(
    call: &Call,
    data: &Object,
    step: impl FnOnce(&mut Tx<'_>, &Context, JobId) -> Result<(), Error> + Send + 'static,
) -> Result<Answer, Failure> {
    let id = call.job()?;
    let callbacks = callbacks(call, data)?;
    call.write(data, move |tx, ctx| {
        // Who is not the account's must not learn that the job exists.
        look::job(tx, ctx, id, false)?;
        let before = store::events::newest(tx, ctx.scope)?;
        step(tx, &ctx.acting(Actor::Sandbox), id)?;
        if !sends(tx, ctx, callbacks)? {
            store::events::silence_after(tx, ctx.scope, before)?;
        }
        look::job(tx, ctx, id, false)
    })
    .await
}

/// The parameter `callbacks`.
fn callbacks(call: &Call, data: &Object) -> Result<Option<bool>, Failure> {
    fields::boolean(data.get("callbacks"), "callbacks", 1352).map_err(|fault| call.fault(&fault))
}

/// Whether a step sends callbacks: what the call says, else the sandbox's setting.
fn sends(tx: &mut Tx<'_>, ctx: &Context, asked: Option<bool>) -> Result<bool, Error> {
    match asked {
        Some(asked) => Ok(asked),
        None => Ok(!store::accounts::controls_silent(tx, ctx.scope)?),
    }
}

/// `POST sandbox/job/{id}/take`
pub async fn take(mut call: Call) -> Result<Answer, Failure> {
    let data = call.data_if_any()?;
    step(&call, &data, sandbox::take).await
}

/// `POST sandbox/job/{id}/submit`
pub async fn submit(mut call: Call) -> Result<Answer, Failure> {
    let data = call.data_if_any()?;
    let body = body_tgt(&call, &data)?;
    step(&call, &data, move |tx, ctx, id| sandbox::submit(tx, ctx, id, body.as_deref())).await
}

fn body_tgt(call: &Call, data: &Object) -> Result<Option<String>, Failure> {
    fields::text(data.get("body_tgt"), "body_tgt", 1352, 2 * call.app.limits.body_src_chars)
        .map_err(|fault| call.fault(&fault))
}

/// `POST sandbox/job/{id}/release`
pub async fn release(mut call: Call) -> Result<Answer, Failure> {
    let data = call.data_if_any()?;
    step(&call, &data, sandbox::release).await
}

/// `POST sandbox/job/{id}/advance`
pub async fn advance(mut call: Call) -> Result<Answer, Failure> {
    let data = call.data_if_any()?;
    let steps = steps(&call, &data)?;
    step(&call, &data, move |tx, ctx, id| (0..steps).try_for_each(|_| sandbox::advance(tx, ctx, id))).await
}

fn steps(call: &Call, data: &Object) -> Result<i64, Failure> {
    match fields::integer(data.get("steps"), "steps", 1352).map_err(|fault| call.fault(&fault))? {
        None => Ok(1),
        Some(steps) if (1..=STEPS_MOST).contains(&steps) => Ok(steps),
        Some(steps) => Err(call.fault(&fields::fault(
            1352,
            "steps",
            format!("{steps} is outside: send 1 to {STEPS_MOST}"),
        ))),
    }
}

/// `POST sandbox/job/{id}/status`
pub async fn status(mut call: Call) -> Result<Answer, Failure> {
    let data = call.data_if_any()?;
    let to = wanted_status(&data).map_err(|fault| call.fault(&fault))?;
    let force = fields::boolean(data.get("force"), "force", 1352)
        .map_err(|fault| call.fault(&fault))?
        .unwrap_or(false);
    let body = body_tgt(&call, &data)?;
    step(&call, &data, move |tx, ctx, id| {
        if force {
            sandbox::force(tx, ctx, id, to, body.as_deref())
        } else {
            sandbox::step_to(tx, ctx, id, to, body.as_deref())
        }
    })
    .await
}

fn wanted_status(data: &Object) -> Result<Status, Fault> {
    let all = Status::ALL.map(Status::code).join(", ");
    let text = fields::text(data.get("status"), "status", 2650, 100)?
        .ok_or_else(|| fields::fault(2650, "status", format!("is missing: send one of {all}")))?;
    Status::parse(&text).ok_or_else(|| {
        fields::fault(
            2650,
            "status",
            format!("{} is unknown: send one of {all}", wire::json::shown_text(&text)),
        )
    })
}

/// `POST sandbox/job/{id}/comment`
pub async fn comment(mut call: Call) -> Result<Answer, Failure> {
    let data = call.data()?.object;
    let id = call.job()?;
    let limits = &call.app.limits;
    let body = fields::text(data.get("body"), "body", 1351, limits.comment_chars)
        .map_err(|fault| call.fault(&fault))?;
    let body = body.filter(|body| !body.trim().is_empty());
    let body = body.ok_or_else(|| call.fault(&Fault::new(2000, "send the comment's text").of("body")))?;
    let author = fields::text(data.get("author"), "author", 1352, 40).map_err(|fault| call.fault(&fault))?;
    let author = author.unwrap_or_else(|| "translator".to_owned());
    if !["translator", "senior translator", "support"].contains(&author.as_str()) {
        let text = format!(
            "{} is unknown: send translator, senior translator or support",
            wire::json::shown_text(&author)
        );
        return Err(call.fault(&fields::fault(1352, "author", text)));
    }
    call.write(&data, move |tx, ctx| robots::speak(tx, ctx, id, &author, &body).map(|()| json!({}))).await
}

/// `GET sandbox/job/{id}/captcha`
pub async fn captcha(call: Call) -> Result<Answer, Failure> {
    let id = call.job()?;
    let text = call
        .run(Actor::Sandbox, move |tx, ctx| {
            look::job(tx, ctx, id, false)?;
            captcha::answer_for_tests(tx, ctx, id)
        })
        .await?;
    Ok(json!({ "captcha": text }).into())
}

/// `POST sandbox/job/{id}/callback`: sends one callback now, outside the schedule.
pub async fn callback(mut call: Call) -> Result<Answer, Failure> {
    let id = call.job()?;
    let data = call.data_if_any()?;
    let reach = Reach::of(&call.app, call.caller()?.scope());
    let read = || -> Result<(String, Option<CommentId>, Option<String>), Fault> {
        let event = fields::text(data.get("event"), "event", 1352, 20)?.unwrap_or_else(|| "job".to_owned());
        if event != "job" && event != "comment" {
            return Err(fields::fault(1352, "event", "is unknown: send job or comment"));
        }
        let comment = fields::integer(data.get("comment_id"), "comment_id", 1352)?.map(CommentId);
        let url = fields::callback_url(data.get("url"), "url", reach)?;
        Ok((event, comment, url))
    };
    let (event, comment, url) = read().map_err(|fault| call.fault(&fault))?;
    let desk = std::sync::Arc::clone(&call.app.desk);
    let key = call.caller()?.key.id;
    let now = real_now();
    let prepared = call
        .run(Actor::Sandbox, move |tx, ctx| {
            service::callbacks::by_hand(
                tx,
                ctx,
                &desk,
                service::callbacks::ByHand { job: id, event, comment, url, key },
                now,
            )
        })
        .await?;
    let shown = json!({ "url": prepared.url, "headers": prepared.headers, "content_type": prepared.content_type,
        "body": String::from_utf8_lossy(&prepared.body) });
    let outcome = callbacks::send(&call.app, &prepared).await;
    Ok(json!({ "request": shown, "answer": answered(&outcome) }).into())
}

fn answered(outcome: &outbound::Outcome) -> Value {
    let (status, error) = match &outcome.result {
        outbound::Ending::Answered { status } => (Some(*status), None),
        outbound::Ending::Failed { kind, text } => (None, Some(format!("{}: {text}", kind.code()))),
    };
    json!({
        "status": status,
        "error": error,
        "took_ms": outcome.took_ms,
        "body": String::from_utf8_lossy(&outcome.answer),
    })
}

/// `POST sandbox/jobs/advance`
pub async fn advance_many(mut call: Call) -> Result<Answer, Failure> {
    let data = call.data_if_any()?;
    let only = match data.get("status") {
        Some(_) => Some(wanted_status(&data).map_err(|fault| call.fault(&fault))?),
        None => None,
    };
    let steps = steps(&call, &data)?;
    let limit = fields::integer(data.get("limit"), "limit", 1352).map_err(|fault| call.fault(&fault))?;
    let limit = limit.unwrap_or(JOBS_MOST).clamp(0, JOBS_MOST);
    let callbacks = callbacks(&call, &data)?;
    let run = call.caller()?.key.test_run.clone();
    call.write(&data, move |tx, ctx| {
        let ctx = &ctx.acting(Actor::Sandbox);
        let silent = !sends(tx, ctx, callbacks)?;
        let before = store::events::newest(tx, ctx.scope)?;
        let mut moved: Vec<String> = Vec::new();
        for status in Status::ALL.into_iter().filter(|status| !status.is_finished()) {
            if only.is_some_and(|only| only != status) {
                continue;
            }
            let room = limit - moved.len() as i64;
            for id in store::jobs::ids_with_status(tx, ctx.scope, status, run.as_deref(), room.max(0))? {
                let id_text = id.to_string();
                if moved.contains(&id_text) {
                    continue;
                }
                if advance_as_far(tx, ctx, id, steps)? > 0 {
                    moved.push(id_text);
                }
            }
        }
        if silent {
            store::events::silence_after(tx, ctx.scope, before)?;
        }
        Ok(json!({ "job_ids": moved }))
    })
    .await
}

/// Makes as many steps as are asked for, or as there are until the job is finished or refuses one;
/// how many were made.
fn advance_as_far(tx: &mut Tx<'_>, ctx: &Context, id: JobId, steps: i64) -> Result<i64, Error> {
    for made in 0..steps {
        match sandbox::advance(tx, ctx, id) {
            Ok(()) => {}
            Err(Error::Fault(_)) => return Ok(made),
            Err(other) => return Err(other),
        }
    }
    Ok(steps)
}
