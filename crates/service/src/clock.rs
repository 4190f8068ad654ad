//! The test clock: how a sandbox's time goes forward, and what happened meanwhile. Source: sandbox 6.

use crate::context::Context;
use crate::error::Error;
use domain::ids::Timestamp;
use serde_json::{Value, json};
use store::happenings::{self, Happening, Mark};
use store::sql::Tx;
use store::{accounts, deliveries, tasks};

/// The sandbox's time, in seconds, and how far it is ahead.
pub fn show(ctx: &Context) -> Value {
    json!({
        "now": ctx.now.seconds(),
        // A step is made some milliseconds after it was asked for.
        "offset": (ahead_ms(ctx) + 500).div_euclid(1000),
    })
}

/// When the next task or delivery is due, by the sandbox's clock.
pub fn next_due(tx: &mut Tx<'_>, ctx: &Context) -> Result<Option<Timestamp>, Error> {
    let task = tasks::next_due_of(tx, ctx.scope)?;
    let delivery = deliveries::next_due_of(tx, ctx.scope)?;
    let real = match (task, delivery) {
        (Some(task), Some(delivery)) => Some(task.min(delivery)),
        (one, other) => one.or(other),
    };
    Ok(real.map(|real| ctx.shown(real)))
}

/// How far the sandbox's clock is ahead, in milliseconds.
pub fn ahead_ms(ctx: &Context) -> i64 {
    ctx.now.since_ms(ctx.real_now)
}

/// Puts the sandbox's clock forward to `to`, never back; how far it is ahead then. None, and
/// nothing done, if it is less ahead than it was before: the sandbox was wiped meanwhile.
pub fn forward_to(
    tx: &mut Tx<'_>,
    ctx: &Context,
    to: Timestamp,
    ahead_before_ms: i64,
) -> Result<Option<i64>, Error> {
    if ahead_ms(ctx) < ahead_before_ms {
        return Ok(None);
    }
    let by_ms = to.since_ms(ctx.now).max(0);
    if by_ms > 0 {
        accounts::forward_clock(tx, ctx.scope, by_ms)?;
    }
    Ok(Some(ahead_ms(ctx) + by_ms))
}

/// Where the sandbox stands now, to ask later what happened since.
pub fn mark(tx: &mut Tx<'_>, ctx: &Context) -> Result<Mark, Error> {
    Ok(happenings::mark(tx, ctx.scope, ctx.now)?)
}

/// What happened since, whoever made it happen, in order of time; at most `limit`. A callback that was sent has
/// the receiver's `status` or the `error` for which there is none.
pub fn happened_since(tx: &mut Tx<'_>, ctx: &Context, mark: Mark, limit: i64) -> Result<Vec<Value>, Error> {
    let happened = happenings::since(tx, ctx.scope, mark, limit)?;
    Ok(happened.iter().map(shown).collect())
}

fn shown(happening: &Happening) -> Value {
    let mut shown = json!({
        "type": happening.kind,
        "id": happening.id.to_string(),
        "ctime": happening.at.seconds(),
    });
    if let Some(order) = happening.order {
        shown["order_id"] = json!(order.to_string());
    }
    if let Some(job) = happening.job {
        shown["job_id"] = json!(job.to_string());
    }
    if let Some(status) = happening.status {
        shown["status"] = json!(status);
    }
    if let Some(error) = &happening.error {
        shown["error"] = json!(error);
    }
    shown
}
