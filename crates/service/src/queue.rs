//! The queue worker: puts an order's paid jobs on the board.

use crate::context::Context;
use crate::error::Error;
use crate::timers::Progress;
use crate::{announce, robots, timers, transition};
use domain::event::Announcement;
use domain::ids::{GroupId, JobId, OrderId};
use domain::job::{Event, Status};
use domain::tier::Tier;
use serde_json::{Value, json};
use store::accounts;
use store::jobs::{self, Job};
use store::orders;
use store::sql::Tx;

/// Jobs a transaction: small enough that another account's order waits only milliseconds.
const JOBS_AT_ONCE: i64 = 200;
/// With fewer preferred translators a job would wait for too few.
const PREFERRED_LEAST: usize = 2;

/// Puts the next jobs of an order on the board, from after the job that `payload` names; a job
/// of a group stays queued until the last of the group is bought. More: some are left for the
/// next turn, and from where.
pub fn intake(tx: &mut Tx<'_>, ctx: &Context, order: OrderId, payload: &Value) -> Result<Progress, Error> {
    let Some(order) = orders::find(tx, ctx.scope, order)? else { return Ok(Progress::Done) };
    let after = JobId(payload.get("after").and_then(Value::as_i64).unwrap_or(0));
    let queued = jobs::lock_queued_of_order(tx, ctx.scope, order.id, after, JOBS_AT_ONCE)?;
    let more = (queued.len() as i64 == JOBS_AT_ONCE).then(|| queued.last().map(|job| job.id)).flatten();
    let group_waits = group_waits(tx, ctx, order.group)?;
    tx.foresee_ids(&[("event", queued.len() + 1)]);
    for mut job in queued {
        if job.tier == Tier::Machine {
            timers::set(tx, ctx, timers::Kind::Machine, job.id.0, ctx.now, &json!({}))?;
        } else if job.group.is_none() || !group_waits {
            put_on_board(tx, ctx, &mut job)?;
        }
    }
    if let Some(last) = more {
        return Ok(Progress::More(json!({ "after": last.0 })));
    }
    announce::order(tx, ctx, &order, Announcement::OrderAvailable)?;
    Ok(Progress::Done)
}

/// Puts one job on the board before its turn, if nothing but its turn is missing: a sandbox's
/// tool that orders and takes at once need not wait for the worker.
pub(crate) fn before_its_turn(tx: &mut Tx<'_>, ctx: &Context, job: &mut Job) -> Result<(), Error> {
    if job.status != Status::Queued || job.tier == Tier::Machine || group_waits(tx, ctx, job.group)? {
        return Ok(());
    }
    put_on_board(tx, ctx, job)
}

fn group_waits(tx: &mut Tx<'_>, ctx: &Context, group: Option<GroupId>) -> Result<bool, Error> {
    match group {
        Some(group) => Ok(jobs::group_has_unpaid(tx, ctx.scope, group)?),
        None => Ok(false),
    }
}

fn put_on_board(tx: &mut Tx<'_>, ctx: &Context, job: &mut Job) -> Result<(), Error> {
    transition::move_job(tx, ctx, job, Event::QueueWorked)?;
    tell_if_nobody_is_preferred(tx, ctx, job)
}

/// Preferred translators come first only where an account has two of them for the pair and
/// tier; otherwise everybody may take the job at once, and the customer is told. Source:
/// translator-platform 5.11.
fn tell_if_nobody_is_preferred(tx: &mut Tx<'_>, ctx: &Context, job: &Job) -> Result<(), Error> {
    if !job.use_preferred {
        return Ok(());
    }
    let preferred = accounts::preferences(tx, ctx.scope)?.into_iter().filter(|preference| {
        preference.lc_src == job.lc_src
            && preference.lc_tgt == job.lc_tgt
            && preference.tier == job.tier.code()
    });
    if preferred.count() >= PREFERRED_LEAST {
        return Ok(());
    }
    let text = "You asked for preferred translators, but fewer than two are on your list for this pair and tier: \
        the job is open to everybody.";
    robots::speak(tx, ctx, job.id, "support", text)
}
