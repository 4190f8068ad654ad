//! The customer rejects a translation, and somebody decides who was right.
//!
//! In the sandbox a robot reviewer decides at once. In live a person decides; seven days
//! without a decision count as fair towards the customer. Source: api-v2 6.3,
//! translator-platform 14, engines C.5.

use crate::captcha::{self, Verdict};
use crate::context::Context;
use crate::error::Error;
use crate::timers::{self, Kind};
use crate::{claim, comment, transition};
use domain::fault::Fault;
use domain::ids::JobId;
use domain::job::{Event, Status};
use domain::ledger;
use domain::money::Money;
use domain::review::{Decision, FollowUp, Reason};
use serde_json::{Value, json};
use store::claims;
use store::jobs::{self, Job};
use store::reviews::{self, Rejection};
use store::sql::Tx;
use store::threads::Subject;

const DEFAULT_AFTER_S: i64 = 7 * 24 * 3600;

/// What the customer says when rejecting.
#[derive(Clone, Debug)]
pub struct Request {
    /// Why.
    pub reason: Reason,
    /// In words.
    pub comment: String,
    /// The captcha's text.
    pub captcha: Option<String>,
    /// What becomes of the job.
    pub follow_up: FollowUp,
    /// The API version demands a captcha.
    pub captcha_required: bool,
}

/// How an attempt to reject ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The job is rejected.
    Rejected,
    /// The captcha was wrong: the caller replaces it in a transaction of its own.
    WrongCaptcha,
}

/// Rejects the translation. State first, the captcha last: a refused call uses no try.
pub fn reject(tx: &mut Tx<'_>, ctx: &Context, id: JobId, request: &Request) -> Result<Outcome, Error> {
    let mut job = crate::review::lock(tx, ctx, id)?;
    if job.status != Status::Reviewable {
        return Err(claim::wrong_state(&job, "be rejected", "a reviewable job can"));
    }
    match &request.captcha {
        None if request.captcha_required || ctx.desk.captcha_always => {
            let url = captcha::current_urls(tx, ctx, &[id])?.remove(&id).unwrap_or_default();
            return Err(Fault::new(2400, format!("send the text of the picture at {url}"))
                .of("captcha")
                .into());
        }
        None => {}
        Some(given) => match captcha::check(tx, ctx, id, given)? {
            Verdict::Wrong => return Ok(Outcome::WrongCaptcha),
            Verdict::Right(token) => captcha::use_up(tx, ctx.scope, &token)?,
        },
    }
    comment::write(tx, ctx, Subject::Job(id), "customer", &request.comment, None)?;
    job = crate::review::lock(tx, ctx, id)?;
    let rejection = remember(tx, ctx, &job, request)?;
    for claim in claims::all_on(tx, ctx.scope, id)?.into_iter().filter(|claim| claim.state == "submitted") {
        claims::set_state(tx, &claim, "lost")?;
    }
    match request.follow_up {
        FollowUp::Cancel => transition::move_job(tx, ctx, &mut job, Event::RejectAndCancel)?,
        FollowUp::Requeue => {
            settle_or_wait(tx, ctx, &mut job, &rejection)?;
            jobs::start_round(tx, ctx.scope, id)?;
            job.round += 1;
            job.body_tgt = None;
            job.edit_reached = false;
            transition::move_job(tx, ctx, &mut job, Event::RejectAndRequeue)?;
            return Ok(Outcome::Rejected);
        }
    };
    settle_or_wait(tx, ctx, &mut job, &rejection)?;
    Ok(Outcome::Rejected)
}

fn remember(tx: &mut Tx<'_>, ctx: &Context, job: &Job, request: &Request) -> Result<Rejection, Error> {
    let translator = claims::latest_on(tx, ctx.scope, job.id, "translate")?.map(|claim| claim.translator);
    let rejection = Rejection {
        job: job.id,
        round: job.round,
        reason: request.reason,
        comment: request.comment.clone(),
        follow_up: request.follow_up,
        translator,
        decision: None,
    };
    reviews::insert_rejection(tx, ctx.scope, &rejection, ctx.now)?;
    Ok(rejection)
}

fn settle_or_wait(tx: &mut Tx<'_>, ctx: &Context, job: &mut Job, rejection: &Rejection) -> Result<(), Error> {
    if ctx.scope.is_sandbox() {
        return decide(tx, ctx, job, rejection, rejection.reason.robot_decision());
    }
    let due = ctx.now.plus_s(DEFAULT_AFTER_S);
    timers::set(tx, ctx, Kind::RejectionDefault, job.id.0, due, &json!({ "round": rejection.round }))
}

/// Nobody decided within seven days: the customer gets the money back.
pub(crate) fn decide_by_default(
    tx: &mut Tx<'_>,
    ctx: &Context,
    id: JobId,
    payload: &Value,
) -> Result<(), Error> {
    let Some(mut job) = jobs::lock(tx, ctx.scope, id)? else { return Ok(()) };
    let Some(round) = payload.get("round").and_then(Value::as_i64) else { return Ok(()) };
    match reviews::rejection(tx, ctx.scope, id, round)? {
        Some(rejection) if rejection.decision.is_none() => {
            decide(tx, ctx, &mut job, &rejection, Decision::Fair)?;
            // The platform bears the delay: the translator is paid all the same.
            pay_by_platform(tx, ctx, &job, round)
        }
        _ => Ok(()),
    }
}

/// Settles the money of a rejection, once.
pub fn decide(
    tx: &mut Tx<'_>,
    ctx: &Context,
    job: &mut Job,
    rejection: &Rejection,
    decision: Decision,
) -> Result<(), Error> {
    if !reviews::decide(tx, ctx.scope, job.id, rejection.round, decision, ctx.now)? {
        return Ok(());
    }
    let (life, round) = (transition::life(job), rejection.round);
    match (decision, rejection.follow_up) {
        (Decision::Fair, FollowUp::Cancel) => {
            let posting = ledger::reject_fair(life, round, job.scope.account, job.escrow)?;
            transition::post(tx, ctx, job, &posting)?;
            empty_escrow(tx, job)
        }
        (Decision::Unfair, FollowUp::Cancel) => {
            let rewards = transition::rewards(tx, ctx, job)?;
            let posting = ledger::reject_unfair(life, round, job.escrow, &rewards)?;
            transition::post(tx, ctx, job, &posting)?;
            empty_escrow(tx, job)
        }
        (Decision::Fair, FollowUp::Requeue) => Ok(()),
        (Decision::Unfair, FollowUp::Requeue) => pay_by_platform(tx, ctx, job, round),
    }
}

/// The platform pays the translators of a round that the customer does not pay for.
fn pay_by_platform(tx: &mut Tx<'_>, ctx: &Context, job: &Job, round: i64) -> Result<(), Error> {
    let in_round = Job { round, ..job.clone() };
    let rewards = transition::rewards(tx, ctx, &in_round)?;
    let posting = ledger::reject_requeued_unfair(transition::life(job), round, &rewards)?;
    transition::post(tx, ctx, job, &posting)
}

fn empty_escrow(tx: &mut Tx<'_>, job: &mut Job) -> Result<(), Error> {
    job.escrow = Money::zero(job.price.currency());
    Ok(jobs::set_escrow(tx, job.scope, job.id, job.escrow)?)
}
