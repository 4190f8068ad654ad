//! The sandbox's controls: steps by hand, forced statuses, the wipe. The steps
//! go through the real use cases; only `force` may lead where no rule does. Source: sandbox 4, 5, 7 and 8.

use crate::context::Context;
use crate::error::Error;
use crate::{
    announce, captcha, claim, clock, credits, look, machine, queue, review, robots, timers, transition,
};
use domain::event::{Actor, Announcement};
use domain::fault::Fault;
use domain::ids::{JobId, Timestamp};
use domain::job::{Event, Status};
use domain::ledger;
use domain::money::Money;
use domain::tier::Tier;
use serde_json::{Value, json};
use store::jobs::{self, Job};
use store::reviews::Feedback;
use store::sandboxes::{self, Keep};
use store::sql::Tx;
use store::{accounts, claims, inboxes, threads};

/// Inboxes of one sandbox.
const INBOXES_MOST: usize = 20;

/// What the sandbox looks like now.
pub fn overview(tx: &mut Tx<'_>, ctx: &Context) -> Result<Value, Error> {
    let mut counts = serde_json::Map::new();
    for status in Status::ALL {
        counts.insert(status.code().to_owned(), json!(0));
    }
    for (status, count) in sandboxes::jobs_by_status(tx, ctx.scope.account)? {
        counts.insert(status.code().to_owned(), json!(count));
    }
    let inboxes: Vec<String> = inboxes::of_account(tx, ctx.scope.account)?
        .into_iter()
        .map(|inbox| format!("{}/inbox/{}", ctx.desk.public_url, inbox.token))
        .collect();
    let account = look::account(tx, ctx)?;
    Ok(json!({
        "environment": ctx.scope.environment.code(),
        "account": account.short_name,
        "credits": look::balance(tx, ctx)?.to_string(),
        "currency": account.currency.code(),
        "robot": ctx.robot()?.show(),
        "original_behaviour": i64::from(accounts::controls_silent(tx, ctx.scope)?),
        "clock": clock::show(ctx),
        "jobs": counts,
        "inboxes": inboxes,
    }))
}

/// Changes the robot's settings.
pub fn set_robot(
    tx: &mut Tx<'_>,
    ctx: &Context,
    changes: &serde_json::Map<String, Value>,
    apply_to_open: bool,
) -> Result<Value, Error> {
    let settings = ctx
        .robot()?
        .apply(changes)
        .map_err(|fault| Error::Fault(Fault::new(1352, fault.text).of(&fault.field)))?;
    let text = serde_json::to_string(&settings).map_err(|error| Error::Broken(error.to_string()))?;
    accounts::set_robot(tx, ctx.scope, &text)?;
    if apply_to_open {
        let ctx = Context::open(tx, ctx.desk.clone(), ctx.scope, ctx.actor, ctx.real_now)?;
        robots::apply_to_open(tx, &ctx)?;
    }
    Ok(settings.show())
}

/// A robot translator takes the job, by hand.
pub fn take(tx: &mut Tx<'_>, ctx: &Context, id: JobId) -> Result<(), Error> {
    let mut job = review::lock(tx, ctx, id)?;
    queue::before_its_turn(tx, &ctx.acting(Actor::System), &mut job)?;
    claim::take(tx, &ctx.acting(Actor::Translator), id, robots::pick(&job)).map(|_| ())
}

/// The robot translator hands in this text, or its own; with an edit step, both steps.
pub fn submit(tx: &mut Tx<'_>, ctx: &Context, id: JobId, body: Option<&str>) -> Result<(), Error> {
    let job = review::lock(tx, ctx, id)?;
    let ctx = &ctx.acting(Actor::Translator);
    let body = match body {
        Some(body) => body.to_owned(),
        None => robots::translation(tx, ctx, &job)?,
    };
    robots::hand_in(tx, ctx, &job, &body)
}

/// The translator gives the job back; on a held job the hold ends.
pub fn release(tx: &mut Tx<'_>, ctx: &Context, id: JobId) -> Result<(), Error> {
    let job = review::lock(tx, ctx, id)?;
    if job.status == Status::Hold {
        return robots::end_hold(tx, ctx, id);
    }
    claim::decline(tx, &ctx.acting(Actor::Translator), id)
}

/// The next normal step of a job.
pub fn advance(tx: &mut Tx<'_>, ctx: &Context, id: JobId) -> Result<(), Error> {
    let mut job = review::lock(tx, ctx, id)?;
    match job.status {
        Status::Unpaid => review::purchase(tx, &ctx.acting(Actor::Sandbox), id),
        Status::Queued if job.tier == Tier::Machine => machine::answer(tx, ctx, id),
        Status::Queued => {
            transition::move_job(tx, &ctx.acting(Actor::System), &mut job, Event::QueueWorked).map(|_| ())
        }
        Status::Available => take(tx, ctx, id),
        Status::Pending | Status::Revising => submit(tx, ctx, id, None),
        Status::Reviewable => review::approve(tx, &ctx.acting(Actor::System), id, &Feedback::default()),
        Status::Hold => release(tx, ctx, id),
        Status::Approved | Status::Rejected | Status::Canceled => {
            Err(claim::wrong_state(&job, "be advanced", "a job that is not finished can"))
        }
    }
}

/// Where a step can bring a job: what a customer, a translator or an operator can do to it.
fn steps_from(job: &Job) -> Vec<Status> {
    let handed_in = if job.auto_approve { Status::Approved } else { Status::Reviewable };
    match job.status {
        Status::Unpaid => vec![Status::Canceled, Status::Queued],
        Status::Queued if job.tier == Tier::Machine => vec![Status::Approved, Status::Canceled, Status::Hold],
        Status::Queued => vec![Status::Available, Status::Canceled, Status::Hold],
        Status::Available => vec![Status::Canceled, Status::Hold, Status::Pending],
        Status::Pending | Status::Revising => {
            vec![Status::Available, Status::Canceled, Status::Hold, handed_in]
        }
        Status::Reviewable => vec![Status::Approved, Status::Hold, Status::Revising],
        Status::Hold => vec![job.held_from.unwrap_or(Status::Available), Status::Canceled],
        Status::Approved | Status::Rejected | Status::Canceled => Vec::new(),
    }
}

/// Moves a job to a status by a legal step.
pub fn step_to(
    tx: &mut Tx<'_>,
    ctx: &Context,
    id: JobId,
    to: Status,
    body: Option<&str>,
) -> Result<(), Error> {
    let mut job = review::lock(tx, ctx, id)?;
    if !steps_from(&job).contains(&to) {
        return Err(not_a_step(&job, to));
    }
    let system = ctx.acting(Actor::System);
    match (job.status, to) {
        (Status::Unpaid, Status::Queued) => review::purchase(tx, ctx, id),
        (Status::Queued, Status::Approved) => machine::answer(tx, &system, id),
        (Status::Queued, Status::Available) => {
            transition::move_job(tx, &system, &mut job, Event::QueueWorked).map(|_| ())
        }
        (Status::Available, Status::Pending) => take(tx, ctx, id),
        (Status::Pending | Status::Revising, Status::Available) => release(tx, ctx, id),
        (Status::Pending | Status::Revising, Status::Reviewable | Status::Approved) => {
            submit(tx, ctx, id, body)
        }
        (Status::Reviewable, Status::Approved) => review::approve(tx, &system, id, &Feedback::default()),
        (Status::Reviewable, Status::Revising) => {
            review::revise(tx, ctx, id, "Corrections asked for by the sandbox's controls")
        }
        (Status::Pending | Status::Revising | Status::Hold, Status::Canceled) => {
            drop_claims(tx, ctx, &job)?;
            let support = ctx.acting(Actor::Support);
            transition::move_job(tx, &support, &mut job, Event::OperatorCancel).map(|_| ())
        }
        (_, Status::Canceled) => crate::cancel::cancel_job(tx, ctx, id),
        (_, Status::Hold) => robots::hold(tx, ctx, id, "Held by the sandbox's controls"),
        _ => robots::end_hold(tx, ctx, id),
    }
}

fn not_a_step(job: &Job, to: Status) -> Error {
    let legal: Vec<&str> = steps_from(job).into_iter().map(Status::code).collect();
    let text = format!(
        "job {} is {} and cannot become {to}; from there it can become {}. Send force 1 to do it all the same.",
        job.id,
        job.status,
        if legal.is_empty() { "nothing".to_owned() } else { legal.join(", ") }
    );
    Fault::new(2650, text).of("status").into()
}

/// What follows is never for live: the callers see to it, this makes sure.
fn in_sandbox(ctx: &Context) -> Result<(), Error> {
    match ctx.scope.is_sandbox() {
        true => Ok(()),
        false => Err(Error::Broken("a sandbox's control was called in live".into())),
    }
}

/// Forces any status and keeps the data consistent: claims, texts and test money follow.
pub fn force(tx: &mut Tx<'_>, ctx: &Context, id: JobId, to: Status, body: Option<&str>) -> Result<(), Error> {
    in_sandbox(ctx)?;
    let mut job = review::lock(tx, ctx, id)?;
    let from = job.status;
    drop_claims(tx, ctx, &job)?;
    jobs::count_forced(tx, ctx.scope, id)?;
    job.forced += 1;
    let ctx = &ctx.acting(Actor::Sandbox);
    let needs_text = matches!(to, Status::Reviewable | Status::Revising | Status::Approved);
    if let Some(body) = body {
        write_text(tx, ctx, &mut job, body)?;
    } else if needs_text && job.body_tgt.is_none() {
        let body = robots::translation(tx, ctx, &job)?;
        write_text(tx, ctx, &mut job, &body)?;
    }
    settle(tx, ctx, &mut job, to)?;
    let held_from = (to == Status::Hold).then_some(if from.is_open() { from } else { Status::Available });
    jobs::mark_forced(tx, id)?;
    transition::set_status(tx, ctx, &mut job, to, held_from)?;
    jobs::unmark_forced(tx, id)?;
    give_claim(tx, ctx, &mut job, to)?;
    start_timers(tx, ctx, &mut job, to)?;
    announce::job(tx, ctx, &job, announcement(to), Some(from))
}

fn announcement(to: Status) -> Announcement {
    match to {
        Status::Available => Announcement::Available,
        Status::Pending => Announcement::Started,
        Status::Reviewable => Announcement::Reviewable,
        Status::Approved => Announcement::Approved,
        Status::Rejected => Announcement::Rejected,
        Status::Canceled => Announcement::Canceled,
        Status::Hold => Announcement::Hold,
        Status::Unpaid | Status::Queued | Status::Revising => Announcement::Forced,
    }
}

fn drop_claims(tx: &mut Tx<'_>, ctx: &Context, job: &Job) -> Result<(), Error> {
    if let Some(claim) = claims::active_on(tx, ctx.scope, job.id)? {
        claims::let_go(tx, &claim, job.id)?;
        if claims::active_jobs(tx, ctx.scope.account, claim.id)?.is_empty() {
            claims::set_state(tx, &claim, "revoked")?;
        }
        // The rest of its group may have waited for this one.
        claim::start_clock(tx, ctx, &claim)?;
        jobs::set_deadline(tx, ctx.scope, job.id, None)?;
    }
    Ok(())
}

fn write_text(tx: &mut Tx<'_>, ctx: &Context, job: &mut Job, body: &str) -> Result<(), Error> {
    threads::insert_revision(tx, ctx.scope, job.id, Some(robots::pick(job)), body, ctx.now)?;
    jobs::set_translation(tx, ctx.scope, job.id, body)?;
    job.body_tgt = Some(body.to_owned());
    job.submissions += 1;
    Ok(())
}

/// Brings the escrow to what the status demands.
fn settle(tx: &mut Tx<'_>, ctx: &Context, job: &mut Job, to: Status) -> Result<(), Error> {
    let nothing = Money::zero(job.price.currency());
    let life = transition::life(job);
    if to.is_open() || to == Status::Hold {
        let missing = job.price.checked_sub(job.escrow).ok_or_else(crate::pay::overflow)?;
        transition::post(tx, ctx, job, &ledger::forced_open(life, missing)?)?;
        job.escrow = job.price;
    } else if to == Status::Approved && !job.escrow.is_zero() {
        let rewards = transition::rewards(tx, ctx, job)?;
        transition::post(tx, ctx, job, &ledger::earn(life, job.round, job.escrow, &rewards)?)?;
        job.escrow = nothing;
    } else {
        transition::post(tx, ctx, job, &ledger::forced_refund(life, job.scope.account, job.escrow)?)?;
        job.escrow = nothing;
    }
    Ok(())
}

fn give_claim(tx: &mut Tx<'_>, ctx: &Context, job: &mut Job, to: Status) -> Result<(), Error> {
    match to {
        Status::Pending | Status::Reviewable | Status::Revising => {
            let claim = claim::begin_forced(tx, ctx, job, robots::pick(job))?;
            if to == Status::Reviewable {
                captcha::challenge(tx, ctx, job.id)?;
                claim::handed_in(tx, &claim, job.id)?;
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

fn start_timers(tx: &mut Tx<'_>, ctx: &Context, job: &mut Job, to: Status) -> Result<(), Error> {
    match to {
        Status::Reviewable => {
            let until = transition::review_ends(tx, ctx, job)?;
            timers::review_until(tx, ctx, job, until)
        }
        Status::Queued => timers::set(tx, ctx, timers::Kind::Queue, job.order.0, ctx.now, &json!({})),
        Status::Available | Status::Revising => robots::follow(tx, ctx, job),
        _ => Ok(()),
    }
}

/// Makes one more inbox; its address.
pub fn add_inbox(tx: &mut Tx<'_>, ctx: &Context) -> Result<Value, Error> {
    if inboxes::of_account(tx, ctx.scope.account)?.len() >= INBOXES_MOST {
        return Err(Error::fault(1352, format!("a sandbox has at most {INBOXES_MOST} inboxes")));
    }
    let token = crate::secrets::letters(32)?;
    inboxes::insert(tx, ctx.scope.account, &token, ctx.real_now)?;
    Ok(json!({ "token": token, "url": format!("{}/inbox/{token}", ctx.desk.public_url) }))
}

/// Deletes what one test run ordered; everything else stays as it is.
pub fn wipe_run(tx: &mut Tx<'_>, ctx: &Context, run: &str) -> Result<(), Error> {
    in_sandbox(ctx)?;
    Ok(sandboxes::forget_run(tx, ctx.scope, run)?)
}

/// Deletes the oldest orders from before a moment. The credits stay what they are.
pub fn forget_old(tx: &mut Tx<'_>, ctx: &Context, before: Timestamp, at_once: i64) -> Result<(), Error> {
    in_sandbox(ctx)?;
    let credits = look::balance(tx, ctx)?;
    sandboxes::forget_before(tx, ctx.scope, before, at_once)?;
    credits::correct(tx, ctx, credits).map(|_| ())
}

/// Deletes everything in the sandbox and starts it anew.
pub fn wipe(tx: &mut Tx<'_>, ctx: &Context, keep: Keep, start_credits: Money) -> Result<(), Error> {
    in_sandbox(ctx)?;
    sandboxes::wipe(tx, ctx.scope, keep, ctx.real_now.0)?;
    accounts::reset_clock(tx, ctx.scope)?;
    let fresh = Context::open(tx, ctx.desk.clone(), ctx.scope, ctx.actor, ctx.real_now)?;
    credits::set(tx, &fresh, start_credits)?;
    Ok(())
}
