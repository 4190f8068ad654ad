//! `translate/jobs`: ordering, listing, acting on many. Contract: api-v2 5 and 6.2.

use super::fields::{self, Reach, fault};
use super::order_level;
use super::placing;
use super::review;
use super::submission::Rules;
use crate::http::answer::Answer;
use crate::http::call::{Call, Caller, id};
use crate::http::failure::Failure;
use crate::http::fingerprint;
use domain::event::Actor;
use domain::fault::Fault;
use domain::ids::{GroupId, JobId, Timestamp};
use domain::job::Status;
use robot::instruction;
use serde_json::{Map, Value, json};
use service::draft::Request;
use service::place_order::{Foresight, Outcome, Placed, is_plain, place_order};
use service::{Context, Error, cancel, look, machine};
use std::sync::Arc;
use std::time::Duration;
use store::glossaries::{self, Glossary};
use store::jobs::Filter;
use store::sql::Tx;
use wire::answer::keyed_as_sent;
use wire::json::{Json, Object};

/// Longer bodies are parsed beside the threads that serve.
const LARGE_BYTES: usize = 50_000;

/// `POST translate/jobs`
pub async fn order(mut call: Call) -> Result<Answer, Failure> {
    let data = call.data()?.object;
    place(call, data).await
}

/// `POST translate/job`: one job under the key `job`.
pub async fn order_one(mut call: Call) -> Result<Answer, Failure> {
    let mut data = call.data()?.object;
    let job = data.remove("job").ok_or_else(|| {
        call.fault(&Fault::new(1800, "send job: an object with body_src, lc_src, lc_tgt, tier").of("job"))
    })?;
    // Another client's habit, not what this method works on.
    data.remove("jobs");
    let jobs: Object = [("job".to_owned(), job)].into_iter().collect();
    let data: Object = [("jobs".to_owned(), Json::Object(jobs))].into_iter().chain(data).collect();
    place(call, data).await
}

async fn place(mut call: Call, data: Object) -> Result<Answer, Failure> {
    let scope = call.caller()?.scope();
    let glossaries = glossaries_for(&call, &data).await?;
    let app = Arc::clone(&call.app);
    let protected = call.idempotency_key.is_some();
    let is_large = call.body_bytes > LARGE_BYTES;
    let read = move || {
        let rules = Rules {
            limits: &app.limits,
            reach: Reach::of(&app, scope),
            glossaries: &glossaries,
            machine: machine::is_offered(scope),
            detect: false,
        };
        // The data are kept for the fingerprint only if the call is protected by a key.
        let print = if protected { data.clone() } else { Object::default() };
        let identical = (!protected && may_force(&data)).then(|| fingerprint::of_data(&data));
        let mut request = order_level::read(data, &rules)?;
        request.identical = identical;
        Ok::<_, Error>((request, print))
    };
    // Parsing and counting a large order takes a while: not on the threads that serve.
    let parsed = if is_large {
        let parsed = tokio::task::spawn_blocking(read).await;
        parsed.map_err(|panic| Failure::broken(panic.to_string(), call.origin()))?
    } else {
        read()
    };
    let (request, data) = parsed.map_err(|error| Failure::from_service(error, call.origin()))?;
    if scope.is_sandbox() {
        obey_instructions(&call, &request).await?;
    }
    let caller = call.caller()?.clone();
    if request.dry_run {
        return dry_run(&call, caller, request).await;
    }
    let request = match with_others(&call, &caller, request).await? {
        Outcome::Placed(placed) => return Ok(answer(&placed).into()),
        Outcome::Alone(request) => request,
    };
    call.foresight = Foresight::of(&request).map(Arc::new);
    let order = move |tx: &mut Tx<'_>, ctx: &Context| {
        place_order(tx, ctx, Some(&caller.key), request).map(|placed| answer(&placed))
    };
    call.write(&data, order).await
}

/// Places a plain order together with those of its key that come at the same time: on a server that costs
/// less. One with an `Idempotency-Key` stores its answer too, and goes by itself.
async fn with_others(call: &Call, caller: &Caller, request: Request) -> Result<Outcome, Failure> {
    let app = &call.app;
    let is_small = call.body_bytes <= LARGE_BYTES;
    let alone = call.idempotency_key.is_some() || !app.db.is_server();
    if alone || !is_small || !is_plain(&caller.key, &request) {
        return Ok(Outcome::Alone(request));
    }
    let outcome = placing::place(app, Arc::clone(&caller.key), request).await;
    outcome.map_err(|error| Failure::from_service(error, call.origin()))
}

/// True if some job of the data has `force`: only such a call is guarded against its double.
fn may_force(data: &Object) -> bool {
    let forces = |job: &Json| matches!(job, Json::Object(job) if job.get("force").is_some());
    match data.get("jobs") {
        Some(Json::Object(jobs)) => jobs.iter().any(|(_, job)| forces(job)),
        Some(Json::List(jobs)) => jobs.iter().any(forces),
        _ => false,
    }
}

/// The account's glossaries, if any job names one.
async fn glossaries_for(call: &Call, data: &Object) -> Result<Vec<Glossary>, Failure> {
    let named = |object: &Object| object.get("glossary_id").is_some();
    let in_jobs = match data.get("jobs") {
        Some(Json::Object(jobs)) => {
            named(jobs) || jobs.iter().any(|(_, job)| matches!(job, Json::Object(job) if named(job)))
        }
        Some(Json::List(jobs)) => jobs.iter().any(|job| matches!(job, Json::Object(job) if named(job))),
        _ => false,
    };
    if !in_jobs && !named(data) {
        return Ok(Vec::new());
    }
    call.read(|tx, ctx| Ok(glossaries::list(tx, ctx.scope)?)).await
}

/// In the sandbox a job can ask for an error, or for a slow answer.
async fn obey_instructions(call: &Call, request: &Request) -> Result<(), Failure> {
    let mut slow_s = 0;
    for draft in &request.drafts {
        let lines: Vec<String> = [request.comment.as_deref(), draft.comment.as_deref()]
            .into_iter()
            .flatten()
            .filter_map(instruction::lines)
            .collect();
        let lines = lines.join("\n");
        if lines.len() > instruction::LINES_BYTES {
            // Each job keeps them.
            let text = format!(
                "has {} bytes of instructions for the sandbox's robot; at most {} are accepted",
                lines.len(),
                instruction::LINES_BYTES
            );
            return Err(call.fault(&fault(1351, "comment", text)));
        }
        let own = instruction::parse(&draft.body_src, &lines);
        slow_s = slow_s.max(own.slow_s);
        if let Some(code) = own.error {
            return Err(call.refuse(code, format!("asked for by an instruction in job {:?}", draft.key)));
        }
    }
    if slow_s > 0 {
        tokio::time::sleep(Duration::from_secs(slow_s)).await;
    }
    Ok(())
}

/// Says what would happen: the transaction runs as if, and is rolled back.
async fn dry_run(call: &Call, caller: Caller, request: Request) -> Result<Answer, Failure> {
    let (sender, receiver) = tokio::sync::oneshot::channel();
    let rolled_back = call
        .run::<()>(Actor::CustomerApi, move |tx, ctx| {
            let placed = place_order(tx, ctx, Some(&caller.key), request)?;
            // The receiver waits below; the fault is what rolls the transaction back.
            let _ = sender.send(answer(&placed));
            Err(Fault::new(0, "").into())
        })
        .await;
    match (receiver.await, rolled_back) {
        (Ok(answer), _) => Ok(answer.into()),
        (Err(_), Err(failure)) => Err(failure),
        (Err(_), Ok(())) => Err(Failure::broken("a dry run was kept".into(), call.origin())),
    }
}

fn answer(placed: &Placed) -> Value {
    let mut answer = Map::new();
    if let Some(order) = placed.order {
        answer.insert("order_id".into(), json!(order.to_string()));
    }
    answer.insert("job_count".into(), json!(placed.job_count));
    answer.insert("credits_used".into(), json!(placed.credits_used.to_string()));
    answer.insert("currency".into(), json!(placed.credits_used.currency().code()));
    if let Some(group) = placed.group {
        answer.insert("group_id".into(), json!(group.to_string()));
    }
    if !placed.known.is_empty() {
        let known = placed.known.iter().map(|(key, jobs)| (key.clone(), Value::from(jobs.clone())));
        answer.insert("jobs".into(), keyed_as_sent(known.collect()));
    }
    let ids = placed.job_ids.iter().filter_map(|(key, id)| Some((key.clone(), json!((*id)?.to_string()))));
    let ids: Vec<(String, Value)> = ids.collect();
    if !ids.is_empty() && !placed.dry_run {
        answer.insert("job_ids".into(), keyed_as_sent(ids));
    }
    if placed.dry_run {
        answer.insert("dry_run".into(), json!(1));
    }
    Value::Object(answer)
}

/// `GET translate/jobs`
pub async fn list(mut call: Call) -> Result<Answer, Failure> {
    let data = call.data()?.object;
    let filter = filter(&data, &call.app.limits).map_err(|fault| call.fault(&fault))?;
    let jobs = call.read(move |tx, ctx| Ok(store::jobs::list(tx, ctx.scope, &filter)?)).await?;
    let lines: Vec<Value> = jobs
        .into_iter()
        .map(|(id, ctime)| json!({ "job_id": id.to_string(), "ctime": ctime.seconds() }))
        .collect();
    Ok(Value::from(lines).into())
}

fn filter(data: &Object, limits: &domain::limits::Limits) -> Result<Filter, Fault> {
    let status = match fields::text(data.get("status"), "status", 2650, 100)? {
        None => None,
        Some(text) => Some(Status::parse(&text).ok_or_else(|| {
            let all = Status::ALL.map(Status::code).join(", ");
            fault(2650, "status", format!("{} is unknown: send one of {all}", wire::json::shown_text(&text)))
        })?),
    };
    let natural = |name: &str| -> Result<Option<i64>, Fault> {
        match fields::integer(data.get(name), name, 1352)? {
            Some(number) if number < 0 => {
                Err(fault(1352, name, format!("{number} is negative: send 0 or more")))
            }
            number => Ok(number),
        }
    };
    let after = natural("timestamp_after")?;
    let count = natural("count")?.filter(|count| *count > 0);
    let most = |limit: usize| i64::try_from(limit).unwrap_or(i64::MAX);
    let only_after = after.is_some() && count.is_none() && status.is_none();
    let limit = match count {
        Some(count) => count.min(most(limits.list_count_most)),
        None if only_after => most(limits.list_after_most),
        None => most(limits.list_count_default),
    };
    Ok(Filter { status, after: after.map(|seconds| Timestamp(seconds.saturating_mul(1000))), limit })
}

/// `GET translate/jobs/{ids}`
pub async fn several(call: Call) -> Result<Answer, Failure> {
    let text = call.path.first().cloned().unwrap_or_default();
    let asked: Vec<&str> = text.split(',').map(str::trim).filter(|part| !part.is_empty()).collect();
    let most = call.app.limits.ids_per_call;
    if asked.len() > most {
        let text = format!("has {} ids; at most {most} are accepted a call", asked.len());
        return Err(call.fault(&fault(1352, "job_ids", text)));
    }
    let ids: Vec<JobId> = asked.into_iter().filter_map(id).map(JobId).collect();
    let payloads = call.read(move |tx, ctx| look::several(tx, ctx, &ids)).await?;
    if payloads.is_empty() {
        let shown = wire::json::shown_text(&text);
        return Err(Failure::from_service(look::no_such_job(shown), call.origin()));
    }
    Ok(Answer::of("jobs", payloads))
}

/// `GET translate/jobs/group` without an id.
pub async fn group_missing(call: Call) -> Result<Answer, Failure> {
    Err(call
        .fault(&Fault::new(2550, "write the id into the path, as in translate/jobs/group/42").of("group_id")))
}

/// `GET translate/jobs/group/{group_id}`
pub async fn group(call: Call) -> Result<Answer, Failure> {
    let text = call.path.first().cloned().unwrap_or_default();
    let unknown =
        || fault(2600, "group_id", format!("{} is no group of this account", wire::json::shown_text(&text)));
    let group = id(&text).map(GroupId).ok_or_else(|| call.fault(&unknown()))?;
    let (members, ctime) = call.read(move |tx, ctx| look::group(tx, ctx, group)).await?;
    let jobs: Vec<Value> = members.into_iter().map(|id| json!({ "job_id": id.to_string() })).collect();
    Ok(json!({ "jobs": jobs, "ctime": ctime.seconds() }).into())
}

/// `PUT translate/jobs`: one action on many jobs, all or none.
pub async fn act(mut call: Call) -> Result<Answer, Failure> {
    let data = call.data()?;
    let most = call.app.limits.ids_per_bulk_call;
    let bulk = review::Bulk::read(&data, most).map_err(|fault| call.fault(&fault))?;
    let wrong_captcha = Arc::new(std::sync::Mutex::new(None));
    let noted = Arc::clone(&wrong_captcha);
    let result = call.write(&data.whole(), move |tx, ctx| bulk.run(tx, ctx, &noted)).await;
    let wrong = wrong_captcha.lock().ok().and_then(|mut noted| noted.take());
    match (wrong, result) {
        // Only if the picture is what the call fails for: otherwise it uses no try.
        (Some(job), Err(refused)) if refused.err["code"] == 2401 => {
            let mut replaced = review::replace_captcha(&call, job).await;
            if let Some(jobs) = refused.err.get("jobs") {
                replaced.err["jobs"] = jobs.clone();
            }
            Err(replaced)
        }
        (_, result) => result,
    }
}

/// `DELETE translate/jobs`: all or none.
pub async fn cancel(mut call: Call) -> Result<Answer, Failure> {
    let data = call.data()?;
    let most = call.app.limits.ids_per_bulk_call;
    let items = review::items(&data, most).map_err(|fault| call.fault(&fault))?;
    let cancel_all = move |tx: &mut Tx<'_>, ctx: &Context| {
        let from = [Status::Unpaid, Status::Queued, Status::Available];
        review::all_or_none(tx, ctx, &items, &from, |tx, ctx, _, id| cancel::cancel_job(tx, ctx, id))?;
        Ok(json!({}))
    };
    call.write(&data.whole(), cancel_all).await
}
