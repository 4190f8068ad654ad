//! Writes what happened into the event log, with the payload frozen when a callback says it.

use crate::context::Context;
use crate::error::Error;
use crate::{payload, robots};
use domain::event::{Announcement, Audience};
use domain::ids::{CommentId, EventId, JobId, KeyId, OrderId};
use domain::job::Status;
use serde_json::Value;
use store::events::{self, Event};
use store::jobs::Job;
use store::orders::Order;
use store::sql::Tx;
use store::threads::{Comment, Subject};
use store::{jobs, orders};

/// Where a callback goes, and by which key's rules.
struct Address {
    key: KeyId,
    url: String,
    trick: Option<String>,
}

/// What an event is about.
#[derive(Default)]
struct About {
    order: Option<OrderId>,
    job: Option<JobId>,
    comment: Option<CommentId>,
    sequence: i64,
    moved: Option<(Status, Status)>,
}

/// A job changed its status. Its row has counted the event already.
pub fn job(
    tx: &mut Tx<'_>,
    ctx: &Context,
    job: &Job,
    what: Announcement,
    from: Option<Status>,
) -> Result<(), Error> {
    let about = About {
        job: Some(job.id),
        order: Some(job.order),
        sequence: job.events,
        moved: from.map(|from| (from, job.status)),
        ..About::default()
    };
    if what.audience(ctx.actor) == Audience::LogOnly {
        return record(tx, ctx, what, about, None, None);
    }
    let payload = payload::job_for_callback(tx, ctx, job)?;
    let address = address(tx, ctx, what.audience(ctx.actor), job.key, job.callback_url.as_deref())?;
    record(tx, ctx, what, about, Some(payload), with_trick(ctx, address, job))
}

/// In the sandbox a job can ask for something to be done to its callbacks.
fn with_trick(ctx: &Context, address: Option<Address>, job: &Job) -> Option<Address> {
    let mut address = address?;
    if ctx.scope.is_sandbox() {
        address.trick = robots::instructions(job).callback.map(|trick| trick.code().to_owned());
    }
    Some(address)
}

/// Orders were placed. Whoever placed them has the answer: nobody is told.
pub fn placed(tx: &mut Tx<'_>, ctx: &Context, orders: &[Order]) -> Result<(), Error> {
    let ids = tx.reserve_ids("event", orders.len())?;
    let events = ids.into_iter().zip(orders).map(|(id, order)| {
        let about = About { order: Some(order.id), ..About::default() };
        event(id, ctx, Announcement::OrderPlaced, about, None, None)
    });
    Ok(events::insert_all(tx, &events.collect::<Vec<_>>())?)
}

/// All jobs of an order are on the board.
pub fn order(tx: &mut Tx<'_>, ctx: &Context, order: &Order, what: Announcement) -> Result<(), Error> {
    let about = About { order: Some(order.id), ..About::default() };
    if what.audience(ctx.actor) == Audience::LogOnly {
        return record(tx, ctx, what, about, None, None);
    }
    let payload = crate::look::overview(tx, ctx, order)?;
    let address = address(tx, ctx, what.audience(ctx.actor), order.key, order.callback_url.as_deref())?;
    record(tx, ctx, what, about, Some(payload), address)
}

/// Somebody wrote a comment.
pub fn comment(tx: &mut Tx<'_>, ctx: &Context, comment: &Comment) -> Result<(), Error> {
    let audience = Announcement::Commented.audience(ctx.actor);
    let mut about = About { comment: Some(comment.id), ..About::default() };
    let mut job = None;
    let (key, own_url, custom_data) = match comment.subject {
        Subject::Job(id) => {
            about.job = Some(id);
            about.sequence = jobs::count_event(tx, ctx.scope, id)?;
            job = jobs::find(tx, ctx.scope, id)?;
            let of = job.as_ref();
            (
                of.and_then(|job| job.key),
                of.and_then(|job| job.callback_url.clone()),
                of.and_then(|job| job.custom_data.clone()),
            )
        }
        Subject::Order(id) => {
            about.order = Some(id);
            orders::find(tx, ctx.scope, id)?
                .map_or((None, None, None), |order| (order.key, order.callback_url, None))
        }
    };
    if audience == Audience::LogOnly {
        return record(tx, ctx, Announcement::Commented, about, None, None);
    }
    let payload = payload::comment_for_callback(comment, custom_data.as_deref())?;
    let address = address(tx, ctx, audience, key, own_url.as_deref())?;
    let address = match &job {
        Some(job) => with_trick(ctx, address, job),
        None => address,
    };
    record(tx, ctx, Announcement::Commented, about, Some(payload), address)
}

/// The address of a callback: the job's or order's own, else the default of the key that
/// ordered or of its successor, read now. None: nobody asked for it.
fn address(
    tx: &mut Tx<'_>,
    ctx: &Context,
    audience: Audience,
    key: Option<KeyId>,
    own_url: Option<&str>,
) -> Result<Option<Address>, Error> {
    let Some(id) = key else { return Ok(None) };
    let Some(key) = ctx.key(tx, id)? else { return Ok(None) };
    if audience == Audience::OptIn && !key.callback_all {
        return Ok(None);
    }
    let url = own_url.map(str::to_owned).or(key.callback_url);
    Ok(url.map(|url| Address { key: key.id, url, trick: None }))
}

fn record(
    tx: &mut Tx<'_>,
    ctx: &Context,
    what: Announcement,
    about: About,
    payload: Option<Value>,
    address: Option<Address>,
) -> Result<(), Error> {
    let id = tx.reserve_id("event")?;
    Ok(events::insert_all(tx, &[event(id, ctx, what, about, payload, address)])?)
}

fn event(
    id: i64,
    ctx: &Context,
    what: Announcement,
    about: About,
    payload: Option<Value>,
    address: Option<Address>,
) -> Event {
    Event {
        id: EventId(id),
        scope: ctx.scope,
        kind: what.code().to_owned(),
        actor: ctx.actor.code().to_owned(),
        order: about.order,
        job: about.job,
        comment: about.comment,
        sequence: about.sequence,
        status_from: about.moved.map(|(from, _)| from),
        status_to: about.moved.map(|(_, to)| to),
        payload: payload.map(|payload| payload.to_string()),
        outbox: address.is_some(),
        key: address.as_ref().map(|address| address.key),
        trick: address.as_ref().and_then(|address| address.trick.clone()),
        callback_url: address.map(|address| address.url),
        created_at: ctx.now,
    }
}
