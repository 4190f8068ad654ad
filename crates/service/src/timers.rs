//! Timers: what must happen by itself when time passes. Each is a row with a due time and
//! names the version or claim it was made for, so that one that fires late, or twice, does
//! nothing. Source: engines J.

use crate::context::Context;
use crate::error::Error;
use crate::{claim, machine, queue, reject, robots, transition};
use domain::event::Actor;
use domain::ids::{ClaimId, JobId, OrderId, Timestamp};
use domain::job::{Event, Status, Transition};
use serde_json::{Value, json};
use std::sync::Arc;
use store::jobs::{self, Job};
use store::sql::Tx;
use store::tasks::{self, New, Task};

const UNPAID_LIFE_S: i64 = 90 * 24 * 3600;

/// What happens by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An order's jobs go on the board.
    Queue,
    /// A delivered job approves itself.
    AutoApprove,
    /// A translator's time is up.
    ClaimDeadline,
    /// A job stayed unpaid.
    UnpaidExpiry,
    /// Nobody decided about a rejection.
    RejectionDefault,
    /// A machine job is answered.
    Machine,
    /// The robot takes a job.
    RobotTake,
    /// The robot hands in.
    RobotSubmit,
    /// The robot says something.
    RobotComment,
    /// The robot lets a held job go on.
    RobotRelease,
    /// The robot's settings changed; the rest of the open jobs is planned anew.
    RobotPlan,
}

impl Kind {
    const ALL: [Self; 11] = [
        Self::Queue,
        Self::AutoApprove,
        Self::ClaimDeadline,
        Self::UnpaidExpiry,
        Self::RejectionDefault,
        Self::Machine,
        Self::RobotTake,
        Self::RobotSubmit,
        Self::RobotComment,
        Self::RobotRelease,
        Self::RobotPlan,
    ];

    /// As stored.
    pub fn code(self) -> &'static str {
        match self {
            Self::Queue => "queue",
            Self::AutoApprove => "auto_approve",
            Self::ClaimDeadline => "claim_deadline",
            Self::UnpaidExpiry => "unpaid_expiry",
            Self::RejectionDefault => "rejection_default",
            Self::Machine => "machine",
            Self::RobotTake => "robot_take",
            Self::RobotSubmit => "robot_submit",
            Self::RobotComment => "robot_comment",
            Self::RobotRelease => "robot_release",
            Self::RobotPlan => "robot_plan",
        }
    }

    fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }
}

/// Sets a timer, due at `at` by the environment's clock.
pub fn set(
    tx: &mut Tx<'_>,
    ctx: &Context,
    kind: Kind,
    subject: i64,
    at: Timestamp,
    payload: &Value,
) -> Result<(), Error> {
    set_all(tx, ctx, kind, &[subject], at, payload)
}

/// The same for several subjects.
pub fn set_all(
    tx: &mut Tx<'_>,
    ctx: &Context,
    kind: Kind,
    subjects: &[i64],
    at: Timestamp,
    payload: &Value,
) -> Result<(), Error> {
    let (payload, run_at) = (payload.to_string(), ctx.real(at));
    let of = |subject: &i64| New {
        kind: kind.code(),
        scope: ctx.scope,
        subject: *subject,
        payload: &payload,
        run_at,
    };
    Ok(tasks::insert_all(tx, &subjects.iter().map(of).collect::<Vec<_>>())?)
}

/// Sets the timers that a move starts; the job had its status before since a moment.
pub(crate) fn follow(
    tx: &mut Tx<'_>,
    ctx: &Context,
    job: &mut Job,
    transition: &Transition,
    since: Timestamp,
) -> Result<(), Error> {
    match transition.to {
        Status::Reviewable => {
            let until = match job.review_until {
                Some(until) if transition.from == Status::Hold => until.plus_ms(ctx.now.since_ms(since)),
                _ => transition::review_ends(tx, ctx, job)?,
            };
            review_until(tx, ctx, job, until)
        }
        Status::Queued if transition.from == Status::Unpaid => {
            let due = ctx.now.plus_ms(robots::queue_delay_ms(ctx)?);
            set(tx, ctx, Kind::Queue, job.order.0, due, &json!({}))
        }
        Status::Queued => set(tx, ctx, Kind::Queue, job.order.0, ctx.now, &json!({})),
        // The rest of its group waited for it to be bought.
        Status::Canceled if transition.from == Status::Unpaid && job.group.is_some() => {
            set(tx, ctx, Kind::Queue, job.order.0, ctx.now, &json!({}))
        }
        _ => Ok(()),
    }
}

/// The job approves itself then.
pub(crate) fn review_until(
    tx: &mut Tx<'_>,
    ctx: &Context,
    job: &mut Job,
    until: Timestamp,
) -> Result<(), Error> {
    store::jobs::set_review_until(tx, ctx.scope, job.id, until)?;
    job.review_until = Some(until);
    set(tx, ctx, Kind::AutoApprove, job.id.0, until, &json!({ "version": job.version }))
}

/// An unpaid job ends after ninety days.
pub(crate) fn expire_unpaid(tx: &mut Tx<'_>, ctx: &Context, job: JobId) -> Result<(), Error> {
    set(tx, ctx, Kind::UnpaidExpiry, job.0, ctx.now.plus_s(UNPAID_LIFE_S), &json!({}))
}

/// Where a task stands after it was worked on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// There is nothing more to do.
    Done,
    /// There is more; other accounts come first. The payload says from where.
    More(Value),
}

/// Does what a task is for, in its own transaction, and closes the task in it.
pub fn work(
    tx: &mut Tx<'_>,
    desk: Arc<crate::Desk>,
    task: &Task,
    real_now: Timestamp,
) -> Result<Progress, Error> {
    let ctx = Context::open(tx, desk, task.scope, Actor::System, real_now)?;
    if !tasks::hold(tx, task)? {
        return Ok(Progress::Done);
    }
    let kind = Kind::parse(&task.kind).ok_or_else(|| Error::Broken(format!("no task {:?}", task.kind)))?;
    let payload: Value = serde_json::from_str(&task.payload)
        .map_err(|error| Error::Broken(format!("payload of task {}: {error}", task.id)))?;
    let job = JobId(task.subject);
    let progress = match kind {
        Kind::Queue => queue::intake(tx, &ctx, OrderId(task.subject), &payload)?,
        Kind::AutoApprove => done(auto_approve(tx, &ctx, job, &payload))?,
        Kind::ClaimDeadline => done(claim::expire(tx, &ctx, ClaimId(task.subject), &payload))?,
        Kind::UnpaidExpiry => done(unpaid_expiry(tx, &ctx, job))?,
        Kind::RejectionDefault => done(reject::decide_by_default(tx, &ctx, job, &payload))?,
        Kind::Machine => done(machine::answer(tx, &ctx, job))?,
        Kind::RobotTake => done(robots::take(tx, &ctx, job, &payload))?,
        Kind::RobotSubmit => done(robots::submit(tx, &ctx, job, &payload))?,
        Kind::RobotComment => done(robots::say(tx, &ctx, job, &payload))?,
        Kind::RobotRelease => done(robots::release(tx, &ctx, job, &payload))?,
        Kind::RobotPlan => robots::plan_anew(tx, &ctx, &payload)?,
    };
    match &progress {
        Progress::Done => tasks::finish(tx, task)?,
        Progress::More(payload) => tasks::go_on(tx, task, real_now, &payload.to_string())?,
    }
    Ok(progress)
}

fn done(result: Result<(), Error>) -> Result<Progress, Error> {
    result.map(|()| Progress::Done)
}

/// True if the job is still as it was when the timer was set.
pub(crate) fn is_current(job: &Job, payload: &Value) -> bool {
    payload.get("version").and_then(Value::as_i64) == Some(job.version)
}

fn auto_approve(tx: &mut Tx<'_>, ctx: &Context, id: JobId, payload: &Value) -> Result<(), Error> {
    match jobs::lock(tx, ctx.scope, id)? {
        Some(mut job) if job.status == Status::Reviewable && is_current(&job, payload) => {
            transition::move_job(tx, ctx, &mut job, Event::ReviewPeriodOver)?;
            claim::finish(tx, ctx, job.id)
        }
        _ => Ok(()),
    }
}

fn unpaid_expiry(tx: &mut Tx<'_>, ctx: &Context, id: JobId) -> Result<(), Error> {
    match jobs::lock(tx, ctx.scope, id)? {
        Some(mut job) if job.status == Status::Unpaid => {
            transition::move_job(tx, ctx, &mut job, Event::Expire).map(|_| ())
        }
        _ => Ok(()),
    }
}
