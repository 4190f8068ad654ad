//! The customer's review of one job: approve, ask for corrections, archive; and buying an
//! unpaid job. Rejecting is next door. Contract: api-v2 6.3.

use crate::context::Context;
use crate::error::Error;
use crate::{claim, comment, pay, transition};
use domain::fault::Fault;
use domain::ids::JobId;
use domain::job::{Event, Status};
use store::jobs::{self, Job};
use store::reviews::{self, Feedback};
use store::sql::Tx;
use store::threads::Subject;

pub(crate) fn lock(tx: &mut Tx<'_>, ctx: &Context, id: JobId) -> Result<Job, Error> {
    jobs::lock(tx, ctx.scope, id)?.ok_or_else(|| crate::look::no_such_job(id.0))
}

/// Accepts the translation. Accepting again with the same content changes nothing.
pub fn approve(tx: &mut Tx<'_>, ctx: &Context, id: JobId, feedback: &Feedback) -> Result<(), Error> {
    let mut job = lock(tx, ctx, id)?;
    if job.status == Status::Approved && already_said(tx, ctx, id, feedback)? {
        return Ok(());
    }
    // Fields come before the state.
    if feedback.rating.is_none() && rating_required(tx, ctx)? {
        return Err(Fault::new(2500, "this account rates every job: send rating, 1 to 5")
            .of("rating")
            .into());
    }
    if job.status != Status::Reviewable {
        return Err(not_reviewable(&job, "approved"));
    }
    reviews::insert_feedback(tx, ctx.scope, id, feedback, ctx.now)?;
    transition::move_job(tx, ctx, &mut job, Event::Approve)?;
    claim::finish(tx, ctx, id)
}

fn already_said(tx: &mut Tx<'_>, ctx: &Context, id: JobId, feedback: &Feedback) -> Result<bool, Error> {
    let said = reviews::feedback(tx, ctx.scope, id)?.unwrap_or_default();
    Ok(said == *feedback)
}

fn rating_required(tx: &mut Tx<'_>, ctx: &Context) -> Result<bool, Error> {
    Ok(ctx.account(tx)?.rating_required)
}

/// Asks for corrections; the comment says which.
pub fn revise(tx: &mut Tx<'_>, ctx: &Context, id: JobId, comment: &str) -> Result<(), Error> {
    let mut job = lock(tx, ctx, id)?;
    if job.status != Status::Reviewable {
        return Err(not_reviewable(&job, "sent back for corrections"));
    }
    comment::write(tx, ctx, Subject::Job(id), "customer", comment, None)?;
    job = lock(tx, ctx, id)?;
    claim::correct(tx, ctx, &mut job)?;
    transition::move_job(tx, ctx, &mut job, Event::Revise)?;
    Ok(())
}

/// Hides a finished job from default lists.
pub fn archive(tx: &mut Tx<'_>, ctx: &Context, id: JobId) -> Result<(), Error> {
    let job = lock(tx, ctx, id)?;
    if !job.status.is_finished() {
        return Err(claim::wrong_state(&job, "be archived", "an approved, rejected or canceled job can"));
    }
    Ok(jobs::archive(tx, ctx.scope, id)?)
}

/// Buys an unpaid job at today's price.
pub fn purchase(tx: &mut Tx<'_>, ctx: &Context, id: JobId) -> Result<(), Error> {
    let mut job = lock(tx, ctx, id)?;
    if job.status != Status::Unpaid {
        let text =
            format!("job {id} is {}, {}; only unpaid jobs can be bought", job.status, job.status.in_words());
        return Err(Fault::new(2251, text).of("job_id").into());
    }
    pay::reprice(tx, &mut job)?;
    pay::afford(tx, ctx, job.price)?;
    pay::count_against_key(tx, job.scope, ctx.key.or(job.key), job.price)?;
    transition::move_job(tx, ctx, &mut job, Event::Purchase)?;
    Ok(())
}

fn not_reviewable(job: &Job, what: &str) -> Error {
    let text = format!(
        "job {} is {}, {}. Only reviewable jobs can be {what}.",
        job.id,
        job.status,
        job.status.in_words()
    );
    Fault::new(2250, text).of("job_id").into()
}
