//! What a customer can look at: jobs, orders, threads, revisions, balances. Nothing here
//! writes; every look names the scope. Contract: api-v2 6.

use crate::context::Context;
use crate::error::Error;
use crate::{machine, pay, payload};
use domain::fault::Fault;
use domain::ids::*;
use domain::job::Status;
use domain::ledger::LedgerAccount;
use domain::money::Money;
use serde_json::{Value, json};
use std::collections::HashMap;
use store::accounts::Account;
use store::jobs::{self, Job};
use store::orders::{self, Order};
use store::sql::Tx;
use store::threads::{self, Subject};
use store::{events, ledger, reviews};

/// The one message for a job that the caller cannot see: nobody learns which ids exist.
pub fn no_such_job(shown: impl std::fmt::Display) -> Error {
    Fault::new(2100, format!("no job {shown} in this account")).of("job_id").into()
}

/// The same for orders.
pub fn no_such_order(shown: impl std::fmt::Display) -> Error {
    Fault::new(2750, format!("no order {shown} in this account")).of("order_id").into()
}

fn find(tx: &mut Tx<'_>, ctx: &Context, id: JobId) -> Result<Job, Error> {
    jobs::find(tx, ctx.scope, id)?.ok_or_else(|| no_such_job(id))
}

/// One job. With `pre_mt`, and while no person's translation is there, with a machine's.
pub fn job(tx: &mut Tx<'_>, ctx: &Context, id: JobId, pre_mt: bool) -> Result<Value, Error> {
    let job = find(tx, ctx, id)?;
    let mut payload = payload::job(tx, ctx, &job)?;
    if pre_mt
        && payload.get("body_tgt").is_none()
        && job.held_from.unwrap_or(job.status).is_open()
        && let Some(body) = machine::ahead(tx, ctx, &job)?
    {
        payload["body_tgt"] = json!(body);
        payload["mt"] = json!(1);
    }
    Ok(payload)
}

/// Several jobs in the order asked, each once; unknown ids are left out.
pub fn several(tx: &mut Tx<'_>, ctx: &Context, ids: &[JobId]) -> Result<Vec<Value>, Error> {
    let mut places = HashMap::new();
    for id in ids {
        let next = places.len();
        places.entry(*id).or_insert(next);
    }
    let mut jobs = jobs::with_ids(tx, ctx.scope, &Vec::from_iter(places.keys().copied()))?;
    jobs.sort_by_key(|job| places.get(&job.id));
    payload::jobs(tx, ctx, &jobs)
}

/// An order's overview.
pub fn order(tx: &mut Tx<'_>, ctx: &Context, id: OrderId) -> Result<Value, Error> {
    let order = orders::find(tx, ctx.scope, id)?.ok_or_else(|| no_such_order(id))?;
    overview(tx, ctx, &order)
}

/// The overview of an order that was read already.
pub(crate) fn overview(tx: &mut Tx<'_>, ctx: &Context, order: &Order) -> Result<Value, Error> {
    let lines = orders::lines(tx, ctx.scope, order.id)?;
    let charged: i64 = lines.iter().map(|line| line.charged).sum();
    let units: i64 = lines.iter().map(|line| line.units).sum();
    let queued = lines.iter().filter(|line| line.status == Status::Queued).count();
    let list = |status: Status| -> Value {
        lines.iter().filter(|line| line.status == status).map(|line| json!(line.job.to_string())).collect()
    };
    let mut answer = json!({
        "order_id": order.id.to_string(),
        "total_credits": Money::new(charged, order.currency).to_string(),
        "currency": order.currency.code(),
        "total_units": units,
        "as_group": i64::from(order.group.is_some()),
        "jobs_queued": queued,
        "jobs_available": list(Status::Available),
        "jobs_pending": list(Status::Pending),
        "jobs_reviewable": list(Status::Reviewable),
        "jobs_revising": list(Status::Revising),
        "jobs_approved": list(Status::Approved),
        "jobs_rejected": list(Status::Rejected),
        "jobs_cancelled": list(Status::Canceled),
        "jobs_held": list(Status::Hold),
        "jobs_unpaid": list(Status::Unpaid),
        "total_jobs": lines.len().to_string(),
    });
    if let Some(group) = order.group {
        answer["group_id"] = json!(group.to_string());
    }
    if let Some(reference) = &order.reference_id {
        answer["reference_id"] = json!(reference);
    }
    Ok(answer)
}

/// The jobs of a group, in group order, and when they were ordered.
pub fn group(tx: &mut Tx<'_>, ctx: &Context, id: GroupId) -> Result<(Vec<JobId>, Timestamp), Error> {
    let unknown = || Fault::new(2600, format!("no group {id} in this account")).of("group_id");
    let ctime = orders::of_group(tx, ctx.scope, id)?.ok_or_else(unknown)?;
    let members = jobs::lock_group(tx, ctx.scope, id)?;
    Ok((members.into_iter().map(|job| job.id).collect(), ctime))
}

/// The thread of a job or an order, oldest first.
pub fn thread(tx: &mut Tx<'_>, ctx: &Context, subject: Subject) -> Result<Vec<Value>, Error> {
    match subject {
        Subject::Job(id) => find(tx, ctx, id).map(|_| ())?,
        Subject::Order(id) => {
            orders::find(tx, ctx.scope, id)?.map(|_| ()).ok_or_else(|| no_such_order(id))?
        }
    }
    threads::of(tx, ctx.scope, subject)?.iter().map(|comment| payload::comment(&ctx.desk, comment)).collect()
}

/// The submissions of a job, oldest first.
pub fn revisions(tx: &mut Tx<'_>, ctx: &Context, id: JobId) -> Result<Vec<threads::Revision>, Error> {
    find(tx, ctx, id)?;
    Ok(threads::revisions(tx, ctx.scope, id)?)
}

/// The customer's feedback on a job: rating with one decimal, and the note.
pub fn feedback(tx: &mut Tx<'_>, ctx: &Context, id: JobId) -> Result<Value, Error> {
    find(tx, ctx, id)?;
    let feedback = reviews::feedback(tx, ctx.scope, id)?.unwrap_or_default();
    Ok(json!({
        "rating": format!("{}.0", feedback.rating.unwrap_or(0)),
        "for_translator": feedback.for_translator,
    }))
}

/// The account itself.
pub fn account(tx: &mut Tx<'_>, ctx: &Context) -> Result<Account, Error> {
    ctx.account(tx)
}

/// The scope's credits.
pub fn balance(tx: &mut Tx<'_>, ctx: &Context) -> Result<Money, Error> {
    let account = account(tx, ctx)?;
    pay::balance(tx, ctx, account.currency)
}

/// Charges minus refunds since the start.
pub fn spent(tx: &mut Tx<'_>, ctx: &Context) -> Result<Money, Error> {
    let currency = account(tx, ctx)?.currency;
    let customer = LedgerAccount::Customer(ctx.scope.account).text(ctx.book());
    Ok(Money::new(ledger::spent(tx, &customer)?, currency))
}

/// The event feed after a cursor, oldest first.
pub fn events(tx: &mut Tx<'_>, ctx: &Context, after: EventId, limit: i64) -> Result<Vec<Value>, Error> {
    let events = events::after(tx, ctx.scope, after, limit)?;
    events.iter().map(event).collect()
}

fn event(event: &events::Event) -> Result<Value, Error> {
    let payload: Value = serde_json::from_str(event.payload.as_deref().unwrap_or("{}"))
        .map_err(|error| Error::Broken(format!("payload of event {}: {error}", event.id)))?;
    let member = member_of(&event.kind);
    Ok(json!({
        "id": event.id.to_string(),
        "type": event.kind,
        "ctime": event.created_at.seconds(),
        (member): payload,
    }))
}

/// Under which name a callback carries its payload.
pub fn member_of(kind: &str) -> &'static str {
    match kind.split('.').next() {
        Some("comment") => "comment",
        Some("order") => "order",
        _ => "job",
    }
}
